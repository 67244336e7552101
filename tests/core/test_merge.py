"""The truth table of one field, row by row, and its laws (design, section 3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.actions import Release
from tandem.core.mapping import FieldMapping
from tandem.core.merge import UNKNOWN, Merged, Pair, merge_field
from tandem.core.records import Base, Edit, Side

CRM, BOOKS = Side.CRM, Side.BOOKS


def field(**given: Any) -> FieldMapping:
    """A two-way text field owned by CRM, unless said otherwise."""
    return FieldMapping.model_validate({"name": "notes", "crm": "Description", "books": "notes", **given})


def merged(
    crm: Any,
    books: Any,
    base: Any = None,
    /,
    *,
    held: Any = None,
    release: Any = None,
    **policy: Any,
) -> Merged:
    """The outcome for present values, what both sides showed at the last agreement, and a field's policies."""
    before = Base(*base) if isinstance(base, tuple) else base
    shown = {"crm": held[0], "books": held[1]} if held else None
    return merge_field(Pair(field(**policy), crm, books, before, shown), release)


def outcome(result: Merged) -> str:
    """The outcome in one word: held, crm or books (written), agreed, kept."""
    if result.hold:
        return "held"
    if result.to:
        return f"{result.to}={result.value}"
    return "kept" if result.base is None else "agreed"


