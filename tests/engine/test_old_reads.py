"""What was read of Books long ago is read again before a write: a round may take a minute, and Books has no lock."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tandem.engine.reader import READ_LASTS
from tests.engine.town import READ, WRITE, Town, a_town
from tests.system.world import System, Zohos


@pytest.fixture
async def town(system: System) -> Town:
    """Three of them."""
    return await a_town(system, 3)


@pytest.mark.parametrize(("pause", "again"), [(0, 0), (READ_LASTS.total_seconds() + 1, 2)])
async def test_a_read_older_than_ten_seconds_is_made_again_before_its_write(
    town: Town, pause: float, again: int
) -> None:
    """All three are read as the round opens; the first write takes long, so the other two are read afresh."""
    await town.edit_crm(Billing_City="Town {n}")
    town.while_writing(lambda count: town.system.clock.advance(pause if count == 1 else 0))
    assert await town.drain() == {READ: 3 + again, WRITE: 3}
    assert [(await town.books(n))["billing_address"]["city"] for n in range(3)] == [
        "Town 0",
        "Town 1",
        "Town 2",
    ]


async def test_a_write_whose_turn_came_late_rests_on_a_read_of_then(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where updates of CRM may go together, all are decided side by side before the first write leaves."""
    send, pauses = Zohos.handle_async_request, [READ_LASTS.total_seconds() + 1]

    async def slowly(self: Zohos, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and pauses:
            await asyncio.sleep(0)
            town.system.clock.advance(pauses.pop())
        return await send(self, request)

    await town.edit_crm(Billing_City="Town {n}")
    monkeypatch.setattr(Zohos, "handle_async_request", slowly)
    town.system.configure(in_flight=1, crm_bulk_guard="per_item")
    assert await town.drain() == {READ: 3 + 2, WRITE: 3}
    assert [(await town.books(n))["billing_address"]["city"] for n in range(3)] == [
        "Town 0",
        "Town 1",
        "Town 2",
    ]


async def test_a_value_put_back_is_no_echo_of_a_read_that_was_too_early(town: Town) -> None:
    """Two edits of one second, of which the first was read: what is known is the second, so the first is news again."""
    system = town.system
    await town.edit_books(0, silently=True, website="https://first.example")
    await town.read_now(0)
    await town.edit_books(0, website="https://second.example")
    system.clock.advance(5)
    await system.run(5)
    assert (await town.account(0))["Website"] == "https://second.example"
    await town.edit_books(0, website="https://first.example")
    await system.run(5)
    assert (await town.account(0))["Website"] == "https://first.example"
    await system.settle(1)
    system.judge()
