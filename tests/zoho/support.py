"""What the tests of the Zoho clients share: a scripted far side, a token store in memory, ready clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tandem.adapters.zoho.auth import Token
from tandem.adapters.zoho.books import BooksClient
from tandem.adapters.zoho.crm import CrmClient
from tandem.adapters.zoho.endpoints import Endpoints, Product
from tandem.adapters.zoho.gate import OpenGate
from tandem.adapters.zoho.transport import Transport
from tandem.core.mapping import Resource
from tandem.core.records import Side
from tandem.engine.ports import Gate

ENDPOINTS = Endpoints(
    accounts_url="https://accounts.zoho.example",
    crm_url="https://crm.zoho.example",
    books_url="https://books.zoho.example",
    organization_id="60001",
    crm_org="70001",
    dc="in",
)
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
ACCOUNTS = Resource(Side.CRM, "customer", "Accounts", ("Account_Name", "Phone"))
CONTACTS = Resource(Side.CRM, "contact_person", "Contacts", ("Last_Name", "Email"), "Account_Name")
CUSTOMERS = Resource(Side.BOOKS, "customer", "contacts")
PERSONS = Resource(Side.BOOKS, "contact_person", "contactpersons")

Reply = httpx.Response | Exception | Callable[[httpx.Request], Any]


def reply(status: int = 200, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """An answer with a JSON body, or none."""
    content = b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers=dict(headers or {}))


def crm_item(code: str = "SUCCESS", /, **details: Any) -> dict[str, Any]:
    """One result in a CRM write answer."""
    status = "success" if code == "SUCCESS" else "error"
    return {"code": code, "details": details, "message": f"about {code}", "status": status}


@dataclass
class FarSide:
    """Answers the scripted requests in their order; any other request fails the test."""

    script: list[tuple[str, str, Reply]] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)

    def expect(self, method: str, path: str, *replies: Reply) -> FarSide:
        """Expect one request for each reply."""
        self.script.extend((method, path, answer) for answer in replies)
        return self

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        self.signed.append(request.headers.get("authorization", "mint"))
        assert self.script, f"unexpected request: {request.method} {request.url}"
        method, path, answer = self.script.pop(0)
        assert (request.method, request.url.path) == (method, path)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        made = answer(request)
        result = await made if hasattr(made, "__await__") else made
        assert isinstance(result, httpx.Response)
        return result

    def http(self) -> httpx.AsyncClient:
        """A client whose every request comes here."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self))

    def body(self, index: int = -1) -> Any:
        """The JSON body of a request seen."""
        return json.loads(self.seen[index].content)

    def done(self) -> None:
        """Fail if something expected was never asked for."""
        assert not self.script, f"never requested: {self.script}"


@dataclass
class RecordingGate:
    """Admits (or refuses) every call and keeps what it was told."""

    refuses: Exception | None = None
    admitted: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    async def admit(self, product: str, cost: int = 1) -> None:
        if self.refuses:
            raise self.refuses
        self.admitted.append(product)

    def observe(
        self, product: str, *, status: int, code: str, remaining: int | None, reset: float | None
    ) -> None:
        self.told.append(
            {"product": product, "status": status, "code": code, "remaining": remaining, "reset": reset}
        )


@dataclass
class MemoryTokens:
    """A `TokenStore` in memory, on a clock of its own."""

    clock: Callable[[], datetime]
    token: Token | None = None
    holder: str = ""
    until: datetime = NOW - timedelta(days=1)
    saves: int = 0

    def load(self) -> Token | None:
        return self.token

    def try_lock(self, holder: str, until: datetime) -> bool:
        if self.holder not in ("", holder) and self.until > self.clock():
            return False
        self.holder, self.until = holder, until
        return True

    def save(self, token: Token, holder: str) -> None:
        if self.holder == holder:
            self.token, self.holder = token, ""
            self.saves += 1

    def block(self, until: datetime) -> None:
        self.token = replace(self.token or Token(), blocked_until=until)


@dataclass
class Moments:
    """A clock that only `sleep` and `step` move."""

    moment: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.step(seconds)

    def step(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def transport_to(
    far: FarSide,
    product: Product,
    *,
    gate: Gate | None = None,
    auth: httpx.Auth | None = None,
    clock: Moments | None = None,
    **options: Any,
) -> Transport:
    """A transport to the scripted far side that never really sleeps."""
    clock = clock or Moments()
    options.setdefault("draw", lambda: 0.5)
    return Transport(
        far.http(),
        gate or OpenGate(),
        product=product,
        endpoints=ENDPOINTS,
        auth=auth,
        clock=clock,
        sleep=clock.sleep,
        **options,
    )


def crm(far: FarSide, **options: Any) -> CrmClient:
    """A CRM client to the scripted far side."""
    return CrmClient(transport_to(far, "crm"), clock=Moments(), **options)


def books(far: FarSide, **options: Any) -> BooksClient:
    """A Books client to the scripted far side; options go to its transport."""
    return BooksClient(transport_to(far, "books", **options), clock=Moments())
