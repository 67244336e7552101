"""Every fault that the sandbox and the simulation must offer: a row each, planted by name, its effect seen.

The rows are the phrases of the project's list of faults in its order; where a phrase is not about Zoho, the row names
the file of the simulation that offers it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.faults import CATALOGUE
from sandbox.mishaps import AT_ONCE

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Maker, Zoho

ROOT = Path(__file__).parents[2]
LIST = Path(os.environ.get("TANDEM_SHARED", ROOT.parent / "shared")) / "correctness.md"
FUNCTIONS = "tests/system/simulation/functions.py"
FAULTS = "tests/system/simulation/faults.py"
Probe = Callable[["Zoho", "Inbox"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Row:
    """One phrase of the list: the faults that offer it and what shows them, or the file that does, or why none does."""

    phrase: str
    faults: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    elsewhere: tuple[str, str] | None = None
    missing: str = ""


async def _plant(zoho: Zoho, name: str, **values: Any) -> dict[str, Any]:
    planted: dict[str, Any] = await zoho.control("POST", "/faults", {"name": name, **values})
    return planted


async def _clear(zoho: Zoho) -> None:
    await zoho.control("DELETE", "/faults")


async def _deliver(zoho: Zoho, inbox: Inbox, seconds: float = 1) -> list[dict[str, Any]]:
    zoho.step(seconds)
    await zoho.world.outbox.deliver_due()
    bodies = [json.loads(r.content) for r in inbox.received]
    inbox.received.clear()
    return bodies


async def _read(zoho: Zoho, record: str, module: str = "Accounts") -> dict[str, Any]:
    answer = await zoho.crm("GET", f"/{module}/{record}")
    body: dict[str, Any] = answer.json()["data"][0] if answer.status_code == 200 else {}
    return body


async def _books_read(zoho: Zoho, contact: dict[str, Any]) -> dict[str, Any]:
    answer = await zoho.books("GET", f"/contacts/{contact['contact_id']}")
    body: dict[str, Any] = answer.json().get("contact", {})
    return body


async def limits(zoho: Zoho, inbox: Inbox) -> None:
    """Each kind of 429 on each side, with and without a header that says when to come back."""
    for name, code in (("rate_minute", 44), ("rate_day", 45), ("rate_in_flight", 1070)):
        for hint in ({}, {"retry_after": 7}):
            await _plant(zoho, name, count=2, **hint)
            books, crm = await zoho.books("GET", "/contacts"), await zoho.crm("GET", "/org")
            assert (books.status_code, books.json()["code"], crm.status_code) == (429, code, 429)
            for answer in (books, crm):
                assert answer.headers.get("Retry-After") == ("7" if hint else None)
            await _clear(zoho)
    await _plant(zoho, "books_43_on_200", count=1, product="books")
    answer = await zoho.books("GET", "/contacts")
    assert (answer.status_code, answer.json()["code"]) == (200, 43)


async def quota_in_mid_batch(zoho: Zoho, inbox: Inbox) -> None:
    """The first two calls go through, the third and all after it do not."""
    await _plant(zoho, "rate_day", product="books", skip=2)
    statuses = [(await zoho.books("POST", "/contacts", {"contact_name": n})).status_code for n in "abcd"]
    assert statuses == [201, 201, 429, 429]


async def before_the_commit(zoho: Zoho, inbox: Inbox) -> None:
    """5xx, and nothing was done."""
    for name in ("error_before_commit", "html_error", "books_down"):
        await _plant(zoho, name, product="books", count=1)
        assert (await zoho.books("POST", "/contacts", {"contact_name": "A"})).status_code >= 500
    await _plant(zoho, "crm_down", count=1)
    await _plant(zoho, "accounts_down", count=1)
    assert (await zoho.crm("GET", "/org")).status_code == 503
    await zoho.login()
    for name in ("timeout", "disconnect"):
        await _plant(zoho, name, product="books", count=1)
        with pytest.raises(httpx.TransportError):
            await zoho.books("POST", "/contacts", {"contact_name": "A"})
    assert (await zoho.books("GET", "/contacts")).json()["contacts"] == []


async def after_the_commit(zoho: Zoho, inbox: Inbox) -> None:
    """5xx or a time-out, and all was done."""
    await _plant(zoho, "error_after_commit", product="books", count=1)
    assert (await zoho.books("POST", "/contacts", {"contact_name": "A"})).status_code == 500
    await _plant(zoho, "timeout_after_commit", product="books", count=1)
    with pytest.raises(httpx.ReadTimeout):
        await zoho.books("POST", "/contacts", {"contact_name": "B"})
    names = [c["contact_name"] for c in (await zoho.books("GET", "/contacts")).json()["contacts"]]
    assert names == ["A", "B"]


async def partial_batch(zoho: Zoho, inbox: Inbox) -> None:
    """Of a hundred every fourth is refused and the others are done."""
    await _plant(zoho, "partial_batch", every=4, code="RECORD_LOCKED")
    items = [{"Account_Name": f"A{n}"} for n in range(100)]
    answer = await zoho.crm("POST", "/Accounts", {"data": items})
    codes = [item["code"] for item in answer.json()["data"]]
    assert answer.status_code == 207
    assert codes == ["SUCCESS", "SUCCESS", "SUCCESS", "RECORD_LOCKED"] * 25
    assert answer.json()["data"][3]["message"].endswith("as the record is locked.")
    assert (await zoho.control("GET", "/health"))["counts"]["crm Accounts"] == 75
    one = await zoho.account()
    await _plant(zoho, "refuse_record", match={"record_id": one})
    assert (await zoho.crm("PUT", f"/Accounts/{one}", {"data": [{"Phone": "1"}]})).status_code == 400


async def notices(zoho: Zoho, inbox: Inbox) -> None:
    """Doubled, dropped, delayed, and in another order than they were made."""
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/b"})
    for name, count in (("drop_notification", 0), ("duplicate_notification", 2), ("delay_notification", 0)):
        await _plant(zoho, name, count=1)
        await zoho.customer(contact_name=name)
        assert len(await _deliver(zoho, inbox)) == count
    assert len(await _deliver(zoho, inbox, 60)) == 1
    await _plant(zoho, "reorder_notifications", seconds=600)
    for n in range(8):
        await zoho.customer(contact_name=str(n))
    bodies: list[dict[str, Any]] = []
    for _ in range(700):
        bodies += await _deliver(zoho, inbox)
    names = [b["contact"]["contact_name"] for b in bodies]
    assert sorted(names) == [str(n) for n in range(8)]
    assert names != sorted(names)


WATCH = {"channel_id": "1", "events": ["Accounts.all"], "notify_url": "http://hooks.example/c", "token": "t"}


async def silent_channel(zoho: Zoho, inbox: Inbox) -> None:
    """Nothing is sent and nothing said; a renewal is NOT_SUBSCRIBED; cleared, it lives again."""
    await zoho.crm("POST", "/actions/watch", {"watch": [WATCH]})
    await _plant(zoho, "channel_expired")
    await zoho.account()
    assert await _deliver(zoho, inbox) == []
    renewed = await zoho.crm("PATCH", "/actions/watch", {"watch": [WATCH]})
    assert renewed.json()["watch"][0]["code"] == "NOT_SUBSCRIBED"
    await _clear(zoho)
    await zoho.account()
    assert len(await _deliver(zoho, inbox)) == 1


async def tokens(zoho: Zoho, inbox: Inbox) -> None:
    """Revoked, throttled, of another data centre; refused once; without the scope."""
    for name, error in (
        ("token_revoked", "invalid_code"),
        ("wrong_data_centre", "invalid_client"),
        ("token_throttled", "Access Denied"),
    ):
        await _plant(zoho, name)
        assert (await zoho.login())["error"] == error
        if name != "token_throttled":
            assert (await zoho.crm("GET", "/org")).status_code == 401
        await _clear(zoho)
    await _plant(zoho, "invalid_token")
    assert (await zoho.books("GET", "/contacts")).status_code == 401
    await zoho.login()
    assert (await zoho.books("GET", "/contacts")).status_code == 200
    await _plant(zoho, "scope_mismatch", count=2)
    assert (await zoho.crm("GET", "/org")).json()["code"] == "OAUTH_SCOPE_MISMATCH"
    assert (await zoho.books("GET", "/contacts")).json()["code"] == 57


async def shifting_pages(zoho: Zoho, inbox: Inbox) -> None:
    """A reader of the newest first meets a row twice; one that reads by name misses one."""
    for n in range(6):
        await zoho.customer(contact_name=f"C{n}")
        zoho.step(1)
    last = (await zoho.control("GET", "/export"))["books"]["contacts"][0]["contact_id"]
    newest = {"sort_column": "last_modified_time", "sort_order": "D"}

    async def names(**params: str) -> list[str]:
        pages = []
        for page in ("1", "2"):
            answer = await zoho.books("GET", "/contacts", params={"per_page": "3", "page": page, **params})
            pages += [c["contact_name"] for c in answer.json()["contacts"]]
        return pages

    assert await names(**newest) == ["C5", "C4", "C3", "C2", "C1", "C0"]
    await _plant(zoho, "page_shifts", count=1, record_id=last)
    assert await names(**newest) == ["C5", "C4", "C3", "C3", "C2", "C1"]
    await _plant(zoho, "page_shifts", count=1, change="delete", record_id=last)
    assert await names() == ["C0", "C1", "C2", "C4", "C5"]
    await _plant(zoho, "page_shifts", count=1, change="insert", product="crm")
    await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": n} for n in "abcd"]})
    pages = [
        (
            await zoho.crm("GET", "/Accounts", params={"fields": "Account_Name", "per_page": 2, "page": p})
        ).json()
        for p in (1, 2)
    ]
    assert pages[0]["data"][1]["id"] == pages[1]["data"][0]["id"]


async def lagging_search(zoho: Zoho, inbox: Inbox) -> None:
    """Found after the lag, not before."""
    await _plant(zoho, "search_lag", seconds=100)
    await zoho.account(Account_Name="Thistle")
    found = []
    for seconds in (99, 1):
        zoho.step(seconds)
        found.append((await zoho.crm("GET", "/Accounts/search", params={"word": "Thistle"})).status_code)
    assert found == [204, 200]


async def timestamps(zoho: Zoho, inbox: Inbox) -> None:
    """A product's clock stands still, goes before or after, or its times are written in another zone."""
    await _plant(zoho, "times_equal", product="books")
    first = await zoho.customer(contact_name="A")
    zoho.step(5)
    second = await zoho.customer(contact_name="B")
    assert first["last_modified_time"] == second["last_modified_time"] == "2026-11-23T14:30:00+0530"
    await _clear(zoho)
    await _plant(zoho, "clock_skewed", product="books", seconds=-90)
    late = await zoho.customer(contact_name="C")
    assert late["last_modified_time"] == "2026-11-23T14:28:35+0530"
    await _clear(zoho)
    await _plant(zoho, "other_zone", product="books", zone="America/New_York")
    assert (await _books_read(zoho, first))["last_modified_time"] == "2026-11-23T04:00:00-0500"
    await _plant(zoho, "other_zone", product="crm", zone="Europe/London")
    account = await _read(zoho, await zoho.account())
    assert account["Modified_Time"] == "2026-11-23T09:00:05+00:00"
    await _clear(zoho)
    assert (await _books_read(zoho, first))["last_modified_time"] == first["last_modified_time"]


