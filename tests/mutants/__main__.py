"""`python -m tests.mutants`: change the code in a copy, one small thing at a time; some test must notice.

mutmut makes and runs the mutants; this lays the copy out as mutmut wants it, bounds the time, and tells the
survivors apart: those that mypy refuses, those that only reword a sentence for a person, and those that count.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from tests.mutants.near import HELPERS, NEAR, TANDEM

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build/mutants"
COPIED = ("tests", "sandbox", "events", "cli", "docs")
STOPPED = 124
DRAWN = "*__mutmut_*1"
"""A sample without a choice: of each function the first mutant, the eleventh, and so on."""

# What mutmut writes down for a mutant is the exit code of pytest, or one of its own.
OUTCOMES = {0: "survived", 1: "killed", 3: "killed", 5: "untested", 33: "untested"}
TIMEOUTS = frozenset({36, 24, -24, 152, 255})
UNFINISHED = frozenset({None, 2})


@dataclass(slots=True)
class Report:
    """What became of one module's mutants; `survivors` are diffs, `pending` were not tried for want of time."""

    module: str
    mutants: int = 0
    drawn: int = 0
    killed: int = 0
    timeouts: int = 0
    survived: int = 0
    untested: int = 0
    refused: int = 0
    reworded: int = 0
    odd: int = 0
    pending: int = 0
    survivors: dict[str, list[str]] = field(default_factory=dict)
    fault: str = ""

    @property
    def score(self) -> float:
        """Per cent noticed of those that count; a mutant that no test reaches counts as not noticed."""
        noticed = self.killed + self.timeouts
        counted = noticed + self.survived + self.untested + self.odd
        return 100 * noticed / counted if counted else 0.0


def digest(names: Iterable[str]) -> str:
    """The digest of files, by their paths in the checkout."""
    sha = hashlib.sha256()
    for name in sorted(names):
        sha.update(name.encode() + (ROOT / name).read_bytes())
    return sha.hexdigest()


def session_of(module: str, *, again: bool = False) -> Path:
    """The folder of the module's session, laid out anew unless the module and what tests it are the same.

    `again`: where only the tests are others, what was noticed stays noticed, and the survivors are tried again.
    """
    folder = KEPT / module.replace("/", "-").removesuffix(".py")
    key = [digest([f"{TANDEM}/{module}"]), digest({*NEAR[module], *HELPERS})]
    mark = folder / "key"
    known = mark.read_text().split() if mark.exists() else []
    if known == key:
        return folder
    if again and known[:1] == key[:1]:
        forget_survivors(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        # mutmut names a mutant by its path below src, which must be the name it is imported by.
        shutil.copytree(ROOT / TANDEM, folder / "src/tandem", ignore=shutil.ignore_patterns("__pycache__"))
    lay_tests(folder, module)
    mark.write_text("\n".join(key))
    return folder


def forget_survivors(folder: Path) -> None:
    """Take back what is known of the mutants that no test noticed, and which tests reach what."""
    for path in metas(folder):
        known = json.loads(path.read_text())
        codes = known["exit_code_by_key"]
        known["exit_code_by_key"] = {
            name: None if OUTCOMES.get(code) in {"survived", "untested"} else code
            for name, code in codes.items()
        }
        path.write_text(json.dumps(known))
    (folder / "mutants/mutmut-stats.json").unlink(missing_ok=True)


def lay_tests(folder: Path, module: str) -> None:
    """Copy the tests and what they lean on, and tell mutmut and pytest how they run."""
    for name in COPIED:
        for place in (folder / name, folder / "mutants" / name):
            shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "tests/conftest.py").open("a") as conftest:
        conftest.write('\npytest_plugins = ["tests.mutants.quick"]\n')
    settings = (ROOT / "pyproject.toml").read_text().replace('"layers/tandem"]', '"src"]')
    settings = settings.replace("$MYPY_CONFIG_FILE_DIR/layers/tandem", "$MYPY_CONFIG_FILE_DIR/src")
    (folder / "pyproject.toml").write_text(f"""{settings}
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/tandem/{module}"]
also_copy = {json.dumps(COPIED)}
pytest_add_cli_args = ["-p", "no:unraisableexception"]
pytest_add_cli_args_test_selection = {json.dumps(NEAR[module])}
use_git_change_detection = false
track_dependencies = false
""")


