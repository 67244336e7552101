"""The history is whole: one entry for each remote write and for each decision that withheld one (P24)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tandem.core.connection import GuardStop
from tandem.core.records import Mode, RecordKey, Side
from tandem.engine.links import link_pk
from tests.system.conftest import ACCOUNT, CONTACT, Pair
from tests.system.world import System


def made(system: System) -> Counter[tuple[str, str]]:
    """Remote writes that took effect in the sandbox's request log, by side and record."""
    took_effect = [c for c in system.writes() if 200 <= c["status"] < 300 or c.get("committed")]
    return Counter((call["product"], id) for call in took_effect for id in _records(call))


def _records(call: dict[str, Any]) -> list[str]:
    """What a call wrote; one that makes a person names its customer too."""
    ids: list[str] = call["record_ids"]
    return ids[-1:] if "contactpersons" in call["path"] else ids


def told(system: System) -> Counter[tuple[str, str]]:
    """Entries of kind write, by side and record."""
    entries = [item for item in system.history() if item["kind"] == "write"]
    return Counter((item["side"], item["target"] or item["written_id"]) for item in entries)


def kinds(system: System, kind: str) -> list[dict[str, Any]]:
    """The entries of one kind."""
    return [item for item in system.history() if item["kind"] == kind]


async def test_every_remote_write_has_its_entry_and_every_entry_its_write(pair: Pair) -> None:
    """Creates, edits and clears both ways, a refusal, an unanswered write, a deactivation: record by record."""
    system = pair.system
    await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Name": "Second Ltd"})
    await system.control("POST", "/books/contacts", {"contact_name": "Third Ltd"})
    await pair.edit_crm({"Website": "https://one.example"})
    await pair.edit_books({"notes": "two"})
    await pair.edit_person({"designation": "Director"})
    await system.run(20)
    await system.control("POST", "/faults", {"name": "timeout_after_commit", "product": "books", "count": 1})
    await pair.edit_crm({"Description": ""})
    await system.settle(2)
    refusal = {"name": "refuse_record", "product": "books", "match": {"record_id": pair.customer}, "code": 4}
    await system.control("POST", "/faults", refusal)
    await pair.edit_crm({"Description": "refused"})
    await system.run(20)
    await system.control("DELETE", "/faults")
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(5)
    assert told(system) == made(system)
    assert sum(told(system).values()) >= 8
    verbs = {item["verb"] for item in kinds(system, "write")}
    assert verbs == {"create", "update", "deactivate"}


async def test_an_entry_of_a_write_tells_everything_about_it(pair: Pair) -> None:
    """Connection, entity, ids, fields, values before and after, rule, who edited each side, cause, run, calls, time."""
    await pair.edit_crm({"Website": "https://one.example", "user": "Ben Okri"})
    await pair.system.run(10)
    entry = kinds(pair.system, "write")[-1]
    assert entry["connection"] == "main"
    assert entry["entity"] == "customer"
    assert (entry["record"], entry["side"]) == (f"main/crm/customer/{pair.account}", "books")
    assert (entry["target"], entry["written_id"]) == (pair.customer, pair.customer)
    assert entry["before"] == {"website": "https://acme.example"}
    assert entry["after"] == {"website": "https://one.example"}
    assert entry["rules"] == {"website": "changed in CRM only"}
    assert entry["edited_by"]["crm"] == "Ben Okri"
    assert set(entry["edited_by"]) == {"crm", "books"}
    assert entry["cause"] == "crm 2-live"
    assert entry["run_pk"] == "live-2026-11-23"
    assert entry["calls"] == {"books": 2}
    assert entry["at"].startswith("2026-11-23T06:")


async def test_a_settled_write_tells_who_edited_too(pair: Pair) -> None:
    """What the intent knew is in its entry, though another run has looked the outcome up."""
    fault = {"name": "timeout_after_commit", "product": "books", "count": 1, "match": {"method": "PUT"}}
    await pair.system.control("POST", "/faults", fault)
    await pair.edit_crm({"Website": "https://one.example", "user": "Ben Okri"})
    await pair.system.settle(2)
    entry = kinds(pair.system, "write")[-1]
    assert (entry["settled"], entry["edited_by"]["crm"]) == (True, "Ben Okri")


async def test_whatever_is_decided_about_a_pair_stands_in_the_history_of_its_link(pair: Pair) -> None:
    """What would be written while nothing may be, what was written, its end and its new life."""
    system, connections = pair.system, pair.system.store.connections
    path = f"/crm/Accounts/{pair.account}"
    for method, where, body in (
        ("PATCH", path, {"Website": "https://one.example"}),
        ("DELETE", path, None),
        ("POST", f"{path}/restore", None),
    ):
        connections.set_mode("main", Mode.OBSERVE)
        await system.control(method, where, body)
        await system.settle(4)
        system.write_mode()
        await system.settle(2)
    stop = GuardStop(guard="mass change", sentence="too many", at=system.clock.now().isoformat())
    connections.set("main", guard=stop.model_dump())
    await system.control("DELETE", f"/books/contacts/{pair.customer}")
    await pair.edit_crm({"Website": "https://two.example"})
    await system.settle(2)
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", pair.account))
    assert link is not None
    told = [item for item in system.history() if item["pk"] == link_pk("main", link.id)]
    assert [(item["kind"], item.get("verb")) for item in told] == [
        ("write", "create"),
        ("would_write", "update"),
        ("write", "update"),
        ("would_write", "deactivate"),
        ("write", "deactivate"),
        ("unlink", None),
        ("would_write", "reactivate"),
        ("write", "reactivate"),
        ("link", None),
        ("would_write", "unlink"),
    ]
    rules = {item["verb"]: item["rules"] for item in told if item["kind"] == "write"}
    assert rules["deactivate"] == {"active": "deleted in CRM"}
    assert rules["reactivate"] == {"active": "restored in CRM"}


