"""`python -m tests.system.simulation`: run seeds, judge them, report; 1 if any seed failed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.system.simulation import finished
from tests.system.simulation.each import one
from tests.system.simulation.report import as_json, last_line, lines, markdown
from tests.system.simulation.run import Outcome

SEEDS_EACH = 20
"""Seeds that a process runs before a new one takes its place."""


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.system.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds (default %(default)s)")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them")
    parser.add_argument("--events", type=int, default=1000, help="events in each seed (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default %(default)s)")
    parser.add_argument(
        "--json", type=Path, default=Path("build/simulate.json"), help="where the report goes"
    )
    parser.add_argument("--report", type=Path, help="a Markdown page of the run, for the docs")
    parser.add_argument(
        "--resume", type=Path, help="a file that keeps each finished seed; those in it are not run again"
    )
    parser.add_argument("--log", type=Path, help="a folder for the event log of each failed seed")
    parser.add_argument("--stop", action="store_true", help="stop at the first seed that fails")
    return parser.parse_args(argv)


def _outcomes(seeds: Sequence[int], events: int, jobs: int, log: Path | None) -> Iterator[Outcome]:
    if jobs == 1:
        yield from (one(seed, events, log=log) for seed in seeds)
        return
    # New processes for every few seeds: the parsers' caches of long runs are let go. A pool that renews its
    # processes by itself may stop for good in Python 3.11.
    few = jobs * SEEDS_EACH
    for start in range(0, len(seeds), few):
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            running = {pool.submit(one, seed, events, log=log) for seed in seeds[start : start + few]}
            try:
                for future in as_completed(running):
                    yield future.result()
            finally:
                for future in running:
                    future.cancel()


def _say(text: str, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()


def _kept(asked: argparse.Namespace, outcomes: Sequence[Outcome], started: float) -> dict[str, Any]:
    """Write the report of what has been run so far: a long run that is cut off leaves what it has shown."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.seed)
    report = as_json(ordered, time.perf_counter() - started)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(report, indent=1) + "\n")
    if asked.report is not None:
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        asked.report.write_text(markdown(report))
    return report


def main(argv: Sequence[str] | None = None) -> int:
    """Run, show progress on a terminal, write the report."""
    asked = _arguments(argv)
    mark = {"tree": finished.tree(), "length": asked.events}
    try:
        outcomes = finished.read(asked.resume, mark)
    except ValueError as error:
        _say(str(error))
        return 2
    known = {outcome.seed for outcome in outcomes}
    seeds = [n for n in range(asked.first_seed, asked.first_seed + asked.seeds) if n not in known]
    started = time.perf_counter() - sum(outcome.seconds for outcome in outcomes) / asked.jobs
    for outcome in _outcomes(seeds, asked.events, asked.jobs, asked.log):
        outcomes.append(outcome)
        finished.keep(asked.resume, outcome, mark)
        if sys.stderr.isatty():
            _say(f"\r\033[K{last_line(outcomes)}", end="")
        for finding in outcome.findings:
            _say(f"seed {outcome.seed}: {finding.counter}: {finding.sentence}")
        if outcome.findings and asked.stop:
            break
        if len(outcomes) % SEEDS_EACH == 0:
            _kept(asked, outcomes, started)
    if sys.stderr.isatty():
        _say("")
    report = _kept(asked, outcomes, started)
    sys.stdout.write("\n".join(lines(report)) + "\n")
    return 1 if report["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
