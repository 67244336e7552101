"""The to-do list: two counters, a due, a class, a reason to wait (design, section 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import ConditionFailedError
from tandem.core.outcomes import Done, Waits
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.desk import Store
from tandem.engine.rows import ROW, TOLD_LIMIT, Row, Rows, parse_key, row_pk

KEY = RecordKey("main", Side.CRM, "customer", "1")
LATER = timedelta(hours=1)


@pytest.fixture
def rows(store: Store) -> Rows:
    """The rows."""
    return store.rows


def item(table: MemoryTable, key: RecordKey = KEY) -> dict[str, Any]:
    """A row as it is stored."""
    found = table.get(row_pk(key.connection, key.side, key.id), ROW)
    assert found is not None
    return found


def taken(rows: Rows, key: RecordKey = KEY) -> Row:
    """Take a row that is pending."""
    row = rows.take(key)
    assert row is not None
    return row


def due(table: MemoryTable, key: RecordKey = KEY) -> datetime | None:
    """When a row is due; None when it is not pending."""
    found = item(table, key)
    assert ("due" in found) == ("due_pk" in found) == (found["wanted"] > found["done"])
    return datetime.fromisoformat(found["due"]) if "due" in found else None


def test_a_key_is_read_back_from_its_text() -> None:
    """Bells, letters and indexes carry keys as text."""
    assert parse_key(str(KEY)) == KEY


# --- hints ------------------------------------------------------------------------------------------


def test_a_hint_makes_a_row_pending_and_due_now(rows: Rows, table: MemoryTable, clock: ManualClock) -> None:
    """The table is the to-do list."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert due(table) == clock.now()
    assert rows.due("main", clock.now(), 10) == [KEY]
    assert rows.pending("main") == 1


def test_a_hundred_hints_coalesce_into_one_row(rows: Rows, table: MemoryTable, clock: ManualClock) -> None:
    """One take and one commit settle them all."""
    for _ in range(100):
        rows.hint(KEY, RowClass.LIVE, clock.now())
    row = taken(rows)
    assert row.wanted == 100
    assert rows.finish(row, Done("synced"), clock.now())
    assert (rows.due("main", clock.now(), 10), due(table)) == ([], None)


@pytest.mark.parametrize("first", list(RowClass))
@pytest.mark.parametrize("second", list(RowClass))
def test_a_row_keeps_the_best_class_of_its_hints(
    rows: Rows, clock: ManualClock, first: RowClass, second: RowClass
) -> None:
    """A backfill does not make a person wait, in whatever order they come."""
    rows.hint(KEY, first, clock.now())
    rows.hint(KEY, second, clock.now())
    assert taken(rows).cls == min(first, second)
    assert taken(rows).wanted == 2


def test_the_class_ends_with_the_commit(rows: Rows, clock: ManualClock) -> None:
    """A person who waited once does not rank the record for ever."""
    rows.hint(KEY, RowClass.PERSON, clock.now())
    rows.finish(taken(rows), Done("noop"), clock.now())
    rows.hint(KEY, RowClass.BACKFILL, clock.now())
    assert taken(rows).cls is RowClass.BACKFILL


