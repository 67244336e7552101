"""The governor: one account of calls per (data centre, product, org), shared by all who use it (design, section 5).

A sliding window of per-second counts; a round reserves what it may use in one conditional update and hands back
what it did not. Nothing here sleeps: who gets no call waits as a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from tandem.core.connection import Connection
from tandem.core.errors import ConditionFailedError, RateLimitedError
from tandem.engine.ports import Clock, Item, Put, Table, When

WINDOW_SECONDS = 60
PENALTY_SECONDS = 60
LOWEST_CAP = 10
WORTH_STORING = 10
"""By how many calls `Remaining` must have fallen before it is stored again."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose quota it is, and its limits: calls in any 60 s, calls a day until an answer tells better."""

    dc: str
    product: str
    org: str
    per_minute: int
    per_day: int

    @property
    def pk(self) -> str:
        """Its row."""
        return f"QUOTA#{self.dc}#{self.product}#{self.org}"


def accounts(connection: Connection) -> dict[str, Account]:
    """The two accounts that a connection draws on."""
    settings = connection.settings
    scale = settings.limits_scale
    return {
        "crm": Account(
            connection.dc, "crm", connection.crm_org, settings.crm_per_minute * scale, settings.crm_per_day
        ),
        "books": Account(
            connection.dc,
            "books",
            connection.organization_id,
            settings.books_per_minute * scale,
            settings.books_per_day,
        ),
    }


