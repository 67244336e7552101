"""Bulk data in and out, without events."""

from __future__ import annotations

from typing import Any

from sandbox.books.contact import CRM_IDS, Contact
from sandbox.books.values import address_values
from sandbox.clock import parse_time
from sandbox.replies import ControlError, Json
from sandbox.shapes import object_of, objects_of
from sandbox.users import DEFAULT_USER, User
from sandbox.world import World

ID_KEYS = ("contact_id", "item_id", "invoice_id", "contact_person_id", "address_id", "line_item_id")
MODULE_ORDER = ("Accounts", "Vendors", "Products", "Contacts")


def load(world: World, body: Json) -> Json:
    """Seed both orgs; return the ids in the order given.

    Rows may carry their own id, times (Created_Time, Modified_Time, created_time, last_modified_time), a
    `user`, and `$ref`, a name by which a lookup `{"$ref": name}` further on finds them. What `export` gave is
    taken with its ids, editors and states, and no id that is drawn later is one of them.
    """
    refs: dict[str, str] = {}
    crm, books = body.get("crm") or {}, body.get("books") or {}
    unknown = set(crm) - set(MODULE_ORDER) | set(books) - {"contacts", "items", "invoices"}
    if unknown:
        raise ControlError(f"cannot import {sorted(unknown)}")
    _take_ids(world, crm, books)
    answer: Json = {"crm": {}, "books": {}}
    for module in MODULE_ORDER:
        if module in crm:
            answer["crm"][module] = [_crm_row(world, module, row, refs) for row in crm[module]]
    if "contacts" in books:
        made = [_books_row(world, row, refs) for row in books["contacts"]]
        answer["books"]["contacts"] = [contact_id for contact_id, _ in made]
        answer["books"]["contact_persons"] = [persons for _, persons in made]
    if "items" in books:
        answer["books"]["items"] = [_item_row(world, row, refs) for row in books["items"]]
    if "invoices" in books:
        answer["books"]["invoices"] = [_invoice_row(world, row, refs) for row in books["invoices"]]
    return answer


def _take_ids(world: World, crm: Json, books: Json) -> None:
    for rows in crm.values():
        for row in rows:
            world.crm.store.ids.take(row.get("id"))
    for rows in books.values():
        for row in rows:
            inner = (*objects_of(row.get("contact_persons")), *objects_of(row.get("line_items")))
            for part in (row, *inner, *_addresses_of(row)):
                for name in ID_KEYS:
                    world.books.store.ids.take(part.get(name))


def _addresses_of(row: Json) -> list[Json]:
    named = [object_of(row.get(name)) for name in ("billing_address", "shipping_address")]
    return [*named, *objects_of(row.get("addresses"))]


def _named(world: World, shown: Any) -> User | None:
    """Return the user whom a record shows, by name: another sandbox knows them by other ids."""
    name = object_of(shown).get("name")
    return world.users.named(str(name)) if name else None


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
    ref, user = row.pop("$ref", None), row.pop("user", None)
    maker, editor = (_named(world, row.pop(name, None)) for name in ("Created_By", "Modified_By"))
    actor = world.users.named(user or DEFAULT_USER) if user or maker is None else maker
    owner = _named(world, row.get("Owner"))
    if owner is not None and world.users.by_crm_id(str(row["Owner"].get("id"))) is None:
        row["Owner"] = {"id": owner.crm_id}
    created, modified = _seconds(row, "Created_Time"), _seconds(row, "Modified_Time")
    record_id = row.pop("id", None)
    effect = world.crm.store.insert(module, row, actor, record_id=record_id, at=created or modified)
    if modified is not None:
        effect.record.modified_time = modified
    if editor is not None and not user:
        effect.record.modified_by = editor.crm_id
    if ref is not None:
        refs[str(ref)] = effect.record.id
    return effect.record.id


def _books_row(world: World, row: Json, refs: dict[str, str]) -> tuple[str, list[str]]:
    row = dict(row)
    ref, user = row.pop("$ref", None), row.pop("user", None)
    actor = world.users.named(user or row.get("created_by_name") or DEFAULT_USER)
    editor = None if user else world.users.by_books_id(row.get("last_modified_by_id"))
    created, modified = _seconds(row, "created_time"), _seconds(row, "last_modified_time")
    linked = bool(row.pop("is_linked_with_zohocrm", False))
    merged_into = row.pop("merged_into", None)
    crm_ids = {name: str(row.pop(name)) for name in CRM_IDS if name in row}
    if "custom_fields" in row:
        row["custom_fields"] = _customs(row)
    setup = world.books.store.setup
    if row.get("currency_id") and setup.currency(row["currency_id"]) is None:
        of_code = [c.currency_id for c in setup.currencies if c.code == row.get("currency_code")]
        row["currency_id"] = of_code[0] if of_code else row["currency_id"]
    status = row.pop("status", "active")
    source = str(row.pop("source", "user"))
    contact = world.books.store.create(
        row, actor, source, row.pop("contact_id", None), created or modified, status
    )
    _keep_parts(world, contact, row)
    if editor is not None:
        contact.modified_by = editor.books_id
    contact.linked_with_crm, contact.merged_into = linked, merged_into
    contact.crm_ids = {name: value for name, value in crm_ids.items() if value}
    if modified is not None:
        contact.modified_time = modified
    world.books.store.moved(contact.id)
    if ref is not None:
        refs[str(ref)] = contact.id
    return contact.id, [p.id for p in contact.persons]


def _keep_parts(world: World, contact: Contact, row: Json) -> None:
    """Give persons and addresses the ids that they came with, and add the other addresses."""
    for person, sent in zip(contact.persons, objects_of(row.get("contact_persons")), strict=False):
        if sent.get("contact_person_id"):
            world.books.store.persons.rename(person, str(sent["contact_person_id"]))
    for address, name in ((contact.billing, "billing_address"), (contact.shipping, "shipping_address")):
        if address_id := object_of(row.get(name)).get("address_id"):
            address["address_id"] = str(address_id)
    for sent in objects_of(row.get("addresses")):
        address = world.books.store.addresses.blank(address_values(sent, "addresses"))
        contact.addresses.append(
            address | ({"address_id": str(sent["address_id"])} if "address_id" in sent else {})
        )


def _invoice_row(world: World, row: Json, refs: dict[str, str]) -> str:
    row, ledger = _resolved(row, refs), world.books.ledger
    customer = world.books.store.contacts.get(str(row.get("customer_id", "")))
    status = customer.status if customer else ""
    maker = world.users.by_books_id(row.get("created_by")) or world.users.named(DEFAULT_USER)
    if customer is not None:
        customer.status = "active"  # who became inactive later keeps the invoices
    try:
        invoice = ledger.create_invoice(row, maker)
    finally:
        if customer is not None:
            customer.status = status
    if row.get("invoice_id"):
        ledger.rename(invoice, str(row["invoice_id"]))
    for line, sent in zip(invoice.lines, objects_of(row.get("line_items")), strict=False):
        line["line_item_id"] = str(sent.get("line_item_id") or line["line_item_id"])
    invoice.status = str(row.get("status") or invoice.status)
    invoice.billing |= object_of(row.get("billing_address"))
    invoice.shipping |= object_of(row.get("shipping_address"))
    created, modified = _seconds(row, "created_time"), _seconds(row, "last_modified_time")
    invoice.created_time = invoice.created_time if created is None else created
    invoice.modified_time = invoice.created_time if modified is None else modified
    return invoice.id


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
