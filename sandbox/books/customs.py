"""Custom fields of a record as JSON: an array, a hash, and keys at the top level (Books dossier 5)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sandbox.books.metadata import BooksField
from sandbox.replies import Json
from sandbox.switches import Switches


@lru_cache(maxsize=1024)
def _frame(spec: BooksField) -> dict[str, Any]:
    return {
        "field_id": spec.customfield_id,
        "customfield_id": spec.customfield_id,
        "show_in_store": False,
        "show_in_portal": False,
        "is_active": True,
        "index": spec.index,
        "label": spec.label,
        "show_on_pdf": False,
        "edit_on_portal": False,
        "edit_on_store": False,
        "api_name": spec.api_name,
        "show_in_all_pdf": False,
        "search_entity": spec.entity,
        "data_type": spec.data_type,
        "placeholder": spec.api_name,
        "is_dependent_field": False,
    }


Fields = Mapping[str, BooksField]
Held = Mapping[str, Any]


def custom_list(fields: Fields, held: Held, switches: Switches) -> list[Json]:
    """Return custom_fields; fields without a value are left out unless the switch lists them."""
    omitted = switches.empty_custom_fields == "omitted"
    listed = []
    for spec in fields.values():
        value = held.get(spec.api_name, "")
        if value != "" or not omitted:
            text = _text(value)
            shown = text if switches.multiselect_value == "text" and isinstance(value, list) else value
            listed.append({**_frame(spec), "value": shown, "value_formatted": text})
    return listed


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def custom_hash(fields: Fields, held: Held) -> Json:
    """Return custom_field_hash, whose keys also stand at the top level."""
    found: Json = {}
    for spec in fields.values():
        value = held.get(spec.api_name, "")
        if value != "":
            found[spec.api_name] = _text(value)
            found[f"{spec.api_name}_unformatted"] = value
    return found
