"""What `tandem mapping check` says a mapping costs is what the sandbox counts."""

from __future__ import annotations

import math
import re

import pytest

from tandem.core.cost import costs
from tandem.core.mapping import preset
from tandem.core.records import Side
from tests.system.conftest import Pair

COSTS = {cost.flow: {Side.CRM: cost.crm, Side.BOOKS: cost.books} for cost in costs(preset("india"))}


def calls_in(words: str, n: int) -> int:
    """The number that a price names for n records: `n, and 2 for each 50`."""
    total = 0
    for term in words.partition(":")[0].replace(", and", ";").split(";"):
        each = re.fullmatch(r"\s*(\d+) for each (\d+)", term)
        alone = re.fullmatch(r"\s*(\d*)(n?)", term)
        assert each or alone, term
        if each:
            total += int(each[1]) * math.ceil(n / int(each[2]))
        elif alone:
            total += int(alone[1] or 1) * (n if alone[2] else 1)
    return total


def counted(pair: Pair, since: int) -> dict[Side, int]:
    """The calls to each product that were answered."""
    calls = [call for call in pair.system.calls(since) if call["status"] != 412]
    return {side: sum(call["product"] == side for call in calls) for side in Side}


def told(flow: str, n: int = 1) -> dict[Side, int]:
    """The calls that the price of a flow names."""
    return {side: calls_in(COSTS[flow][side], n) for side in Side}


@pytest.mark.parametrize(
    ("words", "n", "calls"), [("4", 9, 4), ("2n: a read", 3, 6), ("n, and 2 for each 50", 51, 55)]
)
def test_a_price_is_a_number(words: str, n: int, calls: int) -> None:
    """Or the counts below would compare nothing."""
    assert calls_in(words, n) == calls


async def test_a_quiet_tick_costs_what_the_check_says(pair: Pair) -> None:
    """Both feeds of CRM with their deletes, and one page of Books."""
    await pair.system.settle(2)
    before = pair.system.seq
    await pair.system.tick()
    assert counted(pair, before) == told("quiet tick")


async def test_an_edit_in_crm_costs_what_the_check_says(pair: Pair) -> None:
    """One read of CRM; a read and a write in Books."""
    await pair.system.settle(2)
    before = pair.system.seq
    await pair.edit_crm({"Description": "edited"})
    await pair.system.run(30)
    found = counted(pair, before)
    assert found == told("n edits in CRM")


async def test_an_edit_in_books_costs_what_the_check_says(pair: Pair) -> None:
    """Told by the webhook it costs no call to Books."""
    await pair.system.settle(2)
    before = pair.system.seq
    await pair.edit_books({"notes": "edited"})
    await pair.system.run(30)
    assert counted(pair, before) == told("n edits in Books, told by webhook")
