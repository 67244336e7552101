"""The tick: rings for what is due and reads both feeds."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do nothing at the minute's tick."""
    return {}
