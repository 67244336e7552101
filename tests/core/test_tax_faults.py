"""The tax identity contradicts itself or the address: a sentence that names the fields."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.core.conversion import ConversionError
from tandem.core.mapping import preset
from tandem.core.records import Record, Side
from tandem.core.regions import country_code, state_code, state_name
from tandem.core.tax import is_valid_number
from tandem.core.tax_faults import tax_faults

INDIA = preset("india").entities["customer"]
GOOD = {"number": "27AAPFU0939F1ZV", "treatment": "business_gst", "place": "MH"}
HOME = {
    "address": "1 Rd",
    "street2": None,
    "city": "Pune",
    "state": "Maharashtra",
    "zip": None,
    "country": "India",
}


def books(tax: dict[str, Any], home: dict[str, Any] | None = None) -> Record:
    """A Books customer with a tax identity."""
    values = {"tax_identity": tax} | ({"billing_address": home} if home else {})
    return Record(Side.BOOKS, "customer", "77", values)


@pytest.mark.parametrize(
    ("tax", "home"),
    [
        (GOOD, HOME),
        (GOOD, None),
        (GOOD, HOME | {"state": None}),
        (GOOD, HOME | {"state": "Bavaria", "country": "Germany"}),
        (GOOD, HOME | {"state": "GA", "country": "USA"}),  # Georgia, and Goa in India
        (GOOD | {"place": "Maharashtra"}, HOME | {"state": "MH", "country": None}),
        (GOOD | {"place": "27"}, HOME),
        (dict.fromkeys(GOOD), HOME),
        ({"number": None, "treatment": "consumer", "place": "MH"}, HOME),
        ({"number": None, "treatment": "overseas", "place": None}, HOME),
    ],
)
def test_what_agrees_has_no_fault(tax: dict[str, Any], home: dict[str, Any] | None) -> None:
    """Codes, names and GST numbers of one state agree; a foreign address has no Indian state."""
    assert tax_faults(INDIA, books(tax, home)) is None


@pytest.mark.parametrize(
    ("tax", "home", "sentence"),
    [
        (GOOD | {"number": "27AAPFU0939F1ZX"}, None, "gst_no “27AAPFU0939F1ZX” is no valid number"),
        (GOOD | {"number": "27"}, None, "gst_no “27” is no valid number"),
        (GOOD | {"place": "KA"}, None, "says Maharashtra, but place_of_contact “KA” says Karnataka"),
        (
            GOOD,
            HOME | {"state": "Goa"},
            "“MH” says Maharashtra, but billing_address.state “Goa” says Goa",
        ),
        (
            GOOD | {"number": None},
            None,
            "gst_treatment “business_gst” is a registered treatment, but gst_no is blank",
        ),
        (GOOD | {"treatment": None}, None, "the tax identity is one set: gst_no"),
        (GOOD | {"place": None}, None, "without place_of_contact"),
        ({"number": None, "treatment": None, "place": "MH"}, None, "without gst_no and gst_treatment"),
        (GOOD | {"treatment": "consumer"}, None, "is for those without a number, but gst_no"),
        (
            {"number": None, "treatment": "consumer", "place": "KA"},
            HOME,
            "place_of_contact “KA” says Karnataka",
        ),
    ],
)
def test_a_contradiction_is_a_sentence_with_both_fields(
    tax: dict[str, Any], home: dict[str, Any] | None, sentence: str
) -> None:
    """An accountant mends it from the sentence alone."""
    assert sentence in (tax_faults(INDIA, books(tax, home)) or "")


def test_the_sentence_speaks_the_side_that_was_read() -> None:
    """CRM's field names for a CRM record."""
    tax = {"number": "27AAPFU0939F1ZV", "treatment": "Registered Business - Regular", "place": "Karnataka"}
    fault = tax_faults(INDIA, Record(Side.CRM, "customer", "1", {"tax_identity": tax}))
    assert fault == "GSTIN “27AAPFU0939F1ZV” says Maharashtra, but Place_of_Supply “Karnataka” says Karnataka"


def test_an_unknown_identity_has_no_fault() -> None:
    """Unknown moves nothing, so it contradicts nothing; nor does a mapping without one."""
    assert tax_faults(INDIA, Record(Side.CRM, "customer", "1", {})) is None
    assert tax_faults(preset("generic").entities["customer"], books(GOOD)) is None


@pytest.mark.parametrize(
    ("scheme", "number", "treatment", "valid"),
    [
        ("gstin", "27AAPFU0939F1ZV", None, True),
        ("gstin", "38AAPFU0939F1ZS", None, True),
        ("gstin", "38AAPFU0939F1ZV", None, False),
        ("gstin", "39AAPFU0939F1ZV", None, False),
        ("gstin", "x", None, False),
        ("gb_vat", "980780684", "uk", True),
        ("gb_vat", "980780685", "uk", False),
        ("gb_vat", "DE136695976", "eu_vat_registered", True),
        ("gb_vat", "DE136695979", "eu_vat_registered", False),
        ("gb_vat", "anything", "overseas", True),
        ("none", "anything", None, True),
    ],
)
def test_numbers_are_checked_by_their_own_digits(
    scheme: str, number: str, treatment: str | None, valid: bool
) -> None:
    """Including Ladakh (38), which python-stdnum does not know."""
    assert is_valid_number(scheme, number, treatment) is valid


def test_a_pick_list_left_alone_is_no_treatment() -> None:
    """CRM shows -None- then; as any other word it would be held."""
    tax = {"number": None, "treatment": "-None-", "place": "MH"}
    convert = INDIA.field("tax_identity").convert
    assert convert.translate(Side.CRM, tax) == {"number": None, "treatment": None, "place": "MH"}
    with pytest.raises(ConversionError, match="not in the mapping's table"):
        convert.translate(Side.CRM, tax | {"treatment": "Otherwise"})


@pytest.mark.parametrize("text", ["USA", "US", "U.S.A.", "United States", "united states of america"])
def test_one_country_by_all_its_names(text: str) -> None:
    """Books stores what was typed (dossier books §2)."""
    assert country_code(text) == "US"


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [("Maharashtra", "IN", "MH"), ("mh", "IN", "MH"), ("27", "IN", "MH"), ("Orissa", "IN", "OD"), ("AP", "IN", "AD"),
     ("Jammu & Kashmir", "IN", "JK"), ("MH", "US", None), ("California", "US", "CA"), ("Québec", "CA", "QC"),
     ("Bavaria", "DE", None), ("", "IN", None)],
)  # fmt: skip
def test_a_state_by_name_code_or_gst_number(text: str, country: str, code: str | None) -> None:
    """MH is Maharashtra in India and nothing in the USA."""
    assert state_code(text, country) == code
    assert code is None or state_code(state_name(code, country), country) == code
