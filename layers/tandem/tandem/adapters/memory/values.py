"""What a row may hold, brought to the one form in which DynamoDB gives it back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

_NUMBERS = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
"""DynamoDB's numbers: 38 digits; a number that would lose one is refused."""

_SHORT = 10**38
"""An int nearer to zero is kept as it is."""


def plain(value: Any) -> Any:
    """A copy of `value` as it would be read back: whole numbers as int, others as Decimal, tuples as lists.

    Raises TypeError for what a row cannot hold (float, set, bytes, ...), ArithmeticError for a number
    of more than 38 digits.
    """
    # What rows hold most is known by its very type, which is many times faster than a pattern.
    exact = type(value)
    if exact is str or value is None or exact is bool:
        return value
    if exact is dict:
        return {_name(key): plain(part) for key, part in value.items()}
    match value:
        case str():
            return str.__str__(value)
        case int() | Decimal():
            return _plain_number(value)
        case list() | tuple():
            return [plain(part) for part in value]
        case Mapping():
            return {_name(key): plain(part) for key, part in value.items()}
    raise TypeError(f"a row cannot hold a {exact.__name__}")


def copied(value: Any) -> Any:
    """A copy of a value that is plain already."""
    exact = type(value)
    if exact is dict:
        return {key: copied(part) for key, part in value.items()}
    return [copied(part) for part in value] if exact is list else value


def _plain_number(value: int | Decimal) -> int | Decimal:
    if type(value) is int and -_SHORT < value < _SHORT:
        return value
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError(f"a row cannot hold {value}")
    return int(number) if number == number.to_integral_value() else number.normalize(_NUMBERS)


def _name(key: Any) -> str:
    if type(key) is str:
        return key
    if not isinstance(key, str):
        raise TypeError(f"a row's attribute is named by a str, not by a {type(key).__name__}")
    return str.__str__(key)


def kind(value: Any) -> str:
    """DynamoDB's type of a plain value: NULL, BOOL, S, N, L or M."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "BOOL"
        case str():
            return "S"
        case int() | Decimal():
            return "N"
        case list():
            return "L"
    return "M"


def is_same(one: Any, other: Any) -> bool:
    """Equality of plain values that never takes a truth value for a number."""
    if kind(one) != kind(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    return bool(one == other)
