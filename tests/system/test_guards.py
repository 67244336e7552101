"""The guards on the real engine: over a threshold no write at all and one alert, below it nothing (P22)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tandem.core.connection import Settings
from tandem.core.guards import Noted
from tandem.core.records import LinkState, Mode, Side
from tests.system.conftest import ACCOUNT, Pair
from tests.system.world import System

CROWD = 12


@pytest.fixture
async def crowd(system: System) -> System:
    """Twelve linked customers at rest."""
    await system.settle(1)
    system.write_mode()
    names = [f"Company {number:02}" for number in range(CROWD)]
    accounts = [
        {**ACCOUNT, "Account_Name": name, "Website": f"https://{name[-2:]}.example"} for name in names
    ]
    await system.control("POST", "/import", {"crm": {"Accounts": accounts}})
    await system.settle(3)
    system.clock.advance(1200)
    await system.settle(1)
    assert len(system.store.links.ids("main", "customer", LinkState.LIVE)) == CROWD
    return system


async def accounts_of(system: System) -> list[str]:
    """The ids of the CRM customers, in order."""
    return sorted(account["id"] for account in (await system.export())["crm"]["Accounts"])


async def edit(system: System, ids: list[str], **values: Any) -> None:
    """One person edits several Accounts at once."""
    for id in ids:
        own = {name: value.format(id) if isinstance(value, str) else value for name, value in values.items()}
        await system.control("PATCH", f"/crm/Accounts/{id}", {**own, "user": "Ben Okri"})


def guard_alerts(system: System) -> list[str]:
    """What the guards said."""
    return [message for subject, message in system.alerts.sent if "guard" in subject]


def approve(system: System, *, approved: bool = True) -> None:
    """`tandem release CASE --approve`, or without the word."""
    connection = system.store.connections.read("main")
    system.store.guards.answer(connection, system.store.rows, system.clock.now(), approve=approved)
    system.bell.ring("main")


async def notes_in_books(system: System) -> list[str]:
    """The notes of every Books customer."""
    return sorted(contact["notes"] for contact in (await system.export())["books"]["contacts"])


async def test_as_many_changes_as_allowed_all_travel(crowd: System) -> None:
    """At the threshold nothing happens."""
    crowd.configure(mass_change_records=CROWD)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids, Description="about {}")
    await crowd.run(20)
    assert len(crowd.writes(before)) == CROWD
    assert guard_alerts(crowd) == []


async def test_one_change_too_many_and_nothing_is_written(crowd: System) -> None:
    """One alert, that names the numbers and both sides' last editor; the changes wait, also after many ticks."""
    crowd.configure(mass_change_records=CROWD - 1)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids, Description="about {}")
    await crowd.run(20)
    await crowd.settle(15)
    assert crowd.writes(before) == []
    [alert] = guard_alerts(crowd)
    assert "12 records were changed in CRM within 10 minutes, more than 11" in alert
    assert "in CRM by Ben Okri" in alert
    assert "--approve" in alert
    assert "in Books by unknown" not in alert
    connection = crowd.store.connections.read("main")
    assert (connection.mode, connection.effective_mode) == (Mode.WRITE, Mode.OBSERVE)
    assert len(crowd.store.rows.waiting("main", "mode")) == CROWD
    assert [item["kind"] for item in crowd.history()][-CROWD:] == ["would_write"] * CROWD


async def test_an_approved_mass_change_goes_through_once(crowd: System) -> None:
    """What was changed until the approval travels; the next mass change is stopped again, with an alert of its own."""
    crowd.configure(mass_change_records=CROWD - 1)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids, Description="about {}")
    await crowd.run(20)
    await crowd.settle(1)
    approve(crowd)
    await crowd.run(20)
    assert await notes_in_books(crowd) == sorted(f"about {id}" for id in ids)
    assert len(crowd.writes(before)) == CROWD
    crowd.clock.advance(60)
    after = crowd.seq
    await edit(crowd, ids, Description="again {}")
    await crowd.run(20)
    assert crowd.writes(after) == []
    assert len(guard_alerts(crowd)) == 2


