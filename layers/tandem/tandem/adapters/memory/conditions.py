"""Whether the conditions of a write hold on a row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tandem.adapters.memory.values import is_same, kind, plain
from tandem.engine.ports import When

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_ORDERED_KINDS = ("S", "N")


def check(conditions: Sequence[When]) -> None:
    """Raise what DynamoDB refuses before it looks: a value no row can hold, an order of what has none."""
    for when in conditions:
        if when.op in ("exists", "absent") or when.other is not None:
            continue
        if kind(plain(when.value)) not in _ORDERED_KINDS and when.op in _ORDER:
            raise ValueError(f"{when.attr} {when.op}: a {type(when.value).__name__} has no order")


def hold(conditions: Sequence[When], row: Mapping[str, Any] | None) -> bool:
    """True if all conditions hold on the row (None: there is no row)."""
    return all(_holds(when, row or {}) for when in conditions)


def _holds(when: When, row: Mapping[str, Any]) -> bool:
    if when.attr not in row:
        return when.or_absent or when.op == "absent"
    if when.op in ("exists", "absent"):
        return when.op == "exists"
    if when.other is not None and when.other not in row:
        return False
    wanted = plain(when.value) if when.other is None else row[when.other]
    return _compares(when.op, row[when.attr], wanted)


def _compares(op: str, left: Any, right: Any) -> bool:
    if op in ("eq", "ne"):
        return is_same(left, right) is (op == "eq")
    ordered = kind(left) == kind(right) and kind(left) in _ORDERED_KINDS
    return ordered and _ORDER[op](left, right)
