"""Held matches and a person's word on them, on the real engine against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.core.records import Base, Link, LinkState, RecordKey, RowClass, Side
from tandem.engine.links import LINK
from tandem.engine.rows import parse_key
from tests.system.conftest import ACCOUNT, Pair
from tests.system.world import System

PROSPECT = {"Account_Name": "Acme Ltd", "Account_Type": "Prospect"}


async def keep_apart(system: System, hold: dict[str, object]) -> None:
    """`tandem release --keep-apart`."""
    key = parse_key(str(hold["record"]))
    system.store.apart.keep(key, list(hold["candidates"]), system.clock.now())  # type: ignore[call-overload]
    system.store.rows.hint(key, RowClass.PERSON, system.clock.now())
    system.bell.ring("main")


async def test_two_that_a_person_keeps_apart_are_two_customers_for_good(system: System) -> None:
    """Same name, not the same customer: each gets its own counterpart, once, and is never asked about again."""
    await system.control("POST", "/import", {"books": {"contacts": [{"contact_name": "Acme Limited"}]}})
    await system.control("POST", "/import", {"crm": {"Accounts": [ACCOUNT]}})
    system.write_mode()
    await system.settle(3)
    holds = system.store.cases.holds("main")
    assert {hold["cause"] for hold in holds} == {"match:name only"}
    assert system.writes() == []
    for hold in holds:
        await keep_apart(system, hold)
    await system.settle(3)
    data = await system.export()
    assert sorted(one["contact_name"] for one in data["books"]["contacts"]) == ["Acme Limited", "Acme Ltd"]
    assert sorted(one["Account_Name"] for one in data["crm"]["Accounts"]) == ["Acme Limited", "Acme Ltd"]
    assert system.store.cases.holds("main") == []
    before = system.seq
    system.forget_cursors()
    await system.settle(3)
    assert system.writes(before) == []


async def test_a_namesake_kept_apart_is_not_taken_for_what_was_made_and_deleted(system: System) -> None:
    """A create that nobody answered is made at last, though a known record of that name was deleted meanwhile."""
    acme = {"contact_name": "Acme Ltd"}
    await system.control("POST", "/import", {"books": {"contacts": [acme]}, "crm": {"Accounts": [PROSPECT]}})
    system.write_mode()
    await system.settle(3)
    unanswered = {"product": "crm", "match": {"method": "POST", "module": "Accounts"}, "count": 1}
    await system.control("POST", "/faults", {"name": "timeout", **unanswered})
    [hold] = [one for one in system.store.cases.holds("main") if "books" in one["record"]]
    await keep_apart(system, hold)
    await system.drain()
    [intent] = system.store.intents.all_open("main")
    assert intent.kind == "create"
    [known] = (await system.export())["crm"]["Accounts"]
    await system.control("DELETE", f"/crm/Accounts/{known['id']}")
    await system.settle(8)
    data = await system.export()
    assert [one["Account_Name"] for one in data["crm"]["Accounts"]] == ["Acme Ltd"]
    assert [one["status"] for one in data["books"]["contacts"]] == ["active"]


async def test_what_a_create_agreed_is_known_at_once(system: System) -> None:
    """The link is made with the values of both sides as seen and agreed: its echoes need no look across."""
    await system.settle(2)
    system.write_mode()
    made: list[Link] = []

    def look(verb: str, operand: Any) -> None:
        links = operand if verb == "transact" else []
        made.extend(link for one in links if one.item["sk"] == LINK and (link := stored(system, one.item)))

    system.memory.after = look
    await system.control("POST", "/crm/Accounts", ACCOUNT)
    await system.run(10)
    [link] = made
    assert (link.reason, link.in_scope, link.trusted) == ("created", True, True)
    site = ACCOUNT["Website"]
    assert link.base["website"] == Base(site, site)
    assert link.seen_crm is not None
    assert link.seen_books is not None
    assert (link.seen_crm.values["website"], link.seen_books.values["website"]) == (site, site)


def stored(system: System, item: dict[str, Any]) -> Link | None:
    """The link of a row."""
    return system.store.links.get("main", str(item["pk"]).rpartition("#")[2])


async def test_a_person_made_where_its_customer_is_gone_waits_for_what_becomes_of_that(pair: Pair) -> None:
    """CRM refuses it once; it is not tried again and again while the delete has its delay."""
    system, before = pair.system, pair.system.seq
    await system.control("POST", "/faults", {"name": "drop_notification", "product": "crm", "count": 5})
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    body = {"first_name": "Ned", "last_name": "Newman", "email": "ned@acme.example"}
    await system.control("POST", f"/books/contacts/{pair.customer}/persons", body)
    await system.run(60)
    assert [(call["endpoint"], call["status"]) for call in system.writes(before)] == [
        ("POST /crm/v8/{module}", 400)
    ]
    assert system.store.cases.holds("main") == []


@pytest.mark.parametrize("code", [1002, 2])
async def test_a_person_whose_books_customer_is_gone_waits_by_either_code(pair: Pair, code: int) -> None:
    """Code 2 is said of wrong values too: one more look tells, and nothing is held or sent twice for it."""
    system = pair.system
    await system.control("PUT", "/switches", {"missing_contact_code": code})
    await system.control("DELETE", f"/books/contacts/{pair.customer}")
    before = system.seq
    person = {"First_Name": "Ned", "Last_Name": "Newman", "Email": "ned@acme.example"}
    await system.control("POST", "/crm/Contacts", {**person, "Account_Name": {"id": pair.account}})
    await system.run(600)
    assert [(call["endpoint"], call["status"]) for call in system.writes(before)] == [
        ("POST /books/v3/contacts/contactpersons", 404)
    ]
    assert system.store.cases.holds("main") == []
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", pair.account))
    assert link is not None
    assert (link.state, link.reason) == (LinkState.TOMBSTONE, "books gone, crm kept")


async def test_a_similar_name_with_the_same_web_domain_is_asked_about(system: System) -> None:
    """No duplicate is made of what a person would see at once."""
    alike = {"contact_name": "Acme Traders", "website": "http://www.acme.example/contact"}
    await system.control("POST", "/import", {"books": {"contacts": [alike]}})
    await system.control(
        "POST", "/import", {"crm": {"Accounts": [{**ACCOUNT, "Account_Name": "Acmé Trader Pvt Ltd"}]}}
    )
    system.write_mode()
    await system.settle(3)
    assert {hold["cause"] for hold in system.store.cases.holds("main")} == {"match:domain and similar name"}
    assert system.writes() == []


async def test_what_is_held_is_told_though_another_field_of_the_record_cannot_be_written(
    system: System,
) -> None:
    """A later edit on one side settles it, and the value that it overwrites must stand in the history before."""
    person = {"last_name": "Rao", "email": "asha@acme.example", "is_primary_contact": True}
    theirs = {"contact_name": "Acme Ltd", "website": "https://books.example", "notes": "only here"}
    ours = {"Account_Name": "Acme Ltd", "Account_Type": "Customer", "Website": "https://crm.example"}
    await system.control(
        "POST", "/import", {"books": {"contacts": [{**theirs, "contact_persons": [person]}]}}
    )
    account = (await system.control("POST", "/crm/Accounts", ours))["id"]
    contact = {"Last_Name": "Rao", "Email": "asha@acme.example", "Account_Name": {"id": account}}
    await system.control("POST", "/crm/Contacts", contact)
    fault = {"name": "error_before_commit", "product": "crm", "match": {"method": "PUT"}}
    await system.control("POST", "/faults", fault)
    system.write_mode()
    await system.settle(2)
    assert [hold["cause"] for hold in system.store.cases.holds("main")] == ["differs:website"]
    held = [entry for entry in system.past.rows() if entry["kind"] == "held"]
    assert [entry["books"] for entry in held] == ["https://books.example"]


async def test_a_link_writes_no_stamp_by_itself_and_the_next_write_carries_it(system: System) -> None:
    """Ten thousand first links would cost days of quota."""
    website = "https://acme.example"
    account = {"Account_Name": "Acme Ltd", "Account_Type": None, "Website": website}
    data = {
        "crm": {"Accounts": [account]},
        "books": {"contacts": [{"contact_name": "Acme Ltd", "website": website}]},
    }
    await system.control("POST", "/import", data)
    system.write_mode()
    await system.settle(3)
    for hold in system.store.cases.holds("main"):
        await system.release(hold, approve=True)
    await system.settle(2)
    [record] = (await system.export())["crm"]["Accounts"]
    [contact] = (await system.export())["books"]["contacts"]
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", record["id"]))
    assert link is not None
    assert link.books_id == contact["contact_id"]
    assert system.writes() == []
    await system.control("PATCH", f"/crm/Accounts/{record['id']}", {"Website": "https://new.example"})
    await system.settle(2)
    [write] = system.writes()
    assert write["method"] == "PUT"
    [contact] = (await system.export())["books"]["contacts"]
    stamps = {field["api_name"]: field["value"] for field in contact["custom_fields"]}
    assert stamps["cf_crm_account_id"] == record["id"]


async def test_persons_match_only_within_their_linked_customer(system: System) -> None:
    """The same e-mail at another customer is another person."""
    person = {"first_name": "Asha", "last_name": "Rao", "email": "asha@acme.example"}
    other = {"contact_name": "Other Works", "contact_persons": [person]}
    await system.control("POST", "/import", {"books": {"contacts": [other]}})
    await system.settle(2)
    system.write_mode()
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    contact = {"First_Name": "Asha", "Last_Name": "Rao", "Email": "asha@acme.example"}
    await system.settle(2)
    await system.control("POST", "/crm/Contacts", {**contact, "Account_Name": {"id": account}})
    await system.settle(2)
    books = {
        one["contact_name"]: one["contact_persons"] for one in (await system.export())["books"]["contacts"]
    }
    assert [len(books["Acme Ltd"]), len(books["Other Works"])] == [1, 1]
    crm = (await system.export())["crm"]["Contacts"]
    assert len(crm) == 2


async def two_alike(system: System) -> str:
    """An Account and a Books customer of one name, asked about; the Account's id."""
    await system.settle(2)
    system.write_mode()
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 2})
    await system.control("POST", "/books/contacts", {"contact_name": "Acme Ltd"})
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await system.settle(3)
    return str(account)


