"""The one way out: gate, time limit, tries, and what each failure means."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
from aws_lambda_powertools import Logger

from tandem.adapters.zoho.endpoints import ENDPOINTS, Endpoints
from tandem.adapters.zoho.gate import OpenGate
from tandem.adapters.zoho.retries import Fault, Retries
from tandem.adapters.zoho.transport import Call, Timeouts, Transport
from tandem.core.errors import (
    BadInputError,
    RateLimitedError,
    RefusedError,
    StopError,
    TandemError,
    TransientError,
    UnknownOutcomeError,
)
from tests.zoho.support import NOW, FarSide, Moments, RecordingGate, reply, transport_to

READ = Call(ENDPOINTS["books.list"])
WRITE = Call(ENDPOINTS["books.insert"], body={"contact_name": "Acme"})
LIST, INSERT = ("GET", "/books/v3/contacts"), ("POST", "/books/v3/contacts")
FINE = {"code": 0, "contacts": []}


def waits_forever(request: httpx.Request) -> object:
    """An answer that never comes."""

    async def never() -> httpx.Response:
        await asyncio.sleep(60)
        return reply()

    return never()


class SlowGate(RecordingGate):
    """Its table stands still for a moment."""

    async def admit(self, product: str, cost: int = 1) -> None:
        await asyncio.sleep(0.05)
        await super().admit(product, cost)


async def test_the_gate_takes_of_the_time_of_a_call(far: FarSide) -> None:
    """A write that the gate held up for too long is not sent: the lease that allowed it may be gone."""
    transport = transport_to(far, "books", gate=SlowGate(), timeouts=Timeouts(write=0.02))
    with pytest.raises(TransientError, match="gate"):
        await transport.send(WRITE)
    assert far.seen == []


async def test_a_write_that_queued_for_too_long_is_not_sent_and_a_read_waits(far: FarSide) -> None:
    """What the engine stored and read for a write is old once others have held every slot for its whole limit."""

    async def slowly() -> httpx.Response:
        await asyncio.sleep(0.1)
        return reply(200, FINE)

    far.expect(*LIST, lambda _: slowly(), reply(200, FINE))
    transport = transport_to(far, "books", in_flight=1, timeouts=Timeouts(write=0.02))
    calls = (transport.send(READ), transport.send(WRITE), transport.send(READ))
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(end).__name__ for end in ends] == ["Answer", "TransientError", "Answer"]
    assert [request.method for request in far.seen] == ["GET", "GET"]


@pytest.mark.parametrize("failure", [reply(500), reply(503), httpx.ConnectError("x"), httpx.ReadError("x")])
async def test_a_read_is_tried_once_more_after_a_passing_fault(far: FarSide, failure: httpx.Response) -> None:
    """After a pause of less than a second."""
    clock = Moments()
    far.expect(*LIST, failure, reply(200, FINE))
    assert (await transport_to(far, "books", clock=clock).send(READ)).body == FINE
    assert len(clock.slept) == 1
    assert clock.slept[0] <= 1.0


async def test_a_read_is_tried_twice_at_most(far: FarSide) -> None:
    """Then it is the engine's turn."""
    far.expect(*LIST, reply(500), reply(502))
    with pytest.raises(TransientError):
        await transport_to(far, "books").send(READ)


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("x"), httpx.ConnectTimeout("x")])
async def test_a_timed_out_read_is_not_tried_again(far: FarSide, failure: Exception) -> None:
    """Its time is used up."""
    far.expect(*LIST, failure)
    with pytest.raises(TransientError):
        await transport_to(far, "books").send(READ)


@pytest.mark.parametrize("status", [429, 400, 401])
async def test_an_answer_that_refuses_is_not_tried_again(far: FarSide, status: int) -> None:
    """Least of all quota."""
    code = {429: 44, 400: 4, 401: 6041}[status]
    far.expect(*LIST, reply(status, {"code": code, "message": "x"}))
    with pytest.raises((RateLimitedError, RefusedError, StopError)):
        await transport_to(far, "books").send(READ)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (reply(500), UnknownOutcomeError),
        (reply(502), UnknownOutcomeError),
        (httpx.ReadTimeout("x"), UnknownOutcomeError),
        (httpx.WriteTimeout("x"), UnknownOutcomeError),
        (httpx.ReadError("x"), UnknownOutcomeError),
        (httpx.WriteError("x"), UnknownOutcomeError),
        (httpx.RemoteProtocolError("x"), UnknownOutcomeError),
        (httpx.ConnectTimeout("x"), TransientError),
        (httpx.PoolTimeout("x"), TransientError),
        (reply(200, None), UnknownOutcomeError),
        (httpx.Response(200, content=b"<html>"), UnknownOutcomeError),
        (reply(200, []), UnknownOutcomeError),
    ],
)
async def test_a_write_is_never_sent_twice(
    far: FarSide, failure: httpx.Response, error: type[Exception]
) -> None:
    """Sent without an answer is unknown; what timed out at the door was not sent, but its time is used up."""
    far.expect(*INSERT, failure)
    with pytest.raises(error):
        await transport_to(far, "books").send(WRITE)
    assert len(far.seen) == 1