async def time_not_moved(zoho: Zoho, inbox: Inbox) -> None:
    """The value changes, its time and its editor do not, on both sides."""
    account, customer = await zoho.account(), await zoho.customer()
    before = (await _read(zoho, account))["Modified_Time"]
    zoho.step(5)
    await _plant(zoho, "time_not_moved")
    await zoho.crm("PUT", f"/Accounts/{account}", {"data": [{"Phone": "1"}]})
    await zoho.books("PUT", f"/contacts/{customer['contact_id']}", {"notes": "x"})
    after, books = await _read(zoho, account), await _books_read(zoho, customer)
    assert (after["Phone"], after["Modified_Time"]) == ("1", before)
    assert (books["notes"], books["last_modified_time"]) == ("x", customer["last_modified_time"])


async def fates(zoho: Zoho, inbox: Inbox) -> None:
    """A record is merged, restored, made inactive, deleted, deleted for good; by id, or drawn by a seed."""
    one, two = await zoho.account(Account_Name="A"), await zoho.account(Account_Name="B")
    await _plant(zoho, "record_merged", record_id=one, loser=two)
    assert [bool(await _read(zoho, i)) for i in (one, two)] == [True, False]
    await _plant(zoho, "record_restored", record_id=two)
    assert (await _read(zoho, two))["id"] == two
    await _plant(zoho, "record_deleted", seed=3)
    entry = (await zoho.crm("GET", "/Accounts/deleted")).json()["data"][0]
    assert entry["type"] == "recycle"
    await _plant(zoho, "record_purged", record_id=entry["id"])
    assert (await zoho.crm("GET", "/Accounts/deleted")).json()["data"][0]["type"] == "permanent"
    customer, other = await zoho.customer(), await zoho.customer(contact_name="B")
    await _plant(zoho, "record_inactivated", record_id=customer["contact_id"])
    assert (await _books_read(zoho, customer))["status"] == "inactive"
    await _plant(zoho, "record_deleted", product="books", record_id=other["contact_id"])
    assert await _books_read(zoho, other) == {}


