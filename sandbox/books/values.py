"""What Books takes in a contact's body, and how it refuses (Books dossier 2, 3, 9)."""

from __future__ import annotations

import re
from typing import Any

from stdnum.exceptions import ValidationError
from stdnum.in_ import gstin

from sandbox.books.metadata import (
    ADDRESS_LENGTHS,
    GST_TREATMENTS,
    LENGTHS,
    PERSON_LENGTHS,
    VAT_TREATMENTS,
    BooksSetup,
    country_code,
)
from sandbox.replies import BooksError, Json
from sandbox.shapes import is_whole
from sandbox.switches import Switches

PLAIN = (
    "contact_name",
    "company_name",
    "contact_number",
    "website",
    "notes",
    "facebook",
    "twitter",
    "payment_terms_label",
    "language_code",
    "owner_id",
    "pricebook_id",
    "customer_sub_type",
    "contact_type",
    "gst_no",
    "gst_treatment",
    "place_of_contact",
    "pan_no",
    "vat_reg_no",
    "vat_treatment",
    "tax_reg_no",
    "tax_treatment",
    "tax_id",
    "tax_authority_id",
    "tax_exemption_id",
    "legal_name",
    "currency_id",
    "country_code",
)
OTHER = ("payment_terms", "credit_limit", "is_taxable", "track_1099")
ADDRESS_KEYS = (
    "attention",
    "address",
    "street2",
    "city",
    "state_code",
    "state",
    "zip",
    "country",
    "phone",
    "fax",
)
PERSON_KEYS = tuple(PERSON_LENGTHS)
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_CHOICES = {
    "contact_type": ("customer", "vendor"),
    "customer_sub_type": ("individual", "business"),
    "gst_treatment": GST_TREATMENTS,
    "vat_treatment": VAT_TREATMENTS,
}


def invalid(name: str) -> BooksError:
    """Return the refusal of a value."""
    return BooksError(4, f"Invalid value passed for {name}")


def missing(kind: str, switches: Switches) -> BooksError:
    """Return what is said of a contact, or of a part of one, that is not there."""
    return BooksError(
        switches.missing_contact_code, f"{kind} does not exist.", switches.missing_contact_status
    )


def too_long(name: str, most: int) -> BooksError:
    """Return the refusal of a text that is too long."""
    return BooksError(15, f"Please ensure that the {name} has less than {most + 1} characters.")


def drop_nulls(body: Json, switches: Switches) -> Json:
    """Return the body with nulls cleared, ignored or refused, as the switch says."""
    nulls = [name for name, value in body.items() if value is None]
    if not nulls or switches.null_on_write == "clear":
        return {name: "" if value is None else value for name, value in body.items()}
    if switches.null_on_write == "refuse":
        raise invalid(nulls[0])
    return {name: value for name, value in body.items() if value is not None}


def plain_values(body: Json, setup: BooksSetup) -> dict[str, Any]:
    """Return the accepted plain fields; unknown keys and mirrors of the primary person are ignored."""
    values: dict[str, Any] = {}
    for name in PLAIN:
        if name in body:
            values[name] = _text(name, body[name])
    for name in OTHER:
        if name in body:
            values[name] = body[name]
    days = str(values.get("payment_terms", "")).strip()
    if days and not is_whole(days):
        raise invalid("payment_terms")
    if values.get("currency_id") and setup.currency(values["currency_id"]) is None:
        raise invalid("currency_id")
    if setup.org.country != "IN":
        for name in ("gst_no", "gst_treatment", "place_of_contact", "pan_no"):
            values.pop(name, None)
    return values


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise invalid(name)
    text = str(value).strip()
    most = LENGTHS.get(name)
    if most is not None and len(text) > most:
        raise too_long(name, most)
    if text and name in _CHOICES and text not in _CHOICES[name]:
        raise invalid(name)
    return text


def check_tax(values: dict[str, Any], country: str, switches: Switches) -> None:
    """Refuse a tax identity that does not hold together."""
    if country == "IN":
        number = values.get("gst_no") or ""
        if number:
            try:
                gstin.validate(number)
            except ValidationError as error:
                raise invalid("gst_no") from error
        elif values.get("gst_treatment") == "business_gst" and switches.gst_number_required:
            raise BooksError(4, "Please enter a valid GSTIN/UIN for a registered business (gst_no).")
    number = values.get("vat_reg_no") or ""
    if number and not re.fullmatch(r"[A-Za-z0-9 ]{2,12}", number):
        raise invalid("vat_reg_no")


def address_values(body: Any, name: str) -> dict[str, str]:
    """Return the accepted keys of an address."""
    if not isinstance(body, dict):
        raise invalid(name)
    values = {}
    for key in ADDRESS_KEYS:
        if key not in body:
            continue
        value = "" if body[key] is None else body[key]
        if isinstance(value, dict | list | bool):
            raise invalid(f"{name}.{key}")
        text = str(value).strip()
        if len(text) > ADDRESS_LENGTHS[key]:
            raise too_long(f"{name}.{key}", ADDRESS_LENGTHS[key])
        values[key] = text
    if "country" in values:
        values["country_code"] = country_code(values["country"])
    return values


def person_values(body: Any, in_contact: bool) -> dict[str, Any]:
    """Return the accepted keys of a contact person."""
    if not isinstance(body, dict):
        raise invalid("contact_persons")
    values: dict[str, Any] = {}
    for key in PERSON_KEYS:
        if key not in body:
            continue
        value = "" if body[key] is None else body[key]
        if not isinstance(value, str | int):
            raise invalid(key)
        text = str(value).strip()
        most = 100 if key == "designation" and in_contact else PERSON_LENGTHS[key]
        if len(text) > most:
            raise too_long(key, most)
        if key == "email" and text and not EMAIL.match(text):
            raise invalid("email")
        values[key] = text
    return values
