"""Links and reservations: one-to-one, always (P9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import ConditionFailedError
from tandem.core.records import Base, Link, LinkState, RecordKey, Seen, Side
from tandem.engine.desk import Store
from tandem.engine.links import Links, new_link_id

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def link(id: str = "a1", crm: str = "1", books: str = "7") -> Link:
    """A customer's link, not stored yet."""
    return Link("main", id, "customer", crm, books, mapping_version="m1")


def key(side: Side, id: str) -> RecordKey:
    """A customer's key."""
    return RecordKey("main", side, "customer", id)


@pytest.fixture
def links(store: Store) -> Links:
    """The link rows."""
    return store.links


def test_a_link_is_found_from_both_sides(links: Links) -> None:
    """Through its two reservations."""
    stored = links.create(link(), 1)
    assert links.of(key(Side.CRM, "1")) == links.of(key(Side.BOOKS, "7")) == stored
    assert (stored.seq, stored.fence) == (1, 1)
    assert links.of(key(Side.CRM, "7")) is None


@pytest.mark.parametrize(("crm", "books"), [("1", "8"), ("2", "7"), ("1", "7")])
def test_a_reserved_record_enters_no_second_link(
    links: Links, table: MemoryTable, crm: str, books: str
) -> None:
    """All or nothing: the free record of the pair is not reserved either."""
    links.create(link(), 1)
    before = table.rows()
    with pytest.raises(ConditionFailedError):
        links.create(link("b2", crm, books), 2)
    assert table.rows() == before


def test_a_tombstone_keeps_its_reservations(links: Links) -> None:
    """What ended is not matched or created again until a person links it (P7)."""
    stored = links.create(link(), 1)
    links.move(replace(stored, state=LinkState.TOMBSTONE), 1)
    assert links.is_reserved("main", Side.CRM, ["1", "2"]) == {"1"}
    with pytest.raises(ConditionFailedError):
        links.create(link("b2", "1", "8"), 2)


def test_records_left_out_share_one_tombstone(links: Links) -> None:
    """Any number of them, a second time changes nothing, and a record that is linked stays so."""
    taken = links.create(link(), 1)
    tombstone = link("t1", "5", "0")
    tombstone = replace(tombstone, state=LinkState.TOMBSTONE, reason="left out")
    keys = [key(Side.CRM, "5"), key(Side.CRM, "6"), key(Side.BOOKS, "7")]
    links.leave_out(tombstone, keys)
    links.leave_out(replace(tombstone, reason="again"), [*keys, key(Side.CRM, "8")])
    for id in ("5", "6", "8"):
        found = links.of(key(Side.CRM, id))
        assert found is not None
        assert (found.id, found.state, found.reason) == ("t1", LinkState.TOMBSTONE, "left out")
    assert links.of(key(Side.BOOKS, "7")) == taken


def test_a_link_moves_on_the_seq_that_was_read(links: Links) -> None:
    """Two commits on one read: the second is refused."""
    stored = links.create(link(), 1)
    moved = links.move(stored, 1)
    assert moved.seq == 2
    with pytest.raises(ConditionFailedError):
        links.move(stored, 1)


def test_a_link_does_not_move_under_a_higher_fence(links: Links) -> None:
    """A writer that outlived its lease comes too late, even with the seq as it stands."""
    newer = links.move(links.create(link(), 1), 5)
    with pytest.raises(ConditionFailedError):
        links.move(newer, 4)
    assert links.move(newer, 5).seq == newer.seq + 1


def test_a_link_is_read_back_as_it_was_stored(links: Links) -> None:
    """Base, what was seen with its version, holds, persons, decimals and sets."""
    seen = Seen({"name": "A", "limit": Decimal("1.50"), "none": None}, NOW, settled=True, active=False)
    rich = replace(
        link(),
        parent="p",
        base={"name": Base("A", "a"), "billing_address": Base({"city": "Pune"}, {"city": None})},
        seen_crm=seen,
        seen_books=Seen({}, None),
        held={"website": {"crm": "x", "books": None}},
        reason="linked",
        persons=("9", "10"),
    )
    stored = links.create(rich, 1)
    assert links.get("main", "a1") == stored == replace(rich, seq=1, fence=1)


def test_settling_a_version_moves_nothing_else(links: Links) -> None:
    """Reconcile writes no base and no content; it loses against any commit."""
    old = links.create(replace(link(), seen_books=Seen({"name": "A"}, NOW)), 1)
    links.settle(old, Side.BOOKS, ["name"])
    now = links.get("main", "a1")
    assert now is not None
    assert now.seen_books == Seen({"name": "A"}, NOW, settled=True)
    assert (now.seq, now.fence, now.base) == (old.seq, old.fence, old.base)
    moved = links.move(replace(now, seen_books=Seen({"name": "B"}, NOW)), 2)
    links.settle(old, Side.BOOKS, ["name"])
    assert links.get("main", "a1") == moved


def test_a_list_settles_only_what_it_shows(links: Links) -> None:
    """The rest of the version counts only after a read of its own."""
    old = links.create(replace(link(), seen_books=Seen({"name": "A", "notes": "n"}, NOW)), 1)
    links.settle(old, Side.BOOKS, ["name"])
    now = links.get("main", "a1")
    assert now is not None
    assert now.seen_books is not None
    assert not now.seen_books.settled
    assert now.seen_books.is_settled_for(["name"])
    assert not now.seen_books.is_settled_for(["name", "notes"])


def test_settling_one_side_leaves_the_other_settled(links: Links) -> None:
    """Both feeds may settle what was read once: neither takes back the other's mark."""
    seen = Seen({"name": "A"}, NOW)
    old = links.create(replace(link(), seen_crm=seen, seen_books=seen), 1)
    links.settle(old, Side.CRM, ["name"])
    links.settle(old, Side.BOOKS, ["name"])
    now = links.get("main", "a1")
    assert now is not None
    assert [now.seen_crm, now.seen_books] == [replace(seen, settled=True)] * 2


def test_links_are_listed_by_entity_and_state(links: Links) -> None:
    """Over all shards."""
    for number in range(20):
        id = new_link_id("main", Side.CRM, str(number), NOW)
        links.create(link(id, f"c{number}", f"b{number}"), 1)
    found = links.ids("main", "customer", LinkState.LIVE)
    assert len(set(found)) == 20
    first = links.get("main", found[0])
    assert first is not None
    links.move(replace(first, state=LinkState.TOMBSTONE), 1)
    assert links.ids("main", "customer", LinkState.TOMBSTONE) == [first.id]
    assert len(links.ids("main", "customer", LinkState.LIVE)) == 19
    assert links.ids("main", "contact_person", LinkState.LIVE) == []


pairs = st.lists(st.tuples(st.sampled_from("1234"), st.sampled_from("789")), min_size=1, max_size=12)


@given(pairs)
def test_whatever_is_linked_in_whatever_order_stays_one_to_one(wanted: list[tuple[str, str]]) -> None:
    """P9 as a property: the reservations and the links tell the same story."""
    links = Links(MemoryTable())
    made: list[tuple[str, str]] = []
    for number, (crm, books) in enumerate(wanted):
        free = all(crm != c and books != b for c, b in made)
        try:
            links.create(link(f"l{number}", crm, books), number)
        except ConditionFailedError:
            assert not free
        else:
            assert free
            made.append((crm, books))
    for crm, books in made:
        found = links.of(key(Side.CRM, crm))
        assert found is not None
        assert (found.crm_id, found.books_id) == (crm, books)
