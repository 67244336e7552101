"""A Contact without an Account as a Books customer of its own: made, matched, edited, moved and deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tandem.core.cost import costs
from tandem.core.mapping import load_mapping
from tandem.core.records import LinkState, Side
from tests.system.individuals import INDIA, MAPPING, Individuals


@pytest.fixture
async def world() -> AsyncIterator[Individuals]:
    """Both sides empty and listed, in write mode."""
    made = await Individuals.started()
    yield made
    await made.close()


async def test_a_contact_without_account_is_a_customer_once(world: Individuals) -> None:
    """By one call, with its primary person; nothing of it comes back."""
    before = world.system.seq
    crm, books = await world.pair()
    assert world.written(before) == ["POST /books/v3/contacts"]
    [made] = await world.customers()
    assert (made["contact_name"], made["customer_sub_type"], made["company_name"]) == (
        "Rama Iyer",
        "individual",
        "",
    )
    [person] = made["contact_persons"]
    assert (person["first_name"], person["last_name"], person["is_primary_contact"]) == ("Rama", "Iyer", True)
    assert (person["email"], person["phone"]) == ("rama@iyer.example", "+91 44 1234 5678")
    assert (made["billing_address"]["city"], made["billing_address"]["zip"]) == ("Chennai", "600002")
    shown = {one["api_name"]: one["value"] for one in made["custom_fields"]}
    assert (shown["cf_crm_contact_id"], shown["cf_tier"]) == (crm, "Gold")
    assert world.link(Side.CRM, crm).books_id == books
    await world.rests()


async def test_a_books_individual_is_a_contact_once(world: Individuals) -> None:
    """Without an Account; what it shows is on the Contact."""
    books = await world.in_books()
    await world.system.settle(3)
    [made] = await world.contacts()
    assert (made["First_Name"], made["Last_Name"], made["Email"]) == ("Rama", "Iyer", "rama@iyer.example")
    assert (made["Account_Name"], made["Mailing_City"], made["Books_Customer_ID"]) == (None, "Chennai", books)
    assert (await world.system.export())["crm"].get("Accounts", []) == []
    assert world.link(Side.BOOKS, books).crm_id == made["id"]
    await world.rests()


async def test_a_contact_and_a_customer_of_one_email_are_linked(world: Individuals) -> None:
    """Nothing is made on either side."""
    books = await world.in_books()
    crm = await world.in_crm()
    await world.system.settle(3)
    assert world.link(Side.CRM, crm).books_id == books
    assert (len(await world.contacts()), len(await world.customers())) == (1, 1)
    await world.rests()


@pytest.mark.parametrize("told", [True, False])
async def test_an_edit_in_crm_is_in_books(world: Individuals, told: bool) -> None:
    """The name in the person's call and the customer's, each once; the rest beside it."""
    crm, _ = await world.pair()
    if not told:
        await world.system.control("POST", "/faults", {"name": "drop_notification", "count": 100})
    before = world.system.seq
    await world.edit_crm(
        crm, First_Name="Ramanathan", Mobile="+91 98400 99999", Tier="Silver", Mailing_City="Madurai"
    )
    await world.system.settle(3)
    [made] = await world.customers()
    assert (made["contact_name"], made["first_name"], made["mobile"]) == (
        "Ramanathan Iyer", "Ramanathan", "+91 98400 99999",
    )  # fmt: skip
    assert made["billing_address"]["city"] == "Madurai"
    assert len(made["contact_persons"]) == 1
    assert world.written(before) == [
        "PUT /books/v3/contacts/contactpersons/{person_id}",
        "PUT /books/v3/contacts/{id}",
    ]
    await world.rests()


@pytest.mark.parametrize("told", [True, False])
async def test_an_edit_in_books_is_in_crm(world: Individuals, told: bool) -> None:
    """Of the person and of the customer; the display name follows the person's name."""
    _, books = await world.pair()
    if not told:
        await world.system.control("POST", "/faults", {"name": "drop_notification", "count": 100})
    [made] = await world.customers()
    person = made["contact_persons"][0]["contact_person_id"]
    await world.system.control(
        "PATCH",
        f"/books/contacts/{books}/persons/{person}",
        {"first_name": "Raman", "email": "raman@iyer.example"},
    )
    await world.edit_books(books, custom_fields=[{"api_name": "cf_tier", "value": "Silver"}])
    await world.system.settle(4)
    [contact] = await world.contacts()
    assert (contact["First_Name"], contact["Email"], contact["Tier"]) == (
        "Raman",
        "raman@iyer.example",
        "Silver",
    )
    assert (await world.customers())[0]["contact_name"] == "Raman Iyer"
    await world.rests()


