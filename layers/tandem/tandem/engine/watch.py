"""The watch over a round: what people and programs did to linked records is counted before anything is written.

A record counts when it is read and differs from the last agreement; first links and creates never do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tandem.core.connection import Settings
from tandem.core.entities import PERSON
from tandem.core.errors import TandemError
from tandem.core.guards import Noted, Tripped, changed_fields, trip
from tandem.core.records import Gone, Link, LinkState, Mode, Record, RecordKey, Side
from tandem.engine.desk import Desk
from tandem.engine.reader import Reader
from tandem.engine.rows import Row


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at the rows of one round before anything is written for them."""

    desk: Desk
    reader: Reader
    own: Mapping[RecordKey, Record | Gone]
    links: Mapping[RecordKey, Link]

    async def stop(self, rows: Sequence[Row]) -> str:
        """Why nothing may be written, in words; empty where no threshold is passed. A stop is kept and alerted."""
        now = self.desk.clock.now()
        if not self._is_on:
            return ""
        tripped = self._count([one for row in rows if (one := self._noted(row, now)) is not None])
        if tripped is None:
            return ""
        for row in rows:
            if isinstance(self.own[row.key], Gone):
                self.desk.store.rows.note_gone(row, now)
        return self._keep(tripped, await self._others(tripped, rows))

    def stop_at_gone(self, key: RecordKey) -> str:
        """The same for a record that was found to be gone while its counterpart was handled: is it one too many?

        A person never counts: it goes with its customer.
        """
        now = self.desk.clock.now()
        if not self._is_on or key.entity == PERSON or self._is_passed(None, now):
            return ""
        tripped = self._count([Noted(key.side, key.entity, key.id, now, gone=True)])
        return "" if tripped is None else self._keep(tripped, ())

    @property
    def _is_on(self) -> bool:
        connection = self.desk.connection
        return connection.effective_mode is Mode.WRITE and _any_on(connection.settings)

    def _count(self, noted: Sequence[Noted]) -> Tripped | None:
        if not noted:
            return None
        connection, now = self.desk.connection, self.desk.clock.now()
        known = self.desk.store.guards.note(connection.id, noted, connection.settings, now)
        return trip(known, connection.settings, self._count_links, now)

    def _keep(self, tripped: Tripped, others: Sequence[str]) -> str:
        now, connection = self.desk.clock.now(), self.desk.connection.id
        sentence = self.desk.store.guards.stop(connection, tripped, now, others=others)
        return f"{tripped.guard}: {sentence}"

    async def _others(self, tripped: Tripped, rows: Sequence[Row]) -> Sequence[str]:
        """Who edited the counterpart of one of these records last: one look, where it can be had."""
        for row in rows:
            link = self.links.get(row.key)
            if row.key.side is not tripped.side or row.key.entity == PERSON or link is None:
                continue
            try:
                if row.key.side is Side.CRM:
                    other = await self.reader.books(row.key.entity, link.books_id, None)
                else:
                    other = await self.reader.crm(row.key.entity, link.crm_id)
            except TandemError:
                return ()
            return (other.edited_by,) if isinstance(other, Record) and other.edited_by else ()
        return ()

    def _noted(self, row: Row, now: datetime) -> Noted | None:
        """What somebody did to a linked record since a person last approved; None if nothing that travels."""
        key, own, link = row.key, self.own[row.key], self.links.get(row.key)
        if link is None or link.state is not LinkState.LIVE:
            return None
        if isinstance(own, Gone):
            passed = self._is_passed(row.gone_since or now, now)
            alone = key.entity != PERSON
            return Noted(key.side, key.entity, key.id, now, gone=True) if alone and not passed else None
        fields = changed_fields(self.desk.entity(key.entity), self.desk.as_mapped(link), own)
        if not fields or self._is_passed(own.version, now):
            return None
        return Noted(key.side, key.entity, key.id, now, own.edited_by or "", fields)

    def _is_passed(self, moment: datetime | None, now: datetime) -> bool:
        """It was done before a person's approval; where its time is not known, for one window after that."""
        if not self.desk.connection.guard_passed:
            return False
        passed = datetime.fromisoformat(self.desk.connection.guard_passed)
        window = timedelta(minutes=self.desk.connection.settings.guard_minutes)
        return moment <= passed if moment is not None else now - passed <= window

    def _count_links(self) -> int:
        ids, connection = self.desk.store.links.ids, self.desk.connection.id
        return sum(len(ids(connection, entity, LinkState.LIVE)) for entity in self.desk.mapping.entities)


def _any_on(settings: Settings) -> bool:
    return bool(
        settings.mass_change_records or settings.mass_delete_records or settings.value_collapse_records
    )
