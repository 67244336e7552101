"""The converters by name: how the native forms of one field on both sides relate."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Annotated, ClassVar, Final

from pydantic import Field

from tandem.core.address import Address
from tandem.core.choices import ActiveState, Checkbox, MultiSelect, Picklist
from tandem.core.conversion import ConversionError, Converter, Region, fit, plain
from tandem.core.keys import normal_email, normal_phone
from tandem.core.lookup import Lookup
from tandem.core.moments import Date, DateTime
from tandem.core.names import FullName, PersonName
from tandem.core.places import Country, State
from tandem.core.quantities import Integer, Money, Number, Percent
from tandem.core.records import Side, Value
from tandem.core.tax import TaxIdentity, TaxNumber, is_valid_number

__all__ = [
    "CONVERTERS", "ActiveState", "Address", "Checkbox", "ConversionError", "Converter", "Country", "Date", "DateTime",
    "Email", "FullName", "Integer", "LongText", "Lookup", "Money", "MultiSelect", "Number", "Percent", "PersonName",
    "Phone", "Picklist", "State", "TaxIdentity", "TaxNumber", "Text", "Url", "is_valid_number",
]  # fmt: skip

Limit = Annotated[int, Field(ge=1)] | None


class Text(Converter):
    """A single line, carried verbatim; entities, Unicode form and outer white space do not count."""

    name: ClassVar[str] = "text"

    crm_max: Limit = None
    """Most characters in CRM."""
    books_max: Limit = None
    """Most characters in Books."""

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
    lossy: ClassVar[bool] = True
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

    region: Region = "IN"
    """Home country, two letters. Default: that of the mapping."""
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


CONVERTERS: Final[Mapping[str, type[Converter]]] = {
    kind.name: kind
    for kind in (
        *(Text, LongText, Email, Phone, Url, Picklist, MultiSelect, Checkbox, ActiveState, Lookup),
        *(Number, Integer, Money, Percent, Date, DateTime),
        *(PersonName, FullName, Address, Country, State, TaxIdentity, TaxNumber),
    )
}
"""By the name that a mapping uses; a further kind of value is one class here and nothing elsewhere."""
