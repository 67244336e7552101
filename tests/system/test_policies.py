"""Conflicts by the newest edit and drift of one-way fields, on the real engine against the sandbox."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from tests.system.conftest import Pair


def remap(pair: Pair, **policy: Any) -> None:
    """The same mapping with another policy for the notes; a person has approved it."""
    mapping = yaml.safe_load(resources.files("tandem.presets").joinpath("india.yaml").read_text())
    mapping["entities"]["customer"]["fields"]["notes"] |= policy
    connections = pair.system.store.connections
    connections.save(connections.read("main"), yaml.safe_dump(mapping))


async def refuse_crm_notes(pair: Pair) -> None:
    """CRM's edit of the notes is seen, settled, and refused by Books."""
    fault = {
        "name": "refuse_record",
        "product": "books",
        "match": {"record_id": pair.customer},
        "code": 4,
        "message": "Invalid value passed for notes",
    }
    await pair.system.control("POST", "/faults", fault)
    await pair.edit_crm({"Description": "crm was first"})
    pair.system.clock.advance(3)
    await pair.system.run(10)
    await pair.system.control("DELETE", "/faults")


async def test_the_newest_edit_of_a_field_wins_though_the_record_was_touched_later(pair: Pair) -> None:
    """CRM's notes are older than Books' notes, CRM's record is newer: the field's own time counts."""
    remap(pair, conflict="newest")
    await refuse_crm_notes(pair)
    await pair.edit_books({"notes": "books was last"})
    pair.system.clock.advance(30)
    await pair.edit_crm({"Website": "https://later.example"})
    pair.system.clock.advance(3)
    await pair.system.run(10)
    await pair.system.settle(1)
    assert (await pair.crm())["Description"] == "books was last"
    assert (await pair.books())["website"] == "https://later.example"
    writes = [item for item in pair.system.history() if item["kind"] == "write" and item["side"] == "crm"]
    [entry] = [item for item in writes if "notes" in item["after"]]
    assert entry["rules"]["notes"] == "conflict: changed on both sides, books changed notes last"
    assert entry["before"]["notes"] == "crm was first"
    assert pair.system.store.cases.holds("main") == []


async def test_a_one_way_field_edited_where_it_is_only_written_is_reported_once(pair: Pair) -> None:
    """Held with one alert, never written backwards; the source's next value ends it."""
    remap(pair, direction="to_books")
    sent, before = len(pair.system.alerts.sent), pair.system.seq
    await pair.edit_books({"notes": "an accountant's own words"})
    await pair.system.run(10)
    await pair.system.settle(2)
    assert pair.system.writes(before) == []
    [hold] = pair.system.store.cases.holds("main")
    assert hold["cause"] == "drift:notes"
    assert len(pair.system.alerts.sent) == sent + 1
    await pair.edit_crm({"Description": "the source speaks"})
    await pair.system.run(10)
    assert (await pair.books())["notes"] == "the source speaks"
    assert pair.system.store.cases.holds("main") == []


async def test_drift_is_put_back_where_the_mapping_says_so(pair: Pair) -> None:
    """One write, and then quiet."""
    remap(pair, direction="to_books", drift="put_back")
    before = pair.system.seq
    await pair.edit_books({"notes": "an accountant's own words"})
    await pair.system.run(10)
    await pair.system.settle(2)
    assert (await pair.books())["notes"] == "First customer"
    assert (await pair.crm())["Description"] == "First customer"
    assert len(pair.system.writes(before)) == 1
