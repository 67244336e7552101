"""The composition root: sees all rings, lazy, cached per container, the only reader of the environment."""

from __future__ import annotations

import asyncio
import math
import os
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from tandem.core.connection import Connection
from tandem.core.records import Side
from tandem.engine.desk import ClientsFor, Store
from tandem.engine.ports import Clock, Gate, SideClient, Table

if TYPE_CHECKING:
    import httpx

    from tandem.adapters.aws.secrets import Secrets
    from tandem.adapters.zoho.transport import Transport
    from tandem.engine.drain import Drainer, DrainReport
    from tandem.engine.intake import Answer, Intake, Notice
    from tandem.engine.ports import Request
    from tandem.engine.reconcile import Ticker, TickReport
    from tandem.engine.redrive import Redriver

T = TypeVar("T")

_NOTE_SECONDS = 2.0


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run async work on the container's own loop, so that connections stay open between invocations."""
    return _loop().run_until_complete(work)


def deadline(context: object) -> datetime:
    """When this invocation ends, by the function's own clock; no call to Zoho outlives it from here on."""
    left = getattr(context, "get_remaining_time_in_millis", lambda: 60_000)()
    ends = _clock().now() + timedelta(milliseconds=left)
    _invocation().ends = ends
    return ends


@dataclass
class Invocation:
    """The one that runs: a container has one at a time."""

    ends: datetime | None = None

    def time_left(self, now: datetime) -> float:
        """Seconds that a call may still take, less what it takes to note its end."""
        return math.inf if self.ends is None else (self.ends - now).total_seconds() - _NOTE_SECONDS


@cache
def _invocation() -> Invocation:
    return Invocation()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        config=Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 3}),
    )  # type: ignore[call-overload]


@cache
def _clock() -> Clock:
    from tandem.adapters.aws.clock import SystemClock

    return SystemClock()


def _table(variable: str) -> Table:
    from tandem.adapters.aws.table import DynamoTable

    return DynamoTable(_client("dynamodb"), os.environ[variable])


@cache
def store() -> Store:
    """Every row of both tables. The intake has no History table and no topic; it never uses them."""
    from tandem.adapters.aws.alerts import SnsAlerts

    state = _table("STATE_TABLE")
    history = _table("HISTORY_TABLE") if "HISTORY_TABLE" in os.environ else state
    alerts = SnsAlerts(_client("sns"), os.environ.get("ALERT_TOPIC_ARN", ""))
    return Store.over(state, history, alerts, _clock(), history_days=int(os.environ.get("HISTORY_DAYS", "0")))


@cache
def _secret(variable: str) -> Secrets:
    from tandem.adapters.aws.secrets import Secrets

    return Secrets(_client("secretsmanager"), os.environ[variable], _clock())


@cache
def _http() -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient()


def zoho_clients(
    http: httpx.AsyncClient,
    state: Table,
    secrets: Any,
    clock: Clock,
    time_left: Callable[[], float] | None = None,
) -> ClientsFor:
    """Makes the two clients of a connection over one HTTP client, with the shared token of its org."""
    from tandem.adapters.zoho.books import BooksClient
    from tandem.adapters.zoho.crm import CrmClient

    transports = zoho_transports(http, state, secrets, clock, time_left)

    def make(connection: Connection, gate: Gate) -> Mapping[Side, SideClient]:
        ways = transports(connection, gate)
        return {
            Side.CRM: CrmClient(ways[Side.CRM], clock=clock.now),
            Side.BOOKS: BooksClient(ways[Side.BOOKS], clock=clock.now),
        }

    return make


