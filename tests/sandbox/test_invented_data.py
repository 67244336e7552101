"""The invented data are awkward as real ones are, and the same for the same seed."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from stdnum.gb import vat
from stdnum.in_ import gstin

from sandbox.config import Country
from sandbox.data import generate

SIZE = 1_000
COUNTRIES: tuple[Country, ...] = ("IN", "GB", "US")


def _twice(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(filter(None, values)).items() if count > 1]


@pytest.mark.parametrize("country", COUNTRIES)
def test_names_are_awkward_and_none_comes_twice_on_a_side(country: Country) -> None:
    """Books would refuse the second; letters with marks, apostrophes, quotes and ampersands are there."""
    made = generate(SIZE, 1, country)
    accounts = [a["Account_Name"] for a in made["crm"]["Accounts"]]
    for side in (accounts, [c["contact_name"] for c in made["books"]["contacts"]]):
        assert _twice(name.casefold() for name in side) == []
        assert max(map(len, side)) <= 100
    text = " ".join(accounts)
    assert all(mark in text for mark in "&'.\"-()")
    assert any(unicodedata.combining(c) for c in unicodedata.normalize("NFD", text))
    assert [name for name in accounts if re.search(r"#|\d{3}", name)] == []


@pytest.mark.parametrize("country", COUNTRIES)
def test_near_duplicates_stand_beside_each_other(country: Country) -> None:
    """One company entered twice on one side, its name spelt otherwise."""
    made = generate(SIZE, 1, country)
    by_street: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account in made["crm"]["Accounts"]:
        by_street[account["Billing_Street"], account["Phone"]].append(account["Account_Name"])
    near = [names for names in by_street.values() if len(names) == 2]
    assert len(near) >= SIZE / 20 / 2
    assert all(one != other and one.split()[0] == other.split()[0] for one, other in near)


def test_two_branches_share_a_tax_number() -> None:
    """In both countries that have one here; each is well-formed."""
    indian, british = generate(SIZE, 1, "IN"), generate(SIZE, 1, "GB")
    on_accounts = [a.get("GSTIN") for a in indian["crm"]["Accounts"]]
    on_customers = [c.get("gst_no") for c in indian["books"]["contacts"] if c.get("contact_type") != "vendor"]
    vat_numbers = [
        c.get("vat_reg_no") for c in british["books"]["contacts"] if c.get("contact_type") != "vendor"
    ]
    for numbers in (on_accounts, on_customers, vat_numbers):
        assert len(_twice(numbers)) >= SIZE / 25 / 4
    assert all(gstin.is_valid(number) for number in filter(None, on_accounts))
    assert all(vat.is_valid(number) for number in filter(None, vat_numbers))


@pytest.mark.parametrize("country", COUNTRIES)
def test_people_lack_an_email_or_share_a_mailbox(country: Country) -> None:
    """Some of them."""
    emails = [p["Email"] for p in generate(SIZE, 1, country)["crm"]["Contacts"]]
    assert emails.count(None) > SIZE / 20
    assert _twice(emails)


def test_a_seed_gives_the_same_again() -> None:
    """And another seed others."""
    assert generate(50, 7) == generate(50, 7) != generate(50, 8)
