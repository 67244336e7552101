"""What a list shows that lags behind: each record as it was some seconds ago (switch `list_lag_seconds`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Generic, TypeVar

from sandbox.clock import Clock

R = TypeVar("R")


class Lagging(Generic[R]):
    """The states of the records of a kind, as far back as a list may lag; nothing is kept while none does."""

    def __init__(self, records: Mapping[str, R], clock: Clock, seconds: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock
        self._seconds = seconds
        self._states: dict[str, list[tuple[float, R | None]]] = {}

    def begin(self) -> None:
        """The switch was set: where lists lag, every record is shown as it is now until it changes."""
        lagging = self._records.items() if self._seconds() > 0 else ()
        self._states = {id: [(float("-inf"), deepcopy(record))] for id, record in lagging}

    def note(self, id: str) -> None:
        """A record was just made, changed or deleted."""
        if self._seconds() > 0:
            self._states.setdefault(id, []).append((self._clock.now(), deepcopy(self._records.get(id))))

    def shown(self) -> Mapping[str, R]:
        """Return the records as a list shows them now."""
        if self._seconds() <= 0:
            return self._records
        seen_until, found = self._clock.now() - self._seconds(), dict(self._records)
        for id, states in self._states.items():
            while len(states) > 1 and states[1][0] <= seen_until:
                del states[0]
            moment, state = states[0]
            if moment <= seen_until and state is not None:
                found[id] = state
            else:
                found.pop(id, None)
        return found
