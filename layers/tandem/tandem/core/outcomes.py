"""What becomes of a row after it was handled: the table of design section 2 as values and one function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Done:
    """`done` moves to the noted `wanted`. `version` is the record's version that was handled."""

    kind: Literal["synced", "linked", "created", "noop", "echo", "held", "left_out", "ended"]
    reason: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Waits:
    """The row stays pending, is never counted as a try, and is woken by its reason (or `due`, as a net)."""

    reason: Literal[
        "quota", "pause", "token", "parent", "index", "mode", "delete", "time", "intent", "redrive"
    ]
    due: datetime
    sentence: str = ""
    version: str = ""
    """The record's version that was looked at: a page that shows it again raises nothing."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A passing fault of this record, or our bug on it: a try, then a dead letter."""

    error: str
    message: str


Outcome = Done | Waits | Failed


def next_try(tries: int, back_off: tuple[int, ...], jitter: float) -> float | None:
    """Seconds until try number `tries` (1-based) is repeated, with `jitter` in 0..1; None: tries are used up."""
    if tries > len(back_off):
        return None
    return back_off[tries - 1] * (0.8 + 0.4 * jitter)
