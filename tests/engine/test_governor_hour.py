"""An hour of one Books organisation: ten connections, the tick beside them, perhaps another application (P20).

Governor, gate and Books client are the real ones, and the sandbox limits as Zoho does; time is simulated.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import httpx
import pytest

from sandbox.app import create_app, world_of
from sandbox.config import SandboxConfig
from sandbox.inprocess import InProcess
from tandem.adapters.memory.table import MemoryTable
from tandem.bootstrap import zoho_clients
from tandem.core import shares
from tandem.core.connection import Connection, Settings
from tandem.core.errors import RateLimitedError
from tandem.core.forecast import Forecast, forecast
from tandem.core.ledger import HEADROOM, WINDOW_SECONDS
from tandem.core.mapping import preset
from tandem.core.records import RowClass, Side
from tandem.engine.gate import RoundGate, charge
from tandem.engine.governor import BOOKS_MINUTE, Governor, accounts
from tests.system.simulation.loop import START, FunctionTime, VirtualLoop, WorldTime

CONNECTIONS = 10
MINUTES = 60
LATENCY = (0.1, 0.4)
IN_FLIGHT = 4
THIRD = 30
"""Calls of the other application in a minute: 30 % of what Books grants the organisation."""
ROUND = 50
CALLS_A_ROW = 2
REFUSED = 429
MOST_IN_FLIGHT = 1.0
"""Seconds within which calls that had left before a refusal arrive."""
BACKLOG = 120
"""Rows of backfill in each connection: more than an hour's work."""
OTHERS_AT_MOST = 35
"""What they come to in their busiest minute."""
CUSTOMERS = preset("india").entities["customer"].resource(Side.BOOKS)


class Late(httpx.AsyncBaseTransport):
    """The way to Zoho takes its time."""

    def __init__(self, inner: httpx.AsyncBaseTransport, rng: Random) -> None:
        self._inner, self._rng = inner, rng

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._rng.uniform(*LATENCY))
        response = await self._inner.handle_async_request(request)
        await asyncio.sleep(self._rng.uniform(*LATENCY))
        return response


class Secrets:
    """One refresh token for each connection."""

    def read(self) -> dict[str, Any]:
        return {
            f"c{n}": {"client_id": "1000.C", "client_secret": "s", "refresh_token": "1000.ours"}
            for n in range(CONNECTIONS)
        }


