"""Match keys: spellings of one thing share a key, different things do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.keys import (
    fold_name,
    fold_person,
    hash_key,
    key_rows,
    lookups,
    normal_email,
    normal_phone,
    similar_name,
    web_domain,
)
from tandem.core.records import MatchKeys, Record, Side


@pytest.mark.parametrize(
    "spelling",
    ["Acme & Sons Ltd", "ACME AND SONS LIMITED", "Acme &amp; Sons Pvt. Ltd.", "Acme and Sons Private Limited",
     "Acme & Sons (P.v.t.) L.T.D.", " acme  and sons, llp", "Ａcme and Sons Inc."],
)  # fmt: skip
def test_legal_forms_case_and_ampersands_do_not_count(spelling: str) -> None:
    """The commonest cause of duplicates in other tools."""
    assert fold_name(spelling) == "acme and sons"


@pytest.mark.parametrize(
    ("name", "folded"),
    [("Limited", "limited"), ("Private Bank", "private bank"), ("AS Roma", "as roma"), ("O'Brien & Co.", "obrien"),
     ("Müller GmbH & Co. KG", "muller"), ("I.B.M.", "ibm"), ("…", ""), ("", ""), ("टाटा लिमिटेड", "tata")],
)  # fmt: skip
def test_words_that_only_look_like_legal_forms_stay(name: str, folded: str) -> None:
    """A name is never folded to nothing while it has a word."""
    assert fold_name(name) == folded


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    """A folded name is its own key."""
    assert fold_name(fold_name(text)) == fold_name(text)
    assert fold_person(fold_person(text)) == fold_person(text)


@pytest.mark.parametrize(
    ("a", "b"),
    [("Acme Ltd", "Acme Limited"), ("Sharma Traders", "Sharma Trader Pvt Ltd"), ("Sons & Acme", "Acme and Sons"),
     ("Infosys Technologies", "Infosys Technologeis"), ("Acme India", "ACME (India) Pvt. Ltd.")],
)  # fmt: skip
def test_similar_names(a: str, b: str) -> None:
    """Legal form, order and a slip of the pen."""
    assert similar_name(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [("Acme India", "Acme UK"), ("Acme", "Acme India"), ("Store 12", "Store 13"), ("Acme", "Apex"), ("", ""),
     ("Acme", ""), ("Global Trading Services Iran", "Global Trading Services Iraq"),
     ("Acme North", "Acme South")],
)  # fmt: skip
def test_sister_companies_are_not_similar(a: str, b: str) -> None:
    """A country or a number tells them apart, whatever the score."""
    assert not similar_name(a, b)


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_has_no_direction(a: str, b: str) -> None:
    """It must not matter which side asks."""
    assert similar_name(a, b) == similar_name(b, a)


@pytest.mark.parametrize(
    ("url", "domain"),
    [("https://WWW.Acme.in/shop?x", "acme.in"), ("acme.in:8080", "acme.in"), ("asha@acme.in", "acme.in"),
     ("asha@gmail.com", None), ("gmail.com", None), ("localhost", None), ("http://", None), (None, None), ("n/a", None),
     ("http://user:pw@acme.in/", "acme.in"), ("my shop.in", None)],
)  # fmt: skip
def test_a_web_domain_is_a_host_of_ones_own(url: str | None, domain: str | None) -> None:
    """Free-mail hosts do not count (design, matching)."""
    assert web_domain(url) == domain


@given(st.text(max_size=40))
def test_no_text_breaks_a_key(text: str) -> None:
    """Keys are made of what people typed."""
    web_domain(text)
    normal_email(text)
    normal_phone(text, "IN")


def test_phones_are_read_with_the_home_region() -> None:
    """The same number with and without country code; a short one by its digits."""
    assert normal_phone("098765 43210", "IN") == normal_phone("+91 98765-43210", "US") == "+919876543210"
    assert normal_phone("+91 98765 43210 ext. 7", "IN") == "+919876543210;ext=7"
    assert normal_phone("100", "IN") == "100"
    assert normal_phone("call me", "IN") == "call me"


def test_index_keys_hold_no_personal_data() -> None:
    """A key row is a kind and a hash; the kind is part of it."""
    keys = MatchKeys(
        "77", "27AAPFU0939F1ZV", frozenset({"a@b.in"}), frozenset({"+919876543210"}), "b.in", "acme", "INR"
    )
    rows = key_rows(keys)
    assert [kind for kind, _ in rows] == ["stamp", "tax", "domain", "name", "email", "phone"]
    assert all(len(hashed) == 64 for _, hashed in rows)
    assert hash_key("name", "acme") != hash_key("domain", "acme")
    assert hash_key("name", "\ud800")
    assert key_rows(MatchKeys()) == []


def test_a_counterpart_is_looked_up_by_the_stamp_that_names_us() -> None:
    """Our own stamp names an id, theirs names us."""
    record = Record(Side.CRM, "customer", "1", {}, keys=MatchKeys(stamp="77", name="acme"))
    assert lookups(record) == [("stamp", hash_key("stamp", "1")), ("name", hash_key("name", "acme"))]
