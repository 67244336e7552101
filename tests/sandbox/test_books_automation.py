"""Books webhooks, workflow rules, retry policies and their limits (Books dossier 7)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Maker, Zoho

URL = "http://hooks.example/b"
HOOK = {
    "webhook_name": "hook",
    "url": URL,
    "entity": "contact",
    "events": ["contact_created", "contact_edited"],
}


async def _webhook(zoho: Zoho, **values: Any) -> str:
    answer = await zoho.books("POST", "/settings/webhooks", {**HOOK, **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["webhook"]["webhook_id"])


async def _rule(zoho: Zoho, **values: Any) -> dict[str, Any]:
    body = {"workflow_name": "rule", "entity": "contact", "rule_type": "created_or_edited", **values}
    answer = await zoho.books("POST", "/settings/workflows", body)
    return {"status": answer.status_code, **answer.json()}


async def _deliver(zoho: Zoho, inbox: Inbox, seconds: float = 1) -> int:
    zoho.step(seconds)
    await zoho.world.outbox.deliver_due()
    count = len(inbox.received)
    inbox.received.clear()
    return count


@pytest.mark.parametrize(("module", "most"), [("contact", 10), ("item", 10)])
async def test_a_module_takes_ten_rules(make_zoho: Maker, module: str, most: int) -> None:
    """The eleventh is refused; another module has its own ten; without limits there is no end."""
    zoho = await make_zoho(limits="real")
    for _ in range(most):
        assert (await _rule(zoho, entity=module))["status"] == 201
    refused = await _rule(zoho, entity=module)
    assert (refused["status"], refused["code"]) == (400, 4)
    assert (await _rule(zoho, entity="invoice"))["status"] == 201
    await zoho.control("PUT", "/limits", {"books_rules_per_module": None})
    assert (await _rule(zoho, entity=module))["status"] == 201


async def test_an_org_takes_so_many_rules_and_some_plans_none(make_zoho: Maker) -> None:
    """200 in all (set lower here); Standard has no rules."""
    zoho = await make_zoho(limits="real")
    assert (await zoho.control("GET", "/limits"))["books_rules_per_org"] == 200
    await zoho.control("PUT", "/limits", {"books_rules_per_org": 2})
    statuses = [(await _rule(zoho, entity=e))["status"] for e in ("contact", "item", "invoice")]
    assert statuses == [201, 201, 400]
    assert (await _rule(await make_zoho(limits="real", books_plan="Standard")))["status"] == 400
    assert (await _rule(await make_zoho(limits="real", books_plan="Ultimate")))["status"] == 201


@pytest.mark.parametrize(
    "values",
    [
        {"workflow_name": ""},
        {"entity": None},
        {"rule_type": "moon"},
        {"criteria": [{}] * 11},
        {"field_update": [{}] * 4},
        {"instant_actions": [{"type": "webhook", "webhook_id": i} for i in "12"]},
        {"instant_actions": [{"type": "fax"}]},
        {"instant_actions": {}},
    ],
)
async def test_a_rule_beyond_its_caps_is_refused(zoho: Zoho, values: dict[str, Any]) -> None:
    """Ten criteria, three field updates, one webhook; known actions alone."""
    refused = await _rule(zoho, **values)
    assert (refused["status"], refused["code"]) == (400, 4)
    assert (await zoho.books("GET", "/settings/workflows")).json()["workflows"] == []


async def test_a_rule_is_listed_changed_ordered_and_removed(zoho: Zoho) -> None:
    """In the order in which they run, by entity."""
    first = (await _rule(zoho, workflow_name="a"))["workflow"]["workflow_id"]
    second = (await _rule(zoho, workflow_name="b", entity="item"))["workflow"]["workflow_id"]
    path = f"/settings/workflows/{first}"
    changed = (await zoho.books("PUT", path, {"workflow_name": "c", "workflow_id": "9"})).json()["workflow"]
    assert (changed["workflow_name"], changed["workflow_id"]) == ("c", first)
    assert (
        await zoho.books("PUT", "/settings/workflows/reorder", {"workflow_ids": [first]})
    ).status_code == 400
    await zoho.books("PUT", "/settings/workflows/reorder", {"workflow_ids": [second, first]})
    rules = (await zoho.books("GET", "/settings/workflows")).json()["workflows"]
    assert [r["workflow_name"] for r in rules] == ["b", "c"]
    items = (await zoho.books("GET", "/settings/workflows", params={"entity": "item"})).json()["workflows"]
    assert [r["workflow_name"] for r in items] == ["b"]
    await zoho.books("DELETE", path)
    assert (await zoho.books("GET", path)).status_code == 404


@pytest.mark.parametrize("needs", [True, False])
async def test_whether_a_webhook_needs_a_rule_is_a_switch(zoho: Zoho, inbox: Inbox, needs: bool) -> None:
    """With a rule of its entity and event that is active it fires in any case."""
    await zoho.control("PUT", "/switches", {"webhook_needs_rule": needs})
    hook = await _webhook(zoho)
    contact = await zoho.customer()
    assert await _deliver(zoho, inbox) == (0 if needs else 1)
    action = [{"type": "webhook", "webhook_id": hook}]
    await _rule(zoho, entity="item", instant_actions=action)
    rule = (await _rule(zoho, rule_type="edited", instant_actions=action))["workflow"]["workflow_id"]
    path = f"/contacts/{contact['contact_id']}"
    counts = []
    for mark in ("activate", "deactivate", "activate"):
        await zoho.books("POST", f"/settings/workflows/{rule}/{mark}")
        await zoho.books("PUT", path, {"notes": mark})
        counts.append(await _deliver(zoho, inbox))
    assert counts == ([1, 0, 1] if needs else [1, 1, 1])
    await zoho.customer(contact_name="B")
    assert await _deliver(zoho, inbox) == (0 if needs else 1)


async def test_a_thousand_webhooks_go_out_a_day_until_midnight_in_the_orgs_zone(
    make_zoho: Maker, inbox: Inbox
) -> None:
    """The rest of a bulk edit is lost in silence."""
    zoho = await make_zoho(limits="real")
    await _webhook(zoho)
    contact = (await zoho.control("POST", "/books/contacts", {"contact_name": "A"}))["contact_id"]
    for n in range(1_100):
        await zoho.control("PATCH", f"/books/contacts/{contact}", {"notes": str(n)})
    assert await _deliver(zoho, inbox) == 1_000
    assert (await zoho.control("GET", "/limits"))["used"]["webhooks_day"] == 1_000
    zoho.step(9.5 * 3_600 - 3)
    await zoho.control(
        "PATCH", f"/books/contacts/{contact}", {"notes": "a second before midnight in Kolkata"}
    )
    assert await _deliver(zoho, inbox, 3) == 0
    await zoho.control("PATCH", f"/books/contacts/{contact}", {"notes": "after midnight"})
    assert await _deliver(zoho, inbox) == 1


async def test_a_retry_policy_says_how_often_and_when_a_webhook_is_tried_again(
    zoho: Zoho, inbox: Inbox
) -> None:
    """Twice more, ten minutes apart; then it is among the failed actions. One without a policy is tried once."""
    policy = {"policy_name": "p", "max_retries": 2, "interval_minutes": 10}
    made = (await zoho.books("POST", "/settings/workflows/retrypolicies", policy)).json()["retry_policy"]
    hook = await _webhook(zoho, retry_policy_id=made["retry_policy_id"])
    contact = await zoho.customer()
    inbox.status = 500
    counts = [await _deliver(zoho, inbox, seconds) for seconds in (1, 598, 2, 599, 2, 9_999)]
    assert counts == [1, 0, 1, 0, 1, 0]
    await zoho.login()
    failed = (await zoho.books("GET", "/settings/workflows/failedactions")).json()["failed_actions"]
    assert [(f["webhook_id"], f["entity_id"], f["attempts"]) for f in failed] == [
        (hook, contact["contact_id"], 3)
    ]
    path = f"/settings/workflows/retrypolicies/{made['retry_policy_id']}"
    await zoho.books("PUT", path, {"max_retries": 1})
    await zoho.customer(contact_name="B")
    assert [await _deliver(zoho, inbox, seconds) for seconds in (1, 601, 9_999)] == [1, 1, 0]
    await zoho.login()
    assert (await zoho.books("DELETE", path)).status_code == 200
    await zoho.customer(contact_name="C")
    assert [await _deliver(zoho, inbox, seconds) for seconds in (1, 9_999)] == [1, 0]
    await zoho.login()
    inbox.status = 200
    await zoho.customer(contact_name="D")
    await _deliver(zoho, inbox)
    logs = (await zoho.books("GET", "/settings/workflows/logs")).json()["logs"]
    assert [entry["status"] for entry in logs] == ["delivered", "failed", "failed", "failed"]
    assert (await zoho.books("GET", "/settings/workflows/retrypolicies")).json()["retry_policies"] == []


@pytest.mark.parametrize(
    "body", [{}, {"policy_name": "p", "max_retries": 99}, {"policy_name": "p", "interval_minutes": 0}]
)
async def test_a_wrong_retry_policy_is_refused(zoho: Zoho, body: dict[str, Any]) -> None:
    """A name, and numbers within bounds."""
    assert (await zoho.books("POST", "/settings/workflows/retrypolicies", body)).status_code == 400


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://x.example/" + "x" * 5_000},
        {"webhook_name": "x" * 51},
        {"description": "x" * 101},
        {"raw_data": "x" * 100_001},
        {"secret": "short"},
        {"secret": "with spaces in it"},
        {"method": "GET"},
        {"body_type": "xml"},
    ],
)
async def test_a_webhook_beyond_its_lengths_is_refused(zoho: Zoho, values: dict[str, Any]) -> None:
    """When it is made and when it is changed."""
    assert (await zoho.books("POST", "/settings/webhooks", {**HOOK, **values})).status_code == 400
    path = f"/settings/webhooks/{await _webhook(zoho)}"
    assert (await zoho.books("PUT", path, values)).status_code == 400
    assert (await zoho.books("GET", path)).json()["webhook"]["webhook_name"] == "hook"


async def test_a_webhook_is_changed_and_never_shows_its_secret(zoho: Zoho, inbox: Inbox) -> None:
    """The new url is told from then on; one that was removed is silent."""
    path = f"/settings/webhooks/{await _webhook(zoho, secret='s' * 12)}"
    changed = await zoho.books("PUT", path, {"url": "http://hooks.example/new"})
    assert "s" * 12 not in changed.text
    await zoho.customer()
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    assert str(inbox.received[0].url) == "http://hooks.example/new"
    inbox.received.clear()
    await zoho.books("DELETE", path)
    await zoho.customer(contact_name="B")
    assert await _deliver(zoho, inbox) == 0
    assert (await zoho.books("DELETE", path)).status_code == 404


@pytest.mark.parametrize("kind", ["raw", "form_data", "x_www_form_urlencoded"])
async def test_a_body_of_ones_own_has_placeholders_headers_and_parameters_signed(
    zoho: Zoho, inbox: Inbox, kind: str
) -> None:
    """By any of the documented methods; the signature is over all pairs, then the raw body."""
    parameter = {"param_name": "id", "param_value": "${CONTACT.CONTACT_ID}"}
    await _webhook(
        zoho,
        method="PUT",
        secret="s" * 12,
        body_type=kind,
        raw_data='{"id":"${CONTACT.CONTACT_ID}"}',
        form_data=[parameter],
        query_parameters=[{"param_name": "q", "param_value": "1"}],
        headers=[{"param_name": "X-Ours", "param_value": "yes"}],
    )
    contact = (await zoho.customer())["contact_id"]
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    request = inbox.received[0]
    body = json.dumps({"id": contact}, separators=(",", ":")) if kind == "raw" else f"id={contact}"
    assert (request.method, str(request.url), request.content.decode()) == ("PUT", f"{URL}?q=1", body)
    signed = f"q1{body}" if kind == "raw" else f"id{contact}q1"
    expected = hmac.new(b"s" * 12, signed.encode(), hashlib.sha256).hexdigest()
    assert request.headers["X-Zoho-Webhook-Signature"] == expected
    assert request.headers["X-Ours"] == "yes"
