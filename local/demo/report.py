"""What the demo leaves: the final table, build/demo.json, and how to play with what was kept."""

from __future__ import annotations

import math
from typing import Any

from local.demo.cloud import CONNECTION
from local.demo.requests import calls
from local.demo.runner import Runner
from local.demo.setup import SECRETS
from local.demo.show import Screen
from local.demo.stage import Stage

DIRECTIONS = {"crm_to_books": "CRM to Books", "books_to_crm": "Books to CRM"}


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def summary(runner: Runner, stage: Stage | None) -> dict[str, Any]:
    """The content of build/demo.json; figures that were not reached are null."""
    latency = stage.latency if stage else {}
    return {
        "ok": runner.ok and stage is not None,
        "steps": [
            {"name": one.name, "ok": one.ok, "seconds": round(one.seconds, 2)} for one in runner.results
        ],
        "latency_ms": {
            name: {f"p{share}": _milliseconds(latency.get(name), share) for share in (50, 99)}
            for name in DIRECTIONS
        },
        "calls": calls(stage.log.all()) if stage else {"crm": 0, "books": 0},
        "changes": stage.changes if stage else 0,
    }


def _milliseconds(values: list[float] | None, share: int) -> int | None:
    return round(percentile(values, share / 100) * 1000) if values else None


def show(screen: Screen, runner: Runner, stage: Stage) -> None:
    """The final tables."""
    screen.table(
        "Steps",
        ["step", "", "seconds", "CRM calls", "Books calls", "writes"],
        [
            [
                one.name,
                "ok" if one.ok else "FAILED",
                f"{one.seconds:.1f}",
                *(str(one.calls.get(p, "")) for p in ("crm", "books")),
                str(one.writes) if one.calls else "",
            ]
            for one in runner.results
        ],
    )
    made, requests = summary(runner, stage), stage.log.all()
    export = stage.zoho.export()
    people = sum(len(customer["contact_persons"]) for customer in export["books"]["contacts"])
    rows = [
        [
            "records",
            f"CRM {len(export['crm']['Accounts'])} Accounts, {len(export['crm']['Contacts'])} Contacts",
            f"Books {len(export['books']['contacts'])} customers, {people} persons",
        ],
        ["links", *(f"{name} {count}" for name, count in stage.facts.get("links", {}).items())],
        ["held", f"{stage.facts.get('held', '?')} records", ""],
        ["changes by users", str(stage.changes), ""],
        ["calls", f"CRM {made['calls']['crm']}", f"Books {made['calls']['books']}"],
        [
            "writes",
            *(
                f"{name} {sum(r.is_write and r.product == p for r in requests)}"
                for name, p in (("CRM", "crm"), ("Books", "books"))
            ),
        ],
    ]
    for flow, cost in stage.cost.items():
        rows.append([f"calls per change, {flow}", f"CRM {cost['crm']:.2f}", f"Books {cost['books']:.2f}"])
    for name, words in DIRECTIONS.items():
        told = made["latency_ms"][name]
        if told["p50"] is not None:
            count = len(stage.latency[name])
            rows.append(
                [
                    f"edit to remote write, {words} ({count} edits)",
                    f"p50 {told['p50']} ms",
                    f"p99 {told['p99']} ms",
                ]
            )
    if burst := stage.latency.get("burst"):
        rows.append(
            [
                f"the same in a burst of {len(burst)}",
                f"p50 {_milliseconds(burst, 50)} ms",
                f"p99 {_milliseconds(burst, 99)} ms",
            ]
        )
    screen.table(
        "Figures (local emulator and sandbox on this machine, not AWS and Zoho)",
        ["what", "", ""],
        [[*row, ""][:3] for row in rows],
    )
    for result in runner.results:
        for failure in result.failures:
            screen.line("bad", f"{result.name}: {failure}")
    screen.say(
        "\n"
        + (
            "Every step went well."
            if runner.ok
            else "Some steps FAILED; see above and build/demo-errors.log."
        )
    )
    screen.say("The sandbox's own log is build/requests.jsonl, the summary build/demo.json.")


def urls(stage: Stage, groups: dict[str, int]) -> dict[str, Any]:
    """The content of build/demo-urls.json."""
    health, hooks = stage.zoho.get("health"), stage.hooks
    return {
        "urls": {
            "crm": f"{stage.zoho.url}/crm/v8",
            "books": f"{stage.zoho.url}/books/v3",
            "accounts": stage.zoho.url,
            "control": f"{stage.zoho.url}/control",
            "webhook_crm": hooks["webhook_crm"]["url"],
            "webhook_books": hooks["webhook_books"]["url"],
            "aws": stage.cloud.stack.endpoint,
        },
        "ids": {
            "connection": CONNECTION,
            "crm_org": health["crm_org_id"],
            "books_organization_id": health["books_organization_id"],
            "crm_channel": hooks["webhook_crm"]["channel_id"],
            "stack": "tandem",
            "outputs": stage.cloud.stack.outputs,
        },
        "secrets": {
            **SECRETS,
            "crm_token": hooks["webhook_crm"]["secret"],
            "books_secret": hooks["webhook_books"]["secret"],
        },
        "environment": stage.cloud.stack.session_env(),
        "process_groups": groups,
        "stop": f"kill -- {' '.join(f'-{group}' for group in groups.values())}",
    }


def how_to_play(screen: Screen, stage: Stage, groups: dict[str, int]) -> None:
    """Print what can be tried on the kept demo."""
    account, control = next(iter(stage.ids.crm.values())), f"{stage.zoho.url}/control"
    env = " ".join(
        f"{name}={value}" for name, value in stage.cloud.stack.session_env().items() if name != "AWS_REGION"
    )
    screen.say(f"""
Kept running (urls, ids and secrets: build/demo-urls.json). Try:
  edit in CRM    curl -s -X PATCH {control}/crm/Accounts/{account} -d '{{"Phone": "+91 22 4000 0000"}}'
  look in Books  curl -s {control}/export | python3 -m json.tool | grep -n "4000 0000"
  what went      curl -s '{control}/requests?limit=5'
  faults         curl -s {control}/faults; curl -s -X POST {control}/faults -d '{{"name": "books_down"}}'
  the operator   env {env} build/envs/local/bin/tandem status
Stop it:         kill -- {" ".join(f"-{group}" for group in groups.values())}""")
