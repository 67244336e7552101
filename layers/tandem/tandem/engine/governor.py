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

FRESH_SECONDS = 5
"""A reserved call leaves within this time or is handed back: the window counts reservations, Zoho counts calls."""
WINDOW_SECONDS = 60 + FRESH_SECONDS + 1
"""Calls in any 60 s were reserved in any such time; the last second is for counts kept by the second."""
PENALTY_SECONDS = 60
LOWEST_CAP = 10
LARGEST_CHUNK = 16
WORTH_STORING = 10
"""By how many calls `Remaining` must have fallen before it is stored again."""
UNTOLD_RESET_SECONDS = 3600
"""How long a day's figure is believed when the answer does not say when the day ends (CRM never does)."""
_BLOCKED = frozenset({"44", "43", "1070", "TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED"})
_SPENT = "45"


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
class Grant:
    """Calls reserved at one moment: `left` of them were not made yet."""

    at: datetime
    left: int

    @property
    def second(self) -> str:
        """The count that holds them."""
        return str(int(self.at.timestamp()))


@dataclass(slots=True)
class Governor:
    """Quota rows of the State table."""

    table: Table
    clock: Clock

    def reserve(self, account: Account, want: int) -> Grant:
        """Reserve up to `want` calls for now; raises RateLimitedError when not even one may leave."""
        for _ in range(8):
            now = self.clock.now()
            item = self.table.get(account.pk, "QUOTA") or {}
            free, wait = _free(item, account, now)
            if free <= 0:
                raise wait
            grant = Grant(now, min(want, free))
            counts = _recent(item, now)
            counts[grant.second] = counts.get(grant.second, 0) + grant.left
            if self._save(account, item, counts, used=grant.left):
                return grant
        raise RateLimitedError("minute", 1, "the quota row is contended")

    def hand_back(self, account: Account, grant: Grant) -> None:
        """Return reserved calls that were not made, to the very second that they were reserved in."""
        for _ in range(8):
            item = self.table.get(account.pk, "QUOTA")
            if item is None or grant.left <= 0:
                return
            counts = _recent(item, self.clock.now())
            if grant.second in counts:
                counts[grant.second] = max(counts[grant.second] - grant.left, 0)
            if self._save(account, item, counts, used=-grant.left):
                return

    def learn(self, account: Account, *, code: str, remaining: int | None, reset: float | None) -> None:
        """Adopt what an answer says: the lowest `Remaining`, a blocked minute (44), a spent day (45)."""
        for _ in range(8):
            now = self.clock.now()
            item = self.table.get(account.pk, "QUOTA") or {}
            news = _news(item, account, now, code=code, remaining=remaining, reset=reset)
            if not news or self._save(account, item, _recent(item, now), **news):
                return

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
        self, account: Account, item: Item, counts: dict[str, int], *, used: int = 0, **news: object
    ) -> bool:
        seq, now = int(item.get("seq", 0)), self.clock.now()
        left = {"remaining": max(int(item["remaining"]) - used, 0)} if "remaining" in item else {}
        row = {
            **item,
            **left,
            **news,
            "pk": account.pk,
            "sk": "QUOTA",
            "counts": counts,
            "day_used": max(_day_used(item, now) + used, 0),
            "day": now.date().isoformat(),
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
    made: dict[str, int] = field(default_factory=lambda: {"crm": 0, "books": 0})
    _grants: dict[str, list[Grant]] = field(default_factory=dict)
    _lowest: dict[str, int] = field(default_factory=dict)
    _chunk: dict[str, int] = field(default_factory=dict)
    """How many calls to reserve next: 1, 2, 4, ... so that few calls cost few table operations and many not many."""

    def plan(self, product: str, calls: int) -> int:
        """Reserve up to `calls` for what comes next; returns how many may be made (0: quota says wait)."""
        grants = self._fresh(product)
        missing = calls - sum(grant.left for grant in grants)
        if missing > 0:
            with suppress(RateLimitedError):
                grants.append(self.governor.reserve(self.accounts[product], missing))
        return sum(grant.left for grant in grants)

    async def admit(self, product: str) -> None:
        """Take one reserved call, reserving a few more when none is left; raises RateLimitedError."""
        grants = self._fresh(product)
        if not grants:
            chunk = self._chunk.get(product, 1)
            self._chunk[product] = min(2 * chunk, LARGEST_CHUNK)
            grants.append(self.governor.reserve(self.accounts[product], chunk))
        grants[0].left -= 1
        self.made[product] = self.made.get(product, 0) + 1

    def _fresh(self, product: str) -> list[Grant]:
        """What is reserved and may still leave; older reservations are handed back."""
        now, grants = self.governor.clock.now(), self._grants.setdefault(product, [])
        while grants and (grants[0].left <= 0 or now - grants[0].at > timedelta(seconds=FRESH_SECONDS)):
            self.governor.hand_back(self.accounts[product], grants.pop(0))
        return grants

    def observe(
        self, product: str, *, status: int, code: str, remaining: int | None, reset: float | None
    ) -> None:
        """Learn from refusals at once, from `Remaining` when it fell by 10 or more since it was last stored."""
        lowest = self._lowest.get(product)
        fell = remaining is not None and (lowest is None or lowest - remaining >= WORTH_STORING)
        if status == HTTPStatus.TOO_MANY_REQUESTS or code in _BLOCKED or fell:
            self.governor.learn(self.accounts[product], code=code, remaining=remaining, reset=reset)
            if remaining is not None:
                self._lowest[product] = remaining

    @property
    def was_used(self) -> bool:
        """At least one call was made."""
        return any(self.made.values())

    def close(self) -> None:
        """Hand back what was reserved and not used."""
        for product, grants in self._grants.items():
            for grant in grants:
                self.governor.hand_back(self.accounts[product], grant)
        self._grants.clear()


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
    spent, left = item.get("spent_until"), _remaining(item, account, now)
    if (spent and now < datetime.fromisoformat(spent)) or left <= 0:
        ends = [datetime.fromisoformat(item[name]) for name in ("spent_until", "day_end") if name in item]
        end = max(ends, default=now + timedelta(hours=1))
        return 0, RateLimitedError("day", max((end - now).total_seconds(), 60))
    counts = _recent(item, now)
    free = _cap(item, account, now) - sum(counts.values())
    oldest = min((int(second) for second in counts), default=int(now.timestamp()))
    wait = max(oldest + WINDOW_SECONDS - now.timestamp(), 1) + 1
    return min(free, left), RateLimitedError("minute", wait)


def _news(
    item: Item, account: Account, now: datetime, *, code: str, remaining: int | None, reset: float | None
) -> Item:
    """What an answer tells that the quota row does not say yet."""
    news: Item = {}
    if remaining is not None:
        known = "day_end" in item and now < datetime.fromisoformat(item["day_end"])
        end = now + timedelta(seconds=UNTOLD_RESET_SECONDS if reset is None else reset)
        news["remaining"] = min(int(item["remaining"]), remaining) if known else remaining
        news["day_end"] = item["day_end"] if known and reset is None else end.isoformat()
    if code in _BLOCKED:
        if now >= datetime.fromisoformat(item.get("blocked_until") or now.isoformat()):
            news |= {"cap": max(_cap(item, account, now) // 2, LOWEST_CAP), "cap_at": now.isoformat()}
        news["blocked_until"] = (now + timedelta(seconds=PENALTY_SECONDS)).isoformat()
    if code == _SPENT:
        end = now + timedelta(seconds=UNTOLD_RESET_SECONDS if reset is None else reset)
        news["spent_until"] = end.isoformat()
    return news
