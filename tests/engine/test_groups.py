"""Connections that share a writer: one lease, never each other's credentials (P25)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.queues import MemoryDeadLetters
from tandem.core.connection import Connection
from tandem.core.mapping import Resource
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.desk import Store
from tandem.engine.drain import Drainer
from tandem.engine.ports import Batch, Gate, SideClient


@dataclass
class Nowhere:
    """A CRM in which nothing exists; notes which ids it was asked for."""

    clock: ManualClock
    asked: list[str]
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    side: Side = Side.CRM

    async def read(self, resource: Resource, ids: Sequence[str]) -> Batch:
        self.asked += ids
        while self.meanwhile:
            self.meanwhile.pop()()
        return Batch({}, self.clock.now())

    async def confirm(self, resource: Resource, id: str) -> Mapping[str, Any] | None:
        return None

    async def find(self, resource: Resource, field_name: str, values: Sequence[str]) -> Batch:
        return Batch({}, self.clock.now())


def connection(id: str) -> Connection:
    """A connection of the group `shared`."""
    urls: dict[str, Any] = dict.fromkeys(("accounts_url", "crm_url", "books_url"), "http://zoho.test")
    return Connection(id=id, group="shared", crm_org=f"crm-{id}", organization_id=f"books-{id}", **urls)


def key(connection: str, id: str) -> RecordKey:
    """An Account of a connection."""
    return RecordKey(connection, Side.CRM, "customer", id)


async def test_a_key_left_for_the_holder_is_handled_with_its_own_connections_clients(
    store: Store, clock: ManualClock, letters: MemoryDeadLetters
) -> None:
    """Whichever connection is drained when it is found, and also one that was drained before."""
    text = resources.files("tandem.presets").joinpath("india.yaml").read_text()
    asked: dict[str, list[str]] = {"one": [], "two": []}
    for id in asked:
        store.connections.save(connection(id), text)
    crm = {id: Nowhere(clock, asked[id]) for id in asked}

    def leave(left: RecordKey) -> Callable[[], None]:
        def another_worker() -> None:
            store.rows.hint(left, RowClass.LIVE, clock.now())
            assert store.leases.acquire("shared", "late", [left], deadline()) is None

        return another_worker

    def deadline() -> datetime:
        return clock.now() + timedelta(seconds=120)

    crm["one"].meanwhile.append(leave(key("two", "22")))
    crm["two"].meanwhile.append(leave(key("one", "11")))

    def clients(of: Connection, gate: Gate) -> Mapping[Side, SideClient]:
        return dict.fromkeys(Side, crm[of.id])  # type: ignore[arg-type]

    for id in asked:
        store.rows.hint(key(id, "5"), RowClass.LIVE, clock.now())
    drainer = Drainer(store, clients, letters, clock, lambda: "holder", lambda: 0.5)
    await drainer.drain("shared", [], deadline())
    assert {id: set(ids) for id, ids in asked.items()} == {"one": {"5", "11"}, "two": {"5", "22"}}
    assert store.rows.pending("one") == store.rows.pending("two") == 0
