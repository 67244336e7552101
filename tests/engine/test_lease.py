"""One writer per group: take, take over, fence, renew, `again`, release (design, section 2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.table import MemoryTable
from tandem.core.records import RecordKey, Side
from tandem.engine.desk import Store
from tandem.engine.lease import AGAIN_LIMIT, Lease, LeaseLostError, Leases, OutOfTimeError


@pytest.fixture
def leases(store: Store) -> Leases:
    """The lease rows."""
    return store.leases


def keys(*ids: int) -> list[RecordKey]:
    """Keys of some records."""
    return [RecordKey("main", Side.CRM, "customer", str(id)) for id in ids]


def acquired(leases: Leases, clock: ManualClock, token: str = "a", seconds: int = 300) -> Lease:
    """The lease of `main`, which must be free."""
    lease = leases.acquire("main", token, [], clock.now() + timedelta(seconds=seconds))
    assert lease is not None
    return lease


def refused(leases: Leases, clock: ManualClock, left: list[RecordKey], token: str = "b") -> None:
    """Another worker finds the lease taken and leaves its keys."""
    assert leases.acquire("main", token, left, clock.now() + timedelta(seconds=300)) is None


def row(table: MemoryTable) -> dict[str, Any]:
    """The lease as stored."""
    return table.get("WRITER#main", "LEASE") or {}


def test_only_one_worker_holds_a_group(leases: Leases, clock: ManualClock) -> None:
    """And groups run beside each other."""
    acquired(leases, clock)
    refused(leases, clock, [])
    assert leases.acquire("other", "b", [], clock.now()) is not None


def test_each_take_raises_the_fence(leases: Leases, clock: ManualClock) -> None:
    """It marks whose commit is newer."""
    first = acquired(leases, clock)
    first.release()
    second = acquired(leases, clock)
    clock.advance(60)
    third = acquired(leases, clock, "c")
    assert [first.fence, second.fence, third.fence] == [1, 2, 3]


def test_an_expired_lease_is_taken_over(leases: Leases, clock: ManualClock) -> None:
    """Its holder died; at the very second of its end it is still held."""
    acquired(leases, clock)
    clock.advance(40)
    refused(leases, clock, [])
    clock.advance(1)
    assert acquired(leases, clock, "b").fence == 2


def test_keep_renews_every_ten_seconds(leases: Leases, table: MemoryTable, clock: ManualClock) -> None:
    """A long drain keeps its right to write."""
    lease = acquired(leases, clock)
    clock.advance(9)
    lease.keep(clock.now())
    assert lease.renewed == clock.now() - timedelta(seconds=9)
    clock.advance(1)
    lease.keep(clock.now())
    assert row(table)["until"] == (clock.now() + timedelta(seconds=40)).isoformat()


@pytest.mark.parametrize("how", ["taken over", "released", "expired"])
def test_a_lost_lease_is_never_renewed(leases: Leases, clock: ManualClock, how: str) -> None:
    """Refused means stop: the worker must not write any more."""
    lease = acquired(leases, clock)
    if how == "released":
        lease.release()
        clock.advance(10)
    else:
        clock.advance(41)
    if how == "taken over":
        acquired(leases, clock, "b")
    with pytest.raises(LeaseLostError, match="the lease of main was taken over"):
        lease.keep(clock.now())


@pytest.mark.parametrize("left", [20, 10, 0, -5])
def test_no_write_starts_that_would_not_fit_into_the_functions_time(
    leases: Leases, clock: ManualClock, left: int
) -> None:
    """A whole call's time-out plus 5 s for clocks must be left of both."""
    lease = acquired(leases, clock, seconds=left)
    with pytest.raises(OutOfTimeError, match="less than 20 s left for main"):
        lease.keep(clock.now())


def test_a_write_starts_with_just_enough_time(leases: Leases, clock: ManualClock) -> None:
    """One second more than a call and the clocks need."""
    acquired(leases, clock, seconds=21).keep(clock.now())


def test_a_round_starts_only_with_time_for_two_calls(leases: Leases, clock: ManualClock) -> None:
    """Read, then write."""
    assert acquired(leases, clock, seconds=36).has_time(clock.now())
    assert not acquired(leases, clock_after(clock, 60), "b", seconds=35).has_time(clock.now())


def clock_after(clock: ManualClock, seconds: int) -> ManualClock:
    """The same clock, later."""
    clock.advance(seconds)
    return clock


