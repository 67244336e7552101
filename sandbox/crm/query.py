"""Reading many records: sort, page, COQL and search over the store."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any

from sandbox.clock import parse_time
from sandbox.crm import coql, search
from sandbox.crm.coql_parser import parse
from sandbox.crm.metadata import CrmModule
from sandbox.crm.records import CrmRecord
from sandbox.crm.render import CrmRenderer
from sandbox.crm.store import CrmStore
from sandbox.replies import Json
from sandbox.switches import Switches

_ORDER = {
    "id": ("number",),
    "Created_Time": ("created_time", "number"),
    "Modified_Time": ("modified_time", "number"),
}
_SYSTEM: dict[str, Callable[[CrmRecord], Any]] = {
    "id": lambda r: r.number,
    "Modified_Time": lambda r: r.modified_time,
    "Created_Time": lambda r: r.created_time,
    "Owner": lambda r: r.owner,
    "Modified_By": lambda r: r.modified_by,
    "Created_By": lambda r: r.created_by,
    "Last_Activity_Time": lambda r: r.modified_time,
}


class CrmQueries:
    """Answers list, COQL and search questions."""

    def __init__(self, store: CrmStore, renderer: CrmRenderer, switches: Callable[[], Switches]) -> None:
        self._store = store
        self._render = renderer
        self._switches = switches
        self._sorted: dict[tuple[str, str], tuple[int, list[CrmRecord]]] = {}
        self._folded: dict[tuple[str, tuple[str, ...]], tuple[int, dict[str, str]]] = {}

    def ordered(self, module: str, sort_by: str, descending: bool) -> list[CrmRecord]:
        """Return all live records in order; the order is kept until the next write."""
        key = (module, sort_by)
        kept = self._sorted.get(key)
        if kept is None or kept[0] != self._store.version:
            rows = sorted(self._store.data[module].live.values(), key=attrgetter(*_ORDER[sort_by]))
            kept = self._sorted[key] = (self._store.version, rows)
        return kept[1][::-1] if descending else kept[1]

    def read(self, record: CrmRecord, column: str) -> Any:
        """Return a column's comparable value; text is folded, times are epoch seconds."""
        head, _, rest = column.partition(".")
        if head in _SYSTEM and not rest:
            return _SYSTEM[head](record)
        spec = self._store.modules[record.module].fields.get(head)
        if spec is None:
            return None
        value = record.values.get(head)
        if spec.lookup is not None and value is not None:
            target = self._store.get(spec.lookup, value)
            if target is None:
                return None
            return value if not rest else self.read(target, rest)
        if rest:
            return record.owner if head == "Owner" and rest == "id" else None
        if head == "Full_Name":
            value = self._store.display_name(record)
        if spec.data_type == "boolean":
            return bool(value)
        if spec.data_type == "datetime" and isinstance(value, str):
            return parse_time(value)
        return value.casefold() if isinstance(value, str) else value

    def _check(self, module: str, column: str) -> None:
        head, _, rest = column.partition(".")
        fields = self._store.modules[module].fields
        if head not in fields and head not in _SYSTEM:
            raise coql.invalid_query(f"column given seems to be invalid: {column}")
        lookup = fields[head].lookup if head in fields else None
        if rest and lookup is not None:
            self._check(lookup, rest)
        elif rest and head not in ("Owner", "Modified_By", "Created_By"):
            raise coql.invalid_query(f"column given seems to be invalid: {column}")

    def select(self, text: str) -> tuple[list[Json], bool]:
        """Run a select; returns the rows and whether more would follow."""
        switches = self._switches()
        query = parse(text, switches.coql_brackets_required, switches.coql_in_limit)
        self._store.module(query.module)
        judged, sums = coql.columns_of(query.where), [one.column for one in query.sums]
        for column in (*query.columns, *sums, *judged, *query.group, *(name for name, _ in query.order)):
            self._check(query.module, column)
        self._refuse_types(query, judged)
        test, end = coql.compile_where(query.where, self.read), query.offset + query.limit
        if query.sums or query.group:
            made = self._grouped(query, list(filter(test, self._candidates(query))))
            return made[query.offset : end], len(made) > end
        ordered = self._in_order(query)
        if ordered is None:
            rows = list(filter(test, self._candidates(query)))
            for name, descending in reversed(query.order or (("id", False),)):
                rows.sort(key=lambda r, n=name: _sortable(self.read(r, n)), reverse=descending)  # type: ignore[misc]
        else:
            rows = list(islice(filter(test, ordered), end + 1))
        return [self._row(r, query.columns) for r in rows[query.offset : end]], len(rows) > end

    def _refuse_types(self, query: coql.Query, judged: list[str]) -> None:
        """A text of several lines is not judged by, and numbers alone add up."""
        fields = self._store.modules[query.module].fields
        for column in judged:
            if column in fields and fields[column].data_type == "textarea":
                raise coql.invalid_query(f"column not supported in where: {column}")
        for one in query.sums:
            number = one.column in fields and fields[one.column].json_type in ("integer", "double")
            if one.function in ("sum", "avg") and not number:
                raise coql.invalid_query(f"column not supported in {one.function}: {one.column}")

    def _grouped(self, query: coql.Query, found: list[CrmRecord]) -> list[Json]:
        """Return a row for each group, or one for all; what is not aggregated must be grouped by."""
        for name in (*query.columns, *(name for name, _ in query.order)):
            if name not in query.group:
                raise coql.invalid_query(f"column is neither grouped by nor aggregated: {name}")
        groups: dict[tuple[Any, ...], list[CrmRecord]] = {} if query.group else {(): found}
        for record in found if query.group else ():
            groups.setdefault(tuple(self.read(record, n) for n in query.group), []).append(record)
        held = list(groups.values())
        for name, descending in reversed(query.order):
            held.sort(key=lambda rows, n=name: _sortable(self.read(rows[0], n)), reverse=descending)  # type: ignore[misc]
        return [
            {n: self._column(rows[0], n) for n in query.columns}
            | {one.key: self._aggregated(one, rows) for one in query.sums}
            for rows in held
        ]

    def _aggregated(self, one: coql.Aggregate, rows: list[CrmRecord]) -> Any:
        values = [(self.read(r, one.column), r) for r in rows]
        values = [(value, r) for value, r in values if value is not None]
        if one.function == "count":
            return len(values)
        if not values:
            return None
        if one.function in ("min", "max"):
            pick = min if one.function == "min" else max
            return self._column(pick(values, key=lambda pair: pair[0])[1], one.column)
        total = sum(value for value, _ in values)
        return total if one.function == "sum" else total / len(values)

    def _in_order(self, query: coql.Query) -> list[CrmRecord] | None:
        """Return the module in an order that is kept between writes, if the query asks for it and not for ids."""
        order = {(): "id", (("id", False),): "id", (("Modified_Time", False), ("id", False)): "Modified_Time"}
        known = order.get(tuple(query.order))
        return None if known is None or self._ids(query) else self.ordered(query.module, known, False)

    def _ids(self, query: coql.Query) -> tuple[Any, ...]:
        where = query.where
        if isinstance(where, coql.Compare) and where.column == "id" and where.operator in ("=", "in"):
            return tuple(where.value) if where.operator == "in" else (where.value,)
        return ()

    def _candidates(self, query: coql.Query) -> list[CrmRecord]:
        live = self._store.data[query.module].live
        ids = self._ids(query)
        if ids:
            return [live[str(i)] for i in dict.fromkeys(ids) if str(i) in live]
        return list(live.values())

    def _row(self, record: CrmRecord, columns: tuple[str, ...]) -> Json:
        row: Json = {column: self._column(record, column) for column in columns}
        row["id"] = record.id
        return row

    def _column(self, record: CrmRecord, column: str) -> Any:
        head, _, rest = column.partition(".")
        if not rest:
            value = self._render.value(record, head)
            if isinstance(value, dict) and not self._switches().coql_lookup_has_name:
                return {"id": value["id"]}
            return value
        spec = self._store.modules[record.module].fields.get(head)
        if spec is not None and spec.lookup is not None:
            target = self._store.get(spec.lookup, record.values.get(head) or "")
            return None if target is None else self._column(target, rest)
        value = self._render.value(record, head)
        return value.get(rest) if isinstance(value, dict) else None

    def search(
        self, module: CrmModule, params: dict[str, str], now: float, sort_by: str, descending: bool
    ) -> list[CrmRecord]:
        """Return what search finds, as of some seconds ago (CRM dossier 4: index lag, fuzzy equals)."""
        test = search.test_of(module, _SYSTEM, self.read, partial(self._texts, module.api_name), params)
        seen_until = now - self._switches().search_lag_seconds
        rows = self.ordered(module.api_name, sort_by, descending)
        return [r for r in rows if r.modified_time <= seen_until and test(r)]

    def _texts(self, module: str, names: tuple[str, ...]) -> dict[str, str]:
        """Return what search looks at, kept until the next write."""
        kept = self._folded.get((module, names))
        if kept is None or kept[0] != self._store.version:
            texts = {r.id: search.folded(r, names) for r in self._store.data[module].live.values()}
            kept = self._folded[module, names] = (self._store.version, texts)
        return kept[1]


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
