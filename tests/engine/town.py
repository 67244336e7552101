"""Some linked customers at rest, and what people do to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.ports import Put
from tests.system.conftest import ACCOUNT
from tests.system.world import System

PAGE, READ, WRITE = "GET /books/v3/contacts", "GET /books/v3/contacts/{id}", "PUT /books/v3/contacts/{id}"


@dataclass(frozen=True)
class Town:
    """Some linked customers at rest: their Accounts and Books customers, oldest first."""

    system: System
    accounts: list[str]
    customers: list[str]

    async def edit_crm(self, **changes: Any) -> None:
        """Every Account is edited; {n} in a value is its number. All notices arrive, no bell is answered."""
        for number, id in enumerate(self.accounts):
            values = {name: value.format(n=number) for name, value in changes.items()}
            await self.system.control("PATCH", f"/crm/Accounts/{id}", values)
        await self.told()

    async def told(self) -> None:
        """Notices arrive, no bell is answered."""
        for _ in range(3):
            await self.system.sandbox.outbox.deliver_due()
            self.system.clock.advance(1)
        self.system.bell.take()

    async def edit_books(self, number: int, *, silently: bool = False, **changes: Any) -> None:
        """One customer is edited; `silently`: its webhook is lost."""
        if silently:
            await self.system.control("POST", "/faults", {"name": "drop_notification", "count": 1})
        await self.system.control("PATCH", f"/books/contacts/{self.customers[number]}", changes)

    async def drain(self) -> dict[str, int]:
        """One drain; its Books calls by endpoint."""
        before = self.system.seq
        await self.system.drain()
        made = (str(call["endpoint"]) for call in self.system.calls(before) if call["product"] == "books")
        return dict(Counter(made))

    async def books(self, number: int) -> dict[str, Any]:
        """A customer as it stands."""
        return await self.system.books_contact(self.customers[number])

    async def account(self, number: int) -> dict[str, Any]:
        """An Account as it stands."""
        return await self.system.crm_record("Accounts", self.accounts[number])

    async def read_now(self, number: int) -> None:
        """A customer is read by GET in this very second."""
        self.system.store.rows.hint(self.key(number), RowClass.LIVE, self.system.clock.now())
        assert await self.drain() == {READ: 1}

    def key(self, number: int) -> RecordKey:
        """The Books key of a customer."""
        return RecordKey("main", Side.BOOKS, "customer", self.customers[number])

    def replaced(self) -> list[Any]:
        """Values of a website that writes replaced, as the history has them."""
        return [entry["before"].get("website") for entry in self.system.history() if entry["kind"] == "write"]

    def while_writing(self, act: Callable[[int], object]) -> None:
        """`act(n)` happens after the n-th intent was stored and before its call."""
        count = 0

        def hook(_verb: str, argument: Any) -> None:
            nonlocal count
            if isinstance(argument, Put) and str(argument.item["pk"]).startswith("INTENT#"):
                count += 1
                act(count)

        self.system.memory.after = hook


async def a_town(system: System, size: int) -> Town:
    """Customers made in CRM, synced and settled by pages; nothing was edited in the last minutes."""
    await system.settle(2)
    system.write_mode()
    names = [f"Company {number:02}" for number in range(size)]
    accounts = [{**ACCOUNT, "Account_Name": name, "Website": None} for name in names]
    made = await system.control("POST", "/import", {"crm": {"Accounts": accounts}})
    await system.settle(9)
    found = {c["contact_name"]: c["contact_id"] for c in (await system.export())["books"]["contacts"]}
    return Town(system, made["crm"]["Accounts"], [found[name] for name in names])
