"""Units: rows of one round that must go in order; units share nothing and run side by side (design, section 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tandem.core.entities import PERSON
from tandem.core.records import Gone, Link, MatchKeys, Record, RecordKey
from tandem.engine.desk import Desk
from tandem.engine.rows import Row


@dataclass(frozen=True, slots=True)
class Order:
    """What binds rows together, and who goes first. `own`: what each row's record showed; `links`: its link."""

    desk: Desk
    own: Mapping[RecordKey, Record | Gone]
    links: Mapping[RecordKey, Link]

    def units(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows as units, each in its order."""
        return form_units(rows, self.marks, self.rank)

    def marks(self, row: Row) -> list[str]:
        """Two rows that share one of these are in one unit."""
        own, link = self.own[row.key], self.links.get(row.key)
        marks = [f"{row.key.side}/{row.key.id}", *_key_marks(own)]
        if link is not None:
            marks += [f"crm/{link.crm_id}", f"books/{link.books_id}", f"link/{link.parent or link.id}"]
        if isinstance(own, Record) and own.parent:
            marks.append(f"{own.side}/{own.parent}")
        return marks

    def rank(self, row: Row) -> tuple[object, ...]:
        """Customers before persons; of persons the billing contact first, else the oldest with an e-mail.

        Books makes the first person of a customer its primary one.
        """
        own = self.own[row.key]
        if row.key.entity != PERSON or isinstance(own, Gone):
            return (0, str(row.key))
        ticked = own.scope.get(self.desk.entity(PERSON).primary_person_field or "")
        age = own.created.isoformat() if own.created else "~"
        return (1, not ticked, not own.keys.emails, age, str(row.key))


def form_units(
    rows: Sequence[Row], marks_of: Callable[[Row], list[str]], rank: Callable[[Row], tuple[object, ...]]
) -> list[list[Row]]:
    """Rows that share a mark go in order; units share nothing and may run side by side."""
    groups: list[tuple[set[str], list[Row]]] = []
    for row in rows:
        marks, members, apart = set(marks_of(row)), [row], []
        for group in groups:
            if group[0] & marks:
                marks |= group[0]
                members += group[1]
            else:
                apart.append(group)
        groups = [*apart, (marks, members)]
    return [sorted(members, key=rank) for _, members in groups]


def _key_marks(record: Record | Gone) -> list[str]:
    """A shared stamp, tax number, e-mail or folded name."""
    if isinstance(record, Gone):
        return []
    keys: MatchKeys = record.keys
    marks = [f"email:{email}" for email in keys.emails]
    marks += [f"tax:{keys.tax_number}"] if keys.tax_number else []
    marks += [f"own:{field}={value}" for field, value in keys.own]
    marks += [f"name:{keys.name}"] if keys.name and record.entity != PERSON else []
    marks += [f"{record.side.other}/{keys.stamp}"] if keys.stamp else []
    return marks
