"""The judge of the simulation, rule by rule: what it finds, and that it excuses what is declared and nothing more."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.system.simulation import judge as judge_module
from tests.system.simulation.calls import credentials, writes
from tests.system.simulation.case import Case
from tests.system.simulation.evidence import Act, Evidence
from tests.system.simulation.records import records
from tests.system.simulation.values import promptness
from tests.system.simulation.verdict import Verdict

HERE = Path(judge_module.__file__).parent
BLACK_BOX = ("judge", "case", "records", "goods", "values", "calls", "windows", "verdict", "evidence")


def at(seconds: float) -> str:
    """A moment of a test as a log tells it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def call(seconds: float, method: str, path: str, *ids: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """A call as the request log has it; a write is done, whatever its sender was told."""
    product = path.split("/")[1]
    endpoint = path if product == "crm" else path.replace("/9", "/{id}")
    return {
        "time": at(seconds),
        "seq": int(seconds * 10),
        "product": product,
        "method": method,
        "path": path,
        "endpoint": f"{method} {endpoint}",
        "record_ids": list(ids),
        "status": 200,
        "code": None,
        "request_body": body,
        "token_hint": "grant-a",
        "org": f"{product}-a",
        "fault": None,
        "committed": method != "GET",
        **more,
    }


def case_of(
    calls: Sequence[dict[str, Any]] = (),
    acts: Sequence[Act] = (),
    history: Sequence[dict[str, Any]] = (),
    sides: dict[str, Any] | None = None,
    others: Sequence[dict[str, Any]] = (),
    brisk: Sequence[tuple[float, float]] = (),
) -> Case:
    """Connection `a` before the judge; `others` are the calls of connection `b`."""
    evidence = Evidence(
        {}, {"a": list(calls), "b": list(others)}, list(history), {}, list(acts), brisk=list(brisk)
    )
    return Case(evidence, "a", sides or {}, list(acts), list(calls), list(history), Verdict())


def found(case: Case, rule: Any) -> list[str]:
    """The counters that a rule raises."""
    rule(case)
    return [finding.counter for finding in case.verdict.findings]


@pytest.mark.parametrize("module", BLACK_BOX)
def test_the_judge_is_a_black_box(module: str) -> None:
    """It imports nothing of Tandem, and nothing that does."""
    for node in ast.walk(ast.parse((HERE / f"{module}.py").read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert not name.startswith("tandem")
            assert not name.startswith("tests") or name.rsplit(".", 1)[1] in BLACK_BOX


def test_an_edit_that_only_the_next_poll_finds_is_stuck() -> None:
    """While nothing is at fault an edit must not take longer than the promptness promises."""
    act = Act(1_000.0, "edit", "a", "crm", "customer", "No1", "notes", "new", "old")
    for seconds, counters in ((1_030.0, []), (1_031.0, ["stuck"])):
        write = call(seconds, "PUT", "/books/v3/contacts/9", "9", body={"notes": "new"})
        assert found(case_of([write], [act], brisk=[(990.0, 1_010.0)]), promptness) == counters


# --- credentials (P25) ---------------------------------------------------------------------------------------


def test_connections_with_a_grant_and_an_organisation_of_their_own_are_not_crossed() -> None:
    """What has neither, such as a refused call, says nothing."""
    mine = [call(1, "GET", "/crm/v8/Accounts"), call(2, "GET", "/crm/v8/Accounts", token_hint=None, org=None)]
    theirs = [
        {**one, "token_hint": one["token_hint"] and "grant-b", "org": one["org"] and "crm-b"} for one in mine
    ]
    assert found(case_of(mine, others=theirs), credentials) == []


@pytest.mark.parametrize("name", ["token_hint", "org"])
def test_one_call_with_the_grant_or_the_organisation_of_another_connection_is_crossed(name: str) -> None:
    """Among many that are as they should be, in whichever of both it is made."""
    mine = [call(second, "GET", "/books/v3/contacts") for second in range(1, 9)]
    theirs = [{**one, "token_hint": "grant-b", "org": "books-b"} for one in mine]
    theirs[3] = {**theirs[3], name: mine[0][name]}
    assert found(case_of(mine, others=theirs), credentials) == ["crossed"]
    assert found(case_of(theirs, others=mine), credentials) == ["crossed"]


# --- what an unanswered create made and somebody deleted ---------------------------------------------------------

MADE, DELETED, LOOKED = 100.0, 110.0, 220.0
SOURCE = {"crm": ("books", "77"), "books": ("crm", "88")}
PATHS = {"crm": "/crm/v8/Accounts", "books": "/books/v3/contacts"}


def made_again(side: str) -> dict[str, list[Any]]:
    """A create that got no answer; what it made was renamed and deleted, was looked for in vain, and is made again."""
    other, source = SOURCE[side]
    body = {"name": "No1 Works", "stamp": source}
    renamed = Act(105.0, "edit", "a", side, "customer", "No1", "name", "No1 Ltd", "No1 Works")
    deleted = Act(DELETED, "delete", "a", side, "customer", "No1", value="41")
    unanswered = call(MADE, "POST", PATHS[side], "41", body=body, status=0)
    again = call(LOOKED + 1, "POST", PATHS[side], "42", body=body)
    common = {"verb": "create", "side": side, "record": f"a/{other}/customer/{source}", "connection": "a"}
    return {
        "acts": [Act(1.0, "create", "a", other, "customer", "No1"), renamed, deleted],
        "calls": [unanswered, again],
        "history": [
            {**common, "kind": "not_written", "sk": f"{at(MADE - 1)}#1-2", "at": at(LOOKED)},
            {**common, "kind": "write", "sk": f"{at(LOOKED)}#2-1", "at": at(LOOKED + 2)},
        ],
    }


def judged(side: str, scene: dict[str, list[Any]]) -> list[str]:
    """What the judge says of a scene in which both sides show the customer."""
    sides = {
        "crm": {"Accounts": [{"id": "42", "Account_Name": "No1 Works"}], "Contacts": []},
        "books": {
            "contacts": [
                {"contact_id": "42", "contact_name": "No1 Works", "status": "active", "contact_persons": []}
            ]
        },
    }
    case = case_of(scene["calls"], scene["acts"], scene["history"], sides)
    records(case)
    return found(case, writes)


@pytest.mark.parametrize("side", ["crm", "books"])
def test_what_nothing_could_know_before_it_was_deleted_may_be_made_again(side: str) -> None:
    """docs/correctness.md, "A create that is not answered"; its write needs no entry either."""
    assert judged(side, made_again(side)) == []


def test_what_is_deleted_in_books_without_being_renamed_may_be_made_again_too() -> None:
    """Books lists nothing of what was deleted."""
    scene = made_again("books")
    scene["acts"] = [act for act in scene["acts"] if act.field != "name"]
    assert judged("books", scene) == []


FOUND = ["resurrected", "unrecorded"]


def test_what_is_deleted_in_crm_under_its_first_name_must_not_be_made_again() -> None:
    """Its name is among what was deleted since; so it is where it was renamed before it was made, or in Books."""
    scene = made_again("crm")
    renamed = scene["acts"][1]
    for other in (
        (),
        (Act(90.0, *_rest(renamed)),),
        (Act(105.0, "edit", "a", "books", *_rest(renamed)[3:]),),
    ):
        kept = [act for act in scene["acts"] if act is not renamed]
        assert judged("crm", {**scene, "acts": [*other, *kept]}) == FOUND


def _rest(act: Act) -> tuple[Any, ...]:
    return act.verb, act.org, act.side, act.kind, act.token, act.field, act.value, act.saw, act.into


def test_what_an_answer_of_crm_showed_before_it_was_deleted_must_not_be_made_again() -> None:
    """Its stamp was read, whatever its name; a read without an answer, and one of the time after, showed nothing."""
    scene = made_again("crm")
    read = call(107.0, "POST", "/crm/v8/coql", "40", "41", committed=False)
    assert judged("crm", {**scene, "calls": [*scene["calls"], read]}) == FOUND
    for unseen in ({**read, "status": 0}, {**read, "time": at(DELETED + 1)}, {**read, "record_ids": ["40"]}):
        assert judged("crm", {**scene, "calls": [*scene["calls"], unseen]}) == []


@pytest.mark.parametrize("side", ["crm", "books"])
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "write"},
        {"verb": "update"},
        {"at": at(DELETED - 20)},
        {"sk": f"{at(MADE - 200)}#1-2"},
        {"sk": f"{at(MADE + 60)}#1-2"},
        {"record": "a/crm/customer/1"},
    ],
    ids=[
        "answered",
        "update",
        "looked before the delete",
        "earlier create",
        "later create",
        "another record",
    ],
)
def test_only_a_create_that_was_looked_for_in_vain_after_the_delete_is_excused(
    side: str, change: dict[str, str]
) -> None:
    """Whatever Tandem knew of, or did not look for, must not be made again."""
    scene = made_again(side)
    scene["history"][0] |= change
    assert "resurrected" in judged(side, scene)


def test_the_deleted_record_itself_must_not_be_back() -> None:
    """Another one may be made; this one nobody may bring back."""
    scene = made_again("crm")
    scene["acts"][2] = Act(DELETED, "delete", "a", "crm", "customer", "No1", value="42")
    scene["calls"][0]["record_ids"] = ["42"]
    assert judged("crm", scene) == ["resurrected"]
