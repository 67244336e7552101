"""Invented data for both orgs, awkward on purpose; the same seed gives the same."""

from __future__ import annotations

from random import Random
from typing import Any

from sandbox.companies import VENDOR_TRADES, branch_of, company_of, person_of, spelt_anew, valid_gstin
from sandbox.config import Country
from sandbox.replies import Json

__all__ = ["generate", "valid_gstin"]

_GOODS = [
    ("Hinge", "Nos", "8302"),
    ("Basmati rice", "kg", "1006"),
    ("Café-style mug", "Box", "6912"),
    ('1/2" brass valve', "Nos", "8481"),
    ("Cotton yarn — 40s", "kg", "5205"),
    ("Nuts & bolts", "Dozen", "7318"),
    ("Ångström filter", "Nos", "8421"),
    ("Paper, A4", "Carton", "4802"),
]
_SERVICES = [("Installation", "Hours", "9987"), ("Audit", "Hours", "9982"), ("Haulage", "Nos", "9965")]
_UNITS_CRM = {"Nos": "Numbers", "kg": "Each", "Box": "Box", "Dozen": "Dozen", "Carton": "Carton"}


def generate(size: int, seed: int = 1, country: Country = "IN") -> Json:
    """Return an import body with `size` CRM Accounts and about as many Books customers, and vendors and items.

    Two thirds are known on both sides under equal or nearly equal names; the rest on one side only. Every 25th is a
    branch of the one before, with its tax number, and every 20th is the one before spelt otherwise.
    """
    rng = Random(f"{seed}:data")
    accounts: list[Json] = []
    people: list[Json] = []
    customers: list[Json] = []
    before: dict[str, Any] = {}
    for number in range(size):
        home = country if rng.random() < 0.7 else rng.choice(["IN", "GB", "US"])
        company = company_of(rng, number, home, country)
        if number % 25 == 24:
            company = branch_of(rng, number, before)
        elif number % 20 == 19:
            company = spelt_anew(number, before)
        before = company
        persons = [
            person_of(rng, number, position, company["home"], company["domain"])
            for position in range(rng.randint(0, 2))
        ]
        side = rng.random()
        if side < 0.85:
            accounts.append(_account(company, number))
            people += [_crm_person(person, number) for person in persons]
        if side > 0.25:
            customers.append(_customer(company, persons, rng, country))
    vendors, sellers, products, items = _trade(size, seed, country)
    return {
        "crm": {"Accounts": accounts, "Contacts": people, "Vendors": vendors, "Products": products},
        "books": {"contacts": [*customers, *sellers], "items": items},
    }


