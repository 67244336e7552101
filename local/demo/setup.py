"""Before the first step: data into both orgs, limits scaled, connected as an operator would."""

from __future__ import annotations

import json

from local.demo.cloud import CONNECTION
from local.demo.data import build, ids_of
from local.demo.stage import Stage

SCALE = 30
"""The limits of a minute count so many times, on both ends alike."""

SETTINGS = {
    "poll_seconds": "1",
    "delete_delay_seconds": "2",
    "retry_seconds": "1,1",
    "redrive_seconds": "1,5,10",
    "create_unknown_seconds": "5",
    "write_unknown_seconds": "3",
    "tombstone_seconds": "1",
    "limits_scale": str(SCALE),
}
"""Waits that would make a demo dull, shortened; what they are otherwise is printed beside."""

PARAMETERS = {"AlertEmail": "", "RedriveEveryMinutes": 1}
"""Of the stack."""


def connect(stage: Stage) -> None:
    """Data in, `tandem connect`, `tandem check`, the webhook in Books, the limits, an ear for the alerts."""
    records = build(stage.plan)
    stage.ids = ids_of(records, stage.zoho.post("import", records.body))
    limits = stage.zoho.put("limits", {"books_per_minute": 100 * SCALE})
    stage.info(f"{len(records.accounts)} Accounts and {len(records.contacts)} Contacts in CRM, "
               f"{len(records.customers)} customers with {sum(map(len, records.persons))} people in Books (SEED={stage.plan.seed})")  # fmt: skip
    stage.cloud.subscribe()
    health = stage.zoho.get("health")
    secrets = {"client_id": "1000.DEMO", "client_secret": "demo", "refresh_token": "1000.demo"}
    words = ["--organization-id", health["books_organization_id"], "--preset", "india"]
    for name in ("accounts", "crm", "books"):
        words += [f"--{name}-url", stage.zoho.url]
    words += [f"--settings={name}={value}" for name, value in SETTINGS.items()]
    stage.hooks = stage.tandem("connect", "--connection", CONNECTION, "--secrets-file", "-", *words, given=json.dumps(secrets))  # fmt: skip
    stage.check(stage.hooks["mode"] == "observe", "tandem connect: paired, and it only observes")
    hook = stage.hooks["webhook_books"]
    stage.zoho.post(
        "webhooks/books", {"url": hook["url"], "secret": hook["secret"], "events": ["create", "edit"]}
    )
    found = stage.tandem("check")
    faults = [f"{one['area']}: {one['sentence']}" for one in found["findings"] if one["state"] == "fault"]
    stage.check(found["ok"], f"tandem check: {len(found['findings'])} findings, no fault", faults)
    stage.equal(sorted(stage.cloud.schedules()), ["rate(1 minute)", "rate(1 minute)"], "the tick and the redrive are scheduled each minute")  # fmt: skip
    stage.info(f"waits shortened: {', '.join(f'{name}={value}' for name, value in SETTINGS.items())}")
    stage.info(f"limits scaled {SCALE}x: the sandbox blocks at {limits['books_per_minute']} Books calls a minute instead of 100, "
               f"Tandem stops at {80 * SCALE} instead of 80; calls in flight and the day are Zoho's own")  # fmt: skip
