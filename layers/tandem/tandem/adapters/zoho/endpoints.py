"""Where both products live, and every call that Tandem can make at all.

What is not in `ENDPOINTS` cannot be called: no delete, no mail, no invitation, no portal, no transaction
(design, section 4). A test reads this table and `scopes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from tandem.core.entities import KINDS
from tandem.core.errors import BadInputError

Product = Literal["crm", "books"]

CRM_WRITABLE = frozenset({"Accounts", "Contacts", "Vendors", "Products"})
"""Modules that a record may be written to: those of synced entities, never one of transactions."""

FIELDS_PER_QUERY = 50
"""Columns of one CRM list call or query (dossier crm §2, §4)."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_COLUMN = re.compile(r"[A-Za-z$][A-Za-z0-9_$.]{0,199}")
_ID = re.compile(r"[0-9]{1,25}")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The base URLs (roots without `/crm/v8`, `/books/v3`) and the two organisations of one connection.

    Hosts are settings: never derived from the data centre (dossier crm §1). `dc` only names the account
    that the governor keeps.
    """

    accounts_url: str
    crm_url: str
    books_url: str
    organization_id: str
    crm_org: str
    dc: str

    def root(self, product: Product) -> str:
        """The product's base URL without a trailing slash."""
        return (self.crm_url if product == "crm" else self.books_url).rstrip("/")

    def token_url(self) -> str:
        """The token endpoint (dossier crm §1)."""
        return f"{self.accounts_url.rstrip('/')}/oauth/v2/token"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of call. `reads`: it changes nothing, so it may be tried again (COQL is such a POST).

    `one`: it names one record, so that "does not exist" speaks of that record.
    """

    product: Product
    method: Literal["GET", "POST", "PUT", "PATCH"]
    template: str
    reads: bool = False
    one: bool = False

    def path(self, **parts: str) -> str:
        """The path with its parts filled in; refuses what is no module name or id."""
        for name, part in parts.items():
            (check_module if name == "module" else check_id)(part)
        return self.template.format(**parts)


def _crm(
    method: Literal["GET", "POST", "PUT", "PATCH"], path: str, *, reads: bool = False, one: bool = False
) -> Endpoint:
    return Endpoint("crm", method, f"/crm/v8/{path}", reads, one)


def _books(
    method: Literal["GET", "POST", "PUT"], path: str, *, reads: bool = False, one: bool = False
) -> Endpoint:
    return Endpoint("books", method, f"/books/v3/{path}", reads, one)


ENDPOINTS: dict[str, Endpoint] = {
    "crm.list": _crm("GET", "{module}", reads=True),
    "crm.get": _crm("GET", "{module}/{id}", reads=True, one=True),
    "crm.deleted": _crm("GET", "{module}/deleted", reads=True),
    "crm.query": _crm("POST", "coql", reads=True),
    "crm.insert": _crm("POST", "{module}"),
    "crm.update": _crm("PUT", "{module}/{id}", one=True),
    "crm.update_many": _crm("PUT", "{module}", one=True),
    "crm.org": _crm("GET", "org", reads=True),
    "crm.users": _crm("GET", "users", reads=True),
    "crm.fields": _crm("GET", "settings/fields", reads=True),
    "crm.layouts": _crm("GET", "settings/layouts", reads=True),
    "crm.watches": _crm("GET", "actions/watch", reads=True),
    "crm.watch": _crm("POST", "actions/watch"),
    "crm.renew": _crm("PATCH", "actions/watch"),
    "books.organizations": _books("GET", "organizations", reads=True),
    "books.list": _books("GET", "contacts", reads=True),
    "books.get": _books("GET", "contacts/{id}", reads=True, one=True),
    "books.insert": _books("POST", "contacts"),
    "books.update": _books("PUT", "contacts/{id}", one=True),
    "books.active": _books("POST", "contacts/{id}/active", one=True),
    "books.inactive": _books("POST", "contacts/{id}/inactive", one=True),
    "books.get_person": _books("GET", "contacts/contactpersons/{id}", reads=True, one=True),
    "books.insert_person": _books("POST", "contacts/contactpersons"),
    "books.update_person": _books("PUT", "contacts/contactpersons/{id}", one=True),
    "books.list_items": _books("GET", "items", reads=True),
    "books.get_item": _books("GET", "items/{id}", reads=True, one=True),
    "books.item_details": _books("GET", "itemdetails", reads=True),
    "books.insert_item": _books("POST", "items"),
    "books.update_item": _books("PUT", "items/{id}", one=True),
    "books.item_active": _books("POST", "items/{id}/active", one=True),
    "books.item_inactive": _books("POST", "items/{id}/inactive", one=True),
    "books.fields": _books("GET", "settings/fields", reads=True),
}

_SCOPE_OF: Final = {"items": "settings"}
"""Under which scope Books keeps a resource, where it is not `contacts` (dossier books §1)."""


def scopes(entities: Iterable[str]) -> tuple[str, ...]:
    """Exactly what a mapping of these entities needs; marking active is a Books CREATE (dossier crm §1, books §1)."""
    kinds = [KINDS[name] for name in entities]
    modules = sorted({kind.crm_module for kind in kinds})
    written = sorted({_SCOPE_OF.get(kind.books_module, "contacts") for kind in kinds})
    return (
        *(f"ZohoCRM.modules.{module}.{verb}" for module in modules for verb in ("READ", "CREATE", "UPDATE")),
        *(f"ZohoCRM.{read}.READ" for read in ("coql", "org", "users", "settings.fields", "settings.layouts")),
        *(f"ZohoCRM.notifications.{verb}" for verb in ("READ", "CREATE", "UPDATE")),
        *(f"ZohoBooks.{scope}.READ" for scope in sorted({*written, "settings"})),
        *(f"ZohoBooks.{scope}.{verb}" for scope in written for verb in ("CREATE", "UPDATE")),
    )


SCOPES: Final = scopes(KINDS)
"""What `ENDPOINTS` needs where every entity is mapped."""


def check_module(name: str) -> str:
    """The module's API name, refused if it could be anything else in a path or query."""
    if not _NAME.fullmatch(name):
        raise BadInputError(f"{name!r} is no module name of Zoho CRM")
    return name


def check_column(name: str) -> str:
    """A field's API name, perhaps through a lookup (`Account_Name.id`)."""
    if not _COLUMN.fullmatch(name):
        raise BadInputError(f"{name!r} is no field name of Zoho CRM")
    return name


def check_id(value: str) -> str:
    """A Zoho id: digits only (dossier crm §2, books §1)."""
    if not _ID.fullmatch(value):
        raise BadInputError(f"{value!r} is no Zoho id: digits only")
    return value