def test_a_hint_ends_a_wait(rows: Rows, table: MemoryTable, clock: ManualClock) -> None:
    """News may be what the wait was for; tries and the first sight of a delete are kept."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.note_gone(taken(rows), clock.now())
    rows.finish(taken(rows), Waits("parent", clock.now() + LATER), clock.now())
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert due(table) == clock.now()
    assert rows.waiting("main", "parent") == []
    assert taken(rows).gone_since == clock.now()


def test_a_parent_is_kept_when_a_later_hint_does_not_know_it(rows: Rows, clock: ManualClock) -> None:
    """A Books person is read with its customer."""
    rows.hint(KEY, RowClass.LIVE, clock.now(), parent="7")
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert taken(rows).parent == "7"


# --- what the sender told -----------------------------------------------------------------------------


def test_what_one_hint_told_is_handed_on(rows: Rows, clock: ManualClock) -> None:
    """It may save a read."""
    rows.hint(KEY, RowClass.LIVE, clock.now(), told="{}")
    assert taken(rows).told == ("{}",)


def test_all_that_was_told_is_handed_on_as_it_came(rows: Rows, clock: ManualClock) -> None:
    """Which of them is the newest is for the reader to find."""
    rows.hint(KEY, RowClass.LIVE, clock.now(), told="a")
    rows.hint(KEY, RowClass.LIVE, clock.now(), told="b")
    assert taken(rows).told == ("a", "b")
    rows.finish(taken(rows), Done("synced"), clock.now())
    rows.hint(KEY, RowClass.LIVE, clock.now(), told="c")
    assert taken(rows).told == ("c",), "an old telling does not outlive its commit"


def test_the_version_that_a_page_showed_is_handed_on_where_it_was_the_only_hint(
    rows: Rows, clock: ManualClock
) -> None:
    """A second hint, of whatever kind, may be of something newer."""
    rows.hint(KEY, RowClass.LIVE, clock.now(), shown="v1")
    assert taken(rows).shown == "v1"
    rows.hint(KEY, RowClass.LIVE, clock.now(), shown="v2")
    assert taken(rows).shown == ""
    rows.finish(taken(rows), Done("synced"), clock.now())
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert taken(rows).shown == ""


@pytest.mark.parametrize("silent_first", [True, False])
def test_nothing_is_told_where_one_hint_told_nothing(
    rows: Rows, clock: ManualClock, silent_first: bool
) -> None:
    """It may speak of something newer: the record is read."""
    for told in ("", "a", "b") if silent_first else ("a", "b", ""):
        rows.hint(KEY, RowClass.LIVE, clock.now(), told=told)
    assert taken(rows).told == ()


def test_what_is_told_after_a_taking_counts_alone_once_that_is_done(rows: Rows, clock: ManualClock) -> None:
    """What the worker had in hand it has handled."""
    rows.hint(KEY, RowClass.LIVE, clock.now(), told="a")
    row = taken(rows)
    rows.hint(KEY, RowClass.LIVE, clock.now(), told="b")
    assert not rows.finish(row, Done("synced"), clock.now())
    assert taken(rows).told == ("b",)


def test_a_better_class_stays_beside_what_is_told(rows: Rows, clock: ManualClock) -> None:
    """Whichever of the two came first."""
    for cls in (RowClass.BACKFILL, RowClass.PERSON, RowClass.LIVE):
        rows.hint(KEY, cls, clock.now(), told="a")
    row = taken(rows)
    assert (row.cls, row.told) == (RowClass.PERSON, ("a", "a", "a"))


def test_long_tellings_are_not_kept(rows: Rows, clock: ManualClock) -> None:
    """A row stays small; the record is read instead."""
    other = replace(KEY, id="2")
    rows.hint(other, RowClass.LIVE, clock.now(), told="x" * TOLD_LIMIT)
    assert [len(told) for told in taken(rows, other).told] == [TOLD_LIMIT]
    rows.hint(KEY, RowClass.LIVE, clock.now(), told="x" * (TOLD_LIMIT + 1))
    assert taken(rows).told == ()
    rows.finish(taken(rows), Done("synced"), clock.now())
    for _ in range(3):
        rows.hint(KEY, RowClass.LIVE, clock.now(), told="x" * (TOLD_LIMIT // 2))
    assert taken(rows).told == ()


# --- taking -----------------------------------------------------------------------------------------


def test_a_take_notes_wanted_and_counts_the_start(rows: Rows, clock: ManualClock) -> None:
    """So that a row that crashes its worker is known."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert (taken(rows).starts, taken(rows).starts) == (1, 2)


def test_what_is_not_pending_is_not_taken(rows: Rows, clock: ManualClock) -> None:
    """The index lags: the row itself decides."""
    assert rows.take(KEY) is None
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.finish(taken(rows), Done("synced"), clock.now())
    assert rows.take(KEY) is None


def test_a_row_left_by_its_round_counts_no_start_and_stays_due(
    rows: Rows, table: MemoryTable, clock: ManualClock
) -> None:
    """A better class ended the round before it was started."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    row = taken(rows)
    rows.untake(row)
    assert item(table)["starts"] == 0
    assert due(table) == clock.now()
    rows.untake(row)
    assert item(table)["starts"] == 0, "a writer that comes late takes no start back"


# --- outcomes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["synced", "linked", "created", "noop", "echo", "held", "ended", "left_out"])
def test_a_commit_removes_due_class_tries_and_every_reason(
    rows: Rows, table: MemoryTable, clock: ManualClock, kind: Any
) -> None:
    """Only a commit that leaves `wanted = done` does."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.retry(taken(rows), clock.now(), clock.now())
    rows.note_gone(taken(rows), clock.now())
    assert rows.finish(taken(rows), Done(kind), clock.now())
    left = item(table)
    assert (left["wanted"], left["done"], left["starts"]) == (1, 1, 0)
    assert not {"due", "due_pk", "due_sk", "cls", "tries", "redrives", "gone_since", "told"} & left.keys()
    assert ("waits_pk" in left) == (kind == "left_out")


