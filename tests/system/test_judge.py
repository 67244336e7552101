"""The judge of the simulation, rule by rule: what it finds, and that it excuses what is declared and nothing more."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.system.simulation import judge as judge_module
from tests.system.simulation import windows
from tests.system.simulation.calls import credentials, pace, writes
from tests.system.simulation.case import Case
from tests.system.simulation.evidence import Act, Evidence, Restore
from tests.system.simulation.records import records
from tests.system.simulation.values import promptness, values
from tests.system.simulation.verdict import Verdict
from tests.system.simulation.windows import (
    in_one_second,
    is_asked_whether_one,
    is_of_lost_state,
    lost_entries,
    typed_alike,
)

HERE = Path(judge_module.__file__).parent
BLACK_BOX = (
    "judge",
    "case",
    "records",
    "goods",
    "taxes",
    "values",
    "calls",
    "windows",
    "verdict",
    "evidence",
)


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


def test_an_edit_that_a_person_is_asked_about_waits_for_the_answer() -> None:
    """About this field of this record, and then."""
    act = Act(1_000.0, "edit", "a", "crm", "customer", "No1", "notes", "new", "old")
    write = call(1_100.0, "PUT", "/books/v3/contacts/9", "9", body={"notes": "new"})
    sides = {"crm": {"Accounts": [{"id": "41", "Account_Name": "No1 Works"}]}, "books": {"contacts": []}}
    held = {"kind": "held", "at": at(1_010.0), "record": "a/crm/customer/41", "field": "notes"}
    for change, counters in (
        ({}, []),
        ({"kind": "write"}, ["stuck"]),
        ({"field": "name"}, ["stuck"]),
        ({"record": "a/crm/customer/42"}, ["stuck"]),
        ({"at": at(990.0)}, ["stuck"]),
        ({"at": at(1_040.0)}, ["stuck"]),
    ):
        case = case_of([write], [act], [{**held, **change}], sides, brisk=[(990.0, 1_010.0)])
        assert found(case, promptness) == counters


def test_an_edit_of_whom_nobody_knew_the_counterpart_waits_until_a_person_has_said() -> None:
    """Which it is, or what of its tax identity is right; once it has one, an edit goes at once."""
    act = Act(1_000.0, "edit", "a", "crm", "customer", "No1", "notes", "new", "old")
    write = call(1_100.0, "PUT", "/books/v3/contacts/9", "9", body={"notes": "new"})
    sides = {"crm": {"Accounts": [{"id": "41", "Account_Name": "No1 Works"}]}, "books": {"contacts": []}}
    asked = {"kind": "held", "at": at(900.0), "record": "a/crm/customer/41", "cause": "match:name only"}
    link = {"kind": "link", "crm_id": "41", "books_id": "9"}
    made = {"kind": "write", "verb": "create", "record": "a/crm/customer/41", "written_id": "9"}
    for history, counters in (
        ([asked], []),
        ([asked | {"cause": "tax identity contradicts"}], []),
        ([asked | {"cause": "differs:notes"}], ["stuck"]),
        ([asked | {"record": "a/crm/customer/42"}], ["stuck"]),
        ([asked | {"at": at(1_031.0)}], ["stuck"]),
        ([asked, link | {"at": at(950.0)}], ["stuck"]),
        ([asked, made | {"at": at(950.0)}], ["stuck"]),
        ([asked, link | {"at": at(1_090.0)}], []),
    ):
        case = case_of([write], [act], history, sides, brisk=[(990.0, 1_010.0)])
        assert found(case, promptness) == counters


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
OTHER = {"crm": "books", "books": "crm"}
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


# --- an edit that gave way (P6) ----------------------------------------------------------------------------------


def scene_of_a_conflict(saw: str, *more: dict[str, Any]) -> Case:
    """Somebody typed `mine` in Books over `saw`; a conflict rule gave it up for `theirs`."""
    act = Act(50.0, "edit", "a", "books", "customer", "No1", "notes", "mine", saw)
    decision = {
        "kind": "write",
        "rules": {"notes": "conflict: changed on both sides, crm owns notes"},
        "before": {"notes": "mine"},
        "after": {"notes": "theirs"},
    }
    sides: dict[str, Any] = {"crm": {"Accounts": [], "Contacts": []}, "books": {"contacts": []}}
    return case_of(acts=[act], history=[decision, *more], sides=sides)


def test_an_edit_may_give_way_to_another_that_its_author_did_not_know() -> None:
    """That is a conflict, and a rule of the mapping settles it."""
    assert found(scene_of_a_conflict("before"), values) == []
    assert found(scene_of_a_conflict(""), values) == []


def test_an_edit_does_not_give_way_to_what_its_author_had_seen() -> None:
    """It was the later one; a logged "conflict" with it is a mistake. What an unknown write wrote may be seen early."""
    assert found(scene_of_a_conflict("theirs"), values) == ["lost"]
    unknown = {"kind": "unknown", "after": {"notes": "theirs"}}
    assert found(scene_of_a_conflict("theirs", unknown), values) == []


# --- calls in a minute (P20) -------------------------------------------------------------------------------------


def test_a_minute_begins_with_any_call_and_not_with_the_clock() -> None:
    """Twice the calls of a minute beside the turn of the clock's minute are too many."""
    burst = [call(58.0 + n / 2, "GET", "/books/v3/contacts") for n in range(5)]
    later = [call(107.0 + n / 2, "GET", "/books/v3/contacts") for n in range(5)]
    for most, counters in ((5, []), (4, ["overruns"])):
        case = case_of([*burst, *later])
        case.evidence.per_minute = most
        assert found(case, pace) == counters


