"""Sections of a mapping beside the preset: entities that a file names to switch them on."""

from __future__ import annotations

from importlib import resources

VENDORS = """
  vendor:
    crm_module: Vendors
    crm_stamp: Books_Vendor_ID
    books_stamp: cf_crm_vendor_id
    email_field: Email
    fields:
      name: {crm: Vendor_Name, books: contact_name, args: {books_max: 200}}
      website: {crm: Website, books: website, converter: url}
      phone: {crm: Phone, books: billing_address.phone, converter: phone}
      billing_address:
        converter: address
        crm: {street: Street, city: City, state: State, zip: Zip_Code, country: Country}
        books: {address: billing_address.address, street2: billing_address.street2, city: billing_address.city,
                state: billing_address.state, zip: billing_address.zip, country: billing_address.country}
      notes: {crm: Description, books: notes, converter: long_text}
"""
ITEMS = """
  item:
    crm_module: Products
    crm_stamp: Books_Item_ID
    books_stamp: cf_crm_product_id
    fields:
      name: {crm: Product_Name, books: name, args: {crm_max: 200, books_max: 100}}
      sku: {crm: Product_Code, books: sku, args: {crm_max: 40, books_max: 100}}
      description: {crm: Description, books: description, converter: long_text, args: {books_max: 2000}}
      unit: {crm: Usage_Unit, books: unit, converter: picklist, args: {values: {Box: box, Numbers: pcs, Hours: hrs}}}
      active: {crm: Product_Active, books: status, converter: active_state}
      price: {crm: Unit_Price, books: rate, converter: money, direction: to_crm, drift: put_back, first_link: books}
      hsn: {crm: HSN_SAC, books: hsn_or_sac, direction: to_crm, drift: put_back, first_link: books}
      grade: {crm: Grade, books: cf_grade, args: {crm_max: 100, books_max: 255}}
"""
NEW_ITEMS = ITEMS.replace(
    "    fields:\n", "    create_in_books: true\n    constants: {books: {rate: 0}}\n    fields:\n", 1
)
"""The same where the user asks for items made out of Products."""

_INDIVIDUALS = """
  individual:
    crm_module: Contacts
    crm_stamp: Books_Customer_ID
    books_stamp: cf_crm_contact_id
    fields:
      name: {converter: person_name, crm: {first: First_Name, last: Last_Name},
             books: {first: first_name, last: last_name}}
      display:
        converter: full_name
        crm: {first: First_Name, last: Last_Name}
        books: {full: contact_name}
        direction: to_books
        drift: put_back
        first_link: crm
      email: {crm: Email, books: email, converter: email}
      phone: {crm: Phone, books: phone, converter: phone}
      mobile: {crm: Mobile, books: mobile, converter: phone}
      billing_address:
        converter: address
        crm: {street: Mailing_Street, city: Mailing_City, state: Mailing_State, zip: Mailing_Zip,
              country: Mailing_Country}
        books: {address: billing_address.address, street2: billing_address.street2, city: billing_address.city,
                state: billing_address.state, zip: billing_address.zip, country: billing_address.country}
      tier: {crm: Tier, books: cf_tier}
"""
INDIVIDUAL_FIELDS = (
    {
        "product": "crm",
        "module": "Contacts",
        "api_name": "Books_Customer_ID",
        "data_type": "text",
        "unique": True,
    },
    {"product": "crm", "module": "Contacts", "api_name": "Tier", "data_type": "text"},
    {"product": "books", "api_name": "cf_crm_contact_id", "data_type": "string", "unique": True},
    {"product": "books", "api_name": "cf_tier", "data_type": "string"},
)
"""What that section leads to beside the fields that both orgs have: bodies of `POST /control/fields`."""


def india(*sections: str) -> str:
    """The preset with these in place of what it has switched off itself."""
    preset = resources.files("tandem.presets").joinpath("india.yaml").read_text(encoding="utf-8")
    return preset[: preset.index("  item:")] + "".join(sections)


def with_individuals(mapping: str) -> str:
    """The same where a Contact without an Account is a Books customer of its own."""
    asked = "    without_account: individual_customer\n    parent_field:"
    return mapping.replace("    parent_field:", asked, 1) + _INDIVIDUALS
