"""Items: CRM Products and Books items, in step both ways; what the ledger owns is Books' alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from sandbox.control.edits import crm_edit, item_edit
from tandem.core.records import LinkState, RecordKey, Side
from tandem.engine.reader import READ_LASTS, Reader
from tests.system.sections import ITEMS, NEW_ITEMS, india
from tests.system.world import System

ITEM = {"name": "Steel Bolt M8", "sku": "SB-8", "unit": "box", "rate": 12.5, "hsn_or_sac": "7318"}
PRODUCT = {"Product_Name": "Steel bolt M8, zinc", "Product_Code": "SB-8", "Product_Active": True}


async def started(section: str) -> System:
    """An empty pair of orgs with items in the mapping, both listed once, in write mode."""
    made = System(mapping=india(section))
    await made.subscribe(("Accounts", "Contacts", "Products"))
    await made.settle(2)
    made.write_mode()
    return made


@pytest.fixture
async def system() -> AsyncIterator[System]:
    """Items as a file has them that says nothing more."""
    made = await started(ITEMS)
    yield made
    await made.http.aclose()
    await made.sandbox.outbox.close()


@pytest.fixture
async def creating() -> AsyncIterator[System]:
    """The same where the user asks for items made out of Products."""
    made = await started(NEW_ITEMS)
    yield made
    await made.http.aclose()
    await made.sandbox.outbox.close()


async def items(system: System) -> list[dict[str, Any]]:
    """The items in Books."""
    return list((await system.export())["books"]["items"])


async def products(system: System) -> list[dict[str, Any]]:
    """The Products in CRM."""
    return list((await system.export())["crm"]["Products"])


async def both(system: System) -> tuple[str, str]:
    """An item made in Books and synced; the ids of its Product and its own."""
    id = (await system.control("POST", "/books/items", ITEM))["item_id"]
    await system.settle(3)
    [made] = await products(system)
    return made["id"], id


def link_of(system: System, side: Side, id: str) -> Any:
    """The link of one record."""
    return system.store.links.of(RecordKey("main", side, "item", id))


async def test_an_item_made_in_books_is_in_crm_once(system: System) -> None:
    """With what Books owns; its echo writes nothing."""
    crm, books = await both(system)
    made = await system.crm_record("Products", crm)
    assert (made["Product_Name"], made["Product_Code"], made["Usage_Unit"]) == (
        "Steel Bolt M8",
        "SB-8",
        "Box",
    )
    assert (made["Unit_Price"], made["HSN_SAC"], made["Product_Active"]) == (12.5, "7318", True)
    assert made["Books_Item_ID"] == books
    before = system.seq
    await system.settle(3)
    assert system.writes(before) == []
    assert link_of(system, Side.BOOKS, books).crm_id == crm


async def test_a_product_is_not_made_in_books_unless_the_user_asks(system: System) -> None:
    """It is left out with a reason; nothing is written."""
    before = system.seq
    await system.control("POST", "/crm/Products", PRODUCT)
    await system.settle(3)
    assert await items(system) == []
    assert system.writes(before) == []


async def test_a_product_is_made_in_books_once_where_the_user_asks(creating: System) -> None:
    """With its stamp, and the constant that Books demands; an inactive one is left out."""
    id = (await creating.control("POST", "/crm/Products", PRODUCT))["id"]
    gone = {"Product_Name": "Old part", "Product_Code": "OLD", "Product_Active": False}
    await creating.control("POST", "/crm/Products", gone)
    await creating.settle(4)
    [made] = await items(creating)
    assert (made["name"], made["sku"], made["rate"]) == (PRODUCT["Product_Name"], "SB-8", 0)
    assert {one["api_name"]: one["value"] for one in made["custom_fields"]}["cf_crm_product_id"] == id


async def test_a_price_of_crm_outlives_the_create_in_books(creating: System) -> None:
    """The constant is for a Product without a price: it never goes back over one that stands in CRM."""
    id = (await creating.control("POST", "/crm/Products", {**PRODUCT, "Unit_Price": 500}))["id"]
    await creating.settle(4)
    assert [made["rate"] for made in await items(creating)] == [500]
    assert (await creating.crm_record("Products", id))["Unit_Price"] == 500
    before = creating.seq
    await creating.control("PATCH", f"/crm/Products/{id}", {"Unit_Price": 600})
    await creating.settle(3)
    assert (await creating.crm_record("Products", id))["Unit_Price"] == 500
    assert {call["endpoint"] for call in creating.writes(before)} == {"PUT /crm/v8/{module}/{id}"}


async def test_a_product_made_inactive_during_its_create_is_so_in_books(creating: System) -> None:
    """A new item is active, as the Product was: that is agreed with the create, or a person would be asked."""
    id = (await creating.control("POST", "/crm/Products", PRODUCT))["id"]
    edited: list[str] = []

    def edit(verb: str, argument: object) -> None:
        """Somebody edits between our read and our create: just before its intent is written."""
        if verb == "put" and not edited and "INTENT#" in str(argument):
            edited.append(id)
            crm_edit(creating.sandbox, {"module": "Products", "id": id}, {"Product_Active": False})

    creating.memory.before = edit
    await creating.settle(3)
    assert edited == [id]
    assert [made["status"] for made in await items(creating)] == ["inactive"]
    assert creating.store.cases.holds("main") == []


@pytest.mark.parametrize("told", [True, False])
async def test_an_edit_on_either_side_is_on_the_other_once(system: System, told: bool) -> None:
    """Whether its webhook comes or the feed finds it; custom fields too."""
    crm, books = await both(system)
    if not told:
        await system.control("POST", "/faults", {"name": "drop_notification", "count": 100})
    before = system.seq
    await system.control("PATCH", f"/crm/Products/{crm}", {"Description": "zinc", "Grade": "8.8"})
    await system.settle(3)
    await system.control("PATCH", f"/books/items/{books}", {"unit": "pcs"})
    await system.settle(3)
    [made] = await items(system)
    assert made["description"] == "zinc"
    assert {one["api_name"]: one["value"] for one in made["custom_fields"]}["cf_grade"] == "8.8"
    assert (await system.crm_record("Products", crm))["Usage_Unit"] == "Numbers"
    endpoints = [call["endpoint"] for call in system.writes(before)]
    assert endpoints == ["PUT /books/v3/items/{id}", "PUT /crm/v8/{module}/{id}"]


async def test_where_books_demands_name_and_rate_an_update_is_held_with_its_words(system: System) -> None:
    """As long as the setting does not say so: Books has no lock, and a rate changed meanwhile would be undone."""
    crm, _ = await both(system)
    await system.control("PUT", "/switches", {"item_put_partial": False})
    await system.control("PATCH", f"/crm/Products/{crm}", {"Description": "zinc"})
    await system.settle(3)
    [hold] = system.store.cases.holds("main")
    assert "Books says: Invalid value passed for name" in hold["sentence"]
    assert [item["description"] for item in await items(system)] == [""]


@pytest.mark.parametrize("partial", [True, False])
async def test_an_update_carries_name_and_rate_where_the_setting_says_so(
    creating: System, partial: bool
) -> None:
    """As they were read, seconds before: a price of Books' own stays, whichever of the two Books does."""
    creating.configure(books_items_whole=True)
    await creating.control("PUT", "/switches", {"item_put_partial": partial})
    crm, books = await both(creating)
    await creating.control("PATCH", f"/books/items/{books}", {"rate": 13.25, "name": "Steel Bolt M8, new"})
    await creating.control("PATCH", f"/crm/Products/{crm}", {"Description": "zinc", "Grade": "8.8"})
    await creating.settle(3)
    before = creating.seq
    await creating.control("PATCH", f"/crm/Products/{crm}", {"Description": "steel"})
    await creating.settle(3)
    [made] = await items(creating)
    assert (made["description"], made["rate"], made["name"]) == ("steel", 13.25, "Steel Bolt M8, new")
    [write] = [call for call in creating.writes(before) if call["product"] == "books"]
    assert set(write["request_body"]) == {"name", "rate", "description"}
    assert creating.store.cases.holds("main") == []
    await creating.control("PATCH", f"/crm/Products/{crm}", {"Product_Active": False})
    await creating.settle(3)
    assert [item["status"] for item in await items(creating)] == ["inactive"]


