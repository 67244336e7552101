"""Invented companies and people of three countries, awkward on purpose."""

from __future__ import annotations

from typing import Final

HEADS: Final[dict[str, tuple[str, ...]]] = {
    "IN": (
        *(
            "Sahyadri",
            "Konark",
            "Nilgiri",
            "Lakshmi Ganesh",
            "Śrī Veṅkaṭeśvara",
            "Malabar",
            "Kāverī",
            "Om Sai",
        ),
        *("A-1 Deccan", "M/s Patel & Sons", "Vindhya", "Chinar", "Tungabhadra", "Rann", "Palash", "Mahanadi"),
        *("Sundarban", "Indrayani", "Hampi", "Panchavati", "Nataraja", "Aravalli", "Kalindi", "Shola"),
        *("Bharat Jyoti", "Champa", "Dhauladhar", "Ellora", "Gulmohar", "Yamuna", "Zanskar", "Tarang"),
    ),
    "GB": (
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
        *("Wychwood", "Ravenglass", "Quernmore", "Lyme Bay", "Hebden", "Cwmbrân", "Eskdale", "Tarn Hows"),
    ),
    "US": (
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
        *("Tallahassee", "Cimarron", "Fox & Hound", "Saguaro", "Wabash", "Monongahela", "Bayou", "Yosemite"),
    ),
}
TAILS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "IN": (
        ("Traders", "Traders"),
        ("Exports Pvt. Ltd.", "Exports Private Limited"),
        ("Industries Pvt Ltd", "Industries Private Limited"),
        ("Textiles LLP", "Textiles LLP"),
        ("Agro Foods", "Agro Foods"),
    ),
    "GB": (("Ltd", "Limited"), ("Engineering Ltd", "Engineering Limited"), ("Foods plc", "Foods PLC")),
    "US": (("Inc.", "Incorporated"), ("Supply Co.", "Supply Company"), ("Bakery LLC", "Bakery, LLC")),
}
"""The same company's ending as CRM and as Books may write it."""

PLACES: Final[dict[str, tuple[tuple[str, str, str, str, str], ...]]] = {
    "IN": (
        ("Mumbai", "Maharashtra", "MH", "27", "400001"),
        ("Bengaluru", "Karnataka", "KA", "29", "560001"),
        ("Chennai", "Tamil Nadu", "TN", "33", "600001"),
        ("Jaipur", "Rajasthan", "RJ", "08", "302001"),
        ("Kolkata", "West Bengal", "WB", "19", "700001"),
        ("Ahmedabad", "Gujarat", "GJ", "24", "380001"),
    ),
    "GB": (
        ("Leeds", "West Yorkshire", "", "", "LS1 4AP"),
        ("Stoke-on-Trent", "Staffordshire", "", "", "ST4 2AA"),
        ("Edinburgh", "Scotland", "", "", "EH1 1YZ"),
    ),
    "US": (
        ("New York", "NY", "", "", "10001"),
        ("San José", "CA", "", "", "95113"),
        ("Winston-Salem", "NC", "", "", "27101"),
    ),
}
"""City, state, place of supply, state of a GSTIN, postal code."""

COUNTRIES: Final = {"IN": "India", "GB": "United Kingdom", "US": "USA"}
DIAL: Final = {"IN": "+91 22 4", "GB": "+44 113 2", "US": "+1 212 7"}
STREETS: Final = ("MG Road", "Station Road", "High Street", "5th Avenue", "Bazaar Lane")
SEGMENTS: Final = ("Retail", "Wholesale", "Key account")
TITLES: Final = ("Accounts Manager", "Director", "Purchasing")
FIRST: Final[dict[str, tuple[str, ...]]] = {
    "IN": ("Asha", "Ravi", "Priya", "Arjun", "Meenakshi", "Farhan", "Sukhdeep", "José"),
    "GB": ("Siân", "Niamh", "Oliver", "Zoë", "Alastair", "Mary-Anne"),
    "US": ("Jordan", "María", "DeShawn", "Noël", "Kathryn", "Li"),
}
LAST: Final[dict[str, tuple[str, ...]]] = {
    "IN": ("Rao", "Iyer", "Sharma", "Khan", "D'Souza", "Venkataraghavan", "Singh", "Mehta"),
    "GB": ("Pritchard", "O'Neill", "Smith-Jones", "MacDonald", "Owen", "Featherstonehaugh"),
    "US": ("Nguyen", "Garcia", "van der Berg", "Johnson", "Núñez", "Li"),
}
