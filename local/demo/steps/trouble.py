"""What goes wrong in real life, and what becomes of it."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from local.demo.plan import Kind
from local.demo.stage import CheckError, Stage

Json = dict[str, Any]

LONGEST, BETWEEN_TICKS = 40.0, 1.5
TOO_LONG = "Wholesale, with a name of its own that is too long"


def _named(stage: Stage, number: int) -> tuple[str, str]:
    """CRM and Books id of a company that was linked by its tax number."""
    refs = [
        c.ref for c in stage.plan.companies if c.kind is Kind.SAME_TAX and c.ref not in stage.key.held_fields
    ]
    return stage.ids.crm[refs[number]], stage.ids.books[refs[number]]


def segment(stage: Stage, customer: str) -> str:
    """A Books customer's segment as it stands."""
    found = stage.zoho.customer(customer) or {"custom_fields": []}
    return next((str(one["value"]) for one in found["custom_fields"] if one["api_name"] == "cf_segment"), "")


def webhooks(stage: Stage) -> None:
    """A lost one is made good by reconcile; doubled, old and forged ones write nothing."""
    _lost(stage)
    _doubled(stage)
    _old(stage)
    _forged(stage)


def _lost(stage: Stage) -> None:
    account, customer = _named(stage, 2)
    before = stage.log.last
    fault = stage.zoho.post("faults", {"name": "drop_notification", "product": "crm", "count": 1})
    stage.edit(f"crm/Accounts/{account}", {"Customer_Segment": "found by reconcile"})
    stage.settle()
    stage.zoho.delete(f"faults/{fault['id']}")
    dropped = stage.zoho.get("deliveries", state="dropped")["total"]
    stage.check(
        dropped >= 1 and stage.log.write_of(customer, before) is None,
        "the notification was lost, nothing happened",
    )
    stage.tick()
    stage.wait("the change in Books", lambda: segment(stage, customer) == "found by reconcile")
    stage.check(True, "reconcile brought the change anyway")
    stage.settle()


def _doubled(stage: Stage) -> None:
    account, customer = _named(stage, 3)
    before = stage.log.last
    fault = stage.zoho.post("faults", {"name": "duplicate_notification", "product": "crm", "count": 1})
    stage.edit(f"crm/Accounts/{account}", {"Customer_Segment": "told twice"})
    stage.wait("the change in Books", lambda: segment(stage, customer) == "told twice")
    stage.settle()
    stage.zoho.delete(f"faults/{fault['id']}")
    writes = [str(write) for write in stage.log.writes(before)]
    stage.equal(len(writes), 1, "a doubled one: one write, not two")


def _old(stage: Stage) -> None:
    before = stage.log.last
    sent = [
        one
        for one in stage.zoho.get("deliveries", state="delivered", limit=10_000)["deliveries"]
        if one["http_status"] == HTTPStatus.ACCEPTED
    ]
    chosen = [one for product in ("crm", "books") for one in sent if one["product"] == product][:3] + sent[
        -3:
    ]
    for one in chosen:
        stage.zoho.post(f"deliveries/{one['n']}/replay")
    stage.settle()
    stage.equal(
        [str(write) for write in stage.log.writes(before)],
        [],
        f"{len(chosen)} old ones again, byte for byte: no POST, PUT or DELETE",
    )


def _forged(stage: Stage) -> None:
    account, customer = _named(stage, 4)
    before = stage.log.last
    crm, books = stage.hooks["webhook_crm"], stage.hooks["webhook_books"]
    notice = {"module": "Accounts", "ids": [account], "operation": "update", "channel_id": crm["channel_id"]}
    liar = {
        "contact": {
            "contact_id": customer,
            "contact_name": "Evil Ltd",
            "last_modified_time": "2030-01-01T00:00:00+0530",
        }
    }
    forged = [
        {"product": "crm", "url": crm["url"], "body": {**notice, "token": "guessed"}},
        {
            "product": "books",
            "url": books["url"],
            "body": liar,
            "headers": {"X-Zoho-Webhook-Signature": "0" * 64},
        },
        {"product": "books", "url": books["url"], "body": liar},
        {"product": "crm", "url": crm["url"][:-4] + "0000", "body": {**notice, "token": crm["secret"]}},
    ]
    sent = [stage.zoho.post("deliveries", one)["deliveries"][0]["n"] for one in forged]
    stage.settle()
    answers = {
        one["n"]: one["http_status"] for one in stage.zoho.get("deliveries", limit=10_000)["deliveries"]
    }
    stage.equal(
        [answers[n] for n in sent],
        [401, 401, 401, 404],
        "forged ones are turned away: 401, and 404 for a wrong path",
    )
    stage.equal([str(write) for write in stage.log.writes(before)], [], "and cause no POST, PUT or DELETE")