async def duplicates(zoho: Zoho, inbox: Inbox) -> None:
    """A name, then an e-mail, is refused although nobody holds it."""
    await _plant(zoho, "duplicate_name", count=2)
    refused = await zoho.books("POST", "/contacts", {"contact_name": "New"})
    assert (refused.status_code, refused.json()["code"]) == (400, 3062)
    item = (await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "New"}]})).json()["data"][0]
    assert (item["code"], item["details"]["api_name"]) == ("DUPLICATE_DATA", "Account_Name")
    await _plant(zoho, "duplicate_email", count=2)
    person = {"contact_name": "New", "contact_persons": [{"first_name": "A", "email": "a@b.example"}]}
    assert (await zoho.books("POST", "/contacts", person)).json()["code"] == 4
    body = {"data": [{"Last_Name": "Rao"}, {"Last_Name": "Roy", "Email": "a@b.example"}]}
    codes = [i["code"] for i in (await zoho.crm("POST", "/Contacts", body)).json()["data"]]
    assert codes == ["SUCCESS", "DUPLICATE_DATA"]


async def _crm_fields(zoho: Zoho) -> dict[str, Any]:
    fields = (await zoho.crm("GET", "/settings/fields", params={"module": "Accounts"})).json()["fields"]
    return {f["api_name"]: f for f in fields}