def test_left_out_rows_are_counted_by_reason_and_no_longer_once_handled(
    rows: Rows, clock: ManualClock
) -> None:
    """A person asks what stays out and why."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.finish(taken(rows), Done("left_out", "inactive in Books"), clock.now())
    assert rows.left_out("main") == {"inactive in Books": 1}
    for id, reason in (("2", "inactive in Books"), ("3", "type #4")):
        key = replace(KEY, id=id)
        rows.hint(key, RowClass.LIVE, clock.now())
        rows.finish(taken(rows, key), Done("left_out", reason), clock.now())
    assert rows.left_out("main") == {"inactive in Books": 2, "type #4": 1}
    assert rows.left_out("other") == {}
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert rows.left_out("main") == {"inactive in Books": 1, "type #4": 1}


def test_a_wait_is_written_with_its_reason_and_its_due(
    rows: Rows, table: MemoryTable, clock: ManualClock
) -> None:
    """Pending, no try counted, the start forgotten."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert rows.finish(taken(rows), Waits("index", clock.now() + LATER), clock.now())
    assert due(table) == clock.now() + LATER
    assert rows.waiting("main", "index") == [KEY]
    assert rows.due("main", clock.now(), 10) == []
    again = taken(rows)
    assert (again.tries, again.starts, again.waits_for) == (0, 1, "index")


def test_a_retry_counts_a_try_and_waits_for_nothing(
    rows: Rows, table: MemoryTable, clock: ManualClock
) -> None:
    """A passing fault of this record."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.finish(taken(rows), Waits("parent", clock.now()), clock.now())
    assert rows.retry(taken(rows), clock.now() + LATER, clock.now())
    assert due(table) == clock.now() + LATER
    assert rows.waiting("main", "parent") == []
    assert taken(rows).tries == 1


def test_a_buried_row_waits_for_redrive_under_a_net(
    rows: Rows, table: MemoryTable, clock: ManualClock
) -> None:
    """Its tries are used up."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert rows.bury(taken(rows), clock.now() + LATER, clock.now())
    assert due(table) == clock.now() + LATER
    assert rows.waiting("main", "redrive") == [KEY]
    assert item(table)["tries"] == 1