async def test_a_mass_change_put_right_in_zoho_leaves_no_trace(crowd: System) -> None:
    """Released without a word: decided afresh, and nothing differs any more."""
    crowd.configure(mass_change_records=CROWD - 1)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids, Description="about {}")
    await crowd.run(20)
    await edit(crowd, ids, Description="First customer")
    await crowd.run(20)
    approve(crowd, approved=False)
    await crowd.settle(2)
    assert crowd.writes(before) == []
    assert len(guard_alerts(crowd)) == 1
    assert crowd.store.connections.read("main").effective_mode is Mode.WRITE
    assert crowd.store.rows.pending("main") == 0


async def test_a_mass_change_released_as_it_is_stops_again(crowd: System) -> None:
    """Without --approve nothing is overruled."""
    crowd.configure(mass_change_records=CROWD - 1)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids, Description="about {}")
    await crowd.run(20)
    await crowd.settle(1)
    approve(crowd, approved=False)
    await crowd.run(20)
    await crowd.settle(1)
    assert crowd.writes(before) == []
    assert len(guard_alerts(crowd)) == 2


async def test_changes_far_apart_in_time_are_no_mass_change(crowd: System) -> None:
    """The window is ten minutes; half of them come after it."""
    crowd.configure(mass_change_records=CROWD - 1)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids[:6], Description="about {}")
    await crowd.run(20)
    crowd.clock.advance(601)
    await edit(crowd, ids[6:], Description="about {}")
    await crowd.run(20)
    assert len(crowd.writes(before)) == CROWD
    assert guard_alerts(crowd) == []


async def test_changes_that_come_one_by_one_are_counted_together(crowd: System) -> None:
    """The allowance is used up, then nothing more is written, whatever round it comes in."""
    crowd.configure(mass_change_records=5)
    ids, before = await accounts_of(crowd), crowd.seq
    for id in ids:
        await edit(crowd, [id], Description="about {}")
        await crowd.run(5)
    assert len(crowd.writes(before)) == 5
    assert len(guard_alerts(crowd)) == 1


async def test_an_outage_that_is_tried_again_and_again_is_no_mass_change(crowd: System) -> None:
    """A record counts once, however often it is read."""
    crowd.configure(mass_change_records=CROWD)
    await crowd.control(
        "POST", "/faults", {"name": "error_before_commit", "product": "books", "match": {"method": "PUT"}}
    )
    ids = await accounts_of(crowd)
    await edit(crowd, ids, Description="about {}")
    await crowd.settle(4)
    await crowd.control("DELETE", "/faults")
    await crowd.settle(20)
    assert guard_alerts(crowd) == []
    assert await notes_in_books(crowd) == sorted(f"about {id}" for id in ids)


async def test_one_value_for_many_records_is_held_back(crowd: System) -> None:
    """A field that becomes one and the same value, in more records than allowed."""
    crowd.configure(value_collapse_records=5)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids[:6], Website="https://oops.example")
    await crowd.run(20)
    await crowd.settle(2)
    assert crowd.writes(before) == []
    [alert] = guard_alerts(crowd)
    assert "website of 6 customer records became one and the same value in CRM" in alert


async def test_a_field_cleared_in_many_records_is_held_back(crowd: System) -> None:
    """In Books this time: nothing goes to CRM."""
    crowd.configure(value_collapse_records=5)
    customers = [contact["contact_id"] for contact in (await crowd.export())["books"]["contacts"]]
    before = crowd.seq
    for id in customers[:6]:
        await crowd.control("PATCH", f"/books/contacts/{id}", {"notes": ""})
    await crowd.run(20)
    await crowd.settle(2)
    assert crowd.writes(before) == []
    [alert] = guard_alerts(crowd)
    assert "notes of 6 customer records became blank in Books" in alert


async def test_as_many_equal_values_as_allowed_travel(crowd: System) -> None:
    """At the threshold nothing happens."""
    crowd.configure(value_collapse_records=6)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids[:6], Website="https://oops.example")
    await crowd.run(20)
    assert len(crowd.writes(before)) == 6
    assert guard_alerts(crowd) == []


async def test_a_first_sync_trips_no_guard(system: System) -> None:
    """Sixty equal descriptions, linked and created after the switch to write, are no change of anybody."""
    system.configure(mass_change_records=5, value_collapse_records=5, books_per_minute=100)
    await system.settle(1)
    system.write_mode()
    accounts = [{**ACCOUNT, "Account_Name": f"Company {n:02}", "Website": None} for n in range(20)]
    await system.control("POST", "/import", {"crm": {"Accounts": accounts}})
    await system.settle(3)
    assert guard_alerts(system) == []
    assert len((await system.export())["books"]["contacts"]) == 20