async def changed_fields(zoho: Zoho, inbox: Inbox) -> None:
    """A field, a pick list value, a layout, a module is renamed or removed; cleared, all is as before."""
    record = await zoho.account(Customer_Segment="Retail", GST_Treatment="Consumer", Books_Customer_ID="7")
    customer = await zoho.customer(custom_fields=[{"api_name": "cf_company_type", "value": "Partner"}])
    before, read_before, books_before = await _crm_fields(zoho), await _read(zoho, record), customer
    await _plant(zoho, "field_renamed", field="Books_Customer_ID", to="Ledger_ID")
    assert (await _read(zoho, record))["Ledger_ID"] == "7"
    taken = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "B", "Ledger_ID": "7"}]})
    assert taken.json()["data"][0]["code"] == "DUPLICATE_DATA"
    await _plant(zoho, "field_removed", field="Customer_Segment")
    query = {"select_query": "select Customer_Segment from Accounts where id is not null"}
    assert (await zoho.crm("POST", "/coql", query)).json()["code"] == "INVALID_QUERY"
    await _plant(zoho, "picklist_value_renamed", field="GST_Treatment", value="Consumer", to="Person")
    assert (await _read(zoho, record))["GST_Treatment"] == "Person"
    await _plant(zoho, "picklist_value_removed", field="GST_Treatment", value="Overseas")
    for value in ("Consumer", "Overseas"):
        put = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"GST_Treatment": value}]})
        assert put.json()["data"][0]["code"] == "INVALID_DATA"
    await _plant(zoho, "field_renamed", product="books", field="cf_company_type", to="cf_kind")
    await _plant(zoho, "picklist_value_removed", product="books", field="cf_kind", value="Other")
    read = await _books_read(zoho, customer)
    assert (read["cf_kind"], "cf_company_type" in read) == ("Partner", False)
    await _plant(zoho, "layout_renamed", to="Branch")
    assert (await _read(zoho, record))["$layout_id"]["name"] == "Branch"
    await _plant(zoho, "layout_removed")
    old = {"Layout": {"id": read_before["$layout_id"]["id"]}, "Phone": "1"}
    put = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [old]})
    assert put.json()["data"][0]["details"]["api_name"] == "Layout"
    await _plant(zoho, "module_renamed", to="Clients")
    modules = (await zoho.crm("GET", "/settings/modules")).json()["modules"]
    assert [m["plural_label"] for m in modules if m["api_name"] == "Accounts"] == ["Clients"]
    await _plant(zoho, "module_removed")
    assert (await zoho.crm("GET", f"/Accounts/{record}")).json()["code"] == "INVALID_MODULE"
    modules = (await zoho.crm("GET", "/settings/modules")).json()["modules"]
    assert [m["api_supported"] for m in modules if m["api_name"] == "Accounts"] == [False]
    await _clear(zoho)
    assert await _crm_fields(zoho) == before
    assert await _read(zoho, record) == read_before
    assert await _books_read(zoho, customer) == books_before


