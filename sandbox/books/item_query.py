"""GET /items: filters and sorting (Books dossier 6, OpenAPI items)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.books.items import Item
from sandbox.books.query import check_filters
from sandbox.replies import Json
from sandbox.switches import Switches

Test = Callable[[Item], bool]
FILTERS = ("Status.All", "Status.Active", "Status.Inactive")
SORTS = ("name", "rate", "tax_name")
_EXACT = ("tax_id", "tax_exemption_id", "account_id")
_RATES: dict[str, Callable[[float, float], bool]] = {
    "rate": lambda rate, wanted: rate == wanted,
    "rate_less_than": lambda rate, wanted: rate < wanted,
    "rate_less_equals": lambda rate, wanted: rate <= wanted,
    "rate_greater_than": lambda rate, wanted: rate > wanted,
    "rate_greater_equals": lambda rate, wanted: rate >= wanted,
}


def listed(
    items: Iterable[Item], query: dict[str, str], switches: Switches, tax_names: dict[str, str]
) -> tuple[list[Item], Json]:
    """Return every item that a list call asks for in order, and what page_context tells of it."""
    check_filters(query, ("name", "description", "tax_name"))
    asked = query.get("filter_by", "")
    chosen = asked if asked in FILTERS else switches.items_default_filter
    tests = [*_tests(query, tax_names), *_status_tests(chosen)]
    rows = [item for item in items if all(test(item) for test in tests)]
    sorts = (*SORTS, "last_modified_time") if switches.items_sort_by_time else SORTS
    column = query.get("sort_column", "")
    column = column if column in sorts else "name"
    order = "D" if query.get("sort_order", "A") in ("D", "desc", "descending") else "A"
    rows.sort(key=lambda item: (_sorted_by(item, column, tax_names), item.number), reverse=order == "D")
    return rows, {"applied_filter": chosen, "sort_column": column, "sort_order": order}


def _sorted_by(item: Item, column: str, tax_names: dict[str, str]) -> Any:
    if column == "last_modified_time":
        return item.modified_time
    if column == "tax_name":
        return tax_names.get(item.values.get("tax_id", ""), "").casefold()
    return item.values["rate"] if column == "rate" else item.name.casefold()


def _status_tests(chosen: str) -> list[Test]:
    wanted = chosen.removeprefix("Status.").lower()
    return [] if wanted == "all" else [lambda item: item.status == wanted]


def _tests(query: dict[str, str], tax_names: dict[str, str]) -> list[Test]:
    tests: list[Test] = []
    for name in ("name", "description"):
        tests += _text_tests(name, query)
    for name in _EXACT:
        if query.get(name):
            tests.append(lambda item, n=name: item.values.get(n, "") == query[n])  # type: ignore[misc]
    for name, judge in _RATES.items():
        wanted = _number(query.get(name, ""))
        if wanted is not None:
            tests.append(lambda item, w=wanted, j=judge: j(item.values["rate"], w))  # type: ignore[misc]
    if query.get("tax_name"):
        tests.append(lambda item: tax_names.get(item.values.get("tax_id", ""), "") == query["tax_name"])
    if query.get("is_taxable") in ("true", "false"):
        tests.append(lambda item: item.values["is_taxable"] is (query["is_taxable"] == "true"))
    words = query.get("search_text", "").casefold()
    if words:
        tests.append(lambda item: words in item.name.casefold() or words in _text(item, "description"))
    return tests


def _text(item: Item, name: str) -> str:
    return str(item.values.get(name, "")).casefold()


def _text_tests(name: str, query: dict[str, str]) -> list[Test]:
    whole, start, part = (query.get(name + s, "").casefold() for s in ("", "_startswith", "_contains"))
    tests: list[Test] = []
    if whole:
        tests.append(lambda item: _text(item, name) == whole)
    if start:
        tests.append(lambda item: _text(item, name).startswith(start))
    if part:
        tests.append(lambda item: part in _text(item, name))
    return tests


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
