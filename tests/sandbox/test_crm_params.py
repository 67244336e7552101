"""The documented parameters of CRM's lists, and how what is outside their form is refused (CRM dossier 2, 3, 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Zoho

FIELDS = {"fields": "Account_Name"}
UNMATCHED = "PATTERN_NOT_MATCHED"


async def _list(zoho: Zoho, **params: str) -> httpx.Response:
    return await zoho.crm("GET", "/Accounts", params={**FIELDS, **params})


async def _search(zoho: Zoho, **params: str) -> httpx.Response:
    return await zoho.crm("GET", "/Accounts/search", params={**FIELDS, **params})


def _names(answer: httpx.Response) -> list[str]:
    return [row["Account_Name"] for row in answer.json()["data"]] if answer.status_code == 200 else []


@pytest.mark.parametrize("state", ["approval", "review", "locked"])
async def test_approval_narrows_lists_and_searches(zoho: Zoho, state: str) -> None:
    """What waits for approval or review is not approved, and left out unless asked for; a lock is neither."""
    waiting = await zoho.account(Account_Name="Acme East")
    await zoho.account(Account_Name="Acme West")
    await zoho.control("POST", f"/crm/Accounts/{waiting}/state", {"state": state})
    zoho.step(60)
    waits = [] if state == "locked" else ["Acme East"]
    rest = ["Acme West", "Acme East"] if state == "locked" else ["Acme West"]
    for ask in (_list, _search):
        asked = {"word": "acme"} if ask is _search else {}
        assert _names(await ask(zoho, approved="false", **asked)) == waits
        assert _names(await ask(zoho, approved="true", **asked)) == rest
        assert len(_names(await ask(zoho, approved="both", **asked))) == 2
        assert _names(await ask(zoho, **asked)) == rest
    pending = {"approval": "approval_process_pending", "review": "review_process_pending"}.get(state)
    assert _names(await _search(zoho, word="acme", approval_state="approved")) == rest
    if pending:
        assert _names(await _search(zoho, word="acme", approval_state=pending)) == waits
    body = (await zoho.crm("GET", f"/Accounts/{waiting}")).json()["data"][0]
    assert (body["$approved"], body["$approval_state"]) == (state == "locked", pending or "approved")


async def test_no_record_of_the_served_modules_is_converted(zoho: Zoho) -> None:
    """Only leads are: true finds nothing, false and both find all."""
    await zoho.account()
    zoho.step(60)
    for ask, asked in ((_list, {}), (_search, {"word": "acme"})):
        assert (await ask(zoho, converted="true", **asked)).status_code == 204
        assert _names(await ask(zoho, converted="false", **asked)) == ["Acme"]
        assert _names(await ask(zoho, converted="both", **asked)) == ["Acme"]


@pytest.mark.parametrize(
    ("params", "code", "details"),
    [
        ({"approved": "yes"}, UNMATCHED, {"param_name": "approved"}),
        ({"converted": "1"}, UNMATCHED, {"param_name": "converted"}),
        ({"include_child": "both"}, UNMATCHED, {"param_name": "include_child"}),
        ({"cvid": "all"}, "INVALID_DATA", {"param_name": "cvid"}),
        ({"cvid": "554023000000095005"}, "INVALID_DATA", {"param_name": "cvid"}),
        ({"territory_id": "554023000000095005"}, "INVALID_DATA", {"param_name": "territory_id"}),
        (
            {"cvid": "1", "sort_by": "id"},
            "AMBIGUITY_DURING_PROCESSING",
            {"ambiguity_due_to": [{"param_name": "cvid"}, {"param_name": "sort_by"}]},
        ),
        (
            {"page": "1", "page_token": "x"},
            "AMBIGUITY_DURING_PROCESSING",
            {"ambiguity_due_to": [{"param_name": "page"}, {"param_name": "page_token"}]},
        ),
        ({"page_token": "x"}, "TOKEN_BOUND_DATA_MISMATCH", {"param_name": "page_token"}),
        (
            {"sort_order": "up"},
            "INVALID_DATA",
            {"param_name": "sort_order", "supported_values": ["asc", "desc"]},
        ),
    ],
)
async def test_a_list_refuses_what_is_not_of_the_documented_form(
    zoho: Zoho, params: dict[str, str], code: str, details: dict[str, Any]
) -> None:
    """With the code and the details of Zoho's own examples; there are no custom views and no territories."""
    await zoho.account()
    answer = await _list(zoho, **params)
    assert (answer.status_code, answer.json()["code"], answer.json()["details"]) == (400, code, details)


