"""The quick way through a pair: what rests is left unmerged, and nothing about the outcome tells it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tandem.core import sync as quick
from tandem.core.actions import Release, Sync
from tandem.core.decide import Situation, decide
from tandem.core.mapping import load_mapping, preset
from tandem.core.merge import UNKNOWN, Pair, merge_field
from tandem.core.records import Base, Edit, Link, Record, Side

CUSTOMER = preset("india").entities["customer"]
HOME = {
    "street": "1 Marine Drive",
    "city": "Mumbai",
    "state": "Maharashtra",
    "zip": "400001",
    "country": "India",
}
THERE = {**HOME, "address": HOME["street"], "street2": None}
del THERE["street"]

text = st.sampled_from([None, "", "a", "b", " a "])
of_crm = st.fixed_dictionaries(
    {},
    optional={
        "name": text,
        "website": text,
        "notes": text,
        "billing_address": st.sampled_from([HOME, {**HOME, "zip": "1"}]),
    },
)
of_books = st.fixed_dictionaries(
    {},
    optional={
        "name": text,
        "website": text,
        "notes": text,
        "billing_address": st.sampled_from([THERE, {**THERE, "zip": "1"}]),
    },
)
agreed = st.dictionaries(st.sampled_from(["name", "website", "notes", "left"]), st.builds(Base, text, text))
helds = st.dictionaries(
    st.sampled_from(["name", "notes"]), st.fixed_dictionaries({"crm": text, "books": text}), max_size=1
)
releases = st.none() | st.builds(Release, st.none() | st.sampled_from(Side), shown=helds)


def full_way(
    crm: Record, books: Record, base: Mapping[str, Base], held: Any, release: Release | None
) -> Sync:
    """Every field merged, whatever it shows."""
    writes: dict[Side, dict[str, Any]] = {Side.CRM: {}, Side.BOOKS: {}}
    after, reasons, holds = dict(base), [], []
    for mapped in CUSTOMER.fields:
        name = mapped.name
        shown = crm.values.get(name, UNKNOWN), books.values.get(name, UNKNOWN)
        merged = merge_field(Pair(mapped, *shown, base.get(name), held.get(name)), release)
        reasons.append(merged.reason)
        holds += [merged.hold] if merged.hold else []
        if merged.to is not None:
            writes[merged.to][name] = merged.value
        if merged.base is not None:
            after[name] = merged.base
    return Sync(writes, after, tuple(reasons), tuple(holds))


def pair(ours: Any, theirs: Any) -> tuple[Record, Record]:
    """Both records of a pair."""
    return Record(Side.CRM, "customer", "1", ours), Record(Side.BOOKS, "customer", "7", theirs)


@given(of_crm, of_books, agreed, helds, releases)
@example({"name": "a", "website": None}, {"name": "b", "website": ""}, {"name": Base("a", "b")}, {}, None)
def test_the_quick_way_is_the_full_way(ours: Any, theirs: Any, base: Any, held: Any, release: Any) -> None:
    """Writes, base, holds and every reason are the same, in the same order."""
    crm, books = pair(ours, theirs)
    assert quick.sync(CUSTOMER, crm, books, base, held, release) == full_way(crm, books, base, held, release)


@given(of_crm, of_books, st.sets(st.sampled_from(CUSTOMER.names)))
def test_a_pair_as_agreed_is_left_with_the_reasons_of_the_full_way(
    ours: Any, theirs: Any, edited: Any
) -> None:
    """Most pairs: every field known and as it was, or some of them edited."""
    blank = dict.fromkeys(CUSTOMER.names)
    crm, books = pair({**blank, **ours}, {**blank, **theirs})
    base = {
        name: Base("before" if name in edited else crm.values[name], books.values[name])
        for name in CUSTOMER.names
    }
    result = quick.sync(CUSTOMER, crm, books, base, {})
    assert result == full_way(crm, books, base, {}, None)
    assert edited or (result.is_quiet and not result.holds and result.base == base)


def test_a_pair_that_rests_is_explained_only_when_somebody_asks() -> None:
    """That is what makes it quick; the explanation is then worked out once."""
    shown = dict.fromkeys(CUSTOMER.names)
    result = quick.sync(CUSTOMER, *pair(shown, shown), {name: Base(None, None) for name in shown}, {})
    assert result.reasons._found is None  # type: ignore[attr-defined]
    assert [reason.field for reason in result.reasons] == list(CUSTOMER.names)
    assert {reason.rule for reason in result.reasons[1:]} == {"equal"}
    assert len(result.reasons) == len(shown)
    assert "equal" in repr(result.reasons)


# --- when an edit was first seen --------------------------------------------------------------------

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NEWEST = load_mapping(
    "entities: {customer: {crm_module: Accounts, crm_stamp: S, fields: {"
    "name: {crm: Account_Name, books: contact_name}, notes: {crm: Description, books: notes, conflict: newest}}}}"
).entities["customer"]


def seen(
    notes: Any, *, at: datetime, base: str = "a", edits: Any = None, held: Any = None, after: int = 2
) -> Any:
    """What is remembered of the notes when CRM shows them at `at`, read `after` seconds later."""
    crm = Record(Side.CRM, "customer", "1", {"notes": notes} if notes is not UNKNOWN else {}, version=at)
    books = Record(Side.BOOKS, "customer", "7", {"notes": "a"}, version=NOON)
    known = Link(
        "main", "l", "customer", "1", "7", base={"notes": Base(base, "a")}, edits=edits or {}, held=held or {}
    )
    return quick.edits_of(NEWEST, known, crm, books, at + timedelta(seconds=after)).get("notes", {})


def test_an_edit_is_timed_by_its_first_settled_observation() -> None:
    """A later change of another field moves the record's time, not the edit's; a further edit of this one does."""
    first = seen("b", at=NOON)
    assert first == {Side.CRM: Edit("b", NOON)}
    later = NOON + timedelta(hours=1)
    assert seen("b", at=later, edits={"notes": first}) == first
    assert seen("c", at=later, edits={"notes": first}) == {Side.CRM: Edit("c", later)}
    assert seen(UNKNOWN, at=later, edits={"notes": first}) == first


def test_what_is_not_settled_or_not_changed_has_no_time() -> None:
    """Within the second of the version another edit may follow; an agreed value is nobody's edit."""
    assert seen("b", at=NOON, after=1) == {}
    assert seen("a", at=NOON, edits={"notes": {Side.CRM: Edit("b", NOON)}}) == {}
    assert seen(None, at=NOON, base="") == {}