async def test_an_approval_links_nobody_that_was_not_shown(system: System) -> None:
    """Until the writer comes the customer that was shown is renamed, and another one has that name."""
    account = await two_alike(system)
    [hold] = [one for one in system.store.cases.holds("main") if f"/crm/customer/{account}" in one["record"]]
    [shown] = hold["candidates"]
    await system.release(hold, approve=True)
    await system.control("PATCH", f"/books/contacts/{shown}", {"contact_name": "Zeta"})
    other = (await system.control("POST", "/books/contacts", {"contact_name": "Acme Ltd"}))["contact_id"]
    await system.settle(3)
    assert system.store.links.of(parse_key(str(hold["record"]))) is None
    asked = [one["candidates"] for one in system.store.cases.holds("main") if one["record"] == hold["record"]]
    assert asked == [[other]]


@pytest.mark.parametrize("end", ["gone", "left out"])
async def test_a_question_about_an_unlinked_record_ends_with_it(system: System, end: str) -> None:
    """Nobody could answer it any more: deleted, or out of scope by now."""
    account = await two_alike(system)
    asked = f"main/crm/customer/{account}"
    assert asked in [hold["record"] for hold in system.store.cases.holds("main")]
    if end == "gone":
        await system.control("DELETE", f"/crm/Accounts/{account}")
    else:
        changed = {"Account_Name": "Zeta", "Account_Type": "Prospect"}
        await system.control("PATCH", f"/crm/Accounts/{account}", changed)
    await system.settle(2)
    assert asked not in [hold["record"] for hold in system.store.cases.holds("main")]


