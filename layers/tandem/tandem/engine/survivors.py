"""Looks for the record that a merge left of a linked customer: neither product names it (dossiers crm §3, books §2).

CRM deletes the losing Account and moves its Contacts, or the losing Contact that is a customer of its own; Books makes
the losing customer inactive. What a merge takes over besides is not confirmed, so every sign is taken, the strongest
first, and a person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tandem.core.dealing import is_individual
from tandem.core.decide import Situation, Survivor
from tandem.core.entities import CUSTOMER, INDIVIDUAL, PERSON
from tandem.core.match import Candidate, HeldMatch, Matched, match
from tandem.core.records import Gone, Link, LinkState, MatchKeys, Record, RecordKey, Side
from tandem.engine.cases import hold_key
from tandem.engine.desk import Desk
from tandem.engine.families import Families
from tandem.engine.reader import Reader


@dataclass(frozen=True, slots=True)
class Survivors:
    """Looks for survivors for one desk."""

    desk: Desk
    reader: Reader

    async def find(self, link: Link, at: Situation) -> Survivor | None:
        """The survivor on the side where the customer is gone, or became inactive; None where nobody must look yet."""
        if link.entity not in (CUSTOMER, INDIVIDUAL) or link.state is not LinkState.LIVE:
            return None
        if isinstance(at.crm, Gone) and isinstance(at.books, Record):
            return await self._in_crm(link, at.books) if at.books.active and self._is_time(at) else None
        if isinstance(at.crm, Record) and _left_books(link, at):
            return await self._alike(link, await self.reader.with_emails(at.crm), Side.BOOKS)
        return None

    def _is_time(self, at: Situation) -> bool:
        """The delay of a delete is over, or a person decides."""
        if at.release is not None and at.release.approve:
            return True
        delay = timedelta(seconds=self.desk.connection.settings.delete_delay_seconds)
        return at.gone_since is not None and self.desk.clock.now() >= at.gone_since + delay

    async def _in_crm(self, link: Link, books: Record) -> Survivor | None:
        resource = self.desk.entity(link.entity).resource(Side.CRM)
        stamp = self.desk.entity(link.entity).crm_stamp
        stamped = (await self.desk.clients[Side.CRM].find(resource, stamp, [link.books_id])).bodies
        if found := await self._one(link, Side.CRM, stamped, "it has the stamp"):
            return found
        if found := await self._one(
            link, Side.CRM, await self._with_contacts(link, books), "it has the Contacts"
        ):
            return found
        return await self._alike(link, books, Side.CRM)

    async def _with_contacts(self, link: Link, books: Record) -> set[str]:
        """The Accounts that its linked Contacts have now: after a merge they are all in one."""
        ids = [one.crm_id for one in await Families(self.desk, self.reader).links(link, None, books)]
        if not ids:
            return set()
        await self.reader.load_crm(PERSON, ids)
        found = [await self.reader.crm(PERSON, id) for id in ids]
        accounts = {one.parent or "" for one in found if isinstance(one, Record)}
        return accounts if len(accounts) == 1 else set()

    async def _alike(self, link: Link, counterpart: Record, side: Side) -> Survivor | None:
        """Another record that would match the counterpart, were it not linked."""
        find, wanted = self.desk.store.index.find, _unstamped(counterpart)
        found = find(link.connection, link.entity, side, wanted)
        if link.entity == INDIVIDUAL and side is Side.CRM:  # a vendor's person is indexed as a person
            by_email = replace(wanted, keys=MatchKeys(emails=wanted.keys.emails))
            found = sorted({*found, *find(link.connection, PERSON, side, by_email)})
        records = [_unstamped(one) for one in await self._records(link, side, found) if one.active]
        result = match(_unstamped(counterpart), [Candidate(one) for one in records])
        if isinstance(result, Matched):
            return self._survivor(link, result.candidate.record, result.rule)
        if isinstance(result, HeldMatch) and result.rule == "name only" and len(result.candidates) == 1:
            return self._survivor(link, result.candidates[0].record, "the same name")
        return None

    async def _one(self, link: Link, side: Side, ids: Collection[str], how: str) -> Survivor | None:
        records = await self._records(link, side, sorted(ids))
        return self._survivor(link, records[0], how) if len(records) == 1 else None

    async def _records(self, link: Link, side: Side, ids: Sequence[str]) -> list[Record]:
        """Readable ones of `ids` but the link's own, and those that a person kept apart."""
        entity = link.entity
        key = hold_key(RecordKey(link.connection, Side.CRM, entity, link.crm_id), link)
        apart = self.desk.store.apart.of(key, ids)
        wanted = [id for id in ids if id and id != link.id_on(side) and id not in apart]
        if side is Side.CRM:
            await self.reader.load_crm(entity, wanted)
            found = [await self.reader.crm(entity, id) for id in wanted]
            if entity == CUSTOMER:
                await self.reader.load_crm_persons([one.id for one in found if isinstance(one, Record)])
            return [await self.reader.with_emails(one) for one in self._alike_in_kind(entity, found)]
        read = [await self.reader.books(entity, id, None) for id in wanted]
        return self._alike_in_kind(entity, read)

    def _alike_in_kind(self, entity: str, found: Sequence[Record | Gone]) -> list[Record]:
        """Those that are still there and, as far as they show, of that entity."""
        there = [one for one in found if isinstance(one, Record)]
        return [one for one in there if entity == CUSTOMER or self._is_of(entity, one)]

    def _is_of(self, entity: str, record: Record) -> bool:
        if entity == INDIVIDUAL and record.side is Side.CRM:
            return is_individual(record)  # as its link would go on with it
        return self.reader.dealt(record).entity == entity

    def _survivor(self, link: Link, record: Record, how: str) -> Survivor:
        held_by = self.desk.store.links.of(RecordKey(link.connection, record.side, link.entity, record.id))
        if held_by is None:
            return Survivor(record, how)
        has_ended = held_by.state is not LinkState.LIVE
        return Survivor(record, how, held_by.id_on(record.side.other), has_ended)


def _unstamped(record: Record) -> Record:
    """The stamps of a merged pair still name the loser."""
    return replace(record, keys=replace(record.keys, stamp=None))


def _left_books(link: Link, at: Situation) -> bool:
    """Gone in Books, or inactive and not seen so before: later looks would cost calls for nothing."""
    if isinstance(at.books, Gone):
        return True
    was_active = link.seen_books is None or link.seen_books.active
    return isinstance(at.books, Record) and not at.books.active and was_active
