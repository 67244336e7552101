"""Who gets the next call, and how a round is filled: pure arithmetic over the four classes (design, section 5).

A better class goes first, but each class with work waiting has a guaranteed minimum of every window.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tandem.core.records import RowClass

MINIMUM = 0.1
"""The part of the calls of a minute that each class gets in every ten minutes while its work waits."""
SET_ASIDE = 0.125
"""What is set aside of each window and each round for that: a class asks by the bell and takes two calls a row."""
KEPT = 0.1
"""The last part of a minute and of a day: backfill never takes it."""


def least(whole: int) -> int:
    """What is set aside for one class out of `whole` calls or rows: at least one."""
    return max(round(whole * SET_ASIDE), 1)


def kept(whole: int) -> int:
    """How many of `whole` calls backfill leaves to the others."""
    return max(round(whole * KEPT), 1)


def allowance(whole: int, used: Mapping[RowClass, int], waiting: Collection[RowClass], cls: RowClass) -> int:
    """How many calls `cls` may take now, of `whole` in the window and after what each class `used` of them.

    Every other class that waits is left its minimum. While a better class waits, `cls` gets its minimum alone.
    Backfill leaves the last part of the minute, and so do the others until a waiting backfill had its minimum.
    """
    share = least(whole)
    owed = {other: max(share - used.get(other, 0), 0) for other in waiting if other is not cls}
    behind = owed.pop(RowClass.BACKFILL, 0)
    aside = sum(owed.values())
    if behind or cls is RowClass.BACKFILL:
        aside = max(aside, kept(whole)) + behind
    free = whole - sum(used.values()) - aside
    if any(other < cls for other in owed):
        free = min(free, share - used.get(cls, 0))
    return max(free, 0)


def fill(waiting: Mapping[RowClass, int], room: int) -> dict[RowClass, int]:
    """How many rows of each class go into a round of `room` rows: each its minimum, the rest to the best."""
    taken, left = dict.fromkeys(RowClass, 0), room
    for most in (least(room), room):
        for cls in RowClass:
            more = min(waiting.get(cls, 0) - taken[cls], most, left)
            taken[cls] += more
            left -= more
    return taken
