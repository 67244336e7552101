"""CRM records (CRM dossier 2, 3, 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

FIELDS = {"fields": "Account_Name,Phone"}


async def test_a_list_without_fields_is_refused(zoho: Zoho) -> None:
    """List calls must name their fields."""
    answer = await zoho.crm("GET", "/Accounts")
    assert answer.status_code == 400
    assert answer.json()["details"] == {"param_name": "fields"}


async def test_an_empty_module_answers_204(zoho: Zoho) -> None:
    """Nothing to list is 204 without a body."""
    answer = await zoho.crm("GET", "/Accounts", params=FIELDS)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_list_row_has_the_asked_fields_and_the_id(zoho: Zoho) -> None:
    """Rows carry what was asked, unset fields as null, unknown names not at all."""
    record = await zoho.account()
    answer = await zoho.crm("GET", "/Accounts", params={"fields": "Account_Name,Phone,Nonsense"})
    assert answer.json()["data"] == [{"Account_Name": "Acme", "Phone": None, "id": record}]
    assert answer.json()["info"]["more_records"] is False


async def test_an_update_changes_only_sent_keys_and_null_clears(zoho: Zoho) -> None:
    """PUT is partial; null clears; unknown fields are ignored."""
    record = await zoho.account(Phone="1", Website="w.example")
    zoho.step(5)
    answer = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": None, "Nope": 1}]})
    assert answer.json()["data"][0]["details"]["Modified_Time"] == "2026-11-23T14:30:05+05:30"
    body = (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]
    assert (body["Phone"], body["Website"]) == (None, "w.example")


async def test_a_mixed_bulk_write_answers_207_in_input_order(zoho: Zoho) -> None:
    """Each item has its own result, at its own place."""
    items = [{"Account_Name": "A"}, {"Phone": "1"}, {"Account_Name": "B", "GSTIN": "x" * 16}]
    answer = await zoho.crm("POST", "/Accounts", {"data": items})
    assert answer.status_code == 207
    assert [i["code"] for i in answer.json()["data"]] == ["SUCCESS", "MANDATORY_NOT_FOUND", "INVALID_DATA"]
    assert answer.json()["data"][2]["details"]["maximum_length"] == 15


async def test_a_unique_field_refuses_a_duplicate_and_names_the_holder(zoho: Zoho) -> None:
    """DUPLICATE_DATA carries the id of the record that has the value."""
    holder = await zoho.account(Books_Customer_ID="42")
    answer = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "B", "Books_Customer_ID": "42"}]})
    item = answer.json()["data"][0]
    assert (answer.status_code, item["code"], item["details"]["id"]) == (400, "DUPLICATE_DATA", holder)
    assert item["details"]["api_name"] == "Books_Customer_ID"


async def test_two_values_that_are_taken_are_told_together(zoho: Zoho) -> None:
    """Each with its own holder, in one refusal of the record."""
    await zoho.control("POST", "/fields", {"module": "Accounts", "api_name": "Code", "unique": True})
    one = await zoho.account(Books_Customer_ID="42")
    two = await zoho.account(Account_Name="B", Code="x")
    body = {"data": [{"Account_Name": "C", "Books_Customer_ID": "42", "Code": "X"}]}
    answer = await zoho.crm("POST", "/Accounts", body)
    (item,) = answer.json()["data"]
    assert (answer.status_code, item["code"]) == (400, "MULTIPLE_OR_MULTI_ERRORS")
    told = [(e["code"], e["details"]["api_name"], e["details"]["id"]) for e in item["details"]["errors"]]
    assert told == [("DUPLICATE_DATA", "Books_Customer_ID", one), ("DUPLICATE_DATA", "Code", two)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Account_Type", "Nonsense"),
        ("Employees", "many"),
        ("Phone", "call me"),
        ("Parent_Account", {"id": "1"}),
        ("Parent_Account", "text"),
        ("Annual_Revenue", "1.0"),
    ],
)
async def test_a_wrong_value_is_invalid_data(zoho: Zoho, field: str, value: object) -> None:
    """Types, picklists, phones and lookups are checked."""
    answer = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "A", field: value}]})
    assert answer.json()["data"][0]["code"] == "INVALID_DATA"


async def test_if_unmodified_since_refuses_what_changed_later(zoho: Zoho) -> None:
    """A guarded write of a record changed since is 412 ALREADY_MODIFIED and changes nothing."""
    record = await zoho.account()
    guard = {"If-Unmodified-Since": "2026-11-23T09:00:00Z"}
    ok = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "1"}]}, headers=guard)
    assert ok.status_code == 200
    zoho.step(1)
    await zoho.control("PATCH", f"/crm/Accounts/{record}", {"Phone": "2"})
    late = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "3"}]}, headers=guard)
    item = late.json()["data"][0]
    assert (late.status_code, item["code"], item["details"]["id"]) == (412, "ALREADY_MODIFIED", record)
    assert item["details"]["Modified_By"]["name"] == "Asha Rao"
    assert (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["Phone"] == "2"


@pytest.mark.parametrize(
    ("how", "statuses"), [("per_item", ["SUCCESS", "ALREADY_MODIFIED"]), ("whole", ["ALREADY_MODIFIED"])]
)
async def test_a_guarded_bulk_write_follows_its_switch(zoho: Zoho, how: str, statuses: list[str]) -> None:
    """bulk_unmodified_since: the newer item alone, or the whole call."""
    await zoho.control("PUT", "/switches", {"bulk_unmodified_since": how})
    old = await zoho.account()
    zoho.step(10)
    new = await zoho.account(Account_Name="New")
    body = {"data": [{"id": old, "Phone": "1"}, {"id": new, "Phone": "1"}]}
    guard = {"If-Unmodified-Since": "2026-11-23T09:00:05Z"}
    answer = await zoho.crm("PUT", "/Accounts", body, headers=guard)
    assert [i["code"] for i in answer.json()["data"]] == statuses
    assert answer.status_code == (207 if how == "per_item" else 412)


async def test_if_modified_since_answers_304_when_nothing_is_newer(zoho: Zoho) -> None:
    """The header filters, and 304 means none; the boundary is a switch."""
    await zoho.account()
    headers = {"If-Modified-Since": "2026-11-23T09:00:00Z"}
    assert (await zoho.crm("GET", "/Accounts", params=FIELDS, headers=headers)).status_code == 304
    await zoho.control("PUT", "/switches", {"if_modified_since_inclusive": True})
    assert (await zoho.crm("GET", "/Accounts", params=FIELDS, headers=headers)).status_code == 200


async def test_paging_by_token_reads_everything_once(zoho: Zoho) -> None:
    """A page token goes on where the page ended; other parameters must stay."""
    ids = [await zoho.account(Account_Name=f"A{n}") for n in range(5)]
    params = {"fields": "Account_Name", "per_page": "2"}
    first = (await zoho.crm("GET", "/Accounts", params=params)).json()
    seen = [r["id"] for r in first["data"]]
    token = first["info"]["next_page_token"]
    while token:
        page = (await zoho.crm("GET", "/Accounts", params={**params, "page_token": token})).json()
        seen += [r["id"] for r in page["data"]]
        token = page["info"]["next_page_token"]
    assert seen == ids[::-1]
    other = {"fields": "Phone", "per_page": "2", "page_token": first["info"]["next_page_token"]}
    wrong = await zoho.crm("GET", "/Accounts", params=other)
    assert wrong.json()["code"] == "TOKEN_BOUND_DATA_MISMATCH"


async def test_pages_by_number_end_at_two_thousand(zoho: Zoho) -> None:
    """Page works for the first 2,000 records only."""
    answer = await zoho.crm("GET", "/Accounts", params={**FIELDS, "page": "11"})
    assert answer.json()["code"] == "DISCRETE_PAGINATION_LIMIT_EXCEEDED"


async def test_upsert_matches_by_the_named_fields(zoho: Zoho) -> None:
    """duplicate_check_fields decides; without it the system field merges same-named Accounts."""
    record = await zoho.account(Books_Customer_ID="7")
    body = {
        "data": [{"Account_Name": "Other", "Books_Customer_ID": "7"}],
        "duplicate_check_fields": ["Books_Customer_ID"],
    }
    item = (await zoho.crm("POST", "/Accounts/upsert", body)).json()["data"][0]
    assert (item["action"], item["duplicate_field"], item["details"]["id"]) == (
        "update",
        "Books_Customer_ID",
        record,
    )
    item = (await zoho.crm("POST", "/Accounts/upsert", {"data": [{"Account_Name": "Other"}]})).json()["data"][
        0
    ]
    assert (item["action"], item["details"]["id"]) == ("update", record)
    item = (await zoho.crm("POST", "/Accounts/upsert", {"data": [{"Account_Name": "Third"}]})).json()["data"][
        0
    ]
    assert (item["action"], item["duplicate_field"]) == ("insert", None)


async def test_a_deleted_record_is_listed_restored_and_purged(zoho: Zoho) -> None:
    """Deletes go to the bin; a restored record keeps its id; a purged one is permanent and nameless."""
    record = await zoho.account()
    assert (await zoho.crm("DELETE", f"/Accounts/{record}")).json()["data"][0]["details"] == {"id": record}
    assert (await zoho.crm("GET", f"/Accounts/{record}")).status_code == 204
    listed = (await zoho.crm("GET", "/Accounts/deleted")).json()["data"]
    assert [(r["id"], r["type"], r["display_name"]) for r in listed] == [(record, "recycle", "Acme")]
    await zoho.control("POST", f"/crm/Accounts/{record}/restore")
    assert (await zoho.crm("GET", "/Accounts/deleted")).status_code == 204
    assert (await zoho.crm("GET", f"/Accounts/{record}")).status_code == 200
    await zoho.control("DELETE", f"/crm/Accounts/{record}", {"permanent": True})
    listed = (await zoho.crm("GET", "/Accounts/deleted")).json()["data"]
    assert [(r["id"], r["type"], r["deleted_by"]) for r in listed] == [(record, "permanent", None)]


async def test_a_merge_deletes_the_loser_and_moves_its_people(zoho: Zoho) -> None:
    """Merge keeps the master's id, fills its blanks and re-points lookups."""
    master, loser = await zoho.account(), await zoho.account(Account_Name="Acme Ltd", Phone="5")
    people = {"data": [{"Last_Name": "Rao", "Account_Name": {"id": loser}}]}
    person = (await zoho.crm("POST", "/Contacts", people)).json()["data"][0]["details"]["id"]
    merge = {"merge": [{"data": [{"id": loser}]}]}
    assert (await zoho.crm("POST", f"/Accounts/{master}/actions/merge", merge)).status_code == 200
    assert (await zoho.crm("GET", f"/Accounts/{loser}")).status_code == 204
    assert (await zoho.crm("GET", f"/Accounts/{master}")).json()["data"][0]["Phone"] == "5"
    moved = (await zoho.crm("GET", f"/Contacts/{person}")).json()["data"][0]
    assert moved["Account_Name"] == {"name": "Acme", "id": master}


