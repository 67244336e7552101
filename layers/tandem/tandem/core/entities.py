"""What Tandem knows of each kind of record beside its mapping: where it lives, what lists show of it, what proves it.

A further entity is one entry here, the calls of its Books resource (`adapters/zoho/homes.py`) and a section in a
mapping (docs/mapping.md, "Adding an entity").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

Delete = Literal["deactivate", "keep", "hold"]
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
CUSTOMER, PERSON, INDIVIDUAL, VENDOR = "customer", "contact_person", "individual", "vendor"


@dataclass(frozen=True, slots=True)
class Kind:
    """One entity on both sides."""

    name: str
    crm_module: str
    """Its notifications name it; a mapping may read no other."""
    books_module: str
    """`contacts`, `contactpersons` or `items`: how Books calls the resource."""
    books_id: str
    """The key of its id in a Books body."""
    books_rule: str = ""
    """The module of a Books workflow rule that tells of it; empty where it comes with its customer."""
    proofs: tuple[str, ...] = ()
    """By which it finds its counterpart where the file does not say: words that need no field, or names of fields."""
    words: frozenset[str] = frozenset()
    """Those that are words: `email` stands for whatever e-mail a record shows."""
    new_in_books: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    """What Books wants of a new one beside its values."""
    kept_in_books: tuple[str, ...] = ()
    """What Books may want of every update beside its change, as the record shows it (setting `books_items_whole`)."""
    listed: frozenset[str] = frozenset()
    """Built-in attributes that every list of Books shows (dossier books §2, §6)."""
    never_mapped: frozenset[str] = frozenset()
    mirrors: frozenset[str] = frozenset()
    """Top-level keys that mirror the primary person (design, traps decided)."""
    objects: frozenset[str] = frozenset()
    """Books attributes that are objects, mapped by their parts."""
    ledger: frozenset[str] = frozenset()
    """Books attributes that the ledger rests on: Books owns them."""
    delete: Delete = "deactivate"
    create_in_books: bool = True
    is_company: bool = True
    """Its name is a company's: legal forms in it do not count."""
    reads_many: bool = False
    """Books reads several of them by id in one call."""
    has_books_feed: bool = True
    """Books lists it by itself."""
    arrives_as: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Side -> the entity in whose feeds and webhooks it comes; what a record shows tells the two apart
    (`core/dealing.py`). Empty: it has its own."""
    of_primary: frozenset[str] = frozenset()
    """Books attributes that a contact shows of its primary person, whose own calls write them."""


_ADDRESSES: Final = frozenset({"billing_address", "shipping_address"})
_CONTACT: Final[dict[str, Any]] = {
    "books_module": "contacts",
    "books_id": "contact_id",
    "proofs": ("tax_number", "email"),
    "words": frozenset({"tax_number", "email"}),
    "listed": frozenset({"contact_name", "company_name", "website"}),
    "never_mapped": frozenset(
        {"contact_persons", "contact_type", "contact_id", "tags", "opening_balances", "status"}
    ),
    "mirrors": frozenset({"first_name", "last_name", "email", "phone", "mobile"}),
    "objects": _ADDRESSES,
}

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            CUSTOMER,
            "Accounts",
            books_rule="Customers",
            new_in_books={"contact_type": "customer"},
            **_CONTACT,
        ),
        Kind(
            PERSON,
            "Contacts",
            "contactpersons",
            "contact_person_id",
            proofs=("email", "name"),
            words=frozenset({"email", "name"}),
            never_mapped=_CONTACT["never_mapped"],
            objects=_ADDRESSES,
            delete="keep",
            is_company=False,
            has_books_feed=False,
        ),
        Kind(
            INDIVIDUAL,
            "Contacts",
            new_in_books={"contact_type": "customer", "customer_sub_type": "individual"},
            is_company=False,
            arrives_as={"crm": PERSON, "books": CUSTOMER},
            of_primary=_CONTACT["mirrors"] | {"designation", "department"},
            **{
                **_CONTACT,
                "listed": _CONTACT["listed"] | _CONTACT["mirrors"],
                "never_mapped": _CONTACT["never_mapped"] | {"customer_sub_type", "company_name"},
                "mirrors": frozenset(),
            },
        ),
        Kind(VENDOR, "Vendors", books_rule="Vendors", new_in_books={"contact_type": "vendor"}, **_CONTACT),
        Kind(
            "item",
            "Products",
            "items",
            "item_id",
            books_rule="Items",
            proofs=("sku",),
            kept_in_books=("name", "rate"),
            listed=frozenset({"name", "sku", "description", "unit", "rate", "purchase_rate", "hsn_or_sac"}),
            never_mapped=frozenset({"item_id", "tags", "initial_stock", "initial_stock_rate"}),
            ledger=frozenset(
                {
                    *("rate", "purchase_rate", "hsn_or_sac", "is_taxable", "tax_id", "purchase_tax_id"),
                    *("tax_exemption_id", "account_id", "purchase_account_id"),
                }
            ),
            create_in_books=False,
            is_company=False,
            reads_many=True,
        ),
    )
}
"""By name, in the order in which feeds are read."""
