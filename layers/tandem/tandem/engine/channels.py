"""CRM's notification channel: CRM ends it in silence after 7 days at most (dossier crm §5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tandem.core.connection import Connection
from tandem.core.errors import RefusedError
from tandem.core.mapping import Mapping
from tandem.engine.desk import Store
from tandem.engine.ports import Clock, SideClient

DAY = timedelta(days=1)
CHANNEL_LIFE = timedelta(days=7) - timedelta(minutes=1)
"""A longer life is silently made one hour."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of one connection."""

    store: Store
    connection: Connection
    mapping: Mapping
    crm: SideClient
    clock: Clock

    async def keep(self) -> None:
        """Move their end on each day. One that cannot be moved is told once, keeps its end, and is tried daily."""
        connection, now = self.connection, self.clock.now()
        if not connection.crm_channels or not connection.crm_channel_expiry:
            return
        if datetime.fromisoformat(connection.crm_channel_expiry) - now > CHANNEL_LIFE - DAY:
            return
        cursor = self.store.cursors.read(connection.id, "channel")
        if cursor.due is not None and now < cursor.due:
            return
        until = now + CHANNEL_LIFE
        try:
            for channel in connection.crm_channels:
                until = await self.crm.extend_channel(channel, self._events(), until) or until
        except RefusedError as error:
            self.store.cases.alert_once(
                connection.id,
                "channel ended",
                f"Tandem: CRM notifications of {connection.id} have ended",
                f"CRM would not extend the notification channel ({error.code}). Changes still come with the tick, "
                "some minutes late. Subscribe again: tandem connect",
                now,
            )
            self.store.cursors.move(connection.id, replace(cursor, due=now + DAY))
            return
        self.store.connections.set(connection.id, crm_channel_expiry=until.isoformat())

    def _events(self) -> list[str]:
        modules = dict.fromkeys(entity.crm_module for entity in self.mapping.entities.values())
        return [f"{module}.{event}" for module in modules for event in ("create", "edit", "delete")]
