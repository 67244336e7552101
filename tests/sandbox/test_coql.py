"""COQL (CRM dossier 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

SEED = {
    "crm": {
        "Accounts": [
            {"$ref": "a", "Account_Name": "Alpha", "Phone": "1", "Employees": 5, "Billing_City": "O'Fallon"},
            {"$ref": "b", "Account_Name": "Beta", "Employees": 50},
            {"$ref": "c", "Account_Name": "gamma", "Phone": "3"},
        ],
        "Contacts": [
            {"Last_Name": "Rao", "Account_Name": {"$ref": "a"}, "Email": "rao@alpha.example"},
            {"Last_Name": "Sen", "Email_Opt_Out": True},
        ],
    }
}


async def _names(zoho: Zoho, where: str, module: str = "Accounts", column: str = "Account_Name") -> list[str]:
    query = f"select {column} from {module} where {where} order by {column} asc limit 10"  # noqa: S608
    answer = await zoho.crm("POST", "/coql", {"select_query": query})
    assert answer.status_code in (200, 204), answer.text
    return [row[column] for row in answer.json()["data"]] if answer.status_code == 200 else []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Account_Name = 'alpha'", ["Alpha"]),
        ("Account_Name != 'Alpha'", ["Beta", "gamma"]),
        ("Account_Name like '%a%'", ["Alpha", "Beta", "gamma"]),
        ("Account_Name like 'b%'", ["Beta"]),
        ("Phone is null", ["Beta"]),
        ("Phone is not null and Employees is null", ["gamma"]),
        ("Employees >= 5 and Employees < 50", ["Alpha"]),
        ("(Employees = 5 or (Employees = 50 and Phone is null))", ["Alpha", "Beta"]),
        ("Account_Name in ('Alpha','gamma')", ["Alpha", "gamma"]),
        ("Account_Name not in ('Alpha')", ["Beta", "gamma"]),
        ("Billing_City = 'O\\'Fallon'", ["Alpha"]),
        ("Modified_Time >= '2026-11-23T09:00:00Z'", ["Alpha", "Beta", "gamma"]),
        ("Modified_Time < '2026-11-23T14:30:00+05:30'", []),
        ("Employees between 1 and 10", ["Alpha"]),
    ],
)
async def test_where_is_judged(zoho: Zoho, where: str, found: list[str]) -> None:
    """Every operator of the where clause, with brackets and quotes."""
    await zoho.control("POST", "/import", SEED)
    assert await _names(zoho, where) == found


async def test_dotted_columns_read_through_a_lookup(zoho: Zoho) -> None:
    """A lookup has an id; its name is asked for by a dotted column, unless the switch says it is there."""
    ids = (await zoho.control("POST", "/import", SEED))["crm"]["Accounts"]
    query = "select Last_Name, Account_Name, Account_Name.Account_Name from Contacts where Account_Name.Phone = '1'"
    row = (await zoho.crm("POST", "/coql", {"select_query": query})).json()["data"][0]
    assert row["Account_Name"] == {"id": ids[0]}
    assert row["Account_Name.Account_Name"] == "Alpha"
    await zoho.control("PUT", "/switches", {"coql_lookup_has_name": True})
    row = (await zoho.crm("POST", "/coql", {"select_query": query})).json()["data"][0]
    assert row["Account_Name"] == {"name": "Alpha", "id": ids[0]}


async def test_a_lookup_is_compared_by_id(zoho: Zoho) -> None:
    """Account_Name = 'id' and Account_Name.id = 'id' both find the people of an Account."""
    ids = (await zoho.control("POST", "/import", SEED))["crm"]["Accounts"]
    for where in (
        f"Account_Name = '{ids[0]}'",
        f"Account_Name.id = '{ids[0]}'",
        f"Account_Name in ('{ids[0]}')",
    ):
        assert await _names(zoho, where, "Contacts", "Last_Name") == ["Rao"]


async def test_ids_are_compared_as_numbers_and_page_by_keyset(zoho: Zoho) -> None:
    """Modified_Time and id make a keyset that reads every record once."""
    ids = (await zoho.control("POST", "/import", SEED))["crm"]["Accounts"]
    seen: list[str] = []
    last = "0"
    while True:
        query = (
            "select id from Accounts where (Modified_Time >= '2026-11-23T09:00:00Z' and "  # noqa: S608
            f"(Modified_Time > '2026-11-23T09:00:00Z' or id > '{last}')) order by Modified_Time asc, id asc limit 2"
        )
        answer = await zoho.crm("POST", "/coql", {"select_query": query})
        if answer.status_code == 204:
            break
        seen += [r["id"] for r in answer.json()["data"]]
        last = seen[-1]
    assert seen == ids


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("count(id) from Accounts where id > 1", [{"COUNT(id)": 3}]),
        (
            "sum(Employees), avg(Employees) as mean from Accounts where id > 1",
            [{"SUM(Employees)": 55, "mean": 27.5}],
        ),
        (
            "min(Account_Name), max(Employees) from Accounts where id > 1",
            [{"MIN(Account_Name)": "Alpha", "MAX(Employees)": 50}],
        ),
        (
            "Billing_City, count(id) as n from Accounts where id > 1 group by Billing_City order by Billing_City desc",
            [{"Billing_City": "O'Fallon", "n": 1}, {"Billing_City": None, "n": 2}],
        ),
        (
            "Billing_City from Accounts where id > 1 group by Billing_City limit 1",
            [{"Billing_City": "O'Fallon"}],
        ),
        ("sum(Employees) from Accounts where id < 1", [{"SUM(Employees)": None}]),
    ],
)
async def test_groups_and_aggregates(zoho: Zoho, asked: str, rows: list[dict[str, object]]) -> None:
    """A row for each group, or one for all; blanks count for nothing."""
    await zoho.control("POST", "/import", SEED)
    answer = await zoho.crm("POST", "/coql", {"select_query": f"select {asked}"})
    assert answer.json()["data"] == rows


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("selec id from Accounts", "SYNTAX_ERROR"),
        ("select id from Accounts where", "SYNTAX_ERROR"),
        ("select id from Accounts where id > 1 and id > 2 and id > 3", "SYNTAX_ERROR"),
        (f"select id from Accounts where id in ({', '.join(map(str, range(51)))})", "LIMIT_EXCEEDED"),  # noqa: S608
        ("select Nope from Accounts where id is not null", "INVALID_QUERY"),
        ("select id from Nope where id is not null", "INVALID_MODULE"),
        ("select id from Accounts where id is not null limit 2001", "LIMIT_EXCEEDED"),
        ("select id from Accounts where Description like 'a%'", "INVALID_QUERY"),
        (f"select id from Accounts where id > 1 order by {', '.join(['id'] * 11)}", "LIMIT_EXCEEDED"),  # noqa: S608
        (f"select {', '.join(['count(id)'] * 6)} from Accounts where id > 1", "LIMIT_EXCEEDED"),  # noqa: S608
        (f"select id from Accounts where id > 1 group by {', '.join(['id'] * 5)}", "LIMIT_EXCEEDED"),  # noqa: S608
        ("select Phone, count(id) from Accounts where id > 1", "INVALID_QUERY"),
        ("select sum(Account_Name) from Accounts where id > 1", "INVALID_QUERY"),
        ("select median(Employees) from Accounts where id > 1", "SYNTAX_ERROR"),
    ],
)
async def test_a_wrong_query_is_refused_by_name(zoho: Zoho, query: str, code: str) -> None:
    """Syntax, columns, modules and limits have their own codes."""
    answer = await zoho.crm("POST", "/coql", {"select_query": query})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_brackets_are_wanted_by_switch_only(zoho: Zoho) -> None:
    """coql_brackets_required: three criteria side by side, or two in each bracket."""
    await zoho.control("POST", "/import", SEED)
    await zoho.control("PUT", "/switches", {"coql_brackets_required": False})
    assert await _names(zoho, "id > 1 and id > 2 and Account_Name like 'a%'") == ["Alpha"]


@pytest.mark.parametrize(
    "order", ["", "order by id asc", "order by Modified_Time asc, id asc", "order by Account_Name asc"]
)
@pytest.mark.parametrize(
    ("limit", "found", "more"),
    [
        ("limit 2", ["a", "b"], True),
        ("limit 3", ["a", "b", "c"], False),
        ("limit 2 offset 1", ["b", "c"], False),
        ("limit 1 offset 1", ["b"], True),
    ],
)
async def test_a_page_says_whether_more_follow(
    zoho: Zoho, order: str, limit: str, found: list[str], more: bool
) -> None:
    """In every order, those that are kept between writes too; a write in between is seen."""
    ids = {}
    for name in "abdc":
        zoho.step(1)
        ids[name] = await zoho.account(Account_Name=name, Phone="1")
    text = f"select Account_Name from Accounts where Phone = '1' {order} {limit}"  # noqa: S608
    query = {"select_query": text}
    await zoho.crm("POST", "/coql", query)
    await zoho.crm("PUT", f"/Accounts/{ids['d']}", {"data": [{"Phone": "2"}]})
    body = (await zoho.crm("POST", "/coql", query)).json()
    assert [r["Account_Name"] for r in body["data"]] == found
    assert body["info"] == {"count": len(found), "more_records": more}
