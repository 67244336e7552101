"""What an entity's keys in the mapping do on the real engine against the sandbox: on and off, scope, deletes, keys."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from typing import Any

import pytest
import yaml

from tandem.core.mapping import load_mapping
from tandem.core.records import LinkState, Mode
from tandem.engine.anew import compare_anew
from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.world import System

INDIA = yaml.safe_load(resources.files("tandem.presets").joinpath("india.yaml").read_text())
Start = Callable[..., Awaitable[System]]


def changed(entity: str = "customer", field: str = "", **keys: Any) -> str:
    """The Indian preset with some keys of an entity, or of one of its fields, changed."""
    mapping = copy.deepcopy(INDIA)
    spec = mapping["entities"][entity]
    (spec["fields"][field] if field else spec).update(keys)
    return str(yaml.safe_dump(mapping))


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a system with a mapping: listed, in write mode."""
    made: list[System] = []

    async def begin(mapping: str, *, write: bool = True) -> System:
        system = System(mapping=mapping)
        made.append(system)
        await system.subscribe()
        await system.settle(2)
        if write:
            system.write_mode()
        return system

    yield begin
    for system in made:
        await system.http.aclose()
        await system.sandbox.outbox.close()


def remap(system: System, mapping: str) -> int:
    """A person has approved another mapping; how many pairs it makes look at anew."""
    connections = system.store.connections
    old = connections.mapping(connections.read("main"))
    connections.save(connections.read("main"), mapping)
    return compare_anew(system.store, "main", old, load_mapping(mapping), system.clock.now())


async def account(system: System, **more: Any) -> str:
    """A user makes an Account, and it is synced."""
    made = await system.control("POST", "/crm/Accounts", {**ACCOUNT, **more})
    await system.run(20)
    return str(made["id"])


async def contact(system: System, parent: str | None) -> str:
    """A user makes a Contact, and it is synced."""
    lookup = {"Account_Name": {"id": parent}} if parent else {}
    made = await system.control("POST", "/crm/Contacts", {**CONTACT, **lookup})
    await system.run(20)
    return str(made["id"])


async def customers(system: System) -> list[dict[str, Any]]:
    """All customers of Books."""
    return list((await system.export())["books"]["contacts"])


def custom(segment: str) -> dict[str, Any]:
    """The custom field of a Books customer, as a body."""
    return {"custom_fields": [{"api_name": "cf_segment", "value": segment}]}


def segment(customer: dict[str, Any]) -> str | None:
    """The custom field of a Books customer, as shown."""
    return next((one["value"] for one in customer["custom_fields"] if one["api_name"] == "cf_segment"), None)


def causes(system: System) -> list[str]:
    """What is held, by cause."""
    return [hold["cause"] for hold in system.store.cases.holds("main")]


async def test_an_entity_that_is_off_is_left_alone_and_catches_up_when_it_is_on(start: Start) -> None:
    """The customer is synced without its person; the Contact's notices are counted as left out, no call is made."""
    system = await start(changed("contact_person", enabled=False))
    parent = await account(system)
    before = system.seq
    person = await contact(system, parent)
    await system.control("PATCH", f"/crm/Contacts/{person}", {"Title": "Buyer"})
    await system.run(10)
    await system.settle(2)
    assert system.writes(before) == []
    assert [call["path"] for call in system.calls(before) if "Contacts" in call["path"]] == []
    assert (await customers(system))[0]["contact_persons"] == []
    assert sum(report.outcomes.get("left_out", 0) for report in system.reports) >= 1
    remap(system, changed("contact_person"))
    await system.settle(3)
    [made] = (await customers(system))[0]["contact_persons"]
    assert (made["email"], made["designation"]) == (CONTACT["Email"], "Buyer")
    system.judge()


async def test_what_is_held_of_an_entity_that_is_off_can_be_released(start: Start) -> None:
    """Nobody will decide it; switched on again, every pair is compared anew."""
    system = await start(changed())
    made = await contact(system, await account(system))
    await system.control("PATCH", f"/crm/Contacts/{made}", {"Title": "x" * 60})
    await system.settle(1)
    assert causes(system) == ["conversion:designation"]
    remap(system, changed("contact_person", enabled=False))
    system.write_mode()
    [hold] = system.store.cases.holds("main")
    await system.release(hold)
    await system.run(5)
    assert causes(system) == []
    remap(system, changed())
    await system.settle(2)
    assert causes(system) == ["conversion:designation"]


