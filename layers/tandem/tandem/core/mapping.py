"""The mapping: which fields of which records correspond, who owns them, and what a conflict does. Data, not code.

One YAML file per connection; every fault is named with file, line, field and fix (design, section 7).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from tandem.core.errors import BadInputError
from tandem.core.mapping_faults import AllFound, Found, MappingError, explain, nearest
from tandem.core.mapping_field import BooksName, CrmName, FieldMapping, Strict, with_region
from tandem.core.records import Record, Side, Value
from tandem.core.yamltree import YamlFault, read_tree

__all__ = ["EntityMapping", "FieldMapping", "Mapping", "MappingError", "Resource", "load_mapping", "preset"]

ENTITIES: Final = ("customer", "contact_person")
MIRROR_KEYS: Final = frozenset({"first_name", "last_name", "email", "phone", "mobile"})
"""Top-level keys of a Books customer that mirror its primary person (design, traps decided)."""
NEVER_MAPPED: Final = frozenset(
    {"contact_persons", "contact_type", "contact_id", "tags", "opening_balances", "status"}
)
_MIRROR: Final = ("mirrors the primary person", "map it on contact_person, or use billing_address.phone")
ADDRESS_OBJECTS: Final = frozenset({"billing_address", "shipping_address"})
MAX_CRM_FIELDS: Final = 50
"""CRM answers at most 50 fields a call (dossier crm §2)."""
CRM_SYSTEM_FIELDS: Final = ("id", "Modified_Time", "Modified_By", "Created_Time")
"""Read with every record beside the mapped ones; the client adds them."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Where an entity lives on one side.

    CRM: `module` = Accounts/Contacts, `fields` = API names to read (system fields are added by the
    client), `parent_field` = the lookup to the parent (`Account_Name`). Books: `module` = contacts or
    contactpersons; `fields` is empty (Books answers everything).
    """

    side: Side
    entity: str
    module: str
    fields: tuple[str, ...] = ()
    parent_field: str | None = None


Scalar = str | int | bool


class Constants(Strict):
    """What a create writes beside the mapped fields, by attribute; an update leaves it alone."""

    crm: dict[CrmName, Scalar] = Field(default_factory=dict)
    books: dict[BooksName, Scalar] = Field(default_factory=dict)

    def of(self, side: Side) -> dict[str, Scalar]:
        """Attribute -> value on `side`."""
        return self.crm if side is Side.CRM else self.books


class EntityMapping(Strict):
    """One kind of record on both sides."""

    name: Literal["customer", "contact_person"]
    crm_module: CrmName
    crm_stamp: CrmName
    """CRM's unique field that holds the Books id."""
    books_stamp: BooksName | None = None
    """Books' unique custom field that holds the CRM id; persons have none (dossier books §4)."""
    create_in_books_when: dict[CrmName, tuple[str, ...]] = Field(default_factory=dict)
    primary_person_field: CrmName | None = None
    parent_field: CrmName | None = None
    currency_field: CrmName | None = None
    """CRM's currency field, in organisations with several currencies."""
    constants: Constants = Constants()
    """Attribute -> value for each side, written when a record is created there."""
    fields: tuple[FieldMapping, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_fields(cls, given: Any) -> Any:
        """In the file `fields` is name -> field."""
        fields = given.get("fields") if isinstance(given, dict) else None
        if not isinstance(fields, dict):
            return given
        named = [{"name": name} | spec if isinstance(spec, dict) else spec for name, spec in fields.items()]
        return given | {"fields": named}

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if faults := [*self._taken_twice(), *self._never_mapped(), *self._incomplete()]:
            raise AllFound(faults)
        return self

    def _taken_twice(self) -> Iterator[Found]:
        names = [field.name for field in self.fields]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Found(f"two fields are called {name}", "rename one of them", ("fields",), "mapped_twice")
        for side in Side:
            users: dict[str, str] = {name: role for name, role in self._own(side) if name}
            for field in self.fields:
                for attribute in field.attributes(side):
                    if attribute in users:
                        yield Found(
                            f"{attribute} is already used by {users[attribute]}",
                            "map each attribute once", ("fields", field.name, side.value), "mapped_twice",
                        )  # fmt: skip
                    users.setdefault(attribute, f"the field {field.name}")

    def _own(self, side: Side) -> list[tuple[str | None, str]]:
        constants: list[tuple[str | None, str]] = [(name, "constants") for name in self.constants.of(side)]
        if side is Side.BOOKS:
            return [(self.books_stamp, "books_stamp"), *constants]
        return [(self.crm_stamp, "crm_stamp"), (self.parent_field, "parent_field"), *constants]

    def _never_mapped(self) -> Iterator[Found]:
        mapped = [
            (path, ("fields", field.name, "books"))
            for field in self.fields
            for path in field.attributes(Side.BOOKS)
        ]
        written = [(path, ("constants", "books", path)) for path in self.constants.books]
        for path, at in [*mapped, *written]:
            if problem := self._books_problem(path):
                kind = "mirror_mapped" if problem is _MIRROR else "never_mapped"
                yield Found(f"{path} {problem[0]}", problem[1], at, kind)

    def _books_problem(self, path: str) -> tuple[str, str] | None:
        head, dot, _ = path.partition(".")
        if head in NEVER_MAPPED:
            return "is never written by Tandem", "remove the field"
        if self.name == "customer" and path in MIRROR_KEYS:
            return _MIRROR
        if dot and (self.name != "customer" or head not in ADDRESS_OBJECTS):
            return (
                "is no path of this entity",
                f"only {' and '.join(sorted(ADDRESS_OBJECTS))} of a customer have parts",
            )
        if not dot and head in ADDRESS_OBJECTS:
            return "is an object", "map its parts, e.g. {address: billing_address.address, ...}"
        return None

    def _incomplete(self) -> Iterator[Found]:
        if not any(field.name == "name" for field in self.fields):
            fix = "map the record's name as the field `name`"
            yield Found("no field is called name", fix, ("fields",), "missing_key")
        if self.name == "contact_person" and self.parent_field is None:
            yield Found("parent_field is missing", "add parent_field: Account_Name", kind="missing_key")
        if (count := len(self.crm_fields) + len(CRM_SYSTEM_FIELDS)) > MAX_CRM_FIELDS:
            message = f"{count} CRM fields; one query reads {MAX_CRM_FIELDS}"
            yield Found(message, "map fewer fields", ("fields",), "too_many_fields")

    def find(self, name: str) -> FieldMapping | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def field(self, name: str) -> FieldMapping:
        """The field of that name; KeyError if there is none."""
        if (found := self.find(name)) is None:
            raise KeyError(name)
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all fields, in their order."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def newest(self) -> tuple[str, ...]:
        """The names of the fields whose conflicts the newest edit settles."""
        return tuple(field.name for field in self.fields if field.conflict == "newest")

    @cached_property
    def crm_fields(self) -> tuple[str, ...]:
        """Every CRM attribute to read: mapped, stamp, scope, parent, primary person, currency."""
        mapped = [name for field in self.fields for name in field.attributes(Side.CRM)]
        own = [self.crm_stamp, self.parent_field, self.primary_person_field, self.currency_field]
        return tuple(dict.fromkeys([*mapped, *(name for name in own if name), *self.create_in_books_when]))

    def resource(self, side: Side) -> Resource:
        """Where the entity lives on `side`."""
        if side is Side.CRM:
            return Resource(side, self.name, self.crm_module, self.crm_fields, self.parent_field)
        return Resource(side, self.name, "contacts" if self.name == "customer" else "contactpersons")

    def outside_scope(self, record: Record) -> str:
        """Why an unlinked CRM record is not created in Books, as a sentence; "" if it is."""
        for name, wanted in self.create_in_books_when.items():
            value = record.scope.get(name)
            if str(value) not in wanted:
                shown = f"“{value}”" if value else "blank"
                return f"{name} is {shown}; only {' or '.join(wanted)} is created in Books"
        return ""


class Mapping(Strict):
    """The whole mapping of one connection."""

    region: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "IN"
    """The home country: how phone numbers and states without a country are read."""
    absent_custom_field: Literal["blank", "unknown"] = "blank"
    """What a custom field means that Books leaves out of `custom_fields`: UNCONFIRMED whether it leaves out blank ones.

    `blank` works either way, for metadata tells which fields have vanished; `unknown` is for an org that lists all.
    """
    entities: dict[str, EntityMapping] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _hand_down(cls, given: Any) -> Any:
        """Entities learn their name, converters that need one the region."""
        entities = given.get("entities") if isinstance(given, dict) else None
        if not isinstance(entities, dict):
            return given
        if unknown := [name for name in entities if name not in ENTITIES]:
            fix = f"use {' or '.join(ENTITIES)}"
            raise AllFound(
                [
                    Found(f"unknown entity {name}", fix, ("entities", name), "unknown_entity")
                    for name in unknown
                ]
            )
        region = given.get("region", "IN")
        return given | {"entities": {name: _entity(name, spec, region) for name, spec in entities.items()}}

    @cached_property
    def version(self) -> str:
        """Twelve hex digits of the canonical JSON: equal for equal content, however it is written."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _entity(name: str, spec: Any, region: Value) -> Any:
    if not isinstance(spec, dict):
        return spec
    fields = spec.get("fields")
    if isinstance(fields, dict):
        fields = {key: with_region(field, region) for key, field in fields.items()}
    elif isinstance(fields, (list, tuple)):
        fields = [with_region(field, region) for field in fields]
    return {"name": name} | spec | ({"fields": fields} if fields is not None else {})


_KNOWN: Final = {
    "field": tuple(name for name in FieldMapping.model_fields if name != "name"),
    "entity": tuple(name for name in EntityMapping.model_fields if name != "name"),
    "mapping": tuple(Mapping.model_fields),
}


def load_mapping(text: str, *, source: str = "mapping.yaml") -> Mapping:
    """The mapping in a YAML text; raises MappingError (a BadInputError) with every fault found."""
    try:
        tree = read_tree(text, source)
    except YamlFault as error:
        raise MappingError([error.fault]) from None
    try:
        return Mapping.model_validate(tree.data)
    except ValidationError as error:
        raise MappingError(explain(error, tree, source, _KNOWN)) from None


def preset(name: str) -> Mapping:
    """A mapping that comes with Tandem: india, uk, us or generic; raises BadInputError for any other name."""
    folder = resources.files("tandem") / "presets"
    names = sorted(
        file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")
    )
    if name not in names:
        raise BadInputError(f"there is no preset “{name}”; {nearest(name, names)}")
    return load_mapping((folder / f"{name}.yaml").read_text(encoding="utf-8"), source=f"{name}.yaml")
