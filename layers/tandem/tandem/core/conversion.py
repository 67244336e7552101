"""What every converter is, and the little that all of them share.

The laws (property-tested): a translated value has the key of its source on the other side, and keeps it when
translated back; blank stays blank; nothing is ever cut, a value that does not fit is a `ConversionError`.
"""

from __future__ import annotations

import html
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tandem.core.errors import RefusedError
from tandem.core.records import Side, Value, is_blank
from tandem.core.regions import country_code

SIDE_NAMES: Mapping[Side, str] = {Side.CRM: "CRM", Side.BOOKS: "Books"}


def is_country(given: object) -> bool:
    """An ISO 3166 code of two capital letters."""
    return isinstance(given, str) and country_code(given) == given


def _known(code: str) -> str:
    if not is_country(code):
        known = country_code(code)
        raise ValueError(f"“{code}” is no country" + (f"; write {known}" if known else ", by ISO 3166"))
    return code


Region = Annotated[str, Field(pattern="^[A-Z]{2}$"), AfterValidator(_known)]
"""The ISO 3166 code of a country."""


@dataclass
class ConversionError(RefusedError):
    """A value that has no faithful form on the other side; `message` is a sentence for people."""

    code: str = "CONVERSION"
    message: str = ""

    def __str__(self) -> str:
        return self.message


class Converter(BaseModel, ABC):
    """Relates the native forms of one field on both sides; its own fields are the `args` of the mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: ClassVar[str]
    lossy: ClassVar[bool] = False
    """Spellings that a person can tell apart share a key, or come back changed."""
    loses: ClassVar[frozenset[Side]] = frozenset()
    """Sides whose value does not arrive whole: something that a person can tell apart is gone, or is guessed."""
    never_blank: ClassVar[bool] = False
    """A clear is not sent to Books unless the mapping says otherwise (design, blank is a value)."""
    parts: ClassVar[Mapping[Side, tuple[str, ...]]] = {}
    """The parts of a value that travels as one set; empty for a single value."""
    is_key: ClassVar[bool] = True
    """One value of it can prove that two records belong together."""
    alone: ClassVar[bool] = False
    """Books takes it by a call of its own, not among the values of an update."""
    optional_parts: ClassVar[frozenset[str]] = frozenset()

    def key(self, side: Side, native: Value) -> Hashable:
        """Equal keys mean the same value, on whichever side; blank is None."""
        return None if is_blank(native) else self._key(side, native)

    def translate(self, source: Side, native: Value) -> Value:
        """The native form for the other side of `source`; raises ConversionError."""
        if self.key(source, native) is None:
            return self.blank(source.other)
        return self._translate(source, native)

    def awaits(self, side: Side, native: Value) -> bool:
        """Only another record's link can tell what the value means on the other side."""
        del side, native
        return False

    def read(self, side: Side, shown: Value) -> Value:
        """The native form of what an API body of `side` shows."""
        del side
        return shown

    def write(self, side: Side, native: Value) -> Value:
        """What an API body of `side` carries to show a native value."""
        del side
        return native

    def blank(self, side: Side) -> Value:
        """The blank value of `side`: None, or a set of blank parts."""
        return dict.fromkeys(self.parts[side]) if self.parts else None

    @abstractmethod
    def _key(self, side: Side, native: Value) -> Hashable: ...

    @abstractmethod
    def _translate(self, source: Side, native: Value) -> Value: ...


def plain(value: Value) -> str:
    """A text with entities resolved, in NFC, trimmed: both products may store any of these forms."""
    return unicodedata.normalize("NFC", html.unescape(str(value))).strip()


def spaced(value: Value) -> str:
    """`plain` with every run of white space, line ends included, as one space."""
    return " ".join(plain(value).split())


def fit(text: str, limit: int | None, target: Side, what: str = "the text") -> str:
    """The text unchanged, or a ConversionError that names the limit: never a silent cut."""
    if limit is not None and len(text) > limit:
        raise ConversionError(
            message=f"{what} has {len(text)} characters; {SIDE_NAMES[target]} takes {limit}. Shorten it by hand"
        )
    return text
