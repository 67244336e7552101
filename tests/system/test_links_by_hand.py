"""What a person links by hand: its persons follow, and what is restored later takes nothing back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tandem.core.decide import Ended
from tandem.core.records import Link, LinkState, RecordKey, RowClass, Side
from tandem.engine.links import BY_HAND, new_link_id
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
    ids = {Side.CRM: crm, Side.BOOKS: books}
    keys = {side: RecordKey("main", side, entity, id) for side, id in ids.items()}
    former = {side: link for side, key in keys.items() if (link := system.store.links.of(key))}
    id = new_link_id("main", Side.CRM, crm, system.clock.now())
    taken = Side.CRM in former
    made = Link("main", id, entity, crm, books, parent=parent, reason=BY_HAND, stamp_taken=taken)
    system.store.links.link_over(made, former)
    for key in keys.values():
        system.store.cases.settle(key, set())
        system.store.rows.hint(key, RowClass.PERSON, system.clock.now())
    system.bell.ring("main")


def person_unlinks(system: System, side: Side, id: str) -> None:
    """`tandem unlink`."""
    link = link_of(system, side, id)
    ended = replace(link, state=LinkState.TOMBSTONE, reason=Ended.BY_PERSON, held={})
    system.store.links.move(ended, link.fence)


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


async def emails(system: System) -> dict[str, list[str]]:
    """The e-mails of each Books customer's persons."""
    found = (await system.export())["books"]["contacts"]
    return {one["contact_name"]: [person["email"] for person in one["contact_persons"]] for one in found}


async def test_contacts_follow_their_account_that_a_person_links(system: System) -> None:
    """They were left out with it while it was held; nobody edits them."""
    await system.settle(2)
    system.write_mode()
    ravi = {"first_name": "Ravi", "last_name": "Iyer", "email": "ravi@acme.example"}
    books = {"contacts": [{"contact_name": "Acme Limited", "contact_persons": [ravi]}]}
    made = await system.control("POST", "/import", {"books": books, "crm": {"Accounts": [ACCOUNT]}})
    [account], [customer] = made["crm"]["Accounts"], made["books"]["contacts"]
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})
    await system.settle(2)
    assert await emails(system) == {"Acme Limited": ["ravi@acme.example"]}
    person_links(system, account, customer)
    await system.settle(2)
    assert await emails(system) == {"Acme Limited": ["ravi@acme.example", "asha@acme.example"]}
    assert len((await system.export())["crm"]["Contacts"]) == 2
    assert system.store.rows.left_out("main") == {}


async def test_contacts_follow_their_account_to_another_customer(pair: Pair) -> None:
    """Unlinked and linked with another one: each is made there, and its person stays at the former, for good."""
    system = pair.system
    made = await system.control("POST", "/import", {"books": {"contacts": [{"contact_name": "Acme Two"}]}})
    [second] = made["books"]["contacts"]
    await system.settle(2)
    person_unlinks(system, Side.CRM, pair.account)
    person_unlinks(system, Side.BOOKS, second)
    person_links(system, pair.account, second)
    await system.settle(3)
    assert await emails(system) == {"Acme Ltd": ["asha@acme.example"], "Acme Two": ["asha@acme.example"]}
    [(contact, person)] = live(system, "contact_person")
    assert (contact, person != pair.person) == (pair.contact, True)
    assert link_of(system, Side.BOOKS, pair.person, "contact_person").state is LinkState.TOMBSTONE
    assert len((await system.export())["crm"]["Contacts"]) == 1
    system.judge()
