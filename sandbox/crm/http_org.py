"""CRM org, currencies and users endpoints (CRM dossier 7)."""

from __future__ import annotations

from sandbox.clock import local
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import Json, Reply
from sandbox.users import User


def get_org(call: Call) -> Reply:
    """GET /org."""
    world, org = call.world, call.world.config.org
    return Reply(
        200,
        {
            "org": [
                {
                    "id": world.crm_org_id,
                    "zgid": world.crm_org_id[-9:],
                    "company_name": org.name,
                    "time_zone": org.zone,
                    "currency": org.currency,
                    "iso_code": org.currency,
                    "currency_symbol": org.symbol,
                    "currency_locale": f"en_{org.country}",
                    "country": org.country_name,
                    "country_code": org.country,
                    "mc_status": False,
                    "type": "production",
                    "domain_name": f"org{world.crm_org_id[-9:]}",
                    "primary_email": world.users.all()[0].email,
                    "primary_zuid": world.crm_org_id[-8:],
                    "phone": None,
                    "mobile": None,
                    "fax": None,
                    "website": None,
                    "street": None,
                    "city": None,
                    "state": None,
                    "zip": None,
                    "alias": None,
                    "description": None,
                    "employee_count": None,
                    "photo_id": None,
                    "gapps_enabled": False,
                    "privacy_settings": False,
                    "hipaa_compliance_enabled": False,
                    "ziaPortalId": None,
                    "hierarchy_preferences": {"type": "ROLE_HIERARCHY"},
                    "translation_enabled": False,
                    "lite_users_enabled": False,
                    "max_per_page": 200,
                    "created_time": world.crm.render.time(world.clock.now()),
                    "license_details": {
                        "paid_expiry": None,
                        "users_license_purchased": 5,
                        "trial_type": None,
                        "trial_expiry": None,
                        "paid": True,
                        "paid_type": "professional",
                        "portal_users_license_purchased": 0,
                        "trial_action": None,
                    },
                }
            ]
        },
    )


def _user_body(user: User, call: Call) -> Json:
    world, org = call.world, call.world.config.org
    boss = {"name": world.users.all()[0].name, "id": world.users.all()[0].crm_id}
    offset = local(world.clock.now(), org.zone).utcoffset()
    stamp = world.crm.render.time(world.clock.now())
    nothing = dict.fromkeys(
        (
            "fax",
            "Reporting_To",
            "zip",
            "phone",
            "Current_Shift__s",
            "dob",
            "city",
            "signature",
            "street",
            "alias",
            "Shift_Effective_From__s",
            "status_reason__s",
            "website",
            "mobile",
            "Next_Shift__s",
            "state",
        )
    )
    return {
        **nothing,
        "country": org.country_name,
        "language": "en_US",
        "microsoft": False,
        "id": user.crm_id,
        "country_locale": org.country,
        "sandboxDeveloper": False,
        "decimal_separator": f"en_{org.country}",
        "created_time": stamp,
        "time_format": "hh:mm a",
        "offset": int(offset.total_seconds() * 1000) if offset else 0,
        "profile": {"name": "Administrator", "id": world.users.all()[0].crm_id},
        "created_by": boss,
        "zuid": user.crm_id[-9:],
        "full_name": user.name,
        "territories": [],
        "status": "active",
        "role": {"name": "Manager", "id": world.users.all()[0].crm_id},
        "customize_info": {
            "notes_desc": None,
            "show_right_panel": None,
            "bc_view": None,
            "show_home": False,
            "show_detail_view": True,
            "show_left_panel": True,
            "unpin_recent_item": None,
        },
        "distance_preference__s": "Miles",
        "name_format": "Salutation,First Name,Last Name",
        "locale": "en_US",
        "personal_account": True,
        "Isonline": True,
        "default_tab_group": "0",
        "Modified_By": boss,
        "theme": {
            "normal_tab": {"font_color": "#FFFFFF", "background": "#222222"},
            "selected_tab": {"font_color": "#FFFFFF", "background": "#222222"},
            "new_background": None,
            "background": "#F3F0EB",
            "screen": "fixed",
            "type": "default",
        },
        "first_name": user.first_name,
        "email": user.email,
        "Modified_Time": stamp,
        "last_name": user.last_name,
        "time_zone": org.zone,
        "confirm": True,
        "date_format": "MM/dd/yyyy",
    }


def list_users(call: Call) -> Reply:
    """GET /users: type=CurrentUser is the token's user; all are active, confirmed administrators."""
    users = call.world.users.all()
    if call.query.get("type") == "CurrentUser":
        return Reply(200, {"users": [_user_body(call.actor, call)]})
    if call.query.get("type") in ("DeactiveUsers", "DeletedUsers", "NotConfirmedUsers"):
        return Reply(204)
    info = {"per_page": 200, "count": len(users), "page": 1, "more_records": False}
    return Reply(200, {"users": [_user_body(u, call) for u in users], "info": info})


def get_user(call: Call) -> Reply:
    """GET /users/{id}."""
    user = call.world.users.by_crm_id(call.params["id"])
    return Reply(204) if user is None else Reply(200, {"users": [_user_body(user, call)]})


def list_currencies(call: Call) -> Reply:
    """GET /org/currencies: the home currency."""
    org = call.world.config.org
    return Reply(
        200,
        {
            "currencies": [
                {
                    "symbol": org.symbol,
                    "created_time": None,
                    "is_active": True,
                    "exchange_rate": "1",
                    "format": {
                        "decimal_separator": "Period",
                        "thousand_separator": "Comma",
                        "decimal_places": "2",
                    },
                    "created_by": None,
                    "prefix_symbol": True,
                    "is_base": True,
                    "modified_time": None,
                    "name": org.currency,
                    "modified_by": None,
                    "id": call.world.crm_org_id,
                    "iso_code": org.currency,
                }
            ]
        },
    )


ENDPOINTS = [
    Endpoint("crm", "GET", "/crm/v8/org", get_org, "ZohoCRM.org.READ"),
    Endpoint("crm", "GET", "/crm/v8/org/currencies", list_currencies, "ZohoCRM.settings.currencies.READ"),
    Endpoint("crm", "GET", "/crm/v8/users", list_users, "ZohoCRM.users.READ"),
    Endpoint("crm", "GET", "/crm/v8/users/{id}", get_user, "ZohoCRM.users.READ"),
]