def _trade(size: int, seed: int, country: Country) -> tuple[list[Json], ...]:
    """Return CRM Vendors, Books vendors, CRM Products and Books items: a fifth and a fourth of the size.

    Their chance is their own, so that they change none of the accounts and customers of a seed.
    """
    rng = Random(f"{seed}:trade")
    vendors: list[Json] = []
    sellers: list[Json] = []
    sides: list[float] = []
    for number in range(size // 5):
        home = country if rng.random() < 0.7 else rng.choice(["IN", "GB", "US"])
        vendor = company_of(rng, number, home, country, VENDOR_TRADES)
        vendor["domain"] = f"vendor{number}.example"
        sides.append(rng.random())
        if sides[-1] < 0.85:
            vendors.append(_vendor(vendor, rng))
        if sides[-1] > 0.25:
            persons = [person_of(rng, number, 0, home, vendor["domain"])]
            seller = _customer(vendor, persons, rng, country)
            sellers.append({**seller, "$ref": f"s{number}", "contact_type": "vendor", "custom_fields": []})
    products: list[Json] = []
    items: list[Json] = []
    for number in range(size // 4):
        goods = rng.random() < 0.8
        name, unit, hsn = rng.choice(_GOODS if goods else _SERVICES)
        rate = round(rng.uniform(1, 5_000), 2)
        thing = {"name": f"{name} {number + 1}", "unit": unit, "hsn": hsn, "rate": rate, "goods": goods}
        thing["sku"] = f"{'G' if goods else 'S'}-{number + 1:05d}" if rng.random() < 0.8 else ""
        thing["vendor"] = rng.randrange(len(sides)) if sides and goods else None
        side, live = rng.random(), rng.random() < 0.9
        if side < 0.85:
            products.append(_product(thing, live, sides))
        if side > 0.25:
            items.append(_item(thing, live, sides, rng))
    return vendors, sellers, products, items


def _vendor(company: dict[str, Any], rng: Random) -> Json:
    body: Json = {
        "$ref": f"v{company['number']}",
        "Vendor_Name": company["name"],
        "Phone": company["phone"],
        "Email": f"sales@{company['domain']}" if rng.random() < 0.8 else None,
        "Street": company["street"],
        "City": company["city"],
        "State": company["state"],
        "Zip_Code": company["zip"],
        "Country": company["country"],
    }
    if company["gst"]:
        body |= {"GSTIN": company["gst"], "GST_Treatment": "Registered Business - Regular"}
        body["Source_of_Supply"] = company["state_code"]
    return body


def _product(thing: dict[str, Any], live: bool, sides: list[float]) -> Json:
    body: Json = {
        "Product_Name": thing["name"],
        "Product_Code": thing["sku"] or None,
        "Unit_Price": thing["rate"],
        "Usage_Unit": _UNITS_CRM.get(thing["unit"], "Hours"),
        "Product_Active": live,
        "Taxable": True,
        "HSN_SAC": thing["hsn"],
    }
    vendor = thing["vendor"]
    return body | (
        {"Vendor_Name": {"$ref": f"v{vendor}"}} if vendor is not None and sides[vendor] < 0.85 else {}
    )


def _item(thing: dict[str, Any], live: bool, sides: list[float], rng: Random) -> Json:
    body: Json = {
        "name": thing["name"].upper() if rng.random() < 0.1 else thing["name"],
        "rate": thing["rate"],
        "sku": thing["sku"],
        "unit": thing["unit"],
        "hsn_or_sac": thing["hsn"],
        "product_type": "goods" if thing["goods"] else "service",
        "status": "active" if live else "inactive",
    }
    vendor = thing["vendor"]
    return body | (
        {"vendor_id": {"$ref": f"s{vendor}"}} if vendor is not None and sides[vendor] > 0.25 else {}
    )


def _account(company: dict[str, Any], number: int) -> Json:
    body: Json = {
        "$ref": f"a{number}",
        "Account_Name": company["name"],
        "Phone": company["phone"],
        "Account_Type": "Customer" if number % 5 else "Prospect",
        "Billing_Street": company["street"],
        "Billing_City": company["city"],
        "Billing_State": company["state"],
        "Billing_Code": company["zip"],
        "Billing_Country": company["country"],
        "Customer_Segment": company["segment"],
    }
    if company["gst"]:
        body |= {
            "GSTIN": company["gst"],
            "GST_Treatment": "Registered Business - Regular",
            "Place_of_Supply": company["state_code"],
        }
    return body


def _crm_person(person: dict[str, str], number: int) -> Json:
    return {
        "First_Name": person["first_name"],
        "Last_Name": person["last_name"],
        "Email": person["email"] or None,
        "Account_Name": {"$ref": f"a{number}"},
    }


def _customer(company: dict[str, Any], persons: list[dict[str, str]], rng: Random, country: str) -> Json:
    name = company["name"]
    if rng.random() < 0.1:
        name = name.replace("&", "and").replace("Ltd", "Limited").upper()
    body: Json = {
        "contact_name": name,
        "company_name": name,
        "billing_address": {
            "address": company["street"],
            "city": company["city"],
            "state": company["state"],
            "zip": company["zip"],
            "country": company["country"],
            "phone": company["phone"],
        },
        "contact_persons": persons,
        "custom_fields": [{"api_name": "cf_segment", "value": company["segment"]}],
    }
    if company["vat"]:
        body |= {"vat_reg_no": company["vat"], "vat_treatment": "uk"}
    if country == "IN":
        body["gst_treatment"] = (
            "business_gst" if company["gst"] else "business_none" if company["home"] == "IN" else "overseas"
        )
        if company["gst"]:
            body |= {"gst_no": company["gst"], "place_of_contact": company["state_code"]}
    return body