TO_BOOKS_BACK: dict[str, Any] = {"direction": "to_books", "drift": "put_back"}
BACK_NEVER_BLANK: dict[str, Any] = {**TO_BOOKS_BACK, "never_blank": True}
KEPT_IN_CRM: dict[str, Any] = {"never_blank_crm": True}
BOOKS_OWNS_KEPT: dict[str, Any] = {**KEPT_IN_CRM, "owner": "books"}
TO_CRM_BACK: dict[str, Any] = {"direction": "to_crm", "drift": "put_back"}
TABLE: dict[str, tuple[Any, Any, tuple[Any, Any] | None, dict[str, Any], str]] = {
    # what it is                                  CRM      Books    base         policies                  outcome
    "unknown in CRM moves nothing":               (UNKNOWN, "b",    ("a", "a"), {},                        "kept"),
    "unknown in Books moves nothing":             ("b",    UNKNOWN, ("a", "a"), {},                        "kept"),
    "unknown on both moves nothing":              (UNKNOWN, UNKNOWN, None,      {},                        "kept"),
    "equal agrees":                               ("b",     "b",    ("a", "a"), {},                        "agreed"),
    "equal up to the converter agrees":           ("b ",    "b",    ("a", "a"), {},                        "agreed"),
    "both cleared agrees":                        (None,    None,   ("a", "a"), {},                        "agreed"),
    "unchanged stays":                            ("a",     "A",    ("a", "A"), {},                        "kept"),
    "changed in CRM goes to Books":               ("b",     "a",    ("a", "a"), {},                        "books=b"),
    "changed in Books goes to CRM":               ("a",     "b",    ("a", "a"), {},                        "crm=b"),
    "a clear in CRM goes to Books":               (None,    "a",    ("a", "a"), {},                       "books=None"),
    "a clear in Books goes to CRM":               ("a",     None,   ("a", "a"), {},                        "crm=None"),
    "a clear towards never_blank is adopted":     (None,    "a",    ("a", "a"), {"never_blank": True},     "agreed"),
    "never_blank does not stop a clear to CRM":   ("a",     None,   ("a", "a"), {"never_blank": True},     "crm=None"),
    "a clear towards never_blank_crm is adopted": ("a",     None,   ("a", "a"), KEPT_IN_CRM,               "agreed"),
    "never_blank_crm does not stop one to Books": (None,    "a",    ("a", "a"), KEPT_IN_CRM,              "books=None"),
    "Books owns a clear that CRM must not get":   ("b",     None,   ("a", "a"), BOOKS_OWNS_KEPT,           "books=b"),
    "a value is never kept for never_blank":      ("b",     "c",    ("a", "a"), {"never_blank": True},     "books=b"),
    "on_create fills a blank":                    ("b",     None,   ("a", None), {"written": "on_create"}, "books=b"),
    "on_create changes no value":                 ("b",     "a",    ("a", "a"), {"written": "on_create"},  "held"),
    "changed on both, CRM owns":                  ("b",     "c",    ("a", "a"), {},                        "books=b"),
    "changed on both, Books owns":                ("b",     "c",    ("a", "a"), {"owner": "books"},        "crm=c"),
    "changed on both, held":                      ("b",     "c",    ("a", "a"), {"conflict": "hold"},      "held"),
    "to_books never writes CRM":                  ("a",     "b",    ("a", "a"), {"direction": "to_books"}, "held"),
    "to_crm never writes Books":                  ("b",     "a",    ("a", "a"), {"direction": "to_crm"},   "held"),
    "to_books puts its value back":               ("a",     "b",    ("a", "a"), TO_BOOKS_BACK,             "books=a"),
    "to_crm puts its value back":                 ("b",     "a",    ("a", "a"), TO_CRM_BACK,               "crm=a"),
    "a put back clear is stopped too":            (None,    "b",    (None, "a"), BACK_NEVER_BLANK,         "agreed"),
    "to_books carries CRM":                       ("b",     "a",    ("a", "a"), {"direction": "to_books"}, "books=b"),
    "to_crm carries Books":                       ("a",     "b",    ("a", "a"), {"direction": "to_crm"},   "crm=b"),
    "both changed, to_books: its source wins":    ("b",     "c",    ("a", "a"), {"direction": "to_books"}, "books=b"),
    "both changed, to_crm: its source wins":      ("b",     "c",    ("a", "a"), {"direction": "to_crm"},   "crm=c"),
    "first link: equal agrees":                   ("a",     "a",    None,       {},                        "agreed"),
    "first link: both blank agrees":              (None,    "",     None,       {},                        "agreed"),
    "first link: blank CRM yields":               (None,    "b",    None,       {},                        "crm=b"),
    "first link: blank Books yields":             ("a",     None,   None,       {},                        "books=a"),
    "first link: blank CRM yields though owner":  (None,    "b",    None,       {"owner": "crm"},          "crm=b"),
    "first link: two values are held":            ("a",     "b",    None,       {},                        "held"),
    "first link: CRM wins where it says so":      ("a",     "b",    None,       {"first_link": "crm"},     "books=a"),
    "first link: Books wins where it says so":    ("a",     "b",    None,       {"first_link": "books"},   "crm=b"),
    "first link: one-way writes nothing back":    (None,    "b",    None,       {"direction": "to_books"}, "kept"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_truth_table_of_a_field(case: str) -> None:
    """The whole table on one screen; no row writes two sides."""
    crm, books, base, policy, expected = TABLE[case]
    assert outcome(merged(crm, books, base, **policy)) == expected


@pytest.mark.parametrize("kept", ["a &lt;b&gt;", " a <b> "])
def test_another_form_of_what_we_wrote_is_no_edit(kept: str) -> None:
    """A product may keep a text in a form of its own: the other side's next edit is then no conflict."""
    assert outcome(merged(kept, "b", ("a <b>", "a <b>"))) == "crm=b"
    assert outcome(merged("b", kept, ("a <b>", "a <b>"))) == "books=b"


def test_where_the_agreement_was_lost_a_blank_may_be_a_clear() -> None:
    """Whatever differs is held, whatever the field's policies for a first link."""
    for policy in ({}, {"first_link": "crm"}, {"direction": "to_books"}, {"crm_may": "fill_blank"}):
        for crm, books in (("a", None), (None, "b"), ("a", "b")):
            assert merge_field(Pair(field(**policy), crm, books, is_lost=True)).hold is not None
    assert outcome(merge_field(Pair(field(), "a", "a", is_lost=True))) == "agreed"


def test_the_reason_names_the_rule_and_every_value() -> None:
    """`tandem why` prints what was looked at and which rule decided."""
    reason = merged("b", "c", ("a", "A")).reason
    assert (reason.crm, reason.books, reason.base_crm, reason.base_books) == ("b", "c", "a", "A")
    assert (reason.rule, reason.sentence) == ("conflict: changed on both sides, crm owns notes", "")


def test_what_is_held_says_so_and_a_plain_change_needs_no_sentence() -> None:
    """`tandem why` prints the sentence of the hold itself, and nothing after a rule that says all."""
    held = merged("b", "c", ("a", "a"), conflict="hold")
    assert held.hold is not None
    assert (held.reason.rule, held.reason.sentence) == ("held", held.hold.sentence)
    assert [merged(*pair, ("a", "a")).reason.sentence for pair in (("b", "a"), ("b", "b"), ("a", "a"))] == [
        ""
    ] * 3


def test_a_write_advances_the_base_to_what_both_sides_will_show() -> None:
    """The base holds each side's own form of the agreed value."""
    assert merged("b", "a", ("a", "a")).base == Base("b", "b")
    phone: dict[str, Any] = {"converter": "phone", "args": {"region": "IN"}}
    assert merged("022 4444 5555", "1", ("1", "1"), **phone).base == Base("022 4444 5555", "022 4444 5555")


def test_a_hold_and_a_kept_field_keep_their_old_base() -> None:
    """A refused, held or unknown field is compared with the last agreement next time, not with the doubt."""
    assert merged("b", "c", ("a", "a"), conflict="hold").base is None
    assert merged(UNKNOWN, "c", ("a", "a")).base is None
    assert merged("a", "b", ("a", "a"), direction="to_books").base is None


def test_a_hold_shows_both_values_in_a_sentence() -> None:
    """A person decides by what is written there."""
    hold = merged("red", None, ("a", "a"), conflict="hold").hold
    assert hold is not None
    assert (hold.cause, hold.crm, hold.books) == ("conflict:notes", "red", None)
    assert hold.sentence == "notes differs: CRM has “red”, Books has nothing"
    hold = merged(None, "red", ("a", "a"), conflict="hold").hold
    assert hold is not None
    assert hold.sentence == "notes differs: CRM has nothing, Books has “red”"
    hold = merged(OURS, THEIRS, **TAX).hold
    assert hold is not None
    assert hold.sentence == "tax_identity differs: CRM has (Consumer, MH), Books has (consumer, KA)"


# --- lossy converters and trimming ledgers ----------------------------------------------------------


@pytest.mark.parametrize(
    ("crm", "books"),
    [("+91 22 4444 5555", "022-4444-5555"), ("022 44445555", "+912244445555")],
)
def test_a_lossy_form_of_the_agreed_value_is_no_edit(crm: str, books: str) -> None:
    """A phone spelt otherwise on the other side agrees, whatever the base says."""
    phone: dict[str, Any] = {"converter": "phone", "args": {"region": "IN"}}
    assert outcome(merged(crm, books, ("1", "1"), **phone)) == "agreed"
    assert outcome(merged(crm, books, (crm, books), **phone)) == "agreed"


def test_a_trimming_ledger_never_looks_like_an_edit() -> None:
    """Changed means: differs from what that side itself showed, so a shortened form moves nothing back."""
    assert outcome(merged("a long note", "a long", ("a long note", "a long"))) == "kept"
    assert outcome(merged("a newer note", "a long", ("a long note", "a long"))) == "books=a newer note"
    assert outcome(merged("a long note", "by hand", ("a long note", "a long"))) == "crm=by hand"


# --- blank laws (P13) -------------------------------------------------------------------------------


def test_the_next_value_from_either_side_travels_after_a_stopped_clear() -> None:
    """A stopped clear is adopted as what each side shows; it is neither repeated nor forgotten."""
    stopped = merged(None, "a", ("a", "a"), never_blank=True)
    assert stopped.base == Base(None, "a")
    assert "clear" in stopped.reason.rule
    assert outcome(merged(None, "a", stopped.base, never_blank=True)) == "kept"
    assert outcome(merged("b", "a", stopped.base, never_blank=True)) == "books=b"
    assert outcome(merged(None, "c", stopped.base, never_blank=True)) == "crm=c"


@pytest.mark.parametrize("zero", [0, False, "0"])
def test_zero_and_false_are_values_not_blanks(zero: object) -> None:
    """Zero travels like any value, also at the first link and towards never_blank."""
    assert merged(zero, None, None, never_blank=True).value == str(zero)
    assert outcome(merged(zero, "b", None)) == "held"


# --- holds ------------------------------------------------------------------------------------------


def test_a_first_link_hold_stays_while_nothing_moves() -> None:
    """What each side showed is kept, so that the doubt is not taken for an edit."""
    assert outcome(merged("a", "b", None, held=("a", "b"))) == "held"


@pytest.mark.parametrize(
    ("crm", "books", "expected"),
    [("c", "b", "books=c"), ("a", "c", "crm=c"), ("b", "b", "agreed"), ("c", "d", "books=c")],
)
def test_a_held_field_edited_afterwards_is_settled_like_any_change(
    crm: str, books: str, expected: str
) -> None:
    """An edit on one side alone settles it; on both the policy decides."""
    assert outcome(merged(crm, books, None, held=("a", "b"))) == expected


def test_an_edit_that_may_not_travel_settles_no_hold() -> None:
    """A one-way field edited on the side that is only written stays held: dropped, it would be a first link again."""
    one_way: dict[str, Any] = {"direction": "to_crm", "owner": "books"}
    assert outcome(merged(None, "b", None, held=("a", "b"), **one_way)) == "held"
    assert outcome(merged("a", "c", None, held=("a", "b"), **one_way)) == "crm=c"


def test_a_conversion_error_holds_and_keeps_the_old_base() -> None:
    """A value without a faithful form is never cut; a later one that fits travels."""
    policy: dict[str, Any] = {"converter": "text", "args": {"books_max": 3}}
    result = merged("four", "a", ("a", "a"), **policy)
    assert outcome(result) == "held"
    assert result.base is None
    assert result.hold is not None
    assert "3" in result.hold.sentence
    assert outcome(merged("six", "a", ("a", "a"), held=("four", "a"), **policy)) == "books=six"


@pytest.mark.parametrize(("take", "expected"), [(CRM, "books=a"), (BOOKS, "crm=b")])
def test_release_take_carries_the_chosen_side(take: Side, expected: str) -> None:
    """A person's word lets one side through, once."""
    word = Release(take, shown={"notes": {"crm": "a", "books": "b"}})
    result = merged("a", "b", None, held=("a", "b"), release=word)
    assert outcome(result) == expected
    assert result.reason.rule == f"a person took {take}"


@pytest.mark.parametrize(("crm", "books"), [("x", "b"), ("a", "x"), ("x", "y")])
def test_release_take_counts_only_while_the_shown_values_stand(crm: str, books: str) -> None:
    """The person chose between two values, not between sides."""
    word = Release(CRM, shown={"notes": {"crm": "a", "books": "b"}})
    result = merged(crm, books, None, held=("a", "b"), release=word)
    assert "person took" not in result.reason.rule


def test_release_take_concerns_only_the_fields_that_were_shown() -> None:
    """Another field of the same record keeps its own rule."""
    word = Release(BOOKS, shown={"website": {"crm": "a", "books": "b"}})
    assert outcome(merged("b", "a", ("a", "a"), release=word)) == "books=b"


def test_release_take_of_a_one_way_field_still_writes_nothing_backwards() -> None:
    """A person's word does not turn the direction round (P12): the difference is left, until the source changes."""
    word = Release(BOOKS, shown={"notes": {"crm": "a", "books": "b"}})
    for base in (None, ("a", "a")):
        left = merged("a", "b", base, held=("a", "b"), release=word, direction="to_books")
        assert (left.to, left.base) == (None, Base("a", "b"))
    assert outcome(merged("a", "b", ("a", "b"), direction="to_books")) == "kept"
    assert outcome(merged("c", "b", ("a", "b"), direction="to_books")) == "books=c"


def test_drift_of_a_one_way_field_is_reported_and_ends_with_it() -> None:
    """Held with both values; mended by hand, by the source's next value, or by a person's word."""
    hold = merged("a", "b", ("a", "a"), direction="to_books").hold
    assert hold is not None
    assert (hold.cause, hold.crm, hold.books) == ("drift:notes", "a", "b")
    assert hold.sentence.startswith("notes goes from crm to books only, and was edited there: notes differs")
    word = Release(CRM, shown={"notes": {"crm": "a", "books": "b"}})
    for crm, books, release, expected in (
        ("a", "a", None, "agreed"),
        ("c", "b", None, "books=c"),
        ("a", "b", word, "books=a"),
        ("a", "b", None, "held"),
    ):
        result = merged(crm, books, ("a", "a"), held=("a", "b"), release=release, direction="to_books")
        assert outcome(result) == expected


# --- the newest edit ----------------------------------------------------------------------------------

EARLY, LATE = (Edit("x", datetime(2026, 11, 23, 6, minute, tzinfo=UTC)) for minute in (0, 30))
NEWEST: dict[str, tuple[dict[Side, Edit], str, str, str]] = {
    # what it is           first seen                   owner    outcome    rule
    "CRM was last":        ({CRM: LATE, BOOKS: EARLY}, "books", "books=b", "crm changed notes last"),
    "Books was last":      ({CRM: EARLY, BOOKS: LATE}, "crm",   "crm=c",   "books changed notes last"),
    "the same second":     ({CRM: LATE, BOOKS: LATE},  "books", "crm=c",   "in the same second, books owns"),
    "CRM's time unknown":  ({BOOKS: LATE},             "crm",   "books=b", "the time of crm is not known"),
    "Books' time unknown": ({CRM: LATE},               "books", "crm=c",   "the time of books is not known"),
    "both unknown":        ({},                        "books", "crm=c",   "the time of crm and books is"),
}  # fmt: skip


@pytest.mark.parametrize("case", NEWEST)
def test_the_newest_edit_of_the_field_wins(case: str) -> None:
    """By the time at which each side's value was first seen; what is not known leaves it to the owner."""
    edits, owner, expected, rule = NEWEST[case]
    result = merge_field(Pair(field(conflict="newest", owner=owner), "b", "c", Base("a", "a"), None, edits))
    assert outcome(result) == expected
    assert rule in result.reason.rule
    assert (
        len(edits) < 2
        or result.reason.sentence
        == f"crm at {edits[CRM].at.isoformat()}, books at {edits[BOOKS].at.isoformat()}"
    )


def test_a_newest_clear_that_may_not_reach_books_gives_way() -> None:
    """The same rule as for an owner's clear."""
    pair = Pair(
        field(conflict="newest", never_blank=True), None, "c", Base("a", "a"), None, {CRM: LATE, BOOKS: EARLY}
    )
    assert outcome(merge_field(pair)) == "crm=c"


def test_a_conflict_taken_back_on_both_sides_is_no_longer_held() -> None:
    """Both show again what they last agreed on."""
    assert outcome(merged("a long", "a", ("a long", "a"), held=("b", "c"), conflict="hold")) == "kept"


# --- the tax identity: one value, owned by the ledger -----------------------------------------------

TAX: dict[str, Any] = {
    "name": "tax_identity",
    "converter": "tax_identity",
    "crm": {"number": "GSTIN", "treatment": "GST_Treatment", "place": "Place_of_Supply"},
    "books": {"number": "gst_no", "treatment": "gst_treatment", "place": "place_of_contact"},
    "args": {"scheme": "gstin", "treatments": {"Regular": "business_gst", "Consumer": "consumer"}},
}
NOBODY = {"number": None, "treatment": None, "place": None}
OURS = {"number": None, "treatment": "Consumer", "place": "MH"}
THEIRS = {"number": None, "treatment": "consumer", "place": "KA"}
SAME = {"number": None, "treatment": "consumer", "place": "MH"}


@pytest.mark.parametrize("base", [None, (NOBODY, NOBODY)])
def test_crm_fills_a_blank_tax_identity_in_books(base: Any) -> None:
    """The one thing that CRM may do to it."""
    result = merged(OURS, NOBODY, base, **TAX)
    assert (result.to, result.value) == (BOOKS, SAME)


def test_a_later_crm_change_of_the_tax_identity_is_held() -> None:
    """The next invoice rests on it, so Books keeps its own."""
    result = merged({**OURS, "place": "GJ"}, SAME, (OURS, SAME), **TAX)
    assert outcome(result) == "held"
    assert result.hold is not None
    assert result.hold.sentence == "tax_identity is owned by Books; CRM may only fill it while it is blank"
    again = merged({**OURS, "place": "TN"}, SAME, (OURS, SAME), held=({**OURS, "place": "GJ"}, SAME), **TAX)
    assert again.hold is not None
    assert again.hold.cause == result.hold.cause, "one case, however often it is edited"


def test_a_books_change_of_the_tax_identity_travels() -> None:
    """The ledger tells CRM."""
    assert merged(OURS, THEIRS, (OURS, SAME), **TAX).to is CRM


@pytest.mark.parametrize(
    ("crm", "books"), [({**OURS, "place": "GJ"}, THEIRS), (OURS, {**THEIRS, "place": "TN"})]
)
def test_only_a_person_settles_a_held_tax_identity(crm: Any, books: Any) -> None:
    """Unlike any other hold, an edit on one side alone does not."""
    assert outcome(merged(crm, books, None, held=(OURS, THEIRS), **TAX)) == "held"


def test_a_held_tax_identity_that_is_mended_in_crm_fills_what_is_blank_in_books() -> None:
    """It was held since it contradicted itself, and nothing stands in Books that it would replace."""
    half = {**OURS, "place": None}
    assert merged(OURS, NOBODY, (NOBODY, NOBODY), held=(half, NOBODY), **TAX).to is BOOKS
    assert merged(OURS, NOBODY, None, held=(half, NOBODY), **TAX).to is BOOKS


@pytest.mark.parametrize("take", [CRM, BOOKS])
def test_a_person_may_take_either_tax_identity(take: Side) -> None:
    """Also CRM's, over what Books has."""
    word = Release(take, shown={"tax_identity": {"crm": OURS, "books": THEIRS}})
    assert merged(OURS, THEIRS, None, held=(OURS, THEIRS), release=word, **TAX).to is take.other


def test_a_cleared_tax_identity_is_not_cleared_in_books() -> None:
    """never_blank is its default."""
    assert outcome(merged(NOBODY, SAME, (OURS, SAME), **TAX)) == "agreed"


# --- laws -------------------------------------------------------------------------------------------

values = st.sampled_from([None, "", "a", "b", "c", " a ", UNKNOWN])
native = st.sampled_from([None, "a", "b", "c"])
policies = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.sampled_from(["crm", "books"]),
        "conflict": st.sampled_from(["owner", "hold"]),
        "first_link": st.sampled_from(["hold", "crm", "books"]),
        "never_blank": st.booleans(),
        "never_blank_crm": st.booleans(),
        "crm_may": st.sampled_from(["edit", "fill_blank"]),
        "args": st.just({"books_max": 1, "crm_max": 1}),
    },
)
one_way = st.sampled_from(
    [{}, {"direction": "to_books", "owner": "crm"}, {"direction": "to_crm", "owner": "books"}]
)
bases = st.none() | st.tuples(native, native)
helds = st.none() | st.tuples(native, native)


