"""The tick: polls each feed when its time has come, and rings for what is due (design, sections 2 and 5).

Webhooks make Tandem fast, the tick makes it true. It writes no base and no content of a link.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tandem.core.bodies import Body
from tandem.core.canonical import read_record
from tandem.core.connection import Connection
from tandem.core.dealing import dealt, guests, is_vendors
from tandem.core.entities import KINDS
from tandem.core.errors import BadInputError, RateLimitedError, RetryError, StopError
from tandem.core.guards import native_sync_is_on
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.records import Link, LinkState, Record, RecordKey, RowClass, Side, is_settled, shows_as_seen
from tandem.engine.arrivals import Arrivals
from tandem.engine.channels import Channels
from tandem.engine.connections import in_turn
from tandem.engine.cursors import Cursor, indexed
from tandem.engine.deletes import Deletes
from tandem.engine.desk import ClientsFor, Store
from tandem.engine.epoch import listed_again, of_this_table
from tandem.engine.feeds import Feeds, asking
from tandem.engine.gate import RoundGate
from tandem.engine.governor import accounts
from tandem.engine.ports import Bell, Clock, FeedPage, SideClient
from tandem.engine.rows import Row
from tandem.engine.trace import where

logger = logging.getLogger("tandem.reconcile")

BELLS = (0, 15, 30, 45)
"""Delays of a tick's bells in seconds: rows that become due within the minute are found in time."""

POLL_SHARE = 10
"""Polls take one call in so many of those left of the day."""
LONGEST_POLL = 3600.0
PAGE_ROWS = 200
"""Rows of a Books page: a feed that must be listed whole is polled as much more rarely as it has pages."""
HALF_A_TICK = timedelta(seconds=30)
"""A tick comes some seconds early or late: a feed is polled at the tick nearest to its time."""


@dataclass(slots=True)
class TickReport:
    """What a tick did."""

    polled: int = 0
    pages: int = 0
    hinted: int = 0
    rung: int = 0
    waits: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ticker:
    """Runs ticks. Everything that it needs comes in."""

    store: Store
    clients_for: ClientsFor
    bell: Bell
    clock: Clock
    every_minutes: int = 0

    async def tick(self, deadline: datetime) -> TickReport:
        """Poll what is due for every connection, then ring each group that has due rows."""
        report = TickReport()
        everyone = [self.store.connections.read(id) for id in self.store.connections.ids()]
        minute = int(self.clock.now().timestamp()) // 60
        for connection in in_turn(everyone, minute):
            if connection.paused or not self.store.connections.may_try_again(connection, self.clock.now()):
                continue
            connection = of_this_table(self.store, connection, self.clock.now())  # noqa: PLW2901
            await self._poll(connection, everyone, deadline, report)
            self._ring(connection, report)
        return report

    def _ring(self, connection: Connection, report: TickReport) -> None:
        for delay in BELLS:
            if self.store.rows.due(connection.id, self.clock.now() + timedelta(seconds=delay), 1):
                self.bell.ring(connection.group, delay=delay)
                report.rung += 1

    async def _poll(
        self,
        connection: Connection,
        everyone: Sequence[Connection],
        deadline: datetime,
        report: TickReport,
    ) -> None:
        gate = RoundGate(self.store.governor, accounts(connection), RowClass.RECONCILE)
        try:
            poll = _Poll(
                self.store,
                connection,
                self.store.connections.loaded(connection),
                self.clients_for(connection, gate),
                gate,
                self.clock,
                deadline,
                self._interval(connection, everyone),
                report,
            )
            await poll.run()
            if gate.was_used:
                self.store.connections.works_again(connection, self.store.rows, self.clock.now())
        except (StopError, BadInputError) as error:
            self.store.connections.stop(connection.id, error, self.clock.now())
        except RateLimitedError as error:
            report.waits.append(str(error))
        except RetryError as error:
            report.waits.append(str(error))
            logger.warning("a feed was not read to its end: %s", type(error).__name__)
        finally:
            gate.close()

    def _interval(self, connection: Connection, everyone: Sequence[Connection]) -> timedelta:
        """Time between two polls: set by the operator, or so that polls take a tenth of what is left of the day.

        Connections on one Books organisation share that tenth.
        """
        settings = connection.settings
        if settings.poll_seconds:
            return timedelta(seconds=settings.poll_seconds)
        if self.every_minutes:
            return timedelta(minutes=self.every_minutes)
        books = accounts(connection)["books"]
        sharers = sum(accounts(one)["books"].pk == books.pk for one in everyone)
        left, seconds = self.store.governor.day(books)
        polls = left / POLL_SHARE / sharers
        return timedelta(seconds=min(max(seconds / max(polls, 1), 60), LONGEST_POLL))