def zoho_transports(
    http: httpx.AsyncClient,
    state: Table,
    secrets: Any,
    clock: Clock,
    time_left: Callable[[], float] | None = None,
) -> Callable[[Connection, Gate], Mapping[Side, Transport]]:
    """Makes the two ways out of a connection, which its clients send their calls over."""
    from tandem.adapters.zoho.auth import Credentials, ZohoAuth
    from tandem.adapters.zoho.endpoints import Endpoints, Product
    from tandem.adapters.zoho.tokens import TableTokenStore
    from tandem.adapters.zoho.transport import Transport

    def make(connection: Connection, gate: Gate) -> Mapping[Side, Transport]:
        endpoints = Endpoints(
            connection.accounts_url,
            connection.crm_url,
            connection.books_url,
            connection.organization_id,
            connection.crm_org,
            connection.dc,
        )

        def credentials() -> Credentials:
            secret = secrets.read().get(connection.id) or {}
            return Credentials(
                *(str(secret.get(k, "")) for k in ("client_id", "client_secret", "refresh_token"))
            )

        def transport(product: Product, org: str) -> Transport:
            auth = ZohoAuth(
                product=product,
                token_url=endpoints.token_url(),
                store=TableTokenStore(state, connection.dc, product, org, clock),
                credentials=credentials,
                connection=connection.id,
                clock=clock.now,
            )
            return Transport(
                http,
                gate,
                product=product,
                endpoints=endpoints,
                auth=auth,
                connection=connection.id,
                time_left=time_left,
                in_flight=connection.settings.in_flight,
                unique_codes=frozenset(connection.settings.books_unique_codes),
                clock=clock.now,
            )

        return {
            Side.CRM: transport("crm", connection.crm_org),
            Side.BOOKS: transport("books", connection.organization_id),
        }

    return make


@cache
def _clients_for() -> ClientsFor:
    clock = _clock()

    def time_left() -> float:
        return _invocation().time_left(clock.now())

    return zoho_clients(_http(), store().table, _secret("OAUTH_SECRET"), clock, time_left)


@cache
def drainer() -> Drainer:
    """The writer of `sync_changes`."""
    from tandem.adapters.aws.queues import SqsDeadLetters
    from tandem.engine.drain import Drainer

    letters = SqsDeadLetters(_client("sqs"), os.environ["DEAD_LETTER_QUEUE_URL"])
    return Drainer(store(), _clients_for(), letters, _clock(), lambda: uuid4().hex, random.random)


@cache
def ticker() -> Ticker:
    """The tick of `reconcile`."""
    from tandem.adapters.aws.queues import SqsBell
    from tandem.engine.reconcile import Ticker

    bell = SqsBell(_client("sqs"), os.environ["CHANGE_QUEUE_URL"])
    return Ticker(
        store(), _clients_for(), bell, _clock(), int(os.environ.get("RECONCILE_EVERY_MINUTES", "0"))
    )


@cache
def redriver() -> Redriver:
    """The redrive of `retry_dead_letters`."""
    from tandem.adapters.aws.queues import SqsDeadLetters
    from tandem.engine.redrive import Redriver

    return Redriver(store(), SqsDeadLetters(_client("sqs"), os.environ["DEAD_LETTER_QUEUE_URL"]), _clock())


@cache
def intake() -> Intake:
    """The intake of `receive_webhook`."""
    from tandem.adapters.aws.queues import SqsBell
    from tandem.adapters.zoho import hooks
    from tandem.engine.intake import Intake, Notice

    def notices(named: Any) -> Any:
        def parse(connection: Connection, request: Request) -> Sequence[Notice]:
            return [Notice(*one) for one in named(connection, request)]

        return parse

    return Intake(
        store(),
        SqsBell(_client("sqs"), os.environ["CHANGE_QUEUE_URL"]),
        _clock(),
        _secret("WEBHOOK_SECRET").read,
        {Side.CRM: hooks.is_genuine_crm, Side.BOOKS: hooks.is_genuine_books},
        {Side.CRM: notices(hooks.named_by_crm), Side.BOOKS: notices(hooks.named_by_books)},
    )


def receive(event: Mapping[str, Any]) -> Answer:
    """Take one webhook in, as API Gateway hands it over (payload format 2.0)."""
    from tandem.adapters.aws.events import request_of

    return intake().receive(request_of(event))


def sync(body: str, context: object) -> DrainReport:
    """One bell: drain its group. A body that cannot be read raises BadInputError, so that SQS keeps it."""
    from tandem.adapters.aws.events import bell_of

    group, keys = bell_of(body)
    return run(drainer().drain(group, keys, deadline(context)))


def tick(context: object) -> TickReport:
    """One tick over all connections."""
    return run(ticker().tick(deadline(context)))
