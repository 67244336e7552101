"""One seed in a process of its own: a process that is spawned finds nothing that stands in `__main__`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.system.simulation.run import Outcome, simulate
from tests.system.simulation.verdict import Finding


def one(seed: int, events: int, *, log: Path | None = None) -> Outcome:
    """Run one seed; what escapes it is a finding too. The log is kept only where it is asked for."""
    try:
        outcome = simulate(seed, events)
    except Exception as error:  # noqa: BLE001 - a simulation that breaks down proves nothing
        outcome = Outcome(seed, findings=[Finding("crashed", f"{type(error).__name__}: {error}")])
    if log is not None and outcome.findings:
        log.mkdir(parents=True, exist_ok=True)
        (log / f"{seed}.events.jsonl").write_text("\n".join(outcome.log) + "\n")
        entries = (json.dumps(entry, default=str) for entry in outcome.history)
        (log / f"{seed}.history.jsonl").write_text("\n".join(entries) + "\n")
    outcome.log, outcome.history = [], []
    return outcome
