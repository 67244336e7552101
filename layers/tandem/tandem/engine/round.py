"""One round of the writer: read both sides in batches, then handle units side by side (design, section 2)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import timedelta

from tandem.core.actions import Create, LinkPair, Sync, Wait
from tandem.core.decide import Situation, decide
from tandem.core.errors import (
    AlreadyModifiedError,
    StoreError,
    TandemError,
)
from tandem.core.guards import native_sync_is_on
from tandem.core.outcomes import Done, Failed, Outcome, Waits
from tandem.core.records import (
    SETTLED_AFTER,
    Gone,
    Link,
    LinkState,
    Mode,
    Record,
    RecordKey,
    RowClass,
    Seen,
    Side,
)
from tandem.engine.desk import Desk
from tandem.engine.gate import cause, charge
from tandem.engine.perform import Performer
from tandem.engine.ports import DeadLetters
from tandem.engine.reader import CUSTOMER, PERSON, Reader
from tandem.engine.recorder import Recorder
from tandem.engine.row_outcomes import Outcomes, RoundReport
from tandem.engine.rows import Row
from tandem.engine.situation import Gatherer, unit_marks

logger = logging.getLogger("tandem.round")

CRASH_LIMIT = 3
"""A row whose handling killed the worker that often is not handled again but dead-lettered."""


class Round:
    """Handles rows that were taken; every one of them gets an outcome or stays due."""

    def __init__(
        self, desk: Desk, dead_letters: DeadLetters, blocked: AbstractSet[str] = frozenset()
    ) -> None:
        """`blocked`: source rows, targets and links of open intents (`Settler.settle`)."""
        self.desk = desk
        self._blocked = blocked
        self.report = RoundReport()
        self._reader = Reader(desk)
        self._gatherer = Gatherer(desk, self._reader)
        self._own: dict[RecordKey, Record | Gone] = {}
        self._outcomes = Outcomes(desk, dead_letters, self._gatherer, self._own, self.report)
        self._links: dict[RecordKey, Link] = {}
        self._hinted: list[RecordKey] = []

    async def run(self, rows: Sequence[Row]) -> RoundReport:
        """Handle all rows: read, drop echoes, form units, run them side by side."""
        crashed = [row for row in rows if row.starts > CRASH_LIMIT]
        for row in crashed:
            self._outcomes.settle(
                row, Failed("CrashedWorker", f"{row.key} crashed the worker {row.starts - 1} times")
            )
        rows = [row for row in rows if row.starts <= CRASH_LIMIT]
        self._links = self.desk.store.links.of_many([row.key for row in rows])
        rows = await self._read([row for row in rows if not self._is_as_shown(row)])
        units = form_units(rows, self._marks, self._rank)
        flight = asyncio.Semaphore(self.desk.connection.settings.in_flight)
        ends = await asyncio.gather(*(self._unit(unit, flight) for unit in units), return_exceptions=True)
        for failure in (end for end in ends if isinstance(end, BaseException)):
            raise failure  # after every unit has ended: no call outlives its drain
        return self.report

    def _is_as_shown(self, row: Row) -> bool:
        """The page that raised this row showed the version whose content is settled: a read is saved."""
        link = self._links.get(row.key)
        seen = link.seen_on(row.key.side) if link and link.state is LinkState.LIVE else None
        if not row.shown or seen is None or seen.version is None or not seen.settled or self._insists(row):
            return False
        if row.shown != seen.version.isoformat():
            return False
        self._outcomes.settle(row, Done("echo", "the version shown is the settled one", row.shown))
        return True

    def _insists(self, row: Row) -> bool:
        """A person waits, or an earlier try failed: the whole way is gone."""
        return row.cls is RowClass.PERSON or row.tries > 0 or row.gone_since is not None

    # --- reading -------------------------------------------------------------------------------------

    async def _read(self, rows: Sequence[Row]) -> list[Row]:
        """Read the hinted records, settle echoes, and prepare the batch reads of the rest."""
        try:
            for entity in (CUSTOMER, PERSON):
                ids = [r.key.id for r in rows if r.key.side is Side.CRM and r.key.entity == entity]
                await self._reader.load_crm(entity, ids)
            found = await asyncio.gather(*(self._read_own(row) for row in rows), return_exceptions=True)
        except TandemError as error:
            found = [error] * len(rows)
        left = []
        for row, own in zip(rows, found, strict=True):
            if isinstance(own, BaseException):
                self._outcomes.settle(row, self._outcomes.of_error(row, own))
                continue
            self._own[row.key] = own
            if not self._is_echo(row, own):
                left.append(row)
        hinted = [key for key in self._hinted if key not in self._own]
        left += [row for row in await self._take_also(hinted) if not self._is_echo(row, self._own[row.key])]
        await self._prepare(left)
        return left

    async def _read_own(self, row: Row) -> Record | Gone:
        charge(row.cls)
        if row.key.side is Side.BOOKS and row.key.entity == CUSTOMER:
            self._reader.adopt_told(row, self._links.get(row.key))
        own = await self._gatherer.own(row, self._links.get(row.key))
        if row.key.side is Side.BOOKS and row.key.entity == CUSTOMER and isinstance(own, Record):
            self._hint_persons(own, self._links.get(row.key))
        if row.key.entity == CUSTOMER and row.key not in self._links and isinstance(own, Record):
            self.desk.store.index.add_records(self.desk.connection.id, [own])
        return own

    def _hint_persons(self, customer: Record, link: Link | None) -> None:
        """A Books customer's persons have no feed of their own: those that differ from what was seen are hinted."""
        if link is None or link.state is not LinkState.LIVE or PERSON not in self.desk.mapping.entities:
            return
        connection, store = self.desk.connection.id, self.desk.store
        persons = {p.id: p for p in self._reader.persons_in(customer.body)}
        gone = [id for id in link.persons if id not in persons]
        if not persons and not gone:
            return
        keys = {id: RecordKey(connection, Side.BOOKS, PERSON, id) for id in [*persons, *gone]}
        links = store.links.of_many(list(keys.values()))
        for id, key in keys.items():
            known = links.get(key)
            seen = known.seen_books if known else None
            if known and known.state is LinkState.TOMBSTONE and id in gone:
                continue
            if seen is None or id in gone or persons[id].values != seen.values:
                store.rows.hint(key, cause(), self.desk.clock.now(), parent=customer.id)
                self._hinted.append(key)
                if known is not None:
                    self._links[key] = known

    def _is_echo(self, row: Row, own: Record | Gone) -> bool:
        """Every mapped field equals what was last seen on that side: done without a look at the other side."""
        link = self._links.get(row.key)
        if link is None or link.state is not LinkState.LIVE or isinstance(own, Gone):
            return False
        seen = link.seen_on(row.key.side)
        insists = row.cls is RowClass.PERSON or row.tries or row.gone_since
        if (
            insists
            or seen is None
            or own.values != seen.values
            or own.active != seen.active
            or self._moved(own, link)
        ):
            return False
        try:
            self._note_version(row, link, own, seen)
        except StoreError as error:
            self._outcomes.settle(row, self._outcomes.of_error(row, error))
            return True
        self._outcomes.settle(row, Done("echo", "every mapped field is as last seen"))
        return True

    def _moved(self, own: Record, link: Link) -> bool:
        if own.entity != PERSON or own.side is not Side.CRM or link.parent is None:
            return False
        parent = self.desk.store.links.get(link.connection, link.parent)
        return parent is not None and parent.crm_id != own.parent

    def _note_version(self, row: Row, link: Link, own: Record, seen: Seen) -> None:
        known_since = self.desk.clock.now() - own.version if own.version else timedelta()
        settled = known_since >= SETTLED_AFTER and own.id not in self._reader.told
        if seen.version == own.version and (seen.settled or not settled):
            return
        noted = link.with_seen(row.key.side, replace(seen, version=own.version, settled=settled))
        self.desk.store.links.move(noted, self.desk.lease.fence)

    async def _prepare(self, rows: Sequence[Row]) -> None:
        """The batch reads that handling will need: CRM counterparts, and the Contacts of unlinked Accounts."""
        counterparts: dict[str, list[str]] = {CUSTOMER: [], PERSON: []}
        unlinked: list[str] = []
        for row in rows:
            link = self._links.get(row.key)
            if link is not None and row.key.side is Side.BOOKS:
                counterparts[row.key.entity].append(link.crm_id)
            elif link is None and row.key.side is Side.CRM and row.key.entity == CUSTOMER:
                unlinked.append(row.key.id)
        try:
            for entity, ids in counterparts.items():
                await self._reader.load_crm(entity, ids)
            await self._reader.load_crm_persons(unlinked)
        except TandemError:
            logger.info("a batch read failed; each row reads for itself")

    def _marks(self, row: Row) -> list[str]:
        own, link = self._own[row.key], self._links.get(row.key)
        marks = [f"{row.key.side}/{row.key.id}", *unit_marks(own)]
        if link is not None:
            marks += [f"crm/{link.crm_id}", f"books/{link.books_id}", f"link/{link.parent or link.id}"]
        if isinstance(own, Record) and own.parent:
            marks.append(f"{own.side}/{own.parent}")
        return marks

    def _rank(self, row: Row) -> tuple[object, ...]:
        """Customers before persons; of persons the billing contact first, else the oldest with an e-mail.

        Books makes the first person of a customer its primary one.
        """
        own = self._own[row.key]
        if row.key.entity == CUSTOMER or isinstance(own, Gone):
            return (0, str(row.key))
        ticked = own.scope.get(self.desk.entity(PERSON).primary_person_field or "")
        age = own.created.isoformat() if own.created else "~"
        return (1, not ticked, not own.keys.emails, age, str(row.key))

    # --- handling ------------------------------------------------------------------------------------

    async def _unit(self, unit: Sequence[Row], flight: asyncio.Semaphore) -> None:
        """The rows of a unit in order; the persons of a customer that it links join it, while all is at hand."""
        async with flight:
            performer, waiting = Performer(self.desk, self._reader), deque(unit)
            while waiting:
                row = waiting.popleft()
                if self.report.stop:
                    self.desk.store.rows.untake(row)
                    self.report.count("left")
                    continue
                await self._row(row, performer)
                waiting.extend(await self._family(performer.records))

    async def _family(self, records: Recorder) -> list[Row]:
        """Take the persons' rows that the last row raised."""
        keys = [key for key in dict.fromkeys(records.raised) if key.entity == PERSON]
        records.raised.clear()
        return await self._take_also(keys)

    async def _take_also(self, keys: Sequence[RecordKey]) -> list[Row]:
        """Take rows beside those of the drain, with what they show; one that cannot be read gets its outcome."""
        taken = []
        for key in keys:
            row = None if str(key) in self._blocked else self.desk.store.rows.take(key)
            if row is None:
                continue
            if row.starts >= CRASH_LIMIT:
                self.desk.store.rows.untake(row)
                continue
            try:
                self._own[key] = await self._gatherer.own(row, self.desk.store.links.of(key))
            except Exception as error:  # noqa: BLE001 - as for every other row
                self._outcomes.settle(row, self._outcomes.of_error(row, error))
                continue
            taken.append(row)
        return sorted(taken, key=self._rank)

    async def _row(self, row: Row, performer: Performer) -> None:
        charge(row.cls)
        try:
            self.desk.lease.keep(self.desk.clock.now())
            outcome = await self._patiently(row, performer)
            await self._wake_persons(row, outcome)
        except Exception as error:  # noqa: BLE001 - a poisoned record or our bug on it delays nobody else (P21)
            outcome = self._outcomes.of_error(row, error)
        self._outcomes.settle(row, outcome)

    async def _patiently(self, row: Row, performer: Performer) -> Outcome:
        """An edit of the last second cannot be told from one after our read: read again when it has settled."""
        try:
            return await self._handle(row, performer)
        except AlreadyModifiedError:
            await self.desk.sleep(SETTLED_AFTER.total_seconds())
            return await self._handle(row, performer)

    async def _wake_persons(self, row: Row, outcome: Outcome) -> None:
        """A customer that stays unlinked decides for its Contacts too: they need not wait for it."""
        unlinked = isinstance(outcome, Done) and outcome.kind in ("left_out", "held")
        if not unlinked or row.key.entity != CUSTOMER or row.key.side is not Side.CRM:
            return
        for person in await self._reader.crm_persons(row.key.id):
            key = RecordKey(row.key.connection, Side.CRM, PERSON, person.id)
            self.desk.store.rows.wake(key, self.desk.clock.now())

    async def _handle(self, row: Row, performer: Performer) -> Outcome:
        link = self.desk.store.links.of(row.key)
        own = await self._gatherer.own(row, link)
        at, parent_link = await self._situation(row, own, link)
        for record in (at.crm, at.books):
            if isinstance(record, Record) and native_sync_is_on(record):
                self.desk.store.connections.flag_native_sync(
                    self.desk.connection, record.label, self.desk.clock.now()
                )
        now, entity = self.desk.clock.now(), self.desk.entity(row.key.entity)
        delay = timedelta(seconds=self.desk.connection.settings.delete_delay_seconds)
        action = decide(at, entity, delay, now)
        if isinstance(action, Create) and row.key.entity == CUSTOMER and self._writes:
            at, parent_link = await self._gatherer.unlinked(row, own, fresh=True)
            action = decide(at, entity, delay, now)
        if (
            isinstance(action, Sync)
            and action.writes[Side.BOOKS]
            and self._reader.doubt(self._customer_id(at))
        ):
            at, parent_link = await self._situation(row, await self._gatherer.own(row, link), link)
            action = decide(at, entity, delay, now)
        if isinstance(action, Wait) and action.waits_for == "delete" and row.gone_since is None:
            self.desk.store.rows.note_gone(row, now)
        if isinstance(action, LinkPair) and self._is_being_created(row, action):
            due = now + timedelta(seconds=self.desk.connection.settings.write_unknown_seconds)
            return Waits("intent", due, "its counterpart has a create whose outcome is not known yet")
        return await performer.perform(row, at, action, parent_link)

    def _is_being_created(self, row: Row, action: LinkPair) -> bool:
        """The create that made this record is unanswered: settling it knows more than a first link would."""
        key = RecordKey(row.key.connection, row.key.side.other, row.key.entity, action.counterpart)
        return str(key) in self._blocked

    def _customer_id(self, at: Situation) -> str:
        books = at.books
        return (books.parent or books.id) if isinstance(books, Record) else ""

    @property
    def _writes(self) -> bool:
        return self.desk.connection.effective_mode is Mode.WRITE

    async def _situation(
        self, row: Row, own: Record | Gone, link: Link | None
    ) -> tuple[Situation, Link | None]:
        if link is None:
            return await self._gatherer.unlinked(row, own, fresh=False)
        return await self._gatherer.linked(row, link, own), None


def form_units(
    rows: Sequence[Row], marks_of: Callable[[Row], list[str]], rank: Callable[[Row], tuple[object, ...]]
) -> list[list[Row]]:
    """Rows that share a mark go in order; units share nothing and may run side by side."""
    groups: list[tuple[set[str], list[Row]]] = []
    for row in rows:
        marks, members, apart = set(marks_of(row)), [row], []
        for group in groups:
            if group[0] & marks:
                marks |= group[0]
                members += group[1]
            else:
                apart.append(group)
        groups = [*apart, (marks, members)]
    return [sorted(members, key=rank) for _, members in groups]
