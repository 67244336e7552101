"""Modules and fields of the CRM org (CRM dossier 7 and 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.crm.standard_fields import LATER, MODULES, SYSTEM_FIELDS
from sandbox.ids import IdSource
from sandbox.replies import ControlError, Json

JSON_TYPES = {
    "text": "string",
    "textarea": "string",
    "email": "string",
    "phone": "string",
    "website": "string",
    "picklist": "string",
    "multiselectpicklist": "jsonarray",
    "boolean": "boolean",
    "integer": "integer",
    "bigint": "string",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "date": "string",
    "datetime": "string",
    "lookup": "jsonobject",
    "ownerlookup": "jsonobject",
    "userlookup": "jsonobject",
    "subform": "jsonarray",
}


DEFAULT_LENGTHS = {
    "textarea": 32_000,
    "email": 100,
    "phone": 30,
    "website": 450,
    "picklist": 120,
    "integer": 9,
    "bigint": 18,
    "double": 16,
    "currency": 16,
    "lookup": 120,
    "ownerlookup": 120,
    "userlookup": 120,
}


@dataclass(frozen=True, slots=True)
class CrmField:
    """One field as settings/fields tells it."""

    id: str
    api_name: str
    label: str
    data_type: str
    length: int
    custom: bool = False
    unique: bool = False
    mandatory: bool = False
    read_only: bool = False
    lookup: str | None = None
    picklist: tuple[str, ...] = ()
    """What records carry."""
    labels: tuple[tuple[str, str, str], ...] = ()
    """Of relabelled values: what records carry, the actual and the display value."""
    external: bool = False
    """Its values name records in the header X-EXTERNAL."""

    @property
    def json_type(self) -> str:
        """Return the JSON type of the field's values."""
        return JSON_TYPES.get(self.data_type, "string")

    def relabelled(self, value: str, display: str, carried: str) -> CrmField:
        """Return the field with another display value; the actual value is what it was made with."""
        actual, _ = self.texts(value)
        others = tuple(row for row in self.labels if row[0] != value)
        return replace(self, labels=(*others, (carried, actual, display)))

    def texts(self, value: str) -> tuple[str, str]:
        """Return the actual and the display value of what records carry."""
        found = [row[1:] for row in self.labels if row[0] == value]
        return found[0] if found else (value, value)


@dataclass(slots=True)
class CrmModule:
    """One module with its fields by api name."""

    id: str
    api_name: str
    singular: str
    plural: str
    name_field: str
    duplicate_field: str
    layout_id: str
    fields: dict[str, CrmField] = field(default_factory=dict)
    layout_name: str = "Standard"
    hidden: bool = False


def make_field(ids: IdSource, api_name: str, data_type: str, options: dict[str, Any]) -> CrmField:
    """Build a field with the usual length of its type."""
    label = options.get("label") or api_name.replace("_", " ")
    length = int(options.get("length") or DEFAULT_LENGTHS.get(data_type, 255))
    return CrmField(
        ids.draw(),
        api_name,
        label,
        data_type,
        length,
        bool(options.get("custom")),
        bool(options.get("unique")),
        bool(options.get("mandatory")),
        bool(options.get("read_only")),
        options.get("lookup"),
        tuple(options.get("picklist") or ()),
        external=bool(options.get("external")),
    )


def standard_modules(ids: IdSource) -> dict[str, CrmModule]:
    """Return the modules of a new org."""
    modules = {}
    for api_name, singular, name_field, duplicate_field, rows in MODULES:
        module = CrmModule(ids.draw(), api_name, singular, api_name, name_field, duplicate_field, ids.draw())
        for system_name, data_type in SYSTEM_FIELDS:
            read_only = system_name not in ("Owner", "Tag")
            module.fields[system_name] = make_field(ids, system_name, data_type, {"read_only": read_only})
        for name, data_type, options in rows:
            module.fields[name] = make_field(ids, name, data_type, options)
        modules[api_name] = module
    later = ids.apart("fields")
    for api_name, (name, data_type, options) in LATER:
        modules[api_name].fields[name] = make_field(later, name, data_type, options)
    return modules


