"""The to-do list: one row per record with two counters (design, section 2).

A hint raises `wanted`; the writer notes `wanted` when it takes the row and sets `done` to that on commit;
the row is pending while `wanted > done`. Nothing here calls Zoho.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tandem.core.errors import ConditionFailedError
from tandem.core.outcomes import Done, Waits
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.ports import Item, Table, Update, When

ROW = "ROW"
_PENDING = (
    "due",
    "due_pk",
    "due_sk",
    "cls",
    "tries",
    "waits_pk",
    "waits_sk",
    "redrives",
    "gone_since",
    "tellings",
    "told_chars",
    "shown",
)
_HEARSAY = ("tellings", "told_chars", "shown")
GONE = "gone "
"""Before the moment at which a record was handled as gone, in place of its version."""
TOLD_LIMIT = 64 * 1024
"""A longer payload is not kept, nor one beside payloads of that length: the writer reads the record instead."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record's row as it stood when taken: `wanted` is the number that a commit will settle."""

    key: RecordKey
    wanted: int
    done: int
    cls: RowClass
    tries: int
    starts: int
    redrives: int
    parent: str | None
    waits_for: str
    gone_since: datetime | None
    version: str
    told: tuple[str, ...] = ()
    """The whole record (JSON) as each hint since `done` told it, as they came; empty where one of them did not."""
    shown: str = ""
    """The version that a feed's page showed, where that page was the only hint since `done`."""

    @property
    def handled_gone(self) -> datetime | None:
        """When the record was last handled, if it was gone then."""
        return (
            datetime.fromisoformat(self.version.removeprefix(GONE)) if self.version.startswith(GONE) else None
        )

    @property
    def insists(self) -> bool:
        """A person waits, or an earlier try failed or died: the whole way is gone, and no read is saved."""
        return self.cls is RowClass.PERSON or self.tries > 0 or self.starts > 1 or self.gone_since is not None


def row_pk(connection: str, side: str, id: str) -> str:
    """Partition key of everything about one record."""
    return f"REC#{connection}#{side}#{id}"


def parse_key(text: str) -> RecordKey:
    """The inverse of `str(RecordKey)`."""
    connection, side, entity, id = text.split("/")
    return RecordKey(connection, Side(side), entity, id)


def row_of(item: Item) -> Row:
    """A row from its item."""
    since = item.get("gone_since")
    hints = int(item["wanted"]) - int(item["done"])
    tellings = tuple(map(str, item.get("tellings", ())))
    return Row(
        key=parse_key(item["key"]),
        wanted=int(item["wanted"]),
        done=int(item["done"]),
        cls=RowClass(item.get("cls", RowClass.LIVE)),
        tries=int(item.get("tries", 0)),
        starts=int(item.get("starts", 0)),
        redrives=int(item.get("redrives", 0)),
        parent=item.get("parent"),
        waits_for=str(item.get("waits_pk", "#")).split("#", 1)[1],
        gone_since=datetime.fromisoformat(since) if since else None,
        version=str(item.get("version", "")),
        told=tellings[-hints:] if 0 < hints <= len(tellings) else (),
        shown=str(item.get("shown", "")) if hints == 1 else "",
    )


