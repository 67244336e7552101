"""Measure Tandem: calls and table operations of every flow, layers and imports, speed of the core, the sandbox."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks import layers, sandbox
from benchmarks.budgets import BUDGETS, NAIVE
from benchmarks.kept import ROOT, Kept, StaleError
from benchmarks.page import PAGE, SIZES, page
from benchmarks.report import over_budget, report
from benchmarks.run import SECTIONS, measure_asked, tell

OUT: Final = ROOT / "build" / "bench.json"


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
                "sandbox  from its start with 20,000 invented companies until it answers; a page by each parameter",
                "         of each list and search, over loopback and in its own processor time, also after a write.",
                "",
                "Budgets in calls for n changes (* follows from the design's rules, has no row of its own):",
                *rows,
                f"{NAIVE}.",
                "",
                "examples:",
                "  python -m benchmarks --only flows --n 1         a look at the calls, in seconds",
                "  python -m benchmarks --only core --pairs 100000",
                "  python -m benchmarks --resume                   after one that broke off",
                "  python -m benchmarks --only flows --page        the page of docs/ anew",
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
        "--rounds", type=_positive, default=sandbox.ROUNDS, help="calls of each page (default: %(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, help="file for what was measured (default: build/bench.json)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run that left the file, if the code is the same"
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="write docs/budgets.md out of what was measured (flows, all of --n)",
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
    parser = _parser()
    asked = parser.parse_args(words)
    if asked.page and not (set(SIZES) <= set(asked.n) and "flows" in (asked.only or SECTIONS)):
        parser.error(f"--page wants the flows at n = {', '.join(map(str, SIZES))}")
    try:
        found = measure_asked(asked)
    except (layers.BuildError, StaleError) as error:
        print(error, file=sys.stderr)
        return 1
    text = Kept(asked.out, found).write()
    if asked.page:
        PAGE.write_text(page(found), encoding="utf-8")
    print(text if asked.json else report(found))
    for line in over_budget(found):
        tell(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
