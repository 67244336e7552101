"""What every step works with: both worlds, ways to wait, and checks that are counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from local.demo.answer_key import AnswerKey
from local.demo.cloud import Cloud
from local.demo.command import Command
from local.demo.data import Ids
from local.demo.plan import Plan
from local.demo.requests import RequestLog
from local.demo.sandbox import Sandbox

T = TypeVar("T")

PATIENCE = 30.0
STUCK = 2.0
"""When rows are due and no call is made for that long, the tick is called by hand instead of waiting for the minute."""

STILL = 0.5
"""No call, no due row and no notice for that long is rest."""
SOON = 2.0
"""Rows that come due within so many seconds (a retry, a delete that waits) are waited for."""


class CheckError(Exception):
    """What was seen is not what must be."""


@dataclass(slots=True)
class Stage:
    """The demo's whole world."""

    plan: Plan
    key: AnswerKey
    zoho: Sandbox
    cloud: Cloud
    tandem: Command
    log: RequestLog
    tell: Callable[[str, str], None]
    """Prints a sentence: (kind, text), kind one of ok, bad, info."""
    ids: Ids = field(default_factory=lambda: Ids({}, {}))
    hooks: dict[str, Any] = field(default_factory=dict)
    """What `tandem connect` answered: addresses and secrets of the webhooks."""
    latency: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from an edit to the remote write, by direction."""
    cost: dict[str, dict[str, float]] = field(default_factory=dict)
    """Calls per change by flow and product."""
    changes: int = 0
    """Edits that users made after the first sync."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What one step leaves for another, and for the final table."""
    failures: list[str] = field(default_factory=list)
    """Checks of the present step that failed."""
    ticks: int = 0
    """How often this step called the tick by hand."""

    # --- what is checked ------------------------------------------------------------------------------------

    def check(self, holds: object, sentence: str, seen: object = "") -> bool:
        """Count a fact that must hold; the step goes on and fails at its end."""
        if holds:
            self.tell("ok", sentence)
            return True
        told = f"{sentence}; seen: {seen}" if seen != "" else sentence
        self.failures.append(told)
        self.tell("bad", told)
        return False

    def equal(self, seen: object, expected: object, sentence: str) -> bool:
        """Check that something is exactly as expected."""
        return self.check(seen == expected, sentence, f"{seen!r}, expected {expected!r}")

    def info(self, sentence: str) -> None:
        """Tell something that is no check."""
        self.tell("info", sentence)

    # --- waiting ----------------------------------------------------------------------------------------------

    def wait(
        self, what: str, look: Callable[[], T | None], patience: float = PATIENCE, pause: float = 0.05
    ) -> T:
        """Look until the answer is true; raises CheckError naming what did not come."""
        deadline = time.monotonic() + patience
        while True:
            if found := look():
                return found
            if time.monotonic() > deadline:
                raise CheckError(f"{what}: not within {patience:.0f} s")
            time.sleep(pause)

    def tick(self) -> None:
        """The deployed reconcile function, by the Lambda API, instead of waiting for the minute.

        It starts with the next second, since a tick reads CRM up to the second in which it starts and leaves that
        one, which is not over yet, to the next tick: it sees all that was edited before this call.
        """
        time.sleep(1 - time.time() % 1)
        self.ticks += 1
        started = time.monotonic()
        self.cloud.tick()
        if (took := time.monotonic() - started) > STUCK:
            self.info(f"that tick took {took:.1f} s")

    def settle(
        self, patience: float = 60.0, within: float = SOON, still: float = STILL, stuck: float = STUCK
    ) -> None:
        """Wait until every notice is delivered, no row is due (`within`: soon) and no call is made any more.

        Rows that nobody takes for `stuck` seconds get a tick by hand.
        """
        deadline, last = time.monotonic() + patience, -1
        moved = still_since = time.monotonic()
        while time.monotonic() - still_since < still:
            if time.monotonic() > deadline:
                raise CheckError(
                    f"it does not come to rest within {patience:.0f} s: {self._restless(within)[:5]}"
                )
            due, seq = self._restless(within), self.log.last
            if seq != last:
                moved, last = time.monotonic(), seq
            if due and time.monotonic() - moved > stuck:
                self.tick()
                moved = time.monotonic()
            if due or moved > still_since:
                still_since = time.monotonic()
            time.sleep(0.05)

    def _restless(self, within: float) -> list[str]:
        pending = self.zoho.get("deliveries", state="pending", limit=5)["deliveries"]
        return [f"delivery {one['n']}" for one in pending] or self.cloud.due(within)

    # --- the two sides ------------------------------------------------------------------------------------------

    def edit(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One edit by a user."""
        self.changes += 1
        return self.zoho.edit(path, body)

    def crm_id(self, name: str) -> str:
        """The CRM id of a company or person of the plan, also of one that was created by the sync."""
        return self.ids.crm[name]

    def books_id(self, name: str) -> str:
        """The Books id of a company or person of the plan, also of one that was created by the sync."""
        return self.ids.books[name]
