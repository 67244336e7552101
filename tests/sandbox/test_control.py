"""Faults, limits, log, clock, import and export."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.switches import Switches

if TYPE_CHECKING:
    from tests.sandbox.conftest import Maker, Zoho

FIELDS = {"fields": "Account_Name"}


async def test_a_product_can_be_down_for_a_count_of_calls(zoho: Zoho) -> None:
    """crm_down answers 503 and leaves Books alone."""
    await zoho.control("POST", "/faults", {"name": "crm_down", "count": 1})
    assert (await zoho.crm("GET", "/org")).status_code == 503
    assert (await zoho.books("GET", "/contacts")).status_code == 200
    assert (await zoho.crm("GET", "/org")).status_code == 200


@pytest.mark.parametrize(("name", "stored"), [("error_before_commit", 0), ("error_after_commit", 1)])
async def test_a_server_error_strikes_before_or_after_the_commit(zoho: Zoho, name: str, stored: int) -> None:
    """After the commit the record is there although the answer was a 500."""
    await zoho.control(
        "POST", "/faults", {"name": name, "product": "books", "count": 1, "match": {"method": "POST"}}
    )
    assert (await zoho.books("POST", "/contacts", {"contact_name": "A"})).status_code == 500
    assert len((await zoho.books("GET", "/contacts")).json()["contacts"]) == stored
    last = (await zoho.control("GET", "/requests"))["requests"][-2]
    assert (last["fault"], last["committed"]) == (name, bool(stored))


async def test_a_hang_after_the_commit_raises_a_timeout_in_process(zoho: Zoho) -> None:
    """In process a hang is a ReadTimeout at once, and the write is done."""
    await zoho.control("POST", "/faults", {"name": "timeout_after_commit", "product": "crm", "count": 1})
    with pytest.raises(httpx.ReadTimeout):
        await zoho.account()
    assert (await zoho.crm("GET", "/Accounts", params=FIELDS)).status_code == 200


async def test_one_record_can_be_refused(zoho: Zoho) -> None:
    """refuse_record bears on writes of one id only."""
    one, two = await zoho.account(), await zoho.account(Account_Name="B")
    fault = {"name": "refuse_record", "code": "NOT_ALLOWED", "message": "no", "match": {"record_id": one}}
    await zoho.control("POST", "/faults", fault)
    refused = await zoho.crm("PUT", f"/Accounts/{one}", {"data": [{"Phone": "1"}]})
    assert refused.json()["data"][0]["code"] == "NOT_ALLOWED"
    assert (await zoho.crm("PUT", f"/Accounts/{two}", {"data": [{"Phone": "1"}]})).status_code == 200
    assert (await zoho.crm("GET", f"/Accounts/{one}")).status_code == 200


@pytest.mark.parametrize(("name", "code"), [("rate_minute", 44), ("rate_day", 45), ("rate_in_flight", 1070)])
async def test_each_books_429_can_be_planted(zoho: Zoho, name: str, code: int) -> None:
    """The three limits differ by code; Retry-After is a switch."""
    await zoho.control("POST", "/faults", {"name": name, "product": "books", "count": 2})
    answer = await zoho.books("GET", "/contacts")
    assert (answer.status_code, answer.json()["code"]) == (429, code)
    assert "Retry-After" not in answer.headers
    await zoho.control("PUT", "/switches", {"retry_after_on_429": True})
    assert "Retry-After" in (await zoho.books("GET", "/contacts")).headers


async def test_the_hundred_and_first_call_of_a_minute_blocks_the_org(zoho: Zoho) -> None:
    """Code 44, until the block is over; the day's quota counts down in the headers."""
    await zoho.control("PUT", "/limits", {"mode": "real"})
    for _ in range(100):
        answer = await zoho.books("GET", "/contacts")
        assert answer.status_code == 200
    assert answer.headers["X-Rate-Limit-Limit"] == "5000"
    assert answer.headers["X-Rate-Limit-Remaining"] == "4900"
    assert answer.headers["X-Rate-Limit-Reset"] == str(9 * 3600 + 30 * 60)
    assert (await zoho.books("GET", "/contacts")).json()["code"] == 44
    zoho.step(61)
    assert (await zoho.books("GET", "/contacts")).status_code == 200


