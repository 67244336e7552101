"""What is restored in CRM after a person has linked its former counterpart with another record."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.core.records import Link, LinkState, RecordKey, RowClass, Side
from tandem.engine.links import new_link_id
from tests.system.conftest import ACCOUNT, CONTACT, Pair
from tests.system.world import System


def link_of(system: System, side: Side, id: str, entity: str = "customer") -> Link:
    """The link that reserves a record."""
    found = system.store.links.of(RecordKey("main", side, entity, id))
    assert found is not None
    return found


def person_links(
    system: System, crm: str, books: str, entity: str = "customer", parent: str | None = None
) -> None:
    """`tandem link`, over what has ended."""
    keys = {
        Side.CRM: RecordKey("main", Side.CRM, entity, crm),
        Side.BOOKS: RecordKey("main", Side.BOOKS, entity, books),
    }
    former = {side: link for side, key in keys.items() if (link := system.store.links.of(key))}
    made = Link(
        "main", new_link_id("main", Side.CRM, crm, system.clock.now()), entity, crm, books, parent=parent
    )
    system.store.links.link_over(made, former)
    for key in keys.values():
        system.store.cases.settle(key, set())
        system.store.rows.hint(key, RowClass.PERSON, system.clock.now())
    system.bell.ring("main")


async def prospect(system: System) -> str:
    """Another Account of the same name."""
    made = await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Type": "Prospect"})
    await system.settle(2)
    return str(made["id"])


def live(system: System, entity: str) -> list[tuple[Any, Any]]:
    """The living links of an entity."""
    rows = [row for row in system.memory.rows() if row["sk"] == "LINK" and row["entity"] == entity]
    return [(row["crm_id"], row["books_id"]) for row in rows if row["state"] == LinkState.LIVE]


@pytest.mark.parametrize("active", [False, True], ids=["inactive", "active again"])
async def test_a_restored_account_does_not_take_back_a_customer_that_belongs_to_another(
    pair: Pair, active: bool
) -> None:
    """P9: it rests, which is told, and nothing is written or tried again and again."""
    system = pair.system
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(4)
    other = await prospect(system)
    if active:
        await system.control("POST", f"/books/contacts/{pair.customer}/active", {})
    person_links(system, other, pair.customer)
    await system.settle(2)
    before = system.seq
    await system.control("POST", f"/crm/Accounts/{pair.account}/restore")
    await system.settle(4)
    assert live(system, "customer") == [(other, pair.customer)]
    assert link_of(system, Side.CRM, pair.account).state is LinkState.TOMBSTONE
    assert system.writes(before) == []
    assert system.letters.bodies == []
    told = [item["sentence"] for item in system.history() if item["kind"] == "left_out"]
    assert told[-1] == "its former counterpart is linked with another record"


async def test_a_restored_contact_does_not_take_back_a_person_that_belongs_to_another(pair: Pair) -> None:
    """The same within a customer."""
    system = pair.system
    await system.control("DELETE", f"/crm/Contacts/{pair.contact}")
    await system.settle(2)
    again = await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": pair.account}})
    await system.settle(1)
    [hold] = system.store.cases.holds("main")
    assert hold["cause"] == "match:reserved"
    parent = link_of(system, Side.CRM, pair.account).id
    person_links(system, again["id"], pair.person, "contact_person", parent)
    await system.settle(1)
    await system.control("POST", f"/crm/Contacts/{pair.contact}/restore")
    await system.settle(4)
    assert live(system, "contact_person") == [(again["id"], pair.person)]
    assert system.letters.bodies == []
    assert system.store.rows.pending("main") == 0


async def test_an_unanswered_reactivation_takes_nothing_from_whom_a_person_linked_meanwhile(
    pair: Pair,
) -> None:
    """P9: what the looked up write agreed is no reason for a second link."""
    system = pair.system
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(4)
    other = await prospect(system)
    where = {"product": "books", "match": {"method": "POST"}, "count": 1}
    await system.control("POST", "/faults", {"name": "timeout_after_commit", **where})
    await system.control("POST", f"/crm/Accounts/{pair.account}/restore")
    await system.run(5)
    assert [intent.kind for intent in system.store.intents.all_open("main")] == ["reactivate"]
    person_links(system, other, pair.customer)
    await system.settle(4)
    assert live(system, "customer") == [(other, pair.customer)]
    assert system.store.intents.all_open("main") == []