async def required_field(zoho: Zoho, inbox: Inbox) -> None:
    """A new field that must have a value, on both sides; writes without it are refused."""
    await _plant(zoho, "field_required", field="Tier")
    refused = (await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "A"}]})).json()["data"][0]
    assert (refused["code"], refused["details"]["api_name"]) == ("MANDATORY_NOT_FOUND", "Tier")
    await _plant(zoho, "field_required", product="books", field="cf_segment")
    assert (await zoho.books("POST", "/contacts", {"contact_name": "A"})).json()["code"] == 4
    await _plant(zoho, "field_required", product="books", module="items", field="cf_tier")
    assert (await zoho.books("POST", "/items", {"name": "A", "rate": 1})).json()["code"] == 4
    await _clear(zoho)
    assert "Tier" not in await _crm_fields(zoho)
    await zoho.account()
    await zoho.customer()


async def shorter_length(zoho: Zoho, inbox: Inbox) -> None:
    """What fitted does not fit any more."""
    await _plant(zoho, "field_shortened", field="Customer_Segment", length=3)
    put = {"data": [{"Account_Name": "A", "Customer_Segment": "Retail"}]}
    refused = (await zoho.crm("POST", "/Accounts", put)).json()["data"][0]
    assert refused["details"]["maximum_length"] == 3
    await _plant(zoho, "field_shortened", product="books", field="cf_segment", length=3)
    long = {"contact_name": "A", "custom_fields": [{"api_name": "cf_segment", "value": "Retail"}]}
    assert (await zoho.books("POST", "/contacts", long)).json()["code"] == 15


