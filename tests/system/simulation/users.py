"""People on both sides: what they do, and what each of them saw and typed. No two values are alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.control import edits
from tests.system.simulation.org import Org

TOKEN = re.compile(r"No(\d+)")
AWKWARD = ("", "", "", " é", " & Söhne", " “q”", " <b>", " ﬁn", " 東京", " O'Hara")
WITH_EMOJI = tuple(odd.replace("京", "😀") for odd in AWKWARD)

Write = Callable[..., None]


@dataclass(slots=True)
class Customer:
    """One company as people know it: a number that every form of its name carries."""

    token: str
    org: Org
    crm: str | None = None
    books: str | None = None
    gone: bool = False
    """Deleted or merged by somebody: what people expect of it is little."""
    twin: bool = False
    """Typed in on both sides by different people: it is found by its name and e-mail, so nobody changes these."""


# field of the mapping: (CRM field, Books key, how a typed value looks)
PLAIN: dict[str, tuple[str, str, str]] = {
    "website": ("Website", "website", "https://v{n}.example"),
    "notes": ("Description", "notes", "note {n}{odd}"),
    "segment": ("Customer_Segment", "cf_segment", "segment {n}"),
    "phone": ("Phone", "billing:phone", "+91 22 {n:08d}"),
    "name": ("Account_Name", "contact_name", "{token} Works {n}{odd}"),
    "billing_address": ("Billing_City", "billing:city", "City {n}"),
    "shipping_address": ("Shipping_City", "shipping:city", "Town {n}"),
}
PERSON: dict[str, tuple[str, str, str]] = {
    "phone": ("Phone", "phone", "+91 33 {n:08d}"),
    "mobile": ("Mobile", "mobile", "+91 9{n:09d}"),
    "designation": ("Title", "designation", "Role {n}"),
    "email": ("Email", "email", "{token}.{n}@x.example"),
}
IMPORTED = 15
CLEARABLE = ("website", "notes", "segment")


@dataclass(slots=True)
class Users:
    """Everybody who types; `write` takes each act down for the judge."""

    orgs: dict[str, Org]
    rng: Random
    write: Write
    customers: list[Customer] = field(default_factory=list)
    persons: list[tuple[str, Customer]] = field(default_factory=list)
    number: int = 0
    hot: list[tuple[Customer, str]] = field(default_factory=list)
    """Customers, each with a field, that everybody is busy with."""
    awkward: Sequence[str] = AWKWARD

    def next(self) -> int:
        """A number never used before."""
        self.number += 1
        return self.number

    # --- creates -----------------------------------------------------------------------------------------

    def create(self) -> int:
        """A new customer on one side, seldom on both at once; returns how many events that was."""
        org = self.rng.choice(list(self.orgs.values()))
        customer = Customer(f"No{self.next()}", org)
        self.customers.append(customer)
        where = self.rng.random()
        customer.twin = 0.55 <= where < 0.62
        done = 0
        if where < 0.62:
            done += self._create_crm(customer)
        if where >= 0.55:
            done += self._create_books(customer)
        return done

    def _create_crm(self, customer: Customer, *, alone: bool = False) -> int:
        body = {"Account_Name": f"{customer.token} Works", "Account_Type": "Customer"}
        if not customer.twin and self.rng.random() < 0.5:
            body |= {
                "Billing_Country": "India",
                "Website": f"https://w{self.next()}.example",
                "Billing_City": f"City {self.next()}",
            }
        made = customer.org.act(edits.crm_create, body, module="Accounts")
        customer.crm = made["id"]
        self.write("create", customer.org.name, "crm", "customer", customer.token)
        return 1 if alone else 1 + self._contact(customer, customer.token)

    def add_person_to(self, customer: Customer) -> str | None:
        """Another person for this customer; its token."""
        token = f"No{self.next()}"
        return token if self._contact(customer, token) else None

    def _contact(self, customer: Customer, token: str) -> int:
        body = {
            "First_Name": "Asha",
            "Last_Name": f"Rao {token}",
            "Email": f"{token}@x.example",
            "Account_Name": {"id": customer.crm},
        }
        if customer.org.act(edits.crm_create, body, module="Contacts") is None:
            return 0
        self.persons.append((token, customer))
        self.write("create", customer.org.name, "crm", "person", token, into=customer.token)
        return 1

    def _create_books(self, customer: Customer) -> int:
        person = {
            "first_name": "Asha",
            "last_name": f"Rao {customer.token}",
            "email": f"{customer.token}@x.example",
        }
        body = {"contact_name": f"{customer.token} Works", "contact_persons": [person]}
        made = customer.org.act(edits.books_create, body)
        if made is None:
            return 0
        customer.books = made["contact_id"]
        self.persons.append((customer.token, customer))
        self.write("create", customer.org.name, "books", "customer", customer.token)
        self.write("create", customer.org.name, "books", "person", customer.token, into=customer.token)
        return 2

    def add_person(self) -> int:
        """Another person for a customer that is there."""
        customer = self.someone("crm")
        return self._contact(customer, f"No{self.next()}") if customer else 0

    # --- finding -----------------------------------------------------------------------------------------

    def someone(self, side: str) -> Customer | None:
        """A customer that people of this side know, the newer ones more often."""
        alive = [c for c in self.customers[-80:] if not c.gone]
        for _ in range(4):
            if not alive:
                return None
            customer = self.rng.choice(alive)
            if self._on(customer, side):
                return customer
        return None

    def _on(self, customer: Customer, side: str) -> bool:
        if side == "crm":
            if customer.crm is None:
                customer.crm = self._find_crm(customer)
            return customer.crm is not None and customer.org.account(customer.crm) is not None
        if customer.books is None:
            customer.books = self._find_books(customer)
        contact = customer.org.world.books.store.contacts.get(customer.books or "")
        return contact is not None and contact.status == "active"

    def _find_crm(self, customer: Customer) -> str | None:
        for record in customer.org.world.crm.store.data["Accounts"].live.values():
            if token_in(record.values.get("Account_Name")) == customer.token:
                return record.id
        return None

    def _find_books(self, customer: Customer) -> str | None:
        for contact in customer.org.world.books.store.contacts.values():
            if token_in(contact.values.get("contact_name")) == customer.token:
                return contact.id
        return None

    # --- edits -------------------------------------------------------------------------------------------

    def edit(self) -> int:
        """One field of one customer or person on one side."""
        side = self.rng.choice(("crm", "books"))
        dice = self.rng.random()
        if dice < 0.25:
            return self._edit_person(side)
        if dice < 0.5 and self.hot:
            busy, name = self.rng.choice(self.hot)
            return self._edit_customer(busy, side, name) if self.may_edit(busy, side) else 0
        customer = self.someone(side)
        return self._edit_customer(customer, side) if customer else 0

    def may_edit(self, customer: Customer, side: str) -> bool:
        """It is there on this side, and nobody has ended it."""
        return not customer.gone and self._on(customer, side)

    def turn_to(self) -> None:
        """Everybody turns to another customer: one field of it is edited again and again."""
        customer = self.someone("crm")
        self.hot = [(customer, self.rng.choice(list(PLAIN)))] if customer else []

    def rush(self) -> int:
        """A list is imported, and at once two departments work through it, each on its side and in its own field."""
        org, side = self.rng.choice(list(self.orgs.values())), self.rng.choice(("crm", "books"))
        done = sum(self._imported(org, side) for _ in range(IMPORTED))
        theirs, ours = self.rng.sample([name for name in PLAIN if name != "name"], 2)
        many = [c for c in self.customers[-80:] if c.org is org and not c.gone]
        for customer in many:
            for where, name in (("crm", theirs), ("books", ours)):
                if self._on(customer, where):
                    done += self._edit_customer(customer, where, name)
        self.hot = [(customer, theirs) for customer in many]
        return done

    def _imported(self, org: Org, side: str) -> int:
        customer = Customer(f"No{self.next()}", org)
        self.customers.append(customer)
        return self._create_crm(customer, alone=True) if side == "crm" else self._create_books(customer)

    def edit_one(self, customer: Customer, side: str) -> int:
        """One field of this customer, if it is still there."""
        return self._edit_customer(customer, side) if self._on(customer, side) else 0

    def edit_field(self, customer: Customer, side: str, name: str) -> int:
        """This field of this customer, if it is still there."""
        return self._edit_customer(customer, side, name) if self.may_edit(customer, side) else 0

    def edit_both(self) -> int:
        """Two people edit one customer within the same moment, half the time the same field."""
        customer = self.someone("crm")
        if customer is None or not self._on(customer, "books"):
            return 0
        name = self.rng.choice(list(PLAIN)) if self.rng.random() < 0.5 else None
        return self._edit_customer(customer, "crm", name) + self._edit_customer(customer, "books", name)

    def mass_edit(self) -> int:
        """Many customers of one side at once, as an import or a mass update does."""
        side, done = self.rng.choice(("crm", "books")), 0
        for customer in self.customers[-60:]:
            if not customer.gone and self._on(customer, side):
                done += self._edit_customer(customer, side, "segment")
        return done

    def _value(self, name: str, form: str, token: str) -> Any:
        if name in CLEARABLE and self.rng.random() < 0.08:
            return None
        return form.format(n=self.next(), token=token, odd=self.rng.choice(self.awkward))

    def _edit_customer(self, customer: Customer, side: str, name: str | None = None) -> int:
        name = name or self.rng.choice(list(PLAIN))
        name = "notes" if name == "name" and customer.twin else name
        crm, books, form = PLAIN[name]
        value = self._value(name, form, customer.token)
        if side == "crm":
            assert customer.crm is not None
            saw = (customer.org.account(customer.crm) or {}).get(crm)
            done = customer.org.act(edits.crm_edit, {crm: value}, module="Accounts", id=customer.crm)
        else:
            assert customer.books is not None
            contact = customer.org.world.books.store.get(customer.books)
            saw, body = _books_edit(contact, books, value)
            done = customer.org.act(edits.books_edit, body, id=customer.books)
        if done is None:
            return 0
        self.write(
            "edit", customer.org.name, side, "customer", customer.token, field=name, value=value, saw=saw
        )
        return 1

    def _edit_person(self, side: str) -> int:
        if not self.persons:
            return 0
        token, customer = self.rng.choice(self.persons[-80:])
        if customer.gone or not self._on(customer, side):
            return 0
        name = self.rng.choice(list(PERSON))
        return self.edit_person(token, customer, side, "phone" if name == "email" and customer.twin else name)

    def edit_person(self, token: str, customer: Customer, side: str, name: str) -> int:
        """This field of this person of a customer that is there."""
        crm, books, form = PERSON[name]
        value = self._value(name, form, token)
        org = customer.org
        if side == "crm":
            found = [
                r
                for r in org.world.crm.store.data["Contacts"].live.values()
                if token_in(r.values.get("Last_Name")) == token
            ]
            if not found:
                return 0
            saw = found[0].values.get(crm)
            done = org.act(edits.crm_edit, {crm: value}, module="Contacts", id=found[0].id)
        else:
            contact = org.world.books.store.get(customer.books or "")
            people = [p for p in contact.persons if token_in(p.values.get("last_name")) == token]
            if not people:
                return 0
            saw = people[0].values.get(books)
            done = org.act(edits.person_edit, {books: value}, id=contact.id, pid=people[0].id)
        if done is None:
            return 0
        self.write("edit", org.name, side, "person", token, field=name, value=value, saw=saw)
        return 1


def token_in(text: Any) -> str | None:
    """The number that a name carries."""
    found = TOKEN.search(str(text or ""))
    return found.group(0) if found else None


def _books_edit(contact: Any, key: str, value: Any) -> tuple[Any, dict[str, Any]]:
    """What the screen shows in a field, and the body of its edit."""
    if key.startswith("cf_"):
        return contact.custom.get(key), {"custom_fields": [{"api_name": key, "value": value or ""}]}
    if ":" in key:
        kind, part = key.split(":")
        address = dict(contact.billing if kind == "billing" else contact.shipping)
        shown = address.get(part)
        return shown, {f"{kind}_address": {**address, part: value}}
    return contact.values.get(key), {key: value or ""}