async def test_a_price_edited_long_after_the_read_is_not_undone(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is carried is ten seconds old at most: an item read longer ago is read again before it is written."""
    system.configure(books_items_whole=True)
    await system.control("PUT", "/switches", {"item_put_partial": False})
    crm, books = await both(system)
    load = Reader.load_books
    edited: list[Any] = []

    async def slow(self: Reader, entity: str, ids: Iterable[str]) -> None:
        """Somebody edits the price after the round's read, and the round goes on much later."""
        await load(self, entity, wanted := list(ids))
        if books in wanted and not edited:
            edited.append(item_edit(system.sandbox, {"id": books}, {"rate": 99}))
            system.clock.advance(READ_LASTS.total_seconds() + 1)

    monkeypatch.setattr(Reader, "load_books", slow)
    await system.control("PATCH", f"/crm/Products/{crm}", {"Description": "zinc"})
    await system.settle(3)
    [made] = await items(system)
    assert (made["description"], made["rate"]) == ("zinc", 99)
    assert edited


async def test_an_item_on_both_sides_is_linked_by_its_sku(system: System) -> None:
    """Whatever their names: those are held as two values."""
    books = (await system.control("POST", "/books/items", ITEM))["item_id"]
    id = (await system.control("POST", "/crm/Products", PRODUCT))["id"]
    await system.settle(3)
    assert link_of(system, Side.CRM, id).books_id == books
    assert (await system.crm_record("Products", id))["Unit_Price"] == 12.5
    assert (len(await items(system)), len(await products(system))) == (1, 1)


async def test_a_name_alone_is_held(system: System) -> None:
    """It only scores: a person decides."""
    await system.control("POST", "/crm/Products", {"Product_Name": ITEM["name"]})
    books = (await system.control("POST", "/books/items", ITEM))["item_id"]
    await system.settle(3)
    assert link_of(system, Side.BOOKS, books) is None
    assert len(await products(system)) == 1


async def test_what_books_owns_is_put_back_in_crm(system: System) -> None:
    """A price typed in CRM goes back; Books' own change travels; nothing of it is ever written in Books."""
    crm, books = await both(system)
    before = system.seq
    await system.control("PATCH", f"/crm/Products/{crm}", {"Unit_Price": 99, "HSN_SAC": "0000"})
    await system.settle(3)
    made = await system.crm_record("Products", crm)
    assert (made["Unit_Price"], made["HSN_SAC"]) == (12.5, "7318")
    await system.control("PATCH", f"/books/items/{books}", {"rate": 14})
    await system.settle(3)
    assert (await system.crm_record("Products", crm))["Unit_Price"] == 14
    assert {call["endpoint"] for call in system.writes(before)} == {"PUT /crm/v8/{module}/{id}"}


async def test_a_code_typed_while_its_create_is_not_known_yet_is_put_back(system: System) -> None:
    """That both sides were blank is agreed by a create that was looked up too, as by an answered one (seed 16)."""
    where = {"product": "crm", "match": {"method": "POST", "module": "Products"}, "count": 1}
    await system.control("POST", "/faults", {"name": "timeout_after_commit", **where})
    books = (await system.control("POST", "/books/items", {**ITEM, "hsn_or_sac": ""}))["item_id"]
    await system.run(3)
    [made] = await products(system)
    assert link_of(system, Side.BOOKS, books) is None
    await system.control("PATCH", f"/crm/Products/{made['id']}", {"HSN_SAC": "0000"})
    await system.settle(6)
    assert link_of(system, Side.BOOKS, books).reason == "created, found again after an unknown outcome"
    assert not (await system.crm_record("Products", made["id"]))["HSN_SAC"]


async def test_the_active_state_travels_both_ways(system: System) -> None:
    """By Books' own call, with other fields of the same edit in a call beside it; the link lives on."""
    crm, books = await both(system)
    before = system.seq
    await system.control("PATCH", f"/crm/Products/{crm}", {"Product_Active": False, "Description": "ended"})
    await system.settle(3)
    [made] = await items(system)
    assert (made["status"], made["description"]) == ("inactive", "ended")
    wrote = sorted(call["endpoint"] for call in system.writes(before))
    assert wrote == ["POST /books/v3/items/{id}/inactive", "PUT /books/v3/items/{id}"]
    await system.control("POST", f"/books/items/{books}/active")
    await system.settle(3)
    assert (await system.crm_record("Products", crm))["Product_Active"] is True
    assert link_of(system, Side.BOOKS, books).state is LinkState.LIVE


async def test_an_item_made_inactive_is_found_though_nothing_tells_and_its_time_does_not_move(
    system: System,
) -> None:
    """A lost webhook costs only time: the list shows the state, whatever the time says."""
    crm, books = await both(system)
    system.clock.advance(60)
    await system.settle(2)
    await system.control("PUT", "/switches", {"inactive_moves_time": False})
    for fault in ("crm", "books"):
        await system.control("POST", "/faults", {"name": "drop_notification", "product": fault})
    await system.control("POST", f"/books/items/{books}/inactive")
    await system.settle(3)
    assert (await system.crm_record("Products", crm))["Product_Active"] is False


async def test_an_item_inactive_on_both_sides_is_linked_by_its_sku(system: System) -> None:
    """Its state is a value like others, no reason against a link."""
    books = (await system.control("POST", "/books/items", ITEM))["item_id"]
    await system.control("POST", f"/books/items/{books}/inactive")
    product = {**PRODUCT, "Product_Name": ITEM["name"], "Product_Active": False}
    id = (await system.control("POST", "/crm/Products", product))["id"]
    await system.settle(3)
    assert link_of(system, Side.CRM, id).books_id == books


async def test_a_product_deleted_in_crm_is_inactive_in_books_and_comes_back(system: System) -> None:
    """After the delay; a restore revives the link."""
    crm, books = await both(system)
    await system.control("DELETE", f"/crm/Products/{crm}")
    await system.settle(4)
    assert [one["status"] for one in await items(system)] == ["inactive"]
    await system.control("POST", f"/crm/Products/{crm}/restore")
    await system.settle(4)
    assert [one["status"] for one in await items(system)] == ["active"]
    assert link_of(system, Side.BOOKS, books).state is LinkState.LIVE


@pytest.mark.parametrize("policy", ["keep", "hold"])
async def test_a_delete_follows_its_policy(policy: str) -> None:
    """`keep` ends the link and leaves the item, `hold` leaves both."""
    system = await started(ITEMS.replace("    fields:\n", f"    delete: {policy}\n    fields:\n", 1))
    crm, books = await both(system)
    await system.control("DELETE", f"/crm/Products/{crm}")
    await system.settle(4)
    assert [one["status"] for one in await items(system)] == ["active"]
    state = LinkState.TOMBSTONE if policy == "keep" else LinkState.LIVE
    assert link_of(system, Side.BOOKS, books).state is state
    await system.http.aclose()
    await system.sandbox.outbox.close()


async def test_an_item_deleted_in_books_leaves_the_product(system: System) -> None:
    """The link ends once a read says so; nothing is made again."""
    crm, books = await both(system)
    await system.control("DELETE", f"/books/items/{books}")
    await system.control("PATCH", f"/crm/Products/{crm}", {"Description": "still here"})
    await system.settle(3)
    assert link_of(system, Side.BOOKS, books).state is LinkState.TOMBSTONE
    assert (len(await items(system)), len(await products(system))) == (0, 1)


async def test_what_a_restored_table_holds_of_an_item_is_asked_once(system: System) -> None:
    """The list shows every item at each poll; one whose question is open is not read again for it."""
    crm, _books = await both(system)
    backup = system.memory.rows()
    for fault in ("crm", "books"):
        await system.control("POST", "/faults", {"name": "drop_notification", "product": fault})
    await system.control("DELETE", f"/crm/Products/{crm}")
    system.restore(backup)
    await system.settle(5)
    assert [hold["cause"] for hold in system.store.cases.holds("main")] == ["deleted, state restored"]
    before = system.seq
    await system.settle(3)
    read = [call for call in system.calls(before) if call["endpoint"] == "GET /books/v3/items/{id}"]
    assert read == []
