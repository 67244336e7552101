"""A linked pair brought in step: every mapped field merged, doubtful values held alone. Pure.

Most pairs are in step, so a field that shows on both sides what it showed at the last agreement is left without a
merge; why it was left is worked out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from tandem.core.actions import FieldReason, Hold, Reasons, Release, Sync
from tandem.core.converters import TaxIdentity
from tandem.core.guards import portal_email_changes
from tandem.core.mapping import EntityMapping, FieldMapping
from tandem.core.merge import UNKNOWN, Merged, Pair, has_changed, merge_field
from tandem.core.records import SETTLED_AFTER, Base, Edit, Edits, Link, Record, Side, Value
from tandem.core.tax_faults import tax_faults

Values = Mapping[str, Value]
Held = Mapping[str, Mapping[str, Value]]

_NOTHING: Final[Mapping[Side, Values]] = MappingProxyType(
    {side: MappingProxyType[str, Value]({}) for side in Side}
)
_NO_EDITS: Final[Edits] = MappingProxyType({})
_NO_REASONS: Final[Mapping[str, FieldReason]] = MappingProxyType({})


@dataclass(slots=True)
class _Fields:
    """Collects the outcomes of the merged fields of one pair."""

    base: dict[str, Base]
    writes: dict[Side, dict[str, Value]] = field(default_factory=lambda: {Side.CRM: {}, Side.BOOKS: {}})
    reasons: dict[str, FieldReason] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)

    def add(self, name: str, merged: Merged) -> None:
        if merged.hold is not None:
            self.holds.append(merged.hold)
        if merged.to is not None:
            self.writes[merged.to][name] = merged.value
        if merged.base is not None:
            self.base[name] = merged.base
        self.reasons[name] = merged.reason


def sync(
    entity: EntityMapping,
    crm: Record,
    books: Record,
    base: Mapping[str, Base],
    held: Held,
    release: Release | None = None,
    edits: Edits = _NO_EDITS,
    *,
    is_lost: bool = False,
) -> Sync:
    """Merge every mapped field of a pair; a doubtful value is held alone, the other fields go on.

    `is_lost`: the pair was in step once, and what it agreed on is not known any more.
    """
    moved = entity.names if release else [*_moved(entity.names, crm.values, books.values, base), *held]
    if not moved:
        return Sync(_NOTHING, base, Reasons(lambda: _explain(entity, crm, books, base)))
    fields = _Fields(dict(base))
    for mapped in entity.fields:
        if mapped.name not in moved:
            continue
        pair = _pair(mapped, crm, books, base, held, edits, is_lost=is_lost)
        merged = merge_field(pair, release)
        if merged.to is not None and (doubt := _doubt(entity, mapped, merged, crm, books)):
            merged = pair.hold(*doubt)
        fields.add(mapped.name, merged)
    reasons = Reasons(lambda: _explain(entity, crm, books, base, fields.reasons))
    return Sync(fields.writes, fields.base, reasons, tuple(fields.holds), edits)


def _moved(names: Iterable[str], crm: Values, books: Values, base: Mapping[str, Base]) -> list[str]:
    """The fields that do not rest: without a hold, one that both sides show as then agreed moves nothing."""
    moved = []
    for name in names:
        try:
            agreed = base[name]
            if crm[name] == agreed.crm and books[name] == agreed.books:
                continue
        except KeyError:
            pass  # unknown on a side, or never agreed: the merge knows what becomes of it
        moved.append(name)
    return moved


def _explain(
    entity: EntityMapping,
    crm: Record,
    books: Record,
    base: Mapping[str, Base],
    known: Mapping[str, FieldReason] = _NO_REASONS,
) -> tuple[FieldReason, ...]:
    """The reason of every field: those `known`, and for one that rests what its merge would give."""
    return tuple(
        known.get(mapped.name) or merge_field(_pair(mapped, crm, books, base, {})).reason
        for mapped in entity.fields
    )


def _pair(
    mapped: FieldMapping,
    crm: Record,
    books: Record,
    base: Mapping[str, Base],
    held: Held,
    edits: Edits = _NO_EDITS,
    *,
    is_lost: bool = False,
) -> Pair:
    name = mapped.name
    return Pair(
        mapped,
        crm.values.get(name, UNKNOWN),
        books.values.get(name, UNKNOWN),
        base.get(name),
        held.get(name),
        edits.get(name),
        is_lost,
    )


def edits_of(entity: EntityMapping, link: Link, crm: Record, books: Record, now: datetime) -> Edits:
    """The edits of the fields that the newest one settles, with the time of each one's first settled observation.

    A value that was seen before keeps its time, whatever else moved the record since; an agreed one is forgotten.
    """
    found: dict[str, dict[Side, Edit]] = {}
    for name in entity.newest:
        for record in (crm, books):
            if edit := _edit(entity.field(name), link, record, now):
                found.setdefault(name, {})[record.side] = edit
    return found


def _edit(mapped: FieldMapping, link: Link, record: Record, now: datetime) -> Edit | None:
    name = mapped.name
    side, known = record.side, link.edits.get(name, {}).get(record.side)
    if name not in record.values:
        return known
    value = record.values[name]
    held = link.held.get(name, {})
    before = link.base[name].shown(side) if name in link.base else held.get(side.value)
    if not has_changed(mapped, side, value, before):
        return None
    if known is not None and known.value == value:
        return known
    is_settled = record.version is not None and now - record.version >= SETTLED_AFTER
    return Edit(value, record.version) if is_settled and record.version else None


def _doubt(
    entity: EntityMapping, mapped: FieldMapping, merged: Merged, crm: Record, books: Record
) -> tuple[str, str] | None:
    """A reason to hold a value that the merge would carry: a contradiction, or a portal user's e-mail."""
    source = crm if merged.to is Side.BOOKS else books
    if isinstance(mapped.convert, TaxIdentity) and (fault := tax_faults(entity, source)):
        return "tax identity contradicts", fault
    is_email = mapped.attributes(Side.BOOKS) == ("email",)
    if is_email and merged.to is Side.BOOKS and portal_email_changes(books):
        return "portal user", "the person uses the customer portal with this e-mail; change it in Books"
    return None
