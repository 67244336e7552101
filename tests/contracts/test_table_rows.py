"""The contract of `Table`: rows in and out, one at a time and many."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tandem.core.records import Side
from tandem.engine.ports import Delete, Item, Put, Table, Update


def row(sk: str = "1", **attributes: Any) -> Item:
    """A row of partition `p`."""
    return {"pk": "p", "sk": sk, **attributes}


class TestTableContract:
    def test_a_row_that_was_put_is_read_back(self, table: Table) -> None:
        """What goes in comes out."""
        table.put(Put(row(name="Müller & Söhne")))
        assert table.get("p", "1") == row(name="Müller & Söhne")

    def test_an_absent_row_is_none(self, table: Table) -> None:
        """Nothing is read where nothing is."""
        assert table.get("p", "1") is None

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("", ""),
            (0, 0),
            (-(10**30), -(10**30)),
            (True, True),
            (None, None),
            (Decimal("1.50"), Decimal("1.5")),
            (Decimal("3.00"), 3),
            (Decimal("1E+3"), 1000),
            (Decimal("-0"), 0),
            (Decimal("0.0000001"), Decimal("0.0000001")),
            ([], []),
            ((1, "a"), [1, "a"]),
            ({}, {}),
            (
                {"a": [None, {"b": Decimal("0.1")}], "c": False},
                {"a": [None, {"b": Decimal("0.1")}], "c": False},
            ),
            (Side.CRM, "crm"),
        ],
    )
    def test_a_value_keeps_its_type(self, table: Table, written: Any, read: Any) -> None:
        """Whole numbers come back as int, others as Decimal, truth values stay truth values."""
        table.put(Put(row(value=written)))
        found = (table.get("p", "1") or {})["value"]
        assert repr(found) == repr(read)

    @pytest.mark.parametrize("value", [1.5, {1}, set(), b"x", Decimal("NaN"), object(), {1: "a"}])
    @pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [{"a": value}]])
    def test_what_a_row_cannot_hold_is_refused(self, table: Table, value: Any, wrap: Any) -> None:
        """A float would lose cents; sets, bytes and the rest have no place in a row."""
        with pytest.raises(TypeError):
            table.put(Put(row(value=wrap(value))))
        assert table.get("p", "1") is None

    def test_a_number_that_would_lose_a_digit_is_refused(self, table: Table) -> None:
        """DynamoDB holds 38 digits."""
        with pytest.raises(ArithmeticError):
            table.put(Put(row(value=int("1" * 39))))

    @pytest.mark.parametrize("key", [("", "1"), ("p", ""), ("p" * 2049, "1"), ("p", "é" * 513)])
    def test_a_key_of_wrong_length_is_refused(self, table: Table, key: tuple[str, str]) -> None:
        """A key has 1 to 2048 bytes, a sort key 1 to 1024."""
        with pytest.raises(ValueError, match=r"."):
            table.put(Put({"pk": key[0], "sk": key[1]}))

    def test_a_row_is_a_copy(self, table: Table) -> None:
        """Nobody changes the table by changing what was put or read."""
        item = row(tags=["a"])
        table.put(Put(item))
        item["tags"].append("b")
        read = table.get("p", "1")
        assert read is not None
        read["tags"].append("c")
        assert table.get("p", "1") == row(tags=["a"])

    def test_a_put_replaces_the_whole_row(self, table: Table) -> None:
        """Attributes that are not in the new row are gone."""
        table.put(Put(row(a=1)))
        table.put(Put(row(b=2)))
        assert table.get("p", "1") == row(b=2)

    def test_deleting_an_absent_row_is_fine(self, table: Table) -> None:
        """Twice is as good as once."""
        table.put(Put(row()))
        table.delete(Delete("p", "1"))
        table.delete(Delete("p", "1"))
        assert table.get("p", "1") is None

    def test_many_rows_are_read_over_more_than_one_call(self, table: Table) -> None:
        """The limits of one call (25 puts, 100 reads) are not the caller's."""
        rows = [row(f"{n:03}", n=n) for n in range(230)]
        table.put_many(rows)
        keys = [("p", f"{n:03}") for n in range(240)]
        assert table.get_many([*keys, *keys]) == {(one["pk"], one["sk"]): one for one in rows}

    def test_of_two_rows_with_one_key_the_later_stays(self, table: Table) -> None:
        """One call of many puts behaves as the puts one after the other."""
        table.put_many([row(n=1), row("2"), row(n=2)])
        assert table.query("p") == [row(n=2), row("2")]

    def test_nothing_asked_is_nothing_done(self, table: Table) -> None:
        """Empty lists are fine."""
        table.put_many([])
        table.transact([])
        assert table.get_many([]) == {}

    def test_the_table_has_one_id(self, table: Table) -> None:
        """The epoch does not change while the table lives."""
        assert table.table_id() == table.table_id() != ""


class TestTableUpdates:
    def test_an_update_creates_the_row(self, table: Table) -> None:
        """Counters start from 0, lists from empty."""
        made = table.update(Update("p", "1", set={"a": None}, add={"n": 2}, append={"l": [1]}, remove=("x",)))
        assert made == row(a=None, n=2, l=[1]) == table.get("p", "1")

    def test_removing_from_an_absent_row_creates_it(self, table: Table) -> None:
        """An update is always an upsert; `pk exists` is the condition against it."""
        assert table.update(Update("p", "1", remove=("a",))) == row()

    def test_an_update_changes_what_it_names_alone(self, table: Table) -> None:
        """The rest of the row stays."""
        table.put(Put(row(a=1, b=2, c=[1], d="x", e="y")))
        made = table.update(
            Update("p", "1", set={"a": {"z": [1]}}, add={"b": -3}, append={"c": [[2]]}, remove=("d",))
        )
        assert made == row(a={"z": [1]}, b=-1, c=[1, [2]], e="y") == table.get("p", "1")

    @pytest.mark.parametrize("name", ["name", "state", "a.b", "a-b", "a[0]", "#x", ":y", "due at", "ü"])
    def test_any_attribute_name_is_fine(self, table: Table, name: str) -> None:
        """Reserved words and signs mean nothing special."""
        table.put(Put(row()))
        assert table.update(Update("p", "1", set={name: 1})) == {**row(), name: 1}
        assert table.update(Update("p", "1", add={name: 1})) == {**row(), name: 2}
        assert table.update(Update("p", "1", remove=(name,))) == row()

    @pytest.mark.parametrize(
        "op",
        [
            Update("p", "1", add={"text": 1}),
            Update("p", "1", add={"nothing": 1}),
            Update("p", "1", append={"text": [1]}),
            Update("p", "1", append={"number": [1]}),
            Update("p", "1", append={"nothing": [1]}),
            Update("p", "1", set={"sk": "2"}),
            Update("p", "1", set={"a": 1}, remove=("a",)),
            Update("p", "1"),
        ],
    )
    def test_a_malformed_update_is_our_bug(self, table: Table, op: Update) -> None:
        """It raises ValueError, is never taken for a lost race, and changes nothing."""
        before = row(text="x", number=1, nothing=None)
        table.put(Put(before))
        with pytest.raises(ValueError, match=r"."):
            table.update(op)
        assert table.get("p", "1") == before
