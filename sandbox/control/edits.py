"""Editing records as a person at the screen would: times move, the editor is noted, events go out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.books.contact import CRM_IDS
from sandbox.crm.records import REFUSALS
from sandbox.replies import ControlError, Json
from sandbox.users import DEFAULT_USER, User
from sandbox.world import World

Params = dict[str, str]
Edit = Callable[[World, Params, Json], Any]


def _actor(world: World, body: Json) -> User:
    return world.users.named(str(body.pop("user", None) or DEFAULT_USER))


def _source(body: Json) -> str:
    return "native" if body.pop("$native", False) else "user"


def _crm_answer(world: World, module: str, record_id: str) -> Json:
    record = world.crm.store.get(module, record_id)
    return {"id": record_id} if record is None else world.crm.render.full(record)


def crm_create(world: World, params: Params, body: Json) -> Json:
    """Add a CRM record."""
    actor = _actor(world, body)
    effect = world.crm.store.insert(params["module"], body, actor)
    world.crm.announce([effect, *world.crm.automate([effect])])
    return _crm_answer(world, params["module"], effect.record.id)


def crm_edit(world: World, params: Params, body: Json) -> Json:
    """Change a CRM record; with {"$silent": true} no time moves and nobody is told, as for a formula."""
    actor, silent = _actor(world, body), body.pop("$silent", False)
    record = world.crm.store.get(params["module"], params["id"])
    stamp = None if record is None else (record.modified_time, record.modified_by)
    effect = world.crm.store.update(params["module"], params["id"], body, actor)
    if silent and stamp is not None:
        effect.record.modified_time, effect.record.modified_by = stamp
    else:
        world.crm.announce([effect, *world.crm.automate([effect])])
    return _crm_answer(world, params["module"], params["id"])


def crm_mass_edit(world: World, params: Params, body: Json) -> Json:
    """Change many CRM records at once: {ids, data}; one notification holds them all."""
    actor = _actor(world, body)
    ids = [str(i) for i in body.get("ids", [])]
    effects = [world.crm.store.update(params["module"], i, dict(body.get("data") or {}), actor) for i in ids]
    world.crm.announce(effects)
    return {"ids": ids}


def crm_delete(world: World, params: Params, body: Json) -> Json:
    """Move a CRM record to the recycle bin, or with {"permanent": true} delete it for good."""
    actor = _actor(world, body)
    module, record_id = params["module"], params["id"]
    if world.crm.store.get(module, record_id) is not None or not body.get("permanent"):
        world.crm.announce([world.crm.store.delete(module, record_id, actor)])
    if body.get("permanent"):
        world.crm.store.purge(module, record_id, actor)
    return {"id": record_id}


def crm_restore(world: World, params: Params, body: Json) -> Json:
    """Take a CRM record out of the recycle bin."""
    actor = _actor(world, body)
    world.crm.announce([world.crm.store.restore(params["module"], params["id"], actor)])
    return _crm_answer(world, params["module"], params["id"])


def crm_merge(world: World, params: Params, body: Json) -> Json:
    """Merge {losers} into a CRM record, with further {fields} for the master."""
    actor = _actor(world, body)
    losers = [str(i) for i in body.get("losers", [])]
    effects = world.crm.store.merge(
        params["module"], params["id"], losers, dict(body.get("fields") or {}), actor
    )
    world.crm.announce(effects)
    return _crm_answer(world, params["module"], params["id"])


def crm_refuse(world: World, params: Params, body: Json) -> Json:
    """Lock a record, put it in approval, review or a blueprint: {"state": "locked" | ... | null}."""
    record = world.crm.store.get(params["module"], params["id"])
    state = body.get("state")
    if record is None or (state is not None and state not in REFUSALS):
        raise ControlError(f"state is null or one of {sorted(REFUSALS)}, of a live record")
    world.crm.store.data[record.module].refuse(record, state)
    return {"id": record.id, "state": state}


def _books_answer(world: World, contact_id: str) -> Json:
    return world.books.render.full(world.books.store.get(contact_id))


def books_create(world: World, params: Params, body: Json) -> Json:
    """Add a Books contact."""
    actor = _actor(world, body)
    return _books_answer(world, world.books.create(body, actor, "user").id)


def books_edit(world: World, params: Params, body: Json) -> Json:
    """Change a Books contact; `is_linked_with_zohocrm` and `zcrm_..._id` plant the native sync's marks.

    With {"$native": true} it is that sync which edits.
    """
    actor, source = _actor(world, body), _source(body)
    linked = body.pop("is_linked_with_zohocrm", None)
    crm_ids = {name: str(body.pop(name)) for name in CRM_IDS if name in body}
    contact = world.books.store.get(params["id"])
    if body.pop("$silent", False):
        stamp = contact.modified_time, contact.modified_by
        world.books.store.update(params["id"], body, actor)
        contact.modified_time, contact.modified_by = stamp
    else:
        world.books.update(params["id"], body, actor, source)
    contact.crm_ids |= crm_ids
    if linked is not None:
        contact.linked_with_crm = bool(linked)
    world.books.store.moved(contact.id)
    return _books_answer(world, contact.id)


def books_delete(world: World, params: Params, body: Json) -> Json:
    """Delete a Books contact."""
    world.books.delete(params["id"], "user")
    return {"contact_id": params["id"]}


def books_status(status: str) -> Edit:
    """Return the edit that marks active or inactive."""

    def mark(world: World, params: Params, body: Json) -> Json:
        world.books.set_status(params["id"], status, _actor(world, body), "user")
        return _books_answer(world, params["id"])

    return mark


def books_merge(world: World, params: Params, body: Json) -> Json:
    """Merge {losers} into a Books contact."""
    actor = _actor(world, body)
    world.books.merge(params["id"], [str(i) for i in body.get("losers", [])], actor, "user")
    return _books_answer(world, params["id"])


def person_create(world: World, params: Params, body: Json) -> Json:
    """Add a contact person."""
    actor = _actor(world, body)
    contact, person = world.books.store.persons.add(params["id"], body, actor)
    world.books.person_changed(contact, "user")
    return world.books.render.person(person, contact)


def person_edit(world: World, params: Params, body: Json) -> Json:
    """Change a contact person."""
    actor = _actor(world, body)
    contact, person = world.books.store.persons.edit(params["pid"], body, actor)
    world.books.person_changed(contact, "user")
    return world.books.render.person(person, contact)


def person_delete(world: World, params: Params, body: Json) -> Json:
    """Delete a contact person."""
    contact = world.books.store.persons.delete(params["pid"], _actor(world, body))
    world.books.person_changed(contact, "user")
    return {"contact_person_id": params["pid"]}


def person_primary(world: World, params: Params, body: Json) -> Json:
    """Make a contact person the primary one."""
    contact = world.books.store.persons.make_primary(params["pid"], _actor(world, body))
    world.books.person_changed(contact, "user")
    return _books_answer(world, contact.id)


def invoice_create(world: World, params: Params, body: Json) -> Json:
    """Write an invoice; the customer's addresses are copied now."""
    actor = _actor(world, body)
    ledger = world.books.ledger
    return ledger.invoice_body(ledger.create_invoice(body, actor), full=True)


