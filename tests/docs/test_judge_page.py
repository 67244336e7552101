"""`docs/judge.md` lists every planted bug, with what it is and within how much it was found."""

from __future__ import annotations

import pytest

from tests.docs.pages import rows, section
from tests.planted.__main__ import Bug, bugs, markdown

TABLE = rows(section("docs/judge.md", "Planted, and found"))


def test_the_table_has_every_planted_bug_and_no_other() -> None:
    """A patch that comes or goes changes the page."""
    assert [name for name in TABLE if name != "planted bug"] == [bug.name for bug in bugs()]


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.name)
def test_a_row_says_what_its_patch_says_and_how_soon_it_was_found(bug: Bug) -> None:
    """By a counter that the patch names, after so many events; or that it was not found, or not measured."""
    what, breaks, by, seed, events = TABLE[bug.name]
    assert (what, breaks) == (bug.text, bug.breaks)
    if by == "not measured":
        assert (seed, events) == ("-", "-")
    elif by == "not found":
        assert seed == "all"
        assert int(events) > 0
    else:
        assert set(by.split(", ")) <= bug.counters
        assert int(events) >= int(seed) >= 1


def test_the_table_is_written_as_it_stands_on_the_page() -> None:
    """`--report` gives a row that the tests above read."""
    one = {"bug": "b", "is": "what", "breaks": "P1", "by": "lost", "seed": 2, "events": 500}
    assert rows(markdown([one]))["b"] == ["what", "P1", "lost", "2", "500"]
