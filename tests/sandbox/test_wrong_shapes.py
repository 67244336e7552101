"""A body with one value of a wrong shape is answered, never a failure of the sandbox itself."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    10**30,
    "",
    "x" * 300,
    [],
    {},
    [None],
    [{}],
    {"id": []},
    ["1", "2"],
    "²",
    "--5",
    "http://[",
)
CHANNEL = {
    "channel_id": "5",
    "events": ["Accounts.all"],
    "notify_url": "http://hooks.example/c",
    "token": "t",
    "channel_expiry": "2026-11-25T09:00:00Z",
    "notification_condition": [
        {
            "module": {"api_name": "Accounts"},
            "field_selection": {"group_operator": "or", "group": [{"field": {"api_name": "Phone"}}]},
        }
    ],
}
CRITERIA = {
    "group_operator": "and",
    "group": [
        {"field": {"api_name": "Phone"}, "comparator": "equal", "value": "1"},
        {"field": {"api_name": "Employees"}, "comparator": "between", "value": [1, 9]},
    ],
}
ADDRESS = {"address": "1 Road", "city": "Pune", "zip": "1", "country": "India"}
PERSON = {"first_name": "A", "email": "a@x.example", "is_primary_contact": True}
CUSTOM = [{"api_name": "cf_segment", "value": "x"}]
PARAMETERS = [{"param_name": "a", "param_value": "b"}]
BODIES: dict[str, dict[str, Any]] = {
    "/crm/v8/Accounts": {"data": [{"Account_Name": "A", "Employees": 5, "Owner": {"id": "1"}}], "trigger": []},
    "/crm/v8/Accounts/upsert": {"data": [{"Account_Name": "A"}], "duplicate_check_fields": ["Account_Name"]},
    "/crm/v8/actions/watch": {"watch": [CHANNEL]},
    "/crm/bulk/v8/read": {"query": {"module": {"api_name": "Accounts"}, "fields": ["id"], "criteria": CRITERIA},
                           "callback": {"url": "http://hooks.example/c", "method": "post"}},
    "/books/v3/contacts": {"contact_name": "A", "billing_address": ADDRESS, "contact_persons": [PERSON],
                           "custom_fields": CUSTOM, "gst_treatment": "consumer", "payment_terms": 5},
    "/books/v3/items": {"name": "A", "rate": 1, "sku": "1", "custom_fields": [{"api_name": "cf_grade", "value": "1"}]},
    "/books/v3/invoices": {"customer_id": "1", "date": "2026-01-01",
                           "line_items": [{"name": "x", "quantity": 1, "rate": 2}]},
    "/books/v3/settings/webhooks": {"webhook_name": "w", "url": "http://hooks.example/b", "entity": "contact",
                                    "events": ["create"], "headers": PARAMETERS, "form_data": PARAMETERS},
    "/books/v3/settings/workflows": {"workflow_name": "w", "entity": "contact", "rule_type": "created_or_edited",
                                     "instant_actions": [{"type": "webhook"}],
                                     "criteria": {"criteria": [{"field": "a", "comparator": "equal", "value": ["1"]}]}},
    "/control/import": {"crm": {"Accounts": [{"Account_Name": "A"}]}, "books": {"contacts": [{"contact_name": "A"}]}},
    "/control/faults": {"name": "slow", "seconds": 0, "count": 1, "match": {"method": "PUT"}},
    "/control/webhooks/books": {"url": "http://hooks.example/b", "secret": "x", "events": ["create"]},
}  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from _places(part, (*place, name))


def _with(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    made = node = copy.deepcopy(body)
    for name in place[:-1]:
        node = node[name]
    node[place[-1]] = value
    return made


@pytest.mark.parametrize("path", BODIES)
async def test_each_value_may_have_a_wrong_shape(zoho: Zoho, path: str) -> None:
    """At every place of a good body; an exception would come up through the transport."""
    params = {"organization_id": zoho.world.books_org_id} if path.startswith("/books") else {}
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    for place in _places(BODIES[path]):
        for value in WRONG:
            body = _with(BODIES[path], place, value)
            answer = await zoho.http.post(path, json=body, params=params, headers=headers)
            assert answer.status_code < 500, (place, value, answer.text)


@pytest.mark.parametrize("text", ["²", "--5", "-1", "9" * 5_000])
async def test_a_number_may_be_none(zoho: Zoho, text: str) -> None:
    """CRM refuses such a page and such a limit, Books takes its default."""
    lists = ("/Accounts?fields=id&", "/Accounts/deleted?", "/Accounts/search?word=a&")
    asked = [await zoho.crm("GET", f"{path}page={text}") for path in lists]
    query = "select id from Accounts limit N".replace("N", text)
    asked.append(await zoho.crm("POST", "/coql", {"select_query": query}))
    assert {answer.status_code for answer in asked} == {400}
    for path in ("/contacts", "/items", "/invoices", "/users"):
        assert (await zoho.books("GET", path, params={"page": text, "per_page": text})).status_code == 200
