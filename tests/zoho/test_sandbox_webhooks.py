"""What the local Zoho sends out is genuine to us and names the right records, in each of its shapes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tandem.adapters.zoho.channels import Channel
from tandem.adapters.zoho.parse import now
from tandem.adapters.zoho.webhooks import crm_payload, parse_books, parse_crm, verify_books, verify_crm
from tests.zoho.house import Zoho

SECRET = "abcdefghijklmnop"


async def sent(zoho: Zoho, product: str) -> list[dict[str, Any]]:
    """What left, or is about to."""
    found: list[dict[str, Any]] = (await zoho.control("GET", f"/deliveries?product={product}"))["deliveries"]
    return found


@pytest.mark.parametrize("envelope", ["json", "bare", "form", "ids"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
async def test_books_webhooks(zoho: Zoho, envelope: str, encoding: str) -> None:
    """Signed with our secret; the record is there unless only ids are sent."""
    await zoho.switch(webhook_envelope=envelope, webhook_signature_encoding=encoding)
    hook = {"url": "http://hook.test/books/c1?a=1&b=x%20y", "secret": SECRET, "events": ["contact.created"]}
    await zoho.control("POST", "/webhooks/books", {"url": hook["url"], "secret": SECRET})
    customer = await zoho.customer("Zoë & Söhne")
    delivery = (await sent(zoho, "books"))[0]
    headers = {name.lower(): value for name, value in delivery["headers"].items()}
    query, body = [("a", "1"), ("b", "x y")], delivery["content"].encode()
    kind, signature = headers.get("content-type", ""), headers["x-zoho-webhook-signature"]
    assert verify_books(SECRET, query, body, kind, signature)
    assert not verify_books(SECRET[:-1], query, body, kind, signature)
    assert not verify_books(SECRET, query, body + b" ", kind, signature)
    hint = parse_books(body, kind, query)
    assert (hint.module, hint.id) == ("contacts", customer)
    assert (hint.record is None) is (envelope == "ids")


@pytest.mark.parametrize("grouped", ["grouped", "single"])
async def test_crm_notifications(zoho: Zoho, grouped: str) -> None:
    """With our token and channel; a mass edit names every record."""
    await zoho.switch(bulk_notification=grouped)
    channel = Channel(
        "1001", ("Accounts.all",), "http://hook.test/crm/c1", "t0ken", now() + timedelta(days=1)
    )
    await zoho.crm.watch(channel)
    ids = [await zoho.account(Account_Name=f"A{turn}") for turn in range(3)]
    await zoho.control("PATCH", "/crm/Accounts", {"ids": ids, "data": {"Phone": "1"}})
    await zoho.control("DELETE", f"/crm/Accounts/{ids[0]}")
    seen: list[tuple[str, str, bool]] = []
    for delivery in await sent(zoho, "crm"):
        body = delivery["content"].encode()
        assert verify_crm("t0ken", "1001", crm_payload(body))
        assert not verify_crm("other", "1001", crm_payload(body))
        seen.extend((hint.operation, hint.id, hint.known) for hint in parse_crm(body))
    assert {("update", one, True) for one in ids} <= set(seen)
    assert ("delete", ids[0], True) in seen
