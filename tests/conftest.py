"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, settings

from tandem.core.mapping import load_mapping

# Speed is measured in a benchmark, never in a timed test: a busy machine must not fail a property.
settings.register_profile("tandem", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tandem")


@pytest.fixture(autouse=True, scope="session")
def _each_mapping_is_parsed_once() -> Iterator[None]:
    """Thousands of worlds are made of a few texts, and to parse one takes a tenth of what many a world lives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tandem.engine.connections.load_mapping", lru_cache(maxsize=64)(load_mapping))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have told by `record_property("told", lines)`, also under xdist."""
    reports = (r for kind in ("passed", "failed", "skipped") for r in terminalreporter.stats.get(kind, ()))
    for lines in (v for r in reports for k, v in getattr(r, "user_properties", ()) if k == "told"):
        for line in lines:
            terminalreporter.write_line(line)
