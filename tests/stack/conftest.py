"""The template, built and deployed once for all tests on the stack (`pytest -m stack`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import LocalStack

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in this folder needs the stack, and the first one also waits for its deployment."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The deployed template on a local AWS of its own; its outputs are in `stack.outputs`."""
    with LocalStack(ROOT) as local:
        local.build()
        local.deploy({"AlertEmail": ""})
        yield local
