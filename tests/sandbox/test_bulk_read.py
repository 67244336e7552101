"""Bulk read (CRM dossier 6)."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho


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
