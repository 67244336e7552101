"""What a cold start pays for: the size of both release layers, and how long each handler takes to be ready."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
RUNTIME: Final = ROOT / "build" / "envs" / "runtime" / "bin" / "python"
"""boto3 and nothing else, as Lambda's own Python."""
LAYERS: Final = {"deps": "DepsLayer", "tandem": "TandemLayer"}
HANDLERS: Final[Mapping[str, str]] = {
    "receive_webhook": "intake",
    "sync_changes": "drainer",
    "reconcile": "ticker",
    "retry_dead_letters": "redriver",
}
"""Function -> what its first event builds, by the name in `tandem.bootstrap`."""
RUNS: Final = 5
FORMS: Final = ("source", "byte_code")

_TIMED: Final = """
import json, sys, time
start = time.perf_counter()
import app
loaded = time.perf_counter()
from tandem import bootstrap
getattr(bootstrap, sys.argv[1])()
ready = time.perf_counter()
print(json.dumps([(loaded - start) * 1000, (ready - start) * 1000]))
"""


class BuildError(Exception):
    """The layers could not be built; the message ends with what sam said."""


def sizes(work: Path) -> list[dict[str, Any]]:
    """Build the release (arm64) beside the one of `make build` and weigh its layers."""
    built = _sam_build(work / "release", work / "release.log", {})
    return [_weighed(name, built / folder) for name, folder in LAYERS.items()]


def imports(work: Path, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Build the layers for this machine and start each handler in fresh interpreters; medians in ms.

    `import_ms` is the import alone, `ready_ms` also builds what the first event needs, clients of AWS included.
    """
    host = {"LAYER_PLATFORM": "host", "LAYER_INTERPRETER": str(RUNTIME)}
    built = _sam_build(work / "host", work / "host.log", host)
    _warm()
    paths = {form: _laid_out(built, work / form, byte_code=form == "byte_code") for form in FORMS}
    found = []
    for function, builder in HANDLERS.items():
        tell(f"import of {function}")
        times: dict[str, list[list[float]]] = {form: [] for form in FORMS}
        for run in range(RUNS + 1):
            for form, path in paths.items():
                taken = _start(function, builder, path)
                if run:  # the first one warms the disk
                    times[form].append(taken)
        found += [_medians(function, form, taken) for form, taken in times.items()]
    return found


def _medians(function: str, form: str, taken: list[list[float]]) -> dict[str, Any]:
    loaded, ready = (round(median(column), 1) for column in zip(*taken, strict=True))
    return {
        "function": function,
        "form": form,
        "import_ms": loaded,
        "ready_ms": ready,
        "runs": len(taken),
    }


def _weighed(name: str, layer: Path) -> dict[str, Any]:
    files = [path for path in sorted(layer.rglob("*")) if path.is_file()]
    code = [path for path in files if path.suffix == ".pyc"]
    return {
        "layer": name,
        "unpacked_bytes": sum(path.stat().st_size for path in files),
        "zipped_bytes": _zipped(layer, files),
        "files": len(files),
        "byte_code_bytes": sum(path.stat().st_size for path in code),
    }


def _zipped(layer: Path, files: list[Path]) -> int:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(layer))
    return len(content.getvalue())


def _sam_build(folder: Path, log: Path, settings: Mapping[str, str]) -> Path:
    """`sam build` into a folder of its own, so that no other build is disturbed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(ROOT / ".ci" / "sam"), "build", "--template-file", str(ROOT / "template.yaml")]
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(  # noqa: S603 - our own build
            [*command, "--build-dir", str(folder / "build")],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise BuildError("sam build failed:\n" + log.read_text(encoding="utf-8")[-2000:])
    return folder / "build"


def _laid_out(built: Path, folder: Path, *, byte_code: bool) -> str:
    """A copy of both layers as Lambda lays them out, with byte code that is taken unread or with none."""
    shutil.rmtree(folder, ignore_errors=True)
    for layer in LAYERS.values():
        shutil.copytree(
            built / layer / "python",
            folder / "python",
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
    if byte_code:
        mode = ["--invalidation-mode", "unchecked-hash"]
        command = [str(RUNTIME), "-m", "compileall", "-q", *mode, str(folder / "python")]
        subprocess.run(command, check=True)  # noqa: S603 - our own copy
    return str(folder / "python")


def _warm() -> None:
    """boto3's own byte code is there before anything is timed, as in Lambda's runtime."""
    services = "dynamodb", "sns", "sqs", "secretsmanager"
    code = f"import boto3\nfor name in {services}: boto3.client(name)"
    made = {name: value for name, value in _environment() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([RUNTIME, "-c", code], env=made, check=True)  # noqa: S603 - our own line


def _start(function: str, builder: str, layers: str) -> list[float]:
    """[ms to import, ms until ready] of one handler in a fresh interpreter without a user's settings."""
    done = subprocess.run(  # noqa: S603 - ourselves
        [RUNTIME, "-c", _TIMED, builder],
        cwd=ROOT / "functions" / function,
        env={**dict(_environment()), "PYTHONPATH": layers},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BuildError(f"{function} did not start:\n{done.stderr[-2000:]}")
    taken: list[float] = json.loads(done.stdout)
    return taken


def _environment() -> Iterator[tuple[str, str]]:
    """What the template gives to a function; no call leaves, so the values are made up."""
    yield "PATH", os.environ.get("PATH", "")
    yield "PYTHONDONTWRITEBYTECODE", "1"
    yield "POWERTOOLS_SERVICE_NAME", "tandem"
    yield "POWERTOOLS_METRICS_NAMESPACE", "Tandem"
    yield "AWS_DEFAULT_REGION", "eu-central-1"
    yield "AWS_ACCESS_KEY_ID", "none"
    yield "AWS_SECRET_ACCESS_KEY", "none"
    for name in ("STATE_TABLE", "HISTORY_TABLE", "WEBHOOK_SECRET", "OAUTH_SECRET"):
        yield name, "none"
    for name in ("CHANGE_QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "ALERT_TOPIC_ARN"):
        yield name, "none"
