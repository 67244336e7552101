"""Books items as JSON: what a list row shows, and what only GET one shows (Books dossier 6, OpenAPI items)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.books.customs import custom_hash, custom_list
from sandbox.books.items import Item
from sandbox.books.store import BooksStore
from sandbox.clock import books_time
from sandbox.replies import Json
from sandbox.switches import Switches

_TEXTS = (
    "description",
    "sku",
    "unit",
    "tax_id",
    "tax_exemption_id",
    "account_id",
    "purchase_account_id",
    "purchase_description",
)
_BLANK = ("account_name", "purchase_account_name", "purchase_tax_rule_id", "sales_tax_rule_id")


class ItemRenderer:
    """Writes items in the org's zone."""

    def __init__(self, store: BooksStore, switches: Callable[[], Switches]) -> None:
        self._store = store
        self._switches = switches
        self.zone = store.org.zone

    def row(self, item: Item) -> Json:
        """Return a list row."""
        values, setup, zone = item.values, self._store.setup, self.zone
        fields = setup.fields_of("item")
        tax = next((t for t in setup.taxes if t[0] == values.get("tax_id")), ("", "", 0))
        hashed = custom_hash(fields, item.custom)
        body: Json = {
            "item_id": item.id,
            "name": item.name,
            "item_name": item.name,
            "status": item.status,
            "source": item.source,
            "is_linked_with_zohocrm": item.linked_with_crm,
            "zcrm_product_id": "",
            **dict.fromkeys(_BLANK, ""),
            **{name: values.get(name, "") for name in _TEXTS},
            "rate": values["rate"],
            "purchase_rate": values.get("purchase_rate") or 0,
            "tax_name": tax[1],
            "tax_percentage": tax[2],
            "tax_type": "tax" if tax[0] else "",
            "is_taxable": values.get("is_taxable", True),
            "item_type": values["item_type"],
            "product_type": values["product_type"],
            "has_attachment": False,
            "created_time": books_time(item.created_time, zone),
            "last_modified_time": books_time(item.modified_time, zone),
            "custom_fields": custom_list(fields, item.custom, self._switches()),
            "custom_field_hash": hashed,
            **hashed,
        }
        return body | (
            {"hsn_or_sac": values.get("hsn_or_sac", "")} if self._store.org.country == "IN" else {}
        )

    def full(self, item: Item) -> Json:
        """Return what GET one, a write, itemdetails and a webhook show."""
        values = item.values
        vendor = self._store.contacts.get(values.get("vendor_id", ""))
        body = self.row(item) | {
            "vendor_id": vendor.id if vendor else "",
            "vendor_name": vendor.name if vendor else "",
            "inventory_account_id": values.get("inventory_account_id", ""),
            "reorder_level": values.get("reorder_level", ""),
            "purchase_tax_exemption_id": values.get("purchase_tax_exemption_id", ""),
            "documents": [],
        }
        if self._store.org.country == "IN":
            body["item_tax_preferences"] = values.get("item_tax_preferences", [])
        return body
