"""Faults that a test plants by name, and the question which of them strikes a call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from sandbox.control.words import known_only
from sandbox.replies import ControlError, Json

When = Literal["before", "record", "after", "delivery", "write", "list", "touch", "job", "once"]

COMMON = ("product", "count", "until", "probability", "skip", "seed", "match")
"""What every fault that strikes calls takes; beside it what its text names in backquotes."""
PRODUCTS = ("crm", "books", "accounts", "any")
WORDS = {
    ("edit_beside", "moment"): ("before", "under", "after"),
    ("page_shifts", "change"): ("edit", "insert", "delete"),
    ("text_form", "form"): ("nfc", "html"),
}
"""What an option of a fault can say, where that is one of some words."""
RANGES = {"status": (100, 599), "every": (1, 1_000), "copies": (0, 100), "seconds": (0, 1_000_000)}
MATCHES = ("method", "endpoint", "module", "org", "record_id")

CATALOGUE: dict[str, tuple[When, str]] = {
    "crm_down": ("before", "CRM answers 503 (or `status`) to every call."),
    "books_down": ("before", "Books answers 503 (or `status`) to every call."),
    "accounts_down": ("before", "The token endpoint answers 503 (or `status`)."),
    "error_before_commit": (
        "before",
        "5xx (`status`, default 500; of CRM with `code`) and nothing was done.",
    ),
    "error_after_commit": (
        "after",
        "The write is done, the answer is 5xx (`status`) or, with `hang`, comes after `seconds` (default 60).",
    ),
    "timeout": ("before", "The call hangs for `seconds` (default 60) and nothing was done."),
    "timeout_after_commit": ("after", "The write is done and the call hangs for `seconds` (default 60)."),
    "disconnect": ("before", "The connection breaks before the answer is whole; nothing was done."),
    "rate_minute": (
        "before",
        "429: Books code 44 (blocked minute); CRM too many requests. With `retry_after`, that header.",
    ),
    "rate_day": (
        "before",
        "429: Books code 45 (daily quota gone); CRM credits gone; `retry_after`. With `skip`, in mid-batch.",
    ),
    "rate_in_flight": (
        "before",
        "429: Books code 1070 (too many in process); CRM concurrency; `retry_after`.",
    ),
    "books_43_on_200": ("before", "Books throttles with code 43 on HTTP 200 (Books dossier 8)."),
    "token_revoked": ("before", "Every refresh answers invalid_code; live access tokens are refused."),
    "token_throttled": ("before", "Every refresh answers Access Denied with HTTP 200."),
    "invalid_token": ("before", "The access token is refused once, a new one is taken."),
    "scope_mismatch": ("before", "401 OAUTH_SCOPE_MISMATCH, or Books code 57."),
    "refuse_record": (
        "record",
        "A write of match.record_id (or a value in it) is refused: `code`, `message`, `details`, `status`.",
    ),
    "partial_batch": (
        "record",
        "Of a write of several records every `every`th (default 2) is refused with `code`, `message`, `details`.",
    ),
    "duplicate_name": (
        "record",
        "A write that names the record is refused as a duplicate: Books 3062, CRM DUPLICATE_DATA.",
    ),
    "duplicate_email": (
        "record",
        "A write that carries an e-mail is refused as a duplicate: Books 4, CRM DUPLICATE_DATA.",
    ),
    "edit_beside": (
        "write",
        "A user edits the same record (`field`, `value`) in a write's second: `moment` before, under or after it.",
    ),
    "page_shifts": (
        "list",
        "Before a later page of a list a user changes its order (`change`: edit, insert, delete; `record_id`).",
    ),
    "time_not_moved": ("touch", "A write moves no modified time, as a formula or a transaction does not."),
    "bulk_read_fails": (
        "job",
        "A bulk read ends as FAILURE: its result counts nothing, and there is no file.",
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
    """One planted fault: what, where, and how often; `undo` takes back what was done at once."""

    id: int
    name: str
    when: When
    rng: Random
    product: str | None = None
    count: int | None = None
    until: float | None = None
    probability: float = 1.0
    skip: int = 0
    match: Json = field(default_factory=dict)
    options: Json = field(default_factory=dict)
    struck: int = 0
    passed: int = 0
    undo: Callable[[], None] | None = None

    def described(self) -> Json:
        """Return the fault as JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "product": self.product,
            "count": self.count,
            "until": self.until,
            "probability": self.probability,
            "skip": self.skip,
            "match": self.match,
            "options": self.options,
            "struck": self.struck,
        }


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault is matched against: a call, a delivery, or one item of a call."""

    product: str
    method: str = ""
    endpoint: str = ""
    path: str = ""
    record_ids: tuple[str, ...] = ()
    module: str | None = None
    body: str = ""
    org: str | None = None
    index: int = 0
    items: int = 1
    carries: frozenset[str] = frozenset()


def options_of(text: str) -> tuple[str, ...]:
    """Return what a fault takes beside the common: the words that its text names in backquotes."""
    return tuple(re.findall(r"`(\w+)`", text))


def check_words(name: str, values: Json) -> None:
    """Raise ControlError for an option that says a word which nobody knows."""
    if values.get("product") is not None:
        known_only("product", (values["product"],), PRODUCTS)
    for option in values:
        if (words := WORDS.get((name, option))) is not None:
            known_only(f"{option} of {name}", (values[option],), words)


def _check_numbers(values: Json) -> None:
    for option, (least, most) in RANGES.items():
        value = values.get(option, least)
        if not isinstance(value, int | float) or not least <= value <= most:
            raise ControlError(f"{option} is a number from {least} to {most}, not {value!r}")


def _implied_product(name: str) -> str | None:
    head = name.split("_", 1)[0]
    if head in ("crm", "books", "accounts"):
        return head
    return "accounts" if name == "token_throttled" else None


class FaultBook:
    """The planted faults in the order they were planted."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(f"{seed}:faults")
        self._faults: list[Fault] = []
        self._next = 1

    def plant(self, name: str, values: Json) -> Fault:
        """Add a fault; raises ControlError for an unknown name or option."""
        known_only("fault", (name,), CATALOGUE)
        known_only(f"option of {name}", values, (*COMMON, *options_of(CATALOGUE[name][1])))
        known_only("match", values.get("match") or {}, MATCHES)
        check_words(name, values)
        _check_numbers(values)
        return self._add(
            Fault(
                self._next,
                name,
                CATALOGUE[name][0],
                self.chance(values),
                values.get("product") or _implied_product(name),
                None if values.get("count") is None else int(values["count"]),
                values.get("until"),
                float(values.get("probability", 1.0)),
                int(values.get("skip", 0)),
                dict(values.get("match") or {}),
                {key: value for key, value in values.items() if key not in COMMON},
            )
        )

    def note(self, name: str, values: Json, undo: Callable[[], None] | None) -> Fault:
        """List what was done at once, with what takes it back."""
        made = Fault(self._next, name, "once", self.rng, values.get("product"), 1, options=values, struck=1)
        made.undo = undo
        return self._add(made)

    def chance(self, values: Json) -> Random:
        """Return the chance that a fault draws from: that of its own `seed`, else the book's."""
        return self.rng if values.get("seed") is None else Random(f"{values['seed']}:fault")

    def _add(self, fault: Fault) -> Fault:
        self._next += 1
        self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None, name: str | None = None) -> int:
        """Remove one fault, all of a name, or all, the latest first; return how many went."""
        gone = [
            f
            for f in self._faults
            if (fault_id is None or f.id == fault_id) and (name is None or f.name == name)
        ]
        for fault in reversed(gone):
            self._faults.remove(fault)
            if fault.undo is not None:
                fault.undo()
        return len(gone)

    def listed(self) -> list[Fault]:
        """Return the planted faults."""
        return list(self._faults)

    def strike(self, when: When, target: Target, now: float) -> Fault | None:
        """Return the first fault that strikes here and use it up by one."""
        for fault in self._faults:
            if fault.when != when or not self._hits(fault, target, now):
                continue
            if fault.passed < fault.skip:
                fault.passed += 1
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
        if not _matches(fault.match, target) or not _bears_on(fault, target):
            return False
        return fault.probability >= 1 or fault.rng.random() < fault.probability


def _bears_on(fault: Fault, target: Target) -> bool:
    if fault.name == "partial_batch":
        every = int(fault.options.get("every", 2))
        return target.items > 1 and target.index % every == every - 1
    if fault.name.startswith("duplicate_") and fault.when == "record":
        return fault.name.removeprefix("duplicate_") in target.carries
    return True


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
