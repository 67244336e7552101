"""Tells the gate and the log of each call: one line, never a value, an address or a token."""

from __future__ import annotations

import logging
import time
from typing import Any

import httpx

from tandem.adapters.zoho.codes import code_of, quota_of
from tandem.adapters.zoho.endpoints import Endpoint, Product
from tandem.adapters.zoho.parse import loads
from tandem.engine.ports import Gate

logger = logging.getLogger("tandem.zoho")


class Watch:
    """The sendings of one call; each admission is told exactly once.

    The log line: connection, product, endpoint (the template, so no id), attempt (from 1), status (0 without an
    answer), code, ms, remaining (Books calls or CRM credits of the day, None where the answer does not say).
    """

    def __init__(self, gate: Gate, product: Product, endpoint: Endpoint, connection: str) -> None:
        self._gate = gate
        self._product = product
        self._endpoint = endpoint
        self._connection = connection
        self._started = 0.0
        self._attempt = 0
        self._open = False

    def begin(self) -> None:
        """The gate has admitted one sending."""
        self._attempt += 1
        self._open, self._started = True, time.monotonic()

    async def again(self, response: httpx.Response) -> None:
        """A refused token: this sending is over, ask for another."""
        self.told(response)
        await self._gate.admit(self._product)
        self.begin()

    def told(self, response: httpx.Response) -> Any:
        """The far side has answered; its body as JSON, None where it is none."""
        body = loads(response.content)
        remaining, reset = quota_of(self._product, response.headers)
        self._end(response.status_code, code_of(self._product, body), remaining, reset)
        return body

    def failed(self, code: str) -> None:
        """There is no answer."""
        self._end(0, code, None, None)

    def close(self) -> None:
        """Whatever else ended the sending (no token, a cancelled task)."""
        if self._open:
            self.failed("unsent")

    def _end(self, status: int, code: str, remaining: int | None, reset: float | None) -> None:
        self._open = False
        self._gate.observe(self._product, status=status, code=code, remaining=remaining, reset=reset)
        logger.info(
            "call",
            extra={
                "connection": self._connection,
                "product": self._product,
                "endpoint": f"{self._endpoint.method} {self._endpoint.template}",
                "attempt": self._attempt,
                "status": status,
                "code": _shown(code),
                "ms": round((time.monotonic() - self._started) * 1000),
                "remaining": remaining,
            },
        )


def _shown(code: str) -> str:
    """A code as codes are; whatever else stands in its place might be a value."""
    plain = code.replace("_", "").replace(" ", "")
    return code[:60] if plain.isascii() and (plain.isalnum() or not plain) else "odd"
