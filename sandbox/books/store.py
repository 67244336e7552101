"""The contacts of the Books org. No HTTP here (Books dossier 2, 3)."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from sandbox.books.addresses import Addresses
from sandbox.books.contact import Contact, Draft, draft_of
from sandbox.books.custom_values import check_mandatory, check_references
from sandbox.books.lagging import Lagging
from sandbox.books.metadata import BooksSetup
from sandbox.books.persons import Persons
from sandbox.books.values import check_tax, invalid, missing
from sandbox.clock import Clock
from sandbox.config import OrgFacts
from sandbox.ids import IdSource
from sandbox.replies import BooksError, Json
from sandbox.switches import Switches
from sandbox.users import User, UserBook


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
        self.referable: dict[str, Container[str]] = {"contact": self.contacts}
        """The ids that a lookup may name, by what it leads to."""
        self._names: dict[str, set[str]] = {}
        self._unique: dict[tuple[str, str], str] = {}
        self.persons = Persons(self)
        self.addresses = Addresses(self)
        self.moves: list[str] = []
        """The ids of contacts in the order of their changes, and of what they owe; what is kept of lists follows it."""
        self.lagging = Lagging(self.contacts, clock, lambda: switches().list_lag_seconds)
        self.keeps_time: Callable[[str, str], bool] = lambda kind, record_id: False

    @property
    def switches(self) -> Switches:
        """Return the switches in force."""
        return self._switches()

    def get(self, contact_id: str) -> Contact:
        """Return a contact; raises BooksError when there is none."""
        found = self.contacts.get(contact_id)
        if found is None:
            raise missing("Contact", self._switches())
        return found

    def holder_of(self, api_name: str, value: str) -> Contact | None:
        """Return the contact that holds a value in a custom field."""
        spec = self.setup.fields.get(api_name)
        if spec is not None and spec.unique:
            return self.contacts.get(self._unique.get((api_name, value.casefold()), ""))
        return next((c for c in self.contacts.values() if str(c.custom.get(api_name, "")) == value), None)

    def of_equal_names(self) -> set[str]:
        """Return the ids of the contacts whose name, without case, another one has."""
        return {id for ids in self._names.values() if len(ids) > 1 for id in ids}

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
        draft = draft_of(body, self.setup, self._switches())
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
        check_references(draft.custom, self.setup.fields, self.referable)
        self._refuse_name(values["contact_name"], None)
        self._refuse_unique(draft.custom, None)
        now = int(self.clock.now()) if at is None else at
        contact = Contact(
            contact_id or self.ids.draw(),
            values,
            self.addresses.blank(draft.billing),
            self.addresses.blank(draft.shipping),
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
        for person in draft.persons or ():
            self.persons.append(contact, person)
        self.moved(contact.id)
        return contact

    def update(self, contact_id: str, body: Json, actor: User) -> tuple[Contact, bool]:
        """Change what is sent; return the contact and whether anything changed. Raises BooksError."""
        contact = self.get(contact_id)
        draft = draft_of(body, self.setup, self._switches())
        if draft.values.get("contact_name") == "":
            raise invalid("contact_name")
        merged = {**contact.values, **draft.values}
        if {"gst_no", "gst_treatment", "vat_reg_no", "vat_treatment"} & set(draft.values):
            check_tax(merged, self.org.country, self._switches())
        if merged["contact_name"].casefold() != contact.name.casefold():
            self._refuse_name(merged["contact_name"], contact.id)
        if draft.custom:
            check_mandatory({**contact.custom, **draft.custom}, self.setup.fields)
            check_references(draft.custom, self.setup.fields, self.referable)
        self._refuse_unique(draft.custom, contact.id)
        self._refuse_unknown_persons(contact, draft)
        before = self._fingerprint(contact)
        self._rename(contact, merged["contact_name"])
        contact.values = merged
        self.addresses.assign(contact.billing, draft.billing)
        self.addresses.assign(contact.shipping, draft.shipping)
        self._assign_custom(contact, draft.custom)
        if draft.persons is not None:
            self.persons.replace(contact, draft.persons)
        elif not self._switches().put_without_persons_keeps:
            self.persons.replace(contact, [])
        after = self._fingerprint(contact)
        self.moved(contact.id)
        if self._moves_time(before, after):
            self.touch(contact, actor)
        return contact, before != after

    def _moves_time(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
        switches = self._switches()
        if before == after:
            return switches.unchanged_put_moves_time
        return before[1:] != after[1:] or switches.address_put_moves_customer_time

    def delete(self, contact_id: str) -> Contact:
        """Remove a contact for good."""
        contact = self.get(contact_id)
        del self.contacts[contact_id]
        self._names[contact.name.casefold()].discard(contact_id)
        self.persons.forget(contact)
        for key in [k for k, holder in self._unique.items() if holder == contact_id]:
            del self._unique[key]
        self.moved(contact_id)
        return contact

    def set_status(self, contact_id: str, status: str, actor: User) -> Contact:
        """Mark active or inactive."""
        contact = self.get(contact_id)
        contact.status = status
        self.moved(contact.id)
        if self._switches().inactive_moves_time:
            self.touch(contact, actor)
        return contact

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
        if not self.keeps_time("contacts", contact.id):
            contact.modified_by = actor.books_id
            contact.modified_time = int(self.clock.now())
        self.moved(contact.id)

    def moved(self, contact_id: str) -> None:
        """Let what is kept of lists follow a change."""
        self.moves.append(contact_id)
        self.lagging.note(contact_id)

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

    def _refuse_unknown_persons(self, contact: Contact, draft: Draft) -> None:
        known = {p.id for p in contact.persons}
        if any(draft.id is not None and draft.id not in known for draft in draft.persons or ()):
            raise missing("Contact Person", self._switches())

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

    def _fingerprint(self, contact: Contact) -> tuple[Any, ...]:
        """Return all that a PUT can change, the addresses first."""
        persons = [(p.id, p.is_primary, dict(p.values), dict(p.custom)) for p in contact.persons]
        addresses = dict(contact.billing), dict(contact.shipping)
        return addresses, dict(contact.values), dict(contact.custom), persons
