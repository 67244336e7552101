"""What a changed mapping means, field by field, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from tandem.core.mapping import EntityMapping, Mapping
from tandem.core.mapping_field import FieldMapping


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: where, what changed, and what it means for the records."""

    place: str
    change: str
    meaning: str

    def as_row(self) -> dict[str, str]:
        """Plain data."""
        return asdict(self)


_MOVED: Final = (
    "the pairs have no agreed value yet: equal values agree, a blank takes the other side's value, two different "
    "values follow first_link"
)
_FIELD_KEYS: Final = {
    "crm": f"another CRM field is read and written; {_MOVED}",
    "books": f"another Books field is read and written; {_MOVED}",
    "converter": "values are compared and written in another form; what counts as equal may change",
    "args": "values are compared and written in another form; what counts as equal may change",
    "direction": "which side may be written changes; nothing that was written is taken back",
    "owner": "who wins when both sides changed it is decided anew, for later conflicts only",
    "conflict": "what happens when both sides changed it is decided anew, for later conflicts only",
    "first_link": "two different values at a first link are settled in another way; links that exist are not touched",
    "drift": "what happens to an edit on the side that is only written changes",
    "never_blank": "whether a clear is sent to Books changes",
    "never_blank_crm": "whether a clear is sent to CRM changes",
    "default": "what a create writes where the source is blank changes; existing records stay",
    "written": "whether an edit travels, or only what a new record begins with, changes; existing records stay",
    "crm_may": "what CRM may write in Books changes",
}
_ENTITY_KEYS: Final = {
    "crm_module": "other records are read; links of the old module find nothing",
    "crm_stamp": "new records are stamped elsewhere; records that were stamped are no longer found by it",
    "books_stamp": "new records are stamped elsewhere; records that were stamped are no longer found by it",
    "create_in_books": "whether new CRM records are created in Books at all changes; linked ones always sync",
    "create_in_books_when": "which new CRM records are created in Books changes; linked ones always sync",
    "create_in_crm_when": "which new Books records are created in CRM changes; linked ones always sync",
    "delete": "what a delete in CRM does to Books changes, for later deletes only",
    "without_account": "what happens to Contacts without an Account changes: as customers at once, else when edited",
    "match_by": "what proves that records belong together changes; links that exist stay",
    "primary_person_field": "which person is the first of a new Books customer changes; existing ones stay",
    "parent_field": "persons find their customer by another lookup",
    "vendor_field": "which Contacts without an Account are a vendor's persons, and left out, changes; linked ones sync",
    "currency_field": "records of another currency are no longer, or from now on, kept apart",
    "email_field": "records are found, or no longer found, by an e-mail of their own",
    "constants": "what a create writes beside the fields changes; existing records stay",
}
_MAPPING_KEYS: Final = {
    "region": "phones and states without a country are read differently",
    "absent_custom_field": "what it means when Books leaves a custom field out changes",
}


def differences(old: Mapping, new: Mapping) -> list[Difference]:
    """Every difference from `old` to `new`; empty when they mean the same."""
    return list(_differences(old, new))


def _differences(old: Mapping, new: Mapping) -> Iterator[Difference]:
    yield from _keys("mapping", old, new, _MAPPING_KEYS)
    for name in sorted({*old.entities, *new.entities}):
        before, after = old.entities.get(name), new.entities.get(name)
        if before is None:
            yield Difference(
                name, "added", "its records on both sides are listed, matched, linked and created"
            )
        elif after is None:
            yield Difference(
                name, "removed", "its records are left alone from now on; links and records stay"
            )
        else:
            yield from _keys(name, before, after, _ENTITY_KEYS)
            yield from _fields(before, after)


def _fields(old: EntityMapping, new: EntityMapping) -> Iterator[Difference]:
    names = dict.fromkeys(field.name for field in (*old.fields, *new.fields))
    for name in names:
        before, after, place = old.find(name), new.find(name), f"{old.name}.{name}"
        if before is None and after is not None:
            yield Difference(place, f"added: {_shown(after)}", _MOVED)
        elif after is None and before is not None:
            yield Difference(
                place, "removed", "the values stay on both sides and no longer follow each other"
            )
        elif before is not None and after is not None:
            yield from _keys(place, before, after, _FIELD_KEYS)


def _shown(field: FieldMapping) -> str:
    return f"{_value(field.crm)} and {_value(field.books)}, {field.direction}, owner {field.owner}"


def _keys(
    place: str,
    old: Mapping | EntityMapping | FieldMapping,
    new: Mapping | EntityMapping | FieldMapping,
    meanings: dict[str, str],
) -> Iterator[Difference]:
    for key, meaning in meanings.items():
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Difference(f"{place}.{key}", f"{_value(before)} -> {_value(after)}", meaning)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(one)}" for key, one in value.items()) + "}"
    if hasattr(value, "model_dump"):
        return _value(value.model_dump())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
