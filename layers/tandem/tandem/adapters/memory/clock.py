"""A clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Shows `start` (aware; any zone) until `advance`."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was set to, in UTC."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move on (or back, with a negative number) and return the new moment."""
        self._now += timedelta(seconds=seconds)
        return self._now
