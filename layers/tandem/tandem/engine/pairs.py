"""Brings a linked pair in step: writes behind intents, adopts what the sides show, commits per field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tandem.core.actions import Hold, Sync
from tandem.core.canonical import read_record
from tandem.core.decide import Situation
from tandem.core.entities import CUSTOMER, INDIVIDUAL, PERSON
from tandem.core.errors import AlreadyModifiedError, GoneError, RefusedError, TandemError
from tandem.core.oscillation import Fights
from tandem.core.outcomes import Done, Outcome, Waits
from tandem.core.records import (
    Base,
    Edits,
    Link,
    Mode,
    Record,
    Seen,
    Side,
    Value,
    Wrote,
    editors_of,
    is_settled,
)
from tandem.engine.desk import Desk
from tandem.engine.families import Families, person_ids
from tandem.engine.intents import Intent
from tandem.engine.ports import Written
from tandem.engine.reader import Reader
from tandem.engine.recorder import Recorder, refusal
from tandem.engine.rows import Row
from tandem.engine.writer import Plan, Writer


@dataclass(slots=True)
class Progress:
    """What the writes of one pair have come to so far."""

    crm: Record
    books: Record
    base: dict[str, Base]
    intents: list[Intent] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    unseen: set[Side] = field(default_factory=set)
    """Sides whose version is not known together with their content."""
    foreign: set[Side] = field(default_factory=set)
    """Sides that showed somebody else's edit in answer to our write: what was seen there is not kept."""
    written: set[Side] = field(default_factory=set)
    """Sides that we wrote: what they showed is of the very second of our write."""
    wrote: Mapping[str, tuple[Wrote, ...]] = field(default_factory=dict)
    """Our own writes of the last minutes, with those of this pair."""
    failure: TandemError | None = None
    edits: Edits = field(default_factory=dict)

    def on(self, side: Side) -> Record:
        """The record of one side as known now."""
        return self.crm if side is Side.CRM else self.books

    def put(self, side: Side, record: Record) -> None:
        """Replace what is known of one side."""
        if side is Side.CRM:
            self.crm = record
        else:
            self.books = record


