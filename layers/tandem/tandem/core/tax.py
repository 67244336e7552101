"""The tax identity: number, treatment and place, one value owned by the ledger (design, traps decided)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field
from stdnum import exceptions as faults
from stdnum import luhn
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat
from stdnum.in_ import gstin, pan
from stdnum.us import ein

from tandem.core.conversion import SIDE_NAMES, ConversionError, Converter, Region, plain, spaced
from tandem.core.records import Side, Value
from tandem.core.regions import state_code, state_name

if TYPE_CHECKING:
    pass

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NEWER_STATES = frozenset({"38", "97"})
"""Ladakh (2019) and Other Territory: valid in a GSTIN, unknown to python-stdnum 2.2."""


class TaxIdentity(Converter):
    """The set `number`, `treatment`, `place`; the last two may be left out of the mapping.

    A number that its check digit refutes, a treatment that does not go with it, or a state that contradicts it or the
    billing address is held, never sent. Spaces in the number and name or code of the state do not count.
    """

    name: ClassVar[str] = "tax_identity"
    is_key: ClassVar[bool] = False
    lossy: ClassVar[bool] = True
    never_blank: ClassVar[bool] = True
    parts: ClassVar[Mapping[Side, tuple[str, ...]]] = {
        Side.CRM: ("number", "treatment", "place"),
        Side.BOOKS: ("number", "treatment", "place"),
    }
    optional_parts: ClassVar[frozenset[str]] = frozenset({"treatment", "place"})

    scheme: Literal["gstin", "gb_vat", "none"] = "none"
    """Which number it is: `gstin`, `gb_vat` or `none`."""
    region: Region = "IN"
    """Home country, two letters. Default: that of the mapping."""
    treatments: dict[str, str] = Field(default_factory=dict)
    """The table CRM label: Books code."""
    registered: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The Books codes that need a number."""
    place: Literal["code", "name"] = "code"
    """How CRM writes the state, `code` or `name`; Books always takes its code."""

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {code: label for label, code in self.treatments.items()}

    def number(self, native: Value) -> str:
        """The tax number in its normal form, "" if blank."""
        text = "".join(c for c in plain((native or {}).get("number") or "").upper() if c.isalnum())
        return text.removeprefix("GB") if self.scheme == "gb_vat" else text

    def treatment(self, side: Side, native: Value) -> str | None:
        """The Books code of the treatment; None if blank or outside the table."""
        text = plain((native or {}).get("treatment") or "")
        if side is Side.CRM:
            return self.treatments.get(text)
        return text if text in self._labels else None

    def place_code(self, native: Value) -> str | None:
        """The state's code; None if blank or unknown."""
        return state_code(spaced((native or {}).get("place") or ""), self.region)

    def _key(self, side: Side, native: Value) -> Hashable:
        treatment = self.treatment(side, native) or (side, plain(native.get("treatment") or ""))
        if treatment == (side, "") or (side is Side.CRM and treatment == (side, "-None-")):
            treatment = ""
        place = self.place_code(native) or spaced(native.get("place") or "")
        key = (self.number(native), treatment, place)
        return key if any(key) else None

    def _translate(self, source: Side, native: Value) -> Value:
        return {
            "number": self.number(native) or None,
            "treatment": self._other_treatment(source, native),
            "place": self._other_place(source, native),
        }

    def _other_treatment(self, source: Side, native: Value) -> str | None:
        text = plain(native.get("treatment") or "")
        if not text or (source is Side.CRM and text == "-None-"):
            return None
        code = self.treatment(source, native)
        if code is None:
            raise ConversionError(
                message=f"the tax treatment “{text}” of {SIDE_NAMES[source]} is not in the mapping's table"
            )
        return code if source is Side.CRM else self._labels[code]

    def _other_place(self, source: Side, native: Value) -> str | None:
        text = spaced(native.get("place") or "")
        if not text:
            return None
        code = state_code(text, self.region)
        if code is None:
            raise ConversionError(message=f"the place “{text}” is neither the code nor the name of a state")
        if source is Side.BOOKS and self.place == "name":
            return state_name(code, self.region)
        is_code = len(text) == len(code) and not text.isdigit()
        return text.upper() if is_code else code


class TaxNumber(Converter):
    """One number of the authorities, with its check digit where it has one: PAN, GSTIN, VAT number, EIN.

    Spaces, hyphens and case do not count. A number that its own form refutes is held, never sent.
    """

    name: ClassVar[str] = "tax_number"
    lossy: ClassVar[bool] = True
    never_blank: ClassVar[bool] = True

    scheme: Literal["pan", "gstin", "gb_vat", "eu_vat", "ein"]
    """`pan`, `gstin`, `gb_vat`, `eu_vat` or `ein`."""

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        return "".join(c for c in plain(native).upper() if c.isalnum()) or None

    def _translate(self, source: Side, native: Value) -> Value:
        number = str(self.key(source, native))
        if not _NUMBERS[self.scheme](number):
            raise ConversionError(
                message=f"“{native}” of {SIDE_NAMES[source]} is no {self.scheme}: its length, form or check digit is "
                "wrong"
            )
        return number


def is_valid_number(scheme: str, number: str, treatment: str | None = None) -> bool:
    """Whether the number passes its country's form and check digit (python-stdnum); foreign ones pass."""
    if scheme == "gstin":
        return _is_gstin(number)
    if scheme == "gb_vat" and treatment in (None, "uk"):
        return gb_vat.is_valid(number)
    return scheme != "gb_vat" or treatment != "eu_vat_registered" or eu_vat.is_valid(number)


def _is_gstin(number: str) -> bool:
    try:
        gstin.validate(number)
    except faults.InvalidComponent:
        newer = number[:2] in _NEWER_STATES and number[12] != "0" and number[13] == "Z"
        return newer and pan.is_valid(number[2:12]) and luhn.is_valid(number, _ALPHABET)
    except faults.ValidationError:
        return False
    return True


_NUMBERS: Mapping[str, Callable[[str], bool]] = {
    "pan": pan.is_valid,
    "gstin": _is_gstin,
    "gb_vat": gb_vat.is_valid,
    "eu_vat": eu_vat.is_valid,
    "ein": ein.is_valid,
}
