"""A small COQL: parse a select, and judge rows by its where clause (CRM dossier 4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.clock import parse_time
from sandbox.replies import CrmError
from sandbox.shapes import is_whole

Read = Callable[[Any], Any]
Get = Callable[[str], Read]
"""What reads a column as a comparable value."""


Test = Callable[[Any], bool]


ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """column operator value."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Both:
    """Two conditions joined by and / or."""

    word: str
    left: Condition
    right: Condition


Condition = Compare | Both


AGGREGATES = ("count", "sum", "min", "max", "avg")
"""What may be asked of the values that a column has in a group."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """function(column), and the key that it is answered under."""

    function: str
    column: str
    key: str


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed select."""

    columns: tuple[str, ...]
    module: str
    where: Condition | None
    order: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    sums: tuple[Aggregate, ...] = ()
    group: tuple[str, ...] = ()


def syntax_error(near: str) -> CrmError:
    """Return the refusal of a query that does not parse."""
    return CrmError("SYNTAX_ERROR", f"error occurred while parsing the query near {near!r}", {"near": near})


def invalid_query(reason: str) -> CrmError:
    """Return the refusal of a query that names what is not there."""
    return CrmError("INVALID_QUERY", reason, {"reason": reason})


def columns_of(condition: Condition | None) -> list[str]:
    """Return the columns a where clause names."""
    if condition is None:
        return []
    if isinstance(condition, Compare):
        return [condition.column]
    return [*columns_of(condition.left), *columns_of(condition.right)]


def compile_where(condition: Condition | None, get: Get) -> Test:
    """Return a predicate over rows."""
    if condition is None:
        return lambda row: True
    if isinstance(condition, Both):
        left, right = compile_where(condition.left, get), compile_where(condition.right, get)
        if condition.word == "and":
            return lambda row: left(row) and right(row)
        return lambda row: left(row) or right(row)
    return _compile_compare(condition, get)


def _number(text: str) -> float:
    if is_whole(text):
        return int(text)
    for read in (parse_time, float):
        with suppress(ValueError):
            return read(text)
    raise invalid_query(f"invalid value {text!r}")


def comparable(value: Any, sample: Any) -> Any:
    """Turn the query's value into what the row's value can be compared with."""
    if isinstance(sample, bool):
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if isinstance(sample, int | float):
        return _number(value) if isinstance(value, str) else value
    return str(value).casefold()


def _compile_compare(condition: Compare, get: Get) -> Test:
    read, operator, wanted = get(condition.column), condition.operator, condition.value
    if operator == "is null":
        return lambda row: read(row) is None
    if operator == "is not null":
        return lambda row: read(row) is not None
    if operator in ("like", "not like"):
        pattern = re.compile(".*".join(map(re.escape, str(wanted).casefold().split("%"))), re.DOTALL)
        return _like(read, pattern, operator == "like")
    if operator in ("in", "not in"):
        return _among(read, tuple(wanted), operator == "in")
    if operator in ("between", "not between"):
        return _between(read, wanted, operator == "between")
    return _ordered(read, operator, wanted)


def _like(read: Read, pattern: re.Pattern[str], positive: bool) -> Test:
    def test(row: Any) -> bool:
        value = read(row)
        return value is not None and bool(pattern.fullmatch(str(value))) is positive

    return test


def _among(read: Read, wanted: tuple[Any, ...], positive: bool) -> Test:
    cache: dict[type, frozenset[Any]] = {}

    def test(row: Any) -> bool:
        value = read(row)
        if value is None:
            return not positive
        kind = type(value)
        if kind not in cache:
            cache[kind] = frozenset(comparable(item, value) for item in wanted)
        return (value in cache[kind]) is positive

    return test


def _between(read: Read, bounds: tuple[Any, Any], positive: bool) -> Test:
    def test(row: Any) -> bool:
        value = read(row)
        if value is None:
            return False
        return (comparable(bounds[0], value) <= value <= comparable(bounds[1], value)) is positive

    return test


def _ordered(read: Read, operator: str, wanted: Any) -> Test:
    cache: dict[type, Any] = {}

    def prepared(value: Any) -> Any:
        kind = type(value)
        if kind not in cache:
            cache[kind] = comparable(wanted, value)
        return cache[kind]

    def test(row: Any) -> bool:
        value = read(row)
        if operator == "=":
            return (value is None) if wanted is None else value is not None and value == prepared(value)
        if operator == "!=":
            return (value is not None) if wanted is None else value is None or value != prepared(value)
        return value is not None and ORDERINGS[operator](value, prepared(value))

    return test
