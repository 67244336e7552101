"""`docs/probe.md` has every fact in its table, as the code has it."""

from __future__ import annotations

import re

import pytest

from cli.probing.ask import KEPT_BACK, MOST_CALLS
from cli.probing.facts import FACTS, Way
from sandbox.switches import Switches
from tests.docs.pages import rows, section, text_of

PAGE = "docs/probe.md"
TABLES: dict[Way, str] = {
    "probe": "Settled by the probe",
    "seen": "Settled by looking at what arrives",
    "never": "Not asked on purpose",
}


@pytest.mark.parametrize("way", TABLES)
def test_every_fact_stands_in_its_table(way: Way) -> None:
    """And none that there is not."""
    told = rows(section(PAGE, TABLES[way]))
    told.pop("fact")
    for name, cells in told.items():
        fact = FACTS[name]
        setting = [f"`{fact.setting}`" if fact.setting else ""] if way == "probe" else []
        assert cells == [fact.product, fact.text, fact.how, *setting], name
    assert set(told) == {name for name, fact in FACTS.items() if fact.way == way}


def test_every_switch_of_the_sandbox_is_in_one_of_the_tables() -> None:
    """Settled by a probe, seen, or left alone: a new switch is thought about."""
    assert set(Switches.model_fields) - set(FACTS) == set()


def test_the_numbers_are_those_of_the_code() -> None:
    """Forty calls, three kept back."""
    page = text_of(PAGE)
    assert set(re.findall(r"at most (\d+) calls", page, re.IGNORECASE)) == {str(MOST_CALLS)}
    assert KEPT_BACK == 3
    assert "The last three are kept" in page