async def text_forms(zoho: Zoho, inbox: Inbox) -> None:
    """Entities on one side, another normal form on the other."""
    await _plant(zoho, "text_form", product="crm", form="html")
    assert (await _read(zoho, await zoho.account(Account_Name="A & B")))["Account_Name"] == "A &amp; B"
    await _plant(zoho, "text_form", product="books", form="nfc")
    assert (await zoho.customer(contact_name="Cafe\u0301"))["contact_name"] == "Caf\u00e9"
    await _clear(zoho)
    assert (await _read(zoho, await zoho.account(Account_Name="A & B")))["Account_Name"] == "A & B"


async def automation(zoho: Zoho, inbox: Inbox) -> None:
    """A rule of either side rewrites a value after each write."""
    await _plant(zoho, "automation")
    await _plant(zoho, "automation", product="books", field="notes", change="prefix", operand="> ")
    record, customer = await zoho.account(Account_Name="Acme"), await zoho.customer(notes="x")
    assert (await _read(zoho, record))["Account_Name"] == "ACME"
    assert (await _books_read(zoho, customer))["notes"] == "> x"
    await _clear(zoho)
    assert (await _books_read(zoho, await zoho.customer(contact_name="B", notes="x")))["notes"] == "x"


async def edit_beside(zoho: Zoho, inbox: Inbox) -> None:
    """A user's edit in the second of our write: before it a guard sees it, under it and after it none does."""
    record, customer = await zoho.account(), await zoho.customer()
    zoho.step(10)
    guard = {"If-Unmodified-Since": "2026-11-23T14:30:05+05:30"}
    expected = {"before": (412, "user", None), "under": (200, "ours", "1"), "after": (200, "user", "1")}
    for moment, (status, description, phone) in expected.items():
        await _plant(zoho, "edit_beside", product="crm", count=1, moment=moment, value="user")
        body = {"data": [{"Description": "ours", "Phone": "1"}]}
        put = await zoho.crm("PUT", f"/Accounts/{record}", body, headers=guard)
        read = await _read(zoho, record)
        assert (put.status_code, read["Description"], read["Phone"]) == (status, description, phone)
        assert read["Modified_Time"] == "2026-11-23T14:30:10+05:30"
        record = await zoho.account(Account_Name=moment)
        zoho.world.crm.store.data["Accounts"].live[record].modified_time -= 10
    await _plant(zoho, "edit_beside", product="books", count=1, moment="after", value="user")
    put = await zoho.books("PUT", f"/contacts/{customer['contact_id']}", {"notes": "ours"})
    assert put.json()["contact"]["notes"] == "ours"
    assert (await _books_read(zoho, customer))["notes"] == "user"


async def late_payload(zoho: Zoho, inbox: Inbox) -> None:
    """The first edit's body, with the values of then, comes after the second edit's."""
    customer = await zoho.customer(notes="0")
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/b"})
    await _plant(zoho, "delay_notification", count=1, seconds=30)
    for notes in "12":
        await zoho.control("PATCH", f"/books/contacts/{customer['contact_id']}", {"notes": notes})
        zoho.step(1)
    told = await _deliver(zoho, inbox) + await _deliver(zoho, inbox, 60)
    assert [b["contact"]["notes"] for b in told] == ["2", "1"]


async def slow_answer(zoho: Zoho, inbox: Inbox) -> None:
    """The answer comes late, and comes."""
    await _plant(zoho, "slow", seconds=0, product="books", count=1)
    assert (await zoho.books("GET", "/contacts")).status_code == 200
    assert (await zoho.control("GET", "/requests"))["requests"][-1]["fault"] == "slow"


async def clock_jump(zoho: Zoho, inbox: Inbox) -> None:
    """All clocks jump by a day, or one product's alone."""
    await zoho.control("POST", "/clock", {"step": 86_400})
    await zoho.login()
    await _plant(zoho, "clock_skewed", product="crm", seconds=3_600)
    assert (await zoho.customer())["created_time"] == "2026-11-24T14:30:00+0530"
    assert (await _read(zoho, await zoho.account()))["Created_Time"] == "2026-11-24T15:30:00+05:30"


