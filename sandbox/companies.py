"""Invented companies and people of three countries, awkward on purpose."""

from __future__ import annotations

from random import Random
from typing import Any

from stdnum import luhn
from stdnum.gb import vat
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
_HEADS = {
    "IN": [
        *(
            "Sahyadri",
            "Konark",
            "Nilgiri",
            "Lakshmi Ganesh",
            "Bharat & Sons",
            "Śrī Veṅkaṭeśvara",
            "Deccan",
            "Ganga",
        ),
        *("M/s Patel Brothers", "A-1", "Om Sai", "Kāverī", "Malabar", "Vindhya", "Gulmohar", "Nataraja"),
    ],
    "GB": [
        *(
            "O'Brien",
            "Thistle & Rye",
            "Pennine",
            "Ashby-de-la-Zouch",
            "D'Arcy",
            "Ffrwd",
            "Holme",
            "St. Aldate's",
        ),
        *("Cwmbrân", "Ravenglass", "Wychwood", "Fox & Hound"),
    ],
    "US": [
        *(
            "Hudson",
            "Three Rivers",
            "Peña",
            'Big "Sky"',
            "McAllister",
            "Łukasiewicz",
            "Blue Ridge",
            "Ångström",
        ),
        *("Cimarron", "Wabash", "Saguaro", "Sons & Daughters"),
    ],
}
_TRADES = {
    "IN": [
        *("Textiles", "Agro Foods", "Exports", "Precision Tools", "Ceramics", "Spices", "Cables", "Pharma"),
        *("Jewellers", "Auto Parts", "Timber", "Silks", "Plastics", "Granites", "Tea", "Offset Printers"),
    ],
    "GB": [
        *(
            "Engineering",
            "Foods",
            "Brewing",
            "Joinery",
            "Ceramics",
            "Marine",
            "Textiles",
            "Bakeries",
            "Optics",
        ),
        *("Roofing", "Seeds", "Cycles"),
    ],
    "US": [
        *("Supply", "Bakery", "Orchards", "Machining", "Outfitters", "Cabinetry", "Lighting", "Marine"),
        *("Hardware", "Roasters", "Textiles", "Signs"),
    ],
}
VENDOR_TRADES = {
    "IN": ["Packaging", "Paper Mills", "Logistics", "Steel Works", "Chemicals & Dyes"],
    "GB": ["Haulage", "Timber Merchants", "Fixings", "Print & Pack"],
    "US": ["Freight", "Lumber", "Fasteners", "Office Products"],
}
_TAILS = {
    "IN": ["Pvt. Ltd.", "LLP", "& Co.", "(India) Limited", "Udyog"],
    "GB": ["Ltd", "plc", "Partners LLP", "Group Limited"],
    "US": ["Inc.", "LLC", "Co.", "Corporation", "of America, Inc."],
}
_BRANCHES = ["Works", "Unit 2", "Warehouse", "City Office"]
_SPELT_ANEW = (
    ("Pvt. Ltd.", "Private Limited"),
    (" Limited", " Ltd."),
    (" Ltd", " Ltd."),
    ("Corporation", "Corp."),
    (", Inc.", " Inc"),
    (" Inc.", ", Incorporated"),
    (" LLC", ", L.L.C."),
    (" LLP", " L.L.P."),
    (" plc", " P.L.C."),
    (" Co.", " Company"),
)
_DIAL = {"IN": 91, "GB": 44, "US": 1}
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


def valid_vat(number: int) -> str:
    """Return a well-formed British VAT number with its check digits."""
    body = f"{1_000_000 + number * 37 % 8_999_999:07d}"
    return vat.validate(
        body + f"{97 - (sum(w * int(d) for w, d in zip(range(8, 1, -1), body, strict=True)) % 97):02d}"
    )


def name_of(number: int, home: str, trades: list[str]) -> str:
    """Return the name of a company, another for each number; the first few thousand name no town."""
    heads, tails = _HEADS[home], _TAILS[home]
    many = len(heads) * len(trades) * len(tails)
    around, place = divmod(number, many)
    rest, head = divmod(place, len(heads))
    second, first = divmod(rest, len(trades))
    trade, tail = trades[(head + first) % len(trades)], tails[(head + first + second) % len(tails)]
    towns = [city for city, *_ in _CITIES[home]]
    again, town = divmod(around - 1, len(towns))
    where = f" ({towns[town]}{'' if again < 1 else f' {again + 1}'})" if around else ""
    return f"{heads[head]} {trade}{where} {tail}"


def company_of(
    rng: Random, number: int, home: str, country: str, trades: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """Return the facts of one company."""
    city, state, code, gst_state, zip_code = rng.choice(_CITIES[home])
    registered = home == "IN" and country == "IN" and rng.random() < 0.7
    return {
        "number": number,
        "name": name_of(number, home, (trades or _TRADES)[home]),
        "city": city,
        "state": state,
        "zip": zip_code,
        "country": _COUNTRY[home],
        "home": home,
        "state_code": code,
        "street": _street(rng),
        "gst": valid_gstin(gst_state, number) if registered else "",
        "vat": valid_vat(number) if home == "GB" and country == "GB" and rng.random() < 0.7 else "",
        "phone": f"+{_DIAL[home]} {rng.randint(2_000_000_000, 9_999_999_999)}",
        "domain": f"company{number}.example" if rng.random() < 0.8 else "mail.example",
        "segment": rng.choice(["Retail", "Wholesale", "", "Key account"]),
    }


def branch_of(rng: Random, number: int, head: dict[str, Any]) -> dict[str, Any]:
    """Return a branch of a company in its town: its tax number, its mailboxes, another street and telephone."""
    return {
        **head,
        "number": number,
        "name": f"{head['name']} - {rng.choice(_BRANCHES)}",
        "street": _street(rng),
        "phone": f"+{_DIAL[head['home']]} {rng.randint(2_000_000_000, 9_999_999_999)}",
    }


def spelt_anew(number: int, company: dict[str, Any]) -> dict[str, Any]:
    """Return a company that somebody entered again: its name spelt otherwise, no tax number."""
    name = next((company["name"].replace(old, new) for old, new in _SPELT_ANEW if old in company["name"]), "")
    return {**company, "number": number, "name": name or f"{company['name']} (Regd.)", "gst": "", "vat": ""}


def _street(rng: Random) -> str:
    return f"{rng.randint(1, 400)}, {rng.choice(['MG Road', 'Station Rd', 'High Street', '5th Avenue'])}"


def person_of(rng: Random, number: int, position: int, home: str, domain: str) -> dict[str, str]:
    """Return a person: some without an e-mail, some behind a shared mailbox."""
    first, last = rng.choice(_FIRST[home]), rng.choice(_LAST[home])
    mailbox = "accounts" if rng.random() < 0.2 else f"p{number}.{position}"
    email = "" if rng.random() < 0.15 else f"{mailbox}@{domain}"
    return {"first_name": first, "last_name": last, "email": email}
