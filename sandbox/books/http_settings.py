"""Books organizations and settings endpoints (Books dossier 1, 5, 6, 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.books.http_contacts import done
from sandbox.books.metadata import BooksField, BooksSetup, Currency
from sandbox.books.query import page_of
from sandbox.clock import local
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import BooksError, Json, Reply
from sandbox.world import World


def paged(
    call: Call, rows: list[Any], key: str, report: str, show: Callable[[Any], Json], **context: str
) -> Reply:
    """Return one page of rows with its page_context."""
    number, size = page_of(call.query)
    shown: dict[str, Any] = {key: [show(r) for r in rows[(number - 1) * size : number * size]]}
    return done(
        "success",
        **shown,
        page_context={
            "page": number,
            "per_page": size,
            "has_more_page": len(rows) > number * size,
            "report_name": report,
            **context,
        },
    )


def organization_body(world: World) -> Json:
    """Return the org."""
    org, setup = world.config.org, world.books.store.setup
    return {
        "organization_id": world.books_org_id,
        "name": org.name,
        "contact_name": world.users.all()[0].name,
        "email": world.users.all()[0].email,
        "is_default_org": world is world.server.worlds[0],
        "language_code": "en",
        "fiscal_year_start_month": "4" if org.country == "IN" else "1",
        "account_created_date": "2026-01-05",
        "time_zone": org.zone,
        "is_dst_active": bool(local(world.clock.now(), org.zone).dst()),
        "date_format": "dd/MM/yyyy",
        "field_separator": "/",
        "industry_type": "Trading",
        "industry_size": "10-50",
        "company_id_label": "",
        "company_id_value": "",
        "tax_id_label": "",
        "tax_id_value": "",
        "currency_id": setup.base_currency.currency_id,
        "currency_code": org.currency,
        "currency_symbol": org.symbol,
        "currency_format": "###,##0.00",
        "price_precision": 2,
        "plan_type": 3,
        "plan_name": world.config.books_plan,
        "plan_period": "Month",
        "country_code": org.country,
        "country_name": org.country_name,
        "portal_name": "sandbox",
        "org_settings": {"is_org_active": True},
    }


def list_organizations(call: Call) -> Reply:
    """GET /organizations: the one call that needs no organization_id."""
    bound = call.token.grant.books_orgs if call.token else None
    seen = [w for w in call.world.server.worlds if bound is None or w.books_org_id in bound]
    return done("success", organizations=[organization_body(w) for w in seen])


def get_organization(call: Call) -> Reply:
    """GET /organizations/{id}."""
    if call.params["id"] != call.world.books_org_id:
        raise BooksError(1002, "Organization does not exist.", 404)
    return done("success", organization=organization_body(call.world))


def _currency_body(setup: BooksSetup, currency: Currency) -> Json:
    return {
        "currency_id": currency.currency_id,
        "currency_code": currency.code,
        "currency_name": currency.name,
        "currency_name_formatted": f"{currency.code}- {currency.name}",
        "currency_symbol": currency.symbol,
        "price_precision": 2,
        "currency_format": "1,234,567.89",
        "is_base_currency": currency == setup.base_currency,
        "exchange_rate": 1 if currency == setup.base_currency else 0,
        "effective_date": "",
        "auto_exchange_rate_enabled": True,
    }


def list_currencies(call: Call) -> Reply:
    """GET /settings/currencies."""
    setup = call.world.books.store.setup
    return paged(call, setup.currencies, "currencies", "Currencies", lambda c: _currency_body(setup, c))


def get_currency(call: Call) -> Reply:
    """GET /settings/currencies/{id}."""
    setup = call.world.books.store.setup
    found = setup.currency(call.params["id"])
    if found is None:
        raise BooksError(1002, "Currency does not exist.", 404)
    return done("success", currency=_currency_body(setup, found))


def _tax_body(tax: tuple[str, str, int]) -> Json:
    return {
        "tax_id": tax[0],
        "tax_name": tax[1],
        "tax_percentage": tax[2],
        "tax_type": "tax",
        "tax_specific_type": "",
        "is_value_added": False,
        "is_default_tax": False,
        "is_editable": True,
        "status": "Active",
    }


def list_taxes(call: Call) -> Reply:
    """GET /settings/taxes."""
    today = local(call.world.clock.now(), call.world.config.org.zone).date().isoformat()
    return paged(
        call,
        call.world.books.store.setup.taxes,
        "taxes",
        "Taxes",
        _tax_body,
        applied_filter="Taxes.Active",
        as_of_date=today,
        to_date=today,
        sort_column="tax_name",
        sort_order="A",
    )


def get_tax(call: Call) -> Reply:
    """GET /settings/taxes/{id}: documented as a list of one (OpenAPI taxes)."""
    found = next((t for t in call.world.books.store.setup.taxes if t[0] == call.params["id"]), None)
    if found is None:
        raise BooksError(1002, "Tax does not exist.", 404)
    return done("success", tax=[_tax_body(found)])


def _field_body(spec: BooksField, mark: str) -> Json:
    return {
        "field_id": spec.customfield_id,
        "customfield_id": spec.customfield_id,
        "api_name": spec.api_name,
        "field_name": spec.api_name,
        "field_name_formatted": spec.label,
        "label": spec.label,
        "data_type": spec.data_type,
        "index": spec.index,
        "entity": spec.entity,
        "is_custom_field": True,
        "is_active": True,
        "is_mandatory": spec.mandatory,
        mark: spec.unique,
        "max_length": spec.length,
        "values": [{"name": o, "is_active": True, "order": n} for n, o in enumerate(spec.options, start=1)],
    }


def list_fields(call: Call) -> Reply:
    """GET /settings/fields?entity=contact."""
    entity = call.query.get("entity", "")
    if not entity:
        raise BooksError(4, "Invalid value passed for entity")
    specs = call.world.books.store.setup.fields_of(entity).values()
    mark = call.world.switches.unique_field_marked
    return done("success", fields=[_field_body(s, mark) for s in specs])


def list_custom_fields(call: Call) -> Reply:
    """GET /settings/customfields?entity=contact: the older form."""
    entity = call.query.get("entity", "contact")
    specs = call.world.books.store.setup.fields_of(entity).values()
    mark = call.world.switches.unique_field_marked
    return done("success", customfields={entity: [_field_body(s, mark) for s in specs]})


def list_users(call: Call) -> Reply:
    """GET /users."""
    return paged(
        call,
        call.world.users.all(),
        "users",
        "Users",
        lambda u: {
            "user_id": u.books_id,
            "role_id": "",
            "name": u.name,
            "email": u.email,
            "user_role": "admin",
            "status": "active",
            "is_current_user": u == call.actor,
            "photo_url": "",
        },
    )


def rows_of(table: list[tuple[str, str, Callable[[Call], Reply], str]]) -> list[Endpoint]:
    """Return the endpoints of a table of method, path, handler and scope."""
    return [
        Endpoint("books", method, f"/books/v3{path}", handler, f"ZohoBooks.{scope}")
        for method, path, handler, scope in table
    ]


ENDPOINTS = rows_of(
    [
        ("GET", "/organizations", list_organizations, "settings.READ"),
        ("GET", "/organizations/{id}", get_organization, "settings.READ"),
        ("GET", "/settings/currencies", list_currencies, "settings.READ"),
        ("GET", "/settings/currencies/{id}", get_currency, "settings.READ"),
        ("GET", "/settings/taxes", list_taxes, "settings.READ"),
        ("GET", "/settings/taxes/{id}", get_tax, "settings.READ"),
        ("GET", "/settings/fields", list_fields, "settings.READ"),
        ("GET", "/settings/customfields", list_custom_fields, "settings.READ"),
        ("GET", "/users", list_users, "settings.READ"),
    ]
)
