"""Links that go on with other records: after a merge with its survivor, after a move at the new customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tandem.core.actions import Move, Relink
from tandem.core.decide import Ended, Situation
from tandem.core.entities import PERSON
from tandem.core.errors import ConditionFailedError
from tandem.core.outcomes import Done, Outcome, Waits
from tandem.core.records import Link, LinkState, Record, RecordKey, Side
from tandem.engine.desk import Desk
from tandem.engine.first_link import FirstLinks
from tandem.engine.links import new_link_id
from tandem.engine.pairs import Pairs
from tandem.engine.reader import Reader
from tandem.engine.recorder import Recorder
from tandem.engine.rows import Row


@dataclass(frozen=True, slots=True)
class Relinks:
    """Relinks and moves for one desk."""

    desk: Desk
    reader: Reader
    records: Recorder
    pairs: Pairs
    firsts: FirstLinks

    async def carry_out(self, row: Row, at: Situation, action: Relink | Move) -> Outcome:
        """One of the two."""
        return self._move(at, action) if isinstance(action, Move) else await self._relink(row, at, action)

    async def _relink(self, row: Row, at: Situation, action: Relink) -> Outcome:
        """Hand the link over to the survivor with its persons, then sync what differs."""
        assert at.link is not None
        assert at.survivor is not None
        side, survivor, before = action.side, at.survivor.record, at.link
        persons = await self.pairs.families.links(before, at.crm, at.books)
        at = replace(at, crm=survivor) if side is Side.CRM else replace(at, books=survivor)
        written = {name for values in action.sync.writes.values() for name in values}
        agreed = {name: base for name, base in action.sync.base.items() if name not in written}
        fresh = replace(
            before,
            base=agreed,
            held={},
            edits={},
            seen_crm=None,
            seen_books=None,
            mapping_version=self.desk.mapping.version,
            trusted=True,
            reason=action.rule,
        )
        assert isinstance(at.books, Record)
        if side is Side.BOOKS:
            fresh = replace(fresh, persons=(), stamp_taken=True)
            self._free_contacts(persons, await self.reader.persons(survivor.id))
        self.hint_contacts(persons)
        await self.firsts.raise_children(fresh.with_id(side, survivor.id), at.books)
        self.records.hint(
            side, before.entity, survivor.id, None
        )  # a crash after the next step leaves it to this row
        try:
            link = self.desk.store.links.relink(
                fresh, side, survivor.id, self._tombstone(before, side), self.desk.lease.fence
            )
        except ConditionFailedError:
            return Waits("time", self.desk.clock.now(), "a record of the pair was linked meanwhile")
        self._tell(row, link, action)
        self.desk.store.cases.settle(RecordKey(link.connection, Side.CRM, link.entity, before.crm_id), set())
        self.records.clear_holds(link)
        return await self.pairs.sync(row, link, replace(at, link=link), action.sync)

    def _tombstone(self, link: Link, side: Side) -> Link:
        """Keeps the record that was merged away from being matched or made again."""
        return Link(
            connection=link.connection,
            id=new_link_id(link.connection, side, link.id_on(side), self.desk.clock.now()),
            entity=link.entity,
            crm_id=link.crm_id,
            books_id=link.books_id,
            parent=link.parent,
            state=LinkState.TOMBSTONE,
            mapping_version=link.mapping_version,
            reason=Ended.MERGED,
        )

    def _tell(self, row: Row, link: Link, action: Relink) -> None:
        self.desk.store.history.decided(
            row.key,
            "link",
            self.desk.run,
            self.desk.clock.now(),
            link=link.id,
            reasons=action.sync.reasons,
            rule=action.rule,
            crm_id=link.crm_id,
            books_id=link.books_id,
        )

    def _move(self, at: Situation, action: Move) -> Outcome:
        """End the link of a Contact that left its customer; its row is decided afresh at the new one."""
        assert at.link is not None
        self._part(at.link, action.reason)
        self.records.hint(Side.CRM, at.link.entity, at.link.crm_id, None)
        return Done("ended", Ended.MOVED)

    def _part(self, link: Link, reason: str) -> None:
        ended = replace(link, reason=Ended.MOVED, base={}, held={}, edits={})
        self.desk.store.links.part(ended, Side.CRM, self.desk.lease.fence)
        key = RecordKey(link.connection, Side.CRM, link.entity, link.crm_id)
        self.desk.store.history.decided(
            key,
            "unlink",
            self.desk.run,
            self.desk.clock.now(),
            link=link.id,
            sentence=f"{Ended.MOVED}: {reason}",
        )
        self.records.clear_holds(link)

    def _free_contacts(self, persons: Sequence[Link], kept: Sequence[Record]) -> None:
        """Contacts whose Books person stayed with the merged customer are matched or made at the survivor."""
        there = {person.id for person in kept}
        for link in persons:
            if link.state is LinkState.LIVE and link.books_id not in there:
                self._part(link, "its customer was merged in Books")

    def hint_contacts(self, persons: Sequence[Link]) -> None:
        """What becomes of a customer decides for its Contacts too."""
        for link in persons:
            if link.state is LinkState.LIVE:
                self.records.hint(Side.CRM, PERSON, link.crm_id, None)