async def test_a_customer_whose_persons_were_switched_off_is_followed_as_before(start: Start) -> None:
    """Links of persons that stay behind are in nobody's way: an edit, a new address, a delete."""
    system = await start(changed())
    id = await account(system)
    await contact(system, id)
    remap(system, changed("contact_person", enabled=False))
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Description": "still here"})
    await system.run(20)
    [customer] = await customers(system)
    assert customer["notes"] == "still here"
    [person] = customer["contact_persons"]
    place = f"/books/contacts/{customer['contact_id']}"
    await system.control("PATCH", f"{place}/persons/{person['contact_person_id']}", {"mobile": "98765 43210"})
    await system.control("PATCH", place, {"notes": "from Books"})
    await system.run(20)
    assert (await system.crm_record("Accounts", id))["Description"] == "from Books"
    await system.control("DELETE", f"/crm/Accounts/{id}")
    await system.settle(4)
    assert (await customers(system))[0]["status"] == "inactive"
    assert causes(system) == []
    assert sum(report.outcomes.get("retry", 0) for report in system.reports) == 0
    system.judge()


async def test_a_person_that_only_books_has_comes_when_persons_are_switched_on(start: Start) -> None:
    """Books lists persons nowhere: its customers are looked at once more."""
    system = await start(changed("contact_person", enabled=False))
    await account(system)
    [customer] = await customers(system)
    person = {"first_name": "Ravi", "last_name": "Iyer", "email": "ravi@acme.example"}
    await system.control("POST", f"/books/contacts/{customer['contact_id']}/persons", person)
    await system.settle(2)
    assert (await system.export())["crm"]["Contacts"] == []
    assert remap(system, changed("contact_person")) == 1
    await system.settle(3)
    [made] = (await system.export())["crm"]["Contacts"]
    assert made["Email"] == "ravi@acme.example"
    system.judge()


async def moved_field(start: Start, **policy: Any) -> tuple[System, str]:
    """A pair whose segment stands in another field of CRM from now on, which shows another value."""
    system = await start(changed())
    await system.control("POST", "/fields", {"product": "crm", "module": "Accounts", "api_name": "Tier"})
    id = await account(system, Customer_Segment="Gold", Tier="Old")
    await system.settle(2)
    assert remap(system, changed(field="segment", crm="Tier", **policy)) == 1
    await system.settle(3)
    return system, id


async def test_a_field_moved_to_another_attribute_overwrites_nothing(start: Start) -> None:
    """What was agreed of the old attribute is no base for the new one: two values are held as at a first link."""
    system, _ = await moved_field(start)
    assert segment((await customers(system))[0]) == "Gold"
    assert causes(system) == ["differs:segment"]
    system.judge()


async def test_a_moved_field_follows_first_link(start: Start) -> None:
    """Without any edit: the pair is compared anew by itself."""
    system, id = await moved_field(start, first_link="books")
    assert (await system.crm_record("Accounts", id))["Tier"] == "Gold"
    assert causes(system) == []
    before = system.seq
    await system.settle(2)
    assert system.writes(before) == []
    system.judge()


async def test_what_observing_agreed_of_a_moved_field_is_not_asked_about_again(start: Start) -> None:
    """Equal in its new place, it is agreed there: the edit that comes next is no first link."""
    system = await start(changed())
    await system.control("POST", "/fields", {"product": "crm", "module": "Accounts", "api_name": "Tier"})
    id = await account(system, Customer_Segment="Gold", Tier="Gold")
    await system.settle(2)
    system.store.connections.set_mode("main", Mode.OBSERVE)
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Website": "https://new.example"})
    remap(system, changed(field="segment", crm="Tier"))
    await system.settle(3)
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Tier": "Silver"})
    await system.settle(2)
    system.write_mode()
    await system.settle(2)
    assert causes(system) == []
    assert segment((await customers(system))[0]) == "Silver"
    system.judge()


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_field_that_leaves_the_mapping_while_its_write_is_unanswered_stops_nothing(
    start: Start, method: str
) -> None:
    """What was written is looked up as far as the present mapping knows it; the next edits travel."""
    system = await start(changed())
    id = await account(system, Customer_Segment="Gold") if method == "PUT" else ""
    fault = {"name": "timeout", "product": "books", "match": {"method": method}, "count": 1}
    await system.control("POST", "/faults", fault)
    if method == "PUT":
        await system.control("PATCH", f"/crm/Accounts/{id}", {"Customer_Segment": "Silver"})
        await system.run(3)
    else:
        id = await account(system, Customer_Segment="Gold")
    assert len(system.store.intents.all_open("main")) == 1
    mapping = copy.deepcopy(INDIA)
    del mapping["entities"]["customer"]["fields"]["segment"]
    remap(system, str(yaml.safe_dump(mapping)))
    await system.settle(4)
    assert system.store.intents.all_open("main") == []
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Description": "goes on"})
    await system.run(20)
    [customer] = await customers(system)
    assert customer["notes"] == "goes on"


