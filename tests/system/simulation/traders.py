"""People who work on vendors, items or individuals, beside those of `users`: no two values are alike here either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.control import edits
from tests.system.simulation.case import GOODS
from tests.system.simulation.evidence import token_of
from tests.system.simulation.org import Org
from tests.system.simulation.users import AWKWARD, Write

ITEM: dict[str, tuple[str, str, str]] = {
    "name": ("Product_Name", "name", "{token} Bolt {n}{odd}"),
    "sku": ("Product_Code", "sku", "{token}-{n}"),
    "description": ("Description", "description", "text {n}{odd}"),
    "grade": ("Grade", "cf_grade", "grade {n}"),
}
BOOKS_OWN: dict[str, tuple[str, str, str]] = {
    "price": ("Unit_Price", "rate", "{n}.5"),
    "hsn": ("HSN_SAC", "hsn_or_sac", "{n:08d}"),
}
VENDOR: dict[str, tuple[str, str, str]] = {
    "name": ("Vendor_Name", "contact_name", "{token} Mills {n}{odd}"),
    "website": ("Website", "website", "https://m{n}.example"),
    "phone": ("Phone", "billing:phone", "+91 20 {n:08d}"),
    "billing_address": ("City", "billing:city", "Ward {n}"),
    "notes": ("Description", "notes", "memo {n}{odd}"),
}
INDIVIDUAL: dict[str, tuple[str, str, str]] = {
    "name": ("Last_Name", "person:last_name", "Iyer {token} {n}{odd}"),
    "phone": ("Phone", "person:phone", "+91 44 {n:08d}"),
    "mobile": ("Mobile", "person:mobile", "+91 8{n:09d}"),
    "billing_address": ("Mailing_City", "billing:city", "Lane {n}"),
    "tier": ("Tier", "cf_tier", "tier {n}"),
}
FIELDS = {"item": ITEM, "vendor": VENDOR, "individual": INDIVIDUAL}
STAMPS = {
    "item": ("Books_Item_ID", "cf_crm_product_id"),
    "vendor": ("Books_Vendor_ID", "cf_crm_vendor_id"),
    "individual": ("Books_Customer_ID", "cf_crm_contact_id"),
}
KEYS = ("name", "sku")
"""By which a record that two people typed in is found: nobody changes these."""


@dataclass(slots=True)
class Ware:
    """A vendor, an item or an individual as people know it."""

    kind: str
    token: str
    org: Org
    twin: bool = False
    gone: bool = False
    """Deleted by somebody."""
    bin: str = ""
    """Its id in CRM's recycle bin, from which it may be restored."""

    @property
    def module(self) -> str:
        """Where it lives in CRM."""
        return GOODS[self.kind][0]

    @property
    def in_crm(self) -> Any:
        """The live record of CRM, or None."""
        module, name = GOODS[self.kind]
        live = self.org.world.crm.store.data[module].live.values()
        return next((one for one in live if token_of(one.values.get(name)) == self.token), None)

    @property
    def in_books(self) -> Any:
        """The record of Books, or None."""
        books = self.org.world.books
        held = books.items.by_id if self.kind == "item" else books.store.contacts
        return next((one for one in held.values() if token_of(one.name) == self.token), None)

    def is_linked(self) -> bool:
        """One names the other: whoever deletes one deletes a record that Tandem knows."""
        crm, books = self.in_crm, self.in_books
        if crm is None or books is None:
            return False
        of_crm, of_books = STAMPS[self.kind]
        return bool(crm.values.get(of_crm) == books.id or books.custom.get(of_books) == crm.id)


