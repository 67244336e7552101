"""A system in which a Contact without an Account is a Books customer of its own, and what tests look at in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.rows import parse_key
from tests.system.sections import INDIVIDUAL_FIELDS, india, with_individuals
from tests.system.world import System

INDIA = india()
MAPPING = with_individuals(INDIA)
RAMA = {
    "First_Name": "Rama",
    "Last_Name": "Iyer",
    "Email": "rama@iyer.example",
    "Phone": "+91 44 1234 5678",
    "Mobile": "+91 98400 12345",
    "Mailing_Street": "4 Anna Salai",
    "Mailing_City": "Chennai",
    "Mailing_State": "Tamil Nadu",
    "Mailing_Zip": "600002",
    "Mailing_Country": "India",
    "Tier": "Gold",
}
IN_BOOKS = {
    "contact_name": "Rama Iyer",
    "contact_type": "customer",
    "customer_sub_type": "individual",
    "billing_address": {
        "address": "4 Anna Salai",
        "city": "Chennai",
        "state": "Tamil Nadu",
        "country": "India",
    },
    "contact_persons": [{"first_name": "Rama", "last_name": "Iyer", "email": "rama@iyer.example"}],
}


class Individuals:
    """A system with `individual` in its mapping, both orgs empty and listed once, in write mode."""

    def __init__(self, system: System) -> None:
        self.system = system

    @classmethod
    async def started(
        cls, mapping: str = MAPPING, fields: Iterable[Mapping[str, Any]] = (), **settings: Any
    ) -> Individuals:
        """With the fields that it wants, and these."""
        made = System(mapping=mapping, settings=settings)
        for field in (*INDIVIDUAL_FIELDS, *fields):
            await made.control("POST", "/fields", field)
        await made.subscribe()
        await made.settle(2)
        made.write_mode()
        return cls(made)

    async def contacts(self) -> list[dict[str, Any]]:
        """The Contacts in CRM."""
        return list((await self.system.export())["crm"].get("Contacts", []))

    async def customers(self) -> list[dict[str, Any]]:
        """The customers in Books."""
        return list((await self.system.export())["books"]["contacts"])

    async def in_crm(self, **changes: Any) -> str:
        """A Contact that a user made; its id."""
        return str((await self.system.control("POST", "/crm/Contacts", {**RAMA, **changes}))["id"])

    async def in_books(self, **changes: Any) -> str:
        """A Books customer that a user made; its id."""
        return str(
            (await self.system.control("POST", "/books/contacts", {**IN_BOOKS, **changes}))["contact_id"]
        )

    async def edit_crm(self, id: str, **changes: Any) -> None:
        """A user edits a Contact."""
        await self.system.control("PATCH", f"/crm/Contacts/{id}", changes)

    async def edit_books(self, id: str, **changes: Any) -> None:
        """A user edits a Books customer."""
        await self.system.control("PATCH", f"/books/contacts/{id}", changes)

    async def pair(self) -> tuple[str, str]:
        """A Contact made in CRM and synced, at rest; its id and its customer's."""
        crm = await self.in_crm()
        await self.system.settle(3)
        [customer] = await self.customers()
        return crm, customer["contact_id"]

    def link(self, side: Side, id: str) -> Any:
        """The link of one record."""
        return self.system.store.links.of(RecordKey("main", side, "individual", id))

    async def keep_apart(self, hold: dict[str, Any]) -> None:
        """`tandem release --keep-apart`."""
        key, store = parse_key(hold["record"]), self.system.store
        store.apart.keep(key, hold["candidates"], self.system.clock.now())
        store.rows.hint(key, RowClass.PERSON, self.system.clock.now())
        self.system.bell.ring("main")

    def held(self) -> list[tuple[str, str]]:
        """(cause, record) of every hold."""
        return [(hold["cause"], hold["record"]) for hold in self.system.store.cases.holds("main")]

    def written(self, since: int) -> list[str]:
        """The endpoints of the remote writes."""
        return [call["endpoint"] for call in self.system.writes(since)]

    def books_calls(self, since: int) -> list[str]:
        """Method and path without ids of every call to Books."""
        return [call["endpoint"] for call in self.system.calls(since) if "/books/" in call["path"]]

    async def rests(self) -> None:
        """Nothing more is written."""
        before = self.system.seq
        await self.system.settle(2)
        assert self.written(before) == []
        self.system.judge()

    async def close(self) -> None:
        """End it."""
        await self.system.http.aclose()
        await self.system.sandbox.outbox.close()
