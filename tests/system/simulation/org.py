"""One CRM org and one Books organisation: the sandbox, how functions reach it, and how people use it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import httpx

from sandbox.app import create_app, world_of
from sandbox.config import SandboxConfig
from sandbox.control.load import export
from sandbox.inprocess import InProcess
from sandbox.replies import SandboxError
from tests.system.simulation.loop import CURRENT, VirtualLoop, WorldTime, nobody

TIMEOUT = 15.0
HIDDEN_OF = 3
"""Where a role does not see every record, each of so many is hidden."""
LATE = (0.5, 3.0)
"""A request that its sender gave up may still be carried out, so many seconds after that."""


class Org:
    """A pair of orgs under one seed; `note` tells the log what happened."""

    def __init__(
        self,
        name: str,
        loop: VirtualLoop,
        seed: int,
        switches: dict[str, Any],
        skew: tuple[float, float],
        hooks: httpx.AsyncBaseTransport,
    ) -> None:
        """Build both, with real limits by the minute and in flight, and a day that is long enough."""
        self.name = name
        self.url = f"http://{name}.test"
        config = SandboxConfig(
            seed=seed,
            clock=WorldTime(loop),
            outbound=hooks,
            base_url=self.url,
            hang="raise",
            limits="real",
            books_plan="Elite",
            switches=switches,
        )
        app = create_app(config)
        self.world = world_of(app)
        self.world.server.limits = self.world.limits.changed(
            {"books_per_day": 200_000, "crm_credits_per_day": 2_000_000, "books_webhooks_per_day": None}
        )
        self.world.crm_clock.skew, self.world.books_clock.skew = skew
        self.transport = InProcess(app.state.server)

    def add_fields(self, fields: Sequence[Mapping[str, Any]]) -> None:
        """Custom fields, as bodies of `POST /control/fields`."""
        for field in map(dict, fields):
            if field["product"] == "books":
                self.world.books.store.setup.add_field(field)
            else:
                self.world.crm.store.add_field(field["module"], field)

    def act(self, edit: Callable[..., Any], body: dict[str, Any], **params: str) -> Any:
        """A person does something at the screen; None when the product refuses it."""
        try:
            return edit(self.world, params, body)
        except SandboxError:
            return None

    def account(self, id: str) -> dict[str, Any] | None:
        """A live CRM record's stored values."""
        record = self.world.crm.store.get("Accounts", id)
        return None if record is None else dict(record.values)

    def export(self) -> dict[str, Any]:
        """Everything on both sides."""
        return dict(export(self.world))

    def log(self) -> list[dict[str, Any]]:
        """The request log since it was last asked for; how long an answer took in truth is left out."""
        found = self.world.log.found(0, None, None, 10**9)["requests"]
        self.world.log.forget()
        return [{**call, "ms": 0} for call in found]


class Network(httpx.AsyncBaseTransport):
    """Between functions and Zoho: latency, time-outs, late arrivals; and it knows which function calls."""

    def __init__(
        self, loop: VirtualLoop, orgs: dict[str, Org], rng: Random, latency: tuple[float, float]
    ) -> None:
        """Calls are told apart by host name."""
        self._loop = loop
        self._orgs = {f"{name}.test": org for name, org in orgs.items()}
        self._rng = rng
        self._latency = latency
        self.late = 0
        """How many of the next writes arrive only after their sender gave up."""
        self.hidden: dict[str, int] = {}
        """By org: a query of CRM by ids leaves out some records, as for a role that does not see them (remainder)."""
        self._kept: set[asyncio.Task[None]] = set()
        self.after: Callable[[Org], None] = lambda _org: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call, on its way there and back."""
        run = CURRENT.get()
        org = self._orgs[request.url.host]
        wait = self._rng.uniform(*self._latency)
        if run is not None:
            wait += min(run.step(), 10.0)
        await asyncio.sleep(wait)
        if run is not None and run.dead:
            run.step()
        if self.late and request.method in ("POST", "PUT") and "oauth" not in request.url.path:
            self.late -= 1
            self._loop.call_later(TIMEOUT - wait + self._rng.uniform(*LATE), self._arrive_late, org, request)
            await asyncio.sleep(TIMEOUT - wait + 0.1)
            raise httpx.ReadTimeout("no answer", request=request)
        try:
            response = await org.transport.handle_async_request(request)
        except httpx.ReadTimeout:
            self.after(org)
            await asyncio.sleep(TIMEOUT)
            raise
        self.after(org)
        await asyncio.sleep(self._rng.uniform(*self._latency))
        if run is not None:
            run.step()
        if org.name in self.hidden and "ids" in request.url.params:
            return await _without(response, self.hidden[org.name])
        return response

    def _arrive_late(self, org: Org, request: httpx.Request) -> None:
        async def arrive() -> None:
            try:
                await org.transport.handle_async_request(request)
            except httpx.HTTPError:
                return
            self.after(org)

        task = self._loop.create_task(arrive(), context=nobody())
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)


async def _without(response: httpx.Response, remainder: int) -> httpx.Response:
    """The same answer as somebody gets it who may not see every record."""
    found = json.loads(await response.aread() or "{}")
    rows = [row for row in found.get("data", []) if int(row["id"]) // 10 % HIDDEN_OF != remainder]
    if len(rows) == len(found.get("data", [])):
        return response
    # A server tells its time with every answer; the guard of a later write is reckoned from it.
    told = {"date": response.headers["date"]}
    return (
        httpx.Response(200, json={**found, "data": rows}, headers=told)
        if rows
        else httpx.Response(204, headers=told)
    )
