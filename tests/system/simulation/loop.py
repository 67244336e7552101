"""An event loop whose time is simulated: it never sleeps, and the same program runs the same way each time."""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections import deque
from collections.abc import Coroutine, Generator
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Seconds since the start of the simulation are its time.

    A function that waits for its table blocks its own process alone: `go_on` lets all others run meanwhile, from
    within the very call, so what they do falls between the two steps that the table operation is.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _stopping: bool

    def __init__(self) -> None:
        """Begin at zero."""
        self._seconds = 0.0
        super().__init__(selectors.SelectSelector())
        self.set_task_factory(_of_a_process)  # type: ignore[arg-type]

    def time(self) -> float:
        """The simulated present."""
        return self._seconds

    def go_on(self, run: Invocation, seconds: float) -> None:
        """`run` waits for so long, and nothing of its process moves; the rest of the world does."""
        task, until = asyncio.current_task(self), self._seconds + seconds
        if task is None or seconds <= 0:
            return
        asyncio.tasks._leave_task(self, task)
        run.waits = self.create_future()
        alarm = self.call_at(until, lambda: None)
        try:
            while self._seconds < until and not self._stopping:
                self._run_once()
        finally:
            alarm.cancel()
            run.waits.set_result(None)
            run.waits = None
            asyncio.tasks._enter_task(self, task)

    def _run_once(self) -> None:
        """As asyncio's own, with simulated waiting, and free to be entered again by what it runs."""
        if not self._ready:
            self._next_timers()
        for _ in range(len(self._ready)):
            if self._ready and not (handle := self._ready.popleft()).cancelled():
                handle._run()

    def _next_timers(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)._scheduled = False  # type: ignore[attr-defined]
        if not self._scheduled:
            raise RuntimeError("the simulation waits for something that nobody will do")
        self._seconds = max(self._seconds, self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self._seconds:
            handle = heapq.heappop(self._scheduled)
            handle._scheduled = False  # type: ignore[attr-defined]
            self._ready.append(handle)


def _of_a_process(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any
) -> asyncio.Task[Any]:
    return asyncio.Task(_driven(work), loop=loop, **more)


async def _driven(work: Coroutine[Any, Any, Any]) -> Any:
    return await _Driven(work)


class _Driven:
    """Runs a task step by step, and none while another task of its process waits for the table."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        answer: Any = None
        error: BaseException | None = None
        while True:
            while (run := CURRENT.get()) is not None and run.waits is not None:
                try:
                    yield from asyncio.shield(run.waits)
                except asyncio.CancelledError as cancelled:
                    error = cancelled
            try:
                asked = self._work.send(answer) if error is None else self._work.throw(error)
            except StopIteration as end:
                return end.value
            answer = error = None
            try:
                answer = yield asked
            except GeneratorExit:
                self._work.close()
                raise
            except BaseException as raised:  # noqa: BLE001 - whatever it is, it is the task's own
                error = raised


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
    waits: asyncio.Future[None] | None = None
    """Set while it waits for its table: until then no task of it goes on."""

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


def nobody() -> Context:
    """The context of what no function does: a person, the world, a run that only begins."""
    return Context()


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
