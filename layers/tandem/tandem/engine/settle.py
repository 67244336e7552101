"""Settles open intents at the beginning of a drain: what did an interrupted or unanswered write come to?

A value equal to the intent is ours, not a user's edit (design, section 4). Nothing is written to Zoho here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tandem.core.canonical import folded, name_of, read_record
from tandem.core.decide import Ended
from tandem.core.entities import CUSTOMER, INDIVIDUAL, PERSON
from tandem.core.errors import ConditionFailedError
from tandem.core.oscillation import Fights
from tandem.core.records import Gone, Link, LinkState, MatchKeys, Record, RecordKey, RowClass, Side, Value
from tandem.engine.desk import Desk
from tandem.engine.gate import count_calls
from tandem.engine.history import EntryKind
from tandem.engine.intents import Intent
from tandem.engine.reader import Reader

LOOK_BACK = timedelta(minutes=10)
CLOCKS_APART = timedelta(seconds=5)


@dataclass(slots=True)
class Settler:
    """Looks at the target of each open intent whose time has come."""

    desk: Desk
    reader: Reader

    async def settle(self) -> set[str]:
        """Settle what is due; returns what the intents still open block (rows, targets, links)."""
        blocked: set[str] = set()
        now = self.desk.clock.now()
        for intent in self.desk.store.intents.all_open(self.desk.connection.id):
            is_early = now < intent.settle_after and not intent.has_happened
            if is_early or intent.entity not in self.desk.mapping.entities:
                blocked |= intent.blocks()
                continue
            await self._settle(intent)
        return blocked

    async def _settle(self, intent: Intent) -> None:
        kind: EntryKind
        count_calls()
        store = self.desk.store
        if intent.has_happened:
            kind, id = "write", intent.target
        elif intent.kind == "create":
            kind, id = await self._find_created(intent)
        else:
            kind, id = await self._look(intent), intent.target
        if kind == "write" and id is not None and not intent.has_happened:
            store.intents.happened(intent, id)
        now = self.desk.clock.now()
        store.history.written(intent, kind, now, settled=True, written_id=id)
        if kind == "write" and id is not None:
            await self._raise_children(intent, id)
            self._commit(intent, id)
        elif kind == "unknown" and intent.kind == "update":
            await self._commit_shown(intent)
        store.intents.close(intent)
        store.rows.hint(intent.source, RowClass.LIVE, now)

    async def _look(self, intent: Intent) -> EntryKind:
        """Did an update or a change of status happen? The target shows it, or is as it was read, or neither.

        Old values alone do not prove that nothing was written: a person may have put them back.
        """
        record = await self._target(intent)
        if isinstance(record, Gone):
            return "unknown"
        if intent.kind in ("deactivate", "reactivate"):
            return "write" if record.active == (intent.kind == "reactivate") else "not_written"
        if self._shows(intent, record, intent.after):
            return "write"
        is_untouched = record.version == intent.version and self._shows(intent, record, intent.before)
        return "not_written" if is_untouched else "unknown"

    async def _target(self, intent: Intent) -> Record | Gone:
        assert intent.target is not None
        if intent.side is Side.CRM:
            return await self.reader.crm(intent.entity, intent.target)
        return await self.reader.books(intent.entity, intent.target, intent.parent)

    def _shows(self, intent: Intent, record: Record, values: Mapping[str, Value]) -> bool:
        """The record shows these values, as far as the mapping still has their fields; of none it cannot say."""
        entity = self.desk.entity(intent.entity)
        known = [(mapped, value) for name, value in values.items() if (mapped := entity.find(name))]
        return bool(known or not values) and all(
            mapped.convert.key(intent.side, record.values.get(mapped.name))
            == mapped.convert.key(intent.side, value)
            for mapped, value in known
        )

    async def _find_created(self, intent: Intent) -> tuple[EntryKind, str | None]:
        """A created record carries our stamp; a Books person has none and is known by its name, else by its e-mail.

        Of an unlinked person that shows neither nobody can say whether it is ours, edited since, or somebody else.
        """
        free = [record for record in await self._candidates(intent) if self._is_free(intent, record)]
        found = [one for one in free if self._is_ours(intent, one)] or self._of_email(intent, free)
        if found:
            return "write", found[0].id
        if intent.side is Side.BOOKS and intent.entity == PERSON and free:
            return "unknown", None
        deleted = await self._deleted_since(intent) if intent.side is Side.CRM else None
        if deleted:
            return "write", deleted
        went_with_its_customer = (
            intent.side is Side.BOOKS and intent.parent and await self.reader.contact(intent.parent) is None
        )
        return ("unknown" if went_with_its_customer else "not_written"), None

    async def _deleted_since(self, intent: Intent) -> str | None:
        """What we made may be deleted before we look: made again, it would come back to whoever deleted it.

        /deleted shows no stamp. Ours is who showed the stamp when it was read, else who bears the name and was
        not known before. Its link is then made as if the answer had come, and the rule for deletes decides.
        """
        entity, index = self.desk.entity(intent.entity), self.desk.store.index
        place = (intent.connection, intent.entity, intent.side)
        name = folded(entity, name_of(intent.after))
        ours = index.ids(*place, MatchKeys(stamp=intent.source.id))
        known = index.ids(*place, MatchKeys(name=name)) - ours
        entries = await self.desk.clients[intent.side].deleted(
            entity.resource(intent.side), since=intent.at - CLOCKS_APART
        )
        for entry in entries:
            is_namesake = bool(name) and folded(entity, entry.name) == name and entry.id not in known
            key = RecordKey(intent.connection, intent.side, intent.entity, entry.id)
            if (entry.id in ours or is_namesake) and not self.desk.store.links.of(key):
                return entry.id
        return None

    def _is_free(self, intent: Intent, record: Record) -> bool:
        """Nobody has linked it with another record since."""
        link = self.desk.store.links.of(RecordKey(intent.connection, intent.side, intent.entity, record.id))
        return link is None or link.id_on(intent.source.side) == intent.source.id

    def _of_email(self, intent: Intent, free: Sequence[Record]) -> list[Record]:
        """Of a person renamed since: within a customer its e-mail is proof."""
        mapped = self.desk.entity(intent.entity).of_attribute("email")
        email = intent.after.get(mapped.name) if mapped else None
        if intent.side is Side.CRM or intent.entity != PERSON or not mapped or not email:
            return []
        return [one for one in free if self._shows(intent, one, {mapped.name: email})]

    def _is_ours(self, intent: Intent, record: Record) -> bool:
        if intent.side is Side.BOOKS and intent.entity == PERSON:
            # Its name alone will do, where somebody has changed the rest since: one already linked is not asked about.
            name = {"name": intent.after["name"]} if intent.after.get("name") else intent.after
            return self._shows(intent, record, name)
        return record.keys.stamp == intent.source.id

    async def _candidates(self, intent: Intent) -> list[Record]:
        resource = self.desk.entity(intent.entity).resource(intent.side)
        client = self.desk.clients[intent.side]
        if intent.side is Side.CRM:
            stamp = self.desk.entity(intent.entity).crm_stamp
            bodies = list((await client.find(resource, stamp, [intent.source.id])).bodies.values())
        elif intent.entity == PERSON:
            return await self.reader.persons(intent.parent or "")
        else:
            since = intent.at - LOOK_BACK
            page = await client.changed(resource, since=since, before=None, after=None)
            bodies = list(page.bodies)
            while page.next is not None and not page.reaches(since):
                page = await client.changed(resource, since=since, before=None, after=page.next)
                bodies += page.bodies
        return [read_record(self.desk.mapping, intent.entity, intent.side, body) for body in bodies]

    def _commit(self, intent: Intent, id: str) -> None:
        """What the write agreed becomes the base, marked with the new fence; what was seen is read again."""
        store, fence = self.desk.store, self.desk.lease.fence
        if intent.kind == "create":
            self._make_link(intent, id)
            return
        link = store.links.get(intent.connection, intent.link)
        if link is None:
            return
        if intent.kind == "deactivate":
            link = replace(link, state=LinkState.TOMBSTONE, reason=Ended.CRM_DELETED, held={})
        elif intent.kind == "reactivate":
            self._revive(link)
            return
        base = {**link.base, **intent.base}
        entity, settings = self.desk.entity(intent.entity), self.desk.connection.settings
        wrote = Fights(entity, settings, intent.at).note(link, intent.side, intent.before, intent.after)
        try:
            store.links.move(replace(link, base=base, seen_crm=None, seen_books=None, wrote=wrote), fence)
        except ConditionFailedError:
            return

    def _revive(self, link: Link) -> None:
        """The pair lives again, unless a person has linked one of the two with another record since."""
        reason = "readable again on both sides"
        fresh = replace(link, reason=reason, base={}, held={}, seen_crm=None, seen_books=None)
        with suppress(ConditionFailedError):
            self.desk.store.links.revive(fresh, self.desk.lease.fence)

    async def _raise_children(self, intent: Intent, id: str) -> None:
        """A customer found again after an unknown create: its persons become wanted, before its link is stored."""
        if intent.kind != "create" or intent.entity != CUSTOMER or PERSON not in self.desk.mapping.entities:
            return
        ids = {intent.source.side: intent.source.id, intent.side: id}
        persons = [*await self.reader.crm_persons(ids[Side.CRM]), *await self.reader.persons(ids[Side.BOOKS])]
        for person in persons:
            key = RecordKey(intent.connection, person.side, PERSON, person.id)
            parent = person.parent if person.side is Side.BOOKS else None
            self.desk.store.rows.hint(key, RowClass.LIVE, self.desk.clock.now(), parent=parent)

    async def _commit_shown(self, intent: Intent) -> None:
        """Somebody else changed some of the written fields since: the others show what we wrote, and are agreed."""
        record, link = await self._target(intent), self.desk.store.links.get(intent.connection, intent.link)
        if isinstance(record, Gone) or link is None:
            return
        ours = {
            name: base
            for name, base in intent.base.items()
            if name in intent.after and self._shows(intent, record, {name: intent.after[name]})
        }
        if ours:
            agreed = replace(link, base={**link.base, **ours}, seen_crm=None, seen_books=None)
            with suppress(ConditionFailedError):
                self.desk.store.links.move(agreed, self.desk.lease.fence)

    def _make_link(self, intent: Intent, id: str) -> None:
        ids = {intent.source.side: intent.source.id, intent.side: id}
        restored = self.desk.connection.restored_at
        link = Link(
            connection=intent.connection,
            id=intent.link,
            entity=intent.entity,
            crm_id=ids[Side.CRM],
            books_id=ids[Side.BOOKS],
            parent=intent.parent_link,
            base=intent.base,
            mapping_version=intent.mapping_version or self.desk.mapping.version,
            in_scope=intent.source.side is Side.CRM and intent.entity in (CUSTOMER, INDIVIDUAL),
            reason="created, found again after an unknown outcome",
            trusted=not restored or intent.at > datetime.fromisoformat(restored),
        )
        try:
            self.desk.store.links.create(link, self.desk.lease.fence)
        except ConditionFailedError:
            return
