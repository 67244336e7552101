"""A lookup to a record that is a customer of its own: it has no counterpart of the kind that the field names."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tandem.core.records import LinkState, RecordKey, Side
from tests.system.individuals import MAPPING, Individuals

CAUSE = "lookup to another kind:advisor"
OWNER = {"Account_Name": "Acme Works", "Account_Type": "Customer", "Website": "https://acme.example"}


async def started(entity: str, kind: str, module: str) -> Individuals:
    """Accounts name an advisor, whose id Books keeps."""
    mapping = yaml.safe_load(MAPPING)
    field = {"crm": "Advisor", "books": "cf_advisor", "converter": "lookup", "args": {"entity": entity}}
    mapping["entities"]["customer"]["fields"]["advisor"] = field
    crm = {
        "product": "crm",
        "module": "Accounts",
        "api_name": "Advisor",
        "data_type": "lookup",
        "lookup": module,
    }
    books = {"product": "books", "api_name": "cf_advisor", "data_type": kind, "lookup": "contact"}
    return await Individuals.started(yaml.safe_dump(mapping), (crm, books))


async def account(world: Individuals, **more: Any) -> tuple[str, str]:
    """An Account made by a user and synced; its id and its customer's."""
    crm = (await world.system.control("POST", "/crm/Accounts", {**OWNER, **more}))["id"]
    await world.system.settle(3)
    link = world.system.store.links.of(RecordKey("main", Side.CRM, "customer", crm))
    assert link is not None
    return crm, link.books_id


def advisor_of(customer: dict[str, Any]) -> str:
    """What Books keeps."""
    return str({one["api_name"]: one["value"] for one in customer["custom_fields"]}.get("cf_advisor") or "")


@pytest.mark.parametrize("first", ["advisor", "account"])
async def test_a_contact_that_is_a_customer_of_its_own_is_told_as_none_that_can_be_named(first: str) -> None:
    """Whichever of the two is linked first; the rest of the pair goes on, and the field once it leads elsewhere."""
    world = await started("contact_person", "string", "Contacts")
    system = world.system
    if first == "advisor":
        advisor = await world.in_crm()
        await system.settle(3)
        crm, books = await account(world, Advisor={"id": advisor})
    else:
        system.store.connections.set("main", paused=True)
        advisor = await world.in_crm()
        crm = (await system.control("POST", "/crm/Accounts", {**OWNER, "Advisor": {"id": advisor}}))["id"]
        system.store.connections.set("main", paused=False)
        await system.settle(4)
        books = system.store.links.of(RecordKey("main", Side.CRM, "customer", crm)).books_id  # type: ignore[union-attr]
    assert world.link(Side.CRM, advisor).entity == "individual"
    [hold] = system.store.cases.holds("main")
    assert (hold["cause"], hold["record"]) == (CAUSE, f"main/crm/customer/{crm}")
    assert (
        "is linked as individual, so Books has no contact_person that the field could name"
        in hold["sentence"]
    )
    await system.control("PATCH", f"/crm/Accounts/{crm}", {"Website": "https://new.example"})
    await system.settle(2)
    made = await system.books_contact(books)
    assert (made["website"], advisor_of(made)) == ("https://new.example", "")
    parent = {"Account_Name": {"id": crm}}
    other = await world.in_crm(First_Name="Gopal", Email="gopal@menon.example", Phone="", Mobile="", **parent)
    await system.settle(3)
    await system.control("PATCH", f"/crm/Accounts/{crm}", {"Advisor": {"id": other}})
    await system.settle(3)
    person = system.store.links.of(RecordKey("main", Side.CRM, "contact_person", other))
    assert person is not None
    assert advisor_of(await system.books_contact(books)) == person.books_id
    assert world.held() == []
    await world.rests()
    await world.close()


async def test_it_goes_on_once_the_contact_is_a_person() -> None:
    """It got an Account, and a person ended its link as a customer."""
    world = await started("contact_person", "string", "Contacts")
    advisor = await world.in_crm()
    await world.system.settle(3)
    crm, books = await account(world, Advisor={"id": advisor})
    await world.edit_crm(advisor, Account_Name={"id": crm})
    await world.system.settle(2)
    [hold] = [
        one for one in world.system.store.cases.holds("main") if one["cause"] == "no longer an individual"
    ]
    await world.system.release(hold, approve=True)
    await world.system.settle(4)
    person = world.system.store.links.of(RecordKey("main", Side.CRM, "contact_person", advisor))
    assert person is not None
    assert person.state is LinkState.LIVE
    assert advisor_of(await world.system.books_contact(books)) == person.books_id
    assert CAUSE not in [cause for cause, _ in world.held()]
    await world.close()


async def test_books_lookup_to_an_individual_is_told_too() -> None:
    """CRM's lookup leads to Accounts, and that customer is a Contact."""
    world = await started("customer", "lookup", "Accounts")
    _, individual = await world.pair()
    crm, books = await account(world)
    await world.edit_books(books, custom_fields=[{"api_name": "cf_advisor", "value": individual}])
    await world.system.settle(3)
    [hold] = world.system.store.cases.holds("main")
    assert hold["cause"] == CAUSE
    assert "is linked as individual, so CRM has no customer that the field could name" in hold["sentence"]
    await world.edit_books(books, custom_fields=[{"api_name": "cf_advisor", "value": ""}])
    await world.system.settle(3)
    assert world.held() == []
    assert (await world.system.crm_record("Accounts", crm))["Advisor"] is None
    await world.rests()
    await world.close()
