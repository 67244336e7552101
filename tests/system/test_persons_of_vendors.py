"""A Contact that names a Vendor and no Account: a supplier's person, never a customer of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tandem.core.records import LinkState, Mode, RecordKey, Side
from tests.system.individuals import INDIA, MAPPING, RAMA, Individuals

VENDORS, NONE = "a vendor's person", "a Contact without an Account"
OUTSIDE = "it names a Vendor and no Account"


@pytest.fixture
async def world() -> AsyncIterator[Individuals]:
    """Both sides empty and listed, in write mode."""
    made = await Individuals.started()
    yield made
    await made.close()


async def vendor(world: Individuals) -> dict[str, str]:
    """A Vendor of CRM, as a lookup names it."""
    made = await world.system.control("POST", "/crm/Vendors", {"Vendor_Name": "Deccan Paper Mills"})
    return {"id": made["id"]}


def left_out(world: Individuals) -> dict[str, int]:
    """How many are left out, by reason."""
    return dict(world.system.store.rows.left_out("main"))


async def test_a_vendors_person_is_no_customer_and_is_counted(world: Individuals) -> None:
    """By webhook, by the feed, and when it is edited."""
    crm = await world.in_crm(Vendor_Name=await vendor(world))
    await world.system.settle(3)
    await world.edit_crm(crm, Mobile="+91 98400 55555")
    await world.system.settle(2)
    assert (await world.customers(), left_out(world), world.held()) == ([], {VENDORS: 1}, [])
    await world.rests()


async def test_it_goes_by_what_it_names_now(world: Individuals) -> None:
    """Without the Vendor it is a customer; at an Account it is that customer's person, whatever else it names."""
    supplier = await vendor(world)
    crm = await world.in_crm(Vendor_Name=supplier)
    await world.system.settle(3)
    await world.edit_crm(crm, Vendor_Name=None)
    await world.system.settle(3)
    [made] = await world.customers()
    assert (made["contact_name"], made["customer_sub_type"]) == ("Rama Iyer", "individual")
    owner = {"Account_Name": "Iyer Traders", "Account_Type": "Customer"}
    account = (await world.system.control("POST", "/crm/Accounts", owner))["id"]
    other = {
        "First_Name": "Gopal",
        "Last_Name": "Menon",
        "Email": "gopal@menon.example",
        "Phone": "",
        "Mobile": "",
    }
    both = await world.in_crm(**other, Vendor_Name=supplier, Account_Name={"id": account})
    await world.system.settle(3)
    link = world.system.store.links.of(RecordKey("main", Side.CRM, "contact_person", both))
    assert link is not None
    assert link.state is LinkState.LIVE
    assert left_out(world) == {}
    await world.rests()


async def test_a_hold_of_one_that_turns_out_a_vendors_person_ends(world: Individuals) -> None:
    """The question was whose customer it is; it is none."""
    await world.in_books(customer_sub_type="business")
    crm = await world.in_crm()
    await world.system.settle(3)
    assert f"main/crm/individual/{crm}" in [record for _, record in world.held()]
    await world.edit_crm(crm, Vendor_Name=await vendor(world))
    await world.system.settle(3)
    assert crm not in "".join(record for _, record in world.held())
    assert left_out(world) == {VENDORS: 1}
    assert len(await world.customers()) == 1


async def test_a_customer_that_gets_a_vendor_goes_on_and_is_told(world: Individuals) -> None:
    """It has its invoices: edits travel both ways, `tandem status` counts it; without the Vendor it is told no more."""
    crm, books = await world.pair()
    before = world.system.seq
    await world.edit_crm(crm, Vendor_Name=await vendor(world))
    await world.system.settle(2)
    assert world.written(before) == []
    assert (world.system.store.outside.count("main"), world.held()) == ({OUTSIDE: 1}, [])
    await world.edit_crm(crm, Tier="Silver")
    await world.edit_books(books, billing_address={"city": "Madurai"})
    await world.system.settle(2)
    [made], [contact] = await world.customers(), await world.contacts()
    assert {one["api_name"]: one["value"] for one in made["custom_fields"]}["cf_tier"] == "Silver"
    assert contact["Mailing_City"] == "Madurai"
    assert world.system.store.outside.count("main") == {OUTSIDE: 1}
    await world.edit_crm(crm, Vendor_Name=None)
    await world.system.settle(2)
    assert world.system.store.outside.count("main") == {}
    await world.rests()


