"""Switches that no other test of the sandbox turns: both answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.crm import http_queries
from sandbox.switches import Switches

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Zoho


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


@pytest.mark.parametrize("code", [1002, 2])
async def test_the_code_for_a_contact_that_is_not_there(zoho: Zoho, code: int) -> None:
    """Or a person, or an address; with the status that has a switch of its own."""
    await _turn(zoho, "missing_contact_code", code)
    contact = await zoho.customer()
    own = f"/contacts/{contact['contact_id']}"
    answers = [
        await zoho.books("GET", "/contacts/1"),
        await zoho.books("PUT", "/contacts/1", {"notes": "x"}),
        await zoho.books("POST", "/contacts/1/inactive"),
        await zoho.books("POST", "/contacts/contactpersons", {"contact_id": "1", "first_name": "A"}),
        await zoho.books("GET", "/contacts/contactpersons/1"),
        await zoho.books("GET", f"{own}/contactpersons/1"),
        await zoho.books("PUT", f"{own}/address/1", {"city": "x"}),
        await zoho.books("PUT", own, {"contact_persons": [{"contact_person_id": "1", "first_name": "A"}]}),
    ]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(404, code)}


@pytest.mark.parametrize(("carried", "kept"), [("display", "Person"), ("actual", "Consumer")])
async def test_a_relabelled_pick_list_value(zoho: Zoho, carried: str, kept: str) -> None:
    """Records give and take its display or its actual value; the metadata tells both; undone, all is as before."""
    await _turn(zoho, "relabelled_picklist_value", carried)
    record = await zoho.account(GST_Treatment="Consumer")

    async def told() -> tuple[str, list[tuple[str, str]]]:
        read = (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["GST_Treatment"]
        fields = (await zoho.crm("GET", "/settings/fields", params={"module": "Accounts"})).json()["fields"]
        [rows] = [f["pick_list_values"] for f in fields if f["api_name"] == "GST_Treatment"]
        return read, [(row["actual_value"], row["display_value"]) for row in rows]

    before = await told()
    label = {"name": "picklist_value_renamed", "field": "GST_Treatment"}
    other = "Person" if kept == "Consumer" else "Consumer"
    for value, to in (("Consumer", "Human"), ("Human" if carried == "display" else "Consumer", "Person")):
        await zoho.control("POST", "/faults", {**label, "value": value, "to": to})
    read, rows = await told()
    assert (read, set(rows) - set(before[1])) == (kept, {("Consumer", "Person")})
    assert len(rows) == len(before[1])
    for value, code in ((kept, "SUCCESS"), (other, "INVALID_DATA")):
        put = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"GST_Treatment": value}]})
        assert put.json()["data"][0]["code"] == code
    await zoho.control("DELETE", "/faults")
    assert await told() == before


@pytest.mark.parametrize("filled", [True, False])
async def test_the_notification_of_an_insert(zoho: Zoho, inbox: Inbox, filled: bool) -> None:
    """With the values that were inserted, or without any."""
    await _turn(zoho, "insert_notification_has_values", filled)
    channel = {"channel_id": "1", "events": ["Accounts.create"], "notify_url": "http://hooks.example/c"}
    wanted = {**channel, "return_affected_field_values": True}
    await zoho.crm("POST", "/actions/watch", {"watch": [wanted]})
    await zoho.account(Phone="5")
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    [told] = [json.loads(sent.content) for sent in inbox.received]
    phones = [row["values"]["Phone"] for row in told["affected_values"]]
    assert (told["operation"], phones) == ("insert", ["5"] if filled else [])
    assert bool(told["affected_fields"]) is filled


@pytest.mark.parametrize("seconds", [0, 100])
async def test_how_far_search_lags_behind(zoho: Zoho, seconds: int) -> None:
    """Nothing is found before, all of it then."""
    await _turn(zoho, "search_lag_seconds", seconds)
    await zoho.account(Account_Name="Lagging")
    found = []
    for step in (0, 99, 1):
        zoho.step(step)
        found.append((await zoho.crm("GET", "/Accounts/search", params={"word": "Lagging"})).status_code)
    assert found == ([200, 200, 200] if not seconds else [204, 204, 200])


@pytest.mark.parametrize("moves", [True, False])
async def test_what_a_merge_does_to_the_losers_contacts(zoho: Zoho, moves: bool) -> None:
    """They change their parent in any case."""
    await _turn(zoho, "merge_moves_children_time", moves)
    master, loser = await zoho.account(Account_Name="One"), await zoho.account(Account_Name="Two")
    child = {"Last_Name": "Rao", "Account_Name": {"id": loser}}
    made = (await zoho.crm("POST", "/Contacts", {"data": [child]})).json()["data"][0]["details"]
    zoho.step(60)
    merge = {"merge": [{"data": [{"id": loser}]}]}
    assert (await zoho.crm("POST", f"/Accounts/{master}/actions/merge", merge)).status_code == 200
    [held] = (await zoho.crm("GET", f"/Contacts/{made['id']}")).json()["data"]
    assert held["Account_Name"]["id"] == master
    assert (held["Modified_Time"] != made["Modified_Time"]) is moves


@pytest.mark.parametrize("code", ["TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED"])
async def test_the_code_of_a_crm_429(zoho: Zoho, code: str) -> None:
    """Of a limit and of a planted one."""
    await _turn(zoho, "rate_code_crm", code)
    await zoho.control("POST", "/faults", {"name": "rate_minute", "product": "crm", "count": 1})
    planted = await zoho.crm("GET", "/org")
    await zoho.control("PUT", "/limits", {"crm_credits_per_day": 0})
    reached = await zoho.crm("GET", "/org")
    for answer in (planted, reached):
        assert (answer.status_code, answer.json()["code"]) == (429, code)


@pytest.mark.parametrize("days", [30, 60])
async def test_how_long_a_purged_record_is_listed(zoho: Zoho, days: int) -> None:
    """To the day; what lies in the bin is listed as long as it lies there."""
    await _turn(zoho, "permanent_delete_listed_days", days)
    await zoho.control("DELETE", f"/crm/Accounts/{await zoho.account()}", {"permanent": True})
    statuses = []
    for step in (0, days, 1):
        zoho.step(step * 86_400)
        await zoho.login()
        statuses.append((await zoho.crm("GET", "/Accounts/deleted")).status_code)
    assert statuses == [200, 200, 204]


@pytest.mark.parametrize("attempts", [1, 3])
async def test_how_often_a_notice_is_tried(zoho: Zoho, inbox: Inbox, attempts: int) -> None:
    """Until it is answered with 2xx."""
    await _turn(zoho, "delivery_attempts", attempts)
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/b"})
    inbox.status = 500
    await zoho.customer()
    for _ in range(5):
        await zoho.world.outbox.deliver_due()
        zoho.step(60)
    assert len(inbox.received) == attempts


@pytest.mark.parametrize("code", [4, 1040])
async def test_the_code_of_a_refused_delete(zoho: Zoho, code: int) -> None:
    """A customer that has an invoice stays."""
    await _turn(zoho, "delete_refused_code", code)
    path = f"/contacts/{(customer := await zoho.customer())['contact_id']}"
    lines = [{"name": "Hinge", "quantity": 1, "rate": 5}]
    await zoho.control(
        "POST", "/books/invoices", {"customer_id": customer["contact_id"], "line_items": lines}
    )
    gone = await zoho.books("DELETE", path)
    assert (gone.status_code, gone.json()["code"]) == (400, code)
    assert (await zoho.books("GET", path)).status_code == 200


@pytest.mark.parametrize("last", ["allow", "refuse"])
@pytest.mark.parametrize("primary", ["promote", "refuse"])
async def test_the_delete_of_a_person(zoho: Zoho, primary: str, last: str) -> None:
    """Of the primary one while there is another, and of the last one."""
    await _turn(zoho, "primary_person_delete", primary)
    await _turn(zoho, "last_person_delete", last)
    persons = [{"first_name": "A", "is_primary_contact": True}, {"first_name": "B"}]
    contact = await zoho.customer(contact_persons=persons)
    first, second = (person["contact_person_id"] for person in contact["contact_persons"])
    refused = primary == "refuse"
    gone = await zoho.books("DELETE", f"/contacts/contactpersons/{first}")
    assert gone.status_code == (400 if refused else 200)
    if refused:
        await zoho.books("DELETE", f"/contacts/contactpersons/{second}")
    left = first if refused else second
    path = f"/contacts/{contact['contact_id']}"
    [person] = (await zoho.books("GET", path)).json()["contact"]["contact_persons"]
    assert (person["contact_person_id"], person["is_primary_contact"]) == (left, True)
    end = await zoho.books("DELETE", f"/contacts/contactpersons/{left}")
    assert end.status_code == (400 if last == "refuse" else 200)


@pytest.mark.parametrize("seconds", [60, 120])
async def test_how_long_a_minute_that_was_overdrawn_blocks(zoho: Zoho, seconds: int) -> None:
    """From the refusal on, however long the calls before it count."""
    await _turn(zoho, "block_seconds_after_44", seconds)
    await zoho.control("PUT", "/limits", {"books_per_minute": 1})
    statuses = []
    for step in (0, 0, seconds - 1, 1):
        zoho.step(step)
        statuses.append((await zoho.books("GET", "/contacts")).status_code)
    assert statuses == [200, 429, 429, 200]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_crm_id_written_to_books(zoho: Zoho, kept: bool) -> None:
    """On a create and on an update; where it is not kept it is ignored in silence."""
    await _turn(zoho, "zcrm_ids_writable", kept)
    contact = await zoho.customer(zcrm_account_id="11")
    path = f"/contacts/{contact['contact_id']}"
    put = await zoho.books("PUT", path, {"zcrm_contact_id": "22"})
    assert put.status_code == 200
    held = (await zoho.books("GET", path)).json()["contact"]
    assert (held["zcrm_account_id"], held["zcrm_contact_id"]) == (("11", "22") if kept else ("", ""))
    found = await zoho.books("GET", "/contacts", params={"zcrm_account_id": "11"})
    assert len(found.json()["contacts"]) == kept


@pytest.mark.parametrize(("form", "statuses"), [("list", [200, 400]), ("object", [400, 200])])
async def test_the_body_that_moves_the_end_of_a_channel(zoho: Zoho, form: str, statuses: list[int]) -> None:
    """A list of channels as the SDK sends it, or one bare as the OpenAPI file draws it."""
    await _turn(zoho, "watch_patch_body", form)
    one = {"channel_id": "1", "events": ["Accounts.all"], "notify_url": "http://hooks.example/c"}
    await zoho.crm("POST", "/actions/watch", {"watch": [one]})
    later = {**one, "channel_expiry": "2026-11-28T09:00:00Z"}
    answers = [await zoho.crm("PATCH", "/actions/watch", body) for body in ({"watch": [later]}, later)]
    assert [answer.status_code for answer in answers] == statuses
    [channel] = (await zoho.crm("GET", "/actions/watch")).json()["watch"]
    assert channel["channel_expiry"] == "2026-11-28T14:30:00+05:30"


@pytest.mark.parametrize("left_out", [True, False])
async def test_what_waits_for_approval_in_a_list_without_the_word(zoho: Zoho, left_out: bool) -> None:
    """Asked for by `approved` it is shown in any case."""
    await _turn(zoho, "unapproved_left_out", left_out)
    record = await zoho.account()
    await zoho.control("POST", f"/crm/Accounts/{record}/state", {"state": "approval"})
    zoho.step(60)
    for path, params in (("/Accounts", {"fields": "Phone"}), ("/Accounts/search", {"word": "acme"})):
        assert (await zoho.crm("GET", path, params=params)).status_code == (204 if left_out else 200)
        assert (await zoho.crm("GET", path, params={**params, "approved": "both"})).status_code == 200


@pytest.mark.parametrize("in_data", [True, False])
async def test_how_a_module_that_is_not_there_is_refused(zoho: Zoho, in_data: bool) -> None:
    """Of every write alike; a read is refused bare."""
    await _turn(zoho, "module_refusal_in_data", in_data)
    body = {"data": [{"id": "1", "Name": "x"}]}
    for method, path in (("POST", "/Nope"), ("PUT", "/Nope"), ("PUT", "/Nope/1"), ("POST", "/Nope/upsert")):
        told = (await zoho.crm(method, path, body)).json()
        item = told["data"][0] if in_data else told
        assert (item["code"], item["details"]) == ("INVALID_MODULE", {"resource_path_index": 0})
    assert (await zoho.crm("GET", "/Nope", params={"fields": "id"})).json()["code"] == "INVALID_MODULE"


@pytest.mark.parametrize("word", ["Access Denied", "access_denied"])
async def test_the_word_of_a_token_endpoint_that_is_asked_too_often(zoho: Zoho, word: str) -> None:
    """By the limit and by the fault."""
    await _turn(zoho, "token_throttle_error", word)
    await zoho.control("POST", "/faults", {"name": "token_throttled", "count": 1})
    assert (await zoho.login("1000.t"))["error"] == word
    await zoho.control("PUT", "/limits", {"tokens_per_ten_minutes": 1})
    assert "access_token" in await zoho.login("1000.t")
    assert (await zoho.login("1000.t"))["error"] == word


ODD = [
    ("crm_emoji", "kept", "Ltd 😀"),
    ("crm_emoji", "refused", None),
    ("crm_emoji", "replaced", "Ltd ?"),
    ("crm_nul", "kept", "Ltd \0"),
    ("crm_nul", "refused", None),
    ("crm_nul", "dropped", "Ltd "),
]


@pytest.mark.parametrize(("name", "answer", "kept"), ODD)
async def test_characters_that_not_every_store_takes(
    zoho: Zoho, name: str, answer: str, kept: str | None
) -> None:
    """In a text of CRM: what three bytes hold is kept in any case."""
    await _turn(zoho, name, answer)
    record = await zoho.account(Description="東京 é")
    text = "Ltd 😀" if name == "crm_emoji" else "Ltd \0"
    put = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Description": text}]})
    item = put.json()["data"][0]
    assert item["code"] == ("SUCCESS" if kept else "INVALID_DATA")
    assert item["details"].get("api_name") == (None if kept else "Description")
    held = (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["Description"]
    assert held == (kept or "東京 é")


@pytest.mark.parametrize(
    ("answer", "statuses", "more"),
    [
        ("none", [200, 200, 204], [True, False]),
        ("ends", [200, 204, 204], [False]),
        ("refused", [200, 400, 400], [True]),
    ],
)
async def test_how_far_the_list_of_deletions_goes(
    zoho: Zoho, monkeypatch: pytest.MonkeyPatch, answer: str, statuses: list[int], more: list[bool]
) -> None:
    """To its end, to the ceiling as if that were its end, or with a refusal of what comes after."""
    monkeypatch.setattr(http_queries, "CEILING", 2)
    await _turn(zoho, "deleted_ceiling", answer)
    for _ in range(3):
        await zoho.control("DELETE", f"/crm/Accounts/{await zoho.account()}")
    asked = [
        await zoho.crm("GET", "/Accounts/deleted", params={"page": page, "per_page": 2})
        for page in ("1", "2", "3")
    ]
    assert [one.status_code for one in asked] == statuses
    assert [one.json()["info"]["more_records"] for one in asked if one.status_code == 200] == more
    codes = [one.json()["data"][0]["code"] for one in asked if one.status_code == 400]
    assert set(codes) == ({"DISCRETE_PAGINATION_LIMIT_EXCEEDED"} if answer == "refused" else set())


@pytest.mark.parametrize("fires", [True, False])
async def test_an_edit_by_the_native_sync(zoho: Zoho, inbox: Inbox, fires: bool) -> None:
    """It moves the time in any case; a person's edit is told in any case."""
    await _turn(zoho, "native_sync_fires_webhook", fires)
    contact = await zoho.customer()
    item = (await zoho.books("POST", "/items", {"name": "Bolt", "rate": 1})).json()["item"]
    for entity in ("contact", "item"):
        hook = {"url": "http://hooks.example/b", "entity": entity}
        await zoho.control("POST", "/webhooks/books", hook)
    zoho.step(60)
    edits = [
        (f"/books/contacts/{contact['contact_id']}", "notes"),
        (f"/books/items/{item['item_id']}", "sku"),
    ]
    for native in (True, False):
        for path, key in edits:
            told = await zoho.control("PATCH", path, {key: f"by {native}", "$native": native})
            assert told["last_modified_time"] > contact["last_modified_time"]
        zoho.step(1)
        await zoho.world.outbox.deliver_due()
        assert len(inbox.received) == (2 if fires or not native else 0)
        inbox.received.clear()