@dataclass
class Hour:
    """The world, the ten workers, and what waits for each of them."""

    loop: VirtualLoop
    arrivals: dict[RowClass, float]
    """Rows that come to each connection in a minute."""
    backlog: int = 0
    """Rows of backfill that wait in each connection from the first."""
    waiting: dict[str, Counter[RowClass]] = field(init=False)
    came: dict[RowClass, list[float]] = field(default_factory=lambda: {cls: [] for cls in RowClass})
    """When each row came, in seconds."""
    done: dict[RowClass, list[float]] = field(default_factory=lambda: {cls: [] for cls in RowClass})
    """When each row was done, in seconds."""
    made: dict[RowClass, list[float]] = field(default_factory=lambda: {cls: [] for cls in RowClass})
    """When each call was answered."""
    foreseen: Forecast | None = None

    def __post_init__(self) -> None:
        self.rng, self.clock = Random(7), FunctionTime(self.loop)
        app = create_app(
            SandboxConfig(
                seed=1,
                clock=WorldTime(self.loop),
                base_url="http://zoho.test",
                limits="real",
                books_plan="Elite",
            )
        )
        self.world = world_of(app)
        self.world.server.limits = self.world.limits.changed({"books_per_day": 100_000})
        self.http = httpx.AsyncClient(transport=Late(InProcess(app.state.server), self.rng), trust_env=False)
        self.table = MemoryTable()
        self.governor = Governor(self.table, self.clock)
        self.clients = zoho_clients(self.http, self.table, Secrets(), self.clock)
        self.connections = [self._connection(f"c{n}") for n in range(CONNECTIONS)]
        self.account = accounts(self.connections[0])["books"]
        self.waiting = {one.id: Counter({RowClass.BACKFILL: self.backlog}) for one in self.connections}

    def _connection(self, id: str) -> Connection:
        url = "http://zoho.test"
        return Connection(
            id=id,
            group=id,
            accounts_url=url,
            crm_url=url,
            books_url=url,
            crm_org=self.world.crm_org_id,
            organization_id=self.world.books_org_id,
            books_zone="Asia/Kolkata",
            settings=Settings(books_per_day=100_000),
        )

    # --- what runs --------------------------------------------------------------------------------------

    def run(self, minutes: int, *more: Any) -> None:
        """Let workers, ticks and whatever else is given run for some minutes."""

        async def all_of_it() -> None:
            jobs = [self._works(one) for one in self.connections]
            jobs += [self._ticks(one) for one in self.connections]
            tasks = [asyncio.ensure_future(job) for job in [self._arrive(), *jobs, *more]]
            for _ in range(minutes):
                await asyncio.sleep(60)
                if self.is_through:
                    break
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.loop.run_until_complete(all_of_it())

    @property
    def is_through(self) -> bool:
        """All of backfill is done."""
        return len(self.done[RowClass.BACKFILL]) == self.backlog * CONNECTIONS

    async def _arrive(self) -> None:
        while True:
            await asyncio.sleep(1)
            for name in self.waiting:
                for cls, a_minute in self.arrivals.items():
                    comes = self.rng.random() < a_minute / 60
                    self.waiting[name][cls] += comes
                    self.came[cls] += [self.loop.time()] * comes

    async def _works(self, connection: Connection) -> None:
        """A drain each quarter of a minute, as the bells of the tick ring."""
        await asyncio.sleep(self.rng.uniform(0, 15))
        while True:
            began = self.loop.time()
            await self._drain(connection)
            await asyncio.sleep(max(15 - (self.loop.time() - began), 1))

    async def _drain(self, connection: Connection) -> None:
        gate = RoundGate(self.governor, accounts(connection))
        books = self.clients(connection, gate)[Side.BOOKS]
        try:
            while rows := self._take(connection, gate):
                flight = asyncio.Semaphore(IN_FLIGHT)
                ends = await asyncio.gather(*(self._row(books, row, flight) for row in rows))
                for cls, done in zip(rows, ends, strict=True):
                    self.done[cls] += [self.loop.time()] * done
                    gate.rows_done += done and cls is RowClass.BACKFILL
                    self.waiting[connection.id][cls] += not done
                if not all(ends):
                    return
        finally:
            gate.close()

    def _take(self, connection: Connection, gate: RoundGate) -> list[RowClass]:
        """As a drain does: each class its share of the round, cut to the calls that can be reserved."""
        waiting, taken = self.waiting[connection.id], list[RowClass]()
        for cls, share in shares.fill(waiting, ROUND).items():
            calls = gate.plan("books", CALLS_A_ROW * share, cls, CALLS_A_ROW) if share else 0
            taken += [cls] * min(calls // CALLS_A_ROW, share)
        waiting.subtract(taken)
        return taken

    async def _row(self, books: Any, cls: RowClass, flight: asyncio.Semaphore) -> bool:
        async with flight:
            charge(cls)
            try:
                for _ in range(CALLS_A_ROW):
                    await books.read(CUSTOMERS, ["1"])
                    self.made[cls].append(self.loop.time())
            except RateLimitedError:
                return False
            return True

    async def _ticks(self, connection: Connection) -> None:
        """The tick polls the feed beside the workers."""
        await asyncio.sleep(self.rng.uniform(0, 60))
        while True:
            gate = RoundGate(self.governor, accounts(connection), RowClass.RECONCILE)
            with suppress(RateLimitedError):
                await self.clients(connection, gate)[Side.BOOKS].changed(
                    CUSTOMERS, since=None, before=None, after=None
                )
                self.made[RowClass.RECONCILE].append(self.loop.time())
            gate.close()
            await asyncio.sleep(60)

    async def other_application(self) -> None:
        """Somebody else's calls, a little unevenly, whatever comes."""
        while True:
            token = await self._token_of_others()
            for _ in range(50 * THIRD):
                await self._call_of_others(token, THIRD)

    async def application_in_bursts(self) -> None:
        """Twice as many in three minutes of every ten, and none between."""
        while True:
            token = await self._token_of_others()
            for _ in range(4):
                for _ in range(3 * 2 * THIRD):
                    await self._call_of_others(token, 2 * THIRD)
                await asyncio.sleep(7 * 60)

    async def _call_of_others(self, token: str, a_minute: int) -> None:
        await asyncio.sleep(self.rng.uniform(0.5, 1.5) * 60 / a_minute)
        await self.http.get(
            "http://zoho.test/books/v3/taxes",
            params={"organization_id": self.world.books_org_id},
            headers={"Authorization": f"Zoho-oauthtoken {token}"},
        )

    async def _token_of_others(self) -> str:
        form = {"client_id": "1000.O", "client_secret": "s", "refresh_token": "1000.other"}
        url = "http://zoho.test/oauth/v2/token"
        granted = await self.http.post(url, data={"grant_type": "refresh_token", **form})
        return str(granted.json()["access_token"])

    async def foresee(self, minute: int) -> None:
        """Note what the forecast of all ten backfills is at that minute: what `tandem status` would say."""
        await asyncio.sleep(minute * 60)
        rows = sum(one[RowClass.BACKFILL] for one in self.waiting.values())
        self.foreseen = forecast(rows, self.governor.pace(self.account))

    # --- what is seen -----------------------------------------------------------------------------------

    def calls(self) -> list[tuple[float, int]]:
        """Our calls to Books: the second, and the status of the answer."""
        found = self.world.log.found(0, "books", None, 10**9)["requests"]
        return [
            ((datetime.fromisoformat(call["time"]) - START).total_seconds(), int(call["status"]))
            for call in found
            if not call["path"].endswith("/taxes")
        ]

    def refused(self) -> list[float]:
        """When Books answered 429 to a call of ours."""
        return [at for at, status in self.calls() if status == REFUSED]


@contextmanager
def an_hour(arrivals: dict[RowClass, float], backlog: int) -> Iterator[Hour]:
    """A world whose loop ends with it."""
    loop = VirtualLoop()
    try:
        yield Hour(loop, arrivals, backlog)
    finally:
        loop.close()


BUSY = {RowClass.PERSON: 0.2, RowClass.LIVE: 3.0, RowClass.RECONCILE: 1.0}
"""More than the minute grants: 42 rows of two calls each, beside a backfill that has no end."""
CALMER = {RowClass.LIVE: 0.8, RowClass.RECONCILE: 0.2}


@pytest.mark.parametrize("beside_another", [True, False])
def test_an_hour_beside_others_keeps_within_the_minute_and_starves_nobody(beside_another: bool) -> None:
    """At most 1 % refusals beside another application and none without; each class has its minimum."""
    with an_hour(BUSY, backlog=1000) as hour:
        hour.run(MINUTES, *([hour.other_application()] if beside_another else []))
        calls, refused = hour.calls(), hour.refused()
        assert len(calls) > MINUTES * 30, "the minute is made use of"
        assert len(refused) <= (len(calls) / 100 if beside_another else 0)
        for end in refused:
            again = [at for at, _ in calls if end + MOST_IN_FLIGHT < at < end + 60]
            assert again == [], "nothing is tried again within the minute"
        room = min(80, BOOKS_MINUTE - HEADROOM - OTHERS_AT_MOST) if beside_another else 80
        minimum = shares.MINIMUM * room * 600 / WINDOW_SECONDS
        for cls in (RowClass.LIVE, RowClass.RECONCILE, RowClass.BACKFILL):
            for start in range(0, MINUTES * 60 - 599, 60):
                made = sum(start <= at < start + 600 for at in hour.made[cls])
                assert made >= minimum, f"{cls} from {start} s on: {made} calls"
        for at in range(600, MINUTES * 60, 60):
            came = sum(one < at - 120 for one in hour.came[RowClass.PERSON])
            done = sum(one < at for one in hour.done[RowClass.PERSON])
            assert done >= came, f"a person waits for more than two minutes at {at} s"


@pytest.mark.parametrize("beside", [None, Hour.other_application, Hour.application_in_bursts])
def test_the_forecast_is_within_a_tenth_of_what_happens(
    beside: Callable[[Hour], Coroutine[Any, Any, None]] | None,
) -> None:
    """After forty minutes, for what is left from then on."""
    with an_hour(CALMER, backlog=BACKLOG) as hour:
        hour.run(240, hour.foresee(40), *([beside(hour)] if beside else []))
        assert hour.is_through
        assert hour.foreseen is not None
        assert hour.foreseen.ends is not None
        foreseen = (hour.foreseen.ends - START).total_seconds()
        happened = hour.done[RowClass.BACKFILL][-1]
        assert abs(foreseen - happened) <= 0.1 * (happened - 40 * 60)
