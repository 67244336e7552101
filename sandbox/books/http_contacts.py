"""Books contact, contact person and address endpoints (Books dossier 2, 3, 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal

from sandbox.books.contact import Contact, Person
from sandbox.books.query import page_of
from sandbox.books.values import missing
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import BooksError, Json, Reply

_ROOT = "/books/v3/contacts"


def done(message: str, status: int = 200, **parts: Any) -> Reply:
    """Return a success envelope."""
    return Reply(status, {"code": 0, "message": message, **parts})


def _kind(contact: Contact) -> str:
    return str(contact.values["contact_type"])


def _full(call: Call, contact: Contact) -> Json:
    call.record_ids = [contact.id]
    return call.world.books.render.full(contact)


def list_contacts(call: Call) -> Reply:
    """GET /contacts: customers and vendors, without addresses, persons and last editor."""
    rows, context = call.world.contact_lists.page(call.query, call.world.switches)
    return done("success", contacts=call.world.contact_rows.written(rows), page_context=context)


def get_contact(call: Call) -> Reply:
    """GET /contacts/{id}: everything."""
    return done("success", contact=_full(call, call.world.books.store.get(call.params["id"])))


def create_contact(call: Call) -> Reply:
    """POST /contacts."""
    contact = call.world.books.create(call.json_object(), call.actor)
    return done("The contact has been added.", 201, contact=_full(call, contact))


def update_contact(call: Call) -> Reply:
    """PUT /contacts/{id}: only the sent keys change; sent persons replace the old ones."""
    contact = call.world.books.update(call.params["id"], call.json_object(), call.actor)
    return done("Contact information has been saved.", contact=_full(call, contact))


def upsert_contact(call: Call) -> Reply:
    """PUT /contacts with X-Unique-Identifier headers (Books dossier 4)."""
    key, value = call.header("x-unique-identifier-key"), call.header("x-unique-identifier-value")
    if not key or not value:
        raise BooksError(4, "Invalid value passed for X-Unique-Identifier-Key")
    create = (call.header("x-upsert") or "").lower() == "true"
    contact, created = call.world.books.upsert(key, value, create, call.json_object(), call.actor)
    if created:
        status = call.world.switches.upsert_create_status
        return done("The contact has been added.", status, contact=_full(call, contact))
    return done("Contact information has been saved.", contact=_full(call, contact))


def upsert_scope(group: str) -> Callable[[Call], tuple[str, ...]]:
    """Return what names the scopes of an upsert; whether one that may create wants CREATE too is a switch."""

    def scopes(call: Call) -> tuple[str, ...]:
        may_create = (call.header("x-upsert") or "").lower() == "true"
        more = (f"{group}.CREATE",) if may_create and call.world.switches.upsert_needs_create_scope else ()
        return (f"{group}.UPDATE", *more)

    return scopes


def delete_contact(call: Call) -> Reply:
    """DELETE /contacts/{id}: refused while transactions exist."""
    contact = call.world.books.delete(call.params["id"])
    return done(f"The {_kind(contact)} has been deleted.")


def delete_contacts(call: Call) -> Reply:
    """DELETE /contacts?contact_ids=."""
    ids = [i for i in call.query.get("contact_ids", "").split(",") if i]
    if not ids:
        raise BooksError(4, "Invalid value passed for contact_ids")
    for contact_id in ids:
        call.world.books.delete(contact_id)
    call.record_ids = ids
    return done("The contacts have been deleted.")


def mark_active(call: Call) -> Reply:
    """POST /contacts/{id}/active."""
    contact = call.world.books.set_status(call.params["id"], "active", call.actor)
    return done(f"The {_kind(contact)} has been marked as active.")


def mark_inactive(call: Call) -> Reply:
    """POST /contacts/{id}/inactive."""
    contact = call.world.books.set_status(call.params["id"], "inactive", call.actor)
    return done(f"The {_kind(contact)} has been marked as inactive.")


def merge(call: Call) -> Reply:
    """POST /contacts/{id}/merge: the parameters are documented nowhere; the usual spellings are taken."""
    body = call.body if isinstance(call.body, dict) else {}
    listed = body.get("contact_ids") or call.query.get("contact_ids") or body.get("merge_contact_id") or ""
    ids = listed if isinstance(listed, list) else str(listed).split(",")
    losers = [str(i) for i in ids if i and str(i) != call.params["id"]]
    if not losers:
        raise BooksError(4, "Invalid value passed for contact_ids")
    contact = call.world.books.merge(call.params["id"], losers, call.actor)
    call.record_ids = [contact.id, *losers]
    return done("The contacts have been merged.", contact=call.world.books.render.full(contact))


def comments(call: Call) -> Reply:
    """GET /contacts/{id}/comments: no activity log is kept."""
    call.world.books.store.get(call.params["id"])
    return done(
        "success", contact_comments=[], page_context={"page": 1, "per_page": 200, "has_more_page": False}
    )


def _persons_page(call: Call, pairs: Iterator[tuple[Contact, Person]]) -> Reply:
    number, size = page_of(call.query)
    rows = list(islice(pairs, (number - 1) * size, number * size + 1))
    context = {
        "page": number,
        "per_page": size,
        "has_more_page": len(rows) > size,
        "report_name": "Contact Persons",
        "sort_column": "contact_person_id",
        "sort_order": "A",
    }
    render = call.world.books.render
    return done(
        "success", contact_persons=[render.person(p, c) for c, p in rows[:size]], page_context=context
    )


def list_persons(call: Call) -> Reply:
    """GET /contacts/{id}/contactpersons."""
    contact = call.world.books.store.get(call.params["id"])
    return _persons_page(call, ((contact, p) for p in contact.persons))


def list_all_persons(call: Call) -> Reply:
    """GET /contacts/contactpersons: every person of the org."""
    contacts = call.world.books.store.contacts.values()
    return _persons_page(call, ((c, p) for c in contacts for p in c.persons))


def get_person(call: Call) -> Reply:
    """GET one person, with or without its contact's id."""
    contact, person = call.world.books.store.persons.get(call.params["person_id"])
    if call.params.get("id") not in (None, contact.id):
        raise missing("Contact Person", call.world.switches)
    call.record_ids = [contact.id, person.id]
    return done("success", contact_person=call.world.books.render.person(person, contact))


