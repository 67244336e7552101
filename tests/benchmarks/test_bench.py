"""`make bench` on a tiny run: the shape of bench.json, and counts that are exact and the same in every run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import core
from benchmarks.__main__ import main
from benchmarks.budgets import BUDGETS, LIMITED
from benchmarks.flows import SCENES, measure
from benchmarks.report import is_over, over_budget, report
from benchmarks.run import LIFTED, REAL, flows
from sandbox.books.contact import CRM_IDS
from sandbox.books.query import FILTERS, SORTS, TEXTS

FLOW_KEYS = [
    "flow",
    "n",
    "crm_calls",
    "books_calls",
    "budget_crm",
    "budget_books",
    "naive_crm",
    "naive_books",
]


def silent(_sentence: str) -> None:
    """No progress in tests."""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Every flow, once."""
    return flows([1], silent)


def test_every_flow_has_a_budget_and_the_other_way_round() -> None:
    """No flow is measured without a judgement."""
    assert list(SCENES) == list(BUDGETS)


@pytest.mark.parametrize("name", ["flows", "flows_limited"])
def test_a_flow_says_calls_budget_and_naive(found: dict[str, Any], name: str) -> None:
    """These keys and no others, whole numbers, each flow at each n."""
    assert [(row["flow"], row["n"]) for row in found[name]] == [(flow, 1) for flow in SCENES]
    for row in found[name]:
        assert list(row) == FLOW_KEYS
        assert all(isinstance(row[key], int) and row[key] >= 0 for key in FLOW_KEYS[1:])


def test_calls_are_those_of_the_log(found: dict[str, Any]) -> None:
    """The two sums are all calls to the products, by endpoint."""
    rows = {(name, row["flow"]): row for name in ("flows", "flows_limited") for row in found[name]}
    assert len(rows) == len(found["endpoints"])
    for made in found["endpoints"]:
        row = rows[made["measured"], made["flow"]]
        assert sum(made["calls"].values()) == row["crm_calls"] + row["books_calls"]
        assert {name.split()[0] for name in made["calls"]} <= {"crm", "books"}


def test_table_operations_are_told_by_verb(found: dict[str, Any]) -> None:
    """All of them make up the sum, and a change is in the history."""
    for row in found["table_ops"]:
        assert row["calls"] == pytest.approx(sum(row["state"].values()) + sum(row["history"].values()))
        assert set(row["rows"]) == set(row["state"])
    edited = next(row for row in found["table_ops"] if row["flow"] == "crm edits, fields")
    assert edited["history"] == {"put": 1}


@pytest.mark.parametrize("scale", [LIFTED, REAL])
async def test_a_second_run_counts_the_same(scale: int) -> None:
    """Calls, table operations and rows, also where several units run side by side."""
    once, again = [await measure("create in books, k=3", 3, scale) for _ in range(2)]
    assert once == again


async def test_what_is_measured_happened() -> None:
    """Each edit is written once, whatever was read."""
    edits = (await measure("crm edits, fields", 3, LIFTED)).endpoints
    assert edits["books PUT /books/v3/contacts/{id}"] == 3
    creates = (await measure("create in books, k=3", 2, LIFTED)).endpoints
    assert creates["books POST /books/v3/contacts"] == 2
    assert creates["books POST /books/v3/contacts/contactpersons"] == 6
    back = (await measure("books edits, ids only", 2, LIFTED)).endpoints
    assert back["crm PUT /crm/v8/{module}/{id}"] == 2
    assert not [name for name in back if name.startswith(("books P", "books D"))]


def test_budgets_are_those_of_the_design() -> None:
    """Formulas at a few n."""
    fields, told = BUDGETS["crm edits, fields"], BUDGETS["books edits, record told"]
    assert [(fields.crm(n), fields.books(n)) for n in (1, 50, 200)] == [(2, 2), (2, 58), (8, 230)]
    assert [(told.crm(n), told.books(n)) for n in (1, 50, 200)] == [(3, 0), (52, 0), (208, 0)]
    persons = BUDGETS["create in books, k=3"]
    assert (persons.crm(2), persons.books(2), persons.naive_books(2)) == (2, 9, 16)
    assert BUDGETS["quiet tick"].books(2_000) == 1


def test_the_report_marks_what_is_over(found: dict[str, Any]) -> None:
    """With an exclamation mark beside the ratio, and the calls it is made of."""
    row = {**found["flows"][0], "books_calls": found["flows"][0]["budget_books"] + 3}
    text = report({**found, "flows": [row]})
    assert is_over(row)
    assert " !" in text
    assert f"over at n=1: {row['flow']}: " in text


