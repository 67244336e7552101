"""When backfill will be done, from what was measured: a pure function (design, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from statistics import fmean, stdev
from typing import Literal

from tandem.core import shares
from tandem.core.ledger import (
    DAY,
    OTHERS,
    ROWS,
    TALLIES,
    TALLY_SECONDS,
    WINDOW_SECONDS,
    Ledger,
    Limits,
    digit,
)
from tandem.core.records import RowClass

ENOUGH_MINUTES = 5
"""A shorter time says nothing about a pace."""
ENOUGH_ROWS = 20
"""Fewer finished rows say nothing about what a row costs."""
CALLS_A_ROW = 2.0
"""Until enough rows were measured: one read and one write."""
FARTHEST_DAYS = 366
PROMISED = 0.1
"""By so much of the time that is left the forecast may be off beside neighbours whose use is even."""
SURE = {2: 12.7, 3: 4.3, 4: 3.2, 5: 2.8, 6: 2.6}
"""By the number of tallies, how many standard deviations hold in 19 of 20 cases (Student)."""
SURE_OF_MANY = 2.3


@dataclass(frozen=True, slots=True)
class Pace:
    """An account as the forecast sees it; rates are calls in a minute."""

    now: int
    backfill: float
    """Measured; 0 when backfill did not run or was not held back, so that its pace says nothing about the limit."""
    rest: float
    """Better classes and other applications together."""
    calls_a_row: float
    most: float
    """What the minute would grant backfill beside the rest."""
    day_left: int
    day_limit: int
    day_end: int
    tallies: tuple[int, ...] = ()
    """Calls of backfill in each whole ten minutes measured: neighbours that come in bursts make them differ."""

    @classmethod
    def of(cls, ledger: Ledger, now: int, limits: Limits) -> Pace:
        """Measured over the last three hours at most, and from ten minutes after backfill began, where it is that old.

        It begins with a burst, into a minute that nobody had used.
        """
        mine, began = digit(RowClass.BACKFILL), ledger.backfill_since
        steady = (began // TALLY_SECONDS + 2) * TALLY_SECONDS
        first = min((int(key.split("/")[0]) for key in ledger.tallies), default=0)
        oldest = max(now // TALLY_SECONDS - TALLIES + 1, first) * TALLY_SECONDS
        since = max(steady if now >= steady + TALLY_SECONDS else began, oldest)
        span = range(since // TALLY_SECONDS, now // TALLY_SECONDS + 1)

        def total(*kinds: str) -> int:
            return sum(ledger.tallies.get(f"{tally}/{kind}", 0) for tally in span for kind in kinds)

        minutes = max(now - since, 60) / 60
        whole = max(now - span.start * TALLY_SECONDS, 60) / 60
        calls, rows = total(mine), total(ROWS)
        better = total(*(digit(one) for one in RowClass if one is not RowClass.BACKFILL)) / whole
        room = ledger.room(now, limits)
        most = (room - shares.kept(room)) * 60 / WINDOW_SECONDS - better
        is_held = mine in ledger.waiting and minutes >= ENOUGH_MINUTES
        return cls(
            now=now,
            backfill=calls / minutes if is_held else 0.0,
            rest=better + total(OTHERS) / whole,
            calls_a_row=calls / rows if rows >= ENOUGH_ROWS else CALLS_A_ROW,
            most=max(most, shares.least(room) * 60 / WINDOW_SECONDS),
            day_left=ledger.day_left(limits),
            day_limit=ledger.day_limit(limits),
            day_end=ledger.day_end if not limits.rolling else now + DAY,
            tallies=tuple(
                ledger.tallies.get(f"{tally}/{mine}", 0)
                for tally in span[:-1]
                if is_held and tally * TALLY_SECONDS >= since
            ),
        )

    def give(self, minutes: float) -> float | None:
        """By which share of so many minutes the pace may be off: its swings so far, and as many to come.

        None where too little was measured to tell.
        """
        count = len(self.tallies)
        if count < min(SURE) or not any(self.tallies):
            return None
        mean = fmean(self.tallies)
        swing = stdev(self.tallies) / mean
        to_come = max(minutes * 60 / TALLY_SECONDS, 1)
        return max(PROMISED, SURE.get(count, SURE_OF_MANY) * swing * sqrt(1 / count + 1 / to_come))


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the rows of backfill will be done. `ends` None: nothing waits, or not within a year (`held_by`).

    `give`: by which share of the time until then it may come sooner or later; None where too little was measured.
    """

    rows: int
    calls: int
    ends: datetime | None
    held_by: Literal["nothing", "minute", "day"]
    give: float | None = None


def forecast(rows: int, pace: Pace) -> Forecast:
    """Walk the days: in each, backfill goes at its pace until the last part of the day, which it never takes."""
    calls = round(rows * pace.calls_a_row)
    if rows <= 0:
        return Forecast(0, 0, None, "nothing")
    rate, left, now, end = pace.backfill or pace.most, float(calls), float(pace.now), float(pace.day_end)
    budget, held = pace.day_left - shares.kept(pace.day_limit), False
    for _ in range(FARTHEST_DAYS):
        minutes = min(max(budget, 0) / (rate + pace.rest), max(end - now, 0) / 60)
        if rate * minutes >= left:
            ends = datetime.fromtimestamp(now + left / rate * 60, UTC)
            give = pace.give((ends.timestamp() - pace.now) / 60)
            return Forecast(rows, calls, ends, "day" if held else "minute", give)
        left -= rate * minutes
        now, end, held = end, end + DAY, True
        budget = pace.day_limit - shares.kept(pace.day_limit)
    return Forecast(rows, calls, None, "day")
