"""Bulk data in and out, without events."""

from __future__ import annotations

from typing import Any

from sandbox.books.contact import CRM_IDS
from sandbox.clock import parse_time
from sandbox.replies import ControlError, Json
from sandbox.users import DEFAULT_USER
from sandbox.world import World

MODULE_ORDER = ("Accounts", "Vendors", "Products", "Contacts")


def load(world: World, body: Json) -> Json:
    """Seed both orgs; return the ids in the order given.

    Rows may carry their own id, times (Created_Time, Modified_Time, created_time, last_modified_time), a
    `user`, and `$ref`, a name by which a lookup `{"$ref": name}` further on finds them.
    """
    refs: dict[str, str] = {}
    crm, books = body.get("crm") or {}, body.get("books") or {}
    unknown = set(crm) - set(MODULE_ORDER) | set(books) - {"contacts", "items", "invoices"}
    if unknown:
        raise ControlError(f"cannot import {sorted(unknown)}")
    answer: Json = {"crm": {}, "books": {}}
    for module in MODULE_ORDER:
        if module in crm:
            answer["crm"][module] = [_crm_row(world, module, row, refs) for row in crm[module]]
    if "contacts" in books:
        made = [_books_row(world, row, refs) for row in books["contacts"]]
        answer["books"]["contacts"] = [contact_id for contact_id, _ in made]
        answer["books"]["contact_persons"] = [persons for _, persons in made]
    ledger, actor = world.books.ledger, world.users.named(DEFAULT_USER)
    if "items" in books:
        answer["books"]["items"] = [_item_row(world, row, refs) for row in books["items"]]
    if "invoices" in books:
        answer["books"]["invoices"] = [
            ledger.create_invoice(_resolved(row, refs), actor).id for row in books["invoices"]
        ]
    return answer


def _resolved(row: Json, refs: dict[str, str]) -> Json:
    bare = ("customer_id", "vendor_id")
    return {k: _ref(v, refs, None if k in bare else "id") for k, v in row.items()}


def _ref(value: Any, refs: dict[str, str], wrap: str | None) -> Any:
    if isinstance(value, dict) and "$ref" in value:
        if value["$ref"] not in refs:
            raise ControlError(f"nothing was imported as $ref {value['$ref']!r}")
        found = refs[value["$ref"]]
        return {wrap: found} if wrap else found
    return value


def _seconds(row: Json, name: str) -> int | None:
    value = row.pop(name, None)
    if value is None:
        return None
    return int(parse_time(value)) if isinstance(value, str) else int(value)


def _crm_row(world: World, module: str, row: Json, refs: dict[str, str]) -> str:
    row = _resolved(row, refs)
    ref, actor = row.pop("$ref", None), world.users.named(row.pop("user", None) or DEFAULT_USER)
    created, modified = _seconds(row, "Created_Time"), _seconds(row, "Modified_Time")
    record_id = row.pop("id", None)
    effect = world.crm.store.insert(module, row, actor, record_id=record_id, at=created or modified)
    if modified is not None:
        effect.record.modified_time = modified
    if ref is not None:
        refs[str(ref)] = effect.record.id
    return effect.record.id


def _books_row(world: World, row: Json, refs: dict[str, str]) -> tuple[str, list[str]]:
    row = dict(row)
    ref, actor = row.pop("$ref", None), world.users.named(row.pop("user", None) or DEFAULT_USER)
    created, modified = _seconds(row, "created_time"), _seconds(row, "last_modified_time")
    linked = bool(row.pop("is_linked_with_zohocrm", False))
    merged_into = row.pop("merged_into", None)
    crm_ids = {name: str(row.pop(name)) for name in CRM_IDS if name in row}
    if "custom_fields" in row:
        row["custom_fields"] = _customs(row)
    status = row.pop("status", "active")
    contact = world.books.store.create(
        row, actor, "user", row.pop("contact_id", None), created or modified, status
    )
    contact.linked_with_crm, contact.merged_into = linked, merged_into
    contact.crm_ids = {name: value for name, value in crm_ids.items() if value}
    if modified is not None:
        contact.modified_time = modified
    world.books.store.moved(contact.id)
    if ref is not None:
        refs[str(ref)] = contact.id
    return contact.id, [p.id for p in contact.persons]


def _item_row(world: World, row: Json, refs: dict[str, str]) -> str:
    row = _resolved(row, refs)
    ref, source = row.pop("$ref", None), str(row.pop("source", "user"))
    created, modified = _seconds(row, "created_time"), _seconds(row, "last_modified_time")
    row["custom_fields"] = _customs(row)
    item = world.books.items.create(
        row, source, row.pop("item_id", None), created or modified, row.pop("status", "active")
    )
    if modified is not None:
        item.modified_time = modified
    world.books.items.lagging.note(item.id)
    if ref is not None:
        refs[str(ref)] = item.id
    return item.id


def _customs(row: Json) -> Any:
    stamp = row.get("custom_fields", [])
    return [{"api_name": k, "value": v} for k, v in stamp.items()] if isinstance(stamp, dict) else stamp


def export(world: World) -> Json:
    """Return everything both orgs hold, for a judge to compare."""
    crm, books = world.crm, world.books
    return {
        "now": world.clock.now(),
        "crm_org_id": world.crm_org_id,
        "books_organization_id": world.books_org_id,
        "crm": {
            name: [crm.render.full(r) for r in data.live.values()] for name, data in crm.store.data.items()
        },
        "crm_deleted": {
            name: [{"id": e.record.id, "permanent": e.permanent, "at": e.at} for e in data.deleted.values()]
            for name, data in crm.store.data.items()
        },
        "books": {
            "contacts": [
                {**books.render.full(c), "merged_into": c.merged_into} for c in books.store.contacts.values()
            ],
            "items": [books.item_render.full(i) for i in books.items.by_id.values()],
            "invoices": [books.ledger.invoice_body(i, full=True) for i in books.ledger.invoices.values()],
        },
    }
