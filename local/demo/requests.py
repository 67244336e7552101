"""The sandbox's own log (`build/requests.jsonl`): what was called, what was written, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

READS = ("/coql", "/actions/watch", "/oauth/", "/settings/")
"""What is sent by POST or PATCH and changes no record."""

_WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Request:
    """One call to Zoho."""

    seq: int
    at: float
    product: str
    method: str
    path: str
    endpoint: str
    ids: tuple[str, ...]
    status: int
    body: Any
    query: dict[str, str]

    @property
    def is_write(self) -> bool:
        """It would change a record, whatever was answered."""
        return (
            self.product in ("crm", "books")
            and self.method in _WRITES
            and not any(part in self.path for part in READS)
        )

    @property
    def is_feed(self) -> bool:
        """A look for what changed (a poll, or the fresh look before a create), not the read of a record."""
        if self.endpoint.endswith("/deleted") or self.endpoint == "GET /books/v3/contacts":
            return True
        query = self.body.get("select_query", "") if isinstance(self.body, dict) else ""
        return "Modified_Time >=" in query

    def names(self, id: str) -> bool:
        """It is about this record; a person's call is not one about its customer."""
        return self.path.endswith(f"/{id}") or (
            id in self.ids and not any(self.path.endswith(f"/{i}") for i in self.ids)
        )

    def __str__(self) -> str:
        """As a person reads it in a list."""
        return f"{self.method} {self.path} -> {self.status}"


@dataclass(slots=True)
class RequestLog:
    """Reads the file as it grows."""

    path: Path
    _known: list[Request] = field(default_factory=list)
    _offset: int = 0

    def all(self) -> list[Request]:
        """Every call so far."""
        if self.path.exists():
            with self.path.open("rb") as lines:
                lines.seek(self._offset)
                for line in lines:
                    if not line.endswith(b"\n"):
                        break
                    self._offset += len(line)
                    self._known.append(_request(json.loads(line)))
        return self._known

    @property
    def last(self) -> int:
        """The number of the newest call."""
        found = self.all()
        return found[-1].seq if found else 0

    def since(self, seq: int) -> list[Request]:
        """The calls after `seq`."""
        return [request for request in self.all() if request.seq > seq]

    def writes(self, seq: int = 0) -> list[Request]:
        """The calls after `seq` that would change a record."""
        return [request for request in self.since(seq) if request.is_write]

    def write_of(self, id: str, seq: int) -> Request | None:
        """The first write of a record after `seq`."""
        return next((request for request in self.writes(seq) if request.names(id)), None)


def calls(requests: Iterable[Request]) -> dict[str, int]:
    """How many calls went to each product."""
    counts = {"crm": 0, "books": 0}
    for request in requests:
        if request.product in counts:
            counts[request.product] += 1
    return counts


def by_endpoint(requests: Iterable[Request]) -> Iterator[tuple[str, int]]:
    """Endpoints with how often they were called."""
    counts: dict[str, int] = {}
    for request in requests:
        counts[request.endpoint] = counts.get(request.endpoint, 0) + 1
    yield from sorted(counts.items())


def _request(line: dict[str, Any]) -> Request:
    return Request(
        line["seq"],
        datetime.fromisoformat(line["time"]).timestamp(),
        line["product"],
        line["method"],
        line["path"],
        line["endpoint"],
        tuple(line["record_ids"]),
        line["status"],
        line["request_body"],
        line["query"],
    )
