"""One call to every endpoint that Zoho's OpenAPI files or recorded answers tell of, with what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

WATCH = {"channel_id": "1", "events": ["Accounts.edit"], "notify_url": "http://hooks.example/x", "token": "t"}
LISTED = {"fields": "Account_Name,Phone,Owner,Modified_By,Modified_Time,Full_Name,Created_By"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call answered."""

    method: str
    endpoint: str
    status: int
    body: Any


class Tour:
    """Calls a sandbox and keeps the answers by endpoint, the first of each status."""

    def __init__(self, zoho: Zoho) -> None:
        self._zoho = zoho
        self.answers: dict[tuple[str, int], Answer] = {}

    def _keep(self, answer: httpx.Response) -> Any:
        entry = self._zoho.world.log.found(0, None, None, 1)["requests"][0]
        method, endpoint = entry["endpoint"].split(" ", 1)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        body = answer.json() if is_json else None
        if body is not None:
            key = (entry["endpoint"], answer.status_code)
            self.answers.setdefault(key, Answer(method, endpoint, answer.status_code, body))
        return body

    async def crm(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        """Call CRM and return the body."""
        return self._keep(await self._zoho.crm(method, path, body, **kwargs))

    async def books(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        """Call Books and return the body."""
        return self._keep(await self._zoho.books(method, path, body, **kwargs))

    async def raw(self, method: str, path: str, body: Any = None) -> Any:
        """Call a path as it stands and return the body."""
        headers = {"Authorization": f"Zoho-oauthtoken {self._zoho.token}"}
        return self._keep(await self._zoho.http.request(method, path, json=body, headers=headers))


async def walk(zoho: Zoho) -> Tour:
    """Call everything once; the sandbox must be fresh."""
    tour = Tour(zoho)
    await _crm_records(tour)
    await _crm_settings(tour)
    zoho.step(10)
    await _crm_rest(tour, zoho)
    await _books_contacts(tour)
    await _books_rest(tour)
    return tour


async def _crm_records(tour: Tour) -> None:
    made = await tour.crm("POST", "/Accounts", {"data": [{"Account_Name": "Thistle & Rye"}]})
    record = made["data"][0]["details"]["id"]
    person = {"Last_Name": "Rao", "Account_Name": {"id": record}, "Email": "rao@example.com"}
    await tour.crm("POST", "/Contacts", {"data": [person]})
    await tour.crm("GET", "/Accounts", params=LISTED)
    await tour.crm("GET", f"/Accounts/{record}")
    await tour.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "1"}]})
    await tour.crm("PUT", "/Accounts", {"data": [{"id": record, "Phone": "2"}]})
    await tour.crm("POST", "/Accounts/upsert", {"data": [{"Account_Name": "Holme"}]})
    await tour.crm(
        "POST", "/coql", {"select_query": "select Account_Name from Accounts where id is not null"}
    )
    other = await tour.crm("POST", "/Accounts", {"data": [{"Account_Name": "Ffrwd"}]})
    await tour.crm("DELETE", f"/Accounts/{other['data'][0]['details']['id']}")
    third = await tour.crm("POST", "/Accounts", {"data": [{"Account_Name": "D'Arcy"}]})
    await tour.crm("DELETE", "/Accounts", params={"ids": third["data"][0]["details"]["id"]})
    await tour.crm("GET", "/Accounts/deleted")
    await tour.crm("GET", "/Nope", params=LISTED)


async def _crm_settings(tour: Tour) -> None:
    fields = await tour.crm("GET", "/settings/fields", params={"module": "Accounts"})
    one = fields["fields"][0]["id"]
    await tour.crm("GET", f"/settings/fields/{one}", params={"module": "Accounts"})
    await tour.crm("GET", "/settings/fields", params={"module": "Nope"})
    for path in ("/settings/modules", "/settings/modules/Accounts", "/org", "/org/currencies"):
        await tour.crm("GET", path)
    users = await tour.crm("GET", "/users")
    await tour.crm("GET", f"/users/{users['users'][0]['id']}")


async def _crm_rest(tour: Tour, zoho: Zoho) -> None:
    await tour.crm("GET", "/Accounts/search", params={"word": "Thistle"})
    for method in ("POST", "PUT", "PATCH"):
        await tour.crm(method, "/actions/watch", {"watch": [WATCH]})
    await tour.crm("GET", "/actions/watch")
    await tour.crm("DELETE", "/actions/watch", params={"channel_ids": "1"})
    query = {"query": {"module": {"api_name": "Accounts"}, "fields": ["Account_Name"]}}
    await zoho.control("POST", "/faults", {"name": "bulk_read_fails", "skip": 1, "count": 1})
    for _ in ("done", "failed"):
        job = await tour.raw("POST", "/crm/bulk/v8/read", query)
        zoho.step(10)
        await tour.raw("GET", f"/crm/bulk/v8/read/{job['data'][0]['details']['id']}")
    await tour.raw("POST", "/crm/bulk/v8/read", {})


