"""A State table that is empty, restored from a backup or copied: links and questions, no delete, no duplicate (P18)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tandem.adapters.memory.table import MemoryTable
from tandem.core.records import Mode, RecordKey, Side
from tests.system.conftest import ACCOUNT, Pair
from tests.system.world import System

FEEDS = 3
"""Accounts, Contacts, and all contacts of Books."""


def causes(system: System) -> list[str]:
    """Why something is held."""
    return sorted(hold["cause"] for hold in system.store.cases.holds("main"))


def cases(system: System) -> list[str]:
    """Open cases."""
    return sorted(case["cause"] for case in system.store.cases.cases("main"))


async def counts(system: System) -> tuple[int, int, int]:
    """Accounts, Books customers, active ones."""
    data = await system.export()
    contacts = data["books"]["contacts"]
    active = [one for one in contacts if one["status"] == "active"]
    return len(data["crm"]["Accounts"]), len(contacts), len(active)


async def heard_nothing(system: System) -> None:
    """Nobody tells Tandem anything by itself from now on."""
    for fault in ("crm", "books"):
        await system.control("POST", "/faults", {"name": "drop_notification", "product": fault})


async def test_a_restored_table_agrees_where_both_sides_are_equal_and_writes_nothing(pair: Pair) -> None:
    """One alert, nothing written, every pair compared once; then all is as before."""
    system = pair.system
    system.clock.advance(3600)  # what the cursors of then would read again is over
    await system.settle(1)
    backup, alerts, before = system.memory.rows(), len(system.alerts.sent), system.seq
    system.restore(backup)
    await system.settle(1)
    assert [subject for subject, _ in system.alerts.sent[alerts:]] == [
        "Tandem: the state of main was restored or copied"
    ]
    await system.settle(2)
    assert system.writes(before) == []
    assert causes(system) == []
    assert cases(system) == []
    assert system.store.connections.read("main").restored == ""
    assert len(system.alerts.sent) == alerts + 1
    for side, id, entity in (
        (Side.CRM, pair.account, "customer"),
        (Side.CRM, pair.contact, "contact_person"),
    ):
        link = system.store.links.of(RecordKey("main", side, entity, id))
        assert link is not None
        assert link.trusted
        assert link.base
    await pair.edit_crm({"Website": "https://after.example"})
    await system.run(10)
    assert (await pair.books())["website"] == "https://after.example"


async def test_edits_since_the_backup_are_held_and_lost_on_neither_side(pair: Pair) -> None:
    """The table of then would take the newer value of Books for an edit to be sent to CRM, or the reverse."""
    system = pair.system
    backup = system.memory.rows()
    await pair.edit_crm({"Website": "https://synced.example"})
    await system.run(10)
    await heard_nothing(system)
    await pair.edit_books({"website": "https://books.example"})
    before = system.seq
    system.restore(backup)
    await system.settle(3)
    assert causes(system) == ["differs:website"]
    assert system.writes(before) == []
    assert (await pair.crm())["Website"] == "https://synced.example"
    assert (await pair.books())["website"] == "https://books.example"
    [hold] = system.store.cases.holds("main")
    await system.release(hold, take="books")
    await system.settle(1)
    assert (await pair.crm())["Website"] == "https://books.example"


async def test_what_was_made_and_linked_since_the_backup_is_linked_again(pair: Pair) -> None:
    """By its stamp, not a second time."""
    system = pair.system
    backup = system.memory.rows()
    await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Name": "Newer Works", "Website": None})
    await system.run(20)
    before = system.seq
    system.restore(backup)
    await system.settle(4)
    assert await counts(system) == (2, 2, 2)
    assert system.writes(before) == []
    assert causes(system) == []


async def test_a_clear_since_the_backup_is_not_filled_back(pair: Pair) -> None:
    """A blank may be a clear that was synced, or one still to be: a person says which."""
    system = pair.system
    backup = system.memory.rows()
    await heard_nothing(system)
    await pair.edit_crm({"Website": None})
    before = system.seq
    system.restore(backup)
    await system.settle(3)
    assert causes(system) == ["differs:website"]
    assert system.writes(before) == []
    [hold] = system.store.cases.holds("main")
    await system.release(hold, take="crm")
    await system.settle(1)
    assert (await pair.books())["website"] == ""


async def test_a_clear_is_not_filled_back_where_the_backup_does_not_know_the_pair(pair: Pair) -> None:
    """Its stamp tells that the two were linked once, also where nothing else is known of them."""
    system = pair.system
    backup = system.memory.rows()
    account = {**ACCOUNT, "Account_Name": "Newer Works", "Website": "https://newer.example"}
    newer = (await system.control("POST", "/crm/Accounts", account))["id"]
    await system.run(20)
    await heard_nothing(system)
    await system.control("PATCH", f"/crm/Accounts/{newer}", {"Website": None})
    before = system.seq
    system.restore(backup)
    await system.settle(4)
    assert causes(system) == ["differs:website"]
    assert system.writes(before) == []


async def test_while_observing_a_lost_agreement_stays_in_doubt(pair: Pair) -> None:
    """What was only told and never kept is found in doubt once more when writing begins."""
    system = pair.system
    backup = system.memory.rows()
    await heard_nothing(system)
    await pair.edit_crm({"Website": None})
    before = system.seq
    system.restore(backup)
    system.store.connections.set_mode("main", Mode.OBSERVE)
    await system.settle(3)
    system.write_mode()
    await system.settle(3)
    assert causes(system) == ["differs:website"]
    assert system.writes(before) == []


async def test_a_person_made_since_the_backup_whose_e_mail_was_edited_is_asked_about(pair: Pair) -> None:
    """Books' person carries no stamp and Contact has none yet: made again on both sides, it would be there twice."""
    system = pair.system
    backup = system.memory.rows()
    body: dict[str, Any] = {"First_Name": "Ravi", "Last_Name": "Iyer", "Email": "ravi@acme.example"}
    body |= {"Account_Name": {"id": pair.account}}
    contact = (await system.control("POST", "/crm/Contacts", body))["id"]
    await system.run(20)
    await heard_nothing(system)
    await system.control("PATCH", f"/crm/Contacts/{contact}", {"Email": "iyer@acme.example"})
    before = system.seq
    system.restore(backup)
    await system.settle(4)
    assert system.writes(before) == []
    assert set(causes(system)) == {"match:name, another e-mail"}
    hold = system.store.cases.holds("main")[0]
    await system.release(hold, approve=True)
    await system.settle(3)
    data = await system.export()
    assert [c["Last_Name"] for c in data["crm"]["Contacts"]].count("Iyer") == 1
    persons = [p for c in data["books"]["contacts"] for p in c["contact_persons"]]
    assert [p["last_name"] for p in persons].count("Iyer") == 1


