"""What a changed mapping does to a pair: a field that stands in other attributes now has no agreed value any more.

What both sides showed in the old attributes says nothing about the new ones: taken for the base, a mere change of the
mapping would look like an edit on a side and overwrite the other (P6).
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import replace
from typing import TypeVar

from tandem.core.mapping import EntityMapping, Mapping
from tandem.core.records import Link, Side

V = TypeVar("V")


def remapped(link: Link, old: EntityMapping | None, new: EntityMapping) -> Link:
    """The link as the new mapping may trust it; the same where no field was added, removed or moved."""
    if old is None:
        return replace(link, base={}, held={}, edits={}, seen_crm=None, seen_books=None)
    kept = {field.name for field in new.fields if not _has_moved(old, new, field.name)}
    if kept == {*new.names, *old.names}:
        return link

    def still(values: ReadOnly[str, V]) -> dict[str, V]:
        return {name: value for name, value in values.items() if name in kept}

    return replace(
        link,
        base=still(link.base),
        held=still(link.held),
        edits=still(link.edits),
        seen_crm=None,
        seen_books=None,
    )


def not_agreed(old: Mapping, new: Mapping) -> set[str]:
    """The entities whose pairs have a field without agreed value under the new mapping: they are looked at anew."""
    both = [(old.entities[name], entity) for name, entity in new.entities.items() if name in old.entities]
    return {
        after.name
        for before, after in both
        if any(_has_moved(before, after, name) or _opens(before, after, name) for name in after.names)
    }


def _has_moved(old: EntityMapping, new: EntityMapping, name: str) -> bool:
    before, after = old.find(name), new.find(name)
    return before is None or after is None or any(before.attributes(s) != after.attributes(s) for s in Side)


def _opens(old: EntityMapping, new: EntityMapping, name: str) -> bool:
    """A side may be written that was not: what differs there was never settled."""
    before, after = old.field(name), new.field(name)
    return any(after.may_write(side) and not before.may_write(side) for side in Side)