async def test_the_days_quota_returns_at_midnight_of_the_orgs_zone(zoho: Zoho) -> None:
    """Code 45 until local midnight."""
    await zoho.control("PUT", "/limits", {"books_per_day": 1})
    await zoho.books("GET", "/contacts")
    assert (await zoho.books("GET", "/contacts")).json()["code"] == 45
    zoho.step(9 * 3600 + 30 * 60)
    await zoho.login()
    assert (await zoho.books("GET", "/contacts")).status_code == 200


async def test_crm_credits_are_charged_by_ten_records_and_shown_from_half(zoho: Zoho) -> None:
    """A hundred records in one call cost ten credits; the header appears at 50 %."""
    await zoho.control("PUT", "/limits", {"crm_credits_per_day": 20})
    answer = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": str(n)} for n in range(90)]})
    assert "X-API-CREDITS-REMAINING" not in answer.headers
    answer = await zoho.crm("GET", "/Accounts", params=FIELDS)
    assert answer.headers["X-API-CREDITS-REMAINING"] == "10"
    answer = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": str(n)} for n in range(100)]})
    assert answer.status_code == 201
    assert (await zoho.crm("GET", "/org")).json()["code"] == "TOO_MANY_REQUESTS"


async def test_crm_credits_return_24_hours_after_they_were_spent(zoho: Zoho) -> None:
    """The window rolls: midnight changes nothing."""
    await zoho.control("PUT", "/limits", {"crm_credits_per_day": 2})
    await zoho.crm("GET", "/org")
    zoho.step(12 * 3_600)
    await zoho.login()
    await zoho.crm("GET", "/org")
    zoho.step(12 * 3_600 - 1)
    await zoho.login()
    assert (await zoho.crm("GET", "/org")).status_code == 429
    zoho.step(1)
    assert (await zoho.crm("GET", "/org")).status_code == 200
    assert (await zoho.crm("GET", "/org")).status_code == 429


async def test_heavy_crm_calls_have_a_lower_limit_in_flight(make_zoho: Maker) -> None:
    """COQL and writes of more than ten records count apart; light calls beside them do not."""
    zoho = await make_zoho(latency=0.05)
    await zoho.control("PUT", "/limits", {"crm_in_flight": 9, "crm_sub_in_flight": 1})
    query = {"select_query": "select id from Accounts where id is not null"}
    heavy = [zoho.crm("POST", "/coql", query) for _ in range(2)]
    light = [zoho.crm("GET", "/org") for _ in range(5)]
    codes = [a.status_code for a in await asyncio.gather(*heavy, *light)]
    assert sorted(codes) == [200] * 5 + [204, 429]


@pytest.mark.parametrize(("plan", "most"), [("Professional", 10), ("Free", 5)])
async def test_so_many_calls_of_books_are_in_flight_at_once(make_zoho: Maker, plan: str, most: int) -> None:
    """Code 1070 for each beyond them, by the plan; the next call is taken again."""
    zoho = await make_zoho(latency=0.05, limits="real", books_plan=plan)
    answers = await asyncio.gather(*(zoho.books("GET", "/contacts") for _ in range(most + 2)))
    assert sorted(a.json()["code"] for a in answers) == [0] * most + [1070, 1070]
    assert (await zoho.books("GET", "/contacts")).status_code == 200


async def test_fifteen_calls_of_crm_are_in_flight_at_once(make_zoho: Maker) -> None:
    """Light ones; what is beyond them is refused as too many."""
    zoho = await make_zoho(latency=0.05, limits="real")
    answers = await asyncio.gather(*(zoho.crm("GET", "/org") for _ in range(17)))
    assert sorted(a.status_code for a in answers) == [200] * 15 + [429] * 2


async def test_answers_carry_the_products_own_time(zoho: Zoho) -> None:
    """Date comes from the clock that can be set, skew included."""
    await zoho.control("POST", "/clock", {"skew": {"books": -5}})
    assert (await zoho.crm("GET", "/org")).headers["Date"] == "Mon, 23 Nov 2026 09:00:00 GMT"
    assert (await zoho.books("GET", "/contacts")).headers["Date"] == "Mon, 23 Nov 2026 08:59:55 GMT"


