"""Zoho's own SDKs for CRM, of Python and of Node, against the sandbox; only their base URLs are ours."""

from __future__ import annotations

import csv
import io
import zipfile
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.outside.support import DRIVERS, NODE_HOME, NOW, Zoho

PYTHON_SDK, NODE_SDK = DRIVERS / "crm_sdk.py", DRIVERS / "crm_sdk.mjs"

LIVES: list[dict[str, Any]] = [
    {
        "module": "Accounts",
        "create": {
            "Account_Name": "Thistle & Rye Ltd",
            "Phone": "+44 20 7946 0001",
            "Account_Type": {"choice": "Customer"},
            "Annual_Revenue": 125000.5,
            "Books_Customer_ID": "B-1",
        },
        "update": {"Phone": "+44 20 7946 0002"},
        "bulk_update": {"Billing_City": "Łódź"},
        "upsert": [
            {"Books_Customer_ID": "B-1", "Website": "https://rye.example"},
            {"Books_Customer_ID": "B-2"},
        ],
        "name": "Account_Name",
        "key": "Books_Customer_ID",
    },
    {
        "module": "Contacts",
        "create": {
            "Last_Name": "Okri",
            "First_Name": "Ben",
            "Email": "ben@rye.example",
            "Billing_Contact": True,
        },
        "update": {"First_Name": "Benjamin"},
        "bulk_update": {"Mailing_City": "Leeds"},
        "upsert": [{"Email": "ben@rye.example", "Title": "Owner"}, {"Email": "asha@rye.example"}],
        "name": "Last_Name",
        "key": "Email",
    },
    {
        "module": "Vendors",
        "create": {"Vendor_Name": "Paper & Co", "Phone": "020 1"},
        "update": {"Phone": "020 2"},
        "bulk_update": {"City": "Pune"},
        "upsert": [{"Vendor_Name": "Paper & Co", "Email": "p@paper.example"}, {"Vendor_Name": "Ink & Co"}],
        "name": "Vendor_Name",
        "key": "Vendor_Name",
    },
    {
        "module": "Products",
        "create": {
            "Product_Name": "Bolt M8",
            "Product_Code": "B-M8",
            "Unit_Price": 12.5,
            "Product_Active": True,
        },
        "update": {"Unit_Price": 13.25},
        "bulk_update": {"Product_Active": False},
        "upsert": [{"Product_Code": "B-M8", "Description": "zinc"}, {"Product_Code": "N-M8"}],
        "name": "Product_Name",
        "key": "Product_Code",
        "delete_as": "many",
    },
]


@pytest.fixture(
    params=[PYTHON_SDK, pytest.param(NODE_SDK, marks=pytest.mark.node)], ids=lambda sdk: sdk.suffix[1:]
)
def sdk(request: pytest.FixtureRequest) -> Path:
    """The program that drives an SDK; both tell what they saw in the same form."""
    driver: Path = request.param
    assert driver == PYTHON_SDK or (NODE_HOME / "node_modules").is_dir(), (
        "`make outside` installs the Node SDK"
    )
    return driver


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v["choice"] if isinstance(v, dict) and "choice" in v else v for k, v in values.items()}


