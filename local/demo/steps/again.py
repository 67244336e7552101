"""The second run: everything is told again and read again, and nothing is written."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from local.demo.stage import Stage
from local.demo.steps.first import differences

AT_ONCE = 4
"""As many notices in flight as processes were warmed for them."""
FEEDS = 3
"""Customers of both sides and people of CRM."""


def everything(stage: Stage) -> None:
    """Every record named by a notice, then a reconcile from empty cursors: no write."""
    stage.settle(within=5)
    before = stage.log.last
    export = stage.zoho.export()
    told = _tell_all(stage, export)
    stage.settle(90)
    stage.equal(_writes(stage, before), [], f"{told} notices, one for each record of both sides: no write")
    count = stage.cloud.forget_cursors()
    stage.tick()
    stage.settle(90)
    stage.tick()
    stage.settle(90)
    stage.check(count >= FEEDS, f"{count} cursors forgotten, both sides listed anew")
    stage.equal(_writes(stage, before), [], "reconcile from empty cursors: no write")
    _in_step(stage)
    status = stage.tandem("status")
    stage.facts["links"] = {name: row["links"] for name, row in status["entities"].items()}
    stage.facts["held"] = status["held"]["records"]
    stage.equal(
        (status["open_intents"], status["dead_letters"]["waiting"]), (0, 0), "no open intent, no dead letter"
    )


def _writes(stage: Stage, before: int) -> list[str]:
    return [str(write) for write in stage.log.writes(before)]


def _tell_all(stage: Stage, export: dict[str, Any]) -> int:
    """Genuine notices, as Zoho would send them, for every record."""
    crm, books = stage.hooks["webhook_crm"], stage.hooks["webhook_books"]
    notices = []
    for module in ("Accounts", "Contacts"):
        ids = [row["id"] for row in export["crm"][module]]
        body = {
            "module": module,
            "ids": ids,
            "operation": "update",
            "channel_id": crm["channel_id"],
            "token": crm["secret"],
        }
        notices.append({"product": "crm", "url": crm["url"], "body": body})
    for contact in export["books"]["contacts"]:
        text = json.dumps({"contact": contact}, ensure_ascii=False)
        signature = hmac.new(books["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {"X-Zoho-Webhook-Signature": signature}
        notices.append({"product": "books", "url": books["url"], "content": text, "headers": headers})
    sent: list[int] = []
    for start in range(0, len(notices), AT_ONCE):
        some = notices[start : start + AT_ONCE]
        sent += [stage.zoho.post("deliveries", one)["deliveries"][0]["n"] for one in some]
        stage.wait("the notices taken in", lambda: not stage.zoho.get("deliveries", state="pending")["total"])
    answers = {
        one["n"]: one["http_status"] for one in stage.zoho.get("deliveries", limit=100_000)["deliveries"]
    }
    stage.equal({answers[n] for n in sent}, {202}, "every notice was taken in")
    return sum(len(export["crm"][module]) for module in ("Accounts", "Contacts")) + len(
        export["books"]["contacts"]
    )


def _in_step(stage: Stage) -> None:
    """After all that happened, every pair of the answer key is the same on both sides."""
    after, wrong = stage.zoho.export(), []
    accounts = {row["id"]: row for row in after["crm"]["Accounts"]}
    customers = {row["contact_id"]: row for row in after["books"]["contacts"]}
    for verdict in ("link", "create in books", "create in crm"):
        for ref in stage.key.customers[verdict]:
            pair = accounts.get(stage.ids.crm.get(ref, "")), customers.get(stage.ids.books.get(ref, ""))
            if pair[0] is None or pair[1] is None:
                wrong.append(f"{ref}: missing")
                continue
            held = stage.key.held_fields.get(ref, ())
            wrong += [f"{ref}: {name}" for name in differences(pair[0], pair[1]) if name not in held]
    stage.equal(wrong, [], "every pair of the answer key is the same on both sides, field by field")
