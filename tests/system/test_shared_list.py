"""Customers and vendors stand in one list of Books: a page of it is read once for both (design, section 5)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tandem.adapters.zoho import books as books_module
from tandem.core.records import RecordKey, Side
from tests.system.conftest import ACCOUNT
from tests.system.test_vendors import VENDOR
from tests.system.test_vendors import system as with_vendors
from tests.system.world import System

CROWD = 50
PAGE, READ = "GET /books/v3/contacts", "GET /books/v3/contacts/{id}"
PUT, POST = "PUT /books/v3/contacts/{id}", "POST /books/v3/contacts"
CRM_QUERY, CRM_GONE = "POST /crm/v8/coql", "GET /crm/v8/{module}/deleted"

system = with_vendors


def books_calls(system: System, since: int) -> dict[str, int]:
    """Calls to Books by endpoint."""
    made = (str(call["endpoint"]) for call in system.calls(since) if call["product"] == "books")
    return dict(Counter(made))


@pytest.fixture
async def town(system: System) -> System:
    """Some customers and fifty vendors, linked and at rest."""
    system.configure(books_per_minute=100)
    accounts = [{**ACCOUNT, "Account_Name": f"Buyer {n}", "Website": None} for n in range(3)]
    vendors = [
        {**VENDOR, "Vendor_Name": f"Mill {n}", "Email": f"m{n}@mill{n}.example", "Website": None}
        for n in range(CROWD)
    ]
    await system.control("POST", "/import", {"crm": {"Accounts": accounts, "Vendors": vendors}})
    await system.settle(9)
    assert system.store.rows.pending("main") == 0
    system.clock.advance(120)
    return system


async def silent(system: System) -> None:
    """No webhook arrives: what comes, comes with the tick."""
    await system.control("POST", "/faults", {"name": "drop_notification", "product": "books", "count": 100})


async def edit(system: System, name: str, **changes: Any) -> str:
    """A Books contact of that name is edited; its id."""
    found = [c for c in (await system.export())["books"]["contacts"] if c["contact_name"] == name]
    await system.control("PATCH", f"/books/contacts/{found[0]['contact_id']}", changes)
    return str(found[0]["contact_id"])


def due(system: System) -> set[tuple[str, str]]:
    """Entity and id of the Books rows that are due."""
    keys = system.store.rows.due("main", system.clock.now(), 200)
    return {(key.entity, key.id) for key in keys if key.side is Side.BOOKS}


def move(system: System, entity: str, **changes: Any) -> None:
    """A feed of Books is set to another place."""
    cursor = system.store.cursors.read("main", f"books#{entity}")
    assert system.store.cursors.move("main", replace(cursor, **changes))


async def test_a_quiet_tick_reads_one_page_for_both(town: System) -> None:
    """Budget: CRM a query and a look at deleted records per module, Books 1."""
    town.clock.advance(600)
    before = town.seq
    await town.tick()
    made = Counter(str(call["endpoint"]) for call in town.calls(before) if call["product"] != "accounts")
    assert made == {CRM_QUERY: 3, CRM_GONE: 3, PAGE: 1}


async def test_each_row_is_dealt_to_its_own_entity(town: System) -> None:
    """Edits of one of each that no webhook told, found on one page."""
    await silent(town)
    customer = await edit(town, "Buyer 1", notes="typed")
    vendor = await edit(town, "Mill 7", notes="typed")
    town.clock.advance(600)
    before = town.seq
    await town.tick()
    assert due(town) == {("customer", customer), ("vendor", vendor)}
    assert books_calls(town, before) == {PAGE: 1}


async def test_a_row_without_a_type_is_a_customer(town: System) -> None:
    """As before there were vendors in the mapping."""
    await silent(town)
    customer, vendor = await edit(town, "Buyer 1", notes="typed"), await edit(town, "Mill 7", notes="typed")
    town.clock.advance(600)
    real = books_module.BooksClient.changed

    async def untold(self: Any, *args: Any, **more: Any) -> Any:
        page = await real(self, *args, **more)
        bodies = [{k: v for k, v in body.items() if k != "contact_type"} for body in page.bodies]
        return replace(page, bodies=bodies)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(books_module.BooksClient, "changed", untold)
        await town.tick()
    assert {id for entity, id in due(town) if entity == "customer"} >= {customer, vendor}
    assert not [id for entity, id in due(town) if entity == "vendor"]


async def test_feeds_whose_times_differ_are_polled_together(town: System) -> None:
    """The second costs nothing: it need not wait for its own time, and has one with the first from then on."""
    town.clock.advance(600)
    move(town, "vendor", due=town.clock.now() + timedelta(hours=1))
    before = town.seq
    await town.tick()
    assert books_calls(town, before) == {PAGE: 1}
    dues = {town.store.cursors.read("main", f"books#{entity}").due for entity in ("customer", "vendor")}
    assert len(dues) == 1
    before = town.seq
    await town.tick()
    assert books_calls(town, before) == {}


async def test_the_list_is_read_down_to_what_the_older_of_both_knows(town: System, monkeypatch: Any) -> None:
    """Pages of 10: the customers' end is in sight on the first, the vendors' further down; each page once."""
    monkeypatch.setattr(books_module, "PER_PAGE", 10)
    town.clock.advance(600)
    mark = town.store.cursors.read("main", "books#vendor").mark
    assert mark is not None
    move(town, "vendor", mark=mark - timedelta(days=1))
    before = town.seq
    await town.tick()
    assert books_calls(town, before) == {PAGE: 6}, "53 contacts"


async def test_a_listing_of_one_that_stopped_within_begins_again_in_the_common_one(town: System) -> None:
    """A place in the list of vendors is none in that of both; nor the other way round."""
    await silent(town)
    vendor = await edit(town, "Mill 7", notes="typed")
    town.clock.advance(600)
    move(town, "vendor", next="2", rising=town.clock.now())
    before = town.seq
    await town.tick()
    assert books_calls(town, before) == {PAGE: 1}
    assert ("vendor", vendor) in due(town)
    await town.settle(2)
    customer = await edit(town, "Buyer 1", notes="typed again")
    town.clock.advance(600)
    move(town, "customer", next="contacts:2", rising=town.clock.now())
    move(town, "vendor", mark=None, next=None)
    await town.tick()
    assert ("customer", customer) in due(town)


async def test_a_common_listing_goes_on_where_it_stopped(town: System, monkeypatch: Any) -> None:
    """Pages of 20, one a tick: both go on beside each other, and no edit is lost."""
    monkeypatch.setattr(books_module, "PER_PAGE", 20)
    await silent(town)
    names = {f"Buyer {n}": "customer" for n in range(3)} | {f"Mill {n}": "vendor" for n in range(CROWD)}
    edited = {(entity, await edit(town, name, notes="typed")) for name, entity in names.items()}
    town.clock.advance(600)
    before = town.seq
    for _ in range(3):
        await town.ticker.tick(town.clock.now())
    assert books_calls(town, before) == {PAGE: 3}
    assert due(town) == edited
    assert town.store.cursors.read("main", "books#vendor").next is None


async def test_a_change_after_the_common_page_is_told_by_the_next(town: System) -> None:
    """The second feed's mark is the time when the page was asked for, not its own turn's."""
    await silent(town)
    town.configure(overlap_seconds=0)
    town.clock.advance(600)
    real = books_module.BooksClient.changed
    changed: list[str] = []

    async def then_edited(self: Any, *args: Any, **more: Any) -> Any:
        page = await real(self, *args, **more)
        if not changed:
            town.clock.advance(5)
            changed.append(await edit(town, "Mill 7", notes="typed"))
            town.clock.advance(5)
        return page

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(books_module.BooksClient, "changed", then_edited)
        await town.tick()
    town.clock.advance(600)
    await town.tick()
    assert ("vendor", changed[0]) in due(town)


async def test_fifty_edits_of_vendors_in_crm_cost_one_page_and_their_writes(town: System) -> None:
    """Budget: CRM 1 read, Books 1 version page + 50 writes."""
    before = town.seq
    for vendor in (await town.export())["crm"]["Vendors"]:
        site = {"Website": f"https://{vendor['id']}.example"}
        await town.control("PATCH", f"/crm/Vendors/{vendor['id']}", site)
    for _ in range(2):
        for _ in range(4):
            await town.sandbox.outbox.deliver_due()
            town.clock.advance(1)
        town.bell.take()
        await town.drain()
    made = Counter(str(call["endpoint"]) for call in town.calls(before) if call["product"] != "accounts")
    assert made == {"GET /crm/v8/{module}": 1, PAGE: 1, PUT: CROWD}
    town.judge()


async def test_fifty_new_vendors_cost_one_look_at_the_list_that_edits_use_too(town: System) -> None:
    """Before creates, what changed since the cursor is looked at once, for customers and vendors together."""
    before = town.seq
    for number in range(5):
        body = {**VENDOR, "Vendor_Name": f"New mill {number}", "Email": None, "Website": None}
        await town.control("POST", "/crm/Vendors", body)
        await town.control(
            "POST", "/crm/Accounts", {**ACCOUNT, "Account_Name": f"New buyer {number}", "Website": None}
        )
    await town.run(10)
    made = books_calls(town, before)
    assert (made[PAGE], made[POST], made.get(READ)) == (1, 10, None)
    town.judge()


async def test_a_vendor_edited_since_is_read_before_it_is_written(town: System) -> None:
    """Its webhook was lost: the page shows another version; what gives way is kept."""
    await silent(town)
    await edit(town, "Mill 7", website="https://typed.example")
    town.clock.advance(5)
    vendors = {v["Vendor_Name"]: v["id"] for v in (await town.export())["crm"]["Vendors"]}
    before = town.seq
    for name in ("Mill 7", "Mill 8"):
        await town.control("PATCH", f"/crm/Vendors/{vendors[name]}", {"Website": "https://crm.example"})
    for _ in range(3):
        await town.sandbox.outbox.deliver_due()
        town.clock.advance(1)
    town.bell.take()
    await town.drain()
    assert books_calls(town, before) == {PAGE: 1, READ: 1, PUT: 2}
    replaced = [entry["before"].get("website") for entry in town.history() if entry["kind"] == "write"]
    assert "https://typed.example" in replaced
    link = town.store.links.of(RecordKey("main", Side.CRM, "vendor", vendors["Mill 7"]))
    assert link is not None