async def test_a_write_turned_away_at_the_door_is_sent_again(far: FarSide) -> None:
    """Nothing left us, so the second is the first; a second refusal is the engine's."""
    far.expect(*INSERT, httpx.ConnectError("x"), reply(201, {"code": 0, "contact": {}}))
    assert (await transport_to(far, "books").send(WRITE)).status == 201
    far.expect(*INSERT, httpx.ConnectError("x"), httpx.ConnectError("x"))
    with pytest.raises(TransientError):
        await transport_to(far, "books").send(WRITE)


async def test_the_servers_hint_comes_before_our_pause(far: FarSide) -> None:
    """As long as it is short; a longer one is left to the engine, which comes back later."""
    clock = Moments()
    far.expect(*LIST, reply(503, None, {"Retry-After": "0.7"}), reply(200, FINE))
    await transport_to(far, "books", clock=clock).send(READ)
    assert clock.slept == [0.7]
    far.expect(*LIST, reply(503, None, {"Retry-After": "30"}))
    with pytest.raises(TransientError):
        await transport_to(far, "books", clock=clock).send(READ)


async def test_all_tries_share_the_limit_of_one_call(far: FarSide) -> None:
    """The engine starts a write only while that limit fits into its lease."""
    far.expect(*LIST, reply(503))
    with pytest.raises(TransientError):
        await transport_to(far, "books", timeouts=Timeouts(read=0.2)).send(READ)
    far.expect(*LIST, reply(503))
    with pytest.raises(TransientError):
        await transport_to(far, "books", time_left=lambda: 0.2).send(READ)


async def test_the_limit_runs_from_connect_to_the_last_byte(far: FarSide) -> None:
    """Whatever httpx's own time-outs say."""
    far.expect(*INSERT, waits_forever).expect(*LIST, waits_forever)
    transport = transport_to(far, "books", timeouts=Timeouts(read=0.05, write=0.05))
    with pytest.raises(UnknownOutcomeError):
        await transport.send(WRITE)
    with pytest.raises(TransientError):
        await transport.send(READ)


async def test_no_call_outlives_the_function(far: FarSide) -> None:
    """With no time left nothing leaves at all."""
    left = [0.05, 0.0]
    far.expect(*LIST, waits_forever)
    transport = transport_to(far, "books", time_left=lambda: left.pop(0))
    for _ in range(2):
        with pytest.raises(TransientError):
            await transport.send(READ)


async def test_five_calls_in_flight_at_most(far: FarSide) -> None:
    """The others wait for a slot before they ask the gate."""
    gate, running, most = RecordingGate(), 0, 0

    async def slow() -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return reply(200, FINE)

    far.expect(*LIST, *[lambda _request: slow() for _ in range(12)])
    transport = transport_to(far, "books", gate=gate)
    await asyncio.gather(*(transport.send(READ) for _ in range(12)))
    assert most == 5
    assert len(gate.admitted) == len(gate.told) == 12


async def test_the_gate_may_refuse_and_then_nothing_leaves(far: FarSide) -> None:
    """Nobody sleeps for quota."""
    gate = RecordingGate(refuses=RateLimitedError("minute", 20))
    with pytest.raises(RateLimitedError):
        await transport_to(far, "books", gate=gate).send(READ)
    assert not gate.told


async def test_the_gate_hears_of_every_end(far: FarSide) -> None:
    """Of each try, with what the headers say of the day."""
    gate = RecordingGate()
    told = {"X-Rate-Limit-Remaining": "882", "X-Rate-Limit-Reset": "38689"}
    far.expect(*LIST, reply(500), reply(200, FINE, told), reply(429, {"code": "45"}, told))
    transport = transport_to(far, "books", gate=gate)
    await transport.send(READ)
    with pytest.raises(RateLimitedError):
        await transport.send(READ)
    assert [(t["status"], t["code"], t["remaining"], t["reset"]) for t in gate.told] == [
        (500, "", None, None),
        (200, "", 882, 38689.0),
        (429, "45", 882, 38689.0),
    ]