async def test_the_log_has_one_line_for_each_call_and_no_secret(make_zoho: Maker, tmp_path: Path) -> None:
    """Calls are logged with template, ids and status; tokens and control calls are not."""
    log = tmp_path / "deep" / "requests.jsonl"
    zoho = await make_zoho(log_path=log)
    await zoho.login("1000.secret")
    record = await zoho.account()
    await zoho.control("GET", "/health")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(e["seq"], e["endpoint"], e["status"]) for e in lines] == [
        (1, "POST /oauth/v2/token", 200),
        (2, "POST /oauth/v2/token", 200),
        (3, "POST /crm/v8/{module}", 201),
    ]
    assert (lines[2]["record_ids"], lines[2]["module"]) == ([record], "Accounts")
    assert lines[2]["request_body"] == {"data": [{"Account_Name": "Acme"}]}
    assert "secret" not in log.read_text()
    counted = await zoho.control("GET", "/requests?since_seq=1&product=crm")
    assert counted["counts"] == {"crm POST /crm/v8/{module}": 1}


async def test_import_returns_ids_in_order_and_sends_nothing(zoho: Zoho) -> None:
    """Bulk data comes in without events, with references, own times and inactive customers."""
    await zoho.control("POST", "/webhooks/books", {"url": "http://hooks.example/b"})
    body = {
        "crm": {
            "Accounts": [{"$ref": "x", "Account_Name": "X", "Modified_Time": "2026-01-01T00:00:00Z"}],
            "Contacts": [{"Last_Name": "L", "Account_Name": {"$ref": "x"}}],
        },
        "books": {
            "contacts": [
                {"contact_name": "X", "status": "inactive", "contact_persons": [{"first_name": "L"}]}
            ]
        },
    }
    ids = await zoho.control("POST", "/import", body)
    export = await zoho.control("GET", "/export")
    assert [a["id"] for a in export["crm"]["Accounts"]] == ids["crm"]["Accounts"]
    assert export["crm"]["Accounts"][0]["Modified_Time"] == "2026-01-01T05:30:00+05:30"
    assert export["crm"]["Contacts"][0]["Account_Name"]["id"] == ids["crm"]["Accounts"][0]
    assert export["books"]["contacts"][0]["status"] == "inactive"
    assert [[p["contact_person_id"] for p in export["books"]["contacts"][0]["contact_persons"]]] == ids[
        "books"
    ]["contact_persons"]
    assert (await zoho.control("GET", "/deliveries"))["total"] == 0


@pytest.mark.parametrize("seed", [3, 4])
async def test_what_was_exported_can_be_imported_again(make_zoho: Maker, seed: int) -> None:
    """All of it is as it was, also in a sandbox of another seed, which knows its users by other ids."""
    first = await make_zoho(size=40, seed=3)
    account = await first.control("POST", "/crm/Accounts", {"Account_Name": "A", "user": "Ben Okri"})
    await first.control("PATCH", f"/crm/Accounts/{account['id']}", {"Phone": "1", "user": "Ida Lund"})
    persons = [{"first_name": "A"}, {"first_name": "B", "is_primary_contact": True}]
    contact = await first.customer(contact_persons=persons, billing_address={"city": "Pune"})
    path = f"/contacts/{contact['contact_id']}"
    await first.books("POST", f"{path}/address", {"city": "Nashik"})
    bill = {"customer_id": contact["contact_id"], "line_items": [{"name": "x", "rate": 5}]}
    bill = (await first.books("POST", "/invoices", bill)).json()["invoice"]
    first.step(5)
    await first.books("POST", f"/invoices/{bill['invoice_id']}/status/sent")
    await first.books("POST", f"{path}/inactive")
    held = await first.control("GET", "/export")
    second = await make_zoho(seed=seed)
    await second.control("POST", "/import", {name: held[name] for name in ("crm", "books")})
    again = await second.control("GET", "/export")
    assert _as_held(again) == _as_held(held)


