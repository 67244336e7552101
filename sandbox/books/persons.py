"""The contact persons of the Books org (Books dossier 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.books.contact import Contact, Person, PersonDraft, person_draft
from sandbox.books.custom_values import check_references
from sandbox.books.values import PERSON_KEYS, invalid, missing
from sandbox.replies import BooksError, Json
from sandbox.users import User

if TYPE_CHECKING:
    from sandbox.books.store import BooksStore


class Persons:
    """Every person of the org; one belongs to one contact and has no time of its own."""

    def __init__(self, store: BooksStore) -> None:
        self._store = store
        self._contact_of: dict[str, str] = {}

    def get(self, person_id: str) -> tuple[Contact, Person]:
        """Return a person with its contact; raises BooksError when there is none."""
        contact = self._store.contacts.get(self._contact_of.get(person_id, ""))
        found = None if contact is None else next((p for p in contact.persons if p.id == person_id), None)
        if contact is None or found is None:
            raise missing("Contact Person", self._store.switches)
        return contact, found

    def add(self, contact_id: str, body: Json, actor: User) -> tuple[Contact, Person]:
        """Add a person; the first becomes primary. Raises BooksError without a first name."""
        contact = self._store.get(contact_id)
        draft = self._draft(body)
        if not draft.values.get("first_name"):
            raise invalid("first_name")
        self._refuse_email(contact, draft, None)
        person = self.append(contact, draft)
        self._edited(contact, actor)
        return contact, person

    def edit(self, person_id: str, body: Json, actor: User) -> tuple[Contact, Person]:
        """Change the sent keys of a person."""
        contact, person = self.get(person_id)
        draft = self._draft(body)
        if draft.values.get("first_name") == "":
            raise invalid("first_name")
        self._refuse_email(contact, draft, person_id)
        _change(contact, person, draft)
        self._edited(contact, actor)
        return contact, person

    def delete(self, person_id: str, actor: User) -> Contact:
        """Remove a person; the rules for the last and the primary one are switches."""
        contact, person = self.get(person_id)
        switches, others = self._store.switches, len(contact.persons) > 1
        if not others and switches.last_person_delete == "refuse":
            raise BooksError(4, "The last contact person cannot be deleted.")
        if person.is_primary and others and switches.primary_person_delete == "refuse":
            raise BooksError(4, "The primary contact person cannot be deleted.")
        contact.persons.remove(person)
        self._contact_of.pop(person_id, None)
        if person.is_primary and contact.persons:
            contact.persons[0].is_primary = True
        self._edited(contact, actor)
        return contact

    def make_primary(self, person_id: str, actor: User) -> Contact:
        """Mark a person as the primary one."""
        contact, person = self.get(person_id)
        _make_primary(contact, person)
        self._edited(contact, actor)
        return contact

    def append(self, contact: Contact, draft: PersonDraft) -> Person:
        """Add a person that was checked."""
        person = Person(
            self._store.ids.draw(), {**dict.fromkeys(PERSON_KEYS, ""), **draft.values}, custom=draft.custom
        )
        contact.persons.append(person)
        self._contact_of[person.id] = contact.id
        first = len(contact.persons) == 1 and self._store.switches.first_person_is_primary
        if draft.is_primary or first:
            _make_primary(contact, person)
        return person

    def replace(self, contact: Contact, wanted: list[PersonDraft]) -> None:
        """Leave only the wanted persons: those with an id are kept and changed, the others are new."""
        old = {p.id: p for p in contact.persons}
        kept = {draft.id for draft in wanted if draft.id}
        contact.persons = [p for p in contact.persons if p.id in kept]
        for gone in set(old) - kept:
            self._contact_of.pop(gone, None)
        for draft in wanted:
            if draft.id is None:
                self.append(contact, draft)
            else:
                _change(contact, old[draft.id], draft)
        if contact.persons and contact.primary is None and self._store.switches.first_person_is_primary:
            contact.persons[0].is_primary = True

    def rename(self, person: Person, person_id: str) -> None:
        """Give a person another id."""
        self._contact_of[person_id] = self._contact_of.pop(person.id)
        person.id = person_id

    def forget(self, contact: Contact) -> None:
        """Forget the persons of a contact that is gone."""
        for person in contact.persons:
            self._contact_of.pop(person.id, None)

    def _draft(self, body: Json) -> PersonDraft:
        draft = person_draft(body, self._store.setup, self._store.switches)
        check_references(draft.custom, self._store.setup.fields_of("contact_person"), self._store.referable)
        return draft

    def _refuse_email(self, contact: Contact, draft: PersonDraft, own: str | None) -> None:
        email = draft.values.get("email")
        taken = any(p.values.get("email") == email and p.id != own for p in contact.persons)
        if email and taken and self._store.switches.duplicate_person_email == "refuse":
            raise BooksError(4, "A contact person with this email already exists.")

    def _edited(self, contact: Contact, actor: User) -> None:
        self._store.moved(contact.id)
        if self._store.switches.person_edit_moves_customer_time:
            self._store.touch(contact, actor)


def _change(contact: Contact, person: Person, draft: PersonDraft) -> None:
    person.values |= draft.values
    person.custom |= draft.custom
    if draft.is_primary:
        _make_primary(contact, person)


def _make_primary(contact: Contact, person: Person) -> None:
    for other in contact.persons:
        other.is_primary = other is person
