"""Vendors: CRM Vendors and Books contacts of that kind, in step both ways and never taken for customers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tandem.core.records import LinkState, RecordKey, Side
from tests.system.conftest import ACCOUNT
from tests.system.sections import VENDORS, india
from tests.system.world import System

VENDOR = {
    "Vendor_Name": "Deccan Paper Mills",
    "Email": "sales@deccan.example",
    "Website": "https://deccan.example",
    "Phone": "+91 20 2222 3333",
    "Street": "4 FC Road",
    "City": "Pune",
    "State": "Maharashtra",
    "Zip_Code": "411004",
    "Country": "India",
}


@pytest.fixture
async def system() -> AsyncIterator[System]:
    """An empty pair of orgs with vendors in the mapping, both listed once, in write mode."""
    text = india(VENDORS)
    made = System(mapping=text)
    await made.subscribe(("Accounts", "Contacts", "Vendors"))
    await made.settle(2)
    made.write_mode()
    yield made
    await made.http.aclose()
    await made.sandbox.outbox.close()


async def vendors(system: System) -> list[dict[str, Any]]:
    """The vendors in Books."""
    contacts = (await system.export())["books"]["contacts"]
    return [one for one in contacts if one["contact_type"] == "vendor"]


async def both(system: System) -> tuple[str, str]:
    """A vendor made in CRM and synced; its two ids."""
    id = (await system.control("POST", "/crm/Vendors", VENDOR))["id"]
    await system.run(10)
    [made] = await vendors(system)
    await system.settle(1)
    return id, made["contact_id"]


async def test_a_vendor_made_in_crm_is_in_books_once(system: System) -> None:
    """As a vendor, with its address and the id of the other side; its echo writes nothing."""
    id, books = await both(system)
    [made] = await vendors(system)
    assert made["contact_name"] == "Deccan Paper Mills"
    assert made["billing_address"]["city"] == "Pune"
    assert {one["api_name"]: one["value"] for one in made["custom_fields"]}["cf_crm_vendor_id"] == id
    before = system.seq
    await system.settle(3)
    assert system.writes(before) == []
    link = system.store.links.of(RecordKey("main", Side.BOOKS, "vendor", books))
    assert link is not None
    assert link.crm_id == id
    system.judge()


async def test_a_vendor_made_in_books_is_in_crm_once(system: System) -> None:
    """In Vendors, never in Accounts."""
    body = {"contact_name": "Konkan Timber", "contact_type": "vendor", "website": "https://konkan.example"}
    await system.control("POST", "/books/contacts", body)
    await system.run(10)
    crm = (await system.export())["crm"]
    assert [one["Vendor_Name"] for one in crm["Vendors"]] == ["Konkan Timber"]
    assert crm["Accounts"] == []
    await system.settle(3)
    assert len((await system.export())["crm"]["Vendors"]) == 1
    system.judge()


@pytest.mark.parametrize("told", [True, False])
async def test_an_edit_on_either_side_is_on_the_other_once(system: System, told: bool) -> None:
    """Whether its webhook comes or the feed finds it."""
    id, books = await both(system)
    if not told:
        await system.control("POST", "/faults", {"name": "drop_notification", "count": 100})
    before = system.seq
    await system.control("PATCH", f"/crm/Vendors/{id}", {"City": "Nashik"})
    await system.settle(3)
    await system.control("PATCH", f"/books/contacts/{books}", {"notes": "pays on time"})
    await system.settle(3)
    [made] = await vendors(system)
    assert made["billing_address"]["city"] == "Nashik"
    assert (await system.crm_record("Vendors", id))["Description"] == "pays on time"
    endpoints = [call["endpoint"] for call in system.writes(before)]
    assert endpoints == ["PUT /books/v3/contacts/{id}", "PUT /crm/v8/{module}/{id}"]
    system.judge()


async def test_a_vendor_deleted_in_crm_is_inactive_in_books_and_comes_back(system: System) -> None:
    """After the delay; a restore revives the link."""
    id, books = await both(system)
    await system.control("DELETE", f"/crm/Vendors/{id}")
    await system.settle(4)
    assert [one["status"] for one in await vendors(system)] == ["inactive"]
    await system.control("POST", f"/crm/Vendors/{id}/restore")
    await system.settle(4)
    assert [one["status"] for one in await vendors(system)] == ["active"]
    link = system.store.links.of(RecordKey("main", Side.BOOKS, "vendor", books))
    assert link is not None
    assert link.state is LinkState.LIVE


async def test_a_vendor_is_deleted_though_one_like_it_is_left(system: System) -> None:
    """Survivors of a merge are looked for among customers alone: a vendor's delete asks nobody."""
    id, books = await both(system)
    await system.control("POST", "/crm/Vendors", VENDOR)
    await system.settle(1)
    await system.control("DELETE", f"/crm/Vendors/{id}")
    await system.settle(4)
    assert {one["contact_id"]: one["status"] for one in await vendors(system)}[books] == "inactive"


