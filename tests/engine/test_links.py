"""Links and reservations: one-to-one, always (P9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import ConditionFailedError
from tandem.core.records import Base, Edit, Link, LinkState, RecordKey, Seen, Side, Wrote
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


words = st.text("abc", max_size=3)
natives = (
    st.none() | words | st.booleans() | st.just(Decimal("1.50")) | st.dictionaries(words, words, max_size=2)
)
moments = st.datetimes(timezones=st.just(UTC))


def by_name(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Something for each of a few fields."""
    return st.dictionaries(words, inner, max_size=2)


seen = st.none() | st.builds(
    Seen,
    by_name(natives),
    st.none() | moments,
    settled=st.just(False),
    active=st.booleans(),
    settled_fields=st.frozensets(words, max_size=2),
    addresses=by_name(by_name(words)),
)
wrote = st.builds(Wrote, moments, st.sampled_from(Side), words, st.booleans())
linked = st.builds(
    Link,
    connection=st.just("main"),
    id=st.just("a1"),
    entity=st.just("customer"),
    crm_id=st.just("1"),
    books_id=st.just("7"),
    parent=st.none() | words,
    state=st.sampled_from(LinkState),
    base=by_name(st.builds(Base, natives, natives)),
    seen_crm=seen,
    seen_books=seen | st.builds(Seen, by_name(natives), moments, settled=st.just(True)),
    held=by_name(st.dictionaries(st.sampled_from(["crm", "books"]), natives)),
    edits=by_name(st.dictionaries(st.sampled_from(Side), st.builds(Edit, natives, moments))),
    mapping_version=words,
    reason=words,
    persons=st.lists(words, max_size=2).map(tuple),
    in_scope=st.booleans(),
    stamp_taken=st.booleans(),
    wrote=by_name(st.lists(wrote, max_size=2).map(tuple)),
)


@given(linked)
def test_a_link_is_read_back_as_it_was_stored(rich: Link) -> None:
    """Base, what was seen with its version, holds, edits, persons, our own writes, decimals and sets."""
    links = Links(MemoryTable())
    stored = links.create(rich, 1)
    assert links.get("main", "a1") == stored == replace(rich, seq=1, fence=1)


@given(linked)
def test_a_link_out_of_another_table_is_the_pair_alone(rich: Link) -> None:
    """Nothing that it agreed on or has seen is known; who its records, its customer and its persons are, is."""
    table, other = MemoryTable(), MemoryTable()
    Links(table).create(rich, 1)
    other.put_many(table.rows())
    blank: dict[str, Any] = {"base": {}, "held": {}, "edits": {}, "seen_crm": None, "seen_books": None}
    assert Links(other).get("main", "a1") == replace(rich, seq=1, fence=1, trusted=False, **blank)


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


# --- links that go on with other records ------------------------------------------------------------


def test_a_survivor_takes_over_the_link_and_the_loser_stays_reserved(links: Links) -> None:
    """The link keeps its id, so its persons and its history stay with it."""
    stored = links.create(link(), 1)
    moved = links.relink(stored, Side.CRM, "2", tombstone(), 2)
    assert links.of(key(Side.CRM, "2")) == links.of(key(Side.BOOKS, "7")) == moved
    assert (moved.id, moved.crm_id, moved.seq) == ("a1", "2", 2)
    left = links.of(key(Side.CRM, "1"))
    assert left is not None
    assert (left.id, left.state) == ("t9", LinkState.TOMBSTONE)


def tombstone() -> Link:
    """What keeps a merged record reserved."""
    return replace(link("t9"), state=LinkState.TOMBSTONE, reason="merged")


def test_a_survivor_that_was_linked_meanwhile_takes_over_nothing(links: Links, table: MemoryTable) -> None:
    """All or nothing (P9); so does a link that moved since it was read."""
    stored = links.create(link(), 1)
    links.create(link("b2", "2", "8"), 1)
    before = table.rows()
    for stale in (stored, replace(stored, seq=0)):
        with pytest.raises(ConditionFailedError):
            links.relink(stale, Side.CRM, "2" if stale is stored else "3", tombstone(), 2)
    assert table.rows() == before


