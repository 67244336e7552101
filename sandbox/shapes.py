"""Reading what callers send without trusting its shape."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.replies import Json


def object_of(value: Any) -> Json:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: Any) -> list[Json]:
    """Return the objects in a list, or in one object alone."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts_of(value: Any) -> list[str]:
    """Return the texts in a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def number_of(value: Any, default: int) -> int:
    """Return a whole number, also from digits, else the default."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else default


def is_whole(text: str) -> bool:
    """Return whether a text is a whole number of no more digits than a product takes."""
    return re.fullmatch("-?[0-9]{1,19}", text) is not None


def is_web_address(value: Any) -> bool:
    """Return whether it is a text that something can be sent to by HTTP."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc)
