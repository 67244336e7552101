"""Characters that CRM may not take (`crm_emoji`, `crm_nul`): held with its words, or alike on both sides in the end."""

from __future__ import annotations

import pytest

from tests.system.world import System


async def texts(system: System) -> tuple[str, str]:
    """The free text of the one customer, in CRM and in Books."""
    held = await system.export()
    return held["crm"]["Accounts"][0]["Description"], held["books"]["contacts"][0]["notes"]


@pytest.fixture
async def synced(system: System) -> System:
    """One customer on both sides."""
    await system.settle(2)
    system.write_mode()
    account = {"Account_Name": "Acme", "Account_Type": "Customer", "Description": "old"}
    await system.control("POST", "/crm/Accounts", account)
    await system.settle(3)
    assert await texts(system) == ("old", "old")
    return system


async def type_in_books(system: System, text: str) -> None:
    """Somebody edits the customer there."""
    contact = (await system.export())["books"]["contacts"][0]["contact_id"]
    await system.control("PATCH", f"/books/contacts/{contact}", {"notes": text})
    await system.settle(4)


@pytest.mark.parametrize(
    ("name", "answer", "text", "end"),
    [
        ("crm_emoji", "kept", "new 😀", "new 😀"),
        ("crm_nul", "kept", "ne\0w", "ne\0w"),
        ("crm_nul", "dropped", "ne\0w", "new"),
    ],
)
async def test_both_sides_agree_on_what_crm_keeps(
    synced: System, name: str, answer: str, text: str, end: str
) -> None:
    """And then nothing more is written."""
    await synced.control("PUT", "/switches", {name: answer})
    await type_in_books(synced, text)
    await synced.settle(4)
    since = synced.seq
    await synced.settle(4)
    assert await texts(synced) == (end, end)
    assert synced.writes(since) == []


@pytest.mark.parametrize(("name", "text"), [("crm_emoji", "new 😀"), ("crm_nul", "ne\0w")])
async def test_what_crm_refuses_is_held_and_nothing_is_overwritten(
    synced: System, name: str, text: str
) -> None:
    """Until somebody types what CRM takes."""
    await synced.control("PUT", "/switches", {name: "refused"})
    await type_in_books(synced, text)
    [hold] = synced.store.cases.holds("main")
    assert "INVALID_DATA" in str(hold)
    assert await texts(synced) == ("old", text)
    await type_in_books(synced, "plain")
    assert await texts(synced) == ("plain", "plain")
    assert synced.store.cases.holds("main") == []
