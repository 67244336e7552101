"""Before the first step: data into both orgs, limits scaled, connected as an operator would."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx

from local.demo.cloud import CONNECTION
from local.demo.data import build, ids_of
from local.demo.stage import Stage
from tandem.core.connection import Settings

SCALE = 30
ZOHO_BLOCKS_AT = 100
"""The limits of a minute count SCALE times, on both ends alike."""

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

SECRETS = {"client_id": "1000.DEMO", "client_secret": "demo", "refresh_token": "1000.demo"}
"""The sandbox takes any."""

PARAMETERS: dict[str, str | int] = {"AlertEmail": "", "RedriveEveryMinutes": 1, "WorkerConcurrency": 2}
"""Of the stack."""

WARM = 4
"""The emulator starts a process for each call in flight; a flood of cold starts would take this machine's cores."""


def connect(stage: Stage) -> None:
    """Data in, `tandem connect`, `tandem check`, the webhook in Books, the limits, an ear for the alerts."""
    with ThreadPoolExecutor(WARM) as pool:
        warming = [pool.submit(_warm, stage) for _ in range(WARM)]
        _import(stage)
        stage.cloud.subscribe()
    stage.equal(
        [one.result() for one in warming], [404] * WARM, "receive_webhook is up; an unknown path gets 404"
    )
    _pair(stage)
    hook = stage.hooks["webhook_books"]
    spec = {"url": hook["url"], "secret": hook["secret"], "events": ["create", "edit"]}
    stage.zoho.post("webhooks/books", spec)
    found = stage.tandem("check")
    faults = [f"{one['area']}: {one['sentence']}" for one in found["findings"] if one["state"] == "fault"]
    stage.check(found["ok"], f"tandem check: {len(found['findings'])} findings, no fault", faults)
    each_minute = ["rate(1 minute)", "rate(1 minute)"]
    stage.equal(
        sorted(stage.cloud.schedules()), each_minute, "the tick and the redrive are scheduled each minute"
    )
    _scale(stage)


def _warm(stage: Stage) -> int:
    url = stage.cloud.stack.hook_url("crm", CONNECTION, "not-the-secret")
    return httpx.post(url, content=b"{}", timeout=60).status_code


def _import(stage: Stage) -> None:
    records = build(stage.plan)
    stage.ids = ids_of(records, stage.zoho.post("import", records.body))
    people = sum(map(len, records.persons))
    stage.info(
        f"{len(records.accounts)} Accounts and {len(records.contacts)} Contacts in CRM, {len(records.customers)} "
        f"customers with {people} people in Books (SEED={stage.plan.seed})"
    )


def _pair(stage: Stage) -> None:
    organization = stage.zoho.get("health")["books_organization_id"]
    words = ["--connection", CONNECTION, "--organization-id", organization, "--preset", "india"]
    words += [f"--{name}-url={stage.zoho.url}" for name in ("accounts", "crm", "books")]
    words += [f"--settings={name}={value}" for name, value in SETTINGS.items()]
    stage.hooks = stage.tandem("connect", "--secrets-file", "-", *words, given=json.dumps(SECRETS))
    stage.check(stage.hooks["mode"] == "observe", "tandem connect: paired, and it only observes")


def _scale(stage: Stage) -> None:
    limits = stage.zoho.put("limits", {"books_per_minute": ZOHO_BLOCKS_AT * SCALE})
    usual = Settings().model_dump()
    waits = [
        f"{name} {value} instead of {usual[name]}"
        for name, value in SETTINGS.items()
        if name != "limits_scale"
    ]
    stage.info(f"waits shortened: {'; '.join(waits)}; redrive each minute instead of each 15")
    stage.info(
        f"limits scaled {SCALE}x: the sandbox blocks at {limits['books_per_minute']} Books calls a minute instead of "
        f"{ZOHO_BLOCKS_AT}, Tandem stops at {usual['books_per_minute'] * SCALE} instead of "
        f"{usual['books_per_minute']}; calls in flight and the day are Zoho's own"
    )