def invoice_status(status: str) -> Edit:
    """Return the edit that marks an invoice."""

    def mark(world: World, params: Params, body: Json) -> Json:
        ledger = world.books.ledger
        return ledger.invoice_body(ledger.set_invoice_status(params["id"], status), full=True)

    return mark


def item_create(world: World, params: Params, body: Json) -> Json:
    """Add an item."""
    _actor(world, body)
    return world.books.item_render.full(world.books.create_item(body, "user"))


def item_edit(world: World, params: Params, body: Json) -> Json:
    """Change an item; with {"$silent": true} no time moves and nobody is told; "$native" as of a contact."""
    _actor(world, body)
    source = _source(body)
    item = world.books.items.get(params["id"])
    linked = body.pop("is_linked_with_zohocrm", item.linked_with_crm)
    whole = {"name": item.name, "rate": item.values["rate"], **body}
    if whole.pop("$silent", False):
        stamp = item.modified_time
        world.books.items.update(item.id, whole)
        item.modified_time = stamp
    else:
        world.books.update_item(item.id, whole, source)
    item.linked_with_crm = bool(linked)
    world.books.items.lagging.note(item.id)
    return world.books.item_render.full(item)


def item_delete(world: World, params: Params, body: Json) -> Json:
    """Delete an item."""
    world.books.delete_item(params["id"], "user")
    return {"item_id": params["id"]}


def item_status(status: str) -> Edit:
    """Return the edit that marks an item active or inactive."""

    def mark(world: World, params: Params, body: Json) -> Json:
        return world.books.item_render.full(world.books.set_item_status(params["id"], status, "user"))

    return mark


_C = "/books/contacts"
EDITS: list[tuple[str, str, Edit]] = [
    ("POST", "/crm/{module}", crm_create),
    ("PATCH", "/crm/{module}", crm_mass_edit),
    ("PATCH", "/crm/{module}/{id}", crm_edit),
    ("DELETE", "/crm/{module}/{id}", crm_delete),
    ("POST", "/crm/{module}/{id}/restore", crm_restore),
    ("POST", "/crm/{module}/{id}/merge", crm_merge),
    ("POST", "/crm/{module}/{id}/state", crm_refuse),
    ("POST", _C, books_create),
    ("PATCH", f"{_C}/{{id}}", books_edit),
    ("DELETE", f"{_C}/{{id}}", books_delete),
    ("POST", f"{_C}/{{id}}/active", books_status("active")),
    ("POST", f"{_C}/{{id}}/merge", books_merge),
    ("POST", f"{_C}/{{id}}/inactive", books_status("inactive")),
    ("POST", f"{_C}/{{id}}/persons", person_create),
    ("PATCH", f"{_C}/{{id}}/persons/{{pid}}", person_edit),
    ("DELETE", f"{_C}/{{id}}/persons/{{pid}}", person_delete),
    ("POST", f"{_C}/{{id}}/persons/{{pid}}/primary", person_primary),
    ("POST", "/books/invoices", invoice_create),
    ("POST", "/books/invoices/{id}/send", invoice_status("sent")),
    ("POST", "/books/invoices/{id}/void", invoice_status("void")),
    ("POST", "/books/items", item_create),
    ("PATCH", "/books/items/{id}", item_edit),
    ("DELETE", "/books/items/{id}", item_delete),
    ("POST", "/books/items/{id}/active", item_status("active")),
    ("POST", "/books/items/{id}/inactive", item_status("inactive")),
]
