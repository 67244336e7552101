"""One field of a mapping: its attributes on both sides, its converter and its policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tandem.core.conversion import SIDE_NAMES, ConversionError
from tandem.core.converters import CONVERTERS, Converter
from tandem.core.lookup import UNKNOWN_KINDS, Kinds, Lookup
from tandem.core.mapping_faults import AllFound, Found, fix_of, nearest, wording
from tandem.core.records import Side, Value

_CRM_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_BOOKS_PATH: Final = re.compile(r"[a-z][a-z0-9_]{0,99}(\.[a-z][a-z0-9_]{0,99})?")


def _named_by(pattern: re.Pattern[str], example: str) -> BeforeValidator:
    def check(given: Any) -> Any:
        names = list(given.values()) if isinstance(given, dict) else [given]
        if not names or not all(isinstance(name, str) and pattern.fullmatch(name) for name in names):
            raise Found(f"must be an API name such as {example}, or part: API name", f"write e.g. {example}")
        return given

    return BeforeValidator(check)


CrmName = Annotated[str, _named_by(_CRM_NAME, "Account_Name")]
CrmNames = Annotated[str | dict[str, str], _named_by(_CRM_NAME, "Account_Name")]
BooksName = Annotated[str, _named_by(_BOOKS_PATH, "cf_crm_account_id")]
BooksPaths = Annotated[str | dict[str, str], _named_by(_BOOKS_PATH, "billing_address.phone")]


class Strict(BaseModel):
    """Refuses unknown keys and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Scalar = str | int | bool


class Default(Strict):
    """The value that a create writes where the other side is blank, by side, in that side's own form."""

    crm: Scalar | None = None
    books: Scalar | None = None

    def on(self, side: Side) -> Scalar | None:
        """The value for `side`, or None."""
        return self.crm if side is Side.CRM else self.books


