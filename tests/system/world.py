"""The whole system in one process: handlers, tables in memory, and both Zohos as the sandbox over ASGI."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette

from sandbox import SandboxConfig, create_app, world_of
from sandbox.inprocess import InProcess
from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.counting import CountingTable
from tandem.adapters.memory.queues import MemoryBell, MemoryDeadLetters
from tandem.adapters.memory.table import MemoryTable
from tandem.adapters.zoho import hooks
from tandem.bootstrap import zoho_clients
from tandem.core.connection import Connection, Settings
from tandem.core.records import Mode, RecordKey, RowClass, Side
from tandem.engine.desk import Store
from tandem.engine.drain import Drainer, DrainReport
from tandem.engine.intake import Intake, Notice
from tandem.engine.ports import Delete, Request
from tandem.engine.reconcile import Ticker, TickReport
from tandem.engine.redrive import Redriver
from tandem.engine.rows import parse_key

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PATH_SECRET = "path-secret-of-the-tests"
CRM_TOKEN = "crm-token-of-the-tests"
BOOKS_SECRET = "booksSecretOfTheTests01"
CHANNEL = "1000000068001"
URL = "http://zoho.test"


class SandboxTime:
    """The sandbox's clock, driven by ours."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()

    def set(self, moment: float) -> None:
        raise NotImplementedError("time is stepped by the test")

    def step(self, seconds: float) -> None:
        self._clock.advance(seconds)


class Zohos(httpx.AsyncBaseTransport):
    """The calls of a client straight to the sandbox; those of its control API, which are few, over ASGI."""

    def __init__(self, app: Starlette) -> None:
        self._calls, self._control = InProcess(world_of(app).server), httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_control = request.url.path.startswith("/control/")
        return await (self._control if is_control else self._calls).handle_async_request(request)


class Hooks(httpx.AsyncBaseTransport):
    """Carries the sandbox's notifications to the intake."""

    def __init__(self, system: System) -> None:
        self._system = system

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _, _, side, connection, secret = request.url.path.split("/")
        answer = self._system.intake.receive(
            Request(
                side,
                connection,
                secret,
                await request.aread(),
                tuple(parse_qsl(request.url.query.decode(), keep_blank_values=True)),
                {name.lower(): value for name, value in request.headers.items()},
            )
        )
        self._system.answers.append(answer.status)
        return httpx.Response(answer.status)


class Secrets:
    """Secrets Manager in memory."""

    def __init__(self) -> None:
        self.content: dict[str, Any] = {
            "main": {"client_id": "1000.CLIENT", "client_secret": "s", "refresh_token": "1000.refresh"}
        }

    def read(self) -> dict[str, Any]:
        return self.content


