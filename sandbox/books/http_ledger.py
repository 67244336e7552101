"""Books simple invoices endpoints (Books dossier 6)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.books.http_contacts import done
from sandbox.books.http_settings import paged, rows_of
from sandbox.books.query import moment_of
from sandbox.pipeline import Call
from sandbox.replies import Reply


def list_invoices(call: Call) -> Reply:
    """GET /invoices: last_modified_time filters; no line items in rows."""
    ledger = call.world.books.ledger
    rows = sorted(ledger.invoices.values(), key=lambda i: (i.created_time, i.id), reverse=True)
    for key, name in (("customer_id", "customer_id"), ("status", "status"), ("invoice_number", "number")):
        if call.query.get(key):
            rows = [i for i in rows if getattr(i, name) == call.query[key]]
    moment = moment_of(call.query.get("last_modified_time", ""))
    if moment is not None:
        inclusive = call.world.switches.lmt_filter_inclusive
        rows = [i for i in rows if i.modified_time > moment or (inclusive and i.modified_time == moment)]
    if call.query.get("sort_column") == "last_modified_time":
        rows.sort(key=lambda i: (i.modified_time, i.id), reverse=call.query.get("sort_order") == "D")
    return paged(
        call,
        rows,
        "invoices",
        "Invoices",
        lambda i: ledger.invoice_body(i, full=False),
        applied_filter="Status.All",
        sort_column=call.query.get("sort_column", "created_time"),
        sort_order=call.query.get("sort_order", "D"),
    )


def _invoice(call: Call, message: str, invoice_id: str, status: int = 200) -> Reply:
    ledger = call.world.books.ledger
    call.record_ids = [invoice_id]
    return done(message, status, invoice=ledger.invoice_body(ledger.invoice(invoice_id), full=True))


def get_invoice(call: Call) -> Reply:
    """GET /invoices/{id}."""
    return _invoice(call, "success", call.params["id"])


def create_invoice(call: Call) -> Reply:
    """POST /invoices: the customer's addresses are copied."""
    invoice = call.world.books.ledger.create_invoice(call.json_object(), call.actor)
    return _invoice(call, "The invoice has been created.", invoice.id, 201)


def update_invoice(call: Call) -> Reply:
    """PUT /invoices/{id}."""
    call.world.books.ledger.update_invoice(call.params["id"], call.json_object())
    return _invoice(call, "Invoice information has been updated.", call.params["id"])


def delete_invoice(call: Call) -> Reply:
    """DELETE /invoices/{id}."""
    call.world.books.ledger.delete_invoice(call.params["id"])
    return done("The invoice has been deleted.")


def invoice_status(status: str) -> Callable[[Call], Reply]:
    """Return the handler of POST /invoices/{id}/status/..."""

    def mark(call: Call) -> Reply:
        call.world.books.ledger.set_invoice_status(call.params["id"], status)
        return done(f"Invoice status has been changed to {status.capitalize()}.")

    return mark


ENDPOINTS = rows_of(
    [
        ("GET", "/invoices", list_invoices, "invoices.READ"),
        ("POST", "/invoices", create_invoice, "invoices.CREATE"),
        ("GET", "/invoices/{id}", get_invoice, "invoices.READ"),
        ("PUT", "/invoices/{id}", update_invoice, "invoices.UPDATE"),
        ("DELETE", "/invoices/{id}", delete_invoice, "invoices.DELETE"),
        ("POST", "/invoices/{id}/status/sent", invoice_status("sent"), "invoices.CREATE"),
        ("POST", "/invoices/{id}/status/void", invoice_status("void"), "invoices.CREATE"),
        ("POST", "/invoices/{id}/status/draft", invoice_status("draft"), "invoices.CREATE"),
    ]
)
