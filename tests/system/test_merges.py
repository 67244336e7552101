"""Merges on either side, and Contacts that go to another customer, on the real engine against the sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cli.fixes import settles
from tandem.core.decide import Ended
from tandem.core.records import Base, Edit, Link, LinkState, RecordKey, Side
from tandem.engine.links import link_pk
from tests.system.conftest import ACCOUNT, CONTACT, Pair
from tests.system.world import System

MASTER = {**ACCOUNT, "Account_Name": "Acme Group Ltd", "Website": "https://group.example", "Phone": None}


async def account(system: System, **more: Any) -> str:
    """A user makes an Account."""
    return str((await system.control("POST", "/crm/Accounts", {**MASTER, **more}))["id"])


async def merge_in_crm(system: System, master: str, loser: str) -> None:
    """A user merges two Accounts; Tandem sees it and asks nobody, for it may be undone, until the delay has passed."""
    await system.control("POST", f"/crm/Accounts/{master}/merge", {"losers": [loser]})
    await system.tick()
    await system.run(20)
    assert [cause for cause in causes(system) if cause.startswith("merged")] == []
    await system.settle(4)


def link_of(system: System, side: Side, id: str, entity: str = "customer") -> Link | None:
    """The link that reserves a record."""
    return system.store.links.of(RecordKey("main", side, entity, id))


def causes(system: System) -> list[str]:
    """Why something is held."""
    return sorted(hold["cause"] for hold in system.store.cases.holds("main"))


async def approve(system: System, cause: str) -> None:
    """A person approves the one hold of a cause."""
    [hold] = [one for one in system.store.cases.holds("main") if one["cause"] == cause]
    await system.release(hold, approve=True)
    await system.settle(3)


def handed_over(system: System, side: Side, id: str) -> list[Link]:
    """Gathers the link of a record as each transaction leaves it, before the sync that follows commits it again."""
    found: list[Link] = []

    def look(verb: str, _operand: Any) -> None:
        if verb == "transact" and (link := link_of(system, side, id)):
            found.append(link)

    system.memory.after = look
    return found


async def statuses(system: System) -> list[str]:
    """Of the Books customers."""
    return sorted(one["status"] for one in (await system.export())["books"]["contacts"])


async def test_a_merge_in_crm_is_followed_to_its_survivor_once_a_person_says_so(pair: Pair) -> None:
    """The Books customer stays as it is; approved, it goes on with the survivor, its person with it."""
    system = pair.system
    master = await account(system, Account_Type="Prospect")
    await system.settle(1)
    before = system.seq
    await merge_in_crm(system, master, pair.account)
    assert "merged in CRM" in causes(system)
    [hold] = [one for one in system.store.cases.holds("main") if one["cause"] == "merged in CRM"]
    assert hold["candidates"] == [master]
    assert system.writes(before) == []
    link = link_of(system, Side.BOOKS, pair.customer)
    assert link is not None
    shown = {"crm": "a", "books": "b"}
    edits = {"notes": {Side.CRM: Edit("a", system.clock.now())}}
    system.store.links.move(
        replace(link, held={"notes": shown}, edits=edits, mapping_version="old"), link.fence
    )
    await system.control("PATCH", f"/crm/Accounts/{master}", {"Phone": None})
    handed = handed_over(system, Side.BOOKS, pair.customer)
    await approve(system, "merged in CRM")
    link = link_of(system, Side.BOOKS, pair.customer)
    assert link is not None
    assert (link.crm_id, link.state, link.reason) == (
        master, LinkState.LIVE, "merged in CRM, approved by a person"
    )  # fmt: skip
    at_first = next(one for one in handed if one.crm_id == master)
    assert (at_first.held, at_first.edits) == ({}, {})
    assert (at_first.mapping_version, at_first.reason) == (link.mapping_version, link.reason)
    assert at_first.base["notes"] == Base("First customer", "First customer")
    assert not {"name", "website", "phone"} & at_first.base.keys(), "what differs, or is yet to be written"
    assert (await system.crm_record("Accounts", master))["Phone"] == ACCOUNT["Phone"]
    [told] = [one for one in system.history() if one["kind"] == "link" and one.get("crm_id") == master]
    assert (told["books_id"], told["rule"]) == (pair.customer, link.reason)
    old = link_of(system, Side.CRM, pair.account)
    assert old is not None
    assert (old.state, old.reason) == (LinkState.TOMBSTONE, Ended.MERGED)
    await pair.edit_person({"designation": "CFO"})
    await system.run(10)
    assert (await pair.crm("Contacts"))["Title"] == "CFO"
    assert await statuses(system) == ["active"]
    assert len((await pair.books())["contact_persons"]) == 1
    system.judge()


async def test_a_merge_of_two_linked_accounts_names_both_customers_and_touches_neither(pair: Pair) -> None:
    """The accountant merges them in Books; then the pair ends by itself and the Contact goes on with the survivor."""
    system = pair.system
    master = await account(system)
    await system.settle(2)
    other = link_of(system, Side.CRM, master)
    assert other is not None
    before = system.seq
    await merge_in_crm(system, master, pair.account)
    [hold] = system.store.cases.holds("main")
    assert hold["cause"] == "merged, both linked"
    assert pair.customer in hold["sentence"]
    assert other.books_id in hold["sentence"]
    assert await statuses(system) == ["active", "active"]
    assert [call for call in system.writes(before) if pair.customer in call["path"]] == []
    await system.control("POST", f"/books/contacts/{other.books_id}/merge", {"losers": [pair.customer]})
    await system.settle(4)
    assert causes(system) == []
    assert await statuses(system) == ["active", "inactive"]
    person = link_of(system, Side.CRM, pair.contact, "contact_person")
    assert person is not None
    assert (person.parent, person.state) == (other.id, LinkState.LIVE)
    await pair.edit_crm({"Title": "Owner"}, "Contacts")
    await system.run(10)
    [one] = (await system.books_contact(other.books_id))["contact_persons"]
    assert one["designation"] == "Owner"
    system.judge()


@pytest.mark.parametrize(
    ("kind", "cause", "left"),
    [
        ("Prospect", "merged in CRM", ["inactive"]),
        ("Customer", "merged, both linked", ["active", "inactive"]),
    ],
)
async def test_an_account_that_a_person_keeps_apart_is_no_survivor(
    pair: Pair, kind: str, cause: str, left: list[str]
) -> None:
    """Then the delete is a delete; also where the other Account has a customer of its own."""
    system = pair.system
    master = await account(system, Account_Type=kind)
    await system.settle(1)
    await merge_in_crm(system, master, pair.account)
    [hold] = [one for one in system.store.cases.holds("main") if one["cause"] == cause]
    assert hold["candidates"] == [master]
    assert settles("keep-apart", cause)
    key = RecordKey("main", Side.CRM, "customer", pair.account)
    system.store.apart.keep(key, list(hold["candidates"]), system.clock.now())
    await system.release(hold)
    await system.settle(4)
    assert await statuses(system) == left


async def test_a_delete_without_a_survivor_still_deactivates_though_a_namesake_is_elsewhere(
    pair: Pair,
) -> None:
    """An Account that shares nothing is not asked about."""
    system = pair.system
    await account(system, Account_Name="Other Works", Account_Type="Prospect")
    await system.settle(1)
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(4)
    assert await statuses(system) == ["inactive"]


async def test_a_merge_in_books_is_held_and_approved_goes_on_with_the_survivor(pair: Pair) -> None:
    """The Account keeps its link; the Contact is found or made at the surviving customer, once."""
    system = pair.system
    twin = {"contact_name": "Acme Limited", "contact_persons": []}
    made = await system.control("POST", "/books/contacts", twin)
    await system.settle(2)
    master = made["contact_id"]
    for hold in system.store.cases.holds("main"):
        assert hold["cause"].startswith("match:")
    await system.control("POST", f"/books/contacts/{master}/merge", {"losers": [pair.customer]})
    await system.settle(3)
    assert "merged in Books" in causes(system)
    held = link_of(system, Side.CRM, pair.account)
    await pair.edit_crm({"Website": "https://later.example"})
    await system.run(10)
    assert "merged in Books" in causes(system)
    assert link_of(system, Side.CRM, pair.account) == held, "looked at again, it is not written again"
    assert (await pair.books())["website"] != "https://later.example"
    handed = handed_over(system, Side.CRM, pair.account)
    await approve(system, "merged in Books")
    at_first = next(one for one in handed if one.books_id == master)
    assert (at_first.persons, at_first.stamp_taken) == ((), True)
    link = link_of(system, Side.CRM, pair.account)
    assert link is not None
    assert (link.books_id, link.state) == (master, LinkState.LIVE)
    [person] = (await system.books_contact(master))["contact_persons"]
    assert person["email"] == CONTACT["Email"]
    assert (await system.books_contact(master))["website"] == "https://later.example"
    old = link_of(system, Side.BOOKS, pair.customer)
    assert old is not None
    assert old.reason == Ended.MERGED
    before = system.seq
    system.forget_cursors()
    await system.settle(3)
    assert system.writes(before) == []
    system.judge()


async def test_a_customer_that_books_has_no_more_is_asked_about_where_it_has_a_twin(pair: Pair) -> None:
    """Who merges may delete what is left of the loser: its link does not end before a person has looked."""
    system = pair.system
    twin = {
        "contact_name": "Acme Limited",
        "contact_persons": [{"first_name": "Asha", "email": CONTACT["Email"]}],
    }
    made = await system.control("POST", "/books/contacts", twin)
    await system.settle(2)
    await system.control("DELETE", f"/books/contacts/{pair.customer}")
    await pair.edit_crm({"Website": "https://later.example"})
    await system.settle(2)
    [hold] = [one for one in system.store.cases.holds("main") if one["cause"] == "merged in Books"]
    assert hold["candidates"] == [made["contact_id"]]
    link = link_of(system, Side.CRM, pair.account)
    assert link is not None
    assert link.state is LinkState.LIVE


async def test_for_a_contact_that_is_deleted_no_survivor_is_looked_for(pair: Pair) -> None:
    """A person is not merged away: its link ends, and nothing is searched for it."""
    system, before = pair.system, pair.system.seq
    await system.control("DELETE", f"/crm/Contacts/{pair.contact}")
    await system.settle(3)
    link = link_of(system, Side.BOOKS, pair.person, "contact_person")
    assert link is not None
    assert link.state is LinkState.TOMBSTONE
    assert [call for call in system.calls(before) if pair.person in str(call["request_body"])] == []


async def test_a_customer_made_inactive_in_books_without_a_twin_goes_on(pair: Pair) -> None:
    """No merge: the link stays and syncs."""
    system = pair.system
    await system.control("POST", f"/books/contacts/{pair.customer}/inactive")
    await system.settle(2)
    await pair.edit_crm({"Website": "https://still.example"})
    await system.run(10)
    assert (await pair.books())["website"] == "https://still.example"
    assert causes(system) == []


# --- moved persons ------------------------------------------------------------------------------------


async def second(pair: Pair) -> tuple[str, str]:
    """Another linked customer; its Account and its Books customer."""
    other = await account(pair.system, Account_Name="Beta Works")
    await pair.system.settle(1)
    link = link_of(pair.system, Side.CRM, other)
    assert link is not None
    return other, link.books_id


async def move(pair: Pair, account: str) -> None:
    """A user gives the Contact another Account."""
    await pair.edit_crm({"Account_Name": {"id": account}}, "Contacts")
    await pair.system.settle(2)


async def persons(system: System, customer: str) -> list[str]:
    """Ids of a Books customer's persons."""
    return [one["contact_person_id"] for one in (await system.books_contact(customer))["contact_persons"]]


