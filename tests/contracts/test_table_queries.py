"""The contract of `Table`: partitions and indexes in order."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.engine.ports import Delete, Put, Table, Update


@pytest.fixture
def filled(table: Table) -> Table:
    """Partition `p` with a1, a2, b1, b2, c1 and one row beside it."""
    table.put_many([{"pk": "p", "sk": sk, "n": 1} for sk in ("b2", "a1", "c1", "b1", "a2")])
    table.put(Put({"pk": "q", "sk": "a1"}))
    return table


def sort_keys(table: Table, pk: str = "p", **how: Any) -> list[str]:
    """The sort keys that a query finds."""
    return [row["sk"] for row in table.query(pk, **how)]


def due(sk: str, at: str, **more: Any) -> dict[str, Any]:
    """A pending row."""
    return {"pk": f"REC#{sk}", "sk": sk, "due_pk": "c", "due_sk": at, "n": 1, **more}


class TestTableQueries:
    @pytest.mark.parametrize(
        ("how", "found"),
        [
            ({}, ["a1", "a2", "b1", "b2", "c1"]),
            ({"descending": True}, ["c1", "b2", "b1", "a2", "a1"]),
            ({"limit": 2}, ["a1", "a2"]),
            ({"limit": 2, "descending": True}, ["c1", "b2"]),
            ({"limit": 0}, []),
            ({"limit": 99}, ["a1", "a2", "b1", "b2", "c1"]),
            ({"prefix": "b"}, ["b1", "b2"]),
            ({"prefix": "b", "descending": True, "limit": 1}, ["b2"]),
            ({"prefix": "x"}, []),
            ({"between": ("a2", "b1")}, ["a2", "b1"]),
            ({"between": ("a", "b")}, ["a1", "a2"]),
            ({"between": ("", "a2")}, ["a1", "a2"]),
            ({"between": ("b2", "z"), "descending": True}, ["c1", "b2"]),
            ({"between": ("b", "a")}, []),
            ({"between": ("", "")}, []),
        ],
    )
    def test_rows_come_in_sort_key_order(self, filled: Table, how: dict[str, Any], found: list[str]) -> None:
        """A range holds both its ends, an empty lower bound is the beginning, a reversed range is empty."""
        assert sort_keys(filled, **how) == found

    def test_rows_come_whole(self, filled: Table) -> None:
        """The table itself answers with every attribute."""
        assert filled.query("p", limit=1) == [{"pk": "p", "sk": "a1", "n": 1}]

    def test_an_absent_partition_is_empty(self, filled: Table) -> None:
        """No rows, no error."""
        assert filled.query("r") == []

    def test_prefix_and_range_exclude_each_other(self, filled: Table) -> None:
        """DynamoDB takes one condition on the sort key."""
        with pytest.raises(ValueError, match="not both"):
            filled.query("p", prefix="a", between=("a", "b"))

    def test_an_empty_partition_key_is_our_bug(self, filled: Table) -> None:
        """No row can have one."""
        with pytest.raises(ValueError, match=r"."):
            filled.query("")

    def test_pages_are_followed(self, table: Table) -> None:
        """More than a megabyte comes in more than one page."""
        rows = [{"pk": "p", "sk": f"{n:02}", "text": "x" * 60_000} for n in range(40)]
        table.put_many(rows)
        assert table.query("p") == rows
        assert table.query("p", limit=30) == rows[:30]

    @pytest.mark.parametrize("index", ["due", "waits", "links", "run"])
    def test_an_index_holds_keys_only(self, table: Table, index: Any) -> None:
        """Its own two and the table's."""
        keys = {"pk": "p", "sk": "1", f"{index}_pk": "c", f"{index}_sk": "x"}
        table.put(Put({**keys, "n": 1}))
        assert table.query("c", index=index) == [keys]

    def test_an_index_is_ordered_by_its_own_key(self, table: Table) -> None:
        """Class and time, whatever the rows are called."""
        table.put_many([due("1", "2#b"), due("2", "1#z"), due("3", "2#a"), due("4", "3#a")])
        assert sort_keys(table, "c", index="due") == ["2", "3", "1", "4"]
        assert sort_keys(table, "c", index="due", prefix="2#") == ["3", "1"]
        assert sort_keys(table, "c", index="due", between=("1#", "2#a")) == ["2", "3"]
        assert sort_keys(table, "c", index="due", limit=1, descending=True) == ["4"]

    def test_an_index_is_sparse(self, table: Table) -> None:
        """Both keys must be there; a row that loses one leaves the index."""
        table.put_many([due("1", "a"), {"pk": "x", "sk": "x", "due_pk": "c"}, due("2", "b"), due("3", "c")])
        table.update(Update("REC#1", "1", remove=("due_sk",)))
        table.delete(Delete("REC#3", "3"))
        assert sort_keys(table, "c", index="due") == ["2"]

    def test_an_index_follows_a_moved_key(self, table: Table) -> None:
        """A row is found under its present key alone."""
        table.put(Put(due("1", "a")))
        table.update(Update("REC#1", "1", set={"due_pk": "d", "due_sk": "b"}))
        assert sort_keys(table, "c", index="due") == []
        assert sort_keys(table, "d", index="due") == ["1"]

    def test_rows_of_one_index_key_all_come(self, table: Table) -> None:
        """An index key need not be unique."""
        table.put_many([due(str(n), "now") for n in range(5)])
        assert sorted(sort_keys(table, "c", index="due")) == ["0", "1", "2", "3", "4"]
