"""GET /contacts: filters, sorting and pages (Books dossier 2)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import Any

from sandbox.books.contact import CRM_IDS, Contact
from sandbox.books.service import BooksService
from sandbox.books.values import too_long
from sandbox.clock import parse_time
from sandbox.kept import Order, Values
from sandbox.replies import Json
from sandbox.shapes import is_whole, number_of
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
LONGEST_FILTER = 100
_HOW = ("", "_startswith", "_contains")
_TIMES: dict[str, Callable[[Contact], Any]] = {
    "created_time": attrgetter("created_time", "number"),
    "last_modified_time": attrgetter("modified_time", "number"),
}


def page_of(query: dict[str, str]) -> tuple[int, int]:
    """Return page and per_page; nonsense becomes the default, as unknown values are ignored in silence."""
    page, per_page = query.get("page", "1"), query.get("per_page", "200")
    number = int(page) if is_whole(page) and int(page) > 0 else 1
    size = int(per_page) if is_whole(per_page) and int(per_page) > 0 else 200
    return number, min(size, 200)


def check_filters(query: dict[str, str], names: Iterable[str]) -> None:
    """Refuse a text to look for that is longer than documented (OpenAPI contacts, items)."""
    for name in (*(name + how for name in names for how in _HOW), "search_text"):
        if len(query.get(name, "")) > LONGEST_FILTER:
            raise too_long(name, LONGEST_FILTER)


def text_of(contact: Contact, name: str) -> str:
    """Return the text that a filter or sort looks at; person texts are the primary person's."""
    if name in PERSON_TEXTS:
        return contact.primary.values.get(name, "") if contact.primary else ""
    if name == "address":
        return " ".join(contact.billing[k] for k in ("address", "street2", "city", "state", "zip", "country"))
    return str(contact.values.get(name, ""))


def _text_test(held: dict[str, str], how: str, wanted: str) -> Test:
    if how == "_contains":
        return lambda c: wanted in held[c.id]
    if how == "_startswith":
        return lambda c: held[c.id].startswith(wanted)
    return lambda c: held[c.id] == wanted


def _status_test(books: BooksService, name: str) -> Test | None:
    """Return what filter_by asks; only customers with invoices owe anything."""
    if name in ("Status.Active", "Status.Inactive"):
        wanted = name.removeprefix("Status.").lower()
        return lambda c: c.status == wanted
    if name == "Status.Crm":
        return lambda c: c.linked_with_crm
    if name == "Status.PortalEnabled":
        return lambda c: False
    ids: Container[str] | None = None
    if name == "Invoice.Unpaid":
        ids = books.ledger.owing()
    elif name == "Invoice.OverDue":
        ids = books.ledger.overdue()
    elif name == "Status.Duplicate":
        ids = books.store.of_equal_names()
    elif name == "Status.CreditLimitExceed":
        owed, contacts = books.ledger.owing(), books.store.contacts
        ids = {i for i in owed if 0 < number_of(contacts[i].values.get("credit_limit"), 0) < owed[i]}
    return None if ids is None else lambda c: c.id in ids


def _time_test(query: dict[str, str], switches: Switches) -> Test | None:
    moment = moment_of(query.get("last_modified_time", ""))
    if moment is None or not switches.contacts_lmt_filter:
        return None
    if switches.lmt_filter_inclusive:
        return lambda c: c.modified_time >= moment
    return lambda c: c.modified_time > moment


def moment_of(text: str) -> float | None:
    """Return the moment in a filter, or None for one that cannot be read and so is ignored."""
    try:
        return parse_time(text)
    except ValueError:
        return None


class ContactLists:
    """Answers list questions; sorted orders and searched texts are kept, and mended after writes."""

    def __init__(self, books: BooksService, contacts: Mapping[str, Contact] | None = None) -> None:
        """`contacts`: other than those of the store, as they were some seconds ago."""
        self._books = books
        self._contacts = books.store.contacts if contacts is None else contacts
        self._orders: dict[tuple[str, str], Order[Contact]] = {}
        self._texts: dict[str, Values[Contact, str]] = {}

    def page(self, query: dict[str, str], switches: Switches) -> tuple[list[Contact], Json]:
        """Return one page and its page_context."""
        check_filters(query, TEXTS)
        shown = self._books.store.lagging.shown()
        if self._contacts is self._books.store.contacts and shown is not self._contacts:
            return ContactLists(self._books, shown).page(query, switches)
        column = query.get("sort_column", "contact_name")
        column = column if column in SORTS else "contact_name"
        order = "D" if query.get("sort_order", "A") in ("D", "desc", "descending") else "A"
        kept = self._ordered(column, query.get("contact_type", ""))
        found: Iterator[Contact] = reversed(kept) if order == "D" else iter(kept)
        for test in self._tests(query, switches):
            found = filter(test, found)
        number, size = page_of(query)
        start = (number - 1) * size
        rows = list(islice(found, start, start + size + 1))
        chosen = query.get("filter_by", "")
        context: Json = {
            "page": number,
            "per_page": size,
            "has_more_page": len(rows) > size,
            "report_name": "Contacts",
            "applied_filter": chosen if chosen in FILTERS else "Status.All",
            "custom_fields": [],
            "sort_column": column,
            "sort_order": order,
        }
        return rows[:size], context

    def _ordered(self, column: str, kind: str) -> list[Contact]:
        """Return the contacts of a kind, or all of them, in order."""
        store, kind = self._books.store, kind if kind in KINDS else ""
        order = self._orders.get((column, kind))
        if order is None:
            key = _TIMES.get(column) or (lambda c: (self._key(c, column), c.number))
            order = Order(self._contacts, key, lambda c: not kind or c.values["contact_type"] == kind)
            self._orders[column, kind] = order
        order.take_in(store.moves)
        return order.rows

    def _key(self, contact: Contact, column: str) -> Any:
        if column == "outstanding_receivable_amount":
            return self._books.ledger.balance(contact.id)[0]
        return text_of(contact, column).casefold()

    def _folded(self, name: str) -> dict[str, str]:
        """Return a text of every contact, without case."""
        store = self._books.store
        texts = self._texts.get(name)
        if texts is None:
            texts = self._texts[name] = Values(self._contacts, lambda c: text_of(c, name).casefold())
        texts.take_in(store.moves)
        return texts.of

    def _tests(self, query: dict[str, str], switches: Switches) -> list[Test]:
        tests = self._text_tests(query)
        for test in (_status_test(self._books, query.get("filter_by", "")), _time_test(query, switches)):
            if test is not None:
                tests.append(test)
        words = query.get("search_text", "").casefold()
        if words:
            names, notes = self._folded("contact_name"), self._folded("notes")
            tests.append(lambda c: words in names[c.id] or words in notes[c.id])
        for name in CRM_IDS:
            if query.get(name):
                tests.append(lambda c, n=name: c.crm_ids.get(n) == query[n])  # type: ignore[misc]
        return tests

    def _text_tests(self, query: dict[str, str]) -> list[Test]:
        tests: list[Test] = []
        for name in TEXTS:
            for how in _HOW:
                if wanted := query.get(name + how, "").casefold():
                    by = "_contains" if name == "address" and not how else how
                    tests.append(_text_test(self._folded(name), by, wanted))
        return tests
