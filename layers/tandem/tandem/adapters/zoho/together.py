"""Work in parts: equal chunks, and several calls at once that all end before the first error goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def chunks(values: Iterable[T], size: int) -> list[Sequence[T]]:
    """The distinct values in their order, in chunks of `size`."""
    distinct = list(dict.fromkeys(values))
    return [distinct[start : start + size] for start in range(0, len(distinct), size)]


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order; at the first error the others are cancelled and awaited, then it is raised."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
