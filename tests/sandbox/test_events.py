"""Notifications and webhooks (CRM dossier 5, Books dossier 7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Zoho

URL = "http://hooks.example/crm?key=1"


def _channel(**values: Any) -> dict[str, Any]:
    events = ["Accounts.create", "Accounts.edit", "Accounts.delete"]
    return {"watch": [{"channel_id": "1001", "events": events, "notify_url": URL, "token": "t0k", **values}]}


async def _deliver(zoho: Zoho, inbox: Inbox) -> list[dict[str, Any]]:
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    bodies = [json.loads(r.content) for r in inbox.received]
    inbox.received.clear()
    return bodies


async def test_a_channel_is_told_of_each_operation(zoho: Zoho, inbox: Inbox) -> None:
    """create, edit and delete arrive as insert, update and delete with token and channel."""
    made = await zoho.crm("POST", "/actions/watch", _channel(return_affected_field_values=True))
    assert made.status_code == 201
    assert made.json()["watch"][0]["details"]["events"][0]["channel_id"] == "1001"
    record = await zoho.account()
    await zoho.control("PATCH", f"/crm/Accounts/{record}", {"Phone": "5"})
    await zoho.crm("DELETE", f"/Accounts/{record}")
    bodies = await _deliver(zoho, inbox)
    bodies.sort(key=lambda b: ["insert", "update", "delete"].index(b["operation"]))
    assert [b["operation"] for b in bodies] == ["insert", "update", "delete"]
    update = bodies[1]
    assert (update["ids"], update["token"], update["channel_id"]) == ([record], "t0k", "1001")
    assert update["affected_fields"] == [{record: ["Phone"]}]
    assert update["affected_values"] == [{"record_id": record, "values": {"Phone": "5"}}]
    assert update["query_params"] == {"key": "1"}


async def test_expiry_defaults_to_an_hour_and_a_far_one_becomes_an_hour(zoho: Zoho, inbox: Inbox) -> None:
    """An expired channel is silent, and a renewal is NOT_SUBSCRIBED."""
    made = await zoho.crm("POST", "/actions/watch", _channel(channel_expiry="2027-01-01T00:00:00Z"))
    assert made.json()["watch"][0]["details"]["events"][0]["channel_expiry"] == "2026-11-23T15:30:00+05:30"
    patched = await zoho.crm("PATCH", "/actions/watch", _channel(channel_expiry="2026-11-30T08:00:00Z"))
    assert patched.status_code == 200
    assert patched.json()["watch"][0]["details"]["events"][0]["channel_expiry"] == "2026-11-30T13:30:00+05:30"
    zoho.step(8 * 86_400)
    await zoho.login()
    await zoho.account()
    assert await _deliver(zoho, inbox) == []
    renewed = await zoho.crm("PATCH", "/actions/watch", _channel(channel_expiry="2026-12-02T08:00:00Z"))
    assert (renewed.status_code, renewed.json()["watch"][0]["code"]) == (400, "NOT_SUBSCRIBED")
    assert (await zoho.crm("GET", "/actions/watch")).status_code == 204


@pytest.mark.parametrize(
    ("values", "most", "name"),
    [
        ({"token": "t" * 51}, 50, "token"),
        ({"notify_url": "http://hooks.example/" + "x" * 250}, 255, "notify_url"),
        ({"fields": 11}, 10, "group"),
    ],
)
async def test_a_channel_beyond_its_lengths_is_refused(
    zoho: Zoho, values: dict[str, Any], most: int, name: str
) -> None:
    """The longest token and address, and ten fields in a condition, in groups of groups too."""
    if number := values.pop("fields", 0):
        names = [{"field": {"api_name": f"F{n}"}} for n in range(number)]
        selection = {"group_operator": "or", "group": [{"group": names[:6]}, {"group": names[6:]}]}
        condition = {
            "type": "field_selection",
            "module": {"api_name": "Accounts"},
            "field_selection": selection,
        }
        values["notification_condition"] = [condition]
    refused = await zoho.crm("POST", "/actions/watch", _channel(**values))
    (item,) = refused.json()["watch"]
    assert (refused.status_code, item["code"]) == (400, "INVALID_DATA")
    assert item["details"] == {"maximum_length": most, "api_name": name}
    if number:
        selection["group"] = [{"group": names[:5]}, {"group": names[5:10]}]
        assert (await zoho.crm("POST", "/actions/watch", _channel(**values))).status_code == 201


@pytest.mark.parametrize("url", ["hooks.example/x", "ftp://hooks.example/x", "http://[", 5])
async def test_what_nothing_can_be_sent_to_is_refused(zoho: Zoho, url: Any) -> None:
    """By a channel and a webhook, each in its product's form; a write after it is not hurt."""
    channel = await zoho.crm("POST", "/actions/watch", _channel(notify_url=url))
    assert channel.json()["watch"][0]["details"] == {"api_name": "notify_url"}
    hook = await zoho.books("POST", "/settings/webhooks", {"webhook_name": "Told", "url": url})
    assert hook.json() == {"code": 4, "message": "Invalid value passed for url"}
    await zoho.control("POST", "/webhooks/books", {"url": url}, status=400)
    await zoho.account()
    await zoho.customer()


