"""The way of one row: look at both sides, decide, carry it out (design, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tandem.core.actions import Action, Create, Deactivate, LinkPair, Quarantine, Relink, Sync, Unlink, Wait
from tandem.core.canonical import read_record
from tandem.core.dealing import alike
from tandem.core.decide import Situation, decide
from tandem.core.entities import CUSTOMER, PERSON
from tandem.core.errors import AlreadyModifiedError, StaleReadError
from tandem.core.guards import native_sync_is_on
from tandem.core.match import Candidate, HeldMatch, Matched
from tandem.core.oscillation import Fights
from tandem.core.outcomes import Done, Outcome, Waits
from tandem.core.records import SETTLED_AFTER, Gone, Link, Mode, Record, RecordKey, Side
from tandem.engine.desk import Desk
from tandem.engine.intents import newcomers
from tandem.engine.perform import Performer
from tandem.engine.reader import Reader
from tandem.engine.rows import Row
from tandem.engine.situation import Gatherer
from tandem.engine.watch import Watch
from tandem.engine.writer import NotWritingError

Seen = tuple[Situation, Link | None, Action]
"""A situation, the link of its customer (persons), and what was decided about it."""


_UNTIL_SETTLED: Final = SETTLED_AFTER + timedelta(seconds=1)
"""After so long a read is settled: the server tells whole seconds, and the time of the call is taken off them."""


@dataclass(frozen=True, slots=True)
class Handler:
    """Handles single rows of one round. `blocked`: source rows, targets and links of open intents."""

    desk: Desk
    reader: Reader
    gatherer: Gatherer
    blocked: AbstractSet[str]
    watch: Watch

    async def handle(self, row: Row, performer: Performer) -> Outcome:
        """The outcome of one row; raises what a read or a write raised."""
        outcome = await self._patiently(row, performer)
        await self._wake_persons(row, outcome)
        return outcome

    async def _patiently(self, row: Row, performer: Performer) -> Outcome:
        """An edit of the last second cannot be told from one after our read: read again when it has settled."""
        try:
            return await self._in_turn(row, performer)
        except AlreadyModifiedError:
            await self.desk.sleep(_UNTIL_SETTLED.total_seconds())
            return await self._in_turn(row, performer)

    async def _in_turn(self, row: Row, performer: Performer) -> Outcome:
        """A write whose turn came late is decided again on what is true by then, unless another of the row was made."""
        while True:
            made = performer.writer.made
            try:
                return await self._once(row, performer)
            except StaleReadError:
                if performer.writer.made > made:
                    raise

    async def _wake_persons(self, row: Row, outcome: Outcome) -> None:
        """A customer that stays unlinked decides for its Contacts too: they need not wait for it."""
        unlinked = isinstance(outcome, Done) and outcome.kind in ("left_out", "held")
        if not unlinked or row.key.entity != CUSTOMER or row.key.side is not Side.CRM:
            return
        for person in await self.reader.crm_persons(row.key.id):
            key = RecordKey(row.key.connection, Side.CRM, PERSON, person.id)
            self.desk.store.rows.wake(key, self.desk.clock.now())

    async def _once(self, row: Row, performer: Performer) -> Outcome:
        link = self.desk.store.links.of(row.key)
        link = self.desk.as_mapped(link) if link else None
        now = self.desk.clock.now()
        if link is not None and link.entity != row.key.entity:
            return Waits("time", now, "it was linked as something else meanwhile")
        at, parent_link, action = await self._decided(row, link)
        now = self.desk.clock.now()
        if isinstance(action, Wait) and action.waits_for == "delete" and row.gone_since is None:
            self.desk.store.rows.note_gone(row, now)
        blocked = self.blocked | performer.writer.unanswered
        if link is None and self._is_being_created(row, at, action, blocked):
            due = now + timedelta(seconds=self.desk.connection.settings.write_unknown_seconds)
            return Waits("intent", due, "its counterpart has a create whose outcome is not known yet")
        self._guard(row, at, action)
        return await performer.perform(row, at, action, parent_link)

    def _guard(self, row: Row, at: Situation, action: Action) -> None:
        """A record whose counterpart is gone counts as a delete there; one too many stops the drain."""
        other = at.books if row.key.side is Side.CRM else at.crm
        if not isinstance(action, Unlink) or not isinstance(other, Gone):
            return
        if stop := self.watch.stop_at_gone(
            RecordKey(row.key.connection, other.side, row.key.entity, other.id)
        ):
            raise NotWritingError(stop)

    async def _decided(self, row: Row, link: Link | None) -> Seen:
        """Decide on what is at hand; what is known by hearsay, or from long ago, is read before a write to Books."""
        own = await self.gatherer.own(row, link)
        if link is None and isinstance(own, Record) and self.reader.dealt(own).entity != own.entity:
            at = Situation(row.key.side)
            return at, None, Wait("time", "it became something else meanwhile", self.desk.clock.now())
        if link is None:
            at, parent_link = await self.gatherer.unlinked(row, own, fresh=False)
            action = self._decide(at, row)
            if isinstance(action, Create) and row.key.entity != PERSON and self._writes:
                at, parent_link = await self.gatherer.unlinked(row, own, fresh=True)
                action = self._decide(at, row)
            elif isinstance(action, LinkPair) and self.reader.doubt(_customer_of(row, action, parent_link)):
                own = await self.gatherer.own(row, link)
                at, parent_link = await self.gatherer.unlinked(row, own, fresh=False)
                action = self._decide(at, row)
            return at, parent_link, action
        if unread := await self.gatherer.linked_unread(row, link, own):
            action = self._decide(unread, row)
            if _only_writes_books(action):
                return unread, None, action
        return await self._read_and_decided(row, link, own)

    async def _read_and_decided(self, row: Row, link: Link, own: Record | Gone) -> Seen:
        at = await self.gatherer.linked(row, link, own)
        action = self._decide(at, row)
        if _writes_books(action) and self.reader.doubt(_customer_id(at, action)):
            at = await self.gatherer.linked(row, link, await self.gatherer.own(row, link))
            action = self._decide(at, row)
        return at, None, action

    def _decide(self, at: Situation, row: Row) -> Action:
        for record in (at.crm, at.books):
            if isinstance(record, Record) and native_sync_is_on(record):
                self.desk.store.connections.flag_native_sync(
                    self.desk.connection, record.label, self.desk.clock.now()
                )
        settings, now = self.desk.connection.settings, self.desk.clock.now()
        entity = self.desk.entity(row.key.entity)
        knowing = self.desk.store.referrals.knowing(entity, row.key, at, now)
        action = decide(at, knowing, timedelta(seconds=settings.delete_delay_seconds), now)
        if not isinstance(action, Sync) or at.link is None:
            return action
        assert isinstance(at.crm, Record)
        assert isinstance(at.books, Record)
        return Fights(entity, settings, now).settle(action, at.link, at.crm, at.books, at.release)

    def _is_being_created(self, row: Row, at: Situation, action: Action, blocked: AbstractSet[str]) -> bool:
        """The create that made this record is unanswered: settling it knows more than a first link would.

        The stamp says so even where the record that it names was deleted meanwhile and matches nothing, and that of
        another kind where somebody made it one since. A Books person has none: whoever matches nobody may be the one,
        edited since.
        """
        if not blocked:
            return False
        own = at.own()
        if row.key.side is Side.BOOKS and isinstance(action, Create | Quarantine) and isinstance(own, Record):
            place = newcomers(row.key.connection, Side.BOOKS, row.key.entity, own.parent or "")
            if place in blocked:
                return True
        shown = [own] if isinstance(own, Record) else []
        keys = []
        if isinstance(action, LinkPair):
            keys = [RecordKey(row.key.connection, row.key.side.other, row.key.entity, action.counterpart)]
            shown += [one.record for one in _candidates(at) if one.record.id == action.counterpart]
        keys += [key for record in shown for key in self._stamped(record)]
        return any(str(key) in blocked for key in keys)

    def _stamped(self, record: Record) -> Iterator[RecordKey]:
        """The records that its stamps name, whichever kinds they are of."""
        mapping = self.desk.mapping
        for kind in alike(record.entity, record.side):
            if kind in mapping.entities:
                stamp = read_record(mapping, kind, record.side, record.body).keys.stamp
                if stamp is not None:
                    yield RecordKey(self.desk.connection.id, record.side.other, kind, stamp)

    @property
    def _writes(self) -> bool:
        return self.desk.connection.effective_mode is Mode.WRITE


def _candidates(at: Situation) -> tuple[Candidate, ...]:
    """Whom a match named: one that a person approves may be what an unanswered create made for another."""
    if isinstance(at.match, HeldMatch):
        return at.match.candidates
    return (at.match.candidate,) if isinstance(at.match, Matched) else ()


def _only_writes_books(action: Action) -> bool:
    """A page proves as much as such a write needs; whatever else is decided wants a read."""
    if not isinstance(action, Sync) or action.holds:
        return False
    return bool(action.writes[Side.BOOKS]) and not action.writes[Side.CRM]


def _writes_books(action: Action) -> bool:
    sync = action.sync if isinstance(action, Relink) else action
    return isinstance(action, Deactivate) or (isinstance(sync, Sync) and bool(sync.writes[Side.BOOKS]))


def _customer_of(row: Row, action: LinkPair, parent_link: Link | None) -> str:
    """The Books customer that a first link is about: a record of its own, or for a person its parent's."""
    if parent_link is not None:
        return parent_link.books_id
    return row.key.id if row.key.side is Side.BOOKS else action.counterpart


def _customer_id(at: Situation, action: Action) -> str:
    if isinstance(action, Relink) and action.side is Side.BOOKS:
        return action.survivor
    books = at.books
    return (books.parent or books.id) if isinstance(books, Record) else ""
