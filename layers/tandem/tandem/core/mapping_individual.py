"""The rules of a mapping in which a Contact without an Account is a customer of its own: two entities, one module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from tandem.core.entities import CUSTOMER, INDIVIDUAL, PERSON
from tandem.core.mapping_faults import Found
from tandem.core.records import Side

if TYPE_CHECKING:
    from tandem.core.mapping_entity import EntityMapping

AS_CUSTOMER: Final = "individual_customer"
SHARED: Final = ("parent_field", "vendor_field")
"""What decides whether a Contact is one: said once, of `contact_person`."""
_SECTION: Final = "docs/mapping.md, “Individual customers”, has the section"


def faults_of_individual(entities: Mapping[str, EntityMapping], most: int) -> Iterator[Found]:
    """What is wrong between `individual` and the entities that it shares a module with; all of them are on.

    `most`: how many CRM fields the two entities of one module may name together.
    """
    person, own = entities.get(PERSON), entities.get(INDIVIDUAL)
    if own is None:
        if person is not None and person.without_account == AS_CUSTOMER:
            at = ("entities", PERSON, "without_account")
            message = "without_account: individual_customer, and the entity individual is not mapped or off"
            yield Found(message, f"add individual: {_SECTION}; or write hold or leave_out", at, "missing_key")
        return
    if person is None or person.without_account != AS_CUSTOMER:
        message = "individual is mapped, but no Contact becomes one"
        fix = "write without_account: individual_customer under contact_person, or enabled: false here"
        yield Found(message, fix, ("entities", INDIVIDUAL), "policy_contradiction")
        return
    if CUSTOMER not in entities:
        message = "individuals come in the list of Books' customers, and customer is not mapped"
        yield Found(message, "map customer too", ("entities", INDIVIDUAL), "missing_key")
    for key in SHARED:
        if getattr(own, key) != getattr(person, key):
            message = f"{key} of individual is not that of contact_person, and tells one from the other"
            yield Found(message, "take it out here", ("entities", INDIVIDUAL, key), "policy_contradiction")
    yield from _stamps(entities, own)
    if (count := len({*own.crm_fields, *person.crm_fields})) > most:
        message = (
            f"contact_person and individual name {count} CRM fields; they are read together, {most} at most"
        )
        yield Found(message, "map fewer fields", ("entities", INDIVIDUAL, "fields"), "too_many_fields")


def _stamps(entities: Mapping[str, EntityMapping], own: EntityMapping) -> Iterator[Found]:
    """Each kind has stamp fields of its own, else one who changes its kind would bear a foreign stamp."""
    if own.books_stamp is None:
        message, at = "books_stamp is missing", ("entities", INDIVIDUAL)
        fix = "add e.g. books_stamp: cf_crm_contact_id, a unique text field of Books contacts"
        yield Found(message, fix, at, "missing_key")
    for side, name in ((Side.CRM, PERSON), (Side.BOOKS, CUSTOMER), (Side.BOOKS, "vendor")):
        other, key = entities.get(name), f"{side}_stamp"
        stamp = getattr(own, key)
        if other is not None and stamp is not None and getattr(other, key) == stamp:
            message = f"{stamp} is the {key} of {name} already"
            place = ("entities", INDIVIDUAL, key)
            yield Found(message, "give individual a field of its own", place, "mapped_twice")
