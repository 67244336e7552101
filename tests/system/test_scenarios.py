"""The main job, scenario by scenario, on the real engine against the sandbox."""

from __future__ import annotations

import copy
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from tandem.adapters.zoho import transport
from tests.system.conftest import ACCOUNT, Pair
from tests.system.world import BOOKS_SECRET, System  # noqa: F401 - the secret documents what a forger lacks


async def test_a_customer_made_in_crm_is_in_books_once_with_its_person(pair: Pair) -> None:
    """One create each, mapped fields equal, stamped, and no write follows."""
    books = await pair.books()
    assert books["contact_name"] == "Acme Ltd"
    assert books["billing_address"]["city"] == "Mumbai"
    assert books["billing_address"]["phone"] == ACCOUNT["Phone"]
    assert books["contact_persons"][0]["email"] == "asha@acme.example"
    before = pair.system.seq
    await pair.system.settle(2)
    assert pair.system.writes(before) == []
    assert len((await pair.system.export())["books"]["contacts"]) == 1


async def test_an_address_changed_in_crm_is_in_books_and_on_the_next_invoice(pair: Pair) -> None:
    """Seconds later, with one write; an invoice already sent keeps the old one."""
    system = pair.system
    invoice = {"customer_id": pair.customer, "line_items": [{"name": "Work", "rate": 100, "quantity": 1}]}
    old = await system.control("POST", "/books/invoices", invoice)
    before = system.seq
    await pair.edit_crm({"Billing_Street": "2 Park Street", "Billing_City": "Pune", "Billing_Code": "411001"})
    await system.run(5)
    writes = system.writes(before)
    assert [(w["method"], w["endpoint"]) for w in writes] == [("PUT", "PUT /books/v3/contacts/{id}")], writes
    assert "phone" in writes[0]["request_body"]["billing_address"], "an address is sent whole"
    new = await system.control("POST", "/books/invoices", invoice)
    assert new["billing_address"]["city"] == "Pune"
    assert old["billing_address"]["city"] == "Mumbai"
    await system.settle(2)
    assert len(system.writes(before)) == 1


async def test_a_person_changed_in_books_is_in_crm(pair: Pair) -> None:
    """The phone of a person travels back."""
    before = pair.system.seq
    await pair.edit_person({"phone": "+91 99999 00000"})
    await pair.system.run(10)
    await pair.system.settle(1)
    assert (await pair.crm("Contacts"))["Phone"] == "+91 99999 00000"
    assert len(pair.system.writes(before)) == 1


async def test_two_fields_changed_on_both_sides_at_once_both_survive(pair: Pair) -> None:
    """The merge is per field."""
    await pair.edit_crm({"Website": "https://new.example"})
    await pair.edit_books({"notes": "from the accountant"})
    await pair.system.run(10)
    assert (await pair.books())["website"] == "https://new.example"
    assert (await pair.crm())["Description"] == "from the accountant"


async def test_a_field_changed_on_both_sides_is_settled_by_its_owner(pair: Pair) -> None:
    """CRM owns the notes; the loser and the rule are in the history."""
    await pair.edit_crm({"Description": "crm says"})
    await pair.edit_books({"notes": "books says"})
    await pair.system.run(10)
    assert (await pair.books())["notes"] == "crm says"
    assert (await pair.crm())["Description"] == "crm says"
    entries = [
        item for item in pair.system.history() if item.get("kind") == "write" and "notes" in item["after"]
    ]
    assert entries[-1]["before"]["notes"] == "books says"
    assert "conflict" in entries[-1]["rules"]["notes"]


