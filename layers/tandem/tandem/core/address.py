"""An address: one value with other parts on each side, merged, held and written whole."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar

from tandem.core.conversion import Converter, Region, fit, plain, spaced
from tandem.core.records import Side, Value
from tandem.core.regions import country_code, state_code

CRM_LIMITS: Mapping[str, int] = {"street": 250}
"""Dossier crm §9: Billing_Street 250; the other parts are left to the org's metadata."""
BOOKS_LIMITS: Mapping[str, int] = {
    "address": 500, "street2": 255, "city": 100, "state": 100, "zip": 50, "country": 100
}  # fmt: skip
"""Dossier books §2."""


class Address(Converter):
    """CRM street, city, state, zip, country <-> Books address, street2, city, state, zip, country.

    The first street line is Books' `address`, the rest is `street2`. White space and line ends do not count,
    case does; state and country are compared by name or code, a blank country reads states as of `region`.
    """

    name: ClassVar[str] = "address"
    lossy: ClassVar[bool] = True
    is_key: ClassVar[bool] = False
    never_blank: ClassVar[bool] = True
    parts: ClassVar[Mapping[Side, tuple[str, ...]]] = {
        Side.CRM: ("street", "city", "state", "zip", "country"),
        Side.BOOKS: ("address", "street2", "city", "state", "zip", "country"),
    }

    region: Region = "IN"
    """Home country, two letters. Default: that of the mapping."""

    def _key(self, side: Side, native: Value) -> Hashable:
        street = spaced("\n".join(_lines(side, native)))
        country = spaced(native.get("country") or "")
        code = country_code(country) or country
        state = spaced(native.get("state") or "")
        state = state_code(state, code or self.region) or state
        key = (street, spaced(native.get("city") or ""), state, spaced(native.get("zip") or ""), code)
        return key if any(key) else None

    def _translate(self, source: Side, native: Value) -> Value:
        lines = _lines(source, native)
        if source is Side.CRM:
            street = {"address": lines[0] if lines else None, "street2": "\n".join(lines[1:]) or None}
            limits = BOOKS_LIMITS
        else:
            street = {"street": "\n".join(lines) or None}
            limits = CRM_LIMITS
        rest = {part: native.get(part) or None for part in ("city", "state", "zip", "country")}
        moved = street | rest
        for part, text in moved.items():
            fit(text or "", limits.get(part), source.other, f"the address part {part}")
        return moved


def _lines(side: Side, native: Value) -> list[str]:
    """The street as lines that are not blank, trimmed."""
    parts = ("street",) if side is Side.CRM else ("address", "street2")
    text = "\n".join(str(native.get(part) or "") for part in parts)
    return [line.strip() for line in text.splitlines() if plain(line)]