async def failing_job(zoho: Zoho, inbox: Inbox) -> None:
    """A bulk read that was taken fails later."""
    await _plant(zoho, "bulk_read_fails")
    query = {"query": {"module": {"api_name": "Accounts"}}}
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    made = await zoho.http.post("/crm/bulk/v8/read", json=query, headers=headers)
    zoho.step(3)
    job = made.json()["data"][0]["details"]["id"]
    told = (await zoho.http.get(f"/crm/bulk/v8/read/{job}", headers=headers)).json()["data"][0]
    assert (made.status_code, told["state"]) == (201, "FAILURE")


LIMITS = ("rate_minute", "rate_day", "rate_in_flight", "books_43_on_200")
ROWS = (
    Row(
        "429 of each kind, with and without hints",
        ("rate_minute", "rate_day", "rate_in_flight", "books_43_on_200"),
        (limits,),
    ),
    Row("daily quota gone in mid-batch", ("rate_day",), (quota_in_mid_batch,)),
    Row(
        "5xx before the commit",
        (
            "error_before_commit",
            "html_error",
            "books_down",
            "crm_down",
            "accounts_down",
            "timeout",
            "disconnect",
        ),
        (before_the_commit,),
    ),
    Row(
        "5xx or time-out after the commit",
        ("error_after_commit", "timeout_after_commit", "slow", "bulk_read_fails"),
        (after_the_commit, slow_answer, failing_job),
    ),
    Row("partial success in a batch of 100", ("partial_batch", "refuse_record"), (partial_batch,)),
    Row(
        "notification doubled, reordered, delayed, dropped",
        ("duplicate_notification", "reorder_notifications", "delay_notification", "drop_notification"),
        (notices,),
    ),
    Row("channel expired in silence", ("channel_expired",), (silent_channel,)),
    Row(
        "token revoked, refresh throttled, wrong data centre",
        ("token_revoked", "token_throttled", "wrong_data_centre", "invalid_token", "scope_mismatch"),
        (tokens,),
    ),
    Row("page shifts while listing", ("page_shifts",), (shifting_pages,)),
    Row("search lags behind", ("search_lag",), (lagging_search,)),
    Row(
        "equal, skewed, other-zone timestamps of one-second grain",
        ("times_equal", "clock_skewed", "other_zone"),
        (timestamps,),
    ),
    Row("modified time not bumped", ("time_not_moved",), (time_not_moved,)),
    Row(
        "record merged, restored, inactivated, deleted for good",
        ("record_merged", "record_restored", "record_inactivated", "record_deleted", "record_purged"),
        (fates,),
    ),
    Row("duplicate name or e-mail refused", ("duplicate_name", "duplicate_email"), (duplicates,)),
    Row(
        "field, picklist value, layout or module renamed or removed",
        (
            "field_renamed",
            "field_removed",
            "picklist_value_renamed",
            "picklist_value_removed",
            "layout_renamed",
            "layout_removed",
            "module_renamed",
            "module_removed",
        ),
        (changed_fields,),
    ),
    Row("a required field added", ("field_required",), (required_field,)),
    Row("a shorter length on the other side", ("field_shortened",), (shorter_length,)),
    Row("HTML entities and Unicode normal forms", ("text_form",), (text_forms,)),
    Row(
        "an automation on either side that rewrites a value after each write", ("automation",), (automation,)
    ),
    Row("an edit in the same second as ours, before, under and after it", ("edit_beside",), (edit_beside,)),
    Row("a payload late and out of order", ("delay_notification",), (late_payload,)),
    Row("a function killed at each gap of a round", elsewhere=("tests/system/test_crashes.py", "Killed")),
    Row("a writer that outlives its lease", elsewhere=(FUNCTIONS, "slow_for")),
    Row("timed out", elsewhere=(FUNCTIONS, "TIMEOUT")),
    Row("run twice at once", elsewhere=("tests/system/simulation/plan.py", "doubles")),
    Row("old version beside new", missing="one version of the code runs in the simulation"),
    Row("queue redelivery", elsewhere=(FUNCTIONS, "VISIBILITY")),
    Row("conditional check failed", elsewhere=("tests/engine/test_lease.py", "onditional")),
    Row("table throttled", elsewhere=("tests/system/simulation/tables.py", "throttled_until")),
    Row("an index that lags by seconds", elsewhere=(FUNCTIONS, "lag")),
    Row("clock jump", ("clock_skewed",), (clock_jump,)),
    Row("mapping changed in mid-run", elsewhere=(FAULTS, "change_mapping")),
)


