"""What CRM takes as a field's value, and how it refuses one (CRM dossier 2 error items, 10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from sandbox.clock import parse_whole_seconds
from sandbox.crm.metadata import CrmField
from sandbox.replies import CrmError, Json
from sandbox.shapes import is_whole
from sandbox.switches import Switches, text_form

_PHONE = re.compile(r"^[0-9+().\-\s/#*;,xXet]*$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_FOUR_BYTES = re.compile("[\U00010000-\U0010ffff]")
_TEXTS = ("text", "textarea", "email", "phone", "website", "bigint")
_NUMBERS = ("double", "currency", "percent")

Exists = Callable[[str, str], bool]


def _path(index: int | None, name: str) -> str:
    return f"$.data[{index or 0}].{name}"


def mandatory_missing(meta: CrmField, index: int | None) -> CrmError:
    """Return the refusal for a field that must have a value."""
    details = {"api_name": meta.api_name, "json_path": _path(index, meta.api_name)}
    return CrmError("MANDATORY_NOT_FOUND", "required field not found", details)


def invalid(meta: CrmField, index: int | None, message: str = "invalid data", **more: Any) -> CrmError:
    """Return INVALID_DATA for a field with what was expected."""
    details: Json = {**more, "api_name": meta.api_name, "json_path": _path(index, meta.api_name)}
    return CrmError("INVALID_DATA", message, details)


def accept(meta: CrmField, value: Any, index: int | None, switches: Switches, exists: Exists) -> Any:
    """Return the value as it is stored; raises CrmError when CRM would refuse it."""
    if value is None or (value == "" and (meta.data_type not in _TEXTS or switches.empty_string_clears)):
        if meta.mandatory:
            raise mandatory_missing(meta, index)
        return False if meta.data_type == "boolean" else None
    if meta.data_type in _TEXTS:
        return text_form(_odd(meta, _text(meta, value, index), index, switches), switches.crm_text_form)
    if meta.data_type == "picklist":
        return _pick(meta, value, index, switches)
    if meta.data_type == "multiselectpicklist":
        return _picks(meta, value, index, switches)
    if meta.data_type == "boolean":
        return _typed(meta, value, index, bool)
    if meta.data_type == "integer":
        return _typed(meta, value, index, int)
    if meta.data_type in _NUMBERS:
        return _number(meta, value, index)
    if meta.data_type in ("date", "datetime"):
        return _moment(meta, value, index)
    if meta.data_type in ("lookup", "ownerlookup", "userlookup"):
        return _reference(meta, value, index, exists)
    return value


def _text(meta: CrmField, value: Any, index: int | None) -> str:
    if meta.data_type == "bigint" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise invalid(meta, index, expected_data_type=meta.data_type)
    if len(value) > meta.length:
        raise invalid(meta, index, maximum_length=meta.length)
    if meta.data_type == "phone" and not _PHONE.match(value):
        raise invalid(meta, index, expected_data_type="phone")
    if meta.data_type == "email" and not _EMAIL.match(value):
        raise invalid(meta, index, expected_data_type="email")
    if meta.data_type == "bigint" and not is_whole(value):
        raise invalid(meta, index, expected_data_type="bigint")
    return value


def _odd(meta: CrmField, text: str, index: int | None, switches: Switches) -> str:
    """NUL and characters of four bytes, as the switches have it."""
    for answer, is_there in (
        (switches.crm_nul, "\0" in text),
        (switches.crm_emoji, _FOUR_BYTES.search(text)),
    ):
        if is_there and answer == "refused":
            raise invalid(meta, index)
    if switches.crm_nul == "dropped":
        text = text.replace("\0", "")
    return _FOUR_BYTES.sub("?", text) if switches.crm_emoji == "replaced" else text


def _pick(meta: CrmField, value: Any, index: int | None, switches: Switches) -> str | None:
    if not isinstance(value, str):
        raise invalid(meta, index, expected_data_type="picklist")
    if value == "-None-":
        return None
    if value not in meta.picklist and switches.unknown_picklist_value == "refuse":
        raise invalid(meta, index, supported_values=list(meta.picklist))
    return value


def _picks(meta: CrmField, value: Any, index: int | None, switches: Switches) -> list[str | None]:
    if not isinstance(value, list):
        raise invalid(meta, index, expected_data_type="jsonarray")
    return [_pick(meta, item, index, switches) for item in value]


def _typed(meta: CrmField, value: Any, index: int | None, kind: type) -> Any:
    if kind is int and isinstance(value, bool):
        raise invalid(meta, index, expected_data_type="integer")
    if not isinstance(value, kind):
        raise invalid(meta, index, expected_data_type=meta.data_type)
    return value


def _number(meta: CrmField, value: Any, index: int | None) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(meta, index, expected_data_type="double")
    return value


def _moment(meta: CrmField, value: Any, index: int | None) -> str:
    try:
        if meta.data_type == "date":
            return date.fromisoformat(value).isoformat()
        parse_whole_seconds(value)
    except (TypeError, ValueError) as error:
        raise invalid(meta, index, expected_data_type=meta.data_type) from error
    return str(value)


def _reference(meta: CrmField, value: Any, index: int | None, exists: Exists) -> str:
    if not isinstance(value, dict):
        raise invalid(meta, index, expected_data_type="jsonobject")
    target = value.get("id")
    if not isinstance(target, str | int) or not exists(meta.lookup or "users", str(target)):
        raise invalid(meta, index, "the id given seems to be invalid")
    return str(target)
