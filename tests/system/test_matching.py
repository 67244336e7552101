"""Held matches and a person's word on them, on the real engine against the sandbox."""

from __future__ import annotations

from tandem.core.records import RowClass
from tandem.engine.rows import parse_key
from tests.system.conftest import ACCOUNT
from tests.system.world import System


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
