"""Individuals that change what they are, look like somebody else, or were there before the mapping knew them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tandem.core.records import LinkState, Mode, RecordKey, Side
from tests.system.individuals import INDIA, MAPPING, RAMA, Individuals

ACCOUNT = {"Account_Name": "Iyer Traders", "Account_Type": "Customer"}


@pytest.fixture
async def world() -> AsyncIterator[Individuals]:
    """Both sides empty and listed, in write mode."""
    made = await Individuals.started()
    yield made
    await made.close()


async def account(world: Individuals, **changes: Any) -> str:
    """An Account that a user made; its id."""
    return str((await world.system.control("POST", "/crm/Accounts", {**ACCOUNT, **changes}))["id"])


def only_hold(world: Individuals) -> dict[str, Any]:
    """The one hold that there is."""
    [hold] = world.system.store.cases.holds("main")
    return dict(hold)


async def test_one_that_gets_an_account_and_loses_it_again_goes_on(world: Individuals) -> None:
    """Its hold ends by itself, and the edit made meanwhile arrives; the Account of its e-mail is held for itself."""
    crm, books = await world.pair()
    owner = await account(world, Account_Type="Prospect")
    await world.edit_crm(crm, Account_Name={"id": owner}, Tier="Silver")
    await world.system.settle(2)
    assert ("no longer an individual", f"main/crm/individual/{crm}") in world.held()
    await world.edit_crm(crm, Account_Name=None)
    await world.system.settle(2)
    assert [record for _, record in world.held()] == [f"main/crm/customer/{owner}"]
    [made] = await world.customers()
    assert {one["api_name"]: one["value"] for one in made["custom_fields"]}["cf_tier"] == "Silver"
    assert world.link(Side.BOOKS, books).crm_id == crm
    await world.rests()


async def test_a_person_that_loses_its_account_becomes_a_customer_once_approved(world: Individuals) -> None:
    """Held until then; the person stays where it was."""
    owner = await account(world)
    crm = await world.in_crm(Account_Name={"id": owner})
    await world.system.settle(3)
    assert len(await world.customers()) == 1
    await world.edit_crm(crm, Account_Name=None)
    await world.system.settle(2)
    assert only_hold(world)["cause"] == "moved person"
    assert len(await world.customers()) == 1
    await world.system.release(only_hold(world), approve=True)
    await world.system.settle(3)
    held = world.held()
    if held:  # its e-mail is still a person's of the old customer
        assert [cause for cause, _ in held] == ["match:reserved"]
        await world.keep_apart(only_hold(world))
        await world.system.settle(3)
    assert world.held() == []
    assert sorted(one["customer_sub_type"] for one in await world.customers()) == ["business", "individual"]
    assert world.link(Side.CRM, crm).entity == "individual"
    await world.rests()


async def test_a_customer_that_becomes_a_business_is_held_until_it_is_one_no_more(world: Individuals) -> None:
    """No word of a person makes a second customer of its Contact."""
    crm, books = await world.pair()
    await world.edit_books(books, customer_sub_type="business")
    await world.system.settle(2)
    hold = only_hold(world)
    assert hold["cause"] == "no longer an individual"
    before = world.system.seq
    await world.system.release(hold, approve=True)
    await world.system.settle(2)
    assert world.written(before) == []
    assert only_hold(world)["cause"] == "no longer an individual"
    await world.edit_books(books, customer_sub_type="individual")
    await world.edit_crm(crm, Tier="Silver")
    await world.system.settle(2)
    assert world.held() == []
    await world.rests()


async def test_an_individual_of_an_accounts_email_is_held_on_both_sides(world: Individuals) -> None:
    """Neither is linked with the other kind, and nothing is made beside it."""
    await world.in_books(contact_name="Iyer Traders")
    owner = await account(world)
    await world.in_crm(Account_Name={"id": owner})
    before = world.system.seq
    await world.system.settle(3)
    assert [one for one in world.written(before) if one.startswith("POST")] == []
    causes = {cause for cause, _ in world.held()}
    assert causes == {"match:other kind", "match:e-mail only"}


async def test_a_business_of_a_contacts_email_is_not_doubled(world: Individuals) -> None:
    """The Contact is held; the business becomes an Account, as every customer does."""
    await world.in_books(customer_sub_type="business")
    await world.system.settle(3)
    await world.in_crm(Last_Name="Iyer")
    await world.system.settle(3)
    assert len(await world.customers()) == 1
    assert [cause for cause, _ in world.held()] == ["match:other kind"] or [
        cause for cause, _ in world.held()
    ] == ["match:reserved"]


@pytest.mark.parametrize("side", list(Side))
async def test_two_of_one_email_are_held(world: Individuals, side: Side) -> None:
    """Which of the two is meant, a person says."""
    await world.system.control("PUT", "/switches", {"books_duplicate_names": "allow"})
    for surname in ("Iyer", "Iyer K"):
        if side is Side.CRM:
            await world.in_crm(Last_Name=surname)
        else:
            persons = [{"first_name": "Rama", "last_name": surname, "email": RAMA["Email"]}]
            await world.in_books(contact_name=f"Rama {surname}", contact_persons=persons)
    await (world.in_books() if side is Side.CRM else world.in_crm())
    await world.system.settle(3)
    assert world.held() != []
    assert {len(await world.contacts()), len(await world.customers())} == {1, 2}


async def test_contacts_that_were_left_out_become_customers_when_the_mapping_says_so() -> None:
    """Both feeds are listed again; who is on both sides already is linked, nobody is made twice."""
    world = await Individuals.started(INDIA)
    crm = await world.in_crm()
    other = await world.in_crm(
        First_Name="Gopal", Last_Name="Menon", Email="gopal@menon.example", Phone="", Mobile=""
    )
    await world.system.settle(3)
    assert await world.customers() == []
    await world.system.control("PUT", "/switches", {"api_edit_fires_webhook": True})
    stored = world.system.store.connections
    stored.save(stored.read("main").model_copy(update={"mode": Mode.WRITE}), MAPPING)
    await world.system.settle(4)
    made = {one["contact_name"]: one for one in await world.customers()}
    assert sorted(made) == ["Gopal Menon", "Rama Iyer"]
    assert {world.link(Side.CRM, id).state for id in (crm, other)} == {LinkState.LIVE}
    await world.rests()
    stored.save(stored.read("main").model_copy(update={"mode": Mode.WRITE}), INDIA)
    late = await world.in_crm(
        First_Name="Sita", Last_Name="Nair", Email="sita@nair.example", Phone="", Mobile=""
    )
    await world.system.settle(3)
    assert len(await world.customers()) == 2
    stored.save(stored.read("main").model_copy(update={"mode": Mode.WRITE}), MAPPING)
    await world.system.settle(4)
    assert len(await world.customers()) == 3
    assert world.link(Side.CRM, late).state is LinkState.LIVE
    await world.rests()
    await world.close()


async def test_a_customer_linked_with_an_account_stays_one_whatever_its_kind() -> None:
    """The option does not touch pairs that there are."""
    world = await Individuals.started(INDIA)
    books = await world.in_books()
    await world.system.settle(3)
    [owner] = (await world.system.export())["crm"]["Accounts"]
    stored = world.system.store.connections
    stored.save(stored.read("main").model_copy(update={"mode": Mode.WRITE}), MAPPING)
    await world.edit_books(books, website="https://rama.example")
    await world.system.settle(4)
    key = RecordKey("main", Side.BOOKS, "customer", books)
    link = world.system.store.links.of(key)
    assert link is not None
    assert link.crm_id == owner["id"]
    assert (await world.system.crm_record("Accounts", owner["id"]))["Website"] == "https://rama.example"
    assert len((await world.system.export())["crm"]["Contacts"]) == 1
    await world.rests()
    await world.close()


async def test_one_deleted_in_books_leaves_its_contact_and_is_not_made_again(world: Individuals) -> None:
    """The link ends once a read says so."""
    crm, books = await world.pair()
    await world.system.control("DELETE", f"/books/contacts/{books}")
    await world.edit_crm(crm, Tier="Silver")
    await world.system.settle(3)
    assert world.link(Side.CRM, crm).state is LinkState.TOMBSTONE
    assert (len(await world.contacts()), len(await world.customers())) == (1, 0)
    await world.rests()


async def test_a_display_name_of_its_own_is_put_back(world: Individuals) -> None:
    """The names of the person are the ones that travel."""
    _, books = await world.pair()
    await world.edit_books(books, contact_name="Iyer and Sons")
    await world.system.settle(3)
    [made] = await world.customers()
    assert made["contact_name"] == "Rama Iyer"
    assert (await world.contacts())[0]["First_Name"] == "Rama"
    await world.rests()


async def test_a_customer_without_persons_gets_one(world: Individuals) -> None:
    """Its Contact's values make the primary person."""
    crm, books = await world.pair()
    [made] = await world.customers()
    person = made["contact_persons"][0]["contact_person_id"]
    await world.system.control("DELETE", f"/books/contacts/{books}/persons/{person}")
    await world.system.settle(2)
    await world.edit_crm(crm, First_Name="Ramu", Mobile="+91 98400 77777")
    await world.system.settle(3)
    [made] = await world.customers()
    assert [(one["first_name"], one["mobile"]) for one in made["contact_persons"]] == [
        ("Ramu", "+91 98400 77777")
    ]
    assert (await world.contacts())[0]["Last_Name"] == "Iyer"


