"""CRM settings endpoints: fields, modules, layouts (CRM dossier 7)."""

from __future__ import annotations

from sandbox.crm.metadata import CrmModule, field_body
from sandbox.crm.params import chosen
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import CrmError, Json, Reply


def _wanted_module(call: Call) -> CrmModule:
    name = call.query.get("module")
    if not name:
        raise CrmError(
            "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "module"}
        )
    found = call.world.crm.store.modules.get(name)
    if found is None or found.hidden:
        raise CrmError("INVALID_MODULE", "the module name given seems to be invalid")
    return found


def list_fields(call: Call) -> Reply:
    """GET /settings/fields?module=; no field is unused."""
    module = _wanted_module(call)
    call.module = module.api_name
    if chosen(call, "type", ("all", "used", "unused")) == "unused":
        return Reply(204)
    modules = call.world.crm.store.modules
    return Reply(200, {"fields": [field_body(f, modules) for f in module.fields.values()]})


def get_field(call: Call) -> Reply:
    """GET /settings/fields/{id}?module=."""
    module = _wanted_module(call)
    for spec in module.fields.values():
        if spec.id == call.params["id"]:
            return Reply(200, {"fields": [field_body(spec, call.world.crm.store.modules)]})
    return Reply(204)


def _module_body(module: CrmModule, call: Call) -> Json:
    admin = call.world.users.all()[0]
    return {
        "has_more_profiles": False,
        "global_search_supported": True,
        "deletable": True,
        "description": None,
        "creatable": True,
        "inventory_template_supported": False,
        "modified_time": None,
        "plural_label": module.plural,
        "presence_sub_menu": True,
        "actual_plural_label": module.plural,
        "triggers_supported": True,
        "id": module.id,
        "isBlueprintSupported": True,
        "visibility": 1,
        "visible": not module.hidden,
        "convertable": True,
        "editable": True,
        "emailTemplate_support": True,
        "profiles": [{"name": "Administrator", "id": admin.crm_id}],
        "filter_supported": True,
        "show_as_tab": True,
        "web_link": None,
        "sequence_number": 1,
        "singular_label": module.singular,
        "actual_singular_label": module.singular,
        "viewable": True,
        "api_supported": not module.hidden,
        "api_name": module.api_name,
        "quick_create": True,
        "modified_by": None,
        "generated_type": "default",
        "feeds_required": False,
        "public_fields_configured": False,
        "arguments": [],
        "business_card_field_limit": 5,
        "module_name": module.api_name,
        "profile_count": 1,
        "scoring_supported": True,
        "webform_supported": True,
        "status": "user_hidden" if module.hidden else "visible",
        "recycle_bin_on_delete": True,
        "access_type": "org_based",
        "parent_module": {},
    }


def list_modules(call: Call) -> Reply:
    """GET /settings/modules."""
    return Reply(200, {"modules": [_module_body(m, call) for m in call.world.crm.store.modules.values()]})


def get_module(call: Call) -> Reply:
    """GET /settings/modules/{module}."""
    return Reply(200, {"modules": [_module_body(call.world.crm.store.module(call.params["module"]), call)]})


def list_layouts(call: Call) -> Reply:
    """GET /settings/layouts?module=: one standard layout with every field."""
    module = _wanted_module(call)
    modules = call.world.crm.store.modules
    fields = [
        {**field_body(f, modules), "required": f.mandatory, "sequence_number": n}
        for n, f in enumerate(module.fields.values(), start=1)
    ]
    layout = {
        "id": module.layout_id,
        "name": module.layout_name,
        "display_label": module.layout_name,
        "status": "active",
        "visible": True,
        "source": "default",
        "has_more_profiles": False,
        "created_time": None,
        "modified_time": None,
        "created_by": None,
        "modified_by": None,
        "show_business_card": True,
        "display_type": 0,
        "generated_type": "default",
        "api_name": "Standard",
        "actions_allowed": {},
        "profiles": [{"default": True, "name": "Administrator", "id": module.layout_id}],
        "sections": [
            {
                "display_label": f"{module.singular} Information",
                "name": f"{module.singular} Information",
                "api_name": f"{module.singular}_Information",
                "sequence_number": 1,
                "column_count": 2,
                "tab_traversal": 2,
                "isSubformSection": False,
                "type": "used",
                "generated_type": "default",
                "layout_id": module.layout_id,
                "properties": None,
                "fields": fields,
            }
        ],
    }
    return Reply(200, {"layouts": [layout]})


ENDPOINTS = [
    Endpoint("crm", "GET", "/crm/v8/settings/fields", list_fields, "ZohoCRM.settings.fields.READ"),
    Endpoint("crm", "GET", "/crm/v8/settings/fields/{id}", get_field, "ZohoCRM.settings.fields.READ"),
    Endpoint("crm", "GET", "/crm/v8/settings/modules", list_modules, "ZohoCRM.settings.modules.READ"),
    Endpoint("crm", "GET", "/crm/v8/settings/modules/{module}", get_module, "ZohoCRM.settings.modules.READ"),
    Endpoint("crm", "GET", "/crm/v8/settings/layouts", list_layouts, "ZohoCRM.settings.layouts.READ"),
]
