"""The sandbox's clock: every timestamp, expiry and window is taken from it."""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Anything that tells the time as seconds since the epoch; a simulation brings its own."""

    def now(self) -> float:
        """Return the present moment in epoch seconds."""
        ...

    def set(self, moment: float) -> None:
        """Jump to a moment, forwards or backwards."""
        ...

    def step(self, seconds: float) -> None:
        """Move by a number of seconds."""
        ...


class RealClock:
    """The machine's clock plus an offset, so that it still runs after it was set."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Return the shifted present."""
        return time.time() + self._offset

    def set(self, moment: float) -> None:
        """Shift so that the present is the given moment."""
        self._offset = moment - time.time()

    def step(self, seconds: float) -> None:
        """Shift by a number of seconds."""
        self._offset += seconds


class ManualClock:
    """A clock that stands still until it is set or stepped."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Return the moment it stands at."""
        return self._now

    def set(self, moment: float) -> None:
        """Stand at another moment."""
        self._now = moment

    def step(self, seconds: float) -> None:
        """Move by a number of seconds."""
        self._now += seconds


class SkewedClock:
    """Another clock, a little fast or slow: one product's servers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.skew = 0.0
        self.stopped: float | None = None

    def now(self) -> float:
        """Return the skewed present, or the moment at which it stands still."""
        return self._clock.now() + self.skew if self.stopped is None else self.stopped

    def set(self, moment: float) -> None:
        """Set the clock behind so that this one stands at the moment."""
        self._clock.set(moment - self.skew)

    def step(self, seconds: float) -> None:
        """Step the clock behind."""
        self._clock.step(seconds)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=65536)
def crm_time(moment: int, zone: str) -> str:
    """Write a moment as CRM does: ISO 8601 with a colon in the offset, no fractions (CRM dossier 10)."""
    return datetime.fromtimestamp(moment, _zone(zone)).isoformat()


@lru_cache(maxsize=65536)
def books_time(moment: int, zone: str) -> str:
    """Write a moment as Books does: no colon in the offset (Books dossier 2)."""
    return datetime.fromtimestamp(moment, _zone(zone)).strftime("%Y-%m-%dT%H:%M:%S%z")


@lru_cache(maxsize=65536)
def books_day(moment: int, zone: str) -> str:
    """Write a date as Books' formatted columns do, for example 09 Jun 2026."""
    return datetime.fromtimestamp(moment, _zone(zone)).strftime("%d %b %Y")


def parse_time(text: str) -> float:
    """Read ISO 8601 with an offset or Z; raises ValueError for a naive or malformed value."""
    moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    if moment.tzinfo is None:
        raise ValueError(f"no offset in {text!r}")
    return moment.timestamp()


def parse_whole_seconds(text: str) -> float:
    """Read a time as CRM wants it written: milliseconds are refused (CRM dossier 10)."""
    if "." in text:
        raise ValueError(f"fractions in {text!r}")
    return parse_time(text)


def local(moment: float, zone: str) -> datetime:
    """Return the moment as a datetime in the given zone."""
    return datetime.fromtimestamp(moment, _zone(zone))
