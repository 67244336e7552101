"""Webhook intake: path secret in constant time, size, parse, token or signature, then rows and the bell.

Verifying and parsing are given in (`Verifier`), since they know Zoho's formats; this module knows the order of the
checks and what each answer is (design, section 6; issue 2, bad input).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tandem.core.connection import Connection
from tandem.core.errors import BadInputError
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.desk import Store
from tandem.engine.ports import Bell, Clock, Request

MAX_BYTES = 256 * 1024
KEPT_SECONDS = 300
FRESH_SECONDS = 10
"""A wrong path makes us look again, but no more often: guessing costs the guesser, not us."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One record that a sender named: entity, id, and the whole record as JSON where it was told."""

    entity: str
    id: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, and what it is counted as."""

    status: int
    kind: str
    notices: int = 0


Verify = Callable[[Mapping[str, str], Request], bool]
"""(the connection's webhook secrets, request) -> genuine."""
Parse = Callable[[Connection, Request], Sequence[Notice]]
"""The records named; empty for an unknown module or channel. Raises BadInputError if not parseable."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes webhooks in. Everything that it needs comes in."""

    store: Store
    bell: Bell
    clock: Clock
    secrets: Callable[[float], Mapping[str, Mapping[str, str]]]
    """The webhook secrets by connection, at most so many seconds old."""
    verify: Mapping[Side, Verify]
    parse: Mapping[Side, Parse]

    def receive(self, request: Request) -> Answer:
        """Check and queue one webhook. Store and queue errors pass through: the sender may try again."""
        secrets = self._opened_by(request)
        if secrets is None or request.side not in set(Side):
            return Answer(404, "unknown_path")
        if len(request.body) > MAX_BYTES:
            return Answer(413, "too_large")
        if not request.body.strip():
            return Answer(400, "empty")
        side = Side(request.side)
        try:
            connection = self.store.connections.read(request.connection)
        except BadInputError:
            return Answer(404, "unknown_path")
        try:
            notices = self.parse[side](connection, request)
            if not self.verify[side](secrets, request):
                return Answer(401, "not_genuine")
        except BadInputError:
            return Answer(400, "unreadable")
        if not notices:
            return Answer(200, "ignored")
        self._queue(connection, side, notices)
        return Answer(202, "accepted", len(notices))

    def _opened_by(self, request: Request) -> Mapping[str, str] | None:
        """The connection's secrets if the path names the right one; a new connection is known within 10 s."""
        for age in (KEPT_SECONDS, FRESH_SECONDS):
            secrets = self.secrets(age).get(request.connection, {})
            if _same(secrets.get("path_secret", ""), request.path_secret):
                return secrets
        return None

    def _queue(self, connection: Connection, side: Side, notices: Sequence[Notice]) -> None:
        now, keys = self.clock.now(), []
        for notice in notices:
            key = RecordKey(connection.id, side, notice.entity, notice.id)
            self.store.rows.hint(key, RowClass.LIVE, now, told=notice.told)
            keys.append(str(key))
        self.bell.ring(connection.group, keys=keys[:50])


def _same(expected: str, given: str) -> bool:
    """In constant time, also where there is no such connection."""
    return hmac.compare_digest(expected.encode(), given.encode()) and bool(expected)
