"""`python -m tests.planted`: the judge is judged. Each known bug is planted in a copy and must be found.

A patch is a unified diff; its lines before the first `---` are a header: `Bug:` what is wrong, `Breaks:` the
property, `Found by:` the counters of which one must speak. The unpatched copy must be clean on the same seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = ("layers/tandem/tandem", "sandbox", "tests/system", "cli")


@dataclass(frozen=True, slots=True)
class Bug:
    """One planted bug."""

    name: str
    patch: Path
    text: str
    breaks: str
    counters: frozenset[str]

    @classmethod
    def of(cls, patch: Path) -> Bug:
        """Read a patch's header; raises ValueError when a line of it is missing."""
        head = patch.read_text().split("--- ", 1)[0]
        found = {
            name: re.search(rf"^{name}: (.+)$", head, re.MULTILINE) for name in ("Bug", "Breaks", "Found by")
        }
        if not all(found.values()):
            raise ValueError(f"{patch.name} needs the lines Bug:, Breaks: and Found by:")
        text, breaks, counters = (str(line[1]) for line in found.values() if line)
        return cls(patch.stem, patch, text, breaks, frozenset(re.split(r",\s*", counters)))


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one planted bug."""

    bug: Bug
    by: str
    seed: int
    events: int
    seconds: float
    fault: str = ""


def bugs() -> list[Bug]:
    """Every patch of this folder, by name."""
    return [Bug.of(path) for path in sorted(HERE.glob("*.patch"))]


def copy_of_tree(to: Path) -> None:
    """What a run needs; the checkout itself is never patched."""
    for part in COPIED:
        shutil.copytree(ROOT / part, to / part, ignore=shutil.ignore_patterns("__pycache__"))


def apply(bug: Bug, tree: Path) -> str:
    """Apply a patch in a copy; returns what is wrong with it, or nothing."""
    git = shutil.which("git") or "git"
    done = subprocess.run(
        [git, "apply", "--recount", "-C1", str(bug.patch)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip() or "refused by git" if done.returncode else ""


def run(tree: Path, seed: int, events: int) -> dict[str, Any]:
    """One seed in a copy; its report."""
    report = tree / "report.json"
    command = [
        "-m",
        "tests.system.simulation",
        "--seeds",
        "1",
        "--first-seed",
        str(seed),
        "--events",
        str(events),
    ]
    paths = os.pathsep.join((str(tree), str(tree / "layers/tandem")))
    done = subprocess.run(
        [sys.executable, *command, "--jobs", "1", "--json", str(report)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def judge(bug: Bug, seeds: Sequence[int], events: int) -> Result:
    """Plant one bug and look for it, seed by seed."""
    started, seen = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        copy_of_tree(tree)
        if fault := apply(bug, tree):
            return Result(bug, "", 0, 0, 0.0, f"does not apply: {fault}")
        for seed in seeds:
            report = run(tree, seed, events)
            seen += int(str(report["events"]))
            counters = {finding["counter"] for finding in report["findings"]}
            if caught := sorted(counters & bug.counters):
                return Result(bug, ", ".join(caught), seed, seen, time.perf_counter() - started)
    return Result(bug, "", 0, seen, time.perf_counter() - started, "passed unseen")


def row(result: Result) -> dict[str, Any]:
    """One row of the table: what the bug is, what it breaks, and within how much it was found."""
    bug = result.bug
    return {
        "bug": bug.name,
        "is": bug.text,
        "breaks": bug.breaks,
        "by": result.by,
        "seed": result.seed,
        "events": result.events,
        "seconds": result.seconds,
    }


def markdown(table: Sequence[Mapping[str, Any]]) -> str:
    """The table as it stands in docs/judge.md."""
    head = [
        "| planted bug | what is wrong | breaks | found by | seed | events |",
        "|---|---|---|---|---|---|",
    ]
    lines = (
        f"| `{one['bug']}` | {one['is']} | {one['breaks']} | {one['by'] or 'not found'} "
        f"| {one['seed'] or 'all'} | {one['events']} |"
        for one in table
    )
    return "\n".join([*head, *lines]) + "\n"


def _clean(seeds: Sequence[int], events: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        copy_of_tree(Path(folder))
        for seed in seeds:
            for finding in run(Path(folder), seed, events)["findings"]:
                yield f"seed {seed} without any bug: {finding['counter']}: {finding['what']}"


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the judge; 1 if a bug passed unseen, a patch does not apply, or the clean tree is not clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these bugs")
    parser.add_argument(
        "--seeds", type=int, default=50, help="seeds tried for each bug (default %(default)s)"
    )
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=250, help="events in a seed (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, default=Path("build/simulate-judge.json"))
    parser.add_argument("--report", type=Path, help="the table as Markdown, for docs/judge.md")
    asked = parser.parse_args(argv)
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    chosen = [bug for bug in bugs() if not asked.names or bug.name in asked.names]
    say = sys.stdout.write
    say(f"{'bug':<34} {'found by':<22} {'seed':>4} {'events':>6} {'seconds':>7}\n")
    with ThreadPoolExecutor(asked.jobs) as pool:
        results = []
        tried = [pool.submit(judge, bug, seeds, asked.events) for bug in chosen]
        for future in as_completed(tried):
            results.append(result := future.result())
            by = result.by or f"NOT FOUND ({result.fault})"
            say(
                f"{result.bug.name:<34} {by:<22} {result.seed:>4} {result.events:>6} {result.seconds:>7.1f}\n"
            )
            sys.stdout.flush()
    results.sort(key=lambda result: result.bug.name)
    used = range(asked.first_seed, max([result.seed for result in results], default=0) + 1)
    dirty = list(_clean(used, asked.events))
    for line in dirty:
        say(f"{line}\n")
    missed = [result.bug.name for result in results if not result.by]
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    table = [row(result) for result in results]
    asked.json.write_text(json.dumps({"bugs": table, "missed": missed, "dirty": dirty}, indent=1) + "\n")
    if asked.report is not None:
        asked.report.write_text(markdown(table))
    say(f"bugs {len(results)} found {len(results) - len(missed)} missed {len(missed)} dirty {len(dirty)}\n")
    return 1 if missed or dirty or len(results) == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