async def test_an_edit_half_a_second_after_our_own_write_is_written_at_the_second_try(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CRM refuses the first, as its guard must allow for whole seconds and for the time that a call takes."""
    system, stopwatch = pair.system, count()
    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=lambda: next(stopwatch) / 10))
    await system.control("PUT", "/switches", {"unmodified_since_same_second": "refused"})
    before = system.seq
    for edit in ({"notes": "one"}, {"website": "https://two.example"}):
        await pair.edit_books(edit)
        for _ in range(5):
            system.clock.advance(0.1)
            await system.sandbox.outbox.deliver_due()
            await system.drain()
    answers = [call["status"] for call in system.writes(before)]
    assert answers == [200, 412, 200]
    assert (await pair.crm())["Website"] == "https://two.example"


async def test_a_clear_travels_to_crm_and_is_stopped_towards_books(pair: Pair) -> None:
    """Notes may be cleared both ways; an address is never cleared in Books."""
    await pair.edit_books({"notes": ""})
    await pair.edit_crm(
        dict.fromkeys(("Billing_Street", "Billing_City", "Billing_State", "Billing_Code", "Billing_Country"))
    )
    await pair.system.run(10)
    await pair.system.settle(1)
    assert (await pair.crm())["Description"] is None
    assert (await pair.books())["billing_address"]["city"] == "Mumbai"
    assert (await pair.crm())["Billing_City"] is None


async def test_a_crm_delete_deactivates_and_a_restore_revives(pair: Pair) -> None:
    """Deactivated, never deleted; the restored record goes on with the same pair."""
    system = pair.system
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(4)
    assert (await pair.books())["status"] == "inactive"
    await system.control("POST", f"/crm/Accounts/{pair.account}/restore")
    await system.settle(3)
    assert (await pair.books())["status"] == "active"
    await pair.edit_crm({"Website": "https://again.example"})
    await system.run(10)
    assert (await pair.books())["website"] == "https://again.example"
    assert len((await system.export())["books"]["contacts"]) == 1


async def test_a_lost_webhook_is_made_good_by_reconcile(pair: Pair) -> None:
    """Nothing arrives, the tick finds it."""
    await pair.system.control("POST", "/faults", {"name": "drop_notification", "product": "crm", "count": 5})
    await pair.edit_crm({"Website": "https://silent.example"})
    await pair.system.run(5)
    assert (await pair.books())["website"] == "https://acme.example"
    await pair.system.settle(2)
    assert (await pair.books())["website"] == "https://silent.example"


async def test_doubled_old_and_forged_webhooks_write_nothing(pair: Pair) -> None:
    """A hint is only a hint, and a forged one is not even that."""
    system = pair.system
    await pair.edit_crm({"Website": "https://one.example"})
    await system.run(10)
    await system.settle(1)
    before = system.seq
    deliveries = await system.control("GET", "/deliveries")
    for delivery in deliveries["deliveries"]:
        await system.control("POST", f"/deliveries/{delivery['n']}/replay")
    await system.run(10)
    assert system.writes(before) == []
    assert set(system.answers) <= {200, 202}


async def test_a_refused_record_is_held_with_its_cause_and_released_when_mended(pair: Pair) -> None:
    """Quarantined at once, one alert, no dead letter; the others go on; the mended one syncs."""
    system = pair.system
    fault = {
        "name": "refuse_record",
        "product": "books",
        "match": {"record_id": pair.customer},
        "code": 4,
        "message": "Invalid value passed for website",
    }
    await system.control("POST", "/faults", fault)
    sent = len(system.alerts.sent)
    await pair.edit_crm({"Website": "https://refused.example"})
    await system.run(5)
    [hold] = system.store.cases.holds("main")
    assert "refused" in hold["sentence"]
    assert len(system.alerts.sent) == sent + 1
    assert system.letters.bodies == []
    await system.control("DELETE", "/faults")
    await system.release(hold)
    await system.run(5)
    assert (await pair.books())["website"] == "https://refused.example"
    assert system.store.cases.holds("main") == []


async def test_books_down_for_longer_than_the_retries_heals_without_help(pair: Pair) -> None:
    """Dead-lettered, redriven, synced."""
    system = pair.system
    system.configure(retry_seconds=(2, 4), redrive_seconds=(60,))
    await system.control("POST", "/faults", {"name": "books_down", "product": "books"})
    await pair.edit_crm({"Website": "https://late.example"})
    await system.settle(2)
    assert len(system.letters.bodies) == 1
    await system.control("DELETE", "/faults")
    assert system.redriver.redrive().counts == {"redriven": 1}
    await system.settle(3)
    assert (await pair.books())["website"] == "https://late.example"


async def test_a_reconcile_from_empty_cursors_writes_nothing(pair: Pair) -> None:
    """Everything is read again, nothing is written."""
    system = pair.system
    await pair.edit_crm({"Website": "https://x.example"})
    await system.run(10)
    before = system.seq
    system.forget_cursors()
    await system.settle(3)
    assert system.writes(before) == []


async def test_a_customer_made_in_books_is_in_crm_once_with_its_person(system: System) -> None:
    """The way back of a create."""
    await system.settle(2)
    system.write_mode()
    await system.control(
        "POST",
        "/books/contacts",
        {
            "contact_name": "Only Books LLP",
            "contact_persons": [{"first_name": "Uma", "last_name": "S", "email": "u@b.example"}],
        },
    )
    await system.settle(2)
    data = (await system.export())["crm"]
    assert [a["Account_Name"] for a in data["Accounts"]] == ["Only Books LLP"]
    assert [c["Email"] for c in data["Contacts"]] == ["u@b.example"]
    assert data["Contacts"][0]["Account_Name"]["id"] == data["Accounts"][0]["id"]


async def test_observe_writes_nothing_and_lists_what_would_be_done(system: System) -> None:
    """The whole way runs, decisions enter the history once, and no write leaves."""
    await system.control(
        "POST", "/import", {"crm": {"Accounts": [copy.deepcopy(ACCOUNT)]}, "books": {"contacts": []}}
    )
    await system.settle(3)
    assert system.writes() == []
    would = [item for item in system.history() if item["kind"] == "would_write"]
    assert [item["verb"] for item in would] == ["create"]
    system.write_mode()
    await system.settle(2)
    assert len((await system.export())["books"]["contacts"]) == 1


async def test_a_prospect_stays_out_and_is_counted(system: System) -> None:
    """Scope is a rule with a reason."""
    await system.control("POST", "/import", {"crm": {"Accounts": [{**ACCOUNT, "Account_Type": "Prospect"}]}})
    system.write_mode()
    await system.settle(3)
    assert (await system.export())["books"]["contacts"] == []
    assert sum(system.store.rows.left_out("main").values()) == 1


async def test_same_email_and_similar_name_link_and_differences_are_held(system: System) -> None:
    """First link: equal agrees, blank yields, different is held with what each side showed."""
    crm = {**ACCOUNT, "Website": "https://crm.example"}
    made = await system.control("POST", "/import", {"crm": {"Accounts": [crm]}})
    account = made["crm"]["Accounts"][0]
    person: dict[str, Any] = {
        "First_Name": "A",
        "Last_Name": "Rao",
        "Email": "a@acme.example",
        "Account_Name": {"id": account},
    }
    await system.control("POST", "/import", {"crm": {"Contacts": [person]}})
    books = {
        "contact_name": "Acme Limited",
        "website": "https://books.example",
        "contact_persons": [{"first_name": "A", "last_name": "Rao", "email": "a@acme.example"}],
    }
    await system.control("POST", "/import", {"books": {"contacts": [books]}})
    system.write_mode()
    await system.settle(4)
    data = await system.export()
    assert len(data["books"]["contacts"]) == 1
    assert len(data["crm"]["Accounts"]) == 1
    held = {hold["field"]: hold for hold in system.store.cases.holds("main")}
    assert set(held) == {"website", "name"}, held
    assert data["books"]["contacts"][0]["billing_address"]["city"] == "Mumbai", "blank yields to value"
    await system.release(held["website"], take="books")
    await system.run(5)
    assert (await system.export())["crm"]["Accounts"][0]["Website"] == "https://books.example"
    assert {hold["field"] for hold in system.store.cases.holds("main")} == {"name"}


async def test_the_notification_channel_outlives_its_seven_days(system: System) -> None:
    """The tick moves its end on each day, so that notifications do not die in silence."""
    system.store.connections.set(
        "main", crm_channel_expiry=(system.clock.now() + timedelta(days=6)).isoformat()
    )
    for _ in range(8):
        system.clock.advance(86_400)
        await system.tick()
    await system.control("POST", "/crm/Accounts", ACCOUNT)
    await system.run(3)
    assert 202 in system.answers


async def test_a_channel_whose_end_cannot_be_moved_is_told_once_and_missed_by_nobody(system: System) -> None:
    """Should CRM want another body there: one alert says what to do, and the tick finds what no notice tells.

    It is tried once a day, and `tandem status` goes on to tell the end that it really has.
    """
    await system.control("PUT", "/switches", {"watch_patch_body": "object"})
    end = system.clock.now() + timedelta(days=2)
    system.store.connections.set("main", crm_channel_expiry=end.isoformat())
    for _ in range(16):
        system.clock.advance(43_200)
        await system.tick()
    told = [message for subject, message in system.alerts.sent if "notifications" in subject]
    assert len(told) == 1
    assert "Subscribe again: tandem connect" in told[0]
    assert system.store.connections.read("main").crm_channel_expiry == end.isoformat()
    assert len(system.calls(method="PATCH")) == 8
    system.write_mode()
    await system.control("POST", "/crm/Accounts", ACCOUNT)
    await system.settle(15)
    assert (await system.control("GET", "/deliveries?product=crm"))["total"] == 0
    assert len((await system.export())["books"]["contacts"]) == 1


async def test_rows_of_both_sides_of_one_pair_in_one_round_lose_nothing(pair: Pair) -> None:
    """The second row of a pair decides on what the first one left behind, never on the round's first read."""
    await pair.edit_crm({"Website": "https://both.example", "Description": "crm"})
    await pair.edit_books({"notes": "books", "custom_fields": [{"api_name": "cf_segment", "value": "gold"}]})
    await pair.system.sandbox.outbox.deliver_due()
    pair.system.clock.advance(1)
    await pair.system.sandbox.outbox.deliver_due()
    pair.system.bell.take()
    report = await pair.system.drain()
    assert report.rounds == 1
    await pair.system.settle(2)
    crm, books = await pair.crm(), await pair.books()
    assert (crm["Website"], crm["Description"], crm["Customer_Segment"]) == (
        "https://both.example",
        "crm",
        "gold",
    )
    assert (books["website"], books["notes"]) == ("https://both.example", "crm")


async def test_a_person_edited_in_the_second_of_its_customers_edit_is_brought_over(pair: Pair) -> None:
    """Both edits bear one modified time: the second notice tells of it; where that is lost, the next edit does."""
    system = pair.system
    await system.settle(2)
    await pair.edit_books({"notes": "first"})
    await system.sandbox.outbox.deliver_due()
    await pair.edit_person({"mobile": "+91 9000000396"})
    await system.run(10)
    assert (await pair.crm("Contacts"))["Mobile"] == "+91 9000000396"
    await pair.edit_books({"notes": "second"})
    await system.sandbox.outbox.deliver_due()
    system.sandbox.faults.plant("drop_notification", {"count": 1})
    await pair.edit_person({"mobile": "+91 9000000397"})
    await system.settle(2)
    await pair.edit_books({"notes": "third"})
    await system.settle(2)
    assert (await pair.crm("Contacts"))["Mobile"] == "+91 9000000397"
