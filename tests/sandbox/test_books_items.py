"""Books items over HTTP (Books dossier 6, OpenAPI items)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Maker, Zoho

KEY = "cf_crm_product_id"


async def _item(zoho: Zoho, **values: Any) -> dict[str, Any]:
    answer = await zoho.books("POST", "/items", {"name": "Hinge", "rate": 5, **values})
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


async def _names(zoho: Zoho, **params: str) -> list[str]:
    answer = await zoho.books("GET", "/items", params=params)
    assert answer.status_code == 200
    return [row["name"] for row in answer.json()["items"]]


async def test_an_item_is_made_read_changed_in_part_and_deleted(zoho: Zoho) -> None:
    """A PUT keeps what it does not send, and moves the time."""
    item = await _item(zoho, sku="H-1", unit="Nos", hsn_or_sac="8302", description="brass")
    path = f"/items/{item['item_id']}"
    zoho.step(5)
    changed = (await zoho.books("PUT", path, {"rate": 6.5})).json()["item"]
    assert (changed["rate"], changed["sku"], changed["description"]) == (6.5, "H-1", "brass")
    assert changed["last_modified_time"] == "2026-11-23T14:30:05+0530"
    assert (await zoho.books("GET", path)).json()["item"] == changed
    assert (await zoho.books("DELETE", path)).json()["message"] == "The item has been deleted."
    gone = await zoho.books("GET", path)
    assert (gone.status_code, gone.json()["code"]) == (404, 1002)


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"rate": "dear"},
        {"rate": -1},
        {"rate": True},
        {"rate": None},
        {"product_type": "wish"},
        {"item_type": "rent"},
        {"item_type": "purchases"},
        {"item_type": "inventory", "purchase_account_id": "1"},
        {"tax_id": "1"},
        {"vendor_id": "1"},
        {"is_taxable": "yes"},
        {"is_taxable": False},
        {"custom_fields": {}},
        {"item_tax_preferences": [{"tax_id": "1", "tax_specification": "intra"}]},
    ],
)
async def test_a_value_that_books_does_not_take_is_refused(zoho: Zoho, values: dict[str, Any]) -> None:
    """HTTP 400, and nothing is made."""
    answer = await zoho.books("POST", "/items", {"name": "Hinge", "rate": 5, **values})
    assert (answer.status_code, answer.json()["code"] in (4, 15)) == (400, True)
    assert await _names(zoho) == []


async def test_a_stock_keeping_unit_and_a_name_are_taken_once(zoho: Zoho) -> None:
    """A unit is unique always, the name by the org's preference; letter case does not matter."""
    first = await _item(zoho, sku="H-1")
    for body in ({"name": "Other", "rate": 1, "sku": "h-1"}, {"name": "HINGE", "rate": 1}):
        assert (await zoho.books("POST", "/items", body)).json()["code"] == 1001
    await zoho.control("PUT", "/switches", {"books_duplicate_item_names": "allow"})
    second = await _item(zoho)
    refused = await zoho.books("PUT", f"/items/{second['item_id']}", {"sku": "H-1"})
    assert (refused.status_code, refused.json()["code"]) == (400, 1001)
    await zoho.books("PUT", f"/items/{first['item_id']}", {"sku": ""})
    assert (await zoho.books("PUT", f"/items/{second['item_id']}", {"sku": "H-1"})).status_code == 200


