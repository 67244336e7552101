"""Pages of a list: by number up to 2,000 records, by token up to 100,000 (CRM dossier 2)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.crm.params import ambiguous
from sandbox.crm.records import CrmRecord
from sandbox.crm.render import CrmRenderer
from sandbox.replies import CrmError, Json
from sandbox.shapes import is_whole

if TYPE_CHECKING:
    from sandbox.pipeline import Call

DAY = 86_400
SORTS = ("id", "Created_Time", "Modified_Time")


def number_param(call: Call, name: str, default: int, most: int) -> int:
    """Return a positive number from the query; raises CrmError INVALID_DATA."""
    text = call.query.get(name, str(default))
    if not is_whole(text) or not 1 <= int(text) <= most:
        raise CrmError("INVALID_DATA", "invalid data", {"param_name": name, "maximum": most})
    return int(text)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    rows: list[CrmRecord]
    number: int
    per_page: int
    more: bool
    sort_by: str
    sort_order: str
    next_token: str | None
    previous_token: str | None
    expiry: float | None

    def info(self, render: CrmRenderer) -> Json:
        """Return the info block."""
        return {
            "call": False,
            "per_page": self.per_page,
            "next_page_token": self.next_token,
            "count": len(self.rows),
            "sort_by": self.sort_by,
            "page": self.number,
            "previous_page_token": self.previous_token,
            "page_token_expiry": None if self.expiry is None else render.time(self.expiry),
            "sort_order": self.sort_order,
            "email": False,
            "more_records": self.more,
        }


@dataclass(frozen=True, slots=True)
class _Place:
    bound: str
    after: tuple[int, int]
    seen: int
    number: int
    expires: float


@dataclass(slots=True)
class PageTokens:
    """The page tokens handed out by one org."""

    _places: dict[str, _Place] = field(default_factory=dict)

    def page(
        self, call: Call, module: str, ids: set[str] | None, tests: Sequence[Callable[[CrmRecord], bool]]
    ) -> Page:
        """Return a page of the records that pass every test; raises CrmError on wrong paging."""
        per_page = number_param(call, "per_page", 200, 200)
        sort_by, order = sorting_of(call)
        token = call.query.get("page_token")
        if token is not None and "page" in call.query:
            raise ambiguous("page", "page_token")
        rows = call.world.crm.queries.ordered(module, sort_by, order == "desc")
        for test in tests:
            rows = list(filter(test, rows))
        if ids is not None:
            rows = [r for r in rows if r.id in ids]
        start, number, seen = self._start(call, token, rows, per_page, sort_by, order)
        chunk = rows[start : start + per_page]
        more = len(rows) > start + per_page
        now = call.world.clock.now()
        following = None
        if more and chunk:
            following = self._remember(
                call,
                _Place(_binding(call), _key(chunk[-1], sort_by), seen + len(chunk), number + 1, now + DAY),
            )
        return Page(
            chunk, number, per_page, more, sort_by, order, following, token, now + DAY if following else None
        )

    def _start(
        self, call: Call, token: str | None, rows: list[CrmRecord], per_page: int, sort_by: str, order: str
    ) -> tuple[int, int, int]:
        if token is None:
            number = number_param(call, "page", 1, 1_000_000)
            if number * per_page > 2_000 and number > 1:
                raise CrmError(
                    "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
                    "You can only get the first 2000 records without using page_token param",
                    {"limit": 2000},
                )
            return (number - 1) * per_page, number, (number - 1) * per_page
        place = self._places.get(token)
        if place is None or place.bound != _binding(call):
            text = "The page_token given seems to be invalid or input param is added or altered or deleted"
            raise CrmError("TOKEN_BOUND_DATA_MISMATCH", text, {"param_name": "page_token"})
        if place.expires <= call.world.clock.now():
            details = {"api_name": "page_token", "json_path": "$.query.page_token"}
            raise CrmError("EXPIRED_VALUE", "Page token expired", details)
        if place.seen + per_page > 100_000:
            text = "You can only get upto 100000 records using page_token param"
            raise CrmError("PAGINATION_LIMIT_EXCEEDED", text, {"param_name": "page_token"})
        sign = -1 if order == "desc" else 1
        start = bisect_right(rows, _signed(place.after, sign), key=lambda r: _signed(_key(r, sort_by), sign))
        return start, place.number, place.seen

    def _remember(self, call: Call, place: _Place) -> str:
        text = f"{call.world.seed}:{place}"
        token = hashlib.sha256(text.encode()).hexdigest()
        self._places[token] = place
        return token


def sorting_of(call: Call, known: Sequence[str] = SORTS) -> tuple[str, str]:
    """Return what rows are sorted by and in which order; raises CrmError."""
    sort_by, order = call.query.get("sort_by", "id"), call.query.get("sort_order", "desc")
    for name, value, supported in (("sort_by", sort_by, known), ("sort_order", order, ("asc", "desc"))):
        if value not in supported:
            details = {"param_name": name, "supported_values": list(supported)}
            raise CrmError("INVALID_DATA", "invalid data", details)
    return sort_by, order


def _key(record: CrmRecord, sort_by: str) -> tuple[int, int]:
    first = {"id": 0, "Created_Time": record.created_time, "Modified_Time": record.modified_time}[sort_by]
    return first, record.number


def _signed(key: tuple[int, int], sign: int) -> tuple[int, int]:
    return sign * key[0], sign * key[1]


def _binding(call: Call) -> str:
    kept = {k: v for k, v in sorted(call.query.items()) if k not in ("page", "page_token")}
    return f"{call.path} {call.actor.crm_id} {kept} {call.header('if-modified-since')}"
