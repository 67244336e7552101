"""A CRM lookup to a linked record of any kind, and the id that Books keeps of it: both ways, and while one waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import yaml

from tandem.core.records import RecordKey, RowClass, Side
from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.sections import NEW_ITEMS, VENDORS, india
from tests.system.test_crashes import Killed, Killer
from tests.system.test_vendors import VENDOR
from tests.system.world import System

FIELD = {"crm": "Agent", "books": "cf_agent", "converter": "lookup"}
Start = Callable[..., Awaitable[System]]


@pytest.fixture(params=["lookup", "string"])
async def start(request: pytest.FixtureRequest) -> AsyncIterator[Start]:
    """Starts a system whose Accounts lead to others; Books keeps that in a lookup field, or in a text."""
    made: list[System] = []

    async def begin(entity: str = "customer") -> System:
        if (entity, request.param) == ("contact_person", "lookup"):
            pytest.skip("no lookup of Books leads to contact persons")
        mapping = yaml.safe_load(india(VENDORS, NEW_ITEMS))
        mapping["entities"]["customer"]["fields"]["agent"] = {**FIELD, "args": {"entity": entity}}
        system = System(mapping=yaml.safe_dump(mapping))
        made.append(system)
        lookup = {"data_type": "lookup", "lookup": mapping["entities"][entity]["crm_module"]}
        await system.control(
            "POST", "/fields", {"product": "crm", "module": "Accounts", "api_name": "Agent", **lookup}
        )
        leads_to = "item" if entity == "item" else "contact"
        books = {"product": "books", "api_name": "cf_agent", "data_type": request.param, "lookup": leads_to}
        await system.control("POST", "/fields", books)
        await system.subscribe(("Accounts", "Contacts", "Vendors", "Products"))
        await system.settle(2)
        system.write_mode()
        return system

    yield begin
    for system in made:
        await system.http.aclose()
        await system.sandbox.outbox.close()


async def account(system: System, name: str, **more: Any) -> str:
    """A user makes an Account, and it is synced."""
    body = {**ACCOUNT, "Account_Name": name, "Website": f"https://{name.casefold()}.example", **more}
    made = await system.control("POST", "/crm/Accounts", body)
    await system.run(12)
    return str(made["id"])


async def edit(system: System, id: str, value: Any) -> None:
    """A user points an Account to another one, and it is synced."""
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Agent": value})
    await system.run(12)


def of(system: System, id: str, entity: str = "customer") -> str:
    """The id of the Books contact that a CRM record is linked with."""
    link = system.store.links.of(RecordKey("main", Side.CRM, entity, id))
    assert link is not None
    return link.books_id


async def agent(system: System, account: str) -> str | None:
    """What the Books customer of an Account keeps as its agent."""
    customer = await system.books_contact(of(system, account))
    return next((one["value"] for one in customer["custom_fields"] if one["api_name"] == "cf_agent"), None)


def causes(system: System) -> list[str]:
    """What is held, by cause."""
    return [hold["cause"] for hold in system.store.cases.holds("main")]


async def rests(system: System) -> None:
    """Nothing is held, nobody waits, and nothing more is written."""
    await system.settle(1)
    assert causes(system) == []
    assert [row for row in system.memory.rows() if str(row["pk"]).startswith("REFERS#")] == []
    before = system.seq
    await system.settle(2)
    assert system.writes(before) == []
    system.judge()


async def test_a_reference_is_translated_both_ways_and_cleared(start: Start) -> None:
    """Each side shows the id of its own record."""
    system = await start()
    first, second = await account(system, "First"), await account(system, "Second")
    id = await account(system, "Acme", Agent={"id": first})
    assert await agent(system, id) == of(system, first)
    body = {"custom_fields": [{"api_name": "cf_agent", "value": of(system, second)}]}
    await system.control("PATCH", f"/books/contacts/{of(system, id)}", body)
    await system.run(12)
    assert (await system.crm_record("Accounts", id))["Agent"]["id"] == second
    await edit(system, id, None)
    assert await agent(system, id) is None
    await rests(system)


async def test_an_edit_to_an_unlinked_record_waits_and_goes_on_by_itself(start: Start) -> None:
    """The other fields of the pair go on meanwhile; no person is asked for anything."""
    system = await start()
    id = await account(system, "Acme")
    later = await account(system, "Later", Account_Type="Prospect")
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Agent": {"id": later}, "Description": "goes on"})
    await system.run(12)
    assert causes(system) == ["lookup:agent"]
    assert (await system.books_contact(of(system, id)))["notes"] == "goes on"
    assert await agent(system, id) is None
    before = system.seq
    await system.settle(2)
    assert system.writes(before) == []
    await system.control("PATCH", f"/crm/Accounts/{later}", {"Account_Type": "Customer"})
    await system.run(20)
    await system.settle(1)
    assert await agent(system, id) == of(system, later)
    await rests(system)


async def test_a_record_made_before_the_one_it_leads_to_is_made_without_it(start: Start) -> None:
    """Two that lead to each other are both made, and both references follow."""
    system = await start()
    first = await account(system, "First", Account_Type="Prospect")
    second = await account(system, "Second", Agent={"id": first})
    assert causes(system) == ["lookup:agent"]
    await system.control(
        "PATCH", f"/crm/Accounts/{first}", {"Agent": {"id": second}, "Account_Type": "Customer"}
    )
    await system.run(20)
    await system.settle(1)
    assert await agent(system, first) == of(system, second)
    assert await agent(system, second) == of(system, first)
    await rests(system)


async def test_a_record_may_lead_to_itself(start: Start) -> None:
    """It is linked first, and then leads to its own counterpart."""
    system = await start()
    id = await account(system, "Acme", Account_Type="Prospect")
    await edit(system, id, {"id": id})
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Account_Type": "Customer"})
    await system.run(20)
    assert await agent(system, id) == of(system, id)
    await rests(system)


async def test_a_reference_of_books_to_an_unlinked_customer_waits_too(start: Start) -> None:
    """Until the customer has its Account."""
    system = await start()
    id = await account(system, "Acme")
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 100})
    later = await system.control("POST", "/books/contacts", {"contact_name": "Later", "status": "active"})
    body = {"custom_fields": [{"api_name": "cf_agent", "value": later["contact_id"]}]}
    key = RecordKey("main", Side.BOOKS, "customer", of(system, id))
    await system.control("PATCH", f"/books/contacts/{key.id}", body)
    system.store.rows.hint(key, RowClass.LIVE, system.clock.now())
    await system.drain([key])
    assert causes(system) == ["lookup:agent"]
    await system.settle(3)
    link = system.store.links.of(RecordKey("main", Side.BOOKS, "customer", later["contact_id"]))
    assert link is not None
    assert (await system.crm_record("Accounts", id))["Agent"]["id"] == link.crm_id
    await rests(system)


async def test_two_references_that_differ_at_the_first_link_are_held_for_a_person(start: Start) -> None:
    """Only where both are known; equal ones agree."""
    system = await start()
    first, second = await account(system, "First"), await account(system, "Second")
    customer = {"contact_name": "Acme", "gst_treatment": "business_gst", "gst_no": "27AAPFU0939F1ZV"}
    same = {
        "GST_Treatment": "Registered Business - Regular",
        "GSTIN": "27AAPFU0939F1ZV",
        "Place_of_Supply": "MH",
    }
    system.store.connections.set("main", paused=True)
    agents = {"custom_fields": [{"api_name": "cf_agent", "value": of(system, second)}]}
    await system.control("POST", "/books/contacts", {**customer, "place_of_contact": "MH", **agents})
    await system.control(
        "POST",
        "/crm/Accounts",
        {"Account_Name": "Acme", "Account_Type": "Customer", "Agent": {"id": first}, **same},
    )
    system.store.connections.set("main", paused=False)
    await system.settle(3)
    assert causes(system) == ["differs:agent"]


PRODUCT = {"Product_Name": "Bolt", "Product_Code": "B-1", "Product_Active": True}
OTHERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "vendor": ("Vendors", VENDOR, {"Vendor_Name": "Konkan Timber"}),
    "item": ("Products", PRODUCT, {**PRODUCT, "Product_Name": "Nut", "Product_Code": "B-2"}),
    "contact_person": ("Contacts", CONTACT, {"Last_Name": "Okri"}),
}


@pytest.mark.parametrize("entity", OTHERS)
async def test_a_lookup_may_lead_to_a_record_of_any_kind(start: Start, entity: str) -> None:
    """Made after the customer that leads to it, whose edit waits for the link; then changed in Books, and cleared."""
    system = await start(entity)
    id = await account(system, "Acme")
    module, *bodies = OTHERS[entity]
    parent: dict[str, Any] = {"Account_Name": {"id": id}} if entity == "contact_person" else {}
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 2})
    first, second = [
        (await system.control("POST", f"/crm/{module}", {**body, **parent}))["id"] for body in bodies
    ]
    await edit(system, id, {"id": first})
    await system.settle(3)
    assert await agent(system, id) == of(system, first, entity)
    body = {"custom_fields": [{"api_name": "cf_agent", "value": of(system, second, entity)}]}
    await system.control("PATCH", f"/books/contacts/{of(system, id)}", body)
    await system.run(12)
    assert (await system.crm_record("Accounts", id))["Agent"]["id"] == second
    await edit(system, id, None)
    assert await agent(system, id) is None
    await rests(system)


async def test_a_person_may_lead_to_another_and_an_item_to_its_vendor() -> None:
    """Whom a Contact reports to, as a text in Books; the preferred vendor of an item, which Books has itself."""
    mapping = yaml.safe_load(india(VENDORS, NEW_ITEMS))
    boss = {
        "crm": "Reporting_To",
        "books": "cf_boss",
        "converter": "lookup",
        "args": {"entity": "contact_person"},
    }
    maker = {"crm": "Vendor_Name", "books": "vendor_id", "converter": "lookup", "args": {"entity": "vendor"}}
    mapping["entities"]["contact_person"]["fields"]["boss"] = boss
    mapping["entities"]["item"]["fields"]["vendor"] = maker
    system = System(mapping=yaml.safe_dump(mapping))
    field = {"product": "books", "entity": "contact_person", "api_name": "cf_boss"}
    await system.control("POST", "/fields", field)
    await system.subscribe(("Accounts", "Contacts", "Vendors", "Products"))
    await system.settle(2)
    system.write_mode()
    parent = {"Account_Name": {"id": await account(system, "Acme")}}
    first = (await system.control("POST", "/crm/Contacts", {**CONTACT, **parent}))["id"]
    second = {"Last_Name": "Okri", "Reporting_To": {"id": first}, **parent}
    await system.control("POST", "/crm/Contacts", second)
    vendor = (await system.control("POST", "/crm/Vendors", VENDOR))["id"]
    product = (await system.control("POST", "/crm/Products", {**PRODUCT, "Vendor_Name": {"id": vendor}}))[
        "id"
    ]
    await system.settle(3)
    books = (await system.export())["books"]
    [customer] = [one for one in books["contacts"] if one["contact_type"] == "customer"]
    bosses = [one["value"] for person in customer["contact_persons"] for one in person["custom_fields"]]
    assert bosses == [of(system, first, "contact_person")]
    assert [item["vendor_id"] for item in books["items"]] == [of(system, vendor, "vendor")]
    await system.control("PATCH", f"/books/items/{of(system, product, 'item')}", {"vendor_id": ""})
    await system.settle(2)
    assert (await system.crm_record("Products", product))["Vendor_Name"] is None
    await rests(system)
    await system.http.aclose()
    await system.sandbox.outbox.close()


class KilledAtTheWake(Killer):
    """Kills the worker once, when it asks or settles who waits for a link."""

    def __init__(self, verb: str) -> None:
        super().__init__(1)
        self.verb = verb

    def __call__(self, verb: str, argument: Any) -> None:
        """Only an operation of that kind on that kind of row counts."""
        if verb == self.verb and "REFERS#" in str(argument):
            super().__call__(verb, argument)


@pytest.mark.parametrize("verb", ["query", "delete"])
@pytest.mark.parametrize("where", ["before", "after"])
async def test_no_wake_up_is_lost_if_the_worker_dies_at_it(start: Start, where: str, verb: str) -> None:
    """Between the link of the record that is waited for and the hint of the one that waits; no webhook helps."""
    system = await start()
    first = await account(system, "First", Account_Type="Prospect")
    second = await account(system, "Second", Agent={"id": first})
    await system.settle(2)
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 100})
    killer = KilledAtTheWake(verb)
    setattr(system.memory, where, killer)
    await system.control("PATCH", f"/crm/Accounts/{first}", {"Account_Type": "Customer"})
    killer.armed = True
    with pytest.raises(Killed):
        await system.settle(2)
    await system.settle(4)
    assert await agent(system, second) == of(system, first)
    await rests(system)
