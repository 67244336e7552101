"""P4, confluence: whatever the order and the batches in which changes are handled, the end is the same."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from tandem.core.outcomes import Waits
from tandem.core.records import RecordKey, RowClass, Side
from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.world import System

NAMES = ("Acme Ltd", "Beta Ltd", "Gamma Ltd")
TWIN = {"Account_Name": "Delta Works", "Account_Type": "Customer"}
MAIL = "one@delta.example"


async def a_town() -> tuple[System, list[RecordKey]]:
    """Three pairs with a person each, edited on both sides; new records, twins and a delete; nobody is told."""
    system = System(settings={"poll_seconds": 86400, "delete_delay_seconds": 1})
    await system.settle(1)
    system.write_mode()
    accounts = [{**ACCOUNT, "Account_Name": name, "Website": None} for name in NAMES]
    made = (await system.control("POST", "/import", {"crm": {"Accounts": accounts}}))["crm"]["Accounts"]
    keys = [RecordKey("main", Side.CRM, "customer", id) for id in made]
    contacts = []
    for id, name in zip(made, NAMES, strict=True):
        person = {**CONTACT, "Email": f"asha@{name[:4].lower()}.example", "Account_Name": {"id": id}}
        contacts.append((await system.control("POST", "/crm/Contacts", person))["id"])
    await tell(system, keys, 10)
    books = {one["contact_name"]: one for one in (await system.export())["books"]["contacts"]}
    customers = [books[name]["contact_id"] for name in NAMES]
    persons = [books[name]["contact_persons"][0]["contact_person_id"] for name in NAMES]

    for number, (account, customer) in enumerate(zip(made, customers, strict=True)):
        await system.control("PATCH", f"/crm/Accounts/{account}", {"Website": f"https://crm{number}.example"})
        both = {"website": f"https://books{number}.example", "notes": f"typed {number}"}
        await system.control("PATCH", f"/books/contacts/{customer}", both)
    await system.control("PATCH", f"/crm/Contacts/{contacts[0]}", {"Title": "CFO"})
    path = f"/books/contacts/{customers[0]}/persons/{persons[0]}"
    await system.control("PATCH", path, {"mobile": "+91 90000 00001"})
    await system.control("DELETE", f"/crm/Accounts/{made[2]}")
    twins = [(await system.control("POST", "/crm/Accounts", TWIN))["id"] for _ in range(2)]
    for twin in twins:
        lookup = {"Account_Name": {"id": twin}}
        contacts.append(
            (await system.control("POST", "/crm/Contacts", {"Last_Name": "One", "Email": MAIL, **lookup}))[
                "id"
            ]
        )
    delta = {"contact_name": "Delta Works", "contact_persons": [{"first_name": "One", "email": MAIL}]}
    new = [delta, {"contact_name": "Epsilon Ltd"}]
    customers += (await system.control("POST", "/import", {"books": {"contacts": new}}))["books"]["contacts"]
    kinds = [(Side.CRM, "customer", made + twins), (Side.CRM, "contact_person", contacts)]
    kinds.append((Side.BOOKS, "customer", customers))
    keys = [RecordKey("main", side, kind, id) for side, kind, ids in kinds for id in ids]
    await listed(system, keys)
    return system, keys


async def listed(system: System, keys: list[RecordKey]) -> None:
    """A poll has seen them all, and none is due yet."""
    system.clock.advance(86400)
    await system.tick()
    for key in keys:
        if row := system.store.rows.take(key):
            later = system.clock.now() + timedelta(days=1)
            system.store.rows.finish(row, Waits("time", later), system.clock.now())


async def tell(system: System, keys: list[RecordKey], batch: int) -> None:
    """So many at once, each batch with a bell of its own."""
    for start in range(0, len(keys), batch):
        for key in keys[start : start + batch]:
            system.store.rows.hint(key, RowClass.LIVE, system.clock.now())
        system.bell.take()
        await system.drain()
        system.clock.advance(3)
    for _ in range(3):
        system.clock.advance(60)
        await system.drain()


async def end_of(order: int) -> Any:
    """The town when all is at rest, told in an order and in batches that a number draws; without ids and times."""
    system, keys = await a_town()
    draw = random.Random(order)
    draw.shuffle(keys)
    await tell(system, keys, draw.choice([1, 2, 5, 50]))
    data = await system.export()
    customers = sorted(
        (one["contact_name"], one["status"], one["website"], one["notes"],
         sorted((p["email"], p["mobile"], p["designation"]) for p in one["contact_persons"]))
        for one in data["books"]["contacts"]
    )  # fmt: skip
    accounts = sorted(
        (one["Account_Name"], one["Website"], one["Description"]) for one in data["crm"]["Accounts"]
    )
    contacts = sorted((one["Email"], one["Title"], one["Mobile"]) for one in data["crm"]["Contacts"])
    held = sorted((hold["cause"], hold["field"], hold["label"]) for hold in system.store.cases.holds("main"))
    await system.http.aclose()
    await system.sandbox.outbox.close()
    assert system.judge_history() == []
    return customers, accounts, contacts, held


@pytest.mark.parametrize("order", range(1, 7))
async def test_in_whatever_order_changes_are_told_the_end_is_the_same(order: int) -> None:
    """Edits of both sides, conflicts, a delete, creates, and two that could be one: nothing hangs on who is first."""
    assert await end_of(order) == await end_of(0)
