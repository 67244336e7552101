"""A small part of the simulation, and what makes its findings worth something."""

from __future__ import annotations

import logging
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.switches import Switches
from tandem.adapters.zoho import transport, watch
from tests.system.simulation import finished
from tests.system.simulation.plan import FIXED, choices, draw
from tests.system.simulation.report import as_json, last_line, markdown
from tests.system.simulation.run import Outcome, simulate
from tests.system.simulation.verdict import Finding

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", range(1, 5))
def test_after_faults_and_healing_the_judge_finds_nothing(seed: int) -> None:
    """P1, P2, P5, P6, P7, P9, P11, P19, P20, P24 and P25 as a black box sees them."""
    outcome = simulate(seed, 150)
    assert outcome.findings == []
    edits = sum(count for kind, count in outcome.kinds.items() if kind.startswith("edit "))
    assert edits >= 0.4 * outcome.events


def test_the_same_seed_gives_the_same_run_byte_by_byte() -> None:
    """The event log, every call included, is equal; in other processes, whatever the order of hashes, too."""
    code = "from tests.system.simulation.run import simulate; print(simulate(5, 80).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashes in ("0", "0", "1")
    }
    assert len(digests) == 1
    first, second = simulate(5, 80), simulate(5, 80)
    assert first.log == second.log


def test_a_run_leaves_the_process_as_it_found_it() -> None:
    """Logging, chance and the real durations are given back, whatever test comes next."""
    chance = random.getstate()
    simulate(5, 20)
    assert logging.root.manager.disable == logging.NOTSET
    assert random.getstate() == chance
    for module in (transport, watch):
        assert vars(module)["time"] is time


def test_another_seed_gives_another_run() -> None:
    """The digest says something."""
    assert simulate(6, 20).digest != simulate(7, 20).digest


def test_every_open_fact_is_drawn() -> None:
    """Both answers of every switch come up, but for those named with the reason why not."""
    drawn = [draw(seed).switches for seed in range(300)]
    for name in Switches.model_fields:
        seen = {plan[name] for plan in drawn}
        assert seen == set(choices(name))
        assert (len(seen) > 1) != (name in FIXED)


def test_the_last_line_has_every_counter() -> None:
    """Machines read it."""
    assert last_line([]) == (
        "seeds 0 events 0 lost 0 duplicates 0 unequal 0 echoes 0 resurrected 0 stuck 0 overruns 0"
    )


def test_the_report_can_be_put_on_a_page() -> None:
    """Seeds, events by kind, rounds to quiet and calls for each change."""
    outcome = Outcome(3, events=4, kinds=Counter({"edit customer in crm": 3, "fault: timeout": 1}))
    outcome.calls["books PUT /contacts"], outcome.quiet = 6, [140.0, 350.0]
    page = markdown(as_json([outcome], 1.0))
    assert "Seeds 3 to 3 (1), 4 events, 75% of them edits." in page
    assert "| edit customer in crm | 3 |" in page
    assert "6, 2.0 for each change" in page
    assert "3 looks of 70 s (median), 5 at most" in page


def test_a_run_that_was_cut_off_goes_on_on_the_same_tree_alone(tmp_path: Path) -> None:
    """What is kept of a seed is all that a report needs."""
    file, mark = tmp_path / "runs" / "seeds.jsonl", {"tree": finished.tree(), "length": 20}
    assert finished.read(file, mark) == []
    whole = Outcome(
        seed=3,
        events=4,
        kinds=Counter({"edit customer in crm": 3}),
        findings=[Finding("lost", "a value")],
        calls=Counter({"GET /books/v3/contacts": 6}),
        quiet=[70.0],
        seconds=1.5,
        digest="abc",
    )
    for outcome in (whole, replace(whole, seed=4, findings=[])):
        finished.keep(file, outcome, mark)
    kept = finished.read(file, mark)
    assert as_json(kept, 3.0) == as_json([whole, replace(whole, seed=4, findings=[])], 3.0)
    with pytest.raises(ValueError, match=r"seeds.jsonl, line 1: of another tree or length"):
        finished.read(file, {**mark, "length": 30})


@pytest.mark.parametrize("patch", sorted((ROOT / "tests/planted").glob("*.patch")), ids=lambda p: p.stem)
def test_every_planted_bug_applies_to_the_code_as_it_is(patch: Path) -> None:
    """Else `make simulate-judge` would find it only when somebody runs it."""
    git = shutil.which("git") or "git"
    asked = [git, "apply", "--check", "--recount", "-C1", str(patch)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
