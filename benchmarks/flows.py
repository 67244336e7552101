"""The flows whose calls and table operations are counted: real engine, tables in memory, the sandbox as Zoho."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.budgets import BUDGETS
from benchmarks.others import ITEM, VENDOR, Kind, check_is_new, linked
from benchmarks.stage import Act, Pair, Stage, account, contact, customer
from tandem.core.records import Side
from tests.system.sections import ITEMS, NEW_ITEMS, VENDORS

Scene = Callable[[Stage, int], Awaitable[Act]]
"""Sets the scene for n changes and returns what is then measured."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A scene, and the mapping's further sections and the settings that it is played with."""

    scene: Scene
    sections: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """One flow at one n: calls by endpoint, table calls by verb."""

    flow: str
    n: int
    endpoints: Mapping[str, int]
    state: Mapping[str, int]
    history: Mapping[str, int]
    rows: Mapping[str, int]

    def calls(self, product: str) -> int:
        """Calls to one product, those for the echo included."""
        return sum(count for name, count in self.endpoints.items() if name.startswith(f"{product} "))

    def flow_row(self) -> dict[str, Any]:
        """The row of `flows` in bench.json."""
        budget = BUDGETS[self.flow]
        return {
            "flow": self.flow,
            "n": self.n,
            "crm_calls": self.calls("crm"),
            "books_calls": self.calls("books"),
            "budget_crm": budget.crm(self.n),
            "budget_books": budget.books(self.n),
            "naive_crm": budget.naive_crm(self.n),
            "naive_books": budget.naive_books(self.n),
        }

    def table_row(self) -> dict[str, Any]:
        """The row of `table_ops` in bench.json: table calls per change by verb, and rows named or given by them."""
        state, history, rows = (self._each(counts) for counts in (self.state, self.history, self.rows))
        return {
            "flow": self.flow,
            "n": self.n,
            "calls": round((sum(self.state.values()) + sum(self.history.values())) / self.n, 2),
            "state": state,
            "history": history,
            "rows": rows,
        }

    def _each(self, counts: Mapping[str, int]) -> dict[str, float]:
        return {verb: round(counts[verb] / self.n, 2) for verb in sorted(counts)}


async def measure(flow: str, n: int, scale: int) -> Measured:
    """Set the scene of one flow, then count everything until nothing is pending."""
    played = SCENES[flow]
    stage = Stage(scale, played.sections, played.settings)
    try:
        act = await played.scene(stage, n)
        stage.start()
        await act()
        return Measured(
            flow,
            n,
            stage.endpoints(),
            Counter(stage.system.state.calls),
            Counter(stage.history.calls),
            Counter(stage.system.state.rows),
        )
    finally:
        await stage.close()


# --- scenes -----------------------------------------------------------------------------------------------


def _edits(path: Callable[[Pair], str], change: Callable[[int], Any], *, envelope: str = "json") -> Scene:
    """Each of n linked pairs is edited on one side by a person, all within a second."""

    async def scene(stage: Stage, n: int) -> Act:
        await stage.control("PUT", "/switches", {"webhook_envelope": envelope})
        pairs = await stage.linked(n)
        await stage.polls_off()

        async def act() -> None:
            await stage.edit_all(path, pairs, change)
            await stage.until_quiet()

        return act

    return scene


def _account(pair: Pair) -> str:
    return f"/crm/Accounts/{pair.account}"


def _contact(pair: Pair) -> str:
    return f"/crm/Contacts/{pair.contact}"


def _customer(pair: Pair) -> str:
    return f"/books/contacts/{pair.customer}"


def _creates_in_books(persons: int) -> Scene:
    """People make n Accounts, each with some Contacts."""

    async def scene(stage: Stage, n: int) -> Act:
        await stage.listed()
        await stage.polls_off()

        async def act() -> None:
            for i in range(n):
                made = await stage.control("POST", "/crm/Accounts", account(i))
                for position in range(persons):
                    body = contact(i, {"id": made["id"]}, position)
                    await stage.control("POST", "/crm/Contacts", body)
            await stage.until_quiet()

        return act

    return scene


async def _creates_in_crm(stage: Stage, n: int) -> Act:
    """People make n Books customers without persons."""
    await stage.listed()
    await stage.polls_off()

    async def act() -> None:
        for i in range(n):
            await stage.control("POST", "/books/contacts", customer(i))
        await stage.until_quiet()

    return act


async def _first_link(stage: Stage, n: int) -> Act:
    """There are n pairs by e-mail, listed and not yet looked at; Books lacks the website of each."""
    stage.poll_once()
    await stage.imported(n, stamped=False)
    await stage.subscribed()
    await stage.system.tick()
    stage.system.write_mode()
    return stage.until_quiet


