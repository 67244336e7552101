"""Simple invoices of the Books org (Books dossier 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sandbox.books.contact import Contact
from sandbox.books.items import Items
from sandbox.books.metadata import BooksSetup
from sandbox.books.store import BooksStore
from sandbox.books.values import invalid
from sandbox.clock import books_time, local
from sandbox.replies import BooksError, Json
from sandbox.shapes import number_of
from sandbox.users import User

OPEN = ("sent", "viewed", "overdue", "unpaid", "partially_paid")


@dataclass(slots=True)
class Invoice:
    """An invoice; the addresses are copies made when it was created."""

    id: str
    number: str
    customer_id: str
    customer_name: str
    status: str
    day: str
    due_day: str
    lines: list[Json]
    billing: dict[str, str]
    shipping: dict[str, str]
    created_time: int
    modified_time: int
    created_by: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Return the sum of the lines."""
        return float(round(sum(line["item_total"] for line in self.lines), 2))


class Ledger:
    """Invoices, and what customers owe."""

    def __init__(self, store: BooksStore, items: Items) -> None:
        self._store = store
        self._items = items
        self.invoices: dict[str, Invoice] = {}
        self._of_customer: dict[str, list[Invoice]] = {}

    @property
    def setup(self) -> BooksSetup:
        """Return the org's setup."""
        return self._store.setup

    def balance(self, contact_id: str) -> tuple[float, bool]:
        """Return what a customer owes, and whether it has transactions."""
        invoices = self._of_customer.get(contact_id, [])
        return round(sum(i.total for i in invoices if i.status in OPEN), 2), bool(invoices)

    def owing(self) -> dict[str, float]:
        """Return what the customers owe who owe something."""
        owed = {customer: self.balance(customer)[0] for customer in self._of_customer}
        return {customer: amount for customer, amount in owed.items() if amount > 0}

    def overdue(self) -> set[str]:
        """Return the customers of whose open invoices one was due before today."""
        today = local(self._store.clock.now(), self._store.org.zone).date().isoformat()
        return {i.customer_id for i in self.invoices.values() if i.status in OPEN and i.due_day < today}

    def names_item(self, item_id: str) -> bool:
        """Return whether a line of an invoice names an item."""
        return any(line["item_id"] == item_id for i in self.invoices.values() for line in i.lines)

    def move(self, loser: Contact, master: Contact) -> None:
        """Move a merged contact's invoices to the master."""
        moved = self._of_customer.pop(loser.id, [])
        for invoice in moved:
            invoice.customer_id, invoice.customer_name = master.id, master.name
        self._of_customer.setdefault(master.id, []).extend(moved)
        for contact in (loser, master):
            self._store.moved(contact.id)

    def create_invoice(self, body: Json, actor: User) -> Invoice:
        """Add a draft; the customer's addresses are copied now. Raises BooksError."""
        customer = self._store.contacts.get(str(body.get("customer_id", "")))
        if customer is None:
            raise BooksError(1002, "Customer does not exist.")
        if customer.status != "active":
            raise BooksError(4, "The customer is inactive.")
        now = int(self._store.clock.now())
        today = local(now, self._store.org.zone).date()
        day = str(body.get("date") or today.isoformat())
        terms = timedelta(days=number_of(customer.values.get("payment_terms"), 0))
        due = (_day(day, "date") + terms).isoformat()
        invoice = Invoice(
            self._store.ids.draw(),
            str(body.get("invoice_number") or f"INV-{len(self.invoices) + 1:06d}"),
            customer.id,
            customer.name,
            "draft",
            day,
            str(body.get("due_date") or due),
            self._lines(body),
            dict(customer.billing),
            dict(customer.shipping),
            now,
            now,
            actor.books_id,
            {
                **{k: str(body.get(k, "")) for k in ("reference_number", "notes", "terms")},
                "gst_no": customer.values.get("gst_no", ""),
                "gst_treatment": customer.values.get("gst_treatment", ""),
                "place_of_supply": str(
                    body.get("place_of_supply") or customer.values.get("place_of_contact", "")
                ),
            },
        )
        self.invoices[invoice.id] = invoice
        self._of_customer.setdefault(customer.id, []).append(invoice)
        self._store.moved(customer.id)
        return invoice

    def rename(self, invoice: Invoice, invoice_id: str) -> None:
        """Give an invoice another id."""
        self.invoices[invoice_id] = self.invoices.pop(invoice.id)
        invoice.id = invoice_id

    def update_invoice(self, invoice_id: str, body: Json) -> Invoice:
        """Change a draft or open invoice; line_items replace the old ones."""
        invoice = self.invoice(invoice_id)
        if "line_items" in body:
            invoice.lines = self._lines(body)
        for name in ("reference_number", "notes", "terms"):
            if name in body:
                invoice.values[name] = str(body[name])
        invoice.day = str(body.get("date") or invoice.day)
        invoice.due_day = str(body.get("due_date") or invoice.due_day)
        self._touch(invoice)
        return invoice

    def set_invoice_status(self, invoice_id: str, status: str) -> Invoice:
        """Mark sent, void or draft; only a void invoice returns to draft (Books dossier 6)."""
        invoice = self.invoice(invoice_id)
        if status == "draft" and invoice.status != "void":
            raise BooksError(4, "Only void invoices can be marked as draft.")
        invoice.status = status
        self._touch(invoice)
        return invoice

    def _touch(self, invoice: Invoice) -> None:
        invoice.modified_time = int(self._store.clock.now())
        self._store.moved(invoice.customer_id)

    def delete_invoice(self, invoice_id: str) -> None:
        """Remove an invoice."""
        invoice = self.invoice(invoice_id)
        del self.invoices[invoice_id]
        self._of_customer[invoice.customer_id].remove(invoice)
        self._store.moved(invoice.customer_id)

    def invoice(self, invoice_id: str) -> Invoice:
        """Return an invoice; raises BooksError 1002."""
        found = self.invoices.get(invoice_id)
        if found is None:
            raise BooksError(1002, "Invoice does not exist.", 404)
        return found

    def _lines(self, body: Json) -> list[Json]:
        lines = body.get("line_items")
        if not isinstance(lines, list) or not lines:
            raise BooksError(4, "Invalid value passed for line_items")
        return [self._line(line, number) for number, line in enumerate(lines, start=1)]

    def _line(self, line: Any, number: int) -> Json:
        if not isinstance(line, dict):
            raise invalid("line_items")
        item = self._items.by_id.get(str(line.get("item_id", "")))
        if line.get("item_id") and item is None:
            raise BooksError(1002, "Item does not exist.")
        known = item.values if item else {}
        rate = line.get("rate", known.get("rate", 0))
        quantity = line.get("quantity", 1)
        for name, value in (("rate", rate), ("quantity", quantity)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise invalid(name)
        return {
            "line_item_id": self._store.ids.draw(),
            "item_id": str(line.get("item_id", "")),
            "name": str(line.get("name") or known.get("name", "")),
            "item_order": number,
            "description": str(line.get("description") or known.get("description", "")),
            "rate": rate,
            "quantity": quantity,
            "unit": str(known.get("unit", "")),
            "discount": 0.0,
            "tax_id": "",
            "tax_name": "",
            "tax_percentage": 0,
            "item_total": round(rate * quantity, 2),
        }

    def invoice_body(self, invoice: Invoice, full: bool) -> Json:
        """Return an invoice; list rows have no line items and call the zip zipcode (Books dossier 2, 6)."""
        zone = self._store.org.zone
        currency = self.setup.base_currency
        paid = invoice.status in ("draft", *OPEN)
        body: Json = {
            "invoice_id": invoice.id,
            "invoice_number": invoice.number,
            "customer_id": invoice.customer_id,
            "customer_name": invoice.customer_name,
            "status": invoice.status,
            "date": invoice.day,
            "due_date": invoice.due_day,
            "total": invoice.total,
            "balance": invoice.total if paid else 0,
            "currency_id": currency.currency_id,
            "currency_code": currency.code,
            "zcrm_potential_id": "",
            "zcrm_potential_name": "",
            "reference_number": invoice.values.get("reference_number", ""),
            "created_time": books_time(invoice.created_time, zone),
            "created_by": invoice.created_by,
            "last_modified_time": books_time(invoice.modified_time, zone),
            "updated_time": books_time(invoice.modified_time, zone),
            "custom_fields": [],
            "custom_field_hash": {},
        }
        if full:
            return body | {
                "line_items": invoice.lines,
                "sub_total": invoice.total,
                "tax_total": 0,
                "taxes": [],
                "notes": invoice.values.get("notes", ""),
                "gst_no": invoice.values.get("gst_no", ""),
                "gst_treatment": invoice.values.get("gst_treatment", ""),
                "place_of_supply": invoice.values.get("place_of_supply", ""),
                "terms": invoice.values.get("terms", ""),
                "billing_address": invoice.billing,
                "shipping_address": invoice.shipping,
            }
        return body | {
            "billing_address": _list_address(invoice.billing),
            "shipping_address": _list_address(invoice.shipping),
        }


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise invalid(name) from error


def _list_address(address: dict[str, str]) -> Json:
    row = {k: v for k, v in address.items() if k not in ("zip", "address_id")}
    return row | {"zipcode": address["zip"]}
