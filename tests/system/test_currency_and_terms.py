"""A currency is written on create only; payment terms travel both ways: of customers, vendors and individuals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.system.individuals import IN_BOOKS, MAPPING
from tests.system.sections import INDIVIDUAL_FIELDS, VENDORS, india
from tests.system.world import System

INDIA = india(VENDORS)
PLACES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "customer": (
        "Accounts",
        {"Account_Name": "Acme Ltd", "Account_Type": "Customer"},
        {"contact_name": "Acme Ltd", "contact_type": "customer"},
    ),
    "vendor": (
        "Vendors",
        {"Vendor_Name": "Acme Ltd"},
        {"contact_name": "Acme Ltd", "contact_type": "vendor"},
    ),
    "individual": ("Contacts", {"First_Name": "Rama", "Last_Name": "Iyer"}, IN_BOOKS),
}
"""CRM's module, and the smallest record of each side."""
TERMS = {"crm": "Payment_Days", "books": "payment_terms", "converter": "integer"}


@dataclass
class Scene:
    """A system whose records have a currency and payment terms."""

    system: System
    entity: str
    ids: dict[str, str]
    """Books' id of each currency."""

    async def make_crm(self, **more: Any) -> None:
        """A user makes a record in CRM, and it is synced."""
        module, smallest, _ = PLACES[self.entity]
        await self.system.control("POST", f"/crm/{module}", {**smallest, **more})
        await self.system.run(12)

    async def make_books(self, **more: Any) -> None:
        """A user makes a record in Books, and it is synced."""
        await self.system.control("POST", "/books/contacts", {**PLACES[self.entity][2], **more})
        await self.system.run(12)

    async def crm(self) -> dict[str, Any]:
        """The only record of CRM."""
        [found] = (await self.system.export())["crm"][PLACES[self.entity][0]]
        return dict(found)

    async def books(self) -> dict[str, Any]:
        """The only contact of Books."""
        [found] = (await self.system.export())["books"]["contacts"]
        return dict(found)

    async def edit_crm(self, **changes: Any) -> None:
        """A user edits in CRM, and it is synced."""
        place = f"/crm/{PLACES[self.entity][0]}/{(await self.crm())['id']}"
        await self.system.control("PATCH", place, changes)
        await self.system.run(12)

    async def edit_books(self, **changes: Any) -> None:
        """A user edits in Books, and it is synced."""
        await self.system.control("PATCH", f"/books/contacts/{(await self.books())['contact_id']}", changes)
        await self.system.run(12)

    def causes(self) -> list[str]:
        """What is held, by cause."""
        return [hold["cause"] for hold in self.system.store.cases.holds("main")]

    async def rests(self) -> None:
        """Nothing is held, and nothing more is written."""
        await self.system.settle(1)
        assert self.causes() == []
        before = self.system.seq
        await self.system.settle(2)
        assert self.system.writes(before) == []
        self.system.judge()


Start = Callable[[], Awaitable[Scene]]


@pytest.fixture(params=PLACES)
async def start(request: pytest.FixtureRequest) -> AsyncIterator[Start]:
    """Starts a system with both fields in the mapping of an entity: listed, in write mode."""
    made: list[System] = []

    async def begin() -> Scene:
        ids = {one.code: one.currency_id for one in System().sandbox.books.store.setup.currencies}
        is_individual = request.param == "individual"
        mapping = yaml.safe_load(MAPPING if is_individual else INDIA)
        table = {code: ids[code] for code in ("INR", "USD", "GBP")}
        currency = {
            "crm": "Currency",
            "books": "currency_id",
            "converter": "picklist",
            "args": {"values": table},
        }
        fields = mapping["entities"][request.param]["fields"]
        notes = {"crm": "Description", "books": "notes", "converter": "long_text"}
        fields |= {"currency": {**currency, "written": "on_create"}, "terms": TERMS, "notes": notes}
        system = System(mapping=yaml.safe_dump(mapping))
        made.append(system)
        assert {one.code: one.currency_id for one in system.sandbox.books.store.setup.currencies} == ids
        field = {"product": "crm", "module": PLACES[request.param][0]}
        choices = {"api_name": "Currency", "data_type": "picklist", "picklist": list(table)}
        for wanted in INDIVIDUAL_FIELDS if is_individual else ():
            await system.control("POST", "/fields", wanted)
        await system.control("POST", "/fields", {**field, **choices})
        await system.control("POST", "/fields", {**field, "api_name": "Payment_Days", "data_type": "integer"})
        await system.subscribe(("Accounts", "Contacts", "Vendors"))
        await system.settle(2)
        system.write_mode()
        return Scene(system, request.param, ids)

    yield begin
    for system in made:
        await system.http.aclose()
        await system.sandbox.outbox.close()