async def test_a_moved_contact_is_asked_about_and_made_at_its_new_customer(pair: Pair) -> None:
    """The person stays at the old one in Books, for good."""
    system, (account_id, customer) = pair.system, await second(pair)
    before = system.seq
    await move(pair, account_id)
    former = link_of(system, Side.CRM, pair.contact, "contact_person")
    assert former is not None
    edits = {"title": {Side.CRM: Edit("a", system.clock.now())}}
    system.store.links.move(replace(former, edits=edits), former.fence)
    [hold] = system.store.cases.holds("main")
    assert hold["cause"] == "moved person"
    assert pair.account in hold["sentence"]
    assert account_id in hold["sentence"]
    assert system.writes(before) == []
    await approve(system, "moved person")
    assert causes(system) == []
    assert await persons(system, pair.customer) == [pair.person]
    [made] = await persons(system, customer)
    link = link_of(system, Side.CRM, pair.contact, "contact_person")
    assert link is not None
    assert (link.books_id, link.state) == (made, LinkState.LIVE)
    ended = system.store.links.get("main", former.id)
    assert ended is not None
    assert (ended.base, ended.held, ended.edits) == ({}, {}, {}), "should it come back, nothing is agreed"
    [told] = [one for one in system.history() if one["kind"] == "unlink"]
    assert (told["pk"], told["sentence"]) == (
        link_pk("main", former.id), "the Contact went to another customer: approved by a person"
    )  # fmt: skip
    await pair.edit_person({"designation": "left behind"})
    await system.settle(2)
    assert (await pair.crm("Contacts")).get("Title") is None
    system.judge()