async def test_a_lookup_follows_its_target(zoho: Zoho) -> None:
    """A lookup shows the present name; a deleted target shows as null."""
    account = await zoho.account()
    people = {"data": [{"Last_Name": "Rao", "First_Name": "Asha", "Account_Name": {"id": account}}]}
    person = (await zoho.crm("POST", "/Contacts", people)).json()["data"][0]["details"]["id"]
    await zoho.crm("PUT", f"/Accounts/{account}", {"data": [{"Account_Name": "Renamed"}]})
    body = (await zoho.crm("GET", f"/Contacts/{person}")).json()["data"][0]
    assert (body["Full_Name"], body["Account_Name"]["name"]) == ("Asha Rao", "Renamed")
    await zoho.crm("DELETE", f"/Accounts/{account}")
    assert (await zoho.crm("GET", f"/Contacts/{person}")).json()["data"][0]["Account_Name"] is None


@pytest.mark.parametrize("state", ["locked", "approval", "blueprint", "merging"])
async def test_a_record_in_a_state_refuses_writes(zoho: Zoho, state: str) -> None:
    """Locked, in approval, in a blueprint: the write is refused by name."""
    record = await zoho.account()
    await zoho.control("POST", f"/crm/Accounts/{record}/state", {"state": state})
    answer = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "1"}]})
    assert answer.status_code == 400
    assert answer.json()["data"][0]["code"] in {"RECORD_LOCKED", "NOT_APPROVED", "RECORD_IN_BLUEPRINT"}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"word": "lph"}, ["Alpha-Beta", "Alpha"]),
        ({"phone": "77"}, ["Alpha-Beta"]),
        ({"criteria": "(Account_Name:equals:alpha beta)"}, ["Alpha-Beta"]),
        ({"criteria": "(Account_Name:starts_with:g)", "word": "lph"}, ["gamma, inc."]),
        ({"criteria": "((Account_Name:starts_with:a)and(Phone:equals:77))"}, ["Alpha-Beta"]),
        ({"criteria": "((Phone:equals:77)or((Account_Name:starts_with:g)and(Employees:greater_than:4)))"},
         ["gamma, inc.", "Alpha-Beta"]),
        ({"criteria": "(((Phone:equals:77)or(Account_Name:starts_with:g))and(Employees:less_than:4))"}, []),
        ({"criteria": "(Account_Name:in:Alpha,gamma\\, inc.)", "sort_order": "asc"}, ["Alpha", "gamma, inc."]),
    ],
)  # fmt: skip
async def test_search_finds(zoho: Zoho, params: dict[str, str], found: list[str]) -> None:
    """By a word, or by criteria, which come first and are joined as their brackets say; look-alikes match."""
    for name, more in (("Alpha", {}), ("Alpha-Beta", {"Phone": "77"}), ("gamma, inc.", {"Employees": 5})):
        await zoho.account(Account_Name=name, **more)
    zoho.step(10)
    answer = await zoho.crm("GET", "/Accounts/search", params=params)
    rows = answer.json()["data"] if answer.status_code == 200 else []
    assert [row["Account_Name"] for row in rows] == found


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        ("bad", "INVALID_QUERY"),
        ("((Phone:equals:1)and)", "INVALID_QUERY"),
        ("((Phone:equals:1)", "INVALID_QUERY"),
        ("(Nope:equals:1)", "INVALID_QUERY"),
        ("(Phone:sounds_like:1)", "INVALID_QUERY"),
        ("(" + "and".join(["(Phone:equals:1)"] * 16) + ")", "CRITERIA_LIMIT_EXCEEDED"),
        ("(Phone:in:" + ",".join(["1"] * 101) + ")", "LIMIT_EXCEEDED"),
    ],
)
async def test_wrong_criteria_are_refused(zoho: Zoho, criteria: str, code: str) -> None:
    """What cannot be read, what is not there, and too much of it."""
    answer = await zoho.crm("GET", "/Accounts/search", params={"criteria": criteria})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_search_lags_behind(zoho: Zoho) -> None:
    """A new record is not found until the index has caught up."""
    await zoho.account()
    params = {"criteria": "(Account_Name:equals:acme)", "fields": "Account_Name"}
    assert (await zoho.crm("GET", "/Accounts/search", params=params)).status_code == 204
    zoho.step(4)
    assert (await zoho.crm("GET", "/Accounts/search", params=params)).status_code == 200