@dataclass(slots=True)
class _Poll:
    """One connection's feeds during one tick."""

    store: Store
    connection: Connection
    mapping: FieldMap
    clients: Mapping[Side, SideClient]
    gate: RoundGate
    clock: Clock
    deadline: datetime
    interval: timedelta
    report: TickReport
    arrivals: Arrivals = field(init=False)

    def __post_init__(self) -> None:
        """Who comes in the feeds of others."""
        self.arrivals = Arrivals(self.mapping, self.store.cursors, self.connection.id)

    async def run(self) -> None:
        """Every feed whose time has come, then deletes and restores of CRM."""
        self.arrivals.rewind()
        feeds = Feeds(self.mapping, self.clients, self.store.cursors, self.connection.id)
        for side, entity, cursor in feeds.due(self.clock.now()):
            self.report.polled += 1
            await self._feed(feeds, side, entity, cursor)
        self.gate.cls = RowClass.RECONCILE
        crm = self.clients[Side.CRM]
        deletes = Deletes(self.store, self.connection, self.mapping, crm, self.clock, self._hint_gone)
        await deletes.poll(self._next_poll())
        await Channels(self.store, self.connection, self.mapping, crm, self.clock).keep()

    def _next_poll(self) -> datetime:
        return self.clock.now() + self.interval - HALF_A_TICK

    # --- changed records -------------------------------------------------------------------------------

    async def _feed(self, feeds: Feeds, side: Side, entity: str, cursor: Cursor) -> None:
        """Read a feed page by page; the cursor moves after every row of the page is pending."""
        started = feeds.begun(side, entity, self.clock.now()).replace(microsecond=0)
        since = (
            cursor.mark - timedelta(seconds=self.connection.settings.overlap_seconds) if cursor.mark else None
        )
        self.gate.cls = RowClass.BACKFILL if cursor.mark is None else RowClass.RECONCILE
        again = cursor.mark is None and cursor.due is not None
        if cursor.next is None or cursor.rising is None:
            cursor = replace(cursor, next=None, rising=started, listed=0)
            self.arrivals.begin(side, entity, started)
        while True:
            before = cursor.rising if side is Side.CRM else None
            with asking(side, f"list what {entity} asks for"):
                page = await feeds.page(side, entity, since, before, cursor, self.clock.now())
            self.report.pages += 1
            if cursor.mark is None or not page.by_time:
                cursor = replace(cursor, listed=cursor.listed + len(page.bodies))
            complete = self._take_page(side, entity, page, since, first=cursor.mark is None)
            done = complete or page.next is None
            is_believed = (
                not done
                or cursor.mark is not None
                or self._is_believed(side, entity, cursor.listed, again=again)
            )
            began = cursor.rising
            following = self._next(cursor, page, done=done) if is_believed else self._anew(cursor)
            moved = self.store.cursors.move(self.connection.id, following)
            if moved is None or not is_believed:
                return
            cursor = moved
            if done:
                self._completed(side, entity, *self.arrivals.end(side, entity, began))
                return
            if self.clock.now() + timedelta(seconds=30) > self.deadline:
                return

    def _next(self, cursor: Cursor, page: FeedPage, *, done: bool) -> Cursor:
        if not done:
            return replace(cursor, next=page.next)
        pages = 1 if page.by_time else max(1, -(-cursor.listed // PAGE_ROWS))
        due = self.clock.now() + self.interval * pages - HALF_A_TICK
        return replace(cursor, mark=cursor.rising, next=None, rising=None, due=due)

    def _is_believed(self, side: Side, entity: str, listed: int, *, again: bool) -> bool:
        """A first listing must show about as many records as are linked; else a guard stops the connection."""
        if not self.connection.settings.empty_side_percent:
            return True
        shown = [entity, *guests(self.mapping, side, entity)]
        linked = sum(len(self.store.links.ids(self.connection.id, one, LinkState.LIVE)) for one in shown)
        return self.store.guards.check_listing(
            self.connection, side, entity, listed, linked, self.clock.now(), again=again
        )

    def _anew(self, cursor: Cursor) -> Cursor:
        """The listing that was not believed is made again at the next poll; nothing was learnt from it."""
        return replace(cursor, next=None, rising=None, due=self._next_poll())

    def _take_page(
        self, side: Side, entity: str, page: FeedPage, since: datetime | None, *, first: bool
    ) -> bool:
        """Index and hint the rows of a page; true when a newest-first listing has reached what is known."""
        cls = RowClass.BACKFILL if first else RowClass.RECONCILE
        shared = bool(guests(self.mapping, side, entity))
        links = self._links(side, entity, [_id_in(body, entity) for body in page.bodies]) if shared else {}
        records = [r for body in page.bodies if (r := self._read(side, entity, body, cls, links)) is not None]
        fresh = [record for record in records if since is None or not _older(record, since)]
        # A list in another order may skip a row while others come and go: all are held against what was seen.
        looked = fresh if page.by_time else records
        if not shared:
            links = self._links(side, entity, [record.id for record in looked])
        awake = self._awake(looked, links, page.asked_at, self.arrivals.anew(side, entity))
        known = {record.id for record in fresh}
        self.store.index.add_records(
            self.connection.id, [*fresh, *(record for record in awake if record.id not in known)]
        )
        for record in awake:
            # Whether a change of state moves the time is UNCONFIRMED: a time that is known already says nothing then.
            version = None if _is_turned(record, links.get(record.id)) else record.version
            self._hint(record.side, record.entity, record.id, cls, version)
        for record in fresh:
            if native_sync_is_on(record):
                self.store.connections.flag_native_sync(self.connection, record.label, self.clock.now())
                break
        return page.reaches(since)

    def _links(self, side: Side, entity: str, ids: Sequence[str]) -> Mapping[str, Link]:
        """The links of records by their ids, whichever entity they are of."""
        keys = [self._key(side, entity, id) for id in ids]
        return {key.id: link for key, link in self.store.links.of_many(keys).items()}

    def _read(
        self, side: Side, entity: str, body: Body, cls: RowClass, links: Mapping[str, Link]
    ) -> Record | None:
        """One row of a page; what our code cannot read is hinted, so that its own row fails and not the feed (P21)."""
        try:
            record = read_record(self.mapping, entity, side, body)
            return dealt(self.mapping, record, links.get(record.id))
        except Exception as error:  # noqa: BLE001 - one unreadable row stops no feed
            id = _id_in(body, entity)
            logger.error("%s %s %s cannot be read: %s", side, entity, id, where(error))  # noqa: TRY400
            if id:
                self._hint(side, entity, id, cls)
            return None

    def _awake(
        self,
        records: Sequence[Record],
        links: Mapping[str, Link],
        asked_at: datetime,
        anew: Collection[str] = (),
    ) -> list[Record]:
        """Those whose version differs from the settled one, or where none was seen, from the one handled last.

        `anew`: entities that were not mapped when their records were handled. Whose reason was another then, too.
        """
        keys = {self._key(record.side, record.entity, record.id): record for record in records}
        unseen = [key for key in keys if key.id not in links or links[key.id].seen_on(key.side) is None]
        rows = self.store.rows.read_many(unseen)
        awake = []
        for key, record in keys.items():
            link = links.get(key.id)
            is_lost = link is not None and not link.trusted and link.state is LinkState.LIVE
            if is_lost and self.connection.restored:  # while both sides are listed again, once
                awake.append(record)
                continue
            known = link is not None and self._is_seen(record, link, asked_at)
            is_new = record.entity in anew or bool(anew and is_vendors(record))
            is_handled = _is_handled(record, rows.get(key)) and not is_new
            if not known and not is_handled:
                awake.append(record)
        return awake

    def _is_seen(self, record: Record, link: Link, asked_at: datetime) -> bool:
        """The link has seen this version; one seen within its own second settles when shown again with equal values."""
        if link.state is LinkState.TOMBSTONE:
            return record.side is Side.BOOKS
        seen = link.seen_on(record.side)
        if seen is None or seen.version is None or seen.version != record.version:
            return False
        if _is_turned(record, link):
            return False
        if seen.is_settled_for(record.values):
            return True
        if not shows_as_seen(record, seen) or not is_settled(seen.version, asked_at):
            return False
        self.store.links.settle(link, record.side, record.values)
        return True

    def _completed(self, side: Side, *entities: str) -> None:
        """A listing was read to its end; once all were, records that wait for the index may match and be created."""
        connections, name = self.store.connections, self.connection.id
        if connections.is_told(name, self._listed()):
            return
        for entity in entities:
            connections.set_listed(name, entity, side)
        if connections.is_index_complete(name, self._listed()):
            self.store.rows.wake_all(name, "index", self.clock.now())
            listed_again(self.store, self.connection)
            connections.tell(name, self._listed(), self.clock.now())

    def _listed(self) -> list[tuple[str, Side]]:
        return indexed(self.mapping)

    def _hint(self, side: Side, entity: str, id: str, cls: RowClass, version: datetime | None = None) -> None:
        shown = version.isoformat() if version else ""
        self.store.rows.hint(self._key(side, entity, id), cls, self.clock.now(), shown=shown)
        self.report.hinted += 1

    def _hint_gone(self, key: RecordKey) -> None:
        self._hint(key.side, key.entity, key.id, RowClass.RECONCILE)

    def _key(self, side: Side, entity: str, id: str) -> RecordKey:
        return RecordKey(self.connection.id, side, entity, id)


def _id_in(body: Body, entity: str) -> str:
    return str(body.get("id") or body.get(KINDS[entity].books_id) or "")


def _older(record: Record, since: datetime) -> bool:
    return record.version is not None and record.version < since


def _is_handled(record: Record, row: Row | None) -> bool:
    return row is not None and record.version is not None and row.version == record.version.isoformat()


def _is_turned(record: Record, link: Link | None) -> bool:
    """It was active when last seen and is not now, or the reverse."""
    seen = link.seen_on(record.side) if link else None
    return seen is not None and seen.active is not record.active
