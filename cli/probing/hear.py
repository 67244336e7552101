"""Whether Zoho tells of the probe's own writes: while paused nobody but the receiver raises a row's `wanted`."""

from __future__ import annotations

from dataclasses import dataclass

from cli.probing import run as running
from cli.probing.ask import UnansweredError
from tandem.core.records import RecordKey, Side
from tandem.engine.rows import Rows

STEP = 2.0
"""Seconds between two looks at a row."""
QUIET_LOOKS = 3
"""So many looks without anything new: what was told before has arrived."""
MOST_LOOKS = 15


@dataclass(slots=True)
class Ear:
    """Listens at the rows of the throw-away records. `is_open`: the whole writer group is paused."""

    rows: Rows
    connection: str
    is_open: bool

    def refuse(self) -> None:
        """Raises UnansweredError while the tick may raise rows too."""
        if not self.is_open:
            raise UnansweredError(
                "not paused: Tandem's own polling would be heard too; `tandem pause`, then again"
            )

    async def quiet(self, side: Side, id: str) -> int:
        """How much was told of a record, once nothing new arrives; 0 at once while not paused."""
        looks, count = 0, self._count(side, id)
        while self.is_open and looks < QUIET_LOOKS:
            await running.pause(STEP)
            now = self._count(side, id)
            looks, count = (looks + 1, count) if now == count else (0, now)
        return count

    async def heard(self, side: Side, id: str, before: int) -> bool:
        """Whether anything is told of a record within half a minute; raises UnansweredError while not paused."""
        self.refuse()
        for _ in range(MOST_LOOKS):
            if self._count(side, id) > before:
                return True
            await running.pause(STEP)
        return self._count(side, id) > before

    def _count(self, side: Side, id: str) -> int:
        row = self.rows.read(RecordKey(self.connection, side, "customer", id))
        return row.wanted if row else 0