async def _quiet_tick(stage: Stage, n: int) -> Act:
    """There are n linked pairs, nothing new, every feed due."""
    await stage.linked(n)
    stage.system.clock.advance(600)
    await stage.system.settle(1)

    async def act() -> None:
        await stage.system.tick()
        await stage.until_quiet()

    return act


def _edits_of(kind: Kind, side: Side, change: Callable[[int], Any]) -> Scene:
    """Each of n linked vendors or items is edited on one side by a person, all within a second."""

    async def scene(stage: Stage, n: int) -> Act:
        twins = await linked(stage, kind, n)
        await stage.polls_off()
        path = kind.crm_path if side is Side.CRM else kind.books_path

        async def act() -> None:
            await stage.edit_all(path, twins, change)
            await stage.until_quiet()

        return act

    return scene


def _creates_of(kind: Kind, side: Side) -> Scene:
    """People make n vendors or items on one side."""

    async def scene(stage: Stage, n: int) -> Act:
        await stage.listed()
        await stage.polls_off()
        place, body = (
            (f"/crm/{kind.module}", kind.in_crm)
            if side is Side.CRM
            else (f"/books/{kind.listed}", kind.in_books)
        )

        async def act() -> None:
            for i in range(n):
                await stage.control("POST", place, body(i))
            await stage.until_quiet()
            check_is_new(stage, kind, n)

        return act

    return scene


async def _quiet_tick_of_all(stage: Stage, n: int) -> Act:
    """There are n linked pairs of customers, of vendors and of items, nothing new, every feed due."""
    await linked(stage, VENDOR, n)
    await linked(stage, ITEM, n)
    return await _quiet_tick(stage, n)


async def _full_listing(stage: Stage, n: int) -> Act:
    """There are n unknown pairs; every feed is read to its end, nothing is decided."""
    await stage.imported(n)

    async def act() -> None:
        await stage.system.tick()

    return act


async def _first_sync(stage: Stage, n: int) -> Act:
    """There are n unknown pairs: listed, linked and agreed in observe mode, where no write leaves."""
    stage.poll_once()
    await stage.imported(n)

    async def act() -> None:
        await stage.system.tick()
        await stage.until_quiet()

    return act


ALL_SECTIONS: Final = VENDORS + ITEMS

SCENES: Final[Mapping[str, Flow]] = {
    "crm edits, fields": Flow(_edits(_account, lambda i: {"Website": f"https://new{i}.example"})),
    "crm edits, address": Flow(_edits(_account, lambda i: {"Billing_Street": f"{i + 1} Park Street"})),
    "crm edits, persons": Flow(_edits(_contact, lambda i: {"Phone": f"+91 22 6{i:07d}"})),
    "crm edits, vendors": Flow(
        _edits_of(VENDOR, Side.CRM, lambda i: {"Website": f"https://new{i}.example"}), VENDORS
    ),
    "crm edits, items": Flow(_edits_of(ITEM, Side.CRM, lambda i: {"Description": f"bolt {i}"}), ITEMS),
    "books edits, record told": Flow(_edits(_customer, lambda i: {"notes": f"told {i}"})),
    "books edits, ids only": Flow(_edits(_customer, lambda i: {"notes": f"read {i}"}, envelope="ids")),
    "books edits, bulk writes": Flow(
        _edits(_customer, lambda i: {"notes": f"bulk {i}"}), settings={"crm_bulk_guard": "per_item"}
    ),
    "books edits, vendors": Flow(_edits_of(VENDOR, Side.BOOKS, lambda i: {"notes": f"told {i}"}), VENDORS),
    "books edits, items": Flow(_edits_of(ITEM, Side.BOOKS, lambda i: {"description": f"bolt {i}"}), ITEMS),
    "create in books, k=0": Flow(_creates_in_books(0)),
    "create in books, k=3": Flow(_creates_in_books(3)),
    "create in books, vendors": Flow(_creates_of(VENDOR, Side.CRM), VENDORS),
    "create in books, items": Flow(_creates_of(ITEM, Side.CRM), NEW_ITEMS),
    "create in crm": Flow(_creates_in_crm),
    "create in crm, vendors": Flow(_creates_of(VENDOR, Side.BOOKS), VENDORS),
    "create in crm, items": Flow(_creates_of(ITEM, Side.BOOKS), ITEMS),
    "first link": Flow(_first_link),
    "quiet tick": Flow(_quiet_tick),
    "quiet tick, all entities": Flow(_quiet_tick_of_all, ALL_SECTIONS),
    "full listing": Flow(_full_listing),
    "first sync, observe": Flow(_first_sync),
}
