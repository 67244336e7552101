"""Stop rules before acting (design, section 4, "Guards"). Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from tandem.core.connection import Settings
from tandem.core.conversion import SIDE_NAMES
from tandem.core.mapping import EntityMapping
from tandem.core.merge import has_changed
from tandem.core.records import Link, Record, Side, Value, is_blank

Guard = Literal["mass delete", "value collapse", "mass change", "empty side"]
BLANK: Final = ""
"""The mark of a blank value."""
FEW: Final = 100
"""A share of the links says nothing in a small organisation: so many changes pass whatever their share."""
_LISTED: Final = 10
"""Below so many links a short listing proves nothing."""


# --- one record -------------------------------------------------------------------------------------------


def ledger_ties(books: Record) -> str:
    """What ties a Books customer to the ledger, in words; empty if nothing (dossier books §2: LIST and GET keys)."""
    body = books.body
    ties = []
    if body.get("has_transaction"):
        ties.append("transactions")
    for key, word in (
        ("outstanding_receivable_amount", "an open balance"),
        ("outstanding_payable_amount", "a payable"),
        ("unused_credits_receivable_amount", "unused credits"),
    ):
        if body.get(key):
            ties.append(word)
    return " and ".join(ties)


def portal_email_changes(person: Record) -> bool:
    """The Books person, or the primary one of an individual, signs in to the portal with the present e-mail."""
    persons = person.body.get("contact_persons")
    primary = [one for one in persons if one.get("is_primary_contact")] if isinstance(persons, list) else []
    return any(bool(one.get("is_added_in_portal")) for one in (person.body, *primary))


def native_sync_is_on(record: Record) -> bool:
    """Zoho's own CRM sync owns this Books record: two syncs on one record would loop (dossier books §10)."""
    return record.natively_linked


# --- many records -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Noted:
    """A linked record that somebody changed or deleted on one side, as the writer first saw it."""

    side: Side
    entity: str
    id: str
    at: datetime
    by: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Per changed field the mark of its new value: equal values have equal marks."""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Tripped:
    """Over a guard's threshold: `count` is more than `limit`; nothing may be written."""

    guard: Guard
    side: Side
    count: int
    limit: int
    sentence: str
    editors: tuple[str, ...] = ()
    """Who edited these records last on that side, the busiest first."""


def mark_of(value: Value) -> str:
    """A short mark of a value; equal values have equal marks, and a blank one is blank."""
    if is_blank(value):
        return BLANK
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def changed_fields(entity: EntityMapping, link: Link, own: Record) -> dict[str, str]:
    """The fields of a linked record that would travel, since they changed after the last agreement, with their marks.

    A field that was never agreed (a first link) is no change, and one that is held as it stands is none again.
    """
    found = {}
    for name, value in own.values.items():
        base, held = link.base.get(name), link.held.get(name, {})
        if base is None or not has_changed(entity.field(name), own.side, value, base.shown(own.side)):
            continue
        is_held = own.side.value in held and held[own.side.value] == value
        if not is_held and entity.field(name).may_write(own.side.other):
            found[name] = mark_of(value)
    return found


def trip(
    noted: Iterable[Noted], settings: Settings, links: Callable[[], int], now: datetime
) -> Tripped | None:
    """The first guard whose threshold is passed by what was noted within the window; their order does not matter.

    `links` counts the connection's live links; asked only where more than `FEW` records changed.
    """
    since = now - timedelta(minutes=settings.guard_minutes)
    recent = [one for one in noted if one.at >= since]
    for side in Side:
        mine = [one for one in recent if one.side is side]
        gone, changed = [n for n in mine if n.gone], [n for n in mine if not n.gone]
        found = (
            _mass_delete(side, gone, settings)
            or _value_collapse(side, changed, settings)
            or _mass_change(side, changed, settings, links)
        )
        if found is not None:
            return found
    return None


def _mass_delete(side: Side, gone: list[Noted], settings: Settings) -> Tripped | None:
    limit, count = settings.mass_delete_records, len(gone)
    if not limit or count <= limit:
        return None
    kinds = " and ".join(sorted({one.entity for one in gone}))
    sentence = (
        f"{count} {kinds} records were deleted in {SIDE_NAMES[side]} {_within(settings)}, more than {limit}"
    )
    return Tripped("mass delete", side, count, limit, sentence, _editors(gone))


def _value_collapse(side: Side, changed: list[Noted], settings: Settings) -> Tripped | None:
    limit = settings.value_collapse_records
    counts = Counter((one.entity, name, mark) for one in changed for name, mark in one.fields.items())
    over = [(count, place) for place, count in counts.items() if limit and count > limit]
    if not over:
        return None
    count, (entity, name, mark) = max(over)
    became = "blank" if mark == BLANK else "one and the same value"
    sentence = (
        f"{name} of {count} {entity} records became {became} in {SIDE_NAMES[side]} {_within(settings)}, "
        f"more than {limit}"
    )
    who = [one for one in changed if one.entity == entity and one.fields.get(name) == mark]
    return Tripped("value collapse", side, count, limit, sentence, _editors(who))


def _mass_change(
    side: Side, changed: list[Noted], settings: Settings, links: Callable[[], int]
) -> Tripped | None:
    limit, count, percent = settings.mass_change_records, len(changed), settings.mass_change_percent
    if not limit:
        return None
    if percent and FEW < count <= limit:
        limit = min(limit, max(FEW, links() * percent // 100))
    if count <= limit:
        return None
    sentence = f"{count} records were changed in {SIDE_NAMES[side]} {_within(settings)}, more than {limit}"
    return Tripped("mass change", side, count, limit, sentence, _editors(changed))


def empty_side(side: Side, entity: str, listed: int, links: int, settings: Settings) -> Tripped | None:
    """A complete listing that shows far fewer records than are linked: scope, filter or organisation is wrong."""
    limit = -(-links * settings.empty_side_percent // 100)  # rounded up
    if links < _LISTED or listed >= limit:
        return None
    sentence = (
        f"{SIDE_NAMES[side]} lists {listed} {entity} records, but {links} are linked; fewer than {limit} "
        f"({settings.empty_side_percent} %) cannot be right"
    )
    return Tripped("empty side", side, listed, limit, sentence)


def _editors(noted: Iterable[Noted]) -> tuple[str, ...]:
    counts = Counter(one.by for one in noted if one.by)
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))


def _within(settings: Settings) -> str:
    return f"within {settings.guard_minutes} minutes"