async def test_one_that_gets_an_account_is_held_and_goes_on_once_approved(world: Individuals) -> None:
    """Nothing is made while it is held; then its customer stays, it is a person of its Account's; and back again."""
    crm, books = await world.pair()
    account = (
        await world.system.control(
            "POST", "/crm/Accounts", {"Account_Name": "Iyer Traders", "Account_Type": "Customer"}
        )
    )["id"]
    await world.edit_crm(crm, Account_Name={"id": account}, Tier="Silver")
    await world.system.settle(3)
    holds = {hold["cause"]: hold for hold in world.system.store.cases.holds("main")}
    assert sorted(holds) == ["match:e-mail only", "no longer an individual"]
    assert len(await world.customers()) == 1
    await world.keep_apart(holds["match:e-mail only"])
    await world.system.release(holds["no longer an individual"], approve=True)
    await world.system.settle(3)
    assert world.held() == []
    customers = {one["contact_id"]: one for one in await world.customers()}
    assert len(customers) == 2
    [theirs] = [one for id, one in customers.items() if id != books]
    assert [one["email"] for one in theirs["contact_persons"]] == ["rama@iyer.example"]
    assert customers[books]["status"] == "active"
    assert len(await world.contacts()) == 1
    await world.rests()
    await world.edit_crm(crm, Account_Name=None)
    await world.system.settle(3)
    [hold] = world.system.store.cases.holds("main")
    assert hold["cause"] == "moved person"
    await world.system.release(hold, approve=True)
    await world.system.settle(3)
    assert len(await world.customers()) == 2
    link = world.link(Side.CRM, crm)
    assert (link.entity, link.books_id, link.state) == ("individual", books, LinkState.LIVE)
    assert [cause for cause, _ in world.held()] == [
        "differs:tier"
    ]  # edited meanwhile; no old base is trusted
    await world.rests()


async def test_one_deleted_in_crm_is_inactive_in_books_and_comes_back(world: Individuals) -> None:
    """After the delay; a restore revives the link."""
    crm, books = await world.pair()
    await world.system.control("DELETE", f"/crm/Contacts/{crm}")
    await world.system.settle(4)
    assert [one["status"] for one in await world.customers()] == ["inactive"]
    await world.system.control("POST", f"/crm/Contacts/{crm}/restore")
    await world.system.settle(4)
    assert [one["status"] for one in await world.customers()] == ["active"]
    assert world.link(Side.BOOKS, books).state is LinkState.LIVE


READ, WRITE = "GET /books/v3/contacts/{id}", "PUT /books/v3/contacts/{id}"
PERSON = "PUT /books/v3/contacts/contactpersons/{person_id}"


@pytest.mark.parametrize(
    ("changes", "calls"),
    [
        ({"Tier": "Silver"}, [READ, WRITE]),
        ({"Mobile": "+91 98400 99999"}, [READ, PERSON, READ]),
        ({"Last_Name": "Menon"}, [READ, PERSON, WRITE, READ]),
    ],
)
async def test_an_edit_in_crm_costs_a_read_and_its_writes(
    world: Individuals, changes: dict[str, str], calls: list[str]
) -> None:
    """Of Books' calls; what its webhook tells of a person's write is read. A new one costs a look and the create."""
    before = world.system.seq
    crm = await world.in_crm()
    await world.system.run(20)
    assert world.books_calls(before) == ["GET /books/v3/contacts", "POST /books/v3/contacts"]
    await world.system.settle(3)
    before = world.system.seq
    await world.edit_crm(crm, **changes)
    await world.system.run(20)
    assert world.books_calls(before) == calls