def _as_held(held: dict[str, Any]) -> Any:
    """The export with users by name, and without the ids of the setup, which each seed draws anew."""
    own = {
        "created_by_id", "last_modified_by_id", "created_by", "currency_id", "field_id", "customfield_id", "$layout_id",
        "payment_terms_id",
    }  # fmt: skip

    def bare(part: Any) -> Any:
        if isinstance(part, list):
            return [bare(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "email" in part and set(part) == {"name", "id", "email"}:
            return part["name"]
        return {name: bare(one) for name, one in part.items() if name not in own}

    return bare({name: held[name] for name in ("crm", "books")})


async def test_no_id_of_what_was_imported_is_given_again(make_zoho: Maker) -> None:
    """What is made after an import has an id of its own; it took the place of what was there."""
    zoho = await make_zoho(size=40)
    held = await zoho.control("GET", "/export")
    await zoho.control("POST", "/reset", {})
    await zoho.control("POST", "/import", held)
    for number in range(60):
        await zoho.account(Account_Name=f"N{number}")
        await zoho.customer(contact_name=f"N{number}", contact_persons=[{"first_name": "A"}])
    there = await zoho.control("GET", "/export")
    assert len(there["crm"]["Accounts"]) == len(held["crm"]["Accounts"]) + 60
    assert len(there["books"]["contacts"]) == len(held["books"]["contacts"]) + 60
    persons = [p["contact_person_id"] for c in there["books"]["contacts"] for p in c["contact_persons"]]
    assert len(persons) == len(set(persons))


async def test_a_user_edit_notes_the_user(zoho: Zoho) -> None:
    """Asha Rao by default, anyone by name."""
    account = await zoho.control("POST", "/crm/Accounts", {"Account_Name": "A"})
    assert account["Modified_By"]["name"] == "Asha Rao"
    edited = await zoho.control("PATCH", f"/crm/Accounts/{account['id']}", {"Phone": "1", "user": "Ben Okri"})
    assert edited["Modified_By"]["name"] == "Ben Okri"
    contact = await zoho.control("POST", "/books/contacts", {"contact_name": "A"})
    ours = (await zoho.books("PUT", f"/contacts/{contact['contact_id']}", {"notes": "x"})).json()["contact"]
    assert ours["last_modified_by_id"] != contact["last_modified_by_id"]


async def test_a_custom_field_can_be_added(zoho: Zoho) -> None:
    """Fields added by control appear in the metadata and hold values."""
    await zoho.control(
        "POST",
        "/fields",
        {"module": "Accounts", "api_name": "Tier", "picklist": ["A"], "data_type": "picklist"},
    )
    await zoho.control("POST", "/fields", {"product": "books", "api_name": "cf_tier", "unique": True})
    record = await zoho.account(Tier="A")
    assert (await zoho.crm("GET", f"/Accounts/{record}")).json()["data"][0]["Tier"] == "A"
    listed = (await zoho.books("GET", "/settings/fields", params={"entity": "contact"})).json()["fields"]
    assert "cf_tier" in [f["api_name"] for f in listed]


async def test_reset_empties_everything_and_keeps_tokens(zoho: Zoho) -> None:
    """A reset forgets records, faults and switches; the same seed draws the same ids."""
    first = await zoho.account()
    await zoho.control("PUT", "/switches", {"contacts_lmt_filter": True})
    await zoho.control("POST", "/faults", {"name": "books_down"})
    await zoho.control("POST", "/reset", {"seed": 1})
    assert (await zoho.crm("GET", "/Accounts", params=FIELDS)).status_code == 204
    assert (await zoho.control("GET", "/switches"))["contacts_lmt_filter"]["value"] is False
    assert (await zoho.control("GET", "/faults"))["faults"] == []
    assert await zoho.account() == first


async def test_the_clock_is_set_and_stepped(zoho: Zoho) -> None:
    """Every timestamp comes from it."""
    await zoho.control("POST", "/clock", {"set": "2027-03-01T00:00:00Z"})
    assert (await zoho.control("POST", "/clock", {"step": 60}))["now"] == "2027-03-01T00:01:00+00:00"


MISTAKES: list[tuple[str, str, Any, int, str]] = [
    (
        "PUT",
        "/switches",
        {"null_clear": True},
        400,
        "unknown switch 'null_clear'; did you mean 'null_clears'?",
    ),
    ("PUT", "/switches", {"webhook_envelope": "x"}, 400, "switch webhook_envelope: Input should be 'json'"),
    ("PUT", "/limits", {"nonsense": 1}, 400, "unknown limit 'nonsense'; known: books_in_flight, "),
    ("PUT", "/limits", {"mode": "x"}, 400, "mode is off, real or scaled"),
    ("POST", "/faults", {"name": "rate_dya"}, 400, "unknown fault 'rate_dya'; did you mean 'rate_day'?"),
    ("POST", "/faults", {}, 400, "unknown fault ''; known: "),
    ("POST", "/faults", {"name": "slow", "times": 1}, 400, "unknown option of slow 'times'; known: count, "),
    (
        "POST",
        "/faults",
        {"name": "slow", "match": {"verb": 1}},
        400,
        "unknown match 'verb'; known: endpoint, ",
    ),
    (
        "POST",
        "/faults",
        {"name": "record_deleted", "id": "1"},
        400,
        "unknown option of record_deleted 'id'; ",
    ),
    (
        "POST",
        "/faults",
        {"name": "slow", "product": "bok"},
        400,
        "unknown product 'bok'; did you mean 'books'?",
    ),
    (
        "POST",
        "/faults",
        {"name": "times_equal", "product": "bok"},
        400,
        "unknown product 'bok'; did you mean ",
    ),
    (
        "POST",
        "/faults",
        {"name": "edit_beside", "moment": "befor"},
        400,
        "unknown moment of edit_beside 'befor'; ",
    ),
    (
        "POST",
        "/faults",
        {"name": "page_shifts", "change": "swap"},
        400,
        "unknown change of page_shifts 'swap'; ",
    ),
    (
        "POST",
        "/faults",
        {"name": "text_form", "form": "nfd"},
        400,
        "unknown form of text_form 'nfd'; did you mean ",
    ),
    ("POST", "/faults", {"name": "other_zone", "zone": "Mars"}, 400, "no zone is called 'Mars'"),
    (
        "POST",
        "/faults",
        {"name": "slow", "seconds": "1"},
        400,
        "seconds is a number from 0 to 1000000, not '1'",
    ),
    (
        "POST",
        "/faults",
        {"name": "crm_down", "status": 99},
        400,
        "status is a number from 100 to 599, not 99",
    ),
    (
        "POST",
        "/faults",
        {"name": "partial_batch", "every": 0},
        400,
        "every is a number from 1 to 1000, not 0",
    ),
    ("POST", "/faults", {"name": "slow", "count": []}, 400, "the body has not the shape that is wanted: "),
    ("POST", "/faults/draw", {"names": ["times_equal"]}, 400, "unknown fault that strikes calls "),
    ("POST", "/clock", {"stop": 1}, 400, "unknown key 'stop'; did you mean 'step'?"),
    ("POST", "/clock", {"set": "noon"}, 400, "Invalid isoformat string"),
    ("POST", "/deliveries", {}, 400, "url is wanted"),
    ("POST", "/import", {"Accounts": []}, 400, "unknown key 'Accounts'; known: books, "),
    ("POST", "/import", {"crm": {"Accounts": "x"}}, 400, "the body has not the shape that is wanted"),
    ("POST", "/orgs", {"country": "FR"}, 400, "country is one of ['GB', 'IN', 'US']"),
    *(
        ("POST", "/orgs", {"size": size}, 400, f"size is a whole number from 0 to 100000, not {size!r}")
        for size in (100_001, -1, 1.5, "5", True)
    ),
    ("GET", "/requests?limt=1", None, 400, "unknown parameter 'limt'; did you mean 'limit'?"),
    ("GET", "/request", None, 404, "no control call /request of this method: see docs/sandbox.md"),
    ("PATCH", "/crm/Accounts/1", {"Phone": "1"}, 400, "the id given seems to be invalid"),
    ("PATCH", "/books/contacts/1", {"notes": "1"}, 404, "Contact does not exist."),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "told"), MISTAKES)
async def test_a_mistake_in_a_control_call_is_told(
    zoho: Zoho, method: str, path: str, body: Any, status: int, told: str
) -> None:
    """A word that is not known is never ignored in silence, and a typing mistake gets the word that was meant."""
    answer = await zoho.control(method, path, body, status=status)
    assert told in answer.get("error", answer.get("message"))


async def test_the_front_page_tells_what_runs_here(zoho: Zoho) -> None:
    """Each of its control calls answers."""
    told = (await zoho.http.get("/")).json()
    assert told["crm"] == "/crm/v8"
    for path in told["yours"]:
        assert (await zoho.http.get(path)).status_code == 200


def test_every_switch_is_described() -> None:
    """A switch has a sentence and a source."""
    for name, told in Switches().described().items():
        assert told["description"], name
        assert told["source"], name
