"""Call budgets of both products: off, as in the dossiers, or with time shortened (CRM 8, Books 8)."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from sandbox.clock import Clock, local

LimitMode = Literal["off", "real", "scaled"]
BOOKS_DAILY = {
    "Free": 1_000,
    "Standard": 2_000,
    "Professional": 5_000,
    "Premium": 10_000,
    "Elite": 10_000,
    "Ultimate": 10_000,
}
PLANS_WITH_RULES = ("Professional", "Premium", "Elite", "Ultimate")
"""Books plans that have workflow rules; Premium's wording differs by page (Books dossier 7)."""


@dataclass(frozen=True, slots=True)
class LimitPlan:
    """The numbers in force; None means not enforced. `time_scale` 60 makes a minute last a second."""

    books_per_minute: int | None = None
    books_per_day: int | None = None
    books_in_flight: int | None = None
    books_webhooks_per_day: int | None = None
    crm_credits_per_day: int | None = None
    crm_in_flight: int | None = None
    crm_sub_in_flight: int | None = None
    tokens_per_ten_minutes: int | None = None
    books_rules_per_org: int | None = None
    books_rules_per_module: int | None = None
    crm_downloads_per_minute: int | None = None
    time_scale: float = 1.0

    def changed(self, values: dict[str, Any]) -> LimitPlan:
        """Return the plan with some numbers replaced."""
        return replace(self, **values)

    def described(self) -> dict[str, Any]:
        """Return the numbers as JSON."""
        return asdict(self)


def plan_of(mode: LimitMode, books_plan: str = "Professional") -> LimitPlan:
    """Return the numbers of a mode."""
    if mode == "off":
        return LimitPlan()
    daily = BOOKS_DAILY.get(books_plan, 5_000)
    in_flight = 5 if books_plan == "Free" else 10
    real = LimitPlan(100, daily, in_flight, 1_000, 55_000, 15, 10, 10, 200, 10, 10)
    return replace(real, time_scale=60.0) if mode == "scaled" else real


class Window:
    """Counts events in a sliding window."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def count(self, now: float, seconds: float) -> int:
        """Return how many events lie in the last seconds."""
        while self._times and self._times[0] <= now - seconds:
            self._times.popleft()
        return len(self._times)

    def add(self, now: float) -> None:
        """Note one event."""
        self._times.append(now)


class Spending:
    """Adds up amounts over a sliding window: CRM credits of the last 24 hours (CRM dossier 8)."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()
        self._sum = 0

    def used(self, now: float, seconds: float) -> int:
        """Return what was spent in the last seconds."""
        while self._spent and self._spent[0][0] <= now - seconds:
            self._sum -= self._spent.popleft()[1]
        return self._sum

    def add(self, now: float, amount: int) -> None:
        """Note an amount."""
        self._spent.append((now, amount))
        self._sum += amount


class DayCount:
    """Counts per calendar day of a zone; a scaled day is a fraction of a real one."""

    def __init__(self, clock: Clock, zone: str) -> None:
        self._clock = clock
        self._zone = zone
        self._day: object = None
        self.used = 0

    def _roll(self, scale: float) -> None:
        day = self._key(scale)
        if day != self._day:
            self._day, self.used = day, 0

    def _key(self, scale: float) -> object:
        if scale == 1:
            return local(self._clock.now(), self._zone).date()
        return int(self._clock.now() * scale // 86_400)

    def add(self, amount: int, scale: float = 1.0) -> int:
        """Add to today's count and return it."""
        self._roll(scale)
        self.used += amount
        return self.used

    def today(self, scale: float = 1.0) -> int:
        """Return today's count."""
        self._roll(scale)
        return self.used

    def seconds_left(self, scale: float = 1.0) -> int:
        """Return the seconds until midnight in the zone (Books dossier 8: X-Rate-Limit-Reset)."""
        if scale != 1:
            return int((86_400 - (self._clock.now() * scale % 86_400)) / scale) + 1
        here = local(self._clock.now(), self._zone)
        tomorrow = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return max(1, int(tomorrow.timestamp() - here.timestamp()))


class Meter:
    """The state that the limits are judged by, for one org of each product."""

    def __init__(self, clock: Clock, zone: str) -> None:
        self.books_minute = Window()
        self.books_blocked_until = 0.0
        self.books_day = DayCount(clock, zone)
        self.books_flying = 0
        self.webhooks_day = DayCount(clock, zone)
        self.crm_credits = Spending()
        self.crm_downloads = Window()
        self.crm_flying = 0
        self.crm_heavy_flying = 0
