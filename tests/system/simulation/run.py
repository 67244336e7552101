"""One seed: a world, users, faults, calm, and the judge; the same seed gives the same run."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import yaml

from tandem.adapters.zoho import transport, watch
from tandem.core.records import Mode
from tests.system.simulation.evidence import Act, Evidence
from tests.system.simulation.faults import Faults
from tests.system.simulation.functions import BOOKS_SECRET, CHANNELS, PATH_SECRET, Functions, Hooks
from tests.system.simulation.judge import judge
from tests.system.simulation.loop import START, VirtualLoop
from tests.system.simulation.org import Network, Org
from tests.system.simulation.plan import TRADE, Plan, draw
from tests.system.simulation.traders import Traders
from tests.system.simulation.users import Users
from tests.system.simulation.verdict import Finding, Verdict

CALM_EVERY = 250
"""Events between two calms: all heals, all must become quiet, and the judge looks."""
CALM_MINUTES = 90
LOOKS = 2
"""Looks, more than a poll apart, that find nothing to do: a notice may be lost that only the next poll makes good."""
LOOK_SECONDS = 70
QUIET_MINUTES = 2
BRISK_RECORDS = 12
"""Records that people edit in a calm, each in quick succession: nothing is at fault, so all must go fast."""
CALLS_EACH = 8
"""Calls to Zoho that the edits of one record may cost: where each is slow, people leave the time for them."""


@dataclass(slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    events: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    in_window: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    quiet: list[float] = field(default_factory=list)
    """Simulated seconds to quiet, calm by calm."""
    seconds: float = 0.0
    digest: str = ""
    log: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Simulation:
    """The world of one seed."""

    plan: Plan
    loop: VirtualLoop
    outcome: Outcome
    tell: Callable[[int], None]
    orgs: dict[str, Org] = field(init=False)
    functions: Functions = field(init=False)
    users: Users = field(init=False)
    traders: Traders = field(init=False)
    faults: Faults = field(init=False)
    acts: list[Act] = field(default_factory=list)
    calls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    mapping: Any = None
    brisk: list[tuple[float, float]] = field(default_factory=list)
    _due: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        plan, seed = self.plan, self.plan.seed
        hooks = Hooks()
        self.orgs = {
            name: Org(name, self.loop, seed * 2 + n, plan.switches, plan.zoho_skew, hooks)
            for n, name in enumerate(CHANNELS)
        }
        network = Network(self.loop, self.orgs, Random(f"{seed}:network"), plan.latency)
        network.after = self.deliver
        self.functions = Functions(self.loop, plan, self.orgs, network, self.note)
        hooks.functions = self.functions
        self.users = Users(self.orgs, Random(f"{seed}:users"), self.wrote)
        self.faults = Faults(self.orgs, self.functions, network, Random(f"{seed}:faults"))
        self.calls = {name: [] for name in self.orgs}
        self.mapping = yaml.safe_load(plan.mapping)
        self.traders = Traders(self.orgs, Random(f"{seed}:traders"), self.wrote, self.users.next)

    # --- the log -----------------------------------------------------------------------------------------

    def now(self) -> float:
        """Epoch seconds."""
        return START.timestamp() + self.loop.time()

    def note(self, *words: Any) -> None:
        """One line of the event log."""
        self.outcome.log.append(json.dumps([round(self.loop.time(), 6), *words], default=str))

    def wrote(
        self,
        verb: str,
        org: str,
        side: str,
        kind: str,
        token: str,
        *,
        field: str = "",
        value: Any = None,
        saw: Any = None,
        into: str = "",
    ) -> None:
        """Somebody did something: for the judge, the log, and the notifications that follow."""
        self.acts.append(Act(self.now(), verb, org, side, kind, token, field, value, saw, into))
        self.outcome.kinds[f"{verb} {kind} in {side}"] += 1
        self.note("user", verb, org, side, kind, token, field, value, saw, into)
        self.deliver(self.orgs[org])

    # --- the world goes on -------------------------------------------------------------------------------

    def deliver(self, org: Org) -> None:
        """Send what an org announced, when it is due."""
        due = org.world.outbox.next_due()
        if due is not None and org.name not in self._due:
            self._due.add(org.name)
            self.loop.call_at(max(due - START.timestamp(), self.loop.time()) + 1e-6, self._deliver, org)

    def _deliver(self, org: Org) -> None:
        async def work() -> None:
            self._due.discard(org.name)
            await org.world.outbox.deliver_due()
            self.deliver(org)

        self.functions.spawn(work)

    def subscribe(self) -> None:
        """What `tandem connect` does: both products tell us."""
        for name, org in self.orgs.items():
            url = f"https://tandem.test/hooks/books/{name}/{PATH_SECRET}"
            for entity in ("contact", "item") if self.plan.has_goods else ("contact",):
                org.world.books.webhooks.register({"url": url, "secret": BOOKS_SECRET, "entity": entity})
            org.world.crm.channels.enable(self.functions.subscription(name), org.world.users.all()[0].crm_id)

    async def run(self, events: int) -> None:
        """Everything."""
        self.note("plan", self.plan.described())
        self.subscribe()
        schedule = self.loop.create_task(self.functions.schedule())
        await asyncio.sleep(130)
        for name in self.orgs:
            self.functions.set_mode(name, Mode.WRITE)
        while self.outcome.events < events and not self.outcome.findings:
            await self._trouble(min(CALM_EVERY, events - self.outcome.events))
            await self._calm()
        schedule.cancel()
        await self.functions.http.aclose()
        for org in self.orgs.values():
            await org.world.outbox.close()

    async def _trouble(self, events: int) -> None:
        rng, end = Random(f"{self.plan.seed}:{self.outcome.events}"), self.outcome.events + events
        pause = rng.choice((0.3, 1.0, 4.0))
        while self.outcome.events < end:
            is_trade = self.plan.has_goods and self.traders.rng.random() < TRADE
            self.outcome.events += self.traders.act() if is_trade else self._event(rng)
            dice = rng.random()
            if dice < 0.7:
                await asyncio.sleep(rng.expovariate(1 / pause))
            elif dice < 0.72:
                await asyncio.sleep(rng.uniform(20, 90))
            self.tell(self.outcome.events)

    def _event(self, rng: Random) -> int:
        users, dice = self.users, rng.random()
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
            return users.delete()
        if dice < 0.825:
            return users.restore()
        if dice < 0.83:
            return users.merge()
        name = self.faults.strike()
        self.outcome.kinds[f"fault: {name}"] += 1
        self.note("fault", name)
        return 1

    # --- calm and judgement ------------------------------------------------------------------------------

    async def _calm(self) -> None:
        self.faults.heal()
        self.functions.calm = True
        for name in self.orgs:
            self.functions.pause(name, paused=False)
            self.functions.set_mode(name, Mode.WRITE)
        began = self.loop.time()
        waiting = await self._until_quiet()
        self.outcome.quiet.append(self.loop.time() - began)
        if not waiting:
            await self._brisk()
            waiting = await self._until_quiet()
        await asyncio.sleep(90)
        self._collect()
        quiet = {name: calls[-1]["seq"] if calls else 0 for name, calls in self.calls.items()}
        await asyncio.sleep(60 * QUIET_MINUTES + 10)
        self._collect()
        verdict = self._judge(quiet)
        if waiting:
            such = f"such as {self._rows()[:3]}"
            verdict.add("stuck", f"open after {CALM_MINUTES} minutes of calm: {waiting}, {such}")
        self.outcome.findings += verdict.findings
        self.outcome.in_window = verdict.in_window
        self.note("judged", verdict.counts())
        self.functions.calm = False

    async def _until_quiet(self) -> int:
        """Wait until nothing is to do at some looks in a row; returns what still is after all that time."""
        began, waiting, looks = self.loop.time(), 1, 0
        while looks < LOOKS and self.loop.time() - began < 60 * CALM_MINUTES:
            await asyncio.sleep(LOOK_SECONDS)
            waiting = self._waiting()
            looks = 0 if waiting else looks + 1
        return waiting

    async def _brisk(self) -> None:
        """People edit in quick succession while all is well: an edit may come while the last one is on its way."""
        rng, began = Random(f"{self.plan.seed}:brisk:{self.outcome.events}"), self.now()
        kinds = Counter(self.outcome.kinds)
        for _ in range(BRISK_RECORDS):
            side = rng.choice(("crm", "books"))
            customer = self.users.someone(side)
            for _ in range(rng.randint(1, 3) if customer else 0):
                assert customer is not None
                self.users.edit_one(customer, side)
                await asyncio.sleep(rng.uniform(0.1, 2.5))
            await asyncio.sleep(rng.uniform(2.0, 9.0) + CALLS_EACH * sum(self.plan.latency))
        self.brisk.append((began, self.now()))
        typed, self.outcome.kinds = self.outcome.kinds - kinds, kinds
        kinds["brisk edit in a calm, beside the events"] += typed.total()

    def _waiting(self) -> int:
        """Rows due within the hour (a wait for a person or a parent is a day long) and open intents."""
        intents = sum(len(self.functions.store.intents.all_open(name)) for name in self.orgs)
        return intents + len(self._rows())

    def _rows(self) -> list[str]:
        soon = (self.functions.clock.now() + timedelta(hours=1)).isoformat()
        items = [item for name in self.orgs for item in self.functions.state.query(name, index="due")]
        return [text for item in items if (text := str(item["due_sk"])).split("#")[1] < soon]

    def _collect(self) -> None:
        for name, org in self.orgs.items():
            for call in org.log():
                self.calls[name].append(call)
                self.outcome.calls[f"{call['product']} {call['endpoint']}"] += 1
                self.outcome.log.append(json.dumps([name, call]))

    def _judge(self, quiet: dict[str, int]) -> Verdict:
        sides = {name: org.export() for name, org in self.orgs.items()}
        self.outcome.history = self.functions.history()
        history = self.outcome.history
        return judge(Evidence(sides, self.calls, history, self.mapping, self.acts, quiet, self.brisk))


@contextmanager
def _world_of_its_own(seed: int, loop: VirtualLoop) -> Iterator[None]:
    """Silence, seeded chance and simulated durations for this run; the process gets its own back afterwards."""
    silenced, chance = logging.root.manager.disable, random.getstate()
    clocks = [(vars(module), vars(module)["time"]) for module in (transport, watch)]
    try:
        logging.disable(logging.CRITICAL)
        random.seed(seed)
        for names, _real in clocks:
            # How long a call took is simulated too: the guard of a CRM write is reckoned from it.
            names["time"] = SimpleNamespace(monotonic=loop.time)
        yield
    finally:
        for names, real in clocks:
            names["time"] = real
        random.setstate(chance)
        logging.disable(silenced)


def simulate(seed: int, events: int, tell: Callable[[int], None] = lambda _n: None) -> Outcome:
    """Run one seed; nothing outside it has an influence but the code, and it leaves nothing behind."""
    started, outcome, loop = time.perf_counter(), Outcome(seed), VirtualLoop()
    with _world_of_its_own(seed, loop):
        simulation = Simulation(draw(seed), loop, outcome, tell)
        try:
            loop.run_until_complete(simulation.run(events))
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
    outcome.seconds = time.perf_counter() - started
    outcome.digest = hashlib.sha256("\n".join(outcome.log).encode()).hexdigest()
    return outcome