def test_what_is_over_its_budget_is_told_with_its_reason(found: dict[str, Any]) -> None:
    """The first sentence of what the page says; limits are not blamed for what is over without them."""
    lines = [line for line in over_budget(found) if "create in books, k=0, n=1" in line]
    assert len(lines) == 2
    reason = BUDGETS["create in books, k=0"].excess.split(". ")[0]
    assert all(line.endswith(f": CRM 2 of 1, Books 2 of 2. {reason}") for line in lines)


def test_every_flow_over_its_budget_is_told_at_the_end(
    found: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each n and on either side, also beside `--json`; what keeps its budget is not named."""
    kept, over = ({**found["flows"][0], "n": n, "crm_calls": 0, "books_calls": 0} for n in (1, 50))
    over["crm_calls"] = over["budget_crm"] + 1
    told = {"flows": [kept, over], "flows_limited": [{**kept, "books_calls": kept["budget_books"] + 1}]}
    one, two = over_budget(told)
    assert one.startswith(
        f"OVER BUDGET: {over['flow']}, n=50: CRM {over['crm_calls']} of {over['budget_crm']},"
    )
    assert one.endswith(". Not explained")
    assert two.startswith(f"OVER BUDGET: {kept['flow']}, n=1, under limits: ")
    assert two.endswith(f". {LIMITED}")
    monkeypatch.setattr("benchmarks.__main__.measure_asked", lambda _asked: told)
    assert main(["--json", "--out", str(tmp_path / "bench.json")]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == told
    assert printed.err.splitlines() == [one, two]


def test_the_core_is_measured_over_thirty_fields() -> None:
    """As many pairs are written as were changed; how fast is only told."""
    for changed in core.SHARES:
        row = core.measure(200, changed)
        assert (row["changed_percent"], row["pairs"], row["fields"]) == (changed, 200, 30)
        assert row["pairs_per_second"] > 0
        assert row["plain_pairs_per_second"] > 0


def test_the_sandbox_is_measured_over_a_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every page answers with rows; how fast is only told."""
    out = tmp_path / "bench.json"
    assert main(["--only", "sandbox", "--size", "250", "--rounds", "1", "--out", str(out)]) == 0
    told = json.loads(out.read_text(encoding="utf-8"))["sandbox"]
    assert (told["size"], told["counts"]["crm Accounts"] > 200) == (250, True)
    rows = {page["what"]: page["rows"] for page in told["pages"]}
    assert rows["CRM Accounts, first page"] == rows["Books contacts, by last_modified_time"] == 200
    assert rows["Books contacts, page 50"] == 0
    assert {
        f"Books contacts, {name}{end}" for name in TEXTS for end in ("", "_startswith", "_contains")
    } < set(rows)
    assert {f"Books contacts, {name}" for name in (*FILTERS[1:], *CRM_IDS, "search_text")} < set(rows)
    assert {f"Books contacts, by {name}" for name in SORTS} < set(rows)
    assert "The sandbox with 250 companies: ready in" in capsys.readouterr().out
    over = {**told["pages"][0], "processor_ms": 25.1, "processor_ms_written": 25.0}
    text = report({"sandbox": {**told, "pages": [over]}})
    assert "25.1 !" in text
    assert "25.0 !" not in text


def test_the_command_writes_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--only` and `--json`: what is printed is what is written."""
    out = tmp_path / "deep" / "bench.json"
    assert main(["--only", "core", "--pairs", "100", "--json", "--out", str(out)]) == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == written
    assert sorted(written) == ["code", "core", "measured"]
    assert [row["changed_percent"] for row in written["core"]] == [0, 10, 100]


def test_a_run_that_breaks_off_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The core was measured, the sandbox did not start."""

    def broken(_size: int, _rounds: int) -> None:
        raise RuntimeError("it did not start")

    out = tmp_path / "bench.json"
    monkeypatch.setattr("benchmarks.run.sandbox.measure", broken)
    with pytest.raises(RuntimeError, match="did not start"):
        main(["--only", "core", "--only", "sandbox", "--pairs", "100", "--out", str(out)])
    assert list(json.loads(out.read_text(encoding="utf-8"))) == ["core", "code"]


def test_help_teaches_budgets_and_the_naive_way(capsys: pytest.CaptureFixture[str]) -> None:
    """Every flow with its formula."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(flow in text and budget.says in text for flow, budget in BUDGETS.items())
    assert "naive" in text


@pytest.mark.parametrize("words", [["--only", "nothing"], ["--n", "0"], ["--n", "many"], ["--pairs", "-1"]])
def test_what_makes_no_sense_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With status 2 and the word that was wrong."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert words[1] in capsys.readouterr().err
