"""Lists of Books are kept in parts; they always show what writing and sorting them anew would."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import kept
from sandbox.books.query import SORTS, TEXTS, ContactLists
from sandbox.crm.query import CrmQueries

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

Made = list[str]
FILTERS = [
    *({f"{name}_contains": "1"} for name in TEXTS),
    {"contact_name_startswith": "renamed"},
    {"search_text": "note 3"},
    *({"filter_by": f"Status.{state}"} for state in ("Active", "Inactive", "Duplicate")),
    {"filter_by": "Invoice.Unpaid"},
    {"filter_by": "Invoice.OverDue"},
]


async def listed(zoho: Zoho, **query: str) -> list[dict[str, Any]]:
    """The rows of one page of contacts."""
    answer = await zoho.books("GET", "/contacts", params=query)
    found: list[dict[str, Any]] = answer.json()["contacts"]
    return found


async def agree(zoho: Zoho) -> None:
    """Every order, kind and row is as a list that keeps nothing would give it."""
    world = zoho.world
    for column in SORTS:
        for kind in ("", "customer", "vendor"):
            query = {"sort_column": column, "sort_order": "D", "contact_type": kind, "per_page": "200"}
            rows, _ = ContactLists(world.books).page(query, world.switches)
            shown = [world.books.render.row(contact) for contact in rows]
            assert await listed(zoho, **query) == shown, (column, kind)
    for query in FILTERS:
        rows, _ = ContactLists(world.books).page(query, world.switches)
        assert await listed(zoho, **query) == [world.books.render.row(contact) for contact in rows], query
    items = [world.books.item_render.row(item) for item in world.books.items.by_id.values()]
    answer = (await zoho.books("GET", "/items", params={"filter_by": "Status.All"})).json()["items"]
    assert sorted(answer, key=lambda item: str(item["item_id"])) == sorted(
        items, key=lambda item: str(item["item_id"])
    )


async def act(zoho: Zoho, rng: Random, made: Made, number: int) -> None:
    """One change of some kind to some contact, item or the org."""
    one = f"/contacts/{rng.choice(made)}"
    person = {"contact_id": one.rsplit("/", 1)[1], "first_name": f"P{number}", "is_primary_contact": True}
    kind = rng.choice(("customer", "vendor"))
    acts: list[tuple[str, str, Any]] = [
        ("POST", "/contacts", {"contact_name": f"New {number}", "contact_type": kind}),
        ("PUT", one, {"contact_name": f"Renamed {number}"}),
        ("PUT", one, {"website": f"https://{number}.example", "contact_type": kind}),
        ("PUT", one, {"custom_fields": [{"api_name": "cf_segment", "value": f"S{number}"}]}),
        ("PUT", one, {"billing_address": {"city": f"City {number}"}}),
        ("PUT", one, {"notes": f"Note {number}"}),
        ("POST", f"{one}/{rng.choice(('active', 'inactive'))}", None),
        ("POST", "/contacts/contactpersons", person),
        ("POST", "/items", {"name": f"Item {number}", "rate": number}),
        ("DELETE", one, None),
    ]
    method, path, body = rng.choice(acts[:-1] if len(made) < 4 else acts)
    answer = await zoho.books(method, path, body)
    if path == "/contacts":
        made.append(answer.json()["contact"]["contact_id"])
    if method == "DELETE":
        made.remove(path.rsplit("/", 1)[1])
    zoho.step(rng.choice((0, 0, 1, 60)))


@pytest.mark.parametrize("mended", [0, 2, 500])
async def test_kept_lists_show_what_new_ones_would(zoho: Zoho, monkeypatch: Any, mended: int) -> None:
    """After any acts, however many moved contacts are put in place one by one before all are sorted anew."""
    monkeypatch.setattr(kept, "MENDED", mended)
    rng = Random(mended)
    made = [(await zoho.customer(contact_name=f"Company {n}"))["contact_id"] for n in range(8)]
    for number in range(40):
        await act(zoho, rng, made, number)
        if rng.random() < 0.4:
            await agree(zoho)
    await agree(zoho)


async def test_a_kept_row_shows_what_the_org_changed(zoho: Zoho) -> None:
    """A switch, a new custom field, a renamed value, an invoice: none of them moves the contact."""
    contact = await zoho.customer(custom_fields=[{"api_name": "cf_segment", "value": "Old"}])
    await agree(zoho)
    await zoho.control("PUT", "/switches", {"empty_custom_fields": "listed"})
    await agree(zoho)
    zoho.world.books.store.setup.add_field({"api_name": "cf_more"})
    await agree(zoho)
    zoho.world.books.store.change_values("cf_segment", "Old", "New")
    await agree(zoho)
    invoice = {
        "customer_id": contact["contact_id"],
        "line_items": [{"name": "Work", "rate": 100, "quantity": 1}],
    }
    made = (await zoho.books("POST", "/invoices", invoice)).json()["invoice"]
    await zoho.books("POST", f"/invoices/{made['invoice_id']}/status/sent")
    [row] = await listed(zoho)
    assert row["outstanding_receivable_amount"] == made["total"]
    await agree(zoho)


async def test_what_is_owed_moves_its_customers_place(zoho: Zoho) -> None:
    """A list by what customers owe, kept before, follows an invoice that is sent, made void, or moved by a merge."""
    [small, large] = [(await zoho.customer(contact_name=name))["contact_id"] for name in ("Small", "Large")]

    async def owing() -> list[str]:
        query = {"sort_column": "outstanding_receivable_amount", "sort_order": "D"}
        found = [row["contact_id"] for row in await listed(zoho, **query, filter_by="Invoice.Unpaid")]
        await agree(zoho)
        return found

    async def invoice(customer: str, rate: int) -> str:
        lines = [{"name": "Work", "rate": rate, "quantity": 1}]
        made = await zoho.books("POST", "/invoices", {"customer_id": customer, "line_items": lines})
        one = f"/invoices/{made.json()['invoice']['invoice_id']}"
        await zoho.books("POST", f"{one}/status/sent")
        return one

    assert await owing() == []
    await invoice(small, 1)
    await invoice(large, 5)
    assert await owing() == [large, small]
    more = await invoice(small, 9)
    assert await owing() == [small, large]
    await zoho.books("POST", f"{more}/status/void")
    assert await owing() == [large, small]
    await zoho.control("POST", f"/books/contacts/{small}/merge", {"losers": [large]})
    assert await owing() == [small]


async def crm_agree(zoho: Zoho) -> None:
    """Every order and search of Accounts is as one that keeps nothing would give it."""
    crm, switches = zoho.world.crm, zoho.world.switches
    anew = CrmQueries(crm.store, crm.render, lambda: switches)
    for sort_by in ("id", "Created_Time", "Modified_Time"):
        assert crm.queries.ordered("Accounts", sort_by, True) == anew.ordered("Accounts", sort_by, True)
    module, now = crm.store.module("Accounts"), zoho.world.clock.now()
    for asked in SEARCHES:
        kept, fresh = (q.search(module, asked, now, "id", False) for q in (crm.queries, anew))
        assert [r.id for r in kept] == [r.id for r in fresh], asked
    for text in SELECTS:
        assert crm.queries.select(text) == anew.select(text), text


SEARCHES = [
    {"word": "renamed"},
    {"phone": "+44 1"},
    {"criteria": "(Account_Name:equals:Company-1)"},
    {"criteria": "(Account_Name:starts_with:Renamed)"},
    {"criteria": "(Account_Name:starts_with:Company)and(Phone:equals:44)"},
]
SELECTS = [
    "select Account_Name from Accounts where Account_Name like '%1%' order by Phone desc",
    "select Parent_Account.Account_Name from Accounts where Parent_Account.Account_Name like '%1%'",
    "select Phone, COUNT(id) from Accounts where id is not null group by Phone",
]


@pytest.mark.parametrize("mended", [0, 2, 500])
async def test_kept_records_of_crm_show_what_new_ones_would(
    zoho: Zoho, monkeypatch: Any, mended: int
) -> None:
    """After any writes: inserts, edits, deletes, restores and merges."""
    monkeypatch.setattr(kept, "MENDED", mended)
    rng, made = Random(mended), [await zoho.account(Account_Name=f"Company {n}") for n in range(8)]
    for number in range(40):
        one, other = rng.sample(made, 2)
        acts: list[tuple[str, str, Any]] = [
            ("POST", "/crm/Accounts", {"Account_Name": f"New {number}"}),
            ("PATCH", f"/crm/Accounts/{one}", {"Account_Name": f"Renamed {number}"}),
            (
                "PATCH",
                f"/crm/Accounts/{one}",
                {"Phone": f"+44 {number % 3}", "Parent_Account": {"id": other}},
            ),
            ("PATCH", f"/crm/Accounts/{one}", {"Phone": None, "$silent": True}),
            ("POST", f"/crm/Accounts/{one}/merge", {"losers": [other]}),
            ("DELETE", f"/crm/Accounts/{one}", None),
        ]
        method, path, body = rng.choice(acts[:-2] if len(made) < 4 else acts)
        answer = await zoho.control(method, path, body)
        if method == "POST" and path == "/crm/Accounts":
            made.append(answer["id"])
        gone = one if method == "DELETE" else other if path.endswith("/merge") else ""
        if gone and rng.random() < 0.5:
            await zoho.control("POST", f"/crm/Accounts/{gone}/restore")
        elif gone:
            made.remove(gone)
        zoho.step(rng.choice((0, 0, 1, 60)))
        if rng.random() < 0.4:
            await crm_agree(zoho)
    await crm_agree(zoho)