async def test_an_old_page_token_has_expired(zoho: Zoho) -> None:
    """After a day, as Zoho's example draws it."""
    await zoho.account()
    await zoho.account(Account_Name="B")
    token = (await _list(zoho, per_page="1")).json()["info"]["next_page_token"]
    zoho.step(86_400)
    await zoho.login()
    answer = (await _list(zoho, per_page="1", page_token=token)).json()
    assert (answer["code"], answer["details"]) == (
        "EXPIRED_VALUE",
        {"api_name": "page_token", "json_path": "$.query.page_token"},
    )


async def test_deleted_records_are_listed_by_type(zoho: Zoho) -> None:
    """Recycle, permanent or all, which is the default."""
    binned, purged = await zoho.account(), await zoho.account(Account_Name="B")
    await zoho.crm("DELETE", "/Accounts", params={"ids": f"{binned},{purged}"})
    await zoho.control("DELETE", f"/crm/Accounts/{purged}", {"permanent": True})
    found = {
        kind: {
            r["id"]
            for r in (await zoho.crm("GET", "/Accounts/deleted", params={"type": kind})).json()["data"]
        }
        for kind in ("all", "recycle", "permanent")
    }
    assert found == {"all": {binned, purged}, "recycle": {binned}, "permanent": {purged}}


@pytest.mark.parametrize(
    ("path", "params", "code", "details"),
    [
        ("/Accounts/deleted", {"type": "purged"}, UNMATCHED, {"param_name": "type"}),
        ("/Nope/deleted", {}, "INVALID_MODULE", {"resource_path_index": 0}),
    ],
)
async def test_what_deleted_refuses_stands_in_data(
    zoho: Zoho, path: str, params: dict[str, str], code: str, details: dict[str, Any]
) -> None:
    """Zoho's examples of this call draw its refusals as the one item of a list."""
    answer = await zoho.crm("GET", path, params=params)
    (item,) = answer.json()["data"]
    assert (answer.status_code, item["code"], item["details"]) == (400, code, details)


async def test_a_search_names_what_it_looks_for(zoho: Zoho) -> None:
    """Without any of the four ways Zoho names them."""
    answer = await _search(zoho)
    assert (answer.status_code, answer.json()["code"]) == (400, "EXPECTED_PARAM_MISSING")
    assert answer.json()["details"] == {"param_names": ["criteria", "email", "phone", "word"]}
    wrong = await _search(zoho, word="acme", approval_state="asleep")
    assert (wrong.status_code, wrong.json()["code"]) == (400, UNMATCHED)


