"""What the writer works with: the rows of the State table as one bundle, and one connection's desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Mapping as Dict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from tandem.core.connection import Connection
from tandem.core.entities import KINDS
from tandem.core.mapping import EntityMapping, Mapping
from tandem.core.records import Link, RecordKey, Side
from tandem.core.remap import remapped
from tandem.engine.apart import Apart
from tandem.engine.cases import Cases
from tandem.engine.connections import Connections
from tandem.engine.cursors import Cursors
from tandem.engine.gate import RoundGate
from tandem.engine.governor import Governor
from tandem.engine.guards import Guards
from tandem.engine.history import History
from tandem.engine.index import MatchIndex
from tandem.engine.intents import Intents
from tandem.engine.lease import Lease, Leases
from tandem.engine.links import Links
from tandem.engine.outside import Outside
from tandem.engine.ports import Alerts, Clock, Gate, SideClient, Table
from tandem.engine.referrals import Referrals
from tandem.engine.rows import Rows

ClientsFor = Callable[[Connection, Gate], Dict[Side, SideClient]]
"""Makes the two clients of one connection; every call asks the gate first."""


@dataclass(frozen=True, slots=True)
class Store:
    """Every kind of row, over two tables."""

    table: Table
    rows: Rows
    links: Links
    leases: Leases
    intents: Intents
    cases: Cases
    cursors: Cursors
    index: MatchIndex
    connections: Connections
    governor: Governor
    history: History
    apart: Apart
    outside: Outside
    guards: Guards
    referrals: Referrals

    @classmethod
    def over(
        cls, state: Table, history: Table, alerts: Alerts, clock: Clock, *, history_days: int = 0
    ) -> Store:
        """The bundle over a State and a History table."""
        cases = Cases(state, alerts)
        connections, past = Connections(state, cases), History(history, history_days)
        rows, links = Rows(state), Links(state)
        return cls(
            state,
            rows,
            links,
            Leases(state, clock),
            Intents(state),
            cases,
            Cursors(state),
            MatchIndex(state),
            connections,
            Governor(state, clock),
            past,
            Apart(state),
            Outside(state),
            Guards(state, connections, past),
            Referrals(state, links, rows),
        )

    def is_blocked(self, key: RecordKey, places: AbstractSet[str]) -> bool:
        """An open intent is about this record, or about its link. `places`: what `Intent.blocks` tells.

        A row may name another entity than the intent: what its record is shows when it is read (`core/dealing.py`).
        """
        if not places or any(str(replace(key, entity=kind)) in places for kind in KINDS):
            return bool(places)
        link = self.links.of(key)
        return link is not None and link.id in places


@dataclass(frozen=True, slots=True)
class Desk:
    """One connection during one drain."""

    connection: Connection
    mapping: Mapping
    clients: Dict[Side, SideClient]
    gate: RoundGate
    store: Store
    clock: Clock
    lease: Lease
    run: str
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]

    def entity(self, name: str) -> EntityMapping:
        """The mapping of one entity."""
        return self.mapping.entities[name]

    def as_mapped(self, link: Link) -> Link:
        """The link as the present mapping may trust it; one of a mapping that is not known any more stays as it is."""
        if link.mapping_version == self.mapping.version or link.entity not in self.mapping.entities:
            return link
        old = self.store.connections.earlier(self.connection.id, link.mapping_version)
        return remapped(link, old.entities.get(link.entity), self.entity(link.entity)) if old else link
