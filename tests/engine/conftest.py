"""Fixtures: rows of the State table over memory, with a clock that is told the time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.queues import MemoryBell, MemoryDeadLetters
from tandem.adapters.memory.table import MemoryTable
from tandem.engine.desk import Store
from tests.system.conftest import pair, system

__all__ = ["pair", "system"]


@pytest.fixture
def clock() -> ManualClock:
    """Stands at six in the morning."""
    return ManualClock(datetime(2026, 11, 23, 6, 0, tzinfo=UTC))


@pytest.fixture
def table() -> MemoryTable:
    """An empty State table."""
    return MemoryTable()


@pytest.fixture
def alerts() -> MemoryAlerts:
    """The alerts that were sent."""
    return MemoryAlerts()


@pytest.fixture
def store(table: MemoryTable, alerts: MemoryAlerts, clock: ManualClock) -> Store:
    """Every kind of row over the State table."""
    return Store.over(table, MemoryTable(), alerts, clock)


@pytest.fixture
def bell(clock: ManualClock) -> MemoryBell:
    """The change queue."""
    return MemoryBell(clock)


@pytest.fixture
def letters() -> MemoryDeadLetters:
    """The dead-letter queue."""
    return MemoryDeadLetters()