async def test_an_added_field_is_synced_without_an_edit(start: Start) -> None:
    """A blank takes the other side's value in every pair; one that is compared again stays quiet."""
    mapping = copy.deepcopy(INDIA)
    del mapping["entities"]["customer"]["fields"]["segment"]
    system = await start(str(yaml.safe_dump(mapping)))
    await account(system, Customer_Segment="Gold")
    await system.settle(1)
    assert segment((await customers(system))[0]) is None
    assert remap(system, changed()) == 1
    before = system.seq
    await system.settle(3)
    assert segment((await customers(system))[0]) == "Gold"
    assert len(system.writes(before)) == 1
    assert remap(system, changed(field="segment", owner="books")) == 0
    system.judge()


async def test_a_delete_that_the_mapping_keeps_touches_nothing_in_books(start: Start) -> None:
    """The link ends; no write."""
    system = await start(changed(delete="keep"))
    id = await account(system)
    before = system.seq
    await system.control("DELETE", f"/crm/Accounts/{id}")
    await system.settle(4)
    assert system.writes(before) == []
    assert (await customers(system))[0]["status"] == "active"
    assert len(system.store.links.ids("main", "customer", LinkState.TOMBSTONE)) == 1


async def test_a_delete_that_a_person_decides_waits_for_the_word(start: Start) -> None:
    """Held with one write less; approved, the Books customer becomes inactive."""
    system = await start(changed(delete="hold"))
    id = await account(system)
    before = system.seq
    await system.control("DELETE", f"/crm/Accounts/{id}")
    await system.settle(4)
    assert system.writes(before) == []
    assert causes(system) == ["deleted in CRM"]
    [hold] = system.store.cases.holds("main")
    await system.release(hold, approve=True)
    await system.run(10)
    assert (await customers(system))[0]["status"] == "inactive"
    assert causes(system) == []
    system.judge()


async def test_a_deleted_contact_that_a_person_decides_is_held(start: Start) -> None:
    """The person stays in Books either way; the word ends the link."""
    system = await start(changed("contact_person", delete="hold"))
    id = await contact(system, await account(system))
    await system.control("DELETE", f"/crm/Contacts/{id}")
    await system.settle(2)
    assert causes(system) == ["deleted in CRM"]
    [hold] = system.store.cases.holds("main")
    await system.release(hold, approve=True)
    await system.run(10)
    assert len((await customers(system))[0]["contact_persons"]) == 1
    assert len(system.store.links.ids("main", "contact_person", LinkState.TOMBSTONE)) == 1
    assert causes(system) == []


async def test_a_contact_without_account_is_held_until_it_has_one(start: Start) -> None:
    """Where the mapping says so; with the Account it is created as usual, and the hold is gone."""
    system = await start(changed("contact_person", without_account="hold"))
    id = await contact(system, None)
    assert causes(system) == ["no Account"]
    parent = await account(system)
    await system.control("PATCH", f"/crm/Contacts/{id}", {"Account_Name": {"id": parent}})
    await system.run(20)
    await system.settle(1)
    assert len((await customers(system))[0]["contact_persons"]) == 1
    assert causes(system) == []


async def test_a_contact_without_account_is_left_out_and_counted(start: Start) -> None:
    """The default."""
    system = await start(changed())
    await contact(system, None)
    assert causes(system) == []
    assert sum(report.outcomes.get("left_out", 0) for report in system.reports) >= 1
    assert await customers(system) == []


