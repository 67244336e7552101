"""The clients read what Zoho really answered; skipped where the recordings do not lie beside the project."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tandem.adapters.zoho.codes import quota_of
from tandem.adapters.zoho.parse import parse_http_date, parse_time
from tandem.adapters.zoho.webhooks import parse_crm
from tandem.core.errors import StopError
from tests.zoho.support import ACCOUNTS, CONTACTS, CUSTOMERS, FarSide, books, crm, reply

SHARED = Path(os.environ.get("TANDEM_SHARED") or Path(__file__).parents[3] / "shared")
RECORDED = SHARED / "zoho" / "fixtures"

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded answers of Zoho at {RECORDED}")


def recorded(name: str) -> Any:
    """One recorded body."""
    return json.loads((RECORDED / f"{name}.json").read_text())


async def test_a_crm_list_gives_bodies_by_id(far: FarSide) -> None:
    """Every row, with a lookup that has its id."""
    for name, resource in (("crm_get_accounts", ACCOUNTS), ("crm_get_contacts", CONTACTS)):
        body = recorded(name)
        far.expect("GET", f"/crm/v8/{resource.module}", reply(200, body))
        found = (await crm(far).read(resource, [row["id"] for row in body["data"]])).bodies
        assert len(found) == len(body["data"])
        for row in found.values():
            assert parse_time(row["Modified_Time"])
            if resource.parent_field and row.get(resource.parent_field):
                assert row[resource.parent_field]["id"]


async def test_one_crm_record(far: FarSide) -> None:
    """As GET answers it."""
    body = recorded("crm_get_account")
    known = body["data"][0]["id"]
    far.expect("GET", f"/crm/v8/Accounts/{known}", reply(200, body))
    assert await crm(far).confirm(ACCOUNTS, known)


async def test_crm_writes(far: FarSide) -> None:
    """Id and time of the record come from the result."""
    inserted, updated = recorded("crm_create_account"), recorded("crm_update_account")
    known = updated["data"][0]["details"]["id"]
    far.expect("POST", "/crm/v8/Accounts", reply(201, inserted))
    far.expect("PUT", f"/crm/v8/Accounts/{known}", reply(200, updated))
    first = await crm(far).insert(ACCOUNTS, {})
    assert first.version == datetime(2026, 5, 14, 9, 54, 50, tzinfo=UTC)
    assert (await crm(far).update(ACCOUNTS, known, {})).version == datetime(
        2026, 5, 14, 9, 56, 45, tzinfo=UTC
    )


async def test_a_crm_refusal(far: FarSide) -> None:
    """A module that is none."""
    for name in ("crm_error_invalid_module", "crm_error_invalid_module_fields"):
        far.expect("GET", "/crm/v8/Nonsense", reply(400, recorded(name)))
        with pytest.raises(StopError):
            await crm(far).read(replace(ACCOUNTS, module="Nonsense"), ["1"])


async def test_crm_settings(far: FarSide) -> None:
    """Users and fields."""
    far.expect("GET", "/crm/v8/users", reply(200, recorded("crm_users")))
    far.expect("GET", "/crm/v8/settings/fields", reply(200, recorded("crm_settings_fields_deals")))
    assert (await crm(far).current_user()).id
    assert all(field["api_name"] for field in await crm(far).fields("Deals"))


def test_a_crm_notification() -> None:
    """With the affected values of its record."""
    (hint,) = parse_crm((RECORDED / "crm_notification_update.json").read_bytes())
    assert (hint.module, hint.operation, hint.known) == ("Leads", "update", False)
    assert set(hint.values) == {"Company", "Phone"}


async def test_books_lists(far: FarSide) -> None:
    """Rows, times and whether there is more."""
    for name in ("books_list_contacts", "books_list_contacts_by_mtime"):
        body = recorded(name)
        far.expect("GET", "/books/v3/contacts", reply(200, body))
        page = await books(far).changed(CUSTOMERS, since=None, before=None, after=None)
        assert len(page.bodies) == len(body["contacts"])
        assert (page.next is not None) is body["page_context"]["has_more_page"]
        assert all(parse_time(row["last_modified_time"]) for row in page.bodies)


async def test_books_records_and_writes(far: FarSide) -> None:
    """The reply of a write is the whole record."""
    one, inserted, updated = (recorded(f"books_{name}_contact") for name in ("get", "create", "update"))
    known = one["contact"]["contact_id"]
    far.expect("GET", f"/books/v3/contacts/{known}", reply(200, one))
    far.expect("POST", "/books/v3/contacts", reply(201, inserted))
    far.expect("PUT", f"/books/v3/contacts/{known}", reply(200, updated))
    assert (await books(far).read(CUSTOMERS, [known])).bodies[known]["contact_name"]
    for written in (await books(far).insert(CUSTOMERS, {}), await books(far).update(CUSTOMERS, known, {})):
        assert written.version
        assert written.body
        assert written.body["contact_id"] == written.id


async def test_books_organisations(far: FarSide) -> None:
    """Plan and zone."""
    far.expect("GET", "/books/v3/organizations", reply(200, recorded("books_organizations")))
    (org,) = await books(far).organizations()
    assert org.plan_name == "Professional"


def test_headers() -> None:
    """The server's clock on both sides, the day's quota on one."""
    told = recorded("headers_recorded")
    assert quota_of("books", told["books_list_contacts"]) == (641, 37301.0)
    assert quota_of("crm", told["crm_list_accounts"]) == (None, None)
    assert all(parse_http_date(headers["date"]) for headers in told.values())
