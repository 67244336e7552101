"""P19 for individuals: the writer killed at any step, or a call without an answer, ends as if it had not happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.individuals import Individuals
from tests.system.test_crashes import Killer, _live_with

SHARDS, STRIDE = 2, 6
"""All steps were walked once; each sixth of them stays in the suite, for each costs a world."""
RENAMED = {"First_Name": "Raman", "Mobile": "+91 98400 99999", "Tier": "Silver"}


async def shape(world: Individuals) -> Any:
    """What must be the same whatever died: one Contact, one customer, one person."""
    await world.system.settle(6)
    world.system.judge()
    assert world.held() == []
    customers = [
        (
            c["contact_name"],
            c["customer_sub_type"],
            [(p["first_name"], p["mobile"]) for p in c["contact_persons"]],
        )
        for c in await world.customers()
    ]
    return customers, [(c["First_Name"], c["Mobile"], c["Tier"]) for c in await world.contacts()]


async def act(world: Individuals, verb: str) -> None:
    """One thing that a user does, to be synced by the drain that dies."""
    if verb == "made in CRM":
        await world.in_crm()
    elif verb == "made in Books":
        await world.in_books()
    else:
        crm, _ = await world.pair()
        await world.edit_crm(crm, **RENAMED)


async def killed_at(step: int, where: str, verb: str) -> tuple[bool, Any]:
    """Whether the writer died, and what came of it."""
    world = await Individuals.started()
    await act(world, verb)
    killer = Killer(step)
    setattr(world.system.memory, where, killer)
    died = await _live_with(world.system, killer)
    found = await shape(world)
    await world.close()
    return died, found


@pytest.mark.parametrize("born", ["an Account", "a Contact", "a customer"])
async def test_what_an_unanswered_create_made_and_somebody_made_another_kind_of_is_not_made_back(
    born: str,
) -> None:
    """Its stamp is that of the kind that it was made as: it waits for the look, and is the counterpart that it was."""
    world = await Individuals.started()
    system = world.system
    product, endpoint = ("crm", "Contacts") if born == "a customer" else ("books", "contacts")
    match = {"method": "POST", "endpoint": endpoint}
    planted = {"name": "timeout_after_commit", "product": product, "match": match, "count": 1}
    await system.control("POST", "/faults", planted)
    owner = {"Account_Name": "Iyer Traders", "Account_Type": "Prospect"}
    if born == "an Account":
        await system.control("POST", "/crm/Accounts", {**owner, "Account_Type": "Customer"})
    else:
        await (world.in_crm() if born == "a Contact" else world.in_books())
    await system.run(12)
    assert [intent.kind for intent in system.store.intents.all_open("main")] == ["create"]
    if born == "a customer":
        account = (await system.control("POST", "/crm/Accounts", owner))["id"]
        [contact] = await world.contacts()
        await world.edit_crm(contact["id"], Account_Name={"id": account})
    else:
        [customer] = await world.customers()
        kind = "individual" if born == "an Account" else "business"
        await world.edit_books(customer["contact_id"], customer_sub_type=kind)
    before = system.seq
    await system.settle(6)
    assert [call for call in world.written(before) if call.startswith("POST")] == []
    assert [entry["kind"] for entry in system.history() if entry.get("settled")] == ["write"]
    system.judge()
    await world.close()


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("verb", ["made in CRM", "made in Books", "renamed"])
async def test_a_writer_killed_at_any_table_step_ends_the_same(verb: str, shard: int) -> None:
    """Every step after which the worker may be gone is a crash point."""
    died, expected = await killed_at(10_000, "after", verb)
    assert not died
    step = 1 + shard * STRIDE // SHARDS
    while True:
        died, found = await killed_at(step, "after", verb)
        assert found == expected, f"killed at step {step}"
        if not died:
            break
        step += STRIDE
    assert step > 12


@pytest.mark.parametrize(
    "fault", ["timeout", "timeout_after_commit", "error_before_commit", "error_after_commit"]
)
@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("verb", ["made in CRM", "made in Books", "renamed"])
async def test_a_write_without_an_answer_is_made_once(verb: str, skip: int, fault: str) -> None:
    """The create carries its stamp, the person's call is looked up by what the customer shows."""
    world = await Individuals.started()
    product = "crm" if verb == "made in Books" else "books"
    for method in ("POST", "PUT"):
        planted = {"name": fault, "product": product, "match": {"method": method}, "count": 1, "skip": skip}
        if verb != "renamed":
            await world.system.control("POST", "/faults", planted)
    if verb == "renamed":
        crm, _ = await world.pair()
        planted = {"name": fault, "product": product, "match": {"method": "PUT"}, "count": 1, "skip": skip}
        await world.system.control("POST", "/faults", planted)
        await world.edit_crm(crm, **RENAMED)
    else:
        await act(world, verb)
    await world.system.settle(6)
    customers, contacts = await shape(world)
    assert (len(customers), len(contacts)) == (1, 1)
    assert len(customers[0][2]) == 1
    assert customers[0][2][0][0] == contacts[0][0] == ("Raman" if verb == "renamed" else "Rama")
    await world.close()
