"""The one way out to Zoho: gate, time limit, tries, and the meaning of every failure.

A write that may have left us and was not answered is `UnknownOutcomeError`; nothing is ever written twice
(design, section 4). One `Transport` serves one product of one connection, within one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from tandem.adapters.zoho.auth import ATTEMPT, Attempt
from tandem.adapters.zoho.codes import check
from tandem.adapters.zoho.endpoints import Endpoint, Endpoints, Product
from tandem.adapters.zoho.parse import as_seconds, dumps, now, parse_http_date
from tandem.adapters.zoho.prices import price
from tandem.adapters.zoho.retries import Fault, Retries
from tandem.adapters.zoho.rules import UNIQUE_FIELD_CODES
from tandem.adapters.zoho.watch import Watch
from tandem.core.errors import BadInputError, TandemError, TransientError, UnknownOutcomeError
from tandem.core.records import utc
from tandem.engine.ports import Gate

_EMPTY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds from the connect to the last byte, all tries together, for each class of call."""

    read: float = 15.0
    write: float = 15.0
    connect: float = 5.0

    def total(self, endpoint: Endpoint) -> float:
        """The limit of one call."""
        return self.read if endpoint.reads else self.write


@dataclass(frozen=True, slots=True)
class Call:
    """One request: an endpoint, the parts of its path, its query, JSON body and headers."""

    endpoint: Endpoint
    parts: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `body` is None when empty; `asked_at`: server time when the call was sent."""

    status: int
    body: Mapping[str, Any] | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class _End:
    """How one try ended: an answer (`status` above 0), or the error that stands for having none."""

    fault: Fault
    asked_at: datetime
    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: TandemError | None = None

    @property
    def hint(self) -> float | None:
        """Seconds that the server asked to be left alone; whether Zoho ever sends it is UNCONFIRMED."""
        return as_seconds(self.headers.get("retry-after"))


class Transport:
    """Sends calls of one product. `http` comes from outside and is never closed here.

    `time_left`: seconds that the running function still has; no call outlives them. `connection` names the
    connection in the log. `draw`: a random number from 0 to 1, for the pauses.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        gate: Gate,
        *,
        product: Product,
        endpoints: Endpoints,
        auth: httpx.Auth | None,
        connection: str = "",
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        in_flight: int = 5,
        unique_codes: frozenset[str] = UNIQUE_FIELD_CODES,
        time_left: Callable[[], float] | None = None,
        clock: Callable[[], datetime] = now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        # httpx logs whole URLs at INFO; a query may hold an e-mail address.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.endpoints = endpoints
        self._http = http
        self._gate = gate
        self.product = product
        self._auth = auth
        self._connection = connection
        self._timeouts = timeouts or Timeouts()
        self._retries = retries or Retries()
        self._slots = asyncio.Semaphore(in_flight)
        self._unique_codes = unique_codes
        self._time_left = time_left
        self._clock = clock
        self._sleep = sleep
        self._draw = draw

    async def send(self, call: Call) -> Answer:
        """Send one call, again as `Retries` says; each try passes the gate.

        A write leaves within its limit or not at all, its wait for a free slot included: what was read and stored
        for it grows old. A read may wait for its turn.
        """
        watch = Watch(self._gate, self.product, call.endpoint, self._connection)
        limit = self._timeouts.total(call.endpoint)
        spent, tried = 0.0, 0
        while True:
            tried += 1
            queued = time.monotonic()
            async with self._slots:
                started = time.monotonic() if call.endpoint.reads else queued
                end = await self._try(call, watch, limit - spent - (time.monotonic() - started))
                spent += time.monotonic() - started
            pause = self._retries.after(
                call.endpoint, end.fault, tried=tried, drawn=self._draw(), hint=end.hint
            )
            if pause is None or pause >= self._left(limit - spent):
                return self._answer(call.endpoint, end)
            await self._sleep(pause)
            spent += pause

    async def _try(self, call: Call, watch: Watch, limit: float) -> _End:
        seconds = self._left(limit)
        if seconds <= 0:
            raise TransientError("no time left for another call")
        request, asked = self._request(call, seconds), time.monotonic()
        await self._gate.admit(self.product, price(call.endpoint, call.body))
        started, moment = time.monotonic(), self._clock()
        seconds -= started - asked
        if seconds <= 0:
            raise TransientError("the gate took all the time of this call: it was not sent")
        try:
            response, body = await self._exchange(watch, request, seconds)
        except _NoAnswerError as error:
            return _End(error.fault, moment, error=_failure(call.endpoint, error))
        served = parse_http_date(response.headers.get("date"))
        asked_at = served - timedelta(seconds=time.monotonic() - started) if served else moment
        fault = _fault_of(response.status_code, body)
        return _End(fault, utc(asked_at), response.status_code, body, response.headers)

    def _answer(self, endpoint: Endpoint, end: _End) -> Answer:
        """The answer, or the error that it means."""
        if end.error is not None:
            raise end.error
        check(endpoint, end.status, end.body, end.headers, unique_codes=self._unique_codes)
        if end.fault == "garbled":
            raise _failure(endpoint, _NoAnswerError("garbled", "an answer that is no JSON object", sent=True))
        return Answer(end.status, None if end.status in _EMPTY else end.body, end.asked_at)

    def _request(self, call: Call, seconds: float) -> httpx.Request:
        headers = {"Accept": "application/json", **call.headers}
        content = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            content = dumps(call.body).encode()
        url = self.endpoints.root(self.product) + call.endpoint.path(**call.parts)
        try:
            return self._http.build_request(
                call.endpoint.method,
                url,
                params=list(call.query) or None,
                content=content,
                headers=headers,
                timeout=httpx.Timeout(seconds, connect=min(seconds, self._timeouts.connect)),
            )
        except httpx.InvalidURL as error:
            raise BadInputError(f"the base URL of {self.product} is no URL") from error

    def _left(self, limit: float) -> float:
        return limit if self._time_left is None else min(limit, self._time_left())

    async def _exchange(
        self, watch: Watch, request: httpx.Request, seconds: float
    ) -> tuple[httpx.Response, Any]:
        """Send, and tell gate and log of every end that this can have."""
        attempt = Attempt(watch.again)
        attempt.sent = self._auth is None
        request.extensions[ATTEMPT] = attempt
        watch.begin()
        try:
            async with asyncio.timeout(seconds):
                response = await self._http.send(request, auth=self._auth)
            return response, watch.told(response)
        except (httpx.ConnectError, httpx.UnsupportedProtocol) as error:
            watch.failed("connect")
            raise _NoAnswerError("unsent", f"out of reach: {type(error).__name__}", sent=False) from error
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            watch.failed("connect")
            raise _NoAnswerError("timeout", f"out of reach: {type(error).__name__}", sent=False) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            watch.failed("timeout")
            raise _NoAnswerError("timeout", "no answer in time", sent=attempt.sent) from error
        except httpx.RequestError as error:
            watch.failed("disconnect")
            raise _NoAnswerError("cut off", "a broken connection", sent=attempt.sent) from error
        finally:
            watch.close()


class _NoAnswerError(Exception):
    """No answer that can be read; never leaves this module."""

    def __init__(self, fault: Fault, what: str, *, sent: bool) -> None:
        super().__init__(what)
        self.fault: Fault = fault
        self.sent = sent


def _failure(endpoint: Endpoint, error: _NoAnswerError) -> TandemError:
    if endpoint.reads or not error.sent:
        found: TandemError = TransientError(f"{endpoint.product}: {error}")
    else:
        found = UnknownOutcomeError(f"{endpoint.product}: {error}; whether it was written is unknown")
    found.__cause__ = error.__cause__
    return found


def _fault_of(status: int, body: Any) -> Fault:
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return "server"
    if status in _EMPTY:
        return ""
    if not httpx.codes.is_success(status):
        return "refused"
    return "" if isinstance(body, Mapping) else "garbled"
