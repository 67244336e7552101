"""The version page: one listing, newest first, that shows which Books contacts are as they were (design, section 4).

Books has no lock. Before a write a target counts as unchanged only if a page at most 5 s old shows its settled
version, or reaches below the cursor without it while its row is not pending; else it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tandem.core.bodies import Body
from tandem.core.connection import Settings
from tandem.core.converters import Email
from tandem.core.entities import CUSTOMER, PERSON
from tandem.core.mapping import EntityMapping, FieldMapping
from tandem.core.merge import has_changed
from tandem.core.records import Link, Record, RecordKey, Seen, Side, is_settled, shows_as_seen
from tandem.engine.cursors import feed_of
from tandem.engine.desk import Desk
from tandem.engine.feeds import deal, listed_together, newest
from tandem.engine.ports import FeedPage

PAGE_LASTS = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class VersionPage:
    """The first page of the listing. `taken_at` is our clock before it was asked for."""

    taken_at: datetime
    listed: FeedPage
    rows: Mapping[str, Record]
    floor: datetime | None
    """The oldest version on it: what is not on it was not changed later. None where it is no such proof."""


@dataclass(slots=True)
class VersionPages:
    """A round's pages: each serves for 5 s, whoever asks."""

    desk: Desk
    read: Callable[[str, Side, Body], Record | None]
    is_wanted: bool = False
    """The round has several targets to prove: one page is cheaper than a read of each."""
    _page: VersionPage | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fresh(self) -> VersionPage:
        """A page at most 5 s old."""
        async with self._lock:
            page = self._page
            if page is None or self.desk.clock.now() - page.taken_at > PAGE_LASTS:
                self._page = page = await self._take()
            return page

    async def _take(self) -> VersionPage:
        taken_at = self.desk.clock.now()
        mapping = self.desk.mapping
        found = await self.desk.clients[Side.BOOKS].changed(
            newest(mapping, Side.BOOKS, CUSTOMER), since=None, before=None, after=None
        )
        rows = {
            record.id: record
            for entity in listed_together(mapping) or (CUSTOMER,)
            for body in deal(mapping, Side.BOOKS, entity, found.bodies)
            if (record := self.read(entity, Side.BOOKS, body))
        }
        versions = [record.version for record in rows.values() if record.version is not None]
        whole = found.next is None or len(versions) < len(found.bodies)
        return VersionPage(taken_at, found, rows, None if whole else found.oldest)

    def shows(self, entity: str) -> bool:
        """Whether a page tells of this entity; of persons it does by their customers."""
        return entity in (CUSTOMER, PERSON, *listed_together(self.desk.mapping))

    async def unchanged(self, link: Link, customer: str, fields: set[str]) -> VersionPage | None:
        """The page that proves these fields of the link's Books record unchanged since they were seen; else None."""
        seen = link.seen_books
        if seen is None or seen.version is None:
            return None
        page = await self.fresh()
        row = page.rows.get(customer)
        if row is None:
            proven = seen.is_settled_for(fields) and self._is_below(page, link, customer)
        else:
            proven = row.version == seen.version and self._is_settled(link, seen, row, page, fields)
        return page if proven else None

    def _is_settled(self, link: Link, seen: Seen, row: Record, page: VersionPage, fields: set[str]) -> bool:
        """Settled as stored, or by this very page for the fields that it shows with equal values."""
        if link.entity == PERSON:
            return seen.is_settled_for(fields)
        if not shows_as_seen(row, seen):
            return False
        settles = is_settled(seen.version, page.listed.asked_at) and fields <= row.values.keys()
        return settles or seen.is_settled_for(fields)

    def _is_below(self, page: VersionPage, link: Link, customer: str) -> bool:
        """Not on a page that reaches below the cursor: the feed has told its last change, and it was handled."""
        desk, version = self.desk, link.seen_books.version if link.seen_books else None
        listed = CUSTOMER if link.entity == PERSON else link.entity
        mark = desk.store.cursors.read(desk.connection.id, feed_of(listed, Side.BOOKS)).mark
        overlap = timedelta(seconds=desk.connection.settings.overlap_seconds)
        if page.floor is None or mark is None or page.floor >= mark - overlap:
            return False
        if version is None or version > page.floor:
            return False
        places = {listed: customer, link.entity: link.books_id}
        keys = [RecordKey(desk.connection.id, Side.BOOKS, entity, id) for entity, id in places.items()]
        rows = [desk.store.rows.read(key) for key in keys]
        return all(row is None or row.wanted <= row.done for row in rows)


def at_stake(entity: EntityMapping, link: Link, crm: Record) -> set[str]:
    """Fields that a decision could move, should Books still show what was seen: no other has left its base."""
    seen = link.seen_books
    assert seen is not None
    found = set()
    for mapped in entity.fields:
        name, base = mapped.name, link.base.get(mapped.name)
        if name not in crm.values:
            continue
        if (
            base is None
            or name in link.held
            or name not in seen.values
            or has_changed(mapped, Side.CRM, crm.values[name], base.crm)
            or has_changed(mapped, Side.BOOKS, seen.values[name], base.books)
        ):
            found.add(name)
    return found


def are_covered(entity: EntityMapping, fields: set[str], settings: Settings) -> bool:
    """Whether a customer's version proves all these fields of one of its records (two facts are UNCONFIRMED)."""
    return all(_is_covered(entity, entity.field(name), settings) for name in fields)


def _is_covered(entity: EntityMapping, mapped: FieldMapping, settings: Settings) -> bool:
    if entity.name == PERSON:
        # A portal user's e-mail is held: only a read tells who is one.
        return settings.books_version_covers_persons and not isinstance(mapped.convert, Email)
    in_address = any("." in path for path in mapped.attributes(Side.BOOKS))
    return settings.books_version_covers_addresses or not in_address


def remembered(link: Link, page: VersionPage, customer: str) -> Record:
    """The Books record as last seen, once a page has proven that it still is so."""
    seen = link.seen_books
    assert seen is not None
    row = None if link.entity == PERSON else page.rows.get(customer)
    body = {**(row.body if row else {}), **seen.addresses}
    return Record(
        Side.BOOKS,
        link.entity,
        link.books_id,
        dict(seen.values),
        version=seen.version,
        active=seen.active,
        parent=customer if link.entity == PERSON else None,
        keys=row.keys if row else Record(Side.BOOKS, link.entity, link.books_id, {}).keys,
        natively_linked=bool(row and row.natively_linked),
        label=row.label if row else "",
        body=body,
    )