async def test_a_customer_of_a_vendors_persons_email_is_asked_about(world: Individuals) -> None:
    """Neither is linked nor doubled; kept apart it gets a Contact of its own, beside the vendor's."""
    await world.in_crm(Vendor_Name=await vendor(world))
    await world.system.settle(2)
    books = await world.in_books()
    await world.system.settle(3)
    [hold] = world.system.store.cases.holds("main")
    assert (hold["cause"], hold["record"]) == ("match:other kind", f"main/books/individual/{books}")
    assert "it is a Contact of a Vendor in CRM" in hold["sentence"]
    assert len(await world.contacts()) == 1
    await world.keep_apart(hold)
    await world.system.settle(3)
    assert len(await world.contacts()) == 2
    assert world.link(Side.BOOKS, books).state is LinkState.LIVE
    assert len(await world.customers()) == 1
    await world.rests()


async def test_a_merge_into_a_vendors_person_is_asked_about(world: Individuals) -> None:
    """The customer is not made inactive in silence."""
    crm, books = await world.pair()
    master = await world.in_crm(Last_Name="Iyer", Vendor_Name=await vendor(world))
    await world.system.settle(2)
    await world.system.control("POST", f"/crm/Contacts/{master}/merge", {"losers": [crm]})
    await world.system.settle(4)
    [hold] = world.system.store.cases.holds("main")
    assert hold["cause"] == "merged in CRM"
    await world.system.release(hold, approve=True)
    await world.system.settle(3)
    assert (world.link(Side.CRM, master).books_id, len(await world.customers())) == (books, 1)
    assert (await world.customers())[0]["status"] == "active"
    await world.rests()


async def test_where_the_mapping_holds_contacts_without_account_a_vendors_is_left_out() -> None:
    """The hold asks for an Account, and a supplier's person has none."""
    text = INDIA.replace("    parent_field:", "    without_account: hold\n    parent_field:", 1)
    world = await Individuals.started(text)
    await world.in_crm(Vendor_Name=await vendor(world))
    alone = await world.in_crm(First_Name="Gopal", Email="gopal@menon.example")
    await world.system.settle(3)
    assert world.held() == [("no Account", f"main/crm/contact_person/{alone}")]
    assert left_out(world) == {VENDORS: 1}
    await world.close()


async def test_where_they_are_left_out_anyway_one_may_ask_for_the_reason() -> None:
    """By `vendor_field`; without it nothing more is read."""
    for more, expected in (("", {NONE: 1}), ("    vendor_field: Vendor_Name\n", {VENDORS: 1})):
        world = await Individuals.started(INDIA.replace("    parent_field:", f"{more}    parent_field:", 1))
        await world.in_crm(Vendor_Name=await vendor(world))
        await world.system.settle(3)
        assert left_out(world) == expected
        await world.close()


async def test_an_organisation_without_vendors_says_so() -> None:
    """CRM then has no such field, and would refuse to list Contacts with it."""
    text = MAPPING.replace("    parent_field:", "    vendor_field: none\n    parent_field:", 1)
    world = await Individuals.started(text)
    gone = {"product": "crm", "module": "Contacts", "api_name": "Vendor_Name"}
    await world.system.control("DELETE", "/fields", gone)
    await world.pair()
    await world.rests()
    await world.close()


async def test_switched_on_later_the_vendors_persons_stay_left_out() -> None:
    """Both feeds are listed again; only who names nobody becomes a customer."""
    world = await Individuals.started(INDIA)
    await world.in_crm(Vendor_Name=await vendor(world))
    await world.in_crm(
        **{**RAMA, "First_Name": "Gopal", "Email": "gopal@menon.example", "Phone": "", "Mobile": ""}
    )
    await world.system.settle(3)
    assert left_out(world) == {NONE: 2}
    stored = world.system.store.connections
    stored.save(stored.read("main").model_copy(update={"mode": Mode.WRITE}), MAPPING)
    await world.system.settle(4)
    assert [one["contact_name"] for one in await world.customers()] == ["Gopal Iyer"]
    assert left_out(world) == {VENDORS: 1}
    await world.rests()
    await world.close()