@pytest.mark.parametrize("row", [r for r in ROWS if r.probes], ids=lambda r: r.phrase)
async def test_a_fault_of_the_list_is_planted_by_name_and_its_effect_is_seen(
    make_zoho: Maker, inbox: Inbox, row: Row
) -> None:
    """Over the control API; the probes of a row plant every fault of it and no other."""
    planted: set[str] = set()
    for probe in row.probes:
        zoho = await make_zoho()
        _listen(zoho, planted)
        await probe(zoho, inbox)
    assert planted == set(row.faults)


def _listen(zoho: Zoho, planted: set[str]) -> None:
    control = zoho.control

    async def listen(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        if (method, path) == ("POST", "/faults"):
            planted.add(body["name"])
        return await control(method, path, body, status)

    zoho.control = listen  # type: ignore[method-assign]


def test_a_row_is_offered_here_or_there_or_says_why_not() -> None:
    """Exactly one of the three."""
    assert [r.phrase for r in ROWS if bool(r.probes) + bool(r.elsewhere) + bool(r.missing) != 1] == []


def test_every_fault_that_can_be_planted_stands_in_a_row() -> None:
    """None is without a test of its effect, and no row names one that is not there."""
    assert {name for row in ROWS for name in row.faults} == {*CATALOGUE, *AT_ONCE}


@pytest.mark.parametrize("row", [r for r in ROWS if r.elsewhere], ids=lambda r: r.phrase)
def test_what_is_not_zohos_is_offered_by_the_simulation(row: Row) -> None:
    """Functions, queue and tables are not the sandbox's: the file that offers the fault names it."""
    assert row.elsewhere is not None
    file, word = row.elsewhere
    assert word in (ROOT / file).read_text()


@pytest.mark.skipif(not LIST.is_file(), reason="the list is not beside the project")
def test_the_rows_are_the_list() -> None:
    """Word for word and in its order."""
    text = LIST.read_text().split("## Faults the sandbox and the simulation must offer", 1)[1]
    told = re.sub(r"[\W_]+", " ", text.split("\n", 1)[1]).split()
    assert re.sub(r"[\W_]+", " ", " ".join(row.phrase for row in ROWS)).split() == told


async def test_faults_are_drawn_by_a_seed(zoho: Zoho) -> None:
    """The same seed plants the same, and strikes the same calls; another seed plants others."""

    async def run(seed: int) -> tuple[list[Any], list[int]]:
        draw = {
            "seed": seed,
            "number": 6,
            "product": "books",
            "names": ["rate_minute", "error_before_commit"],
        }
        faults = (await zoho.control("POST", "/faults/draw", draw))["faults"]
        calls = [(await zoho.books("GET", "/contacts")).status_code for _ in range(40)]
        await _clear(zoho)
        for fault in faults:
            del fault["id"]
        return faults, calls

    first = await run(5)
    assert {200, 429, 500} == set(first[1])
    assert await run(5) == first
    assert await run(6) != first
    refused = {"seed": 1, "names": ["record_merged"]}
    await zoho.control("POST", "/faults/draw", refused, status=400)
