"""What only the table in memory can show: DynamoDB's habits that moto lacks, and the seams for tests."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.adapters.memory.counting import CountingTable
from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import ConditionFailedError, TableUnavailableError
from tandem.engine.ports import Delete, Put, Update, When

PENDING = {"pk": "p", "sk": "1", "due_pk": "c", "due_sk": "now"}


class TestMemoryTable:
    """DynamoDB's documented behaviour, where moto takes True for 1, fails, or does not look."""

    @pytest.mark.parametrize(
        "when", [When("yes", "eq", 1), When("one", "eq", True), When("list", "eq", [True])]
    )
    def test_a_truth_value_is_no_number(self, when: When) -> None:
        """Python would say that they are equal."""
        table = MemoryTable()
        table.put(Put({"pk": "p", "sk": "1", "yes": True, "one": 1, "list": [1]}))
        with pytest.raises(ConditionFailedError):
            table.delete(Delete("p", "1", (when,)))

    @pytest.mark.parametrize("op", ["lt", "le", "gt", "ge"])
    def test_there_is_no_order_between_types(self, op: Any) -> None:
        """A text is neither above nor below a number, nor a truth value above another."""
        table = MemoryTable()
        table.put(Put({"pk": "p", "sk": "1", "number": 2, "text": "2", "yes": True}))
        for when in (When("number", op, "2"), When("text", op, other="number"), When("yes", op, other="yes")):
            with pytest.raises(ConditionFailedError):
                table.delete(Delete("p", "1", (when,)))

    @pytest.mark.parametrize("value", [None, 1, ""])
    def test_an_index_key_that_is_no_text_is_refused(self, value: Any) -> None:
        """A row leaves an index when its key is removed, never by a blank in it."""
        table = MemoryTable()
        with pytest.raises(ValueError, match="due_pk must be a text"):
            table.put(Put({"pk": "p", "sk": "1", "due_pk": value, "due_sk": "x"}))
        with pytest.raises(ValueError, match="due_pk must be a text"):
            table.update(Update("p", "1", set={"due_pk": value}))
        assert table.rows() == []

    def test_tables_have_different_ids(self) -> None:
        """A restored or copied table is another epoch."""
        assert MemoryTable().table_id() != MemoryTable().table_id()
        assert MemoryTable(table_id="epoch").table_id() == "epoch"


class TestLag:
    def test_an_index_may_lag_by_operations(self) -> None:
        """The write shows in the table at once, in the index two operations later."""
        table = MemoryTable(index_lag=2)
        table.put(Put(PENDING))
        assert table.query("c", index="due") == []
        assert table.get("p", "1") == PENDING
        assert table.query("c", index="due") == [PENDING]

    def test_an_index_may_show_what_is_gone(self) -> None:
        """A lagging index finds rows that were deleted or moved since."""
        table = MemoryTable()
        table.put(Put(PENDING))
        table.index_lag = 1
        table.delete(Delete("p", "1"))
        assert table.query("c", index="due") == [PENDING]
        assert table.query("c", index="due") == []

    def test_a_callable_draws_the_lag_of_each_write(self) -> None:
        """An index never overtakes an older write, whatever is drawn."""
        lags = iter([3, 0])
        table = MemoryTable(index_lag=lambda: next(lags))
        table.put(Put(PENDING))
        table.put(Put({**PENDING, "sk": "2"}))
        assert table.query("c", index="due") == []
        table.catch_up()
        assert len(table.query("c", index="due")) == 2


class TestHooks:
    def test_a_fault_before_an_operation_prevents_it(self) -> None:
        """The table out of reach."""
        table = MemoryTable(before=_raise_on("put"))
        with pytest.raises(TableUnavailableError):
            table.put(Put(PENDING))
        assert table.get("p", "1") is None

    def test_a_fault_after_an_operation_loses_the_answer(self) -> None:
        """The crash between a write and its reply."""
        table = MemoryTable(after=_raise_on("put"))
        with pytest.raises(TableUnavailableError):
            table.put(Put(PENDING))
        assert table.get("p", "1") == PENDING

    def test_a_refused_operation_never_happened(self) -> None:
        """`after` is not called for it."""
        seen: list[str] = []
        table = MemoryTable(
            before=lambda verb, _: seen.append(verb), after=lambda verb, _: seen.append(f"{verb} done")
        )
        with pytest.raises(ConditionFailedError):
            table.delete(Delete("p", "1", (When("pk", "exists"),)))
        table.get("p", "1")
        assert seen == ["delete", "get", "get done"]


class TestCountingTable:
    def test_calls_and_rows_are_counted_by_verb(self) -> None:
        """A call of many rows is one call and many rows."""
        table = CountingTable(MemoryTable(table_id="epoch"))
        table.put(Put(PENDING))
        table.put_many([{"pk": "p", "sk": "2"}, {"pk": "p", "sk": "3"}])
        table.update(Update("p", "1", add={"n": 1}))
        table.delete(Delete("p", "2"))
        table.transact([Put({"pk": "p", "sk": "4"}), Delete("p", "3")])
        assert table.get("p", "4") == {"pk": "p", "sk": "4"}
        assert list(table.get_many([("p", "1"), ("p", "2")])) == [("p", "1")]
        assert len(table.query("p", limit=5)) == 2
        assert table.table_id() == "epoch"
        assert table.calls == dict.fromkeys(table.calls, 1)
        assert table.rows == {
            **dict.fromkeys(["put", "update", "delete", "get"], 1),
            **dict.fromkeys(["put_many", "transact", "get_many", "query"], 2),
            "table_id": 0,
        }
        table.reset()
        assert not table.calls


def _raise_on(verb: str) -> Any:
    def hook(asked: str, _: Any) -> None:
        if asked == verb:
            raise TableUnavailableError("planted")

    return hook