def apply(result: Merged, crm: Any, books: Any, base: Any) -> tuple[Any, Any, Any]:
    """Both sides and the base after the write was made and seen."""
    crm, books = (result.value if result.to is side else own for side, own in ((CRM, crm), (BOOKS, books)))
    after = (result.base.crm, result.base.books) if result.base else base
    return crm, books, after


@given(values, values, bases, helds, policies, one_way)
def test_a_second_merge_is_quiet(crm: Any, books: Any, base: Any, held: Any, policy: Any, way: Any) -> None:
    """P2: once the write was made and the base has moved, nothing is written and the base rests."""
    policy = {**policy, **way}
    first = merged(crm, books, base, held=held, **policy)
    crm, books, base = apply(first, crm, books, base)
    still = (crm, books) if first.hold else None
    second = merged(crm, books, base, held=still, **policy)
    assert second.to is None
    assert bool(second.hold) == bool(first.hold)
    assert apply(second, crm, books, base)[2] in (base, (crm, books))


@given(values, values, bases, helds, policies, one_way)
def test_the_same_input_gives_the_same_outcome(
    crm: Any, books: Any, base: Any, held: Any, policy: Any, way: Any
) -> None:
    """P3: nothing but the arguments is looked at."""
    policy = {**policy, **way}
    assert merged(crm, books, base, held=held, **policy) == merged(crm, books, base, held=held, **policy)