def _person_answer(call: Call, contact: Contact, person: Person, message: str, status: int = 200) -> Reply:
    call.record_ids = [contact.id, person.id]
    body = call.world.books.render.person(person, contact)
    shown: Any = [body] if call.world.switches.person_answer == "array" else body
    return done(message, status, contact_person=shown)


def create_person(call: Call) -> Reply:
    """POST /contacts/contactpersons: contact_id and first_name are wanted."""
    body = call.json_object()
    contact_id = call.params.get("id") or str(body.get("contact_id", ""))
    contact, person = call.world.books.store.persons.add(contact_id, body, call.actor)
    call.world.books.person_changed(contact)
    return _person_answer(call, contact, person, "The contact person has been created.", 201)


def update_person(call: Call) -> Reply:
    """PUT /contacts/contactpersons/{person_id}."""
    contact, person = call.world.books.store.persons.edit(
        call.params["person_id"], call.json_object(), call.actor
    )
    call.world.books.person_changed(contact)
    return _person_answer(call, contact, person, "The contact person details has been updated.")


def delete_person(call: Call) -> Reply:
    """DELETE /contacts/contactpersons/{person_id}."""
    contact = call.world.books.store.persons.delete(call.params["person_id"], call.actor)
    call.world.books.person_changed(contact)
    call.record_ids = [contact.id, call.params["person_id"]]
    return done("The contact person has been deleted.")


def make_primary(call: Call) -> Reply:
    """POST /contacts/contactpersons/{person_id}/primary."""
    contact = call.world.books.store.persons.make_primary(call.params["person_id"], call.actor)
    call.world.books.person_changed(contact)
    call.record_ids = [contact.id, call.params["person_id"]]
    return done("This contact person has been marked as your primary contact person.")


def list_addresses(call: Call) -> Reply:
    """GET /contacts/{id}/address."""
    contact = call.world.books.store.get(call.params["id"])
    return done("success", addresses=[contact.billing, contact.shipping, *contact.addresses])


def put_address(call: Call) -> Reply:
    """POST /contacts/{id}/address and PUT /contacts/{id}/address/{address_id}."""
    books, address_id = call.world.books, call.params.get("address_id")
    address = books.store.addresses.put(call.params["id"], address_id, call.json_object(), call.actor)
    books.address_changed(books.store.get(call.params["id"]))
    if address_id is None:
        return done("The address has been added.", 201, address_info=dict(address))
    return done("The address has been updated.", address_info=dict(address))


