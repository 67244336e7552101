"""A reference to another record: its id on one side stands for the linked id on the other."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from pydantic import PrivateAttr

from tandem.core.conversion import SIDE_NAMES, ConversionError, Converter, plain
from tandem.core.records import Side, Value

Kinds = Mapping[tuple[Side, str], str]
"""Records by side and id, with the entity that each is linked as."""
UNKNOWN_KINDS: Final[Kinds] = MappingProxyType({})


class Lookup(Converter):
    """A CRM lookup to a linked record; Books keeps its id there, in a lookup field or, as of a person, in a text.

    A reference to a record that is not linked yet is held, and goes on by itself once it is.
    """

    name: ClassVar[str] = "lookup"
    is_key: ClassVar[bool] = False

    entity: Literal["customer", "contact_person", "vendor", "item"]
    """What it leads to: `customer`, `contact_person`, `vendor` or `item`."""
    _linked: dict[str, str] = PrivateAttr(default_factory=dict)
    """CRM id -> Books id, as far as links tell."""
    _apart: dict[tuple[Side, str], str] = PrivateAttr(default_factory=dict)
    """Records that are linked as another entity, with that entity."""

    def knowing(self, linked: Mapping[str, str], kinds: Kinds = UNKNOWN_KINDS) -> Lookup:
        """A copy that translates by these links: CRM id -> Books id; `kinds`: what records are linked as."""
        known = self.model_copy()
        known._linked = dict(linked)  # noqa: SLF001 - of the same class
        known._apart = {one: kind for one, kind in kinds.items() if kind != self.entity}  # noqa: SLF001
        return known

    def is_apart(self, side: Side, native: Value) -> bool:
        """The record pointed at is linked as another entity than the field names: it has no such counterpart."""
        return (side, plain(native)) in self._apart

    def why(self, side: Side, native: Value) -> str:
        """In words for a person: what a reference that does not travel waits for."""
        record = f"{self.entity} {native} of {SIDE_NAMES[side]} that it leads to"
        if (kind := self._apart.get((side, plain(native)))) is None:
            return f"the {record} is not linked yet; it goes on once it is"
        return (
            f"the {record} is linked as {kind}, so {SIDE_NAMES[side.other]} has no {self.entity} that the field could "
            f"name. Lead it to another record or clear it; it goes on by itself if that record becomes a {self.entity}"
        )

    def awaits(self, side: Side, native: Value) -> bool:
        """The record pointed at is not linked."""
        return self.key(side, native) is not None and self._other(side, plain(native)) is None

    def read(self, side: Side, shown: Value) -> Value:
        """Its id, where CRM shows an object with id and name."""
        del side
        found = shown.get("id") if isinstance(shown, Mapping) else shown
        return plain(found) or None if found is not None else None

    def write(self, side: Side, native: Value) -> Value:
        """An object with an id for CRM (dossier crm §10); the id alone for Books."""
        return {"id": native} if side is Side.CRM and native else native

    def _key(self, side: Side, native: Value) -> Hashable:
        id = plain(native)
        if side is Side.BOOKS or id not in self._linked:
            return (side, id) if id else None
        return Side.BOOKS, self._linked[id]

    def _translate(self, source: Side, native: Value) -> Value:
        found = self._other(source, plain(native))
        if found is None:
            raise ConversionError(message=self.why(source, native))
        return found

    def _other(self, side: Side, id: str) -> str | None:
        if side is Side.CRM:
            return self._linked.get(id)
        return next((crm for crm, books in self._linked.items() if books == id), None)
