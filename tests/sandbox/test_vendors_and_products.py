"""Vendors of both products and CRM Products: records, metadata, and what changes announce them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Zoho


async def _record(zoho: Zoho, module: str, **values: Any) -> str:
    answer = await zoho.crm("POST", f"/{module}", {"data": [values]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"][0]["details"]["id"])


async def _fields(zoho: Zoho, module: str) -> dict[str, dict[str, Any]]:
    fields = (await zoho.crm("GET", "/settings/fields", params={"module": module})).json()["fields"]
    return {f["api_name"]: f for f in fields}


async def test_the_metadata_tells_names_types_lookups_and_unique_ids(zoho: Zoho) -> None:
    """Products look up their vendor; each module has a unique field for the id of Books."""
    vendors, products = await _fields(zoho, "Vendors"), await _fields(zoho, "Products")
    assert {
        "Vendor_Name",
        "Email",
        "Phone",
        "Website",
        "Street",
        "City",
        "State",
        "Zip_Code",
        "Country",
    } <= set(vendors)
    assert [n for n, f in vendors.items() if f["system_mandatory"]] == ["Vendor_Name"]
    assert [n for n, f in products.items() if f["system_mandatory"]] == ["Product_Name"]
    assert [n for n, f in (vendors | products).items() if f["unique"]] == ["Books_Vendor_ID", "Books_Item_ID"]
    assert products["Vendor_Name"]["lookup"]["module"]["api_name"] == "Vendors"
    assert (products["Unit_Price"]["data_type"], products["Handler"]["data_type"]) == (
        "currency",
        "userlookup",
    )
    modules = (await zoho.crm("GET", "/settings/modules")).json()["modules"]
    assert {"Vendors", "Products"} <= {m["api_name"] for m in modules}
    layouts = (await zoho.crm("GET", "/settings/layouts", params={"module": "Products"})).json()["layouts"]
    shown = {f["api_name"] for section in layouts[0]["sections"] for f in section["fields"]}
    assert {"Product_Name", "HSN_SAC"} <= shown


async def test_a_product_names_its_vendor_and_its_handler(zoho: Zoho) -> None:
    """A lookup is written by id and read with the name; one to nothing is refused; null clears it."""
    vendor = await _record(zoho, "Vendors", Vendor_Name="Mill", Email="sales@mill.example")
    user = (await zoho.crm("GET", "/users")).json()["users"][0]
    product = await _record(
        zoho,
        "Products",
        Product_Name="Hinge",
        Vendor_Name={"id": vendor},
        Unit_Price=12.5,
        Product_Active=True,
        Handler={"id": user["id"]},
    )
    read = (await zoho.crm("GET", f"/Products/{product}")).json()["data"][0]
    assert read["Vendor_Name"] == {"name": "Mill", "id": vendor}
    assert read["Handler"] == {"name": user["full_name"], "id": user["id"]}
    assert (read["Unit_Price"], read["Product_Active"]) == (12.5, True)
    wrong = {"data": [{"Vendor_Name": {"id": product}}]}
    assert (await zoho.crm("PUT", f"/Products/{product}", wrong)).json()["data"][0]["code"] == "INVALID_DATA"
    await zoho.crm("PUT", f"/Products/{product}", {"data": [{"Vendor_Name": None}]})
    assert (await zoho.crm("GET", f"/Products/{product}")).json()["data"][0]["Vendor_Name"] is None


async def test_coql_reads_products_through_their_vendor(zoho: Zoho) -> None:
    """In the order of their time, with a column of the vendor, changed since a moment."""
    mill = await _record(zoho, "Vendors", Vendor_Name="Mill")
    await _record(zoho, "Products", Product_Name="Old", Vendor_Name={"id": mill})
    zoho.step(60)
    for name in ("Hinge", "Bolt"):
        zoho.step(1)
        await _record(zoho, "Products", Product_Name=name, Vendor_Name={"id": mill})
    text = (
        "select Product_Name, Vendor_Name, Vendor_Name.Vendor_Name from Products where "
        "((Vendor_Name.Vendor_Name = 'Mill' and Vendor_Name = '{}') and Modified_Time > '2026-11-23T09:00:30Z') "
        "order by Modified_Time asc, id asc limit 200"
    )
    answer = await zoho.crm("POST", "/coql", {"select_query": text.format(mill)})
    rows = answer.json()["data"]
    assert [r["Product_Name"] for r in rows] == ["Hinge", "Bolt"]
    assert (rows[0]["Vendor_Name"], rows[0]["Vendor_Name.Vendor_Name"]) == ({"id": mill}, "Mill")


@pytest.mark.parametrize(("module", "name"), [("Vendors", "Vendor_Name"), ("Products", "Product_Name")])
async def test_a_module_is_fed_by_lists_deletions_and_notices(
    zoho: Zoho, inbox: Inbox, module: str, name: str
) -> None:
    """Changed since, deleted, and a channel with create, edit and delete."""
    events = [f"{module}.{e}" for e in ("create", "edit", "delete")]
    watch = {"channel_id": "7", "events": events, "notify_url": "http://hooks.example/x", "token": "t"}
    made = await zoho.crm("POST", "/actions/watch", {"watch": [watch]})
    assert made.json()["watch"][0]["details"]["events"][0]["resource_name"] == module
    kept = await _record(zoho, module, **{name: "Mill"})
    gone = await _record(zoho, module, **{name: "Shop"})
    zoho.step(10)
    await zoho.crm("PUT", f"/{module}/{kept}", {"data": [{"Description": "x"}]})
    await zoho.crm("DELETE", f"/{module}/{gone}")
    since = {"If-Modified-Since": "2026-11-23T14:30:05+05:30"}
    rows = (await zoho.crm("GET", f"/{module}", params={"fields": name}, headers=since)).json()["data"]
    assert [r["id"] for r in rows] == [kept]
    deleted = (await zoho.crm("GET", f"/{module}/deleted", headers=since)).json()["data"]
    assert [(d["id"], d["type"], d["display_name"]) for d in deleted] == [(gone, "recycle", "Shop")]
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    told = [json.loads(r.content) for r in inbox.received]
    assert {b["module"] for b in told} == {module}
    assert sorted((b["operation"], *b["ids"]) for b in told) == [
        ("delete", gone),
        ("insert", kept),
        ("insert", gone),
        ("update", kept),
    ]


@pytest.mark.parametrize(
    ("module", "name", "unique"),
    [("Vendors", "Vendor_Name", "Books_Vendor_ID"), ("Products", "Product_Name", "Books_Item_ID")],
)
async def test_a_module_is_upserted_by_its_unique_field_or_by_name(
    zoho: Zoho, module: str, name: str, unique: str
) -> None:
    """Without duplicate_check_fields the name is the system's; the unique field refuses a second holder."""
    first = await _record(zoho, module, **{name: "Mill", unique: "1"})
    other = await _record(zoho, module, **{name: "Shop", unique: "2"})
    by_field = {"data": [{name: "Mill & Co", unique: "1"}], "duplicate_check_fields": [unique]}
    answer = (await zoho.crm("POST", f"/{module}/upsert", by_field)).json()["data"][0]
    assert (answer["action"], answer["details"]["id"]) == ("update", first)
    by_name = {"data": [{name: "Shop", "Description": "x"}]}
    answer = (await zoho.crm("POST", f"/{module}/upsert", by_name)).json()["data"][0]
    assert (answer["action"], answer["details"]["id"]) == ("update", other)
    refused = (await zoho.crm("PUT", f"/{module}/{other}", {"data": [{unique: "1"}]})).json()["data"][0]
    assert (refused["code"], refused["details"]["id"]) == ("DUPLICATE_DATA", first)