async def test_a_mass_edit_is_one_notice_with_many_ids(zoho: Zoho, inbox: Inbox) -> None:
    """Ids may hold several records; the switch sends one for each instead."""
    await zoho.crm("POST", "/actions/watch", _channel())
    ids = [await zoho.account(Account_Name=n) for n in "ab"]
    await _deliver(zoho, inbox)
    await zoho.control("PATCH", "/crm/Accounts", {"ids": ids, "data": {"Phone": "1"}})
    assert [b["ids"] for b in await _deliver(zoho, inbox)] == [ids]
    await zoho.control("PUT", "/switches", {"bulk_notification": "single"})
    await zoho.control("PATCH", "/crm/Accounts", {"ids": ids, "data": {"Phone": "2"}})
    assert sorted(b["ids"] for b in await _deliver(zoho, inbox)) == sorted([[i] for i in ids])


async def test_a_contacts_edit_fires_for_its_account_unless_told_not_to(zoho: Zoho, inbox: Inbox) -> None:
    """notify_on_related_action is true by default."""
    account = await zoho.account()
    await zoho.crm("POST", "/actions/watch", _channel())
    person = {"Last_Name": "Rao", "Account_Name": {"id": account}}
    await zoho.control("POST", "/crm/Contacts", person)
    assert [b["ids"] for b in await _deliver(zoho, inbox)] == [[account]]
    await zoho.crm("PUT", "/actions/watch", _channel(notify_on_related_action=False))
    await zoho.control("POST", "/crm/Contacts", person)
    assert await _deliver(zoho, inbox) == []


@pytest.mark.parametrize(("quiet", "count"), [(False, 1), (True, 0)])
async def test_an_empty_trigger_suppresses_notices_by_switch_only(
    zoho: Zoho,
    inbox: Inbox,
    quiet: bool,
    count: int,
) -> None:
    """Own writes are echoed by default."""
    await zoho.control("PUT", "/switches", {"trigger_suppresses_notifications": quiet})
    await zoho.crm("POST", "/actions/watch", _channel())
    await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "A"}], "trigger": []})
    assert len(await _deliver(zoho, inbox)) == count


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("envelope", ["json", "bare", "form", "ids"])
async def test_a_webhook_is_signed_over_sorted_pairs_and_raw_body(
    zoho: Zoho, inbox: Inbox, encoding: str, envelope: str
) -> None:
    """HMAC-SHA256 over query and form pairs sorted by key, then the raw JSON."""
    hook = {
        "url": "http://hooks.example/b?z=2&a=1",
        "secret": "s" * 20,
        "encoding": encoding,
        "envelope": envelope,
    }
    await zoho.control("POST", "/webhooks/books", hook)
    contact = await zoho.customer()
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    request = inbox.received[0]
    text = request.content.decode()
    form = parse_qs(text)["JSONString"][0] if envelope == "form" else ""
    signed = f"JSONString{form}a1z2" if form else f"a1z2{text}"
    digest = hmac.new(b"s" * 20, signed.encode(), hashlib.sha256).digest()
    expected = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert request.headers["X-Zoho-Webhook-Signature"] == expected
    body = json.loads(form or text)
    record = body["contact"] if envelope in ("json", "form") else body
    assert record["contact_id"] == contact["contact_id"]
    assert ("billing_address" in record) is (envelope != "ids")


@pytest.mark.parametrize(("fires", "count"), [(False, 0), (True, 1)])
async def test_a_books_delete_fires_by_switch_only(
    zoho: Zoho,
    inbox: Inbox,
    fires: bool,
    count: int,
) -> None:
    """No delete trigger by default."""
    await zoho.control("PUT", "/switches", {"books_delete_trigger": fires})
    contact = await zoho.customer()
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/b"})
    await zoho.control("DELETE", f"/books/contacts/{contact['contact_id']}")
    assert len(await _deliver(zoho, inbox)) == count


async def test_notices_are_dropped_doubled_and_delayed_by_faults(zoho: Zoho, inbox: Inbox) -> None:
    """Each planted fault bears on the next notices."""
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/b"})
    for name, count in (("drop_notification", 0), ("duplicate_notification", 2), ("delay_notification", 0)):
        await zoho.control("POST", "/faults", {"name": name, "product": "books", "count": 1})
        await zoho.customer(contact_name=name)
        assert len(await _deliver(zoho, inbox)) == count
        await zoho.control("DELETE", "/faults")
    zoho.step(60)
    assert len(await _deliver(zoho, inbox)) == 1


async def test_a_delivery_is_recorded_and_can_be_replayed_or_forged(zoho: Zoho, inbox: Inbox) -> None:
    """The record holds the bytes; a replay sends them again; a forgery sends what it is told."""
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/b"})
    inbox.status = 500
    await zoho.customer()
    await _deliver(zoho, inbox)
    first = (await zoho.control("GET", "/deliveries"))["deliveries"][0]
    assert (first["state"], first["http_status"], first["attempts"]) == ("failed", 500, 1)
    await zoho.control("POST", "/deliveries/1/replay")
    assert len(await _deliver(zoho, inbox)) == 1
    forged = {"url": "http://hooks.example/x", "body": {"ids": ["1"]}}
    await zoho.control("POST", "/deliveries", forged)
    assert await _deliver(zoho, inbox) == [{"ids": ["1"]}]
