"""How the tests run on a mutant: few examples, the same for all mutants, none made smaller; the quick tests first.

A plugin of pytest, which a session adds to its copy of `tests/conftest.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=30,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("mutants")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order of the seconds that each took on the code as it is, as far as mutmut has noted them."""
    noted = Path("mutmut-stats.json")
    if noted.exists():
        took = json.loads(noted.read_text())["duration_by_test"]
        items.sort(key=lambda item: took.get(item.nodeid, 0.0))
