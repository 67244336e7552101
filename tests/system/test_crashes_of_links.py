"""P19 where an intent, a link or a hold is written: a worker that dies there leaves nothing undone, untold or asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.ports import Put
from tandem.engine.rows import parse_key
from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.test_crashes import Killed, Killer
from tests.system.world import System

PERSON = {"first_name": "Asha", "last_name": "Rao", "email": "asha@acme.example"}
TWIN = {"contact_name": "Acme Limited", "notes": "typed in Books", "contact_persons": [PERSON]}


class AtLinks(Killer):
    """Only steps that write an intent, a link or a hold count."""

    def __call__(self, verb: str, argument: Any) -> None:
        if verb in ("put", "update", "delete", "transact") and any(map(_is_counted, _steps(argument))):
            super().__call__(verb, argument)


def _steps(argument: Any) -> Iterator[Any]:
    yield from argument if isinstance(argument, list) else [argument]


def _is_counted(step: Any) -> bool:
    pk = step.item["pk"] if isinstance(step, Put) else step.pk
    return str(pk).startswith(("LINK#", "CASE#", "INTENT#"))


async def started() -> System:
    """Listed, in write mode."""
    system = System()
    await system.subscribe()
    await system.settle(2)
    system.write_mode()
    await system.run(2)
    return system


async def synced(system: System) -> tuple[str, str]:
    """An Account with a Contact, in Books too: the ids of the Account and of its customer."""
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})
    await system.run(20)
    await system.settle(1)
    [customer] = (await system.export())["books"]["contacts"]
    return str(account), str(customer["contact_id"])


async def approve(system: System, cause: str) -> None:
    """A person's word, before the writer comes."""
    [hold] = [one for one in system.store.cases.holds("main") if one["cause"] == cause]
    await system.release(hold, approve=True)


async def edits_on_both_sides() -> System:
    """Of other fields, and one that has no form in Books."""
    system = await started()
    account, customer = await synced(system)
    [contact] = system.sandbox.crm.store.data["Contacts"].live
    await system.control("PATCH", f"/crm/Accounts/{account}", {"Website": "https://typed.example"})
    await system.control("PATCH", f"/books/contacts/{customer}", {"notes": "typed in Books"})
    await system.control(
        "PATCH", f"/crm/Contacts/{contact}", {"Title": "x" * 60, "Mobile": "+91 90000 00001"}
    )
    return system


async def restore() -> System:
    """An Account that was deleted is back; its customer was made inactive for it."""
    system = await started()
    account, _ = await synced(system)
    await system.control("DELETE", f"/crm/Accounts/{account}")
    await system.settle(4)
    await system.control("POST", f"/crm/Accounts/{account}/restore")
    return system


async def first_link() -> System:
    """Two that are one, with two values that differ."""
    system = await started()
    made = await system.control(
        "POST", "/import", {"books": {"contacts": [TWIN]}, "crm": {"Accounts": [ACCOUNT]}}
    )
    [account] = made["crm"]["Accounts"]
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})
    return system


async def merge_in_crm() -> System:
    """An Account that was asked about is what a merge left."""
    system = await started()
    account, _ = await synced(system)
    master = {**ACCOUNT, "Account_Name": "Acme Group Ltd", "Account_Type": "Prospect", "Website": None}
    survivor = (await system.control("POST", "/crm/Accounts", master))["id"]
    await system.settle(1)
    await system.control("POST", f"/crm/Accounts/{survivor}/merge", {"losers": [account]})
    await system.settle(4)
    await approve(system, "merged in CRM")
    return system


async def merge_in_books() -> System:
    """The same in Books."""
    system = await started()
    _, customer = await synced(system)
    made = await system.control("POST", "/import", {"books": {"contacts": [TWIN]}})
    [survivor] = made["books"]["contacts"]
    await system.settle(1)
    await system.control("POST", f"/books/contacts/{survivor}/merge", {"losers": [customer]})
    await system.settle(2)
    await approve(system, "merged in Books")
    return system


