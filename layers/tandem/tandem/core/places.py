"""A country or a state in a field of its own, as a name on one side and a code on the other, if need be."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import ClassVar, Literal

from tandem.core.conversion import SIDE_NAMES, ConversionError, Converter, Region, spaced
from tandem.core.records import Side, Value
from tandem.core.regions import country_code, country_name, state_code, state_name

Shown = Literal["as_is", "name", "code"]


class _Place(Converter):
    """`crm` and `books` say how each side writes it; `as_is` carries what stands there. Compared by code."""

    lossy: ClassVar[bool] = True

    crm: Shown = "as_is"
    """How CRM writes it: `as_is`, `name` or `code`."""
    books: Shown = "as_is"
    """The same of Books."""

    def _key(self, side: Side, native: Value) -> Hashable:
        del side
        text = spaced(native)
        return self._code(text) or text or None

    def _translate(self, source: Side, native: Value) -> Value:
        wanted = self.books if source is Side.CRM else self.crm
        text = spaced(native)
        if wanted == "as_is":
            return text
        code = self._code(text)
        if code is None:
            raise ConversionError(
                message=f"“{text}” of {SIDE_NAMES[source]} is neither the code nor the name of a {self.name}"
            )
        return code if wanted == "code" else self._named(code)

    @abstractmethod
    def _code(self, text: str) -> str | None: ...

    @abstractmethod
    def _named(self, code: str) -> str: ...


class Country(_Place):
    """A country: ISO 3166 code of two letters, or its name."""

    name: ClassVar[str] = "country"

    def _code(self, text: str) -> str | None:
        return country_code(text)

    def _named(self, code: str) -> str:
        return country_name(code)


class State(_Place):
    """A state of `region`: code, name, or the number of an Indian state in a GSTIN."""

    name: ClassVar[str] = "state"

    region: Region = "IN"
    """Home country, two letters. Default: that of the mapping."""

    def _code(self, text: str) -> str | None:
        return state_code(text, self.region)

    def _named(self, code: str) -> str:
        return state_name(code, self.region)
