"""What is asked of the sandbox: every list and search, with each documented parameter of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import httpx

Call = Callable[[], httpx.Response]
COLUMNS: Final = "Account_Name,Phone,Website,Billing_Street,Billing_City,Owner,Modified_Time,Modified_By"
DELETED, INVOICES = 100, 1_000
"""So many records are deleted three times, and invoices made, so that their lists have pages."""
_PERSON: Final = ("first_name", "last_name", "email", "phone")
_SORTS: Final = (
    "contact_name", *_PERSON[:3], "outstanding_receivable_amount", "created_time", "last_modified_time",
)  # fmt: skip
_STATES: Final = (
    "Active", "Inactive", "Duplicate", "PortalEnabled", "PortalDisabled", "Crm", "CreditLimitExceed",
)  # fmt: skip
_CRM_TIME: Final = "2020-01-01T00:00:00+00:00"
_COQL: Final = {
    "ids in order": "id is not null order by id asc",
    "by time, as the feed asks": "Modified_Time >= '2020-01-01T00:00:00+00:00' order by Modified_Time asc, id asc",
    "like": "Account_Name like '%a%'",
    "=": "Billing_Country = 'India'",
    "in": "Billing_City in ('Pune', 'Leeds', 'Austin', 'Mumbai')",
    "and": "(Billing_Country = 'India' and Account_Name like '%a%')",
    "another order": "id is not null order by Account_Name desc",
}


class Zoho:
    """One organisation as a client asks it."""

    def __init__(self, http: httpx.Client, organization: str) -> None:
        form = {
            "grant_type": "refresh_token",
            "client_id": "c",
            "client_secret": "s",
            "refresh_token": "1000.a",
        }
        access = http.post("/oauth/v2/token", data=form).json()["access_token"]
        self._http = http
        self._headers = {"Authorization": f"Zoho-oauthtoken {access}"}
        self._organization = organization

    def crm(self, path: str, since: str = "", **params: Any) -> httpx.Response:
        """GET of CRM, of what was modified since a moment."""
        headers = self._headers | ({"If-Modified-Since": since} if since else {})
        return self._http.get(f"/crm/v8/{path}", params=params, headers=headers)

    def books(self, path: str, **params: Any) -> httpx.Response:
        """GET of Books."""
        query = {"organization_id": self._organization, **params}
        return self._http.get(f"/books/v3/{path}", params=query, headers=self._headers)

    def coql(
        self, where: str, limit: int = 200, columns: str = COLUMNS.replace("Owner,", "")
    ) -> httpx.Response:
        """A select of Accounts."""
        text = f"select {columns} from Accounts where {where} limit {limit}"  # noqa: S608 - COQL, of our own words
        return self._http.post("/crm/v8/coql", json={"select_query": text}, headers=self._headers)

    def write(self) -> None:
        """A user edits one record of each kind; what is kept of lists is to be mended."""
        for path, body in self._edits:
            self._http.patch(f"/control/{path}", json=body).raise_for_status()

    def prepare(self) -> None:
        """Make what lists of invoices and deleted records show, and let every parameter count."""
        switches = {"contacts_lmt_filter": True, "items_sort_by_time": True, "search_lag_seconds": 0}
        self._http.put("/control/switches", json=switches).raise_for_status()
        contacts = partial(self.books, "contacts", contact_type="customer")
        customers = [row["contact_id"] for row in _rows(contacts, "contacts", 3)]
        line = {"name": "Work", "rate": 100, "quantity": 1}
        invoices = [
            {"customer_id": customers[n % len(customers)], "line_items": [line]} for n in range(INVOICES)
        ]
        marked = {
            "contact_name": "Marked by CRM",
            "zcrm_account_id": "1",
            "zcrm_contact_id": "1",
            "zcrm_vendor_id": "1",
        }
        self._http.post(
            "/control/import", json={"books": {"contacts": [marked], "invoices": invoices}}
        ).raise_for_status()
        for _ in range(3):
            rows = self.crm("Contacts", fields="Email", per_page=DELETED).json()["data"]
            if len(rows) == DELETED:  # some are left
                ids = {"ids": ",".join(row["id"] for row in rows)}
                self._http.delete("/crm/v8/Contacts", params=ids, headers=self._headers).raise_for_status()
        account, waits = (
            row["id"] for row in self.crm("Accounts", fields="Phone", per_page=2).json()["data"]
        )
        state = {"state": "approval"}
        self._http.post(f"/control/crm/Accounts/{waits}/state", json=state).raise_for_status()
        item = self.books("items", per_page=1).json()["items"][0]["item_id"]
        self._edits = [
            (f"crm/Accounts/{account}", {"Description": "x"}),
            (f"books/contacts/{customers[0]}", {"notes": "x"}),
            (f"books/items/{item}", {"description": "x"}),
        ]


def pages(zoho: Zoho) -> dict[str, Call]:
    """Each page by what it is."""
    return {**_crm_lists(zoho), **_crm_searches(zoho), **_coql(zoho), **_contacts(zoho), **_books(zoho)}


def _crm_lists(zoho: Zoho) -> dict[str, Call]:
    accounts = partial(zoho.crm, "Accounts", fields=COLUMNS)
    rows = accounts(per_page=200).json()["data"]
    ids = ",".join(row["id"] for row in rows[:100])
    told: dict[str, Call] = {
        "CRM Accounts, first page": accounts,
        "CRM Accounts, page 10": partial(accounts, page=_last(accounts)),
        "CRM Accounts, a page by token": partial(accounts, **_token(accounts)),
        "CRM Accounts, 100 ids": partial(accounts, ids=ids),
        "CRM Accounts, modified since long ago": partial(accounts, _CRM_TIME),
        "CRM Accounts, approved and not": partial(accounts, approved="both"),
        "CRM Accounts, not approved": partial(accounts, approved="false"),
        "CRM Contacts, first page": partial(zoho.crm, "Contacts", fields="Full_Name,Email,Account_Name"),
        "CRM Products, first page": partial(
            zoho.crm, "Products", fields="Product_Name,Vendor_Name,Unit_Price"
        ),
        "CRM Vendors, first page": partial(zoho.crm, "Vendors", fields="Vendor_Name,Email,GSTIN"),
        "CRM one Account": partial(zoho.crm, f"Accounts/{rows[0]['id']}"),
        "CRM deleted Contacts": partial(zoho.crm, "Contacts/deleted"),
        "CRM deleted Contacts, since": partial(zoho.crm, "Contacts/deleted", _CRM_TIME, type="recycle"),
    }
    for column in ("id", "Created_Time", "Modified_Time"):
        for order in ("asc", "desc"):
            told[f"CRM Accounts, sort_by {column} {order}"] = partial(
                accounts, sort_by=column, sort_order=order
            )
    return told


def _rows(ask: Callable[..., httpx.Response], key: str, page: int) -> list[dict[str, Any]]:
    """The rows of a page, of the first where there are few."""
    rows: list[dict[str, Any]] = ask(page=page).json()[key] or ask().json()[key]
    return rows


def _last(accounts: Callable[..., httpx.Response]) -> int:
    """The last page that a number reaches, the first where there are few."""
    return 10 if accounts(page=10).content else 1


def _token(accounts: Callable[..., httpx.Response]) -> dict[str, Any]:
    """The token after that page; none where there is one page."""
    token = accounts(page=_last(accounts)).json()["info"]["next_page_token"]
    return {} if token is None else {"page_token": token}


def _crm_searches(zoho: Zoho) -> dict[str, Call]:
    row = zoho.crm("Accounts", fields="Account_Name,Phone,Modified_Time").json()["data"][0]
    person = next(r for r in zoho.crm("Contacts", fields="Email,Account_Name").json()["data"] if r["Email"])
    accounts = partial(zoho.crm, "Accounts/search", fields=COLUMNS)
    contacts = partial(zoho.crm, "Contacts/search", fields="Full_Name,Email,Account_Name")
    parent = person["Account_Name"]["id"]
    return {
        "CRM search, word": partial(accounts, word=row["Account_Name"][:6]),
        "CRM search, word, whole records": partial(zoho.crm, "Accounts/search", word="a"),
        "CRM search, word, sort_by": partial(accounts, word="a", sort_by="Modified_Time", sort_order="asc"),
        "CRM search, word, sort_by a text": partial(accounts, word="a", sort_by="Account_Name"),
        "CRM search, word, approval_state": partial(accounts, word="a", approval_state="approved"),
        "CRM search, between": partial(
            accounts, criteria=f"(Modified_Time:between:{_CRM_TIME},{row['Modified_Time']})"
        ),
        "CRM search, phone": partial(accounts, phone=row["Phone"]),
        "CRM search, email": partial(contacts, email=person["Email"]),
        "CRM search, equals": partial(accounts, criteria=f"(Account_Name:equals:{row['Account_Name'][:6]})"),
        "CRM search, starts_with": partial(accounts, criteria="(Account_Name:starts_with:A)"),
        "CRM search, in": partial(accounts, criteria="(Billing_City:in:Pune,Leeds,Austin,Mumbai)"),
        "CRM search, less_than": partial(
            accounts, criteria=f"(Modified_Time:less_equal:{row['Modified_Time']})"
        ),
        "CRM search, and": partial(
            accounts, criteria="((Account_Name:starts_with:A)and(Billing_Country:equals:India))"
        ),
        "CRM search, a lookup": partial(contacts, criteria=f"(Account_Name:equals:{parent})"),
    }


def _coql(zoho: Zoho) -> dict[str, Call]:
    told: dict[str, Call] = {f"COQL, {name}": partial(zoho.coql, where) for name, where in _COQL.items()}
    told["COQL, group by"] = partial(
        zoho.coql, "id is not null group by Billing_Country", columns="Billing_Country, COUNT(id)"
    )
    told["COQL, 2,000 rows"] = partial(zoho.coql, "id is not null order by Modified_Time asc, id asc", 2_000)
    return told


def _contacts(zoho: Zoho) -> dict[str, Call]:
    contacts = partial(zoho.books, "contacts")
    first = next(row for row in _rows(contacts, "contacts", 2) if row["first_name"] and row["email"])
    told: dict[str, Call] = {
        "Books contacts, first page": contacts,
        "Books contacts, page 50": partial(contacts, page=50),
        "Books contacts, contact_type": partial(contacts, contact_type="vendor"),
        "Books contacts, search_text": partial(contacts, search_text="an"),
        "Books contacts, last_modified_time": partial(
            contacts, last_modified_time="2020-01-01T00:00:00+0000"
        ),
        "Books one contact": partial(zoho.books, f"contacts/{first['contact_id']}"),
        "Books persons, all": partial(zoho.books, "contacts/contactpersons"),
        "Books persons, page 50": partial(zoho.books, "contacts/contactpersons", page=50),
        "Books persons of a contact": partial(zoho.books, f"contacts/{first['contact_id']}/contactpersons"),
    }
    for name in ("contact_name", "company_name", "address", *_PERSON):
        value = first.get(name) or "a"
        told[f"Books contacts, {name}"] = partial(contacts, **{name: value})
        told[f"Books contacts, {name}_startswith"] = partial(contacts, **{f"{name}_startswith": value[:3]})
        told[f"Books contacts, {name}_contains"] = partial(
            contacts, **{f"{name}_contains": value[1:4] or "a"}
        )
    for state in [*(f"Status.{name}" for name in _STATES), "Invoice.OverDue", "Invoice.Unpaid"]:
        told[f"Books contacts, {state}"] = partial(contacts, filter_by=state)
    for name in ("zcrm_account_id", "zcrm_contact_id", "zcrm_vendor_id"):
        told[f"Books contacts, {name}"] = partial(contacts, **{name: "1"})
    for column in _SORTS:
        told[f"Books contacts, by {column}"] = partial(contacts, sort_column=column, sort_order="D")
    return told


def _books(zoho: Zoho) -> dict[str, Call]:
    items = partial(zoho.books, "items")
    first = _rows(items, "items", 2)
    item = first[0]
    tax = zoho.books("settings/taxes").json()["taxes"][0]
    told: dict[str, Call] = {
        "Books items, first page": items,
        "Books items, page 10": partial(items, page=10),
        "Books items, Status.All": partial(items, filter_by="Status.All"),
        "Books items, Status.Inactive": partial(items, filter_by="Status.Inactive"),
        "Books items, search_text": partial(items, search_text="an"),
        "Books items, tax_id": partial(items, tax_id=tax["tax_id"]),
        "Books items, tax_name": partial(items, tax_name=tax["tax_name"]),
        "Books items, is_taxable": partial(items, is_taxable="true"),
        "Books items, account_id": partial(items, account_id="1"),
        "Books one item": partial(zoho.books, f"items/{item['item_id']}"),
        "Books itemdetails, 200": partial(
            zoho.books, "itemdetails", item_ids=",".join(r["item_id"] for r in first)
        ),
        "Books invoices": partial(zoho.books, "invoices"),
        "Books invoices, status": partial(zoho.books, "invoices", status="draft"),
        "Books invoices, last_modified_time": partial(
            zoho.books,
            "invoices",
            last_modified_time="2020-01-01T00:00:00+0000",
            sort_column="last_modified_time",
        ),
    }
    for name, value in (("name", item["name"]), ("description", "x")):
        told[f"Books items, {name}"] = partial(items, **{name: value})
        told[f"Books items, {name}_startswith"] = partial(items, **{f"{name}_startswith": value[:3]})
        told[f"Books items, {name}_contains"] = partial(items, **{f"{name}_contains": value[1:4] or "x"})
    for name in ("rate", "rate_less_than", "rate_less_equals", "rate_greater_than", "rate_greater_equals"):
        told[f"Books items, {name}"] = partial(items, **{name: item["rate"]})
    for column in ("name", "rate", "tax_name", "last_modified_time"):
        told[f"Books items, by {column}"] = partial(items, sort_column=column, sort_order="D")
    return told
