"""`docs/budgets.md` has every flow with its budgets, and a reason for every excess."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.__main__ import main
from benchmarks.budgets import BUDGETS
from benchmarks.flows import SCENES, measure
from benchmarks.run import LIFTED

TEXT = page.PAGE.read_text(encoding="utf-8")
CELL = re.compile(r"\*{0,2}(\d+)\*{0,2} of (\d+)")


def table(title: str) -> dict[str, list[tuple[int, int]]]:
    """Of one table by flow: (calls, budget) of CRM and Books at each n."""
    part = TEXT.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if CELL.search(line)]
    return {
        flow.removesuffix(" *"): [(int(m[1]), int(m[2])) for cell in cells if (m := CELL.fullmatch(cell))]
        for flow, *cells in lines
    }


LIFTED_TABLE, LIMITED_TABLE = table("Limits lifted"), table("Under the limits of a live organisation")


@pytest.mark.parametrize("found", [LIFTED_TABLE, LIMITED_TABLE], ids=["lifted", "limited"])
def test_the_page_has_every_flow_with_its_budgets(found: dict[str, list[tuple[int, int]]]) -> None:
    """In order, at each n; a changed formula wants a new page."""
    assert list(found) == list(SCENES)
    for flow, cells in found.items():
        budget = BUDGETS[flow]
        assert [told for _, told in cells] == [of(n) for n in page.SIZES for of in (budget.crm, budget.books)]


def test_every_excess_has_its_reason() -> None:
    """And no flow is explained that keeps its budget."""
    over = [flow for flow, cells in LIFTED_TABLE.items() if any(calls > budget for calls, budget in cells)]
    part = TEXT.split("## Above the budget with limits lifted\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^- \*\*(.*?)\*\*: \S+", part, re.MULTILINE) == over
    assert "not explained" not in part


def test_a_flow_over_its_budget_at_another_n_alone_is_not_explained_on_the_page() -> None:
    """A bench of 200 changes too writes the same page."""
    calls = {"crm_calls": 1, "books_calls": 1, "naive_crm": 1, "naive_books": 1}
    kept = [
        {**calls, "flow": flow, "n": n, "budget_crm": 1, "budget_books": 1}
        for flow in BUDGETS
        for n in page.SIZES
    ]
    over = [{**row, "n": 200, "budget_crm": 0} for row in kept]
    found = {"flows": kept, "flows_limited": kept}
    assert page.page(found | {"flows": [*kept, *over]}) == page.page(found)


@pytest.mark.parametrize("flow", list(SCENES))
async def test_the_page_tells_what_a_run_counts(flow: str) -> None:
    """Of a single change, limits lifted: the calls are exact, so the page is stale when they differ."""
    measured = await measure(flow, 1, LIFTED)
    (crm, _), (books, _), *_ = LIFTED_TABLE[flow]
    assert (measured.calls("crm"), measured.calls("books")) == (crm, books)


def test_a_page_wants_every_n(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Before anything is measured."""
    for words in (["--n", "1"], ["--only", "core"]):
        with pytest.raises(SystemExit):
            main([*words, "--page", "--out", str(tmp_path / "bench.json")])
        assert "--page wants the flows" in capsys.readouterr().err
