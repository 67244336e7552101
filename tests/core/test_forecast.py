"""The forecast beside other applications, even and bursty ones, over simulated minutes of one account's ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

import pytest

from tandem.core import shares
from tandem.core.forecast import PROMISED, Pace, forecast
from tandem.core.ledger import TALLY_SECONDS, Ledger, Limits
from tandem.core.records import RowClass

LIMITS = Limits(80, 100_000, 100)
START = 1_800_000_000 // 3600 * 3600
STEP = 10
"""Seconds at a time: the neighbour's calls, then ours."""
ROWS = 6_000
CALLS_A_ROW = 2
LIVE_A_MINUTE = 8
ROUND = 40
"""Calls that our workers make at most in a step."""
ASKED = (60, 120, 180)
"""Minutes after which the forecast is noted."""

Neighbour = Callable[[Random], Iterator[float]]
"""Calls a minute, second by second."""


def even(_rng: Random) -> Iterator[float]:
    """Always thirty."""
    while True:
        yield 30


def cycle(busy: int, idle: int, rate: float) -> Neighbour:
    """Some busy minutes, then some idle ones, without end."""

    def calls(rng: Random) -> Iterator[float]:
        second = rng.randrange((busy + idle) * 60)
        while True:
            yield rate if second % ((busy + idle) * 60) < busy * 60 else 0
            second += 1

    return calls


def at_random(busy: float, idle: float, rate: float) -> Neighbour:
    """The same with lengths that nobody can foresee."""

    def calls(rng: Random) -> Iterator[float]:
        while True:
            for length, its in ((busy, rate), (idle, 0.0)):
                for _ in range(int(rng.expovariate(1 / length) * 60)):
                    yield its

    return calls


@dataclass(frozen=True)
class Noted:
    """What was foreseen and what happened, in seconds from when it was asked."""

    foreseen: float
    happened: float
    give: float | None

    @property
    def off(self) -> float:
        """By which share of what then happened."""
        return abs(self.foreseen - self.happened) / self.happened


