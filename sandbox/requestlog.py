"""One line for every API call: in memory, and in a file of JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO

from sandbox.replies import Json


@dataclass(frozen=True, slots=True)
class Entry:
    """One call as a judge reads it; tokens and secrets are left out."""

    time: str
    seq: int
    product: str
    method: str
    path: str
    endpoint: str
    query: dict[str, str]
    module: str | None
    record_ids: list[str]
    status: int
    code: str | None
    ms: float
    request_body: Any
    token_hint: str | None
    org: str | None
    fault: str | None
    committed: bool


class RequestLog:
    """The calls since the last reset, and the file they are appended to."""

    def __init__(self, path: Path | None) -> None:
        self._entries: list[Entry] = []
        self._file: TextIO | None = None
        self._seq = 0
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    @property
    def last_seq(self) -> int:
        """Return the number of the newest call, 0 before the first."""
        return self._seq

    def next_seq(self) -> int:
        """Return the number of the next call."""
        self._seq += 1
        return self._seq

    def add(self, entry: Entry) -> None:
        """Note a call; the line is flushed at once."""
        self._entries.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(_shown(entry), ensure_ascii=False) + "\n")
            self._file.flush()

    def forget(self) -> None:
        """Empty the memory; the file and the numbering go on."""
        self._entries.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def found(self, since_seq: int, product: str | None, method: str | None, limit: int) -> Json:
        """Return matching calls, the newest last, and counts per endpoint over all matches."""
        rows = [
            e
            for e in self._entries
            if e.seq > since_seq and product in (None, e.product) and method in (None, e.method)
        ]
        counts = Counter(f"{e.product} {e.endpoint}" for e in rows)
        statuses = Counter(str(e.status) for e in rows)
        by_product = Counter(e.product for e in rows)
        return {
            "last_seq": self._seq,
            "total": len(rows),
            "by_product": dict(by_product),
            "counts": dict(counts),
            "statuses": dict(statuses),
            "requests": [_shown(e) for e in rows[-limit:]] if limit > 0 else [],
        }


_NAMES = [field.name for field in fields(Entry)]


def _shown(entry: Entry) -> Json:
    return {name: _copy(getattr(entry, name)) for name in _NAMES}


def _copy(value: Any) -> Any:
    """A copy of what JSON can show; whole records are logged, and `asdict` takes ten times as long."""
    if isinstance(value, dict):
        return {key: _copy(part) for key, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list) else value