@dataclass(frozen=True, slots=True)
class Pairs:
    """Syncs linked pairs of one desk."""

    desk: Desk
    reader: Reader
    writer: Writer
    records: Recorder

    @property
    def families(self) -> Families:
        """Finds persons changed by somebody else in what a customer's write answers."""
        return Families(self.desk, self.reader)

    async def sync(self, row: Row, link: Link, at: Situation, action: Sync) -> Outcome:
        """Write what differs, commit what was written, then raise what failed."""
        assert isinstance(at.crm, Record)
        assert isinstance(at.books, Record)
        if _is_news(link.seen_books, at.books):
            # What is kept as seen of a customer counts for its persons: no page tells of them a second time.
            self.records.raised.extend(self.families.hint_changed(at.books.body, link))
        state = Progress(at.crm, at.books, dict(action.base), holds=list(action.holds), edits=action.edits)
        state.wrote = link.wrote
        self.records.not_sent(row, link, action, editors_of(at.crm, at.books))
        if not action.is_quiet and self.desk.connection.effective_mode is Mode.OBSERVE:
            return self._observe(row, link, action, state)
        for side in (Side.BOOKS, Side.CRM):
            for values in self._calls(link, side, action.writes[side]):
                if state.failure is None:
                    await self._write_side(row, link, action, side, values, state)
                else:
                    self._keep_base(link, values, state)
        held = self._tell(row, link, at, state)
        self._commit(link, state)
        if state.failure is not None:
            raise state.failure
        if held is not None:
            return held
        self.records.keep_holds(row, link, set())
        return Done("noop" if action.is_quiet else "synced")

    def _tell(self, row: Row, link: Link, at: Situation, state: Progress) -> Outcome | None:
        """Ask about what is held, also where a write failed: a link must never remember a hold that nobody was told.

        An edit of a field that is remembered as held settles it, whether or not anybody had heard of it.
        """
        if not state.holds:
            return None
        self.desk.lease.hold(self.desk.clock.now())
        return self.records.quarantine(row, at, state.holds, link=link)

    def _calls(self, link: Link, side: Side, values: Mapping[str, Value]) -> list[Mapping[str, Value]]:
        """The values of each call: Books takes some by one of their own, and every call has its own intent."""
        if side is Side.CRM:
            return [values] if values else []
        calls = self.desk.entity(link.entity).calls(values)
        return [{name: values[name] for name in names} for names in calls]

    async def _write_side(
        self, row: Row, link: Link, action: Sync, side: Side, values: Mapping[str, Value], state: Progress
    ) -> None:
        target = state.on(side)
        try:
            intent, written = await self.writer.write(
                self._update_plan(row, link, action, side, values, state)
            )
        except (AlreadyModifiedError, GoneError) as error:
            self.reader.forget(link.entity, side, target.id, target.parent)
            state.failure = error
        except RefusedError as error:
            state.holds.append(refusal(side, error))
            self._keep_base(link, values, state)
            return
        except TandemError as error:
            state.failure = error
        else:
            state.intents.append(intent)
            fights = Fights(self.desk.entity(link.entity), self.desk.connection.settings, intent.at)
            state.wrote = fights.note(replace(link, wrote=state.wrote), side, intent.before, values)
            self.adopt(link, side, values, written, state)
            return
        self._keep_base(link, values, state)

    def _keep_base(self, link: Link, values: Mapping[str, Value], state: Progress) -> None:
        """A field that was not written keeps its old base."""
        for name in values:
            if name in link.base:
                state.base[name] = link.base[name]
            else:
                state.base.pop(name, None)

    def _update_plan(
        self, row: Row, link: Link, action: Sync, side: Side, values: Mapping[str, Value], state: Progress
    ) -> Plan:
        target, source = state.on(side), state.on(side.other)
        rules = {reason.field: reason.rule for reason in action.reasons if reason.field in values}
        other, entity = link.id_on(side.other), self.desk.entity(link.entity)
        has_stamp = target.keys.stamp == other or (side is Side.BOOKS and link.stamp_taken)
        is_alone = side is Side.BOOKS and any(entity.goes_apart(name) for name in values)
        return Plan(
            kind="update",
            entity=link.entity,
            side=side,
            source=row.key,
            link=link.id,
            values=values,
            base={name: action.base[name] for name in values},
            rules=rules,
            reasons=action.reasons,
            editors=editors_of(target, source),
            cause=f"{row.key.side} {row.cls}",
            target=target,
            stamp=None if has_stamp or is_alone else other,
            parent=target.parent,
            asked_at=self.reader.asked_for(target) if side is Side.CRM else None,
        )

    def adopt(
        self, link: Link, side: Side, sent: Mapping[str, Value], written: Written, state: Progress
    ) -> None:
        """What a side shows in answer is adopted if it equals what was sent up to the converter; else it is an edit."""
        before, entity = state.on(side), self.desk.entity(link.entity)
        state.written.add(side)
        expected = {**before.values, **sent}
        if written.body is None:
            self.reader.forget(link.entity, side, before.id, before.parent)
            state.put(side, replace(before, values=expected, version=None))
            state.unseen.add(side)
            return
        state.unseen.discard(side)
        shown = read_record(self.desk.mapping, link.entity, side, written.body)
        values = {**expected, **shown.values}
        foreign = False
        for name, value in values.items():
            same = entity.field(name).convert.key(side, value) == entity.field(name).convert.key(
                side, expected.get(name)
            )
            if same and name in state.base:
                base = state.base[name]
                state.base[name] = Base(value, base.books) if side is Side.CRM else Base(base.crm, value)
            foreign = foreign or not same
        after = replace(before, values=values, version=written.version or shown.version)
        if side is Side.BOOKS and link.entity != PERSON:
            after = replace(after, body=written.body)
            self.reader.adopt_contact(before.id, written.body)
            self.records.raised.extend(self.families.hint_changed(written.body, link))
        elif side is Side.BOOKS:
            self.reader.adopt_person(before.parent or "", written.body)
        state.put(side, after)
        if foreign:
            state.foreign.add(side)
            self.records.hint(side, link.entity, before.id, before.parent)

    def _commit(self, link: Link, state: Progress) -> None:
        """Move the link on condition of seq and fence, then close the intents of what it holds now."""
        moved = replace(
            link,
            base=state.base,
            held={
                h.field: {"crm": h.crm, "books": h.books}
                for h in state.holds
                if h.field in self._names(link) and not h.ends_by_itself
            },
            edits=_not_agreed(link, state),
            seen_crm=self.seen(link, Side.CRM, state),
            seen_books=self.seen(link, Side.BOOKS, state),
            mapping_version=self.desk.mapping.version,
            trusted=True,
            in_scope=self.is_in_scope(link, state.crm),
            persons=person_ids(link, state.books),
            wrote=state.wrote,
        )
        if not state.intents and _same(moved, link):
            return
        self.desk.store.outside.note(link, moved, self.desk.entity(link.entity).outside_scope(state.crm))
        self.desk.store.links.move(moved, self.desk.lease.fence)
        for intent in state.intents:
            self.desk.store.intents.close(intent)

    def is_in_scope(self, link: Link, crm: Record) -> bool:
        """Whether the Account, or the Contact that is a customer, would be created in Books, were it not linked."""
        return link.entity in (CUSTOMER, INDIVIDUAL) and not self.desk.entity(link.entity).outside_scope(crm)

    def _names(self, link: Link) -> set[str]:
        return {mapped.name for mapped in self.desk.entity(link.entity).fields}

    def seen(self, link: Link, side: Side, state: Progress) -> Seen | None:
        """The content now known of one side; None where it must be read again."""
        if state.failure is not None or side in state.foreign or any(h.ends_by_itself for h in state.holds):
            return None
        record, known = state.on(side), link.seen_on(side)
        if side in state.unseen or record.version is None:
            return Seen(record.values, None, active=record.active)
        if side not in state.written and known is not None and _as_known(known, record):
            settled = known.settled or is_settled(record.version, self.reader.asked_for(record))
            addresses = self.reader.addresses_of(record) or known.addresses
            return replace(known, settled=settled, addresses=addresses)
        settled = side not in state.written and is_settled(record.version, self.reader.asked_for(record))
        return Seen(
            record.values,
            record.version,
            settled,
            record.active,
            addresses=self.reader.addresses_of(record),
        )

    def _observe(self, row: Row, link: Link, action: Sync, state: Progress) -> Outcome:
        for values in action.writes.values():
            self._keep_base(link, values, state)
        edits = _not_agreed(link, state)
        moved = replace(
            link,
            base=state.base,
            edits=edits,
            mapping_version=self.desk.mapping.version,
            # What is held is not kept while observing, so it must be found in doubt once more.
            trusted=link.trusted or not state.holds,
        )
        if not _same(moved, link):
            self.desk.store.links.move(moved, self.desk.lease.fence)
        editors = editors_of(state.crm, state.books)
        writes = {str(side): dict(values) for side, values in action.writes.items() if values}
        self.records.would(row, "update", action.reasons, link=link.id, after=writes, editors=editors)
        if state.holds:
            self.records.hold_all(row, state.holds, link, editors=editors)
        return Waits("mode", self.records.net(), "observe: would write")


def _not_agreed(link: Link, state: Progress) -> Edits:
    """The edits of fields whose base has not moved: their times are still needed."""
    return {name: edit for name, edit in state.edits.items() if state.base.get(name) == link.base.get(name)}


def _is_news(seen: Seen | None, record: Record) -> bool:
    """Somebody may have edited the record since it was last seen."""
    return seen is None or not seen.settled or seen.version != record.version


def _as_known(known: Seen, record: Record) -> bool:
    """The same version with equal values: what was settled of it stays so."""
    return (known.version, known.active) == (record.version, record.active) and known.values == record.values


def _same(moved: Link, link: Link) -> bool:
    return replace(moved, mapping_version=link.mapping_version) == link
