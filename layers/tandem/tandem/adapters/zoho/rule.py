"""One row of the table of codes: what it does with a call, and the sentence that a person reads; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tandem.core.errors import (
    ForbiddenError,
    RateLimitedError,
    RefusedError,
    StopError,
    TandemError,
    TransientError,
)

Does = Literal["retry", "wait", "quarantine", "stop"]
Kind = Literal["minute", "day", "in_flight", "token"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one code means: the error to raise and the sentence that a person reads.

    `kind` and `wait` (seconds, where the far side gives no hint) only for quota.
    """

    does: Does
    error: type[TandemError]
    sentence: str
    kind: Kind = "minute"
    wait: float = 0.0


def refused(sentence: str, error: type[RefusedError] = RefusedError) -> Rule:
    """This record waits for a person."""
    return Rule("quarantine", error, sentence)


def stop(sentence: str, error: type[StopError] = ForbiddenError) -> Rule:
    """The whole connection waits for a person."""
    return Rule("stop", error, sentence)


def retry(sentence: str) -> Rule:
    """It passes by itself."""
    return Rule("retry", TransientError, sentence)


def quota(kind: Kind, wait: float, sentence: str) -> Rule:
    """Not now; never a try. `wait` in seconds, where the far side gives no hint."""
    return Rule("wait", RateLimitedError, sentence, kind, wait)


RECONNECT = "reconnect with `tandem connect` and a new grant code"