async def test_what_observing_has_shown_is_approved_with_the_switch_to_write(crowd: System) -> None:
    """`tandem mode write` shows what would be written; that is the approval."""
    crowd.configure(mass_change_records=5)
    crowd.store.connections.set_mode("main", Mode.OBSERVE)
    ids, before = await accounts_of(crowd), crowd.seq
    await edit(crowd, ids, Description="about {}")
    await crowd.run(20)
    crowd.store.connections.approve("main", crowd.store.rows, crowd.clock.now())
    crowd.bell.ring("main")
    await crowd.run(20)
    assert len(crowd.writes(before)) == CROWD
    assert guard_alerts(crowd) == []


def test_what_the_guards_remember_fits_into_one_item(system: System) -> None:
    """Where a guard is off its notes would grow without end; the latest are kept."""
    guards, settings, now = system.store.guards, Settings(mass_change_records=0), system.clock.now()
    known: list[Noted] = []
    for burst in range(100):
        at = now + timedelta(seconds=burst)
        fields = {f"field_{number}": "0" * 12 for number in range(20)}
        burst_of = [Noted(Side.CRM, "customer", f"{burst}-{n}", at, "Asha Rao", fields) for n in range(50)]
        known = guards.note("main", burst_of, settings, at)
        item = system.memory.get("GUARD#main", "CHANGES")
        assert len(json.dumps(item)) < 390_000
        assert {one.id for one in burst_of} <= {one.id for one in known}
    assert len(known) > 200, "more than any guard's default threshold"


async def test_the_guards_cost_one_table_operation_a_round(crowd: System) -> None:
    """However many records have changed: without them it is one update less."""
    ids, counts = await accounts_of(crowd), []
    for limit in (0, 200):
        crowd.configure(mass_change_records=limit, value_collapse_records=limit, mass_delete_records=limit)
        await edit(crowd, ids, Description=f"{limit} {{}}")
        for _ in range(4):
            await crowd.sandbox.outbox.deliver_due()
            crowd.clock.advance(1)
        crowd.bell.take()
        crowd.state.reset()
        await crowd.drain()
        counts.append(crowd.state.calls.total())
        await crowd.settle(2)
    assert counts[1] - counts[0] == 1


# --- deletes, and a side that is not there ------------------------------------------------------------------


async def inactive(system: System) -> int:
    """How many Books customers are inactive."""
    return sum(c["status"] == "inactive" for c in (await system.export())["books"]["contacts"])


async def delete(system: System, ids: list[str]) -> None:
    """One person deletes Accounts, and the tick finds it."""
    for id in ids:
        await system.control("DELETE", f"/crm/Accounts/{id}")
    await system.settle(1)


async def test_as_many_deletes_as_allowed_are_carried_out(crowd: System) -> None:
    """At the threshold nothing happens."""
    crowd.configure(mass_delete_records=4)
    await delete(crowd, (await accounts_of(crowd))[:4])
    await crowd.settle(3)
    assert await inactive(crowd) == 4
    assert guard_alerts(crowd) == []


async def test_one_delete_too_many_and_nobody_is_made_inactive(crowd: System) -> None:
    """Already at the first sight of them, before the delay is over; approved, each is carried out."""
    crowd.configure(mass_delete_records=4)
    ids, before = await accounts_of(crowd), crowd.seq
    await delete(crowd, ids[:5])
    await crowd.settle(15)
    assert crowd.writes(before) == []
    [alert] = guard_alerts(crowd)
    assert "5 customer records were deleted in CRM within 10 minutes, more than 4" in alert
    approve(crowd)
    await crowd.settle(3)
    assert await inactive(crowd) == 5
    assert len(guard_alerts(crowd)) == 1


