"""What a sandbox is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from sandbox.clock import Clock
from sandbox.limits import LimitMode

Country = Literal["IN", "GB", "US"]


@dataclass(frozen=True, slots=True)
class OrgFacts:
    """What depends on the country of both orgs."""

    name: str
    country: str
    country_name: str
    zone: str
    currency: str
    symbol: str


ORGS: dict[str, OrgFacts] = {
    "IN": OrgFacts("Deccan Trading Co", "IN", "India", "Asia/Kolkata", "INR", "₹"),
    "GB": OrgFacts("Pennine Trading Ltd", "GB", "United Kingdom", "Europe/London", "GBP", "£"),
    "US": OrgFacts("Hudson Trading Inc", "US", "U.S.A", "America/New_York", "USD", "$"),
}


LARGEST = 100_000
"""The most invented companies of one pair of orgs: half a minute to make, and a gigabyte."""


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Settings of one sandbox; each of its `orgs` is a CRM org and a Books org.

    `clock` and `outbound` let a simulation bring its own time and network; `hang="raise"` makes a planted
    hang raise httpx.ReadTimeout at once instead of sleeping, for use over httpx.ASGITransport.
    """

    seed: int = 1
    size: int = 0
    limits: LimitMode = "off"
    log_path: Path | None = None
    clock: Clock | None = None
    country: Country = "IN"
    orgs: int = 1
    books_plan: str = "Professional"
    base_url: str | None = None
    strict: bool = False
    hang: Literal["sleep", "raise"] = "sleep"
    latency: float = 0.0
    outbound: httpx.AsyncBaseTransport | None = None
    switches: Mapping[str, Any] = field(default_factory=dict)

    @property
    def org(self) -> OrgFacts:
        """Return the facts of the org's country."""
        return ORGS[self.country]
