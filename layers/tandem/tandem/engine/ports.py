"""What the engine asks of the outside, as small Protocols.

`Table` is a tiny, typed subset of DynamoDB on which every row of design section 6 is written once;
the memory and the DynamoDB adapter obey the same contract tests. `SideClient` is one Zoho product of one
connection. Adapters may import `tandem.core` and this module, nothing else of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from tandem.core.errors import TandemError
from tandem.core.mapping import Resource
from tandem.core.records import Side

Item = dict[str, Any]
"""A row: `pk`, `sk` and attributes (str, int, Decimal, bool, None, list, dict)."""


# --- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class When:
    """One condition on a row; all conditions of a call must hold.

    `op`: exists, absent (the attribute; `attr="pk"` means the row), eq, ne, lt, le, gt, ge (against
    `value`, or against the attribute named by `other` of the same row); `or_absent` also accepts a row
    without `attr`. A comparison with a missing attribute is false.
    """

    attr: str
    op: Literal["exists", "absent", "eq", "ne", "lt", "le", "gt", "ge"]
    value: Any = None
    other: str | None = None
    or_absent: bool = False


@dataclass(frozen=True, slots=True)
class Put:
    """Put a whole row (pk and sk within `item`)."""

    item: Item
    when: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """Set, add to (numbers), append to lists and remove attributes of one row, creating it if absent."""

    pk: str
    sk: str
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    append: Mapping[str, list[Any]] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    when: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one row; deleting an absent row is no error unless `when` says otherwise."""

    pk: str
    sk: str
    when: tuple[When, ...] = ()


