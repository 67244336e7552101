"""The opening of a round: read what the rows name, in batches, drop the echoes, fetch what handling will need."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from tandem.core.dealing import alike
from tandem.core.entities import CUSTOMER, PERSON
from tandem.core.errors import StopError, TandemError
from tandem.core.records import Gone, Link, Record, RecordKey, Side
from tandem.engine.cursors import indexed
from tandem.engine.desk import Desk
from tandem.engine.echoes import Echoes
from tandem.engine.families import Families
from tandem.engine.gate import charge
from tandem.engine.reader import Reader
from tandem.engine.row_outcomes import Outcomes
from tandem.engine.rows import Row
from tandem.engine.situation import Gatherer
from tandem.engine.units import Order

logger = logging.getLogger("tandem.round")

CRASH_LIMIT = 3
"""A row whose handling killed the worker that often is not handled again but dead-lettered."""


@dataclass(slots=True)
class Opening:
    """Reads for one round. `blocked`: source rows, targets and links of open intents."""

    desk: Desk
    reader: Reader
    gatherer: Gatherer
    outcomes: Outcomes
    own: dict[RecordKey, Record | Gone]
    """What each row's record showed."""
    links: dict[RecordKey, Link]
    blocked: AbstractSet[str]
    _hinted: list[RecordKey] = field(default_factory=list)

    def by_link(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with their links; a linked record is of its link's entity, whoever hinted it as what."""
        known = self.desk.store.links.of_many([row.key for row in rows])
        return [self._with_link(row, known[row.key]) if row.key in known else row for row in rows]

    def _with_link(self, row: Row, link: Link) -> Row:
        row = replace(row, key=replace(row.key, entity=link.entity))
        self.links[row.key] = self.desk.as_mapped(link)
        return row

    async def read(self, rows: Sequence[Row]) -> list[Row]:
        """Read the records of rows; returns those that must be handled, with the persons found changed."""
        echoes = Echoes(self.desk, self.reader, self.links, self.outcomes)
        rows = [row for row in rows if not echoes.is_as_shown(row)]
        try:
            await self._load(rows)
            found = await asyncio.gather(*(self._read_own(row) for row in rows), return_exceptions=True)
        except TandemError as error:
            found = [error] * len(rows)
        left = []
        for hinted_as, own in zip(rows, found, strict=True):
            if isinstance(own, BaseException):
                self.outcomes.settle(hinted_as, self.outcomes.of_unread(hinted_as, own))
                continue
            row = self._by_content(hinted_as, own)
            self.own[row.key] = own
            if not echoes.is_echo(row, own):
                left.append(row)
        hinted = [key for key in self._hinted if key not in self.own]
        also = await self.take_also(hinted)
        left += [row for row in also if not echoes.is_echo(row, self.own[row.key])]
        try:
            await self._fetch_ahead(left)
        except StopError as error:
            for row in left:
                self.outcomes.settle(row, self.outcomes.of_error(row, error))
            return []
        return left

    async def take_also(self, keys: Sequence[RecordKey]) -> list[Row]:
        """Take rows beside those of the drain, with what they show; one that cannot be read gets its outcome."""
        taken = []
        for key in keys:
            if self.desk.store.is_blocked(key, self.blocked):
                continue
            if (row := self.desk.store.rows.take(key)) is None:
                continue
            if row.starts >= CRASH_LIMIT:
                self.desk.store.rows.untake(row)
                continue
            try:
                if link := self.desk.store.links.of(key):
                    row = self._with_link(row, link)
                own = await self._dealt(row, link)
                row = self._by_content(row, own)
                self.own[row.key] = own
            except Exception as error:  # noqa: BLE001 - as for every other row
                self.outcomes.settle(row, self.outcomes.of_error(row, error))
                continue
            taken.append(row)
        return sorted(taken, key=Order(self.desk, self.own, self.links).rank)

    async def _load(self, rows: Sequence[Row]) -> None:
        """The records that rows name, 50 a call where there is such a call; an unlinked Account with its Contacts."""
        named: dict[str, list[str]] = {entity: [] for entity in self.desk.mapping.entities}
        for row in rows:
            if row.key.side is Side.CRM:
                named[row.key.entity].append(row.key.id)
        persons = named.pop(PERSON, [])
        for entity, ids in named.items():
            await self.reader.load_crm(entity, ids)
        unlinked = [
            row.key.id
            for row in rows
            if row.key.side is Side.CRM and row.key.entity == CUSTOMER and row.key not in self.links
        ]
        await self._gently(self.reader.load_crm_persons(unlinked))
        await self.reader.load_crm(PERSON, persons)
        for entity in named:
            untold = [row.key for row in rows if row.key.entity == entity and not row.told]
            await self._gently(
                self.reader.load_books(entity, [key.id for key in untold if key.side is Side.BOOKS])
            )

    async def _read_own(self, row: Row) -> Record | Gone:
        charge(row.cls)
        key, link = row.key, self.links.get(row.key)
        if key.side is Side.BOOKS and key.entity != PERSON:
            self.reader.adopt_told(row, link)
        own = await self._dealt(row, link)
        if isinstance(own, Record) and own.entity != PERSON:
            if key.side is Side.BOOKS and link is not None:
                hinted = Families(self.desk, self.reader).hint_changed(own.body, link)
                self._hinted += hinted
                self.links |= {key: self.desk.as_mapped(known) for key, known in hinted.items() if known}
            if link is None:
                self.desk.store.index.add_records(self.desk.connection.id, [own])
        return own

    async def _dealt(self, row: Row, link: Link | None) -> Record | Gone:
        own = await self.gatherer.own(row, link)
        return self.reader.dealt(own) if link is None and isinstance(own, Record) else own

    def _by_content(self, row: Row, own: Record | Gone) -> Row:
        """The row as that of what its record is; what was held of it as another kind is over."""
        if isinstance(own, Gone):
            return row
        others = self.desk.mapping.entities.keys() & set(alike(own.entity, own.side)) if row.done else set()
        for kind in sorted((others | {row.key.entity}) - {own.entity}):
            self.desk.store.cases.settle(replace(row.key, entity=kind), set())
        return replace(row, key=replace(row.key, entity=own.entity))

    async def _fetch_ahead(self, rows: Sequence[Row]) -> None:
        """The batch reads that handling will need: counterparts, and CRM candidates of a first link."""
        wanted: dict[str, list[str]] = {entity: [] for entity in self.desk.mapping.entities}
        in_books: dict[str, list[str]] = {entity: [] for entity in self.desk.mapping.entities}
        accounts: list[str] = []
        for row in rows:
            link, own = self.links.get(row.key), self.own[row.key]
            if link is not None:
                (wanted if row.key.side is Side.BOOKS else in_books)[row.key.entity].append(
                    link.id_on(row.key.side.other)
                )
            elif isinstance(own, Record) and own.entity != PERSON:
                candidates = self._candidates(own)
                wanted[own.entity] += candidates
                accounts += candidates if own.entity == CUSTOMER else []
        self.gatherer.pages.is_wanted = self._page_saves(rows)
        persons = wanted.pop(PERSON, [])
        for entity, ids in wanted.items():
            await self._gently(self.reader.load_crm(entity, ids))
            await self._gently(self.reader.load_books(entity, in_books[entity]))
        await self._gently(self.reader.load_crm_persons(accounts))
        await self._gently(self.reader.load_crm(PERSON, persons))

    def _candidates(self, own: Record) -> list[str]:
        """CRM records that an unlinked Books customer may turn out to be."""
        connection = self.desk.connection.id
        listed = self.desk.store.connections.is_index_complete(connection, indexed(self.desk.mapping))
        return self.gatherer.candidates(own) if own.side is Side.BOOKS and listed else []

    def _page_saves(self, rows: Iterable[Row]) -> bool:
        """At least two targets: a page for one costs what its read costs, and a read knows more."""
        able = [
            row
            for row in rows
            if self.gatherer.may_go_unread(row, self.links.get(row.key), self.own[row.key])
        ]
        return len(able) > 1

    async def _gently(self, read: object) -> None:
        try:
            await read  # type: ignore[misc]
        except StopError:
            raise
        except TandemError:
            logger.info("a batch read failed; each row reads for itself")
