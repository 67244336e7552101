"""The nouns of the core: side, record, link, base. Pure values, no I/O.

Values are kept in the *native form* of their side (what that side showed, blank as `None`), so that
"changed" always compares a side with itself (design, section 3). Converters relate the two forms.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

Value = Any
"""A native value: str, bool, int, Decimal, None, a list of them, or a dict part -> value for a set
(address, person's name, tax identity). JSON-able but for Decimal."""


class Side(StrEnum):
    """One of the two products."""

    CRM = "crm"
    BOOKS = "books"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.BOOKS if self is Side.CRM else Side.CRM


class Mode(StrEnum):
    """What a connection may do: `observe` decides and records, `write` also writes."""

    OBSERVE = "observe"
    WRITE = "write"


class RowClass(StrEnum):
    """Urgency of a pending row; the values sort from most to least urgent."""

    PERSON = "1-person"
    LIVE = "2-live"
    RECONCILE = "3-reconcile"
    BACKFILL = "4-backfill"


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """Names one record of one connection. Ids are strings of 17-19 digits, never numbers."""

    connection: str
    side: Side
    entity: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.side}/{self.entity}/{self.id}"


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """Normalised keys by which an unlinked record finds its counterpart (design, matching)."""

    stamp: str | None = None
    tax_number: str | None = None
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    domain: str | None = None
    name: str | None = None
    currency: str | None = None
    own: frozenset[tuple[str, str]] = frozenset()
    """(field, value) of the fields that the mapping calls match keys."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row on one side as last read.

    `values` holds the mapped fields in native form; a field absent from it is *unknown* (not readable,
    partial read), `None` is blank. `version` is the side's modified time in UTC, whole seconds.
    `body` is the raw answer, needed where a value is sent whole from a fresh read.
    """

    side: Side
    entity: str
    id: str
    values: Mapping[str, Value]
    version: datetime | None = None
    active: bool = True
    parent: str | None = None
    vendor: str | None = None
    """Of a Contact: the id of the Vendor that it names, where the mapping looks at that."""
    keys: MatchKeys = MatchKeys()
    scope: Mapping[str, Value] = field(default_factory=dict)
    created: datetime | None = None
    edited_by: str | None = None
    natively_linked: bool = False
    label: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


def editors_of(*records: Record | Gone | None) -> dict[str, str]:
    """Who edited each side last (`crm`, `books`), where that is known."""
    known = [one for one in records if isinstance(one, Record) and one.edited_by]
    return {one.side.value: str(one.edited_by) for one in known}


@dataclass(frozen=True, slots=True)
class Gone:
    """A confirmed absence: `/deleted` or a GET by id said so (never inferred from a list)."""

    side: Side
    id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """What both sides agreed on for one field: what each side *showed* then, in its native form."""

    crm: Value
    books: Value

    def shown(self, side: Side) -> Value:
        """What `side` showed at the last agreement."""
        return self.crm if side is Side.CRM else self.books


@dataclass(frozen=True, slots=True)
class Edit:
    """A value that differs from the last agreement, and the side's modified time at its first settled observation."""

    value: Value
    at: datetime


Edits = Mapping[str, Mapping[Side, Edit]]
"""By field and side; only fields whose conflicts the newest edit settles are followed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The content of one side last seen, for echo checks; `version` counts only when `settled`."""

    values: Mapping[str, Value]
    version: datetime | None = None
    settled: bool = False
    active: bool = True
    settled_fields: frozenset[str] = frozenset()
    """Where the whole is not settled: the fields that a page settled, for it shows no others."""
    addresses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Books' addresses as shown, since they are written whole; kept only where a version covers them."""

    def is_settled_for(self, fields: Collection[str]) -> bool:
        """The version counts for these fields: their values were read 2 s after it."""
        return self.version is not None and (self.settled or self.settled_fields.issuperset(fields))


@dataclass(frozen=True, slots=True)
class Wrote:
    """One of our own writes to one field of a pair; `contested`: somebody had undone the one before."""

    at: datetime
    side: Side
    mark: str
    contested: bool = False


class LinkState(StrEnum):
    """A link is live, or a tombstone that keeps its reservations (design, deletes and merges)."""

    LIVE = "live"
    TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True)
class Link:
    """The pair (crm id, books id) with its base and what was last seen on both sides."""

    connection: str
    id: str
    entity: str
    crm_id: str
    books_id: str
    parent: str | None = None
    """For a contact_person: the id of the customer's link."""
    state: LinkState = LinkState.LIVE
    base: Mapping[str, Base] = field(default_factory=dict)
    seen_crm: Seen | None = None
    seen_books: Seen | None = None
    held: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Held fields: what each side showed (`crm`, `books`) when the hold was made."""
    edits: Edits = field(default_factory=dict)
    """Edits not yet agreed, of fields whose policy is `newest`."""
    seq: int = 0
    fence: int = 0
    mapping_version: str = ""
    reason: str = ""
    persons: tuple[str, ...] = ()
    """For a customer: the ids of the Books persons last seen in it."""
    trusted: bool = True
    """False for a link out of a restored or copied table, or found by its stamp: what it agreed on is not known."""
    in_scope: bool = False
    """The Account was one that is created in Books when it was last compared; a linked record syncs in any case."""
    stamp_taken: bool = False
    """After a merge in Books: the losing customer keeps the stamp, which is unique, so this one cannot have it."""
    wrote: Mapping[str, tuple[Wrote, ...]] = field(default_factory=dict)
    """Our own writes of the last minutes by field, to see when somebody works against them."""

    def id_on(self, side: Side) -> str:
        """The record's id on `side`."""
        return self.crm_id if side is Side.CRM else self.books_id

    def with_id(self, side: Side, id: str) -> Link:
        """A copy that names another record on `side`."""
        return replace(self, crm_id=id) if side is Side.CRM else replace(self, books_id=id)

    def seen_on(self, side: Side) -> Seen | None:
        """The content last seen on `side`."""
        return self.seen_crm if side is Side.CRM else self.seen_books

    def with_seen(self, side: Side, seen: Seen | None) -> Link:
        """A copy with the content last seen on `side` replaced."""
        return replace(self, seen_crm=seen) if side is Side.CRM else replace(self, seen_books=seen)


SETTLED_AFTER = timedelta(seconds=2)
"""A version counts only when its content was read at least this long after it: both products' grain is 1 s."""


def is_settled(version: datetime | None, asked_at: datetime | None) -> bool:
    """Content read at `asked_at`, by the server's clock, holds all edits of the second that `version` names."""
    return version is not None and asked_at is not None and asked_at - version >= SETTLED_AFTER


def shows_as_seen(record: Record, seen: Seen) -> bool:
    """Every mapped field that the record shows is as last seen; a row of a list does not show all."""
    return seen.active == record.active and all(
        value == seen.values.get(name) for name, value in record.values.items()
    )


def is_blank(value: Value) -> bool:
    """Blank: `None`, an empty text or list, or a set whose parts are all blank. Zero and False are not."""
    if value is None or isinstance(value, str):
        return not value
    if isinstance(value, Mapping):
        return all(is_blank(part) for part in value.values())
    return value in ([], ())


def utc(moment: datetime) -> datetime:
    """An aware moment in UTC at whole seconds: the grain of both products (dossier crm §10, books §2)."""
    return moment.astimezone(UTC).replace(microsecond=0)
