"""Values out of a table: one of them, several of them, or a check mark."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field

from tandem.core.conversion import SIDE_NAMES, ConversionError, Converter, plain
from tandem.core.mapping_faults import Found
from tandem.core.records import Side, Value


def _table(given: Any) -> Any:
    """A list of values stands for a table of the same values on both sides."""
    if isinstance(given, list) and not any(isinstance(value, (list, dict)) for value in given):
        return {value: value for value in given}
    return given


def _one_to_one(table: dict[str, str]) -> dict[str, str]:
    """Each Books value may stand for one CRM value only, or the way back would be a guess."""
    seen: dict[str, str] = {}
    for crm, books in table.items():
        if books in seen:
            message = f"“{books}” of Books stands for both “{seen[books]}” and “{crm}” of CRM"
            raise Found(message, "give each its own, or leave one out", kind="duplicate_choice")
        seen[books] = crm
    return table


class Picklist(Converter):
    """A value out of a table; one outside it is held."""

    name: ClassVar[str] = "picklist"

    values: Annotated[dict[str, str], BeforeValidator(_table), AfterValidator(_one_to_one)] = Field(
        min_length=1
    )
    """The table CRM: Books, or a list where both say the same."""

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
    lossy: ClassVar[bool] = True
    is_key: ClassVar[bool] = False

    def _key(self, side: Side, native: Value) -> Hashable:
        text = plain(native).casefold()
        return _CHECKED.get(text, (side, text)) if text else None

    def _translate(self, source: Side, native: Value) -> Value:
        checked = _CHECKED.get(plain(native).casefold())
        if checked is None:
            raise ConversionError(message=f"“{native}” of {SIDE_NAMES[source]} is neither true nor false")
        return checked


class ActiveState(Checkbox):
    """CRM's check box and Books' `status` of an item: `active` or `inactive`. A blank box says nothing."""

    name: ClassVar[str] = "active_state"
    lossy: ClassVar[bool] = True
    never_blank: ClassVar[bool] = True
    alone: ClassVar[bool] = True

    def _key(self, side: Side, native: Value) -> Hashable:
        if side is Side.CRM:
            return super()._key(side, native)
        text = plain(native).casefold()
        return {"active": True, "inactive": False}.get(text, (side, text)) if text else None

    def _translate(self, source: Side, native: Value) -> Value:
        state = self._key(source, native)
        if not isinstance(state, bool):
            raise ConversionError(
                message=f"“{native}” of {SIDE_NAMES[source]} says neither active nor inactive"
            )
        if source is Side.BOOKS:
            return state
        return "active" if state else "inactive"


class MultiSelect(Picklist):
    """Several values out of a table; order and repetition do not count.

    A list on both sides; a text with `;` or `,` between the values is read too, for Books may show one.
    """

    name: ClassVar[str] = "multi_select"
    is_key: ClassVar[bool] = False
    lossy: ClassVar[bool] = True

    def _key(self, side: Side, native: Value) -> Hashable:
        return frozenset(super(MultiSelect, self)._key(side, one) for one in self._each(side, native)) or None

    def _translate(self, source: Side, native: Value) -> Value:
        wanted = [super(MultiSelect, self)._translate(source, one) for one in self._each(source, native)]
        return list(dict.fromkeys(wanted))

    def _each(self, side: Side, native: Value) -> list[str]:
        """The values that were chosen; a text is cut only where no value of the table holds the sign."""
        if isinstance(native, Iterable) and not isinstance(native, (str, Mapping)):
            found = [plain(one) for one in native]
        else:
            text = plain(native)
            known = self.values if side is Side.CRM else self._back
            sign = ";" if ";" in text else ","
            found = [text] if text in known else [part.strip() for part in text.split(sign)]
        return [one for one in found if one and one != "-None-"]
