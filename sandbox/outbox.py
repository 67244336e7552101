"""Notifications and webhooks on their way out: queued with a due time, sent by an explicit call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox.clock import Clock
from sandbox.faults import Fault, FaultBook, Target
from sandbox.replies import Json
from sandbox.switches import Switches


@dataclass(slots=True)
class Delivery:
    """One body for one URL, and what became of it."""

    n: int
    product: str
    url: str
    headers: dict[str, str]
    content: bytes
    body: Any
    record_ids: list[str]
    operation: str
    source: str
    created: float
    due: float
    attempts: int = 0
    state: str = "pending"
    http_status: int | None = None
    error: str | None = None
    sent_at: float | None = None
    fault: str | None = None
    method: str = "POST"
    retries: tuple[float, ...] | None = None

    def described(self) -> Json:
        """Return the delivery as JSON."""
        return {
            "n": self.n,
            "product": self.product,
            "method": self.method,
            "url": self.url,
            "headers": self.headers,
            "content": self.content.decode("utf-8", "replace"),
            "body": self.body,
            "record_ids": self.record_ids,
            "operation": self.operation,
            "source": self.source,
            "created": self.created,
            "due": self.due,
            "attempts": self.attempts,
            "state": self.state,
            "http_status": self.http_status,
            "error": self.error,
            "sent_at": self.sent_at,
            "fault": self.fault,
        }


@dataclass(slots=True)
class Outbox:
    """Everything that was or will be sent."""

    clock: Clock
    faults: FaultBook
    switches: Switches
    seed: int
    transport: httpx.AsyncBaseTransport | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    _pending: list[Delivery] = field(default_factory=list)
    _rng: Random = field(init=False)
    _client: httpx.AsyncClient | None = None
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._rng = Random(f"{self.seed}:outbox")

    def put(
        self,
        product: str,
        url: str,
        headers: dict[str, str],
        content: bytes,
        body: Any,
        record_ids: list[str],
        operation: str,
        source: str,
        method: str = "POST",
        retries: tuple[float, ...] | None = None,
        after: float = 0.0,
    ) -> list[Delivery]:
        """Queue a body with a small latency, `after` so many seconds; planted faults may drop, double or delay it.

        `retries` are the seconds after each failed try until the next; None leaves it to the switch.
        """
        now = self.clock.now()
        due = now + after + self._rng.uniform(0.05, 0.25)
        target = Target(product, "POST", url, urlsplit(url).path, tuple(record_ids))
        fault = self.faults.strike("delivery", target, now)
        copies, due, state = self._struck(fault, due)
        made = []
        for _ in range(copies):
            delivery = Delivery(
                len(self.deliveries) + 1,
                product,
                url,
                headers,
                content,
                body,
                record_ids,
                operation,
                source,
                now,
                due,
                state=state,
                fault=fault.name if fault else None,
                method=method,
                retries=retries,
            )
            self.deliveries.append(delivery)
            if state == "pending":
                self._pending.append(delivery)
            made.append(delivery)
        return made

    def _struck(self, fault: Fault | None, due: float) -> tuple[int, float, str]:
        if fault is None:
            return 1, due, "pending"
        if fault.name == "drop_notification":
            return 1, due, "dropped"
        if fault.name == "duplicate_notification":
            return int(fault.options.get("copies", 2)), due, "pending"
        if fault.name == "delay_notification":
            return 1, due + float(fault.options.get("seconds", 60)), "pending"
        return 1, due + self._rng.uniform(0, float(fault.options.get("seconds", 10))), "pending"

    def replay(self, n: int) -> Delivery | None:
        """Queue the same body again, due now."""
        if not 1 <= n <= len(self.deliveries):
            return None
        old = self.deliveries[n - 1]
        now = self.clock.now()
        copy = Delivery(
            len(self.deliveries) + 1,
            old.product,
            old.url,
            old.headers,
            old.content,
            old.body,
            old.record_ids,
            old.operation,
            f"replay of {n}",
            now,
            now,
            method=old.method,
        )
        self.deliveries.append(copy)
        self._pending.append(copy)
        return copy

    def next_due(self) -> float | None:
        """Return when the next delivery is due, or None when none waits."""
        return min((d.due for d in self._pending), default=None)

    def _take_due(self) -> list[Delivery]:
        now = self.clock.now()
        due = sorted((d for d in self._pending if d.due <= now), key=lambda d: (d.due, d.n))
        if due:
            self._pending = [d for d in self._pending if d.due > now]
        return due

    async def deliver_due(self) -> int:
        """Send what is due, one after the other; return how many were sent."""
        due = self._take_due()
        for delivery in due:
            await self._send(delivery)
        return len(due)

    def deliver_in_background(self) -> None:
        """Start sending what is due, side by side; wants a running event loop."""
        for delivery in self._take_due():
            task = asyncio.create_task(self._send(delivery))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _send(self, delivery: Delivery) -> None:
        if self._client is None:
            self._client = httpx.AsyncClient(transport=self.transport, timeout=10.0)
        delivery.attempts += 1
        delivery.sent_at = self.clock.now()
        try:
            answer = await self._client.request(
                delivery.method, delivery.url, content=delivery.content, headers=delivery.headers
            )
            delivery.http_status, delivery.error = answer.status_code, None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            delivery.http_status, delivery.error = None, f"{type(error).__name__}: {error}"
        if delivery.http_status is not None and delivery.http_status < 300:
            delivery.state = "delivered"
            return
        wait = self._wait(delivery)
        if wait is None:
            delivery.state = "failed"
        else:
            delivery.due = self.clock.now() + wait
            self._pending.append(delivery)

    def _wait(self, delivery: Delivery) -> float | None:
        if delivery.retries is None:
            again = delivery.attempts < self.switches.delivery_attempts
            return 2.0**delivery.attempts if again else None
        return delivery.retries[delivery.attempts - 1] if delivery.attempts <= len(delivery.retries) else None

    def adopt_client(self, other: Outbox) -> None:
        """Take over the open connections of the outbox that this one replaces."""
        self._client, other._client = other._client, None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