async def test_a_new_record_has_the_currency_of_the_other_side(start: Start) -> None:
    """CRM's code, and Books' id of it."""
    scene = await start()
    await scene.make_crm(Currency="USD")
    assert (await scene.books())["currency_id"] == scene.ids["USD"]
    await scene.rests()


async def test_a_new_record_of_books_brings_its_currency_along(start: Start) -> None:
    """The same from the other side."""
    scene = await start()
    await scene.make_books(currency_id=scene.ids["GBP"])
    assert (await scene.crm())["Currency"] == "GBP"
    await scene.rests()


@pytest.mark.parametrize("side", ["crm", "books"])
async def test_a_later_edit_of_the_currency_is_held_and_the_rest_goes_on(start: Start, side: str) -> None:
    """Nothing is written of it on either side; set by hand on the other side too, the hold is gone."""
    scene = await start()
    await scene.make_crm(Currency="USD", Description="old")
    if side == "crm":
        await scene.edit_crm(Currency="GBP", Description="new")
        assert await scene.books() | {"notes": "new", "currency_id": scene.ids["USD"]} == await scene.books()
    else:
        await scene.edit_books(currency_id=scene.ids["GBP"], notes="new")
        assert await scene.crm() | {"Description": "new", "Currency": "USD"} == await scene.crm()
    assert scene.causes() == ["fixed:currency"]
    await (
        scene.edit_books(currency_id=scene.ids["GBP"]) if side == "crm" else scene.edit_crm(Currency="GBP")
    )
    await scene.rests()


async def test_a_person_may_say_which_currency_stands_and_books_has_the_last_word(start: Start) -> None:
    """`--take crm` is sent; with a transaction Books refuses it, and the pair is held with Books' sentence."""
    scene = await start()
    await scene.make_crm(Currency="USD")
    if scene.entity == "customer":
        invoice = {
            "customer_id": (await scene.books())["contact_id"],
            "line_items": [{"name": "Work", "rate": 100, "quantity": 1}],
        }
        await scene.system.control("POST", "/books/invoices", invoice)
    await scene.edit_crm(Currency="GBP")
    [hold] = scene.system.store.cases.holds("main")
    await scene.system.release(hold, take="crm")
    await scene.system.run(12)
    kept = "USD" if scene.entity == "customer" else "GBP"
    assert (await scene.books())["currency_id"] == scene.ids[kept]
    assert len(scene.causes()) == (1 if scene.entity == "customer" else 0)
    assert scene.causes() != ["fixed:currency"]


async def test_payment_terms_travel_both_ways(start: Start) -> None:
    """As days; of a new record and of each edit."""
    scene = await start()
    await scene.make_crm(Payment_Days=30)
    assert (await scene.books())["payment_terms"] == 30
    await scene.edit_books(payment_terms=45)
    assert (await scene.crm())["Payment_Days"] == 45
    await scene.edit_crm(Payment_Days=0)
    assert (await scene.books())["payment_terms"] == 0
    await scene.rests()


async def test_payment_terms_that_crm_leaves_blank_come_from_books_and_are_never_cleared_there(
    start: Start,
) -> None:
    """A term of no days is a value; a clear in CRM is not sent."""
    scene = await start()
    await scene.make_crm()
    await scene.system.settle(1)
    assert (await scene.crm())["Payment_Days"] == 0
    await scene.edit_books(payment_terms=15)
    await scene.edit_crm(Payment_Days=None)
    assert (await scene.books())["payment_terms"] == 15
    await scene.rests()
