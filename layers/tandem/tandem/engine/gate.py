"""The gate of one drain, tick or command: draws on calls reserved in advance, tells the governor what answers say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta

from tandem.core.errors import RateLimitedError
from tandem.core.ledger import FRESH_SECONDS
from tandem.core.records import RowClass
from tandem.engine.governor import Account, Governor, Grant, is_refusal

LARGEST_CHUNK = 16
WORTH_STORING = 10
"""By how many calls `Remaining` must have fallen before it is stored again."""

_CAUSE: ContextVar[RowClass | None] = ContextVar("cause", default=None)
_SPENT: ContextVar[dict[str, int] | None] = ContextVar("spent", default=None)


def charge(cls: RowClass) -> None:
    """From here on the calls of this task are made for a row of `cls`: the class travels with its cause."""
    _CAUSE.set(cls)


def cause() -> RowClass:
    """The class of what is being worked for; live when nothing told it."""
    return _CAUSE.get() or RowClass.LIVE


def count_calls() -> None:
    """From here on the calls of this task are counted for one row."""
    _SPENT.set({})


def calls_made() -> dict[str, int]:
    """Calls by product since `count_calls`, for this row alone: what a round reads for all its rows is not in it."""
    return dict(_SPENT.get() or {})


@dataclass(slots=True)
class RoundGate:
    """The transport's gate. `cls`: whom calls are charged to that are made for no row in particular."""

    governor: Governor
    accounts: Mapping[str, Account]
    cls: RowClass = RowClass.LIVE
    hold: Callable[[], None] = lambda: None
    """Called before each call leaves: keeps the writer's lease, and raises where it is lost."""
    made: dict[str, int] = field(default_factory=lambda: {"crm": 0, "books": 0})
    rows_done: int = 0
    """Rows of backfill that this drain finished."""
    _grants: dict[str, list[Grant]] = field(default_factory=dict)
    _told: dict[str, int] = field(default_factory=dict)
    _chunk: dict[tuple[str, RowClass], int] = field(default_factory=dict)
    """How many calls to reserve next: 1, 2, 4, ... so that few calls cost few table operations and many not many."""

    def plan(self, product: str, calls: int, cls: RowClass, least: int = 1) -> int:
        """Reserve up to `calls` of a class for what comes next; returns how many may be made (0: quota says wait)."""
        grants = self._fresh(product)
        missing = calls - sum(grant.left for grant in grants if grant.cls is cls)
        if missing > 0:
            with suppress(RateLimitedError):
                grants.append(self.governor.reserve(self.accounts[product], missing, cls, least, is_all=True))
        return sum(grant.left for grant in grants if grant.cls is cls)

    async def admit(self, product: str, cost: int = 1) -> None:
        """Take `cost` reserved calls of the class at work, reserving more when too few are left.

        Raises RateLimitedError, and what `hold` raises.
        """
        self.hold()
        cls = _CAUSE.get() or self.cls
        mine = [grant for grant in self._fresh(product) if grant.cls is cls]
        missing = cost - sum(grant.left for grant in mine)
        if missing > 0:
            chunk = self._chunk.get((product, cls), 1)
            self._chunk[product, cls] = min(2 * chunk, LARGEST_CHUNK)
            grant = self.governor.reserve(self.accounts[product], max(chunk, missing), cls, missing)
            self._grants[product].append(grant)
            mine.append(grant)
        left = cost
        for grant in mine:
            taken = min(grant.left, left)
            grant.left -= taken
            left -= taken
        self.made[product] = self.made.get(product, 0) + cost
        spent = _SPENT.get()
        if spent is not None:
            spent[product] = spent.get(product, 0) + cost

    def observe(
        self, product: str, *, status: int, code: str, remaining: int | None, reset: float | None
    ) -> None:
        """Learn from refusals at once, from `Remaining` when it fell by 10 or more since it was last stored.

        After a refusal nothing that was reserved leaves any more.
        """
        known, refused = self._told.get(product), is_refusal(status, code)
        fell = remaining is not None and (known is None or known - remaining >= WORTH_STORING)
        if not refused and not fell:
            return
        if remaining is not None:
            self._told[product] = remaining
        unused = sum(grant.left for grant in self._grants.get(product, []))
        self.governor.learn(
            self.accounts[product],
            code=code,
            refused=refused,
            remaining=remaining,
            reset=reset,
            unused=unused,
        )
        if refused:
            self._return(product)

    @property
    def was_used(self) -> bool:
        """At least one call was made."""
        return any(self.made.values())

    def close(self) -> None:
        """Hand back what was reserved and not used."""
        for product in list(self.accounts):
            self._return(product, self.rows_done if product == "books" else 0)
        self.rows_done = 0

    def _fresh(self, product: str) -> list[Grant]:
        """What is reserved and may still leave; older reservations are handed back."""
        now, grants = self.governor.clock.now(), self._grants.setdefault(product, [])
        stale = [grant for grant in grants if now - grant.at > timedelta(seconds=FRESH_SECONDS)]
        if stale:
            self.governor.hand_back(self.accounts[product], stale)
        grants[:] = [grant for grant in grants if grant.left > 0 and grant not in stale]
        return grants

    def _return(self, product: str, rows: int = 0) -> None:
        self.governor.hand_back(self.accounts[product], self._grants.pop(product, []), rows)