def test_the_newest_edit_settles_a_pair_by_what_the_link_remembers() -> None:
    """`decide` hands the times to the merge and back to the link."""
    link = Link(
        "main", "l", "customer", "1", "7", base={"name": Base("A", "A"), "notes": Base("a", "a")},
        edits={"notes": {Side.CRM: Edit("b", NOON - timedelta(hours=1))}},
    )  # fmt: skip
    crm = Record(Side.CRM, "customer", "1", {"name": "A", "notes": "b"}, version=NOON + timedelta(minutes=1))
    books = Record(Side.BOOKS, "customer", "7", {"name": "A", "notes": "c"}, version=NOON)
    action = decide(Situation(Side.CRM, link, crm, books), NEWEST, timedelta(), NOON + timedelta(minutes=5))
    assert isinstance(action, Sync)
    assert action.writes == {Side.CRM: {"notes": "c"}, Side.BOOKS: {}}
    assert action.edits == {"notes": {Side.CRM: link.edits["notes"][Side.CRM], Side.BOOKS: Edit("c", NOON)}}


def test_a_linked_record_that_leaves_the_scope_goes_on_syncing() -> None:
    """Scope is about creating: an Account that is no longer a Customer keeps its customer in step."""
    link = Link("main", "l", "customer", "1", "7", base={"name": Base("A", "A")})
    crm = Record(Side.CRM, "customer", "1", {"name": "B"}, scope={"Account_Type": "Prospect"})
    books = Record(Side.BOOKS, "customer", "7", {"name": "A"})
    action = decide(Situation(Side.CRM, link, crm, books), CUSTOMER, timedelta(), NOON)
    assert isinstance(action, Sync)
    assert action.writes[Side.BOOKS] == {"name": "B"}
