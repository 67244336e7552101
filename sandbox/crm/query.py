"""Reading many records: sort, page, COQL and search over the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from sandbox.crm import coql, search
from sandbox.crm.columns import SYSTEM, check_column, reader
from sandbox.crm.coql_parser import parse
from sandbox.crm.metadata import CrmField, CrmModule
from sandbox.crm.records import CrmRecord
from sandbox.crm.render import CrmRenderer
from sandbox.crm.store import CrmStore
from sandbox.kept import Order, Values
from sandbox.replies import Json
from sandbox.switches import Switches

_ORDER: dict[str, Callable[[CrmRecord], Any]] = {
    "id": attrgetter("number"),
    "Created_Time": attrgetter("created_time", "number"),
    "Modified_Time": attrgetter("modified_time", "number"),
}
T = TypeVar("T")
V = TypeVar("V")


class CrmQueries:
    """Answers list, COQL and search questions."""

    def __init__(self, store: CrmStore, renderer: CrmRenderer, switches: Callable[[], Switches]) -> None:
        self._store = store
        self._render = renderer
        self._switches = switches
        self._orders: dict[tuple[str, Hashable], Order[CrmRecord]] = {}
        self._values: dict[tuple[str, Hashable], Values[CrmRecord, Any]] = {}

    def ordered(self, module: str, sort_by: str, descending: bool) -> list[CrmRecord]:
        """Return all live records in order; the order is kept, and mended after writes."""
        what = sort_by if sort_by in _ORDER else self._own(module, sort_by)
        data, order = self._store.data[module], self._orders.get((module, what))
        if order is None:
            key = _ORDER.get(sort_by) or _blanks_first(reader(self._store, module, sort_by))
            order = self._orders[module, what] = Order(data.live, key)
        order.take_in(data.moves)
        return order.rows[::-1] if descending else order.rows

    def reading(self, module: str) -> coql.Get:
        """Return what gives the reader of a column of a module's live records."""
        return partial(self._reader, module)

    def _reader(self, module: str, column: str) -> Callable[[Any], Any]:
        """Read what was kept of a column; one of another record, through a lookup, is read anew."""
        read, spec = reader(self._store, module, column), self._own(module, column)
        if column in SYSTEM or spec is None:
            return read
        held = self._kept(module, spec, read)
        return lambda record: held[record.id]

    def _own(self, module: str, column: str) -> CrmField | None:
        """Return a field whose values change with the record alone, as those of a lookup do not."""
        spec = self._store.modules[module].fields.get(column)
        return None if spec is None or spec.lookup is not None else spec

    def _kept(self, module: str, what: Hashable, read: Callable[[CrmRecord], V]) -> dict[str, V]:
        data, values = self._store.data[module], self._values.get((module, what))
        if values is None:
            values = self._values[module, what] = Values(data.live, read)
        values.take_in(data.moves)
        return values.of

    def select(self, text: str) -> tuple[list[Json], bool]:
        """Run a select; returns the rows and whether more would follow."""
        switches = self._switches()
        query = parse(text, switches.coql_brackets_required, switches.coql_in_limit)
        self._store.module(query.module)
        judged, sums = coql.columns_of(query.where), [one.column for one in query.sums]
        for column in (*query.columns, *sums, *judged, *query.group, *(name for name, _ in query.order)):
            check_column(self._store, query.module, column)
        self._refuse_types(query, judged)
        get, end = self.reading(query.module), query.offset + query.limit
        test = coql.compile_where(query.where, get)
        if query.sums or query.group:
            made = self._grouped(query, list(filter(test, self._candidates(query))))
            return made[query.offset : end], len(made) > end
        ordered = self._in_order(query)
        if ordered is None:
            rows = list(filter(test, self._candidates(query)))
            for name, descending in reversed(query.order or (("id", False),)):
                rows = _sorted(rows, get(name), descending)
        else:
            rows = list(islice(filter(test, ordered), end + 1))
        return self._rows(query.module, rows[query.offset : end], query.columns), len(rows) > end

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
        get = self.reading(query.module)
        reads = [get(name) for name in query.group]
        groups: defaultdict[tuple[Any, ...], list[CrmRecord]] = defaultdict(list)
        for record in found if query.group else ():
            groups[tuple([read(record) for read in reads])].append(record)
        held = list(groups.values()) if query.group else [found]
        for name, descending in reversed(query.order):
            read = get(name)
            held = _sorted(held, lambda rows, read=read: read(rows[0]), descending)  # type: ignore[misc]
        return [
            {n: self._shower(query.module, n)(rows[0]) for n in query.columns}
            | {one.key: self._aggregated(one, rows) for one in query.sums}
            for rows in held
        ]

    def _aggregated(self, one: coql.Aggregate, rows: list[CrmRecord]) -> Any:
        if not rows:
            return 0 if one.function == "count" else None
        read = self._reader(rows[0].module, one.column)
        filled = [r for r in rows if read(r) is not None]
        if one.function == "count":
            return len(filled)
        if not filled:
            return None
        if one.function in ("min", "max"):
            pick = min if one.function == "min" else max
            return self._shower(rows[0].module, one.column)(pick(filled, key=read))
        total = sum(map(read, filled))
        return total if one.function == "sum" else total / len(filled)

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

    def _rows(self, module: str, records: list[CrmRecord], columns: tuple[str, ...]) -> list[Json]:
        shown = [(column, self._shower(module, column)) for column in columns]
        return [{**{column: show(r) for column, show in shown}, "id": r.id} for r in records]

    def _shower(self, module: str, column: str) -> Callable[[CrmRecord], Any]:
        """Return what shows a column, that of a record behind a lookup too."""
        head, _, rest = column.partition(".")
        spec = self._store.modules[module].fields.get(head)
        if not rest:
            return partial(self._bare, self._render.shower(module, head))
        if spec is None or spec.lookup is None:
            return lambda record: _part(self._render.value(record, head), rest)
        lookup, inner = spec.lookup, self._shower(spec.lookup, rest)

        def show(record: CrmRecord) -> Any:
            target = self._store.get(lookup, record.values.get(head) or "")
            return None if target is None else inner(target)

        return show

    def _bare(self, show: Callable[[CrmRecord], Any], record: CrmRecord) -> Any:
        """Show a lookup as the switch says: its id alone, or its name beside it."""
        value = show(record)
        if isinstance(value, dict) and not self._switches().coql_lookup_has_name:
            return {"id": value["id"]}
        return value

    def search(
        self, module: CrmModule, params: dict[str, str], now: float, sort_by: str, descending: bool
    ) -> Iterator[CrmRecord]:
        """Return what search finds, as of some seconds ago (CRM dossier 4: index lag, fuzzy equals)."""
        name = module.api_name
        test = search.test_of(module, SYSTEM, self.reading(name), partial(self._searched, name), params)
        seen_until = now - self._switches().search_lag_seconds
        kept = sort_by in _ORDER or self._own(name, sort_by) is not None
        rows = self.ordered(name, sort_by if kept else "id", descending)
        found = (r for r in rows if r.modified_time <= seen_until and test(r))
        return found if kept else iter(_sorted(list(found), self._reader(name, sort_by), descending))

    def _searched(self, module: str, names: tuple[str, ...]) -> dict[str, str]:
        """Return what a word is searched in."""
        return self._kept(module, names, partial(search.folded, names=names))


def _blanks_first(read: Callable[[CrmRecord], Any]) -> Callable[[CrmRecord], Any]:
    def key(record: CrmRecord) -> tuple[Any, ...]:
        value = read(record)
        return (0, record.number) if value is None else (1, value, record.number)

    return key


def _sorted(rows: list[T], read: Callable[[T], Any], descending: bool) -> list[T]:
    """Sort by a value, none before any; rows of equal values keep their order."""
    blank = [row for row in rows if read(row) is None]
    held = [row for row in rows if read(row) is not None] if blank else rows
    there = sorted(held, key=read, reverse=descending)
    return there + blank if descending else blank + there


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
