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
from tandem.adapters.zoho.codes import check, code_of, quota_of
from tandem.adapters.zoho.endpoints import Endpoint, Endpoints, Product
from tandem.adapters.zoho.parse import dumps, loads, now, parse_http_date
from tandem.adapters.zoho.rules import UNIQUE_FIELD_CODES
from tandem.core.errors import BadInputError, TandemError, TransientError, UnknownOutcomeError
from tandem.core.records import utc
from tandem.engine.ports import Gate

logger = logging.getLogger("tandem.zoho")

_EMPTY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Retries:
    """When a failed call is tried again: reads alone, after 5xx or a broken connection, never for quota.

    Pauses in seconds; `jitter` draws from 0 to 1.
    """

    tries: int = 2
    pause: float = 0.3
    most: float = 1.0
    jitter: Callable[[], float] = random.random

    def applies(self, endpoint: Endpoint, error: TandemError, tried: int) -> bool:
        """Whether the call may be tried again. A time-out is not: its time is used up."""
        slow = isinstance(error.__cause__, TimeoutError | httpx.TimeoutException)
        return endpoint.reads and tried < self.tries and isinstance(error, TransientError) and not slow

    def delay(self, tried: int) -> float:
        """Seconds until the next try: doubling, of which a random half to the whole, at most `most`."""
        return min(self.most, self.pause * 2.0 ** (tried - 1) * (0.5 + self.jitter()))


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds from the connect to the last byte, for each class of call."""

    read: float = 15.0
    write: float = 15.0
    connect: float = 5.0

    def total(self, endpoint: Endpoint) -> float:
        """The limit of one try."""
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


class Transport:
    """Sends calls of one product. `http` comes from outside and is never closed here.

    `time_left`: seconds that the running function still has; no call outlives them.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        gate: Gate,
        *,
        product: Product,
        endpoints: Endpoints,
        auth: httpx.Auth | None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        in_flight: int = 5,
        unique_codes: frozenset[str] = UNIQUE_FIELD_CODES,
        time_left: Callable[[], float] | None = None,
        clock: Callable[[], datetime] = now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        # httpx logs whole URLs at INFO; a query may hold an e-mail address.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.endpoints = endpoints
        self._http = http
        self._gate = gate
        self._product = product
        self._auth = auth
        self._timeouts = timeouts or Timeouts()
        self._retries = retries or Retries()
        self._slots = asyncio.Semaphore(in_flight)
        self._unique_codes = unique_codes
        self._time_left = time_left
        self._clock = clock
        self._sleep = sleep

    async def send(self, call: Call) -> Answer:
        """Send one call; reads are tried again as `Retries` says, each try through the gate."""
        tried = 0
        while True:
            tried += 1
            try:
                return await self._try(call)
            except TransientError as error:
                if not self._retries.applies(call.endpoint, error, tried):
                    raise
            await self._sleep(self._retries.delay(tried))

    async def _try(self, call: Call) -> Answer:
        request = self._request(call)
        async with self._slots:
            seconds = self._seconds(call.endpoint)
            await self._gate.admit(self._product)
            started, moment = time.monotonic(), self._clock()
            response, body = await self._exchange(call.endpoint, request, seconds)
            elapsed = time.monotonic() - started
        check(call.endpoint, response.status_code, body, response.headers, unique_codes=self._unique_codes)
        if response.status_code in _EMPTY:
            body = None
        elif not isinstance(body, Mapping):
            raise _failure(call.endpoint, sent=True, what="an answer that is no JSON object")
        served = parse_http_date(response.headers.get("date"))
        asked_at = utc(served - timedelta(seconds=elapsed)) if served else utc(moment)
        return Answer(response.status_code, body, asked_at)

    def _request(self, call: Call) -> httpx.Request:
        headers = {"Accept": "application/json", **call.headers}
        content = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            content = dumps(call.body).encode()
        url = self.endpoints.root(self._product) + call.endpoint.path(**call.parts)
        limit = self._timeouts.total(call.endpoint)
        try:
            return self._http.build_request(
                call.endpoint.method,
                url,
                params=list(call.query) or None,
                content=content,
                headers=headers,
                timeout=httpx.Timeout(limit, connect=min(limit, self._timeouts.connect)),
            )
        except httpx.InvalidURL as error:
            raise BadInputError(f"the base URL of {self._product} is no URL") from error

    def _seconds(self, endpoint: Endpoint) -> float:
        seconds = self._timeouts.total(endpoint)
        if self._time_left is not None:
            seconds = min(seconds, self._time_left())
        if seconds <= 0:
            raise TransientError("no time left for another call") from TimeoutError()
        return seconds

    async def _exchange(
        self, endpoint: Endpoint, request: httpx.Request, seconds: float
    ) -> tuple[httpx.Response, Any]:
        """Send, and tell gate and log of every end that this can have."""
        watch = _Watch(self._gate, self._product, endpoint)
        attempt = Attempt(watch.again)
        attempt.sent = self._auth is None
        request.extensions[ATTEMPT] = attempt
        try:
            async with asyncio.timeout(seconds):
                response = await self._http.send(request, auth=self._auth)
            return response, watch.told(response)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
        ) as error:
            watch.failed("connect")
            raise TransientError(f"{self._product} is out of reach: {type(error).__name__}") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            watch.failed("timeout")
            raise _failure(endpoint, sent=attempt.sent, what="no answer in time") from error
        except httpx.RequestError as error:
            watch.failed("disconnect")
            raise _failure(endpoint, sent=attempt.sent, what="a broken connection") from error
        finally:
            watch.close()


class _Watch:
    """Tells the gate and the log of one admitted call, exactly once per admission."""

    def __init__(self, gate: Gate, product: Product, endpoint: Endpoint) -> None:
        self._gate = gate
        self._product = product
        self._endpoint = endpoint
        self._started = time.monotonic()
        self._open = True

    async def again(self, response: httpx.Response) -> None:
        self.told(response)
        await self._gate.admit(self._product)
        self._open, self._started = True, time.monotonic()

    def told(self, response: httpx.Response) -> Any:
        body = loads(response.content)
        remaining, reset = quota_of(self._product, response.headers)
        self._end(response.status_code, code_of(self._product, body), remaining, reset)
        return body

    def failed(self, code: str) -> None:
        self._end(0, code, None, None)

    def close(self) -> None:
        """Whatever else ended the call (no token, a cancelled task)."""
        if self._open:
            self.failed("unsent")

    def _end(self, status: int, code: str, remaining: int | None, reset: float | None) -> None:
        self._open = False
        self._gate.observe(self._product, status=status, code=code, remaining=remaining, reset=reset)
        logger.info(
            "call",
            extra={
                "product": self._product,
                "endpoint": f"{self._endpoint.method} {self._endpoint.template}",
                "status": status,
                "code": code,
                "ms": round((time.monotonic() - self._started) * 1000),
            },
        )


def _failure(endpoint: Endpoint, *, sent: bool, what: str) -> TandemError:
    if endpoint.reads or not sent:
        return TransientError(f"{endpoint.product}: {what}")
    return UnknownOutcomeError(f"{endpoint.product}: {what}; whether it was written is unknown")
