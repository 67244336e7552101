"""Guarded bulk updates of CRM: only where the operator has said that each record of a call is guarded."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from tandem.engine.gate import RoundGate
from tests.engine.town import Town, a_town
from tests.system.world import System

MANY, ONE = "PUT /crm/v8/{module}", "PUT /crm/v8/{module}/{id}"


@pytest.fixture
async def town(system: System) -> Town:
    """Four customers, guards of each record of a bulk call known to hold."""
    made = await a_town(system, 4)
    system.configure(crm_bulk_guard="per_item")
    return made


async def edited_in_books(town: Town, value: str = "note {n}") -> dict[str, int]:
    """Every customer's notes are edited; the CRM writes of the drain that follows."""
    for number in range(len(town.customers)):
        await town.edit_books(number, notes=value.format(n=number))
    await town.told()
    before = town.system.seq
    await town.system.drain()
    made = Counter(str(call["endpoint"]) for call in town.system.calls(before) if call["product"] == "crm")
    return {name: made[name] for name in (MANY, ONE) if made[name]}


async def descriptions(town: Town) -> list[Any]:
    """What CRM shows."""
    return [(await town.account(number))["Description"] for number in range(len(town.accounts))]


def edit_when_written(town: Town, number: int, *, after: int = 3, **values: Any) -> None:
    """A person edits an Account in CRM so many seconds after it was read, before the first call."""
    world = town.system.sandbox

    def act(count: int) -> None:
        if count == 1:
            town.system.clock.advance(after)
            world.crm.store.update("Accounts", town.accounts[number], values, world.users.named("Asha Rao"))

    town.while_writing(act)


async def test_updates_go_in_one_call(town: Town) -> None:
    """Four records, one call, an intent and a history entry for each."""
    assert await edited_in_books(town) == {MANY: 1}
    assert await descriptions(town) == [f"note {n}" for n in range(4)]
    await town.system.settle(2)
    town.system.judge()


async def test_by_default_each_record_has_its_own_guarded_put(town: Town) -> None:
    """The fact is UNCONFIRMED."""
    town.system.configure(crm_bulk_guard="none")
    assert await edited_in_books(town) == {ONE: 4}


async def test_a_hundred_and_one_need_two_calls(system: System) -> None:
    """In rounds of fifty rows: a call for each round."""
    system.configure(books_per_minute=100)
    town = await a_town(system, 51)
    system.configure(crm_bulk_guard="per_item")
    assert await edited_in_books(town) == {MANY: 2}
    assert await descriptions(town) == [f"note {n}" for n in range(51)]


async def test_a_record_edited_meanwhile_is_refused_alone_and_read_again(town: Town) -> None:
    """Its own field differs: both edits stand. The others were written by the same call."""
    edit_when_written(town, 2, Website="https://typed.example")
    calls = await edited_in_books(town)
    assert calls[MANY] == 2, "one for all, one for the record that was read again"
    await town.system.settle(2)
    assert await descriptions(town) == [f"note {n}" for n in range(4)]
    assert (await town.account(2))["Website"] == "https://typed.example"
    assert (await town.books(2))["website"] == "https://typed.example"
    town.system.judge()


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("guard", ["none", "per_item"])
async def test_an_edit_in_the_very_second_of_the_read_is_not_overwritten_unseen(
    town: Town, guard: str, after: int
) -> None:
    """Alone or with others: CRM tells whole seconds, so the guard names the one before the read."""
    town.system.configure(crm_bulk_guard=guard)
    edit_when_written(town, 0, after=after, Description="typed")
    await edited_in_books(town)
    await town.system.settle(2)
    assert await descriptions(town) == ["typed", "note 1", "note 2", "note 3"]
    assert (await town.books(0))["notes"] == "typed"
    town.system.judge()


