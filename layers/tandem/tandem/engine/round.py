"""One round of the writer: open it (read, drop echoes), then handle units side by side (design, section 2)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from tandem.core.entities import PERSON
from tandem.core.outcomes import Done, Failed
from tandem.core.records import Gone, Link, Record, RecordKey
from tandem.engine.bulk import Bulk
from tandem.engine.desk import Desk
from tandem.engine.gate import charge, count_calls
from tandem.engine.handling import Handler
from tandem.engine.opening import CRASH_LIMIT, Opening
from tandem.engine.perform import Performer
from tandem.engine.ports import DeadLetters
from tandem.engine.reader import Reader
from tandem.engine.recorder import Recorder
from tandem.engine.row_outcomes import Outcomes, RoundReport
from tandem.engine.rows import Row
from tandem.engine.situation import Gatherer
from tandem.engine.units import Order
from tandem.engine.watch import Watch

__all__ = ["CRASH_LIMIT", "Round"]


class Round:
    """Handles rows that were taken; every one of them gets an outcome or stays due."""

    def __init__(
        self, desk: Desk, dead_letters: DeadLetters, blocked: AbstractSet[str] = frozenset()
    ) -> None:
        """`blocked`: source rows, targets and links of open intents (`Settler.settle`)."""
        self.desk = desk
        self.report = RoundReport()
        own: dict[RecordKey, Record | Gone] = {}
        links: dict[RecordKey, Link] = {}
        self._reader = Reader(desk)
        gatherer = Gatherer(desk, self._reader)
        self._outcomes = Outcomes(desk, dead_letters, gatherer, own, self.report)
        self._opening = Opening(desk, self._reader, gatherer, self._outcomes, own, links, blocked)
        self._watch = Watch(desk, self._reader, own, links)
        self._handler = Handler(desk, self._reader, gatherer, blocked, self._watch)
        self._order = Order(desk, own, links)

    async def run(self, rows: Sequence[Row]) -> RoundReport:
        """Handle all rows: read, drop echoes, form units, run them side by side."""
        crashed = [row for row in rows if row.starts > CRASH_LIMIT]
        for row in crashed:
            self._outcomes.settle(
                row, Failed("CrashedWorker", f"{row.key} crashed the worker {row.starts - 1} times")
            )
        rows = self._opening.by_link([row for row in rows if row.starts <= CRASH_LIMIT])
        rows = self._without_off(rows)
        rows = await self._watched(await self._opening.read(rows))
        units = self._order.units(rows)
        bulk = Bulk(self.desk, len(units))
        in_flight = self.desk.connection.settings.in_flight
        # Units that wait for a common call are not in flight themselves: the transport counts calls.
        width = len(units) if bulk.is_on else in_flight
        flight, writes = asyncio.Semaphore(max(width, 1)), asyncio.Semaphore(in_flight)
        ends = await asyncio.gather(
            *(self._unit(unit, flight, writes, bulk) for unit in units), return_exceptions=True
        )
        for failure in (end for end in ends if isinstance(end, BaseException)):
            raise failure  # after every unit has ended: no call outlives its drain
        return self.report

    def _without_off(self, rows: Sequence[Row]) -> list[Row]:
        """The mapping may have switched an entity off since a row of it was hinted."""
        on = self.desk.mapping.entities
        for row in rows:
            if row.key.entity not in on:
                if row.insists:  # a person released what is held of it
                    Recorder(self.desk).set_aside(row, self._opening.links.get(row.key))
                self._outcomes.settle(row, Done("left_out", f"{row.key.entity} is off in the mapping"))
        return [row for row in rows if row.key.entity in on]

    async def _watched(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that may be handled: none where a guard stops them; they stay due and are then only observed."""
        stop = await self._watch.stop(rows)
        if not stop:
            return list(rows)
        self.report.stop = self.report.stop or stop
        for row in rows:
            self._leave(row)
        return []

    def _leave(self, row: Row) -> None:
        """The round ends before this row: it stays due."""
        self.desk.store.rows.untake(row)
        self.report.count("left")

    async def _unit(
        self, unit: Sequence[Row], flight: asyncio.Semaphore, writes: asyncio.Semaphore, bulk: Bulk
    ) -> None:
        """The rows of a unit in order; the persons of a customer that it links join it, while all is at hand."""
        performer = Performer(self.desk, self._reader, writes, bulk if bulk.is_on else None)
        try:
            async with flight:
                await self._in_order(deque(unit), performer)
        finally:
            bulk.leave()

    async def _in_order(self, waiting: deque[Row], performer: Performer) -> None:
        while waiting:
            row = waiting.popleft()
            if self.report.stop or self._is_unanswered(row, performer):
                self._leave(row)
                continue
            await self._row(row, performer)
            waiting.extend(await self._family(performer.records))

    def _is_unanswered(self, row: Row, performer: Performer) -> bool:
        """A write of this unit got no answer: the other rows of its pair stay due until it is settled."""
        return self.desk.store.is_blocked(row.key, performer.writer.unanswered)

    async def _family(self, records: Recorder) -> list[Row]:
        """Take the persons' rows that the last row raised."""
        keys = [key for key in dict.fromkeys(records.raised) if key.entity == PERSON]
        records.raised.clear()
        return await self._watched(await self._opening.take_also(keys))

    async def _row(self, row: Row, performer: Performer) -> None:
        charge(row.cls)
        count_calls()
        try:
            self.desk.lease.keep(self.desk.clock.now())
            outcome = await self._handler.handle(row, performer)
        except Exception as error:  # noqa: BLE001 - a poisoned record or our bug on it delays nobody else (P21)
            outcome = self._outcomes.of_error(row, error)
        self._outcomes.settle(row, outcome)
