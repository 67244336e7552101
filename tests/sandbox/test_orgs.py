"""Several CRM and Books orgs behind one server, each with its token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

LIST = {"fields": "Account_Name"}


async def _second(zoho: Zoho) -> dict[str, Any]:
    made: dict[str, Any] = await zoho.control("POST", "/orgs", {"country": "GB", "refresh_token": "1000.gb"})
    return made


async def test_a_token_reads_and_writes_its_own_orgs_alone(zoho: Zoho) -> None:
    """A record of one org is in no list of the other; another org's id is refused with 6041."""
    gb = await _second(zoho)
    await zoho.account(Account_Name="India")
    await zoho.customer(contact_name="India")
    await zoho.login("1000.gb")
    assert (await zoho.crm("GET", "/org")).json()["org"][0]["id"] == gb["crm_org_id"]
    assert (await zoho.crm("GET", "/Accounts", params=LIST)).status_code == 204
    refused = await zoho.books("GET", "/contacts")
    assert (refused.status_code, refused.json()["code"]) == (400, 6041)
    mine = {"organization_id": gb["books_organization_id"]}
    assert (await zoho.books("GET", "/contacts", params=mine)).json()["contacts"] == []
    listed = (await zoho.books("GET", "/organizations")).json()["organizations"]
    assert [(o["organization_id"], o["currency_code"]) for o in listed] == [(mine["organization_id"], "GBP")]


async def test_control_acts_on_the_org_it_names(zoho: Zoho) -> None:
    """`?org=` takes an id of either product; without it the first orgs are meant."""
    gb = await _second(zoho)
    await zoho.control("POST", f"/crm/Accounts?org={gb['books_organization_id']}", {"Account_Name": "Leeds"})
    there = await zoho.control("GET", f"/export?org={gb['crm_org_id']}")
    here = await zoho.control("GET", "/export")
    assert [a["Account_Name"] for a in there["crm"]["Accounts"]] == ["Leeds"]
    assert here["crm"]["Accounts"] == []
    assert len((await zoho.control("GET", "/health"))["orgs"]) == 2
    await zoho.control("GET", "/export?org=1", status=404)


async def test_quotas_are_counted_by_org_and_faults_may_name_one(zoho: Zoho) -> None:
    """One org's last call of the day and one org's outage leave the other alone."""
    mine = {"organization_id": (await _second(zoho))["books_organization_id"]}
    await zoho.control("PUT", "/limits", {"books_per_day": 1})
    assert (await zoho.books("GET", "/contacts")).status_code == 200
    assert (await zoho.books("GET", "/contacts")).json()["code"] == 45
    fault = {"name": "books_down", "match": {"org": zoho.world.books_org_id}}
    await zoho.control("POST", "/faults", fault)
    await zoho.login("1000.gb")
    assert (await zoho.books("GET", "/contacts", params=mine)).status_code == 200


async def test_the_log_names_the_org_of_each_call(zoho: Zoho) -> None:
    """So a test can show that no call mixes two connections."""
    gb = await _second(zoho)
    await zoho.crm("GET", "/org")
    await zoho.login("1000.gb")
    await zoho.crm("GET", "/org")
    rows = (await zoho.control("GET", "/requests?product=crm"))["requests"]
    assert [r["org"] for r in rows] == [zoho.world.crm_org_id, gb["crm_org_id"]]


async def test_a_reset_keeps_the_orgs_and_empties_them(zoho: Zoho) -> None:
    """Ids of orgs are drawn again from the same seed."""
    gb = await _second(zoho)
    await zoho.control("POST", f"/crm/Accounts?org={gb['crm_org_id']}", {"Account_Name": "Leeds"})
    orgs = (await zoho.control("POST", "/reset"))["orgs"]
    assert orgs[1]["crm_org_id"] == gb["crm_org_id"]
    assert (await zoho.control("GET", f"/export?org={gb['crm_org_id']}"))["crm"]["Accounts"] == []
