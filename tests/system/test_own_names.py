"""A mapping calls its fields as it likes: what is guarded is known by its converter or by Books' own attribute."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

import pytest
import yaml

from tandem.core.mapping import load_mapping
from tandem.core.records import Base, Record, Side
from tandem.core.sync import sync
from tests.system.conftest import ACCOUNT, CONTACT
from tests.system.world import System

NAMES = {"tax_identity": "gst", "billing_address": "home", "email": "mail"}


def renamed() -> str:
    """The Indian preset with other names for three of its fields."""
    mapping = copy.deepcopy(
        yaml.safe_load((resources.files("tandem") / "presets" / "india.yaml").read_text())
    )
    for entity in mapping["entities"].values():
        entity["fields"] = {NAMES.get(name, name): spec for name, spec in entity["fields"].items()}
    return str(yaml.safe_dump(mapping))


@pytest.fixture
async def system() -> AsyncIterator[System]:
    """Listed, in write mode."""
    made = System(mapping=renamed())
    await made.subscribe()
    await made.settle(2)
    made.write_mode()
    yield made
    await made.http.aclose()
    await made.sandbox.outbox.close()


async def made_in_crm(system: System) -> str:
    """An Account that is synced."""
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await system.run(20)
    return str(account)


async def customer(system: System) -> dict[str, Any]:
    """The one customer of Books."""
    [found] = (await system.export())["books"]["contacts"]
    return dict(found)


async def test_a_tax_identity_by_another_name_that_contradicts_the_address_is_not_sent(
    system: System,
) -> None:
    """The number is a good one, of another state than that of the billing address."""
    account = await made_in_crm(system)
    identity = {
        "GSTIN": "29AAGCB7383J1Z4",
        "GST_Treatment": "Registered Business - Regular",
        "Place_of_Supply": "KA",
    }
    await system.control("PATCH", f"/crm/Accounts/{account}", identity)
    await system.settle(2)
    assert not (await customer(system))["gst_no"]
    [hold] = system.store.cases.holds("main")
    assert (hold["cause"], hold["field"]) == ("tax identity contradicts", "gst")
    assert "Maharashtra" in hold["sentence"]


async def test_an_unanswered_person_renamed_meanwhile_is_known_by_an_email_of_any_name(
    system: System,
) -> None:
    """What Books calls `email` counts, whatever the file calls it."""
    account = await made_in_crm(system)
    where = {"product": "books", "match": {"endpoint": "contactpersons"}, "count": 1}
    await system.control("POST", "/faults", {"name": "timeout_after_commit", **where})
    await system.control("POST", "/crm/Contacts", {**CONTACT, "Account_Name": {"id": account}})
    await system.run(5)
    [person] = (await customer(system))["contact_persons"]
    path = f"/books/contacts/{(await customer(system))['contact_id']}/persons/{person['contact_person_id']}"
    await system.control("PATCH", path, {"first_name": "Usha", "last_name": "Sen"})
    await system.settle(5)
    assert [item["kind"] for item in system.history() if item.get("settled")] == ["write"]
    assert len((await customer(system))["contact_persons"]) == 1
    assert system.store.cases.holds("main") == []
    system.judge()


def test_the_email_of_a_portal_user_is_held_by_any_name() -> None:
    """The person signs in with what Books calls `email`."""
    entity = load_mapping(renamed()).entities["contact_person"]
    ours = Record(Side.CRM, "contact_person", "2", {"mail": "new@a.in"})
    theirs = Record(
        Side.BOOKS, "contact_person", "9", {"mail": "old@a.in"}, body={"is_added_in_portal": True}
    )
    result = sync(entity, ours, theirs, {"mail": Base("old@a.in", "old@a.in")}, {})
    assert [hold.cause for hold in result.holds] == ["portal user"]
    assert result.is_quiet
