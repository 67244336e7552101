"""A contact of the Books org with its persons and addresses, and what a body would make of one (Books dossier 2, 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.books.custom_values import custom_values
from sandbox.books.metadata import BooksSetup
from sandbox.books.values import (
    address_values,
    drop_nulls,
    invalid,
    person_values,
    plain_values,
)
from sandbox.replies import Json
from sandbox.switches import Switches, text_form

CRM_IDS = ("zcrm_account_id", "zcrm_contact_id", "zcrm_vendor_id")
"""What Zoho's own sync of CRM and Books writes beside a contact; no API call does (Books dossier 2, 10)."""


@dataclass(slots=True)
class Person:
    """A contact person; it has no time of its own."""

    id: str
    values: dict[str, str]
    is_primary: bool = False
    custom: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class PersonDraft:
    """The checked parts of a person's body; with `id` a person that is kept."""

    values: dict[str, Any]
    custom: dict[str, Any]
    is_primary: bool = False
    id: str | None = None


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
    crm_ids: dict[str, str] = field(default_factory=dict)
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
    persons: list[PersonDraft] | None = None
    custom: dict[str, Any] = field(default_factory=dict)


def draft_of(body: Json, setup: BooksSetup, switches: Switches) -> Draft:
    """Check a body; raises BooksError."""
    body = drop_nulls(body, switches)
    form = switches.books_text_form
    draft = Draft(_formed(plain_values(body, setup), form))
    if "billing_address" in body:
        draft.billing = _formed(address_values(body["billing_address"], "billing_address"), form)
    if "shipping_address" in body:
        draft.shipping = _formed(address_values(body["shipping_address"], "shipping_address"), form)
    if "custom_fields" in body:
        draft.custom = custom_values(body["custom_fields"], setup.fields, switches)
    if "contact_persons" in body:
        if not isinstance(body["contact_persons"], list):
            raise invalid("contact_persons")
        draft.persons = [person_draft(p, setup, switches, in_contact=True) for p in body["contact_persons"]]
    return draft


def _formed(values: dict[str, Any], form: str) -> dict[str, Any]:
    if form == "as_sent":
        return values
    return {k: text_form(v, form) if isinstance(v, str) else v for k, v in values.items()}


def person_draft(
    body: Any, setup: BooksSetup, switches: Switches, *, in_contact: bool = False
) -> PersonDraft:
    """Check a person's body; raises BooksError."""
    values = person_values(body, in_contact)
    custom = custom_values(body.get("custom_fields", []), setup.fields_of("contact_person"), switches)
    known = body.get("contact_person_id")
    return PersonDraft(values, custom, bool(body.get("is_primary_contact")), str(known) if known else None)
