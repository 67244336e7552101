"""Carries out one decision about one row (design, section 4)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tandem.core.actions import (
    Action,
    Create,
    Deactivate,
    LeftOut,
    LinkPair,
    Move,
    Noop,
    Quarantine,
    Relink,
    Revive,
    Sync,
    Unlink,
    Wait,
)
from tandem.core.decide import Ended, Situation
from tandem.core.entities import CUSTOMER
from tandem.core.errors import ConditionFailedError, GoneError, RefusedError
from tandem.core.outcomes import Done, Outcome, Waits
from tandem.core.records import Gone, Link, LinkState, Mode, Record, Side
from tandem.engine.bulk import Bulk
from tandem.engine.desk import Desk
from tandem.engine.first_link import FirstLinks
from tandem.engine.intents import Intent
from tandem.engine.links import BY_HAND
from tandem.engine.pairs import Pairs
from tandem.engine.reader import Reader
from tandem.engine.recorder import Recorder, refusal
from tandem.engine.relink import Relinks
from tandem.engine.rows import Row
from tandem.engine.writer import Plan, Writer


class Performer:
    """Turns an action about one row into writes, rows and an outcome."""

    def __init__(
        self, desk: Desk, reader: Reader, flight: asyncio.Semaphore, bulk: Bulk | None = None
    ) -> None:
        self.desk = desk
        self.reader = reader
        self.writer = Writer(desk, flight, bulk)
        self.records = Recorder(desk)
        self.pairs = Pairs(desk, reader, self.writer, self.records)
        self.firsts = FirstLinks(desk, reader, self.writer, self.records, self.pairs)
        self.relinks = Relinks(desk, reader, self.records, self.pairs, self.firsts)

    async def perform(self, row: Row, at: Situation, action: Action, parent_link: Link | None) -> Outcome:
        """Carry out `action`; raises what a write raised, after everything that did happen is committed."""
        match action:
            case Noop(reason) | LeftOut(reason):
                self.records.end_holds(row, at, is_left_out=isinstance(action, LeftOut))
                return Done("noop" if isinstance(action, Noop) else "left_out", reason)
            case Wait(waits_for, sentence, until):
                return Waits(waits_for, until or self.records.net(), sentence)  # type: ignore[arg-type]
            case Quarantine(hold):
                self._forget_seen(at.link)
                return self.records.quarantine(row, at, [hold])
            case Unlink(reason):
                return await self._unlink(row, at, reason)
            case Deactivate(reason):
                return await self._deactivate(row, at, reason)
            case Revive():
                return await self._revive(row, at, action)
            case Relink() | Move():
                return await self.relinks.carry_out(row, at, action)
            case LinkPair():
                return await self.firsts.link(row, at, action, parent_link)
            case Create():
                return await self.firsts.create(row, at, action, parent_link)
            case Sync():
                assert at.link is not None
                if at.link.reason == BY_HAND and not at.link.base and isinstance(at.books, Record):
                    await self.firsts.raise_children(at.link, at.books)
                return await self.pairs.sync(row, at.link, at, action)

    def _forget_seen(self, link: Link | None) -> None:
        """A pair that is held as a whole is no echo when it shows again what it showed before: the hold may be over."""
        if (
            link is None
            or link.state is not LinkState.LIVE
            or (link.seen_crm, link.seen_books) == (None, None)
        ):
            return
        self.desk.store.links.move(replace(link, seen_crm=None, seen_books=None), self.desk.lease.fence)

    async def _unlink(self, row: Row, at: Situation, reason: str) -> Outcome:
        """A guard's stop holds back this too: a side that seems gone may come back."""
        if self.desk.connection.guard is None:
            return await self._end(row, at, reason)
        self.records.would(row, "unlink", (), link=at.link.id if at.link else None, sentence=reason)
        return Waits("mode", self.records.net(), "a guard stopped the connection: would unlink")

    async def _end(self, row: Row, at: Situation, reason: str) -> Outcome:
        assert at.link is not None
        link = replace(at.link, state=LinkState.TOMBSTONE, reason=reason, held={})
        self.desk.store.links.move(link, self.desk.lease.fence)
        self.desk.store.history.decided(
            row.key, "unlink", self.desk.run, self.desk.clock.now(), link=link.id, sentence=reason
        )
        self.records.clear_holds(link)
        self.desk.store.outside.clear(link)
        if link.entity == CUSTOMER and isinstance(at.crm, Gone):
            self.relinks.hint_contacts(await self.pairs.families.links(link, at.crm, at.books))
        self._doubt_customer(link)
        return Done("ended", reason)

    def _doubt_customer(self, link: Link) -> None:
        """A person was found gone with its whole Books customer, of which Books tells nobody: its link ends too."""
        parent = self.desk.store.links.get(link.connection, link.parent) if link.parent else None
        if parent is not None and self.reader.knows_gone(parent.books_id):
            self.records.hint(Side.BOOKS, CUSTOMER, parent.books_id, None)

    async def _deactivate(self, row: Row, at: Situation, reason: str) -> Outcome:
        assert at.link is not None
        if self.desk.connection.effective_mode is Mode.OBSERVE:
            self.records.would(row, "deactivate", (), link=at.link.id, sentence=reason)
            return Waits("mode", self.records.net(), "observe: would deactivate")
        try:
            intent = await self._set_active(row, at, active=False)
        except GoneError:
            self.reader.forget(at.link.entity, Side.BOOKS, at.link.books_id, None)
            raise
        except RefusedError as error:
            return self.records.quarantine(row, at, [refusal(Side.BOOKS, error)], link=at.link)
        outcome = await self._end(row, at, Ended.CRM_DELETED)
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
        """The link lives again; what was agreed before is not trusted, so nothing is overwritten unread."""
        ended = at.link or at.former
        assert ended is not None
        if action.reactivate and self.desk.connection.effective_mode is Mode.OBSERVE:
            self.records.would(row, "reactivate", (), link=ended.id, sentence=action.reason)
            return Waits("mode", self.records.net(), "observe: would reactivate")
        intent = await self._set_active(row, at, active=True) if action.reactivate else None
        fresh = replace(ended, reason=action.reason, base={}, held={}, seen_crm=None, seen_books=None)
        try:
            link = self.desk.store.links.revive(fresh, self.desk.lease.fence)
        except ConditionFailedError:
            return Waits("time", self.desk.clock.now(), "a record of the pair was linked meanwhile")
        if intent is not None:
            self.desk.store.intents.close(intent)
        now = self.desk.clock.now()
        self.desk.store.history.decided(row.key, "link", self.desk.run, now, link=link.id, rule=action.reason)
        self.records.hint(row.key.side, row.key.entity, row.key.id, row.parent)
        if link.entity == CUSTOMER and isinstance(at.books, Record):
            await self.firsts.raise_children(link, at.books)
        return Done("linked", action.reason)
