"""Names of people: in two parts, or in one text."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Mapping
from typing import ClassVar

from tandem.core.conversion import Converter, fit, plain, spaced
from tandem.core.records import Side, Value


class PersonName(Converter):
    """First and last name as one value; CRM needs a last name, Books a first: a single name is the same on both.

    CRM takes 40 and 80 characters, Books 100 each (dossiers crm §9, books §3).
    """

    name: ClassVar[str] = "person_name"
    lossy: ClassVar[bool] = True
    is_key: ClassVar[bool] = False
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


class FullName(Converter):
    """First and last name in CRM, one text in Books; the last word is the last name.

    Where a name is split does not count, so a first name of two words survives: only an edit in Books splits anew.
    CRM takes 40 and 80 characters (dossier crm §9).
    """

    name: ClassVar[str] = "full_name"
    is_key: ClassVar[bool] = False
    lossy: ClassVar[bool] = True
    loses: ClassVar[frozenset[Side]] = frozenset(Side)
    never_blank: ClassVar[bool] = True
    parts: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.CRM: ("first", "last"), Side.BOOKS: ("full",)}

    def _key(self, side: Side, native: Value) -> Hashable:
        return spaced(" ".join(str(native.get(part) or "") for part in self.parts[side])) or None

    def _translate(self, source: Side, native: Value) -> Value:
        full = str(self.key(source, native))
        if source is Side.CRM:
            return {"full": fit(full, 200, Side.BOOKS, "the name")}
        first, _, last = full.rpartition(" ")
        fit(first, 40, Side.CRM, "the first name")
        fit(last, 80, Side.CRM, "the last name")
        return {"first": first or None, "last": last}
