"""Invented companies and people of three countries, awkward on purpose."""

from __future__ import annotations

from random import Random
from typing import Any

from stdnum import luhn
from stdnum.in_ import gstin

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
HEADS = {
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


def company_of(rng: Random, number: int, home: str, country: str) -> dict[str, Any]:
    """Return the facts of one company; every 25th shares its tax number with the one before."""
    head, middle, tail = rng.choice(HEADS[home]), rng.choice(_MIDDLES), rng.choice(_TAILS[home])
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


def person_of(rng: Random, number: int, position: int, home: str, domain: str) -> dict[str, str]:
    """Return a person: some without an e-mail, some behind a shared mailbox."""
    first, last = rng.choice(_FIRST[home]), rng.choice(_LAST[home])
    mailbox = "accounts" if rng.random() < 0.2 else f"p{number}.{position}"
    email = "" if rng.random() < 0.15 else f"{mailbox}@{domain}"
    return {"first_name": first, "last_name": last, "email": email}
