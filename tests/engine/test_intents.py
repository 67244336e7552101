"""Open intents: what a write is for, stored before it is made, and read back whole (design, section 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import ConditionFailedError
from tandem.core.records import Base, Record, RecordKey, Side
from tandem.engine.desk import Store
from tandem.engine.intents import Intent, Intents, before_of, newcomers, settle_time

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

ids = st.text("0123456789", min_size=1, max_size=4)
words = st.text("abc ", max_size=4)
moments = st.datetimes(timezones=st.just(UTC))
values = st.dictionaries(
    words.filter(bool), st.none() | words | st.booleans() | st.integers(0, 9), max_size=3
)
intents = st.builds(
    Intent,
    id=words.filter(bool),
    connection=st.just("main"),
    kind=st.sampled_from(["update", "create", "deactivate", "reactivate"]),
    entity=st.just("customer"),
    side=st.sampled_from(Side),
    source=st.builds(RecordKey, st.just("main"), st.sampled_from(Side), st.just("customer"), ids),
    target=st.none() | ids,
    parent=st.none() | ids,
    link=words,
    before=values,
    after=values,
    reasons=st.dictionaries(words, words, max_size=2),
    cause=words,
    run=words,
    at=moments,
    settle_after=moments,
    base=st.dictionaries(words, st.builds(Base, st.none() | words, st.none() | words), max_size=2),
    parent_link=st.none() | words,
    mapping_version=words,
    editors=st.dictionaries(st.sampled_from(["crm", "books"]), words, max_size=2),
    version=st.none() | moments,
    has_happened=st.booleans(),
)


UPDATE = Intent(
    id="1", connection="main", kind="update", entity="customer", side=Side.BOOKS,
    source=RecordKey("main", Side.CRM, "customer", "1"), target="7", parent=None, link="l1",
    before={}, after={}, reasons={}, cause="", run="", at=NOW, settle_after=NOW,
)  # fmt: skip


@given(intents)
def test_an_intent_is_read_back_as_it_was_stored(planned: Intent) -> None:
    """Whoever settles it knows all that the writer knew."""
    stored = Intents(MemoryTable())
    stored.open(planned)
    assert stored.all_open("main") == [planned]


@given(intents, moments)
def test_a_postponed_intent_is_the_same_but_for_its_time(planned: Intent, until: datetime) -> None:
    """And a closed one is gone."""
    stored = Intents(MemoryTable())
    stored.open(planned)
    stored.postpone(planned, until)
    [later] = stored.all_open("main")
    assert later.settle_after == until
    assert (later.id, later.after, later.base) == (planned.id, planned.after, planned.base)
    stored.close(planned)
    assert stored.all_open("main") == []


def test_what_is_known_of_a_write_is_kept_and_wakes_no_intent_that_was_settled() -> None:
    """A writer that stood still hears its answer after another has settled the write."""
    stored = Intents(MemoryTable())
    stored.open(UPDATE)
    stored.happened(UPDATE, "8")
    assert stored.all_open(UPDATE.connection) == [replace(UPDATE, target="8", has_happened=True)]
    stored.close(UPDATE)
    stored.happened(UPDATE, "8")
    assert stored.all_open(UPDATE.connection) == []


def test_no_intent_is_stored_over_another() -> None:
    """Its id is the id of a history entry."""
    stored = Intents(MemoryTable())
    stored.open(UPDATE)
    with pytest.raises(ConditionFailedError):
        stored.open(replace(UPDATE, target="8"))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3)), unique=True, max_size=9))
def test_ids_are_unique_and_sort_by_time_then_fence(moments: list[tuple[int, int]]) -> None:
    """So that the oldest is settled first, whoever stored it; within one second by their number."""
    stored = Intents(MemoryTable())
    made = [
        (seconds, fence, stored.next_id(NOW + timedelta(seconds=seconds), fence))
        for seconds, fence in moments
    ]
    assert [id for *_, id in sorted(made)] == sorted(id for *_, id in made)
    twins = [stored.next_id(NOW, 1) for _ in range(11)]
    assert twins == sorted(set(twins))


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({}, {"main/books/customer/7"}),
        ({"kind": "create", "target": None}, set()),
        ({"kind": "create", "target": None, "parent": "5"}, {newcomers("main", Side.BOOKS, "customer", "5")}),
        ({"parent": "5"}, {"main/books/customer/7"}),
    ],
)
def test_an_intent_blocks_its_source_its_link_its_target_and_where_it_creates(
    given: Any, more: set[str]
) -> None:
    """Any unlinked record under the parent of an unanswered create may be what it made."""
    assert replace(UPDATE, **given).blocks() == {"main/crm/customer/1", "l1", *more}


def test_two_parents_and_two_sides_have_places_of_their_own() -> None:
    """What waits under one customer stops nothing under another."""
    places = [newcomers("main", side, "contact_person", parent) for side in Side for parent in ("1", "2")]
    assert len(set(places)) == len(places)


def test_a_create_is_looked_up_later_than_any_other_write() -> None:
    """A list may lag behind it; each by its own setting."""
    for kind, seconds in (("create", 120), ("update", 60), ("deactivate", 60), ("reactivate", 60)):
        at = settle_time(kind, NOW, create_seconds=120, write_seconds=60)  # type: ignore[arg-type]
        assert at == NOW + timedelta(seconds=seconds)


def test_what_a_write_replaces_is_what_its_target_showed() -> None:
    """Of the written fields alone; what was not read is not known; a create replaces nothing."""
    shown = Record(Side.BOOKS, "customer", "7", {"name": "Acme", "notes": "n"})
    assert before_of(shown, {"name": "Acme Ltd", "website": "a.in"}) == {"name": "Acme", "website": None}
    assert before_of(None, {"name": "Acme"}) == {}


def test_an_intent_blocks_its_record_under_whatever_entity_a_row_names_it() -> None:
    """A Contact is hinted as a person, and may be a customer of its own."""
    table = MemoryTable()
    store = Store.over(table, MemoryTable(), MemoryAlerts(), ManualClock(datetime(2026, 11, 29, tzinfo=UTC)))
    places = {"main/crm/individual/1"}
    assert store.is_blocked(RecordKey("main", Side.CRM, "contact_person", "1"), places)
    assert not store.is_blocked(RecordKey("main", Side.CRM, "contact_person", "2"), places)
    assert not store.is_blocked(RecordKey("main", Side.BOOKS, "customer", "1"), places)
