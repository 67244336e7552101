"""Gathers everything that a decision looks at, for one row (reads only)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tandem.core.actions import Release
from tandem.core.decide import Ended, Parent, Situation
from tandem.core.entities import CUSTOMER, INDIVIDUAL, PERSON
from tandem.core.match import Candidate, HeldMatch, Matched, MatchResult, match
from tandem.core.records import Gone, Link, LinkState, MatchKeys, Record, RecordKey, RowClass, Side
from tandem.engine.cases import hold_key
from tandem.engine.cursors import feed_of, indexed, listings
from tandem.engine.desk import Desk
from tandem.engine.feeds import deal, newest
from tandem.engine.reader import Reader
from tandem.engine.rows import Row
from tandem.engine.survivors import Survivors
from tandem.engine.version_page import PAGE_LASTS, VersionPages, are_covered, at_stake, remembered


@dataclass(slots=True)
class Gatherer:
    """Reads what is missing for one decision, as late as possible, so that it is fresh."""

    desk: Desk
    reader: Reader
    pages: VersionPages = field(init=False)
    survivors: Survivors = field(init=False)
    _found: dict[tuple[Side, str, MatchKeys], list[str]] = field(default_factory=dict)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """The pages of this round, and who looks for survivors of merges."""
        self.pages = VersionPages(self.desk, self.reader.try_record)
        self.survivors = Survivors(self.desk, self.reader)

    async def own(self, row: Row, link: Link | None) -> Record | Gone:
        """The record whose row is handled."""
        key = row.key
        if key.side is Side.CRM:
            return await self.reader.crm(key.entity, key.id)
        return await self.reader.books(key.entity, key.id, self._books_parent(row, link))

    def _books_parent(self, row: Row, link: Link | None) -> str | None:
        if link is not None and link.parent is not None and row.parent is None:
            parent = self.desk.store.links.get(self.desk.connection.id, link.parent)
            return parent.books_id if parent else None
        return row.parent

    async def linked(self, row: Row, link: Link, own: Record | Gone) -> Situation:
        """The situation of a row whose record is in a link."""
        if row.key.side is Side.BOOKS:
            at = self._of_link(row, link, await self.reader.crm(link.entity, link.crm_id), own)
        else:
            parent_link = self._parent_link(link)
            customer = parent_link.books_id if parent_link else None
            at = self._of_link(row, link, own, await self.reader.books(link.entity, link.books_id, customer))
        if at.parent is Parent.MOVED:
            return replace(at, parent=await self._moved(link, at.crm))
        if at.parent is Parent.LEFT_OUT and self._is_linked_anew(at.crm):
            return replace(at, parent=Parent.LEFT)
        return replace(at, survivor=await self.survivors.find(link, at))

    def _is_linked_anew(self, crm: Record | Gone | None) -> bool:
        """The Contact's Account is in another link by now than the ended one of its person's customer."""
        return isinstance(crm, Record) and self.parent(crm)[0] is Parent.LINKED

    async def _moved(self, link: Link, crm: Record | Gone | None) -> Parent:
        """Where a Contact stands that belongs to another Account than its link's customer."""
        parent_link = self._parent_link(link)
        assert isinstance(crm, Record)
        assert parent_link is not None
        if parent_link.state is LinkState.LIVE:
            account = await self.reader.crm(CUSTOMER, parent_link.crm_id)
            return Parent.UNDECIDED if isinstance(account, Gone) else Parent.MOVED
        return Parent.LEFT if self.parent(crm)[0] is Parent.LINKED else Parent.LEFT_OUT

    async def linked_unread(self, row: Row, link: Link, own: Record | Gone) -> Situation | None:
        """The same with Books as it was last seen, if a version page proves it unchanged where it matters."""
        if not self.pages.is_wanted or not self.may_go_unread(row, link, own):
            return None
        assert isinstance(own, Record)
        customer = self._customer(link)
        page = await self.pages.unchanged(link, customer, at_stake(self.desk.entity(link.entity), link, own))
        if page is None or self.reader.has_contact(customer):  # a read of ours that came meanwhile knows more
            return None
        return self._of_link(row, link, own, remembered(link, page, customer))

    def _of_link(self, row: Row, link: Link, crm: Record | Gone, books: Record | Gone) -> Situation:
        return Situation(
            side=row.key.side,
            link=link,
            crm=crm,
            books=books,
            parent=_linked_parent(link.entity, self._parent_link(link), crm),
            gone_since=row.gone_since,
            release=self._word(row, hold_key(row.key, link)),
            left=self._account(link),
            is_replaced=self._is_replaced(row.key.side, link),
        )

    def _is_replaced(self, side: Side, link: Link) -> bool:
        """Of an ended link: its record on the other side is in another one by now."""
        if link.state is LinkState.LIVE:
            return False
        other = RecordKey(link.connection, side.other, link.entity, link.id_on(side.other))
        known = self.desk.store.links.of(other)
        return known is not None and known.id != link.id

    def _account(self, link: Link) -> str:
        parent_link = self._parent_link(link)
        return parent_link.crm_id if parent_link else ""

    def _customer(self, link: Link) -> str:
        """The Books customer of a link: its own, or for a person its parent's."""
        parent_link = self._parent_link(link)
        return parent_link.books_id if parent_link else link.books_id

    def may_go_unread(self, row: Row, link: Link | None, own: Record | Gone) -> bool:
        """A page could save the read of this row's Books record: its version covers all that is at stake."""
        if row.key.side is not Side.CRM or row.insists or not isinstance(own, Record):
            return False
        if not self.pages.shows(row.key.entity):
            return False
        if link is None or link.state is not LinkState.LIVE or link.seen_books is None:
            return False
        if self.reader.has_contact(self._customer(link)):
            return False
        entity = self.desk.entity(link.entity)
        fields = at_stake(entity, link, own)
        if link.seen_books.settled_fields and not link.seen_books.is_settled_for(fields):
            return False  # no list shows them
        return bool(fields) and are_covered(entity, fields, self.desk.connection.settings)

    def _word(self, row: Row, key: RecordKey) -> Release | None:
        """A person's word on a hold; it always comes with a hint of class `person`."""
        return self.desk.store.cases.word_on(key) if row.cls is RowClass.PERSON else None

    def _parent_link(self, link: Link) -> Link | None:
        return self.desk.store.links.get(link.connection, link.parent) if link.parent else None

    async def unlinked(self, row: Row, own: Record | Gone, *, fresh: bool) -> tuple[Situation, Link | None]:
        """The situation of a row whose record has no counterpart yet, and the link of its customer (persons).

        `fresh`: look at the other side itself too, as is due just before a create.
        """
        parent, parent_link = (Parent.NONE_NEEDED, None)
        if row.key.entity == PERSON and isinstance(own, Record):
            parent, parent_link = self.parent(own)
        complete = self.desk.store.connections.is_index_complete(
            self.desk.connection.id, indexed(self.desk.mapping)
        )
        found, former, books = None, None, None
        if isinstance(own, Record) and parent_link is not None:
            own, former, books = await self._former(own, parent_link)
        elif isinstance(own, Record) and own.entity == INDIVIDUAL:
            former, books = await self._former_customer(own)
        if isinstance(own, Record) and complete and parent in (Parent.NONE_NEEDED, Parent.LINKED):
            found = await self._match(own, parent_link, fresh=fresh)
        situation = Situation(
            side=row.key.side,
            crm=own if row.key.side is Side.CRM else None,
            books=own if row.key.side is Side.BOOKS else books,
            match=found,
            former=former,
            parent=parent,
            index_complete=complete,
            release=self._word(row, row.key),
        )
        return situation, parent_link

    async def _former(self, own: Record, parent: Link) -> tuple[Record, Link | None, Record | None]:
        """A Contact that left this customer once and is back: its ended link and the person that stayed in Books.

        The Contact comes without a stamp that names a person which stayed with another customer.
        """
        if own.side is Side.BOOKS:
            return own, None, None
        store, connection = self.desk.store, self.desk.connection.id
        if own.keys.stamp is not None:
            stamped = store.links.of(RecordKey(connection, Side.BOOKS, PERSON, own.keys.stamp))
            if stamped is not None and stamped.reason == Ended.MOVED and stamped.crm_id == own.id:
                own = replace(own, keys=replace(own.keys, stamp=None))
        persons = {p.id: p for p in await self.reader.persons(parent.books_id)}
        links = store.links.of_many([RecordKey(connection, Side.BOOKS, PERSON, id) for id in persons])
        for link in links.values():
            if link.reason == Ended.MOVED and link.crm_id == own.id and link.parent == parent.id:
                return own, link, persons[link.books_id]
        return own, None, None

    async def _former_customer(self, own: Record) -> tuple[Link | None, Record | None]:
        """A Contact that had an Account for a while: its ended link, and its own customer that stayed in Books.

        Either of the two may bear the other's stamp.
        """
        if own.side is Side.BOOKS:
            return None, None
        store, connection = self.desk.store, self.desk.connection.id
        ids = store.index.ids(connection, INDIVIDUAL, Side.BOOKS, MatchKeys(stamp=own.id))
        ids |= {own.keys.stamp} if own.keys.stamp else set()
        links = store.links.of_many([RecordKey(connection, Side.BOOKS, INDIVIDUAL, id) for id in sorted(ids)])
        for link in links.values():
            if link.reason == Ended.MOVED and link.crm_id == own.id:
                books = await self.reader.books(INDIVIDUAL, link.books_id, None)
                return (link, books) if isinstance(books, Record) else (None, None)
        return None, None

    def parent(self, person: Record) -> tuple[Parent, Link | None]:
        """Where an unlinked person's customer stands, and its link."""
        if person.parent is None:
            return Parent.VENDORS if person.vendor else Parent.MISSING, None
        store, connection = self.desk.store, self.desk.connection.id
        key = RecordKey(connection, person.side, CUSTOMER, person.parent)
        link = store.links.of(key)
        if link is not None:
            return (Parent.LINKED, link) if link.state is LinkState.LIVE else (Parent.LEFT_OUT, None)
        row = store.rows.read(key)
        if row is not None and row.wanted <= row.done:
            return Parent.LEFT_OUT, None
        return Parent.PENDING, None

    async def _match(self, own: Record, parent_link: Link | None, *, fresh: bool) -> MatchResult:
        if parent_link is not None:
            others = await self._person_candidates(own, parent_link)
        else:
            others = await self._customer_candidates(own, fresh=fresh)
        candidates = self._candidates(own, others)
        found = self._matched(await self.reader.with_emails(own), candidates)
        if parent_link is None and isinstance(found, Matched):
            return await self._matched_back(own, found)
        return found

    def _candidates(self, own: Record, others: list[Record]) -> list[Candidate]:
        """The records that may be the counterpart, with what links and people said about them."""
        store, connection, ids = self.desk.store, self.desk.connection.id, [other.id for other in others]
        reserved = store.links.is_reserved(connection, own.side.other, ids)
        apart = store.apart.of(RecordKey(connection, own.side, own.entity, own.id), ids)
        return [Candidate(other, other.id in reserved, other.id in apart) for other in others]

    async def _matched_back(self, own: Record, found: Matched) -> MatchResult:
        """The counterpart must choose this record too, else the order of handling would decide between twins."""
        other = found.candidate.record
        twins = [twin for twin in await self._customer_candidates(other, fresh=False) if twin.id != own.id]
        if not twins:
            return found
        free = [one for one in self._candidates(other, twins) if not one.reserved]
        back = self._matched(other, [Candidate(await self.reader.with_emails(own)), *free])
        if isinstance(back, HeldMatch):
            sentence = f"seen from {other.label} ({other.id}): {back.sentence}"
            return HeldMatch(back.rule, sentence, (found.candidate,))
        return found

    def _matched(self, record: Record, candidates: Sequence[Candidate]) -> MatchResult:
        entity = self.desk.entity(record.entity)
        return match(
            record,
            candidates,
            entity.match_by,
            state_is_value=entity.state is not None,
            is_lost=self._may_be_lost(record),
        )

    def _may_be_lost(self, record: Record) -> bool:
        """The record was there when the table was restored, as far as is known: a link of it may be missing."""
        restored = self.desk.connection.restored_at
        return bool(restored) and (
            record.created is None or record.created <= datetime.fromisoformat(restored)
        )

    async def _person_candidates(self, own: Record, parent: Link) -> list[Record]:
        if own.side is Side.CRM:
            return await self.reader.persons(parent.books_id)
        return await self.reader.crm_persons(parent.crm_id)

    async def _customer_candidates(self, own: Record, *, fresh: bool) -> list[Record]:
        record, other = await self.reader.with_emails(own), own.side.other
        if fresh:
            await self.look(other, own.entity)
        ids = self.candidates(record)
        if other is Side.CRM:
            await self.reader.load_crm(own.entity, ids)
            if own.entity == CUSTOMER:
                await self.reader.load_crm_persons(ids)
            found = [await self.reader.crm(own.entity, each) for each in ids]
        else:
            found = [await self.reader.books(own.entity, each, None) for each in ids]
        found += await self._of_other_kinds(record, known=ids)
        dealt = [self.reader.dealt(each) for each in found if isinstance(each, Record)]
        return [await self.reader.with_emails(each) for each in dealt]

    async def _of_other_kinds(self, record: Record, known: list[str]) -> list[Record | Gone]:
        """Who may be the same, kept as something else: never linked with it, and nothing is created beside it."""
        other, found = record.side.other, list[Record | Gone]()
        for kind in self._kinds_beside(record):
            ids = [id for id in self.candidates(record, kind) if id not in known]
            if other is Side.CRM:
                await self.reader.load_crm(kind, ids)
                found += [await self.reader.crm(kind, id) for id in ids]
            else:
                found += [await self.reader.books(kind, id, None) for id in ids]
        return found

    def _kinds_beside(self, record: Record) -> tuple[str, ...]:
        if INDIVIDUAL not in self.desk.mapping.entities:
            return ()
        if record.entity == INDIVIDUAL:
            return (CUSTOMER,) if record.side is Side.CRM else (CUSTOMER, PERSON)
        return (INDIVIDUAL,) if record.entity == CUSTOMER and record.side is Side.CRM else ()

    def candidates(self, record: Record, kind: str = "") -> list[str]:
        """Ids of the other side that once showed a key of this customer or vendor; `record` with its e-mails.

        `kind`: as another entity than the record's, by no stamp then, and as a person by e-mail alone.
        """
        other, kind = record.side.other, kind or record.entity
        place = (other, f"{kind}/{record.id}", record.keys)
        if place not in self._found:
            if kind != record.entity:
                keys = MatchKeys(emails=record.keys.emails) if kind == PERSON else record.keys
                record = replace(record, keys=replace(keys, stamp=None))
            self._found[place] = self.desk.store.index.find(self.desk.connection.id, kind, other, record)
        return self._found[place]

    async def look(self, side: Side, entity: str) -> None:
        """A fresh look just before a create: what changed on `side` since its cursor enters the index.

        Everything older is in it already; one look serves all creates of the next 5 s. A vendor is no customer.
        """
        async with self._looking:
            now = self.desk.clock.now()
            if (looked := self.reader.looked.get((side, entity))) is not None and now - looked <= PAGE_LASTS:
                return
            kin = {CUSTOMER, PERSON} if entity in (CUSTOMER, INDIVIDUAL) else {entity}
            kinds = [kind for kind, listed in listings(self.desk.mapping) if listed is side and kind in kin]
            taken = [await self._look_at(kind, side) for kind in kinds]
            self._found.clear()
            self.reader.looked[side, entity] = min([now, *taken])

    async def _look_at(self, entity: str, side: Side) -> datetime:
        """Returns when the oldest of what was looked at had been taken."""
        desk, taken_at = self.desk, self.desk.clock.now()
        resource = newest(desk.mapping, side, entity)
        mark = desk.store.cursors.read(desk.connection.id, feed_of(entity, side)).mark
        since = mark - timedelta(seconds=desk.connection.settings.overlap_seconds) if mark else None
        if side is Side.BOOKS and self.pages.shows(entity):
            first = await self.pages.fresh()
            taken_at, page = first.taken_at, first.listed
        else:
            page = await desk.clients[side].changed(resource, since=since, before=None, after=None)
        while True:
            bodies = deal(desk.mapping, side, entity, page.bodies)
            records = [r for body in bodies if (r := self.reader.try_dealt(entity, side, body))]
            desk.store.index.add_records(desk.connection.id, records)
            if page.next is None or page.reaches(since):
                return taken_at
            page = await desk.clients[side].changed(resource, since=since, before=None, after=page.next)


def _linked_parent(entity: str, parent_link: Link | None, crm: Record | Gone | None) -> Parent:
    if entity != PERSON:
        return Parent.NONE_NEEDED
    if parent_link is None:
        return Parent.LEFT_OUT
    if isinstance(crm, Record) and crm.parent != parent_link.crm_id:
        return Parent.MOVED
    return Parent.LINKED if parent_link.state is LinkState.LIVE else Parent.LEFT_OUT