async def test_a_call_refused_as_a_whole_goes_single(town: Town) -> None:
    """The setting was wrong for this organisation: nothing is lost, and nothing is written twice."""
    await town.system.control("PUT", "/switches", {"bulk_unmodified_since": "whole"})
    edit_when_written(town, 2, Website="https://typed.example")
    calls = await edited_in_books(town)
    assert calls[ONE] == 4
    await town.system.settle(2)
    assert await descriptions(town) == [f"note {n}" for n in range(4)]
    assert (await town.account(2))["Website"] == "https://typed.example"
    town.system.judge()


async def test_one_refused_record_is_held_alone(town: Town) -> None:
    """A locked record in the middle of a call: its fault, nobody else's."""
    await town.system.control("POST", f"/crm/Accounts/{town.accounts[1]}/state", {"state": "locked"})
    assert await edited_in_books(town) == {MANY: 1}
    assert await descriptions(town) == ["note 0", "First customer", "note 2", "note 3"]
    [hold] = town.system.store.cases.holds("main")
    assert "RECORD_LOCKED" in hold["cause"]
    assert town.system.store.intents.all_open("main") == []


@pytest.mark.parametrize("fault", ["timeout_after_commit", "error_after_commit", "error_before_commit"])
async def test_an_unanswered_call_leaves_each_record_to_be_looked_up(town: Town, fault: str) -> None:
    """Whether it was written or not, each record ends right, with one history entry for each write."""
    await town.system.control(
        "POST",
        "/faults",
        {"name": fault, "count": 1, "product": "crm", "match": {"method": "PUT"}},
    )
    await edited_in_books(town)
    await town.system.settle(4)
    assert await descriptions(town) == [f"note {n}" for n in range(4)]
    town.system.judge()


async def test_a_lease_that_runs_out_while_a_call_gathers_leaves_no_write_and_no_intent(town: Town) -> None:
    """The last unit takes so long that the lease is gone: nothing is sent, and the next drain writes all."""

    def act(count: int) -> None:
        if count == len(town.accounts):
            town.system.clock.advance(50)

    town.while_writing(act)
    assert await edited_in_books(town) == {}
    assert town.system.store.intents.all_open("main") == []
    town.system.memory.after = lambda _verb, _operand: None
    await town.system.settle(2)
    assert await descriptions(town) == [f"note {n}" for n in range(4)]
    town.system.judge()


async def test_an_unanswered_call_that_gathered_for_long_is_looked_up_no_sooner(town: Town) -> None:
    """The pause counts from the call, not from the intents: a call that was given up may still be carried out."""

    def act(count: int) -> None:
        if count == len(town.accounts):
            town.system.clock.advance(25)

    town.while_writing(act)
    await town.system.control(
        "POST", "/faults", {"name": "timeout", "count": 1, "product": "crm", "match": {"method": "PUT"}}
    )
    assert await edited_in_books(town) == {MANY: 1}
    now = town.system.clock.now()
    pauses = [
        (intent.settle_after - now).total_seconds() for intent in town.system.store.intents.all_open("main")
    ]
    assert pauses == [20.0] * 4
    town.system.memory.after = lambda _verb, _operand: None
    await town.system.settle(3)
    assert await descriptions(town) == [f"note {n}" for n in range(4)]
    town.system.judge()


async def test_a_write_is_stored_when_its_call_can_leave_not_while_it_queues(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units that may wait for a common call run all at once; their single writes still go a few at a time."""
    system.configure(books_per_minute=100)
    town = await a_town(system, 12)
    system.configure(crm_bulk_guard="per_item", in_flight=3)
    await town.edit_crm(Website="https://new{n}.example")
    admit = RoundGate.admit

    async def slowly(gate: RoundGate, product: str, cost: int = 1) -> None:
        await asyncio.sleep(0.002)
        await admit(gate, product, cost)

    monkeypatch.setattr(RoundGate, "admit", slowly)
    open_at_once: list[int] = []
    town.while_writing(lambda _: open_at_once.append(len(system.store.intents.all_open("main"))))
    await town.drain()
    assert len(open_at_once) == 12
    assert max(open_at_once) == 3
