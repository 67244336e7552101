"""People who sort customers: another type, with which an Account leaves or enters the scope, or a merge in Books."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.control import edits
from tests.system.simulation.users import Customer, Users

TYPES = ("Customer", "Prospect", "Partner")
"""Only the first is created in Books."""
MERGED = 0.1
"""How likely two are merged, and none has another type."""


@dataclass(frozen=True, slots=True)
class Clerks:
    """Who works on them; `users` knows everybody and takes each act down."""

    users: Users
    rng: Random

    def act(self) -> int:
        """One act; how many events that was."""
        if self.rng.random() < MERGED:
            return self._merge()
        side = self.rng.choice(("crm", "books"))
        customer = self.users.someone(side)
        return self._sort(customer, side) if customer else 0

    def _sort(self, customer: Customer, side: str) -> int:
        org, value = customer.org, self.rng.choice(TYPES)
        if side == "crm":
            body: dict[str, Any] = {"Account_Type": value}
            done = org.act(edits.crm_edit, body, module="Accounts", id=customer.crm or "")
        else:
            body = {"custom_fields": [{"api_name": "cf_company_type", "value": value}]}
            done = org.act(edits.books_edit, body, id=customer.books or "")
        if done is None:
            return 0
        self.users.write(
            "sort", org.name, side, "customer", customer.token, field="company_type", value=value
        )
        return 1

    def _merge(self) -> int:
        loser, master = self.users.someone("books"), self.users.someone("books")
        if loser is None or master is None or loser is master or loser.org is not master.org:
            return 0
        if loser.org.act(edits.books_merge, {"losers": [loser.books]}, id=master.books or "") is None:
            return 0
        loser.gone = master.gone = True
        self.users.write(
            "merge", loser.org.name, "books", "customer", loser.token, value=loser.books, into=master.token
        )
        return 1