async def test_an_edit_that_books_tells_costs_no_call_of_books(world: Individuals) -> None:
    """The webhook carries the whole customer, its primary person among it."""
    _, books = await world.pair()
    [made] = await world.customers()
    person = made["contact_persons"][0]["contact_person_id"]
    before = world.system.seq
    await world.system.control(
        "PATCH", f"/books/contacts/{books}/persons/{person}", {"mobile": "+91 98400 99999"}
    )
    await world.system.run(20)
    assert world.books_calls(before) == []
    assert (await world.contacts())[0]["Mobile"] == "+91 98400 99999"


async def test_a_quiet_tick_costs_what_it_cost_without_individuals(world: Individuals) -> None:
    """One page of Books; one query of each module of CRM for changes and one for deletes."""
    plain = await Individuals.started(INDIA)
    for one in (world, plain):
        await one.pair() if one is world else await one.in_crm()
        await one.system.settle(3)
    counts = []
    for one in (world, plain):
        before = one.system.seq
        await one.system.tick()
        counts.append(sorted(call["endpoint"] for call in one.system.calls(before)))
    assert counts[0] == counts[1]
    assert len(one.books_calls(before)) == 1
    await plain.close()


async def test_the_display_name_may_be_the_one_that_travels() -> None:
    """Where customers have no person's name in Books: it makes the Contact, and the Contact the person."""
    turned = MAPPING.replace(
        "name: {converter: person_name, crm: {first: First_Name, last: Last_Name},\n"
        "             books: {first: first_name, last: last_name}}",
        "name: {converter: full_name, crm: {first: First_Name, last: Last_Name}, books: {full: contact_name}}",
    ).replace(
        "converter: full_name\n        crm: {first: First_Name, last: Last_Name}\n        books: {full: contact_name}",
        "converter: person_name\n        crm: {first: First_Name, last: Last_Name}\n"
        "        books: {first: first_name, last: last_name}",
    )
    assert turned.count("contact_name}}") == MAPPING.count("contact_name}}") + 1
    world = await Individuals.started(turned)
    books = await world.in_books(contact_persons=[])
    await world.system.settle(4)
    [contact] = await world.contacts()
    assert (contact["First_Name"], contact["Last_Name"]) == ("Rama", "Iyer")
    [customer] = await world.customers()
    assert [(one["first_name"], one["last_name"]) for one in customer["contact_persons"]] == [
        ("Rama", "Iyer")
    ]
    await world.edit_books(books, contact_name="Raman Iyer")
    await world.system.settle(4)
    assert (await world.contacts())[0]["First_Name"] == "Raman"
    [customer] = await world.customers()
    assert [one["first_name"] for one in customer["contact_persons"]] == ["Raman"]
    assert world.held() == []
    await world.rests()
    await world.close()


async def test_what_an_edit_costs_is_what_the_check_says(world: Individuals) -> None:
    """A read and a write in Books; where the person changed, its call and a look at what that told of the customer."""
    [cost] = [one for one in costs(load_mapping(MAPPING)) if one.flow == "n edits of individuals in CRM"]
    assert cost.books == "2n, and 2 more for each whose person changed"
    crm, _ = await world.pair()
    for changes, calls in (({"Tier": "Silver"}, 2), ({"First_Name": "Ramu", "Tier": "Gold"}, 4)):
        before = world.system.seq
        await world.edit_crm(crm, **changes)
        await world.system.run(12)
        assert len(world.books_calls(before)) == calls
