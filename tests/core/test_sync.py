"""The quick way through a pair: what rests is left unmerged, and nothing about the outcome tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tandem.core import sync as quick
from tandem.core.actions import Release, Sync
from tandem.core.mapping import preset
from tandem.core.merge import UNKNOWN, Pair, merge_field
from tandem.core.records import Base, Record, Side

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
