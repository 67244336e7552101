"""Books item endpoints (Books dossier 4, 6, OpenAPI items)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.books.http_contacts import done, upsert_scope
from sandbox.books.http_settings import paged, rows_of
from sandbox.books.item_query import listed
from sandbox.books.items import Item
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import BooksError, Reply

_DOCUMENTED = (
    "item_id", "name", "status", "description", "rate", "unit", "tax_id", "tax_name", "tax_percentage", "tax_type",
    "sku", "product_type", "custom_fields",
)  # fmt: skip
"""What the documentation of itemdetails names."""


def _answer(call: Call, message: str, item: Item, status: int = 200) -> Reply:
    call.record_ids = [item.id]
    return done(message, status, item=call.world.books.item_render.full(item))


def list_items(call: Call) -> Reply:
    """GET /items: no filter by time; without filter_by the documented default is the active ones."""
    books = call.world.books
    names = {tax_id: name for tax_id, name, _ in books.store.setup.taxes}
    rows, context = listed(books.items.lagging.shown().values(), call.query, call.world.switches, names)
    reply = paged(call, rows, "items", "Items", lambda item: item, **context)
    reply.body["items"] = call.world.item_rows.written(reply.body["items"])
    return reply


def item_details(call: Call) -> Reply:
    """GET /itemdetails?item_ids=: every asked item that is there, whatever its status."""
    books, switches = call.world.books, call.world.switches
    ids = dict.fromkeys(call.query.get("item_ids", "").split(","))
    if switches.item_details_missing == "refused":
        for item_id in ids:
            books.items.get(item_id)
    call.record_ids = [item_id for item_id in ids if item_id in books.items.by_id]
    shown = [books.item_render.full(books.items.by_id[item_id]) for item_id in call.record_ids]
    if switches.item_details_shows == "documented":
        shown = [{name: row[name] for name in _DOCUMENTED if name in row} for row in shown]
    return done("success", items=shown)


def get_item(call: Call) -> Reply:
    """GET /items/{id}."""
    return _answer(call, "success", call.world.books.items.get(call.params["id"]))


def create_item(call: Call) -> Reply:
    """POST /items."""
    item = call.world.books.create_item(call.json_object())
    return _answer(call, "The item has been added.", item, 201)


def update_item(call: Call) -> Reply:
    """PUT /items/{id}: only the sent keys change."""
    item = call.world.books.update_item(call.params["id"], call.json_object())
    return _answer(call, "Item details have been saved.", item)


def upsert_item(call: Call) -> Reply:
    """PUT /items with X-Unique-Identifier headers (Books dossier 4)."""
    key, value = call.header("x-unique-identifier-key"), call.header("x-unique-identifier-value")
    if not key or not value:
        raise BooksError(4, "Invalid value passed for X-Unique-Identifier-Key")
    create = (call.header("x-upsert") or "").lower() == "true"
    item, created = call.world.books.upsert_item(key, value, create, call.json_object())
    if created:
        return _answer(call, "The item has been added.", item, call.world.switches.upsert_create_status)
    return _answer(call, "Item details have been saved.", item)


def update_custom_fields(call: Call) -> Reply:
    """PUT /item/{id}/customfields: the body is a list of {customfield_id, value}."""
    if call.malformed or not isinstance(call.body, list):
        raise BooksError(1038, "JSON is not well formed")
    call.world.books.update_item_customs(call.params["id"], call.body)
    return done("Custom Fields Updated Successfully")


def delete_item(call: Call) -> Reply:
    """DELETE /items/{id}: refused while a transaction names it."""
    call.world.books.delete_item(call.params["id"])
    return done("The item has been deleted.")


def item_status(status: str) -> Callable[[Call], Reply]:
    """Return the handler of POST /items/{id}/active or inactive."""

    def mark(call: Call) -> Reply:
        call.world.books.set_item_status(call.params["id"], status)
        return done(f"The item has been marked as {status}.")

    return mark


ENDPOINTS = [
    Endpoint("books", "PUT", "/books/v3/items", upsert_item, upsert_scope("ZohoBooks.settings")),
    *rows_of(
        [
            ("GET", "/items", list_items, "settings.READ"),
            ("POST", "/items", create_item, "settings.CREATE"),
            ("GET", "/itemdetails", item_details, "settings.READ"),
            ("PUT", "/item/{id}/customfields", update_custom_fields, "settings.UPDATE"),
            ("GET", "/items/{id}", get_item, "settings.READ"),
            ("PUT", "/items/{id}", update_item, "settings.UPDATE"),
            ("DELETE", "/items/{id}", delete_item, "settings.DELETE"),
            ("POST", "/items/{id}/active", item_status("active"), "settings.CREATE"),
            ("POST", "/items/{id}/inactive", item_status("inactive"), "settings.CREATE"),
        ]
    ),
]
