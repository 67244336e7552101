"""The converters by name: how the native forms of one field on both sides relate."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field

from tandem.core.address import Address
from tandem.core.conversion import SIDE_NAMES, ConversionError, Converter, fit, plain
from tandem.core.keys import normal_email, normal_phone
from tandem.core.records import Side, Value
from tandem.core.tax import TaxIdentity, is_valid_number, tax_faults

__all__ = [
    "CONVERTERS", "Address", "Checkbox", "ConversionError", "Converter", "Email", "LongText", "PersonName", "Phone",
    "Picklist", "TaxIdentity", "Text", "Url", "is_valid_number", "tax_faults",
]  # fmt: skip

Limit = Annotated[int, Field(ge=1)] | None


class Text(Converter):
    """A single line, carried verbatim; entities, Unicode form and outer white space do not count."""

    name: ClassVar[str] = "text"

    crm_max: Limit = None
    books_max: Limit = None

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        return plain(native) or None

    def _translate(self, source: Side, native: Value) -> Value:
        limit = self.books_max if source is Side.CRM else self.crm_max
        return fit(str(native), limit, source.other)


class LongText(Text):
    """Several lines; the kind of line end and white space at their ends do not count."""

    name: ClassVar[str] = "long_text"

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        lines = plain(native).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "\n".join(line.rstrip() for line in lines) or None


class Email(Text):
    """An e-mail address; case does not count. Books takes 100 characters, so does CRM (dossiers books §3, crm §9)."""

    name: ClassVar[str] = "email"
    never_blank: ClassVar[bool] = True

    crm_max: Limit = 100
    books_max: Limit = 100

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        return normal_email(str(native)) or None


class Phone(Text):
    """A phone number, carried verbatim and compared as E.164 with `region` as default.

    CRM takes 30 characters, Books 50 (dossiers crm §10, books §2).
    """

    name: ClassVar[str] = "phone"
    lossy: ClassVar[bool] = True

    region: str = "IN"
    crm_max: Limit = 30
    books_max: Limit = 50

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        text = plain(native)
        return normal_phone(text, self.region) if text else None


_URL = re.compile(r"(?:https?://)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


class Url(Text):
    """A web address, carried verbatim; scheme, a slash at the end and the case of the host do not count."""

    name: ClassVar[str] = "url"
    lossy: ClassVar[bool] = True

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        match = _URL.fullmatch(plain(native))
        host, rest = match.groups() if match else ("", "")
        return (host.casefold() + rest).rstrip("/") or None


def _table(given: Any) -> Any:
    """A list of values stands for a table of the same values on both sides."""
    return {value: value for value in given} if isinstance(given, list) else given


def _one_to_one(table: dict[str, str]) -> dict[str, str]:
    """Each Books value may stand for one CRM value only, or the way back would be a guess."""
    seen: dict[str, str] = {}
    for crm, books in table.items():
        if books in seen:
            raise ValueError(f"“{books}” of Books stands for both “{seen[books]}” and “{crm}” of CRM")
        seen[books] = crm
    return table


class Picklist(Converter):
    """A value out of a table CRM -> Books; `values` is the table, or a list when both sides say the same."""

    name: ClassVar[str] = "picklist"

    values: Annotated[dict[str, str], BeforeValidator(_table), AfterValidator(_one_to_one)] = Field(
        min_length=1
    )

    @cached_property
    def _back(self) -> dict[str, str]:
        return {books: crm for crm, books in self.values.items()}

    def _key(self, side: Side, native: Value) -> Hashable:
        text = plain(native)
        if not text or text == "-None-":
            return None
        if side is Side.BOOKS:
            return self._back.get(text) or (side, text)
        return text if text in self.values else (side, text)

    def _translate(self, source: Side, native: Value) -> Value:
        table = self.values if source is Side.CRM else self._back
        try:
            return table[plain(native)]
        except KeyError:
            sides = SIDE_NAMES[source], SIDE_NAMES[source.other]
            raise ConversionError(
                message=f"“{native}” of {sides[0]} has no counterpart in {sides[1]}; add it to the mapping's table"
            ) from None


_CHECKED: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "1", "on"), True),
    **dict.fromkeys(("false", "no", "0", "off"), False),
}


class Checkbox(Converter):
    """True or false in any of the usual spellings; a blank box is blank, not false."""

    name: ClassVar[str] = "checkbox"

    def _key(self, side: Side, native: Value) -> Hashable:
        text = plain(native).casefold()
        return _CHECKED.get(text, (side, text)) if text else None

    def _translate(self, source: Side, native: Value) -> Value:
        checked = _CHECKED.get(plain(native).casefold())
        if checked is None:
            raise ConversionError(message=f"“{native}” of {SIDE_NAMES[source]} is neither true nor false")
        return checked


class PersonName(Converter):
    """First and last name as one value; CRM needs a last name, Books a first: a single name is the same on both.

    CRM takes 40 and 80 characters, Books 100 each (dossiers crm §9, books §3).
    """

    name: ClassVar[str] = "person_name"
    never_blank: ClassVar[bool] = True
    parts: ClassVar[Mapping[Side, tuple[str, ...]]] = {
        Side.CRM: ("first", "last"),
        Side.BOOKS: ("first", "last"),
    }

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        return tuple(name for name in (_name(native, "first"), _name(native, "last")) if name) or None

    def _translate(self, source: Side, native: Value) -> Value:
        first, last = (native.get(part) if _name(native, part) else None for part in ("first", "last"))
        if not (first and last):
            alone = first or last
            first, last = (alone, None) if source is Side.CRM else (None, alone)
        limits = (100, 100) if source is Side.CRM else (40, 80)
        fit(first or "", limits[0], source.other, "the first name")
        fit(last or "", limits[1], source.other, "the last name")
        return {"first": first, "last": last}


def _name(native: Value, part: str) -> str:
    return unicodedata.normalize("NFC", plain(native.get(part) or ""))


CONVERTERS: Final[Mapping[str, type[Converter]]] = {
    kind.name: kind
    for kind in (Text, LongText, Email, Phone, Url, Picklist, Checkbox, PersonName, Address, TaxIdentity)
}
"""By the name that a mapping uses; a further kind of value is one class here and nothing elsewhere."""
