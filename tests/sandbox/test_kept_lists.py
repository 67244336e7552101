"""Lists of Books are kept in parts; they always show what writing and sorting them anew would."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.books import order
from sandbox.books.query import SORTS, ContactLists

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

Made = list[str]


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
    monkeypatch.setattr(order, "MENDED", mended)
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