@dataclass(slots=True)
class Traders:
    """Everybody who works on these kinds; `write` takes each act down, `number` is never the same twice."""

    orgs: dict[str, Org]
    rng: Random
    write: Write
    number: Callable[[], int]
    kinds: Sequence[str]
    wares: list[Ware] = field(default_factory=list)
    awkward: Sequence[str] = AWKWARD

    def act(self) -> int:
        """One act; how many events that was."""
        dice = self.rng.random()
        if dice < 0.25 or len(self.wares) < 3:
            return self._create()
        ware = self.rng.choice(self.wares[-40:])
        if ware.gone:
            return self._restore(ware)
        if dice < 0.80:
            return self._edit(ware)
        if dice < 0.86:
            return self._edit_own(ware)
        if dice < 0.93:
            return self._turn(ware)
        return self._delete(ware) if dice < 0.96 else 0

    def _create(self) -> int:
        """Typed in on one side, seldom on both."""
        org, kind = self.rng.choice(list(self.orgs.values())), self.rng.choice(self.kinds)
        ware, where = Ware(kind, f"No{self.number()}", org), self.rng.random()
        ware.twin = 0.45 <= where < 0.55
        self.wares.append(ware)
        done = 0
        if where < 0.55:
            price = {"Unit_Price": self.number() + 0.5} if kind == "item" else {}
            body = _new_crm(ware) | price
            done += self._made(ware, "crm", org.act(edits.crm_create, body, module=ware.module))
        if where >= 0.45:
            make = edits.item_create if kind == "item" else edits.books_create
            done += self._made(ware, "books", org.act(make, _new_books(ware)))
        return done

    def _made(self, ware: Ware, side: str, made: Any) -> int:
        if made is None:
            return 0
        self.write("create", ware.org.name, side, ware.kind, ware.token)
        return 1

    def _edit(self, ware: Ware) -> int:
        """A field that both sides may edit."""
        fields = FIELDS[ware.kind]
        name = self.rng.choice([name for name in fields if not (ware.twin and name in KEYS)])
        return self._type(ware, self.rng.choice(("crm", "books")), name, fields[name])

    def _edit_own(self, ware: Ware) -> int:
        """What Books owns: its own edit travels, one of CRM is put back."""
        if ware.kind != "item":
            return 0
        name = self.rng.choice(list(BOOKS_OWN))
        if self.rng.random() < 0.7:
            return self._type(ware, "books", name, BOOKS_OWN[name])
        crm, record = BOOKS_OWN[name][0], ware.in_crm
        if record is None or not ware.is_linked():
            return 0
        value = self._value(BOOKS_OWN[name][2], ware)
        if ware.org.act(edits.crm_edit, {crm: _typed(name, value)}, module=ware.module, id=record.id) is None:
            return 0
        # It is undone in CRM: for the judge a cause of a write there, as an act in Books is.
        self.write("drift", ware.org.name, "books", ware.kind, ware.token, field=name, value=value)
        return 1

    def _value(self, form: str, ware: Ware) -> str:
        return form.format(n=self.number(), token=ware.token, odd=self.rng.choice(self.awkward))

    def _type(self, ware: Ware, side: str, name: str, spec: tuple[str, str, str]) -> int:
        crm, books, form = spec
        record = ware.in_crm if side == "crm" else ware.in_books
        if record is None:
            return 0
        value, act = self._value(form, ware), ware.org.act
        if side == "crm":
            saw = record.values.get(crm)
            done = act(edits.crm_edit, {crm: value}, module=ware.module, id=record.id)
        elif books.startswith("person:"):
            [person, *_others], key = record.persons, books.split(":")[1]
            saw = person.values.get(key)
            done = act(edits.person_edit, {key: value}, id=record.id, pid=person.id)
        else:
            saw, body = _books_edit(record, books, value)
            done = act(edits.item_edit if ware.kind == "item" else edits.books_edit, body, id=record.id)
        if done is None:
            return 0
        self.write("edit", ware.org.name, side, ware.kind, ware.token, field=name, value=value, saw=saw)
        return 1

    def _turn(self, ware: Ware) -> int:
        """An item becomes inactive, or active again, on one side."""
        if ware.kind != "item" or not ware.is_linked():
            return 0
        side = self.rng.choice(("crm", "books"))
        if side == "crm":
            record = ware.in_crm
            turned: Any = not record.values.get("Product_Active")
            done = ware.org.act(edits.crm_edit, {"Product_Active": turned}, module=ware.module, id=record.id)
        else:
            record = ware.in_books
            turned = "inactive" if record.status == "active" else "active"
            done = ware.org.act(edits.item_status(turned), {}, id=record.id)
        if done is None:
            return 0
        self.write("turn", ware.org.name, side, ware.kind, ware.token, field="active", value=turned)
        return 1

    def _delete(self, ware: Ware) -> int:
        """Somebody deletes one that both sides know."""
        if not ware.is_linked():
            return 0
        side, crm, books = self.rng.choice(("crm", "crm", "books")), ware.in_crm, ware.in_books
        if side == "crm":
            done = ware.org.act(edits.crm_delete, {}, module=ware.module, id=crm.id)
        else:
            done = ware.org.act(
                edits.item_delete if ware.kind == "item" else edits.books_delete, {}, id=books.id
            )
        if done is None:
            return 0
        ware.gone, ware.bin = True, crm.id if side == "crm" else ""
        self.write(
            "delete", ware.org.name, side, ware.kind, ware.token, value=crm.id if side == "crm" else books.id
        )
        return 1

    def _restore(self, ware: Ware) -> int:
        """Somebody takes it out of CRM's recycle bin."""
        if not ware.bin or ware.org.act(edits.crm_restore, {}, module=ware.module, id=ware.bin) is None:
            return 0
        ware.bin = ""
        self.write("restore", ware.org.name, "crm", ware.kind, ware.token)
        return 1


def _new_crm(ware: Ware) -> dict[str, Any]:
    if ware.kind == "item":
        return {"Product_Name": f"{ware.token} Bolt", "Product_Code": ware.token, "Product_Active": True}
    if ware.kind == "individual":
        return {"First_Name": "Uma", "Last_Name": f"Iyer {ware.token}", "Email": f"{ware.token}@i.example"}
    return {"Vendor_Name": f"{ware.token} Mills", "Email": f"{ware.token}@m.example"}


def _new_books(ware: Ware) -> dict[str, Any]:
    person: dict[str, Any]
    if ware.kind == "item":
        return {"name": f"{ware.token} Bolt", "sku": ware.token, "rate": 1}
    if ware.kind == "individual":
        person = {"first_name": "Uma", "last_name": f"Iyer {ware.token}", "email": f"{ware.token}@i.example"}
        # The screen of a new customer begins with its primary person.
        person["is_primary_contact"] = True
        name = {"contact_name": f"Uma Iyer {ware.token}", "customer_sub_type": "individual"}
        return {**name, "contact_type": "customer", "contact_persons": [person]}
    person = {"first_name": "Uma", "last_name": "Sen", "email": f"{ware.token}@m.example"}
    return {"contact_name": f"{ware.token} Mills", "contact_type": "vendor", "contact_persons": [person]}


def _typed(name: str, value: str) -> Any:
    return float(value) if name == "price" else value


def _books_edit(record: Any, key: str, value: str) -> tuple[Any, dict[str, Any]]:
    """What the screen shows in a field, and the body of its edit."""
    if key.startswith("cf_"):
        return record.custom.get(key), {"custom_fields": [{"api_name": key, "value": value}]}
    if ":" in key:
        part = key.split(":")[1]
        address = dict(record.billing)
        return address.get(part), {"billing_address": {**address, part: value}}
    return record.values.get(key), {key: float(value) if key == "rate" else value}
