"""A list of Books that lags 3 s behind its single reads (`list_lag_seconds`): nothing is lost or made twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.world import System

LAG = 3


@pytest.fixture
async def lagging(system: System) -> System:
    """Two synced customers, and lists that lag from now on."""
    await system.settle(2)
    system.write_mode()
    for n in range(2):
        account = {"Account_Name": f"Company {n}", "Account_Type": "Customer", "Phone": "1"}
        await system.control("POST", "/crm/Accounts", account)
    await system.settle(3)
    await system.control("PUT", "/switches", {"list_lag_seconds": LAG})
    return system


async def customers(system: System) -> list[dict[str, Any]]:
    """The customers in Books, by name."""
    return sorted((await system.export())["books"]["contacts"], key=lambda row: str(row["contact_name"]))


async def accounts(system: System) -> list[dict[str, Any]]:
    """The Accounts in CRM, by name."""
    return sorted((await system.export())["crm"]["Accounts"], key=lambda row: str(row["Account_Name"]))


async def edit_books(system: System, **values: Any) -> None:
    """Somebody edits both customers; no webhook tells of it."""
    await system.control("POST", "/faults", {"name": "drop_notification", "count": 2})
    for customer in await customers(system):
        await system.control("PATCH", f"/books/contacts/{customer['contact_id']}", values)


async def edit_crm(system: System, **values: Any) -> None:
    """Somebody edits both Accounts, which are then due together: a version page serves both."""
    for account in await accounts(system):
        await system.control("PATCH", f"/crm/Accounts/{account['id']}", values)


@pytest.mark.parametrize("seconds", [0, 1, LAG, 10])
async def test_an_edit_that_the_list_does_not_show_yet_survives(lagging: System, seconds: float) -> None:
    """Of other fields than the write carries: it is found later, and comes to CRM."""
    await edit_books(lagging, notes="from Books")
    lagging.clock.advance(seconds)
    await edit_crm(lagging, Website="https://crm.example")
    await lagging.settle(4)
    for customer, account in zip(await customers(lagging), await accounts(lagging), strict=True):
        assert customer["notes"] == account["Description"] == "from Books"
        assert customer["website"] == account["Website"] == "https://crm.example"


async def test_a_customer_is_made_once_though_the_list_does_not_show_it(lagging: System) -> None:
    """An answer that never came: the create is looked for two minutes later, when any list shows it."""
    fault = {"name": "timeout_after_commit", "count": 1, "match": {"endpoint": "POST /books/v3/contacts"}}
    await lagging.control("POST", "/faults", fault)
    await lagging.control("POST", "/crm/Accounts", {"Account_Name": "Third", "Account_Type": "Customer"})
    await lagging.settle(6)
    assert [call["fault"] for call in lagging.writes() if call["fault"]] == ["timeout_after_commit"]
    assert [row["contact_name"] for row in await customers(lagging)] == ["Company 0", "Company 1", "Third"]


async def test_what_is_made_on_both_sides_at_once_is_not_doubled(lagging: System) -> None:
    """The look before the create does not show it; Books refuses the second of that name, and both are held."""
    await lagging.control("POST", "/books/contacts", {"contact_name": "Third", "contact_type": "customer"})
    await lagging.control("POST", "/crm/Accounts", {"Account_Name": "Third", "Account_Type": "Customer"})
    await lagging.settle(6)
    assert [row["contact_name"] for row in await customers(lagging)] == ["Company 0", "Company 1", "Third"]
    assert [row["Account_Name"] for row in await accounts(lagging)] == ["Company 0", "Company 1", "Third"]
    assert len(lagging.store.cases.holds("main")) == 2