@pytest.mark.parametrize(("partial", "status"), [(True, 200), (False, 400)])
async def test_a_put_without_name_and_rate_is_taken_by_switch(zoho: Zoho, partial: bool, status: int) -> None:
    """The OpenAPI file marks both as required, as it does for contacts, where a partial PUT was recorded."""
    await zoho.control("PUT", "/switches", {"item_put_partial": partial})
    item = await _item(zoho)
    path = f"/items/{item['item_id']}"
    assert (await zoho.books("PUT", path, {"description": "x"})).status_code == status
    assert (await zoho.books("PUT", path, {"name": "Hinge", "rate": 5})).status_code == 200


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"name": "bolt"}, ["Bolt"]),
        ({"name_startswith": "wash"}, ["Washer"]),
        ({"name_contains": "O"}, ["Bolt"]),
        ({"description": "steel"}, ["Nut"]),
        ({"description_startswith": "ste"}, ["Nut", "Washer"]),
        ({"description_contains": "thin"}, ["Washer"]),
        ({"rate": "2"}, ["Nut"]),
        ({"rate_less_than": "2"}, ["Bolt"]),
        ({"rate_less_equals": "2"}, ["Bolt", "Nut"]),
        ({"rate_greater_than": "2"}, ["Washer"]),
        ({"rate_greater_equals": "2"}, ["Nut", "Washer"]),
        ({"tax_name": "GST5"}, ["Bolt"]),
        ({"is_taxable": "false"}, ["Nut"]),
        ({"is_taxable": "true"}, ["Bolt", "Washer"]),
        ({"tax_exemption_id": "77"}, ["Nut"]),
        ({"account_id": "88"}, ["Washer"]),
        ({"search_text": "steel"}, ["Nut", "Washer"]),
        ({"filter_by": "Status.All"}, ["Bolt", "Nut", "Screw", "Washer"]),
        ({"filter_by": "Status.Inactive"}, ["Screw"]),
        ({"sort_column": "rate", "sort_order": "D"}, ["Washer", "Nut", "Bolt"]),
        ({"sort_column": "tax_name"}, ["Washer", "Nut", "Bolt"]),
        ({"sort_order": "D"}, ["Washer", "Nut", "Bolt"]),
        ({"per_page": "2", "page": "2"}, ["Washer"]),
        (
            {"last_modified_time": "2030-01-01T00:00:00Z", "filter_by": "Wish", "rate": "x"},
            ["Bolt", "Nut", "Washer"],
        ),
    ],
)
async def test_each_list_parameter_does_what_it_says(
    zoho: Zoho, params: dict[str, str], names: list[str]
) -> None:
    """What is not documented, and a value that means nothing, is ignored in silence."""
    gst5 = next(t for t in zoho.world.books.store.setup.taxes if t[1] == "GST5")[0]
    await _item(zoho, name="Washer", rate=3, description="Steel, thin", account_id="88")
    await _item(zoho, name="Bolt", rate=1, tax_id=gst5)
    await _item(zoho, name="Nut", rate=2, description="Steel", is_taxable=False, tax_exemption_id="77")
    screw = await _item(zoho, name="Screw", rate=9)
    await zoho.books("POST", f"/items/{screw['item_id']}/inactive")
    assert await _names(zoho, **params) == names


async def test_a_list_by_tax_id_shows_the_name_and_rate_of_the_tax(zoho: Zoho) -> None:
    """tax_name and tax_percentage follow the id."""
    gst18 = next(t for t in zoho.world.books.store.setup.taxes if t[1] == "GST18")[0]
    await _item(zoho, tax_id=gst18)
    await _item(zoho, name="Free")
    rows = (await zoho.books("GET", "/items", params={"tax_id": gst18})).json()["items"]
    assert [(r["name"], r["tax_name"], r["tax_percentage"]) for r in rows] == [("Hinge", "GST18", 18)]


@pytest.mark.parametrize(("default", "names"), [("Status.Active", []), ("Status.All", ["Hinge"])])
async def test_what_a_list_without_a_filter_shows_is_a_switch(
    zoho: Zoho, default: str, names: list[str]
) -> None:
    """The OpenAPI file says the active ones."""
    await zoho.control("PUT", "/switches", {"items_default_filter": default})
    item = await _item(zoho)
    marked = await zoho.books("POST", f"/items/{item['item_id']}/inactive")
    assert marked.json()["message"] == "The item has been marked as inactive."
    assert await _names(zoho) == names
    await zoho.books("POST", f"/items/{item['item_id']}/active")
    assert await _names(zoho) == ["Hinge"]


