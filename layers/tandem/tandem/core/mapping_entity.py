"""One kind of record in the mapping: where it lives, what is created of it, what proves a pair, and its fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from tandem.core.conversion import SIDE_NAMES
from tandem.core.entities import INDIVIDUAL, KINDS, PERSON, Kind
from tandem.core.lookup import UNKNOWN_KINDS, Kinds, Lookup
from tandem.core.mapping_faults import AllFound, Found
from tandem.core.mapping_field import BooksName, CrmName, FieldMapping, Scalar, Strict
from tandem.core.mapping_section import faults_of_section
from tandem.core.records import Record, Side, Value, is_blank
from tandem.core.yamltree import Path

MAX_CRM_FIELDS: Final = 50
"""CRM answers at most 50 fields a call (dossier crm §2)."""
CRM_SYSTEM_FIELDS: Final = ("id", "Modified_Time", "Modified_By", "Created_Time")
"""Read with every record beside the mapped ones; the client adds them."""
MOST_FIELDS: Final = MAX_CRM_FIELDS - len(CRM_SYSTEM_FIELDS)
"""What a mapping may name of one module."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Where an entity lives on one side.

    CRM: `module` = Accounts/Contacts/..., `fields` = API names to read (system fields are added by the
    client), `parent_field` = the lookup to the parent (`Account_Name`). Books: `module` = contacts,
    contactpersons or items; `fields` is empty (Books answers everything). `lookups`: those among `fields`.
    """

    side: Side
    entity: str
    module: str
    fields: tuple[str, ...] = ()
    parent_field: str | None = None
    lookups: tuple[str, ...] = ()


Values = Annotated[tuple[Scalar, ...], Field(min_length=1)]


class Constants(Strict):
    """What a create writes beside the mapped fields, by attribute; an update leaves it alone."""

    crm: dict[CrmName, Scalar] = Field(default_factory=dict)
    books: dict[BooksName, Scalar] = Field(default_factory=dict)

    def of(self, side: Side) -> dict[str, Scalar]:
        """Attribute -> value on `side`."""
        return self.crm if side is Side.CRM else self.books


class EntityMapping(Strict):
    """One kind of record on both sides."""

    name: Literal["customer", "contact_person", "individual", "vendor", "item"]
    """Its key in the file; not written again."""
    enabled: bool = True
    """`false`: its records are left alone; what is linked stays linked. `customer` cannot be off."""
    crm_module: CrmName
    """`Accounts`, of `contact_person` `Contacts`, of `vendor` `Vendors`, of `item` `Products`."""
    crm_stamp: CrmName
    """CRM's unique text field for the Books id."""
    books_stamp: BooksName | None = None
    """Books' unique custom field for the CRM id; persons have none (dossier books §4)."""
    create_in_books: bool = True
    """`false`: nothing is created in Books, whatever CRM has; what is on both sides is linked. Default: `true`; of
    `item` `false`."""
    create_in_books_when: dict[CrmName, Values] = Field(default_factory=dict)
    """CRM field and values: only such records are *created* in Books. Linked ones always sync. Default: all."""
    create_in_crm_when: dict[BooksName, Values] = Field(default_factory=dict)
    """Books attribute and values: only such records are *created* in CRM. Default: all."""
    delete: Literal["deactivate", "keep", "hold"] = "deactivate"
    """Of a record deleted in CRM: `deactivate` makes Books' inactive, `keep` leaves it as it is, `hold`: a person
    decides. Default: `deactivate`; of `contact_person`, which Books cannot make inactive, `keep`."""
    without_account: Literal["leave_out", "hold", "individual_customer"] = "leave_out"
    """A Contact without an Account: `leave_out` counts it, `hold` asks a person, `individual_customer` makes it a Books
    customer of its own by the entity `individual`; one that gets an Account later is held."""
    match_by: tuple[str, ...] = ()
    """What proves, beside the stamp, that two records belong together: `tax_number`, `email` (of a customer together
    with a similar name), `name` (of a person within its customer), or a mapped field with a value of its own for each
    record. What is left out only looks alike, and is held. Default: `tax_number`, `email`; of `contact_person`
    `email`, `name`; of `item` `sku`."""
    primary_person_field: CrmName | None = None
    """The check box that makes a Contact the first, and so the primary, person of a new Books customer. Default: none:
    the oldest with an e-mail."""
    parent_field: CrmName | None = None
    """The lookup of a person to its Account; needed for `contact_person`."""
    vendor_field: CrmName | None = None
    """The lookup of a person to its Vendor: a Contact that names one, and no Account, is that vendor's person, left out
    and counted as such. `none`: it is not looked at. Default: `Vendor_Name` where `without_account` is `hold` or
    `individual_customer`, else `none`."""
    currency_field: CrmName | None = None
    """CRM's currency field, where there are several currencies: another currency is never linked."""
    email_field: CrmName | None = None
    """CRM's own e-mail of the record, for matching alone: Books shows that of its primary person. Default: none; an
    Account is known by its Contacts' e-mails."""
    constants: Constants = Constants()
    """What a create writes beside the mapped fields: `crm` and `books`, each attribute: value. An update leaves it
    alone. Of an attribute that a field only reads there: what a create writes where the other side is blank, else its
    value. Default: none."""
    fields: tuple[FieldMapping, ...] = Field(min_length=1)
    """Name -> field. One is called `name`. At most 46 CRM fields with stamp, parent and scope."""

    _beside: tuple[str, ...] = PrivateAttr(default=())
    """CRM attributes of the entity that shares the module: one read serves both."""
    _lookups_beside: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="before")
    @classmethod
    def _name_fields(cls, given: Any) -> Any:
        """In the file `fields` is name -> field; what is not said depends on the entity."""
        if not isinstance(given, dict):
            return given
        if kind := KINDS.get(str(given.get("name"))):
            own = {"match_by": kind.proofs, "delete": kind.delete, "create_in_books": kind.create_in_books}
            given = own | given
        fields = given.get("fields")
        if not isinstance(fields, dict):
            if "fields" in given and not isinstance(fields, tuple):
                fix = "write name: {crm: ..., books: ...} below it, a line for each field"
                raise AllFound([Found("must be a table of keys", fix, ("fields",), "wrong_type")])
            return given
        if faults := [*renamed(fields, ("fields",))]:
            raise AllFound(faults)
        named = [{"name": name} | spec if isinstance(spec, dict) else spec for name, spec in fields.items()]
        return given | {"fields": named}

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if faults := list(faults_of_section(self, MOST_FIELDS)):
            raise AllFound(faults)
        return self

    @property
    def kind(self) -> Kind:
        """What Tandem knows of this entity beside the file."""
        return KINDS[self.name]

    @cached_property
    def state(self) -> FieldMapping | None:
        """The field that carries whether a record is active; None where that is no value of the mapping."""
        return next((field for field in self.fields if field.convert.alone), None)

    @property
    def is_person(self) -> bool:
        """A person belongs to a customer and has no list of its own in Books; every other entity stands alone."""
        return self.name == PERSON

    @property
    def vendor_lookup(self) -> str | None:
        """The lookup to a Vendor that is read with a Contact; None where nothing hangs on it."""
        is_asked = self.name == INDIVIDUAL or (self.is_person and self.without_account != "leave_out")
        named = self.vendor_field or ("Vendor_Name" if is_asked else "none")
        return None if named == "none" else named

    def find(self, name: str) -> FieldMapping | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def field(self, name: str) -> FieldMapping:
        """The field of that name; KeyError if there is none."""
        if (found := self.find(name)) is None:
            raise KeyError(name)
        return found

    def of_attribute(self, books: str) -> FieldMapping | None:
        """The field that stands in this attribute of Books, whatever the file calls it; or None."""
        return next((field for field in self.fields if books in field.attributes(Side.BOOKS)), None)

    def calls(self, names: Collection[str]) -> list[list[str]]:
        """The fields of one write to Books as it takes them: some alone, those of the primary person, the rest."""
        alone = sorted(name for name in names if self.field(name).convert.alone)
        person = [name for name in names if self.goes_apart(name) and name not in alone]
        rest = [name for name in names if not self.goes_apart(name)]
        return [part for part in ([one] for one in alone) if part] + [part for part in (person, rest) if part]

    def goes_apart(self, name: str) -> bool:
        """Books takes the field by another call than that of the record's own values."""
        mapped = self.field(name)
        return mapped.convert.alone or self.kind.of_primary.issuperset(mapped.attributes(Side.BOOKS))

    @cached_property
    def own_keys(self) -> tuple[FieldMapping, ...]:
        """The fields that the mapping calls match keys."""
        return tuple(
            field
            for field in self.fields
            if field.name in self.match_by and field.name not in self.kind.words
        )

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
        own = [
            self.crm_stamp,
            self.parent_field,
            self.vendor_lookup,
            self.primary_person_field,
            self.currency_field,
            self.email_field,
        ]
        return tuple(dict.fromkeys([*mapped, *(name for name in own if name), *self.create_in_books_when]))

    @cached_property
    def lookups(self) -> tuple[tuple[FieldMapping, Lookup], ...]:
        """The fields that lead to another record, with what they lead to."""
        return tuple((field, field.convert) for field in self.fields if isinstance(field.convert, Lookup))

    @cached_property
    def crm_lookups(self) -> tuple[str, ...]:
        """The CRM lookups beside the parent's whose id counts."""
        mapped = [name for field, _ in self.lookups for name in field.attributes(Side.CRM)]
        return (*mapped, *filter(None, [self.vendor_lookup]))

    def knowing(self, linked: ReadOnly[str, ReadOnly[str, str]], kinds: Kinds = UNKNOWN_KINDS) -> Self:
        """A copy whose lookups translate by the links of their entities: entity -> CRM id -> Books id.

        `kinds`: what the records that they lead to are linked as.
        """
        fields = tuple(field.knowing(linked, kinds) for field in self.fields)
        known = self.model_copy(update={"fields": fields})
        known.__dict__.pop("lookups", None)  # a copy keeps what was worked out of the old fields
        return known

    def resource(self, side: Side) -> Resource:
        """Where the entity lives on `side`."""
        if side is Side.CRM:
            fields = tuple(dict.fromkeys([*self.crm_fields, *self._beside]))
            lookups = tuple(dict.fromkeys([*self.crm_lookups, *self._lookups_beside]))
            return Resource(side, self.name, self.crm_module, fields, self.parent_field, lookups)
        return Resource(side, self.name, self.kind.books_module)

    def outside_scope(self, record: Record) -> str:
        """Why an unlinked record is not created on the other side, as a sentence; "" if it is."""
        if record.side is Side.CRM and not self.create_in_books:
            return f"create_in_books of {self.name} is false"
        if self.name == INDIVIDUAL and record.vendor:
            return "it names a Vendor and no Account"
        shown, own = record.scope.get("contact_type"), self.kind.new_in_books.get("contact_type")
        if record.side is Side.BOOKS and shown and own and shown != own:
            return f"it is a {shown} in Books, not a {own}"
        for name, wanted in self.create_when(record.side.other).items():
            value = record.scope.get(name)
            if _said(value) not in [_said(one) for one in wanted]:
                shown = "blank" if is_blank(value) else f"“{_said(value)}”"
                only = " or ".join(map(_said, wanted))
                return f"{name} is {shown}; only {only} is created in {SIDE_NAMES[record.side.other]}"
        return ""

    def creates_with(self, field: FieldMapping, side: Side) -> bool:
        """A create on `side` carries the field: it may be written there, or a constant stands in where it is blank."""
        return field.may_write(side) or not self.constants.of(side).keys().isdisjoint(field.attributes(side))

    def create_when(self, side: Side) -> dict[str, Values]:
        """Which records of the other side are created on `side`: attribute -> values."""
        return self.create_in_books_when if side is Side.BOOKS else self.create_in_crm_when


def renamed(section: ReadOnly[str, Any], path: Path) -> Iterator[Found]:
    """A name is the key of its table, and not written again."""
    for key, spec in section.items():
        if isinstance(spec, dict) and spec.get("name", key) != key:
            yield Found(
                "unknown key name", f"remove it: it is called {key}", (*path, key, "name"), "unknown_key"
            )


def _said(value: Value) -> str:
    """A value of a filter as text; true and false as YAML spells them, however a side does."""
    text = str(value)
    return text.casefold() if text.casefold() in ("true", "false") else text
