"""status, mode, why, history, quarantine, release over what the engine really did with a sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.core.guards import Tripped
from tandem.core.records import Mode, RecordKey, RowClass, Side
from tests.cli.conftest import World

ACME = {
    "Account_Name": "Acme Ltd",
    "Account_Type": "Customer",
    "Phone": "+91 22 1234 5678",
    "Website": "acme.example",
}


def account(world: World, **values: Any) -> str:
    """A user makes an Account."""
    return str(world.sandbox.control("POST", "/crm/Accounts", {**ACME, **values})["id"])


def customer_of(world: World, name: str = "Acme Ltd") -> dict[str, Any]:
    """The Books customer of that name."""
    contacts = world.sandbox.control("GET", "/export")["books"]["contacts"]
    found: dict[str, Any] = next(one for one in contacts if one["contact_name"] == name)
    return found


def edit(world: World, account_id: str, **values: Any) -> None:
    """A user edits an Account, and the notice of it arrives."""
    world.sandbox.control("PATCH", f"/crm/Accounts/{account_id}", values)


@pytest.fixture
def quick(world: World) -> World:
    """Connected, with every feed polled at each tick."""
    assert world.connect("--settings", "poll_seconds=1 overlap_seconds=300 tombstone_seconds=3600").code == 0
    return world


@pytest.fixture
def pair(quick: World) -> tuple[World, str, str]:
    """An Account that Tandem has created in Books."""
    assert quick.run("mode", "write", "--yes").code == 0
    id = account(quick)
    quick.work()
    return quick, id, str(customer_of(quick)["contact_id"])


def test_observe_collects_and_write_lets_it_go(quick: World) -> None:
    """Nothing is written in observe; `mode` counts what would be; `mode write` wakes the rows."""
    id = account(quick)
    account(quick, Account_Name="Maybe Ltd", Account_Type="Prospect", Website="maybe.example", Phone="")
    quick.work()
    assert quick.sandbox.writes() == []
    shown = quick.run("mode", "--json").json
    assert shown["collected"]["would"] == {"create": 1}
    [by] = shown["collected"]["would_by"]
    assert by == {"verb": "create", "side": "books", "entity": "customer", "count": 1}
    assert shown["collected"]["left_out"] == 1
    status = quick.run("status", "--json").json
    assert status["waiting"] == {"mode": 1}
    assert status["mode"] == "observe"
    assert list(status["left_out"].values()) == [1]
    told = quick.run("why", id, "--json")
    assert told.code == 0
    assert told.json["state"] == "waiting"
    assert "mode write" in told.json["sentence"]
    asked = quick.run("mode", "write")
    assert asked.code == 2
    assert "--yes" in asked.err
    switched = quick.run("mode", "write", "--yes", "--json").json
    assert (switched["mode"], switched["woken"]) == ("write", 1)
    assert quick.bells()[-1]["group"] == "main"
    quick.work()
    assert len([call for call in quick.sandbox.writes() if call == "POST /books/v3/contacts"]) == 1
    assert quick.run("status", "--json").json["entities"]["customer"]["links"] == 1


def test_status_is_readable_and_fine_at_rest(pair: tuple[World, str, str]) -> None:
    """Exit code 0, and a table without JSON."""
    world, _, _ = pair
    world.work()
    ran = world.run("status")
    assert ran.code == 0, ran.out
    assert "Nothing needs attention." in ran.out
    assert "customer" in ran.out
    assert "crm#customer" in ran.out
    answer = world.run("--json", "status").json
    assert answer["ok"] is True
    assert answer["dead_letters"]["waiting"] == 0
    assert set(answer["quota"]) == {"crm", "books"}
    assert answer["index"] == {"customer#crm": True, "contact_person#crm": True, "customer#books": True}
    assert answer["crm_channel"]["expires"]


def test_status_says_when_the_backfill_ends(pair: tuple[World, str, str]) -> None:
    """Rows that wait for a mode or a person are none of it; without rows there is nothing to foresee."""
    world, _, _ = pair
    assert world.run("status", "--json").json["backfill"] == {
        "rows": 0,
        "calls": 0,
        "ends": None,
        "held_by": "nothing",
        "give": None,
    }
    for number in range(30):
        key = RecordKey("main", Side.CRM, "customer", str(number))
        world.stack.store.rows.hint(key, RowClass.BACKFILL, datetime.now(UTC))
    told = world.run("status", "--json").json["backfill"]
    assert (told["rows"], told["calls"], told["held_by"]) == (30, 60, "minute")
    minutes = (datetime.fromisoformat(told["ends"]) - datetime.now(UTC)).total_seconds() / 60
    assert 0.5 < minutes < 2, "60 calls of about 65 that a minute grants backfill"
    said = world.run("status").out
    assert "Backfill: 30 rows, about 60 calls, ends " in said
    assert "too early to say how surely" in said
    assert "held back by the calls of a minute" in said


def test_why_explains_every_field(pair: tuple[World, str, str]) -> None:
    """Both values, the base and the last rule; the same from either side, an address or a prefix."""
    world, crm_id, books_id = pair
    told = world.run("why", crm_id, "--json").json
    assert told["state"] == "linked"
    assert told["link"]["books_id"] == books_id
    fields = {field["field"]: field for field in told["fields"]}
    assert fields["name"]["crm"] == fields["name"]["books"] == "Acme Ltd"
    assert fields["name"]["last"]["kind"] == "write"
    assert fields["name"]["last"]["rule"]
    address = f"https://books.zoho.in/app/60001#/contacts/{books_id}"
    for name in (books_id, f"books:{books_id}", f"crm:{crm_id}", address):
        assert world.run("why", name, "--json").json["link"] == told["link"]
    assert "Acme Ltd" in world.run("why", crm_id).out


def test_why_shows_the_loser_of_a_conflict(pair: tuple[World, str, str]) -> None:
    """Both sides changed one field: the owner's value stays, the other is named with the rule."""
    world, crm_id, books_id = pair
    edit(world, crm_id, Website="https://owner.example")
    world.sandbox.control("PATCH", f"/books/contacts/{books_id}", {"website": "https://loser.example"})
    world.work()
    assert customer_of(world)["website"] == "https://owner.example"
    website = next(f for f in world.run("why", crm_id, "--json").json["fields"] if f["field"] == "website")
    assert website["loser"]["side"] == "books"
    assert website["loser"]["value"] == "https://loser.example"
    assert website["loser"]["rule"].startswith("conflict")
    assert "books lost “https://loser.example”" in world.run("why", crm_id).out