@pytest.mark.parametrize("end", ["deleted", "deleted unseen", "renamed", "out of scope"])
async def test_a_question_is_decided_again_when_whom_it_names_is_no_candidate_any_more(
    system: System, end: str
) -> None:
    """Two alike are held; one of them goes, and the other one waits for nobody."""
    account = await two_alike(system)
    assert {hold["cause"] for hold in system.store.cases.holds("main")} == {"match:name only"}
    if end.startswith("deleted"):
        await system.control("POST", "/faults", {"name": "drop_notification", "count": int(end != "deleted")})
        await system.control("DELETE", f"/crm/Accounts/{account}")
    else:
        kind = "Customer" if end == "renamed" else "Prospect"
        await system.control(
            "PATCH", f"/crm/Accounts/{account}", {"Account_Name": "Zeta", "Account_Type": kind}
        )
    await system.settle(3)
    assert system.store.cases.holds("main") == []
    data = await system.export()
    renamed = [] if end.startswith("deleted") else ["Zeta"]
    assert sorted(one["Account_Name"] for one in data["crm"]["Accounts"]) == ["Acme Ltd", *renamed]
    made = ["Zeta"] if end == "renamed" else []
    assert sorted(one["contact_name"] for one in data["books"]["contacts"]) == ["Acme Ltd", *made]


async def test_a_question_of_an_account_is_decided_again_when_the_customer_that_it_names_is_renamed(
    system: System,
) -> None:
    """The same from the other side, also where the customer is asked about for another reason by then."""
    await system.settle(2)
    system.write_mode()
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 2})
    customer = (await system.control("POST", "/books/contacts", {"contact_name": "Acme Ltd"}))["contact_id"]
    await system.control("POST", "/crm/Accounts", ACCOUNT)
    await system.settle(3)
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 2})
    await system.control("POST", "/crm/Accounts", {"Account_Name": "Zeta", "Account_Type": "Prospect"})
    await system.control("PATCH", f"/books/contacts/{customer}", {"contact_name": "Zeta"})
    await system.settle(3)
    [ours] = [hold["record"] for hold in system.store.cases.holds("main") if "books" in hold["record"]]
    assert ours == f"main/books/customer/{customer}"
    data = await system.export()
    assert sorted(one["contact_name"] for one in data["books"]["contacts"]) == ["Acme Ltd", "Zeta"]


async def test_a_question_about_a_linked_record_is_decided_again_when_that_is_deleted(pair: Pair) -> None:
    """A second customer looks like the Account, and has one of its own once that is gone."""
    system = pair.system
    second = (await system.control("POST", "/books/contacts", {"contact_name": "Acme Limited"}))["contact_id"]
    await system.settle(3)
    [hold] = system.store.cases.holds("main")
    assert (hold["record"], hold["candidates"]) == (f"main/books/customer/{second}", [pair.account])
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(5)
    assert system.store.cases.holds("main") == []
    assert [one["Account_Name"] for one in (await system.export())["crm"]["Accounts"]] == ["Acme Limited"]
