"""The guards' memory: what changed of late in one row, and the stop that stands until a person has looked.

A stopped connection observes: every change is decided and recorded as what would be written, nothing leaves, until a
person approves (`release --approve`) or has put things right in Zoho (`release`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tandem.core.connection import Connection, GuardStop, Settings
from tandem.core.conversion import SIDE_NAMES
from tandem.core.guards import Noted, Tripped, empty_side
from tandem.core.records import Side
from tandem.engine.cases import case_id
from tandem.engine.connections import Connections
from tandem.engine.history import History
from tandem.engine.ports import Delete, Item, Table, Update
from tandem.engine.rows import Rows

LISTING_STANDS = timedelta(days=1)
"""How long a person's approval of a short listing stands."""
_SWEEP = 50
"""So many notes past the window are removed at once."""
ROOM = 250_000
"""Characters of notes that are kept: a table item holds 400 KB, and one round adds 50 notes."""


@dataclass(frozen=True, slots=True)
class Guards:
    """The notes and the stops of the State table."""

    table: Table
    connections: Connections
    history: History

    def note(self, connection: str, noted: Sequence[Noted], settings: Settings, now: datetime) -> list[Noted]:
        """Keep what changed, and return everything noted of late: one operation, exact whoever else notes."""
        pk = _pk(connection)
        item = self.table.update(Update(pk, "CHANGES", set={_place(one): _note(one) for one in noted}))
        known = [_noted(place, note) for place, note in item.items() if place not in ("pk", "sk")]
        since = now - timedelta(minutes=settings.guard_minutes)
        old = [_place(one) for one in known if one.at < since]
        too_many = _beyond(known, ROOM)
        if too_many or len(old) >= _SWEEP:
            self.table.update(Update(pk, "CHANGES", remove=tuple((too_many or old)[: 2 * _SWEEP])))
        return known

    def stop(self, connection: str, tripped: Tripped, now: datetime, *, others: Sequence[str] = ()) -> str:
        """Nothing is written from now on, and one alert says why; returns the sentence."""
        if self.connections.read(connection).guard is not None:
            return tripped.sentence
        here, there = SIDE_NAMES[tripped.side], SIDE_NAMES[tripped.side.other]
        case = case_id(connection, cause_of(tripped.guard))
        self.connections.cases.alert_once(
            connection,
            cause_of(tripped.guard),
            f"Tandem: a guard stopped {connection}: {tripped.guard}",
            f"{tripped.sentence}. Nothing more is written by {connection}, on either side; what it would write is "
            f"recorded (tandem mode). Last edited in {here} by {_people(tripped.editors)}, in {there} by "
            f"{_people(others)}. Was it meant? Then let it through: tandem release {case} --approve. "
            f"Was it not? Put it right in Zoho, then: tandem release {case}",
            now,
        )
        stop = GuardStop(guard=tripped.guard, sentence=tripped.sentence, at=now.isoformat())
        self.connections.set(connection, guard=stop.model_dump())
        self.history.acted(
            connection, "stop", "tandem", now, kind="guard", rule=tripped.guard, sentence=tripped.sentence
        )
        return tripped.sentence

    def answer(self, connection: Connection, rows: Rows, now: datetime, *, approve: bool) -> int:
        """A person's word on the guard that stopped: its changes pass once, or all is decided and counted afresh.

        Returns how many rows were woken.
        """
        passed: dict[str, object] = {}
        if approve and connection.guard is not None:
            is_listing = connection.guard.guard == "empty side"
            passed = {"listing_passed" if is_listing else "guard_passed": now.isoformat()}
        self.table.delete(Delete(_pk(connection.id), "CHANGES"))
        self.connections.set(connection.id, guard=None, **passed)
        if connection.guard is not None:
            self.connections.cases.close(connection.id, cause_of(connection.guard.guard))
        return rows.wake_all(connection.id, "mode", now)

    def check_listing(
        self,
        connection: Connection,
        side: Side,
        entity: str,
        listed: int,
        links: int,
        now: datetime,
        *,
        again: bool,
    ) -> bool:
        """A complete listing may be believed; else it is made `again`, and the connection is stopped after that.

        What is edited while a side is listed may be in the next listing alone: an import edits all at once.
        """
        passed = connection.listing_passed
        if passed and now - datetime.fromisoformat(passed) <= LISTING_STANDS:
            return True
        tripped = empty_side(side, entity, listed, links, connection.settings)
        if tripped is not None and again:
            self.stop(connection.id, tripped, now)
        return tripped is None


def _beyond(known: Sequence[Noted], room: int) -> list[str]:
    """The places of the notes that find no room, oldest first: where a guard is off they would grow without end."""
    places = []
    for one in sorted(known, key=lambda one: one.at, reverse=True):
        room -= len(json.dumps(_note(one))) + len(_place(one))
        if room < 0:
            places.append(_place(one))
    return places[::-1]


def cause_of(guard: str) -> str:
    """The cause of a guard's case."""
    return f"guard:{guard}"


def _people(editors: Sequence[str]) -> str:
    return ", ".join(editors[:3]) or "unknown"


def _pk(connection: str) -> str:
    return f"GUARD#{connection}"


def _place(one: Noted) -> str:
    return f"{one.side}/{one.entity}/{one.id}"


def _note(one: Noted) -> Item:
    return {"at": one.at.isoformat(), "by": one.by, "fields": dict(one.fields), "gone": one.gone}


def _noted(place: str, note: Any) -> Noted:
    side, entity, id = place.split("/")
    return Noted(
        Side(side), entity, id, datetime.fromisoformat(note["at"]), note["by"], note["fields"], note["gone"]
    )
