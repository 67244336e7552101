"""Custom fields of Books by type: what is taken, and that anything else is refused and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

CHOICES = {"options": ["G", "S"]}
CASES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "string": ({"length": 3}, "abc", "abcd"),
    "email": ({}, "a@b.example", "a.b"),
    "phone": ({}, "+91 22 1234", "call me"),
    "number": ({}, 7, "seven"),
    "decimal": ({}, 1.5, "x"),
    "amount": ({}, 1.5, [1]),
    "percent": ({}, 12.5, "a lot"),
    "date": ({}, "2028-02-29", "2027-02-29"),
    "date_time": ({}, "2026-04-01 09:30", "2026-04-01T09:30:00+05:30"),
    "dropdown": (CHOICES, "G", "X"),
    "multiselect": (CHOICES, ["S", "G"], ["G", "X"]),
    "lookup": ({}, "", "123"),
}


@pytest.mark.parametrize("data_type", CASES)
async def test_a_value_of_another_type_is_refused(zoho: Zoho, data_type: str) -> None:
    """Code 4 or 15, as for any field; the record keeps what it had."""
    spec, good, bad = CASES[data_type]
    field = {"product": "books", "api_name": "cf_extra", "data_type": data_type, **spec}
    await zoho.control("POST", "/fields", field)
    taken = await zoho.customer(custom_fields=[{"api_name": "cf_extra", "value": good}])
    body = {"custom_fields": [{"api_name": "cf_extra", "value": bad}]}
    refused = await zoho.books("PUT", f"/contacts/{taken['contact_id']}", body)
    assert refused.status_code == 400
    assert refused.json()["code"] in (4, 15)
    after = (await zoho.books("GET", f"/contacts/{taken['contact_id']}")).json()["contact"]
    assert [one["value"] for one in after["custom_fields"]] == ([good] if good else [])


async def test_a_lookup_names_another_contact(zoho: Zoho) -> None:
    """By its id, as a text."""
    await zoho.control("POST", "/fields", {"product": "books", "api_name": "cf_agent", "data_type": "lookup"})
    agent = await zoho.customer(contact_name="Agent")
    made = await zoho.customer(custom_fields=[{"api_name": "cf_agent", "value": agent["contact_id"]}])
    assert [one["value"] for one in made["custom_fields"]] == [agent["contact_id"]]


async def test_a_datetime_of_crm_is_shown_in_the_zone_of_the_organisation(zoho: Zoho) -> None:
    """Whatever the offset it was written with (dossier crm 10)."""
    await zoho.control(
        "POST",
        "/fields",
        {"module": "Accounts", "product": "crm", "api_name": "Seen", "data_type": "datetime"},
    )
    record = await zoho.account(Seen="2026-04-01T04:00:00Z")
    shown = (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["Seen"]
    assert shown == "2026-04-01T09:30:00+05:30"