async def test_a_delete_since_the_backup_makes_nobody_inactive_without_a_word(pair: Pair) -> None:
    """What both agreed on is not known, so nobody knows whether Books was edited since."""
    system = pair.system
    backup = system.memory.rows()
    await heard_nothing(system)
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    system.restore(backup)
    await system.settle(5)
    assert causes(system) == ["deleted, state restored"]
    assert await counts(system) == (0, 1, 1)
    [hold] = system.store.cases.holds("main")
    await system.release(hold, approve=True)
    await system.settle(1)
    assert await counts(system) == (0, 1, 0)


async def test_what_was_made_and_deleted_since_the_backup_is_asked_about(pair: Pair) -> None:
    """The restored table knows nothing of the pair; the customer in Books says that it had an Account."""
    system = pair.system
    backup = system.memory.rows()
    account = {**ACCOUNT, "Account_Name": "Newer Works", "Website": "https://newer.example"}
    newer = (await system.control("POST", "/crm/Accounts", account))["id"]
    await system.run(20)
    await heard_nothing(system)
    await system.control("DELETE", f"/crm/Accounts/{newer}")
    before = system.seq
    system.restore(backup)
    await system.settle(5)
    assert causes(system) == ["match:counterpart gone"]
    assert system.writes(before) == []
    [hold] = system.store.cases.holds("main")
    await system.release(hold, approve=True)
    await system.settle(2)
    assert await counts(system) == (2, 2, 2)
    assert causes(system) == []


async def test_an_account_with_the_stamp_of_one_merged_into_it_is_asked_about(pair: Pair) -> None:
    """Its own was not written yet, so the merge filled in the other's; and the restored table knows no link of it."""
    system = pair.system
    await pair.edit_books({"website": "https://stamped.example"})
    await system.run(20)
    assert (await pair.crm())["Books_Customer_ID"] == pair.customer
    backup = system.memory.rows()
    account = {**ACCOUNT, "Account_Name": "Newer Works", "Website": "https://newer.example"}
    newer = (await system.control("POST", "/crm/Accounts", account))["id"]
    await system.run(20)
    await heard_nothing(system)
    await system.control("POST", f"/crm/Accounts/{newer}/merge", {"losers": [pair.account]})
    before = system.seq
    system.restore(backup)
    await system.settle(5)
    assert system.writes(before) == []
    asked = {hold["record"].split("/")[-1]: hold for hold in system.store.cases.holds("main")}
    customers = {one["contact_id"] for one in (await system.export())["books"]["contacts"]}
    [made] = customers - {pair.customer}
    assert set(asked[newer]["candidates"]) == customers
    assert asked[made]["candidates"] == asked[pair.account]["candidates"] == [newer]