async def test_the_gate_hears_of_calls_without_an_answer(far: FarSide) -> None:
    """Refused at the door, timed out, cut off, cancelled: status 0."""
    gate = RecordingGate()
    ends = [httpx.ConnectError("x"), httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.ReadError("x")]
    far.expect(*INSERT, *ends, waits_forever)
    transport = transport_to(far, "books", gate=gate)
    for _ in range(3):
        with pytest.raises((TransientError, UnknownOutcomeError)):
            await transport.send(WRITE)
    task = asyncio.ensure_future(transport.send(WRITE))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(t["status"], t["code"]) for t in gate.told] == [
        (0, "connect"),
        (0, "connect"),
        (0, "timeout"),
        (0, "disconnect"),
        (0, "unsent"),
    ]


FIELDS = {"connection", "product", "endpoint", "attempt", "status", "code", "ms", "remaining"}
SECRETS = ("acme", "example", "t0ken", "@", "secret", "4150868")


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What our logger and httpx's wrote, each with what a formatter would add to its line."""
    plain = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
    rows = [line for line in caplog.records if line.name.split(".")[0] in ("tandem", "httpx", "httpcore")]
    assert {line.name for line in rows} == {"tandem.zoho"}
    return [{key: value for key, value in vars(line).items() if key not in plain} for line in rows]


async def test_one_log_line_per_call_without_values(far: FarSide, caplog: pytest.LogCaptureFixture) -> None:
    """Each sending has one, whatever its end; httpx's own lines, which hold URLs, are off."""
    caplog.set_level(logging.DEBUG)
    taken = {"code": 3062, "message": "Acme is taken"}
    fine = reply(200, FINE, {"X-Rate-Limit-Remaining": "882"})
    far.expect(*LIST, reply(503), fine).expect(*INSERT, reply(400, taken), httpx.ReadError("to acme.example"))
    far.expect("PUT", "/books/v3/contacts/4150868", reply(200, {"code": "Acme <a@acme.example>"}))
    transport = transport_to(far, "books", connection="main")
    await transport.send(Call(ENDPOINTS["books.list"], query=[("email", "a@acme.example")]))
    update = Call(ENDPOINTS["books.update"], {"id": "4150868"}, body={}, headers={"X-T0ken": "t0ken"})
    for call in (WRITE, WRITE, update):
        with pytest.raises(TandemError):
            await transport.send(call)
    lines = lines_of(caplog)
    assert all(set(line) == FIELDS for line in lines)
    assert all(isinstance(line.pop("ms"), int) for line in lines)
    assert [tuple(line.values()) for line in lines] == [
        ("main", "books", "GET /books/v3/contacts", 1, 503, "", None),
        ("main", "books", "GET /books/v3/contacts", 2, 200, "", 882),
        ("main", "books", "POST /books/v3/contacts", 1, 400, "3062", None),
        ("main", "books", "POST /books/v3/contacts", 1, 0, "disconnect", None),
        ("main", "books", "PUT /books/v3/contacts/{id}", 1, 200, "odd", None),
    ]
    told = json.dumps(lines).lower() + caplog.text.lower()
    assert not [secret for secret in SECRETS if secret in told]


async def test_the_functions_logger_writes_the_line_as_json(far: FarSide) -> None:
    """Powertools' logger is named as the service, `tandem` in the template: ours hangs below it."""
    out = io.StringIO()
    log = logging.getLogger("tandem")
    before = {**vars(log), "handlers": list(log.handlers), "filters": list(log.filters)}
    try:
        Logger(service="tandem", stream=out, level="INFO")
        far.expect(*LIST, reply(200, FINE, {"X-Rate-Limit-Remaining": "882"}))
        await transport_to(far, "books", connection="main").send(READ)
    finally:
        vars(log).clear()
        vars(log).update(before)
        log.setLevel(log.level)
    line = json.loads(out.getvalue())
    assert set(line) >= FIELDS
    assert (line["connection"], line["remaining"], line["service"]) == ("main", 882, "tandem")


async def test_the_servers_clock_tells_when_a_read_was_sent(far: FarSide) -> None:
    """Its Date less the time that the call took, whole seconds, never later than the truth."""
    date = {"Date": "Tue, 09 Jun 2026 17:38:18 GMT"}

    async def slow() -> httpx.Response:
        await asyncio.sleep(0.02)
        return reply(200, FINE, date)

    far.expect(*LIST, reply(200, FINE), lambda _request: slow())
    transport = transport_to(far, "books")
    assert (await transport.send(READ)).asked_at == NOW
    served = datetime(2026, 6, 9, 17, 38, 18, tzinfo=UTC)
    assert (await transport.send(READ)).asked_at == served - timedelta(seconds=1)


