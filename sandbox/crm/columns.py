"""The columns of a module as COQL and search read them: text is folded, times are epoch seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final

from sandbox.clock import parse_time
from sandbox.crm import coql
from sandbox.crm.records import CrmRecord
from sandbox.crm.store import CrmStore

Read = Callable[[CrmRecord], Any]
SYSTEM: Final[dict[str, Read]] = {
    "id": attrgetter("number"),
    "Modified_Time": attrgetter("modified_time"),
    "Created_Time": attrgetter("created_time"),
    "Owner": attrgetter("owner"),
    "Modified_By": attrgetter("modified_by"),
    "Created_By": attrgetter("created_by"),
    "Last_Activity_Time": attrgetter("modified_time"),
}


def check_column(store: CrmStore, module: str, column: str) -> None:
    """Refuse a column that is not there; raises CrmError INVALID_QUERY."""
    head, _, rest = column.partition(".")
    fields = store.modules[module].fields
    if head not in fields and head not in SYSTEM:
        raise coql.invalid_query(f"column given seems to be invalid: {column}")
    lookup = fields[head].lookup if head in fields else None
    if rest and lookup is not None:
        check_column(store, lookup, rest)
    elif rest and head not in ("Owner", "Modified_By", "Created_By"):
        raise coql.invalid_query(f"column given seems to be invalid: {column}")


def reader(store: CrmStore, module: str, column: str) -> Read:
    """Return what reads a column of a module's records as a comparable value; None where there is none."""
    head, _, rest = column.partition(".")
    if head in SYSTEM and not rest:
        return SYSTEM[head]
    spec = store.modules[module].fields.get(head)
    if spec is None:
        return _nothing
    if spec.lookup is not None:
        return _through(store, spec.lookup, head, rest)
    if rest:
        return SYSTEM["Owner"] if (head, rest) == ("Owner", "id") else _nothing
    if head == "Full_Name":
        return lambda record: _folded(store.display_name(record))
    if spec.data_type == "boolean":
        return lambda record: bool(record.values.get(head))
    if spec.data_type == "datetime":
        return lambda record: _moment(record.values.get(head))
    return lambda record: _folded(record.values.get(head))


def _nothing(_record: CrmRecord) -> None:
    return None


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    return parse_time(value) if isinstance(value, str) else value


def _through(store: CrmStore, lookup: str, head: str, rest: str) -> Read:
    """Read a lookup's id, or a column of the record that it names; a record that is gone reads as None."""
    inner = reader(store, lookup, rest) if rest else None
    live: Mapping[str, CrmRecord] = store.data[lookup].live if lookup in store.data else {}

    def read(record: CrmRecord) -> Any:
        value = record.values.get(head)
        target = None if value is None else live.get(value)
        if target is None:
            return None
        return value if inner is None else inner(target)

    return read
