"""The flows whose calls and table operations are counted: real engine, tables in memory, the sandbox as Zoho."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.budgets import BUDGETS
from benchmarks.stage import Act, Pair, Stage, account, contact, customer

Scene = Callable[[Stage, int], Awaitable[Act]]
"""Sets the scene for n changes and returns what is then measured."""


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
    stage = Stage(scale)
    try:
        act = await SCENES[flow](stage, n)
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
    """There are n pairs by stamp, listed and not yet looked at; Books lacks the website of each."""
    stage.poll_once()
    await stage.imported(n, website_in_books=False)
    await stage.system.subscribe()
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


SCENES: Final[Mapping[str, Scene]] = {
    "crm edits, fields": _edits(_account, lambda i: {"Website": f"https://new{i}.example"}),
    "crm edits, address": _edits(_account, lambda i: {"Billing_Street": f"{i + 1} Park Street"}),
    "crm edits, persons": _edits(_contact, lambda i: {"Phone": f"+91 22 6{i:07d}"}),
    "books edits, record told": _edits(_customer, lambda i: {"notes": f"told {i}"}),
    "books edits, ids only": _edits(_customer, lambda i: {"notes": f"read {i}"}, envelope="ids"),
    "create in books, k=0": _creates_in_books(0),
    "create in books, k=3": _creates_in_books(3),
    "create in crm": _creates_in_crm,
    "first link": _first_link,
    "quiet tick": _quiet_tick,
    "full listing": _full_listing,
    "first sync, observe": _first_sync,
}


async def measure_all(
    sizes: Sequence[int], scale: int, tell: Callable[[str], None], flows: Sequence[str] = tuple(SCENES)
) -> list[Measured]:
    """Every flow at every n, one after the other."""
    found = []
    for flow in flows:
        for n in sizes:
            tell(f"{flow}, n={n}")
            found.append(await measure(flow, n, scale))
    return found