def test_every_switch_is_turned_by_a_test() -> None:
    """Here, or in the test of what it changes; the simulation draws all of them beside."""
    tests = [
        p for p in Path(__file__).parents[1].rglob("test_*.py") if p.parent.name not in ("docs", "simulation")
    ]
    text = "".join(path.read_text() for path in tests)
    turned = set(re.findall(r"\b(\w+)(?:\"|=)", text))
    assert [name for name in Switches.model_fields if name not in turned] == []


@pytest.mark.parametrize("seconds", [0, 3])
async def test_a_list_of_books_lags_behind_the_single_read(zoho: Zoho, seconds: float) -> None:
    """Each write is in the read at once, and in the list so many seconds later: edits, new and deleted records."""
    old = (await zoho.customer(contact_name="Old"))["contact_id"]
    gone = (await zoho.customer(contact_name="Gone"))["contact_id"]
    item = (await zoho.books("POST", "/items", {"name": "Bolt", "rate": 1})).json()["item"]["item_id"]
    await zoho.control("PUT", "/switches", {"list_lag_seconds": seconds})

    async def names() -> list[str]:
        rows = (await zoho.books("GET", "/contacts")).json()["contacts"]
        items = (await zoho.books("GET", "/items")).json()["items"]
        return [row["contact_name"] for row in rows] + [row["name"] for row in items]

    before, after = ["Gone", "Old", "Bolt"], ["Made", "Older", "Nut"]
    await zoho.books("PUT", f"/contacts/{old}", {"contact_name": "Old once"})
    await zoho.books("PUT", f"/contacts/{old}", {"contact_name": "Older"})
    await zoho.books("DELETE", f"/contacts/{gone}")
    await zoho.customer(contact_name="Made")
    await zoho.books("PUT", f"/items/{item}", {"name": "Nut"})
    assert (await zoho.books("GET", f"/contacts/{old}")).json()["contact"]["contact_name"] == "Older"
    assert (await zoho.books("GET", f"/items/{item}")).json()["item"]["name"] == "Nut"
    assert await names() == (before if seconds else after)
    zoho.step(2)
    assert await names() == (before if seconds else after)
    await zoho.books("PUT", f"/contacts/{old}", {"contact_name": "Oldest"})
    zoho.step(1)
    assert await names() == (after if seconds else ["Made", "Oldest", "Nut"])
    zoho.step(2)
    assert await names() == ["Made", "Oldest", "Nut"]
    await zoho.control("PUT", "/switches", {"list_lag_seconds": 0})
    assert await names() == ["Made", "Oldest", "Nut"]
