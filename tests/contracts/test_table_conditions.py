"""The contract of `Table`: every operation on every condition."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import pytest

from tandem.core.errors import ConditionFailedError
from tandem.engine.ports import Delete, Item, Put, Table, Update, When

Op = Literal["exists", "absent", "eq", "ne", "lt", "le", "gt", "ge"]
Verb = Callable[[Table, tuple[When, ...]], None]

COMPARISONS: tuple[Op, ...] = ("eq", "ne", "lt", "le", "gt", "ge")
ROW: Item = {
    "pk": "p",
    "sk": "1",
    "two": 2,
    "again": 2,
    "three": 3,
    "text": "b",
    "no": None,
    "yes": True,
    "list": [1, "a"],
    "map": {"a": Decimal("1.5")},
}


def put(table: Table, when: tuple[When, ...]) -> None:
    """Put on condition."""
    table.put(Put({"pk": "p", "sk": "1", "new": 1}, when))


def update(table: Table, when: tuple[When, ...]) -> None:
    """Update on condition."""
    table.update(Update("p", "1", set={"new": 1}, when=when))


def delete(table: Table, when: tuple[When, ...]) -> None:
    """Delete on condition."""
    table.delete(Delete("p", "1", when))


def transact_put(table: Table, when: tuple[When, ...]) -> None:
    """A transaction whose second operation puts on condition."""
    table.transact([Put({"pk": "p", "sk": "2"}), Put({"pk": "p", "sk": "1", "new": 1}, when)])


def transact_update(table: Table, when: tuple[When, ...]) -> None:
    """A transaction whose second operation updates on condition."""
    table.transact([Put({"pk": "p", "sk": "2"}), Update("p", "1", set={"new": 1}, when=when)])


def transact_delete(table: Table, when: tuple[When, ...]) -> None:
    """A transaction whose second operation deletes on condition."""
    table.transact([Put({"pk": "p", "sk": "2"}), Delete("p", "1", when)])


def transact_check(table: Table, when: tuple[When, ...]) -> None:
    """A transaction whose second operation only looks."""
    table.transact([Put({"pk": "p", "sk": "2"}), Update("p", "1", when=when)])


VERBS: tuple[Verb, ...] = (
    put,
    update,
    delete,
    transact_put,
    transact_update,
    transact_delete,
    transact_check,
)


def holds(table: Table, when: When, verb: Verb = update, row: Item | None = ROW) -> bool:
    """True if the write goes through on `row`; if not, asserts that nothing moved and the error shows the row."""
    table.delete(Delete("p", "1"))
    table.delete(Delete("p", "2"))
    if row is not None:
        table.put(Put(row))
    refused = refusal(table, when, verb)
    if refused is None:
        return True
    assert refused.item == row == table.get("p", "1")
    assert table.get("p", "2") is None
    return False


def refusal(table: Table, when: When, verb: Verb) -> ConditionFailedError | None:
    """The error of a refused write."""
    try:
        verb(table, (when,))
    except ConditionFailedError as error:
        return error
    return None


class TestTableConditions:
    @pytest.mark.parametrize("verb", VERBS)
    def test_every_write_obeys_every_condition(self, table: Table, verb: Verb) -> None:
        """A true condition lets the write through, a false one changes nothing and shows the row."""
        for op, other, true in [
            ("exists", None, True),
            ("absent", None, False),
            ("eq", "again", True),
            ("ne", "again", False),
            ("lt", "three", True),
            ("le", "again", True),
            ("gt", "three", False),
            ("ge", "again", True),
        ]:
            value = ROW[other] if other else None
            assert holds(table, When("two", op, value), verb) is true, op  # type: ignore[arg-type]
            if other:
                assert holds(table, When("two", op, other=other), verb) is true, op  # type: ignore[arg-type]

    @pytest.mark.parametrize("verb", VERBS)
    def test_a_condition_on_pk_is_about_the_row(self, table: Table, verb: Verb) -> None:
        """The row itself exists or is absent."""
        assert holds(table, When("pk", "exists"), verb)
        assert not holds(table, When("pk", "absent"), verb)
        assert not holds(table, When("pk", "exists"), verb, None)
        assert holds(table, When("pk", "absent"), verb, None)

    @pytest.mark.parametrize("row", [ROW, None])
    @pytest.mark.parametrize("op", COMPARISONS)
    def test_a_comparison_with_a_missing_attribute_is_false(
        self, table: Table, op: Op, row: Item | None
    ) -> None:
        """Also `ne`, which DynamoDB itself would grant; `or_absent` grants the absence of `attr` alone."""
        assert not holds(table, When("nowhere", op, 2), row=row)
        assert not holds(table, When("nowhere", op, other="two"), row=row)
        assert not holds(table, When("two", op, other="nowhere"), row=row)
        assert holds(table, When("nowhere", op, 2, or_absent=True), row=row)
        assert holds(table, When("nowhere", op, other="two", or_absent=True), row=row)
        assert holds(table, When("two", op, other="nowhere", or_absent=True), row=row) is (row is None)

    @pytest.mark.parametrize("op", COMPARISONS)
    def test_or_absent_does_not_soften_a_present_attribute(self, table: Table, op: Op) -> None:
        """What is there must still compare."""
        for value in (1, 2, 3):
            plain = holds(table, When("two", op, value))
            assert holds(table, When("two", op, value, or_absent=True)) is plain

    def test_existence_takes_or_absent_too(self, table: Table) -> None:
        """It is then always true for `exists` and changes nothing for `absent`."""
        assert holds(table, When("nowhere", "exists", or_absent=True))
        assert holds(table, When("two", "exists", or_absent=True))
        assert not holds(table, When("two", "absent", or_absent=True))

    @pytest.mark.parametrize(
        ("attr", "value", "same"),
        [
            ("two", Decimal("2.0"), True),
            ("two", "2", False),
            ("text", "b", True),
            ("no", None, True),
            ("no", "", False),
            ("no", False, False),
            ("yes", True, True),
            ("list", [1, "a"], True),
            ("list", ["a", 1], False),
            ("map", {"a": Decimal("1.50")}, True),
            ("map", {"a": Decimal("1.5"), "b": None}, False),
            ("map", {}, False),
        ],
    )
    def test_equality_knows_types(self, table: Table, attr: str, value: Any, same: bool) -> None:
        """A number is no text, a blank no None; `ne` is the opposite of `eq`."""
        assert holds(table, When(attr, "eq", value)) is same
        assert holds(table, When(attr, "ne", value)) is not same

    def test_texts_are_ordered_by_code_point(self, table: Table) -> None:
        """As their UTF-8 bytes are: capitals first, then small letters, then accents."""
        assert holds(table, When("text", "gt", "Z"))
        assert holds(table, When("text", "lt", "é"))
        assert holds(table, When("text", "lt", "ba"))

    @pytest.mark.parametrize("value", [None, True, [1], {"a": 1}])
    def test_an_order_of_what_has_none_is_our_bug(self, table: Table, value: Any) -> None:
        """It raises ValueError instead of being false for ever."""
        with pytest.raises(ValueError, match="has no order"):
            holds(table, When("two", "lt", value))

    def test_all_conditions_must_hold(self, table: Table) -> None:
        """One false condition is enough to refuse."""
        table.put(Put(ROW))
        table.update(Update("p", "1", set={"a": 1}, when=(When("two", "eq", 2), When("three", "gt", 2))))
        with pytest.raises(ConditionFailedError):
            table.update(Update("p", "1", set={"a": 2}, when=(When("two", "eq", 2), When("three", "gt", 3))))
        assert (table.get("p", "1") or {})["a"] == 1


class TestTableTransactions:
    def test_all_operations_happen_together(self, table: Table) -> None:
        """A put, an update, a delete and a check in one."""
        table.put_many(
            [{"pk": "p", "sk": "2", "n": 1}, {"pk": "p", "sk": "3"}, {"pk": "p", "sk": "4", "n": 4}]
        )
        table.transact(
            [
                Put({"pk": "p", "sk": "1"}, (When("pk", "absent"),)),
                Update("p", "2", add={"n": 1}, append={"l": [1]}, when=(When("n", "eq", 1),)),
                Delete("p", "3", (When("pk", "exists"),)),
                Update("p", "4", when=(When("n", "eq", 4),)),
                Update("p", "5", when=(When("pk", "absent"),)),
            ]
        )
        rows: list[Item] = [{"sk": "1"}, {"sk": "2", "n": 2, "l": [1]}, {"sk": "4", "n": 4}]
        assert table.query("p") == [{"pk": "p", **row} for row in rows]

    def test_the_error_shows_the_first_refused_row(self, table: Table) -> None:
        """So that the caller learns who was first."""
        table.put_many([{"pk": "p", "sk": "1", "n": 1}, {"pk": "p", "sk": "2", "n": 2}])
        with pytest.raises(ConditionFailedError, match="p / 2") as caught:
            table.transact([Update("p", "1", add={"n": 1}), Delete("p", "2", (When("n", "eq", 3),))])
        assert caught.value.item == {"pk": "p", "sk": "2", "n": 2}
        assert table.get("p", "1") == {"pk": "p", "sk": "1", "n": 1}

    @pytest.mark.parametrize(
        "ops",
        [
            [Put({"pk": "p", "sk": "1"}), Delete("p", "1")],
            [Put({"pk": "p", "sk": str(n)}) for n in range(101)],
            [Put({"pk": "p", "sk": "1"}), Update("p", "2")],
            [Put({"pk": "p", "sk": "1"}), Update("p", "2", add={"text": 1})],
        ],
    )
    def test_a_malformed_transaction_is_our_bug(self, table: Table, ops: list[Put | Update | Delete]) -> None:
        """Two operations on a row, too many, one that does nothing or cannot: ValueError, and nothing happens."""
        table.put(Put({"pk": "p", "sk": "2", "text": "x"}))
        with pytest.raises(ValueError, match=r"."):
            table.transact(ops)
        assert table.query("p") == [{"pk": "p", "sk": "2", "text": "x"}]
