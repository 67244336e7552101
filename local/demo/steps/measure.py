"""Latency and calls, counted from the sandbox's own log."""

from __future__ import annotations

import time
from typing import Any

from local.demo.requests import Request, calls
from local.demo.stage import Stage
from local.demo.steps.trouble import segment

SINGLES, BURST = 15, 50
QUICK = 0.005
EDITS_A_SECOND = 20
"""The template takes 20 webhooks a second and 100 at once; the emulator starts a process for each call in flight."""


def _pairs(stage: Stage) -> list[tuple[str, str, str]]:
    """Name, CRM id and Books id of every linked company that has no held field."""
    key, apart = stage.key, stage.facts.get("outage", ("", 0))[0]
    names = [
        name for verdict in ("link", "create in books", "create in crm") for name in key.customers[verdict]
    ]
    return [
        (n, stage.ids.crm[n], stage.ids.books[n])
        for n in names
        if n not in key.held_fields and n in stage.ids.crm and stage.ids.books.get(n, apart) != apart
    ]


def singles(stage: Stage) -> None:
    """Fifteen edits each way, each one after the other came to rest."""
    pairs = _pairs(stage)[-SINGLES:]
    stage.settle()
    for direction, flow in (
        ("crm_to_books", "one edit, CRM to Books"),
        ("books_to_crm", "one edit, Books to CRM"),
    ):
        first, seconds = stage.log.last, []
        for number, (_, account, customer) in enumerate(pairs):
            value = f"{direction} {number}"
            if direction == "crm_to_books":
                seconds.append(_one(stage, f"crm/Accounts/{account}", {"Customer_Segment": value}, customer))
            else:
                body = {"custom_fields": [{"api_name": "cf_segment", "value": value}]}
                seconds.append(_one(stage, f"books/contacts/{customer}", body, account))
        stage.settle()
        stage.latency[direction] = seconds
        stage.equal(
            len(stage.latency[direction]),
            SINGLES,
            f"{flow}: each of {SINGLES} edits was written to the other side",
        )
        wrong = [c for n, (_, a, c) in enumerate(pairs) if not _is(stage, a, c, f"{direction} {n}")]
        stage.equal(wrong, [], "and both sides show it")
        _cost(stage, flow, first, SINGLES)
        made = sorted(stage.latency[direction])
        if made:
            stage.info(
                f"from the edit to the remote write: {made[0] * 1000:.0f} to {made[-1] * 1000:.0f} ms (local emulator)"
            )


def _one(stage: Stage, path: str, body: dict[str, Any], target: str) -> float:
    before, started = stage.log.last, time.time()
    stage.edit(path, body)
    found = stage.wait(f"the write for {path}", lambda: stage.log.write_of(target, before), pause=QUICK)
    stage.settle(still=0.2)
    return found.at - started


def _is(stage: Stage, account: str, customer: str, value: str) -> bool:
    crm = stage.zoho.account(account) or {}
    return crm.get("Customer_Segment") == value and segment(stage, customer) == value


def _cost(stage: Stage, flow: str, first: int, edits: int) -> None:
    """Calls per change; looks for what changed (the minute's tick polls) are told apart."""
    apart = stage.facts.get("outage", ("-", 0))[0]
    made = [request for request in stage.log.since(first) if not request.names(apart)]
    own: list[Request] = [request for request in made if not request.is_feed]
    counts = calls(own)
    stage.cost[flow] = {product: count / edits for product, count in counts.items()}
    stage.info(
        f"{flow}: CRM {counts['crm'] / edits:.2f} and Books {counts['books'] / edits:.2f} calls per change; "
        f"{sum(r.is_write for r in own)} writes, {len(made) - len(own)} feed reads beside them"
    )


def burst(stage: Stage) -> None:
    """Fifty people save within two and a half seconds."""
    pairs = _pairs(stage)
    customers = [
        (f"crm/Accounts/{a}", {"Customer_Segment": f"burst {n}"}, b) for n, (_, a, b) in enumerate(pairs)
    ][: BURST - 10]
    people = [
        (f"crm/Contacts/{stage.ids.crm[p]}", {"Title": f"burst {p}"}, stage.ids.books[p])
        for p in stage.key.people["link"]
        if p in stage.ids.crm and p in stage.ids.books
    ][: BURST - len(customers)]
    edits = [*customers, *people]
    stage.equal(len(edits), BURST, f"{len(customers)} companies and {len(people)} people are edited")
    stage.settle()
    first = stage.log.last
    started: dict[str, float] = {}

    for path, body, target in edits:
        started[target] = time.time()
        stage.edit(path, body)
        time.sleep(max(started[target] + 1 / EDITS_A_SECOND - time.time(), 0))
    stage.settle(90)
    writes = stage.log.writes(first)
    found = {id: [w for w in writes if w.names(id)] for id in started}
    stage.equal([id for id, made in found.items() if not made], [], "each of them is written to Books")
    extra = [str(write) for made in found.values() for write in made[1:]]
    stage.equal(extra, [], "and each of them once")
    stage.latency["burst"] = [made[0].at - started[id] for id, made in found.items() if made]
    _cost(stage, f"burst of {BURST}, CRM to Books", first, BURST)
