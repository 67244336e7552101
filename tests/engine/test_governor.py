"""The governor: never over the cap, whoever asks and whenever (P20, P25)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.table import MemoryTable
from tandem.core.connection import Connection
from tandem.core.errors import RateLimitedError
from tandem.core.ledger import FRESH_SECONDS, WINDOW_SECONDS, Limits
from tandem.core.records import RowClass
from tandem.engine.gate import RoundGate
from tandem.engine.governor import Account, Governor, accounts

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
LIMITS = Limits(per_minute=80, per_day=1000, of_org=100)
BOOKS = Account("in", "books", "60001", LIMITS)
LIVE = RowClass.LIVE


@pytest.fixture
def governor(table: MemoryTable, clock: ManualClock) -> Governor:
    """The quota rows."""
    return Governor(table, clock)


def gate(governor: Governor, account: Account = BOOKS) -> RoundGate:
    """A drain's gate for one account."""
    return RoundGate(governor, {"books": account})


def admitted(one: RoundGate, calls: int) -> int:
    """How many of `calls` may leave now."""

    async def ask() -> int:
        for made in range(calls):
            try:
                await one.admit("books")
            except RateLimitedError:
                return made
        return calls

    return asyncio.run(ask())


def refusal(governor: Governor, account: Account = BOOKS) -> RateLimitedError:
    """Why not even one call may be reserved."""
    with pytest.raises(RateLimitedError) as caught:
        governor.reserve(account, 1)
    return caught.value


# --- the window ---------------------------------------------------------------------------------------