async def test_a_search_sorts_by_any_field(zoho: Zoho) -> None:
    """Beside id and the times, which lists are limited to; blanks come first, downwards last; a write is seen."""
    ids = {}
    for name, employees in (("Acme B", 5), ("Acme A", None), ("Acme C", 3)):
        ids[name[-1]] = await zoho.account(Account_Name=name, Employees=employees)
    zoho.step(60)
    found = {
        (by, order): [n[-1] for n in _names(await _search(zoho, word="acme", sort_by=by, sort_order=order))]
        for by in ("Account_Name", "Employees")
        for order in ("asc", "desc")
    }
    assert found == {
        ("Account_Name", "asc"): ["A", "B", "C"],
        ("Account_Name", "desc"): ["C", "B", "A"],
        ("Employees", "asc"): ["A", "C", "B"],
        ("Employees", "desc"): ["B", "C", "A"],
    }
    await zoho.crm("PUT", f"/Accounts/{ids['A']}", {"data": [{"Account_Name": "Acme Z", "Employees": 9}]})
    zoho.step(60)
    assert [n[-1] for n in _names(await _search(zoho, word="acme", sort_by="Account_Name"))] == [
        "Z",
        "C",
        "B",
    ]
    assert [n[-1] for n in _names(await _search(zoho, word="acme", sort_by="Employees"))] == ["Z", "B", "C"]
    wrong = await _search(zoho, word="acme", sort_by="Nonsense")
    assert (wrong.status_code, wrong.json()["details"]["param_name"]) == (400, "sort_by")


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("(Employees:between:2,4)", ["Acme C"]),
        ("(Created_Time:between:2026-11-23T09:00:01Z,2026-11-23T09:00:01Z)", ["Acme C"]),
        ("(Account_Type:equals:Custom)", []),
        ("(Account_Type:equals:Customer)", ["Acme B"]),
        ("(Account_Name:equals:Acme)", ["Acme C", "Acme B"]),
    ],
)
async def test_criteria_know_ranges_and_take_picklists_exactly(
    zoho: Zoho, criteria: str, found: list[str]
) -> None:
    """Equals means contains for texts alone."""
    await zoho.account(Account_Name="Acme B", Employees=5, Account_Type="Customer")
    zoho.step(1)
    await zoho.account(Account_Name="Acme C", Employees=3)
    zoho.step(60)
    assert _names(await _search(zoho, criteria=criteria)) == found
    half = await _search(zoho, criteria="(Employees:between:2)")
    assert (half.status_code, half.json()["code"]) == (400, "INVALID_QUERY")


async def test_a_write_of_too_many_records_and_a_wrong_method_are_refused(zoho: Zoho) -> None:
    """More than a hundred are refused as one item; a served path with another method is told apart from no path."""
    answer = await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "A"}] * 101})
    (item,) = answer.json()["data"]
    assert (answer.status_code, item["code"]) == (400, "LIMIT_EXCEEDED")
    assert item["details"] == {"maximum_length": 100, "api_name": "data"}
    wrong = await zoho.crm("PATCH", "/Accounts/1", {"data": [{}]})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "INVALID_REQUEST_METHOD")
    nowhere = await zoho.crm("PATCH", "/Accounts/1/2/3/4", {"data": [{}]})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "INVALID_URL_PATTERN")


async def test_a_locked_record_names_the_lock(zoho: Zoho) -> None:
    """RECORD_LOCKED carries the action that locked it; a wait for approval has none."""
    record = await zoho.account()
    refused = {}
    for state in ("locked", "approval"):
        await zoho.control("POST", f"/crm/Accounts/{record}/state", {"state": state})
        answer = await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "1"}]})
        refused[state] = answer.json()["data"][0]["details"].get("action")
    assert refused == {"locked": "record_locking", "approval": None}


async def test_types_of_fields_and_users_are_applied(zoho: Zoho) -> None:
    """No field is unused, no user is gone; another type of field is refused."""
    module = {"module": "Accounts"}
    assert (await zoho.crm("GET", "/settings/fields", params={**module, "type": "used"})).status_code == 200
    assert (await zoho.crm("GET", "/settings/fields", params={**module, "type": "unused"})).status_code == 204
    wrong = await zoho.crm("GET", "/settings/fields", params={**module, "type": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, UNMATCHED)
    assert (await zoho.crm("GET", "/users", params={"type": "DeletedUsers"})).status_code == 204
    assert (await zoho.crm("GET", "/users", params={"type": "AdminUsers"})).status_code == 200
