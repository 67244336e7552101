"""When a try is repeated: a value, with its own tests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.connection import Settings
from tandem.core.outcomes import next_try

STEPS = Settings().retry_seconds


def test_the_usual_steps() -> None:
    """5 s, 30 s, 2 min, 10 min, 1 h (design, section 2)."""
    assert STEPS == (5, 30, 120, 600, 3600)


@given(st.integers(1, 5), st.floats(0, 1))
def test_a_try_comes_back_after_its_step_give_or_take_a_fifth(tries: int, jitter: float) -> None:
    """Jitter keeps many rows from coming back together."""
    pause = next_try(tries, STEPS, jitter)
    assert pause is not None
    assert 0.8 * STEPS[tries - 1] <= pause <= 1.2 * STEPS[tries - 1] + 1e-9


@pytest.mark.parametrize(("tries", "steps"), [(6, STEPS), (7, STEPS), (1, ())])
def test_used_up_tries_have_no_next(tries: int, steps: tuple[int, ...]) -> None:
    """Then it is a dead letter."""
    assert next_try(tries, steps, 0.5) is None