class Table(Protocol):
    """One DynamoDB table, in the few verbs that Tandem uses. Calls are synchronous and strongly typed.

    Raises `ConditionFailedError` when a condition is false (with `.item`, the row as it stands, on
    `update`), `TableUnavailableError` when throttled or out of reach.
    """

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
        """One row, or None."""
        ...

    def get_many(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """Many rows by (pk, sk) in calls of 100, consistently read; absent rows are absent."""
        ...

    def put(self, op: Put) -> None:
        """Put one row."""
        ...

    def update(self, op: Update) -> Item:
        """Update one row and return it as it then stands."""
        ...

    def delete(self, op: Delete) -> None:
        """Delete one row."""
        ...

    def transact(self, ops: Sequence[Put | Update | Delete]) -> None:
        """All or none of up to 100 operations on distinct rows."""
        ...

    def put_many(self, items: Sequence[Item]) -> None:
        """Unconditional puts in calls of 25."""
        ...

    def query(
        self,
        pk: str,
        *,
        index: Literal["due", "waits", "links", "run"] | None = None,
        prefix: str = "",
        between: tuple[str, str] | None = None,
        limit: int | None = None,
        descending: bool = False,
    ) -> list[Item]:
        """Rows of one partition in sort-key order (`{index}_pk`/`{index}_sk` for an index).

        An index is eventually consistent and holds keys only. Follows pages up to `limit` rows (all if
        None).
        """
        ...

    def table_id(self) -> str:
        """The table's own id (DescribeTable TableId): the epoch of the state in it."""
        ...


# --- one side -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """Bodies found, by id. Absence of an id is only a hint. `asked_at`: server time when the read was sent."""

    bodies: Mapping[str, Mapping[str, Any]]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """A write that the far side acknowledged. `body` is the full record where the reply carries it."""

    id: str
    version: datetime | None
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One record of a bulk update: its id and the fields to change."""

    id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One page of changed records. `next` continues the listing (None: complete).

    `by_time`: rows come in the order of their time, so that a reader may stop at what it knows.
    `oldest`: the last time on a page whose rows come newest first: what follows did not change later.
    """

    bodies: Sequence[Mapping[str, Any]]
    next: str | None
    asked_at: datetime
    by_time: bool = True
    oldest: datetime | None = None

    def reaches(self, since: datetime | None) -> bool:
        """A listing, newest first, has come to what was known at `since`."""
        return since is not None and self.oldest is not None and self.oldest < since


@dataclass(frozen=True, slots=True)
class Deletion:
    """One entry of CRM's /deleted. `name`: what lookups showed, blank once it is deleted for good."""

    id: str
    at: datetime
    permanent: bool
    name: str = ""


class SideClient(Protocol):
    """One Zoho product of one connection. Every call may raise the errors of `core.errors`."""

    side: Side

    async def read(self, resource: Resource, ids: Sequence[str]) -> Batch:
        """Read records by id in as few calls as the product allows (CRM 50 a call by GET with `ids`, Books one each).

        Books reads each by its own GET, so there an absent id is confirmed to be gone.

        A Books customer body holds its `contact_persons`.
        """
        ...

    async def confirm(self, resource: Resource, id: str) -> Mapping[str, Any] | None:
        """GET one by id; None means: confirmed gone. Never inferred from a list."""
        ...

    async def insert(
        self, resource: Resource, body: Mapping[str, Any], *, parent: str | None = None
    ) -> Written:
        """Insert, never upsert. Raises DuplicateError where a unique value is taken."""
        ...

    async def update(
        self,
        resource: Resource,
        id: str,
        body: Mapping[str, Any],
        *,
        parent: str | None = None,
        unmodified_since: datetime | None = None,
    ) -> Written:
        """Partial update of one record. CRM sends If-Unmodified-Since; Books has no lock."""
        ...

    async def update_many(
        self, resource: Resource, changes: Sequence[Change], *, unmodified_since: datetime | None
    ) -> Sequence[Written | TandemError]:
        """CRM: partial updates of up to 100 records in one call under one guard; each record's end, in order.

        Raises RefusedError where the call was refused as a whole: nothing was written. Books: not offered (raises
        NotImplementedError).
        """
        ...

    async def set_active(self, resource: Resource, id: str, *, active: bool) -> Written:
        """Books: POST active / inactive. CRM: not offered (raises NotImplementedError)."""
        ...

    async def changed(
        self, resource: Resource, *, since: datetime | None, before: datetime | None, after: str | None
    ) -> FeedPage:
        """One page of the change feed.

        CRM: COQL ascending by (Modified_Time, id), `since` inclusive, `before` exclusive, keyset `after`.
        Books: list sorted by last_modified_time descending; `after` = page number; the caller stops below `since`.
        """
        ...

    async def deleted(self, resource: Resource, *, since: datetime | None) -> Sequence[Deletion]:
        """CRM: every entry of /deleted newer than `since`. Books has none: always empty."""
        ...

    async def find(self, resource: Resource, field_name: str, values: Sequence[str]) -> Batch:
        """CRM: COQL `field in (values)` (50 a call). Books: list with the filter of that name, one call each."""
        ...

    async def extend_channel(self, id: str, events: Sequence[str], until: datetime) -> datetime | None:
        """Move the end of a notification channel; the end that was granted. Raises RefusedError if it is dead.

        Books has no channels: None.
        """
        ...


class Gate(Protocol):
    """The governor as the transport sees it: asked before each call, told after it."""

    async def admit(self, product: str, cost: int = 1) -> None:
        """Returns when one call of this price may leave now; raises RateLimitedError otherwise (never sleeps)."""
        ...

    def observe(
        self, product: str, *, status: int, code: str, remaining: int | None, reset: float | None
    ) -> None:
        """The far side's answer: its HTTP status, error code and what it says about the day's quota."""
        ...


# --- webhooks, queue, alerts, clock ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it came: nothing decoded, nothing lost."""

    side: str
    connection: str
    path_secret: str
    body: bytes
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header names in lower case."""


class Bell(Protocol):
    """The ChangeQueue: a message only wakes the writer."""

    def ring(self, group: str, *, keys: Sequence[str] = (), delay: int = 0) -> None:
        """Send one message for a writer group, naming up to 50 record keys; `delay` in seconds, at most 900."""
        ...


class DeadLetters(Protocol):
    """The dead-letter queue."""

    def send(self, body: Mapping[str, Any]) -> None:
        """Send one letter (row key, error class and sentence; never values)."""
        ...

    def receive(self, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` letters as (receipt, raw body)."""
        ...

    def delete(self, receipt: str) -> None:
        """Delete one letter, after everything else is done."""
        ...


class Alerts(Protocol):
    """The SNS topic."""

    def send(self, subject: str, message: str) -> None:
        """One alert in plain words: what happened, what it means, what to do."""
        ...


class Clock(Protocol):
    """Time comes in as a value."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...