moves = st.one_of(
    st.tuples(st.just("call"), st.integers(0, 2), st.integers(1, 60)),
    st.tuples(st.just("plan"), st.integers(0, 2), st.integers(1, 120)),
    st.tuples(st.just("close"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("wait"), st.just(0), st.sampled_from([1, 3, 9, 90, 300, 549, 551, 590, 599, 601, 660])),
)


LATE = [("wait", 0, 591), ("call", 1, 60)]
"""59.1 s after calls that left as late as they may: the worst that rounding to seconds could let through."""


@settings(max_examples=150, deadline=None)
@given(st.lists(moves, max_size=40))
@example([("wait", 0, 9), ("plan", 0, 80), ("wait", 0, 50), ("call", 0, 60), ("call", 0, 20), *LATE])
def test_never_more_than_the_cap_in_any_sixty_seconds(steps: list[tuple[str, int, int]]) -> None:
    """Three workers reserve, call late, hand back; time passes in tenths of a second."""
    clock = ManualClock(START)
    governor = Governor(MemoryTable(), clock)
    account = replace(BOOKS, limits=replace(LIMITS, per_day=10**6))
    gates = [gate(governor, account) for _ in range(3)]
    made: list[float] = []
    for verb, who, number in steps:
        match verb:
            case "call":
                made += [clock.now().timestamp()] * admitted(gates[who], number)
            case "plan":
                gates[who].plan("books", number, LIVE)
            case "close":
                gates[who].close()
            case _:
                clock.advance(number / 10)
    for end in made:
        assert sum(end - 60 < call <= end for call in made) <= account.limits.per_minute


def test_a_burst_leaves_at_once_up_to_the_cap(governor: Governor) -> None:
    """A page and its writes go together."""
    assert admitted(gate(governor), 100) == 80


def test_the_wait_is_as_long_as_the_oldest_call_counts(governor: Governor, clock: ManualClock) -> None:
    """A row comes back when it is worth it, not sooner."""
    governor.reserve(BOOKS, 80)
    clock.advance(20)
    told = refusal(governor)
    assert told.kind == "minute"
    assert WINDOW_SECONDS - 20 <= told.retry_after <= WINDOW_SECONDS - 18
    clock.advance(told.retry_after)
    assert governor.reserve(BOOKS, 100).left == 80


def test_a_round_gets_what_is_free_not_what_it_wants(governor: Governor) -> None:
    """It is cut to the calls that can be reserved now."""
    governor.reserve(BOOKS, 70)
    one = gate(governor)
    assert one.plan("books", 30, LIVE) == 10
    assert gate(governor).plan("books", 5, LIVE) == 0


def test_a_plan_counts_what_is_reserved_already(governor: Governor) -> None:
    """Two plans of one round do not add up."""
    one = gate(governor)
    assert (one.plan("books", 30, LIVE), one.plan("books", 30, LIVE), one.plan("books", 40, LIVE)) == (
        30,
        30,
        40,
    )
    assert governor.standing(BOOKS)["last_minute"] == 40


def test_what_was_not_used_is_handed_back(governor: Governor) -> None:
    """Another worker may use it at once; the day counts only what was made."""
    one = gate(governor)
    one.plan("books", 80, LIVE)
    assert admitted(one, 5) == 5
    one.close()
    assert governor.standing(BOOKS) == {
        "last_minute": 5,
        "minute_cap": 80,
        "others_a_minute": 0,
        "day_used": 5,
        "day_remaining": 995,
    }


def test_a_call_does_not_leave_long_after_it_was_reserved(governor: Governor, clock: ManualClock) -> None:
    """Else a minute's reservations would leave with the next one's."""
    one = gate(governor)
    one.plan("books", 80, LIVE)
    clock.advance(FRESH_SECONDS + 1)
    assert admitted(one, 80) == 80
    assert governor.standing(BOOKS)["last_minute"] == 80


def test_two_workers_at_once_never_reserve_the_same_call(table: MemoryTable, clock: ManualClock) -> None:
    """The row moves by compare-and-set; the loser looks again."""
    one, other = Governor(table, clock), Governor(table, clock)

    def in_between(verb: str, _: object) -> None:
        if verb == "put":
            table.before = None
            assert other.reserve(BOOKS, 50).left == 50

    table.before = in_between
    assert one.reserve(BOOKS, 50).left == 30


# --- the minute is blocked (44) -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"), [(429, "44"), (429, "1070"), (200, "43"), (429, "TOO_MANY_REQUESTS")]
)
def test_a_throttled_answer_blocks_the_minute_and_halves_the_cap(
    governor: Governor, clock: ManualClock, status: int, code: str
) -> None:
    """Books also throttles with code 43 on HTTP 200 (dossier books §8)."""
    one = gate(governor)
    one.observe("books", status=status, code=code, remaining=None, reset=None)
    clock.advance(60)
    assert refusal(governor).kind == "minute", "not within the minute"
    clock.advance(1)
    assert governor.reserve(BOOKS, 80).left == 48, "half of 80, and a minute's growth"


def test_a_burst_of_refusals_halves_once(governor: Governor) -> None:
    """Five calls in flight meet the same blocked minute."""
    one = gate(governor)
    for _ in range(5):
        one.observe("books", status=429, code="44", remaining=None, reset=None)
    assert governor.standing(BOOKS)["minute_cap"] == 40


def test_the_cap_recovers_by_a_tenth_a_minute(governor: Governor, clock: ManualClock) -> None:
    """And never beyond the full one; a later 44 halves what it had grown to."""
    governor.learn(BOOKS, refused=True)
    caps = []
    for _ in range(7):
        caps.append(governor.standing(BOOKS)["minute_cap"])
        clock.advance(60)
    assert caps == [40, 48, 56, 64, 72, 80, 80]
    governor.learn(BOOKS, refused=True)
    assert governor.standing(BOOKS)["minute_cap"] == 40


def test_the_cap_is_never_halved_to_nothing(governor: Governor, clock: ManualClock) -> None:
    """Something must leave, to learn that it may."""
    for _ in range(10):
        governor.learn(BOOKS, refused=True)
        clock.advance(61)
    assert refusal_free(governor) >= 10


def refusal_free(governor: Governor) -> int:
    """How many may leave now."""
    return governor.reserve(BOOKS, 1000).left