@given(values, values, bases, helds, policies, one_way)
def test_one_way_fields_are_never_written_backwards(
    crm: Any, books: Any, base: Any, held: Any, policy: Any, way: Any
) -> None:
    """P12: whatever changed, and whatever a person says."""
    word = Release(CRM, shown={"notes": {"crm": crm, "books": books}})
    other = Release(BOOKS, shown=word.shown)
    allowed = {"to_books": BOOKS, "to_crm": CRM}.get(way.get("direction"))
    for release in (None, word, other):
        result = merged(crm, books, base, held=held, release=release, **{**policy, **way})
        assert allowed is None or result.to in (None, allowed)


@given(values, values, bases, helds, policies, one_way)
def test_blank_laws(crm: Any, books: Any, base: Any, held: Any, policy: Any, way: Any) -> None:
    """P13: unknown moves nothing; a blank is sent to a side only where it may be, and never for an unknown."""
    result = merged(crm, books, base, held=held, **{**policy, **way})
    if UNKNOWN in (crm, books):
        assert outcome(result) == "kept"
    if policy.get("never_blank") and result.to is BOOKS:
        assert result.value is not None
    if policy.get("never_blank_crm") and result.to is CRM:
        assert result.value is not None
    if result.to is not None and result.value is None:
        assert base is not None or held is not None, "nothing is cleared at a first link"


@given(native, native, policies)
def test_a_value_overwritten_was_read(crm: Any, books: Any, policy: Any) -> None:
    """P6 at a first link: two different values are overwritten only where the mapping names the winner."""
    result = merged(crm, books, None, **policy)
    if crm and books and crm != books and policy.get("first_link", "hold") == "hold":
        assert outcome(result) == "held"
