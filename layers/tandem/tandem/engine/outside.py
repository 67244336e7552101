"""Linked customers that have left the scope: they go on syncing, and `tandem status` tells how many there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tandem.core.records import Link
from tandem.engine.ports import Delete, Put, Table


@dataclass(frozen=True, slots=True)
class Outside:
    """OUTSIDE rows of the State table, one for each such link."""

    table: Table

    def note(self, before: Link, after: Link, reason: str) -> None:
        """Keep what a comparison found: the link left the scope with this `reason`, is within it, or has ended."""
        if before.in_scope and not after.in_scope:
            self.table.put(Put({"pk": _pk(after), "sk": after.id, "reason": reason}))
        elif after.in_scope and not before.in_scope:
            self.clear(after)

    def clear(self, link: Link) -> None:
        """It is within the scope again, or is linked no more."""
        self.table.delete(Delete(_pk(link), link.id))

    def count(self, connection: str) -> dict[str, int]:
        """How many linked customers have left the scope, by reason."""
        return dict(Counter(str(item["reason"]) for item in self.table.query(f"OUTSIDE#{connection}")))


def _pk(link: Link) -> str:
    return f"OUTSIDE#{link.connection}"