async def test_customers_that_vanish_from_books_stay_linked_until_a_person_has_looked(crowd: System) -> None:
    """A wrong scope looks just so: over the threshold not even a link ends; approved, all of them do."""
    crowd.configure(mass_delete_records=4)
    customers = [contact["contact_id"] for contact in (await crowd.export())["books"]["contacts"]]
    for id in customers[:5]:
        await crowd.control("DELETE", f"/books/contacts/{id}")
    await edit(crowd, await accounts_of(crowd), Description="about {}")
    await crowd.run(20)
    await crowd.settle(3)
    live = crowd.store.links.ids("main", "customer", LinkState.LIVE)
    assert (len(live), len(guard_alerts(crowd))) == (CROWD - 4, 1)
    approve(crowd)
    await crowd.settle(3)
    assert len(crowd.store.links.ids("main", "customer", LinkState.LIVE)) == CROWD - 5


async def test_deletes_that_were_taken_back_are_forgotten(crowd: System) -> None:
    """Restored in CRM, released without a word: every link lives, nothing was written."""
    crowd.configure(mass_delete_records=4)
    ids, before = await accounts_of(crowd), crowd.seq
    await delete(crowd, ids[:5])
    for id in ids[:5]:
        fault = {"name": "record_restored", "product": "crm", "module": "Accounts", "record_id": id}
        await crowd.control("POST", "/faults", fault)
    approve(crowd, approved=False)
    await crowd.settle(4)
    assert crowd.writes(before) == []
    assert len(crowd.store.links.ids("main", "customer", LinkState.LIVE)) == CROWD
    assert len(guard_alerts(crowd)) == 1


async def lose(system: System) -> str:
    """Somebody connects other organisations, which are empty, and the feeds start over; returns those that were."""
    other = await system.control("POST", "/orgs", {"country": "IN", "refresh_token": "1000.other"})
    was = system.store.connections.read("main")
    system.secrets.content["main"]["refresh_token"] = "1000.other"
    system.store.connections.set(
        "main", organization_id=other["books_organization_id"], crm_org=other["crm_org_id"]
    )
    system.forget_cursors()
    return f"{was.organization_id} {was.crm_org}"


async def test_a_side_that_lists_nothing_stops_the_connection(crowd: System) -> None:
    """One alert, whatever the number of listings; no link ends, nothing is written, and the listing is not believed."""
    before = crowd.seq
    await lose(crowd)
    await crowd.settle(5)
    assert crowd.writes(before) == []
    [alert] = guard_alerts(crowd)
    assert "lists 0 customer records, but 12 are linked" in alert
    assert len(crowd.store.links.ids("main", "customer", LinkState.LIVE)) == CROWD
    assert crowd.store.cursors.read("main", "crm#customer").mark is None
    assert crowd.store.connections.read("main").effective_mode is Mode.OBSERVE


async def test_one_short_listing_is_made_again_before_anybody_is_told(crowd: System) -> None:
    """An import that edits nearly all of them in the second of the listing leaves them to the next one."""
    was = (await lose(crowd)).split()
    await crowd.tick()
    crowd.secrets.content["main"]["refresh_token"] = "1000.refresh"
    crowd.store.connections.set("main", organization_id=was[0], crm_org=was[1])
    await crowd.settle(3)
    assert crowd.store.cursors.read("main", "crm#customer").mark is not None
    assert guard_alerts(crowd) == []


async def test_the_right_organisation_again_and_all_goes_on(crowd: System) -> None:
    """Released without a word: the listing is made again, and an edit travels."""
    was = (await lose(crowd)).split()
    await crowd.settle(2)
    crowd.secrets.content["main"]["refresh_token"] = "1000.refresh"
    crowd.store.connections.set("main", organization_id=was[0], crm_org=was[1])
    approve(crowd, approved=False)
    await crowd.settle(2)
    assert crowd.store.cursors.read("main", "crm#customer").mark is not None
    before = crowd.seq
    await edit(crowd, (await accounts_of(crowd))[:1], Description="about {}")
    await crowd.run(20)
    assert len(crowd.writes(before)) == 1
    assert len(guard_alerts(crowd)) == 1


async def test_a_short_listing_that_a_person_approves_is_believed(crowd: System) -> None:
    """For a day: it was meant."""
    await lose(crowd)
    await crowd.settle(2)
    approve(crowd)
    crowd.configure(mass_delete_records=0)
    await crowd.settle(2)
    assert crowd.store.cursors.read("main", "crm#customer").mark is not None
    assert len(guard_alerts(crowd)) == 1


# --- oscillation ------------------------------------------------------------------------------------------


