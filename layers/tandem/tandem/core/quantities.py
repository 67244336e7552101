"""Numbers: whole, decimal, money and percent. Decimal throughout, no float and no rounding anywhere (P15)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, model_validator

from tandem.core.conversion import SIDE_NAMES, ConversionError, Converter, plain
from tandem.core.records import Side, Value

_LARGEST = Decimal(10) ** 16
"""Both products show numbers as JSON numbers, which many readers keep to 16 digits."""


class Number(Converter):
    """A decimal number of at most 16 digits before the point; `1.50` and `1.5` are the same value.

    One with more places is held, never rounded.
    """

    name: ClassVar[str] = "decimal"

    places: Annotated[int, Field(ge=0, le=9)] = 9
    """Digits after the point, at most 9 (dossier crm §9, `decimal_place`)."""

    def _key(self, side: Side, native: Value) -> Hashable:
        number = self._read(native)
        return (side, plain(native)) if number is None else number

    def _translate(self, source: Side, native: Value) -> Value:
        number = self._read(native)
        if number is None:
            raise ConversionError(
                message=f"“{native}” of {SIDE_NAMES[source]} is no number; write digits and a point"
            )
        if abs(number) >= _LARGEST:
            raise ConversionError(message=f"{SIDE_NAMES[source]} shows a number of more than 16 digits")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > self.places:
            raise ConversionError(
                message=f"the number has {-exponent} digits after the point; {SIDE_NAMES[source.other]} keeps "
                f"{self.places}. Round it by hand"
            )
        return self._written(number)

    def _read(self, native: Value) -> Decimal | None:
        """The number in its shortest form; None if it is none."""
        if isinstance(native, bool):
            return None
        try:
            number = Decimal(self._digits(native))
        except InvalidOperation:
            return None
        if not number.is_finite():
            return None
        whole = number.to_integral_value()
        return whole.quantize(Decimal(1)) if number == whole and abs(whole) < _LARGEST else number.normalize()

    def _digits(self, native: Value) -> str:
        return plain(native)

    def _written(self, number: Decimal) -> Value:
        return number


class Integer(Number):
    """A whole number."""

    name: ClassVar[str] = "integer"

    places: Annotated[int, Field(ge=0, le=0)] = 0

    def _written(self, number: Decimal) -> Value:
        return int(number)


_MINOR_UNITS: Final[Mapping[str, int]] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip
"""ISO 4217: the currencies whose smaller unit is not a hundredth."""


class Money(Number):
    """An amount at its currency's precision; one with more places is held, never rounded."""

    name: ClassVar[str] = "money"

    places: Annotated[int, Field(ge=0, le=9)] = 2
    """Digits after the point. Default: those of `currency`, else 2."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    """Its ISO 4217 code, which says how many places it has: INR 2, JPY 0, KWD 3."""

    @model_validator(mode="before")
    @classmethod
    def _precision(cls, given: Any) -> Any:
        """The places that a currency has; others would contradict it."""
        currency = given.get("currency") if isinstance(given, dict) else None
        if not isinstance(currency, str):
            return given
        places = _MINOR_UNITS.get(currency, 2)
        if given.get("places", places) != places:
            raise ValueError(f"{currency} has {places} places, not {given['places']}")
        return given | {"places": places}


class Percent(Number):
    """A share of a hundred: `12.5` means 12.5 %, on both sides; a sign at the end does not count."""

    name: ClassVar[str] = "percent"
    lossy: ClassVar[bool] = True

    places: Annotated[int, Field(ge=0, le=9)] = 2

    def _digits(self, native: Value) -> str:
        return plain(native).removesuffix("%")
