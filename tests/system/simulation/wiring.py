"""What lies between our functions and the world: the change queue, the notifications, the secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx

from tandem.engine.ports import Request

if TYPE_CHECKING:
    from tests.system.simulation.functions import Functions

CRM_TOKEN, BOOKS_SECRET, PATH_SECRET = "crm-token", "booksSecretOfTheTests01", "path-secret"
CHANNELS = {"a": "1000000068001", "b": "1000000068002"}


class Queue:
    """The change queue: a message is received after its delay, sometimes twice, and comes back when its run failed."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def ring(self, group: str, *, keys: Sequence[str] = (), delay: int = 0) -> None:
        """Send one message."""
        functions = self._functions
        message = json.dumps({"group": group, "keys": list(keys[:50])})
        copies = 2 if functions.rng.random() < functions.plan.doubles else 1
        for _ in range(copies):
            functions.later(delay + functions.rng.uniform(0.01, 0.3), functions.receive, message, 1)


class Hooks(httpx.AsyncBaseTransport):
    """Carries notifications to `receive_webhook`, over the network of the world."""

    def __init__(self) -> None:
        self.functions: Functions | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One delivery."""
        assert self.functions is not None
        _, _, side, connection, secret = request.url.path.split("/")
        told = Request(
            side,
            connection,
            secret,
            await request.aread(),
            tuple(parse_qsl(request.url.query.decode(), keep_blank_values=True)),
            {name.lower(): value for name, value in request.headers.items()},
        )
        return httpx.Response(self.functions.take_in(told))


class Secrets:
    """Secrets Manager in memory: each connection has its own refresh token."""

    def read(self) -> dict[str, Any]:
        """The secret of all connections."""
        return {
            name: {"client_id": "1000.C", "client_secret": "s", "refresh_token": f"1000.refresh.{name}"}
            for name in CHANNELS
        }
