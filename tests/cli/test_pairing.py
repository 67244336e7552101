"""`tandem link` and `tandem unlink` over what the engine really did with a sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.core.actions import Hold
from tandem.core.records import RecordKey, Side
from tests.cli.conftest import World

ACME = {"Account_Name": "Acme Ltd", "Account_Type": "Customer", "Website": "https://acme.example"}


def contacts(world: World) -> dict[str, dict[str, Any]]:
    """Books' customers by name."""
    found = world.sandbox.control("GET", "/export")["books"]["contacts"]
    return {one["contact_name"]: one for one in found}


@pytest.fixture
def pair(world: World) -> tuple[World, str, str]:
    """An Account that Tandem has created in Books."""
    assert world.connect("--settings", "poll_seconds=1 overlap_seconds=300 tombstone_seconds=3600").code == 0
    assert world.run("mode", "write", "--yes").code == 0
    id = str(world.sandbox.control("POST", "/crm/Accounts", ACME)["id"])
    world.work()
    return world, id, str(contacts(world)["Acme Ltd"]["contact_id"])


def test_an_unlinked_pair_rests_until_a_person_links_it_again(pair: tuple[World, str, str]) -> None:
    """Nothing goes across, nothing is made again; linked again, different values are held."""
    world, account, customer = pair
    looked = world.run("unlink", account, "--dry-run", "--json").json
    assert (looked["dry_run"], looked["crm_id"], looked["books_id"]) == (True, account, customer)
    assert world.run("why", account, "--json").json["link"]["state"] == "live"
    assert world.run("unlink", account).code == 2
    assert world.run("unlink", account, "--yes").code == 0
    told = world.run("why", f"books:{customer}", "--json").json
    assert (told["state"], told["link"]["reason"]) == ("tombstone", "unlinked by a person")
    assert world.run("unlink", account, "--yes").code == 2
    world.sandbox.control("PATCH", f"/crm/Accounts/{account}", {"Website": "https://apart.example"})
    world.work()
    assert {name: one["website"] for name, one in contacts(world).items()} == {
        "Acme Ltd": "https://acme.example"
    }
    linked = world.run("link", account, customer, "--yes", "--json").json
    assert linked["replaces"] == ["unlinked by a person"]
    world.work()
    told = world.run("why", account, "--json").json
    assert told["link"]["state"] == "live"
    assert [hold["cause"] for hold in told["holds"]] == ["differs:website"]
    assert len(contacts(world)) == 1


def test_persons_of_an_unlinked_customer_rest_with_it_and_that_is_told(pair: tuple[World, str, str]) -> None:
    """An edit goes nowhere and is in the history; what was held of one ends; linked again, all goes on."""
    world, account, customer = pair
    person = {"First_Name": "Asha", "Last_Name": "Rao", "Account_Name": {"id": account}}
    contact = str(world.sandbox.control("POST", "/crm/Contacts", person)["id"])
    world.work()
    too_long = {"Title": "x" * 70}
    world.sandbox.control("PATCH", f"/crm/Contacts/{contact}", too_long)
    world.work()
    assert world.run("why", contact, "--json").json["state"] == "held"
    assert world.run("unlink", account, "--yes").code == 0
    assert world.run("release", contact).code == 0
    world.work()
    told = world.run("why", contact, "--json").json
    assert (told["state"], told["holds"]) == ("left_out", [])
    assert "its customer is no longer linked (unlinked by a person)" in told["sentence"]
    assert world.run("link", account, customer, "--yes").code == 0
    world.work()
    assert world.run("why", contact, "--json").json["state"] == "held", (
        "what was set aside is asked about anew"
    )
    assert world.run("unlink", account, "--yes").code == 0
    world.sandbox.control("PATCH", f"/crm/Contacts/{contact}", {"Title": "CFO"})
    world.work()
    [entry] = [
        one for one in world.run("why", contact, "--json").json["history"] if one["kind"] == "left_out"
    ]
    assert entry["sentence"] == "its customer is no longer linked"
    assert world.run("status", "--json").json["left_out"] == {"its customer is no longer linked": 1}
    assert contacts(world)["Acme Ltd"]["contact_persons"][0]["designation"] == ""
    assert world.run("link", account, customer, "--yes").code == 0
    world.work()
    assert world.run("why", contact, "--json").json["state"] == "linked"
    assert contacts(world)["Acme Ltd"]["contact_persons"][0]["designation"] == "CFO"


