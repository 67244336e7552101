"""The contacts of the Books org with their persons and addresses. No HTTP here (Books dossier 2, 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.books.metadata import BooksSetup
from sandbox.books.values import (
    ADDRESS_KEYS,
    address_values,
    check_mandatory,
    check_tax,
    custom_values,
    drop_nulls,
    invalid,
    person_values,
    plain_values,
)
from sandbox.clock import Clock
from sandbox.config import OrgFacts
from sandbox.ids import IdSource
from sandbox.replies import BooksError, Json
from sandbox.switches import Switches, text_form
from sandbox.users import User, UserBook


@dataclass(slots=True)
class Person:
    """A contact person; it has no time of its own."""

    id: str
    values: dict[str, str]
    is_primary: bool = False


@dataclass(slots=True)
class Contact:
    """A customer or vendor."""

    id: str
    values: dict[str, Any]
    billing: dict[str, str]
    shipping: dict[str, str]
    persons: list[Person]
    custom: dict[str, Any]
    addresses: list[dict[str, str]]
    source: str
    created_by: str
    modified_by: str
    created_time: int
    modified_time: int
    status: str = "active"
    linked_with_crm: bool = False
    merged_into: str | None = None
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self.number = int(self.id)

    @property
    def name(self) -> str:
        """Return the display name."""
        return str(self.values["contact_name"])

    @property
    def primary(self) -> Person | None:
        """Return the primary person."""
        return next((p for p in self.persons if p.is_primary), None)


@dataclass(slots=True)
class Draft:
    """The checked parts of a body, before anything is changed."""

    values: dict[str, Any]
    billing: dict[str, str] | None = None
    shipping: dict[str, str] | None = None
    persons: list[tuple[str | None, dict[str, Any], bool]] | None = None
    custom: dict[str, Any] = field(default_factory=dict)


class BooksStore:
    """All contacts of one org; the only place that changes them."""

    def __init__(
        self, ids: IdSource, clock: Clock, users: UserBook, switches: Callable[[], Switches], org: OrgFacts
    ) -> None:
        self.ids = ids
        self.clock = clock
        self.users = users
        self.org = org
        self._switches = switches
        self.setup = BooksSetup(ids, org)
        self.contacts: dict[str, Contact] = {}
        self._names: dict[str, set[str]] = {}
        self._unique: dict[tuple[str, str], str] = {}
        self._person_contact: dict[str, str] = {}
        self.version = 0
        self.keeps_time: Callable[[str, str], bool] = lambda kind, record_id: False

    @property
    def switches(self) -> Switches:
        """Return the switches in force."""
        return self._switches()

    def get(self, contact_id: str) -> Contact:
        """Return a contact; raises BooksError 1002."""
        found = self.contacts.get(contact_id)
        if found is None:
            raise BooksError(1002, "Contact does not exist.", self._switches().missing_contact_status)
        return found

    def person(self, person_id: str) -> tuple[Contact, Person]:
        """Return a person with its contact; raises BooksError 1002."""
        contact = self.contacts.get(self._person_contact.get(person_id, ""))
        found = None if contact is None else next((p for p in contact.persons if p.id == person_id), None)
        if contact is None or found is None:
            raise BooksError(1002, "Contact Person does not exist.", self._switches().missing_contact_status)
        return contact, found

    def holder_of(self, api_name: str, value: str) -> Contact | None:
        """Return the contact that holds a value in a custom field."""
        spec = self.setup.fields.get(api_name)
        if spec is not None and spec.unique:
            return self.contacts.get(self._unique.get((api_name, value.casefold()), ""))
        return next((c for c in self.contacts.values() if str(c.custom.get(api_name, "")) == value), None)

    def create(
        self,
        body: Json,
        actor: User,
        source: str,
        contact_id: str | None = None,
        at: int | None = None,
        status: str = "active",
    ) -> Contact:
        """Add a contact; raises BooksError."""
        draft = self._draft(body)
        if not draft.values.get("contact_name"):
            raise BooksError(4, "Invalid value passed for contact_name")
        values = {
            "contact_type": "customer",
            "customer_sub_type": "business",
            "currency_id": self.setup.base_currency.currency_id,
            **draft.values,
        }
        check_tax(values, self.org.country, self._switches())
        check_mandatory(draft.custom, self.setup.fields)
        self._refuse_name(values["contact_name"], None)
        self._refuse_unique(draft.custom, None)
        now = int(self.clock.now()) if at is None else at
        contact = Contact(
            contact_id or self.ids.draw(),
            values,
            self._new_address(draft.billing),
            self._new_address(draft.shipping),
            [],
            {},
            [],
            source,
            actor.books_id,
            actor.books_id,
            now,
            now,
            status,
        )
        self.contacts[contact.id] = contact
        self._names.setdefault(contact.name.casefold(), set()).add(contact.id)
        self._assign_custom(contact, draft.custom)
        for _, person, primary in draft.persons or ():
            self._append_person(contact, person, primary)
        self.version += 1
        return contact

    def update(self, contact_id: str, body: Json, actor: User) -> tuple[Contact, bool]:
        """Change what is sent; return the contact and whether anything changed. Raises BooksError."""
        contact = self.get(contact_id)
        draft = self._draft(body)
        if draft.values.get("contact_name") == "":
            raise invalid("contact_name")
        merged = {**contact.values, **draft.values}
        if {"gst_no", "gst_treatment", "vat_reg_no", "vat_treatment"} & set(draft.values):
            check_tax(merged, self.org.country, self._switches())
        if merged["contact_name"].casefold() != contact.name.casefold():
            self._refuse_name(merged["contact_name"], contact.id)
        if draft.custom:
            check_mandatory({**contact.custom, **draft.custom}, self.setup.fields)
        self._refuse_unique(draft.custom, contact.id)
        self._refuse_unknown_persons(contact, draft)
        before = self._fingerprint(contact)
        self._rename(contact, merged["contact_name"])
        contact.values = merged
        self._assign_address(contact.billing, draft.billing)
        self._assign_address(contact.shipping, draft.shipping)
        self._assign_custom(contact, draft.custom)
        if draft.persons is not None:
            self._replace_persons(contact, draft.persons)
        elif not self._switches().put_without_persons_keeps:
            self._replace_persons(contact, [])
        changed = self._fingerprint(contact) != before
        if changed or self._switches().unchanged_put_moves_time:
            self.touch(contact, actor)
        return contact, changed

    def delete(self, contact_id: str) -> Contact:
        """Remove a contact for good."""
        contact = self.get(contact_id)
        del self.contacts[contact_id]
        self._names[contact.name.casefold()].discard(contact_id)
        for person in contact.persons:
            self._person_contact.pop(person.id, None)
        for key in [k for k, holder in self._unique.items() if holder == contact_id]:
            del self._unique[key]
        self.version += 1
        return contact

    def set_status(self, contact_id: str, status: str, actor: User) -> Contact:
        """Mark active or inactive."""
        contact = self.get(contact_id)
        contact.status = status
        self.version += 1
        if self._switches().inactive_moves_time:
            self.touch(contact, actor)
        return contact

    def add_person(self, contact_id: str, body: Json, actor: User) -> tuple[Contact, Person]:
        """Add a person; the first becomes primary. Raises BooksError without a first name."""
        contact = self.get(contact_id)
        values = person_values(body, in_contact=False)
        if not values.get("first_name"):
            raise BooksError(4, "Invalid value passed for first_name")
        self._refuse_email(contact, values, None)
        person = self._append_person(contact, values, bool(body.get("is_primary_contact")))
        self._person_edited(contact, actor)
        return contact, person

    def edit_person(self, person_id: str, body: Json, actor: User) -> tuple[Contact, Person]:
        """Change the sent keys of a person."""
        contact, person = self.person(person_id)
        values = person_values(body, in_contact=False)
        if values.get("first_name") == "":
            raise invalid("first_name")
        self._refuse_email(contact, values, person_id)
        person.values |= values
        if body.get("is_primary_contact"):
            self._make_primary(contact, person)
        self._person_edited(contact, actor)
        return contact, person

    def delete_person(self, person_id: str, actor: User) -> Contact:
        """Remove a person; the rules for the last and the primary one are switches."""
        contact, person = self.person(person_id)
        if len(contact.persons) == 1 and self._switches().last_person_delete == "refuse":
            raise BooksError(4, "The last contact person cannot be deleted.")
        if (
            person.is_primary
            and len(contact.persons) > 1
            and self._switches().primary_person_delete == "refuse"
        ):
            raise BooksError(4, "The primary contact person cannot be deleted.")
        contact.persons.remove(person)
        self._person_contact.pop(person_id, None)
        if person.is_primary and contact.persons:
            contact.persons[0].is_primary = True
        self._person_edited(contact, actor)
        return contact

    def make_primary(self, person_id: str, actor: User) -> Contact:
        """Mark a person as the primary one."""
        contact, person = self.person(person_id)
        self._make_primary(contact, person)
        self._person_edited(contact, actor)
        return contact

    def put_address(self, contact_id: str, address_id: str | None, body: Json, actor: User) -> dict[str, str]:
        """Add or change an address through the address endpoints."""
        contact = self.get(contact_id)
        values = address_values(body, "address")
        found = self._address(contact, address_id) if address_id else None
        if found is None:
            if address_id is not None:
                raise BooksError(1002, "Address does not exist.", self._switches().missing_contact_status)
            found = self._new_address(None)
            contact.addresses.append(found)
        found |= values
        self._address_edited(contact, actor)
        return found

    def delete_address(self, contact_id: str, address_id: str, actor: User) -> None:
        """Remove an additional address."""
        contact = self.get(contact_id)
        kept = [a for a in contact.addresses if a["address_id"] != address_id]
        if len(kept) == len(contact.addresses):
            raise BooksError(1002, "Address does not exist.", self._switches().missing_contact_status)
        contact.addresses = kept
        self._address_edited(contact, actor)

    def rename_values(self, old: str, new: str) -> None:
        """Move what contacts hold in one custom field to another name."""
        for contact in self.contacts.values():
            if old in contact.custom:
                contact.custom[new] = contact.custom.pop(old)
        self._unique = {(new if n == old else n, v): holder for (n, v), holder in self._unique.items()}

    def change_values(self, name: str, old: str, new: str) -> None:
        """Replace one value of a custom field in every contact; no time moves."""
        for contact in self.contacts.values():
            if contact.custom.get(name) == old:
                contact.custom[name] = new

    def touch(self, contact: Contact, actor: User) -> None:
        """Note the editor and the time of a change."""
        self.version += 1
        if self.keeps_time("contacts", contact.id):
            return
        contact.modified_by = actor.books_id
        contact.modified_time = int(self.clock.now())

    def _draft(self, body: Json) -> Draft:
        switches = self._switches()
        body = drop_nulls(body, switches)
        form = switches.books_text_form
        draft = Draft(_formed(plain_values(body, self.setup), form))
        if "billing_address" in body:
            draft.billing = _formed(address_values(body["billing_address"], "billing_address"), form)
        if "shipping_address" in body:
            draft.shipping = _formed(address_values(body["shipping_address"], "shipping_address"), form)
        if "custom_fields" in body:
            draft.custom = custom_values(body["custom_fields"], self.setup.fields, switches)
        if "contact_persons" in body:
            if not isinstance(body["contact_persons"], list):
                raise invalid("contact_persons")
            draft.persons = [_person_draft(p) for p in body["contact_persons"]]
        return draft

    def _refuse_name(self, name: str, own: str | None) -> None:
        if self._switches().books_duplicate_names == "refuse" and self._names.get(name.casefold(), set()) - {
            own
        }:
            raise BooksError(3062, f'The customer "{name}" already exists. Please specify a different name.')

    def _refuse_unique(self, custom: dict[str, Any], own: str | None) -> None:
        for api_name, value in custom.items():
            spec = self.setup.fields[api_name]
            if not spec.unique or value == "":
                continue
            holder = self._unique.get((api_name, str(value).casefold()))
            if holder is not None and holder != own:
                raise BooksError(
                    self._switches().unique_field_code,
                    f'The value "{value}" already exists for the field {spec.label}.',
                )

    def _refuse_email(self, contact: Contact, values: dict[str, Any], own: str | None) -> None:
        email = values.get("email")
        taken = any(p.values.get("email") == email and p.id != own for p in contact.persons)
        if email and taken and self._switches().duplicate_person_email == "refuse":
            raise BooksError(4, "A contact person with this email already exists.")

    def _refuse_unknown_persons(self, contact: Contact, draft: Draft) -> None:
        known = {p.id for p in contact.persons}
        if any(person_id is not None and person_id not in known for person_id, _, _ in draft.persons or ()):
            raise BooksError(1002, "Contact Person does not exist.", self._switches().missing_contact_status)

    def _rename(self, contact: Contact, name: str) -> None:
        self._names[contact.name.casefold()].discard(contact.id)
        self._names.setdefault(name.casefold(), set()).add(contact.id)

    def _assign_custom(self, contact: Contact, custom: dict[str, Any]) -> None:
        for api_name, value in custom.items():
            if self.setup.fields[api_name].unique:
                self._unique.pop((api_name, str(contact.custom.get(api_name, "")).casefold()), None)
                if value != "":
                    self._unique[(api_name, str(value).casefold())] = contact.id
            contact.custom[api_name] = value

    def _new_address(self, values: dict[str, str] | None) -> dict[str, str]:
        blank = dict.fromkeys((*ADDRESS_KEYS, "county", "country_code", "latitude", "longitude"), "")
        return {"address_id": self.ids.draw(), **blank, **(values or {})}

    def _assign_address(self, address: dict[str, str], values: dict[str, str] | None) -> None:
        if values is None:
            return
        if self._switches().partial_billing_address == "replace":
            for key in (*ADDRESS_KEYS, "country_code"):
                address[key] = ""
        address |= values

    def _address(self, contact: Contact, address_id: str) -> dict[str, str] | None:
        every = (contact.billing, contact.shipping, *contact.addresses)
        return next((a for a in every if a["address_id"] == address_id), None)

    def _append_person(self, contact: Contact, values: dict[str, Any], primary: bool) -> Person:
        blank = dict.fromkeys(
            (
                "salutation",
                "first_name",
                "last_name",
                "email",
                "phone",
                "mobile",
                "designation",
                "department",
                "skype",
            ),
            "",
        )
        person = Person(self.ids.draw(), {**blank, **values})
        contact.persons.append(person)
        self._person_contact[person.id] = contact.id
        if primary or len(contact.persons) == 1:
            self._make_primary(contact, person)
        return person

    def _replace_persons(
        self, contact: Contact, wanted: list[tuple[str | None, dict[str, Any], bool]]
    ) -> None:
        old = {p.id: p for p in contact.persons}
        kept = {person_id for person_id, _, _ in wanted if person_id}
        contact.persons = [p for p in contact.persons if p.id in kept]
        for gone in set(old) - kept:
            self._person_contact.pop(gone, None)
        for person_id, values, primary in wanted:
            if person_id is None:
                self._append_person(contact, values, primary)
            else:
                old[person_id].values |= values
                if primary:
                    self._make_primary(contact, old[person_id])
        if contact.persons and contact.primary is None:
            contact.persons[0].is_primary = True

    def _make_primary(self, contact: Contact, person: Person) -> None:
        for other in contact.persons:
            other.is_primary = other is person

    def _person_edited(self, contact: Contact, actor: User) -> None:
        self.version += 1
        if self._switches().person_edit_moves_customer_time:
            self.touch(contact, actor)

    def _address_edited(self, contact: Contact, actor: User) -> None:
        self.version += 1
        if self._switches().address_edit_moves_customer_time:
            self.touch(contact, actor)

    def _fingerprint(self, contact: Contact) -> tuple[Any, ...]:
        persons = [(p.id, p.is_primary, dict(p.values)) for p in contact.persons]
        return (
            dict(contact.values),
            dict(contact.billing),
            dict(contact.shipping),
            dict(contact.custom),
            persons,
        )


def _formed(values: dict[str, Any], form: str) -> dict[str, Any]:
    if form == "as_sent":
        return values
    return {k: text_form(v, form) if isinstance(v, str) else v for k, v in values.items()}


def _person_draft(body: Any) -> tuple[str | None, dict[str, Any], bool]:
    values = person_values(body, in_contact=True)
    known = body.get("contact_person_id")
    return (str(known) if known else None), values, bool(body.get("is_primary_contact"))
