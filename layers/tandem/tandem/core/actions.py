"""What a decision asks for. Each action carries its reason, which is stored and printed by `tandem why`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, overload

from tandem.core.records import Base, Edits, Side, Value


@dataclass(frozen=True, slots=True)
class FieldReason:
    """Why one field was left, written, held or kept: the rule and every value that it looked at."""

    field: str
    rule: str
    crm: Value = None
    books: Value = None
    base_crm: Value = None
    base_books: Value = None
    sentence: str = ""


class Reasons(Sequence[FieldReason]):
    """The reasons of a pair's fields, in the mapping's order, worked out when they are first looked at."""

    __slots__ = ("_explain", "_found")

    def __init__(self, explain: Callable[[], tuple[FieldReason, ...]]) -> None:
        self._explain = explain
        self._found: tuple[FieldReason, ...] | None = None

    def _all(self) -> tuple[FieldReason, ...]:
        if self._found is None:
            self._found = self._explain()
        return self._found

    @overload
    def __getitem__(self, place: int) -> FieldReason: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[FieldReason, ...]: ...
    def __getitem__(self, place: int | slice) -> FieldReason | tuple[FieldReason, ...]:
        return self._all()[place]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[FieldReason]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Reasons({list(self._all())})"


AWAITED: Final = "lookup:"
"""How the cause of a hold begins that waits for another record's link."""
OF_ANOTHER_KIND: Final = "lookup to another kind:"
"""The same where that record is linked as something else: it waits for a person to change one of the two."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The decision not to write: a cause (one case for all that share it) and a sentence for a person."""

    cause: str
    sentence: str
    field: str = ""
    crm: Value = None
    books: Value = None
    candidates: tuple[str, ...] = ()

    @property
    def ends_by_itself(self) -> bool:
        """Once the record is linked that its field leads to, as what the field asks for."""
        return self.cause.startswith((AWAITED, OF_ANOTHER_KIND))


@dataclass(frozen=True, slots=True)
class Noop:
    """Nothing to do."""

    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Outside the scope of the mapping; counted with its reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now. `waits_for` names the reason; `until` when to look again (None: the default net, a day)."""

    waits_for: str
    sentence: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """Bring a linked pair in step: what to write per side, and the base as it is if all is written.

    `writes[side]` holds native values for that side; `base` the agreed fields, written ones included, and those
    whose clear towards Books was stopped.
    """

    writes: Mapping[Side, Mapping[str, Value]]
    base: Mapping[str, Base]
    reasons: Sequence[FieldReason] = ()
    holds: tuple[Hold, ...] = ()
    edits: Edits = field(default_factory=dict)
    """What is to be remembered of a field as long as it is not agreed."""

    @property
    def is_quiet(self) -> bool:
        """Nothing would be written on either side."""
        return not any(self.writes.values())


@dataclass(frozen=True, slots=True)
class LinkPair:
    """Two unlinked records belong together: reserve both, then sync what differs."""

    counterpart: str
    rule: str
    sync: Sync


@dataclass(frozen=True, slots=True)
class Create:
    """The counterpart does not exist: insert it on `side` with these native values."""

    side: Side
    values: Mapping[str, Value]
    reasons: tuple[FieldReason, ...] = ()
    awaits: tuple[str, ...] = ()
    """Fields left out, for they lead to records that are not linked yet: two that lead to each other never could."""


@dataclass(frozen=True, slots=True)
class Deactivate:
    """The CRM record is confirmed deleted: the Books customer becomes inactive, the link a tombstone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """The link becomes a tombstone and keeps its reservations; nothing is written."""

    reason: str


@dataclass(frozen=True, slots=True)
class Revive:
    """A deleted record is readable again: the link lives, its bases are not trusted, Books is active again."""

    reason: str
    reactivate: bool


@dataclass(frozen=True, slots=True)
class Relink:
    """A person said that a merge happened: the link goes on with the survivor on `side`, merged without a base."""

    side: Side
    survivor: str
    rule: str
    sync: Sync


@dataclass(frozen=True, slots=True)
class Move:
    """The Contact went to another customer: its link ends, the Books person stays, the Contact is decided afresh."""

    reason: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The whole record is held."""

    hold: Hold


Action = (
    Noop
    | LeftOut
    | Wait
    | Sync
    | LinkPair
    | Create
    | Deactivate
    | Unlink
    | Revive
    | Relink
    | Move
    | Quarantine
)


@dataclass(frozen=True, slots=True)
class Release:
    """A person's word on a hold: take one side's value, or approve the held action, once."""

    take: Side | None = None
    approve: bool = False
    shown: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Per held field what each side showed (`crm`, `books`) when the person looked."""
    causes: frozenset[str] = frozenset()
    """The causes of the holds that were approved; none: whatever is held."""
    candidates: frozenset[str] = frozenset()
    """The candidates that these holds showed."""

    def approves(self, cause: str, candidate: str = "") -> bool:
        """The person approved a hold of this cause, and this candidate, where one was shown, is among those shown."""
        if not self.approve or (self.causes and cause not in self.causes):
            return False
        return not candidate or not self.candidates or candidate in self.candidates
