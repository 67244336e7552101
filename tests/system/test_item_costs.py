"""What items cost: many that are due at once are read several a call, and a list of many pages is read whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tandem.core.cost import costs
from tandem.core.mapping import load_mapping, preset
from tandem.core.records import LinkState, RecordKey, Side
from tests.engine.test_budgets import CRM_PUT, CRM_READ, batch, calls
from tests.system.sections import ITEMS, NEW_ITEMS, india
from tests.system.test_costs import calls_in
from tests.system.world import System

CROWD = 60
LIST, READ, SEVERAL = "GET /books/v3/items", "GET /books/v3/items/{id}", "GET /books/v3/itemdetails"
PUT, POST, INACTIVE = "PUT /books/v3/items/{id}", "POST /books/v3/items", "POST /books/v3/items/{id}/inactive"
CRM_POST = "POST /crm/v8/{module}"


@dataclass
class Shop:
    """Sixty items on both sides, at rest, with room for a burst of calls."""

    system: System
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """(Product, item)."""

    async def fill(self, count: int = CROWD) -> None:
        """Items of Books become Products."""
        items = [item(number) for number in range(count)]
        made = await self.system.control("POST", "/import", {"books": {"items": items}})
        await self.system.settle(6)
        links = [
            self.system.store.links.of(RecordKey("main", Side.BOOKS, "item", id))
            for id in made["books"]["items"]
        ]
        self.pairs = [(link.crm_id, link.books_id) for link in links if link is not None]
        assert len(self.pairs) == count
        self.system.clock.advance(120)

    async def edit_crm(self, count: int, **values: Any) -> None:
        """A user edits Products one after the other."""
        for number, (product, _) in enumerate(self.pairs[:count]):
            own = {name: f"{value} {number}" for name, value in values.items()}
            await self.system.control("PATCH", f"/crm/Products/{product}", own)

    async def edit_books(self, count: int) -> None:
        """A user edits items one after the other."""
        for number, (_, id) in enumerate(self.pairs[:count]):
            await self.system.control("PATCH", f"/books/items/{id}", {"description": f"edited {number}"})


def item(number: int) -> dict[str, Any]:
    """One of many."""
    return {"name": f"Bolt M{number:04}", "sku": f"M{number:04}", "rate": number}


async def shop_of(section: str, **settings: Any) -> Shop:
    """An empty pair of orgs with items in the mapping, listed, in write mode."""
    system = System(
        mapping=india(section), settings={"books_per_minute": 100, "mass_change_records": 0, **settings}
    )
    await system.subscribe(("Accounts", "Contacts", "Products"))
    await system.settle(2)
    system.write_mode()
    return Shop(system)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """The sixty."""
    made = await shop_of(ITEMS)
    await made.fill()
    yield made
    await made.system.http.aclose()
    await made.system.sandbox.outbox.close()


async def test_many_edits_of_crm_cost_one_read_of_books_for_fifty(shop: Shop) -> None:
    """And a write each; the echoes, told by webhooks, cost nothing."""
    before = shop.system.seq
    await shop.edit_crm(50, Description="edited")
    await batch(shop.system)
    assert calls(shop.system, before) == {CRM_READ: 1, SEVERAL: 1, PUT: 50}


async def test_many_edits_of_books_found_by_the_list_cost_one_read_for_fifty(shop: Shop) -> None:
    """Sixty edits whose webhooks were lost: two rounds, each with one read of either side."""
    await shop.system.control("POST", "/faults", {"name": "drop_notification", "count": 1000})
    await shop.edit_books(60)
    shop.system.clock.advance(5)
    before = shop.system.seq
    await shop.system.tick()
    listed = calls(shop.system, before)
    assert listed[LIST] == 1
    before = shop.system.seq
    await shop.system.drain()
    assert calls(shop.system, before) == {SEVERAL: 2, CRM_READ: 2, CRM_PUT: 60}


async def test_two_items_are_read_one_by_one(shop: Shop) -> None:
    """A call for several is tried from three on."""
    before = shop.system.seq
    await shop.edit_crm(2, Description="edited")
    await batch(shop.system)
    assert calls(shop.system, before) == {CRM_READ: 1, READ: 2, PUT: 2}


@pytest.mark.parametrize(
    "switch", [{"item_details_shows": "documented"}, {"item_details_missing": "refused"}], ids=str
)
async def test_what_several_in_one_read_do_not_show_is_read_alone(shop: Shop, switch: dict[str, str]) -> None:
    """Few keys, or a call refused for the one that is gone: one call more, and every edit arrives."""
    await shop.system.control("PUT", "/switches", switch)
    _, gone = shop.pairs[3]
    await shop.system.control("DELETE", f"/books/items/{gone}")
    before = shop.system.seq
    await shop.edit_crm(10, Description="edited")
    await batch(shop.system)
    assert calls(shop.system, before) == {CRM_READ: 1, SEVERAL: 1, READ: 10, PUT: 9}
    told = {one["item_id"]: one["description"] for one in (await shop.system.export())["books"]["items"]}
    edited = [told[id] for _, id in shop.pairs[:10] if id != gone]
    assert edited == [f"edited {number}" for number in range(10) if number != 3]


async def test_one_that_several_do_not_show_is_looked_for_before_its_link_ends(shop: Shop) -> None:
    """An id that is left out proves nothing; its own GET does."""
    product, gone = shop.pairs[3]
    await shop.system.control("DELETE", f"/books/items/{gone}")
    before = shop.system.seq
    await shop.edit_crm(10, Description="edited")
    await batch(shop.system)
    assert calls(shop.system, before) == {CRM_READ: 1, SEVERAL: 1, READ: 1, PUT: 9}
    link = shop.system.store.links.of(RecordKey("main", Side.CRM, "item", product))
    assert link is not None
    assert link.state is LinkState.TOMBSTONE


async def test_items_made_in_books_cost_a_read_for_fifty_and_a_create_each(shop: Shop) -> None:
    """Found by the list, which the tick reads whole."""
    await shop.system.control(
        "POST", "/import", {"books": {"items": [item(number) for number in range(100, 120)]}}
    )
    shop.system.clock.advance(5)
    await shop.system.tick()
    before = shop.system.seq
    await shop.system.drain()
    found = calls(shop.system, before)
    assert (found[SEVERAL], found[CRM_POST], found.get(READ, 0)) == (1, 20, 0)


async def test_products_made_in_books_cost_a_create_and_a_stamp_each() -> None:
    """Where the user asks for them: a look at the list before, and one read of either side for all ten echoes."""
    shop = await shop_of(NEW_ITEMS)
    products = [
        {"Product_Name": f"Nut {n}", "Product_Code": f"N{n}", "Product_Active": True} for n in range(10)
    ]
    await shop.system.control("POST", "/import", {"crm": {"Products": products}})
    shop.system.clock.advance(5)
    await shop.system.tick()
    before = shop.system.seq
    await shop.system.drain()
    assert calls(shop.system, before) == {CRM_READ: 2, LIST: 1, POST: 10, CRM_PUT: 10, SEVERAL: 1}
    await shop.system.http.aclose()
    await shop.system.sandbox.outbox.close()


def test_the_check_says_these_prices() -> None:
    """What `tandem mapping check` tells of a mapping with items is what was counted above."""
    told = {cost.flow: cost for cost in costs(load_mapping(india(ITEMS)))}
    edits, found = told["n edits of items in CRM"], told["n edits of items in Books, found by the list"]
    assert (calls_in(edits.crm, 50), calls_in(edits.books, 50)) == (1, 51)
    assert (calls_in(found.crm, 60), calls_in(found.books, 60)) == (64, 2)
    assert calls_in(told["list of n items, as many times rarer as it has pages"].books, LAST + 1) == 3
    assert "item" not in " ".join(cost.flow for cost in costs(preset("india")))


# --- a list of several pages ---------------------------------------------------------------------------------

FEW_OF_MANY = ITEMS.replace("    fields:\n", "    create_in_crm_when: {unit: [box]}\n    fields:\n", 1)
LAST = 409


@pytest.fixture
async def store() -> AsyncIterator[Shop]:
    """410 items, three pages; only the first and the last of them are Products. No webhook tells of an item."""
    made = await shop_of(FEW_OF_MANY)
    items = [item(number) | {"unit": "box" if number in (0, LAST) else "pcs"} for number in range(LAST + 1)]
    await made.system.control("POST", "/import", {"books": {"items": items}})
    await made.system.settle(8)
    made.pairs = [
        (product["id"], product["Books_Item_ID"])
        for product in (await made.system.export())["crm"]["Products"]
    ]
    assert len(made.pairs) == 2
    await made.system.control("POST", "/faults", {"name": "drop_notification", "count": 1000})
    yield made
    await made.system.http.aclose()
    await made.system.sandbox.outbox.close()


async def next_listing(system: System, deadline: int = 120) -> int:
    """The tick at which items are due, some minutes ahead; how many pages it read."""
    for _ in range(5):
        before = system.seq
        await system.ticker.tick(system.clock.now() + timedelta(seconds=deadline))
        if pages := calls(system, before).get(LIST, 0):
            return pages
        system.clock.advance(60)
    return 0


async def description(shop: Shop, number: int) -> str:
    """What CRM says of a Product."""
    return str((await shop.system.crm_record("Products", shop.pairs[number][0]))["Description"])


async def test_a_list_of_three_pages_is_read_to_its_end_and_a_third_as_often(store: Shop) -> None:
    """An edit on the last page is found; after that the list rests for three polls."""
    system = store.system
    await next_listing(system)
    await system.control("PATCH", f"/books/items/{store.pairs[1][1]}", {"description": "on the last page"})
    system.clock.advance(60)
    assert await next_listing(system) == 3
    await system.run(60)
    assert await description(store, 1) == "on the last page"
    before = system.seq
    await system.settle(2)
    assert LIST not in calls(system, before)
    await system.settle(1)
    assert calls(system, before)[LIST] == 3


async def test_a_tick_whose_time_is_over_goes_on_at_the_next_page(store: Shop) -> None:
    """Nothing that was read is read again, and what comes later is found."""
    system = store.system
    await next_listing(system)
    await system.control("PATCH", f"/books/items/{store.pairs[1][1]}", {"description": "after a break"})
    system.clock.advance(60)
    assert await next_listing(system, deadline=10) == 1
    await system.run(60)
    assert await description(store, 1) != "after a break"
    assert await next_listing(system) == 2
    await system.run(60)
    assert await description(store, 1) == "after a break"


async def test_an_item_renamed_to_a_page_that_was_read_is_found_by_the_next_listing(store: Shop) -> None:
    """It stands nowhere in what is left of this one; then its time is older than the mark, and it is looked at."""
    system = store.system
    await next_listing(system)
    system.clock.advance(60)
    assert await next_listing(system, deadline=10) == 1
    change = {"name": "A bolt", "description": "renamed"}
    await system.control("PATCH", f"/books/items/{store.pairs[1][1]}", change)
    system.clock.advance(60)
    assert await next_listing(system) == 2
    await system.run(60)
    assert await description(store, 1) != "renamed"
    assert await next_listing(system) == 3
    await system.run(60)
    assert await description(store, 1) == "renamed"
