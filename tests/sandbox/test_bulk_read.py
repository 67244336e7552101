"""Bulk read (CRM dossier 6)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.crm import bulk

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Inbox, Zoho

CALLBACK = {"url": "http://hooks.example/done?key=1", "method": "post"}


async def _order(zoho: Zoho, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    query = {"module": {"api_name": "Accounts"}, "fields": ["Account_Name"]}
    return await zoho.http.post("/crm/bulk/v8/read", json={"query": query, **body}, headers=headers)


async def _done(zoho: Zoho, **body: Any) -> dict[str, Any]:
    job = (await _order(zoho, **body)).json()["data"][0]["details"]["id"]
    zoho.step(3)
    return await _told(zoho, job)


async def _arrived(zoho: Zoho, inbox: Inbox, seconds: float) -> list[Any]:
    zoho.step(seconds)
    await zoho.world.outbox.deliver_due()
    bodies = [json.loads(request.content) for request in inbox.received]
    inbox.received.clear()
    return bodies


async def test_a_job_is_done_after_a_while_and_gives_a_zipped_csv(zoho: Zoho) -> None:
    """Lookups are bare ids, booleans words, empty is null; before it is done there is no result."""
    account = await zoho.account()
    people = [
        {"Last_Name": "Rao", "Account_Name": {"id": account}},
        {"Last_Name": "Sen", "Email_Opt_Out": True},
    ]
    await zoho.crm("POST", "/Contacts", {"data": people})
    fields = ["Last_Name", "Account_Name", "Email_Opt_Out", "Email"]
    body = {"query": {"module": {"api_name": "Contacts"}, "fields": fields}, "file_type": "csv"}
    url, headers = "/crm/bulk/v8/read", {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    made = await zoho.http.post(url, json=body, headers=headers)
    assert (made.status_code, made.json()["data"][0]["details"]["state"]) == (201, "ADDED")
    job = made.json()["data"][0]["details"]["id"]
    assert (await zoho.http.get(f"{url}/{job}/result", headers=headers)).status_code == 404
    zoho.step(3)
    status = (await zoho.http.get(f"{url}/{job}", headers=headers)).json()["data"][0]
    assert (status["state"], status["result"]["count"]) == ("COMPLETED", 2)
    packed = await zoho.http.get(status["result"]["download_url"], headers=headers)
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read(f"{job}.csv").decode())))
    assert [(r["Last_Name"], r["Account_Name"], r["Email_Opt_Out"], r["Email"]) for r in rows] == [
        ("Rao", account, "false", ""),
        ("Sen", "", "true", ""),
    ]


async def test_criteria_choose_rows(zoho: Zoho) -> None:
    """Comparators on Modified_Time and text work, grouped too."""
    await zoho.account(Account_Name="Old")
    zoho.step(60)
    await zoho.account(Account_Name="New")
    time = {
        "field": {"api_name": "Modified_Time"},
        "comparator": "greater_equal",
        "value": "2026-11-23T09:01:00Z",
    }
    name = {"field": {"api_name": "Account_Name"}, "comparator": "starts_with", "value": "n"}
    query = {"module": {"api_name": "Accounts"}, "criteria": {"group_operator": "and", "group": [time, name]}}
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    made = await zoho.http.post("/crm/bulk/v8/read", json={"query": query}, headers=headers)
    job = made.json()["data"][0]["details"]["id"]
    zoho.step(3)
    status = (await zoho.http.get(f"/crm/bulk/v8/read/{job}", headers=headers)).json()["data"][0]
    assert status["result"]["count"] == 1


@pytest.mark.parametrize("days", [1, 7])
async def test_a_result_is_thrown_away_after_its_days(zoho: Zoho, days: int) -> None:
    """Counted from when the job is done; the job itself is still told."""
    await zoho.control("PUT", "/switches", {"bulk_read_result_days": days})
    url = "/crm/bulk/v8/read"
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    body = {"query": {"module": {"api_name": "Accounts"}}}
    made = await zoho.http.post(url, json=body, headers=headers)
    job = made.json()["data"][0]["details"]["id"]
    statuses = []
    for seconds in (2, days * 86_400 - 1, 1):
        zoho.step(seconds)
        await zoho.login()
        headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
        statuses.append((await zoho.http.get(f"{url}/{job}/result", headers=headers)).status_code)
    assert statuses == [200, 200, 404]
    told = (await zoho.http.get(f"{url}/{job}", headers=headers)).json()["data"][0]
    assert told["state"] == "COMPLETED"


async def _told(zoho: Zoho, job: str) -> dict[str, Any]:
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    told: dict[str, Any] = (await zoho.http.get(f"/crm/bulk/v8/read/{job}", headers=headers)).json()["data"][
        0
    ]
    return told


@pytest.mark.parametrize("queued", [True, False])
@pytest.mark.parametrize("fails", [True, False])
async def test_a_job_goes_through_its_states(zoho: Zoho, queued: bool, fails: bool) -> None:
    """Its result is told once it has ended, whichever way."""
    await zoho.control("PUT", "/switches", {"bulk_read_queued": queued})
    if fails:
        await zoho.control("POST", "/faults", {"name": "bulk_read_fails", "match": {"module": "Accounts"}})
    job = (await _order(zoho)).json()["data"][0]["details"]["id"]
    seen = []
    for seconds in (0.4, 0.4, 0.8, 0.4):
        zoho.step(seconds)
        told = await _told(zoho, job)
        seen.append((told["state"], "result" in told))
    second, end = "QUEUED" if queued else "ADDED", "FAILURE" if fails else "COMPLETED"
    assert seen == [("ADDED", False), (second, False), ("IN PROGRESS", False), (end, True)]


@pytest.mark.parametrize("form", ["job", "data"])
async def test_a_job_that_fails_has_no_file(zoho: Zoho, inbox: Inbox, form: str) -> None:
    """Its callback says so as GET one does; nothing else of CRM fails, and the next job has its rows."""
    await zoho.control("PUT", "/switches", {"bulk_read_callback": form})
    await zoho.account()
    await zoho.control("POST", "/faults", {"name": "bulk_read_fails", "count": 1})
    job = (await _order(zoho, callback=CALLBACK)).json()["data"][0]["details"]["id"]
    (told,) = await _arrived(zoho, inbox, 3)
    shown = told if form == "job" else told["data"][0]
    failed = await _told(zoho, job)
    assert (shown["state"], shown["result"]) == ("FAILURE", failed["result"])
    assert (failed["result"]["count"], failed["result"]["more_records"]) == (0, False)
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    gone = await zoho.http.get(failed["result"]["download_url"], headers=headers)
    assert (gone.status_code, gone.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
    assert (await _done(zoho))["result"]["count"] == 1


@pytest.mark.parametrize("form", ["job", "data"])
async def test_the_end_of_a_job_is_told_to_its_callback(zoho: Zoho, inbox: Inbox, form: str) -> None:
    """Once, when it is done and not before, with what GET one then answers, in either form of the switch."""
    await zoho.control("PUT", "/switches", {"bulk_read_callback": form})
    await zoho.account()
    job = (await _order(zoho, callback=CALLBACK)).json()["data"][0]["details"]["id"]
    assert await _arrived(zoho, inbox, 1.9) == []
    (told,) = await _arrived(zoho, inbox, 1)
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    shown = (await zoho.http.get(f"/crm/bulk/v8/read/{job}", headers=headers)).json()
    assert (shown["data"][0]["state"], shown["data"][0]["result"]["count"]) == ("COMPLETED", 1)
    if form == "job":
        shown = {"job_id": shown["data"][0].pop("id"), **shown["data"][0]}
    assert told == shown
    (sent,) = (await zoho.control("GET", "/deliveries?product=crm"))["deliveries"]
    assert (sent["method"], sent["url"], sent["record_ids"]) == ("POST", CALLBACK["url"], [job])
    assert await _arrived(zoho, inbox, 60) == []


@pytest.mark.parametrize(
    ("fault", "counts"),
    [
        ({"name": "drop_notification"}, [0, 0]),
        ({"name": "duplicate_notification"}, [2, 0]),
        ({"name": "delay_notification"}, [0, 1]),
    ],
)
async def test_a_callback_is_lost_doubled_and_late_as_a_notice_is(
    zoho: Zoho, inbox: Inbox, fault: dict[str, Any], counts: list[int]
) -> None:
    """The faults of what goes out strike it too."""
    await zoho.control("POST", "/faults", {**fault, "product": "crm", "match": {"endpoint": "/done"}})
    await _order(zoho, callback=CALLBACK)
    assert [len(await _arrived(zoho, inbox, seconds)) for seconds in (3, 60)] == counts


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        ({"url": "http://hooks.example/done"}, "INVALID_CALLBACK_METHOD"),
        ({"url": "http://hooks.example/done", "method": "get"}, "INVALID_CALLBACK_METHOD"),
        ({"method": "post"}, "INVALID_CALLBACK_URL"),
        ({"url": "hooks.example/done", "method": "post"}, "INVALID_CALLBACK_URL"),
        ({"url": "http://[", "method": "post"}, "INVALID_CALLBACK_URL"),
        ("http://hooks.example/done", "INVALID_CALLBACK_METHOD"),
    ],
)
async def test_a_callback_that_cannot_be_is_refused(
    zoho: Zoho, inbox: Inbox, callback: Any, code: str
) -> None:
    """By the codes of the OpenAPI file; no job is made."""
    refused = await _order(zoho, callback=callback)
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert (zoho.world.bulk_jobs, await _arrived(zoho, inbox, 10)) == ({}, [])


async def test_a_custom_view_is_refused(zoho: Zoho) -> None:
    """There is none, and a job without its filter would hold more than was asked for."""
    refused = await _order(zoho, query={"module": {"api_name": "Accounts"}, "cvid": "1"})
    assert (refused.status_code, refused.json()["code"]) == (400, "CVID_NOT_SUPPORTED")


async def test_the_eleventh_download_of_a_minute_is_refused(zoho: Zoho) -> None:
    """Ten are allowed, whatever the job; a minute later it goes on."""
    await zoho.control("PUT", "/limits", {"mode": "real"})
    job = (await _order(zoho)).json()["data"][0]["details"]["id"]
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    statuses = []
    for seconds in (3, *[1] * 10, 50):
        zoho.step(seconds)
        statuses.append((await zoho.http.get(f"/crm/bulk/v8/read/{job}/result", headers=headers)).status_code)
    assert statuses == [200] * 10 + [429, 200]


async def test_pages_go_on_by_number_and_by_token(zoho: Zoho, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token stands for the whole query, for a day."""
    monkeypatch.setattr(bulk, "PER_PAGE", 2)
    made = [await zoho.account(Account_Name=name) for name in "abc"]
    query = {"module": {"api_name": "Accounts"}, "fields": ["Account_Name"]}
    first = await _done(zoho, query=query)
    assert (first["result"]["count"], first["result"]["more_records"]) == (2, True)
    token = {"page_token": first["result"]["next_page_token"]}
    for asked in ({**query, "page": 2}, token):
        second = await _done(zoho, query=asked)
        assert (second["query"]["page"], second["result"]["more_records"]) == (2, False)
        assert [rows[0] for rows in zoho.world.bulk_jobs[second["id"]].rows] == made[2:]
    zoho.step(86_400)
    await zoho.login()
    assert (await _order(zoho, query=token)).json()["details"] == {"api_name": "page_token"}
