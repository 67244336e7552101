"""The sandbox's bodies against recorded answers of Zoho, where the shared folder is there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Zoho

SHARED = Path(os.environ.get("TANDEM_SHARED", Path(__file__).parents[3] / "shared"))
FIXTURES = SHARED / "zoho" / "fixtures"
pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(),
    reason="no recorded answers: set TANDEM_SHARED or put the folder beside the project",
)


def recorded(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / f"{name}.json").read_text())


def kind(value: Any) -> str:
    """Return the JSON type, with numbers as one."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", dict: "object", list: "array", type(None): "null"}[type(value)]


def differences(theirs: Any, ours: Any, path: str = "$") -> list[str]:
    """Return where a recorded key is missing or of another type; null agrees with anything."""
    if "null" in (kind(theirs), kind(ours)):
        return []
    if kind(theirs) != kind(ours):
        return [f"{path}: {kind(theirs)} recorded, {kind(ours)} answered"]
    if isinstance(theirs, dict):
        found = []
        for key, value in theirs.items():
            if key in ours:
                found += differences(value, ours[key], f"{path}.{key}")
            else:
                found.append(f"{path}.{key}: missing")
        return found
    if isinstance(theirs, list) and theirs and ours:
        return differences(theirs[0], ours[0], f"{path}[]")
    return []


async def _crm(zoho: Zoho) -> dict[str, Any]:
    record = await zoho.account()
    body = {"data": [{"Last_Name": "Rao", "Account_Name": {"id": record}}]}
    person = (await zoho.crm("POST", "/Contacts", body)).json()["data"][0]["details"]["id"]
    lead = {"data": [{"Last_Name": "N"}]}
    every = {"fields": "Account_Name,Phone,Owner,Modified_By,Modified_Time"}
    return {
        "crm_create_account": (await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "B"}]})).json(),
        "crm_create_lead_2025": (await zoho.crm("POST", "/Contacts", lead)).json(),
        "crm_get_contacts:info": (await zoho.crm("GET", "/Contacts", params={"fields": "Email"})).json(),
        "crm_get_account": (await zoho.crm("GET", f"/Accounts/{record}")).json(),
        "crm_get_contact": (await zoho.crm("GET", f"/Contacts/{person}")).json(),
        "crm_get_contacts_v6_info": (
            await zoho.crm(
                "GET", "/Contacts", params={"fields": "Full_Name,Assistant,Created_Time,Created_By"}
            )
        ).json(),
        "crm_get_accounts:info": (await zoho.crm("GET", "/Accounts", params=every)).json(),
        "crm_update_account": (
            await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "1"}]})
        ).json(),
        "crm_update_contact_2025": (
            await zoho.crm("PUT", f"/Contacts/{person}", {"data": [{"Phone": "1"}]})
        ).json(),
        "crm_upsert_insert": (
            await zoho.crm("POST", "/Contacts/upsert", {"data": [{"Last_Name": "N"}]})
        ).json(),
        "crm_delete_account": (await zoho.crm("DELETE", f"/Accounts/{record}")).json(),
        "crm_error_invalid_module": (await zoho.crm("GET", "/Nope", params=every)).json(),
        "crm_error_invalid_module_fields": (
            await zoho.crm("GET", "/settings/fields", params={"module": "Nope"})
        ).json(),
        "crm_settings_fields_deals": (
            await zoho.crm("GET", "/settings/fields", params={"module": "Accounts"})
        ).json(),
        "crm_users": (await zoho.crm("GET", "/users")).json(),
    }


async def _books(zoho: Zoho) -> dict[str, Any]:
    made = (await zoho.books("POST", "/contacts", {"contact_name": "A"})).json()
    path = f"/contacts/{made['contact']['contact_id']}"
    by_time = {"sort_column": "last_modified_time", "sort_order": "A"}
    return {
        "books_create_contact": made,
        "books_list_contacts": (await zoho.books("GET", "/contacts")).json(),
        "books_list_contacts_by_mtime": (await zoho.books("GET", "/contacts", params=by_time)).json(),
        "books_get_contact": (await zoho.books("GET", path)).json(),
        "books_update_contact": (await zoho.books("PUT", path, {"notes": "x"})).json(),
        "books_delete_contact": (await zoho.books("DELETE", path)).json(),
        "books_organizations": (await zoho.books("GET", "/organizations")).json(),
        "books_currencies": (await zoho.books("GET", "/settings/currencies")).json(),
        "books_taxes_empty": (await zoho.books("GET", "/settings/taxes")).json(),
    }


async def _judge(answers: dict[str, Any]) -> list[str]:
    found = []
    for name, ours in answers.items():
        file, _, part = name.partition(":")
        theirs = recorded(file)
        pair = (theirs[part], ours[part]) if part else (theirs, ours)
        found += [f"{file}: {line}" for line in differences(*pair)]
    return found


async def test_crm_answers_have_the_recorded_keys_and_types(zoho: Zoho) -> None:
    """Every recorded key is answered with the recorded type."""
    assert await _judge(await _crm(zoho)) == []


async def test_books_answers_have_the_recorded_keys_and_types(zoho: Zoho) -> None:
    """Every recorded key is answered with the recorded type."""
    assert await _judge(await _books(zoho)) == []


async def test_a_notification_has_the_recorded_keys_and_types(zoho: Zoho, inbox: Inbox) -> None:
    """The body sent to a channel is the recorded one."""
    watch = {
        "channel_id": "1",
        "events": ["Accounts.edit"],
        "notify_url": "http://hooks.example/x",
        "token": "t",
        "return_affected_field_values": True,
    }
    await zoho.crm("POST", "/actions/watch", {"watch": [watch]})
    record = await zoho.account()
    await zoho.control("PATCH", f"/crm/Accounts/{record}", {"Phone": "1"})
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    theirs, ours = recorded("crm_notification_update"), json.loads(inbox.received[0].content)
    theirs["affected_values"][0]["values"] = theirs["affected_fields"][0] = {}
    assert differences(theirs, ours) == []
    assert set(ours) == set(theirs)


def test_every_recorded_answer_is_compared() -> None:
    """No fixture is forgotten."""
    here = Path(__file__).read_text()
    names = {f.stem for f in FIXTURES.glob("*.json")} - {"headers_recorded"}
    assert [n for n in sorted(names) if f'"{n}"' not in here and f'"{n}:' not in here] == []