async def test_bodies_and_queries_go_out_encoded(far: FarSide) -> None:
    """JSON in UTF-8; a plus sign in a query as %2B (dossier crm §10)."""
    far.expect(*INSERT, reply(201, {"code": 0, "contact": {}}))
    call = Call(WRITE.endpoint, query=[("at", "2026-01-01T00:00:00+00:00")], body={"contact_name": "Zoë"})
    await transport_to(far, "books").send(call)
    assert far.seen[0].url.query == b"at=2026-01-01T00%3A00%3A00%2B00%3A00"
    assert far.seen[0].content == '{"contact_name":"Zoë"}'.encode()
    assert far.seen[0].headers["content-type"] == "application/json"


async def test_an_empty_answer_is_no_body(far: FarSide) -> None:
    """204 and 304."""
    far.expect(*LIST, reply(204), reply(304))
    transport = transport_to(far, "books")
    assert [(await transport.send(READ)).body for _ in range(2)] == [None, None]


@pytest.mark.parametrize(
    ("url", "error"), [("ftp://x.example", TransientError), ("http://x:port", BadInputError)]
)
async def test_a_base_url_that_is_none(url: str, error: type[Exception]) -> None:
    """No exception of httpx escapes."""
    endpoints = Endpoints("http://a", url, url, "1", "2", "in")
    async with httpx.AsyncClient() as http:
        with pytest.raises(error):
            await Transport(http, OpenGate(), product="books", endpoints=endpoints, auth=None).send(READ)


NEVER = None
POLICY: list[tuple[str, Fault, float | None]] = [
    # what the call is, how its first try ended, seconds until the second (drawn 0.5)
    ("books.list", "", NEVER),
    ("books.list", "unsent", 0.3),
    ("books.list", "timeout", NEVER),
    ("books.list", "cut off", 0.3),
    ("books.list", "server", 0.3),
    ("books.list", "garbled", 0.3),
    ("books.list", "refused", NEVER),
    ("crm.query", "unsent", 0.3),
    ("crm.query", "cut off", 0.3),
    ("crm.query", "server", 0.3),
    ("crm.query", "garbled", 0.3),
    ("crm.query", "timeout", NEVER),
    ("crm.query", "refused", NEVER),
    *(
        (name, fault, 0.3 if fault == "unsent" else NEVER)
        for name in ("crm.insert", "crm.update", "crm.renew", "books.insert", "books.update", "books.active")
        for fault in get_args(Fault)
    ),
]


class TestRetries:
    """The policy is a frozen value: method, idempotence and failure give a pause, or none."""

    @pytest.mark.parametrize(("name", "fault", "pause"), POLICY)
    def test_the_table(self, name: str, fault: Fault, pause: float | None) -> None:
        """A POST that reads (COQL) counts as a read; a PUT is never repeated, though HTTP calls it idempotent."""
        found = Retries().after(ENDPOINTS[name], fault, tried=1, drawn=0.5)
        assert found == (pause if pause is None else pytest.approx(pause))
        assert Retries().after(ENDPOINTS[name], fault, tried=2, drawn=0.5) is None

    def test_it_is_a_value(self) -> None:
        """Two of the same figures are the same, and nobody changes one."""
        assert Retries() == Retries()
        assert hash(Retries()) == hash(Retries())
        with pytest.raises(FrozenInstanceError):
            Retries().tries = 3  # type: ignore[misc]

    @pytest.mark.parametrize("drawn", [0.0, 0.5, 1.0])
    def test_pauses_grow_and_stay_within_a_second(self, drawn: float) -> None:
        """A random half to the whole and a half of the pause, so that many callers do not come back at once."""
        policy = Retries(tries=9)
        delays = [
            policy.after(ENDPOINTS["crm.query"], "server", tried=tried, drawn=drawn) or 0.0
            for tried in range(1, 9)
        ]
        assert delays == sorted(delays)
        assert delays[0] == pytest.approx(0.3 * (0.5 + drawn))
        assert max(delays) == 1.0

    @pytest.mark.parametrize(
        ("hint", "pause"), [(0.0, 0.0), (0.9, 0.9), (1.0, 1.0), (1.1, NEVER), (60.0, NEVER)]
    )
    def test_the_servers_hint_comes_first(self, hint: float, pause: float | None) -> None:
        """Exactly as told, or not at all."""
        found = Retries().after(ENDPOINTS["crm.query"], "server", tried=1, drawn=0.5, hint=hint)
        assert found == pause
        assert Retries().after(ENDPOINTS["crm.update"], "server", tried=1, drawn=0.5, hint=hint) is None
