"""A changed mapping takes no value for agreed that was agreed of other attributes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tandem.core.mapping import Mapping, load_mapping
from tandem.core.records import Base, Edit, Link, Seen, Side
from tandem.core.remap import not_agreed, remapped

BASE = """\
entities:
  customer:
    crm_module: Accounts
    crm_stamp: Books_Customer_ID
    fields:
      name: {crm: Account_Name, books: contact_name}
      segment: {crm: Segment, books: cf_segment, direction: to_books}
"""
OLD = load_mapping(BASE)
SEGMENT = "segment: {crm: Segment, books: cf_segment, direction: to_books}"
AT = datetime(2026, 11, 23, tzinfo=UTC)
LINK = Link(
    "main", "l1", "customer", "1", "7",
    base={"name": Base("a", "a"), "segment": Base("b", "b")},
    held={"name": {"crm": "a", "books": "b"}, "segment": {"crm": "a", "books": "b"}},
    edits={"segment": {Side.CRM: Edit("b", AT)}},
    seen_crm=Seen({"name": "a", "segment": "b"}), seen_books=Seen({"name": "a", "segment": "b"}),
)  # fmt: skip


def now(segment: str) -> Mapping:
    """The mapping with another second field."""
    return load_mapping(BASE.replace(SEGMENT, segment))


@pytest.mark.parametrize(
    "segment",
    [
        "segment: {crm: Tier, books: cf_segment}",
        "segment: {crm: Segment, books: cf_tier}",
        "tier: {crm: Segment, books: cf_segment}",
    ],
)
def test_a_field_that_moved_is_agreed_no_more(segment: str) -> None:
    """Its base, hold and edits go, and so does what was seen: both sides are read; the other field keeps its own."""
    found = remapped(LINK, OLD.entities["customer"], now(segment).entities["customer"])
    assert (set(found.base), set(found.held), set(found.edits)) == ({"name"}, {"name"}, set())
    assert (found.seen_crm, found.seen_books) == (None, None)


def test_a_field_that_came_back_is_agreed_no_more() -> None:
    """Nobody followed it while it was away: its old base may be years old."""
    without = now("tier: {crm: Tier, books: cf_tier}")
    found = remapped(LINK, without.entities["customer"], OLD.entities["customer"])
    assert set(found.base) == {"name"}


@pytest.mark.parametrize(
    "policy", ["owner: crm", "drift: put_back", "converter: long_text", "args: {crm_max: 9}"]
)
def test_a_policy_moves_nothing(policy: str) -> None:
    """The same attributes keep what was agreed of them."""
    changed = now(f"{SEGMENT[:-1]}, {policy}}}")
    assert remapped(LINK, OLD.entities["customer"], changed.entities["customer"]) is LINK
    assert not_agreed(OLD, changed) == set()


def test_an_entity_that_was_off_trusts_nothing() -> None:
    """Whatever was agreed, held or seen before it was switched off."""
    found = remapped(LINK, None, OLD.entities["customer"])
    assert (found.base, found.held, found.edits) == ({}, {}, {})
    assert (found.seen_crm, found.seen_books) == (None, None)


@pytest.mark.parametrize(
    "segment",
    [
        "segment: {crm: Tier, books: cf_segment, direction: to_books}",
        "segment: {crm: Segment, books: cf_segment}",
        f"{SEGMENT}\n      tier: {{crm: Tier, books: cf_tier}}",
    ],
)
def test_a_field_that_was_never_settled_is_looked_at(segment: str) -> None:
    """Moved, opened to another direction, or new."""
    assert not_agreed(OLD, now(segment)) == {"customer"}
