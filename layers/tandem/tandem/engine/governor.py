"""The governor: one account of calls per (data centre, product, org), shared by all who use it (design, section 5).

A round reserves what it may use in one conditional update and hands back what it did not; the arithmetic is
`core/ledger.py` and `core/shares.py`. Nothing here sleeps: who gets no call waits as a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tandem.core.connection import Connection
from tandem.core.errors import ConditionFailedError, RateLimitedError
from tandem.core.forecast import Pace
from tandem.core.ledger import Ledger, Limits
from tandem.core.records import RowClass
from tandem.engine.ports import Clock, Put, Table, When

BOOKS_MINUTE = 100
"""Calls to one Books org in a minute, all applications together (dossier books §8)."""
CONTENDED_TRIES = 8
_BLOCKED = frozenset({"44", "43", "1070", "TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED"})
_SPENT = "45"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose quota it is, and its limits."""

    dc: str
    product: str
    org: str
    limits: Limits

    @property
    def pk(self) -> str:
        """Its row."""
        return f"QUOTA#{self.dc}#{self.product}#{self.org}"


def accounts(connection: Connection) -> dict[str, Account]:
    """The two accounts that a connection draws on."""
    settings, scale = connection.settings, connection.settings.limits_scale
    crm = Limits(settings.crm_per_minute * scale, settings.crm_per_day, rolling=True)
    books = Limits(
        settings.books_per_minute * scale,
        settings.books_per_day,
        BOOKS_MINUTE * scale,
        zone=connection.books_zone,
    )
    return {
        "crm": Account(connection.dc, "crm", connection.crm_org, crm),
        "books": Account(connection.dc, "books", connection.organization_id, books),
    }


def is_refusal(status: int, code: str) -> bool:
    """Whether an answer speaks of quota: Books also throttles with code 43 on HTTP 200 (dossier books §8)."""
    return status == 429 or code in _BLOCKED or code == _SPENT  # noqa: PLR2004 - HTTP's own number


@dataclass(slots=True)
class Grant:
    """Calls reserved for a class at one moment: `left` of them were not made yet."""

    cls: RowClass
    at: datetime
    left: int


@dataclass(slots=True)
class Governor:
    """Quota rows of the State table."""

    table: Table
    clock: Clock

    def reserve(
        self,
        account: Account,
        want: int,
        cls: RowClass = RowClass.LIVE,
        least: int = 1,
        *,
        is_all: bool = False,
    ) -> Grant:
        """Reserve up to `want` calls for now; raises RateLimitedError when not even `least` may leave.

        A class that gets fewer than it wants is noted as waiting: worse ones then leave it the calls to come, until
        it gets `want` where that `is_all` that it has work for.
        """
        for _ in range(CONTENDED_TRIES):
            at = self.clock.now()
            now, ledger = int(at.timestamp()), self._read(account)
            free = ledger.free(cls, now, account.limits)
            granted = min(want, free.calls) if free.calls >= least else 0
            noted = granted < want and ledger.note_waiting(cls, now)
            if is_all and granted == want:
                ledger.note_served(cls, now)
            if granted:
                ledger.reserve(cls, granted, now)
            if (granted or noted) and not self._save(account, ledger):
                continue
            if not granted:
                said = f"too few calls are left ({free.kind}): again in {free.wait:.0f} s"
                raise RateLimitedError(free.kind, free.wait, said)
            return Grant(cls, at, granted)
        raise RateLimitedError("minute", 1, "the quota row is contended")

    def hand_back(self, account: Account, grants: list[Grant], rows: int = 0) -> None:
        """Return reserved calls that were not made, to the very second that they were reserved in.

        `rows`: rows of backfill that were done with the others.
        """
        grants = [grant for grant in grants if grant.left > 0]
        if not grants and not rows:
            return

        def change(ledger: Ledger) -> bool:
            for grant in grants:
                ledger.reserve(grant.cls, -grant.left, int(grant.at.timestamp()))
            if rows:
                ledger.note_rows(rows, int(self.clock.now().timestamp()))
            return True

        self._change(account, change)

    def learn(
        self,
        account: Account,
        *,
        code: str = "",
        refused: bool = False,
        remaining: int | None = None,
        reset: float | None = None,
        unused: int = 0,
    ) -> None:
        """Adopt what an answer says: the lowest `Remaining`, a blocked minute (44), a spent day (45).

        `unused`: calls that the caller has reserved and not made.
        """
        now = int(self.clock.now().timestamp())

        def change(ledger: Ledger) -> bool:
            if remaining is not None:
                ledger.told(remaining, reset, unused, now)
            if code == _SPENT:
                ledger.spent(now, reset)
            elif refused:
                ledger.refused(now, account.limits)
            return refused or remaining is not None

        self._change(account, change)

    def standing(self, account: Account) -> dict[str, Any]:
        """For `tandem status`: what was used in the last minute and what is left of the day."""
        now, ledger, limits = int(self.clock.now().timestamp()), self._read(account), account.limits
        return {
            "last_minute": sum(ledger.used().values()),
            "minute_cap": ledger.room(now, limits),
            "others_a_minute": ledger.others_a_minute(now) if limits.of_org else None,
            "day_used": ledger.used_today(limits),
            "day_remaining": ledger.day_left(limits),
        }

    def day(self, account: Account) -> tuple[int, float]:
        """Calls left of the day, and seconds until the next one begins."""
        now, ledger = int(self.clock.now().timestamp()), self._read(account)
        return ledger.day_left(account.limits), max(ledger.day_end - now, 1)

    def pace(self, account: Account) -> Pace:
        """What the forecast goes by."""
        return Pace.of(self._read(account), int(self.clock.now().timestamp()), account.limits)

    def _read(self, account: Account) -> Ledger:
        ledger = Ledger.of(self.table.get(account.pk, "QUOTA"))
        return ledger.at(int(self.clock.now().timestamp()), account.limits)

    def _change(self, account: Account, change: Callable[[Ledger], bool]) -> None:
        """Change the row by compare-and-set; `change` says whether there is anything to store."""
        for _ in range(CONTENDED_TRIES):
            ledger = self._read(account)
            if not change(ledger) or self._save(account, ledger):
                return

    def _save(self, account: Account, ledger: Ledger) -> bool:
        known, ledger.seq = ledger.seq, ledger.seq + 1
        row = {"pk": account.pk, "sk": "QUOTA", **ledger.item()}
        try:
            self.table.put(Put(row, (When("seq", "eq", known, or_absent=known == 0),)))
        except ConditionFailedError:
            return False
        return True
