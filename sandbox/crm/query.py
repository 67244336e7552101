"""Reading many records: sort, page, COQL and search over the store."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from operator import attrgetter
from typing import Any

from sandbox.clock import parse_time
from sandbox.crm import coql
from sandbox.crm.coql_parser import parse
from sandbox.crm.records import CrmRecord
from sandbox.crm.render import CrmRenderer
from sandbox.crm.store import CrmStore
from sandbox.replies import CrmError, Json
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
        for column in (*query.columns, *coql.columns_of(query.where), *(name for name, _ in query.order)):
            self._check(query.module, column)
        test, end = coql.compile_where(query.where, self.read), query.offset + query.limit
        if query.counts:
            found = sum(1 for r in self._candidates(query) if test(r))
            return [{f"COUNT({query.columns[0]})": found}], False
        ordered = self._in_order(query)
        if ordered is None:
            rows = list(filter(test, self._candidates(query)))
            for name, descending in reversed(query.order or (("id", False),)):
                rows.sort(key=lambda r, n=name: _sortable(self.read(r, n)), reverse=descending)  # type: ignore[misc]
        else:
            rows = list(islice(filter(test, ordered), end + 1))
        return [self._row(r, query.columns) for r in rows[query.offset : end]], len(rows) > end

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

    def search(self, module: str, params: dict[str, str], now: float) -> list[CrmRecord]:
        """Return what search finds, as of some seconds ago (CRM dossier 4: index lag, fuzzy equals)."""
        test = self._search_test(module, params)
        seen_until = now - self._switches().search_lag_seconds
        return [r for r in self.ordered(module, "id", True) if r.modified_time <= seen_until and test(r)]

    def _search_test(self, module: str, params: dict[str, str]) -> Callable[[CrmRecord], bool]:
        fields = self._store.modules[module].fields
        if params.get("criteria"):
            return _criteria(params["criteria"], set(fields) | set(_SYSTEM), self.read)
        for word, types in (
            ("email", ("email",)),
            ("phone", ("phone",)),
            ("word", ("text", "email", "phone")),
        ):
            if params.get(word):
                names = [f.api_name for f in fields.values() if f.data_type in types]
                wanted = params[word].casefold()
                return lambda r: any(wanted in str(self.read(r, n) or "") for n in names)
        raise CrmError(
            "REQUIRED_PARAM_MISSING",
            "One of the expected parameter is missing",
            {"param_names": ["criteria", "email", "phone", "word"]},
        )


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


_CRITERION = re.compile(r"\(([\w.$]+):(\w+):((?:[^()\\]|\\.)*)\)")


def _criteria(text: str, known: set[str], read: coql.Get) -> Callable[[CrmRecord], bool]:
    found = _CRITERION.findall(text)
    if not found:
        raise CrmError("INVALID_QUERY", "Invalid query formed", {"reason": "criteria"})
    if len(found) > 15:
        raise CrmError("CRITERIA_LIMIT_EXCEEDED", "criteria limit exceeded", {"limit": 15})
    tests = []
    for name, operator, raw in found:
        if name not in known:
            raise CrmError("INVALID_QUERY", "Invalid query formed", {"reason": name})
        tests.append(_criterion(name, operator, re.sub(r"\\(.)", r"\1", raw), read))
    either = re.search(r"\)\s*or\s*\(", text, re.IGNORECASE) is not None
    return lambda r: any(t(r) for t in tests) if either else all(t(r) for t in tests)


def _criterion(name: str, operator: str, wanted: str, read: coql.Get) -> Callable[[CrmRecord], bool]:
    symbols = {
        "greater_than": ">",
        "greater_equal": ">=",
        "less_than": "<",
        "less_equal": "<=",
        "not_equal": "!=",
    }
    if operator in symbols:
        return coql.compile_where(coql.Compare(name, symbols[operator], wanted), read)
    if operator == "starts_with":
        return lambda r: str(read(r, name) or "").startswith(wanted.casefold())
    if operator == "in":
        return coql.compile_where(coql.Compare(name, "in", tuple(wanted.split(","))), read)
    if operator != "equals":
        raise CrmError("INVALID_QUERY", "Invalid query formed", {"reason": operator})
    folded = _look_alike(wanted)

    def equals(record: CrmRecord) -> bool:
        value = read(record, name)
        if isinstance(value, str):
            return folded in _look_alike(value)
        return coql.compile_where(coql.Compare(name, "=", wanted), read)(record)

    return equals


def _look_alike(text: str) -> str:
    return re.sub(r"[-_@.]", " ", text.casefold())
