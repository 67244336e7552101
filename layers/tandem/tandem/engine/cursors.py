"""Cursors: our place in each feed, moved by compare-and-set after every row of a page is pending."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tandem.core.entities import KINDS
from tandem.core.errors import ConditionFailedError
from tandem.core.mapping import Mapping
from tandem.core.records import Side
from tandem.engine.ports import Delete, Put, Table, When


def listings(mapping: Mapping) -> list[tuple[str, Side]]:
    """The feeds of a mapping as (entity, side). A Books person has none: it comes with its customer."""
    mapped = [kind for kind in KINDS.values() if kind.name in mapping.entities and not kind.arrives_as]
    books = [(kind.name, Side.BOOKS) for kind in mapped if kind.has_books_feed]
    return [*((kind.name, Side.CRM) for kind in mapped), *books]


def indexed(mapping: Mapping) -> list[tuple[str, Side]]:
    """What must have been listed once before anything is created: every feed, and who comes in the feeds of others."""
    guests = [kind for kind in KINDS.values() if kind.name in mapping.entities and kind.arrives_as]
    return [*listings(mapping), *((kind.name, Side(side)) for kind in guests for side in kind.arrives_as)]


def feed_of(entity: str, side: Side) -> str:
    """The name of an entity's feed, by which its cursor is kept."""
    return f"{side}#{entity}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """One feed's place.

    `mark`: everything modified up to it is pending or done. While a listing runs, `next` is where to go on and
    `rising` the mark that it will leave behind. `due`: when to poll next.
    """

    feed: str
    mark: datetime | None = None
    next: str | None = None
    rising: datetime | None = None
    due: datetime | None = None
    seq: int = 0
    listed: int = 0
    """Records shown so far by a first, complete listing."""

    def is_due(self, now: datetime) -> bool:
        """Its time has come, or it stopped within a listing."""
        return self.due is None or now >= self.due or self.next is not None


@dataclass(slots=True)
class Cursors:
    """Cursor rows of the State table."""

    table: Table

    def read(self, connection: str, feed: str) -> Cursor:
        """The cursor, or an empty one."""
        item = self.table.get(f"CUR#{connection}", feed)
        if item is None:
            return Cursor(feed)
        mark, rising, due = (_moment(item.get(name)) for name in ("mark", "rising", "due"))
        return Cursor(feed, mark, item.get("next"), rising, due, int(item["seq"]), int(item.get("listed", 0)))

    def forget(self, connection: str) -> None:
        """Every feed is read from its beginning again."""
        for item in self.table.query(f"CUR#{connection}"):
            self.table.delete(Delete(item["pk"], item["sk"]))

    def move(self, connection: str, cursor: Cursor) -> Cursor | None:
        """Store it if nobody moved it since it was read; None when somebody did."""
        moved = replace(cursor, seq=cursor.seq + 1)
        item = {
            "pk": f"CUR#{connection}",
            "sk": cursor.feed,
            "next": cursor.next,
            "seq": moved.seq,
            "listed": cursor.listed,
            **{n: m.isoformat() for n in ("mark", "rising", "due") if (m := getattr(cursor, n))},
        }
        try:
            self.table.put(Put(item, (When("seq", "eq", cursor.seq, or_absent=cursor.seq == 0),)))
        except ConditionFailedError:
            return None
        return moved


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
