"""`docs/budgets.md`: the calls of every flow against its budget, written out of bench.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.budgets import BUDGETS, LIMITED, NAIVE
from benchmarks.kept import ROOT
from benchmarks.report import is_over

PAGE: Final = ROOT / "docs" / "budgets.md"
SIZES: Final = (1, 50)
"""The page shows these n: a change alone, and a full round."""
HEAD: Final = (
    'Written by `make bench ARGS="--only flows --page"`, not by hand. The real engine over tables in memory, beside '
    "the sandbox and a clock that is told the time: counts are exact, the same in every run, and come from the "
    "sandbox's request log; the calls for the echo of our own writes are in them. Budgets are those of the design, "
    "as formulas of n in `benchmarks/budgets.py`; where it has no row, the budget follows from its rules (*)."
)

_Row = Mapping[str, Any]


def page(found: Mapping[str, Any]) -> str:
    """The whole page; raises KeyError where flows were not measured at every n."""
    lines = [
        "# Calls of every flow against its budget",
        "",
        HEAD,
        "",
        f"{NAIVE[0].upper()}{NAIVE[1:]}.",
        "",
        "## Limits lifted",
        "Nothing waits: what is asked at once is handled at once.",
        "",
        *_table(found["flows"]),
        "",
        "## Under the limits of a live organisation",
        LIMITED,
        "",
        *_table(found["flows_limited"]),
        "",
        "## Above the budget with limits lifted",
        *_reasons(found["flows"]),
        "",
        "## The budgets",
        "| flow | calls for n changes |",
        "|---|---|",
        *(f"| {_named(flow)} | {budget.says} |" for flow, budget in BUDGETS.items()),
    ]
    return "\n".join(lines) + "\n"


def _named(flow: str) -> str:
    return f"{flow}{' *' if BUDGETS[flow].derived else ''}"


def _table(rows: Sequence[_Row]) -> Iterator[str]:
    """One line a flow; n side by side as `calls of budget`, the excess in bold."""
    by = {(row["flow"], row["n"]): row for row in rows}
    heads = [f"{side}, n={n}" for n in SIZES for side in ("CRM", "Books")]
    yield "| flow | " + " | ".join(heads) + f" | naive, n={SIZES[-1]} |"
    yield "|---" * (len(heads) + 2) + "|"
    for flow in BUDGETS:
        cells = [_cell(by[flow, n], side) for n in SIZES for side in ("crm", "books")]
        last = by[flow, SIZES[-1]]
        naive = f"{last['naive_crm']} and {last['naive_books']}"
        yield f"| {_named(flow)} | " + " | ".join(cells) + f" | {naive} |"


def _cell(row: _Row, side: str) -> str:
    calls, budget = row[f"{side}_calls"], row[f"budget_{side}"]
    return f"**{calls}** of {budget}" if calls > budget else f"{calls} of {budget}"


def _reasons(rows: Sequence[_Row]) -> Iterator[str]:
    """Of the flows that exceed their budget at an n of the page; others are the report's."""
    over = [row["flow"] for row in rows if row["n"] in SIZES and is_over(row)]
    for flow in dict.fromkeys(over):
        yield f"- **{flow}**: {BUDGETS[flow].excess or 'not explained'}"
