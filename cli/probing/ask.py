"""The probe's calls: those of the clients and four more, each counted, a refusal being an answer like any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cli.zoho import Zoho
from tandem.adapters.zoho.endpoints import ENDPOINTS, Endpoint
from tandem.adapters.zoho.parse import as_object, as_rows, parse_time
from tandem.adapters.zoho.transport import Call
from tandem.core.errors import RefusedError, TandemError
from tandem.core.records import Side
from tandem.engine.ports import Gate

MOST_CALLS = 40
KEPT_BACK = 3
"""Calls that only the clean-up may make."""

CALLS: dict[str, Endpoint] = {
    **ENDPOINTS,
    "crm.update_several": Endpoint("crm", "PUT", "/crm/v8/{module}"),
    "crm.malformed": Endpoint("crm", "GET", "/crm/v8/{module}/no-id-at-all", reads=True),
    "books.upsert": Endpoint("books", "PUT", "/books/v3/contacts"),
    "books.update_address": Endpoint("books", "PUT", "/books/v3/contacts/{id}/address/{address}"),
}
"""No delete, no mail, no invitation, no transaction: the same promise as the clients' (a test reads it)."""


class UnansweredError(TandemError):
    """This look cannot tell; the sentence says why."""


@dataclass(slots=True)
class Budget:
    """The transport's gate, closed after so many calls: no retry and no second token slips past it."""

    gate: Gate
    limit: int = MOST_CALLS - KEPT_BACK
    used: dict[str, int] = field(default_factory=lambda: {"crm": 0, "books": 0})

    @property
    def total(self) -> int:
        """Calls made to both products."""
        return sum(self.used.values())

    async def admit(self, product: str, cost: int = 1) -> None:
        """Count a call; raises UnansweredError when none is left."""
        if self.total >= self.limit:
            raise UnansweredError(f"the {MOST_CALLS} calls of one run were used up; run `tandem probe` again")
        await self.gate.admit(product, cost)
        self.used[product] += 1

    def observe(
        self, product: str, *, status: int, code: str, remaining: int | None, reset: float | None
    ) -> None:
        """Hand on what an answer says of the quota."""
        self.gate.observe(product, status=status, code=code, remaining=remaining, reset=reset)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its HTTP status, its body, and the code of a refusal (empty: none)."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    about: str = ""
    """The field that a refusal names."""
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def rows(self, key: str) -> list[Mapping[str, Any]]:
        """The objects under a key of the body."""
        return as_rows(self.body.get(key))

    def one(self, key: str) -> Mapping[str, Any]:
        """The object under a key of the body; raises UnansweredError when the call was refused or it is not there."""
        if self.code:
            raise UnansweredError(
                f"Zoho refused it: code {self.code}" + (f", {self.about}" * bool(self.about))
            )
        found = as_object(self.body.get(key))
        if not found:
            raise UnansweredError(f"an answer without {key}")
        return found

    def results(self) -> list[tuple[str, datetime | None, str]]:
        """What CRM says of each record of a write: code (`SUCCESS`), time, id; the whole call's refusal as one."""
        if self.code:
            return [(self.code, None, "")]
        found = []
        for row in self.rows("data"):
            details = as_object(row.get("details"))
            code = str(row.get("code"))
            about = str(details.get("id") or "") if code == "SUCCESS" else str(details.get("api_name") or "")
            found.append((code, parse_time(details.get("Modified_Time")), about))
        return found


@dataclass(slots=True)
class Ask:
    """Sends the probe's calls, one after the other."""

    zoho: Zoho
    organization: str

    async def send(
        self,
        name: str,
        parts: Mapping[str, str] | None = None,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        organization: str = "",
    ) -> Told:
        """Send one call. A refusal is an answer; quota, outages and a missing permission raise."""
        endpoint = CALLS[name]
        if endpoint.product == "books":
            query = [*query, ("organization_id", organization or self.organization)]
        call = Call(endpoint, parts or {}, query, body, headers or {})
        try:
            answer = await self.zoho.ways[Side(endpoint.product)].send(call)
        except RefusedError as error:
            return Told(self.status, code=error.code, about=error.field)
        return Told(answer.status, answer.body or {}, at=answer.asked_at)

    @property
    def status(self) -> int:
        """HTTP status of the last answer."""
        return self.zoho.statuses[-1]
