"""Custom fields of a contact as JSON: an array, a hash, and keys at the top level (Books dossier 5)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sandbox.books.metadata import BooksField, BooksSetup
from sandbox.books.store import Contact
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
        "search_entity": "contact",
        "data_type": spec.data_type,
        "placeholder": spec.api_name,
        "is_dependent_field": False,
    }


def custom_list(setup: BooksSetup, contact: Contact, switches: Switches) -> list[Json]:
    """Return custom_fields; fields without a value are left out unless the switch lists them."""
    omitted = switches.empty_custom_fields == "omitted"
    listed = []
    for spec in setup.fields.values():
        value = contact.custom.get(spec.api_name, "")
        if value != "" or not omitted:
            listed.append({**_frame(spec), "value": value, "value_formatted": str(value)})
    return listed


def custom_hash(setup: BooksSetup, contact: Contact) -> Json:
    """Return custom_field_hash, whose keys also stand at the top level."""
    found: Json = {}
    for spec in setup.fields.values():
        value = contact.custom.get(spec.api_name, "")
        if value != "":
            found[spec.api_name] = str(value)
            found[f"{spec.api_name}_unformatted"] = value
    return found
