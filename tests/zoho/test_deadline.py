"""No call outlives the function: what the composition root makes of Lambda's remaining time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tandem import bootstrap
from tandem.adapters.memory.table import MemoryTable
from tandem.adapters.zoho.gate import OpenGate
from tandem.adapters.zoho.parse import now
from tandem.core.connection import Connection
from tandem.core.errors import TransientError
from tandem.core.records import Side
from tests.zoho.support import ACCOUNTS, CUSTOMERS, Moments

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Context:
    """Lambda's context object, as far as it is asked."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Clock:
    """The clock of an adapter."""

    def __init__(self) -> None:
        self.now = Moments()


@pytest.mark.parametrize(("left", "seconds"), [(30, 28), (2, 0), (0, -2)])
def test_a_call_leaves_the_function_time_to_note_its_end(left: int, seconds: int) -> None:
    """Two seconds."""
    assert bootstrap.Invocation(NOON + timedelta(seconds=left)).time_left(NOON) == seconds


def test_outside_an_invocation_there_is_no_end() -> None:
    """The command and the tests."""
    assert bootstrap.Invocation().time_left(NOON) == math.inf


def test_each_invocation_sets_its_own_end() -> None:
    """The container lives on, its deadline does not."""
    before = now()
    ends = bootstrap.deadline(Context())
    assert ends >= before + timedelta(seconds=30)
    assert bootstrap._invocation().ends == ends
    bootstrap._invocation().ends = None


async def test_nothing_leaves_without_time() -> None:
    """Neither a call of either product nor a token request."""

    def unexpected(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.method} {request.url} left us")

    url = "https://zoho.example"
    connection = Connection(
        id="main",
        group="main",
        accounts_url=url,
        crm_url=url,
        books_url=url,
        crm_org="1",
        organization_id="2",
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(unexpected)) as http:
        make = bootstrap.zoho_clients(http, MemoryTable(), None, Clock(), lambda: 0.0)
        clients = make(connection, OpenGate())
        for side, resource in ((Side.CRM, ACCOUNTS), (Side.BOOKS, CUSTOMERS)):
            with pytest.raises(TransientError, match="time"):
                await clients[side].read(resource, ["1"])