async def _books_contacts(tour: Tour) -> None:
    body = {"contact_name": "Acme", "contact_persons": [{"first_name": "Asha", "email": "a@example.com"}]}
    contact = (await tour.books("POST", "/contacts", body))["contact"]
    path = f"/contacts/{contact['contact_id']}"
    await tour.books("GET", "/contacts")
    await tour.books("GET", path)
    await tour.books("PUT", path, {"notes": "x"})
    headers = {"X-Unique-Identifier-Key": "cf_crm_account_id", "X-Unique-Identifier-Value": "1"}
    upsert = {"contact_name": "Ganga"}
    await tour.books("PUT", "/contacts", upsert, headers={**headers, "X-Upsert": "true"})
    await tour.books("PUT", "/contacts", upsert, headers=headers)
    persons = "/contacts/contactpersons"
    made = await tour.books("POST", persons, {"contact_id": contact["contact_id"], "first_name": "Ravi"})
    person = made["contact_person"][0]["contact_person_id"]
    await tour.books("GET", persons)
    await tour.books("GET", f"{persons}/{person}")
    await tour.books("PUT", f"{persons}/{person}", {"first_name": "Ravi", "phone": "1"})
    await tour.books("POST", f"{persons}/{person}/primary")
    await tour.books("GET", f"{path}/contactpersons")
    await tour.books("GET", f"{path}/contactpersons/{person}")
    await tour.books("DELETE", f"{persons}/{person}")
    address = await tour.books("POST", f"{path}/address", {"city": "Pune"})
    one = f"{path}/address/{address['address_info']['address_id']}"
    await tour.books("PUT", one, {"city": "Kochi"})
    await tour.books("GET", f"{path}/address")
    await tour.books("POST", f"{one}/markasshipping")
    await tour.books("POST", f"{one}/markasbilling")
    address = await tour.books("POST", f"{path}/address", {"city": "Pune"})
    one = f"{path}/address/{address['address_info']['address_id']}"
    await tour.books("DELETE", one)
    await tour.books("GET", f"{path}/comments")
    await tour.books("POST", f"{path}/inactive")
    await tour.books("POST", f"{path}/active")
    loser = (await tour.books("POST", "/contacts", {"contact_name": "Acme 2"}))["contact"]["contact_id"]
    await tour.books("POST", f"{path}/merge", {"contact_ids": [loser]})
    await tour.books("DELETE", f"/contacts/{loser}")
    gone = (await tour.books("POST", "/contacts", {"contact_name": "Gone"}))["contact"]["contact_id"]
    await tour.books("DELETE", "/contacts", params={"contact_ids": gone})


async def _books_rest(tour: Tour) -> None:
    org = (await tour.books("GET", "/organizations"))["organizations"][0]["organization_id"]
    for path in (f"/organizations/{org}", "/settings/currencies", "/settings/taxes", "/users"):
        await tour.books("GET", path)
    for path, many, one in (("currencies", "currencies", "currency_id"), ("taxes", "taxes", "tax_id")):
        found = (await tour.books("GET", f"/settings/{path}"))[many][0][one]
        await tour.books("GET", f"/settings/{path}/{found}")
    item = (await tour.books("POST", "/items", {"name": "Hinge", "rate": 5}))["item"]["item_id"]
    await tour.books("GET", "/items")
    await tour.books("GET", f"/items/{item}")
    await tour.books("PUT", f"/items/{item}", {"rate": 6})
    await tour.books("GET", "/itemdetails", params={"item_ids": item})
    headers = {"X-Unique-Identifier-Key": "cf_crm_product_id", "X-Unique-Identifier-Value": "1"}
    await tour.books("PUT", "/items", {"name": "Bolt", "rate": 1}, headers={**headers, "X-Upsert": "true"})
    await tour.books("PUT", "/items", {"name": "Bolt", "rate": 2}, headers=headers)
    grade = (await tour.books("GET", "/settings/fields", params={"entity": "item"}))["fields"][1]
    customs = [{"customfield_id": grade["customfield_id"], "value": "A"}]
    await tour.books("PUT", f"/item/{item}/customfields", customs)
    await tour.books("POST", f"/items/{item}/inactive")
    await tour.books("POST", f"/items/{item}/active")
    customer = (await tour.books("POST", "/contacts", {"contact_name": "Buyer"}))["contact"]["contact_id"]
    body = {"customer_id": customer, "line_items": [{"item_id": item, "quantity": 2}]}
    path = f"/invoices/{(await tour.books('POST', '/invoices', body))['invoice']['invoice_id']}"
    await tour.books("GET", "/invoices")
    await tour.books("GET", path)
    await tour.books("PUT", path, {"notes": "x"})
    for status in ("sent", "void", "draft"):
        await tour.books("POST", f"{path}/status/{status}")
    await tour.books("DELETE", path)
    await tour.books("DELETE", f"/items/{item}")
