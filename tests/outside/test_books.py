"""`zohopy` and `pyzohoapi` for Books against the sandbox; only their base URLs are ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.outside.support import DRIVERS, Zoho

ZOHOPY, PYZOHOAPI = DRIVERS / "books_zohopy.py", DRIVERS / "books_pyzohoapi.py"
BEN = {"first_name": "Ben", "last_name": "Okri", "email": "ben@rye.example", "is_primary_contact": True}
CUSTOMER = {"contact_name": "Thistle & Rye", "contact_type": "customer", "contact_persons": [BEN]}
TOKEN = ("POST /oauth/v2/token", 200)


def _anchor(zoho: Zoho) -> str:
    """A customer that is there already."""
    made: str = zoho.control("POST", "/books/contacts", {"contact_name": "Anchor Ltd"})["contact_id"]
    return made


def _run(zoho: Zoho, driver: Path, scenario: str, **given: Any) -> Any:
    org = zoho.control("GET", "/health")["books_organization_id"]
    return zoho.run(driver, scenario, {"organization_id": org, **given})


def test_zohopy_takes_a_customer_through_its_life(zoho: Zoho) -> None:
    """Made, read, changed, inactive and active again, found, given an address, deleted, gone."""
    anchor = _anchor(zoho)
    told = _run(
        zoho,
        ZOHOPY,
        "customers",
        create=CUSTOMER,
        update={"company_name": "Rye plc", "website": "https://rye.example"},
        part="Thistle",
        address={"attention": "Ben", "city": "Leeds"},
        edit_address={"city": "York"},
    )
    made = told["create"]["contact"]["contact_id"]
    assert told["get"]["contact"]["email"] == "ben@rye.example"
    assert told["update"]["contact"]["company_name"] == "Rye plc"
    listed = [[row["contact_id"] for row in told[step]["contacts"]] for step in ("listed_inactive", "found")]
    assert listed == [[made], [made]]
    assert [row["city"] for row in told["addresses"]["addresses"]][-1] == "Leeds"
    assert told["edited"]["address_info"]["city"] == "York"
    assert told["gone"] == {"error": "ZohoNotFoundError", "status": 404, "text": "Contact does not exist."}
    assert list(zoho.held("books", "contacts")) == [anchor]
    assert zoho.calls("accounts") == [TOKEN]
    assert {status for _, status in zoho.calls("books")[:-1]} == {200, 201}


def test_zohopy_keeps_the_persons_of_a_customer(zoho: Zoho) -> None:
    """Three are added, one changed, one made primary, one deleted."""
    contact = _anchor(zoho)
    people = [{"first_name": name, "last_name": "Rao", "email": f"{name}@rao.example"} for name in "abc"]
    told = _run(zoho, ZOHOPY, "persons", contact_id=contact, create=people, update={"phone": "9"})
    assert told["get"]["contact_person"]["phone"] == "9"
    listed = {row["contact_person_id"]: row["is_primary_contact"] for row in told["list"]["contact_persons"]}
    assert listed == {told["ids"][0]: False, told["ids"][1]: True}
    held = zoho.held("books", "contacts")[contact]
    assert {(p["first_name"], p["phone"], p["is_primary_contact"]) for p in held["contact_persons"]} == {
        ("a", "9", False),
        ("b", "", True),
    }
    assert held["email"] == "b@rao.example"


def test_zohopy_makes_items_and_invoices(zoho: Zoho) -> None:
    """An item's price reaches the invoice; a customer with an invoice is not deleted; void and draft go their ways."""
    customer = _anchor(zoho)
    bolt = {"name": "Bolt", "rate": 12.5}
    told = _run(zoho, ZOHOPY, "ledger", customer_id=customer, item=bolt, item_update={"rate": 13})
    item, invoice = told["item_get"]["item"], told["invoice"]["invoice"]
    assert (item["rate"], item["status"], invoice["total"]) == (13, "active", 39)
    assert [row["item_id"] for row in told["items"]["items"]] == [item["item_id"]]
    assert [row["status"] for row in told["invoices"]["invoices"]] == ["sent"]
    assert (told["customer_refused"]["error"], told["customer_refused"]["status"]) == (
        "ZohoInvalidFieldError",
        400,
    )
    held = zoho.held("books", "invoices")
    assert {key: row["status"] for key, row in held.items()} == {invoice["invoice_id"]: "void"}
    assert zoho.held("books", "items")[item["item_id"]]["rate"] == 13
    assert list(zoho.held("books", "contacts")) == [customer]


