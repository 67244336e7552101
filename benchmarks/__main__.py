"""Measure Tandem: calls and table operations of every flow, layers and imports, speed of the core, the sandbox."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from benchmarks import core, layers, sandbox
from benchmarks.budgets import BUDGETS, NAIVE
from benchmarks.flows import Measured, measure_all
from benchmarks.report import over_budget, report

ROOT: Final = Path(__file__).parents[1]
OUT: Final = ROOT / "build" / "bench.json"
WORK: Final = ROOT / "build" / "bench"
SECTIONS: Final = ("flows", "layers", "core", "sandbox")
LIFTED, REAL = 60, 1
"""How many times the limits of a minute count: so often that nothing waits, or as on a live organisation."""


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def flows(sizes: Sequence[int], tell: Callable[[str], None] = _tell) -> dict[str, Any]:
    """Every flow at every n, with limits lifted and with those of a live organisation."""
    lifted = asyncio.run(measure_all(sizes, LIFTED, tell))
    limited = asyncio.run(measure_all(sizes, REAL, lambda sentence: tell(f"{sentence}, under limits")))
    return {
        "flows": [one.flow_row() for one in lifted],
        "flows_limited": [one.flow_row() for one in limited],
        "endpoints": [*_endpoints("flows", lifted), *_endpoints("flows_limited", limited)],
        "table_ops": [one.table_row() for one in lifted],
    }


def _endpoints(measured: str, found: Sequence[Measured]) -> list[dict[str, Any]]:
    return [
        {"measured": measured, "flow": one.flow, "n": one.n, "calls": dict(one.endpoints)} for one in found
    ]


def _layers() -> dict[str, Any]:
    WORK.mkdir(parents=True, exist_ok=True)
    _tell("building the layers")
    return {"layers": layers.sizes(WORK), "imports": layers.imports(WORK, _tell)}


def _core(pairs: int) -> dict[str, Any]:
    found = []
    for changed in core.SHARES:
        _tell(f"{pairs} pairs, {changed} % changed")
        found.append(core.run(pairs, changed))
    return {"core": found}


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure what was asked for, one thing after the other; a run that breaks off leaves what it had in the file."""
    start, wanted = perf_counter(), asked.only or SECTIONS
    found: dict[str, Any] = {}
    if "flows" in wanted:
        found |= flows(asked.n)
        _write(asked.out, found)
    if "layers" in wanted:
        found |= _layers()
        _write(asked.out, found)
    if "core" in wanted:
        found |= _core(asked.pairs)
        _write(asked.out, found)
    if "sandbox" in wanted:
        _tell(f"the sandbox with {asked.size} companies")
        found |= {"sandbox": sandbox.measure(asked.size)}
    found["measured"] = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "seconds": round(perf_counter() - start, 1),
    }
    return found


def _write(out: Path, found: dict[str, Any]) -> str:
    """Put what was found so far into the file; the text of it."""
    text = json.dumps(found, indent=2, ensure_ascii=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    return text


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, BUDGETS))
    rows = [
        f"  {flow:{width}}  {budget.says}{' *' if budget.derived else ''}" for flow, budget in BUDGETS.items()
    ]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(
            [
                "flows    real engine, tables in memory, the sandbox as Zoho, a clock that is told the time: counts",
                "         are exact and the same in every run. Calls come from the sandbox's log, echoes included.",
                "layers   sizes of the release layers, and the start of each handler: median of 5 fresh interpreters.",
                "core     decide + merge over pairs of 30 fields, 0, 10 and 100 % of them changed.",
                "sandbox  from its start with 20,000 invented companies until it answers, and pages over loopback.",
                "",
                "Budgets in calls for n changes (* follows from the design's rules, has no row of its own):",
                *rows,
                f"{NAIVE}.",
                "",
                "examples:",
                "  python -m benchmarks --only flows --n 1         a look at the calls, in seconds",
                "  python -m benchmarks --only core --pairs 100000",
            ]
        ),
    )
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, help="measure this alone; may be repeated"
    )
    parser.add_argument(
        "--n", type=_sizes, default=(1, 50, 200), help="changes of a flow (default: 1,50,200)"
    )
    parser.add_argument(
        "--pairs", type=_positive, default=100_000, help="pairs for the core (default: %(default)s)"
    )
    parser.add_argument(
        "--size", type=_positive, default=sandbox.SIZE, help="companies of the sandbox (default: %(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, help="file for what was measured (default: build/bench.json)"
    )
    parser.add_argument("--json", action="store_true", help="print what is in the file, not tables")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"a number above 0, not {text!r}")
    return int(text)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in text.split(","))


def main(words: Sequence[str] | None = None) -> int:
    """Measure, write the file, print, tell what is over its budget; 1 when something could not be measured."""
    asked = _parser().parse_args(words)
    try:
        found = measure(asked)
    except layers.BuildError as error:
        print(error, file=sys.stderr)
        return 1
    text = _write(asked.out, found)
    print(text if asked.json else report(found))
    for line in over_budget(found):
        _tell(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
