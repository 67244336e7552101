"""Several webhooks told one record: the newest telling is taken where it can be found, else the record is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from tandem.core.records import Record, Side
from tandem.engine.tellings import newest_told
from tests.system.conftest import Pair
from tests.system.world import System

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
READ = "GET /books/v3/contacts/{id}"


def told(seconds: int, persons: Mapping[str, str] | None = None, **values: str) -> Record:
    """A telling of that second; persons as id: name."""
    shown = [{"id": id, "name": name} for id, name in (persons or {}).items()]
    return Record(
        Side.BOOKS,
        "customer",
        "1",
        values,
        version=NOW + timedelta(seconds=seconds),
        body={"contact_persons": shown},
    )


def persons_in(body: Mapping[str, Any]) -> list[Record]:
    """As the reader does."""
    return [
        Record(Side.BOOKS, "contact_person", p["id"], {"name": p["name"]}) for p in body["contact_persons"]
    ]


def chosen(*tellings: Record) -> set[int | None]:
    """The number of the telling that is taken, in whatever order they came."""
    found = set()
    for order in permutations(tellings):
        newest = newest_told(order, persons_in)
        found.add(None if newest is None else next(n for n, one in enumerate(tellings) if one is newest))
    return found


def test_the_latest_second_counts() -> None:
    """In whatever order they came; what older ones show does not matter."""
    assert chosen(told(1, website="a"), told(3, website="c"), told(2, website="b")) == {1}


def test_within_a_second_other_values_tell_no_order() -> None:
    """The record is read; unless a later second settles it."""
    assert chosen(told(1, website="a"), told(1, website="b")) == {None}
    assert chosen(told(1, website="a"), told(1, website="b"), told(2, website="b")) == {2}


def test_within_a_second_persons_may_be_added() -> None:
    """A customer and its persons, inserted one by one."""
    assert chosen(told(1), told(1, {"a": "A"}), told(1, {"a": "A", "b": "B"})) == {2}


@pytest.mark.parametrize(
    ("persons", "later"),
    [({"a": "A"}, {"a": "B"}), ({"a": "A"}, {"b": "B"}), ({"a": "A", "b": "B"}, {"a": "X"})],
)
def test_within_a_second_other_persons_tell_no_order(persons: dict[str, str], later: dict[str, str]) -> None:
    """One was edited, or another stands in its place."""
    assert chosen(told(1, persons), told(1, later)) == {None}


def test_a_state_that_is_told_twice_beside_another_may_have_come_back() -> None:
    """Added, added, deleted: two of three tellings are alike, and which is the last nobody knows."""
    assert chosen(told(1, {"a": "A"}), told(1, {"a": "A", "b": "B"}), told(1, {"a": "A"})) == {None}


def test_all_alike_are_one() -> None:
    """A doubled webhook."""
    same = told(1, {"a": "A"}, website="a")
    assert newest_told([same, same], persons_in) is same


def test_a_telling_without_a_version_tells_no_order() -> None:
    """It is taken alone and never beside others."""
    bare = Record(Side.BOOKS, "customer", "1", {}, body={"contact_persons": []})
    assert newest_told([bare, told(1)], persons_in) is None
    assert newest_told([bare], persons_in) is bare
    assert newest_told([], persons_in) is None


# --- in the whole system ------------------------------------------------------------------------------


def books_calls(system: System, since: int) -> dict[str, int]:
    """Calls to Books by endpoint."""
    made = (str(call["endpoint"]) for call in system.calls(since) if call["product"] == "books")
    return dict(Counter(made))


async def handle(system: System) -> None:
    """All webhooks arrive, then one drain."""
    for _ in range(4):
        await system.sandbox.outbox.deliver_due()
        system.clock.advance(1)
    system.bell.take()
    await system.drain()


async def test_edits_of_several_seconds_are_carried_without_a_read(pair: Pair) -> None:
    """Three webhooks in one row: the last state goes to CRM, Books is not asked."""
    system = pair.system
    await system.settle(3)
    before = system.seq
    for number in range(3):
        await pair.edit_books({"notes": f"note {number}"})
        system.clock.advance(2)
    await handle(system)
    assert (await pair.crm())["Description"] == "note 2"
    assert books_calls(system, before) == {}
    system.judge()


async def test_edits_of_one_second_are_read(pair: Pair) -> None:
    """The order of their webhooks proves nothing."""
    system = pair.system
    await system.settle(3)
    before = system.seq
    for number in range(3):
        await pair.edit_books({"notes": f"note {number}"})
    await handle(system)
    assert (await pair.crm())["Description"] == "note 2"
    assert books_calls(system, before) == {READ: 1}
    system.judge()


async def test_what_is_older_than_what_was_seen_is_dropped(pair: Pair) -> None:
    """A webhook that comes late tells nothing new: no read of either side."""
    system = pair.system
    await system.settle(3)
    await system.control(
        "POST", "/faults", {"name": "delay_notification", "product": "books", "count": 1, "seconds": 300}
    )
    await pair.edit_books({"notes": "first"})
    system.clock.advance(5)
    await pair.edit_books({"notes": "second"})
    await handle(system)
    await system.settle(2)
    before = system.seq
    for _ in range(6):
        system.clock.advance(60)
        await handle(system)
    assert [call["endpoint"] for call in system.calls(before) if call["product"] != "accounts"] == []
    assert (await pair.crm())["Description"] == "second"
    system.judge()