def _first(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["body"]["data"][0]
    return found


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life["module"])
def test_a_record_lives_its_whole_life(zoho: Zoho, sdk: Path, life: dict[str, Any]) -> None:
    """Created, read, updated twice, upserted, deleted: what the SDK tells is what the sandbox holds."""
    module, name = life["module"], life["name"]
    changed, added = life["upsert"]
    created = _flat(life["create"])
    upsert = [{name: created[name], **changed}, {name: "Somebody new", **added}]
    names = ",".join({**created, **life["update"], **life["bulk_update"], **changed})
    told = zoho.run(sdk, "life", {**life, "upsert": upsert, "fields": names})

    made, (updated, inserted) = int(_first(told["create"])["details"]["id"]), told["upsert"]["body"]["data"]
    assert told["create"]["status"] == 201
    assert _first(told["get"]) | created == _first(told["get"])
    assert _first(told["get"])["id"] == made
    assert [told[step]["status"] for step in ("update", "bulk_update", "upsert")] == [200, 200, 200]
    assert (updated["action"], updated["duplicate_field"]) == ("update", life["key"])
    assert (inserted["action"], inserted["duplicate_field"]) == ("insert", None)
    final = {**created, **life["update"], **life["bulk_update"], **changed, "id": made}
    assert _first(told["get_again"]) == final
    assert (told["delete"]["status"], told["get_deleted"]["status"]) == (200, 204)

    held = zoho.held("crm", module)
    assert list(held) == [inserted["details"]["id"]]
    (left,) = held.values()
    assert {key: left[key] for key in upsert[1]} == upsert[1]
    assert left["Modified_By"]["name"] == "Integration User"
    assert [row["id"] for row in zoho.control("GET", "/export")["crm_deleted"][module]] == [str(made)]


def test_a_lookup_is_set_and_read_as_a_record(zoho: Zoho, sdk: Path) -> None:
    """A Contact is put under its Account by the SDK's own record type."""
    account = zoho.control("POST", "/crm/Accounts", {"Account_Name": "Parent Ltd"})["id"]
    told = zoho.run(
        sdk,
        "life",
        {
            "module": "Contacts",
            "create": {
                "Last_Name": "Child",
                "Email": "c@parent.example",
                "Account_Name": {"lookup": account},
            },
            "update": {"Phone": "1"},
            "bulk_update": {"Phone": "2"},
            "upsert": [
                {"Last_Name": "Child", "Email": "d@parent.example", "Account_Name": {"lookup": account}}
            ],
            "key": "Email",
            "fields": "Last_Name,Account_Name",
        },
    )
    assert _first(told["get"])["Account_Name"] == {"id": int(account), "name": "Parent Ltd"}
    (left,) = zoho.held("crm", "Contacts").values()
    assert left["Account_Name"]["id"] == account


def test_pages_have_numbers_up_to_2000_records_and_tokens_beyond(zoho: Zoho, sdk: Path) -> None:
    """Eleven pages: ten by number, all by token, each record once; the eleventh has no number."""
    rows = [{"Account_Name": f"Company {n}"} for n in range(2_050)]
    zoho.control("POST", "/import", {"crm": {"Accounts": rows}})
    told = zoho.run(sdk, "pages", {"per_page": 200, "pages": 10})
    ids = sorted(map(int, zoho.held("crm", "Accounts")), reverse=True)
    assert [len(page) for page in told["by_page"]] == [200] * 10
    assert list(chain(*told["by_page"])) == ids[:2_000]
    assert [len(page) for page in told["by_token"]] == [200] * 10 + [50]
    assert list(chain(*told["by_token"])) == ids
    assert (told["beyond"]["status"], told["beyond"]["body"]["code"]) == (
        400,
        "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
    )


