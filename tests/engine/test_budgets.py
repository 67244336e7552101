"""Calls per flow, counted in the sandbox's own log, against the budgets of design section 5."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.system.conftest import ACCOUNT, CONTACT, Pair
from tests.system.world import System

CROWD = 50

CRM_READ, CRM_QUERY, CRM_GONE = "GET /crm/v8/{module}", "POST /crm/v8/coql", "GET /crm/v8/{module}/deleted"
CRM_PUT, CRM_POST = "PUT /crm/v8/{module}/{id}", "POST /crm/v8/{module}"
PAGE, BOOKS_READ = "GET /books/v3/contacts", "GET /books/v3/contacts/{id}"
BOOKS_PUT, BOOKS_POST = "PUT /books/v3/contacts/{id}", "POST /books/v3/contacts"
PERSON_POST = "POST /books/v3/contacts/contactpersons"


def calls(system: System, since: int) -> dict[str, int]:
    """How often each endpoint was called; tokens do not count."""
    made = (call["endpoint"] for call in system.calls(since) if call["product"] != "accounts")
    return dict(Counter(str(endpoint) for endpoint in made))


async def batch(system: System) -> None:
    """Everything that was told is handled in one drain, then its echo in one more."""
    for _ in range(2):
        for _ in range(4):
            await system.sandbox.outbox.deliver_due()
            system.clock.advance(1)
        system.bell.take()
        await system.drain()
    system.clock.advance(70)


@pytest.fixture
async def crowd(system: System) -> list[tuple[str, str]]:
    """Fifty linked customers as (account, customer), at rest, with room for a burst of a hundred calls."""
    system.configure(books_per_minute=100)
    await system.settle(2)
    system.write_mode()
    names = [f"Company {number:02}" for number in range(CROWD)]
    accounts = [{**ACCOUNT, "Account_Name": name, "Website": None} for name in names]
    made = await system.control("POST", "/import", {"crm": {"Accounts": accounts}})
    await system.settle(6)
    contacts = (await system.export())["books"]["contacts"]
    system.clock.advance(120)
    by_name = {contact["contact_name"]: contact["contact_id"] for contact in contacts}
    return [(id, by_name[name]) for id, name in zip(made["crm"]["Accounts"], names, strict=True)]


async def test_a_crm_edit_to_books(pair: Pair) -> None:
    """Budget: CRM 1 read, Books 2 for a live edit alone. Met: a GET in place of the version page; the echo is free."""
    before = pair.system.seq
    await pair.edit_crm({"Website": "https://one.example"})
    await pair.system.run(10)
    assert calls(pair.system, before) == {CRM_READ: 1, BOOKS_READ: 1, BOOKS_PUT: 1}


async def test_an_address_edit_in_crm_to_books(pair: Pair) -> None:
    """Budget: 1 CRM read, n reads and n writes in Books while versions do not prove addresses. Met."""
    before = pair.system.seq
    await pair.edit_crm({"Billing_City": "Pune"})
    await pair.system.run(10)
    assert calls(pair.system, before) == {CRM_READ: 1, BOOKS_READ: 1, BOOKS_PUT: 1}


async def test_fifty_crm_edits_to_books(system: System, crowd: list[tuple[str, str]]) -> None:
    """Budget: CRM 1 read, Books 1 version page + 50 writes. Met: the page settles and proves what it shows."""
    before = system.seq
    for number, (account, _) in enumerate(crowd):
        site = {"Website": f"https://c{number}.example"}
        await system.control("PATCH", f"/crm/Accounts/{account}", site)
    await batch(system)
    assert calls(system, before) == {CRM_READ: 1, PAGE: 1, BOOKS_PUT: CROWD}


async def test_fifty_crm_edits_of_what_no_list_shows(system: System, crowd: list[tuple[str, str]]) -> None:
    """After a write of ours only a GET settles notes and addresses: n reads and n writes, and no page."""
    before = system.seq
    for account, _ in crowd:
        await system.control("PATCH", f"/crm/Accounts/{account}", {"Description": f"note of {account}"})
    await batch(system)
    assert calls(system, before) == {CRM_READ: 1, BOOKS_READ: CROWD, BOOKS_PUT: CROWD}


async def test_a_books_edit_to_crm(pair: Pair) -> None:
    """Budget: 1 CRM read before, 1 guarded write, 1 read after; Books 0, for the webhook told it. Met."""
    before = pair.system.seq
    await pair.edit_books({"notes": "from the accountant"})
    await pair.system.run(10)
    assert calls(pair.system, before) == {CRM_READ: 2, CRM_PUT: 1}


async def test_a_person_edited_in_books_to_crm(pair: Pair) -> None:
    """Budget: 1 CRM read before, 1 write, 1 after, Books 1: the time in a webhook is not that of a person."""
    before = pair.system.seq
    await pair.edit_person({"phone": "+91 99999 00000"})
    await pair.system.run(10)
    assert calls(pair.system, before) == {CRM_READ: 2, CRM_PUT: 1, BOOKS_READ: 1}


async def test_fifty_books_edits_to_crm(system: System, crowd: list[tuple[str, str]]) -> None:
    """Budget: CRM 1 read before, 50 single guarded writes, 1 read after; Books 0. Met."""
    before = system.seq
    for _, customer in crowd:
        await system.control("PATCH", f"/books/contacts/{customer}", {"notes": f"note of {customer}"})
    await batch(system)
    assert calls(system, before) == {CRM_READ: 2, CRM_PUT: CROWD}


async def three_persons(system: System, account: str) -> None:
    """Three Contacts of one Account."""
    for number in range(3):
        person: dict[str, Any] = {"First_Name": f"P{number}", "Email": f"p{number}@acme.example"}
        await system.control("POST", "/crm/Contacts", {**CONTACT, **person, "Account_Name": {"id": account}})


async def test_a_create_in_books_with_three_persons(system: System) -> None:
    """Budget: CRM 1 read, Books 1 page + 1 + 3. Met in Books; CRM 1 above: the query for its Contacts' e-mails."""
    await system.settle(2)
    system.write_mode()
    await system.run(2)
    before = system.seq
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await three_persons(system, account)
    await system.run(20)
    assert calls(system, before) == {
        CRM_READ: 1,
        CRM_QUERY: 1,
        PAGE: 1,
        BOOKS_POST: 1,
        PERSON_POST: 3,
    }


