"""The guards that count many records: thresholds are exact, order does not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tandem.core.connection import Settings
from tandem.core.guards import BLANK, FEW, Noted, Tripped, changed_fields, empty_side, mark_of, trip
from tandem.core.mapping import preset
from tandem.core.records import Base, Link, Record, Side

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
CUSTOMER = preset("india").entities["customer"]
OFF: dict[str, Any] = {"mass_change_records": 0, "value_collapse_records": 0, "mass_delete_records": 0}


def noted(
    number: int, side: Side = Side.CRM, *, age: int = 0, by: str = "", gone: bool = False, **fields: str
) -> Noted:
    """One changed record, `age` seconds ago."""
    return Noted(side, "customer", str(number), NOW - timedelta(seconds=age), by, fields, gone)


def tripped(many: list[Noted], *, links: int = 10_000, **settings: Any) -> Any:
    """What `trip` says with the guards named and all others off."""
    return trip(many, Settings(**{**OFF, **settings}), lambda: links, NOW)


MANY = st.lists(
    st.builds(
        noted,
        st.integers(0, 40),
        st.sampled_from(Side),
        age=st.integers(0, 1200),
        gone=st.booleans(),
        notes=st.sampled_from([BLANK, "one", "two"]),
    ),
    max_size=60,
    unique_by=lambda one: (one.side, one.id),
)


@given(MANY, st.randoms(use_true_random=False), st.integers(0, 9))
def test_the_order_of_what_was_noted_does_not_matter(many: list[Noted], chance: Any, limit: int) -> None:
    """Whatever the limit."""
    other = list(many)
    chance.shuffle(other)
    limits = dict.fromkeys(OFF, limit)
    assert tripped(many, **limits) == tripped(other, **limits)


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from(Side))
def test_a_threshold_is_exact(count: int, limit: int, side: Side) -> None:
    """As many as allowed pass, one more does not; each guard by its own number."""
    changed = [noted(n, side, notes=str(n)) for n in range(count)]
    equal = [noted(n, side, notes="one") for n in range(count)]
    gone = [noted(n, side, gone=True) for n in range(count)]
    assert (tripped(changed, mass_change_records=limit) is not None) == (count > limit)
    assert (tripped(equal, value_collapse_records=limit) is not None) == (count > limit)
    assert (tripped(gone, mass_delete_records=limit) is not None) == (count > limit)


@given(MANY)
def test_a_guard_that_is_off_never_trips(many: list[Noted]) -> None:
    """Zero is off."""
    assert tripped(many) is None


def test_the_two_sides_are_not_added_up() -> None:
    """Three here and three there are no six."""
    many = [noted(n, side, notes=str(n)) for n in range(3) for side in Side]
    assert tripped(many, mass_change_records=5) is None


@pytest.mark.parametrize(("age", "trips"), [(599, True), (600, True), (601, False)])
def test_what_is_older_than_the_window_does_not_count(age: int, *, trips: bool) -> None:
    """Ten minutes by default."""
    many = [noted(1, notes="a"), noted(2, age=age, notes="b")]
    assert (tripped(many, mass_change_records=1) is not None) is trips


@pytest.mark.parametrize(
    ("count", "links", "trips"),
    [
        (FEW, 120, False),
        (FEW + 1, 120, True),
        (150, 600, False),
        (151, 600, True),
        (200, 10_000, False),
        (201, 10_000, True),
    ],
)
def test_a_share_of_the_links_counts_beyond_a_hundred_records(count: int, links: int, *, trips: bool) -> None:
    """A quarter of the links, never below 100 records, and never above the number."""
    many = [noted(n, notes=str(n)) for n in range(count)]
    found = tripped(many, links=links, mass_change_records=200, mass_change_percent=25)
    assert (found is not None) is trips


def test_the_defaults_let_a_burst_of_fifty_pass() -> None:
    """Even of one and the same value."""
    assert trip([noted(n, notes="one") for n in range(50)], Settings(), lambda: 60, NOW) is None


def test_the_busiest_editor_is_named_first() -> None:
    """Then by name; who is not known is not named."""
    many = [noted(1, by="Zoe"), noted(2, by="Zoe"), noted(3, by="Asha"), noted(4)]
    assert tripped(many, mass_change_records=3).editors == ("Zoe", "Asha")


def test_a_field_that_many_records_lose_is_named() -> None:
    """With the word blank."""
    found = tripped([noted(n, notes=BLANK) for n in range(4)], value_collapse_records=3)
    assert found.sentence.startswith("notes of 4 customer records became blank in CRM")


TOLD: dict[str, tuple[list[Noted], dict[str, int], Tripped]] = {
    "of two that collapsed, that of more records, and who did it": (
        [noted(n, Side.BOOKS, by="Zoe", notes=BLANK) for n in range(3)]
        + [noted(n, Side.BOOKS, by="Asha", notes="n", website="one") for n in range(4)],
        {"value_collapse_records": 2},
        Tripped(
            "value collapse", Side.BOOKS, 4, 2,
            "website of 4 customer records became one and the same value in Books within 10 minutes, more than 2",
            ("Asha",),
        ),
    ),
    "deletes of every kind, before what else they are over": (
        [Noted(Side.BOOKS, kind, "1", NOW, "Zoe", gone=True) for kind in ("vendor", "customer")]
        + [noted(n, Side.BOOKS, by="Asha", notes="one") for n in range(3)],
        {"mass_delete_records": 1, "value_collapse_records": 1, "mass_change_records": 1},
        Tripped(
            "mass delete", Side.BOOKS, 2, 1,
            "2 customer and vendor records were deleted in Books within 10 minutes, more than 1",
            ("Zoe",),
        ),
    ),
    "changes": (
        [noted(n, notes=str(n)) for n in range(3)],
        {"mass_change_records": 2},
        Tripped(
            "mass change", Side.CRM, 3, 2, "3 records were changed in CRM within 10 minutes, more than 2"
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_a_guard_tells_what_how_many_and_who(case: str) -> None:
    """The sentence of its alert, with the limit that was passed."""
    many, limits, told = TOLD[case]
    assert tripped(many, **limits) == told


def test_a_listing_that_is_too_short_is_told_with_what_is_linked() -> None:
    """The share in per cent, and how many records that would be."""
    sentence = "Books lists 4 customer records, but 11 are linked; fewer than 6 (50 %) cannot be right"
    found = empty_side(Side.BOOKS, "customer", 4, 11, Settings(empty_side_percent=50))
    assert found == Tripped("empty side", Side.BOOKS, 4, 6, sentence)


@pytest.mark.parametrize(("links", "percent"), [(FEW + 1, 25), (10_000, 0)])
def test_a_share_never_lets_more_pass_than_the_number(links: int, percent: int) -> None:
    """Nor is a share asked for where none is set, or where few records changed."""
    many = [noted(n, notes=str(n)) for n in range(FEW + 1)]
    for limit, trips in ((FEW - 1, True), (FEW, True), (FEW + 1, percent > 0)):
        found = tripped(many, links=links, mass_change_records=limit, mass_change_percent=percent)
        assert (found is not None) is trips


@pytest.mark.parametrize(
    ("value", "other", "alike"),
    [
        (None, "", True),
        ({"a": None}, None, True),
        ("a", "a", True),
        ("a", "b", False),
        (0, None, False),
        ({"a": 1, "b": Decimal("2.5")}, {"b": Decimal("2.5"), "a": 1}, True),
    ],
)
def test_equal_values_have_equal_marks(value: Any, other: Any, *, alike: bool) -> None:
    """All blanks are one, zero is none of them."""
    assert (mark_of(value) == mark_of(other)) is alike


@pytest.mark.parametrize(
    ("listed", "links", "percent", "trips"),
    [
        (0, 9, 50, False),
        (0, 10, 50, True),
        (50, 100, 50, False),
        (49, 100, 50, True),
        (5, 11, 50, True),
        (6, 11, 50, False),
        (499, 1000, 50, True),
        (0, 1000, 0, False),
    ],
)
def test_a_listing_that_shows_too_few_is_not_believed(
    listed: int, links: int, percent: int, *, trips: bool
) -> None:
    """Less than the share of the links; below ten links it proves nothing, and zero is off."""
    settings = Settings(empty_side_percent=percent)
    assert (empty_side(Side.BOOKS, "customer", listed, links, settings) is not None) is trips


# --- what counts as a change --------------------------------------------------------------------------

texts = st.sampled_from([None, "", "a", "b"])
both = st.sampled_from(["notes", "website"])
shown = st.dictionaries(both, texts)
bases = st.dictionaries(both, st.builds(Base, texts, texts))
holds = st.dictionaries(both, st.dictionaries(st.sampled_from(["crm", "books"]), texts))


@given(st.sampled_from(Side), shown, bases, holds)
@example(Side.CRM, {"notes": "b"}, {"notes": Base("a", "a")}, {"notes": {"crm": "b", "books": "a"}})
@example(Side.CRM, {"notes": "b"}, {"notes": Base("a", "a")}, {"notes": {"crm": "a", "books": "b"}})
def test_what_would_travel_after_the_last_agreement_is_a_change(
    side: Side, shown: dict[str, Any], base: dict[str, Base], held: dict[str, dict[str, Any]]
) -> None:
    """Not what was never agreed, nor what is held as it stands; all blanks are one."""
    link = Link("main", "l1", "customer", "1", "7", base=base, held=held)
    expected = {
        name: mark_of(value)
        for name, value in shown.items()
        if name in base
        and (value or None) != (base[name].shown(side) or None)
        and (side.value, value) not in held.get(name, {}).items()
    }
    assert changed_fields(CUSTOMER, link, Record(side, "customer", "1", shown)) == expected


def test_an_edit_that_may_not_travel_is_no_change() -> None:
    """Of a one-way field where it is only written; its source's edit is one."""
    notes = CUSTOMER.field("notes").model_copy(update={"direction": "to_books"})
    entity = CUSTOMER.model_copy(update={"fields": (notes,)})
    link = Link("main", "l1", "customer", "1", "7", base={"notes": Base("a", "a")})
    for side, found in ((Side.CRM, {"notes": mark_of("b")}), (Side.BOOKS, {})):
        assert changed_fields(entity, link, Record(side, "customer", "1", {"notes": "b"})) == found