async def test_a_person_of_a_customer_that_is_asked_about_waits_for_the_answer(pair: Pair) -> None:
    """Its customer is gone in CRM and held: a Contact cannot be made there, however often it is tried."""
    system = pair.system
    backup = system.memory.rows()
    await heard_nothing(system)
    body = {"first_name": "Ned", "last_name": "Newman", "email": "new@acme.example"}
    await system.control("POST", f"/books/contacts/{pair.customer}/persons", body)
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    system.restore(backup)
    await system.settle(20)
    assert causes(system) == ["deleted, state restored"]
    before = system.seq
    await system.settle(30)
    assert system.writes(before) == []


async def test_nothing_is_created_before_both_sides_were_listed_in_the_restored_table(pair: Pair) -> None:
    """A counterpart may have been made since the backup."""
    system = pair.system
    backup = system.memory.rows()
    system.restore(backup)
    await system.control("POST", "/crm/Accounts", {**ACCOUNT, "Account_Name": "Newer Works", "Website": None})
    await system.run(10)
    assert await counts(system) == (2, 1, 1)
    assert [row["waits_pk"] for row in system.memory.rows() if "waits_pk" in row] == ["main#index"]
    assert cases(system) == ["state restored"]
    await system.settle(2)
    assert await counts(system) == (2, 2, 2)


async def test_an_intent_of_then_is_not_settled_against_the_sides_of_now(pair: Pair) -> None:
    """Its outcome stands in the history; what the sides show now says nothing about it."""
    system = pair.system
    await system.control(
        "POST", "/faults", {"name": "timeout", "product": "books", "match": {"method": "PUT"}, "count": 1}
    )
    await pair.edit_crm({"Website": "https://open.example"})
    await system.run(3)
    assert len(system.store.intents.all_open("main")) == 1
    system.restore(system.memory.rows())
    await system.settle(2)
    assert system.store.intents.all_open("main") == []
    assert causes(system) == ["differs:website"]


async def test_an_empty_table_beside_stamped_records_links_them_and_makes_nothing(pair: Pair) -> None:
    """Equal fields agree, different ones are held."""
    system = pair.system
    meta = system.store.connections.read("main")
    [text] = [row["text"] for row in system.memory.rows() if row["sk"] == "MAP#active"]
    await heard_nothing(system)
    await pair.edit_books({"website": "https://books.example"})
    before = system.seq
    system.memory = system.state.table = MemoryTable()
    system.store.connections.save(meta.model_copy(update={"mode": Mode.WRITE, "epoch": ""}), text)
    await system.settle(4)
    assert await counts(system) == (1, 1, 1)
    assert causes(system) == ["differs:website"]
    assert [(call["method"], call["status"]) for call in system.writes(before)] == []


class DiedError(BaseException):
    """The function is no more."""


async def test_a_tick_that_dies_when_all_is_listed_is_made_good_by_the_next(pair: Pair) -> None:
    """What waits for the listings is woken all the same, and the connection is no restored one any more."""
    system = pair.system
    backup = system.memory.rows()
    system.restore(backup)
    newer = {**ACCOUNT, "Account_Name": "Newer Works", "Website": None}
    await system.control("POST", "/crm/Accounts", newer)
    await system.run(10)
    listed = set[str]()

    def dies(verb: str, operand: Any) -> None:
        if verb in ("update", "put") and "INDEX" in str(operand):
            listed.update(re.findall(r"'(\w+#\w+)': True", str(operand)))
            if len(listed) == FEEDS:
                system.memory.after = None
                raise DiedError

    system.memory.after = dies
    with pytest.raises(DiedError):
        await system.settle(3)
    assert system.store.connections.read("main").restored
    await system.settle(2)
    assert system.store.connections.read("main").restored == ""
    assert await counts(system) == (2, 2, 2)


async def test_a_table_that_stays_the_same_is_never_distrusted(pair: Pair) -> None:
    """New containers over the same table ask once and go on."""
    system = pair.system
    known: Any = system.store.connections.read("main")
    assert known.epoch == system.memory.table_id()
    await system.settle(2)
    assert cases(system) == []
    assert system.store.connections.read("main").epoch == known.epoch


async def test_a_wait_that_no_index_shows_yet_when_all_is_listed_is_woken_by_the_next_tick(
    pair: Pair,
) -> None:
    """An index of the table lags: who began to wait just before is found a little later, not after a day."""
    system = pair.system
    system.restore(system.memory.rows())
    newer = {**ACCOUNT, "Account_Name": "Newer Works", "Website": None}
    await system.control("POST", "/crm/Accounts", newer)
    system.memory.index_lag = 1_000_000
    await system.run(10)
    await system.tick()
    assert system.store.connections.read("main").restored == "", "all is listed"
    system.memory.catch_up()
    system.memory.index_lag = 0
    await system.settle(3)
    assert await counts(system) == (2, 2, 2)
