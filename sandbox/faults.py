"""Faults that a test plants by name, and the question which of them strikes a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from sandbox.replies import ControlError, Json

When = Literal["before", "record", "after", "delivery"]

CATALOGUE: dict[str, tuple[When, str]] = {
    "crm_down": ("before", "CRM answers 503 to every call."),
    "books_down": ("before", "Books answers 503 to every call."),
    "accounts_down": ("before", "The token endpoint answers 503."),
    "error_before_commit": ("before", "5xx (`status`, default 500) and nothing was done."),
    "error_after_commit": (
        "after",
        "The write is done, the answer is 5xx (`status`) or, with `hang`, never comes.",
    ),
    "timeout": ("before", "The call hangs for `seconds` (default 60) and nothing was done."),
    "timeout_after_commit": ("after", "The write is done and the call hangs for `seconds` (default 60)."),
    "disconnect": ("before", "The connection is closed without an answer; nothing was done."),
    "rate_minute": ("before", "429: Books code 44 (blocked minute); CRM too many requests."),
    "rate_day": ("before", "429: Books code 45 (daily quota gone); CRM credits gone."),
    "rate_in_flight": ("before", "429: Books code 1070 (too many in process); CRM concurrency."),
    "books_43_on_200": ("before", "Books throttles with code 43 on HTTP 200 (Books dossier 8)."),
    "token_revoked": ("before", "Every refresh answers invalid_code; live access tokens are refused."),
    "token_throttled": ("before", "Every refresh answers Access Denied with HTTP 200."),
    "invalid_token": ("before", "The access token is refused once, a new one is taken."),
    "scope_mismatch": ("before", "401 OAUTH_SCOPE_MISMATCH, or Books code 57."),
    "refuse_record": (
        "record",
        "A write of match.record_id (or a value in it) is refused with `code`, `message`; in a batch only its item.",
    ),
    "wrong_data_centre": (
        "before",
        "The token endpoint answers invalid_client, the products refuse the token.",
    ),
    "html_error": ("before", "502 with an HTML page instead of JSON."),
    "slow": ("before", "The answer comes `seconds` late (default 1)."),
    "drop_notification": ("delivery", "A notification is never sent."),
    "duplicate_notification": ("delivery", "A notification is sent twice (`copies`)."),
    "delay_notification": ("delivery", "A notification is sent `seconds` late (default 60)."),
    "reorder_notifications": (
        "delivery",
        "A notification is late by a random part of `seconds` (default 10).",
    ),
}


@dataclass(slots=True)
class Fault:
    """One planted fault: what, where, and how often."""

    id: int
    name: str
    product: str | None = None
    count: int | None = None
    until: float | None = None
    probability: float = 1.0
    match: Json = field(default_factory=dict)
    options: Json = field(default_factory=dict)
    struck: int = 0

    @property
    def when(self) -> When:
        """Return the moment of a call at which it strikes."""
        return CATALOGUE[self.name][0]

    def described(self) -> Json:
        """Return the fault as JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "product": self.product,
            "count": self.count,
            "until": self.until,
            "probability": self.probability,
            "match": self.match,
            "options": self.options,
            "struck": self.struck,
        }


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault is matched against: a call or a delivery."""

    product: str
    method: str = ""
    endpoint: str = ""
    path: str = ""
    record_ids: tuple[str, ...] = ()
    module: str | None = None
    body: str = ""
    org: str | None = None


def _implied_product(name: str) -> str | None:
    head = name.split("_", 1)[0]
    if head in ("crm", "books", "accounts"):
        return head
    return "accounts" if name == "token_throttled" else None


class FaultBook:
    """The planted faults in the order they were planted."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"{seed}:faults")
        self._faults: list[Fault] = []
        self._next = 1

    def plant(self, name: str, values: Json) -> Fault:
        """Add a fault; raises ControlError for an unknown name."""
        if name not in CATALOGUE:
            raise ControlError(f"unknown fault {name!r}; known: {sorted(CATALOGUE)}")
        known = {"product", "count", "until", "probability", "match"}
        fault = Fault(
            self._next,
            name,
            values.get("product") or _implied_product(name),
            values.get("count"),
            values.get("until"),
            float(values.get("probability", 1.0)),
            dict(values.get("match") or {}),
            {key: value for key, value in values.items() if key not in known},
        )
        self._next += 1
        self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None, name: str | None = None) -> int:
        """Remove one fault, all of a name, or all; return how many went."""
        before = len(self._faults)
        self._faults = [
            f
            for f in self._faults
            if (fault_id is not None and f.id != fault_id) or (name is not None and f.name != name)
        ]
        return before - len(self._faults)

    def listed(self) -> list[Fault]:
        """Return the planted faults."""
        return list(self._faults)

    def strike(self, when: When, target: Target, now: float) -> Fault | None:
        """Return the first fault that strikes here and use it up by one."""
        for fault in self._faults:
            if fault.when != when or not self._hits(fault, target, now):
                continue
            fault.struck += 1
            return fault
        return None

    def _hits(self, fault: Fault, target: Target, now: float) -> bool:
        if fault.count is not None and fault.struck >= fault.count:
            return False
        if fault.until is not None and now >= fault.until:
            return False
        if fault.product not in (None, "any", target.product):
            return False
        if not _matches(fault.match, target):
            return False
        return fault.probability >= 1 or self._rng.random() < fault.probability


def _matches(match: dict[str, Any], target: Target) -> bool:
    method = match.get("method")
    if method and target.method not in ([method] if isinstance(method, str) else method):
        return False
    endpoint = match.get("endpoint")
    if endpoint and endpoint not in target.endpoint and endpoint not in target.path:
        return False
    if any(match.get(name) and match[name] != getattr(target, name) for name in ("module", "org")):
        return False
    record_id = match.get("record_id")
    return (
        not record_id
        or record_id in target.record_ids
        or record_id in target.path
        or record_id in target.body
    )
