"""How answers look: tables and sentences for people, one JSON object for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.shell import Session

STYLES = {"ok": "green", "warning": "yellow", "fault": "bold red", "held": "yellow"}
_WIDE = 160


def console() -> Console:
    """Where people read; colour only on a terminal, wide lines where there is none."""
    width = None if sys.stdout.isatty() else _WIDE
    return Console(file=sys.stdout, markup=False, highlight=False, width=width, soft_wrap=False)


def answer(session: Session, payload: Mapping[str, Any], people: Callable[[Console], None]) -> None:
    """Answer in the form that was asked for."""
    if session.json:
        print(json.dumps(payload, ensure_ascii=False, indent=2, default=_plain))
    else:
        people(console())


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)


def table(*columns: str, title: str | None = None) -> Table:
    """An open table whose cells fold instead of being cut."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def say(out: Console, sentence: str, style: str = "") -> None:
    """One sentence, never broken within: an address is copied from it."""
    out.print(Text(sentence, style=style), soft_wrap=True)


def state(word: str) -> Text:
    """A state in its colour."""
    return Text(word, style=STYLES.get(word, ""))


def value(native: Any) -> str:
    """A field's value on one line; a set (address, name) as its parts that are not blank."""
    if isinstance(native, Mapping):
        return ", ".join(value(part) for part in native.values() if part not in (None, "")) or "–"
    if isinstance(native, Sequence) and not isinstance(native, str):
        return ", ".join(map(value, native)) or "–"
    return "–" if native is None or native == "" else " ".join(str(native).split())


def ago(moment: datetime | str | None, now: datetime) -> str:
    """How long ago, or in how long, in the largest fitting unit."""
    if moment is None or moment == "":
        return "never"
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    seconds = (now - at).total_seconds()
    return f"{span(abs(seconds))} ago" if seconds >= 0 else f"in {span(abs(seconds))}"


def span(seconds: float) -> str:
    """A length of time, such as `4 min`."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def moment(text: str) -> str:
    """A stored time, to the second, in UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at.astimezone(UTC) + timedelta(0)).strftime("%Y-%m-%d %H:%M:%S")


def plural(count: int, word: str) -> str:
    """`1 row`, `2 rows`."""
    if count == 1:
        return f"1 {word}"
    return f"{count} {word[:-1]}ies" if word.endswith("y") else f"{count} {word}s"