def test_changed_and_deleted_records_are_told(zoho: Zoho, sdk: Path) -> None:
    """If-Modified-Since on both, the three types of deleted records, and nothing new as 304 or 204."""
    rows = [{"Account_Name": name} for name in ("Old", "Edited", "Binned", "Shredded")]
    zoho.control("POST", "/import", {"crm": {"Accounts": rows}})
    by_name = {row["Account_Name"]: record_id for record_id, row in zoho.held("crm", "Accounts").items()}
    zoho.control("POST", "/clock", {"step": 60})
    zoho.control("PATCH", f"/crm/Accounts/{by_name['Edited']}", {"Phone": "1"})
    zoho.control("DELETE", f"/crm/Accounts/{by_name['Binned']}")
    zoho.control("DELETE", f"/crm/Accounts/{by_name['Shredded']}", {"permanent": True})
    asked = {"module": "Accounts", "fields": "Account_Name"}
    told = zoho.run(sdk, "changed", {**asked, "since": "2026-11-23T09:00:30+00:00"})
    later = zoho.run(sdk, "changed", {**asked, "since": "2026-11-23T09:05:00+00:00"})

    def ids(answer: dict[str, Any]) -> set[str]:
        return {str(row["id"]) for row in answer["body"]["data"]}

    assert ids(told["changed"]) == {by_name["Edited"]}
    assert ids(told["all"]) == ids(told["since"]) == {by_name["Binned"], by_name["Shredded"]}
    assert ids(told["recycle"]) == {by_name["Binned"]}
    assert ids(told["permanent"]) == {by_name["Shredded"]}
    row = told["recycle"]["body"]["data"][0]
    assert (row["display_name"], row["deleted_time"]) == ("Binned", "2026-11-23T09:01:00+00:00")
    assert row["deleted_by"]["name"] == "Asha Rao"
    assert (later["changed"]["status"], later["since"]["status"]) == (304, 204)


def test_a_channel_is_opened_renewed_heard_and_closed(zoho: Zoho, sdk: Path) -> None:
    """Watch: enable, details, replace, renew with other events; a notice goes out; less events; disable."""
    given = {
        "channel_id": "1000000068001",
        "events": ["Accounts.all"],
        "token": "first",
        "new_token": "second",
        "new_events": ["Accounts.create", "Contacts.edit"],
        "notify_url": "http://127.0.0.1:9/hook",
        "now": NOW,
    }
    told = zoho.run(sdk, "watch", given)
    assert [told[step]["status"] for step in ("enable", "replace", "renew")] == [201, 200, 200]
    (opened,), (renewed,) = told["get"]["body"]["watch"], told["get_again"]["body"]["watch"]
    assert (opened["channel_id"], opened["token"], opened["events"]) == (
        given["channel_id"],
        "first",
        ["Accounts.all"],
    )
    assert (renewed["token"], renewed["events"]) == ("second", given["new_events"])
    assert opened["channel_expiry"] == "2026-11-24T09:00:00+00:00"
    assert renewed["channel_expiry"] == "2026-11-29T09:00:00+00:00"

    account = zoho.control("POST", "/crm/Accounts", {"Account_Name": "Heard Ltd"})["id"]
    (notice,) = zoho.control("GET", "/deliveries?product=crm")["deliveries"]
    assert notice["url"] == given["notify_url"]
    assert (notice["body"]["ids"], notice["body"]["token"]) == ([account], "second")

    told = zoho.run(sdk, "unwatch", {**given, "off": ["Contacts.edit"]})
    assert [told[step]["status"] for step in ("less", "disable", "get_again")] == [200, 200, 204]
    assert told["get"]["body"]["watch"][0]["events"] == ["Accounts.create"]
    refused = told["disable_again"]["body"]["watch"][0]
    assert (refused["class"], refused["code"]) == ("APIException", "NOT_SUBSCRIBED")
    zoho.control("POST", "/crm/Accounts", {"Account_Name": "Unheard Ltd"})
    assert len(zoho.control("GET", "/deliveries?product=crm")["deliveries"]) == 1


