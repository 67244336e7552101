"""Records that leave the scope: what is linked stays linked and is told; what is left out is counted."""

from __future__ import annotations

import pytest

from tandem.core.records import LinkState, RecordKey, Side
from tests.system.conftest import ACCOUNT, CONTACT, Pair
from tests.system.test_entity_policies import remap
from tests.system.world import System

GONE = "Account_Type is “Prospect”; only Customer is created in Books"


async def test_an_account_whose_type_changes_stays_linked_and_is_told(pair: Pair) -> None:
    """Its edits go on both ways; back in scope, or unlinked, it is told no more."""
    system = pair.system
    await pair.edit_crm({"Account_Type": "Prospect"})
    await system.settle(2)
    assert system.store.outside.count("main") == {GONE: 1}
    await pair.edit_crm({"Website": "https://still.example"})
    await pair.edit_books({"notes": "still here"})
    await system.settle(2)
    assert (await pair.books())["website"] == "https://still.example"
    assert (await pair.crm())["Description"] == "still here"
    assert system.store.outside.count("main") == {GONE: 1}
    await pair.edit_crm({"Account_Type": "Customer"})
    await system.settle(2)
    assert system.store.outside.count("main") == {}
    system.judge()


async def test_an_unmapped_attribute_decides_about_the_scope_too(pair: Pair) -> None:
    """No mapped field changes, so nothing is written; it is noted, and Books is not read for it."""
    system = pair.system
    [text] = [row["text"] for row in system.memory.rows() if row["sk"] == "MAP#active"]
    remap(
        system,
        text.replace(
            "create_in_books_when: {Account_Type: [Customer]}",
            "create_in_books_when: {Industry: [Consulting]}",
        ),
    )
    await pair.edit_crm({"Industry": "Consulting"})
    await system.settle(2)
    before = system.seq
    await pair.edit_crm({"Industry": "Education"})
    await system.settle(2)
    assert list(system.store.outside.count("main").values()) == [1]
    assert system.writes(before) == []
    assert "GET /books/v3/contacts/{id}" not in {call["endpoint"] for call in system.calls(before)}


async def test_a_linked_account_that_left_the_scope_and_is_deleted_is_told_no_more(pair: Pair) -> None:
    """The link has ended."""
    system = pair.system
    await pair.edit_crm({"Account_Type": "Prospect"})
    await system.settle(1)
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(4)
    assert (await pair.books())["status"] == "inactive"
    assert system.store.outside.count("main") == {}


async def test_a_customer_born_in_books_was_never_in_scope_and_is_not_told(system: System) -> None:
    """The scope is about creating in Books."""
    await system.settle(2)
    system.write_mode()
    await system.control("POST", "/books/contacts", {"contact_name": "Born Here"})
    await system.settle(3)
    assert len((await system.export())["crm"]["Accounts"]) == 1
    assert system.store.outside.count("main") == {}


async def test_an_account_that_was_left_out_and_is_found_from_books_is_counted_no_more(
    system: System,
) -> None:
    """It is linked by the row of its customer; its own is handled no second time."""
    await system.settle(2)
    system.write_mode()
    account = (await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Type": "Prospect"}))["id"]
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})
    await system.settle(1)
    assert len(system.store.rows.left_out("main")) == 2
    asha = {"first_name": "Asha", "last_name": "Rao", "email": CONTACT["Email"]}
    same = {"contact_name": ACCOUNT["Account_Name"], "contact_persons": [asha]}
    await system.control("POST", "/import", {"books": {"contacts": [same]}})
    await system.settle(2)
    assert system.store.links.of(RecordKey("main", Side.CRM, "customer", account)) is not None
    assert system.store.rows.left_out("main") == {}


@pytest.mark.parametrize("kind", ["Prospect", None])
async def test_contacts_of_an_account_left_out_are_left_out_and_follow_when_it_comes_in(
    system: System, kind: str | None
) -> None:
    """Counted with their reason; both are made once the Account is a customer."""
    await system.settle(2)
    system.write_mode()
    account = (await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Type": kind}))["id"]
    contact = await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})
    await system.settle(2)
    assert sorted(system.store.rows.left_out("main").values()) == [1, 1]
    assert "its customer is left out" in system.store.rows.left_out("main")
    assert (await system.export())["books"]["contacts"] == []
    await system.control("PATCH", f"/crm/Accounts/{account}", {"Account_Type": "Customer"})
    await system.settle(2)
    [customer] = (await system.export())["books"]["contacts"]
    assert len(customer["contact_persons"]) == 1
    link = system.store.links.of(RecordKey("main", Side.CRM, "contact_person", contact["id"]))
    assert link is not None
    assert link.state is LinkState.LIVE
    assert system.store.rows.left_out("main") == {}


async def test_a_contact_that_came_first_need_not_wait_once_its_account_is_left_out(system: System) -> None:
    """It waits for its customer; what becomes of that decides for it at once, not when somebody looks again."""
    await system.settle(2)
    system.write_mode()
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 1})
    account = (await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Type": "Prospect"}))["id"]
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})
    await system.run(5)
    assert [row["waits_pk"] for row in system.memory.rows() if "waits_pk" in row] == ["main#parent"]
    await system.control("PATCH", f"/crm/Accounts/{account}", {"Description": "n"})
    await system.run(5)
    assert sorted(system.store.rows.left_out("main").values()) == [1, 1]
