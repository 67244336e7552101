"""One more field on a record, of every type that both products have: where it stands, and a scene with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.individuals import IN_BOOKS, MAPPING, RAMA
from tests.system.sections import INDIVIDUAL_FIELDS, NEW_ITEMS, VENDORS, india
from tests.system.world import System

INDIA = india()
CRM_NAME, BOOKS_NAME = "Extra", "cf_extra"


@dataclass(frozen=True)
class Kind:
    """One type of field: how each side calls it, what carries it, and two values as each side shows them."""

    crm: str
    books: str
    converter: str
    first: tuple[Any, Any]
    second: tuple[Any, Any]
    args: dict[str, Any] = field(default_factory=dict)
    crm_spec: dict[str, Any] = field(default_factory=dict)
    books_spec: dict[str, Any] = field(default_factory=dict)
    cleared: tuple[Any, Any] = (None, None)
    """What CRM and Books show once it is blank."""


GRADES: dict[str, Any] = {
    "args": {"values": {"Gold": "G", "Silver": "S"}},
    "crm_spec": {"picklist": ["Gold", "Silver"]},
    "books_spec": {"options": ["G", "S"]},
}
KINDS = {
    "text": Kind("text", "string", "text", ("Ålesund & Søn", "Ålesund & Søn"), ("ZZ-9", "ZZ-9")),
    "several lines": Kind("textarea", "multiline", "long_text", ("one\ntwo", "one\ntwo"), ("three", "three")),
    "e-mail": Kind("email", "email", "email", ("a@acme.example", "a@acme.example"), ("b@acme.example",) * 2,
                   args={"crm_max": 100}),
    "URL": Kind("website", "url", "url", ("https://acme.example/a",) * 2, ("https://acme.example/b",) * 2),
    "phone": Kind("phone", "phone", "phone", ("+91 22 1234 5678",) * 2, ("+91 98765 43210",) * 2),
    "integer": Kind("integer", "number", "integer", (12, 12), (0, 0)),
    "decimal": Kind("double", "decimal", "decimal", (1.25, 1.25), (-3.5, -3.5), args={"places": 2}),
    "currency": Kind("currency", "amount", "money", (1500.5, 1500.5), (0.07, 0.07), args={"currency": "INR"}),
    "percent": Kind("percent", "percent", "percent", (12.5, 12.5), (100.0, 100.0)),
    "date": Kind("date", "date", "date", ("2026-04-01",) * 2, ("2028-02-29",) * 2),
    "datetime with zone": Kind(
        "datetime", "date_time", "datetime", ("2026-04-01T09:30:00+05:30", "2026-04-01 09:30"),
        ("2026-12-31T23:59:00+05:30", "2026-12-31 23:59"), args={"zone": "Asia/Kolkata"}),
    "check box": Kind("boolean", "check_box", "checkbox", (True, True), (False, False), cleared=(False, False)),
    "pick list": Kind("picklist", "dropdown", "picklist", ("Gold", "G"), ("Silver", "S"), **GRADES),
    "several choices": Kind(
        "multiselectpicklist", "multiselect", "multi_select", (["Gold", "Silver"], ["G", "S"]), (["Silver"], ["S"]),
        **GRADES),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One entity: where its records live on both sides, and the smallest record of each."""

    module: str
    metadata: str
    """How Books' metadata calls it."""
    new_crm: Mapping[str, Any]
    new_books: Mapping[str, Any]
    id: str = "contact_id"
    mapping: str = INDIA
    fields: Sequence[Mapping[str, Any]] = ()
    """What the mapping needs beside the fields that the sandbox has."""


PLACES = {
    "customer": Place("Accounts", "contact", ACCOUNT, {"contact_name": "Acme Ltd"}),
    "vendor": Place(
        "Vendors",
        "contact",
        {"Vendor_Name": "Deccan Paper"},
        {"contact_name": "Deccan Paper", "contact_type": "vendor"},
        mapping=india(VENDORS),
    ),
    "contact_person": Place(
        "Contacts",
        "contact_person",
        CONTACT,
        {"first_name": "Asha", "last_name": "Rao"},
        id="contact_person_id",
    ),
    "item": Place(
        "Products",
        "item",
        {"Product_Name": "Bolt", "Product_Code": "B-1", "Product_Active": True},
        {"name": "Bolt", "sku": "B-1", "rate": 2},
        id="item_id",
        mapping=india(NEW_ITEMS),
    ),
    "individual": Place(
        "Contacts",
        "contact",
        {name: value for name, value in RAMA.items() if name != "Tier"},
        IN_BOOKS,
        mapping=MAPPING,
        fields=INDIVIDUAL_FIELDS,
    ),
}


