"""COQL queries as text, and rows as COQL answers them; pure (dossier crm §4).

More than two criteria need nested brackets; a page holds at most 2,000 rows; times are whole seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tandem.adapters.zoho.endpoints import FIELDS_PER_QUERY, check_column, check_id, check_module
from tandem.adapters.zoho.models import CrmRecord
from tandem.adapters.zoho.parse import as_id, parse_time, show_time
from tandem.core.errors import BadInputError
from tandem.core.mapping import Resource

SYSTEM = ("id", "Modified_Time", "Created_Time", "Modified_By")
"""Columns that every read asks for, whatever the mapping wants."""

VALUES_PER_IN = 50
PAGE = 2000

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a keyset listing goes on: after this record, in the order of (Modified_Time, id)."""

    time: datetime
    id: str

    def __str__(self) -> str:
        return f"{show_time(self.time)}|{self.id}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place that `str()` wrote; BadInputError for anything else."""
        time, _, record = text.partition("|")
        moment = parse_time(time)
        if moment is None:
            raise BadInputError(f"{text!r} is no place in a CRM listing")
        return cls(moment, check_id(record))


def columns(resource: Resource) -> tuple[str, ...]:
    """What to ask for: the system columns, the parent's lookup and the mapped fields, each once."""
    parent = (resource.parent_field,) if resource.parent_field else ()
    names = tuple(dict.fromkeys(check_column(name) for name in (*SYSTEM, *parent, *resource.fields)))
    if len(names) > FIELDS_PER_QUERY:
        room = FIELDS_PER_QUERY - len(SYSTEM) - len(parent)
        raise BadInputError(
            f"{resource.module}: {len(names)} fields, CRM answers {FIELDS_PER_QUERY} in one query: "
            f"map at most {room} fields of this module"
        )
    return names


def quote(value: str) -> str:
    """A text as a COQL literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def changed(
    resource: Resource,
    since: datetime | None,
    before: datetime | None,
    after: Place | None,
    limit: int = PAGE,
) -> str:
    """Rows of [since, before) beyond `after`, oldest first."""
    start = after.time if after else since or _EVER
    where = f"Modified_Time >= {_time(start)}"
    if before is not None:
        where = f"({where} and Modified_Time < {_time(before)})"
    if after is not None:
        where = f"({where} and (Modified_Time > {_time(after.time)} or id > {after.id}))"
    return f"{_select(resource)} where {where} order by Modified_Time asc, id asc limit {limit}"


def matching(
    resource: Resource, column: str, values: Sequence[str], after: str | None, limit: int = PAGE
) -> str:
    """Rows whose column holds one of up to 50 values, by id."""
    if not 0 < len(values) <= VALUES_PER_IN:
        raise BadInputError(f"a query takes 1 to {VALUES_PER_IN} values, not {len(values)}")
    where = f"{check_column(column)} in ({', '.join(quote(value) for value in values)})"
    if after is not None:
        where = f"({where} and id > {check_id(after)})"
    return f"{_select(resource)} where {where} order by id asc limit {limit}"


def place_of(row: Mapping[str, Any]) -> Place | None:
    """The place of a row; None when it lacks id or time."""
    found = CrmRecord.of(row)
    return Place(found.version, found.id) if found.version and found.id else None


def as_record(row: Mapping[str, Any], lookups: Sequence[str]) -> dict[str, Any]:
    """The row in the shape of a GET: a lookup is `{"id": ...}` even if it came as a bare id or `X.id`."""
    record = dict(row)
    for name in lookups:
        told = record.get(name)
        if told is None:
            told = record.get(f"{name}.id")
        if told is not None and not isinstance(told, Mapping):
            record[name] = {"id": as_id(told)}
    return record


def _select(resource: Resource) -> str:
    names = ", ".join(columns(resource))
    return f"select {names} from {check_module(resource.module)}"  # noqa: S608 - both are checked names


def _time(moment: datetime) -> str:
    return quote(show_time(moment))