class FieldMapping(Strict):
    """One field: its attributes on both sides and its policies."""

    name: str
    """Its key in the file."""
    crm: CrmNames
    """API name, or part: API name for a set."""
    books: BooksPaths
    """API name (`cf_...` for custom fields), `billing_address.phone`, or part: name for a set."""
    converter: str = "text"
    """How both forms relate, see below."""
    args: dict[str, Any] = Field(default_factory=dict)
    """The converter's arguments."""
    direction: Literal["both", "to_books", "to_crm"] = "both"
    """`both`, `to_books` or `to_crm`."""
    owner: Literal["crm", "books"] = "crm"
    """Whose value stands when both sides changed it: `crm` or `books`. Default: `crm`; of a one-way field its source;
    of a tax identity `books`."""
    conflict: Literal["owner", "newest", "hold"] = "owner"
    """`owner`; `hold`: a person decides; `newest`: the later edit *of this field*, by the times at which Tandem first
    saw each one settled (2 s old); a time that is not known, or the same second: the owner. Default: `owner`; of a tax
    identity `hold`."""
    drift: Literal["report", "put_back"] = "report"
    """A one-way field edited where it is only written: `report` holds it, `put_back` writes the source's
    value again."""
    first_link: Literal["hold", "books", "crm"] = "hold"
    """Two different values at the first link: `hold`, or `crm` or `books` wins."""
    never_blank: bool = False
    """A clear is not sent to Books. Default: `true` for e-mails, persons' names, addresses, tax numbers and identities,
    and `contact_name`, `currency_id`, `payment_terms`."""
    never_blank_crm: bool = False
    """A clear is not sent to CRM."""
    default: Default = Default()
    """What a create writes where the other side is blank: `crm` and `books`, each in that side's own form. A two-way
    default comes back to the blank side; of a one-way field it stands until the source has a value. Default: none."""
    crm_may: Literal["edit", "fill_blank"] = "edit"
    """`edit`; `fill_blank`: CRM only fills what is blank in Books, a later CRM change is held. Default: `edit`; of a
    tax identity `fill_blank`."""
    written: Literal["always", "on_create"] = "always"
    """`always`; `on_create`: only a new record, or one that is blank there, gets it; a later edit is held. For a
    currency, which Books fixes with the first transaction."""

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, given: Any) -> Any:
        """Defaults that follow from the converter and the direction."""
        if not isinstance(given, dict):
            return given
        one_way = {"to_crm": "books", "to_books": "crm"}.get(str(given.get("direction")))
        is_tax = given.get("converter") == "tax_identity"
        ledger = {"owner": "books", "crm_may": "fill_blank", "conflict": "hold"} if is_tax else {}
        return {"never_blank": _never_blank(given)} | ledger | ({"owner": one_way} if one_way else {}) | given

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if faults := list(self._faults()):
            raise AllFound(faults)
        return self

    def _faults(self) -> Iterator[Found]:
        source = {"to_books": "crm", "to_crm": "books"}.get(self.direction)
        if source and self.owner != source:
            yield Found(
                f"owner {self.owner} contradicts direction {self.direction}", f"write {source}", ("owner",),
                "owner_contradicts_direction",
            )  # fmt: skip
        if source and self.conflict == "newest":
            fix = "leave it out: its source wins"
            yield Found("conflict newest on a one-way field", fix, ("conflict",), "policy_contradiction")
        if not source and self.drift != "report":
            fix = "leave it out, or give a direction"
            yield Found("drift is for one-way fields", fix, ("drift",), "policy_contradiction")
        if self.converter not in CONVERTERS:
            fix = nearest(self.converter, list(CONVERTERS))
            yield Found(f"unknown converter {self.converter}", fix, ("converter",), "unknown_converter")
            return
        try:
            _ = self.convert
        except ValidationError as error:
            yield from _bad_args(error, CONVERTERS[self.converter])
            return
        for side in Side:
            yield from self._part_faults(side, CONVERTERS[self.converter])
            yield from self._default_faults(side)

    def _default_faults(self, side: Side) -> Iterator[Found]:
        value, at = self.default.on(side), ("default", side.value)
        if value is None:
            return
        if self.convert.parts:
            yield Found(
                "a set has no default", "take it out; what is blank stays blank", at, "policy_contradiction"
            )
        elif not self.may_write(side):
            message = f"direction {self.direction} never writes {SIDE_NAMES[side]}"
            yield Found(message, "take the default out", at, "policy_contradiction")
        elif problem := self._unfit(side, value):
            yield Found(problem, "write a value that the converter takes on that side", at, "bad_default")

    def _unfit(self, side: Side, value: Scalar) -> str:
        try:
            is_blank = self.convert.key(side, value) is None
            self.convert.translate(side, value)
        except ConversionError as error:
            return error.message
        return "a default that is blank" if is_blank else ""

    def _part_faults(self, side: Side, kind: type[Converter]) -> Iterator[Found]:
        needed = set(kind.parts.get(side, ()))
        given = set(self.parts(side) or ())
        if given - needed:
            fix = f"its parts are {', '.join(kind.parts[side])}" if needed else "give one API name"
            extra = ", ".join(sorted(given - needed))
            yield Found(f"{extra}: no part of a {self.converter}", fix, (side.value,), "bad_arguments")
        if missing := needed - given - kind.optional_parts:
            yield Found(
                f"part of a set mapped alone: {', '.join(sorted(missing))} of {self.converter} is missing",
                "map every part, the set travels whole", (side.value,), "set_incomplete",
            )  # fmt: skip

    def parts(self, side: Side) -> dict[str, str] | None:
        """Part -> attribute of `side` for a set, None for a single value."""
        given = self.crm if side is Side.CRM else self.books
        return given if isinstance(given, dict) else None

    def attributes(self, side: Side) -> tuple[str, ...]:
        """Every API name (CRM) or path (Books) that the field stands in."""
        given = self.crm if side is Side.CRM else self.books
        return (given,) if isinstance(given, str) else tuple(given.values())

    def may_write(self, side: Side) -> bool:
        """The direction allows to write `side`."""
        return self.direction in ("both", f"to_{side.value}")

    def keeps(self, side: Side) -> bool:
        """A clear is not sent to `side`."""
        return self.never_blank if side is Side.BOOKS else self.never_blank_crm

    def knowing(self, linked: Mapping[str, Mapping[str, str]], kinds: Kinds = UNKNOWN_KINDS) -> Self:
        """A copy whose lookup translates by the links of its entity: entity -> CRM id -> Books id.

        `kinds`: what records are linked as. Any other field is as it was.
        """
        if not isinstance(self.convert, Lookup):
            return self
        links = linked.get(self.convert.entity, {})
        return self.model_copy(update={"convert": self.convert.knowing(links, kinds)})

    @cached_property
    def convert(self) -> Converter:
        """The converter that relates both sides."""
        return CONVERTERS[self.converter].model_validate(self.args)


def _never_blank(given: dict[str, Any]) -> bool:
    kind = CONVERTERS.get(str(given.get("converter")))
    books = given.get("books")
    return (kind is not None and kind.never_blank) or books in (
        "contact_name",
        "currency_id",
        "payment_terms",
    )


def _bad_args(error: ValidationError, kind: type[Converter]) -> Iterator[Found]:
    takes = ", ".join(kind.model_fields) or "none"
    for item in error.errors(include_url=False):
        found = item.get("ctx", {}).get("error")
        is_known = bool(item["loc"]) and item["loc"][0] in kind.model_fields
        known = f"the arguments of {kind.name} are: {takes}"
        yield Found(
            f"{kind.name}: {wording(item)}",
            found.fix if isinstance(found, Found) else fix_of(item, known) if is_known else known,
            ("args", *item["loc"]),
            found.kind if isinstance(found, Found) else "bad_arguments",
        )


def with_region(field: Any, region: Value) -> Any:
    """The field as written, with the mapping's home country as argument where its converter takes one."""
    kind = CONVERTERS.get(str(field.get("converter"))) if isinstance(field, dict) else None
    if kind is None or "region" not in kind.model_fields or not isinstance(field.get("args", {}), dict):
        return field
    return field | {"args": {"region": region} | field.get("args", {})}