# --- the window that Books leaves (P6) ---------------------------------------------------------------------------


def overwritten(*looks: dict[str, Any], typed: float = 100.0, wrote: float = 104.0) -> Case:
    """Somebody typed notes in Books that our write, made on these looks, wrote over."""
    act = Act(typed, "edit", "a", "books", "customer", "No1", "notes", "mine", "")
    write = call(wrote, "PUT", "/books/v3/contacts/9", "9", body={"notes": "ours"})
    return case_of([*looks, write], [act], sides=of_books("No1 Works"))


def of_books(name: str) -> dict[str, Any]:
    """A customer of Books, and nothing in CRM."""
    contact = {"contact_id": "9", "contact_name": name, "contact_persons": []}
    return {"crm": {"Accounts": [], "Contacts": []}, "books": {"contacts": [contact]}}


def read(seconds: float, id: str = "9") -> dict[str, Any]:
    """A read of one Books customer."""
    return call(seconds, "GET", f"/books/v3/contacts/{id}", id)


def listing(seconds: float) -> dict[str, Any]:
    """A page of all."""
    return call(seconds, "GET", "/books/v3/contacts")


def test_an_edit_between_our_last_look_and_our_write_is_in_the_window() -> None:
    """It is counted, not found: Books has no lock."""
    for looks in ([read(98)], [listing(98)], [read(60), listing(98)], [read(98), listing(101)]):
        case = overwritten(*looks)
        assert found(case, values) == []
        assert case.verdict.in_window == 1


def test_a_field_is_known_in_a_body_by_the_key_that_it_has_there() -> None:
    """Most have their own name."""
    for name, key in (("tax_identity", "gst_no"), ("pan", "pan_no"), ("segment", "custom_fields")):
        act = Act(100.0, "edit", "a", "books", "customer", "No1", name, "mine", "")
        write = call(104.0, "PUT", "/books/v3/contacts/9", "9", body={key: "ours"})
        assert found(case_of([read(98), write], [act], sides=of_books("No1 Works")), values) == []
        assert found(case_of([read(98), write], [act], sides=of_books("No3 Works")), values) == ["lost"]
        write["request_body"] = {"notes": "ours"}
        assert found(case_of([read(98), write], [act], sides=of_books("No1 Works")), values) == ["lost"]


