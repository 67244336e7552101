"""The worked examples of `docs/mapping.md`, each through the whole system: they do what the page says of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import yaml

from tests.cli.test_mapping_examples import BLOCKS, OWN_FIELDS, whole
from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.world import System

GST = {"GST_Treatment": "Registered Business - Regular", "GSTIN": "27AAPFU0939F1ZV", "Place_of_Supply": "MH"}


class Example:
    """A system with one example of the page as its mapping, in write mode, and its only customer."""

    def __init__(self, system: System) -> None:
        self.system = system

    async def account(self, **more: Any) -> None:
        """A user makes an Account, and it is synced."""
        await self.system.control("POST", "/crm/Accounts", {**ACCOUNT, **more})
        await self.system.run(12)

    async def crm(self) -> dict[str, Any]:
        """The Account."""
        [record] = (await self.system.export())["crm"]["Accounts"]
        return dict(record)

    async def books(self) -> dict[str, Any]:
        """The customer, custom fields beside its own."""
        [contact] = (await self.system.export())["books"]["contacts"]
        return {**contact, **{one["api_name"]: one["value"] for one in contact["custom_fields"]}}

    async def edit_crm(self, **changes: Any) -> None:
        """A user edits the Account, and it is synced."""
        await self.system.control("PATCH", f"/crm/Accounts/{(await self.crm())['id']}", changes)
        await self.system.run(12)

    async def edit_books(self, **changes: Any) -> None:
        """A user edits the customer, and it is synced; `cf_...` is a custom field."""
        custom = [
            {"api_name": name, "value": value} for name, value in changes.items() if name.startswith("cf_")
        ]
        own = {name: value for name, value in changes.items() if not name.startswith("cf_")}
        body = own | ({"custom_fields": custom} if custom else {})
        await self.system.control("PATCH", f"/books/contacts/{(await self.books())['contact_id']}", body)
        await self.system.run(12)

    def held(self) -> list[str]:
        """The causes of all holds."""
        return [hold["cause"] for hold in self.system.store.cases.holds("main")]


@pytest.fixture
async def start() -> AsyncIterator[Callable[[str], Awaitable[Example]]]:
    """Starts a system with the example that has these words in it."""
    made: list[System] = []

    async def begin(words: str) -> Example:
        [block] = [one for one in BLOCKS if words in one]
        system = System(mapping=yaml.safe_dump(whole(block)))
        made.append(system)
        for spec in OWN_FIELDS:
            await system.control("POST", "/fields", {"product": "crm", "module": "Accounts", **spec})
        await system.subscribe()
        await system.settle(2)
        system.write_mode()
        return Example(system)

    yield begin
    for system in made:
        await system.http.aclose()
        await system.sandbox.outbox.close()


Start = Callable[[str], Awaitable[Example]]


async def test_the_default_carries_a_customer_and_its_person_both_ways(start: Start) -> None:
    """Out of scope is left out; who is in it comes with name, address, phone and person, and edits go both ways."""
    example = await start("# Names, addresses, phones and people")
    system = example.system
    await example.account()
    parent = {"Account_Name": {"id": (await example.crm())["id"]}}
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Phone": "+91 22 1111 2222", **parent})
    await system.control("POST", "/crm/Accounts", {"Account_Name": "Later", "Account_Type": "Prospect"})
    await system.settle(2)
    customer = await example.books()
    assert customer["contact_name"] == "Acme Ltd"
    assert customer["billing_address"]["city"] == "Mumbai"
    assert [one["email"] for one in customer["contact_persons"]] == ["asha@acme.example"]
    await example.edit_books(notes="from Books", cf_segment="Retail")
    accounts = {one["Account_Name"]: one for one in (await system.export())["crm"]["Accounts"]}
    assert accounts["Acme Ltd"]["Description"] == "from Books"
    assert accounts["Acme Ltd"]["Customer_Segment"] == "Retail"
    assert example.held() == []


async def test_india_gst_is_filled_by_crm_and_owned_by_books(start: Start) -> None:
    """A right set goes once; a later change of CRM, and a number that its check digit refutes, are held."""
    example = await start("scheme: gstin")
    await example.account(**GST)
    assert ((await example.books())["gst_no"], example.held()) == (GST["GSTIN"], [])
    await example.edit_crm(GST_Treatment="Consumer", GSTIN=None)
    assert (await example.books())["gst_no"] == GST["GSTIN"]
    assert [cause.split(":")[0] for cause in example.held()] == ["owned by Books"]
    other = await start("scheme: gstin")
    await other.account(**{**GST, "GSTIN": "27AAPFU0939F1ZX"})
    assert (await other.system.export())["books"]["contacts"] == []
    assert [cause.split(":")[0] for cause in other.held()] == ["tax identity contradicts"]


async def test_a_pick_list_says_other_words_in_books_and_has_a_default(start: Start) -> None:
    """A value outside the table is held alone; a new customer without an industry gets one."""
    example = await start("Manufacturing: Factory")
    await example.account()
    assert (await example.books())["cf_industry"] == "Shop"
    await example.edit_crm(Industry="Technology")
    assert (await example.books())["cf_industry"] == "IT"
    await example.edit_books(cf_industry="Factory")
    assert (await example.crm())["Industry"] == "Manufacturing"
    await example.edit_crm(Industry="Consulting", Description="goes on")
    assert ((await example.books())["cf_industry"], (await example.books())["notes"]) == (
        "Factory",
        "goes on",
    )
    assert [cause.split(":")[0] for cause in example.held()] == ["conversion"]


async def test_a_payment_term_of_books_is_shown_by_crm_and_put_back(start: Start) -> None:
    """Nothing of CRM ever reaches Books."""
    example = await start("Payment_Days")
    await example.account()
    await example.edit_books(payment_terms=45)
    assert (await example.crm())["Payment_Days"] == 45
    await example.edit_crm(Payment_Days=7)
    assert ((await example.crm())["Payment_Days"], (await example.books())["payment_terms"]) == (45, 45)
    assert example.held() == []


async def test_a_segment_is_filled_by_crm_once_and_books_own_then(start: Start) -> None:
    """The variant beside it: `crm_may: fill_blank`."""
    example = await start("segment: {crm: Customer_Segment, books: cf_segment, owner: books")
    await example.account(Customer_Segment="Retail")
    assert (await example.books())["cf_segment"] == "Retail"
    await example.edit_books(cf_segment="Online")
    assert (await example.crm())["Customer_Segment"] == "Online"
    await example.edit_crm(Customer_Segment="Wholesale")
    assert ((await example.books())["cf_segment"], example.held()) == ("Online", ["owned by Books:segment"])


async def test_what_only_crm_may_write_is_put_back_in_books(start: Start) -> None:
    """An edit in Books goes nowhere."""
    example = await start("Manager_Name")
    await example.account(Manager_Name="Asha")
    assert (await example.books())["cf_account_manager"] == "Asha"
    await example.edit_books(cf_account_manager="Ravi")
    assert ((await example.books())["cf_account_manager"], (await example.crm())["Manager_Name"]) == (
        "Asha",
        "Asha",
    )
    assert example.held() == []
