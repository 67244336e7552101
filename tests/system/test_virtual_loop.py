"""The event loop of the simulation: simulated time, and functions that wait for their table while others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.system.simulation.loop import CURRENT, Invocation, VirtualLoop, nobody


def ran(*work: Coroutine[Any, Any, None]) -> VirtualLoop:
    """Run all side by side, each in a context of its own, to the end."""
    loop = VirtualLoop()

    async def everything() -> None:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one, context=nobody())

    try:
        loop.run_until_complete(everything())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    return loop


def test_time_passes_only_by_waiting() -> None:
    """An hour's sleep takes no time, and the order of moments is kept."""
    seen: list[str] = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append(f"{seconds}")

    assert ran(sleeper(3_600.0), sleeper(5.0)).time() == 3_600.0
    assert seen == ["5.0", "3600.0"]


def test_while_a_function_waits_for_its_table_others_go_on_and_its_own_tasks_do_not() -> None:
    """A table operation is a call of the whole process, not of one task."""
    seen: list[tuple[str, float]] = []

    async def function() -> None:
        run, loop = Invocation("sync_changes"), asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        CURRENT.set(run)
        own = asyncio.ensure_future(timed("own task", 1.0))
        await asyncio.sleep(0)
        loop.go_on(run, 10.0)
        seen.append(("operation done", loop.time()))
        await own

    async def timed(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((name, asyncio.get_running_loop().time()))

    ran(function(), timed("other function", 4.0))
    assert seen == [("other function", 4.0), ("operation done", 10.0), ("own task", 10.0)]


def test_two_functions_may_wait_for_their_tables_at_once() -> None:
    """Each goes on when its own operation is done and the stack lets it."""
    seen: list[tuple[str, float]] = []

    async def function(name: str, begin: float, seconds: float) -> None:
        run, loop = Invocation(name), asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        CURRENT.set(run)
        await asyncio.sleep(begin)
        loop.go_on(run, seconds)
        seen.append((name, loop.time()))

    ran(function("first", 0.0, 10.0), function("second", 2.0, 3.0))
    assert seen == [("second", 5.0), ("first", 10.0)]


def test_a_call_that_timed_out_while_its_process_waited_has_timed_out() -> None:
    """It learns of it when its process goes on."""
    seen: list[float] = []

    async def function() -> None:
        run, loop = Invocation("sync_changes"), asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        CURRENT.set(run)
        call = asyncio.ensure_future(a_call())
        await asyncio.sleep(0)
        loop.go_on(run, 30.0)
        await call

    async def a_call() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(15.0):
                await asyncio.sleep(60.0)
        seen.append(asyncio.get_running_loop().time())

    ran(function())
    assert seen == [30.0]


def test_a_loop_that_waits_for_nothing_says_so() -> None:
    """A simulation that hangs is a fault of the simulation."""

    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nobody will do"):
        ran(forever())
