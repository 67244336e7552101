"""One error tree, split by what the caller must do.

    TandemError
    ├── RetryError            try again later by itself (a passing fault)
    │   ├── TransientError        5xx, connection refused: nothing was written
    │   ├── UnknownOutcomeError   sent, no answer: the write may or may not have happened
    │   └── RateLimitedError      the far side or the governor says: not now (never a try)
    ├── StopError             the whole connection waits for a person
    │   ├── TokenRevokedError
    │   └── ForbiddenError        scope, profile, wrong organisation
    ├── RefusedError          this record is refused for a business reason: quarantine
    │   ├── AlreadyModifiedError  If-Unmodified-Since was violated: read again
    │   ├── DuplicateError        a unique field or name is taken: proposes a link
    │   └── GoneError             the record no longer exists
    ├── BadInputError         what a person or a sender gave us is wrong
    └── StoreError            our own tables
        ├── ConditionFailedError  somebody else was first
        └── TableUnavailableError

A conflict or a hold is never an error: it is a result with a reason.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal


class TandemError(Exception):
    """Root of every error that Tandem raises on purpose."""


class RetryError(TandemError):
    """A passing fault: the same work may succeed later, unchanged."""


class TransientError(RetryError):
    """The far side failed before it could have written anything."""


class StaleReadError(RetryError):
    """A write's turn came late: nothing was sent, and what it rests on must be read again."""


class UnknownOutcomeError(RetryError):
    """A write was sent and its answer never came: look before trying again."""


@dataclass
class RateLimitedError(RetryError):
    """Quota: `retry_after` seconds until it is worth another call (dossier books §8, crm §8)."""

    kind: Literal["minute", "day", "in_flight", "token"]
    retry_after: float
    message: str = ""

    def __str__(self) -> str:
        return self.message or f"quota ({self.kind}): wait {self.retry_after:.0f} s"


class StopError(TandemError):
    """The connection cannot work until a person acts; `str()` says what to do."""


class TokenRevokedError(StopError):
    """The refresh token is no longer accepted."""


class ForbiddenError(StopError):
    """The token lacks a scope, a permission or the organisation."""


@dataclass
class RefusedError(TandemError):
    """A business refusal of one record: never retried unchanged, never a dead letter."""

    code: str
    message: str
    field: str = ""
    details: dict[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        where = f" (field {self.field})" if self.field else ""
        return f"{self.code}: {self.message}{where}"


@dataclass
class AlreadyModifiedError(RefusedError):
    """Somebody edited the record after we read it; nothing was written."""


@dataclass
class DuplicateError(RefusedError):
    """The value is taken; `existing_id` names the holder where the far side tells it."""

    existing_id: str | None = None


@dataclass
class GoneError(RefusedError):
    """The record does not exist (any more)."""


class BadInputError(TandemError):
    """Input that a person or a sender must mend; the message names where and how."""


class StoreError(TandemError):
    """Our own tables or queues."""


class ConditionFailedError(StoreError):
    """A conditional write lost: the row is not what it was when read; `item` is the row as it stands."""

    item: dict[str, Any] | None = None


class TableUnavailableError(StoreError):
    """The table is throttled or out of reach."""
