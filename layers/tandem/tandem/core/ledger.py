"""The arithmetic of one account of calls: its window, its day, what others use, refusals. Pure (design, section 5).

A `Ledger` is what the quota row holds. Times are whole seconds since 1970; counts are calls (Books) or credits (CRM).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tandem.core import shares
from tandem.core.records import RowClass

FRESH_SECONDS = 5
"""A reserved call leaves within this time or is handed back: the window counts reservations, Zoho counts calls."""
WINDOW_SECONDS = 60 + FRESH_SECONDS + 1
"""Calls in any 60 s were reserved in any such time; the last second is for counts kept by the second."""
PENALTY_SECONDS = 60 + 1
"""How long nothing leaves after a 44: a whole minute, though times are kept by the second."""
LOWEST_CAP = 10
"""Something must leave, to learn that it may."""
HEADROOM = 10
"""Calls of the org's minute left free beside ours and those of other applications: they are seen some calls late."""
LOOK_BACK_MINUTES = 5
"""Other applications are expected to use as much as in their busiest of so many minutes."""
TALLY_SECONDS = 600
TALLIES = 18
"""Calls are tallied by ten minutes for three hours: the forecast takes its pace from them."""
IDLE_TALLIES = 6
"""After so many without a call backfill begins anew."""
WAITING_SECONDS = 90
"""How long a class counts as waiting after it was refused; who still waits asks again within a minute and a bell."""
BELL_SECONDS = 20
"""Within this time every connection with due rows asks again: bells are 15 s apart."""
UNTOLD_RESET_SECONDS = 3600
"""How long a day's figure is believed when the answer does not say when the day ends (CRM never does)."""
DAY = 86400
OTHERS = "o"
ROWS = "r"


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls in any 60 s for us and for the whole org (None: no such limit), and calls a day until an answer tells.

    `rolling`: the day is the last 24 h (CRM's credits, dossier crm §8), else the calendar day in `zone` (dossier
    books §8).
    """

    per_minute: int
    per_day: int
    of_org: int | None = None
    rolling: bool = False
    zone: str = ""


class Free(NamedTuple):
    """How many calls may be reserved now; if none, why and how many seconds to wait."""

    calls: int
    kind: Literal["minute", "day"]
    wait: float


@dataclass(slots=True)
class Ledger:
    """One account as its row holds it. The methods change it; who stores it does so by compare-and-set."""

    seq: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """Reserved calls by `second/class`; those seen of other applications by `second/o`."""
    minutes: dict[str, int] = field(default_factory=dict)
    """Calls of other applications by `minute/o`."""
    tallies: dict[str, int] = field(default_factory=dict)
    """All calls by ten minutes, and rows of backfill that were done (`tally/r`)."""
    backfill_since: int = 0
    """When backfill began; anew after an hour without."""
    hours: dict[str, int] = field(default_factory=dict)
    """Ours by hour, for a rolling day."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Until when a class counts as waiting: it was refused calls, or got fewer than it asked for."""
    cap: int = 0
    cap_at: int = 0
    blocked_until: int = 0
    spent_until: int = 0
    day_end: int = 0
    day_used: int = 0
    remaining: int = -1
    """The lowest `Remaining` told today, less what was reserved since; -1: none told."""
    told_until: int = 0
    most_left: int = 0
    """The highest `Remaining` ever told: the day's limit."""
    first_told: int = -1
    first_used: int = 0
    others: int = 0
    """Calls of other applications seen since `first_told`."""

    @classmethod
    def of(cls, item: Mapping[str, Any] | None) -> Ledger:
        """From a row; numbers may come as Decimal."""
        found: dict[str, Any] = {name: item[name] for name in cls.__slots__ if item and name in item}
        for name, value in found.items():
            counts = isinstance(value, Mapping)
            found[name] = {key: int(n) for key, n in value.items()} if counts else int(value)
        return cls(**found)

    def item(self) -> dict[str, Any]:
        """For the row."""
        return {name: getattr(self, name) for name in self.__slots__}

    # --- reading -----------------------------------------------------------------------------------------

    def at(self, now: int, limits: Limits) -> Ledger:
        """Itself, with what is too old dropped and a new day begun."""
        self.counts = _since(self.counts, now - WINDOW_SECONDS)
        self.minutes = _since(self.minutes, now // 60 - LOOK_BACK_MINUTES - 1)
        self.tallies = _since(self.tallies, now // TALLY_SECONDS - TALLIES)
        self.hours = _since(self.hours, now // 3600 - 24)
        self.waiting = {cls: until for cls, until in self.waiting.items() if until > now}
        if not self.day_end:
            self.day_end = next_midnight(now, limits.zone)
        if not limits.rolling and now >= self.day_end:
            self.day_end += (now - self.day_end) // DAY * DAY + DAY
            self._begin_day()
        if now >= self.told_until:
            self.remaining = self.first_told = -1
        return self

    def used(self) -> dict[RowClass, int]:
        """Calls that count in the window now, by class."""
        found = {digit(cls): 0 for cls in RowClass}
        for key, calls in self.counts.items():
            told = key.rpartition("/")[2]
            if told in found:
                found[told] += calls
        return {cls: found[digit(cls)] for cls in RowClass}

    def cap_now(self, now: int, limits: Limits) -> int:
        """Our cap of a minute: halved by a 44, it grows back by a tenth of the full cap each minute."""
        if not self.cap:
            return limits.per_minute
        return int(min(limits.per_minute, self.cap + (now - self.cap_at) / 600 * limits.per_minute))

    def others_a_minute(self, now: int) -> int:
        """What other applications are expected to use of this minute: as in the busiest of the last five."""
        in_window = sum(n for key, n in self.counts.items() if key.endswith(f"/{OTHERS}"))
        seen = [self.minutes.get(f"{now // 60 - ago}/{OTHERS}", 0) for ago in range(LOOK_BACK_MINUTES + 1)]
        return max(in_window, *seen)

    def room(self, now: int, limits: Limits) -> int:
        """Our part of a minute, beside other applications."""
        cap, others = self.cap_now(now, limits), self.others_a_minute(now)
        if limits.of_org is None or not others:
            return cap
        return min(cap, max(limits.of_org - HEADROOM - others, LOWEST_CAP))

    def day_left(self, limits: Limits) -> int:
        """Calls left of the day: the lowest told, else by our own count."""
        if self.remaining >= 0:
            return self.remaining
        return max(limits.per_day - self.used_today(limits), 0)

    def used_today(self, limits: Limits) -> int:
        """Ours of this day, or of the last 24 hours."""
        return sum(self.hours.values()) if limits.rolling else self.day_used

    def day_limit(self, limits: Limits) -> int:
        """Calls a day, as far as answers have told."""
        return self.most_left or limits.per_day

    def free(self, cls: RowClass, now: int, limits: Limits) -> Free:
        """How many calls `cls` may reserve now."""
        if now < self.blocked_until:
            return Free(0, "minute", self.blocked_until - now)
        left = self.day_left(limits)
        if cls is RowClass.BACKFILL:
            left -= shares.kept(self.day_limit(limits))
        if now < self.spent_until or left <= 0:
            return Free(0, "day", self._until_new_day(now, limits))
        waiting = [one for one in RowClass if digit(one) in self.waiting]
        calls = shares.allowance(self.room(now, limits), self.used(), waiting, cls)
        oldest = min((int(key.split("/")[0]) for key in self.counts), default=now)
        return Free(min(calls, left), "minute", max(oldest + WINDOW_SECONDS - now, 1) + 1)

    # --- changing ----------------------------------------------------------------------------------------

    def reserve(self, cls: RowClass, calls: int, now: int) -> None:
        """Count calls that may leave from now on; a negative number hands back those reserved at `now`."""
        if cls is RowClass.BACKFILL and not self._ran_lately(cls, now):
            self.backfill_since = now
        for counts, when in (
            (self.counts, now),
            (self.tallies, now // TALLY_SECONDS),
            (self.hours, now // 3600),
        ):
            _add(counts, f"{when}/{digit(cls)}", calls)
        self.day_used = max(self.day_used + calls, 0)
        if self.remaining >= 0:
            self.remaining = max(self.remaining - calls, 0)

    def _ran_lately(self, cls: RowClass, now: int) -> bool:
        recent = range(now // TALLY_SECONDS - IDLE_TALLIES, now // TALLY_SECONDS + 1)
        return any(f"{tally}/{digit(cls)}" in self.tallies for tally in recent)

    def note_waiting(self, cls: RowClass, now: int) -> bool:
        """`cls` wants more than it got; False when that was noted shortly before."""
        key, until = digit(cls), now + WAITING_SECONDS
        if until - self.waiting.get(key, 0) < WAITING_SECONDS // 6:
            return False
        self.waiting[key] = until
        return True

    def note_served(self, cls: RowClass, now: int) -> None:
        """A connection got all that it has work for: the class waits only if another asks again with its next bell."""
        key = digit(cls)
        if key in self.waiting:
            self.waiting[key] = min(self.waiting[key], now + BELL_SECONDS)

    def note_rows(self, rows: int, now: int) -> None:
        """Rows of backfill that were done."""
        _add(self.tallies, f"{now // TALLY_SECONDS}/{ROWS}", rows)

    def refused(self, now: int, limits: Limits) -> None:
        """A 44 or its like: nothing leaves for a minute, and the cap is halved, once for a burst of them."""
        if now >= self.blocked_until:
            self.cap, self.cap_at = max(self.cap_now(now, limits) // 2, LOWEST_CAP), now
        self.blocked_until = now + PENALTY_SECONDS
        self.day_used = max(self.day_used - 1, 0)

    def spent(self, now: int, reset: float | None) -> None:
        """A 45: nothing leaves before the day's end."""
        self.spent_until = now + int(UNTOLD_RESET_SECONDS if reset is None else reset)

    def told(self, remaining: int, reset: float | None, unused: int, now: int) -> None:
        """Adopt a `Remaining`; what it fell by beyond our own calls was used by other applications.

        `unused`: calls that the teller has reserved and not made yet. `reset`: seconds until the day's end.
        """
        if reset is not None and now + int(reset) > self.day_end + DAY // 2:
            self._begin_day()
        if reset is not None:
            self.day_end = now + int(reset)
        self.told_until = (
            self.day_end if reset is not None else max(self.told_until, now + UNTOLD_RESET_SECONDS)
        )
        if reset is not None:
            self._see_others(remaining, self.day_used - unused, now)
        after = max(remaining - unused, 0)
        self.remaining = after if self.remaining < 0 else min(self.remaining, after)
        self.most_left = max(self.most_left, remaining)

    def _see_others(self, remaining: int, made: int, now: int) -> None:
        """The highest difference seen counts: answers come in any order, and a call may be made but not counted yet."""
        if self.first_told < 0:
            self.first_told, self.first_used, self.others = remaining, made, 0
        seen = (self.first_told - remaining) - (made - self.first_used)
        if seen > self.others:
            _add(self.counts, f"{now}/{OTHERS}", seen - self.others)
            _add(self.minutes, f"{now // 60}/{OTHERS}", seen - self.others)
            _add(self.tallies, f"{now // TALLY_SECONDS}/{OTHERS}", seen - self.others)
            self.others = seen

    def _begin_day(self) -> None:
        self.day_used, self.remaining, self.first_told, self.others = 0, -1, -1, 0

    def _until_new_day(self, now: int, limits: Limits) -> float:
        if now < self.spent_until:
            return max(self.spent_until - now, 60)
        end = self.told_until if limits.rolling else self.day_end
        return max(end - now, 60) if end > now else UNTOLD_RESET_SECONDS


def digit(cls: RowClass) -> str:
    """A class in the ledger's keys."""
    return cls.value[0]


def next_midnight(now: int, zone: str) -> int:
    """When the day ends in `zone`; by UTC if the zone is unknown."""
    try:
        here = datetime.fromtimestamp(now, ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        here = datetime.fromtimestamp(now, UTC)
    tomorrow = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(tomorrow.timestamp())


def _since(counts: dict[str, int], start: int) -> dict[str, int]:
    return {key: n for key, n in counts.items() if n and int(key.split("/")[0]) > start}


def _add(counts: dict[str, int], key: str, n: int) -> None:
    counts[key] = max(counts.get(key, 0) + n, 0)
