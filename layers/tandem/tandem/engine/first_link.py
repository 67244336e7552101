"""First links and creates: two unlinked records become a pair, or one gets its counterpart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from tandem.core.actions import Create, LinkPair
from tandem.core.decide import Situation
from tandem.core.entities import CUSTOMER, INDIVIDUAL, PERSON
from tandem.core.errors import ConditionFailedError, DuplicateError, GoneError, RefusedError, TransientError
from tandem.core.match import STAMP
from tandem.core.outcomes import Done, Outcome, Waits
from tandem.core.records import Base, Link, Mode, Record, RecordKey, Side, Value, editors_of, is_blank
from tandem.engine.cases import hold_key
from tandem.engine.desk import Desk
from tandem.engine.families import person_ids
from tandem.engine.intents import Intent
from tandem.engine.links import new_link_id
from tandem.engine.pairs import Pairs, Progress
from tandem.engine.ports import Written
from tandem.engine.reader import Reader
from tandem.engine.recorder import Recorder, refusal
from tandem.engine.rows import Row
from tandem.engine.writer import Plan, Writer

PARENT_SETTLES = 60
"""Seconds beyond the delay of a delete after which a customer that is gone has lost its link."""


@dataclass(frozen=True, slots=True)
class FirstLinks:
    """Links and creates for one desk."""

    desk: Desk
    reader: Reader
    writer: Writer
    records: Recorder
    pairs: Pairs

    async def link(self, row: Row, at: Situation, action: LinkPair, parent_link: Link | None) -> Outcome:
        """Reserve both records, then sync what differs."""
        key = row.key
        own = at.own()
        assert isinstance(own, Record)
        other = await self._counterpart(key, action.counterpart, own, parent_link)
        crm, books = (own, other) if key.side is Side.CRM else (other, own)
        link = self._new_link(row, crm.id, books.id, parent_link, f"linked by {action.rule}")
        written = {name for values in action.sync.writes.values() for name in values}
        agreed = {name: base for name, base in action.sync.base.items() if name not in written}
        await self.raise_children(link, books)
        self.desk.store.rows.count_no_more(replace(key, side=other.side, id=other.id))
        try:
            new = replace(link, base=agreed, trusted=action.rule != STAMP)
            link = self.desk.store.links.create(new, self.desk.lease.fence)
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
        self.records.clear_holds(link)
        pair = replace(at, link=link, crm=crm, books=books)
        return await self.pairs.sync(row, link, pair, action.sync)

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

    async def create(self, row: Row, at: Situation, action: Create, parent_link: Link | None) -> Outcome:
        """Insert the counterpart, stamped with the source's id, and link it."""
        own = at.own()
        assert isinstance(own, Record)
        if self.desk.connection.effective_mode is Mode.OBSERVE:
            self.records.would(
                row, "create", action.reasons, side=str(action.side), after=dict(action.values)
            )
            return Waits("mode", self.records.net(), "observe: would create")
        link = self._new_link(row, "", "", parent_link, "created")
        plan = self._create_plan(row, own, action, link.id, parent_link)
        try:
            intent, written = await self.writer.write(plan)
        except DuplicateError as error:
            return self._duplicate(row, at, own, error)
        except RefusedError as error:
            if parent_link is not None and self._is_about_parent(action.side, own.entity, error):
                return self._parent_is_gone(action.side, parent_link)
            return self.records.quarantine(row, at, [refusal(action.side, error)])
        ids = {own.side: own.id, action.side: written.id}
        link = replace(link, crm_id=ids[Side.CRM], books_id=ids[Side.BOOKS])
        await self._commit_create(link, own, action, intent, written)
        return Done("created")

    def _is_about_parent(self, side: Side, entity: str, error: RefusedError) -> bool:
        """Books says that there is no such customer, CRM that the lookup names none."""
        parent_field = self.desk.entity(entity).resource(side).parent_field
        return isinstance(error, GoneError) or (bool(error.field) and error.field == parent_field)

    def _parent_is_gone(self, side: Side, parent_link: Link) -> Outcome:
        """The customer's own row finds that out, and what becomes of it decides for its persons.

        Where that is held for a person to decide, asking again before they have would only cost calls.
        """
        gone, sentence = parent_link.id_on(side), "its customer is gone"
        key = RecordKey(parent_link.connection, side, CUSTOMER, gone)
        if self.desk.store.cases.holds_of(hold_key(key, parent_link)):
            return Waits("delete", self.records.net(), f"{sentence}, and a person is asked about it")
        self.reader.forget(CUSTOMER, side, gone, None)
        self.records.hint(side, CUSTOMER, gone, None)
        wait = self.desk.connection.settings.delete_delay_seconds + PARENT_SETTLES
        return Waits("delete", self.desk.clock.now() + timedelta(seconds=wait), sentence)

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
            base={**self._carried_base(own, action.values), **self._blank_base(own, action.values)},
            rules={reason.field: reason.rule for reason in action.reasons},
            reasons=action.reasons,
            editors=editors_of(own),
            cause=f"{row.key.side} {row.cls}",
            stamp=own.id,
            parent=parent_link.id_on(action.side) if parent_link else None,
            parent_link=parent_link.id if parent_link else None,
        )

    async def _commit_create(
        self, link: Link, own: Record, action: Create, intent: Intent, written: Written
    ) -> None:
        mapped = self.desk.entity(own.entity)
        blank = {name: mapped.field(name).convert.blank(action.side) for name in own.values}
        made = Record(action.side, own.entity, written.id, {**blank, **action.values})
        self.reader.expect_no_persons(action.side, own.entity, written.id)
        made = replace(made, version=written.version, parent=intent.parent, body=written.body or {})
        crm, books = (own, made) if own.side is Side.CRM else (made, own)
        state = Progress(crm, books, dict(intent.base))
        self.pairs.adopt(link, action.side, action.values, written, state)
        if action.awaits or action.values.keys() - intent.base.keys():
            # Awaited links and defaults come back to the source, whose row must be no echo.
            state.foreign.add(own.side)
            self.records.hint(own.side, own.entity, own.id, own.parent)
        link = replace(
            link,
            base=state.base,
            seen_crm=self.pairs.seen(link, Side.CRM, state),
            seen_books=self.pairs.seen(link, Side.BOOKS, state),
            in_scope=own.side is Side.CRM and own.entity in (CUSTOMER, INDIVIDUAL),
            persons=person_ids(link, state.books),
        )
        await self.raise_children(link, state.books)
        self.desk.store.links.create(link, self.desk.lease.fence)
        self.desk.store.intents.close(intent)
        self.records.clear_holds(link)

    def _carried_base(self, own: Record, values: Mapping[str, Value]) -> dict[str, Base]:
        """What is agreed for the fields that a create carries; a default is not, where it can come back.

        The state of a record that is made in Books is agreed without being carried: Books makes it active.
        """
        mapped, base = self.desk.entity(own.entity), {}
        state = mapped.state
        if state is not None and own.side is Side.CRM and not is_blank(shown := own.values.get(state.name)):
            base[state.name] = Base(shown, state.convert.translate(Side.CRM, shown))
        for name, value in values.items():
            shown = own.values[name]
            if not is_blank(shown) or not mapped.field(name).may_write(own.side):
                base[name] = Base(shown, value) if own.side is Side.CRM else Base(value, shown)
        return base

    def _blank_base(self, own: Record, values: Mapping[str, Value]) -> dict[str, Base]:
        """Fields that were blank at a create are agreed to be blank."""
        base = {}
        for mapped in self.desk.entity(own.entity).fields:
            if mapped.name in own.values and mapped.name not in values and is_blank(own.values[mapped.name]):
                base[mapped.name] = Base(mapped.convert.blank(Side.CRM), mapped.convert.blank(Side.BOOKS))
        return base

    def _duplicate(self, row: Row, at: Situation, own: Record, error: DuplicateError) -> Outcome:
        """A taken value proposes a link and goes through the usual matching; it is never simply adopted."""
        side = own.side.other
        if error.existing_id and own.entity != PERSON:
            key = RecordKey(row.key.connection, side, own.entity, error.existing_id)
            self.desk.store.index.add([(key, own.keys)])
            if (
                not self.desk.store.links.is_reserved(row.key.connection, side, [error.existing_id])
                and row.tries == 0
            ):
                raise TransientError(f"{side} already has this record; it is matched again")
        return self.records.quarantine(row, at, [refusal(side, error)])

    async def raise_children(self, link: Link, books: Record) -> None:
        """Just before a customer's link is committed, its Contacts and its Books persons become wanted.

        Before, so that a crash between the two loses none of them: they wait for the parent and are raised again.
        """
        if link.entity != CUSTOMER or PERSON not in self.desk.mapping.entities:
            return
        persons = list(await self.reader.crm_persons(link.crm_id))
        if books.body:
            persons += await self.reader.persons(link.books_id)
        for person in persons:
            self.records.hint(person.side, PERSON, person.id, person.parent)
