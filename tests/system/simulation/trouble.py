"""The events of a seed between two calms: people, faults, a rush of both, and seldom a lost table."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from tandem.core.records import Mode
from tandem.engine.ports import Item
from tests.system.simulation import endings
from tests.system.simulation.evidence import Restore
from tests.system.simulation.plan import SHARES
from tests.system.simulation.users import Customer

if TYPE_CHECKING:
    from tests.system.simulation.run import Simulation

RUSHES = 0.5
"""How likely a list is imported and worked through between two calms."""
REGRETS = 0.06
"""How likely somebody deletes what a create without an answer has made, while there is one."""
RESTORES = 0.25
"""How likely the State table is lost between two calms, and restored from a backup."""
RESTORE_SECONDS, RESTORE_EDITS = 150, 10
"""How long that takes, and how many edits people make meanwhile."""


async def trouble(sim: Simulation, events: int) -> None:
    """So many events, and whatever a rush or an outage adds."""
    rng, end = Random(f"{sim.plan.seed}:{sim.outcome.events}"), sim.outcome.events + events
    pause, backup = rng.choice((0.3, 1.0, 4.0)), (0.0, list[Item]())
    sim.users.turn_to()
    saved, lost = _when_restored(sim, end - events, events)
    rush = sim.outcome.events + events // 2 if rng.random() < RUSHES else end
    while sim.outcome.events < end:
        if sim.outcome.events >= rush:
            sim.outcome.events, rush = sim.outcome.events + sim.users.rush(), end
        if sim.outcome.events >= saved:
            backup, saved = (sim.now(), sim.functions.backup()), end
        if sim.outcome.events >= lost:
            lost = end
            await _restored(sim, *backup)
        sim.outcome.events += _act(sim, rng)
        dice = rng.random()
        if dice < 0.7:
            await asyncio.sleep(rng.expovariate(1 / pause))
        elif dice < 0.72:
            await asyncio.sleep(rng.uniform(20, 90))
        sim.tell(sim.outcome.events)


def _when_restored(sim: Simulation, start: int, events: int) -> tuple[int, int]:
    """At which event a backup is made, and at which it is all that is left; seldom, and long before the end."""
    rng = Random(f"{sim.plan.seed}:restore:{start}")
    if rng.random() >= RESTORES:
        return start + events, start + events
    saved = start + int(events * rng.uniform(0.1, 0.5))
    return saved, saved + int(events * rng.uniform(0.1, 0.4))


async def _restored(sim: Simulation, saved: float, backup: list[Item]) -> None:
    """The table is lost; people go on typing until it is restored from what was saved."""
    stopped = sim.now()
    sim.functions.shut_down()
    for _ in range(RESTORE_EDITS):
        await asyncio.sleep(RESTORE_SECONDS / RESTORE_EDITS)
        sim.outcome.events += sim.users.edit()
    sim.functions.restore(backup)
    for name in sim.orgs:
        sim.functions.set_mode(name, Mode.WRITE)
    sim.restored.append(Restore(saved, stopped, sim.now()))
    sim.outcome.kinds["fault: table restored from a backup"] += 1
    sim.note("fault", "table restored", saved)


def _unanswered(sim: Simulation) -> list[tuple[Customer, str]]:
    """Customers that are being created, with the side on which: nobody was told yet whether they are."""
    open_now = [i for name in sim.orgs for i in sim.functions.store.intents.all_open(name)]
    made = {(i.source.side.value, i.source.id): i.side.value for i in open_now if i.kind == "create"}
    return [
        (customer, side)
        for customer in sim.users.customers
        for place, side in made.items()
        if place in {("crm", customer.crm), ("books", customer.books)}
    ]


def _act(sim: Simulation, rng: Random) -> int:
    for trait, share in SHARES.items():
        who = sim.others[trait]
        if trait in sim.plan.traits and who.rng.random() < share and (done := who.act()):
            return done
    return _event(sim, rng)


def _event(sim: Simulation, rng: Random) -> int:
    users, dice = sim.users, rng.random()
    if rng.random() < REGRETS and (made := _unanswered(sim)):
        return endings.regret(users, *rng.choice(made))
    if dice < 0.12 or len(users.customers) < 5:
        return users.create()
    if dice < 0.15:
        return users.add_person()
    if dice < 0.70:
        return users.edit()
    if dice < 0.80:
        return users.edit_both()
    if dice < 0.805:
        return users.mass_edit()
    if dice < 0.82:
        return endings.delete(users)
    if dice < 0.825:
        return endings.restore(users)
    if dice < 0.83:
        return endings.merge(users)
    name = sim.faults.strike()
    sim.outcome.kinds[f"fault: {name}"] += 1
    sim.note("fault", name)
    return 1
