"""All heals, all must become quiet, people edit in quick succession, and the judge looks."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from tandem.core.records import Mode
from tests.system.simulation.evidence import Evidence
from tests.system.simulation.judge import judge
from tests.system.simulation.slow import slow
from tests.system.simulation.users import Customer
from tests.system.simulation.verdict import Verdict

if TYPE_CHECKING:
    from tests.system.simulation.run import Simulation

CALM_MINUTES = 90
LOOKS = 2
"""Looks, more than a poll apart, that find nothing to do: a notice may be lost that only the next poll makes good."""
LOOK_SECONDS = 70
QUIET_MINUTES = 2
BRISK_RECORDS = 12
"""Records that people edit in a calm, each in quick succession: nothing is at fault, so all must go fast."""
TURNS = 0.5
"""How often that is when a writer begins or ends."""
BRISK_CALLS = 80
"""Calls to Books in a minute that quick edits need: where a seed allows fewer, they wait for quota."""
PRESS_AT = 40.0
"""The second of a minute in which they do."""
CALLS_EACH = 8
"""Calls to Zoho that the edits of one record may cost: where each is slow, people leave the time for them."""


async def calm(sim: Simulation) -> None:
    """One calm; what it finds goes into the outcome."""
    sim.faults.heal()
    sim.functions.calm = True
    for name in sim.orgs:
        sim.functions.pause(name, paused=False)
        sim.functions.set_mode(name, Mode.WRITE)
    began = sim.loop.time()
    waiting = await _until_quiet(sim)
    sim.outcome.quiet.append(sim.loop.time() - began)
    if not waiting:
        many = sim.plan.settings["books_per_minute"] >= BRISK_CALLS
        await (_brisk(sim) if many else _press(sim))
        waiting = await _until_quiet(sim)
    if not waiting:
        await slow(sim)
        waiting = await _until_quiet(sim)
    await asyncio.sleep(90)
    _collect(sim)
    quiet = {name: calls[-1]["seq"] if calls else 0 for name, calls in sim.calls.items()}
    await asyncio.sleep(60 * QUIET_MINUTES + 10)
    _collect(sim)
    verdict = _judge(sim, quiet)
    if forgotten := sorted(sim.functions.tables.forgotten):
        verdict.add("stuck", f"pending and never due: {forgotten[:3]}")
    if waiting:
        such = f"such as {_rows(sim)[:3]}"
        verdict.add("stuck", f"open after {CALM_MINUTES} minutes of calm: {waiting}, {such}")
    sim.outcome.findings += verdict.findings
    sim.outcome.in_window = verdict.in_window
    sim.note("judged", verdict.counts())
    sim.functions.calm = False


async def _until_quiet(sim: Simulation) -> int:
    """Wait until nothing is to do at some looks in a row; returns what still is after all that time."""
    began, waiting, looks = sim.loop.time(), 1, 0
    while looks < LOOKS and sim.loop.time() - began < 60 * CALM_MINUTES:
        await asyncio.sleep(LOOK_SECONDS)
        waiting = _waiting(sim)
        looks = 0 if waiting else looks + 1
    return waiting


async def _brisk(sim: Simulation) -> None:
    """People edit in quick succession while all is well: an edit may come while the last one is on its way."""
    rng, began = Random(f"{sim.plan.seed}:brisk:{sim.outcome.events}"), sim.now()
    before = len(sim.acts)
    for _ in range(BRISK_RECORDS):
        side = rng.choice(("crm", "books"))
        customer = sim.users.someone(side)
        for _ in range(rng.randint(1, 3) if customer else 0):
            assert customer is not None
            sim.users.edit_one(customer, side)
            _interrupt(sim, customer, side, rng)
            await asyncio.sleep(rng.uniform(0.1, 2.5))
        await asyncio.sleep(rng.uniform(2.0, 9.0) + CALLS_EACH * sum(sim.plan.latency))
    sim.functions.tables.meanwhile = None
    sim.brisk.append((began, sim.now()))
    sim.outcome.events += len(sim.acts) - before


async def _press(sim: Simulation) -> None:
    """Where few calls are allowed, people ask for more than a minute has, just before the clock's minute turns."""
    await asyncio.sleep((PRESS_AT - sim.now()) % 60)
    sim.outcome.events += sim.users.rush()


def _interrupt(sim: Simulation, customer: Customer, side: str, rng: Random) -> None:
    """One more edit, at a moment that the writer gives: between any two of its steps it must be seen."""
    turn = ("update", "WRITER")
    kind = turn if rng.random() < TURNS else rng.choice(sorted(sim.functions.tables.kinds))
    sim.functions.tables.meanwhile = kind, rng.randint(0, 2), lambda: sim.users.edit_one(customer, side)


def _waiting(sim: Simulation) -> int:
    """Rows due within the hour (a wait for a person or a parent is a day long) and open intents."""
    intents = sum(len(sim.functions.store.intents.all_open(name)) for name in sim.orgs)
    return intents + len(_rows(sim))


def _rows(sim: Simulation) -> list[str]:
    soon = (sim.functions.clock.now() + timedelta(hours=1)).isoformat()
    items = [item for name in sim.orgs for item in sim.functions.state.query(name, index="due")]
    return [text for item in items if (text := str(item["due_sk"])).split("#")[1] < soon]


def _collect(sim: Simulation) -> None:
    for name, org in sim.orgs.items():
        for call in org.log():
            sim.calls[name].append(call)
            sim.outcome.calls[f"{call['product']} {call['endpoint']}"] += 1
            sim.outcome.log.append(json.dumps([name, call]))


def _judge(sim: Simulation, quiet: dict[str, int]) -> Verdict:
    sides = {name: org.export() for name, org in sim.orgs.items()}
    sim.outcome.history = sim.functions.history()
    history = sim.outcome.history
    most = int(sim.plan.settings["books_per_minute"])
    return judge(
        Evidence(sides, sim.calls, history, sim.mapping, sim.acts, quiet, most, sim.brisk, sim.restored)
    )
