"""Every operation x every refusal, on the real engine against the sandbox (the table is `refusal_table.py`)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tandem.core.records import Link, LinkState
from tests.system.refusal_table import TABLE
from tests.system.refusals import OPERATION, OPERATIONS, REFUSALS, Cannot, Row
from tests.system.street import Look, Street, a_street, changes
from tests.system.world import System


@pytest.fixture
async def street(system: System) -> Street:
    """Two linked customers at rest."""
    return await a_street(system)


async def bystander(street: Street, target: str) -> Look:
    """Beta is edited too, on the same side; what that changes."""
    if target == "books":
        await street.control("PATCH", f"/crm/Accounts/{street.other}", {"Website": "https://beta.example"})
        return {"books beta website": "https://beta.example"}
    path = f"/books/contacts/{street.other_customer}"
    await street.control("PATCH", path, {"website": "https://beta.example"})
    return {"crm beta Website": "https://beta.example"}


def refused(street: Street, since: int) -> list[dict[str, Any]]:
    """Writes that did not take effect."""
    return [call for call in street.system.writes(since) if not call["committed"]]


def committed(street: Street, since: int) -> int:
    """Writes that did."""
    return sum(bool(call["committed"]) for call in street.system.writes(since))


def rows(*, whole: bool) -> list[Any]:
    """Of the table: those that one record waits for, or the whole connection."""
    return [
        pytest.param(operation, row, id=f"{operation} - {refusal}")
        for (operation, refusal), row in TABLE.items()
        if isinstance(row, Row) and bool(row.whole) is whole
    ]


async def edit_both(street: Street, operation: str, row: Row) -> Look:
    """The scene, the edit, and one of Beta; what the latter is to change."""
    does = OPERATION[operation]
    if row.scene is not None and not row.whole:
        await row.scene(street)
    await does.act(street, does.edit if row.edit is None else row.edit)
    if row.scene is not None and row.whole:
        await row.scene(street)
    other = await bystander(street, does.target)
    if row.race is not None:
        street.race(row.race(street))
    return other


@pytest.mark.parametrize(("operation", "row"), rows(whole=False))
async def test_a_refusal_costs_its_record_alone(street: Street, operation: str, row: Row) -> None:
    """One quarantine entry with a named cause, or what the row says; both sides else untouched; the others go on."""
    system = street.system
    other = await edit_both(street, operation, row)
    before, since = street.look(), system.seq
    await street.told()
    report = await system.drain()
    least = 2 if row.outcome == "synced" else 1  # the other record's change is synced too
    assert report.outcomes.get(row.outcome, 0) >= least, report
    assert other.items() <= changes(before, street.look()).items(), "the other record's change waits"
    await system.settle(row.later)
    expected = {**street.raced, **other, **row.ends}
    assert changes(before, street.look()) == expected
    assert len(refused(street, since)) == row.refused
    holds = system.store.cases.holds("main")
    assert [hold["cause"] for hold in holds] == ([row.held] * row.entries if row.held else [])
    assert all(row.says in hold["sentence"] for hold in holds), holds
    assert system.letters.bodies == []
    system.judge()
    no_link_leads_nowhere(street)
    if row.mended is not None:
        await is_mended(street, before, row)


async def is_mended(street: Street, before: Look, row: Row) -> None:
    """A person undoes the scene and releases what is held: then it goes, and nothing is held any more."""
    if row.undo is not None:
        await row.undo(street)
    undone = changes(before, street.look())
    for hold in street.system.store.cases.holds("main"):
        await street.system.release(hold)
    await street.system.run(5)
    assert changes(before, street.look()) == {**undone, **(row.mended or {})}
    assert street.system.store.cases.holds("main") == []


def _ends_with_its_customer(street: Street, link: Link) -> bool:
    parent = street.system.store.links.get("main", link.parent) if link.parent else None
    return parent is not None and parent.state is LinkState.TOMBSTONE


def no_link_leads_nowhere(street: Street) -> None:
    """A live link has a record on both sides, unless a person is asked; a person's ends with its customer's."""
    asked = {hold["record"] for hold in street.system.store.cases.holds("main")}
    store, sandbox = street.system.store, street.system.sandbox
    there = {module: sandbox.crm.store.data[module].live for module in ("Accounts", "Contacts")}
    books = {"customer": set(sandbox.books.store.contacts)}
    books["contact_person"] = {p.id for c in sandbox.books.store.contacts.values() for p in c.persons}
    for entity, module in (("customer", "Accounts"), ("contact_person", "Contacts")):
        for id in store.links.ids("main", entity, LinkState.LIVE):
            link = store.links.get("main", id)
            assert link is not None
            if _ends_with_its_customer(street, link) or f"main/crm/{entity}/{link.crm_id}" in asked:
                continue
            assert link.crm_id in there[module], link
            assert link.books_id in books[entity], link


@pytest.mark.parametrize(("operation", "row"), rows(whole=True))
async def test_what_concerns_the_connection_waits_whole_and_then_goes_once(
    street: Street, operation: str, row: Row
) -> None:
    """Quota and token are nobody's fault: no quarantine, no try counted, each write exactly once afterwards."""
    system, done = street.system, OPERATION[operation].done
    other = await edit_both(street, operation, row)
    before, since = street.look(), system.seq
    await street.told()
    report = await system.drain()
    assert report.stop.split(":")[0] in (row.whole, "quota"), report
    await system.settle(1)
    stopped = system.store.connections.read("main").stopped
    assert row.says in (stopped.reason if stopped is not None else report.stop)
    assert (stopped is not None) is (row.whole == "stopped")
    assert changes(before, street.look()) == {}
    assert committed(street, since) == 0
    assert row.undo is not None
    await row.undo(street)
    system.clock.advance(3700)
    await system.settle(3)
    assert changes(before, street.look()) == {**other, **done}
    assert committed(street, since) == 2
    assert system.store.cases.holds("main") == []
    assert system.letters.bodies == []
    system.judge()


def test_the_table_has_every_combination_or_the_reason_why_it_cannot_occur() -> None:
    """Eleven operations, sixteen refusals."""
    assert set(TABLE) == set(itertools.product(OPERATIONS, REFUSALS))
    assert set(OPERATION) == set(OPERATIONS)
    assert all(len(row.reason.split()) > 5 for row in TABLE.values() if isinstance(row, Cannot))