async def test_a_contact_that_is_back_before_anybody_decided_goes_on(pair: Pair) -> None:
    """The hold ends by itself."""
    system, (account_id, _) = pair.system, await second(pair)
    await move(pair, account_id)
    await move(pair, pair.account)
    assert causes(system) == []
    await pair.edit_crm({"Title": "Director"}, "Contacts")
    await system.run(10)
    [person] = (await pair.books())["contact_persons"]
    assert person["designation"] == "Director"


async def test_a_contact_that_moved_there_and_back_is_its_old_person_again(pair: Pair) -> None:
    """No second person is made, and the old link trusts nothing unread."""
    system, (account_id, customer) = pair.system, await second(pair)
    await move(pair, account_id)
    await approve(system, "moved person")
    [made] = await persons(system, customer)
    await move(pair, pair.account)
    await approve(system, "moved person")
    assert await persons(system, pair.customer) == [pair.person]
    assert await persons(system, customer) == [made]
    link = link_of(system, Side.CRM, pair.contact, "contact_person")
    assert link is not None
    assert (link.books_id, link.state) == (pair.person, LinkState.LIVE)
    await pair.edit_crm({"Title": "Director"}, "Contacts")
    await system.run(10)
    [person] = (await pair.books())["contact_persons"]
    assert person["designation"] == "Director"
    system.judge()


async def test_a_contact_moved_out_of_scope_is_asked_about_too(pair: Pair) -> None:
    """Approved, it is left out with its new Account; back again, it is its old person."""
    system = pair.system
    prospect = await account(system, Account_Name="Maybe Works", Account_Type="Prospect")
    await system.settle(1)
    await move(pair, prospect)
    await approve(system, "moved person")
    assert link_of(system, Side.CRM, pair.contact, "contact_person") is None
    await move(pair, pair.account)
    link = link_of(system, Side.CRM, pair.contact, "contact_person")
    assert link is not None
    assert (link.books_id, link.state) == (pair.person, LinkState.LIVE)
    assert await persons(system, pair.customer) == [pair.person]
