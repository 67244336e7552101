"""One writer per group: the lease, its fence, and the keys left for its holder (design, section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tandem.core.errors import ConditionFailedError, StoreError
from tandem.core.records import RecordKey
from tandem.engine.ports import Clock, Table, Update, When
from tandem.engine.rows import parse_key

LEASE_SECONDS = 40
RENEW_SECONDS = 10
CALL_SECONDS = 15
"""From connect to last byte: the total time-out of one call to Zoho."""
CLOCK_SECONDS = 5
AGAIN_LIMIT = 50


class LeaseLostError(StoreError):
    """The lease expired or was taken: this worker must not write any more."""


class OutOfTimeError(StoreError):
    """Too little of the lease or of the function's time is left to start a write."""


@dataclass(slots=True)
class Lease:
    """The right to write for one group, held until `until`; `deadline` is the function's own end."""

    group: str
    token: str
    fence: int
    until: datetime
    deadline: datetime
    renewed: datetime
    _leases: Leases = field(repr=False)

    def hold(self, now: datetime) -> None:
        """Called before each call to Zoho: renews every 10 s, since reads alone may last for long."""
        if now - self.renewed >= timedelta(seconds=RENEW_SECONDS):
            self._leases.renew(self, now)

    def keep(self, now: datetime) -> None:
        """Called before each write: as `hold`, and raises when a whole call would not fit any more."""
        self.hold(now)
        need = timedelta(seconds=CALL_SECONDS + CLOCK_SECONDS)
        if min(self.until, self.deadline) - now <= need:
            raise OutOfTimeError(f"less than {need.seconds} s left for {self.group}")

    def has_time(self, now: datetime) -> bool:
        """A round may start: twice the time of a call is left before the function ends."""
        return self.deadline - now > timedelta(seconds=2 * CALL_SECONDS + CLOCK_SECONDS)

    def again(self) -> list[RecordKey]:
        """Take the keys that others left for the holder."""
        return self._leases.take_again(self)

    def release(self, *, unconditionally: bool = False) -> list[RecordKey] | None:
        """Give the lease up (None); if a bell was left meanwhile it stays held and the bell's keys are returned."""
        return self._leases.release(self, unconditionally=unconditionally)


class Leases:
    """The lease rows of the State table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def acquire(self, group: str, token: str, keys: Sequence[RecordKey], deadline: datetime) -> Lease | None:
        """The lease, or None when another holds it: then `keys` are left for the holder."""
        for _ in range(3):
            now = self._clock.now()
            until = now + timedelta(seconds=LEASE_SECONDS)
            try:
                item = self._table.update(
                    Update(
                        _pk(group),
                        "LEASE",
                        set={"token": token, "until": until.isoformat()},
                        add={"fence": 1},
                        when=(When("until", "lt", now.isoformat(), or_absent=True),),
                    )
                )
                return Lease(group, token, int(item["fence"]), until, deadline, now, self)
            except ConditionFailedError as error:
                if self._leave(group, keys, error, now):
                    return None
        return None

    def _leave(
        self, group: str, keys: Sequence[RecordKey], error: ConditionFailedError, now: datetime
    ) -> bool:
        """Add keys to `again`, if the holder is still the one that refused us; the rows are due anyway."""
        held = error.item or {}
        room = AGAIN_LIMIT - len(held.get("again", []))
        left = [str(key) for key in keys][: max(room, 0)] or ([] if room <= 0 else [""])
        if not left:
            return True
        try:
            self._table.update(
                Update(
                    _pk(group),
                    "LEASE",
                    append={"again": left},
                    when=(When("token", "eq", held.get("token")), When("until", "ge", now.isoformat())),
                )
            )
            return True
        except ConditionFailedError:
            return False

    def renew(self, lease: Lease, now: datetime) -> None:
        """Extend by 40 s on condition of the own token; raises LeaseLostError."""
        until = now + timedelta(seconds=LEASE_SECONDS)
        try:
            self._table.update(
                Update(_pk(lease.group), "LEASE", set={"until": until.isoformat()}, when=_own(lease, now))
            )
        except ConditionFailedError as error:
            raise LeaseLostError(f"the lease of {lease.group} was taken over") from error
        lease.until, lease.renewed = until, now

    def take_again(self, lease: Lease) -> list[RecordKey]:
        """The keys left for the holder, removed from the row on condition that none came meanwhile."""
        for _ in range(5):
            item = self._table.get(_pk(lease.group), "LEASE") or {}
            again = item.get("again")
            if not again or item.get("token") != lease.token:
                return []
            try:
                self._table.update(
                    Update(
                        _pk(lease.group),
                        "LEASE",
                        remove=("again",),
                        when=(When("token", "eq", lease.token), When("again", "eq", again)),
                    )
                )
                return [parse_key(text) for text in dict.fromkeys(again) if text]
            except ConditionFailedError:
                continue
        return []

    def release(self, lease: Lease, *, unconditionally: bool) -> list[RecordKey] | None:
        """End the lease unless `again` has keys; `unconditionally` when quota or time stops the holder."""
        own, clear = When("token", "eq", lease.token), When("again", "absent")
        try:
            self._table.update(
                Update(
                    _pk(lease.group),
                    "LEASE",
                    set={"until": "", "token": ""},
                    remove=("again",) if unconditionally else (),
                    when=(own,) if unconditionally else (own, clear),
                )
            )
        except ConditionFailedError as error:
            return self.take_again(lease) if (error.item or {}).get("token") == lease.token else None
        return None


def _own(lease: Lease, now: datetime) -> tuple[When, ...]:
    return When("token", "eq", lease.token), When("until", "ge", now.isoformat())


def _pk(group: str) -> str:
    return f"WRITER#{group}"
