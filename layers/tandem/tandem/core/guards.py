"""Stop rules before acting (design, section 4, "Guards"). Pure."""

from __future__ import annotations

from tandem.core.records import Record


def ledger_ties(books: Record) -> str:
    """What ties a Books customer to the ledger, in words; empty if nothing (dossier books §2: LIST and GET keys)."""
    body = books.body
    ties = []
    if body.get("has_transaction"):
        ties.append("transactions")
    for key, word in (
        ("outstanding_receivable_amount", "an open balance"),
        ("outstanding_payable_amount", "a payable"),
        ("unused_credits_receivable_amount", "unused credits"),
    ):
        if body.get(key):
            ties.append(word)
    return " and ".join(ties)


def portal_email_changes(person: Record) -> bool:
    """The Books person signs in to the customer portal with the present e-mail."""
    return bool(person.body.get("is_added_in_portal"))


def native_sync_is_on(record: Record) -> bool:
    """Zoho's own CRM sync owns this Books record: two syncs on one record would loop (dossier books §10)."""
    return record.natively_linked
