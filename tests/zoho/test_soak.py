"""Ten thousand mixed calls with every fault on, those of an org too: each ends in a value or a typed error.

The time of the sandbox and of the clients stands still but for the steps between the waves, and every draw is
seeded: the run is the same on each machine. The limits are those of the dossiers with a minute in a second.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tandem.adapters.memory.table import MemoryTable
from tandem.adapters.zoho.auth import Credentials, ZohoAuth
from tandem.adapters.zoho.books import BooksClient
from tandem.adapters.zoho.channels import Channel
from tandem.adapters.zoho.crm import CrmClient
from tandem.adapters.zoho.endpoints import Product
from tandem.adapters.zoho.tokens import TableTokenStore
from tandem.adapters.zoho.transport import Transport
from tandem.core.errors import RefusedError, RetryError, StopError
from tandem.core.mapping import Resource
from tandem.core.records import Side
from tandem.engine.ports import Change
from tests.zoho.house import Zoho
from tests.zoho.support import ACCOUNTS, CONTACTS, CUSTOMERS, PERSONS

CALLS = 10_000
WAVE = 25
CHANGES_EVERY = 6
"""Waves between two changes of an org: each kind comes twice at least."""
WATCHDOG = 60
"""Real seconds for one wave: far beyond any machine, so that only a hang ends it."""
LONGEST_WAIT = 15.0 + 3 * 2.0
"""Simulated seconds: the limit of a call, and the patience with another's token at each of three sendings."""

EXPECTED = (RetryError, StopError, RefusedError)
"""What the caller may have to deal with; BadInputError would be our own mistake."""

OPTIONS: dict[str, dict[str, Any]] = {
    "slow": {"seconds": 0},
    "refuse_record": {"code": 4, "product": "books"},
    "token_revoked": {"product": "accounts", "probability": 0.1},
    "token_throttled": {"probability": 0.1},
    "wrong_data_centre": {"product": "accounts", "probability": 0.1},
    "accounts_down": {"probability": 0.1},
}
"""Beside a probability of 1 %: token calls are few, so theirs is higher."""
NOT_HERE = {"page_shifts": "no list has a second page", "bulk_read_fails": "the clients make no bulk read"}
"""Faults that none of these calls can meet; tests under `tests/sandbox` see their effect."""


@dataclass(frozen=True)
class Kind:
    """Records that verbs are drawn on: what names a new one, what else it is made with, what an update writes."""

    resource: Resource
    named: str
    made_with: Mapping[str, Any] = field(default_factory=dict)
    edit: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the names of the draws say it."""
        return f"{self.resource.module} of {self.resource.entity}"


PHONE = {"Phone": "+91 1"}
ACCOUNT = Kind(ACCOUNTS, "Account_Name", edit=PHONE)
CONTACT = Kind(CONTACTS, "Last_Name", {"Email": "soaked@x.example"}, PHONE)
CRM_VENDOR = Kind(
    Resource(Side.CRM, "vendor", "Vendors", ("Vendor_Name", "Phone")), "Vendor_Name", edit=PHONE
)
PRODUCT = Kind(
    Resource(Side.CRM, "item", "Products", ("Product_Name", "Unit_Price")),
    "Product_Name",
    edit={"Unit_Price": 12.5},
)
CUSTOMER = Kind(CUSTOMERS, "contact_name", {"contact_type": "customer"}, {"notes": "x"})
VENDOR = Kind(
    Resource(Side.BOOKS, "vendor", "contacts"), "contact_name", {"contact_type": "vendor"}, {"notes": "x"}
)
ITEM = Kind(Resource(Side.BOOKS, "item", "items"), "name", {"rate": 5}, {"description": "x"})
PERSON = Kind(PERSONS, "first_name")
CRM_KINDS, BOOKS_KINDS = (ACCOUNT, CONTACT, CRM_VENDOR, PRODUCT), (CUSTOMER, VENDOR, ITEM)
MODULES = tuple(kind.resource.module for kind in CRM_KINDS)

SLEPT: ContextVar[list[float]] = ContextVar("SLEPT")


class Time:
    """A clock that the sandbox and the clients share; it only moves when stepped."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 6, 0, tzinfo=UTC).timestamp()

    def now(self) -> float:
        return self.moment

    def set(self, moment: float) -> None:
        self.moment = moment

    def step(self, seconds: float) -> None:
        self.moment += seconds


