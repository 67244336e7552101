"""P19: the writer killed at any step ends as if it had not happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.world import System


class Killed(BaseException):
    """The function died here."""


class Killer:
    """Kills the worker after its n-th step: a table operation or a call to Zoho, before or after it happened."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.armed = False

    def __call__(self, verb: str, _argument: Any) -> None:
        if not self.armed:
            return
        self.left -= 1
        if self.left == 0:
            self.armed = False
            raise Killed(verb)


async def _world(edit: Callable[[System], Any]) -> tuple[System, Any]:
    system = System()
    await system.subscribe()
    await system.settle(2)
    system.write_mode()
    await system.run(2)
    return system, await edit(system)


async def _create(system: System) -> None:
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})


async def _finish(system: System) -> dict[str, Any]:
    await system.settle(6)
    return await system.export()


def _shape(data: dict[str, Any]) -> Any:
    """What must be the same whatever died: counts and mapped values, without ids and times."""
    customers = [
        (
            c["contact_name"],
            c["website"],
            c["billing_address"]["city"],
            [p["email"] for p in c["contact_persons"]],
        )
        for c in data["books"]["contacts"]
    ]
    accounts = [(a["Account_Name"], a["Website"], a["Billing_City"]) for a in data["crm"]["Accounts"]]
    return customers, accounts, [c["Email"] for c in data["crm"]["Contacts"]]


async def _killed_at(step: int, where: str) -> tuple[bool, Any]:
    system, _ = await _world(_create)
    killer = Killer(step)
    setattr(system.memory, where, killer)
    died = await _live_with(system, killer)
    data = await _finish(system)
    await system.http.aclose()
    await system.sandbox.outbox.close()
    system.judge()
    return died, _shape(data)


async def _live_with(system: System, killer: Killer) -> bool:
    """Run until the killer struck or nothing is left to do; only the writer is ever killed."""
    for _ in range(12):
        await system.sandbox.outbox.deliver_due()
        for _ring in system.bell.take():
            killer.armed = True
            try:
                await system.drain()
            except Killed:
                return True
            finally:
                killer.armed = False
        system.clock.advance(1)
    return False


SHARDS = 4
"""The crash points are dealt out, so that each test stays short."""


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_writer_killed_at_any_table_step_of_a_create_ends_the_same(where: str, shard: int) -> None:
    """Every step of the drain that creates a customer and its person is a crash point."""
    died, expected = await _killed_at(10_000, where)
    assert not died
    step = 1 + shard
    while True:
        died, shape = await _killed_at(step, where)
        assert shape == expected, f"killed {where} step {step}"
        if not died:
            break
        step += SHARDS
    assert step > 20


@pytest.mark.parametrize("side", ["books", "crm"])
async def test_what_was_made_and_deleted_before_its_writer_was_replaced_is_not_made_again(side: str) -> None:
    """The answer was there: what it told outlives the writer, also where no list tells of the delete."""
    system, _ = await _world(_nothing)
    if side == "books":
        await system.control("POST", "/crm/Accounts", ACCOUNT)
    else:
        await system.control(
            "POST", "/books/contacts", {"contact_name": "Acme Ltd", "contact_type": "customer"}
        )

    def die(verb: str, _argument: Any) -> None:
        if verb == "put" and _made(system, side):
            system.past.after = None
            raise Killed(verb)

    system.past.after = die
    killer = Killer(10_000)
    assert await _live_with(system, killer)
    [id] = _made(system, side)
    await system.control("DELETE", f"/crm/Accounts/{id}" if side == "crm" else f"/books/contacts/{id}")
    await _finish(system)
    assert _made(system, side) == []
    await system.http.aclose()
    await system.sandbox.outbox.close()


async def test_what_is_held_is_told_before_the_link_knows_it() -> None:
    """An edit of a field that the link knows as held settles it: nobody would ever have been asked."""
    system, _ = await _world(_create)
    await system.settle(2)
    [account] = _made(system, "crm")
    await system.control("PATCH", f"/crm/Accounts/{account}", {"PAN": "AAPFU0939"})

    def die(verb: str, operand: Any) -> None:
        if killer.armed and verb == "put" and operand.item["pk"].startswith("LINK#"):
            system.memory.after = None
            raise Killed(verb)

    system.memory.after, killer = die, Killer(10_000)
    assert await _live_with(system, killer)
    assert [hold["field"] for hold in system.store.cases.holds("main")] == ["pan"]
    assert [one["field"] for one in system.history() if one["kind"] == "held"] == ["pan"]
    await _finish(system)
    assert [hold["field"] for hold in system.store.cases.holds("main")] == ["pan"]
    assert [one["field"] for one in system.history() if one["kind"] == "held"] == ["pan"]
    await system.http.aclose()
    await system.sandbox.outbox.close()


async def _nothing(_system: System) -> None:
    pass


def _made(system: System, side: str) -> list[str]:
    crm, books = system.sandbox.crm.store, system.sandbox.books.store
    return list(crm.data["Accounts"].live if side == "crm" else books.contacts)
