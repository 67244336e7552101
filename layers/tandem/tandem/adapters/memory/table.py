"""A table in memory, with the very semantics of the DynamoDB adapter (one contract test runs over both)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, Literal
from uuid import uuid4

from tandem.adapters.memory.conditions import hold
from tandem.adapters.memory.keys import Key, SortedKeys
from tandem.adapters.memory.rows import INDEXES, check_key, has_changes, key_of, plain_op, result
from tandem.adapters.memory.values import copied
from tandem.core.errors import ConditionFailedError
from tandem.engine.ports import Delete, Item, Put, Update

Hook = Callable[[str, Any], None]
"""Called with a verb of `Table` and its first argument; what it raises, the caller gets."""

_TRANSACTION = 100


class MemoryTable:
    """Rows in memory, copied in and out, safe to use from several threads.

    `index_lag`: by how many operations of any kind (or what a callable says at each write) an index
    stays behind; `catch_up` ends it. `before` may raise instead of an operation, `after` once it has
    happened (an answer that never came); both are plain attributes and may be set later.
    """

    def __init__(
        self,
        *,
        index_lag: int | Callable[[], int] = 0,
        before: Hook | None = None,
        after: Hook | None = None,
        table_id: str | None = None,
    ) -> None:
        self.index_lag = index_lag
        self.before = before
        self.after = after
        self._table_id = table_id or str(uuid4())
        self._was_asked = False
        self._lock = RLock()
        self._rows: dict[Key, Item] = {}
        self._keys = SortedKeys()
        self._indexes = {name: (f"{name}_pk", f"{name}_sk", SortedKeys()) for name in INDEXES}
        self._indexed: dict[Key, Item] = {}
        self._late: deque[tuple[int, Key, Item | None]] = deque()
        self._count = 0

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:  # noqa: ARG002 - memory always is
        """One row, or None."""
        with self._operation("get", (pk, sk)):
            check_key((pk, sk))
            return _copy(self._rows.get((pk, sk)))

    def get_many(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """Many rows by (pk, sk); absent rows are absent, a key named twice is read once."""
        with self._operation("get_many", keys):
            for key in keys:
                check_key(key)
            return {key: copied(self._rows[key]) for key in keys if key in self._rows}

    def put(self, op: Put) -> None:
        """Put one row."""
        with self._operation("put", op):
            self._run([op])

    def update(self, op: Update) -> Item:
        """Update one row and return it as it then stands."""
        with self._operation("update", op):
            if not has_changes(op):
                raise ValueError("an update must change something; only a transaction takes a mere check")
            self._run([op])
            return dict(copied(self._rows[op.pk, op.sk]))

    def delete(self, op: Delete) -> None:
        """Delete one row."""
        with self._operation("delete", op):
            self._run([op])

    def transact(self, ops: Sequence[Put | Update | Delete]) -> None:
        """All or none; an `Update` that changes nothing only checks its conditions."""
        with self._operation("transact", ops):
            if len(ops) > _TRANSACTION or len({key_of(op) for op in ops}) < len(ops):
                raise ValueError(f"a transaction has up to {_TRANSACTION} operations on distinct rows")
            if any(isinstance(op, Update) and not has_changes(op) and not op.when for op in ops):
                raise ValueError("an update in a transaction must change or check something")
            self._run(ops)

    def put_many(self, items: Sequence[Item]) -> None:
        """Unconditional puts; of two items with one key the later stays."""
        with self._operation("put_many", items):
            self._run(list({(item["pk"], item["sk"]): Put(item) for item in items}.values()))

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
        """Rows of one partition in sort-key order; of an index its keys and the table's alone."""
        with self._operation("query", pk):
            check_key((pk, "any"))
            if prefix and between:
                raise ValueError("a query takes a prefix or a range, not both")
            self._catch_up(self._count)
            keys = self._indexes[index][2] if index else self._keys
            entries = keys.select(pk, prefix=prefix, between=between)
            rows = self._indexed if index else self._rows
            found = entries[::-1] if descending else entries
            return [_shown(rows[key], index) for _, key in found[:limit]]

    def table_id(self) -> str:
        """The id of this table, new for each one unless given; asked once, as a container asks DynamoDB."""
        if not self._was_asked:
            with self._operation("table_id", None):
                self._was_asked = True
        return self._table_id

    def catch_up(self) -> None:
        """Let the indexes show every write made so far."""
        with self._lock:
            self._catch_up(None)

    def rows(self) -> list[Item]:
        """Every row in key order, for a test or a dry run to look at; no operation is counted."""
        with self._lock:
            return [copied(self._rows[key]) for key in sorted(self._rows)]

    @contextmanager
    def _operation(self, verb: str, operand: Any) -> Iterator[None]:
        if self.before is not None:
            self.before(verb, operand)
        with self._lock:
            self._count += 1
            yield
        if self.after is not None:
            self.after(verb, operand)

    def _run(self, ops: Sequence[Put | Update | Delete]) -> None:
        plain = [plain_op(op) for op in ops]
        for op in plain:
            self._refuse_unless(op)
        made = [(key_of(op), self._after(op)) for op in plain]
        for key, row in made:
            self._store(key, row)

    def _refuse_unless(self, op: Put | Update | Delete) -> None:
        key = key_of(op)
        row = self._rows.get(key)
        if not hold(op.when, row):
            error = ConditionFailedError(f"{key[0]} / {key[1]} is not as expected")
            error.item = _copy(row)
            raise error

    def _after(self, op: Put | Update | Delete) -> Item | None:
        row = self._rows.get(key_of(op))
        return row if isinstance(op, Update) and not has_changes(op) else result(op, row)

    def _store(self, key: Key, row: Item | None) -> None:
        if row is None and self._rows.pop(key, None) is not None:
            self._keys.discard(key[0], (key[1], key))
        if row is not None:
            if key not in self._rows:
                self._keys.add(key[0], (key[1], key))
            self._rows[key] = row
        lag = self.index_lag() if callable(self.index_lag) else self.index_lag
        self._late.append((self._count + lag, key, row))

    def _catch_up(self, until: int | None) -> None:
        while self._late and (until is None or self._late[0][0] < until):
            _, key, row = self._late.popleft()
            self._index(key, self._indexed.pop(key, {}), SortedKeys.discard)
            if row is not None:
                self._indexed[key] = row
                self._index(key, row, SortedKeys.add)

    def _index(self, key: Key, row: Mapping[str, Any], change: Callable[..., None]) -> None:
        for pk, sk, keys in self._indexes.values():
            if pk in row and sk in row:
                change(keys, row[pk], (row[sk], key))


def _copy(row: Item | None) -> Item | None:
    return None if row is None else copied(row)


def _shown(row: Item, index: str | None) -> Item:
    names = ("pk", "sk", f"{index}_pk", f"{index}_sk")
    return {name: row[name] for name in names} if index else dict(copied(row))