@pytest.mark.parametrize(("sorts", "names"), [(True, ["Bolt", "Nut"]), (False, ["Nut", "Bolt"])])
async def test_sorting_by_time_is_a_switch(zoho: Zoho, sorts: bool, names: list[str]) -> None:
    """name, rate and tax_name alone are documented."""
    await zoho.control("PUT", "/switches", {"items_sort_by_time": sorts})
    await _item(zoho, name="Nut")
    zoho.step(5)
    await _item(zoho, name="Bolt")
    assert await _names(zoho, sort_column="last_modified_time", sort_order="D") == names


async def test_list_rows_leave_out_the_vendor_and_the_stock(zoho: Zoho) -> None:
    """GET one and itemdetails show them."""
    vendor = await zoho.customer(contact_name="Mill", contact_type="vendor")
    item = await _item(zoho, vendor_id=vendor["contact_id"], reorder_level=5)
    assert (item["vendor_name"], item["reorder_level"]) == ("Mill", 5)
    row = (await zoho.books("GET", "/items")).json()["items"][0]
    assert set(item) - set(row) == {
        "vendor_id",
        "vendor_name",
        "inventory_account_id",
        "reorder_level",
        "purchase_tax_exemption_id",
        "documents",
        "item_tax_preferences",
    }
    ids = f"{item['item_id']},1"
    details = (await zoho.books("GET", "/itemdetails", params={"item_ids": ids})).json()["items"]
    assert details == [item]
    customer = await zoho.customer()
    refused = await zoho.books("PUT", f"/items/{item['item_id']}", {"vendor_id": customer["contact_id"]})
    assert refused.status_code == 400


async def test_an_hsn_code_is_kept_in_india_alone(make_zoho: Maker) -> None:
    """Elsewhere it is ignored in silence and not shown."""
    assert (await _item(await make_zoho(), hsn_or_sac="8302"))["hsn_or_sac"] == "8302"
    assert "hsn_or_sac" not in await _item(await make_zoho(country="GB"), hsn_or_sac="8302")


async def test_an_item_is_upserted_by_its_unique_field(zoho: Zoho) -> None:
    """Created when asked, updated when found, refused otherwise; the value stays unique."""
    headers = {"X-Unique-Identifier-Key": KEY, "X-Unique-Identifier-Value": "42"}
    body = {"name": "Hinge", "rate": 5}
    missing = await zoho.books("PUT", "/items", body, headers=headers)
    assert missing.json()["code"] == 1002
    made = await zoho.books("PUT", "/items", body, headers={**headers, "X-Upsert": "true"})
    assert (made.status_code, made.json()["item"][KEY]) == (201, "42")
    found = await zoho.books("PUT", "/items", {**body, "rate": 7}, headers=headers)
    assert (found.status_code, found.json()["item"]["rate"]) == (200, 7)
    assert found.json()["item"]["item_id"] == made.json()["item"]["item_id"]
    twice = {"name": "Other", "rate": 1, "custom_fields": [{"api_name": KEY, "value": "42"}]}
    assert (await zoho.books("POST", "/items", twice)).status_code == 400
    wrong = {**headers, "X-Unique-Identifier-Key": "cf_grade"}
    assert (await zoho.books("PUT", "/items", body, headers=wrong)).json()["code"] == 4


