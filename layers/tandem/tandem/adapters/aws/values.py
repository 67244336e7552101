"""Values of a row to and from DynamoDB's wire form."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

from tandem.engine.ports import Item

_NUMBERS = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
"""DynamoDB's numbers: 38 digits; a number that would lose one is refused."""


def encode(value: Any) -> dict[str, Any]:
    """One value, tagged with its type; there are no sets, so that an empty one cannot occur.

    Raises TypeError for what a row cannot hold (float, set, bytes, ...), ArithmeticError for a number
    of more than 38 digits.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str.__str__(value)}
        case int() | Decimal():
            return {"N": _encode_number(value)}
        case list() | tuple():
            return {"L": [encode(part) for part in value]}
        case Mapping():
            return {"M": encode_item(value)}
    raise TypeError(f"a row cannot hold a {type(value).__name__}")


def encode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """A row or a nested mapping; its names must be texts."""
    return {_name(name): encode(value) for name, value in item.items()}


def decode(wire: Mapping[str, Any]) -> Any:
    """One value as Tandem knows it: whole numbers as int, others as Decimal."""
    ((tag, value),) = wire.items()
    match tag:
        case "NULL":
            return None
        case "N":
            return _decode_number(value)
        case "L":
            return [decode(part) for part in value]
        case "M":
            return decode_item(value)
    return value


def decode_item(wire: Mapping[str, Any]) -> Item:
    """A row as Tandem knows it."""
    return {name: decode(value) for name, value in wire.items()}


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a row's attribute is named by a str, not by a {type(name).__name__}")
    return str.__str__(name)


def _encode_number(value: int | Decimal) -> str:
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError(f"a row cannot hold {value}")
    return f"{number.normalize(_NUMBERS):f}"


def _decode_number(text: str) -> int | Decimal:
    number = _NUMBERS.create_decimal(text)
    return int(number) if number == number.to_integral_value() else number.normalize(_NUMBERS)