def test_a_person_links_a_record_with_another_than_before(pair: tuple[World, str, str]) -> None:
    """The former counterpart stays reserved, and the stamp, which is unique, stays with it."""
    world, account, customer = pair
    twin = str(world.sandbox.control("POST", "/books/contacts", {"contact_name": "Acme Two"})["contact_id"])
    world.work()
    refused = world.run("link", account, twin, "--yes")
    assert refused.code == 2
    assert "tandem unlink" in refused.err
    other = world.run("why", f"books:{twin}", "--json").json["link"]["crm_id"]
    for record in (account, f"crm:{other}"):
        assert world.run("unlink", record, "--yes").code == 0
    looked = world.run("link", account, twin, "--dry-run", "--json").json
    assert looked["replaces"] == ["unlinked by a person"]
    assert world.run("link", account, twin, "--yes").code == 0
    world.work()
    told = world.run("why", account, "--json").json
    assert told["link"]["books_id"] == twin
    assert contacts(world)["Acme Two"]["website"] == "https://acme.example"
    assert world.run("why", f"books:{customer}", "--json").json["state"] == "tombstone"
    assert world.run("why", f"crm:{other}", "--json").json["state"] == "tombstone"
    assert len(contacts(world)) == 2


def test_an_approval_of_one_that_is_taken_is_refused_with_what_to_do(pair: tuple[World, str, str]) -> None:
    """It would only be held again: first the link ends, or has ended, then a person links the two."""
    world, account, customer = pair
    twin = str(world.sandbox.control("POST", "/crm/Accounts", {**ACME, "Website": None})["id"])
    world.work()
    [case] = world.run("quarantine", "--json").json["cases"]
    assert case["cause"].startswith("match:")
    refused = world.run("release", twin, "--approve")
    assert refused.code == 2
    assert f"linked with {account}: tandem unlink books:{customer}" in refused.err.replace("\n", " ")
    assert world.run("unlink", account, "--yes").code == 0
    assert world.run("release", twin).code == 0
    world.work()
    assert world.run("why", twin, "--json").json["state"] == "held", "an unlinked pair keeps both reserved"
    refused = world.run("release", case["id"], "--approve")
    assert refused.code == 2
    assert f"tandem link {twin} {customer}" in refused.err.replace("\n", " ")
    assert world.run("link", twin, customer, "--yes").code == 0
    world.work()
    told = world.run("why", twin, "--json").json
    assert told["link"]["books_id"] == customer
    [name] = [field for field in told["fields"] if field["field"] == "name"]
    assert name["last"]["rule"] == "equal at the link (linked by a person)"
    assert world.run("quarantine").code == 0


def test_a_record_whose_counterpart_is_gone_may_be_approved_without_a_candidate(
    pair: tuple[World, str, str],
) -> None:
    """There is none to choose: another is made."""
    world, account, _ = pair
    store, key = world.stack.store, RecordKey("main", Side.CRM, "customer", account)
    store.cases.hold(
        key, Hold("match:counterpart gone", "it was linked with 1, which is not there"), datetime.now(UTC)
    )
    assert world.run("release", account, "--approve").code == 0
    [hold] = store.cases.holds_of(key)
    assert hold["word"]["approve"] is True


def test_what_cannot_be_linked_is_told_with_the_reason(pair: tuple[World, str, str]) -> None:
    """Nothing is changed."""
    world, account, customer = pair
    for given, word in (
        ((account, customer), "tandem unlink"),
        ((customer, account), "has not seen"),
        (("5500000000999", customer), "has not seen"),
        ((f"books:{customer}", f"crm:{account}"), "first CRM's"),
    ):
        ran = world.run("link", *given, "--yes")
        assert ran.code == 2
        assert word in ran.err