class Rows:
    """Rows of the State table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def hint(
        self,
        key: RecordKey,
        cls: RowClass,
        now: datetime,
        *,
        parent: str | None = None,
        told: str = "",
        shown: str = "",
    ) -> None:
        """Something may have changed: raise `wanted`, due now; the row keeps the best class of its hints.

        `told`: the whole record as JSON, where the sender told it. `shown`: the version that a page showed.
        """
        values: Item = {} if parent is None else {"parent": parent}
        if shown:
            values["shown"] = shown
        told = told if len(told) <= TOLD_LIMIT else ""
        room = (When("told_chars", "lt", TOLD_LIMIT, or_absent=True),) if told else ()
        try:
            self._raise(key, cls, now, values, told, When("cls", "ge", cls.value, or_absent=True), *room)
        except ConditionFailedError as error:
            item = error.item or {}
            better = min(RowClass(item.get("cls", cls)), cls)
            has_room = int(item.get("told_chars", 0)) < TOLD_LIMIT
            self._raise(key, better, now, values, told if has_room else "")

    def _raise(
        self, key: RecordKey, cls: RowClass, now: datetime, more: Item, told: str, *when: When
    ) -> None:
        values: Item = {"key": str(key), **_due(key, cls, now), **more}
        kept = {*values, "tellings", "told_chars"} if told else values
        self._table.update(
            Update(
                row_pk(key.connection, key.side, key.id),
                ROW,
                set=values,
                add={"wanted": 1, "done": 0, **({"told_chars": len(told)} if told else {})},
                append={"tellings": [told]} if told else {},
                remove=("waits_pk", "waits_sk", *(name for name in _HEARSAY if name not in kept)),
                when=when,
            )
        )

    def read(self, key: RecordKey) -> Row | None:
        """The row as it stands, consistently read."""
        item = self._table.get(row_pk(key.connection, key.side, key.id), ROW)
        return row_of(item) if item else None

    def read_many(self, keys: Sequence[RecordKey]) -> dict[RecordKey, Row]:
        """Rows by key; records without a row are absent."""
        places = {(row_pk(k.connection, k.side, k.id), ROW): k for k in keys}
        return {places[place]: row_of(item) for place, item in self._table.get_many(list(places)).items()}

    def take(self, key: RecordKey) -> Row | None:
        """Note `wanted` and raise `starts`; None if the row is not pending."""
        place = row_pk(key.connection, key.side, key.id)
        try:
            return row_of(
                self._table.update(
                    Update(place, ROW, add={"starts": 1}, when=(When("wanted", "gt", other="done"),))
                )
            )
        except ConditionFailedError:
            return None

    def untake(self, row: Row) -> None:
        """The round ended before this row was started: it stays due and no crash is counted.

        Nothing happens to a row that another writer has settled meanwhile.
        """
        with suppress(ConditionFailedError):
            self._update(row, add={"starts": -1}, when=(When("starts", "gt", 0),))

    def finish(self, row: Row, outcome: Done | Waits, now: datetime) -> bool:
        """Write the outcome if `wanted` is still the noted one; else the row is due now. True if it held."""
        if isinstance(outcome, Waits):
            waiting = {**_due(row.key, row.cls, outcome.due), **_waits(row.key, outcome.reason)}
            return self._settle(row, now, {**waiting, "starts": 0, "version": outcome.version})
        values: Item = {"done": row.wanted, "starts": 0, "version": outcome.version}
        left_out = outcome.kind == "left_out"
        if left_out:
            values |= {
                "waits_pk": f"{row.key.connection}#left_out",
                "waits_sk": f"{outcome.reason}#{row.key}",
            }
        remove = tuple(name for name in _PENDING if name not in values)
        return self._settle(row, now, values, remove=remove, done=row.wanted)

    def retry(self, row: Row, due: datetime, now: datetime) -> bool:
        """Count a try and come back at `due`."""
        values = {**_due(row.key, row.cls, due), "tries": row.tries + 1, "starts": 0}
        return self._settle(row, now, values, tries=row.tries + 1)

    def bury(self, row: Row, due: datetime, now: datetime) -> bool:
        """Tries are used up: the row waits for `redrive`; `due` is only a net."""
        values = {
            **_due(row.key, row.cls, due),
            **_waits(row.key, "redrive"),
            "tries": row.tries + 1,
            "starts": 0,
        }
        return self._settle(row, now, values)

    def _settle(
        self,
        row: Row,
        now: datetime,
        values: Item,
        *,
        remove: tuple[str, ...] = (),
        done: int | None = None,
        tries: int | None = None,
    ) -> bool:
        """Write an outcome if nothing came meanwhile; a writer that outlived its lease changes nothing settled."""
        open_still = When("done", "lt", row.wanted)
        clear = () if "waits_pk" in values or "waits_pk" in remove else ("waits_pk", "waits_sk")
        try:
            settled = {"key": str(row.key), **values}  # what it is was seen when it was read
            self._update(
                row, set=settled, remove=remove + clear, when=(When("wanted", "eq", row.wanted), open_still)
            )
            return True
        except ConditionFailedError as error:
            cls = RowClass(error.item.get("cls", row.cls)) if error.item else row.cls
            moved: Item = {**_due(row.key, cls, now), "starts": 0}
            if done is not None:
                moved["done"] = done
            if tries is not None:
                moved["tries"] = tries
            with suppress(ConditionFailedError):
                self._update(row, set=moved, remove=("waits_pk", "waits_sk"), when=(open_still,))
            return False

    def note_gone(self, row: Row, since: datetime) -> None:
        """Keep the moment of the first confirmed sight of a delete, while the row is pending."""
        with suppress(ConditionFailedError):
            self._update(
                row, set={"gone_since": since.isoformat()}, when=(When("wanted", "gt", other="done"),)
            )

    def wake(self, key: RecordKey, now: datetime) -> None:
        """The reason for a wait is gone: due now, if the row is still pending."""
        item = self._table.get(row_pk(key.connection, key.side, key.id), ROW)
        if item is None or int(item["wanted"]) <= int(item["done"]):
            return
        cls = RowClass(item.get("cls", RowClass.LIVE))
        try:
            self._table.update(
                Update(
                    item["pk"],
                    ROW,
                    set=_due(key, cls, now),
                    remove=("waits_pk", "waits_sk"),
                    when=(
                        When("wanted", "eq", int(item["wanted"])),
                        When("done", "eq", int(item["done"])),
                    ),
                )
            )
        except ConditionFailedError:
            return

    def wake_all(self, connection: str, reason: str, now: datetime) -> int:
        """Wake every row that waits for `reason`; returns how many were found."""
        keys = self.waiting(connection, reason)
        for key in keys:
            self.wake(key, now)
        return len(keys)

    def waiting(self, connection: str, reason: str) -> list[RecordKey]:
        """Keys of rows that wait for `reason`, by the (lagging) index."""
        items = self._table.query(f"{connection}#{reason}", index="waits")
        return [parse_key(item["waits_sk"]) for item in items]

    def left_out(self, connection: str) -> dict[str, int]:
        """How many records were left out, by reason."""
        counts: dict[str, int] = {}
        for item in self._table.query(f"{connection}#left_out", index="waits"):
            reason = str(item["waits_sk"]).rsplit("#", 1)[0]
            counts[reason] = counts.get(reason, 0) + 1
        return counts

    def count_no_more(self, key: RecordKey) -> None:
        """A record that was left out is being linked, by the row of its counterpart."""
        place, left_out = row_pk(key.connection, key.side, key.id), f"{key.connection}#left_out"
        marks = Update(place, ROW, remove=("waits_pk", "waits_sk"), when=(When("waits_pk", "eq", left_out),))
        with suppress(ConditionFailedError):
            self._table.update(marks)

    def due(self, connection: str, now: datetime, limit: int) -> list[RecordKey]:
        """Keys of due rows, best class first, by the (lagging) index: a way to find rows, never a proof."""
        found = self.due_by_class(connection, now, limit)
        return [key for keys in found.values() for key in keys][:limit]

    def due_by_class(self, connection: str, now: datetime, limit: int) -> dict[RowClass, list[RecordKey]]:
        """Up to `limit` keys of due rows of each class, best class first.

        One query finds all where few rows are pending; else each class is asked for its due ones.
        """
        items = self._table.query(connection, index="due", limit=limit)
        if len(items) >= limit:
            spans = [(f"{cls}#", f"{cls}#{now.isoformat()}~") for cls in RowClass]
            items = [
                item
                for span in spans
                for item in self._table.query(connection, index="due", between=span, limit=limit)
            ]
        found: dict[RowClass, list[RecordKey]] = {cls: [] for cls in RowClass}
        for item in items:
            cls, due, key = str(item["due_sk"]).split("#", 2)
            if datetime.fromisoformat(due) <= now:
                found[RowClass(cls)].append(parse_key(key))
        return found

    def pending(self, connection: str) -> int:
        """How many rows are pending."""
        return len(self._table.query(connection, index="due"))

    def backlog(self, connection: str, cls: RowClass, until: datetime) -> int:
        """How many rows of a class are due by `until`: those that only quota or their turn keeps from being done."""
        span = (f"{cls}#", f"{cls}#{until.isoformat()}~")
        return len(self._table.query(connection, index="due", between=span))

    def redrive(self, row: Row, due: datetime) -> None:
        """A dead letter's row gets its tries back; raises ConditionFailedError if it moved since it was read."""
        self._update(
            row,
            set={**_due(row.key, row.cls, due), "tries": 0, "starts": 0, "redrives": row.redrives + 1},
            remove=("waits_pk", "waits_sk"),
            when=(
                When("wanted", "eq", row.wanted),
                When("redrives", "eq", row.redrives, or_absent=row.redrives == 0),
                When("waits_pk", "eq", f"{row.key.connection}#redrive"),
            ),
        )

    def _update(
        self,
        row: Row,
        *,
        set: Item | None = None,
        add: dict[str, int] | None = None,
        remove: Iterable[str] = (),
        when: tuple[When, ...] = (),
    ) -> None:
        place = row_pk(row.key.connection, row.key.side, row.key.id)
        self._table.update(Update(place, ROW, set=set or {}, add=add or {}, remove=tuple(remove), when=when))


def _due(key: RecordKey, cls: RowClass, due: datetime) -> Item:
    when = due.isoformat()
    return {"cls": cls.value, "due": when, "due_pk": key.connection, "due_sk": f"{cls}#{when}#{key}"}


def _waits(key: RecordKey, reason: str) -> Item:
    return {"waits_pk": f"{key.connection}#{reason}", "waits_sk": str(key)}
