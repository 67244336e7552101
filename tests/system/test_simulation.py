"""The whole system under seeded faults: users edit both sides, things break, then all heals and is judged.

The judge reads both sides, the request log and the history, never Tandem's links.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from tests.system.conftest import ACCOUNT
from tests.system.test_crashes import Killed, Killer
from tests.system.world import System

SEEDS = range(1, 1 + int(os.environ.get("TANDEM_SEEDS", "6")))
EVENTS = int(os.environ.get("TANDEM_EVENTS", "120"))
FIELDS = {
    "Website": ("website", "https://v{n}.example"),
    "Description": ("notes", "note {n}"),
    "Customer_Segment": ("cf_segment", "segment {n}"),
    "Phone": ("phone", "+91 22 {n:08d}"),
    "Billing_City": ("city", "City {n}"),
}
FAULTS = (
    {"name": "error_before_commit", "count": 1},
    {"name": "error_after_commit", "count": 1},
    {"name": "timeout_after_commit", "count": 1},
    {"name": "timeout", "count": 1},
    {"name": "books_down", "count": 4, "product": "books"},
    {"name": "crm_down", "count": 4, "product": "crm"},
    {"name": "rate_minute", "count": 1, "product": "books"},
    {"name": "rate_in_flight", "count": 1, "product": "crm"},
    {"name": "invalid_token", "count": 1},
    {"name": "drop_notification", "count": 2},
    {"name": "duplicate_notification", "count": 2},
    {"name": "delay_notification", "count": 2, "seconds": 40},
)


class Users:
    """People on both sides, and their memory of what they typed."""

    def __init__(self, system: System, seed: int) -> None:
        self.system = system
        self.rng = random.Random(seed)
        self.typed: dict[tuple[str, str], dict[str, list[Any]]] = {}
        self.number = 0
        self.names: set[str] = set()

    def next(self) -> int:
        self.number += 1
        return self.number

    async def act(self) -> None:
        """One event: mostly edits, sometimes a create or a fault."""
        dice = self.rng.random()
        if dice < 0.1:
            await self.create_crm()
        elif dice < 0.17:
            await self.create_books()
        elif dice < 0.62:
            await self.edit()
        elif dice < 0.72:
            await self.system.control("POST", "/faults", dict(self.rng.choice(FAULTS)))
        elif dice < 0.77:
            await self.kill()
        elif dice < 0.87:
            await self.system.tick()
        await self.system.run(self.rng.choice((0, 0, 1, 1, 2, 5, 30)))

    async def create_crm(self) -> None:
        name = f"Company {self.next()} Works"
        account = await self.system.control(
            "POST", "/crm/Accounts", {**ACCOUNT, "Account_Name": name, "Website": None}
        )
        self.names.add(name)
        if self.rng.random() < 0.6:
            person = {"Last_Name": f"Person {self.next()}", "Email": f"p{self.number}@x.example"}
            await self.system.control(
                "POST", "/crm/Contacts", {**person, "Account_Name": {"id": account["id"]}}
            )

    async def create_books(self) -> None:
        name = f"Ledger {self.next()} Traders"
        person = {"first_name": f"Clerk {self.next()}", "email": f"c{self.number}@y.example"}
        await self.system.control(
            "POST", "/books/contacts", {"contact_name": name, "contact_persons": [person]}
        )
        self.names.add(name)

    async def edit(self) -> None:
        data = await self.system.export()
        field, (other, form) = self.rng.choice(list(FIELDS.items()))
        value = form.format(n=self.next())
        if self.rng.random() < 0.5 and data["crm"]["Accounts"]:
            account = self.rng.choice(data["crm"]["Accounts"])
            await self.system.control("PATCH", f"/crm/Accounts/{account['id']}", {field: value})
            self.note(account["Account_Name"], field, value)
        elif data["books"]["contacts"]:
            customer = self.rng.choice(data["books"]["contacts"])
            await self.system.control(
                "PATCH", f"/books/contacts/{customer['contact_id']}", books_change(customer, other, value)
            )
            self.note(customer["contact_name"], field, value)

    def note(self, name: str, field: str, value: Any) -> None:
        self.typed.setdefault((name, field), {}).setdefault("all", []).append(value)

    async def kill(self) -> None:
        """The writer dies somewhere in its next drain."""
        await self.system.sandbox.outbox.deliver_due()
        killer = Killer(self.rng.randint(1, 60))
        setattr(self.system.memory, self.rng.choice(("before", "after")), killer)
        killer.armed = True
        try:
            await self.system.drain()
        except Killed:
            pass
        finally:
            self.system.memory.before = self.system.memory.after = None


def books_change(customer: dict[str, Any], other: str, value: Any) -> dict[str, Any]:
    """The edit of one field in Books."""
    if other == "cf_segment":
        return {"custom_fields": [{"api_name": other, "value": value}]}
    if other in ("phone", "city"):
        return {"billing_address": {**customer["billing_address"], other: value}}
    return {other: value}


def shown(customer: dict[str, Any], other: str) -> Any:
    """What Books shows for a field, blank as None."""
    if other == "cf_segment":
        found = [f["value"] for f in customer["custom_fields"] if f["api_name"] == other]
        return (found[0] or None) if found else None
    if other in ("phone", "city"):
        return customer["billing_address"][other] or None
    return customer[other] or None


async def _judge(users: Users) -> list[str]:
    """What is wrong at the end, in words."""
    system, wrong = users.system, []
    data = await system.export()
    accounts = {a["Account_Name"]: a for a in data["crm"]["Accounts"]}
    customers = {c["contact_name"]: c for c in data["books"]["contacts"]}
    if len(accounts) != len(data["crm"]["Accounts"]) or len(customers) != len(data["books"]["contacts"]):
        wrong.append(
            f"duplicates: {len(data['crm']['Accounts'])} accounts, {len(data['books']['contacts'])} customers"
        )
    if not set(accounts) == set(customers) == users.names:
        wrong.append(f"missing: {users.names ^ set(accounts)} / {users.names ^ set(customers)}")
    before = {str(v) for item in system.history() for v in _flat(item.get("before") or {})}
    for name in set(accounts) & set(customers):
        for field, (other, _) in FIELDS.items():
            crm, books = accounts[name][field], shown(customers[name], other)
            if crm != books:
                wrong.append(f"unequal {name} {field}: {crm!r} / {books!r}")
            typed = users.typed.get((name, field), {}).get("all", [])
            if typed and crm not in typed:
                wrong.append(f"lost {name} {field}: {crm!r} was never typed, {typed[-1]!r} was")
            if typed and crm in typed and typed.index(crm) < len(typed) - 1 and typed[-1] not in before:
                wrong.append(f"lost {name} {field}: {typed[-1]!r} gave way to {crm!r} without a trace")
    people = [c["Email"] for c in data["crm"]["Contacts"]]
    persons = [p["email"] for c in data["books"]["contacts"] for p in c["contact_persons"]]
    if sorted(people) != sorted(persons):
        wrong.append(f"persons differ: {sorted(people)} / {sorted(persons)}")
    if holds := system.store.cases.holds("main"):
        wrong.append(f"held without need: {holds[0]['sentence']}")
    if system.store.rows.pending("main") or system.store.intents.all_open("main"):
        wrong.append(f"stuck: {system.store.rows.pending('main')} rows")
    return wrong + system.judge_history()


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in _flat(part)]
    return [value]


async def _simulate(seed: int) -> list[str]:
    system = System(seed=seed, settings={"retry_seconds": (5, 30, 60), "redrive_seconds": (60, 120, 240)})
    await system.subscribe()
    await system.settle(1)
    system.write_mode()
    users = Users(system, seed)
    for _ in range(EVENTS):
        await users.act()
    await system.control("DELETE", "/faults")
    for _ in range(4):
        await system.settle(5)
        system.redriver.redrive()
    quiet = system.seq
    await system.settle(2)
    wrong = await _judge(users)
    if system.writes(quiet):
        wrong.append(f"not quiet: {len(system.writes(quiet))} writes after all had settled")
    await system.http.aclose()
    await system.sandbox.outbox.close()
    return wrong


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_faults_and_healing_both_sides_agree_and_nothing_is_lost(seed: int) -> None:
    """P1, P2, P6, P9, P11, P19, P24 as a black box sees them."""
    assert await _simulate(seed) == []
