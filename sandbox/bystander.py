"""What another user does while a call is under way: edits its record, or moves the rows of a list."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from sandbox.books.contact import Contact
from sandbox.books.items import Item
from sandbox.control import edits
from sandbox.crm.records import CrmRecord
from sandbox.faults import Fault, Target
from sandbox.replies import Json, SandboxError
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.pipeline import Call

_LISTS = ("/crm/v8/{module}", "/books/v3/contacts", "/books/v3/items", "/books/v3/invoices")
_FREE_TEXT = {"contacts": "notes", "items": "description"}
_NAMES = {
    "Accounts": "Account_Name",
    "Contacts": "Last_Name",
    "Vendors": "Vendor_Name",
    "Products": "Product_Name",
}


def stir(call: Call, writes: bool, target: Target) -> Callable[[], None]:
    """Do what a planted fault says before the call's handler; return what is to be done after it."""
    world = call.world
    if not world.faults.listed():
        return _nothing
    if writes:
        fault = world.faults.strike("write", target, world.clock.now())
        return _nothing if fault is None else _edit_beside(call, fault)
    if call.endpoint.removeprefix("GET ") in _LISTS and _is_later_page(call):
        fault = world.faults.strike("list", target, world.clock.now())
        if fault is not None:
            call.fault = fault.name
            _shift(call, fault)
    return _nothing


def _nothing() -> None:
    """Nobody else is there."""


def _is_later_page(call: Call) -> bool:
    return "page_token" in call.query or call.query.get("page", "1") not in ("", "0", "1")


def kind_of(call: Call) -> str:
    """Return the module of a CRM call, or what a Books call is about: contacts, items, invoices."""
    if call.product == "crm":
        return call.module or "Accounts"
    return next((k for k in ("items", "invoices") if f"/{k}" in call.endpoint), "contacts")


def edit(world: World, product: str, kind: str, record_id: str, body: Json) -> None:
    """Edit a record as a user; one that is not there, or refuses, is left alone."""
    with suppress(SandboxError):
        if product == "crm":
            edits.crm_edit(world, {"module": kind, "id": record_id}, body)
        elif kind == "items":
            edits.item_edit(world, {"id": record_id}, body)
        else:
            edits.books_edit(world, {"id": record_id}, body)


def _edit_beside(call: Call, fault: Fault) -> Callable[[], None]:
    call.fault, kind = fault.name, kind_of(call)
    field = str(fault.options.get("field") or ("Description" if call.product == "crm" else _FREE_TEXT[kind]))
    body: Json = {field: fault.options.get("value", f"edited beside {fault.id}.{fault.struck}")}
    moment = fault.options.get("moment", "under")
    if moment == "after":
        return lambda: edit(call.world, call.product, kind, _written(call), body)
    record_id = _written(call)
    before = _time(call, kind, record_id)
    edit(call.world, call.product, kind, record_id, body)
    if moment == "before" or before is None:
        return _nothing
    after = _time(call, kind, record_id)
    _set_time(call, kind, record_id, before)

    def settle() -> None:
        if after is not None and _time(call, kind, record_id) == before:
            _set_time(call, kind, record_id, after)

    return settle


def _written(call: Call) -> str:
    items = call.body.get("data") if isinstance(call.body, dict) else None
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    return str(call.params.get("id") or next(iter(call.record_ids), None) or first.get("id") or "")


def _held(call: Call, kind: str, record_id: str) -> CrmRecord | Contact | Item | None:
    if call.product == "crm":
        return call.world.crm.store.get(kind, record_id)
    books = call.world.books
    return books.items.by_id.get(record_id) if kind == "items" else books.store.contacts.get(record_id)


def _time(call: Call, kind: str, record_id: str) -> int | None:
    held = _held(call, kind, record_id)
    return None if held is None else int(held.modified_time)


def _set_time(call: Call, kind: str, record_id: str, moment: int) -> None:
    """A guard that the call brings was judged before the user's edit came in."""
    held = _held(call, kind, record_id)
    if held is not None:
        held.modified_time = moment
        if call.product == "crm":
            call.world.crm.store.data[kind].moves.append(record_id)
        elif kind == "items":
            call.world.books.items.lagging.note(record_id)
        else:
            call.world.books.store.moved(record_id)


def _shift(call: Call, fault: Fault) -> None:
    world, kind = call.world, kind_of(call)
    change, number = fault.options.get("change", "edit"), f"{fault.id}.{fault.struck}"
    ids = ids_of(world, call.product, kind)
    wanted = fault.options.get("record_id") or (fault.rng.choice(ids) if ids else "")
    with suppress(SandboxError):
        if change == "insert":
            _insert(world, call.product, kind, f"Shifted {number}")
        elif change == "delete":
            delete(world, call.product, kind, wanted)
        else:
            text = "Description" if call.product == "crm" else _FREE_TEXT.get(kind, "notes")
            edit(world, call.product, kind, wanted, {text: f"shifted {number}"})


def ids_of(world: World, product: str, kind: str) -> list[str]:
    """Return the ids of the live records of a kind, in the order they were made."""
    if product == "crm":
        return list(world.crm.store.data[kind].live)
    books = world.books
    if kind == "items":
        return list(books.items.by_id)
    return list(books.ledger.invoices if kind == "invoices" else books.store.contacts)


def _insert(world: World, product: str, kind: str, name: str) -> None:
    if product == "crm":
        edits.crm_create(world, {"module": kind}, {_NAMES[kind]: name})
    elif kind == "items":
        edits.item_create(world, {}, {"name": name, "rate": 1})
    else:
        edits.books_create(world, {}, {"contact_name": name})


def delete(world: World, product: str, kind: str, record_id: str) -> None:
    """Delete a record as a user."""
    if product == "crm":
        edits.crm_delete(world, {"module": kind, "id": record_id}, {})
    elif kind == "items":
        edits.item_delete(world, {"id": record_id}, {})
    else:
        edits.books_delete(world, {"id": record_id}, {})
