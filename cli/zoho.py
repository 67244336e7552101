"""Zoho as the operator's command sees it: one access token minted now, both clients, and the server's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from tandem.adapters.aws.clock import SystemClock
from tandem.adapters.memory.table import MemoryTable
from tandem.adapters.zoho.auth import Credentials, Token
from tandem.adapters.zoho.books import BooksClient
from tandem.adapters.zoho.codes import check_token
from tandem.adapters.zoho.crm import CrmClient
from tandem.adapters.zoho.gate import OpenGate
from tandem.adapters.zoho.models import TokenAnswer
from tandem.adapters.zoho.parse import loads, parse_http_date
from tandem.adapters.zoho.tokens import TableTokenStore
from tandem.adapters.zoho.transport import Transport
from tandem.bootstrap import zoho_transports
from tandem.core.connection import Connection
from tandem.core.errors import BadInputError, TokenRevokedError, TransientError
from tandem.core.records import Side
from tandem.engine.ports import Gate, Table

_SECRETS = ("client_id", "client_secret", "refresh_token")
_LOCK = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Minted:
    """A fresh access token with what Zoho said about it."""

    token: Token
    scopes: frozenset[str]
    api_domain: str
    refresh_token: str = field(default="", repr=False)

    def share(self, table: Table, dc: str, product: str, org: str) -> None:
        """Put the token where all callers of an org find it, unless another is fetching one."""
        store, holder = TableTokenStore(table, dc, product, org, SystemClock()), uuid4().hex
        if store.try_lock(holder, datetime.now(UTC) + _LOCK):
            store.save(self.token, holder)

    def share_all(self, table: Table, connection: Connection) -> None:
        """Share it for both products of a connection."""
        self.share(table, connection.dc, "crm", connection.crm_org)
        self.share(table, connection.dc, "books", connection.organization_id)


@dataclass
class Zoho:
    """Both products of one connection during one command."""

    crm: CrmClient
    books: BooksClient
    minted: Minted
    clocks: list[float] = field(default_factory=list)
    ways: Mapping[Side, Transport] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    """HTTP status of every answer, in order."""

    @property
    def clock_difference(self) -> float | None:
        """Seconds by which Zoho's clock is ahead of ours, as its `Date` tells; None if it never told."""
        return min(self.clocks, key=abs, default=None)

    def server_now(self) -> datetime:
        """The present moment by Zoho's clock, never later than by ours."""
        return datetime.now(UTC) + timedelta(seconds=min(self.clock_difference or 0, 0))


class _Given:
    """The credentials of this command, in the shape of the secret."""

    def __init__(self, connection: str, credentials: Credentials) -> None:
        self._content = {connection: {name: getattr(credentials, name) for name in _SECRETS}}

    def read(self) -> Mapping[str, Any]:
        return self._content


@asynccontextmanager
async def reach(
    connection: Connection, credentials: Credentials, gate: Gate | None = None
) -> AsyncIterator[Zoho]:
    """Mint a token and open both clients; raises what Zoho says about the credentials."""
    clocks: list[float] = []
    statuses: list[int] = []

    async def note(response: httpx.Response) -> None:
        statuses.append(response.status_code)
        if served := parse_http_date(response.headers.get("date")):
            clocks.append((served - datetime.now(UTC)).total_seconds())

    async with httpx.AsyncClient(event_hooks={"response": [note]}) as http:
        minted = await mint(http, connection.accounts_url, credentials)
        memory = MemoryTable()
        minted.share_all(memory, connection)
        ways = zoho_transports(http, memory, _Given(connection.id, credentials), SystemClock())(
            connection, gate or OpenGate()
        )
        yield Zoho(CrmClient(ways[Side.CRM]), BooksClient(ways[Side.BOOKS]), minted, clocks, ways, statuses)


async def mint(http: httpx.AsyncClient, accounts_url: str, credentials: Credentials) -> Minted:
    """A new access token for the refresh token."""
    given = {name: getattr(credentials, name) for name in _SECRETS}
    return await _ask(http, accounts_url, {"grant_type": "refresh_token", **given})


async def redeem(accounts_url: str, client_id: str, client_secret: str, code: str) -> Minted:
    """Trade a grant code, good for a few minutes and once, for a refresh token."""
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "client_secret": client_secret,
        "code": code,
    }
    async with httpx.AsyncClient() as http:
        try:
            minted = await _ask(http, accounts_url, form)
        except TokenRevokedError as error:
            raise BadInputError(
                "Zoho does not accept the grant code: it is good once and for a few minutes; generate a new one"
            ) from error
    if not minted.refresh_token:
        raise BadInputError(
            "Zoho gave no refresh token for the grant code: generate a new code and try at once"
        )
    return minted


async def _ask(http: httpx.AsyncClient, accounts_url: str, form: Mapping[str, str]) -> Minted:
    url = f"{accounts_url.rstrip('/')}/oauth/v2/token"
    try:
        reply = await http.post(url, data=dict(form), timeout=15)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise BadInputError(
            f"accounts_url is no address: {accounts_url!r}; write e.g. https://accounts.zoho.in"
        ) from error
    except httpx.RequestError as error:
        raise TransientError(f"{urlsplit(url).netloc} is out of reach ({type(error).__name__})") from error
    body = loads(reply.content)
    check_token(reply.status_code, body)
    told, now = TokenAnswer.of(body), datetime.now(UTC)
    token = Token(told.access_token, now, now + timedelta(seconds=told.life))
    return Minted(token, frozenset(told.scope.replace(",", " ").split()), told.api_domain, told.refresh_token)


def covers(granted: Sequence[str] | frozenset[str], need: str) -> bool:
    """Whether granted scopes include `need`: `ZohoCRM.modules.ALL` includes `ZohoCRM.modules.Accounts.READ`."""
    *path, verb = need.lower().split(".")
    verbs = {verb, "all"} | ({"write"} if verb in ("create", "update") else set())
    for scope in granted:
        *own, last = scope.lower().split(".")
        if [*own, last] == [path[0], "fullaccess", "all"]:
            return True
        if last in verbs and own == path[: len(own)]:
            return True
    return False