def test_an_edit_that_a_look_showed_or_that_no_fresh_look_came_before_is_lost() -> None:
    """A read after it had it; a read of long ago, one of another record and none at all are no excuse."""
    for looks in ([read(98), read(101)], [read(60)], [listing(80)], [read(98, "8")], []):
        assert found(overwritten(*looks), values) == ["lost"]
    assert found(overwritten(read(98), typed=100, wrote=129), values) == ["lost"]


def test_of_a_write_whose_sender_had_given_up_only_looks_before_it_was_sent_count() -> None:
    """It was carried out late; a read of somebody else's meanwhile shows the edit, and helps nobody."""
    looks, given_up = [read(95), read(102)], {"kind": "write", "settled": True, "target": "9", "at": at(120)}
    assert found(overwritten(*looks), values) == ["lost"]
    for sent, counters in ((96, []), (103, ["lost"]), (30, ["lost"])):
        case = overwritten(*looks)
        case.history.append(given_up | {"sk": f"{at(sent)}#1-1"})
        assert found(case, values) == counters
    case = overwritten(*looks)
    case.history.append(given_up | {"sk": f"{at(96)}#1-1", "target": "8"})
    assert found(case, values) == ["lost"]


# --- a table that was restored (P18) -----------------------------------------------------------------------------

RESTORED = Restore(saved=1_000.0, stopped=1_200.0, up=1_350.0)


def after_a_restore(*history: dict[str, Any], calls: Sequence[dict[str, Any]] = ()) -> Case:
    """A connection whose table was lost at 1200 s and came back as it was at 1000 s."""
    case = case_of(calls, history=history)
    case.evidence.restored = [RESTORED]
    return case


def test_what_was_decided_before_the_restored_table_was_up_is_no_matter_of_lost_state() -> None:
    """Only a question of the time after may be about what was forgotten."""
    case = after_a_restore()
    assert is_of_lost_state(case, {"at": at(1_350.0)})
    assert not is_of_lost_state(case, {"at": at(1_300.0)})
    assert not is_of_lost_state(case_of(), {"at": at(1_350.0)})


def test_a_pair_is_asked_about_only_where_both_are_named() -> None:
    """By a hold of one of them with the other among its candidates."""
    held = {"kind": "held", "at": at(1_400.0), "record": "a/crm/contact_person/8", "candidates": ["5", "6"]}
    assert is_asked_whether_one(after_a_restore(held), "8", "5")
    assert not is_asked_whether_one(after_a_restore(held), "8", "7")
    assert not is_asked_whether_one(after_a_restore({**held, "kind": "link"}), "8", "5")
    assert not is_asked_whether_one(after_a_restore({**held, "at": at(900.0)}), "8", "5")


def test_only_writes_that_were_open_when_the_table_was_lost_may_lack_their_entry() -> None:
    """Those of the minutes before it, and earlier ones without an answer since the backup."""
    path = "/books/v3/contacts/9"
    lost = [call(1_100.0, "PUT", path, "9"), call(850.0, "PUT", path, "9", status=500)]
    kept = [
        call(900.0, "PUT", path, "9"),
        call(700.0, "PUT", path, "9", status=0),
        call(1_400.0, "PUT", path, "9"),
        call(1_190.0, "GET", path, "9"),
    ]
    assert lost_entries(after_a_restore(calls=[*kept, *lost])) == lost
    assert lost_entries(case_of([*kept, *lost])) == []


def test_of_an_update_of_several_that_was_open_then_each_may_lack_its_entry() -> None:
    """One that was answered long before the backup may not."""
    open_then = call(1_100.0, "PUT", "/crm/v8/Accounts", "5", "6", status=0, endpoint="PUT /crm/v8/{module}")
    for at_then, counters in ((1_100.0, []), (500.0, ["unrecorded"])):
        case = after_a_restore(calls=[open_then | {"time": at(at_then)}])
        case.sides = {"crm": {"Accounts": [], "Contacts": []}, "books": {"contacts": []}}
        assert found(case, writes) == counters


