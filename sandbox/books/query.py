"""GET /contacts: filters, sorting and pages (Books dossier 2)."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from sandbox.books.contact import CRM_IDS, Contact
from sandbox.books.order import Order
from sandbox.books.service import BooksService
from sandbox.clock import parse_time
from sandbox.replies import Json
from sandbox.shapes import number_of
from sandbox.switches import Switches

Test = Callable[[Contact], bool]
PERSON_TEXTS = ("first_name", "last_name", "email", "phone")
TEXTS = ("contact_name", "company_name", "address", *PERSON_TEXTS)
SORTS = (
    "contact_name",
    "first_name",
    "last_name",
    "email",
    "outstanding_receivable_amount",
    "created_time",
    "last_modified_time",
)
FILTERS = (
    "Status.All",
    "Status.Active",
    "Status.Inactive",
    "Status.Duplicate",
    "Status.PortalEnabled",
    "Status.PortalDisabled",
    "Status.Crm",
    "Invoice.OverDue",
    "Invoice.Unpaid",
    "Status.CreditLimitExceed",
)
KINDS = ("customer", "vendor")
_TIMES: dict[str, Callable[[Contact], Any]] = {
    "created_time": attrgetter("created_time", "number"),
    "last_modified_time": attrgetter("modified_time", "number"),
}


def page_of(query: dict[str, str]) -> tuple[int, int]:
    """Return page and per_page; nonsense becomes the default, as unknown values are ignored in silence."""
    page, per_page = query.get("page", "1"), query.get("per_page", "200")
    number = int(page) if page.isdigit() and int(page) > 0 else 1
    size = int(per_page) if per_page.isdigit() and int(per_page) > 0 else 200
    return number, min(size, 200)


def text_of(contact: Contact, name: str) -> str:
    """Return the text that a filter or sort looks at; person texts are the primary person's."""
    if name in PERSON_TEXTS:
        return contact.primary.values.get(name, "") if contact.primary else ""
    if name == "address":
        return " ".join(contact.billing[k] for k in ("address", "street2", "city", "state", "zip", "country"))
    return str(contact.values.get(name, ""))


def _text_tests(query: dict[str, str]) -> list[Test]:
    tests: list[Test] = []
    for name in TEXTS:
        for suffix, judge in (
            ("", _contains if name == "address" else _equals),
            ("_startswith", _starts),
            ("_contains", _contains),
        ):
            wanted = query.get(name + suffix)
            if wanted:
                tests.append(_test(name, judge, wanted.casefold()))
    return tests


def _test(name: str, judge: Callable[[str, str], bool], wanted: str) -> Test:
    return lambda contact: judge(text_of(contact, name).casefold(), wanted)


def _equals(value: str, wanted: str) -> bool:
    return value == wanted


def _starts(value: str, wanted: str) -> bool:
    return value.startswith(wanted)


def _contains(value: str, wanted: str) -> bool:
    return wanted in value


def _filter_test(books: BooksService, name: str) -> Test | None:
    if name == "Status.Active":
        return lambda c: c.status == "active"
    if name == "Status.Inactive":
        return lambda c: c.status == "inactive"
    if name == "Status.Crm":
        return lambda c: c.linked_with_crm
    if name == "Invoice.Unpaid":
        return lambda c: books.ledger.balance(c.id)[0] > 0
    if name == "Invoice.OverDue":
        return lambda c: books.ledger.is_overdue(c.id)
    if name == "Status.CreditLimitExceed":
        return lambda c: 0 < number_of(c.values.get("credit_limit"), 0) < books.ledger.balance(c.id)[0]
    if name == "Status.PortalEnabled":
        return lambda c: False
    if name == "Status.Duplicate":
        names: dict[str, int] = {}
        for contact in books.store.contacts.values():
            names[contact.name.casefold()] = names.get(contact.name.casefold(), 0) + 1
        return lambda c: names[c.name.casefold()] > 1
    return None


def _tests(books: BooksService, query: dict[str, str], switches: Switches) -> list[Test]:
    tests = _text_tests(query)
    chosen = _filter_test(books, query.get("filter_by", ""))
    if chosen is not None:
        tests.append(chosen)
    words = query.get("search_text", "").casefold()
    if words:
        tests.append(
            lambda c: words in c.name.casefold() or words in str(c.values.get("notes", "")).casefold()
        )
    for name in CRM_IDS:
        if query.get(name):
            tests.append(lambda c, n=name: c.crm_ids.get(n) == query[n])  # type: ignore[misc]
    since = query.get("last_modified_time")
    if since and switches.contacts_lmt_filter:
        moment = moment_of(since)
        if moment is not None:
            tests.append(
                lambda c: (
                    c.modified_time >= moment if switches.lmt_filter_inclusive else c.modified_time > moment
                )
            )
    return tests


def moment_of(text: str) -> float | None:
    """Return the moment in a filter, or None for one that cannot be read and so is ignored."""
    try:
        return parse_time(text)
    except ValueError:
        return None


class ContactLists:
    """Answers list questions; a sorted order is kept, and mended after writes."""

    def __init__(self, books: BooksService) -> None:
        self._books = books
        self._kept: dict[tuple[str, str], Order] = {}

    def page(self, query: dict[str, str], switches: Switches) -> tuple[list[Contact], Json]:
        """Return one page and its page_context."""
        column = query.get("sort_column", "contact_name")
        column = column if column in SORTS else "contact_name"
        order = "D" if query.get("sort_order", "A") in ("D", "desc", "descending") else "A"
        rows = self._ordered(column, order == "D", query.get("contact_type", ""))
        tests = _tests(self._books, query, switches)
        if tests:
            rows = [c for c in rows if all(test(c) for test in tests)]
        number, size = page_of(query)
        start = (number - 1) * size
        chosen = query.get("filter_by", "")
        context: Json = {
            "page": number,
            "per_page": size,
            "has_more_page": len(rows) > start + size,
            "report_name": "Contacts",
            "applied_filter": chosen if chosen in FILTERS else "Status.All",
            "custom_fields": [],
            "sort_column": column,
            "sort_order": order,
        }
        return rows[start : start + size], context

    def _ordered(self, column: str, descending: bool, kind: str) -> list[Contact]:
        """Return the contacts of a kind, or all of them, in order."""
        store, kind = self._books.store, kind if kind in KINDS else ""
        order = self._kept.get((column, kind))
        if order is None or column.startswith("outstanding"):  # what is owed moves without its contact
            key = _TIMES.get(column) or (lambda c: (self._key(c, column), c.number))
            order = Order(store.contacts, key, lambda c: not kind or c.values["contact_type"] == kind)
            self._kept[column, kind] = order
        order.take_in(store.moves)
        return order.rows[::-1] if descending else order.rows

    def _key(self, contact: Contact, column: str) -> Any:
        if column == "outstanding_receivable_amount":
            return self._books.ledger.balance(contact.id)[0]
        return text_of(contact, column).casefold()
