"""Held matches and a person's word on them, on the real engine against the sandbox."""

from __future__ import annotations

from tandem.core.records import RowClass
from tandem.engine.rows import parse_key
from tests.system.conftest import ACCOUNT
from tests.system.world import System

PROSPECT = {"Account_Name": "Acme Ltd", "Account_Type": "Prospect"}


async def keep_apart(system: System, hold: dict[str, object]) -> None:
    """`tandem release --keep-apart`."""
    key = parse_key(str(hold["record"]))
    system.store.apart.keep(key, list(hold["candidates"]), system.clock.now())  # type: ignore[call-overload]
    system.store.rows.hint(key, RowClass.PERSON, system.clock.now())
    system.bell.ring("main")


async def test_two_that_a_person_keeps_apart_are_two_customers_for_good(system: System) -> None:
    """Same name, not the same customer: each gets its own counterpart, once, and is never asked about again."""
    await system.control("POST", "/import", {"books": {"contacts": [{"contact_name": "Acme Limited"}]}})
    await system.control("POST", "/import", {"crm": {"Accounts": [ACCOUNT]}})
    system.write_mode()
    await system.settle(3)
    holds = system.store.cases.holds("main")
    assert {hold["cause"] for hold in holds} == {"match:name only"}
    assert system.writes() == []
    for hold in holds:
        await keep_apart(system, hold)
    await system.settle(3)
    data = await system.export()
    assert sorted(one["contact_name"] for one in data["books"]["contacts"]) == ["Acme Limited", "Acme Ltd"]
    assert sorted(one["Account_Name"] for one in data["crm"]["Accounts"]) == ["Acme Limited", "Acme Ltd"]
    assert system.store.cases.holds("main") == []
    before = system.seq
    system.forget_cursors()
    await system.settle(3)
    assert system.writes(before) == []


async def test_a_namesake_kept_apart_is_not_taken_for_what_was_made_and_deleted(system: System) -> None:
    """A create that nobody answered is made at last, though a known record of that name was deleted meanwhile."""
    acme = {"contact_name": "Acme Ltd"}
    await system.control("POST", "/import", {"books": {"contacts": [acme]}, "crm": {"Accounts": [PROSPECT]}})
    system.write_mode()
    await system.settle(3)
    unanswered = {"product": "crm", "match": {"method": "POST", "module": "Accounts"}, "count": 1}
    await system.control("POST", "/faults", {"name": "timeout", **unanswered})
    [hold] = [one for one in system.store.cases.holds("main") if "books" in one["record"]]
    await keep_apart(system, hold)
    await system.drain()
    [intent] = system.store.intents.all_open("main")
    assert intent.kind == "create"
    [known] = (await system.export())["crm"]["Accounts"]
    await system.control("DELETE", f"/crm/Accounts/{known['id']}")
    await system.settle(8)
    data = await system.export()
    assert [one["Account_Name"] for one in data["crm"]["Accounts"]] == ["Acme Ltd"]
    assert [one["status"] for one in data["books"]["contacts"]] == ["active"]


async def test_a_similar_name_with_the_same_web_domain_is_asked_about(system: System) -> None:
    """No duplicate is made of what a person would see at once."""
    alike = {"contact_name": "Acme Traders", "website": "http://www.acme.example/contact"}
    await system.control("POST", "/import", {"books": {"contacts": [alike]}})
    await system.control(
        "POST", "/import", {"crm": {"Accounts": [{**ACCOUNT, "Account_Name": "Acmé Trader Pvt Ltd"}]}}
    )
    system.write_mode()
    await system.settle(3)
    assert {hold["cause"] for hold in system.store.cases.holds("main")} == {"match:domain and similar name"}
    assert system.writes() == []