@pytest.mark.parametrize("last", list(Side))
async def test_a_first_link_is_told_with_its_proof_and_every_value(system: System, last: Side) -> None:
    """Whichever side it is found from, and at the first try; what observing would make is told with its side."""
    asha = {"first_name": "Asha", "last_name": "Rao", "email": CONTACT["Email"]}
    books = {"contact_name": ACCOUNT["Account_Name"], "website": "https://books.example"}
    there = {"books": {"contacts": [{**books, "contact_persons": [asha]}]}}
    here = {"crm": {"Accounts": [ACCOUNT]}}
    for side in (last.other, last):
        made = await system.control("POST", "/import", here if side is Side.CRM else there)
        if side is Side.CRM:
            [account] = made["crm"]["Accounts"]
            await system.control(
                "POST", "/import", {"crm": {"Contacts": [{**CONTACT, "Account_Name": {"id": account}}]}}
            )
        await system.settle(2)
    customers = [item for item in system.history() if item["entity"] == "customer"]
    [create] = [item for item in customers if item.get("verb") == "create"]
    assert (create["side"], create["after"]["name"]) == (last.value, ACCOUNT["Account_Name"])
    [entry] = [item for item in customers if item["kind"] == "link"]
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", account))
    assert link is not None
    assert (entry["pk"], entry["rule"]) == (link_pk("main", link.id), "e-mail and similar name")
    assert (entry["crm_id"], entry["books_id"]) == (account, link.books_id)
    [website] = [reason for reason in entry["reasons"] if reason["field"] == "website"]
    assert (website["crm"], website["books"]) == (ACCOUNT["Website"], "https://books.example")
    assert "retry" not in {kind for report in system.reports for kind in report.outcomes}


async def test_what_is_left_out_is_told_once_for_each_reason(system: System) -> None:
    """However often the record is looked at."""
    await system.settle(1)
    system.write_mode()
    made = await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Type": "Prospect"})
    await system.run(10)
    await system.control("PATCH", f"/crm/Accounts/{made['id']}", {"Description": "still a prospect"})
    await system.run(10)
    [entry] = kinds(system, "left_out")
    assert entry["record"] == f"main/crm/customer/{made['id']}"
    assert entry["sentence"]


async def test_a_clear_that_is_not_sent_is_told_once(pair: Pair) -> None:
    """It is adopted on its own side: without an entry nobody could say why the sides differ."""
    before = pair.system.seq
    await pair.edit_crm({"Email": None, "user": "Ben Okri"}, "Contacts")
    await pair.system.run(15)
    await pair.system.settle(2)
    assert pair.system.writes(before) == []
    [entry] = kinds(pair.system, "not_sent")
    assert [reason["rule"] for reason in entry["reasons"]] == ["a clear is not sent to Books"]
    assert entry["edited_by"]["crm"] == "Ben Okri"


async def test_a_hold_is_told_once_with_who_edited(pair: Pair) -> None:
    """Also where the same hold is met again and again."""
    refusal = {"name": "refuse_record", "product": "books", "match": {"record_id": pair.customer}, "code": 4}
    await pair.system.control("POST", "/faults", refusal)
    await pair.edit_crm({"Description": "refused", "user": "Ben Okri"})
    await pair.system.run(10)
    await pair.system.settle(2)
    [entry] = kinds(pair.system, "held")
    assert entry["cause"] == "refused by Books:4"
    assert entry["edited_by"]["crm"] == "Ben Okri"
    [refused] = kinds(pair.system, "refused")
    assert (refused["code"], refused["after"]) == ("4", {"notes": "refused"})
    assert "Books does not accept the value" in refused["sentence"]


async def test_a_hold_that_comes_again_is_told_again(pair: Pair) -> None:
    """Settled in between, it is another decision, though about the same values."""
    system = pair.system
    for _ in range(2):
        await pair.edit_crm({"Title": "x" * 60}, "Contacts")
        await system.run(10)
        await system.settle(1)
        [_hold] = system.store.cases.holds("main")
        await pair.edit_crm({"Title": "Director"}, "Contacts")
        await system.run(10)
        assert system.store.cases.holds("main") == []
    entries = kinds(system, "held")
    assert [entry["cause"] for entry in entries] == ["conversion:designation"] * 2
    assert entries[0]["since"] < entries[1]["since"]


async def test_a_guards_stop_is_told_once(pair: Pair) -> None:
    """With its numbers, as an entry of the connection."""
    pair.system.configure(value_collapse_records=0, mass_change_records=1)
    await pair.edit_crm({"Website": "https://one.example"})
    await pair.edit_crm({"Title": "Director"}, "Contacts")
    await pair.system.run(20)
    await pair.system.settle(2)
    [entry] = kinds(pair.system, "guard")
    assert (entry["pk"], entry["by"], entry["rule"]) == ("CONN#main", "tandem", "mass change")
    assert "2 records were changed in CRM" in entry["sentence"]
