"""`docs/first-day.md` has every field, scope and host, exactly."""

from __future__ import annotations

import re

import pytest

from cli.plan import DATA_CENTRES
from sandbox.crm import standard_fields
from tandem.adapters.zoho.endpoints import scopes
from tandem.core.converters import Picklist, TaxIdentity
from tandem.core.mapping import preset
from tandem.core.records import Side
from tests.docs.pages import rows, section, text_of

PAGE = "docs/first-day.md"
INDIA = preset("india")
CUSTOM_IN_CRM = {
    name for *_, fields in standard_fields.MODULES for name, _, more in fields if more.get("custom")
} | {name for _, (name, _, more) in standard_fields.LATER if more.get("custom")}


def test_the_scopes_are_those_of_the_code() -> None:
    """In any order; `tandem scopes --preset india` prints them."""
    named = re.findall(r"Zoho(?:CRM|Books)\.[\w.]+\.(?:READ|CREATE|UPDATE)", text_of(PAGE))
    assert sorted(named) == sorted(scopes(INDIA.entities))


@pytest.mark.parametrize("dc", DATA_CENTRES)
def test_every_data_centre_has_its_hosts(dc: str) -> None:
    """As `tandem connect` takes them."""
    accounts, api = DATA_CENTRES[dc]
    cells = rows(text_of(PAGE))[dc]
    assert cells[1] == accounts
    assert cells[2].split()[0] == api


def test_no_data_centre_stands_that_there_is_not() -> None:
    """Rows with an API console are those of the code."""
    named = {name for name, cells in rows(text_of(PAGE)).items() if cells and "api-console" in cells[0]}
    assert named == set(DATA_CENTRES)


def test_every_custom_field_of_the_preset_is_to_be_created() -> None:
    """On both sides, by its API name; stamps refuse duplicates."""
    page = section(PAGE, "2. Fields to create by hand")
    named = set(re.findall(r"\| `(\w+)` \|", page))
    crm = {name for entity in INDIA.entities.values() for name in entity.crm_fields} & CUSTOM_IN_CRM
    books = {
        name
        for entity in INDIA.entities.values()
        for name in [entity.books_stamp or "", *(n for f in entity.fields for n in f.attributes(Side.BOOKS))]
        if name.startswith("cf_")
    }
    assert len(crm) == 8
    assert named == crm | books
    for line in page.splitlines():
        stamps = {s for e in INDIA.entities.values() for s in (e.crm_stamp, e.books_stamp) if s}
        if any(f"`{stamp}`" in line for stamp in stamps):
            assert "duplicate values**" in line


def test_every_choice_that_the_preset_names_is_to_be_created() -> None:
    """Those of the Books dropdown and of the GST treatment."""
    page = section(PAGE, "2. Fields to create by hand")
    for field in INDIA.entities["customer"].fields:
        choices: list[str] = []
        if isinstance(field.convert, Picklist):
            choices = list(field.convert.values.values())
        elif isinstance(field.convert, TaxIdentity):
            choices = list(field.convert.treatments)
        assert [choice for choice in choices if f"`{choice}`" not in page] == []
