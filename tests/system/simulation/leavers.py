"""Persons who leave: deleted on one side, taken out of CRM's recycle bin, or moved to another Account."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from sandbox.control import edits
from tests.system.simulation.users import Customer, Users, token_in

RESTORED = 0.4
"""How likely it is rather a restore, where one was deleted in CRM."""
MOVED = 0.2
"""How likely a person is moved and not deleted."""


@dataclass(slots=True)
class Leavers:
    """Who works on them; `users` knows everybody and takes each act down."""

    users: Users
    rng: Random
    bin: list[tuple[str, str, Customer]] = field(default_factory=list)
    """Contacts that were deleted: id, token, customer."""

    def act(self) -> int:
        """One act; how many events that was."""
        if self.bin and self.rng.random() < RESTORED:
            return self._restore(*self.bin.pop(self.rng.randrange(len(self.bin))))
        there = [(token, customer) for token, customer in self.users.persons[-60:] if not customer.gone]
        if not there:
            return 0
        token, customer = self.rng.choice(there)
        if self.rng.random() < MOVED:
            return self._move(token, customer)
        return (
            self._delete_crm(token, customer)
            if self.rng.random() < 0.5
            else self._delete_books(token, customer)
        )

    def _move(self, token: str, customer: Customer) -> int:
        ids, master = self._contacts(token, customer), self.users.someone("crm")
        if not ids or master is None or master is customer or master.org is not customer.org:
            return 0
        body = {"Account_Name": {"id": master.crm}}
        if customer.org.act(edits.crm_edit, body, module="Contacts", id=ids[0]) is None:
            return 0
        self.users.write("move", customer.org.name, "crm", "person", token, value=ids[0], into=master.token)
        return 1

    def _contacts(self, token: str, customer: Customer) -> list[str]:
        contacts = customer.org.world.crm.store.data["Contacts"].live.values()
        return [one.id for one in contacts if token_in(one.values.get("Last_Name")) == token]

    def _delete_crm(self, token: str, customer: Customer) -> int:
        ids = self._contacts(token, customer)
        if not ids or customer.org.act(edits.crm_delete, {}, module="Contacts", id=ids[0]) is None:
            return 0
        self.bin.append((ids[0], token, customer))
        self.users.write("delete", customer.org.name, "crm", "person", token, value=ids[0])
        return 1

    def _delete_books(self, token: str, customer: Customer) -> int:
        if not self.users.may_edit(customer, "books"):
            return 0
        contact = customer.org.world.books.store.get(customer.books or "")
        ids = [one.id for one in contact.persons if token_in(one.values.get("last_name")) == token]
        if not ids or customer.org.act(edits.person_delete, {}, id=contact.id, pid=ids[0]) is None:
            return 0
        self.users.write("delete", customer.org.name, "books", "person", token, value=ids[0])
        return 1

    def _restore(self, id: str, token: str, customer: Customer) -> int:
        if not self.users.may_edit(customer, "crm"):
            return 0
        if customer.org.act(edits.crm_restore, {}, module="Contacts", id=id) is None:
            return 0
        self.users.write("restore", customer.org.name, "crm", "person", token, value=id)
        return 1
