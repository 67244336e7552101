"""What Books takes in a custom field of each type, and how it refuses (Books dossier 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from datetime import date, datetime
from typing import Any

from sandbox.books.metadata import BooksField
from sandbox.books.values import EMAIL, invalid, too_long
from sandbox.replies import BooksError
from sandbox.switches import Switches

_PHONE = re.compile(r"[0-9+().\-\s/#*;,xXet]*")
_MINUTE = "%Y-%m-%d %H:%M"

Fields = Mapping[str, BooksField]


def custom_values(body: Any, fields: Fields, switches: Switches) -> dict[str, Any]:
    """Return the accepted custom values by api name; unknown fields are ignored in silence."""
    if not isinstance(body, list):
        raise invalid("custom_fields")
    values: dict[str, Any] = {}
    for item in body:
        spec = _custom_field(item, fields, switches.custom_fields_by_api_name)
        if spec is None:
            continue
        value = item.get("value")
        if value is None and switches.null_on_write == "refuse":
            raise invalid(spec.label)
        if spec.data_type == "check_box":
            values[spec.api_name] = value if isinstance(value, bool) else str(value).lower() == "true"
        else:
            values[spec.api_name] = "" if value in (None, "", []) else _accepted(spec, value)
    return values


def check_mandatory(custom: Mapping[str, Any], fields: Fields) -> None:
    """Refuse a record without a value in a custom field that must have one."""
    for spec in fields.values():
        if spec.mandatory and custom.get(spec.api_name, "") == "":
            raise invalid(spec.label)


def check_references(
    custom: Mapping[str, Any], fields: Fields, referable: Mapping[str, Container[str]]
) -> None:
    """Refuse a lookup that names no contact or item of the org."""
    for name, value in custom.items():
        spec = fields[name]
        if spec.data_type == "lookup" and value and value not in referable[spec.lookup]:
            raise BooksError(4, f"Invalid value passed for {spec.label}")


def _custom_field(item: Any, fields: Fields, by_api_name: bool) -> BooksField | None:
    if not isinstance(item, dict):
        raise invalid("custom_fields")
    for spec in fields.values():
        if (
            (by_api_name and item.get("api_name") == spec.api_name)
            or str(item.get("customfield_id")) == spec.customfield_id
            or item.get("label") == spec.label
            or str(item.get("index", "")) == str(spec.index)
        ):
            return spec
    return None


def _accepted(spec: BooksField, value: Any) -> Any:
    """The value as it is kept; raises BooksError."""
    if spec.data_type == "multiselect":
        return _choices(spec, value)
    if (number := _NUMBERS.get(spec.data_type)) is not None:
        try:
            return number(value)
        except (TypeError, ValueError) as error:
            raise invalid(spec.label) from error
    if not isinstance(value, str | int | float):
        raise invalid(spec.label)
    text = str(value).strip()
    if spec.data_type in ("string", "email", "phone", "url", "multiline") and len(text) > spec.length:
        raise too_long(spec.label, spec.length)
    fits = _FITS.get(spec.data_type)
    if text and fits is not None and not fits(spec, text):
        raise invalid(spec.label)
    return text


def _choices(spec: BooksField, value: Any) -> list[str]:
    """Several values of the list; a text with commas between them is taken too."""
    chosen = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(chosen, list) or any(one not in spec.options for one in chosen):
        raise invalid(spec.label)
    return chosen


def _is_day(spec: BooksField, text: str) -> bool:
    del spec
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_minute(spec: BooksField, text: str) -> bool:
    del spec
    try:
        return datetime.strptime(text, _MINUTE).strftime(_MINUTE) == text  # noqa: DTZ007 - in the org's zone
    except ValueError:
        return False


_NUMBERS: dict[str, Callable[[Any], int | float]] = {
    "number": int, "decimal": float, "amount": float, "percent": float,
}  # fmt: skip
_FITS: dict[str, Callable[[BooksField, str], bool]] = {
    "dropdown": lambda spec, text: text in spec.options,
    "email": lambda spec, text: EMAIL.match(text) is not None,
    "phone": lambda spec, text: _PHONE.fullmatch(text) is not None,
    "date": _is_day,
    "date_time": _is_minute,
    "lookup": lambda spec, text: text.isdigit(),
}