@dataclass
class Scene:
    """A system whose records of one entity have one more field."""

    system: System
    kind: Kind
    entity: str = "customer"

    @property
    def place(self) -> Place:
        """Where the record lives."""
        return PLACES[self.entity]

    async def crm_record(self) -> Any:
        """The only record in CRM."""
        [record] = (await self.system.export())["crm"][self.place.module]
        return record

    async def books_record(self) -> Any:
        """The only record in Books."""
        books = (await self.system.export())["books"]
        if self.entity == "item":
            [record] = books["items"]
            return record
        if self.entity != "contact_person":
            [contact] = [
                one
                for one in books["contacts"]
                if one["contact_name"] == self.place.new_books["contact_name"]
            ]
            return contact
        [person] = (await self._customer())["contact_persons"]
        return person

    async def crm(self) -> Any:
        """What CRM shows in it."""
        return (await self.crm_record()).get(CRM_NAME)

    async def books(self) -> Any:
        """What Books shows in it; None where it is left out."""
        shown = {one["api_name"]: one["value"] for one in (await self.books_record())["custom_fields"]}
        return shown.get(BOOKS_NAME)

    async def make_crm(self, **values: Any) -> None:
        """A user makes the record in CRM; it is synced."""
        body = {**self.place.new_crm, **values}
        if self.entity == "contact_person":
            accounts = (await self.system.export())["crm"]["Accounts"]
            [account] = [one for one in accounts if one["Account_Name"] == ACCOUNT["Account_Name"]]
            body["Account_Name"] = {"id": account["id"]}
        await self.system.control("POST", f"/crm/{self.place.module}", body)
        await self.system.run(12)

    async def make_books(self, **values: Any) -> None:
        """A user makes the record in Books; it is synced."""
        await self.system.control("POST", await self._path(), {**self.place.new_books, **values})
        await self.system.run(12)

    async def edit_crm(self, value: Any) -> None:
        """A user edits the record in CRM; the edit is synced."""
        id = (await self.crm_record())["id"]
        await self.system.control("PATCH", f"/crm/{self.place.module}/{id}", {CRM_NAME: value})
        await self.system.run(12)

    async def edit_books(self, value: Any) -> None:
        """A user edits the record in Books; the edit is synced."""
        id = (await self.books_record())[self.place.id]
        await self.system.control("PATCH", f"{await self._path()}/{id}", custom(value))
        await self.system.run(12)

    async def _path(self) -> str:
        if self.entity != "contact_person":
            return "/books/items" if self.entity == "item" else "/books/contacts"
        return f"/books/contacts/{(await self._customer())['contact_id']}/persons"

    async def _customer(self) -> Any:
        """That of the person."""
        contacts = (await self.system.export())["books"]["contacts"]
        [customer] = [one for one in contacts if one["contact_name"] == ACCOUNT["Account_Name"]]
        return customer

    async def rests(self) -> None:
        """Nothing is held, and nothing more is written."""
        assert self.system.store.cases.holds("main") == []
        before = self.system.seq
        await self.system.settle(2)
        assert self.system.writes(before) == []
        self.system.judge()


def custom(value: Any) -> dict[str, Any]:
    """A Books body with the custom field."""
    return {"custom_fields": [{"api_name": BOOKS_NAME, "value": value}]}


@asynccontextmanager
async def scene_of(kind: Kind, entity: str = "customer") -> AsyncIterator[Scene]:
    """A system with the field on both sides and in the mapping: listed, in write mode; a person has its customer."""
    place = PLACES[entity]
    mapping = yaml.safe_load(place.mapping)
    spec = {"crm": CRM_NAME, "books": BOOKS_NAME, "converter": kind.converter, "args": kind.args}
    mapping["entities"][entity]["fields"]["extra"] = {**spec, "never_blank": False}
    system = System(mapping=yaml.safe_dump(mapping))
    crm = {"product": "crm", "module": place.module, "api_name": CRM_NAME, "data_type": kind.crm}
    books = {"product": "books", "entity": place.metadata, "api_name": BOOKS_NAME, "data_type": kind.books}
    for wanted in (*place.fields, {**crm, **kind.crm_spec}, {**books, **kind.books_spec}):
        await system.control("POST", "/fields", wanted)
    await system.subscribe(("Accounts", "Contacts", "Vendors", "Products"))
    await system.settle(2)
    system.write_mode()
    if entity == "contact_person":
        await system.control("POST", "/crm/Accounts", ACCOUNT)
        await system.run(12)
    try:
        yield Scene(system, kind, entity)
    finally:
        await system.http.aclose()
        await system.sandbox.outbox.close()
