"""A linked pair brought in step: every mapped field merged, doubtful values held alone. Pure.

Most pairs are in step, so a field that shows on both sides what it showed at the last agreement is left without a
merge; why it was left is worked out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from tandem.core.actions import FieldReason, Hold, Reasons, Release, Sync
from tandem.core.converters import tax_faults
from tandem.core.guards import portal_email_changes
from tandem.core.mapping import EntityMapping, FieldMapping
from tandem.core.merge import UNKNOWN, Merged, Pair, merge_field
from tandem.core.records import Base, Record, Side, Value

Values = Mapping[str, Value]
Held = Mapping[str, Mapping[str, Value]]

_NOTHING: Final[Mapping[Side, Values]] = MappingProxyType(
    {side: MappingProxyType[str, Value]({}) for side in Side}
)


@dataclass(slots=True)
class _Fields:
    """Collects the outcomes of all fields of one pair."""

    writes: dict[Side, dict[str, Value]] = field(default_factory=lambda: {Side.CRM: {}, Side.BOOKS: {}})
    base: dict[str, Base] = field(default_factory=dict)
    reasons: list[FieldReason | Pair] = field(default_factory=list)
    """A pair stands for the reason that its merge would give."""
    holds: list[Hold] = field(default_factory=list)

    def add(self, name: str, merged: Merged) -> None:
        if merged.hold is not None:
            self.holds.append(merged.hold)
        if merged.to is not None:
            self.writes[merged.to][name] = merged.value
        if merged.base is not None:
            self.base[name] = merged.base
        self.reasons.append(merged.reason)

    def explain(self) -> tuple[FieldReason, ...]:
        return tuple(merge_field(one).reason if isinstance(one, Pair) else one for one in self.reasons)


def sync(
    entity: EntityMapping,
    crm: Record,
    books: Record,
    base: Mapping[str, Base],
    held: Held,
    release: Release | None = None,
) -> Sync:
    """Merge every mapped field of a pair; a doubtful value is held alone, the other fields go on."""
    is_plain = release is None and not held
    if is_plain and _rests(entity.names, crm.values, books.values, base):
        return Sync(_NOTHING, base, Reasons(lambda: _explain(entity, crm, books, base)))
    fields = _Fields(base=dict(base))
    for mapped in entity.fields:
        pair = _pair(mapped, crm, books, base, held)
        if is_plain and pair.rests:
            fields.reasons.append(pair)
            continue
        merged = merge_field(pair, release)
        if merged.to is not None and (doubt := _doubt(entity, mapped.name, merged, crm, books)):
            merged = pair.hold(*doubt)
        fields.add(mapped.name, merged)
    return Sync(fields.writes, fields.base, Reasons(fields.explain), tuple(fields.holds))


def _rests(names: tuple[str, ...], crm: Values, books: Values, base: Mapping[str, Base]) -> bool:
    """Both sides show in every field what they showed at the last agreement."""
    try:
        for name in names:
            agreed = base[name]
            if crm[name] != agreed.crm or books[name] != agreed.books:
                return False
    except KeyError:
        return False
    return True


def _explain(
    entity: EntityMapping, crm: Record, books: Record, base: Mapping[str, Base]
) -> tuple[FieldReason, ...]:
    return tuple(merge_field(_pair(mapped, crm, books, base, {})).reason for mapped in entity.fields)


def _pair(mapped: FieldMapping, crm: Record, books: Record, base: Mapping[str, Base], held: Held) -> Pair:
    name = mapped.name
    return Pair(
        mapped,
        crm.values.get(name, UNKNOWN),
        books.values.get(name, UNKNOWN),
        base.get(name),
        held.get(name),
    )


def _doubt(
    entity: EntityMapping, name: str, merged: Merged, crm: Record, books: Record
) -> tuple[str, str] | None:
    """A reason to hold a value that the merge would carry: a contradiction, or a portal user's e-mail."""
    source = crm if merged.to is Side.BOOKS else books
    if name == "tax_identity" and (fault := tax_faults(entity, source)):
        return "tax identity contradicts", fault
    if name == "email" and merged.to is Side.BOOKS and portal_email_changes(books):
        return "portal user", "the person uses the customer portal with this e-mail; change it in Books"
    return None