def test_zohopy_reads_the_settings(zoho: Zoho) -> None:
    """Organizations, taxes, currencies and users."""
    told, health = _run(zoho, ZOHOPY, "settings"), zoho.control("GET", "/health")
    (org,) = told["organizations"]["organizations"]
    assert (org["organization_id"], org["currency_code"]) == (
        health["books_organization_id"],
        health["currency"],
    )
    assert health["currency"] in {row["currency_code"] for row in told["currencies"]["currencies"]}
    assert set(health["users"]) <= {row["name"] for row in told["users"]["users"]}
    assert {"GST0"} <= {row["tax_name"] for row in told["taxes"]["taxes"]}


@pytest.mark.parametrize("driver", [ZOHOPY, PYZOHOAPI], ids=lambda driver: driver.stem)
def test_every_customer_is_on_one_page(zoho: Zoho, driver: Path) -> None:
    """450 customers on three pages: each once."""
    rows = [{"contact_name": f"Company {n}"} for n in range(450)]
    zoho.control("POST", "/import", {"books": {"contacts": rows}})
    told, held = _run(zoho, driver, "pages", per_page=200), sorted(zoho.held("books", "contacts"))
    if driver == PYZOHOAPI:
        assert sorted(told["ids"]) == held
        assert zoho.calls("books") == [("GET /books/v3/contacts", 200)] * 3
        return
    for way in ("sync", "async"):
        assert [len(page["contacts"]) for page in told[way]] == [200, 200, 50]
        assert sorted(row["contact_id"] for page in told[way] for row in page["contacts"]) == held


def test_refusals_arrive_as_the_errors_of_each(zoho: Zoho) -> None:
    """A double name, no name, an unknown id, a foreign org; nothing of it is held."""
    anchor = _anchor(zoho)
    told = _run(zoho, ZOHOPY, "refused", name="Anchor Ltd")
    assert {step: answer["error"] for step, answer in told.items()} == {
        "double": "ZohoDuplicateError",
        "missing": "ZohoInvalidFieldError",
        "unknown": "ZohoNotFoundError",
        "foreign": "ZohoValidationError",
    }
    told = _run(zoho, PYZOHOAPI, "refused", name="Anchor Ltd")
    assert {step: answer["text"].rpartition("(")[2] for step, answer in told.items()} == {
        "double": "Zoho-3062)",
        "missing": "Zoho-4)",
        "foreign": "Zoho-6041)",
    }
    assert list(zoho.held("books", "contacts")) == [anchor]


def test_pyzohoapi_takes_a_customer_through_its_life(zoho: Zoho) -> None:
    """Made, read, changed, a custom field and an address set, inactive and active again, found, deleted, gone.

    It sends no Content-Type, ends each path in a slash and each query in `&`, and its token request is a query.
    """
    anchor = _anchor(zoho)
    told = _run(
        zoho,
        PYZOHOAPI,
        "customers",
        create=CUSTOMER,
        update={"company_name": "Rye plc"},
        label="Segment",
        value="Retail",
        city="Leeds",
        part="Thistle",
    )
    assert (told["get"]["contact_name"], told["get"]["email"]) == ("Thistle & Rye", "ben@rye.example")
    assert told["update"]["company_name"] == "Rye plc"
    assert (told["custom"], told["billing"]["city"]) == ("Retail", "Leeds")
    assert told["listed_inactive"] == told["found"] == [told["id"]]
    assert [told[step] for step in ("inactive", "active", "deleted")] == [True, True, True]
    assert [told[step] for step in ("not_found", "gone")] == [False, False]
    assert list(zoho.held("books", "contacts")) == [anchor]
    assert zoho.calls("accounts") == [TOKEN]


def test_pyzohoapi_makes_items_and_invoices(zoho: Zoho) -> None:
    """An item's price reaches the invoice, the invoice leads to its customer, who is not deleted."""
    customer = _anchor(zoho)
    bolt = {"name": "Bolt", "rate": 12.5}
    told = _run(zoho, PYZOHOAPI, "ledger", customer_id=customer, item=bolt, item_update={"rate": 13})
    assert (told["rate"], told["total"], told["customer"]) == (13, 39, "Anchor Ltd")
    assert told["items"] == [told["item"]]
    assert told["of_customer"] == [told["invoice"]]
    assert told["customer_refused"]["error"] == "ZohoBadRequest"
    invoice = zoho.held("books", "invoices")[told["invoice"]]
    assert (invoice["invoice_number"], invoice["status"]) == (told["number"], "draft")
    item = zoho.held("books", "items")[told["item"]]
    assert (item["rate"], item["status"]) == (13, "inactive")
    assert list(zoho.held("books", "contacts")) == [customer]


def test_pyzohoapi_reads_the_settings(zoho: Zoho) -> None:
    """Organizations and users."""
    told = _run(zoho, PYZOHOAPI, "settings")
    assert told["organizations"] == ["Deccan Trading Co"]
    assert set(zoho.control("GET", "/health")["users"]) <= set(told["users"])