def test_a_persons_edit_is_excused_only_in_the_second_of_another_and_while_nobody_read_it() -> None:
    """Its webhook was lost, and no list shows persons."""
    typed = Act(100.9, "edit", "a", "books", "person", "No2", "phone", "2")
    other = Act(100.3, "edit", "a", "books", "customer", "No1", "segment", "x")

    def excused(*acts: Act, reads: Sequence[dict[str, Any]] = ()) -> bool:
        case = case_of(reads, acts=[Act(1.0, "create", "a", "crm", "person", "No2", into="No1"), *acts])
        return in_one_second(case, "No2", "9")

    assert excused(other, typed)
    assert excused(other, typed, reads=[call(100.5, "GET", "/books/v3/contacts/9", "9")])
    assert not excused(typed)
    assert not excused(replace(other, at=99.8), typed)
    assert not excused(replace(other, token="No7"), typed)
    assert not excused(other, typed, reads=[call(130.0, "GET", "/books/v3/contacts/9", "9")])


def test_only_an_entry_of_what_somebody_typed_meanwhile_may_lack_its_write() -> None:
    """The writer died, the look found the very value, and nothing shows by whom."""
    entry = {
        "kind": "write", "verb": "update", "settled": True, "side": "crm", "written_id": "5",
        "sk": f"{at(100.0)}#1", "at": at(160.0), "after": {"notes": None},
    }  # fmt: skip
    typed = Act(120.0, "edit", "a", "crm", "customer", "No1", "notes", None)
    refused = call(110.0, "PUT", "/crm/v8/Accounts", "5", committed=False, status=412)
    sides = {
        "crm": {"Accounts": [{"id": "5", "Account_Name": "No1"}], "Contacts": []},
        "books": {"contacts": []},
    }

    def excused(*acts: Act, calls: Sequence[dict[str, Any]] = (refused,), **more: Any) -> bool:
        return bool(typed_alike(case_of(calls, acts=acts, history=[{**entry, **more}], sides=sides)))

    assert excused(typed)
    assert not excused()
    assert not excused(replace(typed, at=300.0))
    assert not excused(replace(typed, side="books"))
    assert not excused(replace(typed, value="other"))
    assert not excused(typed, settled=None)
    assert not excused(typed, calls=[call(110.0, "PUT", "/crm/v8/Accounts", "5")])
    turned = replace(typed, verb="turn", field="active", value=False)
    assert excused(turned, after={"active": False})
    assert not excused(turned, after={"active": True})


@pytest.mark.parametrize("side", ["crm", "books"])
def test_what_was_made_since_the_backup_and_deleted_before_the_table_knew_it_may_be_made_again(
    side: str,
) -> None:
    """The restored table knows nothing of the pair until it is linked again; what it knew stays deleted."""
    linked, other = {"kind": "link", "at": at(1_400.0), f"{side}_id": "41"}, PATHS[OTHER[side]]
    for made, deleted, is_excused in [
        (1_100.0, 1_150.0, True),
        (800.0, 1_150.0, False),
        (1_100.0, 1_390.0, True),
        (1_100.0, 1_410.0, False),
    ]:
        ours = call(made, "POST", PATHS[side], "41")
        of_it = call(made, "POST", other, "77", body={"stamp": "41"})
        for create in (ours, of_it):
            told = {"kind": "write", "at": at(made + 1), "written_id": create["record_ids"][0]}
            for history, expected in (([linked, told], is_excused), ([linked], deleted < 1_400.0)):
                case = after_a_restore(*history, calls=[create])
                case.acts.append(Act(deleted, "delete", "a", side, "customer", "No1", value="41"))
                assert ("41" in windows.made_again(case)) == expected
        of_another = call(made, "POST", other, "77", body={"stamp": "42"})
        case = after_a_restore(linked, calls=[of_another])
        case.acts.append(Act(deleted, "delete", "a", side, "customer", "No1", value="41"))
        assert windows.made_again(case) == set()
