"""Fields, limits, currencies and taxes of the Books org (Books dossier 2, 5)."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.config import OrgFacts
from sandbox.ids import IdSource
from sandbox.replies import ControlError, Json

LENGTHS = {
    "contact_name": 200,
    "company_name": 200,
    "contact_number": 200,
    "facebook": 100,
    "twitter": 100,
    "payment_terms_label": 200,
    "gst_no": 15,
    "vat_reg_no": 12,
    "tax_reg_no": 50,
    "pan_no": 10,
    "website": 200,
    "notes": 3_000,
    "legal_name": 200,
    "place_of_contact": 50,
}
ADDRESS_LENGTHS = {
    "attention": 100,
    "address": 500,
    "street2": 255,
    "city": 100,
    "state": 100,
    "state_code": 100,
    "zip": 50,
    "country": 100,
    "phone": 50,
    "fax": 50,
}
PERSON_LENGTHS = {
    "salutation": 25,
    "first_name": 100,
    "last_name": 100,
    "email": 100,
    "phone": 50,
    "mobile": 50,
    "designation": 50,
    "department": 50,
    "skype": 50,
}
GST_TREATMENTS = ("business_gst", "business_none", "overseas", "consumer")
VAT_TREATMENTS = (
    "uk",
    "eu_vat_registered",
    "overseas",
    "home_country_vat_registered",
    "vat_registered",
    "vat_not_registered",
)
COUNTRY_CODES = {
    "india": "IN",
    "in": "IN",
    "united kingdom": "GB",
    "uk": "GB",
    "great britain": "GB",
    "united states": "US",
    "usa": "US",
    "u.s.a": "US",
    "us": "US",
    "united states of america": "US",
    "germany": "DE",
    "france": "FR",
    "ireland": "IE",
    "canada": "CA",
    "australia": "AU",
    "singapore": "SG",
    "united arab emirates": "AE",
}
DATA_TYPES = (
    "string",
    "dropdown",
    "check_box",
    "number",
    "decimal",
    "amount",
    "percent",
    "date",
    "date_time",
    "email",
    "phone",
    "url",
    "multiline",
    "multiselect",
    "lookup",
)


@dataclass(frozen=True, slots=True)
class BooksField:
    """One custom field."""

    customfield_id: str
    api_name: str
    label: str
    data_type: str
    index: int
    entity: str = "contact"
    unique: bool = False
    options: tuple[str, ...] = ()
    length: int = 255
    mandatory: bool = False
    lookup: str = "contact"
    """What a lookup leads to: contacts or items."""


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency of the org."""

    currency_id: str
    code: str
    name: str
    symbol: str


_CURRENCIES = (
    ("INR", "Indian Rupee", "₹"),
    ("GBP", "Pound Sterling", "£"),
    ("USD", "United States Dollar", "$"),
    ("EUR", "Euro", "€"),
    ("AED", "UAE Dirham", "AED"),
)
COMPANY_TYPES = ("Customer", "Partner", "Distributor", "Reseller", "Supplier", "Prospect", "Other")


class BooksSetup:
    """What an administrator of the org has set up."""

    def __init__(self, ids: IdSource, org: OrgFacts) -> None:
        self._ids = ids
        self.org = org
        self.currencies = [Currency(ids.draw(), *row) for row in _CURRENCIES]
        self.base_currency = next(c for c in self.currencies if c.code == org.currency)
        self.terms_id = ids.draw()
        rates = {
            "IN": (("GST0", 0), ("GST5", 5), ("GST12", 12), ("GST18", 18)),
            "GB": (("Standard Rate", 20),),
            "US": (("Sales Tax", 8),),
        }[org.country]
        self.taxes = [(ids.draw(), name, rate) for name, rate in rates]
        self._fields: dict[str, dict[str, BooksField]] = {}
        self.add_field({"api_name": "cf_crm_account_id", "label": "CRM Account ID", "unique": True})
        self.add_field(
            {
                "api_name": "cf_company_type",
                "label": "Company Type",
                "data_type": "dropdown",
                "options": list(COMPANY_TYPES),
            }
        )
        self.add_field({"api_name": "cf_segment", "label": "Segment"})
        later = ids.apart("fields")
        vendor_id = {"api_name": "cf_crm_vendor_id", "label": "CRM Vendor ID", "unique": True}
        product_id = {"api_name": "cf_crm_product_id", "label": "CRM Product ID", "unique": True}
        self.add_field(vendor_id, later)
        self.add_field({"entity": "item", **product_id}, later)
        self.add_field({"entity": "item", "api_name": "cf_grade", "label": "Grade"}, later)

    @property
    def fields(self) -> dict[str, BooksField]:
        """Return the custom fields of contacts by api name."""
        return self.fields_of("contact")

    def fields_of(self, entity: str) -> dict[str, BooksField]:
        """Return the custom fields of an entity by api name."""
        return self._fields.setdefault(entity, {})

    def add_field(self, spec: Json, ids: IdSource | None = None) -> BooksField:
        """Add a custom field to an entity (default contact); raises ControlError when it is there."""
        api_name, entity = str(spec.get("api_name", "")), str(spec.get("entity") or "contact")
        fields = self.fields_of(entity)
        if not api_name.startswith("cf_") or api_name in fields:
            raise ControlError(f"custom field {api_name!r} must begin with cf_ and be new")
        data_type = spec.get("data_type", "string")
        if data_type == "text":
            data_type = "string"
        if data_type not in DATA_TYPES:
            raise ControlError(f"unknown data_type {data_type!r}; known: {DATA_TYPES}")
        label = spec.get("label") or api_name.removeprefix("cf_").replace("_", " ").title()
        made = BooksField(
            (ids or self._ids).draw(),
            api_name,
            label,
            data_type,
            len(fields) + 1,
            entity,
            bool(spec.get("unique")),
            tuple(spec.get("options") or ()),
            int(spec.get("length") or 255),
            lookup=str(spec.get("lookup") or "contact"),
        )
        fields[api_name] = made
        return made

    def currency(self, currency_id: str) -> Currency | None:
        """Return a currency by id."""
        return next((c for c in self.currencies if c.currency_id == currency_id), None)


def country_code(name: str) -> str:
    """Return the code that Books derives from a free-text country, or an empty string."""
    return COUNTRY_CODES.get(name.strip().casefold(), "")
