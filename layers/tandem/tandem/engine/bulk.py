"""Guarded CRM updates of many units in few calls, where each record of a call is known to be guarded (design, 4).

`If-Unmodified-Since` on a bulk update is UNCONFIRMED: setting `crm_bulk_guard`, off by default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tandem.core.errors import RefusedError, TandemError
from tandem.core.mapping import Resource
from tandem.core.records import Side
from tandem.engine.desk import Desk
from tandem.engine.ports import Change, Written

MOST = 100
"""Records in one call (dossier crm §2)."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """One update, and its result once the call was made."""

    resource: Resource
    change: Change
    guard: datetime
    result: asyncio.Future[Written]


@dataclass(slots=True)
class Bulk:
    """Gathers updates until every unit that still runs waits for one, or a call is full."""

    desk: Desk
    units: int = 0
    """Units that have not ended yet: each either waits here or may still come."""
    _waiting: list[_Waiting] = field(default_factory=list)
    _calls: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def is_on(self) -> bool:
        """The operator has said that a bulk update guards each of its records."""
        return self.desk.connection.settings.crm_bulk_guard == "per_item"

    def leave(self) -> None:
        """A unit has ended."""
        self.units -= 1
        self._go()

    async def update(self, resource: Resource, id: str, body: Mapping[str, Any], guard: datetime) -> Written:
        """Update one record with those of other units; raises what this record's result says."""
        result: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(resource, Change(id, body), guard, result))
        self._go()
        return await result

    def _go(self) -> None:
        """Send what waits for no one else."""
        for resource in dict.fromkeys(one.resource for one in self._waiting):
            alike = [one for one in self._waiting if one.resource == resource]
            if len(self._waiting) < self.units and len(alike) < MOST:
                continue
            batch = alike[:MOST]
            self._waiting = [one for one in self._waiting if one not in batch]
            call = asyncio.ensure_future(self._send(resource, batch))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _send(self, resource: Resource, batch: list[_Waiting]) -> None:
        """The earliest guard holds for all: a doubt refuses, and that record is read again."""
        client = self.desk.clients[Side.CRM]
        try:
            self.desk.lease.keep(self.desk.clock.now())
            changes, guard = [one.change for one in batch], min(one.guard for one in batch)
            results = await client.update_many(resource, changes, unmodified_since=guard)
            for one, result in zip(batch, results, strict=True):
                _tell(one, result)
        except RefusedError:
            await asyncio.gather(*(self._alone(resource, one) for one in batch))
        except BaseException as error:  # noqa: BLE001 - it goes on in every unit that waits for this call
            for one in batch:
                _tell(one, error)

    async def _alone(self, resource: Resource, one: _Waiting) -> None:
        """The call was refused as a whole, so nothing was written: each record goes with its own guard."""
        try:
            self.desk.lease.keep(self.desk.clock.now())
            written = await self.desk.clients[Side.CRM].update(
                resource, one.change.id, one.change.body, unmodified_since=one.guard
            )
        except Exception as error:  # noqa: BLE001 - each record has its own end
            _tell(one, error)
        else:
            _tell(one, written)


def _tell(one: _Waiting, result: Written | TandemError | BaseException) -> None:
    if one.result.done():
        return
    if isinstance(result, Written):
        one.result.set_result(result)
    else:
        one.result.set_exception(result)
