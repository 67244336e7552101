"""One control call and what acts on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.clock import parse_time
from sandbox.replies import Json
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One control call."""

    world: World
    params: dict[str, str]
    query: dict[str, str]
    body: Json


Act = Callable[[ControlCall], Any]


def moment_of(value: Any) -> float:
    """Read a moment as ISO 8601 or epoch seconds."""
    return parse_time(value) if isinstance(value, str) else float(value)