async def test_an_unknown_module_and_url_are_told_apart(zoho: Zoho) -> None:
    """INVALID_MODULE is 400, an unknown path 404; a trailing slash or ampersand is tolerated."""
    assert (await zoho.crm("GET", "/Nope", params=FIELDS)).json()["code"] == "INVALID_MODULE"
    assert (await zoho.crm("PATCH", "/Accounts/1/2/3")).status_code == 404
    assert (await zoho.crm("GET", "/org/")).status_code == 200
    assert (await zoho.crm("GET", "/users?type=CurrentUser&")).status_code == 200


async def test_a_record_is_named_by_an_external_field(zoho: Zoho) -> None:
    """GET, PUT and DELETE with X-EXTERNAL take its value in the path; without the header it is no id."""
    await zoho.control("POST", "/fields", {"module": "Accounts", "api_name": "Shop_ID", "external": True})
    record, other = await zoho.account(Shop_ID="S-1"), await zoho.account(Account_Name="B", Shop_ID="S-2")
    fields = (await zoho.crm("GET", "/settings/fields", params={"module": "Accounts"})).json()["fields"]
    assert [f["api_name"] for f in fields if f["external"]] == ["Shop_ID"]
    headers = {"X-EXTERNAL": "Contacts.Other_ID, Accounts.Shop_ID"}
    got = await zoho.crm("GET", "/Accounts/S-1", headers=headers)
    assert got.json()["data"][0]["id"] == record
    put = await zoho.crm("PUT", "/Accounts/S-1", {"data": [{"Phone": "5"}]}, headers=headers)
    assert put.json()["data"][0]["details"]["id"] == record
    gone = await zoho.crm("DELETE", "/Accounts/S-2", headers=headers)
    assert gone.json()["data"][0]["details"]["id"] == other
    for unnamed in ({}, {"X-EXTERNAL": "Accounts.Account_Name"}, {"X-EXTERNAL": "Contacts.Shop_ID"}):
        assert (await zoho.crm("GET", "/Accounts/S-1", headers=unnamed)).json()["code"] == "INVALID_DATA"
    calls = (await zoho.control("GET", "/requests?product=crm&limit=100"))["requests"]
    assert [c["record_ids"] for c in calls if c["endpoint"].endswith("/{module}/{id}")][:3] == [
        [record],
        [record],
        [other],
    ]
