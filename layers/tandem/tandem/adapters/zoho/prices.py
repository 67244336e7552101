"""What a call costs of the day's quota: Books counts calls, CRM counts credits (dossier crm §8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tandem.adapters.zoho.endpoints import Endpoint

RECORDS_A_CREDIT = 10
_QUERY_STEPS = ((200, 1), (1000, 2))
_LONGEST_QUERY = 3
DELETED_LIST = 2
"""UNCONFIRMED: a limits page of another Zoho product says 2 (dossier crm §8)."""
BULK_READ = 50
_LIMIT = re.compile(r"\blimit\s+(\d+)", re.IGNORECASE)
_UNLIMITED = 200
"""Rows of a query that names no limit (dossier crm §4)."""


def price(endpoint: Endpoint, body: Mapping[str, Any] | None) -> int:
    """Calls (Books) or credits (CRM): queries by the rows they may give, writes one for ten records."""
    if endpoint.product == "books":
        return 1
    if endpoint.template.endswith("/deleted"):
        return DELETED_LIST
    if endpoint.template.endswith("/read"):
        return BULK_READ
    if endpoint.template.endswith("/coql"):
        return _of_query(str((body or {}).get("select_query", "")))
    records = (body or {}).get("data")
    return -(-len(records) // RECORDS_A_CREDIT) if isinstance(records, list) and records else 1


def _of_query(text: str) -> int:
    limits = _LIMIT.findall(text)
    rows = int(limits[-1]) if limits else _UNLIMITED
    return next((credits for most, credits in _QUERY_STEPS if rows <= most), _LONGEST_QUERY)
