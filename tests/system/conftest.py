"""Fixtures: a whole system with a customer on both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.system.world import System

ACCOUNT = {
    "Account_Name": "Acme Ltd",
    "Account_Type": "Customer",
    "Phone": "+91 22 1234 5678",
    "Website": "https://acme.example",
    "Billing_Street": "1 MG Road",
    "Billing_City": "Mumbai",
    "Billing_State": "Maharashtra",
    "Billing_Code": "400001",
    "Billing_Country": "India",
    "Description": "First customer",
}
CONTACT = {"First_Name": "Asha", "Last_Name": "Rao", "Email": "asha@acme.example", "Phone": "022 1111 2222"}


@pytest.fixture
async def system() -> AsyncIterator[System]:
    """An empty pair of orgs, connected, subscribed, in observe mode."""
    made = System()
    await made.subscribe()
    yield made
    await made.http.aclose()
    await made.sandbox.outbox.close()


@dataclass
class Pair:
    """A linked customer with one person."""

    system: System
    account: str
    contact: str
    customer: str
    person: str

    async def crm(self, module: str = "Accounts") -> dict[str, Any]:
        """The CRM record as it stands."""
        return await self.system.crm_record(module, self.account if module == "Accounts" else self.contact)

    async def books(self) -> dict[str, Any]:
        """The Books customer as it stands."""
        return await self.system.books_contact(self.customer)

    async def edit_crm(self, changes: dict[str, Any], module: str = "Accounts") -> None:
        """A user edits in CRM."""
        id = self.account if module == "Accounts" else self.contact
        await self.system.control("PATCH", f"/crm/{module}/{id}", changes)

    async def edit_books(self, changes: dict[str, Any]) -> None:
        """A user edits in Books."""
        await self.system.control("PATCH", f"/books/contacts/{self.customer}", changes)

    async def edit_person(self, changes: dict[str, Any]) -> None:
        """A user edits the person in Books."""
        await self.system.control("PATCH", f"/books/contacts/{self.customer}/persons/{self.person}", changes)


@pytest.fixture
async def pair(system: System) -> Pair:
    """A customer and a person made in CRM and synced to Books by Tandem itself."""
    await system.settle(2)
    system.write_mode()
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    contact = (await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}}))[
        "id"
    ]
    await system.run(20)
    await system.settle(1)
    [customer] = (await system.export())["books"]["contacts"]
    [person] = customer["contact_persons"]
    return Pair(system, account, contact, customer["contact_id"], person["contact_person_id"])
