"""Invented companies and people of three countries, awkward on purpose; the same seed gives the same ones."""

from __future__ import annotations

from random import Random
from typing import Any

from stdnum import luhn
from stdnum.in_ import gstin

from sandbox.config import Country
from sandbox.replies import Json

_CITIES = {
    "IN": [
        ("Mumbai", "Maharashtra", "MH", "27", "400001"),
        ("Bengaluru", "Karnataka", "KA", "29", "560001"),
        ("Chennai", "Tamil Nadu", "TN", "33", "600001"),
        ("Pune", "Maharashtra", "MH", "27", "411001"),
        ("Kochi", "Kerala", "KL", "32", "682001"),
        ("Jaipur", "Rajasthan", "RJ", "08", "302001"),
        ("Kolkata", "West Bengal", "WB", "19", "700001"),
        ("Ahmedabad", "Gujarat", "GJ", "24", "380001"),
    ],
    "GB": [
        ("Leeds", "West Yorkshire", "", "", "LS1 4AP"),
        ("Stoke-on-Trent", "Staffordshire", "", "", "ST4 2AA"),
        ("Llanfairpwll", "Gwynedd", "", "", "LL61 5UJ"),
        ("Edinburgh", "Scotland", "", "", "EH1 1YZ"),
    ],
    "US": [
        ("New York", "NY", "NY", "", "10001"),
        ("St. Louis", "MO", "MO", "", "63101"),
        ("San José", "CA", "CA", "", "95113"),
        ("Winston-Salem", "NC", "NC", "", "27101"),
    ],
}
_COUNTRY = {"IN": "India", "GB": "United Kingdom", "US": "USA"}
_HEADS = {
    "IN": [
        "Sahyadri",
        "Konark",
        "Nilgiri",
        "Lakshmi Ganesh",
        "Bharat & Sons",
        "Śrī Veṅkaṭeśvara",
        "Deccan",
        "Ganga",
        "M/s Patel Brothers",
        "A-1",
        "Om Sai",
        "Kāverī",
    ],
    "GB": [
        "O'Brien",
        "Thistle & Rye",
        "Pennine",
        "Ashby-de-la-Zouch",
        "D'Arcy",
        "Ffrwd",
        "Holme",
        "St. Aldate's",
    ],
    "US": [
        "Hudson",
        "Three Rivers",
        "Peña",
        'Big "Sky"',
        "McAllister",
        "Łukasiewicz",
        "Blue Ridge",
        "Ångström",
    ],
}
_TAILS = {
    "IN": ["Traders", "Exports Pvt. Ltd.", "Industries Private Limited", "Textiles LLP", "Agro Foods"],
    "GB": ["Ltd", "Limited", "Engineering Ltd", "Foods plc", "Partners LLP"],
    "US": ["Inc.", "LLC", "Supply Co.", "Corporation", "Bakery, Inc."],
}
_MIDDLES = ["", "", "", "Global", "New", "United", "Precision", "Green"]
_FIRST = {
    "IN": ["Asha", "Ravi", "Priya", "Arjun", "Meenakshi", "Farhan", "José", "Sukhdeep"],
    "GB": ["Siân", "Niamh", "Oliver", "Zoë", "Alastair", "Mary-Anne"],
    "US": ["Jordan", "María", "DeShawn", "Noël", "Kathryn", "Li"],
}
_LAST = {
    "IN": ["Rao", "Iyer", "Sharma", "Khan", "D'Souza", "Venkataraghavan", "Singh", "Patel"],
    "GB": ["Pritchard", "O'Neill", "Smith-Jones", "MacDonald", "Owen"],
    "US": ["Nguyen", "Garcia", "van der Berg", "Johnson", "Núñez"],
}


def valid_gstin(state: str, number: int) -> str:
    """Return a well-formed GSTIN with its check character."""
    letters = "".join(chr(65 + (number // 26**power) % 26) for power in range(3))
    body = f"{state}{letters}C{chr(65 + number % 26)}{1 + number % 9_999:04d}{chr(65 + number % 7)}1Z"
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return gstin.validate(body + luhn.calc_check_digit(body, alphabet))


def generate(size: int, seed: int = 1, country: Country = "IN") -> Json:
    """Return an import body with `size` CRM Accounts and about as many Books customers.

    Two thirds are known on both sides under equal or nearly equal names; the rest on one side only.
    """
    rng = Random(f"{seed}:data")
    accounts: list[Json] = []
    people: list[Json] = []
    customers: list[Json] = []
    for number in range(size):
        home = country if rng.random() < 0.7 else rng.choice(["IN", "GB", "US"])
        company = _company(rng, number, home, country)
        persons = [
            _person(rng, number, position, home, company["domain"]) for position in range(rng.randint(0, 2))
        ]
        side = rng.random()
        if side < 0.85:
            accounts.append(_account(company, number))
            people += [_crm_person(person, number) for person in persons]
        if side > 0.25:
            customers.append(_customer(company, persons, rng, country))
    return {"crm": {"Accounts": accounts, "Contacts": people}, "books": {"contacts": customers}}


def _company(rng: Random, number: int, home: str, country: str) -> dict[str, Any]:
    head, middle, tail = rng.choice(_HEADS[home]), rng.choice(_MIDDLES), rng.choice(_TAILS[home])
    name = " ".join(part for part in (head, middle, tail, str(number) if number >= 40 else "") if part)
    city, state, code, gst_state, zip_code = rng.choice(_CITIES[home])
    registered = home == "IN" and country == "IN" and rng.random() < 0.7
    branch_of = number - 1 if number % 25 == 24 else number
    return {
        "number": number,
        "name": f"{name} #{number}" if number < 40 else name,
        "city": city,
        "state": state,
        "zip": zip_code,
        "country": _COUNTRY[home],
        "home": home,
        "state_code": code,
        "street": f"{rng.randint(1, 400)}, {rng.choice(['MG Road', 'Station Rd', 'High Street', '5th Avenue'])}",
        "gst": valid_gstin(gst_state, branch_of) if registered else "",
        "phone": f"+{ {'IN': 91, 'GB': 44, 'US': 1}[home] } {rng.randint(2_000_000_000, 9_999_999_999)}",
        "domain": f"company{number}.example" if rng.random() < 0.8 else "mail.example",
        "segment": rng.choice(["Retail", "Wholesale", "", "Key account"]),
    }


def _person(rng: Random, number: int, position: int, home: str, domain: str) -> dict[str, str]:
    first, last = rng.choice(_FIRST[home]), rng.choice(_LAST[home])
    mailbox = "accounts" if rng.random() < 0.2 else f"p{number}.{position}"
    email = "" if rng.random() < 0.15 else f"{mailbox}@{domain}"
    return {"first_name": first, "last_name": last, "email": email}


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
    if country == "IN":
        body["gst_treatment"] = (
            "business_gst" if company["gst"] else "business_none" if company["home"] == "IN" else "overseas"
        )
        if company["gst"]:
            body |= {"gst_no": company["gst"], "place_of_contact": company["state_code"]}
    return body
