"""Carries out one decision: writes behind intents, then commits per field (design, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tandem.core.actions import (
    Action,
    Create,
    Deactivate,
    FieldReason,
    Hold,
    LeftOut,
    LinkPair,
    Noop,
    Quarantine,
    Revive,
    Sync,
    Unlink,
    Wait,
)
from tandem.core.canonical import read_record
from tandem.core.decide import Ended, Situation
from tandem.core.errors import (
    AlreadyModifiedError,
    ConditionFailedError,
    DuplicateError,
    GoneError,
    RefusedError,
    TandemError,
    TransientError,
)
from tandem.core.outcomes import Done, Outcome, Waits
from tandem.core.records import (
    SETTLED_AFTER,
    Base,
    Link,
    LinkState,
    Mode,
    Record,
    RecordKey,
    RowClass,
    Seen,
    Side,
    Value,
    is_blank,
)
from tandem.engine.cases import hold_key
from tandem.engine.desk import Desk
from tandem.engine.intents import Intent
from tandem.engine.links import new_link_id
from tandem.engine.ports import Written
from tandem.engine.reader import CUSTOMER, PERSON, Reader
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
    failure: TandemError | None = None

    def on(self, side: Side) -> Record:
        """The record of one side as known now."""
        return self.crm if side is Side.CRM else self.books

    def put(self, side: Side, record: Record) -> None:
        """Replace what is known of one side."""
        if side is Side.CRM:
            self.crm = record
        else:
            self.books = record


@dataclass(slots=True)
class Performer:
    """Turns an action about one row into writes, rows and an outcome."""

    desk: Desk
    reader: Reader
    writer: Writer

    async def perform(self, row: Row, at: Situation, action: Action, parent_link: Link | None) -> Outcome:
        """Carry out `action`; raises what a write raised, after everything that did happen is committed."""
        match action:
            case Noop(reason):
                return Done("noop", reason)
            case LeftOut(reason):
                return Done("left_out", reason)
            case Wait(waits_for, sentence, until):
                return Waits(waits_for, until or self._net(), sentence)  # type: ignore[arg-type]
            case Quarantine(hold):
                return self._quarantine(row, at, [hold])
            case Unlink(reason):
                return self._end(row, at, reason)
            case Deactivate(reason):
                return await self._deactivate(row, at, reason)
            case Revive():
                return await self._revive(row, at, action)
            case LinkPair():
                return await self._link(row, at, action, parent_link)
            case Create():
                return await self._create(row, at, action, parent_link)
            case Sync():
                assert at.link is not None
                return await self._sync(row, at.link, at, action)

    # --- pairs ------------------------------------------------------------------------------------

    async def _sync(self, row: Row, link: Link, at: Situation, action: Sync) -> Outcome:
        assert isinstance(at.crm, Record)
        assert isinstance(at.books, Record)
        state = Progress(at.crm, at.books, dict(action.base), holds=list(action.holds))
        if not action.is_quiet and self.desk.connection.effective_mode is Mode.OBSERVE:
            return self._observe(row, link, action, state)
        for side in (Side.BOOKS, Side.CRM):
            if action.writes[side] and state.failure is None:
                await self._write_side(row, link, action, side, state)
            elif action.writes[side]:
                self._keep_base(link, action.writes[side], state)
        self._commit(link, state)
        if state.failure is not None:
            raise state.failure
        if state.holds:
            return self._quarantine(row, at, state.holds, link=link)
        self.desk.store.cases.settle(hold_key(row.key, link), set())
        return Done("noop" if action.is_quiet else "synced")

    async def _write_side(self, row: Row, link: Link, action: Sync, side: Side, state: Progress) -> None:
        values, target = action.writes[side], state.on(side)
        try:
            intent, written = await self.writer.write(self._update_plan(row, link, action, side, target))
        except (AlreadyModifiedError, GoneError) as error:
            self.reader.forget(link.entity, side, target.id, target.parent)
            state.failure = error
        except RefusedError as error:
            state.holds.append(_refusal(side, error))
            self._keep_base(link, values, state)
            return
        except TandemError as error:
            state.failure = error
        else:
            state.intents.append(intent)
            self._adopt(link, side, values, written, state)
            return
        self._keep_base(link, values, state)

    def _keep_base(self, link: Link, values: Mapping[str, Value], state: Progress) -> None:
        """A field that was not written keeps its old base."""
        for name in values:
            if name in link.base:
                state.base[name] = link.base[name]
            else:
                state.base.pop(name, None)

    def _update_plan(self, row: Row, link: Link, action: Sync, side: Side, target: Record) -> Plan:
        rules = {
            reason.field: reason.rule for reason in action.reasons if reason.field in action.writes[side]
        }
        other = link.id_on(side.other)
        return Plan(
            kind="update",
            entity=link.entity,
            side=side,
            source=row.key,
            link=link.id,
            values=action.writes[side],
            base={name: action.base[name] for name in action.writes[side]},
            rules=rules,
            cause=f"{row.key.side} {row.cls}",
            target=target,
            stamp=None if target.keys.stamp == other else other,
            parent=target.parent,
            asked_at=self.reader.asked_at.get((link.entity, target.id)),
        )

    def _adopt(
        self, link: Link, side: Side, sent: Mapping[str, Value], written: Written, state: Progress
    ) -> None:
        """What a side shows in answer is adopted if it equals what was sent up to the converter; else it is an edit."""
        before, entity = state.on(side), self.desk.entity(link.entity)
        expected = {**before.values, **sent}
        if written.body is None:
            self.reader.forget(link.entity, side, before.id, before.parent)
            state.put(side, replace(before, values=expected, version=None))
            state.unseen.add(side)
            return
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
        if side is Side.BOOKS and link.entity == CUSTOMER:
            self.reader.adopt_contact(before.id, written.body)
        elif side is Side.BOOKS:
            self.reader.adopt_person(before.parent or "", written.body)
        state.put(side, replace(before, values=values, version=written.version or shown.version))
        if foreign:
            state.unseen.add(side)
            self._hint(side, link.entity, before.id, before.parent)

    def _commit(self, link: Link, state: Progress) -> None:
        """Move the link on condition of seq and fence, then close the intents of what it holds now."""
        failed = state.failure is not None
        moved = replace(
            link,
            base=state.base,
            held={
                h.field: {"crm": h.crm, "books": h.books} for h in state.holds if h.field in self._names(link)
            },
            seen_crm=None if failed else self._seen(Side.CRM, state),
            seen_books=None if failed else self._seen(Side.BOOKS, state),
            mapping_version=self.desk.mapping.version,
            persons=self._person_ids(link, state.books),
        )
        if not state.intents and _same(moved, link):
            return
        self.desk.store.links.move(moved, self.desk.lease.fence)
        for intent in state.intents:
            self.desk.store.intents.close(intent)

    def _names(self, link: Link) -> set[str]:
        return {mapped.name for mapped in self.desk.entity(link.entity).fields}

    def _person_ids(self, link: Link, books: Record) -> tuple[str, ...]:
        persons = books.body.get("contact_persons")
        if link.entity != CUSTOMER or persons is None:
            return link.persons
        return tuple(sorted(str(person["contact_person_id"]) for person in persons))

    def _seen(self, side: Side, state: Progress) -> Seen:
        record = state.on(side)
        unseen = side in state.unseen or record.version is None
        settled = (
            not unseen
            and record.version is not None
            and self.desk.clock.now() - record.version >= SETTLED_AFTER
        )
        return Seen(record.values, None if unseen else record.version, settled, record.active)

    def _clear_holds(self, link: Link) -> None:
        """Nothing is held any more, neither for the pair nor for either record while it was unlinked."""
        for side in Side:
            key = RecordKey(link.connection, side, link.entity, link.id_on(side))
            self.desk.store.cases.settle(key, set())

    # --- observe -----------------------------------------------------------------------------------

    def _observe(self, row: Row, link: Link, action: Sync, state: Progress) -> Outcome:
        for values in action.writes.values():
            self._keep_base(link, values, state)
        moved = replace(link, base=state.base, mapping_version=self.desk.mapping.version)
        if not _same(moved, link):
            self.desk.store.links.move(moved, self.desk.lease.fence)
        writes = {str(side): dict(values) for side, values in action.writes.items() if values}
        self._would(row, "update", action.reasons, link=link.id, after=writes)
        if state.holds:
            self._hold_all(row, state.holds, link)
        return Waits("mode", self._net(), "observe: would write")

    def _would(
        self, row: Row, verb: str, reasons: Sequence[FieldReason], link: str | None = None, **more: object
    ) -> None:
        self.desk.store.history.decided(
            row.key,
            "would_write",
            self.desk.run,
            self.desk.clock.now(),
            link=link,
            reasons=reasons,
            once=True,
            verb=verb,
            **more,
        )

    # --- first links and creates ----------------------------------------------------------------------

    async def _link(self, row: Row, at: Situation, action: LinkPair, parent_link: Link | None) -> Outcome:
        key = row.key
        own = at.own()
        assert isinstance(own, Record)
        other = await self._counterpart(key, action.counterpart, own, parent_link)
        crm, books = (own, other) if key.side is Side.CRM else (other, own)
        link = self._new_link(row, crm.id, books.id, parent_link, f"linked by {action.rule}")
        written = {name for values in action.sync.writes.values() for name in values}
        agreed = {name: base for name, base in action.sync.base.items() if name not in written}
        try:
            link = self.desk.store.links.create(replace(link, base=agreed), self.desk.lease.fence)
        except ConditionFailedError:
            return Waits("time", self.desk.clock.now(), "a record of the pair was linked meanwhile")
        self.desk.store.history.decided(
            key,
            "link",
            self.desk.run,
            self.desk.clock.now(),
            link=link.id,
            reasons=action.sync.reasons,
            rule=action.rule,
            crm_id=crm.id,
            books_id=books.id,
        )
        self._clear_holds(link)
        await self._raise_children(link, books)
        pair = replace(at, link=link, crm=crm, books=books)
        return await self._sync(row, link, pair, action.sync)

    async def _counterpart(self, key: RecordKey, id: str, own: Record, parent_link: Link | None) -> Record:
        if key.side is Side.CRM:
            found = await self.reader.books(key.entity, id, parent_link.books_id if parent_link else None)
        else:
            found = await self.reader.crm(key.entity, id)
        if not isinstance(found, Record):
            raise GoneError("gone", f"the counterpart of {own.id} vanished")
        return found

    def _new_link(self, row: Row, crm_id: str, books_id: str, parent_link: Link | None, reason: str) -> Link:
        return Link(
            connection=row.key.connection,
            id=new_link_id(row.key.connection, row.key.side, row.key.id, self.desk.clock.now()),
            entity=row.key.entity,
            crm_id=crm_id,
            books_id=books_id,
            parent=parent_link.id if parent_link else None,
            mapping_version=self.desk.mapping.version,
            reason=reason,
        )

    async def _create(self, row: Row, at: Situation, action: Create, parent_link: Link | None) -> Outcome:
        own = at.own()
        assert isinstance(own, Record)
        if self.desk.connection.effective_mode is Mode.OBSERVE:
            self._would(row, "create", action.reasons, side=str(action.side), after=dict(action.values))
            return Waits("mode", self._net(), "observe: would create")
        link = self._new_link(row, "", "", parent_link, "created")
        plan = self._create_plan(row, own, action, link.id, parent_link)
        try:
            intent, written = await self.writer.write(plan)
        except DuplicateError as error:
            return await self._duplicate(row, at, own, error)
        except (AlreadyModifiedError, GoneError):
            raise
        except RefusedError as error:
            return self._quarantine(row, at, [_refusal(action.side, error)])
        ids = {own.side: own.id, action.side: written.id}
        link = replace(link, crm_id=ids[Side.CRM], books_id=ids[Side.BOOKS])
        await self._commit_create(link, own, action, intent, written)
        return Done("created")

    def _create_plan(
        self, row: Row, own: Record, action: Create, link: str, parent_link: Link | None
    ) -> Plan:
        return Plan(
            kind="create",
            entity=own.entity,
            side=action.side,
            source=row.key,
            link=link,
            values=action.values,
            base=_created_base(own, action.values),
            rules={reason.field: reason.rule for reason in action.reasons},
            cause=f"{row.key.side} {row.cls}",
            stamp=own.id,
            parent=parent_link.id_on(action.side) if parent_link else None,
            parent_link=parent_link.id if parent_link else None,
        )

    async def _commit_create(
        self, link: Link, own: Record, action: Create, intent: Intent, written: Written
    ) -> None:
        made = Record(action.side, own.entity, written.id, {**dict.fromkeys(own.values), **action.values})
        made = replace(made, version=written.version, parent=intent.parent, body=written.body or {})
        crm, books = (own, made) if own.side is Side.CRM else (made, own)
        base = {**_created_base(own, action.values), **_blank_base(own, action.values)}
        state = Progress(crm, books, base, unseen={action.side})
        self._adopt(link, action.side, action.values, written, state)
        link = replace(
            link,
            base=state.base,
            seen_crm=self._seen(Side.CRM, state),
            seen_books=self._seen(Side.BOOKS, state),
            persons=self._person_ids(link, state.books),
        )
        self.desk.store.links.create(link, self.desk.lease.fence)
        self.desk.store.intents.close(intent)
        self._clear_holds(link)
        await self._raise_children(link, state.books)

    async def _duplicate(self, row: Row, at: Situation, own: Record, error: DuplicateError) -> Outcome:
        """A taken value proposes a link and goes through the usual matching; it is never simply adopted."""
        side = own.side.other
        if error.existing_id and own.entity == CUSTOMER:
            key = RecordKey(row.key.connection, side, own.entity, error.existing_id)
            self.desk.store.index.add([(key, own.keys)])
            if (
                not self.desk.store.links.is_reserved(row.key.connection, side, [error.existing_id])
                and row.tries == 0
            ):
                raise TransientError(f"{side} already has this record; it is matched again")
        return self._quarantine(row, at, [_refusal(side, error)])

    async def _raise_children(self, link: Link, books: Record) -> None:
        """The commit that links a customer raises `wanted` for its Contacts and its Books persons."""
        if link.entity != CUSTOMER or PERSON not in self.desk.mapping.entities:
            return
        persons = list(await self.reader.crm_persons(link.crm_id))
        if books.body:
            persons += await self.reader.persons(link.books_id)
        for person in persons:
            self._hint(person.side, PERSON, person.id, person.parent)

    # --- ends ---------------------------------------------------------------------------------------

    def _end(self, row: Row, at: Situation, reason: str) -> Outcome:
        assert at.link is not None
        link = replace(at.link, state=LinkState.TOMBSTONE, reason=reason, held={})
        self.desk.store.links.move(link, self.desk.lease.fence)
        self.desk.store.history.decided(
            row.key, "unlink", self.desk.run, self.desk.clock.now(), link=link.id, sentence=reason
        )
        self._clear_holds(link)
        return Done("ended", reason)

    async def _deactivate(self, row: Row, at: Situation, reason: str) -> Outcome:
        assert at.link is not None
        if self.desk.connection.effective_mode is Mode.OBSERVE:
            self._would(row, "deactivate", (), link=at.link.id, sentence=reason)
            return Waits("mode", self._net(), "observe: would deactivate")
        try:
            intent = await self._set_active(row, at, active=False)
        except RefusedError as error:
            return self._quarantine(row, at, [_refusal(Side.BOOKS, error)], link=at.link)
        outcome = self._end(row, at, Ended.CRM_DELETED)
        self.desk.store.intents.close(intent)
        return outcome

    async def _set_active(self, row: Row, at: Situation, *, active: bool) -> Intent:
        assert at.link is not None
        assert isinstance(at.books, Record)
        intent, _ = await self.writer.write(
            Plan(
                kind="reactivate" if active else "deactivate",
                entity=at.link.entity,
                side=Side.BOOKS,
                source=row.key,
                link=at.link.id,
                values={},
                base={},
                rules={"active": "restored in CRM" if active else "deleted in CRM"},
                cause=f"{row.key.side} {row.cls}",
                target=at.books,
            )
        )
        self.reader.forget(at.link.entity, Side.BOOKS, at.books.id, at.books.parent)
        return intent

    async def _revive(self, row: Row, at: Situation, action: Revive) -> Outcome:
        """The link lives again; what was agreed before the delete is not trusted, so nothing is overwritten unread."""
        assert at.link is not None
        if action.reactivate and self.desk.connection.effective_mode is Mode.OBSERVE:
            self._would(row, "reactivate", (), link=at.link.id, sentence=action.reason)
            return Waits("mode", self._net(), "observe: would reactivate")
        intent = await self._set_active(row, at, active=True) if action.reactivate else None
        link = replace(
            at.link,
            state=LinkState.LIVE,
            reason=action.reason,
            base={},
            held={},
            seen_crm=None,
            seen_books=None,
        )
        self.desk.store.links.move(link, self.desk.lease.fence)
        if intent is not None:
            self.desk.store.intents.close(intent)
        now = self.desk.clock.now()
        self.desk.store.history.decided(row.key, "link", self.desk.run, now, link=link.id, rule=action.reason)
        self._hint(row.key.side, row.key.entity, row.key.id, row.parent)
        if link.entity == CUSTOMER and isinstance(at.books, Record):
            await self._raise_children(link, at.books)
        return Done("linked", action.reason)

    # --- holds --------------------------------------------------------------------------------------

    def _quarantine(
        self, row: Row, at: Situation, holds: Sequence[Hold], link: Link | None = None
    ) -> Outcome:
        own, link = at.own(), link or at.link
        self._hold_all(row, holds, link, own.label if isinstance(own, Record) else "")
        self.desk.store.cases.settle(hold_key(row.key, link), {hold.field for hold in holds})
        return Done("held", holds[0].sentence)

    def _hold_all(self, row: Row, holds: Sequence[Hold], link: Link | None, label: str = "") -> None:
        now, store, key = self.desk.clock.now(), self.desk.store, hold_key(row.key, link)
        for hold in holds:
            store.cases.hold(key, hold, now, label=label, link=link.id if link else None)
            store.history.decided(
                key,
                "held",
                self.desk.run,
                now,
                link=link.id if link else None,
                once=True,
                cause=hold.cause,
                sentence=hold.sentence,
                field=hold.field,
                crm=hold.crm,
                books=hold.books,
            )

    def _hint(self, side: Side, entity: str, id: str, parent: str | None) -> None:
        key = RecordKey(self.desk.connection.id, side, entity, id)
        keep = parent if side is Side.BOOKS else None
        self.desk.store.rows.hint(key, RowClass.LIVE, self.desk.clock.now(), parent=keep)

    def _net(self) -> datetime:
        return self.desk.clock.now() + timedelta(seconds=self.desk.connection.settings.wait_net_seconds)


def _created_base(own: Record, values: Mapping[str, Value]) -> dict[str, Base]:
    """What is agreed for the fields that a create carries."""
    if own.side is Side.CRM:
        return {name: Base(own.values[name], value) for name, value in values.items()}
    return {name: Base(value, own.values[name]) for name, value in values.items()}


def _blank_base(own: Record, values: Mapping[str, Value]) -> dict[str, Base]:
    """Fields that were blank at a create are agreed to be blank."""
    return {
        name: Base(value, None) if own.side is Side.CRM else Base(None, value)
        for name, value in own.values.items()
        if name not in values and is_blank(value)
    }


def _refusal(side: Side, error: RefusedError) -> Hold:
    product = "Books" if side is Side.BOOKS else "CRM"
    cause = f"refused by {product}:{error.code}" + (f":{error.field}" if error.field else "")
    return Hold(cause, f"{product} refused the record: {error.message} (code {error.code})")


def _same(moved: Link, link: Link) -> bool:
    return replace(moved, mapping_version=link.mapping_version) == link
