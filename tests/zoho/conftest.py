"""Two far sides: a scripted one, where what was never asked for fails too, and the local Zoho."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.zoho.house import Zoho
from tests.zoho.support import FarSide


@pytest.fixture
def far() -> Iterator[FarSide]:
    """The far side of one test."""
    side = FarSide()
    yield side
    side.done()


@pytest.fixture
async def zoho() -> AsyncIterator[Zoho]:
    """A fresh, empty sandbox with clients."""
    house = Zoho()
    await house.open()
    yield house
    await house.http.aclose()
