"""Open intents: every remote write is stored before it is made (design, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tandem.core.errors import ConditionFailedError
from tandem.core.records import Base, Record, RecordKey, Side, Value
from tandem.engine.ports import Delete, Item, Put, Table, Update, When
from tandem.engine.rows import parse_key

Kind = Literal["update", "create", "deactivate", "reactivate"]


@dataclass(frozen=True, slots=True)
class Intent:
    """A planned write; it becomes the history entry under the same id (`at` # `seq`)."""

    id: str
    connection: str
    kind: Kind
    entity: str
    side: Side
    source: RecordKey
    target: str | None
    parent: str | None
    link: str
    before: Mapping[str, Value]
    after: Mapping[str, Value]
    reasons: Mapping[str, str]
    cause: str
    run: str
    at: datetime
    settle_after: datetime
    base: Mapping[str, Base] = field(default_factory=dict)
    """What both sides agree on for the written fields once the write is known to have happened."""
    parent_link: str | None = None
    mapping_version: str = ""
    """The mapping by which the values were written."""
    editors: Mapping[str, str] = field(default_factory=dict)
    """Who edited each side last, where that is known."""
    version: datetime | None = None
    """The target's modified time as it was read for this write."""
    has_happened: bool = False
    """The write is known to have happened; `target` is then its record, also of a create."""

    def blocks(self) -> set[str]:
        """What may not be handled while this intent is open: source row, target and link."""
        places = {str(self.source), self.link}
        if self.target:
            places.add(f"{self.source.connection}/{self.side}/{self.entity}/{self.target}")
        if self.kind == "create" and self.parent:
            places.add(newcomers(self.connection, self.side, self.entity, self.parent))
        return places


def newcomers(connection: str, side: Side, entity: str, parent: str) -> str:
    """The place of all unlinked records under one parent: any of them may be what an unanswered create made."""
    return f"{connection}/{side}/{entity} under {parent}"


@dataclass(slots=True)
class Intents:
    """The intents of the State table, one small partition per connection."""

    table: Table
    _seq: int = field(default=0)

    def open(self, intent: Intent) -> None:
        """Store one; its id must be new."""
        self.table.put(Put(_item(intent), (When("pk", "absent"),)))

    def next_id(self, now: datetime, fence: int) -> str:
        """Time # fence # number: unique, since one fence belongs to one worker."""
        self._seq += 1
        return f"{now.isoformat()}#{fence:08d}-{self._seq:04d}"

    def postpone(self, intent: Intent, until: datetime) -> None:
        """The outcome is unknown: look at it again not before `until`."""
        self.table.put(Put(_item(intent) | {"settle_after": until.isoformat()}))

    def happened(self, intent: Intent, id: str) -> None:
        """The write is known to have happened, by its answer or by a look.

        That outlives its writer: before the link has moved its target may be edited again, or gone.
        """
        known = {"target": id, "has_happened": True}
        with suppress(ConditionFailedError):  # another writer has settled it meanwhile
            self.table.update(
                Update(_pk(intent.connection), intent.id, set=known, when=(When("pk", "exists"),))
            )

    def close(self, intent: Intent) -> None:
        """The write is in the history and the link has moved (or nothing was written)."""
        self.table.delete(Delete(_pk(intent.connection), intent.id))

    def all_open(self, connection: str) -> list[Intent]:
        """Every open intent, oldest first."""
        return [_intent(item) for item in self.table.query(_pk(connection))]


def settle_time(kind: Kind, now: datetime, *, create_seconds: int, write_seconds: int) -> datetime:
    """When an unanswered write may be looked up: a create later, since a list may lag behind it."""
    return now + timedelta(seconds=create_seconds if kind == "create" else write_seconds)


def before_of(record: Record | None, after: Mapping[str, Value]) -> dict[str, Value]:
    """The values that a write replaces, as last read."""
    return {name: record.values.get(name) for name in after} if record else {}


def _pk(connection: str) -> str:
    return f"INTENT#{connection}"


def _item(intent: Intent) -> Item:
    return {
        "pk": _pk(intent.connection),
        "sk": intent.id,
        "kind": intent.kind,
        "entity": intent.entity,
        "side": intent.side.value,
        "source": str(intent.source),
        "target": intent.target,
        "parent": intent.parent,
        "link": intent.link,
        "before": dict(intent.before),
        "after": dict(intent.after),
        "reasons": dict(intent.reasons),
        "cause": intent.cause,
        "run": intent.run,
        "at": intent.at.isoformat(),
        "settle_after": intent.settle_after.isoformat(),
        "base": {name: [base.crm, base.books] for name, base in intent.base.items()},
        "parent_link": intent.parent_link,
        "mapping_version": intent.mapping_version,
        "editors": dict(intent.editors),
        "version": intent.version.isoformat() if intent.version else None,
        "has_happened": intent.has_happened,
    }


def _intent(item: Item) -> Intent:
    return Intent(
        id=item["sk"],
        connection=str(item["pk"]).removeprefix(_pk("")),
        kind=item["kind"],
        entity=item["entity"],
        side=Side(item["side"]),
        source=parse_key(item["source"]),
        target=item["target"],
        parent=item["parent"],
        link=item["link"],
        before=item["before"],
        after=item["after"],
        reasons=item["reasons"],
        cause=item["cause"],
        run=item["run"],
        at=datetime.fromisoformat(item["at"]),
        settle_after=datetime.fromisoformat(item["settle_after"]),
        base={name: Base(crm, books) for name, (crm, books) in item["base"].items()},
        parent_link=item["parent_link"],
        mapping_version=item["mapping_version"],
        editors=item["editors"],
        version=datetime.fromisoformat(item["version"]) if item["version"] else None,
        has_happened=item["has_happened"],
    )
