"""Bad input and good: what each webhook is answered, and that a refused one leaves nothing (issue 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.queues import MemoryBell
from tandem.adapters.memory.table import MemoryTable
from tandem.adapters.zoho import hooks
from tandem.core.connection import Connection
from tandem.core.errors import StoreError, TableUnavailableError
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.desk import Store
from tandem.engine.intake import MAX_BYTES, Answer, Intake, Notice
from tandem.engine.ports import Request

SECRETS = {"path_secret": "s3cret", "crm_token": "tok", "books_secret": "k" * 16}
CHANNEL = "1000000068001"


def crm(**changes: Any) -> Request:
    """A CRM notification, changed as told."""
    body = {
        "module": "Accounts", "channel_id": CHANNEL, "token": "tok", "ids": ["11", "12"], "operation": "update",
        "server_time": 1763877600000, "resource_uri": "",
    }  # fmt: skip
    return Request("crm", "main", "s3cret", json.dumps({**body, **changes}).encode())


@pytest.fixture
def intake(store: Store, bell: MemoryBell, clock: ManualClock) -> Intake:
    """The intake of one connection, with Zoho's own parsers."""
    text = resources.files("tandem.presets").joinpath("india.yaml").read_text()
    connection = Connection(
        id="main",
        group="g",
        organization_id="6",
        accounts_url="",
        crm_url="",
        books_url="",
        crm_channels=(CHANNEL,),
    )
    store.connections.save(connection, text)

    def named(parse: Any) -> Any:
        def notices(connection: Connection, request: Request) -> Sequence[Notice]:
            return [Notice(*one) for one in parse(connection, request)]

        return notices

    def secrets(_age: float) -> Mapping[str, Mapping[str, str]]:
        return {"main": SECRETS, "removed": SECRETS, "empty": {"path_secret": ""}}

    return Intake(
        store,
        bell,
        clock,
        secrets,
        {Side.CRM: hooks.is_genuine_crm, Side.BOOKS: hooks.is_genuine_books},
        {Side.CRM: named(hooks.named_by_crm), Side.BOOKS: named(hooks.named_by_books)},
    )


REFUSED: dict[str, tuple[Request, int]] = {
    "unknown path secret": (replace(crm(), path_secret="guess"), 404),
    "empty path secret": (replace(crm(), path_secret=""), 404),
    "unknown connection": (replace(crm(), connection="nobody"), 404),
    "connection without a path secret": (replace(crm(), connection="empty", path_secret=""), 404),
    "connection that was removed": (replace(crm(), connection="removed"), 404),
    "unknown side": (replace(crm(), side="desk"), 404),
    "too large": (replace(crm(), body=b"x" * (MAX_BYTES + 1)), 413),
    "empty": (replace(crm(), body=b""), 400),
    "blank": (replace(crm(), body=b" \n"), 400),
    "not JSON": (replace(crm(), body=b"{"), 400),
    "not text": (replace(crm(), body=b"\xff\xfe"), 400),
    "a list": (replace(crm(), body=b"[]"), 400),
    "no ids": (crm(ids=None), 400),
    "wrong token": (crm(token="forged"), 401),
    "no token": (crm(token=None), 401),
    "Books without a signature": (Request("books", "main", "s3cret", b'{"contact": {"contact_id": "7"}}'), 401),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_refused_and_leaves_nothing(
    intake: Intake, store: Store, bell: MemoryBell, alerts: MemoryAlerts, what: str
) -> None:
    """Not queued, not rung, not alerted: a stranger cannot make work."""
    request, status = REFUSED[what]
    assert intake.receive(request).status == status
    assert store.rows.pending("main") == 0
    assert (bell.rung, alerts.sent) == ([], [])


@pytest.mark.parametrize(
    "request_", [crm(channel_id="999"), crm(module="Leads"), crm(ids=[])], ids=["channel", "module", "no ids"]
)
def test_what_is_genuine_and_not_ours_is_ignored(
    intake: Intake, store: Store, bell: MemoryBell, request_: Request
) -> None:
    """200, counted: an error would only be sent again."""
    assert intake.receive(request_) == Answer(200, "ignored")
    assert store.rows.pending("main") == 0
    assert bell.rung == []


def test_a_genuine_notification_makes_its_rows_due_and_rings_once(
    intake: Intake, store: Store, bell: MemoryBell, clock: ManualClock
) -> None:
    """Live class, due now, the bell names the keys."""
    assert intake.receive(crm()) == Answer(202, "accepted", 2)
    keys = [RecordKey("main", Side.CRM, "customer", id) for id in ("11", "12")]
    assert store.rows.due("main", clock.now(), 10) == keys
    row = store.rows.read(keys[0])
    assert row is not None
    assert row.cls is RowClass.LIVE
    [ring] = bell.rung
    assert (ring.group, ring.keys) == ("g", tuple(map(str, keys)))


def test_a_secret_made_a_moment_ago_is_known(intake: Intake) -> None:
    """A path that the kept secrets do not open is tried with fresh ones before it is refused."""
    ages: list[float] = []

    def secrets(age: float) -> Mapping[str, Mapping[str, str]]:
        ages.append(age)
        return {"main": SECRETS} if len(ages) > 1 else {}

    assert replace(intake, secrets=secrets).receive(crm()).status == 202
    assert ages == sorted(ages, reverse=True)


def test_exactly_the_largest_body_is_read(intake: Intake) -> None:
    """256 KB is in."""
    request = crm()
    assert intake.receive(replace(request, body=request.body.ljust(MAX_BYTES))).status == 202


@pytest.mark.parametrize("where", ["crm", "books", "nowhere"])
def test_a_stranger_learns_nothing_from_the_answer(intake: Intake, where: str) -> None:
    """A wrong secret is answered before side, size and body are looked at."""
    request = Request(where, "main", "guess", b"x" * (MAX_BYTES + 1))
    assert intake.receive(request) == Answer(404, "unknown_path")


def test_rows_come_before_the_bell(
    intake: Intake, store: Store, bell: MemoryBell, table: MemoryTable
) -> None:
    """A bell without its row would be lost news; a row without its bell is found by the tick."""

    def fail(verb: str, _: object) -> None:
        if verb == "update":
            raise TableUnavailableError("throttled")

    table.before = fail
    with pytest.raises(TableUnavailableError):
        intake.receive(crm())
    assert bell.rung == []


def test_a_queue_out_of_reach_is_told_to_the_sender(intake: Intake, store: Store) -> None:
    """5xx, so that it may try again; the row is pending all the same."""

    class Broken:
        def ring(self, group: str, *, keys: Sequence[str] = (), delay: int = 0) -> None:
            raise StoreError("queue out of reach")

    with pytest.raises(StoreError):
        replace(intake, bell=Broken()).receive(crm())
    assert store.rows.pending("main") == 2


def test_a_hundred_notices_name_fifty_keys(intake: Intake, store: Store, bell: MemoryBell) -> None:
    """The others are due by the index."""
    ids = [str(number) for number in range(100, 200)]
    assert intake.receive(crm(ids=ids)).notices == 100
    assert store.rows.pending("main") == 100
    assert len(bell.rung[0].keys) == 50
