"""Which entity a record is of, where two share a CRM module or a Books resource: its own content decides. Pure.

A Contact without an Account, and a Books customer marked as an individual, are of `individual` where that is mapped;
else both are what they always were. A Contact that names a Vendor and no Account is that vendor's person: it becomes no
customer. A Books contact is a customer or a vendor by its type: a webhook may name nothing but an id. What a link says
comes before what a record shows: a pair that no longer looks like its entity is held, never dealt anew in silence
(`decide`).
"""

from __future__ import annotations

from tandem.core.canonical import read_record
from tandem.core.entities import CUSTOMER, INDIVIDUAL, KINDS, PERSON, VENDOR
from tandem.core.mapping import Mapping
from tandem.core.records import Link, Record, Side

_DEALT = frozenset({CUSTOMER, PERSON, INDIVIDUAL})


def kind_of(mapping: Mapping, record: Record) -> str:
    """The entity of a record by what it shows."""
    if record.side is Side.BOOKS and {record.entity, record.scope.get("contact_type")} == {CUSTOMER, VENDOR}:
        return VENDOR if record.entity == CUSTOMER else CUSTOMER
    if INDIVIDUAL not in mapping.entities or record.entity not in _DEALT:
        return record.entity
    if record.side is Side.CRM:
        contact = INDIVIDUAL if is_individual(record) and not is_vendors(record) else PERSON
        return CUSTOMER if record.entity == CUSTOMER else contact
    customer = INDIVIDUAL if record.scope.get("customer_sub_type") == "individual" else CUSTOMER
    return PERSON if record.entity == PERSON else customer


def is_individual(record: Record) -> bool:
    """A linked record still looks like one: no Account on the Contact, no business in Books.

    A Vendor that it names later says nothing about the customer that it is: it goes on, and is told as out of scope.
    """
    if record.side is Side.CRM:
        return record.parent is None
    return record.scope.get("customer_sub_type") != "business"


def is_vendors(record: Record) -> bool:
    """A Contact that names a Vendor and no Account."""
    return record.vendor is not None and record.parent is None


def dealt(mapping: Mapping, record: Record, link: Link | None = None) -> Record:
    """The record read as what it is: as its link's entity, or as what it shows."""
    kind = link.entity if link is not None else kind_of(mapping, record)
    if kind == record.entity or kind not in mapping.entities:
        return record
    return read_record(mapping, kind, record.side, record.body)


def alike(entity: str, side: Side | None = None) -> list[str]:
    """The entities, itself among them, whose records live in the same module, or Books resource; on either side."""
    own, found = KINDS[entity], set[str]()
    if side is not Side.BOOKS:
        found |= {kind.name for kind in KINDS.values() if kind.crm_module == own.crm_module}
    if side is not Side.CRM:
        found |= {kind.name for kind in KINDS.values() if kind.books_module == own.books_module}
    return sorted(found)


def guests(mapping: Mapping, side: Side, entity: str) -> list[str]:
    """The mapped entities whose records come in the feed of `entity` on `side`."""
    return [
        kind.name
        for kind in KINDS.values()
        if kind.name in mapping.entities and kind.arrives_as.get(side.value) == entity
    ]
