"""The guards count every kind of record that stands alone: vendors and items as they count customers (P22)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tandem.core.records import LinkState
from tests.system.sections import ITEMS, VENDORS, india
from tests.system.test_guards import approve, guard_alerts
from tests.system.world import System

CROWD = 8


@dataclass
class Crowd:
    """Eight linked records of one kind at rest, where more than four deletes are too many."""

    system: System
    entity: str
    module: str
    path: str
    id: str

    async def crm(self) -> list[dict[str, Any]]:
        """The records in CRM."""
        return list((await self.system.export())["crm"][self.module])

    async def books(self) -> list[dict[str, Any]]:
        """The records in Books."""
        return list((await self.system.export())["books"][self.path])

    def live(self) -> int:
        """How many are linked."""
        return len(self.system.store.links.ids("main", self.entity, LinkState.LIVE))


@pytest.fixture(params=["vendor", "item"])
async def crowd(request: pytest.FixtureRequest) -> AsyncIterator[Crowd]:
    """The records, made in Books."""
    system = System(mapping=india(VENDORS, ITEMS), settings={"mass_delete_records": 4})
    await system.subscribe(("Accounts", "Contacts", "Vendors", "Products"))
    await system.settle(2)
    system.write_mode()
    vendors = [{"contact_name": f"Mill {n}", "contact_type": "vendor"} for n in range(CROWD)]
    items = [{"name": f"Bolt M{n}", "sku": f"M{n}", "rate": n} for n in range(CROWD)]
    is_item = request.param == "item"
    await system.control("POST", "/import", {"books": {"items": items} if is_item else {"contacts": vendors}})
    await system.settle(3)
    system.clock.advance(1200)
    await system.settle(1)
    place = ("Products", "items", "item_id") if is_item else ("Vendors", "contacts", "contact_id")
    made = Crowd(system, request.param, *place)
    assert made.live() == CROWD
    yield made
    await system.http.aclose()
    await system.sandbox.outbox.close()


async def test_what_vanishes_from_books_stays_linked_until_a_person_has_looked(crowd: Crowd) -> None:
    """Found gone while its counterpart is handled: over the threshold not even a link ends; approved, all do."""
    system = crowd.system
    for record in (await crowd.books())[:5]:
        await system.control("DELETE", f"/books/{crowd.path}/{record[crowd.id]}")
    for record in await crowd.crm():
        await system.control("PATCH", f"/crm/{crowd.module}/{record['id']}", {"Description": record["id"]})
    await system.settle(3)
    assert crowd.live() == CROWD - 4
    [alert] = guard_alerts(system)
    assert f"5 {crowd.entity} records were deleted in Books within 10 minutes, more than 4" in alert
    approve(system)
    await system.settle(3)
    assert crowd.live() == CROWD - 5


async def test_one_delete_in_crm_too_many_and_nothing_is_made_inactive(crowd: Crowd) -> None:
    """At the first sight of them; the alert names who edited a counterpart last."""
    system = crowd.system
    before = system.seq
    for record in (await crowd.crm())[:5]:
        await system.control("DELETE", f"/crm/{crowd.module}/{record['id']}")
    await system.settle(15)
    assert system.writes(before) == []
    [alert] = guard_alerts(system)
    assert f"5 {crowd.entity} records were deleted in CRM" in alert
    approve(system)
    await system.settle(3)
    assert sum(one["status"] == "inactive" for one in await crowd.books()) == 5
