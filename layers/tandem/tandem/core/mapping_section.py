"""The rules that an entity's section keeps by itself, without a look at either product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from tandem.core.entities import INDIVIDUAL
from tandem.core.mapping_faults import Found, nearest
from tandem.core.records import Side

if TYPE_CHECKING:
    from tandem.core.mapping_entity import EntityMapping

_MIRROR: Final = ("mirrors the primary person", "map it on contact_person, or use billing_address.phone")
_ONLY_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "without_account": ("contact_person",),
    "primary_person_field": ("contact_person",),
    "parent_field": ("contact_person", "individual"),
    "vendor_field": ("contact_person", "individual"),
    "currency_field": ("customer", "individual", "vendor"),
    "email_field": ("customer", "contact_person", "vendor"),
}
"""Keys that mean something for these entities alone."""
_STATUS: Final = ("is marked by a call of its own", "give the field the converter active_state")


def faults_of_section(entity: EntityMapping, most: int) -> Iterator[Found]:
    """What is wrong within one section.

    `most`: how many CRM fields it may name.
    """
    yield from _taken_twice(entity)
    yield from _never_mapped(entity)
    yield from _incomplete(entity, most)
    yield from _mixed(entity)
    yield from _odd(entity)


def _taken_twice(entity: EntityMapping) -> Iterator[Found]:
    for side in Side:
        users: dict[str, str] = {name: role for name, role in _own(entity, side) if name}
        for field in sorted(entity.fields, key=lambda one: not one.may_write(side)):
            for attribute in field.attributes(side):
                if users.get(attribute) == "constants" and not field.may_write(side):
                    continue  # a create may say what an update leaves to the other side
                if entity.name == INDIVIDUAL and attribute in users and not field.may_write(side):
                    continue  # a display name follows the names that another field carries
                if attribute in users:
                    yield Found(
                        f"{attribute} is already used by {users[attribute]}",
                        "map each attribute once", ("fields", field.name, side.value), "mapped_twice",
                    )  # fmt: skip
                users.setdefault(attribute, f"the field {field.name}")


def _own(entity: EntityMapping, side: Side) -> list[tuple[str | None, str]]:
    constants: list[tuple[str | None, str]] = [(name, "constants") for name in entity.constants.of(side)]
    if side is Side.BOOKS:
        return [(entity.books_stamp, "books_stamp"), *constants]
    return [(entity.crm_stamp, "crm_stamp"), (entity.parent_field, "parent_field"), *constants]


def _mixed(entity: EntityMapping) -> Iterator[Found]:
    """A set that Books would take by two calls."""
    for field in entity.fields:
        paths = set(field.attributes(Side.BOOKS))
        if entity.kind.of_primary & paths and paths - entity.kind.of_primary:
            message = f"{field.name} is partly the primary person's, partly the customer's"
            fix = "make two fields of it: Books takes them by two calls"
            yield Found(message, fix, ("fields", field.name, "books"), "policy_contradiction")


def _never_mapped(entity: EntityMapping) -> Iterator[Found]:
    mapped = [
        (path, ("fields", field.name, "books"), field.convert.alone)
        for field in entity.fields
        for path in field.attributes(Side.BOOKS)
    ]
    written = [(path, ("constants", "books", path), False) for path in entity.constants.books]
    for path, at, alone in [*mapped, *written]:
        if problem := _books_problem(entity, path, alone=alone):
            kind = "mirror_mapped" if problem is _MIRROR else "never_mapped"
            yield Found(f"{path} {problem[0]}", problem[1], at, kind)


def _books_problem(entity: EntityMapping, path: str, *, alone: bool) -> tuple[str, str] | None:
    head, dot, _ = path.partition(".")
    if head in entity.kind.never_mapped:
        return "is never written by Tandem", "remove the field"
    if alone != (entity.name == "item" and path == "status"):
        return _STATUS if not alone else ("has no active state", "map Books' status of an item with it")
    if path in entity.kind.mirrors:
        return _MIRROR
    if dot and (entity.is_person or head not in entity.kind.objects):
        return (
            "is no path of this entity",
            "only billing_address and shipping_address of a customer, individual or vendor have parts",
        )
    if not dot and head in entity.kind.objects:
        return "is an object", "map its parts, e.g. {address: billing_address.address, ...}"
    return None


def _incomplete(entity: EntityMapping, most: int) -> Iterator[Found]:
    if not any(field.name == "name" for field in entity.fields):
        fix = "map the record's name as the field `name`"
        yield Found("no field is called name", fix, ("fields",), "missing_key")
    if entity.is_person and entity.parent_field is None:
        yield Found("parent_field is missing", "add parent_field: Account_Name", kind="missing_key")
    if entity.vendor_lookup is not None and entity.vendor_lookup == entity.parent_field:
        fix = "write the lookup to Vendors, or none"
        yield Found("vendor_field is parent_field too", fix, ("vendor_field",), "mapped_twice")
    if (count := len(entity.crm_fields)) > most:
        message = f"{count} CRM fields; one query reads {most} beside the system fields"
        yield Found(message, "map fewer fields", ("fields",), "too_many_fields")


def _odd(entity: EntityMapping) -> Iterator[Found]:
    """Policies that have no meaning for this entity."""
    if entity.crm_module != entity.kind.crm_module:
        message = f"{entity.name} lives in {entity.kind.crm_module} of CRM, not in {entity.crm_module}"
        yield Found(message, f"write {entity.kind.crm_module}", ("crm_module",), "unknown_value")
    if entity.is_person and entity.delete == "deactivate":
        message = "Books cannot make a contact person inactive"
        yield Found(message, "write keep or hold", ("delete",), "policy_contradiction")
    for key, names in _ONLY_OF.items():
        if entity.name not in names and getattr(entity, key) != type(entity).model_fields[key].default:
            message = f"{key} is for {' and '.join(names)}"
            yield Found(message, "write it there, or take it out", (key,), "policy_contradiction")
    for field in entity.fields:
        owned = entity.kind.ledger.intersection(field.attributes(Side.BOOKS))
        if owned and field.owner != "books":
            message = f"{min(owned)} of an {entity.name} is Books' own: the ledger rests on it"
            fix = "write direction: to_crm, or owner: books where CRM may edit it too"
            key = "owner" if field.direction == "both" else "direction"
            yield Found(message, fix, ("fields", field.name, key), "owner_contradicts_direction")
    if entity.create_in_books_when and not entity.create_in_books:
        message = "create_in_books is false, so create_in_books_when decides nothing"
        fix = "write create_in_books: true, or take it out"
        yield Found(message, fix, ("create_in_books_when",), "policy_contradiction")
    known = [*entity.kind.words, *(f.name for f in entity.fields if f.convert.is_key)]
    for field in entity.own_keys:
        unlisted = [path for path in field.attributes(Side.BOOKS) if not _is_listed(entity, path)]
        if field.convert.is_key and unlisted:
            message = f"{field.name} is no match key: no list of Books shows {unlisted[0]}"
            fix = "choose a custom field (cf_...) or " + ", ".join(sorted(entity.kind.listed))
            yield Found(message, fix, ("match_by",), "match_key_not_mapped")
    for name in entity.match_by:
        if name not in known:
            message = f"{name} is no match key: no field of that name with one value is mapped"
            yield Found(message, nearest(name, known), ("match_by",), "match_key_not_mapped")


def _is_listed(entity: EntityMapping, path: str) -> bool:
    """Existing records are found by what lists show; persons come whole with their customer."""
    return entity.is_person or path.startswith("cf_") or path in entity.kind.listed
