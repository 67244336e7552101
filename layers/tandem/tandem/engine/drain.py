"""A drain: one run of the writer for one group (design, section 2).

Settle open intents -> take due rows, best class first -> a round -> again, until nothing is due, the governor says
stop, or the deadline is near -> release.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tandem.core.connection import Connection
from tandem.core.errors import BadInputError, RetryError, StopError
from tandem.core.outcomes import Waits
from tandem.core.records import Mode, RecordKey, RowClass, Side
from tandem.core.shares import fill
from tandem.engine.connections import in_turn
from tandem.engine.cursors import indexed
from tandem.engine.desk import ClientsFor, Desk, Store
from tandem.engine.epoch import of_this_table
from tandem.engine.gate import RoundGate
from tandem.engine.governor import accounts
from tandem.engine.history import run_of
from tandem.engine.lease import Lease, LeaseLostError, OutOfTimeError
from tandem.engine.ports import Clock, DeadLetters
from tandem.engine.reader import Reader
from tandem.engine.round import CRASH_LIMIT, Round
from tandem.engine.rows import Row
from tandem.engine.settle import Settler

logger = logging.getLogger("tandem.drain")

ROUND_SIZE = 50
CALLS_A_ROW = 2
"""What is reserved in Books for a row before it is taken: one read and one write."""


@dataclass(slots=True)
class Taken:
    """Rows taken for a round, keys of rows that crashed twice, and whether some were left for want of quota."""

    rows: list[Row] = field(default_factory=list)
    shaky: list[RecordKey] = field(default_factory=list)
    put_off: bool = False


@dataclass(slots=True)
class DrainReport:
    """What a drain did: rounds, outcomes by kind, calls by product, and why it ended."""

    taken: bool = True
    rounds: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    stop: str = ""

    def add(self, outcomes: dict[str, int]) -> None:
        """Count the outcomes of one round."""
        for kind, count in outcomes.items():
            self.outcomes[kind] = self.outcomes.get(kind, 0) + count


@dataclass(frozen=True, slots=True)
class Drainer:
    """Runs drains. Everything that it needs comes in."""

    store: Store
    clients_for: ClientsFor
    dead_letters: DeadLetters
    clock: Clock
    token: Callable[[], str]
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def drain(self, group: str, keys: Sequence[RecordKey], deadline: datetime) -> DrainReport:
        """Drain one group. When another holds the lease, `keys` are left for it and nothing is done."""
        lease = self.store.leases.acquire(group, self.token(), keys, deadline)
        if lease is None:
            return DrainReport(taken=False, stop="another worker holds the lease")
        report, named = DrainReport(), list(keys)
        while True:
            stops, elsewhere = [], list[RecordKey]()
            for connection in in_turn(self.store.connections.of_group(group), lease.fence):
                mine = [key for key in named if key.connection == connection.id]
                stops.append(await self._connection(connection, lease, mine, elsewhere, report))
            report.stop = "; ".join(stop for stop in stops if stop)
            if elsewhere and not report.stop:
                named = elsewhere
                continue
            left = lease.release(unconditionally=bool(report.stop))
            if left is None:
                return report
            named = left

    async def _connection(
        self,
        connection: Connection,
        lease: Lease,
        named: list[RecordKey],
        elsewhere: list[RecordKey],
        report: DrainReport,
    ) -> str:
        """Work for one connection; returns why it stopped early, or nothing.

        `elsewhere` gathers keys of the group's other connections that were left for the holder meanwhile.
        """
        if connection.paused or not self.store.connections.may_try_again(connection, self.clock.now()):
            return ""
        connection = of_this_table(self.store, connection, self.clock.now())
        gate = RoundGate(self.store.governor, accounts(connection), hold=lambda: lease.hold(self.clock.now()))
        try:
            desk = self._desk(connection, lease, gate)
            stop = await self._rounds(desk, named, elsewhere, report)
        except (StopError, BadInputError) as error:
            self.store.connections.stop(connection.id, error, self.clock.now())
            stop = str(error)
        except (RetryError, OutOfTimeError, LeaseLostError) as error:
            stop = str(error)
        finally:
            gate.close()
            for product, count in gate.made.items():
                report.calls[product] = report.calls.get(product, 0) + count
        if not stop and gate.was_used:
            self.store.connections.works_again(connection, self.store.rows, self.clock.now())
        return stop

    def _desk(self, connection: Connection, lease: Lease, gate: RoundGate) -> Desk:
        return Desk(
            connection,
            self.store.connections.loaded(connection),
            self.clients_for(connection, gate),
            gate,
            self.store,
            self.clock,
            lease,
            run_of(self.clock.now()),
            self.random,
            self.sleep,
        )

    async def _rounds(
        self, desk: Desk, named: list[RecordKey], elsewhere: list[RecordKey], report: DrainReport
    ) -> str:
        """Rounds until nothing is due; the open intents are looked at before each of them."""
        alone = False
        while True:
            now = self.clock.now()
            if not desk.lease.has_time(now):
                return "the function's time is nearly over"
            desk.lease.keep(now)
            blocked = await Settler(desk, Reader(desk)).settle()
            taken = self._take(desk, named, blocked, alone=alone)
            if not taken.rows:
                return "quota: the calls of Books are used up for now" if taken.put_off else ""
            desk.gate.cls = min(row.cls for row in taken.rows)
            outcome = await Round(desk, self.dead_letters, blocked).run(taken.rows)
            report.rounds += 1
            report.add(outcome.outcomes)
            if stop := outcome.stop or outcome.exhausted:
                return stop
            again, alone = desk.lease.again(), True
            named = [key for key in again if key.connection == desk.connection.id]
            elsewhere += [key for key in again if key.connection != desk.connection.id]

    def _take(self, desk: Desk, named: Sequence[RecordKey], blocked: set[str], *, alone: bool) -> Taken:
        """Take due rows, each class its share, those named first. A row that crashed twice goes alone, later."""
        found = self._found(desk, named, blocked)
        shares = fill({cls: len(keys) for cls, keys in found.items()}, ROUND_SIZE)
        taken = Taken()
        for cls, keys in found.items():
            self._take_class(desk, cls, keys[: shares[cls]], taken)
        if not taken.rows and taken.shaky and alone:
            row = self.store.rows.take(taken.shaky[0])
            return Taken([row] if row else [])
        if not taken.rows and taken.shaky:
            return self._take(desk, named, blocked, alone=True)
        return taken

    def _found(
        self, desk: Desk, named: Sequence[RecordKey], blocked: set[str]
    ) -> dict[RowClass, list[RecordKey]]:
        """Due rows by class, those named by the bell first; a named one that no index shows yet counts as live."""
        due = self.store.rows.due_by_class(desk.connection.id, self.clock.now(), ROUND_SIZE * 2)
        known = {key: cls for cls, keys in due.items() for key in keys}
        found: dict[RowClass, list[RecordKey]] = {cls: [] for cls in RowClass}
        for key in dict.fromkeys([*named, *known]):
            if not self.store.is_blocked(key, blocked):
                found[known.get(key, RowClass.LIVE)].append(key)
        return found

    def _take_class(self, desk: Desk, cls: RowClass, keys: Sequence[RecordKey], taken: Taken) -> None:
        """Take rows of one class, as many as calls can be reserved for; the others are not touched.

        A record that Books itself told is free: it goes to CRM without a call to Books.
        """
        told = [key for key in keys if key.side is Side.BOOKS and cls in (RowClass.PERSON, RowClass.LIVE)]
        dear = [row for key in told if (row := self._take_one(desk, key, taken)) and not row.told]
        others = [key for key in keys if key not in told]
        want = CALLS_A_ROW * (len(dear) + len(others))
        rows = desk.gate.plan(Side.BOOKS.value, want, cls, CALLS_A_ROW) // CALLS_A_ROW if want else 0
        for row in dear[rows:]:
            self.store.rows.untake(row)
            taken.rows.remove(row)
        rows = max(rows - len(dear), 0)
        taken.put_off = taken.put_off or CALLS_A_ROW * (rows + len(dear)) < want
        for key in others[:rows]:
            self._take_one(desk, key, taken)

    def _take_one(self, desk: Desk, key: RecordKey, taken: Taken) -> Row | None:
        row = self.store.rows.take(key)
        if row is None or self._still_waits(desk, row):
            return None
        if row.starts == CRASH_LIMIT:
            self.store.rows.untake(row)
            taken.shaky.append(key)
            return None
        taken.rows.append(row)
        return row

    def _still_waits(self, desk: Desk, row: Row) -> bool:
        """A wait that came due by its net only: its reason is looked at first and no call is spent while it stands."""
        observes = desk.connection.effective_mode is Mode.OBSERVE
        listed = self.store.connections.is_index_complete
        stands = (row.waits_for == "mode" and observes) or (
            row.waits_for == "index" and not listed(desk.connection.id, indexed(desk.mapping))
        )
        if stands:
            now = self.clock.now()
            net = timedelta(seconds=desk.connection.settings.wait_net_seconds)
            self.store.rows.finish(row, Waits(row.waits_for, now + net), now)  # type: ignore[arg-type]
        return stands


def describe(report: DrainReport) -> str:
    """One line for the log."""
    done = ", ".join(f"{kind} {count}" for kind, count in sorted(report.outcomes.items()))
    return f"{report.rounds} rounds: {done or 'nothing'}" + (
        f"; stopped: {report.stop}" if report.stop else ""
    )
