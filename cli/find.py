"""From what a person types (an id, `crm:ID`, `books:ID`, an address out of the browser) to a record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cli.shell import Session
from tandem.core.connection import Connection
from tandem.core.errors import BadInputError
from tandem.core.records import Link, LinkState, RecordKey, Side
from tandem.engine.cases import hold_key
from tandem.engine.ports import Item
from tandem.engine.rows import Row, parse_key, row_of, row_pk

_ID = re.compile(r"\d{10,25}")


@dataclass(frozen=True, slots=True)
class Found:
    """A record as the State table knows it: its row, link and holds, and the row of its counterpart."""

    key: RecordKey
    link: Link | None
    rows: dict[Side, Item] = field(default_factory=dict)
    holds: tuple[Item, ...] = ()
    parent: Link | None = None
    """The link of a linked person's customer."""

    @property
    def row(self) -> Row | None:
        """The record's own row."""
        item = self.rows.get(self.key.side)
        return row_of(item) if item else None


def named(text: str) -> tuple[list[Side], str]:
    """Which sides may be meant, and the id."""
    head, colon, tail = text.strip().partition(":")
    if colon and head in set(Side) and tail.isdigit():
        return [Side(head)], tail
    ids = _ID.findall(text)
    if "://" in text and ids:
        sides = [side for side in Side if f"//{side}." in text]
        return sides or list(Side), ids[-1]
    if text.strip().isdigit():
        return list(Side), text.strip()
    raise BadInputError(
        f"“{text}” is no record: give its id (the last number in the browser's address), crm:ID, books:ID, or the "
        "address itself"
    )


def find(session: Session, connection: Connection, text: str) -> Found:
    """The record; raises BadInputError when Tandem has never heard of it."""
    sides, id = named(text)
    table, store = session.store.table, session.store
    for side in sides:
        place = row_pk(connection.id, side, id)
        row, reserved = table.get(place, "ROW"), table.get(place, "RESERVATION")
        if row is None and reserved is None:
            continue
        link = store.links.get(connection.id, str(reserved["link"])) if reserved else None
        entity = link.entity if link else parse_key(str(row["key"])).entity if row else ""
        return _found(session, RecordKey(connection.id, side, entity, id), link)
    raise BadInputError(
        f"connection “{connection.id}” has not seen record {id}. A new one is seen within minutes (`tandem status` "
        "shows how far the feeds are read); one of another module is not synced"
    )


def _found(session: Session, key: RecordKey, link: Link | None) -> Found:
    ids = {side: link.id_on(side) for side in Side} if link else {key.side: key.id}
    items = {
        side: session.store.table.get(row_pk(key.connection, side, id), "ROW") for side, id in ids.items()
    }
    keys = {key, hold_key(key, link)} | {
        RecordKey(key.connection, side, key.entity, id) for side, id in ids.items()
    }
    if link is not None and link.state is LinkState.TOMBSTONE:
        keys = {key}  # the other record may be in another link by now
    holds = [hold for one in sorted(keys) for hold in session.store.cases.holds_of(one)]
    parent = session.store.links.get(key.connection, link.parent) if link and link.parent else None
    return Found(key, link, {side: item for side, item in items.items() if item}, tuple(holds), parent)