class System:
    """Everything of Tandem over memory, beside a sandbox; time moves only when told to."""

    def __init__(
        self, *, seed: int = 1, mapping: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.clock = ManualClock(START)
        self.answers: list[int] = []
        self.memory, self.past = MemoryTable(), MemoryTable()
        self.state = CountingTable(self.memory)
        self.alerts = MemoryAlerts()
        self.bell, self.letters = MemoryBell(self.clock), MemoryDeadLetters()
        self.store = Store.over(self.state, self.past, self.alerts, self.clock)
        self.app = create_app(
            SandboxConfig(
                seed=seed, clock=SandboxTime(self.clock), outbound=Hooks(self), base_url=URL, hang="raise"
            )
        )
        self.sandbox = world_of(self.app)
        self.http = httpx.AsyncClient(transport=Zohos(self.app), base_url=URL)
        self.secrets = Secrets()
        clients = zoho_clients(self.http, self.state, self.secrets, self.clock)
        token = iter(range(1, 10**9))
        rng = random.Random(seed)
        self.drainer = Drainer(
            self.store, clients, self.letters, self.clock, lambda: f"w{next(token)}", rng.random, self._sleep
        )
        self.ticker = Ticker(self.store, clients, self.bell, self.clock)
        self.redriver = Redriver(self.store, self.letters, self.clock)
        self.intake = self._intake()
        self.reports: list[DrainReport] = []
        self._connect(mapping, settings or {})

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def _intake(self) -> Intake:
        def notices(named: Any) -> Any:
            return lambda connection, request: [Notice(*one) for one in named(connection, request)]

        return Intake(
            self.store,
            self.bell,
            self.clock,
            lambda _age: {
                "main": {"path_secret": PATH_SECRET, "crm_token": CRM_TOKEN, "books_secret": BOOKS_SECRET}
            },
            {Side.CRM: hooks.is_genuine_crm, Side.BOOKS: hooks.is_genuine_books},
            {Side.CRM: notices(hooks.named_by_crm), Side.BOOKS: notices(hooks.named_by_books)},
        )

    def _connect(self, mapping: str | None, settings: Mapping[str, Any]) -> None:
        text = mapping or resources.files("tandem.presets").joinpath("india.yaml").read_text()
        defaults = {"delete_delay_seconds": 60, "poll_seconds": 60, "tombstone_seconds": 60}
        self.store.connections.save(
            Connection(
                id="main",
                group="main",
                accounts_url=URL,
                crm_url=URL,
                books_url=URL,
                crm_org=self.sandbox.crm_org_id,
                organization_id=self.sandbox.books_org_id,
                crm_channels=(CHANNEL,),
                settings=Settings(**{**defaults, **settings}),
            ),
            text,
        )

    # --- what a person does --------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API."""
        reply = await self.http.request(method, f"/control{path}", json=body)
        assert reply.status_code < 300, reply.text
        return reply.json()

    async def subscribe(self, modules: Sequence[str] = ("Accounts", "Contacts")) -> None:
        """Register both webhooks."""
        hook = "https://tandem.test/hooks"
        for entity in ("contact", "item") if "Products" in modules else ("contact",):
            told = {"url": f"{hook}/books/main/{PATH_SECRET}", "secret": BOOKS_SECRET, "entity": entity}
            await self.control("POST", "/webhooks/books", told)
        token = (
            await self.http.post(
                "/oauth/v2/token",
                data={
                    "grant_type": "refresh_token",
                    "client_id": "1000.C",
                    "client_secret": "s",
                    "refresh_token": "1000.w",
                },
            )
        ).json()["access_token"]
        events = [f"{m}.{e}" for m in modules for e in ("create", "edit", "delete")]
        reply = await self.http.post(
            "/crm/v8/actions/watch",
            json={
                "watch": [
                    {
                        "channel_id": CHANNEL,
                        "events": events,
                        "notify_url": f"{hook}/crm/main/{PATH_SECRET}",
                        "token": CRM_TOKEN,
                        "notify_on_related_action": False,
                        "return_affected_field_values": True,
                        "channel_expiry": (self.clock.now() + timedelta(days=6)).isoformat(),
                    }
                ]
            },
            headers={"Authorization": f"Zoho-oauthtoken {token}"},
        )
        assert reply.status_code < 300, reply.text

    def write_mode(self) -> None:
        """A person switches writing on."""
        self.store.connections.set_mode("main", Mode.WRITE)
        self.store.rows.wake_all("main", "mode", self.clock.now())
        self.bell.ring("main")

    # --- time ----------------------------------------------------------------------------------------

    async def tick(self) -> TickReport:
        """The minute's tick."""
        return await self.ticker.tick(self.clock.now() + timedelta(seconds=120))

    async def drain(self, keys: Sequence[RecordKey] = ()) -> DrainReport:
        """One bell."""
        report = await self.drainer.drain("main", keys, self.clock.now() + timedelta(seconds=120))
        self.reports.append(report)
        return report

    async def run(self, seconds: int = 10) -> None:
        """Let time pass: deliver notifications and answer bells, second by second."""
        for _ in range(seconds):
            await self.sandbox.outbox.deliver_due()
            for ring in self.bell.take():
                await self.drain([parse_key(text) for text in ring.keys])
            self.clock.advance(1)

    async def settle(self, minutes: int = 3) -> None:
        """Ticks and bells for some minutes."""
        for _ in range(minutes):
            await self.tick()
            await self.run(60)

    # --- looking -------------------------------------------------------------------------------------

    def calls(self, since: int = 0, *, method: str | None = None) -> list[dict[str, Any]]:
        """The sandbox's request log."""
        return list(self.sandbox.log.found(since, None, method, 100_000)["requests"])

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Remote writes: every POST, PUT and DELETE but queries and tokens."""
        return [
            call
            for call in self.calls(since)
            if call["method"] in ("POST", "PUT", "DELETE", "PATCH")
            and not call["path"].endswith("/coql")
            and "/oauth/" not in call["path"]
            and "/actions/watch" not in call["path"]
        ]

    @property
    def seq(self) -> int:
        """The last number of the request log."""
        return self.sandbox.log.last_seq

    async def export(self) -> dict[str, Any]:
        """Everything on both sides."""
        return dict(await self.control("GET", "/export"))

    async def crm_record(self, module: str, id: str) -> dict[str, Any]:
        """One CRM record as it stands."""
        return next(r for r in (await self.export())["crm"][module] if r["id"] == id)

    async def books_contact(self, id: str) -> dict[str, Any]:
        """One Books customer as it stands, persons included."""
        return next(c for c in (await self.export())["books"]["contacts"] if c["contact_id"] == id)

    def history(self) -> list[dict[str, Any]]:
        """Every entry of the history, in order of time."""
        return sorted(self.past.rows(), key=lambda item: item["at"])

    def judge(self) -> None:
        """P19 and P24: nothing is left open; every remote write has exactly one history entry of kind write."""
        assert self.store.intents.all_open("main") == []
        assert self.judge_history() == []

    def judge_history(self) -> list[str]:
        """P24: remote writes that took effect against history entries of kind write.

        An unanswered write whose target was edited again before it was looked up is told as `unknown`.
        """
        made = sum(_written(call) for call in self.writes() if _took_effect(call))
        kinds = [item["kind"] for item in self.history()]
        told, unknown = kinds.count("write"), kinds.count("unknown")
        good = told <= made <= told + unknown
        return [] if good else [f"{made} writes, {told} history entries, {unknown} unknown"]

    # --- what an operator does -------------------------------------------------------------------------

    async def release(self, hold: dict[str, Any], *, take: str | None = None, approve: bool = False) -> None:
        """`tandem release`."""
        self.store.cases.release(hold, take=Side(take) if take else None, approve=approve)
        self.store.rows.hint(parse_key(hold["record"]), RowClass.PERSON, self.clock.now())
        self.bell.ring("main")

    def configure(self, **settings: Any) -> None:
        """Change settings of the connection."""
        present = self.store.connections.read("main").settings.model_dump(mode="json")
        self.store.connections.set("main", settings={**present, **settings})

    def restore(self, backup: Sequence[Mapping[str, Any]]) -> None:
        """An operator restored the State table from a backup: it is another table with the rows of then."""
        self.memory = self.state.table = MemoryTable()
        self.memory.put_many([dict(row) for row in backup])

    def forget_cursors(self) -> None:
        """As if the feeds had never been read."""
        for item in self.state.query("CUR#main"):
            self.state.delete(Delete(item["pk"], item["sk"]))


def _written(call: dict[str, Any]) -> int:
    """Records that a write changed: one, but for an update of several in CRM."""
    return len(call["record_ids"]) if call["endpoint"] == "PUT /crm/v8/{module}" else 1


def _took_effect(call: dict[str, Any]) -> bool:
    """Acknowledged, or done and then answered by a planted error."""
    return 200 <= call["status"] < 300 or bool(call.get("committed"))
