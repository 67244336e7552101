"""The scripted far side as a fixture: what was expected and never asked for fails the test too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.zoho.support import FarSide


@pytest.fixture
def far() -> Iterator[FarSide]:
    """The far side of one test."""
    side = FarSide()
    yield side
    side.done()
