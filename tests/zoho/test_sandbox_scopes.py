"""The least scopes suffice for every call, and each of them is needed; judged by the local Zoho."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tandem.adapters.zoho.channels import Channel
from tandem.adapters.zoho.endpoints import CRM_WRITABLE, SCOPES
from tandem.adapters.zoho.parse import now
from tandem.core.errors import ForbiddenError
from tandem.core.mapping import Resource
from tandem.core.records import Side
from tests.zoho.house import Zoho
from tests.zoho.support import ACCOUNTS, CUSTOMERS

NAMES = {
    "Accounts": "Account_Name",
    "Contacts": "Last_Name",
    "Products": "Product_Name",
    "Vendors": "Vendor_Name",
}

Calls = list[Callable[[], Awaitable[object]]]


def crm_calls(zoho: Zoho, resource: Resource, id: str) -> Calls:
    """Every call on the records of one module."""
    body = {NAMES[resource.module]: "x"}
    return [
        lambda: zoho.crm.read(resource, [id]),
        lambda: zoho.crm.confirm(resource, id),
        lambda: zoho.crm.insert(resource, body),
        lambda: zoho.crm.update(resource, id, body),
        lambda: zoho.crm.deleted(resource, since=None),
        lambda: zoho.crm.changed(resource, since=None, before=None, after=None),
    ]


async def every_call(zoho: Zoho) -> Calls:
    """Each call of both clients, on records that are there."""
    channel = Channel("1001", ("Accounts.all",), "https://hook.example/x", "t0ken", now() + timedelta(days=1))
    calls: Calls = [
        zoho.crm.org,
        zoho.crm.current_user,
        lambda: zoho.crm.fields("Accounts"),
        lambda: zoho.crm.layouts("Accounts"),
        lambda: zoho.crm.watch(channel),
        lambda: zoho.crm.renew(channel),
        zoho.crm.watches,
    ]
    for module in sorted(CRM_WRITABLE):
        resource = replace(ACCOUNTS, module=module, fields=(NAMES[module],), parent_field=None)
        record = await zoho.crm.insert(resource, {NAMES[module]: "x"})
        calls.extend(crm_calls(zoho, resource, record.id))
    customer = await zoho.customer()
    items = Resource(Side.BOOKS, "item", "items")
    item = (await zoho.books.insert(items, {"name": "Bolt", "rate": 1})).id
    return [
        *calls,
        zoho.books.organizations,
        zoho.books.fields,
        lambda: zoho.books.confirm(CUSTOMERS, customer),
        lambda: zoho.books.update(CUSTOMERS, customer, {"notes": "x"}),
        lambda: zoho.books.confirm(items, item),
        lambda: zoho.books.update(items, item, {"unit": "box"}),
        lambda: zoho.books.update(items, item, {"status": "active"}),
        lambda: zoho.books.set_active(CUSTOMERS, customer, active=True),
        lambda: zoho.books.changed(CUSTOMERS, since=None, before=None, after=None),
    ]


async def grant(zoho: Zoho, scopes: list[str]) -> None:
    """From now on the connection has these scopes."""
    await zoho.control("PUT", "/tokens", {"refresh_token": "1000.refresh", "scopes": scopes})


async def test_the_least_scopes_suffice(zoho: Zoho) -> None:
    """For every call of both clients."""
    calls = await every_call(zoho)
    await grant(zoho, list(SCOPES))
    for call in calls:
        await call()


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_scope_is_needed(zoho: Zoho, scope: str) -> None:
    """Without it some call is forbidden, and nothing else happens."""
    calls = await every_call(zoho)
    await grant(zoho, [other for other in SCOPES if other != scope])
    forbidden = 0
    for call in calls:
        try:
            await call()
        except ForbiddenError:
            forbidden += 1
    assert 0 < forbidden < len(calls)