def refused(stage: Stage) -> None:
    """Held at once with its cause and an alert; mended by the user; released."""
    account, customer = _named(stage, 5)
    stage.cloud.alerts()
    field = {"product": "books", "api_name": "cf_segment"}
    stage.zoho.edit("fields", {**field, "set": {"length": 20}})
    before = stage.log.last
    stage.edit(f"crm/Accounts/{account}", {"Customer_Segment": TOO_LONG})
    try:
        alerts = stage.wait("an alert over SNS", stage.cloud.alerts)
    finally:
        stage.zoho.edit("fields", {**field, "set": {"length": 255}})
    stage.settle()
    tries = [str(write) for write in stage.log.writes(before)]
    stage.equal(
        len(tries), 1, "Books refused it (an administrator had shortened a field): tried once, held at once"
    )
    stage.check("refused by Books" in alerts[0]["subject"], "an alert came over SNS", alerts)
    stage.info(f"alert: {alerts[0]['subject']} - {alerts[0]['message'].splitlines()[0]}")
    members = {m["id"]: case for case in stage.tandem("quarantine")["cases"] for m in case["members"]}
    stage.check(
        account in members and "refused by Books" in members[account]["cause"],
        "tandem quarantine names the cause",
    )
    stage.tandem("release", f"crm:{account}")
    stage.wait("the change in Books", lambda: segment(stage, customer) == TOO_LONG)
    stage.settle()
    stage.check(True, "the user mends the field, tandem release: it is synced")
    left = {m["id"] for case in stage.tandem("quarantine")["cases"] for m in case["members"]}
    stage.check(account not in left, "and no longer held")


def outage(stage: Stage) -> None:
    """Every try fails until there are none left: a dead letter. What happens then is shown further down."""
    account, customer = _named(stage, 6)
    stage.settle()
    stage.zoho.post("faults", {"name": "books_down"})
    try:
        stage.edit(f"crm/Accounts/{account}", {"Customer_Segment": "after the outage"})
        started, rung = time.monotonic(), time.monotonic()
        while stage.cloud.depth("DeadLetterQueue") == 0:
            if time.monotonic() - started > LONGEST:
                raise CheckError(f"no dead letter within {LONGEST:.0f} s")
            if time.monotonic() - rung > BETWEEN_TICKS:
                rung = time.monotonic()
                stage.tick()
            time.sleep(0.1)
        stage.check(True, "Books down for longer than the retries: dead-lettered")
        stage.check(segment(stage, customer) != "after the outage", "nothing is in Books yet")
    finally:
        stage.zoho.delete("faults/books_down")
    stage.facts["outage"] = (customer, stage.log.last)
    stage.info("Books is up again; retry_dead_letters comes by its own schedule while the demo goes on")


def recovered(stage: Stage) -> None:
    """The letter was redriven by the schedule, the change synced with no one's help."""
    if "outage" not in stage.facts:
        raise CheckError("there was no dead letter")
    customer, _ = stage.facts["outage"]
    stage.wait("the dead letter taken back", lambda: stage.cloud.depth("DeadLetterQueue") == 0, 75, 0.2)
    stage.check(True, "retry_dead_letters took the dead letter back")
    stage.settle(within=5)
    stage.wait("the change in Books", lambda: segment(stage, customer) == "after the outage", 10)
    stage.check(True, "and the change is in Books, with no one's help")