@pytest.mark.parametrize("side", list(Side))
async def test_a_merge_is_followed_to_its_survivor_once_a_person_says_so(
    world: Individuals, side: Side
) -> None:
    """The link goes on with the record that is left; nobody is made, nobody is made inactive."""
    crm, books = await world.pair()
    if side is Side.CRM:
        master = await world.in_crm(Last_Name="Iyer K")
    else:
        persons = [{"first_name": "Rama", "last_name": "Iyer K", "email": RAMA["Email"]}]
        master = await world.in_books(contact_name="Rama Iyer K", contact_persons=persons)
    await world.system.settle(2)
    assert [cause for cause, _ in world.held()] == ["match:reserved"]
    if side is Side.CRM:
        await world.system.control("POST", f"/crm/Contacts/{master}/merge", {"losers": [crm]})
    else:
        await world.system.control("POST", f"/books/contacts/{master}/merge", {"losers": [books]})
    await world.system.settle(4)
    hold = next(one for one in world.system.store.cases.holds("main") if one["cause"].startswith("merged in"))
    before = world.system.seq
    await world.system.release(hold, approve=True)
    await world.system.settle(3)
    link = world.link(side, master)
    assert (link.state, link.id_on(side.other)) == (LinkState.LIVE, books if side is Side.CRM else crm)
    assert [one for one in world.written(before) if one.startswith("POST")] == []


async def test_a_restored_table_makes_no_individual_twice(world: Individuals) -> None:
    """Who was linked since the backup is found again by its stamp, after both sides were listed."""
    await world.pair()
    backup = world.system.memory.rows()
    await world.in_crm(
        First_Name="Gopal", Last_Name="Menon", Email="gopal@menon.example", Phone="", Mobile=""
    )
    await world.in_books(
        contact_name="Sita Nair",
        contact_persons=[{"first_name": "Sita", "last_name": "Nair", "email": "sita@nair.example"}],
    )
    await world.system.settle(3)
    assert (len(await world.contacts()), len(await world.customers())) == (3, 3)
    before = world.system.seq
    world.system.restore(backup)
    await world.system.settle(4)
    assert world.written(before) == []
    assert len(world.system.store.links.ids("main", "individual", LinkState.LIVE)) == 3