async def delete_of_one_that_was_asked_about() -> System:
    """A second customer of Books looks like the Account, which is deleted; the delay is just over."""
    system = await started()
    account, _ = await synced(system)
    await system.control("POST", "/books/contacts", {"contact_name": "Acme Limited"})
    await system.settle(1)
    assert [one["cause"] for one in system.store.cases.holds("main")] == ["match:name only"]
    await system.control("DELETE", f"/crm/Accounts/{account}")
    await system.run(5)
    system.clock.advance(60)
    system.bell.ring("main")
    return system


async def end_of(begin: Callable[[], Awaitable[System]], step: int) -> tuple[bool, Any]:
    """Whether the worker died, and how all stands in the end."""
    system = await begin()
    killer = AtLinks(step)
    system.memory.after = killer
    died = False
    for second in range(12):
        await system.sandbox.outbox.deliver_due()
        if second == 0:
            await system.tick()
        for ring in [] if died else system.bell.take():
            killer.armed = True
            try:
                await system.drain([parse_key(text) for text in ring.keys])
            except Killed:
                died = True
                break
            finally:
                killer.armed = False
        system.clock.advance(1)
    await system.settle(5)
    data = await system.export()
    await system.http.aclose()
    await system.sandbox.outbox.close()
    assert system.judge_history() == []
    links = sorted((row["entity"], row["state"]) for row in system.memory.rows() if row["sk"] == "LINK")
    books = [(one["contact_name"], one["status"], one["website"]) for one in data["books"]["contacts"]]
    mobiles = [one["mobile"] for customer in data["books"]["contacts"] for one in customer["contact_persons"]]
    accounts = sorted((one["Account_Name"], one["Description"]) for one in data["crm"]["Accounts"])
    return died, (
        links,
        sorted(books),
        sorted(mobiles),
        accounts,
        sorted(one["cause"] for one in system.store.cases.holds("main")),
    )


BEGINNINGS = [
    edits_on_both_sides, first_link, merge_in_crm, merge_in_books, delete_of_one_that_was_asked_about, restore,
]  # fmt: skip


@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda one: one.__name__)
async def test_a_worker_that_dies_where_a_link_or_a_hold_is_written_changes_nothing(
    begin: Callable[[], Awaitable[System]],
) -> None:
    """What is held is told all the same, what was asked before is asked no more, and who waited for an end goes on."""
    died, expected = await end_of(begin, 10_000)
    assert not died
    step, died = 0, True
    while died:
        step += 1
        died, shape = await end_of(begin, step)
        assert shape == expected, f"killed after step {step}"
    assert step > 5


async def test_a_question_ends_with_the_create_that_was_looked_up() -> None:
    """Kept apart, the customer gets its own Account by a create without an answer: nothing is asked any more."""
    system = await started()
    prospect = {**ACCOUNT, "Account_Type": "Prospect"}
    books = {"contacts": [{"contact_name": ACCOUNT["Account_Name"]}]}
    await system.control("POST", "/import", {"books": books, "crm": {"Accounts": [prospect]}})
    await system.settle(2)
    [hold] = [one for one in system.store.cases.holds("main") if "/books/" in one["record"]]
    where = {"product": "crm", "match": {"method": "POST", "module": "Accounts"}, "count": 1}
    await system.control("POST", "/faults", {"name": "timeout_after_commit", **where})
    key: RecordKey = parse_key(hold["record"])
    system.store.apart.keep(key, hold["candidates"], system.clock.now())
    system.store.rows.hint(key, RowClass.PERSON, system.clock.now())
    system.bell.ring("main")
    await system.settle(6)
    link = system.store.links.of(key)
    assert link is not None
    assert link.reason == "created, found again after an unknown outcome"
    assert [one["record"] for one in system.store.cases.holds("main") if key.id in one["record"]] == []
    assert key.side is Side.BOOKS
    await system.http.aclose()
    await system.sandbox.outbox.close()
