"""Habits of live orgs: rules that rewrite, silent changes, skewed clocks, changed fields, kept text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Zoho


async def test_a_rule_rewrites_a_value_after_each_write(zoho: Zoho, inbox: Inbox) -> None:
    """The rule's own edit moves the time, has its own editor, and is told; an empty trigger stops it in CRM."""
    watch = {"channel_id": "1", "events": ["Accounts.all"], "notify_url": "http://hooks.example/x"}
    await zoho.crm("POST", "/actions/watch", {"watch": [watch]})
    await zoho.control("POST", "/automations", {"field": "Account_Name", "change": "upper"})
    record = await zoho.account()
    body = (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]
    assert (body["Account_Name"], body["Modified_By"]["name"]) == ("ACME", "Workflow Rule")
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    assert len(inbox.received) == 2
    quiet = {"data": [{"Account_Name": "quiet"}], "trigger": []}
    await zoho.crm("PUT", f"/Accounts/{record}", quiet)
    assert (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["Account_Name"] == "quiet"


async def test_a_books_rule_rewrites_a_custom_field(zoho: Zoho) -> None:
    """Books rules run on every write."""
    rule = {"product": "books", "field": "cf_segment", "change": "set", "operand": "Retail"}
    await zoho.control("POST", "/automations", rule)
    contact = await zoho.customer()
    assert contact["cf_segment"] == "Retail"


async def test_a_silent_edit_moves_no_time_and_tells_nobody(zoho: Zoho) -> None:
    """As a formula or a related record would change what is shown."""
    account = await zoho.control("POST", "/crm/Accounts", {"Account_Name": "A"})
    contact = await zoho.control("POST", "/books/contacts", {"contact_name": "A"})
    zoho.step(60)
    edited = await zoho.control("PATCH", f"/crm/Accounts/{account['id']}", {"Phone": "1", "$silent": True})
    saved = await zoho.control(
        "PATCH", f"/books/contacts/{contact['contact_id']}", {"notes": "n", "$silent": True}
    )
    assert (edited["Phone"], edited["Modified_Time"]) == ("1", account["Modified_Time"])
    assert (saved["notes"], saved["last_modified_time"]) == ("n", contact["last_modified_time"])


async def test_the_products_clocks_may_differ(zoho: Zoho) -> None:
    """A skew bears on one product's timestamps."""
    await zoho.control("POST", "/clock", {"skew": {"books": -3}})
    assert (await zoho.customer())["last_modified_time"] == "2026-11-23T14:29:57+0530"
    account = await zoho.control("POST", "/crm/Accounts", {"Account_Name": "A"})
    assert account["Modified_Time"] == "2026-11-23T14:30:00+05:30"


async def test_fields_are_changed_renamed_and_removed(zoho: Zoho) -> None:
    """A shorter length refuses, a new mandatory field refuses, a removed field is ignored and not shown."""
    await zoho.control("PATCH", "/fields", {"api_name": "Account_Name", "set": {"length": 3}})
    refused = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "Acme"}]})
    assert refused.json()["data"][0]["details"]["maximum_length"] == 3
    await zoho.control("PATCH", "/fields", {"api_name": "Phone", "set": {"mandatory": True}})
    refused = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "A"}]})
    assert refused.json()["data"][0]["code"] == "MANDATORY_NOT_FOUND"
    await zoho.control("PATCH", "/fields", {"api_name": "Website", "set": {"api_name": "Web"}})
    await zoho.control("DELETE", "/fields", {"api_name": "Fax"})
    await zoho.control("DELETE", "/fields", {"product": "books", "api_name": "cf_segment"})
    names = [
        f["api_name"] for f in (await zoho.crm("GET", "/settings/fields?module=Accounts")).json()["fields"]
    ]
    assert ("Web" in names, "Website" in names, "Fax" in names) == (True, False, False)
    contact = await zoho.customer(custom_fields=[{"api_name": "cf_segment", "value": "x"}])
    assert contact["custom_fields"] == []


@pytest.mark.parametrize(
    ("form", "kept"), [("as_sent", "R&D e\u0301"), ("nfc", "R&D \u00e9"), ("html", "R&amp;D e\u0301")]
)
async def test_text_is_kept_in_the_products_form(zoho: Zoho, form: str, kept: str) -> None:
    """As sent, composed, or with HTML entities."""
    await zoho.control("PUT", "/switches", {"crm_text_form": form, "books_text_form": form})
    record = await zoho.account(Account_Name="R&D e\u0301")
    assert (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["Account_Name"] == kept
    assert (await zoho.customer(contact_name="R&D e\u0301"))["contact_name"] == kept


async def test_one_item_of_a_batch_can_be_refused(zoho: Zoho) -> None:
    """refuse_record bears on the item, the others are written."""
    one, two = await zoho.account(), await zoho.account(Account_Name="B")
    await zoho.control("POST", "/faults", {"name": "refuse_record", "match": {"record_id": one}})
    answer = await zoho.crm("PUT", "/Accounts", {"data": [{"id": i, "Phone": "1"} for i in (one, two)]})
    assert answer.status_code == 207
    assert [i["status"] for i in answer.json()["data"]] == ["error", "success"]
