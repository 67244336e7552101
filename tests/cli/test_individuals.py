"""A Contact that is a customer of its own, at the keyboard: observed, written, given an Account, and handed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.conftest import World
from tests.system.individuals import MAPPING, RAMA
from tests.system.sections import INDIVIDUAL_FIELDS

ACCOUNT = {"Account_Name": "Iyer Traders", "Account_Type": "Customer"}


def customers(world: World) -> list[dict[str, Any]]:
    """The customers in Books."""
    return list(world.sandbox.control("GET", "/export")["books"]["contacts"])


def test_a_contact_is_given_an_account_and_its_customer_goes_to_it(world: World, tmp_path: Path) -> None:
    """Each step says what to do next; no second customer is made."""
    for field in INDIVIDUAL_FIELDS:
        world.sandbox.control("POST", "/fields", field)
    path = tmp_path / "my.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    settings = "poll_seconds=1 overlap_seconds=300 tombstone_seconds=3600"
    assert world.connect("--settings", settings).code == 0
    assert world.run("mapping", "check", str(path)).code == 0
    changed = world.run("connect", "--mapping", str(path), "--json")
    assert changed.code == 0, changed.err
    contact = str(world.sandbox.control("POST", "/crm/Contacts", RAMA)["id"])
    world.work()
    assert customers(world) == []
    assert world.run("mode", "write", "--yes").code == 0
    world.work()
    [customer] = customers(world)
    books = customer["contact_id"]
    told = world.run("why", contact, "--json").json
    assert (told["record"]["entity"], told["link"]["books_id"]) == ("individual", books)
    account = str(world.sandbox.control("POST", "/crm/Accounts", ACCOUNT)["id"])
    world.sandbox.control("PATCH", f"/crm/Contacts/{contact}", {"Account_Name": {"id": account}})
    world.work()
    held = {case["cause"] for case in world.run("quarantine", "--json").json["cases"]}
    assert held == {"no longer an individual", "match:e-mail only"}
    assert world.run("link", account, books, "--yes").code == 2
    assert world.run("release", contact, "--approve").code == 0
    world.work()
    linked = world.run("link", account, books, "--yes", "--json")
    assert linked.code == 0, linked.err
    assert linked.json["entity"] == "customer"
    world.work()
    world.work()
    assert [one["contact_id"] for one in customers(world)] == [books]
    told = world.run("why", contact, "--json").json
    assert told["record"]["entity"] == "contact_person"
    assert told["link"]["state"] == "live"
