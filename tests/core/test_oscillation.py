"""Oscillation: whose writes are undone again and again is held, who types much is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import pytest

from tandem.core.actions import Release, Sync
from tandem.core.connection import Settings
from tandem.core.mapping import load_mapping
from tandem.core.oscillation import Fights
from tandem.core.records import Base, Link, Record, Side

START = datetime(2026, 11, 27, 9, tzinfo=UTC)
MAPPING = load_mapping(resources.files("tandem.presets").joinpath("india.yaml").read_text())
ENTITY = MAPPING.entities["customer"]
LINK = Link("main", "l1", "customer", "1", "2", base={"notes": Base("old", "old")})
CRM, BOOKS = Side.CRM, Side.BOOKS


def at(seconds: float, **settings: Any) -> Fights:
    """The rule so many seconds after the start."""
    return Fights(ENTITY, Settings(**settings), START + timedelta(seconds=seconds))


def wrote(*writes: tuple[Side, str, str], every: float = 60) -> Link:
    """A link after our writes to the notes: side, value that was there, value written."""
    link = LINK
    for number, (side, before, after) in enumerate(writes):
        noted = at(number * every).note(link, side, {"notes": before}, {"notes": after})
        link = replace(link, wrote=noted)
    return link


def decided(link: Link, side: Side, shown: str, value: str, seconds: float = 200, **more: Any) -> Sync:
    """What becomes of a write of `value` where `shown` stands."""
    crm = Record(Side.CRM, "customer", "1", {"notes": shown if side is CRM else value}, edited_by="Asha")
    books = Record(Side.BOOKS, "customer", "2", {"notes": shown if side is BOOKS else value})
    writes = {CRM: {}, BOOKS: {}, side: {"notes": value, "website": "w"}}
    action = Sync(writes, {"notes": Base(value, value)})
    release = more.pop("release", None)
    return at(seconds, **more).settle(action, link, crm, books, release)


FOUGHT = ((BOOKS, "x", "a"), (CRM, "a", "b"), (BOOKS, "b", "c"))
"""To and fro: each write goes to the other side than the last."""
UNDONE = ((BOOKS, "x", "a"), (BOOKS, "y", "a"), (BOOKS, "y", "a"))
"""Put back: the target never keeps it."""
TYPED = ((BOOKS, "x", "a"), (BOOKS, "a", "b"), (BOOKS, "b", "c"))
"""Each write stands until the next."""


@pytest.mark.parametrize(
    ("writes", "side", "shown", "value", "held"),
    [
        (FOUGHT, CRM, "c", "d", True),
        (FOUGHT[:2], BOOKS, "b", "c", False),
        (FOUGHT, BOOKS, "c", "d", False),
        (UNDONE, BOOKS, "y", "a", True),
        (UNDONE[:2], BOOKS, "y", "a", False),
        (TYPED, BOOKS, "c", "d", False),
        (TYPED, BOOKS, "somebody else's", "d", False),
        (((BOOKS, "x", "a"), (BOOKS, "a", "b"), (BOOKS, "b", "a")), BOOKS, "a", "b", True),
        (((BOOKS, "x", "a"), (BOOKS, "a", "b"), (BOOKS, "b", "a")), BOOKS, "a", "c", False),
    ],
)
def test_what_is_a_fight(writes: Any, side: Side, shown: str, value: str, *, held: bool) -> None:
    """Three contested writes in a row, or A, B, A and again B; the other fields go on."""
    action = decided(wrote(*writes), side, shown, value)
    assert [hold.cause for hold in action.holds] == (["oscillation:notes"] if held else [])
    assert set(action.writes[side]) == ({"website"} if held else {"notes", "website"})
    assert action.base["notes"] == (Base("old", "old") if held else Base(value, value))


@pytest.mark.parametrize(("seconds", "held"), [(600, True), (601, False)])
def test_a_fight_is_over_when_its_first_write_leaves_the_window(seconds: float, *, held: bool) -> None:
    """Ten minutes by default."""
    assert bool(decided(wrote(*FOUGHT), CRM, "c", "d", seconds).holds) is held


def test_what_is_held_stays_so_however_long_it_takes() -> None:
    """Else the fight would go on every ten minutes."""
    link = replace(wrote(*FOUGHT), held={"notes": {"crm": "c", "books": "d"}})
    assert decided(link, CRM, "c", "d", 86_400).holds


@pytest.mark.parametrize("word", [Release(approve=True), Release(take=Side.CRM, shown={"notes": {}})])
def test_a_persons_word_lets_it_through(word: Release) -> None:
    """Once: the next contested write is held again."""
    link = wrote(*FOUGHT)
    assert decided(link, CRM, "c", "d", release=word).holds == ()
    link = replace(link, wrote=at(200).note(link, CRM, {"notes": "c"}, {"notes": "d"}))
    assert decided(link, BOOKS, "d", "e", 210).holds


def test_zero_switches_it_off() -> None:
    """Whatever was written."""
    assert decided(wrote(*FOUGHT), CRM, "c", "d", oscillation_writes=0).holds == ()


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_threshold_is_exact(limit: int) -> None:
    """So many writes are made, the next one is not."""
    for count in range(1, 4):
        held = decided(
            wrote(*FOUGHT[:count]), CRM if count % 2 else BOOKS, "c", "d", oscillation_writes=limit
        )
        assert bool(held.holds) is (count >= limit)


def test_both_editors_are_named() -> None:
    """So that a person knows whom to ask."""
    [hold] = decided(wrote(*FOUGHT), CRM, "c", "d").holds
    assert "Last editor in CRM: Asha; in Books: unknown" in hold.sentence


def test_writes_past_the_window_are_forgotten() -> None:
    """A link does not grow with each write."""
    link = wrote(*[(BOOKS, str(n), str(n + 1)) for n in range(40)], every=1)
    assert len(link.wrote["notes"]) == 12
    assert at(3600).note(link, BOOKS, {}, {"website": "w"}).keys() == {"website"}
