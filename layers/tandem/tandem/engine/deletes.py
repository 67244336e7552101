"""What was deleted in CRM, and what is back: Books has no such lists (dossier books §2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tandem.core.connection import Connection
from tandem.core.decide import Ended
from tandem.core.mapping import Mapping
from tandem.core.records import LinkState, RecordKey, Side
from tandem.engine.cursors import listings
from tandem.engine.desk import Store
from tandem.engine.feeds import asking
from tandem.engine.ports import Clock, SideClient
from tandem.engine.rows import Row

LONG_AFTER = timedelta(minutes=1)
"""Beyond what clocks may differ by: a delete so much older than its record's handling was seen by it."""


@dataclass(frozen=True, slots=True)
class Deletes:
    """The deletes and restores of one connection; `hint` makes a row of the to-do list wanted."""

    store: Store
    connection: Connection
    mapping: Mapping
    crm: SideClient
    clock: Clock
    hint: Callable[[RecordKey], None]

    async def poll(self, following: datetime) -> None:
        """Hint what was deleted since the last look, and what is back; `following`: when to look again."""
        for entity, side in listings(self.mapping):
            if side is Side.CRM:
                await self._deleted(entity, following)
        await self._restored()

    async def _deleted(self, entity: str, following: datetime) -> None:
        """CRM's /deleted: linked records, and unlinked ones that are held, are hinted; the writer confirms by a GET."""
        cursor = self.store.cursors.read(self.connection.id, f"deleted#{entity}")
        now = self.clock.now().replace(microsecond=0)
        if cursor.due is not None and now < cursor.due:
            return
        overlap = timedelta(seconds=self.connection.settings.overlap_seconds)
        since = cursor.mark - overlap if cursor.mark else None
        with asking(Side.CRM, f"list what was deleted of {entity}"):
            entries = await self.crm.deleted(self.mapping.entities[entity].resource(Side.CRM), since=since)
        told = {self._key(entity, entry.id): entry.at for entry in entries}
        links = self.store.links.of_many(list(told))
        live = [key for key, link in links.items() if link.state is LinkState.LIVE]
        rows = self.store.rows.read_many([*live, *(key for key in told if key not in links)])
        held = [key for key in rows if key not in links and self._is_held(rows[key])]
        for key in [*live, *held]:
            if not _is_old_news(told[key], rows.get(key)):
                self.hint(key)
        self.store.cursors.move(self.connection.id, replace(cursor, mark=now, due=following))

    def _is_held(self, row: Row) -> bool:
        return row.handled_gone is None and bool(self.store.cases.holds_of(row.key))

    async def _restored(self) -> None:
        """Tombstones of deleted CRM records are asked for, 50 a query: what is readable again revives."""
        cursor = self.store.cursors.read(self.connection.id, "restored")
        now = self.clock.now()
        if cursor.due is not None and now < cursor.due:
            return
        for entity in self.mapping.entities:
            await self._ask_for(entity)
        pause = timedelta(seconds=self.connection.settings.tombstone_seconds)
        self.store.cursors.move(self.connection.id, replace(cursor, due=now + pause))

    async def _ask_for(self, entity: str) -> None:
        connection = self.connection.id
        ids = self.store.links.ids(connection, entity, LinkState.TOMBSTONE)
        links = [link for id in ids if (link := self.store.links.get(connection, id))]
        gone = [link for link in links if link.reason in (Ended.CRM_DELETED, Ended.CRM_DELETED_KEPT)]
        if not gone:
            return
        resource = self.mapping.entities[entity].resource(Side.CRM)
        with asking(Side.CRM, f"say what was restored of {entity}"):
            batch = await self.crm.read(resource, [link.crm_id for link in gone])
        for id in batch.bodies:
            self.hint(self._key(entity, id))

    def _key(self, entity: str, id: str) -> RecordKey:
        return RecordKey(self.connection.id, Side.CRM, entity, id)


def _is_old_news(deleted_at: datetime, row: Row | None) -> bool:
    """The record was handled as gone long after this delete: a page that overlaps tells it again."""
    handled = row.handled_gone if row is not None else None
    return handled is not None and deleted_at < handled - LONG_AFTER
