"""The everyday: records made and changed on either side, and who wins."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.demo.plan import Kind
from local.demo.stage import Stage

Json = dict[str, Any]


def create(stage: Stage) -> None:
    """Once on the other side, with its person; and once it stays."""
    account = stage.zoho.post(
        "crm/Accounts",
        {
            "Account_Name": "Mahseer Outfitters Pvt Ltd",
            "Account_Type": "Customer",
            "Billing_Street": "7, Lake View Road",
            "Billing_City": "Bhopal",
            "Billing_State": "Madhya Pradesh",
            "Billing_Code": "462001",
            "Billing_Country": "India",
        },
    )
    stage.zoho.post(
        "crm/Contacts",
        {
            "First_Name": "Ilā",
            "Last_Name": "Śarmā",
            "Email": "ila@mahseer.example",
            "Phone": "+91 755 400 1234",
            "Account_Name": {"id": account["id"]},
        },
    )
    made = stage.zoho.post(
        "books/contacts",
        {
            "contact_name": "Larkspur & Daughters Ltd",
            "company_name": "Larkspur & Daughters Ltd",
            "billing_address": {
                "address": "3 Mill Lane",
                "city": "Hexham",
                "zip": "NE46 1AA",
                "country": "United Kingdom",
            },
            "contact_persons": [
                {"first_name": "Wren", "last_name": "O'Shaughnessy", "email": "wren@larkspur.example"}
            ],
        },
    )
    stage.changes += 3
    stage.wait(
        "the new Account and its Contact in Books",
        lambda: _in_books(stage, "Mahseer Outfitters Pvt Ltd", "ila@mahseer.example"),
    )
    stage.wait(
        "the new customer and its person in CRM",
        lambda: _in_crm(stage, "Larkspur & Daughters Ltd", "wren@larkspur.example"),
    )
    stage.settle()
    after = stage.zoho.export()
    customers = [c for c in after["books"]["contacts"] if c["contact_name"].startswith("Mahseer")]
    stage.equal(len(customers), 1, "the Account made in CRM is in Books once")
    stage.equal(
        [p["email"] for p in customers[0]["contact_persons"]], ["ila@mahseer.example"], "and its person, once"
    )
    accounts = [a for a in after["crm"]["Accounts"] if a["Account_Name"].startswith("Larkspur")]
    stage.equal(len(accounts), 1, "the customer made in Books is in CRM once")
    people = [c for c in after["crm"]["Contacts"] if c["Email"] == "wren@larkspur.example"]
    stage.equal(
        [c["Account_Name"]["id"] for c in people],
        [a["id"] for a in accounts],
        "and its person, once, under it",
    )
    stage.ids.crm.update(mahseer=account["id"], larkspur=accounts[0]["id"])
    stage.ids.books.update(mahseer=customers[0]["contact_id"], larkspur=made["contact_id"])


def _in_books(stage: Stage, name: str, email: str) -> bool:
    found = [c for c in stage.zoho.export()["books"]["contacts"] if c["contact_name"] == name]
    return any(p["email"] == email for c in found for p in c["contact_persons"])


def _in_crm(stage: Stage, name: str, email: str) -> bool:
    crm = stage.zoho.export()["crm"]
    return any(a["Account_Name"] == name for a in crm["Accounts"]) and any(
        c["Email"] == email for c in crm["Contacts"]
    )


def address(stage: Stage) -> None:
    """A changed address is on the next invoice, and never on one that was sent."""
    name = _untouched(stage, Kind.SAME_TAX)[0]
    account, customer = stage.ids.crm[name], stage.ids.books[name]
    lines = [{"name": "Cloth, 10 m", "rate": 4200, "quantity": 1}]
    sent = stage.zoho.post("books/invoices", {"customer_id": customer, "line_items": lines})["invoice_id"]
    stage.zoho.post(f"books/invoices/{sent}/send")
    stage.settle()
    before = _invoice(stage, sent)
    stage.edit(
        f"crm/Accounts/{account}",
        {
            "Billing_Street": "99, New Wharf, 2nd floor",
            "Billing_City": "Pune" if "Maharashtra" in before else "Newtown",
        },
    )
    stage.wait("the new address in Books", lambda: _street(stage, customer) == "99, New Wharf, 2nd floor")
    following = stage.zoho.post("books/invoices", {"customer_id": customer, "line_items": lines})
    stage.equal(
        following["billing_address"]["address"],
        "99, New Wharf, 2nd floor",
        "the next invoice has the new address",
    )
    stage.settle()
    stage.check(_invoice(stage, sent) == before, "the invoice that was sent is unchanged, byte for byte")
    stage.info(f"invoice {following['invoice_number']} beside the older one of {len(before)} bytes")


def _invoice(stage: Stage, id: str) -> str:
    found = next(one for one in stage.zoho.export()["books"]["invoices"] if one["invoice_id"] == id)
    return json.dumps(found, ensure_ascii=False, sort_keys=True)


def _street(stage: Stage, customer: str) -> str:
    found = stage.zoho.customer(customer)
    return str(found["billing_address"]["address"]) if found else ""


def _untouched(stage: Stage, kind: Kind) -> list[str]:
    """Linked companies of one kind without a held field."""
    return [c.ref for c in stage.plan.companies if c.kind is kind and c.ref not in stage.key.held_fields]


def conflicts(stage: Stage) -> None:
    """One side changed: it travels. Both: each field by itself, and the owner where it is the same field."""
    _phone(stage)
    names = _untouched(stage, Kind.SAME_EMAIL)
    _two_fields(stage, names[0])
    _one_field(stage, names[1])


def _phone(stage: Stage) -> None:
    company = next(
        c
        for c in stage.plan.companies
        if c.kind is Kind.SAME_TAX and c.people and c.people[0].ref in stage.ids.books
    )
    person = company.people[0].ref
    contact, id = stage.ids.crm[person], stage.ids.books[person]
    stage.edit(f"books/contacts/{stage.ids.books[company.ref]}/persons/{id}", {"phone": "+91 80 2222 3344"})
    stage.wait(
        "the person's phone in CRM",
        lambda: (stage.zoho.contact(contact) or {}).get("Phone") == "+91 80 2222 3344",
    )
    stage.check(True, "a contact person's phone changed in Books is in CRM")


def _two_fields(stage: Stage, name: str) -> None:
    account, customer = stage.ids.crm[name], stage.ids.books[name]
    _both(
        stage,
        (f"crm/Accounts/{account}", {"Website": "https://new.example"}),
        (f"books/contacts/{customer}", {"notes": "Pays by the end of the month"}),
    )
    stage.settle()
    crm, books = stage.zoho.account(account) or {}, stage.zoho.customer(customer) or {}
    stage.equal(
        [crm["Website"], books["website"]],
        ["https://new.example"] * 2,
        "two fields changed at once: CRM's survives on both sides",
    )
    stage.equal(
        [crm["Description"], books["notes"]],
        ["Pays by the end of the month"] * 2,
        "and Books' survives on both sides",
    )


def _one_field(stage: Stage, name: str) -> None:
    account, customer = stage.ids.crm[name], stage.ids.books[name]
    segment = [{"api_name": "cf_segment", "value": "as Books has it"}]
    _both(
        stage,
        (f"crm/Accounts/{account}", {"Customer_Segment": "as CRM has it"}),
        (f"books/contacts/{customer}", {"custom_fields": segment}),
    )
    stage.settle()
    crm, books = stage.zoho.account(account) or {}, stage.zoho.customer(customer) or {}
    custom = {one["api_name"]: one["value"] for one in books["custom_fields"]}
    stage.equal(
        [crm["Customer_Segment"], custom.get("cf_segment")],
        ["as CRM has it"] * 2,
        "one field changed on both: its owner (CRM) wins on both sides",
    )
    told = stage.tandem("why", f"crm:{account}")
    field = next(one for one in told["fields"] if one["field"] == "segment")
    loser = field["loser"] or {}
    stage.equal(
        (loser.get("side"), loser.get("value")),
        ("books", "as Books has it"),
        "tandem why shows the value that lost",
    )
    stage.check("owns" in str(loser.get("rule")), "and the rule", loser)
    stage.info(f"tandem why: segment: {loser.get('side')} lost “{loser.get('value')}” ({loser.get('rule')})")


def _both(stage: Stage, *edits: tuple[str, Json]) -> None:
    """Edits of different people in the same moment."""
    with ThreadPoolExecutor(len(edits)) as pool:
        list(pool.map(lambda edit: stage.edit(*edit), edits))


def delete(stage: Stage) -> None:
    """A deleted Account deactivates the customer, never deletes it; a restored one revives it."""
    account, customer = stage.ids.crm["mahseer"], stage.ids.books["mahseer"]
    before = stage.log.last
    stage.changes += 2
    stage.zoho.delete(f"crm/Accounts/{account}")
    stage.settle()
    stage.wait(
        "the customer inactive in Books",
        lambda: (stage.zoho.customer(customer) or {}).get("status") == "inactive",
    )
    stage.check(True, "deleted in CRM: the customer is inactive in Books, and still there")
    stage.zoho.post(f"crm/Accounts/{account}/restore")
    stage.wait(
        "the customer active in Books",
        lambda: (stage.zoho.customer(customer) or {}).get("status") == "active",
    )
    stage.settle()
    stage.check(True, "restored in CRM: the customer is active again")
    deletes = [str(one) for one in stage.log.since(before) if one.method == "DELETE"]
    stage.equal(deletes, [], "nothing was deleted in Books")
    again = [c for c in stage.zoho.export()["books"]["contacts"] if c["contact_name"].startswith("Mahseer")]
    stage.equal(len(again), 1, "and nothing was created anew")