@dataclass(slots=True)
class Governor:
    """Quota rows of the State table."""

    table: Table
    clock: Clock

    def reserve(self, account: Account, want: int) -> int:
        """Reserve up to `want` calls for now; raises RateLimitedError when not even one may leave."""
        for _ in range(8):
            now = self.clock.now()
            item = self.table.get(account.pk, "QUOTA") or {}
            free, wait = _free(item, account, now)
            if free <= 0:
                raise wait
            granted = min(want, free)
            counts = _recent(item, now)
            second = str(int(now.timestamp()))
            counts[second] = counts.get(second, 0) + granted
            if self._save(account, item, counts, day_used=_day_used(item, now) + granted):
                return granted
        raise RateLimitedError("minute", 1, "the quota row is contended")

    def hand_back(self, account: Account, count: int) -> None:
        """Return reserved calls that were not made."""
        for _ in range(8):
            now = self.clock.now()
            item = self.table.get(account.pk, "QUOTA")
            if item is None or count <= 0:
                return
            counts, left = _recent(item, now), count
            for second in sorted(counts, reverse=True):
                back = min(counts[second], left)
                counts[second] -= back
                left -= back
            if self._save(account, item, counts, day_used=max(_day_used(item, now) - count, 0)):
                return

    def learn(self, account: Account, *, code: str, remaining: int | None, reset: float | None) -> None:
        """Adopt what an answer says: the lowest `Remaining`, a blocked minute (44), a spent day (45)."""
        now = self.clock.now()
        item = self.table.get(account.pk, "QUOTA") or {}
        news: Item = {}
        if remaining is not None:
            end = (now + timedelta(seconds=reset or 0)).isoformat()
            news = {"remaining": remaining, "day_end": end}
        if code in ("44", "43", "1070", "TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED"):
            cap = int(item.get("cap", account.per_minute))
            news["cap"] = max(cap // 2, LOWEST_CAP)
            news["cap_at"] = now.isoformat()
            news["blocked_until"] = (now + timedelta(seconds=PENALTY_SECONDS)).isoformat()
        if code == "45":
            news |= {"remaining": 0, "day_end": (now + timedelta(seconds=reset or 3600)).isoformat()}
        if news:
            self._save(account, item, _recent(item, now), day_used=_day_used(item, now), **news)

    def standing(self, account: Account) -> Mapping[str, object]:
        """For `tandem status`: what was used in the last minute and what is left of the day."""
        now = self.clock.now()
        item = self.table.get(account.pk, "QUOTA") or {}
        return {
            "last_minute": sum(_recent(item, now).values()),
            "minute_cap": _cap(item, account, now),
            "day_used": _day_used(item, now),
            "day_remaining": _remaining(item, account, now),
        }

    def _save(
        self, account: Account, item: Item, counts: dict[str, int], *, day_used: int, **news: object
    ) -> bool:
        seq = int(item.get("seq", 0))
        row = {
            **item,
            **news,
            "pk": account.pk,
            "sk": "QUOTA",
            "counts": counts,
            "day_used": day_used,
            "day": self.clock.now().date().isoformat(),
            "seq": seq + 1,
        }
        try:
            self.table.put(Put(row, (When("seq", "eq", seq, or_absent=seq == 0),)))
        except ConditionFailedError:
            return False
        return True


@dataclass(slots=True)
class RoundGate:
    """The transport's gate during one drain: draws on calls reserved in advance, tells what answers say."""

    governor: Governor
    accounts: Mapping[str, Account]
    chunk: int = 10
    made: dict[str, int] = field(default_factory=lambda: {"crm": 0, "books": 0})
    _left: dict[str, int] = field(default_factory=dict)
    _lowest: dict[str, int] = field(default_factory=dict)

    def plan(self, product: str, calls: int) -> int:
        """Reserve up to `calls` for what comes next; returns how many may be made (0: quota says wait)."""
        missing = calls - self._left.get(product, 0)
        if missing > 0:
            with suppress(RateLimitedError):
                granted = self.governor.reserve(self.accounts[product], missing)
                self._left[product] = self._left.get(product, 0) + granted
        return self._left.get(product, 0)

    async def admit(self, product: str) -> None:
        """Take one reserved call, reserving a few more when none is left; raises RateLimitedError."""
        if self._left.get(product, 0) <= 0:
            self._left[product] = self.governor.reserve(self.accounts[product], self.chunk)
        self._left[product] -= 1
        self.made[product] = self.made.get(product, 0) + 1

    def observe(
        self, product: str, *, status: int, code: str, remaining: int | None, reset: float | None
    ) -> None:
        """Learn from refusals at once, from `Remaining` when it fell by 10 or more since it was last stored."""
        lowest = self._lowest.get(product)
        fell = remaining is not None and (lowest is None or lowest - remaining >= WORTH_STORING)
        if status == HTTPStatus.TOO_MANY_REQUESTS or fell:
            self.governor.learn(self.accounts[product], code=code, remaining=remaining, reset=reset)
            if remaining is not None:
                self._lowest[product] = remaining

    @property
    def was_used(self) -> bool:
        """At least one call was made."""
        return any(self.made.values())

    def close(self) -> None:
        """Hand back what was reserved and not used."""
        for product, count in self._left.items():
            self.governor.hand_back(self.accounts[product], count)
        self._left.clear()


def _recent(item: Item, now: datetime) -> dict[str, int]:
    start = int(now.timestamp()) - WINDOW_SECONDS
    return {second: int(n) for second, n in item.get("counts", {}).items() if int(second) > start and n}


def _cap(item: Item, account: Account, now: datetime) -> int:
    """The cap of a minute: halved by a 44, it grows back by a tenth of the full cap each minute."""
    if "cap" not in item:
        return account.per_minute
    minutes = (now - datetime.fromisoformat(item["cap_at"])).total_seconds() / 60
    return int(min(account.per_minute, int(item["cap"]) + minutes * account.per_minute / 10))


def _day_used(item: Item, now: datetime) -> int:
    return int(item.get("day_used", 0)) if item.get("day") == now.date().isoformat() else 0


def _remaining(item: Item, account: Account, now: datetime) -> int:
    if "day_end" in item and now < datetime.fromisoformat(item["day_end"]):
        return int(item["remaining"])
    return max(account.per_day - _day_used(item, now), 0)


def _free(item: Item, account: Account, now: datetime) -> tuple[int, RateLimitedError]:
    blocked = item.get("blocked_until")
    if blocked and now < datetime.fromisoformat(blocked):
        return 0, RateLimitedError("minute", (datetime.fromisoformat(blocked) - now).total_seconds())
    if _remaining(item, account, now) <= 0:
        end = datetime.fromisoformat(item["day_end"]) if "day_end" in item else now + timedelta(hours=1)
        return 0, RateLimitedError("day", max((end - now).total_seconds(), 60))
    counts = _recent(item, now)
    free = _cap(item, account, now) - sum(counts.values())
    oldest = min((int(second) for second in counts), default=int(now.timestamp()))
    wait = max(oldest + WINDOW_SECONDS - now.timestamp(), 1) + 1
    return free, RateLimitedError("minute", wait)
