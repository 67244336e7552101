"""The bell and the dead-letter queue in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tandem.engine.ports import Clock

_LONGEST_DELAY = 900
_MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class Ring:
    """One message: `body` as the queue carries it, and when it may be received."""

    group: str
    keys: tuple[str, ...]
    delay: int
    due: datetime

    @property
    def body(self) -> str:
        """The JSON text that a real queue would hand to `sync_changes`."""
        return json.dumps({"group": self.group, "keys": list(self.keys)})


class MemoryBell:
    """Keeps every ring in `rung`; `take` hands out those whose delay has passed, once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[Ring] = []
        self.rung: list[Ring] = []

    def ring(self, group: str, *, keys: Sequence[str] = (), delay: int = 0) -> None:
        """Send one message for a writer group, with the first 50 keys."""
        delay = max(0, min(delay, _LONGEST_DELAY))
        due = self._clock.now() + timedelta(seconds=delay)
        ring = Ring(group, tuple(keys[:_MOST_KEYS]), delay, due)
        self.rung.append(ring)
        self._waiting.append(ring)

    def take(self) -> list[Ring]:
        """The rings that may be received now, in the order sent; they are gone afterwards."""
        now = self._clock.now()
        ready = [ring for ring in self._waiting if ring.due <= now]
        self._waiting = [ring for ring in self._waiting if ring.due > now]
        return ready


class MemoryDeadLetters:
    """Letters in the order sent; a received one is hidden until it is deleted or `show_again`."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._hidden: set[str] = set()
        self._numbers = count(1)

    def send(self, body: Mapping[str, Any]) -> None:
        """Send one letter."""
        self.send_raw(json.dumps(body))

    def send_raw(self, body: str) -> None:
        """Send a text as it is, such as a message that the change queue gave up on."""
        self._letters[f"receipt-{next(self._numbers)}"] = body

    def receive(self, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` letters as (receipt, raw body)."""
        found = [(receipt, body) for receipt, body in self._letters.items() if receipt not in self._hidden]
        self._hidden.update(receipt for receipt, _ in found[:limit])
        return found[:limit]

    def delete(self, receipt: str) -> None:
        """Delete one letter."""
        self._letters.pop(receipt, None)

    def show_again(self) -> None:
        """What the end of the visibility time does: received letters come back."""
        self._hidden.clear()

    @property
    def bodies(self) -> list[str]:
        """Every letter that was not deleted, hidden or not."""
        return list(self._letters.values())
