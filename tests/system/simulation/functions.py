"""Tandem's functions over memory, called as AWS calls them: queue, schedule, deaths, slow tables, redelivery."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import httpx

from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.adapters.memory.queues import MemoryDeadLetters
from tandem.adapters.memory.table import MemoryTable
from tandem.adapters.zoho import hooks
from tandem.bootstrap import zoho_clients
from tandem.core.connection import Connection, Settings
from tandem.core.records import Mode, Side
from tandem.engine.desk import Store
from tandem.engine.drain import Drainer
from tandem.engine.intake import Intake, Notice
from tandem.engine.ports import Item, Request
from tandem.engine.reconcile import Ticker
from tandem.engine.redrive import Redriver
from tandem.engine.rows import parse_key
from tests.system.simulation.loop import (
    CURRENT,
    START,
    FunctionTime,
    Invocation,
    Killed,
    VirtualLoop,
    nobody,
)
from tests.system.simulation.org import Network, Org
from tests.system.simulation.plan import Plan
from tests.system.simulation.tables import Tables
from tests.system.simulation.wiring import BOOKS_SECRET, CHANNELS, CRM_TOKEN, PATH_SECRET, Queue, Secrets

TIMEOUT = 120
VISIBILITY = 720
ATTEMPTS = 5


Note = Callable[..., None]


class Functions:
    """All functions beside both tables."""

    def __init__(
        self, loop: VirtualLoop, plan: Plan, orgs: dict[str, Org], network: Network, note: Note
    ) -> None:
        """Nothing runs until `start`."""
        self.loop, self.plan, self.note = loop, plan, note
        self.rng = Random(f"{plan.seed}:functions")
        self.tables, self.table_ids = Tables(loop, plan.seed), count(1)
        self.clock = FunctionTime(loop)
        self.lag = Random(f"{plan.seed}:lag")
        self.past = MemoryTable(before=self.tables.before, after=self.tables.after, table_id="past")
        self.alerts, self.letters = MemoryAlerts(), MemoryDeadLetters()
        self.http = httpx.AsyncClient(transport=network, trust_env=False)
        self.queue, self.tokens = Queue(self), count(1)
        self._deploy([])
        self.is_down = False
        self._alive: list[Invocation] = []
        self.slow_runs = self.doomed_runs = 0
        self.calm = False
        self._waiting: list[tuple[str, int]] = []
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        for name, org in orgs.items():
            self._connect(name, org)

    def _deploy(self, rows: Sequence[Item]) -> None:
        """Everything over a State table with these rows, which is another table than any before."""
        self.state = MemoryTable(
            index_lag=lambda: self.lag.choice(self.plan.lag), table_id=f"state-{next(self.table_ids)}"
        )
        self.state.put_many(rows)
        self.state.catch_up()
        self.tables.watch(self.state)
        self.store = Store.over(self.state, self.past, self.alerts, self.clock)
        clients = zoho_clients(self.http, self.state, Secrets(), self.clock)
        self.drainer = Drainer(
            self.store,
            clients,
            self.letters,
            self.clock,
            lambda: f"w{next(self.tokens)}",
            self.rng.random,
        )
        self.ticker = Ticker(self.store, clients, self.queue, self.clock)
        self.redriver = Redriver(self.store, self.letters, self.clock)
        self.intake = self._intake()

    def _connect(self, name: str, org: Org) -> None:
        self.store.connections.save(
            Connection(
                id=name,
                group="both" if self.plan.one_group else name,
                accounts_url=org.url,
                crm_url=org.url,
                books_url=org.url,
                crm_org=org.world.crm_org_id,
                organization_id=org.world.books_org_id,
                crm_channels=(CHANNELS[name],),
                settings=Settings(**self.plan.settings),
            ),
            self.plan.mapping,
        )

    def _intake(self) -> Intake:
        def notices(named: Any) -> Any:
            return lambda connection, request: [Notice(*one) for one in named(connection, request)]

        secrets = {"path_secret": PATH_SECRET, "crm_token": CRM_TOKEN, "books_secret": BOOKS_SECRET}
        return Intake(
            self.store,
            self.queue,
            self.clock,
            lambda _age: dict.fromkeys(CHANNELS, secrets),
            {Side.CRM: hooks.is_genuine_crm, Side.BOOKS: hooks.is_genuine_books},
            {Side.CRM: notices(hooks.named_by_crm), Side.BOOKS: notices(hooks.named_by_books)},
        )

    # --- runs --------------------------------------------------------------------------------------------

    def later(self, seconds: float, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Start `work` after a while."""
        self.loop.call_later(seconds, self.spawn, work, *args)

    def spawn(self, work: Callable[..., Any], *args: Any) -> None:
        """Start `work` now, in a context of its own."""
        task = self.loop.create_task(work(*args), context=nobody())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _invocation(self, name: str) -> Invocation:
        run = Invocation(name)
        if self.calm:
            return run
        run.skew = self.rng.uniform(-self.plan.skew, self.plan.skew)
        if self.doomed_runs or self.rng.random() < self.plan.deaths:
            self.doomed_runs = max(self.doomed_runs - 1, 0)
            run.dies_at = int(self.rng.expovariate(1 / 50)) + 1
        if name != "receive_webhook" and (self.slow_runs or self.rng.random() < self.plan.slows):
            self.slow_runs = max(self.slow_runs - 1, 0)
            run.slow_at, run.slow_for = self.rng.randint(1, 80), self.rng.choice((5.0, 12.0, 45.0, 60.0))
        return run

    async def _run(self, name: str, work: Callable[[], Awaitable[Any]]) -> bool:
        """One run of a function; true if it ended well."""
        if self.is_down:
            return False
        run = self._invocation(name)
        self._alive.append(run)
        CURRENT.set(run)
        end = self.loop.call_later(TIMEOUT, setattr, run, "dead", True)
        try:
            report = await work()
        except Killed:
            self.note("died", name, run.steps)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, Lambda tells of a failed run
            self.note("failed", name, f"{type(error).__name__}: {error}")
            return False
        finally:
            end.cancel()
            CURRENT.set(None)
            self._alive.remove(run)
        self.note("ran", name, str(report))
        return True

    async def receive(self, message: str, attempt: int) -> None:
        """Hand a message to `sync_changes`, or keep it while as many runs as allowed are going on."""
        if self._running >= self.plan.workers:
            self._waiting.append((message, attempt))
            return
        self._running += 1
        body = json.loads(message)
        keys = [parse_key(text) for text in body["keys"]]
        end = self.clock.now() + timedelta(seconds=TIMEOUT)
        good = await self._run("sync_changes", lambda: self.drainer.drain(body["group"], keys, end))
        self._running -= 1
        if not good and (attempt < ATTEMPTS or self.is_down):
            is_soon = self.calm or self.is_down
            self.later(5 if is_soon else VISIBILITY, self.receive, message, attempt + 1)
        elif not good:
            self.letters.send_raw(message)
        if self._waiting:
            self.later(0.01, self.receive, *self._waiting.pop(0))

    async def tick(self) -> None:
        """`reconcile`, once."""
        await self._run("reconcile", lambda: self.ticker.tick(self.clock.now() + timedelta(seconds=TIMEOUT)))

    async def redrive(self) -> None:
        """`retry_dead_letters`, once."""

        async def work() -> Any:
            return self.redriver.redrive()

        await self._run("retry_dead_letters", work)
        self.letters.show_again()

    async def schedule(self) -> None:
        """Every minute a tick, every fifth a redrive; each in a run of its own."""
        for minute in count(1):
            await asyncio.sleep(60)
            self.spawn(self.tick)
            if minute % 5 == 0:
                self.spawn(self.redrive)

    def take_in(self, told: Request) -> int:
        """`receive_webhook`, once: its status."""
        if self.is_down:
            return 503
        run = self._invocation("receive_webhook")
        token = CURRENT.set(run)
        try:
            return self.intake.receive(told).status
        except Killed:
            return 504
        except Exception as error:  # noqa: BLE001 - API Gateway tells the sender
            self.note("failed", "receive_webhook", type(error).__name__)
            return 500
        finally:
            CURRENT.reset(token)

    # --- what an operator does -------------------------------------------------------------------------------

    def set_mode(self, connection: str, mode: Mode) -> None:
        """`tandem mode`."""
        self.store.connections.set_mode(connection, mode)
        if mode is Mode.WRITE:
            self.store.rows.wake_all(connection, "mode", self.clock.now())

    def pause(self, connection: str, *, paused: bool) -> None:
        """`tandem pause` and `tandem resume`."""
        self.store.connections.set(connection, paused=paused)

    def change_mapping(self, connection: str, text: str) -> None:
        """Activate another mapping: it and META move in one transaction."""
        self.store.connections.save(self.store.connections.read(connection), text)

    def backup(self) -> list[Item]:
        """The State table as it stands."""
        return self.state.rows()

    def shut_down(self) -> None:
        """Nothing runs any more, until the table is restored."""
        self.is_down = True
        for run in self._alive:
            run.dead = True

    def restore(self, rows: Sequence[Item]) -> None:
        """The stack works again, over a table restored from a backup."""
        self._deploy(rows)
        self.is_down = False

    def history(self) -> list[dict[str, Any]]:
        """Every entry of the history."""
        return sorted(self.past.rows(), key=lambda item: (item["at"], item["pk"], item["sk"]))

    def subscription(self, name: str) -> dict[str, Any]:
        """The notification channel of a connection, for CRM's watch."""
        modules = ("Accounts", "Contacts", *(("Vendors", "Products") if "goods" in self.plan.traits else ()))
        return {
            "channel_id": CHANNELS[name],
            "events": [f"{m}.{e}" for m in modules for e in ("create", "edit", "delete")],
            "notify_url": f"https://tandem.test/hooks/crm/{name}/{PATH_SECRET}",
            "token": CRM_TOKEN,
            "notify_on_related_action": False,
            "return_affected_field_values": True,
            "channel_expiry": (START + timedelta(days=6)).isoformat(),
        }