# --- the day ------------------------------------------------------------------------------------------


def test_a_spent_day_ends_until_it_begins_anew(governor: Governor, clock: ManualClock) -> None:
    """45: no call before the reset that the answer told, whatever is handed back meanwhile."""
    one = gate(governor)
    one.plan("books", 30, LIVE)
    one.observe("books", status=429, code="45", remaining=0, reset=5000)
    one.close()
    told = refusal(governor)
    assert (told.kind, told.retry_after) == ("day", 5000)
    clock.advance(4999)
    assert refusal(governor).kind == "day"
    clock.advance(2)
    governor.reserve(BOOKS, 1)


def test_the_lowest_remaining_counts(governor: Governor) -> None:
    """Answers of calls in flight come in any order."""
    governor.learn(BOOKS, remaining=50, reset=5000)
    governor.learn(BOOKS, remaining=80, reset=5000)
    assert governor.standing(BOOKS)["day_remaining"] == 50


def test_no_more_is_reserved_than_is_left_of_the_day(governor: Governor, clock: ManualClock) -> None:
    """Also before the next answer tells it."""
    governor.learn(BOOKS, remaining=30, reset=5000)
    assert governor.reserve(BOOKS, 50).left == 30
    assert refusal(governor).kind == "day"
    clock.advance(5001)
    assert governor.reserve(BOOKS, 50).left == 50, "a new day"


def test_our_own_count_stands_in_until_an_answer_tells(governor: Governor, clock: ManualClock) -> None:
    """The plan's figure is a setting."""
    small = replace(BOOKS, limits=replace(LIMITS, per_day=100))
    for _ in range(2):
        governor.reserve(small, 50)
        clock.advance(70)
    assert refusal(governor, small).kind == "day"
    clock.advance(86_400)
    governor.reserve(small, 1)


def test_remaining_is_stored_only_when_it_fell_by_ten(table: MemoryTable, governor: Governor) -> None:
    """A write for each answer would cost more than it tells."""
    one, puts = gate(governor), 0

    def count(verb: str, _: object) -> None:
        nonlocal puts
        puts += verb == "put"

    table.before = count
    for remaining in range(500, 470, -1):
        one.observe("books", status=200, code="", remaining=remaining, reset=5000)
    assert puts == 3


def test_a_lesson_is_not_lost_to_a_race(table: MemoryTable, clock: ManualClock) -> None:
    """A refusal that nobody remembers is met again by everybody."""
    one, other = Governor(table, clock), Governor(table, clock)

    def in_between(verb: str, _: object) -> None:
        if verb == "put":
            table.before = None
            other.reserve(BOOKS, 1)

    table.before = in_between
    one.learn(BOOKS, refused=True)
    assert refusal(one).kind == "minute"


# --- whose quota --------------------------------------------------------------------------------------


def connection(id: str, books: str, crm: str = "crm-1", dc: str = "in") -> Connection:
    """A connection between two orgs."""
    return Connection(
        id=id, group=id, dc=dc, crm_org=crm, organization_id=books, accounts_url="", crm_url="", books_url=""
    )


def test_two_connections_on_one_org_share_its_account(governor: Governor) -> None:
    """Zoho counts by org."""
    one, two = accounts(connection("one", "60001")), accounts(connection("two", "60001", "crm-2"))
    governor.reserve(one["books"], 80)
    assert refusal(governor, two["books"]).kind == "minute"
    assert governor.reserve(two["crm"], 80).left == 80


@pytest.mark.parametrize("other", [connection("two", "60002"), connection("two", "60001", dc="eu")])
def test_different_orgs_share_nothing(governor: Governor, other: Connection) -> None:
    """P25: neither another org nor another data centre."""
    governor.reserve(accounts(connection("one", "60001"))["books"], 80)
    governor.learn(
        accounts(connection("one", "60001"))["books"], code="45", refused=True, remaining=0, reset=99
    )
    assert governor.reserve(accounts(other)["books"], 80).left == 80
