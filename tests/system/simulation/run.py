"""One seed: a world, users, faults, calm, and the judge; the same seed gives the same run."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any, Protocol

import yaml

from tandem.adapters.zoho import transport, watch
from tandem.core.records import Mode
from tests.system.sections import INDIVIDUAL_FIELDS
from tests.system.simulation.accountants import Accountants
from tests.system.simulation.calm import calm
from tests.system.simulation.clerks import Clerks
from tests.system.simulation.evidence import Act, Restore
from tests.system.simulation.faults import Faults
from tests.system.simulation.functions import Functions
from tests.system.simulation.leavers import Leavers
from tests.system.simulation.loop import START, VirtualLoop
from tests.system.simulation.operators import Operators
from tests.system.simulation.org import Network, Org
from tests.system.simulation.plan import Plan, draw
from tests.system.simulation.traders import Traders
from tests.system.simulation.trouble import trouble
from tests.system.simulation.users import AWKWARD, WITH_EMOJI, Users
from tests.system.simulation.verdict import Finding
from tests.system.simulation.wiring import BOOKS_SECRET, CHANNELS, PATH_SECRET, Hooks

CALM_EVERY = 250
"""Events between two calms: all heals, all must become quiet, and the judge looks."""


class Others(Protocol):
    """People of one trait; `rng` also says whose turn it is."""

    @property
    def rng(self) -> Random: ...

    def act(self) -> int:
        """One act, if there is any to be done; how many events that was."""
        ...


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
    others: dict[str, Others] = field(init=False)
    """Who acts beside these, by the trait of the seeds that have them."""
    faults: Faults = field(init=False)
    acts: list[Act] = field(default_factory=list)
    calls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    mapping: Any = None
    brisk: list[tuple[float, float]] = field(default_factory=list)
    restored: list[Restore] = field(default_factory=list)
    _due: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan, seed = self.plan, self.plan.seed
        hooks = Hooks()
        self.orgs = {
            name: Org(name, self.loop, seed * 2 + n, plan.switches, plan.zoho_skew, hooks)
            for n, name in enumerate(CHANNELS)
        }
        if "individuals" in plan.traits:
            for org in self.orgs.values():
                org.add_fields(INDIVIDUAL_FIELDS)
        network = Network(self.loop, self.orgs, Random(f"{seed}:network"), plan.latency)
        network.after = self.deliver
        self.functions = Functions(self.loop, plan, self.orgs, network, self.note)
        hooks.functions = self.functions
        awkward = WITH_EMOJI if "emoji" in plan.traits else AWKWARD
        self.users = Users(self.orgs, Random(f"{seed}:users"), self.wrote, awkward=awkward)
        self.faults = Faults(self.orgs, self.functions, network, Random(f"{seed}:faults"))
        self.calls = {name: [] for name in self.orgs}
        self.mapping = yaml.safe_load(plan.mapping)
        self.others = {
            "goods": self._traders("traders", ("item", "vendor")),
            "individuals": self._traders("individuals", ("individual",)),
            "leavers": Leavers(self.users, Random(f"{seed}:leavers")),
            "accountants": Accountants(self.users, Random(f"{seed}:accountants")),
            "clerks": Clerks(self.users, Random(f"{seed}:clerks")),
            "operators": Operators(self.functions, list(CHANNELS), Random(f"{seed}:operators"), self.wrote),
        }

    def _traders(self, name: str, kinds: Sequence[str]) -> Traders:
        rng = Random(f"{self.plan.seed}:{name}")
        return Traders(self.orgs, rng, self.wrote, self.users.next, kinds, awkward=self.users.awkward)

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
        """Send what an org announced, when it is due: one that is late holds up no other."""
        due = org.world.outbox.next_due()
        if due is not None and due < self._due.get(org.name, float("inf")):
            self._due[org.name] = due
            self.loop.call_at(max(due - START.timestamp(), self.loop.time()) + 1e-6, self._deliver, org)

    def _deliver(self, org: Org) -> None:
        async def work() -> None:
            self._due.pop(org.name, None)
            await org.world.outbox.deliver_due()
            self.deliver(org)

        self.functions.spawn(work)

    def subscribe(self) -> None:
        """What `tandem connect` does: both products tell us."""
        for name, org in self.orgs.items():
            url = f"https://tandem.test/hooks/books/{name}/{PATH_SECRET}"
            for entity in ("contact", "item") if "goods" in self.plan.traits else ("contact",):
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
            await trouble(self, min(CALM_EVERY, events - self.outcome.events))
            await calm(self)
        schedule.cancel()
        await self.functions.http.aclose()
        for org in self.orgs.values():
            await org.world.outbox.close()


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
