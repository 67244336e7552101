"""Tolerant reading of what Zoho sends, exact writing of what it gets; pure.

Ids stay strings, amounts become Decimal and leave as they were; times of both products become UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from tandem.core.records import utc

_DIGITS = 400


def parse_time(value: object) -> datetime | None:
    """A time of either product in UTC at whole seconds; None when blank or not an aware time.

    `2023-05-10T01:10:47-07:00` (dossier crm §10), `2026-06-09T09:45:19-0400` (dossier books §2).
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return None if moment.tzinfo is None else utc(moment)
    except (ValueError, OverflowError):
        return None


def parse_millis(value: object) -> datetime | None:
    """Epoch milliseconds in UTC (dossier crm §5); None when blank or out of reach."""
    milliseconds = as_int(value)
    try:
        return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def parse_http_date(value: str | None) -> datetime | None:
    """The `Date` header in UTC; None when absent or malformed."""
    try:
        moment = parsedate_to_datetime(value) if value else None
        return None if moment is None or moment.tzinfo is None else utc(moment)
    except (ValueError, OverflowError):
        return None


def show_time(moment: datetime) -> str:
    """ISO 8601 in UTC, whole seconds: both products refuse or ignore anything finer (dossier crm §10)."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return utc(moment).isoformat()


def as_id(value: object) -> str | None:
    """An id as the string it is; None when blank. Zoho sometimes sends a number (dossier crm §2, books §1)."""
    if isinstance(value, Mapping):
        return as_id(value.get("id"))
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def as_int(value: object) -> int | None:
    """A whole number that may come as text, as in a header; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def as_flag(value: object) -> bool:
    """A truth that may come as text (dossier books §11); anything odd is false."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def as_text(value: object) -> str:
    """A text, also where a number came instead; blank for null and for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def as_seconds(value: str | None) -> float | None:
    """Seconds from now in a header, never negative; None when it is no number."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


def as_rows(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list, or the one object where Zoho sends it bare (dossier books §3)."""
    if isinstance(value, Mapping):
        return [value]
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def as_object(value: object) -> Mapping[str, Any]:
    """The object itself, or the first of a list; empty when there is none."""
    return next(iter(as_rows(value)), {})


def unblank(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with None turned into an empty text, at every depth: Books refuses null (dossier books §11)."""
    return {key: _unblank(value) for key, value in body.items()}


def _unblank(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return unblank(value)
    return [_unblank(item) for item in value] if isinstance(value, list | tuple) else value


def loads(content: bytes | str) -> Any:
    """JSON with every fraction as Decimal: no float touches an amount. None when it is not JSON.

    NaN and Infinity are no JSON; nor, to us, is a number that would fill the memory when written out.
    """
    try:
        return json.loads(content, parse_float=_decimal, parse_constant=_decimal)
    except (ValueError, RecursionError):
        return None


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS:
        raise ValueError("not a number that can be kept")
    return number


_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def dumps(value: Any) -> str:
    """JSON of a body, a Decimal with exactly its digits (`10.50` stays `10.50`)."""
    if isinstance(value, str):
        return _json(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("not a finite number")
        return format(value, "f")
    if isinstance(value, datetime):
        return json.dumps(show_time(value))
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{json.dumps(str(k))}:{dumps(v)}" for k, v in value.items()]) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join([dumps(item) for item in value]) + "]"
    return _json(value)


def now() -> datetime:
    """The local clock, in UTC."""
    return datetime.now(UTC)