async def test_a_merge_of_vendors_moves_their_products(zoho: Zoho) -> None:
    """Products and Contacts that looked up the loser look up the master."""
    master, loser = [await _record(zoho, "Vendors", Vendor_Name=n) for n in ("Mill", "The Mill")]
    product = await _record(zoho, "Products", Product_Name="Hinge", Vendor_Name={"id": loser})
    await zoho.control("POST", f"/crm/Vendors/{master}/merge", {"losers": [loser]})
    read = (await zoho.crm("GET", f"/Products/{product}")).json()["data"][0]
    assert read["Vendor_Name"] == {"name": "Mill", "id": master}


async def test_books_vendors_are_contacts_of_their_own_type(zoho: Zoho) -> None:
    """They share names with customers, are listed by contact_type, and have a unique id field of their own."""
    stamp = [{"api_name": "cf_crm_vendor_id", "value": "9"}]
    vendor = await zoho.customer(contact_name="Mill", contact_type="vendor", custom_fields=stamp)
    await zoho.customer(contact_name="Shop")
    clash = await zoho.books("POST", "/contacts", {"contact_name": "mill"})
    assert (clash.status_code, clash.json()["code"]) == (400, 3062)
    for kind, name in (("vendor", "Mill"), ("customer", "Shop")):
        rows = (await zoho.books("GET", "/contacts", params={"contact_type": kind})).json()["contacts"]
        assert [(r["contact_name"], r["contact_type"]) for r in rows] == [(name, kind)]
    assert len((await zoho.books("GET", "/contacts")).json()["contacts"]) == 2
    headers = {"X-Unique-Identifier-Key": "cf_crm_vendor_id", "X-Unique-Identifier-Value": "9"}
    body = {"contact_name": "Mill", "contact_type": "vendor", "notes": "x"}
    found = await zoho.books("PUT", "/contacts", body, headers=headers)
    assert found.json()["contact"]["contact_id"] == vendor["contact_id"]
    gone = await zoho.books("DELETE", f"/contacts/{vendor['contact_id']}")
    assert gone.json()["message"] == "The vendor has been deleted."


async def test_invented_vendors_products_and_items_stand_on_both_sides(make_zoho: Any) -> None:
    """Two thirds are known on both sides; the accounts and customers of a seed are as without them."""
    zoho = await make_zoho(size=60, seed=3)
    held = await zoho.control("GET", "/export")
    vendors = {v["Vendor_Name"].casefold() for v in held["crm"]["Vendors"]}
    sellers = {
        c["contact_name"].casefold() for c in held["books"]["contacts"] if c["contact_type"] == "vendor"
    }
    products = {p["Product_Name"].casefold() for p in held["crm"]["Products"]}
    items = {i["name"].casefold() for i in held["books"]["items"]}
    for crm, books in ((vendors, sellers), (products, items)):
        assert len(crm & books) >= 4
        assert crm - books
        assert books - crm
    assert any(p["Vendor_Name"] for p in held["crm"]["Products"])
    assert any(i["vendor_id"] for i in held["books"]["items"])
    assert {i["status"] for i in held["books"]["items"]} == {"active", "inactive"}