def environment() -> dict[str, str]:
    """Ours without its import paths, which would let the tests find the code that is not mutated."""
    return {**{n: v for n, v in os.environ.items() if n != "PYTHONPATH"}, "PYTHONHASHSEED": "0"}


def run(folder: Path, seconds: float, *, drawn: str) -> int:
    """Try what is drawn and not yet tried, for so long; mutmut's exit code, or `STOPPED` when the time was up."""
    with (folder / "log").open("w") as log:
        command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", "1", drawn]
        child = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=log)
        end = time.monotonic() + seconds
        while True:
            try:
                return child.wait(min(30, max(0.1, end - time.monotonic())))
            except subprocess.TimeoutExpired:
                codes = outcomes(folder, drawn)
                tried = sum(code not in UNFINISHED for code in codes.values())
                print(f"  tried {tried} of {len(codes)}", flush=True)
            if time.monotonic() >= end:
                child.send_signal(signal.SIGINT)
                child.wait()
                return STOPPED


def metas(folder: Path) -> list[Path]:
    """Where mutmut writes down what became of the mutants."""
    return [path for path in (folder / "mutants/src").rglob("*.py.meta") if path.stat().st_size]


def outcomes(folder: Path, drawn: str) -> dict[str, int | None]:
    """The exit code of each mutant of a sample by its name; none before mutmut has made them."""
    codes: dict[str, int | None] = {}
    for path in metas(folder):
        try:
            codes.update(json.loads(path.read_text())["exit_code_by_key"])
        except json.JSONDecodeError:  # mutmut is just writing it
            continue
    return {name: code for name, code in codes.items() if fnmatch(name, drawn)}


def texts_of(folder: Path, module: str, mutants: Sequence[str]) -> list[str]:
    """The whole module with each mutant in it; the session's own source is left as it was, time included."""
    source = folder / "src/tandem" / module
    times = source.stat()
    command = [sys.executable, str(Path(__file__).with_name("texts.py")), *mutants]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment(), check=True, stdout=subprocess.PIPE, text=True
        )
    finally:
        os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    found: list[str] = json.loads(done.stdout)
    return found


class _Silent(ast.NodeTransformer):
    """Takes the words out of every sentence: a text that holds a blank."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        prose = isinstance(node.value, str) and " " in node.value.strip()
        return ast.Constant("a sentence") if prose else node


def is_reworded(plain: str, mutated: str) -> bool:
    """Whether two texts of a module differ in nothing but the words of sentences for people."""
    one, other = (ast.dump(_Silent().visit(ast.parse(text))) for text in (plain, mutated))
    return one == other


def complaints(folder: Path, texts: dict[str, str]) -> dict[str, Counter[str]]:
    """What mypy says of each text, by its name, each checked as a module of its own, in one run."""
    place = folder / "typed"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, text in texts.items():
        (place / f"{name}.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--output", "json", *sorted(str(p) for p in place.iterdir())]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"mypy: {done.stdout[-500:]}{done.stderr[-500:]}")
    said: dict[str, Counter[str]] = {name: Counter() for name in texts}
    for line in filter(None, done.stdout.splitlines()):
        fault = json.loads(line)
        name = Path(fault["file"]).stem
        if fault["severity"] == "error" and name in said:
            said[name][fault["message"].replace(name, "module")] += 1
    return said


def changed(plain: str, mutated: str) -> list[str]:
    """The lines that differ, headed by where they stand."""
    lines = difflib.unified_diff(plain.splitlines(), mutated.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++"))]


def judge(folder: Path, module: str, *, drawn: str) -> Report:
    """Count what is known of a sample, and look at each survivor."""
    codes, report = outcomes(folder, drawn), Report(module, mutants=len(outcomes(folder, "*")))
    report.drawn = len(codes)
    for code in codes.values():
        kind = "timeouts" if code in TIMEOUTS else OUTCOMES.get(-1 if code is None else code, "odd")
        kind = "pending" if code in UNFINISHED else kind
        setattr(report, kind, getattr(report, kind) + 1)
    plain = (folder / "src/tandem" / module).read_text()
    living = [name for name, code in codes.items() if code in {0, 5, 33}]
    texts = {f"m{number}": text for number, text in enumerate(texts_of(folder, module, living))}
    said = complaints(folder, {"plain": plain, **texts}) if texts else {}
    for number, name in enumerate(living):
        text, kind = texts[f"m{number}"], OUTCOMES[codes[name] or 0]
        apart = (
            "reworded"
            if is_reworded(plain, text)
            else "refused"
            if said[f"m{number}"] - said["plain"]
            else ""
        )
        if apart:
            setattr(report, kind, getattr(report, kind) - 1)
            setattr(report, apart, getattr(report, apart) + 1)
        else:
            report.survivors[name] = changed(plain, text)
    return report


def why(folder: Path) -> str:
    """The end of mutmut's log, without its spinner: which test fails on the code as it is."""
    lines = (folder / "log").read_text().replace("\r", "\n").splitlines()
    return "\n".join([line for line in lines if line.strip()][-40:])