def test_a_parted_record_is_free_and_the_other_one_is_not(links: Links) -> None:
    """The Contact may be linked anew, the person that stayed in Books may not."""
    stored = links.create(link(), 1)
    links.part(replace(stored, reason="moved"), Side.CRM, 2)
    assert links.of(key(Side.CRM, "1")) is None
    left = links.of(key(Side.BOOKS, "7"))
    assert left is not None
    assert (left.state, left.reason) == (LinkState.TOMBSTONE, "moved")
    again = links.create(link("b2", "1", "8"), 2)
    for wrong in (links.revive, lambda link, fence: links.part(link, Side.CRM, fence)):
        with pytest.raises(ConditionFailedError):
            wrong(left, 2)
    assert links.of(key(Side.CRM, "1")) == again
    links.part(replace(again, reason="moved"), Side.CRM, 2)
    revived = links.revive(left, 2)
    assert links.of(key(Side.CRM, "1")) == links.of(key(Side.BOOKS, "7")) == revived
    assert revived.state is LinkState.LIVE


COMMITS: dict[str, Callable[[Links, Link, int], object]] = {
    "move": lambda links, link, fence: links.move(link, fence),
    "relink": lambda links, link, fence: links.relink(link, Side.CRM, "2", tombstone(), fence),
    "part": lambda links, link, fence: links.part(link, Side.CRM, fence),
    "revive": lambda links, link, fence: links.revive(link, fence),
}


@pytest.mark.parametrize("what", COMMITS)
def test_every_commit_needs_the_seq_as_read_and_no_higher_fence(
    links: Links, table: MemoryTable, what: str
) -> None:
    """A refused one changes nothing; one that is made raises the seq by one and leaves its own fence."""
    commit, first = COMMITS[what], links.create(link(), 1)
    read = links.move(first, 5)
    before = table.rows()
    for stale, fence in ((first, 5), (read, 4)):
        with pytest.raises(ConditionFailedError):
            commit(links, stale, fence)
    assert table.rows() == before
    commit(links, read, 6)
    now = links.get("main", "a1")
    assert now is not None
    assert (now.seq, now.fence) == (read.seq + 1, 6)


def test_a_person_links_over_what_has_ended_and_over_nothing_that_lives(
    links: Links, table: MemoryTable
) -> None:
    """Both reservations and the ended links are as they were read, or nothing happens."""
    first = links.move(replace(links.create(link(), 1), state=LinkState.TOMBSTONE), 1)
    other = links.create(link("b2", "2", "8"), 1)
    before = table.rows()
    for former in ({}, {Side.CRM: first, Side.BOOKS: other}, {Side.CRM: replace(first, seq=1)}):
        with pytest.raises(ConditionFailedError):
            links.link_over(link("c3", "1", "8"), former)
    assert table.rows() == before
    ended = links.move(replace(other, state=LinkState.TOMBSTONE), 1)
    made = links.link_over(link("c3", "1", "8"), {Side.CRM: first, Side.BOOKS: ended})
    assert links.of(key(Side.CRM, "1")) == links.of(key(Side.BOOKS, "8")) == made
    again = links.of(key(Side.BOOKS, "7"))
    assert again is not None
    assert again.state is LinkState.TOMBSTONE


def test_the_same_two_linked_again_keep_their_link(links: Links) -> None:
    """And with it their history."""
    ended = links.move(replace(links.create(link(), 1), state=LinkState.TOMBSTONE), 1)
    alive = replace(ended, state=LinkState.LIVE)
    made = links.link_over(alive, {Side.CRM: ended, Side.BOOKS: ended})
    assert (made.id, made.seq) == (ended.id, ended.seq + 1)
    assert links.of(key(Side.CRM, "1")) == made


def test_a_link_of_another_table_is_a_pair_without_agreement(links: Links, table: MemoryTable) -> None:
    """Its first commit in this table makes it one of this table."""
    agreed = replace(link(), base={"name": Base("A", "A")}, seen_crm=Seen({"name": "A"}))
    links.create(agreed, 1)
    copy = MemoryTable()
    copy.put_many(table.rows())
    restored = Links(copy)
    found = restored.of(key(Side.CRM, "1"))
    assert found is not None
    assert (found.trusted, found.base, found.seen_crm) == (False, {}, None)
    restored.move(found, 1)
    still = restored.get("main", "a1")
    assert still is not None
    assert not still.trusted
    restored.move(replace(still, trusted=True, base=agreed.base), 1)
    again = restored.get("main", "a1")
    assert again is not None
    assert (again.trusted, again.base) == (True, agreed.base)