class _Clock:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now


@dataclass
class Soak:
    """One run: the house, what is drawn from, and how the calls ended."""

    seed: int
    time: Time = field(default_factory=Time)
    ends: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    """How often each draw ended in a value."""
    waited: float = 0.0
    inserted: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        deaf = httpx.MockTransport(lambda _request: httpx.Response(200))
        self.house = Zoho(seed=self.seed, size=50, clock=self.time, outbound=deaf)
        self.table = MemoryTable()
        self.ids: dict[str, list[str]] = {}

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time.now(), UTC)

    async def sleep(self, seconds: float) -> None:
        SLEPT.get().append(seconds)
        await asyncio.sleep(0)

    async def open(self) -> None:
        await self.house.open()
        for kind in CRM_KINDS:
            found = await self.house.crm.changed(kind.resource, since=None, before=None, after=None)
            self.ids[kind.name] = [str(body["id"]) for body in found.bodies]
        for kind in BOOKS_KINDS:
            found = await self.house.books.changed(kind.resource, since=None, before=None, after=None)
            id = "item_id" if kind is ITEM else "contact_id"
            self.ids[kind.name] = [str(body[id]) for body in found.bodies]
        full = await self.house.books.read(CUSTOMERS, self.ids[CUSTOMER.name])
        self.ids[PERSON.name] = [
            str(person["contact_person_id"])
            for body in full.bodies.values()
            for person in body["contact_persons"]
        ]
        self.crm, self.books = CrmClient(self.way("crm")), BooksClient(self.way("books"))
        catalogue = (await self.house.control("GET", "/faults"))["catalogue"]
        for name in catalogue:
            await self.house.control(
                "POST", "/faults", {"name": name, "probability": 0.01} | OPTIONS.get(name, {})
            )
        refusal = {"name": "refuse_record", "product": "crm", "probability": 0.01, "code": "RECORD_LOCKED"}
        await self.house.control("POST", "/faults", refusal)
        await self.house.control("PUT", "/limits", {"mode": "scaled"})

    def way(self, product: Product) -> Transport:
        hosts = self.house.hosts
        auth = ZohoAuth(
            product=product,
            token_url=hosts.token_url(),
            store=TableTokenStore(self.table, "in", product, "1", _Clock(self.now)),
            credentials=lambda: Credentials("an id", "a secret", "1000.refresh"),
            connection="soak",
            clock=self.now,
            sleep=self.sleep,
        )
        return Transport(
            self.house.http,
            self.house.gate,
            product=product,
            endpoints=hosts,
            auth=auth,
            connection="soak",
            clock=self.now,
            sleep=self.sleep,
            draw=self.rng.random,
        )

    def one(self, kind: Kind) -> str:
        return self.rng.choice(self.ids[kind.name])

    def some(self, kind: Kind, most: int = 70) -> list[str]:
        ids = self.ids[kind.name]
        return self.rng.sample(ids, self.rng.randint(1, min(most, len(ids))))

    def new(self, kind: Kind) -> dict[str, Any]:
        self.inserted += 1
        return {kind.named: f"Soaked {self.seed} {self.inserted}", **kind.made_with}

    def module(self) -> str:
        return self.rng.choice(MODULES)

    def channel(self) -> Channel:
        ends = self.now() + timedelta(days=self.rng.randint(1, 6))
        return Channel(
            str(self.rng.randint(1, 9)), (f"{self.module()}.all",), "https://hook.example/x", "t0ken", ends
        )

    async def run(self, calls: int) -> None:
        """All of it, in waves; between them time goes on, an org changes, and now and then all tokens die."""
        changes = sorted((await self.house.control("GET", "/faults"))["at_once"])
        for wave in range(calls // WAVE):
            if wave % CHANGES_EVERY == 0:
                await self.change(changes[wave // CHANGES_EVERY % len(changes)])
            async with asyncio.timeout(WATCHDOG):
                await asyncio.gather(*(self.call() for _ in range(WAVE)))
            self.time.step(self.rng.choice([0.1, 0.3, 0.3, 1.0, 1.0, 4.0, 40.0, 700.0]))
            if self.rng.random() < 0.1:
                await self.house.control("POST", "/faults", {"name": "invalid_token"})

    async def change(self, name: str) -> None:
        """A fault that happens to an org at once, in place of the one before, which is taken back where it can be."""
        for before in self.happened:
            await self.house.control("DELETE", f"/faults/{before}")
        planted = await self.house.http.post(
            "/control/faults", json={"name": name, "seed": self.rng.randrange(10**6)}
        )
        self.happened[name] += planted.status_code == httpx.codes.OK

    async def call(self) -> None:
        name = self.rng.choice(sorted(VERBS))
        waited: list[float] = []
        SLEPT.set(waited)
        try:
            await VERBS[name](self)
            self.ends["value"] += 1
            self.values[name] += 1
        except EXPECTED as error:
            self.ends[type(error).__name__] += 1
        self.waited = max(self.waited, sum(waited))

    def emit(self, record: logging.LogRecord) -> None:
        plain = vars(logging.makeLogRecord({}))
        self.lines.append({key: value for key, value in vars(record).items() if key not in plain})


ON_RECORDS: dict[str, tuple[tuple[Kind, ...], Callable[[Soak, Kind], Awaitable[object]]]] = {
    "crm.read": (CRM_KINDS, lambda s, k: s.crm.read(k.resource, s.some(k))),
    "crm.confirm": (CRM_KINDS, lambda s, k: s.crm.confirm(k.resource, s.one(k))),
    "crm.insert": (CRM_KINDS, lambda s, k: s.crm.insert(k.resource, s.new(k))),
    "crm.update": (
        CRM_KINDS,
        lambda s, k: s.crm.update(k.resource, s.one(k), k.edit, unmodified_since=s.now()),
    ),
    "crm.update_many": (
        CRM_KINDS,
        lambda s, k: s.crm.update_many(
            k.resource, [Change(id, k.edit) for id in s.some(k)], unmodified_since=s.now()
        ),
    ),
    "crm.changed": (
        CRM_KINDS,
        lambda s, k: s.crm.changed(k.resource, since=None, before=s.now(), after=None),
    ),
    "crm.deleted": (
        CRM_KINDS,
        lambda s, k: s.crm.deleted(k.resource, since=s.now() - timedelta(days=1)),
    ),
    "crm.find": (CRM_KINDS, lambda s, k: s.crm.find(k.resource, k.named, s.some(k))),
    "books.read": (BOOKS_KINDS, lambda s, k: s.books.read(k.resource, s.some(k, 5))),
    "books.confirm": ((*BOOKS_KINDS, PERSON), lambda s, k: s.books.confirm(k.resource, s.one(k))),
    "books.insert": (BOOKS_KINDS, lambda s, k: s.books.insert(k.resource, s.new(k))),
    "books.update": (BOOKS_KINDS, lambda s, k: s.books.update(k.resource, s.one(k), k.edit)),
    "books.set_active": (
        BOOKS_KINDS,
        lambda s, k: s.books.set_active(k.resource, s.one(k), active=s.rng.random() < 0.5),
    ),
    "books.changed": (
        BOOKS_KINDS,
        lambda s, k: s.books.changed(k.resource, since=None, before=None, after=None),
    ),
    "books.deleted": (BOOKS_KINDS, lambda s, k: s.books.deleted(k.resource, since=None)),
    "books.find": (
        (CUSTOMER, VENDOR),
        lambda s, k: s.books.find(k.resource, "email", ["a@x.example", "b@x.example"]),
    ),
}
"""Each verb on each of its kinds is a draw."""
VERBS: dict[str, Callable[[Soak], Awaitable[object]]] = {
    f"{verb}: {kind.name}": lambda s, k=kind, call=call: call(s, k)
    for verb, (kinds, call) in ON_RECORDS.items()
    for kind in kinds
} | {
    "crm.org": lambda s: s.crm.org(),
    "crm.current_user": lambda s: s.crm.current_user(),
    "crm.fields": lambda s: s.crm.fields(s.module()),
    "crm.layouts": lambda s: s.crm.layouts(s.module()),
    "crm.watch": lambda s: s.crm.watch(s.channel()),
    "crm.renew": lambda s: s.crm.renew(s.channel()),
    "crm.extend_channel": lambda s: s.crm.extend_channel("1", ["Accounts.all"], s.now() + timedelta(days=1)),
    "crm.watches": lambda s: s.crm.watches(),
    "books.extend_channel": lambda s: s.books.extend_channel("1", [], s.now()),
    "books.organizations": lambda s: s.books.organizations(),
    "books.fields": lambda s: s.books.fields(s.rng.choice(("contact", "item"))),
}
NOT_OFFERED = {"crm.set_active", "books.update_many"}

NO_VALUE = re.compile(r"@|1000\.|t0ken|secret|Soaked|hook\.example|\+91|\d{9,}")


def test_every_verb_is_soaked() -> None:
    """A new verb of a client that is not drawn here fails."""
    offered = {
        f"{side}.{name}"
        for side, client in (("crm", CrmClient), ("books", BooksClient))
        for name, member in vars(client).items()
        if inspect.iscoroutinefunction(member) and not name.startswith("_")
    }
    assert offered - NOT_OFFERED == {name.partition(":")[0] for name in VERBS}


@pytest.mark.timeout(900)
async def test_a_soak_of_mixed_calls_under_every_fault(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No exception escapes untyped, nothing hangs, nothing is inserted twice, no log line holds a value."""
    soak = Soak(seed=7)
    handler, log = logging.Handler(), logging.getLogger("tandem.zoho")
    handler.emit = soak.emit  # type: ignore[method-assign]
    await soak.open()
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr(log, "propagate", False)
    with caplog.at_level(logging.INFO, log.name):
        await soak.run(CALLS)
    faults = (await soak.house.control("GET", "/faults"))["faults"]
    struck = {fault["name"]: fault["struck"] for fault in faults}
    with capsys.disabled():
        print(  # noqa: T201 - the count by class is for people
            f"\n{sum(soak.ends.values())} calls: {dict(soak.ends.most_common())}; faults struck: {struck}"
        )
    assert sum(soak.ends.values()) == CALLS
    assert {name for name in VERBS if not soak.values[name]} == set()
    assert set(soak.ends) >= {
        "value", "TransientError", "UnknownOutcomeError", "RateLimitedError", "ForbiddenError", "TokenRevokedError",
        "RefusedError",
    }  # fmt: skip
    assert {name for name, count in struck.items() if not count} - set(soak.happened) == set(NOT_HERE)
    assert {name for name, count in soak.happened.items() if not count} == set()
    assert soak.waited <= LONGEST_WAIT
    assert len(soak.house.gate.admitted) == len(soak.house.gate.told)
    assert len(soak.lines) > CALLS / 2
    assert [line for line in soak.lines if NO_VALUE.search(json.dumps(line))] == []
    await nothing_twice(soak)
    await soak.house.http.aclose()


async def nothing_twice(soak: Soak) -> None:
    """A repeated insert would leave two records of one name."""
    await soak.house.control("DELETE", "/faults")
    there = await soak.house.control("GET", "/export")
    rows = [row for side in ("crm", "books") for listed in there[side].values() for row in listed]
    named = {kind.named for kind in (*CRM_KINDS, *BOOKS_KINDS)}
    names = [str(value) for row in rows for field, value in row.items() if field in named]
    made = Counter(name.casefold() for name in names if name.casefold().startswith("soaked"))
    assert made
    assert [name for name, count in made.items() if count > 1] == []
