"""Tax identities and PANs of customers, typed on both sides: whole and valid, or half, which contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from stdnum import luhn

from sandbox.control import edits
from tests.system.simulation.evidence import STATES
from tests.system.simulation.users import Customer, Users

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def pan(n: int) -> str:
    """The n-th permanent account number of companies, for n below 260,000."""
    return f"AAAC{_ALPHABET[10 + n // 10_000]}{n % 10_000:04d}Z"


def gstin(n: int, state: str) -> str:
    """A valid number of this state for the n-th PAN."""
    number = f"{STATES[state]}{pan(n)}1Z"
    return number + luhn.calc_check_digit(number, _ALPHABET)


@dataclass(slots=True)
class Accountants:
    """Who types them in; `users` knows everybody and takes each act down."""

    users: Users
    rng: Random
    seen: list[Customer] = field(default_factory=list)
    """Customers whose numbers were typed in before: half of the time one of these has another."""

    def act(self) -> int:
        """One act; how many events that was."""
        side, dice = self.rng.choice(("crm", "books")), self.rng.random()
        again = self.rng.choice(self.seen[-20:]) if self.seen and self.rng.random() < 0.5 else None
        customer = again or self.users.someone(side)
        if customer is None or not self.users.may_edit(customer, side):
            return 0
        if dice < 0.3:
            value = pan(self.users.next())
            return self._edit(customer, side, "pan", value, {"PAN": value}, {"pan_no": value})
        state = self.rng.choice(list(STATES))
        number = gstin(self.users.next(), state)
        crm, books = {"GSTIN": number}, {"gst_no": number}
        if dice < 0.75:
            crm |= {"GST_Treatment": "Registered Business - Regular", "Place_of_Supply": state}
            books |= {"gst_treatment": "business_gst", "place_of_contact": state}
        return self._edit(customer, side, "tax_identity", number, crm, books)

    def _edit(
        self, customer: Customer, side: str, name: str, value: str, crm: dict[str, Any], books: dict[str, Any]
    ) -> int:
        org = customer.org
        if side == "crm":
            saw = (org.account(customer.crm or "") or {}).get(next(iter(crm)))
            done = org.act(edits.crm_edit, crm, module="Accounts", id=customer.crm or "")
        else:
            saw = org.world.books.store.get(customer.books or "").values.get(next(iter(books)))
            done = org.act(edits.books_edit, books, id=customer.books or "")
        if done is None:
            return 0
        self.seen.append(customer)
        self.users.write("edit", org.name, side, "customer", customer.token, field=name, value=value, saw=saw)
        return 1