ENDINGS: dict[str, tuple[Any, int]] = {
    "done": (lambda rows, row, now: rows.finish(row, Done("synced"), now), 1),
    "left out": (lambda rows, row, now: rows.finish(row, Done("left_out", "x"), now), 1),
    "waits": (lambda rows, row, now: rows.finish(row, Waits("quota", now + LATER), now), 0),
    "retry": (lambda rows, row, now: rows.retry(row, now + LATER, now), 0),
    "bury": (lambda rows, row, now: rows.bury(row, now + LATER, now), 0),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_any_outcome_forgets_the_starts(
    rows: Rows, table: MemoryTable, clock: ManualClock, ending: str
) -> None:
    """Whoever wrote it has not crashed the worker."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    taken(rows)
    assert ENDINGS[ending][0](rows, taken(rows), clock.now())
    assert item(table)["starts"] == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_hint_between_take_and_outcome_keeps_the_row_pending_and_due_now(
    rows: Rows, table: MemoryTable, clock: ManualClock, ending: str
) -> None:
    """Only `done` and `tries` move; the newer hint is handled next, in its own class, whatever the outcome was."""
    end, done = ENDINGS[ending]
    rows.hint(KEY, RowClass.RECONCILE, clock.now())
    row = taken(rows)
    clock.advance(3)
    rows.hint(KEY, RowClass.PERSON, clock.now(), parent="7")
    clock.advance(3)
    assert end(rows, row, clock.now()) is False
    left = item(table)
    assert (left["wanted"], left["done"], left["starts"]) == (2, done, 0)
    assert left.get("tries", 0) == (1 if ending == "retry" else 0)
    assert due(table) == clock.now()
    assert "waits_pk" not in left
    assert "version" not in left, "what was handled is not the version of the newer hint"
    assert rows.due("main", clock.now(), 10) == [KEY]
    assert taken(rows).cls is RowClass.PERSON


def test_a_second_outcome_of_an_older_take_settles_nothing_newer(
    rows: Rows, table: MemoryTable, clock: ManualClock
) -> None:
    """A writer that outlived its lease comes late: `done` never passes what it noted."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    old = taken(rows)
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.finish(old, Done("synced"), clock.now())
    assert item(table)["done"] == 1
    assert taken(rows).wanted == 2


@pytest.mark.parametrize("newer", [0, 1])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_late_outcome_moves_nothing_of_a_row_that_is_done(
    rows: Rows, table: MemoryTable, clock: ManualClock, ending: str, newer: int
) -> None:
    """A writer that outlived its lease: else `done` ran back, or a row would be due for ever with nothing to do."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    old = taken(rows)
    for _ in range(newer):
        rows.hint(KEY, RowClass.LIVE, clock.now())
    assert rows.finish(taken(rows), Done("synced"), clock.now())
    settled = item(table)
    assert ENDINGS[ending][0](rows, old, clock.now()) is False
    rows.note_gone(old, clock.now())
    assert item(table) == settled
    assert due(table) is None


# --- waking -----------------------------------------------------------------------------------------


def test_a_woken_row_is_due_now_and_waits_no_more(rows: Rows, table: MemoryTable, clock: ManualClock) -> None:
    """Its reason is gone."""
    rows.hint(KEY, RowClass.BACKFILL, clock.now())
    rows.finish(taken(rows), Waits("parent", clock.now() + LATER), clock.now())
    rows.wake(KEY, clock.now())
    assert due(table) == clock.now()
    assert rows.waiting("main", "parent") == []
    assert not {"waits_pk", "waits_sk"} & item(table).keys()
    row = taken(rows)
    assert (row.cls, row.waits_for) == (RowClass.BACKFILL, "")


def test_only_what_is_pending_is_woken(rows: Rows, table: MemoryTable, clock: ManualClock) -> None:
    """A wake is no hint: it never makes work."""
    rows.wake(KEY, clock.now())
    assert table.get(row_pk("main", "crm", "1"), ROW) is None
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.finish(taken(rows), Done("synced"), clock.now())
    rows.wake(KEY, clock.now())
    assert due(table) is None


def test_a_wake_that_meets_a_commit_makes_nothing_due(
    rows: Rows, table: MemoryTable, clock: ManualClock
) -> None:
    """The row was done between the look and the update."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    row = taken(rows)

    def commit_first(verb: str, _: Any) -> None:
        if verb == "update":
            table.before = None
            rows.finish(row, Done("synced"), clock.now())

    table.before = commit_first
    rows.wake(KEY, clock.now())
    assert due(table) is None


def test_all_rows_that_wait_for_a_reason_are_woken(rows: Rows, clock: ManualClock) -> None:
    """And no others, of no other connection."""
    reasons = {"1": "mode", "2": "mode", "3": "parent"}
    for id, reason in reasons.items():
        key = RecordKey("main", Side.CRM, "customer", id)
        rows.hint(key, RowClass.LIVE, clock.now())
        rows.finish(taken(rows, key), Waits(reason, clock.now() + LATER), clock.now())  # type: ignore[arg-type]
    assert rows.wake_all("other", "mode", clock.now()) == 0
    assert rows.wake_all("main", "mode", clock.now()) == 2
    assert [key.id for key in rows.due("main", clock.now(), 10)] == ["1", "2"]


# --- the due index --------------------------------------------------------------------------------------


def test_due_rows_come_best_class_first_then_oldest(rows: Rows, clock: ManualClock) -> None:
    """Person waiting, live, reconcile, backfill."""
    order = [RowClass.BACKFILL, RowClass.LIVE, RowClass.PERSON, RowClass.RECONCILE, RowClass.LIVE]
    for id, cls in enumerate(order):
        rows.hint(RecordKey("main", Side.CRM, "customer", str(id)), cls, clock.now())
        clock.advance(1)
    assert [key.id for key in rows.due("main", clock.now(), 10)] == ["2", "1", "4", "3", "0"]
    assert [key.id for key in rows.due("main", clock.now(), 2)] == ["2", "1"]


def test_rows_that_wait_do_not_hide_those_that_are_due(rows: Rows, clock: ManualClock) -> None:
    """However many of a better class wait for tomorrow."""
    for id in range(20):
        key = RecordKey("main", Side.CRM, "customer", str(id))
        rows.hint(key, RowClass.PERSON, clock.now())
        rows.finish(taken(rows, key), Waits("index", clock.now() + LATER), clock.now())
    rows.hint(KEY, RowClass.BACKFILL, clock.now())
    assert rows.due("main", clock.now(), 5) == [KEY]


def test_many_due_rows_are_found_class_by_class(rows: Rows, clock: ManualClock) -> None:
    """So many of each at most, the oldest first, and none that waits."""
    expected: dict[RowClass, list[RecordKey]] = {cls: [] for cls in RowClass}
    for number in range(24):
        cls = list(RowClass)[number % 3]
        key = replace(KEY, id=f"{number:02}")
        rows.hint(key, cls, clock.now())
        if number < 6:
            rows.finish(taken(rows, key), Waits("index", clock.now() + LATER), clock.now())
        else:
            expected[cls].append(key)
        clock.advance(1)
    found = rows.due_by_class("main", clock.now(), 5)
    assert found == {cls: keys[:5] for cls, keys in expected.items()}
    assert rows.due_by_class("main", clock.now(), 100) == expected
    assert rows.pending("main") == 24


def test_the_backlog_of_a_class_is_what_will_be_due_by_a_moment(rows: Rows, clock: ManualClock) -> None:
    """That moment included; of no other class or connection."""
    now = clock.now()
    for id, cls in (("1", RowClass.BACKFILL), ("2", RowClass.BACKFILL), ("3", RowClass.RECONCILE)):
        rows.hint(replace(KEY, id=id), cls, now)
    rows.finish(taken(rows, replace(KEY, id="2")), Waits("quota", now + LATER), now)
    assert rows.backlog("main", RowClass.BACKFILL, now - timedelta(seconds=1)) == 0
    assert rows.backlog("main", RowClass.BACKFILL, now) == 1
    assert rows.backlog("main", RowClass.BACKFILL, now + LATER) == 2
    assert rows.backlog("other", RowClass.BACKFILL, now + LATER) == 0


def test_rows_are_read_together_as_they_are_one_by_one(rows: Rows, clock: ManualClock) -> None:
    """A record without a row is not among them."""
    keys = [RecordKey("main", side, "customer", id) for side in Side for id in ("1", "2")]
    for key in keys[:3]:
        rows.hint(key, RowClass.LIVE, clock.now(), parent=key.id)
    assert rows.read_many(keys) == {key: rows.read(key) for key in keys[:3]}
    assert rows.read(keys[3]) is None


def test_a_row_is_due_at_its_very_moment_and_not_before(rows: Rows, clock: ManualClock) -> None:
    """To the second, of its own connection only."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    assert rows.due("main", clock.now() - timedelta(seconds=1), 10) == []
    assert rows.due("other", clock.now(), 10) == []
    assert rows.due("main", clock.now(), 10) == [KEY]


# --- redrive ------------------------------------------------------------------------------------------


def buried(rows: Rows, now: datetime) -> Row:
    """The row as its dead letter finds it."""
    rows.bury(taken(rows), now + LATER, now)
    row = rows.read(KEY)
    assert row is not None
    return row


def test_a_redriven_row_has_its_tries_back(rows: Rows, table: MemoryTable, clock: ManualClock) -> None:
    """And remembers how often."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    for time in (1, 2):
        rows.redrive(buried(rows, clock.now()), clock.now() + timedelta(minutes=15))
        assert item(table)["starts"] == 0
        again = taken(rows)
        assert (again.tries, again.redrives, again.waits_for) == (0, time, "")
        assert due(table) == clock.now() + timedelta(minutes=15)
    assert not {"waits_pk", "waits_sk"} & item(table).keys()


def test_a_row_that_was_redriven_and_buried_again_meanwhile_is_not_redriven(
    rows: Rows, clock: ManualClock
) -> None:
    """Two letters of one row: each redrive belongs to the burial that it has read."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.redrive(buried(rows, clock.now()), clock.now())
    second = buried(rows, clock.now())
    rows.redrive(second, clock.now())
    buried(rows, clock.now())
    with pytest.raises(ConditionFailedError):
        rows.redrive(second, clock.now())


@pytest.mark.parametrize("meanwhile", ["hint", "redrive", "done"])
def test_a_row_that_moved_is_not_redriven(rows: Rows, clock: ManualClock, meanwhile: str) -> None:
    """On condition of `wanted` and `redrives` as read, while it still waits."""
    rows.hint(KEY, RowClass.LIVE, clock.now())
    rows.bury(taken(rows), clock.now() + LATER, clock.now())
    row = rows.read(KEY)
    assert row is not None
    match meanwhile:
        case "hint":
            rows.hint(KEY, RowClass.LIVE, clock.now())
        case "redrive":
            rows.redrive(row, clock.now())
        case _:
            rows.finish(taken(rows), Done("synced"), clock.now())
    with pytest.raises(ConditionFailedError):
        rows.redrive(row, clock.now())
