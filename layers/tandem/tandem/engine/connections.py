"""Connections: META, the active mapping, index flags, and the stop that one clear alert explains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tandem.core.connection import Connection, Stop
from tandem.core.errors import BadInputError, ConditionFailedError, StopError
from tandem.core.mapping import Mapping, load_mapping
from tandem.core.records import Mode, Side
from tandem.engine.cases import Cases
from tandem.engine.ports import Item, Put, Table, Update, When
from tandem.engine.rows import Rows

REGISTRY = "CONNECTIONS"
INDEX_LAG = timedelta(seconds=30)
"""No index of the table is behind by more, with a wide margin."""


@dataclass(slots=True)
class Connections:
    """Connections of the State table; the mapping is parsed once per version."""

    table: Table
    cases: Cases
    _mappings: dict[str, Mapping] = field(default_factory=dict)
    _earlier: dict[tuple[str, str], Mapping | None] = field(default_factory=dict)

    def ids(self) -> list[str]:
        """Every connection's id."""
        return [str(item["sk"]) for item in self.table.query(REGISTRY)]

    def read(self, connection: str) -> Connection:
        """META, consistently read; raises BadInputError when there is no such connection."""
        item = self.table.get(_pk(connection), "META")
        if item is None:
            raise BadInputError(f"there is no connection “{connection}”; `tandem connect` makes one")
        return Connection.model_validate(
            {name: value for name, value in item.items() if name not in ("pk", "sk")}
        )

    def of_group(self, group: str) -> list[Connection]:
        """The connections that share a writer."""
        return [c for c in (self.read(id) for id in self.ids()) if c.group == group]

    def save(self, connection: Connection, mapping_text: str) -> None:
        """Make or replace a connection together with its active mapping."""
        mapping = load_mapping(mapping_text)
        body = connection.model_copy(update={"mapping_version": mapping.version}).model_dump(mode="json")
        self.table.transact(
            [
                Put({"pk": _pk(connection.id), "sk": "META", **body}),
                *(
                    Put(
                        {"pk": _pk(connection.id), "sk": sk, "text": mapping_text, "version": mapping.version}
                    )
                    for sk in ("MAP#active", f"MAP#{mapping.version}")
                ),
                Put({"pk": REGISTRY, "sk": connection.id}),
            ]
        )

    def mapping(self, connection: Connection) -> Mapping:
        """The active mapping."""
        if connection.mapping_version not in self._mappings:
            item = self.table.get(_pk(connection.id), "MAP#active")
            if item is None:
                raise BadInputError(f"connection “{connection.id}” has no mapping")
            self._mappings[connection.mapping_version] = load_mapping(item["text"], source="active mapping")
        return self._mappings[connection.mapping_version]

    def loaded(self, connection: Connection) -> Mapping:
        """The active mapping for a run of the engine: one that this release cannot read stops the connection."""
        try:
            return self.mapping(connection)
        except BadInputError as error:
            raise StopError(
                f"the mapping cannot be read: {error}. Mend it, then `tandem connect --mapping`"
            ) from None

    def earlier(self, connection: str, version: str) -> Mapping | None:
        """A mapping that was active once; None where its text is not there, or can no longer be read."""
        place = (connection, version)
        if place not in self._earlier:
            item = self.table.get(_pk(connection), f"MAP#{version}")
            try:
                self._earlier[place] = load_mapping(str(item["text"])) if item else None
            except BadInputError:
                self._earlier[place] = None
        return self._earlier[place]

    def set(self, connection: str, **values: object) -> None:
        """Set attributes of META (mode, native_sync, paused, ...)."""
        self.table.update(Update(_pk(connection), "META", set=values, when=(When("pk", "exists"),)))

    def set_mode(self, connection: str, mode: Mode) -> None:
        """Switch between `observe` and `write`."""
        self.set(connection, mode=mode.value)

    def approve(self, connection: str, rows: Rows, now: datetime) -> int:
        """A person lets the connection write with its active mapping: remembers that text, wakes what waited for it.

        What was changed until now was shown to them: no guard counts it. Returns how many rows were woken.
        """
        active = self.table.get(_pk(connection), "MAP#active")
        if active is not None:
            self.table.put(Put({**active, "sk": "MAP#approved", "at": now.isoformat()}))
        self.set(connection, mode=Mode.WRITE.value, guard_passed=now.isoformat())
        return rows.wake_all(connection, "mode", now)

    def stop(self, connection: str, error: StopError | BadInputError, now: datetime) -> None:
        """The connection waits for a person: one alert, no retry storm."""
        self.set(connection, stopped=Stop(reason=str(error), at=now.isoformat()).model_dump())
        self.cases.alert_once(
            connection,
            "connection stopped",
            f"Tandem: {connection} is stopped",
            f"{error}\n\nNo record is lost: changes wait and are synced as soon as the connection works again. "
            f"After mending it run: tandem check",
            now,
        )

    def resume(self, connection: str, rows: Rows, now: datetime) -> None:
        """The connection works again: its rows go on and the next stop alerts anew."""
        self.set(connection, stopped=None)
        self.cases.close(connection, "connection stopped")
        rows.wake_all(connection, "token", now)

    def works_again(self, connection: Connection, rows: Rows, now: datetime) -> None:
        """Calls went through: resume if it was stopped when they began."""
        if connection.stopped is not None:
            self.resume(connection.id, rows, now)

    def may_try_again(self, connection: Connection, now: datetime) -> bool:
        """A stopped connection tries again by itself after a long pause (settings.stopped_seconds)."""
        if connection.stopped is None:
            return True
        pause = timedelta(seconds=connection.settings.stopped_seconds)
        return now - datetime.fromisoformat(connection.stopped.at) >= pause

    def flag_native_sync(self, connection: Connection, label: str, now: datetime) -> None:
        """Zoho's own sync was seen on a record: observe only, until a person says that it is off."""
        if connection.native_sync in ("on", "off_confirmed"):
            return
        self.set(connection.id, native_sync="on")
        self.cases.alert_once(
            connection.id,
            "native sync on",
            f"Tandem: Zoho's own CRM sync is on in {connection.id}",
            f"The Books customer “{label}” is linked by Zoho's own CRM integration. Two syncs on one record would "
            "loop, so Tandem only observes. Switch the native sync off, then: tandem mode write --native-sync-off",
            now,
        )

    # --- the index of match keys is complete per side and entity ---------------------------------

    def is_index_complete(self, connection: str, listings: Iterable[tuple[str, Side]]) -> bool:
        """Every listing was read to its end at least once, into this very table (not one it was copied from)."""
        item = self.table.get(_pk(connection), "INDEX") or {}
        mine = item.get("epoch") == self.table.table_id()
        return mine and all(item.get(f"{entity}#{side}") for entity, side in listings)

    def is_told(self, connection: str, listings: Iterable[tuple[str, Side]]) -> bool:
        """All that waited for these very listings has been woken: a crash just before that is made good."""
        item = self.table.get(_pk(connection), "INDEX") or {}
        return item.get("epoch") == self.table.table_id() and item.get("told") == _names(listings)

    def tell(self, connection: str, listings: Iterable[tuple[str, Side]], now: datetime) -> None:
        """Note that all that waited for these listings was woken; told, once that was done again after the index's lag.

        A wait that was written just before shows in the index only after it.
        """
        item, names = self.table.get(_pk(connection), "INDEX") or {}, _names(listings)
        first = item.get("woken_at") if item.get("woken") == names else None
        done: Item = {"woken": names, "woken_at": first or now.isoformat()}
        if first is not None and now - datetime.fromisoformat(first) >= INDEX_LAG:
            done["told"] = names
        when = (When("epoch", "eq", self.table.table_id()),)
        self.table.update(Update(_pk(connection), "INDEX", set=done, when=when))

    def set_listed(self, connection: str, entity: str, side: Side) -> None:
        """One listing has been read to its end; flags of another table (a restored copy) are dropped."""
        name, epoch = f"{entity}#{side}", self.table.table_id()
        try:
            self.table.update(
                Update(
                    _pk(connection),
                    "INDEX",
                    set={name: True, "epoch": epoch},
                    when=(When("epoch", "eq", epoch, or_absent=True),),
                )
            )
        except ConditionFailedError:
            item: Item = {"pk": _pk(connection), "sk": "INDEX", name: True, "epoch": epoch}
            self.table.put(Put(item))


def _pk(connection: str) -> str:
    return f"CONN#{connection}"


def _names(listings: Iterable[tuple[str, Side]]) -> list[str]:
    return sorted(f"{entity}#{side}" for entity, side in listings)


def in_turn(connections: Sequence[Connection], turn: int) -> list[Connection]:
    """The same in another order each turn: none is always the last to ask for calls that all share."""
    first = turn % len(connections) if connections else 0
    return [*connections[first:], *connections[:first]]
