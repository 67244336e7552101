"""Cursors: compare-and-set, never ahead of data (P23)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tandem.core.mapping import preset
from tandem.core.records import Side
from tandem.engine.cursors import Cursor, Cursors, listings
from tandem.engine.desk import Store

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def cursors(store: Store) -> Cursors:
    """The cursor rows."""
    return store.cursors


def test_a_feed_never_read_has_an_empty_cursor(cursors: Cursors) -> None:
    """So it is listed from its beginning."""
    assert cursors.read("main", "crm#customer") == Cursor("crm#customer")


def test_a_cursor_is_read_back_as_moved(cursors: Cursors) -> None:
    """Mark, place within a listing, rising mark, due."""
    cursor = Cursor("crm#customer", NOW, "page-2", NOW, NOW)
    moved = cursors.move("main", cursor)
    assert moved == replace(cursor, seq=1)
    assert cursors.read("main", "crm#customer") == moved
    assert cursors.read("other", "crm#customer") == Cursor("crm#customer")


def test_of_two_readers_one_moves_the_cursor(cursors: Cursors) -> None:
    """The other stops; nothing that it read is lost, for its rows are pending."""
    first = cursors.read("main", "crm#customer")
    second = cursors.read("main", "crm#customer")
    assert cursors.move("main", replace(first, mark=NOW)) is not None
    assert cursors.move("main", replace(second, next="page-9")) is None
    assert cursors.read("main", "crm#customer").mark == NOW
    assert cursors.read("main", "crm#customer").next is None


@pytest.mark.parametrize(
    ("due", "next", "is_due"),
    [(None, None, True), (0, None, True), (1, None, False), (1, "page-2", True)],
)
def test_a_feed_is_due_at_its_time_and_at_once_within_a_listing(
    due: int | None, next: str | None, is_due: bool
) -> None:
    """A listing that stopped at a page goes on with the next poll."""
    time = None if due is None else NOW + timedelta(seconds=due)
    assert Cursor("crm#customer", NOW, next, due=time).is_due(NOW) is is_due


def test_a_books_person_has_no_feed_of_its_own() -> None:
    """It comes with its customer."""
    assert listings(preset("india")) == [
        ("customer", Side.CRM),
        ("contact_person", Side.CRM),
        ("customer", Side.BOOKS),
    ]
