"""The addresses of the contacts of the Books org (Books dossier 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sandbox.books.contact import Contact
from sandbox.books.values import ADDRESS_KEYS, address_values, missing
from sandbox.replies import BooksError, Json
from sandbox.users import User

if TYPE_CHECKING:
    from sandbox.books.store import BooksStore

_DERIVED = ("county", "country_code", "latitude", "longitude")


class Addresses:
    """Billing, shipping and additional addresses, each with an id of its own."""

    def __init__(self, store: BooksStore) -> None:
        self._store = store

    def blank(self, values: dict[str, str] | None) -> dict[str, str]:
        """Return a new address with some values."""
        blank = dict.fromkeys((*ADDRESS_KEYS, *_DERIVED), "")
        return {"address_id": self._store.ids.draw(), **blank, **(values or {})}

    def assign(self, address: dict[str, str], values: dict[str, str] | None) -> None:
        """Change an address as a body of its contact does: whether other keys are kept is a switch."""
        if values is None:
            return
        if self._store.switches.partial_billing_address == "replace":
            for key in (*ADDRESS_KEYS, "country_code"):
                address[key] = ""
        address |= values

    def put(self, contact_id: str, address_id: str | None, body: Json, actor: User) -> dict[str, str]:
        """Add or change an address through the address endpoints."""
        contact = self._store.get(contact_id)
        values = address_values(body, "address")
        if address_id is None:
            found = self.blank(None)
            contact.addresses.append(found)
        else:
            found = self._found(contact, address_id)
        found |= values
        self._edited(contact, actor)
        return found

    def delete(self, contact_id: str, address_id: str, actor: User) -> None:
        """Remove an additional address."""
        contact = self._store.get(contact_id)
        kept = [a for a in contact.addresses if a["address_id"] != address_id]
        if len(kept) == len(contact.addresses):
            raise self._missing()
        contact.addresses = kept
        self._edited(contact, actor)

    def mark(
        self, contact_id: str, address_id: str, place: Literal["billing", "shipping"], actor: User
    ) -> None:
        """Make an address the billing or shipping one; it changes places with the one that was."""
        contact = self._store.get(contact_id)
        found, before = self._found(contact, address_id), getattr(contact, place)
        other = "shipping" if place == "billing" else "billing"
        if found is getattr(contact, other):
            setattr(contact, other, before)
        elif found is not before:
            contact.addresses = [before if a is found else a for a in contact.addresses]
        setattr(contact, place, found)
        self._edited(contact, actor)

    def _found(self, contact: Contact, address_id: str) -> dict[str, str]:
        every = (contact.billing, contact.shipping, *contact.addresses)
        found = next((a for a in every if a["address_id"] == address_id), None)
        if found is None:
            raise self._missing()
        return found

    def _missing(self) -> BooksError:
        return missing("Address", self._store.switches)

    def _edited(self, contact: Contact, actor: User) -> None:
        self._store.moved(contact.id)
        if self._store.switches.address_edit_moves_customer_time:
            self._store.touch(contact, actor)