def delete_address(call: Call) -> Reply:
    """DELETE /contacts/{id}/address/{address_id}."""
    books = call.world.books
    books.store.addresses.delete(call.params["id"], call.params["address_id"], call.actor)
    books.address_changed(books.store.get(call.params["id"]))
    return done("The address has been deleted.")


def mark_address(place: Literal["billing", "shipping"]) -> Callable[[Call], Reply]:
    """Return the handler of POST /contacts/{id}/address/{address_id}/markasbilling or markasshipping."""

    def mark(call: Call) -> Reply:
        books, contact_id = call.world.books, call.params["id"]
        books.store.addresses.mark(contact_id, call.params["address_id"], place, call.actor)
        books.address_changed(books.store.get(contact_id))
        return done("success")

    return mark


def _contacts(operation: str) -> str:
    return f"ZohoBooks.contacts.{operation}"


_P = f"{_ROOT}/contactpersons"
_ONE = f"{_ROOT}/{{id}}"
_ADDRESS = f"{_ONE}/address/{{address_id}}"
ENDPOINTS = [
    Endpoint("books", "GET", _ROOT, list_contacts, _contacts("READ")),
    Endpoint("books", "POST", _ROOT, create_contact, _contacts("CREATE")),
    Endpoint("books", "PUT", _ROOT, upsert_contact, upsert_scope("ZohoBooks.contacts")),
    Endpoint("books", "DELETE", _ROOT, delete_contacts, _contacts("DELETE")),
    Endpoint("books", "GET", _P, list_all_persons, _contacts("READ")),
    Endpoint("books", "POST", _P, create_person, _contacts("CREATE")),
    Endpoint("books", "GET", f"{_P}/{{person_id}}", get_person, _contacts("READ")),
    Endpoint("books", "PUT", f"{_P}/{{person_id}}", update_person, _contacts("UPDATE")),
    Endpoint("books", "DELETE", f"{_P}/{{person_id}}", delete_person, _contacts("DELETE")),
    Endpoint("books", "POST", f"{_P}/{{person_id}}/primary", make_primary, _contacts("CREATE")),
    Endpoint("books", "GET", _ONE, get_contact, _contacts("READ")),
    Endpoint("books", "PUT", _ONE, update_contact, _contacts("UPDATE")),
    Endpoint("books", "DELETE", _ONE, delete_contact, _contacts("DELETE")),
    Endpoint("books", "POST", f"{_ONE}/active", mark_active, _contacts("CREATE")),
    Endpoint("books", "POST", f"{_ONE}/inactive", mark_inactive, _contacts("CREATE")),
    Endpoint("books", "POST", f"{_ONE}/merge", merge, _contacts("CREATE")),
    Endpoint("books", "GET", f"{_ONE}/comments", comments, _contacts("READ")),
    Endpoint("books", "GET", f"{_ONE}/contactpersons", list_persons, _contacts("READ")),
    Endpoint("books", "GET", f"{_ONE}/contactpersons/{{person_id}}", get_person, _contacts("READ")),
    Endpoint("books", "POST", f"{_ONE}/contactpersons", create_person, _contacts("CREATE")),
    Endpoint("books", "PUT", f"{_ONE}/contactpersons/{{person_id}}", update_person, _contacts("UPDATE")),
    Endpoint("books", "DELETE", f"{_ONE}/contactpersons/{{person_id}}", delete_person, _contacts("DELETE")),
    Endpoint(
        "books", "POST", f"{_ONE}/contactpersons/{{person_id}}/primary", make_primary, _contacts("CREATE")
    ),
    Endpoint("books", "GET", f"{_ONE}/address", list_addresses, _contacts("READ")),
    Endpoint("books", "POST", f"{_ONE}/address", put_address, _contacts("CREATE")),
    Endpoint("books", "PUT", f"{_ONE}/address/{{address_id}}", put_address, _contacts("UPDATE")),
    Endpoint("books", "DELETE", f"{_ONE}/address/{{address_id}}", delete_address, _contacts("DELETE")),
    Endpoint("books", "POST", f"{_ADDRESS}/markasbilling", mark_address("billing"), _contacts("CREATE")),
    Endpoint("books", "POST", f"{_ADDRESS}/markasshipping", mark_address("shipping"), _contacts("CREATE")),
]