async def fight(pair: Pair, rounds: int) -> int:
    """An automation in each product rewrites the notes whenever the other's value arrives; returns the writes."""
    before = pair.system.seq
    await pair.edit_crm({"Description": "mine 0"})
    for number in range(rounds):
        await pair.system.run(15)
        if (await pair.books())["notes"].startswith("mine"):
            await pair.edit_books({"notes": f"yours {number}"})
        await pair.system.run(15)
        if (await pair.crm())["Description"].startswith("yours"):
            await pair.edit_crm({"Description": f"mine {number + 1}"})
    return len(pair.system.writes(before))


async def test_two_automations_that_fight_over_a_field_are_stopped(pair: Pair) -> None:
    """Three writes, then the field is held, with one alert that names both editors; other fields go on."""
    assert await fight(pair, 6) == 3
    [hold] = pair.system.store.cases.holds("main")
    assert hold["cause"] == "oscillation:notes"
    assert len([s for s, _ in pair.system.alerts.sent if "oscillation" in s]) == 1
    assert "Last editor in CRM: " in hold["sentence"]
    before = pair.system.seq
    await pair.edit_crm({"Website": "https://other.example"})
    await pair.system.run(15)
    assert len(pair.system.writes(before)) == 1
    pair.system.clock.advance(3600)
    await pair.system.settle(3)
    assert [hold["cause"] for hold in pair.system.store.cases.holds("main")] == ["oscillation:notes"]


async def test_a_person_lets_a_contested_value_through_once(pair: Pair) -> None:
    """And the field is free again once both sides agree."""
    await fight(pair, 4)
    [hold] = pair.system.store.cases.holds("main")
    await pair.system.release(hold, approve=True)
    await pair.system.run(20)
    assert pair.system.store.cases.holds("main") == []
    assert (await pair.crm())["Description"] == (await pair.books())["notes"]


async def test_a_person_who_types_many_values_is_no_fight(pair: Pair) -> None:
    """Each of our writes stands until the next: nothing is held."""
    before = pair.system.seq
    for number in range(6):
        await pair.edit_crm({"Description": f"draft {number}"})
        await pair.system.run(15)
    assert (await pair.books())["notes"] == "draft 5"
    assert len(pair.system.writes(before)) == 6
    assert pair.system.store.cases.holds("main") == []


async def test_a_value_that_flips_to_and_fro_is_held(pair: Pair) -> None:
    """A, B, A, B: the fourth is not written."""
    before = pair.system.seq
    for word in ("on", "off", "on", "off"):
        await pair.edit_crm({"Description": word})
        await pair.system.run(15)
    assert len(pair.system.writes(before)) == 3
    assert [hold["cause"] for hold in pair.system.store.cases.holds("main")] == ["oscillation:notes"]


# --- Zoho's own sync ----------------------------------------------------------------------------------


async def test_zohos_own_sync_found_at_the_first_listing_lets_nothing_be_written(system: System) -> None:
    """One marked customer is enough: all is only observed, with one alert, until a person says that it is off."""
    marked = {"contact_name": "Marked Ltd", "is_linked_with_zohocrm": True}
    await system.control("POST", "/import", {"books": {"contacts": [marked]}, "crm": {"Accounts": [ACCOUNT]}})
    system.write_mode()
    await system.settle(3)
    assert system.writes() == []
    assert [subject for subject, _ in system.alerts.sent] == ["Tandem: Zoho's own CRM sync is on in main"]
    system.store.connections.set("main", native_sync="off_confirmed")
    system.store.rows.wake_all("main", "mode", system.clock.now())
    await system.settle(3)
    assert sorted(one["contact_name"] for one in (await system.export())["books"]["contacts"]) == [
        "Acme Ltd",
        "Marked Ltd",
    ]


async def test_zohos_own_sync_switched_on_later_stops_the_next_write(pair: Pair) -> None:
    """Found when the record is read for an edit, before anything of it is written."""
    system = pair.system
    contact = system.sandbox.books.store.contacts[pair.customer]
    contact.linked_with_crm = True
    await pair.edit_crm({"Website": "https://new.example"})
    await system.settle(2)
    assert (await pair.books())["website"] == "https://acme.example"
    assert system.store.connections.read("main").native_sync == "on"
    assert [subject for subject, _ in system.alerts.sent] == ["Tandem: Zoho's own CRM sync is on in main"]