async def test_a_company_that_buys_and_sells_is_two_records_on_each_side(system: System) -> None:
    """A customer and a vendor of one name and one e-mail are never matched with each other."""
    await system.control("PUT", "/switches", {"books_duplicate_names": "allow"})
    account = {**ACCOUNT, "Account_Name": VENDOR["Vendor_Name"], "Website": VENDOR["Website"]}
    await system.control("POST", "/crm/Accounts", account)
    await system.control("POST", "/crm/Vendors", VENDOR)
    await system.settle(3)
    contacts = (await system.export())["books"]["contacts"]
    assert sorted(one["contact_type"] for one in contacts) == ["customer", "vendor"]
    crm = (await system.export())["crm"]
    assert (len(crm["Accounts"]), len(crm["Vendors"])) == (1, 1)
    system.judge()


async def test_a_vendor_on_both_sides_is_linked_by_its_e_mail(system: System) -> None:
    """CRM's own e-mail against that of Books' primary person, and a similar name."""
    person = {"first_name": "Uma", "last_name": "Sen", "email": VENDOR["Email"]}
    body = {"contact_name": "Deccan Paper Mills Ltd", "contact_type": "vendor", "contact_persons": [person]}
    await system.control("POST", "/books/contacts", body)
    id = (await system.control("POST", "/crm/Vendors", VENDOR))["id"]
    await system.settle(3)
    [made] = await vendors(system)
    link = system.store.links.of(RecordKey("main", Side.CRM, "vendor", id))
    assert link is not None
    assert link.books_id == made["contact_id"]
    assert len((await system.export())["crm"]["Vendors"]) == 1


async def test_a_vendors_persons_in_books_stay_there_and_have_no_rows(system: System) -> None:
    """Persons belong to customers: a vendor's are nobody that anything is due for, whatever is edited."""
    person = {"first_name": "Asha", "last_name": "Rao", "email": "asha@konkan.example"}
    body = {"contact_name": "Konkan Timber", "contact_type": "vendor", "contact_persons": [person]}
    made = (await system.control("POST", "/books/contacts", body))["contact_id"]
    await system.run(10)
    await system.settle(2)
    await system.control("PATCH", f"/books/contacts/{made}", {"website": "https://konkan.example"})
    await system.settle(2)
    [crm] = (await system.export())["crm"]["Vendors"]
    assert crm["Website"] == "https://konkan.example"
    [shown] = (await system.books_contact(made))["contact_persons"]
    assert (
        system.store.rows.read(RecordKey("main", Side.BOOKS, "contact_person", shown["contact_person_id"]))
        is None
    )


async def test_a_vendor_that_a_webhook_names_by_its_id_alone_is_no_customer(system: System) -> None:
    """What it is stands in the record itself, not in every form of a webhook."""
    await system.control("PUT", "/switches", {"webhook_envelope": "ids"})
    body = {"contact_name": "Konkan Timber", "contact_type": "vendor"}
    id = (await system.control("POST", "/books/contacts", body))["contact_id"]
    await system.run(10)
    crm = (await system.export())["crm"]
    assert ([one["Vendor_Name"] for one in crm["Vendors"]], crm["Accounts"]) == (["Konkan Timber"], [])
    await system.control("PATCH", f"/books/contacts/{id}", {"notes": "told by its id"})
    await system.run(10)
    assert (await system.export())["crm"]["Vendors"][0]["Description"] == "told by its id"
    await system.settle(3)
    assert (await system.export())["crm"]["Accounts"] == []
    system.judge()


async def test_a_vendor_of_books_is_left_out_where_vendors_are_not_mapped() -> None:
    """Whoever made a rule for vendors all the same: it becomes no Account."""
    system = System()
    await system.subscribe()
    await system.settle(2)
    system.write_mode()
    await system.control("PUT", "/switches", {"webhook_envelope": "ids"})
    await system.control("POST", "/books/contacts", {"contact_name": "Konkan", "contact_type": "vendor"})
    await system.run(10)
    await system.settle(2)
    assert (await system.export())["crm"]["Accounts"] == []
    [told] = [entry for entry in system.history() if entry["kind"] == "left_out"]
    assert told["sentence"] == "it is a vendor in Books, not a customer"
    await system.http.aclose()
    await system.sandbox.outbox.close()
