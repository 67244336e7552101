"""A reference to another record in the merge: it waits for the link of what it leads to, and then travels."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.actions import Hold
from tandem.core.conversion import SIDE_NAMES
from tandem.core.mapping import FieldMapping
from tandem.core.merge import Merged, Pair, merge_field
from tandem.core.records import Base, Side

CRM, BOOKS = Side.CRM, Side.BOOKS
LINKED = {"1": "71", "2": "72"}
REFERENCE = FieldMapping.model_validate(
    {
        "name": "group",
        "crm": "Group",
        "books": "cf_group",
        "converter": "lookup",
        "args": {"entity": "vendor"},
    }
)


def merged(
    crm: Any, books: Any, base: Any = None, held: Any = None, linked: dict[str, str] = LINKED
) -> Merged:
    """The outcome for a reference, with what is linked: CRM id -> Books id."""
    before = Base(*base) if base else None
    shown = {"crm": held[0], "books": held[1]} if held else None
    return merge_field(Pair(REFERENCE.knowing({"vendor": linked}), crm, books, before, shown))


def waits(result: Merged) -> bool:
    """Held until a link is there."""
    return result.hold is not None and result.hold.ends_by_itself


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ({"id": "1", "name": "Metals"}, "1"),
        ({"id": 1}, "1"),
        ("71", "71"),
        (71, "71"),
        ({}, None),
        ("", None),
        (None, None),
    ],
)
def test_a_reference_is_read_as_the_id_that_it_leads_to(shown: Any, read: Any) -> None:
    """CRM shows an object, Books an id; nothing is blank."""
    assert [REFERENCE.convert.read(side, shown) for side in Side] == [read, read]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("base", [None, ("1", "71"), (None, None)])
def test_a_new_reference_to_an_unlinked_record_waits_and_tells_for_what(side: Side, base: Any) -> None:
    """Nobody has to decide: it is one case for all that wait so, with the record that is not linked."""
    crm, books = base or (None, None)
    crm, books = ("9", books) if side is CRM else (crm, "9")
    result = merged(crm, books, base)
    assert (result.to, result.base) == (None, None)
    assert waits(result)
    sentence = f"the vendor 9 of {SIDE_NAMES[side]} that it leads to is not linked yet; it goes on once it is"
    assert result.hold == Hold("lookup:group", sentence, "group", crm, books)


@pytest.mark.parametrize("side", Side)
def test_a_reference_to_a_record_of_another_kind_says_that_it_has_no_counterpart(side: Side) -> None:
    """It would wait for good: a person changes one of the two; a case of its own tells so."""
    crm, books = ("9", "71") if side is CRM else ("1", "79")
    known = {
        (side, crm if side is CRM else books): "individual",
        (side.other, "9"): "individual",
        (side, "1"): "vendor",
    }
    result = merge_field(Pair(REFERENCE.knowing({"vendor": LINKED}, known), crm, books, Base("1", "71")))
    assert (result.to, result.base) == (None, None)
    assert waits(result)
    assert result.hold is not None
    assert result.hold.cause == "lookup to another kind:group"
    for part in (
        "is linked as individual",
        f"{SIDE_NAMES[side.other]} has no vendor",
        "Lead it to another record",
    ):
        assert part in result.hold.sentence


def test_a_reference_goes_on_once_what_it_leads_to_is_linked() -> None:
    """With the other side's id."""
    result = merged("9", "71", ("1", "71"), held=("9", "71"), linked={**LINKED, "9": "79"})
    assert (result.to, result.value, result.base) == (BOOKS, "79", Base("9", "79"))


def test_a_reference_that_was_agreed_waits_for_nothing() -> None:
    """What it leads to may have lost its link since: only news is looked at."""
    kept = merged("9", "79", ("9", "79"))
    assert (kept.to, kept.hold) == (None, None)
    changed = merged("9", "72", ("9", "79"))
    assert (changed.to, changed.value) == (CRM, "2")


ids = st.sampled_from([None, "1", "2", "9"])
theirs = st.sampled_from([None, "71", "72", "79"])


@given(ids, theirs, st.none() | st.tuples(ids, theirs), st.none() | st.tuples(ids, theirs))
def test_no_reference_to_an_unlinked_record_travels(crm: Any, books: Any, base: Any, held: Any) -> None:
    """Whatever was agreed: a value that is sent is the id of a linked record, or a clear."""
    result = merged(crm, books, base, held)
    if result.to is BOOKS:
        assert result.value == LINKED.get(crm)
        assert crm in (None, *LINKED)
    if result.to is CRM:
        assert (result.value, books) in {(None, None), *LINKED.items()}
    news = [
        now
        for now, before in zip((crm, books), base or (None, None), strict=True)
        if base is None or now != before
    ]
    if LINKED.get(crm, crm) != books:
        assert waits(result) == bool({"9", "79"} & set(news))