# --- again ------------------------------------------------------------------------------------------


def test_keys_are_left_for_the_holder_and_taken_once(
    leases: Leases, table: MemoryTable, clock: ManualClock
) -> None:
    """Each once, in the order left."""
    lease = acquired(leases, clock)
    refused(leases, clock, keys(1, 2))
    assert row(table)["again"] == [str(key) for key in keys(1, 2)]
    refused(leases, clock, keys(2, 3))
    assert lease.again() == keys(1, 2, 3)
    assert lease.again() == []


def test_again_holds_fifty_keys_and_loses_no_row(
    leases: Leases, table: MemoryTable, clock: ManualClock
) -> None:
    """More are not kept: their rows are due anyway."""
    acquired(leases, clock)
    refused(leases, clock, keys(*range(30)))
    refused(leases, clock, keys(*range(30, 90)))
    assert len(row(table)["again"]) == AGAIN_LIMIT
    refused(leases, clock, keys(99))
    assert len(row(table)["again"]) == AGAIN_LIMIT


def test_a_bell_without_keys_leaves_nothing_where_fifty_are_left(
    leases: Leases, table: MemoryTable, clock: ManualClock
) -> None:
    """The holder looks again anyway."""
    acquired(leases, clock)
    refused(leases, clock, keys(*range(AGAIN_LIMIT)))
    refused(leases, clock, [])
    assert len(row(table)["again"]) == AGAIN_LIMIT


def test_a_key_left_while_the_holder_takes_the_others_is_taken_with_them(
    leases: Leases, table: MemoryTable, clock: ManualClock
) -> None:
    """On condition that none came meanwhile, else once more."""
    lease = acquired(leases, clock)
    refused(leases, clock, keys(1))

    def leave_another(verb: str, op: Any) -> None:
        if verb == "update" and op.remove:
            table.before = None
            refused(leases, clock, keys(2), "c")

    table.before = leave_another
    assert lease.again() == keys(1, 2)
    assert lease.again() == []


def test_keys_left_for_a_holder_that_just_ended_are_taken_by_the_comer(
    leases: Leases, table: MemoryTable, clock: ManualClock
) -> None:
    """Same token and not expired, else it takes the lease itself."""
    lease = acquired(leases, clock)

    def release_first(verb: str, op: Any) -> None:
        if verb == "update" and op.append:
            table.before = None
            lease.release()

    table.before = release_first
    assert leases.acquire("main", "b", keys(1), clock.now() + timedelta(seconds=300)) is not None


# --- release ----------------------------------------------------------------------------------------


def test_a_released_lease_is_free_at_once(leases: Leases, clock: ManualClock) -> None:
    """Nobody waits for its end."""
    assert acquired(leases, clock).release() is None
    acquired(leases, clock, "b")


def test_a_release_with_keys_left_gives_them_to_the_holder(leases: Leases, clock: ManualClock) -> None:
    """The message of those keys is deleted already: the holder takes the rows first."""
    lease = acquired(leases, clock)
    refused(leases, clock, keys(1))
    assert lease.release() == keys(1)
    assert lease.release() is None
    acquired(leases, clock, "c")


def test_a_bell_without_keys_makes_the_holder_look_again(leases: Leases, clock: ManualClock) -> None:
    """The tick's bell names no key; its message is deleted too, so its rows must not wait for the next tick."""
    lease = acquired(leases, clock)
    refused(leases, clock, [])
    assert lease.release() == []
    assert lease.release() is None


def test_a_holder_stopped_by_quota_or_time_releases_without_condition(
    leases: Leases, table: MemoryTable, clock: ManualClock
) -> None:
    """It cannot take more rows; they stay due."""
    lease = acquired(leases, clock)
    refused(leases, clock, keys(1))
    assert lease.release(unconditionally=True) is None
    assert "again" not in row(table)
    acquired(leases, clock, "b")


@pytest.mark.parametrize("unconditionally", [True, False])
def test_a_late_release_does_not_end_anothers_lease(
    leases: Leases, clock: ManualClock, *, unconditionally: bool
) -> None:
    """Condition: own token."""
    late = acquired(leases, clock)
    clock.advance(41)
    holder = acquired(leases, clock, "b")
    refused(leases, clock, keys(5), "c")
    assert late.release(unconditionally=unconditionally) is None
    assert late.again() == []
    assert holder.again() == keys(5)