def test_history_tells_before_and_after(pair: tuple[World, str, str]) -> None:
    """Of a record, of a run, and never more than asked for."""
    world, crm_id, _ = pair
    edit(world, crm_id, Website="https://new.example")
    world.work()
    entries = world.run("history", crm_id, "--json").json["entries"]
    assert entries[-1]["after"]["website"] == "https://new.example"
    assert entries[-1]["before"]["website"] == "acme.example"
    run = entries[-1]["run"]
    of_run = world.run("history", "--run", run, "--limit", "1", "--json").json["entries"]
    assert [entry["id"] for entry in of_run] == [entries[-1]["id"]]
    assert "acme.example -> https://new.example" in world.run("history", crm_id).out
    assert world.run("history", crm_id, "--run", run).code == 2


def test_unknown_record_is_wrong_input(pair: tuple[World, str, str]) -> None:
    """What is no id, and an id never seen."""
    world, _, _ = pair
    assert world.run("why", "Acme").code == 2
    ran = world.run("why", "5550000000000000001")
    assert ran.code == 2
    assert "has not seen" in ran.err


@pytest.fixture
def differing(quick: World) -> tuple[World, str, str]:
    """Both sides know the company by its stamp, with two websites: held."""
    assert quick.run("mode", "write", "--yes").code == 0
    id = account(quick, Website="https://crm.example")
    fields = [{"api_name": "cf_crm_account_id", "value": id}]
    values = {"contact_name": "Acme Ltd", "website": "https://books.example", "custom_fields": fields}
    made = quick.sandbox.control("POST", "/books/contacts", values)
    quick.work()
    return quick, id, str(made.get("contact_id") or made.get("id"))


def test_quarantine_groups_by_cause_and_names_the_fix(differing: tuple[World, str, str]) -> None:
    """One case, its member with both values, and exit code 1."""
    world, crm_id, _ = differing
    ran = world.run("quarantine", "--json")
    assert ran.code == 1
    case = next(one for one in ran.json["cases"] if one["cause"] == "differs:website")
    assert case["count"] == 1
    assert case["members"][0]["record"] == f"crm:{crm_id}"
    assert (case["members"][0]["crm"], case["members"][0]["books"]) == (
        "https://crm.example",
        "https://books.example",
    )
    assert f"tandem release {case['id']} --take crm|books" in case["fix"]
    assert "https://books.example" in world.run("quarantine", case["id"]).out
    assert world.run("quarantine", "deadbeef").code == 2
    held = world.run("why", crm_id, "--json")
    assert (held.code, held.json["state"]) == (1, "held")
    assert world.run("status").code == 1


