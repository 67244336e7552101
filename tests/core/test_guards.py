"""Stop rules before acting: what ties, blocks or loops (design, section 4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tandem.core.guards import ledger_ties, native_sync_is_on, portal_email_changes
from tandem.core.records import Record, Side


def books(body: Any = None, **given: Any) -> Record:
    """A Books record as read."""
    return Record(Side.BOOKS, "customer", "7", {}, body=body or {}, **given)


@pytest.mark.parametrize(
    ("body", "tie"),
    [
        ({}, ""),
        ({"has_transaction": False, "outstanding_receivable_amount": 0}, ""),
        ({"outstanding_receivable_amount": Decimal("0.00"), "unused_credits_receivable_amount": 0.0}, ""),
        ({"has_transaction": True}, "transactions"),
        ({"outstanding_receivable_amount": Decimal("12.50")}, "an open balance"),
        ({"outstanding_payable_amount": 1}, "a payable"),
        ({"unused_credits_receivable_amount": 3}, "unused credits"),
        ({"has_transaction": True, "outstanding_payable_amount": 2}, "transactions and a payable"),
    ],
)
def test_what_ties_a_customer_to_the_ledger_is_named_in_words(body: Any, tie: str) -> None:
    """A balance of zero ties nothing."""
    assert ledger_ties(books(body)) == tie


@pytest.mark.parametrize(
    ("body", "is_user"),
    [({}, False), ({"is_added_in_portal": False}, False), ({"is_added_in_portal": True}, True)],
)
def test_a_portal_user_is_known_by_its_own_mark(body: Any, *, is_user: bool) -> None:
    """They sign in with the present e-mail."""
    assert portal_email_changes(books(body)) is is_user


@pytest.mark.parametrize("linked", [True, False])
def test_a_record_of_zohos_own_sync_is_known(linked: bool) -> None:
    """Two syncs on one record would loop."""
    assert native_sync_is_on(books(natively_linked=linked)) is linked
