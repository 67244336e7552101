"""A table that counts what it is asked, for budgets in tests and in the benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from tandem.engine.ports import Delete, Item, Put, Table, Update


class CountingTable:
    """Passes every call on; `calls` counts them by verb, `rows` the rows that each verb named or gave."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.calls: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def reset(self) -> None:
        """Count from zero again."""
        self.calls.clear()
        self.rows.clear()

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
        """One row, or None."""
        self._count("get", 1)
        return self.table.get(pk, sk, consistent=consistent)

    def get_many(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """Many rows by (pk, sk)."""
        self._count("get_many", len(keys))
        return self.table.get_many(keys)

    def put(self, op: Put) -> None:
        """Put one row."""
        self._count("put", 1)
        self.table.put(op)

    def update(self, op: Update) -> Item:
        """Update one row and return it as it then stands."""
        self._count("update", 1)
        return self.table.update(op)

    def delete(self, op: Delete) -> None:
        """Delete one row."""
        self._count("delete", 1)
        self.table.delete(op)

    def transact(self, ops: Sequence[Put | Update | Delete]) -> None:
        """All or none of the operations."""
        self._count("transact", len(ops))
        self.table.transact(ops)

    def put_many(self, items: Sequence[Item]) -> None:
        """Unconditional puts."""
        self._count("put_many", len(items))
        self.table.put_many(items)

    def query(
        self,
        pk: str,
        *,
        index: Literal["due", "waits", "links", "run"] | None = None,
        prefix: str = "",
        between: tuple[str, str] | None = None,
        limit: int | None = None,
        descending: bool = False,
    ) -> list[Item]:
        """Rows of one partition in sort-key order."""
        how: dict[str, Any] = {"prefix": prefix, "between": between, "limit": limit, "descending": descending}
        found = self.table.query(pk, index=index, **how)
        self._count("query", len(found))
        return found

    def table_id(self) -> str:
        """The table's own id."""
        self._count("table_id", 0)
        return self.table.table_id()

    def _count(self, verb: str, rows: int) -> None:
        self.calls[verb] += 1
        self.rows[verb] += rows
