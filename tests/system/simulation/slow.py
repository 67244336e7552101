"""While all else is well, one thing is very late: a webhook, a writer, or the last of many writes."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from tests.system.simulation.users import PLAIN, Customer

if TYPE_CHECKING:
    from tests.system.simulation.run import Simulation

LATE_SECONDS = 160
"""By then a poll has brought the edit, and somebody has edited over it on the other side."""
STALL_SECONDS = 95.0
"""So long a writer stands still: its lease ends, the next tick wakes another writer, and that one gets done."""
AWAKE_SECONDS = 4.0, 12.0
"""Between the end of that and the next edit of what both wrote."""
CROWD = 30
"""So many persons of one customer are edited at once: where calls are slow, the last is written a minute later."""
SLOW_CALL = 1.0
"""Seconds from which a call to Zoho is slow enough for that."""
CROWD_CALLS = 80
"""Calls to Books in a minute that so many persons need at least: where fewer are allowed they wait for quota."""


async def slow(sim: Simulation) -> None:
    """One of each, on customers that are there."""
    rng, before = Random(f"{sim.plan.seed}:slow:{sim.outcome.events}"), len(sim.acts)
    can_wait = sim.plan.settings["books_per_minute"] >= CROWD_CALLS and sum(sim.plan.latency) >= SLOW_CALL
    for scene in (_late_webhook, _slow_writer, *((_crowd,) if can_wait else ())):
        customer = sim.users.someone("crm")
        if customer is not None and sim.users.may_edit(customer, "books"):
            await scene(sim, customer, rng)
    sim.outcome.events += len(sim.acts) - before


def _field(customer: Customer, rng: Random) -> str:
    """A text that stays as it is typed; a twin is found by its name."""
    return rng.choice([name for name in PLAIN if name != "name" or not customer.twin])


async def _late_webhook(sim: Simulation, customer: Customer, rng: Random) -> None:
    """Books' word of an edit comes when the edit was carried over long ago, and another over it."""
    name, faults = _field(customer, rng), customer.org.world.faults
    faults.plant("delay_notification", {"count": 1, "product": "books", "seconds": LATE_SECONDS})
    sim.users.edit_field(customer, "books", name)
    await asyncio.sleep(LATE_SECONDS / 2 + rng.uniform(0, 10))
    faults.clear()
    sim.users.edit_field(customer, "crm", name)
    await asyncio.sleep(LATE_SECONDS)


async def _slow_writer(sim: Simulation, customer: Customer, rng: Random) -> None:
    """A writer stands still before it stores what it wrote; another goes on; then somebody edits what both wrote."""
    name, tables = _field(customer, rng), sim.functions.tables
    tables.stall = (("put", "LINK"), STALL_SECONDS)
    sim.users.edit_field(customer, "crm", name)
    await asyncio.sleep(STALL_SECONDS / 10)
    sim.users.edit_field(customer, "crm", name)
    await asyncio.sleep(STALL_SECONDS * 0.9 + rng.uniform(*AWAKE_SECONDS))
    tables.stall = None
    sim.users.edit_field(customer, "books", name)
    await asyncio.sleep(STALL_SECONDS)


async def _crowd(sim: Simulation, customer: Customer, rng: Random) -> None:
    """Everybody at one customer has another telephone in CRM, and in Books some of them get one meanwhile."""
    tokens = [token for _ in range(CROWD) if (token := sim.users.add_person_to(customer))]
    await asyncio.sleep(60 + CROWD * 2 * sum(sim.plan.latency))
    for token in tokens:
        sim.users.edit_person(token, customer, "crm", "phone")
    for token in rng.sample(tokens, len(tokens) // 2):
        await asyncio.sleep(rng.uniform(0.5, 4.0))
        sim.users.edit_person(token, customer, "books", "phone")
    await asyncio.sleep(CROWD * 2 * sum(sim.plan.latency))