def test_a_bulk_read_yields_the_records_as_csv(zoho: Zoho, sdk: Path) -> None:
    """A job is made and, once it is done, its callback is sent and its zipped CSV holds what the criteria ask for."""
    names = ["Thistle, Rye & Sons", "Thistle “Quoted”", "Other"]
    zoho.control("POST", "/import", {"crm": {"Accounts": [{"Account_Name": n, "Phone": "1"} for n in names]}})
    order = {
        "module": "Accounts",
        "fields": ["Account_Name", "Phone"],
        "where": ["Account_Name", "starts_with", "Thistle"],
        "callback": "http://127.0.0.1:9/done",
    }
    told = zoho.run(sdk, "bulk_order", order)
    job = _first(told["create"])["details"]["id"]
    assert (told["create"]["status"], _first(told["create"])["code"]) == (201, "ADDED_SUCCESSFULLY")
    assert (_first(told["job"])["state"], told["early"]["body"]["class"]) == ("ADDED", "APIException")
    zoho.control("POST", "/clock", {"step": 10})
    told = zoho.run(sdk, "bulk_fetch", {"job": job})
    assert (_first(told["job"])["state"], _first(told["job"])["result"]["count"]) == ("COMPLETED", 2)
    (sent,) = zoho.control("GET", "/deliveries?product=crm")["deliveries"]
    assert (sent["url"], sent["body"]["job_id"], sent["body"]["state"]) == (
        order["callback"],
        job,
        "COMPLETED",
    )
    assert told["file"] == f"{job}.zip"
    with zipfile.ZipFile(zoho.folder / told["file"]) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read(f"{job}.csv").decode())))
    held = zoho.held("crm", "Accounts")
    expected = {
        record_id: row["Account_Name"] for record_id, row in held.items() if row["Account_Name"] != "Other"
    }
    assert {row["Id"]: row["Account_Name"] for row in rows} == expected


def test_queries_and_searches_find(zoho: Zoho, sdk: Path) -> None:
    """COQL with a join, a page and a fault; search by criteria, e-mail, phone, word, and without a hit."""
    rows = [
        {"$ref": n, "Account_Name": n, "Phone": f"080 {i}"}
        for i, n in enumerate(("Ada Ltd", "Abe Ltd", "Zed"))
    ]
    people = [{"Last_Name": "Rao", "Email": "rao@ada.example", "Account_Name": {"$ref": "Ada Ltd"}}]
    zoho.control("POST", "/import", {"crm": {"Accounts": rows, "Contacts": people}})
    zoho.control("POST", "/clock", {"step": 60})  # the search index lags behind
    told = zoho.run(
        sdk,
        "ask",
        {
            "coql": [
                "select Account_Name, Phone from Accounts where Account_Name like 'A%' order by Account_Name limit 1",
                "select Last_Name, Account_Name.Account_Name from Contacts where Last_Name is not null",
                "select Account_Name from Accounts where Account_Name = 'Nobody'",
                "select nonsense from",
            ],
            "search": [
                ["Accounts", {"criteria": "((Account_Name:starts_with:A)and(Phone:equals:080 0))"}],
                ["Contacts", {"email": "rao@ada.example"}],
                ["Accounts", {"phone": "080 2"}],
                ["Accounts", {"word": "Abe", "fields": "Account_Name"}],
                ["Accounts", {"word": "Nobody"}],
            ],
        },
    )
    page, joined, empty, wrong = told["coql"]
    assert [row["Account_Name"] for row in page["body"]["data"]] == ["Abe Ltd"]
    assert page["body"]["info"]["more_records"] is True
    assert _first(joined)["Account_Name.Account_Name"] == "Ada Ltd"
    assert empty["status"] == 204
    assert (wrong["status"], wrong["body"]["code"]) == (400, "SYNTAX_ERROR")
    found = [[row["id"] for row in each["body"]["data"]] for each in told["search"][:4]]
    ids = {row["Account_Name"]: int(i) for i, row in zoho.held("crm", "Accounts").items()}
    assert found == [
        [ids["Ada Ltd"]],
        [int(next(iter(zoho.held("crm", "Contacts"))))],
        [ids["Zed"]],
        [ids["Abe Ltd"]],
    ]
    assert told["search"][4]["status"] == 204


