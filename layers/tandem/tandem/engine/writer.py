"""One remote write: intent -> call -> history (design, section 4). The only place that writes to Zoho."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tandem.core.actions import FieldReason
from tandem.core.bodies import with_kept
from tandem.core.canonical import write_body
from tandem.core.errors import (
    AlreadyModifiedError,
    GoneError,
    RefusedError,
    RetryError,
    StaleReadError,
    StopError,
    StoreError,
    UnknownOutcomeError,
)
from tandem.core.records import Base, Mode, Record, RecordKey, Side, Value
from tandem.engine.bulk import Bulk
from tandem.engine.desk import Desk
from tandem.engine.history import as_item
from tandem.engine.intents import Intent, Kind, before_of, settle_time
from tandem.engine.lease import LeaseLostError, OutOfTimeError
from tandem.engine.ports import Written

TURN_LASTS = timedelta(seconds=2)
"""A write that waits longer for its turn is decided again: Books has no lock, and a round may take a minute."""


class NotWritingError(StoreError):
    """Mode, mapping or pause changed since the drain began: no intent was stored."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one write is for: its source row, its target, and what will be agreed once it is done."""

    kind: Kind
    entity: str
    side: Side
    source: RecordKey
    link: str
    values: Mapping[str, Value]
    base: Mapping[str, Base]
    rules: Mapping[str, str]
    cause: str
    target: Record | None = None
    stamp: str | None = None
    parent: str | None = None
    parent_link: str | None = None
    reasons: Sequence[FieldReason] = ()
    editors: Mapping[str, str] = field(default_factory=dict)
    """Who edited each side last, where that is known."""
    asked_at: datetime | None = None
    """Server time when the CRM target was read: the guard of the write."""


@dataclass(slots=True)
class Writer:
    """Writes for one desk. Each write that may have left leaves its intent open until the link has moved."""

    desk: Desk
    flight: asyncio.Semaphore
    """So many writes of this round leave side by side: an intent is stored once its call can leave."""
    bulk: Bulk | None = None
    """Gathers guarded updates of CRM, where one call may carry several."""
    made: int = 0
    """Writes that were answered."""
    unanswered: set[str] = field(default_factory=set)
    """What the writes without an answer block until they are settled: source rows, targets, links."""
    _refused: dict[tuple[str, Side], tuple[Mapping[str, Value], RefusedError]] = field(default_factory=dict)
    """What was refused to a link in this unit: its other row would ask for the same."""

    def check(self) -> None:
        """May a write start now? Mode, mapping and pause are read anew, the lease is kept; else it raises."""
        desk = self.desk
        present = desk.store.connections.read(desk.connection.id)
        if present.effective_mode is not Mode.WRITE or not present.is_working:
            raise NotWritingError(f"{present.id} is in {present.effective_mode} or paused")
        if present.mapping_version != desk.mapping.version:
            raise NotWritingError(f"the mapping of {present.id} changed")
        desk.lease.keep(desk.clock.now())

    async def write(self, plan: Plan) -> tuple[Intent, Written]:
        """Make one write. Raises what the client raises; after a refusal or a sure failure no intent stays open.

        Raises StaleReadError, before anything is stored or sent, when others were in flight for too long.
        """
        if self._is_gathered(plan):
            return await self._write(plan)
        asked = self.desk.clock.now()
        async with self.flight:
            if self.desk.clock.now() - asked > TURN_LASTS:
                raise StaleReadError("its turn to write came late")
            return await self._write(plan)

    def _is_gathered(self, plan: Plan) -> bool:
        """It goes with others in one call: it may not hold a place while it waits for them."""
        return self.bulk is not None and plan.kind == "update" and plan.side is Side.CRM

    async def _write(self, plan: Plan) -> tuple[Intent, Written]:
        self.check()
        values, refused = self._refused.get((plan.link, plan.side), (None, None))
        if refused is not None and values == plan.values:
            raise refused
        store, intent = self.desk.store, self._intent(plan)
        self._open(intent)
        try:
            written = await self._send(plan)
        except UnknownOutcomeError:
            self.unanswered |= intent.blocks()
            if self.bulk is not None:  # it was sent long after its intent was stored, and may still arrive
                store.intents.postpone(intent, self._settle_time(plan.kind))
            raise
        except RefusedError as error:
            store.history.written(
                intent, "refused", self.desk.clock.now(), code=error.code, sentence=str(error)
            )
            store.intents.close(intent)
            if not isinstance(error, AlreadyModifiedError | GoneError):
                self._refused[plan.link, plan.side] = plan.values, error
            raise
        except (RetryError, StopError, OutOfTimeError, LeaseLostError):
            store.intents.close(intent)  # nothing left: a common call asks the lease once more before it does
            raise
        self.made += 1
        store.intents.happened(intent, written.id)
        reasons = [as_item(reason) for reason in plan.reasons if reason.field in plan.values]
        more = {"written_id": written.id, "reasons": reasons}
        store.history.written(intent, "write", self.desk.clock.now(), **more)
        return intent, written

    def _open(self, intent: Intent) -> None:
        """Store an intent. A table that took too long leaves no time for its write: then none leaves."""
        self.desk.store.intents.open(intent)
        try:
            self.desk.lease.keep(self.desk.clock.now())
        except StoreError:
            self.desk.store.intents.close(intent)
            raise

    async def _send(self, plan: Plan) -> Written:
        desk = self.desk
        client, resource = desk.clients[plan.side], desk.entity(plan.entity).resource(plan.side)
        if plan.kind in ("deactivate", "reactivate"):
            assert plan.target is not None
            return await client.set_active(resource, plan.target.id, active=plan.kind == "reactivate")
        body = write_body(
            desk.mapping,
            plan.entity,
            plan.side,
            plan.values,
            current=plan.target,
            stamp=plan.stamp,
            parent=plan.parent,
        )
        if plan.target is not None and plan.side is Side.BOOKS and desk.connection.settings.books_items_whole:
            body = dict(with_kept(desk.entity(plan.entity), body, plan.target))
        if plan.kind == "create":
            return await client.insert(resource, body, parent=plan.parent)
        assert plan.target is not None
        guard = plan.asked_at - timedelta(seconds=1) if plan.side is Side.CRM and plan.asked_at else None
        if guard is not None and self.bulk is not None:
            return await self.bulk.update(resource, plan.target.id, body, guard)
        return await client.update(resource, plan.target.id, body, parent=plan.parent, unmodified_since=guard)

    def _intent(self, plan: Plan) -> Intent:
        desk, now = self.desk, self.desk.clock.now()
        return Intent(
            id=desk.store.intents.next_id(now, desk.lease.fence),
            connection=desk.connection.id,
            kind=plan.kind,
            entity=plan.entity,
            side=plan.side,
            source=plan.source,
            target=plan.target.id if plan.target else None,
            parent=plan.parent,
            link=plan.link,
            before=before_of(plan.target, plan.values),
            version=plan.target.version if plan.target else None,
            after=plan.values,
            reasons=plan.rules,
            cause=plan.cause,
            run=desk.run,
            at=now,
            settle_after=self._settle_time(plan.kind),
            base=plan.base,
            parent_link=plan.parent_link,
            mapping_version=desk.mapping.version,
            editors=plan.editors,
        )

    def _settle_time(self, kind: Kind) -> datetime:
        settings = self.desk.connection.settings
        return settle_time(
            kind,
            self.desk.clock.now(),
            create_seconds=settings.create_unknown_seconds,
            write_seconds=settings.write_unknown_seconds,
        )