def try_modules(modules: Sequence[str], minutes: float, *, again: bool, drawn: str) -> Iterator[Report]:
    """Each module in turn, until the time is up; a module that is not begun is told as a fault."""
    end = time.monotonic() + 60 * minutes
    for module in modules:
        left = end - time.monotonic()
        if left <= 0:
            yield Report(module, fault="not begun: the time was up")
            continue
        print(f"{module}: {', '.join(NEAR[module])}", flush=True)
        folder = session_of(module, again=again)
        code = run(folder, left, drawn=drawn)
        if code not in {0, STOPPED}:
            yield Report(
                module, fault=f"the tests do not pass on the code as it is, or mutmut failed:\n{why(folder)}"
            )
        elif not outcomes(folder, drawn):
            yield Report(module, fault="the time was up before a mutant was made")
        else:
            yield judge(folder, module, drawn=drawn)


def line_of(report: Report) -> str:
    """One module's figures."""
    return (
        f"{report.module:<20} mutants {report.mutants} drawn {report.drawn} killed {report.killed} "
        f"timeouts {report.timeouts} survived {report.survived} untested {report.untested} odd {report.odd} "
        f"refused by mypy {report.refused} reworded {report.reworded} pending {report.pending} score {report.score:.1f}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """0: all tried, none survived. 1: some survived. 2: a fault, or time was up with mutants pending."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(NEAR)}; all by default")
    parser.add_argument("--minutes", type=float, default=30, help="stop after so long (default %(default)s)")
    parser.add_argument(
        "--again",
        action="store_true",
        help="where only tests were added, try none but the survivors again",
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="of each function the first mutant, the eleventh, and so on: a first look at much code",
    )
    parser.add_argument("--json", type=Path, default=Path("build/mutants.json"))
    asked = parser.parse_args(argv)
    if unknown := [name for name in asked.modules if name not in NEAR]:
        parser.error(
            f"{', '.join(unknown)}: not in tests/mutants/near.py; give it the tests that cover it there"
        )
    reports = []
    drawn = DRAWN if asked.sample else "*"
    for report in try_modules(asked.modules or list(NEAR), asked.minutes, again=asked.again, drawn=drawn):
        reports.append(report)
        print(f"{report.module}: {report.fault}" if report.fault else line_of(report))
        for name, lines in report.survivors.items():
            print("\n".join([f"  {name}", *(f"    {line}" for line in lines)]), flush=True)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    table = [{**asdict(report), "score": round(report.score, 1)} for report in reports]
    asked.json.write_text(json.dumps(table, indent=1) + "\n")
    if any(report.fault or report.pending for report in reports):
        return 2
    return 1 if any(report.survivors or report.odd for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
