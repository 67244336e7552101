"""Compile the hashed requirement files, or check without network that none is stale.

Each compiled file starts with a digest over its sources (the `.in` file and every file it refers to) and
over its own lines, so an edit of either, made by hand and not compiled, is seen.

    python requirements/lock.py --uv PATH     compile all
    python requirements/lock.py --check       exit 1 and name the stale ones
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"
# In this order: a later file takes the versions of an earlier one.
SOURCES = (
    "requirements/bootstrap.in",
    "requirements/runtime.in",
    "layers/deps/requirements.in",
    "requirements/local.in",
    "requirements/dev.in",
    "requirements/emulator.in",
    "requirements/tools.in",
    "requirements/outside.in",
    "requirements/mutants.in",
)
MARK = "# digest of the sources and of the lines below: "
REFERENCE = re.compile(r"^-[rc]\s+(\S+)", re.MULTILINE)


def referred(source: Path) -> Iterator[Path]:
    """`source` and, depth first, every file that it names by -r or -c."""
    yield source
    for name in REFERENCE.findall(source.read_text()):
        yield from referred(source.parent / name)


def digest(source: Path, body: str) -> str:
    """The digest that a fresh compiled file of `source` carries above `body`."""
    sha = hashlib.sha256()
    for path in referred(source):
        sha.update(path.read_bytes())
    sha.update(body.encode())
    return sha.hexdigest()


def is_stale(source: Path) -> bool:
    """Whether the compiled file of `source` is missing, edited, or older than its sources."""
    compiled = source.with_suffix(".txt")
    if not compiled.exists():
        return True
    mark, _, body = compiled.read_text().partition("\n")
    return mark != MARK + digest(source, body)


def compile_one(uv: str, source: Path, *, upgrade: bool) -> None:
    """Resolve `source` for every supported Python and platform, with the hash of every file.

    A file that comes out the same is not touched, so no environment is made anew for it.
    """
    compiled = source.with_suffix(".txt")
    former = compiled.read_text() if compiled.exists() else ""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    command += [
        "--no-annotate",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--python-version",
        OLDEST_PYTHON,
    ]
    with tempfile.TemporaryDirectory() as folder:
        # What is there already is what uv keeps, unless it is to upgrade.
        output = Path(folder) / compiled.name
        output.write_text(former)
        command += ["--output-file", str(output), *(["--upgrade"] if upgrade else []), str(source)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        body = output.read_text()
    text = f"{MARK}{digest(source, body)}\n{body}"
    if text != former:
        compiled.write_text(text)


def main() -> int:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description="Compile the hashed requirement files, or check them.")
    parser.add_argument("--check", action="store_true", help="compile nothing, fail if a file is stale")
    parser.add_argument("--uv", default="uv", help="the uv to compile with")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args()
    sources = [ROOT / name for name in SOURCES]
    if options.check:
        stale = [str(source.with_suffix(".txt").relative_to(ROOT)) for source in sources if is_stale(source)]
        if stale:
            print(f"stale: {', '.join(stale)}; run `make lock` and commit the result", file=sys.stderr)
        return 1 if stale else 0
    for source in sources:
        compile_one(options.uv, source, upgrade=options.upgrade)
        print(f"locked {source.with_suffix('.txt').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
