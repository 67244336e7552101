"""The real time."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The clock of the machine, which Lambda keeps in step."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)