def test_modules_and_fields_are_described(zoho: Zoho, sdk: Path) -> None:
    """What the SDK learns of the org: modules, one of them, its fields with ours among them, one by id."""
    zoho.control("POST", "/fields", {"product": "crm", "module": "Vendors", "api_name": "Rating_Note"})
    told = zoho.run(sdk, "settings", {"module": "Vendors"})
    modules = {each["api_name"]: each for each in told["modules"]["body"]["modules"]}
    assert {"Accounts", "Contacts", "Vendors", "Products"} <= set(modules)
    (module,) = told["module"]["body"]["modules"]
    assert (module["api_name"], module["id"]) == ("Vendors", modules["Vendors"]["id"])
    fields = {each["api_name"]: each for each in told["fields"]["body"]["fields"]}
    assert fields["Vendor_Name"]["system_mandatory"] is True
    assert fields["Rating_Note"]["custom_field"] is True
    (field,) = told["field"]["body"]["fields"]
    assert field == fields[field["api_name"]]


def test_refusals_arrive_as_the_sdks_own_errors(zoho: Zoho, sdk: Path) -> None:
    """An invalid value, a missing one, a double, one item of several, an unknown id: nothing of it is held."""
    told = zoho.run(
        sdk,
        "refused",
        {
            "good": {"Account_Name": "Good", "Books_Customer_ID": "D-1"},
            "invalid": [{"Account_Name": "x" * 500}],
            "missing": [{"Phone": "1"}],
            "double": [{"Account_Name": "Double", "Books_Customer_ID": "D-1"}],
            "mixed": [{"Account_Name": "Also good"}, {"Phone": "3"}],
            "unknown_id": 9_000_000_000_000_000_000,
        },
    )
    good = int(_first(told["good"])["details"]["id"])
    refused = {
        name: (told[name]["status"], _first(told[name])["code"]) for name in ("invalid", "missing", "double")
    }
    assert refused == {
        "invalid": (400, "INVALID_DATA"),
        "missing": (400, "MANDATORY_NOT_FOUND"),
        "double": (400, "DUPLICATE_DATA"),
    }
    assert _first(told["double"])["details"]["duplicate_record"]["id"] == good
    assert told["mixed"]["status"] == 207
    assert [item["class"] for item in told["mixed"]["body"]["data"]] == ["SuccessResponse", "APIException"]
    assert told["unknown_id"]["status"] == 204
    assert (
        _first(told["delete_unknown_id"])["code"]
        == _first(told["update_unknown_id"])["code"]
        == "INVALID_DATA"
    )
    assert {row["Account_Name"] for row in zoho.held("crm", "Accounts").values()} == {"Good", "Also good"}


def test_a_token_is_refreshed_kept_exchanged_and_revoked(zoho: Zoho) -> None:
    """By refresh token, from the SDK's store without a call, by code, refused, revoked and then refused."""
    client = {"client_id": "1000.C", "client_secret": "s"}
    told = zoho.run(PYTHON_SDK, "tokens", {"client": {**client, "refresh_token": "1000.kept"}})
    assert told["tokens"][0]["api_domain"] == zoho.url
    kept = zoho.run(PYTHON_SDK, "tokens", {"client": {"id": told["tokens"][0]["id"]}})
    assert kept["tokens"] == told["tokens"]
    assert zoho.calls("accounts") == [("POST /oauth/v2/token", 200)]

    (zoho.folder / "tokens.csv").unlink()
    code = {**client, "grant_token": "1000.code", "redirect_url": "https://x.example"}
    exchanged = zoho.run(PYTHON_SDK, "tokens", {"client": code})["tokens"][0]
    assert exchanged["refresh_token"].startswith("1000.")
    (zoho.folder / "tokens.csv").unlink()
    again = {"client": {**client, "refresh_token": exchanged["refresh_token"]}}
    assert zoho.run(PYTHON_SDK, "tokens", {**again, "revoke": exchanged["refresh_token"]})["revoked"] is True
    (zoho.folder / "tokens.csv").unlink()
    assert "invalid_code" in zoho.run(PYTHON_SDK, "tokens", again)["refused"]
    wrong = {"client": {**client, "refresh_token": "2000.wrong"}}
    assert "invalid_code" in zoho.run(PYTHON_SDK, "tokens", wrong)["refused"]