async def test_a_create_in_crm_with_three_persons(system: System) -> None:
    """No budget is written for this way; today CRM 4 inserts, 2 queries, 2 reads, Books 1 read: its echo needs none."""
    await system.settle(2)
    system.write_mode()
    await system.run(2)
    before = system.seq
    names = [f"Uma{number}" for number in range(3)]
    persons = [{"first_name": name, "last_name": "S", "email": f"{name}@b.example"} for name in names]
    body = {
        "contact_name": "Only Books LLP",
        "contact_persons": persons,
        "custom_fields": [{"api_name": "cf_company_type", "value": "Customer"}],
    }
    await system.control("POST", "/books/contacts", body)
    await system.run(20)
    assert calls(system, before) == {BOOKS_READ: 1, CRM_READ: 2, CRM_QUERY: 2, CRM_POST: 4}


async def test_the_first_link_of_a_pair(system: System) -> None:
    """Budget: CRM in batch reads, Books 1 read and 1 write. Met in Books; in CRM 1 read and 3 queries.

    The queries: the Contacts of the two candidates' Accounts, whose e-mails count for matching.
    """
    await system.settle(2)
    system.write_mode()
    tax = {"GSTIN": "27AAPFU0939F1ZV", "GST_Treatment": "Registered Business - Regular"}
    account = {**ACCOUNT, **tax, "Place_of_Supply": "MH"}
    customer = {
        "contact_name": "Acme Ltd", "website": "https://acme.example", "gst_no": tax["GSTIN"],
        "gst_treatment": "business_gst", "place_of_contact": "MH",
    }  # fmt: skip
    await system.control(
        "POST", "/import", {"crm": {"Accounts": [account]}, "books": {"contacts": [customer]}}
    )
    await system.tick()
    before = system.seq
    await system.run(15)
    assert len((await system.export())["books"]["contacts"]) == 1
    assert calls(system, before) == {BOOKS_READ: 1, BOOKS_PUT: 1, CRM_READ: 1, CRM_QUERY: 3}


async def test_a_quiet_tick(pair: Pair) -> None:
    """Budget: CRM 1 COQL and 1 /deleted per module, Books 1 page. Met."""
    await pair.system.settle(3)
    before = pair.system.seq
    await pair.system.tick()
    assert calls(pair.system, before) == {CRM_QUERY: 2, CRM_GONE: 2, PAGE: 1}


async def test_a_quiet_quarter_of_an_hour_has_nothing_but_ticks(pair: Pair) -> None:
    """What we wrote ourselves wakes nothing: every version settles."""
    await pair.edit_crm({"Website": "https://one.example"})
    await pair.edit_books({"notes": "n"})
    await pair.system.settle(5)
    before = pair.system.seq
    await pair.system.settle(15)
    assert set(calls(pair.system, before)) == {CRM_QUERY, CRM_GONE, PAGE}
