"""An event loop whose time is simulated: it never sleeps, and the same program runs the same way each time."""

from __future__ import annotations

import asyncio
import selectors
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class _Selector(selectors.SelectSelector):
    """Where a real selector would wait, time moves on."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the simulation waits for something that nobody will do")
        self.loop.pass_time(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Seconds since the start of the simulation are its time."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._seconds = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """The simulated present."""
        return self._seconds

    def pass_time(self, seconds: float) -> None:
        """Move on; everything due meanwhile is late, as when a process stood still."""
        self._seconds += seconds


class Killed(BaseException):
    """The function died here: no handler of the engine sees it."""


@dataclass(slots=True)
class Invocation:
    """One run of a function: its place in time, and how it is to die."""

    name: str
    skew: float = 0.0
    dies_at: int = 0
    """Dies before its n-th step (a table operation or one leg of a call to Zoho); 0: it does not."""
    steps: int = field(default=0)
    dead: bool = False
    slow_at: int = 0
    slow_for: float = 0.0

    def step(self) -> float:
        """Count a step; returns how long it takes beyond the usual. Raises Killed."""
        self.steps += 1
        if self.steps == self.dies_at:
            self.dead = True
        if self.dead:
            raise Killed(self.name)
        return self.slow_for if self.steps == self.slow_at else 0.0


CURRENT: ContextVar[Invocation | None] = ContextVar("invocation", default=None)
"""The function that is running; None for people and for the world."""


class WorldTime:
    """The time of both Zohos."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Epoch seconds."""
        return START.timestamp() + self._loop.time()

    def set(self, moment: float) -> None:
        """Time is moved by the loop alone."""
        raise NotImplementedError

    def step(self, seconds: float) -> None:
        """Time is moved by the loop alone."""
        raise NotImplementedError


class FunctionTime:
    """The time of our functions: the world's, give or take the skew of the machine that a run lands on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """The present as the running function sees it."""
        run = CURRENT.get()
        return START + timedelta(seconds=round(self._loop.time() + (run.skew if run else 0.0), 6))
