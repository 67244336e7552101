"""The arithmetic of one account of calls, to the second (P20)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tandem.core import shares
from tandem.core.ledger import (
    DAY,
    LOOK_BACK_MINUTES,
    PENALTY_SECONDS,
    UNTOLD_RESET_SECONDS,
    WINDOW_SECONDS,
    Ledger,
    Limits,
    next_midnight,
)
from tandem.core.records import RowClass

LIMITS = Limits(per_minute=80, per_day=1000, of_org=100)
ROLLING = Limits(per_minute=80, per_day=1000, rolling=True)
NOW = 1_800_000_000 // 3600 * 3600
LIVE = RowClass.LIVE


def test_a_rolling_day_counts_the_last_24_hours() -> None:
    """By the hour: what was reserved in an hour leaves the count a day later."""
    ledger = Ledger().at(NOW, ROLLING)
    ledger.reserve(LIVE, 7, NOW)
    ledger.reserve(LIVE, 5, NOW + 3600)
    assert ledger.at(NOW + DAY - 1, ROLLING).used_today(ROLLING) == 12
    assert ledger.at(NOW + DAY, ROLLING).used_today(ROLLING) == 5
    assert ledger.at(NOW + DAY + 3600, ROLLING).used_today(ROLLING) == 0


def test_other_applications_are_expected_for_five_minutes_after_they_were_seen() -> None:
    """Also once their calls have left the window; then the minute is ours again."""
    ledger = Ledger().at(NOW, LIMITS)
    ledger.told(900, 3600, 0, NOW)
    ledger.told(870, 3600, 0, NOW)
    last = NOW + LOOK_BACK_MINUTES * 60
    assert [ledger.at(at, LIMITS).others_a_minute(at) for at in (NOW, last, last + 60)] == [30, 30, 0]


def test_the_limit_of_a_day_is_the_highest_remaining_that_was_told() -> None:
    """The plan's own number until then."""
    ledger = Ledger().at(NOW, LIMITS)
    assert ledger.day_limit(LIMITS) == 1000
    ledger.told(2500, 3600, 0, NOW)
    ledger.told(2400, 3600, 0, NOW)
    assert ledger.day_limit(LIMITS) == 2500


def test_who_gets_nothing_waits_until_the_oldest_call_counts_no_more() -> None:
    """And one second, for a call may be of the end of its second."""
    ledger = Ledger().at(NOW, LIMITS)
    ledger.reserve(LIVE, 80, NOW)
    assert ledger.free(LIVE, NOW + 10, LIMITS) == (0, "minute", WINDOW_SECONDS - 10 + 1)


def test_a_refusal_blocks_a_minute_and_is_no_call_and_the_next_one_halves_again() -> None:
    """Those of one burst count once; what Zoho refused it has not counted."""
    ledger = Ledger().at(NOW, LIMITS)
    ledger.reserve(LIVE, 10, NOW)
    ledger.refused(NOW, LIMITS)
    assert ledger.free(LIVE, NOW + 1, LIMITS) == (0, "minute", PENALTY_SECONDS - 1)
    assert (ledger.used_today(LIMITS), ledger.cap) == (9, 40)
    ledger.refused(NOW + 1, LIMITS)
    assert ledger.cap == 40
    over = NOW + 1 + PENALTY_SECONDS
    grown = ledger.cap_now(over, LIMITS)
    ledger.refused(over, LIMITS)
    assert ledger.cap == grown // 2


@pytest.mark.parametrize(("told", "others"), [((0, 5, 0), 0), ((5, 0, 5), 5), ((0, 0, 5), 0)])
def test_answers_come_in_any_order_and_the_lowest_remaining_counts(
    told: tuple[int, ...], others: int
) -> None:
    """Nothing left is told too; an answer that came late shows no other application."""
    ledger = Ledger().at(NOW, LIMITS)
    ledger.reserve(LIVE, 5, NOW)
    for remaining in told:
        ledger.told(remaining, 3600, 0, NOW)
    assert (ledger.day_left(LIMITS), ledger.others) == (0, others)
    assert ledger.free(LIVE, NOW, LIMITS)[:2] == (0, "day")


def test_a_remaining_without_the_days_end_is_believed_for_an_hour() -> None:
    """Then our own count stands in again."""
    ledger = Ledger().at(NOW, ROLLING)
    ledger.told(3, None, 0, NOW)
    assert ledger.at(NOW + UNTOLD_RESET_SECONDS - 1, ROLLING).day_left(ROLLING) == 3
    assert ledger.at(NOW + UNTOLD_RESET_SECONDS, ROLLING).day_left(ROLLING) == 1000


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("Asia/Kolkata", datetime(2026, 11, 23, 18, 30, tzinfo=UTC)),
        ("", datetime(2026, 11, 24, tzinfo=UTC)),
        ("Nowhere/At_All", datetime(2026, 11, 24, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_the_organisations_midnight(zone: str, ends: datetime) -> None:
    """To the second; of a zone that nobody knows by UTC."""
    now = datetime(2026, 11, 23, 9, 47, 13, tzinfo=UTC)
    assert next_midnight(int(now.timestamp()), zone) == ends.timestamp()


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [
        ((0, 50, 50, 50), (0, 22, 4, 4)),
        ((1, 0, 5, 50), (1, 0, 5, 24)),
        ((0, 0, 0, 50), (0, 0, 0, 30)),
        ((1, 1, 1, 1), (1, 1, 1, 1)),
    ],
)
def test_a_round_gives_each_class_its_minimum_and_the_rest_to_the_best(
    waiting: tuple[int, ...], taken: tuple[int, ...]
) -> None:
    """Thirty rows, of which an eighth for each class that waits."""
    assert tuple(shares.fill(dict(zip(RowClass, waiting, strict=True)), 30).values()) == taken