async def test_a_default_stands_in_for_a_blank_and_comes_back(start: Start) -> None:
    """Two-way: both sides agree on it in the end, with one write each, and then rest."""
    system = await start(changed(field="segment", default={"books": "Unsorted"}))
    before = system.seq
    id = await account(system)
    await system.settle(2)
    [customer] = await customers(system)
    assert segment(customer) == "Unsorted"
    assert (await system.crm_record("Accounts", id))["Customer_Segment"] == "Unsorted"
    calls = [(call["product"], call["status"]) for call in system.writes(before)]
    assert calls == [
        ("books", 201),
        ("crm", 412),
        ("crm", 200),
    ]  # an edit of the same second makes CRM's guard wait
    assert causes(system) == []
    system.judge()


async def test_a_default_of_a_one_way_field_yields_to_the_source(start: Start) -> None:
    """The source stays blank; its first value replaces the default without a question."""
    system = await start(changed(field="segment", default={"books": "Unsorted"}, direction="to_books"))
    id = await account(system)
    await system.settle(1)
    assert segment((await customers(system))[0]) == "Unsorted"
    assert not (await system.crm_record("Accounts", id)).get("Customer_Segment")
    await system.control("PATCH", f"/crm/Accounts/{id}", {"Customer_Segment": "Gold"})
    await system.run(20)
    assert segment((await customers(system))[0]) == "Gold"
    assert causes(system) == []


async def test_a_books_customer_outside_the_filter_is_left_out_until_it_is_inside(start: Start) -> None:
    """The filter of the other direction, here on a custom field."""
    system = await start(changed(create_in_crm_when={"cf_segment": ["Gold", True]}))
    made = await system.control("POST", "/books/contacts", {"contact_name": "Outside Ltd"})
    await system.run(20)
    await system.settle(1)
    assert (await system.export())["crm"]["Accounts"] == []
    id = made["contact_id"]
    await system.control("PATCH", f"/books/contacts/{id}", custom("Gold"))
    await system.run(20)
    await system.settle(1)
    [found] = (await system.export())["crm"]["Accounts"]
    assert found["Account_Name"] == "Outside Ltd"


async def two_that_share(system: System, crm: dict[str, Any], books: dict[str, Any]) -> None:
    """An Account and a Books customer that exist before the first sync."""
    await system.control("POST", "/crm/Accounts", {"Account_Type": "Customer", **crm})
    await system.control("POST", "/books/contacts", books)
    system.write_mode()
    await system.settle(3)


async def test_a_field_of_ones_own_proves_a_match(start: Start) -> None:
    """Named in match_by, it links records that share nothing else; two different names are then held."""
    system = await start(changed(match_by=["segment"]), write=False)
    await two_that_share(
        system,
        {"Account_Name": "Acme Ltd", "Customer_Segment": "C-17"},
        {"contact_name": "Zenith", **custom("C-17")},
    )
    [link] = system.store.links.ids("main", "customer", LinkState.LIVE)
    assert system.store.links.get("main", link) is not None
    assert causes(system) == ["differs:name"]
    assert len(await customers(system)) == 1


async def test_the_same_field_unnamed_proves_nothing(start: Start) -> None:
    """Without it in match_by both are created."""
    system = await start(changed(), write=False)
    await two_that_share(
        system,
        {"Account_Name": "Acme Ltd", "Customer_Segment": "C-17"},
        {"contact_name": "Zenith", **custom("C-17")},
    )
    assert len(await customers(system)) == 2


async def test_a_tax_number_that_is_no_key_only_looks_alike(start: Start) -> None:
    """Left out of match_by it links nothing by itself, and creates no double either: a person decides."""
    tax = {"gst_no": "27AAPFU0939F1ZV", "gst_treatment": "business_gst", "place_of_contact": "MH"}
    crm = {
        "GSTIN": "27AAPFU0939F1ZV",
        "GST_Treatment": "Registered Business - Regular",
        "Place_of_Supply": "MH",
    }
    system = await start(changed(match_by=["email"]), write=False)
    await two_that_share(system, {"Account_Name": "Acme Ltd", **crm}, {"contact_name": "Zenith", **tax})
    assert set(causes(system)) == {"match:tax number"}
    assert len(await customers(system)) == 1
