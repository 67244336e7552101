"""What Books takes in an item's body, and how it refuses (Books dossier 6, OpenAPI items)."""

from __future__ import annotations

from typing import Any

from sandbox.books.store import BooksStore
from sandbox.books.values import invalid, too_long
from sandbox.replies import BooksError, Json
from sandbox.switches import Switches, text_form

LENGTHS = {
    "name": 100,
    "description": 2_000,
    "sku": 100,
    "unit": 100,
    "hsn_or_sac": 50,
    "purchase_description": 2_000,
    "tax_id": 50,
    "tax_exemption_id": 50,
    "purchase_tax_exemption_id": 50,
    "account_id": 50,
    "purchase_account_id": 50,
    "inventory_account_id": 50,
    "vendor_id": 50,
    "avatax_tax_code": 50,
    "avatax_use_code": 50,
    "product_type": 50,
    "item_type": 50,
}
NUMBERS = ("rate", "purchase_rate", "reorder_level")
CHOICES = {
    "product_type": ("goods", "service", "digital_service"),
    "item_type": ("sales", "purchases", "sales_and_purchases", "inventory"),
}
CHECKED_TOGETHER = {
    "tax_id",
    "vendor_id",
    "is_taxable",
    "tax_exemption_id",
    "item_type",
    "purchase_account_id",
    "inventory_account_id",
}
"""Keys that only hold together with others."""
_HSN_COUNTRIES = ("IN",)
_EXEMPTION_COUNTRIES = ("IN", "US")


def item_values(body: Json, store: BooksStore, switches: Switches) -> dict[str, Any]:
    """Return the accepted fields; unknown keys, totals and those of other editions are ignored in silence."""
    values: dict[str, Any] = {n: _text(n, body[n], switches) for n in LENGTHS if n in body}
    values |= {name: _number(name, body[name]) for name in NUMBERS if name in body}
    if "is_taxable" in body:
        if not isinstance(body["is_taxable"], bool):
            raise invalid("is_taxable")
        values["is_taxable"] = body["is_taxable"]
    if store.org.country not in _HSN_COUNTRIES:
        values.pop("hsn_or_sac", None)
    if "item_tax_preferences" in body and store.org.country == "IN":
        values["item_tax_preferences"] = _preferences(body["item_tax_preferences"], store)
    return values


def check_item(values: dict[str, Any], store: BooksStore) -> None:
    """Refuse references to nothing, and a purchase or an exemption without what it wants (OpenAPI items)."""
    if values.get("tax_id") and values["tax_id"] not in _tax_ids(store):
        raise invalid("tax_id")
    vendor = store.contacts.get(values.get("vendor_id", ""))
    if values.get("vendor_id") and (vendor is None or vendor.values["contact_type"] != "vendor"):
        raise invalid("vendor_id")
    exempt = not values.get("is_taxable", True) and store.org.country in _EXEMPTION_COUNTRIES
    if exempt and not values.get("tax_exemption_id"):
        raise BooksError(4, "Invalid value passed for tax_exemption_id")
    kind = values.get("item_type", "sales")
    if kind != "sales" and not values.get("purchase_account_id"):
        raise invalid("purchase_account_id")
    if kind == "inventory" and not values.get("inventory_account_id"):
        raise invalid("inventory_account_id")


def _tax_ids(store: BooksStore) -> set[str]:
    return {tax_id for tax_id, _, _ in store.setup.taxes}


def _text(name: str, value: Any, switches: Switches) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise invalid(name)
    text = text_form(str(value).strip(), switches.books_text_form)
    if len(text) > LENGTHS[name]:
        raise too_long(name, LENGTHS[name])
    if text and name in CHOICES and text not in CHOICES[name]:
        raise invalid(name)
    return text


def _number(name: str, value: Any) -> float | str:
    if value == "" and name != "rate":
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise invalid(name)
    try:
        number = float(value)
    except ValueError as error:
        raise invalid(name) from error
    if number != number or abs(number) >= 1e13 or (name == "rate" and number < 0):  # noqa: PLR0124 - not a number
        raise invalid(name)
    return number


def _preferences(body: Any, store: BooksStore) -> list[Json]:
    if not isinstance(body, list) or not all(isinstance(p, dict) for p in body):
        raise invalid("item_tax_preferences")
    known, kinds = _tax_ids(store), ("intra", "inter")
    for preference in body:
        if str(preference.get("tax_id")) not in known or preference.get("tax_specification") not in kinds:
            raise invalid("item_tax_preferences")
    return [{"tax_id": str(p["tax_id"]), "tax_specification": p["tax_specification"]} for p in body]
