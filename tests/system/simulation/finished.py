"""Finished seeds in a file, one a line: a long run that was cut off goes on, as long as the tree is the same."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.system.simulation.run import Outcome
from tests.system.simulation.verdict import Finding

HERE = Path(__file__).parents[3]
ON_WHICH_A_RUN_RESTS = (
    "layers/tandem/tandem",
    "sandbox",
    "tests/system/simulation",
    "tests/system/sections.py",
    "cli/fixes.py",
)


def tree() -> str:
    """A digest of all code that a seed runs."""
    digest = hashlib.sha256()
    for place in ON_WHICH_A_RUN_RESTS:
        root = HERE / place
        for file in sorted(root.rglob("*.*")) if root.is_dir() else [root]:
            if file.suffix in (".py", ".yaml", ".json"):
                digest.update(f"{file.relative_to(HERE)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def read(file: Path | None, mark: dict[str, Any]) -> list[Outcome]:
    """The seeds that are there; raises ValueError if they are of another run (`mark`: tree and events)."""
    if file is None or not file.exists():
        return []
    outcomes = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        item = json.loads(line)
        if {name: item.pop(name, None) for name in mark} != mark:
            raise ValueError(f"{file}, line {number}: of another tree or length of a seed; name another file")
        item |= {name: Counter(item[name]) for name in ("kinds", "calls")}
        outcomes.append(Outcome(**item | {"findings": [Finding(**one) for one in item["findings"]]}))
    return outcomes


def keep(file: Path | None, outcome: Outcome, mark: dict[str, Any]) -> None:
    """Add a seed, without its logs."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    names = ("seed", "events", "kinds", "in_window", "calls", "quiet", "seconds", "digest")
    findings = [{"counter": one.counter, "sentence": one.sentence} for one in outcome.findings]
    line = mark | {name: getattr(outcome, name) for name in names} | {"findings": findings}
    with file.open("a") as out:
        out.write(json.dumps(line) + "\n")