def test_release_takes_one_side(differing: tuple[World, str, str]) -> None:
    """The word is kept, the row is due as `person`, the bell rings, and the value travels."""
    world, crm_id, books_id = differing
    world.bells()
    ran = world.run("release", f"books:{books_id}", "--take", "books", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["released"] == [f"crm:{crm_id}"]
    [bell] = world.bells()
    assert bell["keys"] == [f"main/crm/customer/{crm_id}"]
    world.work()
    accounts = world.sandbox.control("GET", "/export")["crm"]["Accounts"]
    assert [one["Website"] for one in accounts] == ["https://books.example"]
    assert world.run("quarantine").code == 0
    assert world.run("release", crm_id).code == 2


def test_release_refuses_a_word_without_effect(differing: tuple[World, str, str]) -> None:
    """--approve settles links and deactivations, --take settles values."""
    world, crm_id, _ = differing
    ran = world.run("release", crm_id, "--approve")
    assert ran.code == 2
    assert "no effect" in ran.err
    assert world.run("release", crm_id, "--approve", "--take", "crm").code == 2
    assert world.run("release", crm_id, "--take", "neither").code == 2


def test_release_of_a_mended_case_syncs_it(pair: tuple[World, str, str]) -> None:
    """A record that Books refuses is held; mended and released, it goes."""
    world, crm_id, _ = pair
    edit(world, crm_id, Account_Type="Investor")
    world.work()
    ran = world.run("quarantine", "--json").json
    [case] = [one for one in ran["cases"] if one["cause"].startswith("conversion")]
    edit(world, crm_id, Account_Type="Partner")
    released = world.run("release", case["id"])
    assert released.code == 0, released.err
    world.work()
    assert world.run("quarantine").code == 0


def test_pause_and_resume(pair: tuple[World, str, str]) -> None:
    """Paused, nothing moves; resumed, it does."""
    world, crm_id, _ = pair
    assert world.run("pause", "--json").json["paused"] is True
    edit(world, crm_id, Website="https://paused.example")
    world.work()
    assert customer_of(world)["website"] == "acme.example"
    assert world.run("status", "--json").json["paused"] is True
    assert world.run("resume").code == 0
    world.work()
    assert customer_of(world)["website"] == "https://paused.example"


def test_native_sync_must_be_confirmed_off(quick: World) -> None:
    """`mode write` is refused while Zoho's own sync is on."""
    quick.stack.store.connections.set("main", native_sync="on")
    ran = quick.run("mode", "write", "--yes")
    assert ran.code == 2
    assert "--native-sync-off" in ran.err
    assert quick.run("status").code == 1
    assert quick.run("mode", "write", "--yes", "--native-sync-off").code == 0
    made = quick.stack.store.connections.read("main")
    assert (made.mode, made.native_sync) == ("write", "off_confirmed")


def test_release_keeps_two_apart_for_good(quick: World) -> None:
    """Alike by name only: a person says no, each gets its own counterpart, and `why` knows who said so."""
    assert quick.run("mode", "write", "--yes").code == 0
    quick.sandbox.control("POST", "/books/contacts", {"contact_name": "Acme Limited"})
    id = account(quick)
    quick.work()
    [case] = quick.run("quarantine", "--json").json["cases"]
    assert case["cause"] == "match:name only"
    assert "--keep-apart" in case["fix"]
    assert quick.run("release", case["id"], "--keep-apart", "--approve").code == 2
    ran = quick.run("release", case["id"], "--keep-apart", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["word"] == {"take": None, "approve": False, "keep_apart": True}
    quick.work()
    assert quick.run("quarantine").code == 0
    assert len(quick.sandbox.control("GET", "/export")["books"]["contacts"]) == 2
    kinds = [entry["kind"] for entry in quick.run("why", id, "--json").json["history"]]
    assert "apart" in kinds


@pytest.fixture
def guarded(pair: tuple[World, str, str]) -> tuple[World, str, str]:
    """The connection is stopped by a guard."""
    world = pair[0]
    connections = world.stack.store.connections
    tripped = Tripped("mass change", Side.CRM, 201, 200, "201 records were changed in CRM", ("Ben Okri",))
    world.stack.store.guards.stop("main", tripped, datetime.now(UTC))
    assert connections.read("main").effective_mode is Mode.OBSERVE
    return pair


def test_a_guards_stop_is_told_and_approved(guarded: tuple[World, str, str]) -> None:
    """By status, by mode and as a case; approved, what waited is written."""
    world, account_id, _ = guarded
    edit(world, account_id, Website="https://guarded.example")
    world.work()
    [case] = world.run("quarantine", "--json").json["cases"]
    assert case["cause"] == "guard:mass change"
    assert f"release {case['id']} --approve" in case["fix"]
    status = world.run("status", "--json")
    assert status.code == 1
    assert "a guard stopped all writing: 201 records" in status.json["attention"][0]
    refused = world.run("mode", "write", "--yes")
    assert refused.code == 2
    assert f"release {case['id']} --approve" in refused.err
    assert world.run("release", case["id"], "--take", "crm").code == 2
    answer = world.run("release", case["id"], "--approve")
    assert "mass change is approved" in answer.out
    world.work()
    assert customer_of(world)["website"] == "https://guarded.example"
    assert world.run("quarantine", "--json").json["cases"] == []