async def test_custom_fields_alone_are_written_by_their_own_call(zoho: Zoho) -> None:
    """The body is a list; the fields of contacts are not those of items."""
    item = await _item(zoho)
    fields = (await zoho.books("GET", "/settings/fields", params={"entity": "item"})).json()["fields"]
    assert [f["api_name"] for f in fields] == [KEY, "cf_grade"]
    path = f"/item/{item['item_id']}/customfields"
    customs = [
        {"customfield_id": fields[1]["customfield_id"], "value": "A"},
        {"api_name": "cf_segment", "value": "x"},
    ]
    assert (await zoho.books("PUT", path, customs)).json()["message"] == "Custom Fields Updated Successfully"
    read = (await zoho.books("GET", f"/items/{item['item_id']}")).json()["item"]
    assert read["custom_field_hash"] == {"cf_grade": "A", "cf_grade_unformatted": "A"}
    assert (await zoho.books("PUT", path, {"cf_grade": "A"})).json()["code"] == 1038


async def test_an_item_on_an_invoice_cannot_be_deleted(zoho: Zoho) -> None:
    """As with a contact that has transactions."""
    item, customer = await _item(zoho), await zoho.customer()
    line = {"item_id": item["item_id"], "quantity": 2}
    made = await zoho.books(
        "POST", "/invoices", {"customer_id": customer["contact_id"], "line_items": [line]}
    )
    refused = await zoho.books("DELETE", f"/items/{item['item_id']}")
    assert (refused.status_code, refused.json()["code"]) == (400, 4)
    await zoho.books("DELETE", f"/invoices/{made.json()['invoice']['invoice_id']}")
    assert (await zoho.books("DELETE", f"/items/{item['item_id']}")).status_code == 200


async def test_a_webhook_of_items_is_told_of_items_alone(zoho: Zoho, inbox: Inbox) -> None:
    """Its body is named for the item; one of contacts hears nothing of it."""
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/c"})
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/i", "entity": "item"})
    item = await _item(zoho)
    path = f"/books/items/{item['item_id']}"
    await zoho.control("PATCH", path, {"rate": 9})
    await zoho.control("POST", f"{path}/inactive")
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    assert {str(r.url) for r in inbox.received} == {"http://hooks.example/i"}
    bodies = [json.loads(r.content)["item"] for r in inbox.received]
    assert sorted((b["rate"], b["status"]) for b in bodies) == [(5, "active"), (9, "active"), (9, "inactive")]


async def test_a_user_edits_items_over_the_control_api(zoho: Zoho) -> None:
    """Silently too; import takes ids, times and references, and export gives all back."""
    vendor = {"$ref": "v", "contact_name": "Mill", "contact_type": "vendor"}
    row = {
        "item_id": "700",
        "name": "Bolt",
        "rate": 1,
        "status": "inactive",
        "vendor_id": {"$ref": "v"},
        "custom_fields": {"cf_grade": "B"},
        "last_modified_time": "2026-11-01T00:00:00Z",
    }
    await zoho.control("POST", "/import", {"books": {"contacts": [vendor], "items": [row]}})
    item = (await zoho.control("GET", "/export"))["books"]["items"][0]
    assert (item["item_id"], item["status"], item["vendor_name"]) == ("700", "inactive", "Mill")
    assert (item["cf_grade"], item["last_modified_time"]) == ("B", "2026-11-01T05:30:00+0530")
    quiet = await zoho.control("PATCH", "/books/items/700", {"rate": 2, "$silent": True})
    assert (quiet["rate"], quiet["last_modified_time"]) == (2, item["last_modified_time"])
    loud = await zoho.control("PATCH", "/books/items/700", {"rate": 3})
    assert loud["last_modified_time"] == "2026-11-23T14:30:00+0530"
    await zoho.control("DELETE", "/books/items/700")
    assert (await zoho.control("GET", "/health"))["counts"]["books items"] == 0


async def test_a_rule_rewrites_an_item_after_each_write(zoho: Zoho) -> None:
    """And leaves contacts alone."""
    rule = {"product": "books", "module": "items", "field": "name", "change": "upper"}
    await zoho.control("POST", "/automations", rule)
    item = await _item(zoho)
    assert (await zoho.books("GET", f"/items/{item['item_id']}")).json()["item"]["name"] == "HINGE"
    assert (await zoho.customer(contact_name="Acme"))["contact_name"] == "Acme"
