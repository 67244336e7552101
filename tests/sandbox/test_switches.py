"""Switches that no other test turns: both answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho


async def _turn(zoho: Zoho, name: str, answer: object) -> None:
    await zoho.control("PUT", "/switches", {name: answer})


@pytest.mark.parametrize(("answer", "status"), [("accepted", 200), ("refused", 412)])
async def test_a_guard_at_the_records_own_second(zoho: Zoho, answer: str, status: int) -> None:
    """One second later is refused in any case, one second before never."""
    await _turn(zoho, "unmodified_since_same_second", answer)
    statuses = []
    for moment in ("09:00:00", "08:59:59", "09:00:01"):
        record = await zoho.account()
        guard = {"If-Unmodified-Since": f"2026-11-23T{moment}Z"}
        put = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "1"}]}, headers=guard)
        statuses.append(put.status_code)
    assert statuses == [status, 412, 200]


@pytest.mark.parametrize(("clears", "kept"), [(True, None), (False, "5")])
async def test_null_in_crm(zoho: Zoho, clears: bool, kept: str | None) -> None:
    """It clears, or it is ignored."""
    await _turn(zoho, "null_clears", clears)
    record = await zoho.account(Phone="5")
    await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": None}]})
    assert (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["Phone"] == kept


@pytest.mark.parametrize("code", ["INVALID_TOKEN", "INVALID_OAUTHTOKEN"])
async def test_the_code_of_a_token_that_is_not_good(zoho: Zoho, code: str) -> None:
    """Both stand in Zoho's pages."""
    await _turn(zoho, "crm_token_code", code)
    zoho.token = "1000.no"
    assert (await zoho.crm("GET", "/org")).json()["code"] == code


@pytest.mark.parametrize("credits_spent", [1, 2])
async def test_what_a_look_for_deletions_costs(zoho: Zoho, credits_spent: int) -> None:
    """In credits of the day."""
    await _turn(zoho, "deleted_credits", credits_spent)
    await zoho.crm("GET", "/Accounts/deleted")
    assert (await zoho.control("GET", "/limits"))["used"]["crm_credits_24_hours"] == credits_spent


@pytest.mark.parametrize(("by_name", "kept"), [(True, ["a", "b"]), (False, ["b"])])
async def test_custom_fields_by_api_name(zoho: Zoho, by_name: bool, kept: list[str]) -> None:
    """By id they are taken in any case."""
    await _turn(zoho, "custom_fields_by_api_name", by_name)
    fields = zoho.world.books.store.setup.fields
    customs = [
        {"api_name": "cf_segment", "value": "a"},
        {"customfield_id": fields["cf_crm_account_id"].customfield_id, "value": "b"},
    ]
    contact = await zoho.customer(custom_fields=customs)
    assert sorted(c["value"] for c in contact["custom_fields"]) == kept


@pytest.mark.parametrize("is_primary", [True, False])
async def test_the_first_person(zoho: Zoho, is_primary: bool) -> None:
    """It becomes primary without being told, or only when it is; a person that is told to be always is."""
    await _turn(zoho, "first_person_is_primary", is_primary)
    persons = [{"first_name": "A"}, {"first_name": "B"}]
    contact = await zoho.customer(contact_persons=persons)
    assert [p["is_primary_contact"] for p in contact["contact_persons"]] == [is_primary, False]
    assert contact["first_name"] == ("A" if is_primary else "")
    told = await zoho.customer(
        contact_name="B", contact_persons=[{"first_name": "A", "is_primary_contact": True}]
    )
    assert told["contact_persons"][0]["is_primary_contact"] is True


@pytest.mark.parametrize("moves", [True, False])
async def test_an_address_within_a_put(zoho: Zoho, moves: bool) -> None:
    """Alone it moves the time or not; with another change it does in any case."""
    await _turn(zoho, "address_put_moves_customer_time", moves)
    contact = await zoho.customer()
    path = f"/contacts/{contact['contact_id']}"
    times: list[str] = []
    for body in ({}, {"notes": "x"}):
        zoho.step(5)
        put = await zoho.books("PUT", path, {"billing_address": {"city": f"City {len(times)}"}, **body})
        times.append(put.json()["contact"]["last_modified_time"])
    first = "2026-11-23T14:30:05+0530" if moves else contact["last_modified_time"]
    assert times == [first, "2026-11-23T14:30:10+0530"]


@pytest.mark.parametrize("mark", ["is_unique", "prevent_duplicates", "is_duplicate_prevented"])
async def test_how_a_unique_field_is_marked(zoho: Zoho, mark: str) -> None:
    """By one key in both forms of the metadata."""
    await _turn(zoho, "unique_field_marked", mark)
    for path, key in (("/settings/fields", "fields"), ("/settings/customfields", "customfields")):
        told = (await zoho.books("GET", path, params={"entity": "contact"})).json()[key]
        rows = told if isinstance(told, list) else told["contact"]
        marks = {"is_unique", "prevent_duplicates", "is_duplicate_prevented"} & set(rows[0])
        assert (marks, rows[0][mark]) == ({mark}, True)


@pytest.mark.parametrize(("needs", "status"), [(True, 401), (False, 201)])
@pytest.mark.parametrize(
    ("path", "group", "key", "body"),
    [
        ("/contacts", "contacts", "cf_crm_account_id", {"contact_name": "A"}),
        ("/items", "settings", "cf_crm_product_id", {"name": "A", "rate": 1}),
    ],
)
async def test_the_scope_of_an_upsert_that_creates(
    zoho: Zoho, needs: bool, status: int, path: str, group: str, key: str, body: dict[str, object]
) -> None:
    """UPDATE is enough where nothing may be created."""
    await _turn(zoho, "upsert_needs_create_scope", needs)
    scopes = {"refresh_token": "1000.u", "scopes": [f"ZohoBooks.{group}.UPDATE"]}
    await zoho.control("PUT", "/tokens", scopes)
    await zoho.login("1000.u")
    headers = {"X-Unique-Identifier-Key": key, "X-Unique-Identifier-Value": "1"}
    assert (await zoho.books("PUT", path, body, headers=headers)).json()["code"] == 1002
    made = await zoho.books("PUT", path, body, headers={**headers, "X-Upsert": "true"})
    assert made.status_code == status


@pytest.mark.parametrize(("as_text", "codes"), [(True, ["0", "1002"]), (False, [0, 1002])])
async def test_how_books_writes_its_codes(zoho: Zoho, as_text: bool, codes: list[object]) -> None:
    """Of a success and of a refusal."""
    await _turn(zoho, "books_code_as_text", as_text)
    answers = [await zoho.books("GET", path) for path in ("/contacts", "/contacts/1")]
    assert [a.json()["code"] for a in answers] == codes