def add_custom_field(module: CrmModule, ids: IdSource, spec: Json) -> CrmField:
    """Add a custom field to a module as an administrator would; raises ControlError when it is there."""
    api_name, data_type = spec.get("api_name"), spec.get("data_type", "text")
    if not api_name or api_name in module.fields:
        raise ControlError(f"field {api_name!r} is missing or exists in {module.api_name}")
    if data_type not in JSON_TYPES:
        raise ControlError(f"unknown data_type {data_type!r}; known: {sorted(JSON_TYPES)}")
    made = make_field(ids, api_name, data_type, {**spec, "custom": True})
    module.fields[api_name] = made
    return made


def field_body(meta: CrmField, modules: dict[str, CrmModule]) -> Json:
    """Return a field as GET /settings/fields shows it."""
    writable = not meta.read_only
    target = modules.get(meta.lookup) if meta.lookup else None
    return {
        "associated_module": None,
        "webhook": True,
        "operation_type": {
            "web_update": writable,
            "api_create": writable,
            "web_create": writable,
            "api_update": writable,
        },
        "colour_code_enabled_by_system": False,
        "field_label": meta.label,
        "tooltip": None,
        "display_format_properties": None,
        "type": "used",
        "field_read_only": meta.read_only,
        "customizable_properties": [],
        "display_label": meta.label,
        "read_only": meta.read_only,
        "association_details": None,
        "businesscard_supported": True,
        "multi_module_lookup": {},
        "id": meta.id,
        "created_time": None,
        "filterable": True,
        "visible": True,
        "profiles": [{"permission_type": "read_write", "name": "Administrator", "id": meta.id}],
        "view_type": {"view": True, "edit": writable, "quick_create": False, "create": writable},
        "separator": False,
        "searchable": True,
        "external": {"type": "org", "show": True} if meta.external else None,
        "api_name": meta.api_name,
        "parent_field": None,
        "unique": {"casesensitive": ""} if meta.unique else {},
        "enable_colour_code": False,
        "child_fields": None,
        "pick_list_values": list(_pick_values(meta)),
        "system_mandatory": meta.mandatory,
        "virtual_field": False,
        "json_type": meta.json_type,
        "crypt": None,
        "range": None,
        "created_source": "default",
        "display_type": -1,
        "ui_type": 1,
        "modified_time": None,
        "email_parser": {"fields_update_supported": False, "record_operations_supported": False},
        "currency": {"rounding_option": "normal", "precision": 2} if meta.data_type == "currency" else {},
        "custom_field": meta.custom,
        "lookup": {}
        if target is None
        else {
            "display_label": target.plural,
            "api_name": meta.api_name,
            "id": target.id,
            "query_details": {},
            "module": {"api_name": target.api_name, "id": target.id},
            "revalidate_filter_during_edit": False,
        },
        "address": None,
        "rollup_summary": {},
        "length": meta.length,
        "display_field": False,
        "pick_list_values_sorted_lexically": False,
        "sortable": True,
        "global_picklist": None,
        "display_format": None,
        "history_tracking": None,
        "data_type": meta.data_type,
        "formula": {},
        "decimal_place": 2 if meta.data_type in ("currency", "double") else None,
        "mass_update": writable,
        "multiselectlookup": {},
        "auto_number": {},
    }


def _pick_values(meta: CrmField) -> Iterable[Json]:
    if meta.data_type not in ("picklist", "multiselectpicklist"):
        return
    for number, value in enumerate(("-None-", *meta.picklist), start=1):
        actual, display = meta.texts(value)
        yield {
            "display_value": display,
            "sequence_number": number,
            "reference_value": actual,
            "colour_code": None,
            "actual_value": actual,
            "id": f"{int(meta.id) + number}",
            "type": "used",
        }
