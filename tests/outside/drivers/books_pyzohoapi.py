"""`pyzohoapi` against the base URL that it is given; prints what it saw as JSON.

    python books_pyzohoapi.py SCENARIO URL FOLDER INPUT

The API's URL is what a subclass tells in `get_endpoint`; that of the OAuth server has no setting, so the
attribute that holds it is set.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from pyzohoapi import ZohoBooks
from pyzohoapi.exceptions import ZohoException

URL = sys.argv[2]


class Books(ZohoBooks):  # type: ignore[misc] # not installed where types are checked
    """The one change: where Zoho is."""

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            organization_id, client_id="1000.C", client_secret="s", refresh_token="1000.r", max_retries=1
        )
        self._oauth = f"{URL}/oauth/v2"

    def get_endpoint(self, region: str) -> str:
        """The API."""
        return f"{URL}/books/v3"


def error_of(call: Callable[..., Any], *args: Any) -> dict[str, Any]:
    """What a call that must be refused raises."""
    try:
        return {"error": None, "answer": str(call(*args))}
    except ZohoException as error:
        return {"error": type(error).__name__, "text": str(error)}


def fill(made: Any, values: dict[str, Any]) -> Any:
    """An object of the library with these attributes."""
    for name, value in values.items():
        setattr(made, name, value)
    return made


def customers(books: Books, given: dict[str, Any]) -> dict[str, Any]:
    """A customer with its persons, from creation to deletion."""
    made = fill(books.Contact(), given["create"]).Create()
    told: dict[str, Any] = {"id": made.ID}
    again = books.Contact(made.ID)
    told["get"] = again._data.to_python()
    told["update"] = fill(again, given["update"]).Update()._data.to_python()
    again.SetCustomField(given["label"], given["value"])
    told["custom"] = again.Update().GetCustomField(given["label"])
    again.billing_address.city = given["city"]
    again.UpdateBilling()
    told["billing"] = books.Contact(made.ID).billing_address.to_python()
    told["inactive"] = again.Deactivate()
    told["listed_inactive"] = [each.ID for each in books.Contact(filter_by="Status.Inactive")]
    told["active"] = again.Activate()
    told["found"] = [each.ID for each in books.Contact(contact_name_contains=given["part"])]
    told["not_found"] = books.Contact("1").IsLoaded
    told["deleted"] = again.Delete().IsDeleted
    told["gone"] = books.Contact(made.ID).IsLoaded
    return told


def pages(books: Books, given: dict[str, Any]) -> dict[str, Any]:
    """All customers, page by page, as its iterator reads them."""
    rows = books.Contact(per_page=str(given["per_page"])).Iter(raw=True)
    return {"ids": [row["contact_id"] for row in rows]}


def ledger(books: Books, given: dict[str, Any]) -> dict[str, Any]:
    """An item and an invoice of it."""
    item = fill(books.Item(), given["item"]).Create()
    told: dict[str, Any] = {"item": item.ID, "rate": float(fill(item, given["item_update"]).Update().rate)}
    told["items"] = [each.ID for each in books.Item()]
    line = {"item_id": item.ID, "quantity": 3}
    invoice = fill(books.Invoice(), {"customer_id": given["customer_id"], "line_items": [line]}).Create()
    told |= {"invoice": invoice.ID, "number": invoice.Number, "total": float(invoice.total)}
    told["of_customer"] = [each.ID for each in books.Invoice(customer_id=given["customer_id"])]
    customer = invoice.GetRelated(books.Contact, "customer_id")
    told["customer"] = customer.contact_name
    told["customer_refused"] = error_of(customer.Delete)
    told["item_inactive"] = item.Deactivate()
    return told


def settings(books: Books, given: dict[str, Any]) -> dict[str, Any]:
    """What the org is."""
    return {
        "organizations": [row["name"] for row in books.Organization().Iter(raw=True)],
        "users": [row["name"] for row in books.User().Iter(raw=True)],
    }


def refused(books: Books, given: dict[str, Any]) -> dict[str, Any]:
    """What it makes of refusals: a double name, no name, a foreign org."""
    return {
        "double": error_of(fill(books.Contact(), {"contact_name": given["name"]}).Create),
        "missing": error_of(fill(books.Contact(), {"company_name": "No name"}).Create),
        "foreign": error_of(list, Books("1").Contact()),
    }


def main(scenario: str, given: str) -> None:
    """Set the client up as its README does, and run one scenario."""
    asked = json.loads(given)
    scenarios = {each.__name__: each for each in (customers, pages, ledger, settings, refused)}
    json.dump(scenarios[scenario](Books(asked["organization_id"]), asked), sys.stdout, default=str)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[4])
