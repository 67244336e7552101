"""No hint is ever lost: the to-do list under faults, lag and a writer that dies or comes late (P5, P19)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import StoreError, TableUnavailableError
from tandem.core.outcomes import Done, Waits
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.rows import ROW, Row, Rows, row_pk

KEYS = [RecordKey("main", Side.CRM, "customer", id) for id in "12"]
ENDINGS = ("done", "done", "waits", "retry", "bury", "left", "killed")
REASONS = ("quota", "parent", "mode", "token", "redrive")

keys = st.sampled_from(KEYS)
classes = st.sampled_from(RowClass)
pauses = st.integers(0, 7200)


class RowsMachine(RuleBasedStateMachine):
    """Hints, takes and outcomes in any order; any table operation may fail, before or after it happened."""

    taken: Bundle[tuple[Row, int]] = Bundle("taken")

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
        self.table = MemoryTable(index_lag=3)
        self.rows = Rows(self.table)
        self.now = 0
        self.hinted: dict[RecordKey, int] = {}
        self.handled: dict[RecordKey, int] = {}

    def tick(self) -> int:
        """The next moment of the story; hints and handlings are ordered by it."""
        self.now += 1
        return self.now

    def trying(self, work: Callable[[], Any]) -> Any:
        """Work as a caller does that is told of a fault: what it raised is None."""
        try:
            return work()
        except StoreError:
            return None
        finally:
            self.table.before = self.table.after = None

    # --- what happens -----------------------------------------------------------------------------------

    @rule(key=keys, cls=classes)
    def hint(self, key: RecordKey, cls: RowClass) -> None:
        """A sender that got an error tries again; one that got its answer does not."""

        def work() -> bool:
            self.rows.hint(key, cls, self.clock.now())
            return True

        if self.trying(work):
            self.hinted[key] = self.tick()

    @rule(target=taken, key=keys)
    def take(self, key: RecordKey) -> Any:
        """A writer takes a row; what it reads from now on is what it decides on."""
        row = self.trying(lambda: self.rows.take(key))
        return (row, self.tick())

    @rule(one=consumes(taken), how=st.sampled_from(ENDINGS), reason=st.sampled_from(REASONS), pause=pauses)
    def end(self, one: tuple[Row | None, int], how: str, reason: Any, pause: int) -> None:
        """An outcome of a take, however late; a killed worker writes none."""
        row, at = one
        now = self.clock.now()
        due = now + timedelta(seconds=pause)
        if row is None or how == "killed":
            return
        if how == "done":
            self.handled[row.key] = max(at, self.handled.get(row.key, 0))
        outcomes: dict[str, Callable[[], Any]] = {
            "done": lambda: self.rows.finish(row, Done("synced"), now),
            "waits": lambda: self.rows.finish(row, Waits(reason, due), now),
            "retry": lambda: self.rows.retry(row, due, now),
            "bury": lambda: self.rows.bury(row, due, now),
            "left": lambda: self.rows.untake(row),
        }
        self.trying(outcomes[how])

    @rule(key=keys, what=st.sampled_from(["wake", "redrive", "time"]), pause=pauses)
    def nudge(self, key: RecordKey, what: str, pause: int) -> None:
        """A reason is gone, a letter comes back, or time passes."""
        match what:
            case "wake":
                self.trying(lambda: self.rows.wake(key, self.clock.now()))
            case "redrive":
                self.trying(lambda: self.redriven(key, pause))
            case _:
                self.clock.advance(pause)

    def redriven(self, key: RecordKey, pause: int) -> None:
        """As the redriver does it."""
        row = self.rows.read(key)
        if row is not None and row.waits_for == "redrive":
            self.rows.redrive(row, self.clock.now() + timedelta(seconds=pause))

    @rule(
        what=st.sampled_from(["refused", "unanswered", "overtaken"]),
        skip=st.integers(0, 2),
        key=keys,
        cls=classes,
    )
    def plant(self, what: str, skip: int, key: RecordKey, cls: RowClass) -> None:
        """One of the next updates is refused, done without an answer, or overtaken by somebody's hint."""

        def strike() -> None:
            if what != "overtaken":
                raise TableUnavailableError("planted")
            self.rows.hint(key, cls, self.clock.now())
            self.hinted[key] = self.tick()

        setattr(self.table, "after" if what == "unanswered" else "before", self.striking(skip, strike))

    def striking(self, skip: int, strike: Callable[[], None]) -> Callable[[str, Any], None]:
        """A hook that lets `skip` updates pass and then strikes once."""
        left = skip

        def hook(verb: str, _: Any) -> None:
            nonlocal left
            if verb != "update":
                return
            left -= 1
            if left < 0:
                self.table.before = self.table.after = None
                strike()

        return hook

    # --- what must hold -----------------------------------------------------------------------------------

    @invariant()
    def a_row_is_due_exactly_while_it_is_pending(self) -> None:
        """With class, due and both keys of the index, or with none of them."""
        for key in KEYS:
            item = self.table.get(row_pk(key.connection, key.side, key.id), ROW)
            if item is None:
                continue
            shown = {"due", "due_pk", "due_sk", "cls"} & item.keys()
            assert item["wanted"] >= item["done"], item
            assert len(shown) == (4 if item["wanted"] > item["done"] else 0), item
            assert item["starts"] >= 0 if "starts" in item else True

    @invariant()
    def a_row_waits_for_a_reason_only_while_it_is_pending(self) -> None:
        """Nothing that is done is woken."""
        for key in KEYS:
            item = self.table.get(row_pk(key.connection, key.side, key.id), ROW)
            if item is not None and item["wanted"] == item["done"]:
                assert "waits_pk" not in item, item

    def teardown(self) -> None:
        """Quiet: faults end, the index catches up, time passes, the writer takes what is due."""
        self.table.before = self.table.after = None
        self.table.catch_up()
        for _ in range(4):
            self.clock.advance(2 * 86_400)
            for key in self.rows.due("main", self.clock.now(), 100):
                if (row := self.rows.take(key)) is not None:
                    self.handled[key] = self.tick()
                    self.rows.finish(row, Done("synced"), self.clock.now())
            self.table.catch_up()
        assert self.rows.pending("main") == 0
        for key, at in self.hinted.items():
            assert self.handled.get(key, 0) > at, f"a hint of {key} was never followed by a handling"


TestRows = RowsMachine.TestCase
TestRows.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
