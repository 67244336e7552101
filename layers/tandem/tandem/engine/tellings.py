"""Several webhooks told one Books record: which of them shows how it stands now (design, section 5).

Webhooks come in any order, and a version is a mark of one second. Within one second the order shows only where
nothing but persons was added from one telling to the next, as our own inserts of a customer's persons do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tandem.core.bodies import Body
from tandem.core.records import Record

Content = tuple[Mapping[str, Any], bool, Mapping[str, Mapping[str, Any]]]
"""The record's values, whether it is active, and the values of each of its persons by id."""


def newest_told(told: Sequence[Record], persons_in: Callable[[Body], Sequence[Record]]) -> Record | None:
    """The telling that shows the record as it stands now; None where that cannot be told."""
    if len(told) == 1:
        return told[0]
    versions = [record.version for record in told if record.version is not None]
    if len(versions) < len(told) or not told:
        return None
    last = [record for record in told if record.version == max(versions)]
    contents = {id(record): _content(record, persons_in) for record in last}
    last.sort(key=lambda record: len(contents[id(record)][2]))
    ordered = [contents[id(record)] for record in last]
    is_same = all(content == ordered[0] for content in ordered)
    grows = all(_grows(before, after) for before, after in pairwise(ordered))
    return last[-1] if is_same or grows else None


def _content(record: Record, persons_in: Callable[[Body], Sequence[Record]]) -> Content:
    persons = {person.id: person.values for person in persons_in(record.body)}
    return record.values, record.active, persons


def _grows(before: Content, after: Content) -> bool:
    """Only persons were added. One that is in two tellings as it was does not tell whether another was deleted."""
    (values, active, persons), (later_values, later_active, later_persons) = before, after
    kept = all(later_persons.get(id) == shown for id, shown in persons.items())
    return (values, active) == (later_values, later_active) and kept and len(persons) < len(later_persons)
