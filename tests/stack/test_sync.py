"""The way of a change on the deployed template: in by webhook, over to the other side, and what is turned away."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.demo.stage import Stage
from local.demo.steps.trouble import segment

LARGEST = 256 * 1024


def test_an_edit_in_crm_is_written_to_books(world: Stage) -> None:
    """Once, seen in the sandbox's own log."""
    before, customer = world.log.last, world.books_id("pair")
    world.edit(f"crm/Accounts/{world.crm_id('pair')}", {"Customer_Segment": "from CRM"})
    world.wait("the write", lambda: world.log.write_of(customer, before))
    world.settle()
    assert segment(world, customer) == "from CRM"
    assert [write.method for write in world.log.writes(before)] == ["PUT"]


def test_an_edit_in_books_is_written_to_crm(world: Stage) -> None:
    """Once, and its echo writes nothing."""
    before, account = world.log.last, world.crm_id("pair")
    field = {"api_name": "cf_segment", "value": "from Books"}
    world.edit(f"books/contacts/{world.books_id('pair')}", {"custom_fields": [field]})
    world.wait("the write", lambda: world.log.write_of(account, before))
    world.settle()
    found = world.zoho.account(account)
    assert found is not None
    assert found["Customer_Segment"] == "from Books"
    assert [write.method for write in world.log.writes(before)] == ["PUT"]


@dataclass(frozen=True, slots=True)
class Bad:
    """What is sent where, beside what is right, and the answer."""

    side: str
    answer: int
    body: bytes | None = None
    change: tuple[tuple[str, Any], ...] = ()
    secret: str | None = None
    signature: str | None = None


BAD = {
    "unknown path secret": Bad("crm", 404, secret="not-the-secret"),
    "unknown path secret, right signature": Bad("books", 404, secret="not-the-secret"),
    "too large": Bad("crm", 413, body=b'{"ids": "' + b"9" * LARGEST + b'"}'),
    "empty": Bad("crm", 400, body=b""),
    "blank": Bad("books", 400, body=b" \n"),
    "not parseable": Bad("crm", 400, body=b"{ids: 1"),
    "parseable, but no notification": Bad("crm", 400, body=b"[1, 2]"),
    "wrong token": Bad("crm", 401, change=(("token", "guessed"),)),
    "no token": Bad("crm", 401, change=(("token", None),)),
    "wrong signature": Bad("books", 401, signature="0" * 64),
    "no signature": Bad("books", 401, signature=""),
    "unknown channel": Bad("crm", 200, change=(("channel_id", "100000000000000001"),)),
    "unknown module": Bad("crm", 200, change=(("module", "Deals"),)),
    "an unknown kind": Bad("books", 200, change=(("contact_type", "prospect"),)),
}


TICKS_APART = 3
"""So often the same input is sent before a bell beside it is taken for its own: the tick rings in between, too."""


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_answered_and_nothing_is_queued(world: Stage, name: str) -> None:
    """The table of issue 2: the status, no row wanted, no bell, no call to Zoho but the tick's own."""
    bad = BAD[name]
    for _ in range(TICKS_APART):
        world.settle()
        before, wanted = world.log.last, rows_wanted(world)
        assert send(world, bad) == bad.answer
        queued = world.cloud.depth("ChangeQueue")
        assert rows_wanted(world) == wanted
        assert [call for call in world.log.since(before) if not call.is_feed] == []
        if not queued:
            return
    pytest.fail("a bell each time it was sent: not the tick's, which rings at moments of its own")


def send(world: Stage, bad: Bad) -> int:
    """Send it and return the status."""
    hook = world.hooks[f"webhook_{bad.side}"]
    url = hook["url"] if bad.secret is None else hook["url"].rsplit("/", 1)[0] + f"/{bad.secret}"
    content = genuine(world, bad) if bad.body is None else bad.body
    headers = {"Content-Type": "application/json"}
    if bad.side == "books" and bad.signature != "":
        right = hmac.new(hook["secret"].encode(), content, hashlib.sha256).hexdigest()
        headers["X-Zoho-Webhook-Signature"] = bad.signature or right
    return httpx.post(url, content=content, headers=headers, timeout=30).status_code


def genuine(world: Stage, bad: Bad) -> bytes:
    """What the side would really send, with the change that makes it bad."""
    hook = world.hooks[f"webhook_{bad.side}"]
    if bad.side == "books":
        record = world.zoho.customer(world.books_id("pair"))
        return json.dumps({"contact": {**(record or {}), **dict(bad.change)}}).encode()
    body: dict[str, Any] = {"module": "Accounts", "ids": [world.crm_id("pair")], "operation": "update"}
    body |= {"token": hook["secret"], "channel_id": hook["channel_id"], **dict(bad.change)}
    return json.dumps({key: value for key, value in body.items() if value is not None}).encode()


def rows_wanted(world: Stage) -> dict[str, str]:
    """Per record how often it was hinted."""
    pages = world.cloud.client("dynamodb").get_paginator("scan").paginate(
        TableName=world.cloud.stack.outputs["StateTableName"], ConsistentRead=True
    )  # fmt: skip
    return {
        item["pk"]["S"]: item["wanted"]["N"] for page in pages for item in page["Items"] if "wanted" in item
    }


def test_both_schedules_are_there_and_start_their_functions(world: Stage) -> None:
    """The tick each minute, the redrive as its parameter says."""
    scheduler = world.cloud.client("scheduler")
    found = {}
    for one in scheduler.list_schedules()["Schedules"]:
        told = scheduler.get_schedule(Name=one["Name"])
        assert told["State"] == "ENABLED"
        found[told["Target"]["Arn"].rsplit(":", 1)[1]] = told["ScheduleExpression"]
    outputs = world.cloud.stack.outputs
    assert found == {
        outputs["ReconcileFunctionName"]: "rate(1 minute)",
        outputs["RetryDeadLettersFunctionName"]: "rate(1 minute)",
    }


def test_a_lost_webhook_is_made_good_by_the_tick(world: Stage) -> None:
    """The deployed reconcile finds the change in the feed."""
    world.settle()
    fault = world.zoho.post("faults", {"name": "drop_notification", "product": "crm", "count": 1})
    world.edit(f"crm/Accounts/{world.crm_id('pair')}", {"Customer_Segment": "found by the tick"})
    world.settle()
    world.zoho.delete(f"faults/{fault['id']}")
    world.tick()
    world.wait("the change in Books", lambda: segment(world, world.books_id("pair")) == "found by the tick")
    world.settle()


def test_a_dead_letter_is_redriven(world: Stage) -> None:
    """Books is down until the tries are used up; retry_dead_letters brings the change back into the flow."""
    world.settle()
    world.zoho.post("faults", {"name": "books_down"})
    try:
        world.edit(f"crm/Accounts/{world.crm_id('pair')}", {"Customer_Segment": "after the outage"})
        world.wait("a dead letter", lambda: ring(world) and world.cloud.depth("DeadLetterQueue"), 40, 1.0)
    finally:
        world.zoho.delete("faults/books_down")
    world.wait("the letter taken", lambda: redrive(world) and not world.cloud.depth("DeadLetterQueue"))
    world.settle()
    world.wait("the change in Books", lambda: segment(world, world.books_id("pair")) == "after the outage")
    world.settle()


def ring(world: Stage) -> bool:
    """One tick."""
    world.tick()
    return True


def redrive(world: Stage) -> bool:
    """One run of the deployed function; its schedule may have been faster."""
    world.cloud.invoke("RetryDeadLetters")
    return True
