"""`zohopy` against the base URL that it is given; prints what it saw as JSON.

    python books_zohopy.py SCENARIO URL FOLDER INPUT

`ZohoConfig` takes its URLs from a data centre of Zoho's; its two properties that name them are overridden.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from zohopy import AsyncZohoClient, DataCenter, SyncZohoClient, ZohoAPIError, ZohoConfig
from zohopy.products.books import AsyncZohoBooks, ZohoBooks

URL = sys.argv[2]


class Config(ZohoConfig):  # type: ignore[misc] # not installed where types are checked
    """The one change: where Zoho is."""

    @property
    def accounts_url(self) -> str:
        """The OAuth server."""
        return URL

    @property
    def base_api_url(self) -> str:
        """The API."""
        return URL


def config(organization_id: str) -> Config:
    """Settings that never wait and never try again, so that every call is counted."""
    return Config(
        client_id="1000.C",
        client_secret="s",
        refresh_token="1000.r",
        organization_id=organization_id,
        data_center=DataCenter.US,
        max_retries=1,
        retry_backoff=0.0,
    )


def error_of(call: Callable[..., Any], *args: Any) -> dict[str, Any]:
    """What a call that must be refused raises."""
    try:
        return {"error": None, "answer": call(*args)}
    except ZohoAPIError as error:
        return {"error": type(error).__name__, "status": error.status_code, "text": str(error)}


def customers(books: ZohoBooks, given: dict[str, Any]) -> dict[str, Any]:
    """A customer, its persons and addresses, from creation to deletion."""
    told = {"create": books.contacts.create(given["create"])}
    made = told["create"]["contact"]["contact_id"]
    told["get"] = books.contacts.get(made)
    told["update"] = books.contacts.update(made, given["update"])
    told["inactive"] = books.contacts.mark_inactive(made)
    told["listed_inactive"] = books.contacts.list(filter_by="Status.Inactive")
    told["active"] = books.contacts.mark_active(made)
    told["found"] = books.contacts.list(contact_name_contains=given["part"])
    told["address"] = books.contacts.add_address(made, given["address"])
    told["addresses"] = books.contacts.list_addresses(made)
    address = told["address"]["address_info"]["address_id"]
    told["edited"] = books.contacts.edit_address(made, address, given["edit_address"])
    told["comments"] = books.contacts.list_comments(made)
    told["delete"] = books.contacts.delete(made)
    told["gone"] = error_of(books.contacts.get, made)
    return told


def persons(books: ZohoBooks, given: dict[str, Any]) -> dict[str, Any]:
    """Contact persons of a customer: added, read, changed, made primary, deleted."""
    contact, own = given["contact_id"], books.contact_persons
    made = [own.create_for_contact(contact, each) for each in given["create"]]
    ids = [each["contact_person"][0]["contact_person_id"] for each in made]
    told = {"ids": ids, "update": own.update_for_contact(contact, ids[0], given["update"])}
    told["get"] = own.get_for_contact(contact, ids[0])
    told["primary"] = own.mark_primary(contact, ids[1])
    told["delete"] = own.delete_for_contact(contact, ids[2])
    told["list"] = own.list_for_contact(contact)
    return told


def ledger(books: ZohoBooks, given: dict[str, Any]) -> dict[str, Any]:
    """An item, an invoice of it, and their ends."""
    told = {"item": books.items.create(given["item"])}
    item = told["item"]["item"]["item_id"]
    told["item_update"] = books.items.update(item, given["item_update"])
    told["item_inactive"] = books.items.mark_inactive(item)
    told["item_active"] = books.items.mark_active(item)
    told["item_get"] = books.items.get(item)
    told["items"] = books.items.list()
    line = {"item_id": item, "quantity": 3}
    told["invoice"] = books.invoices.create({"customer_id": given["customer_id"], "line_items": [line]})
    invoice = told["invoice"]["invoice"]["invoice_id"]
    told["sent"] = books.invoices.mark_sent(invoice)
    told["invoices"] = books.invoices.list(customer_id=given["customer_id"])
    told["customer_refused"] = error_of(books.contacts.delete, given["customer_id"])
    told["void"] = books.invoices.void(invoice)
    told["invoice_get"] = books.invoices.get(invoice)
    draft = books.invoices.create({"customer_id": given["customer_id"], "line_items": [line]})
    told["draft_delete"] = books.invoices.delete(draft["invoice"]["invoice_id"])
    return told


def settings(books: ZohoBooks, given: dict[str, Any]) -> dict[str, Any]:
    """What the org is."""
    return {
        "organizations": books.organizations.list(),
        "taxes": books.taxes.list(),
        "currencies": books.currencies.list(),
        "users": books.users.list(),
    }


def pages(books: ZohoBooks, given: dict[str, Any]) -> dict[str, Any]:
    """All customers, page by page, by both of its clients."""

    async def all_pages() -> list[Any]:
        async with AsyncZohoClient(config(given["organization_id"])) as client:
            return [
                page async for page in AsyncZohoBooks(client).contacts.list_all(per_page=given["per_page"])
            ]

    return {
        "sync": list(books.contacts.list_all(per_page=given["per_page"])),
        "async": asyncio.run(all_pages()),
    }


def refused(books: ZohoBooks, given: dict[str, Any]) -> dict[str, Any]:
    """What it makes of refusals: a double name, no name, an unknown id, a foreign org."""
    told = {
        "double": error_of(books.contacts.create, {"contact_name": given["name"]}),
        "missing": error_of(books.contacts.create, {"company_name": "No name"}),
        "unknown": error_of(books.contacts.get, "1"),
    }
    with SyncZohoClient(config("1")) as foreign:
        told["foreign"] = error_of(ZohoBooks(foreign).contacts.list)
    return told


def main(scenario: str, given: str) -> None:
    """Set the client up as its README does, and run one scenario."""
    asked = json.loads(given)
    scenarios = {each.__name__: each for each in (customers, persons, ledger, settings, pages, refused)}
    with SyncZohoClient(config(asked["organization_id"])) as client:
        json.dump(scenarios[scenario](ZohoBooks(client), asked), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[4])
