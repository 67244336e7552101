"""The sample events, for `sam remote invoke` and for reading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_sample_event(function: str) -> None:
    """One file at least, named after the function, holding one JSON object."""
    samples = list((ROOT / "events").glob(f"{function}*.json"))
    assert samples
    for sample in samples:
        assert isinstance(json.loads(sample.read_text()), dict), sample.name


def test_sample_webhooks_come_by_the_only_route() -> None:
    """Their shape is that of the template's route."""
    for sample in (ROOT / "events").glob("receive_webhook-*.json"):
        event = json.loads(sample.read_text())
        assert event["routeKey"] == "POST /hooks/{side}/{connection}/{secret}"
        assert set(event["pathParameters"]) == {"side", "connection", "secret"}