def played(neighbour: Neighbour, seed: int) -> dict[int, Noted]:
    """Let the backfill run to its end; the forecasts by the minute."""
    rng = Random(seed)
    calls, ledger, left, now, asked = (
        neighbour(rng),
        Ledger(),
        ROWS,
        START,
        dict[int, tuple[float, float | None]](),
    )
    org, theirs, live = 100_000.0, 0.0, 0.0
    while left > 0:
        ledger = ledger.at(now, LIMITS)
        theirs += sum(next(calls) for _ in range(STEP)) / 60
        org, theirs, live = org - int(theirs), theirs - int(theirs), live + LIVE_A_MINUTE * STEP / 60
        made = _take(ledger, RowClass.LIVE, int(live), now)
        live -= made
        ledger.note_waiting(RowClass.BACKFILL, now)
        mine = (
            _take(ledger, RowClass.BACKFILL, min(ROUND, left * CALLS_A_ROW), now) // CALLS_A_ROW * CALLS_A_ROW
        )
        ledger.note_rows(mine // CALLS_A_ROW, now)
        left -= mine // CALLS_A_ROW
        org -= made + mine
        ledger.told(int(org), START + 80_000 - now, 0, now)
        minute, rest = divmod(now - START, 60)
        if minute in ASKED and not rest:
            told = forecast(left, Pace.of(ledger, now, LIMITS))
            assert told.ends is not None
            asked[minute] = told.ends.timestamp() - now, told.give
        now += STEP
    return {m: Noted(foreseen, now - START - m * 60, give) for m, (foreseen, give) in asked.items()}


def _take(ledger: Ledger, cls: RowClass, want: int, now: int) -> int:
    granted = min(want, ledger.free(cls, now, LIMITS).calls)
    granted -= granted % CALLS_A_ROW if cls is RowClass.BACKFILL else 0
    if granted > 0:
        ledger.reserve(cls, granted, now)
    return max(granted, 0)


EVEN = {"even": even, "a minute of every ten": cycle(1, 9, 80), "three of every ten": cycle(3, 7, 50)}
LONG = {"ten minutes of thirty": (cycle(10, 20, 50), 60), "a quarter of each hour": (cycle(15, 45, 60), 120)}
"""With the minutes after which they have come twice."""


@pytest.mark.parametrize("name", EVEN)
def test_beside_even_use_and_short_bursts_it_holds_within_a_tenth(name: str) -> None:
    """Whenever it is asked; and that is what it says of itself, or little more."""
    for seed in range(2):
        for noted in played(EVEN[name], seed).values():
            assert noted.off <= PROMISED
            assert noted.give is not None
            assert noted.give <= 2 * PROMISED


@pytest.mark.parametrize("name", LONG)
def test_beside_long_bursts_it_holds_within_what_it_says_of_itself(name: str) -> None:
    """Once they have come twice; that is more than a tenth."""
    neighbour, twice = LONG[name]
    for seed in range(3):
        found = played(neighbour, seed)
        for minute in (minute for minute in ASKED if minute >= twice):
            give = found[minute].give
            assert give is not None
            assert found[minute].off <= give
        assert found[180].off <= 1.5 * PROMISED


def test_beside_bursts_at_random_it_nearly_always_holds_within_what_it_says() -> None:
    """From two hours on nine times of ten: no bound by swings that were seen can promise more of chance."""
    found = [played(at_random(5, 10, 50), seed) for seed in range(6)]
    noted = [one for seen in found for minute, one in seen.items() if minute > min(ASKED)]
    kept = sum(one.give is not None and one.off <= one.give for one in noted)
    assert kept >= 0.9 * len(noted)


def test_too_little_measured_is_no_bound() -> None:
    """In the first half hour nothing is said of it."""
    pace = Pace(START, 30.0, 10.0, 2.0, 40.0, 10_000, 10_000, START + 80_000)
    assert pace.give(60) is None
    assert replace(pace, tallies=(300,)).give(60) is None
    assert replace(pace, tallies=(0, 0)).give(60) is None
    assert forecast(100, pace).give is None


def test_a_backfill_of_two_days_goes_on_when_the_next_one_begins() -> None:
    """In each day the last eighth is left to the others; the bound is that of the whole time until the end."""
    end = START + 80_000
    pace = Pace(START, 10.0, 0.0, 2.0, 40.0, 800, 800, end, (90, 110, 100))
    today = 800 - shares.kept(800)
    told = forecast((today + 120) // 2, pace)
    assert (told.calls, told.held_by) == (today + 120, "day")
    assert told.ends == datetime.fromtimestamp(end + 12 * 60, UTC)
    assert told.give == pace.give((end + 12 * 60 - START) / 60)
    assert told.give != pace.give(10**9)


def test_a_pace_is_what_was_tallied_in_the_time_that_it_ran() -> None:
    """From ten minutes after it began; ten minutes without a call are time too, and count as none."""
    ledger = Ledger().at(START, LIMITS)
    for minute in (0, 20, 50):
        now = START + minute * 60
        ledger.at(now, LIMITS).reserve(RowClass.BACKFILL, 60, now)
    ledger.reserve(RowClass.LIVE, 30, now)
    ledger.note_waiting(RowClass.BACKFILL, now + 300)
    pace = Pace.of(ledger, now + 600, LIMITS)
    assert (pace.tallies, pace.backfill, pace.rest) == ((60, 0, 0, 60), 120 / 40, 30 / 40)


@pytest.mark.parametrize(("tallies", "least"), [((300, 300), 0.0), ((300, 303, 297), 0.0), ((200, 400), 1.0)])
def test_the_bound_is_a_tenth_at_least_and_grows_with_the_swings(
    tallies: tuple[int, ...], least: float
) -> None:
    """Two tallies that differ say hardly anything."""
    pace = Pace(START, 30.0, 10.0, 2.0, 40.0, 10_000, 10_000, START + 80_000, tallies)
    give = pace.give(120)
    assert give is not None
    assert give >= max(PROMISED, least)


def test_a_backfill_that_begins_anew_is_measured_anew() -> None:
    """An hour without it says nothing about its pace."""
    ledger = Ledger().at(START, LIMITS)
    for minute in (0, 5, 10, 90, 100, 110):
        now = START + minute * 60
        ledger.at(now, LIMITS).reserve(RowClass.BACKFILL, 10, now)
    assert ledger.backfill_since == START + 90 * 60
    assert len(Pace.of(ledger, START + 120 * 60, LIMITS).tallies) == 0, "it is not held back"
    ledger.note_waiting(RowClass.BACKFILL, START + 130 * 60)
    tallies = Pace.of(ledger, START + 130 * 60, LIMITS).tallies
    assert len(tallies) == (130 - 110) * 60 // TALLY_SECONDS
