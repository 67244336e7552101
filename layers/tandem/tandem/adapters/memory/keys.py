"""Sorted keys of a table or of one of its indexes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable

Key = tuple[str, str]
Entry = tuple[str, Key]
"""A sort key of the table or index, with the (pk, sk) of the row it stands for."""


def _sort_key(entry: Entry) -> str:
    return entry[0]


class SortedKeys:
    """Partitions of entries in sort-key order; strings sort by code point, which is UTF-8's order too."""

    def __init__(self) -> None:
        self._partitions: defaultdict[str, list[Entry]] = defaultdict(list)

    def add(self, partition: str, entry: Entry) -> None:
        """Add one entry."""
        insort(self._partitions[partition], entry)

    def discard(self, partition: str, entry: Entry) -> None:
        """Remove one entry, if it is there."""
        entries = self._partitions[partition]
        place = bisect_left(entries, entry)
        if place < len(entries) and entries[place] == entry:
            del entries[place]

    def select(self, partition: str, *, prefix: str, between: tuple[str, str] | None) -> list[Entry]:
        """Entries of one partition whose sort key begins with `prefix` or lies in `between` (both ends in)."""
        entries = self._partitions.get(partition, [])
        if between is not None:
            return _slice(entries, bisect_left, between[0], bisect_right, between[1])
        start = bisect_left(entries, prefix, key=_sort_key)
        found = []
        for entry in entries[start:]:
            if not entry[0].startswith(prefix):
                break
            found.append(entry)
        return found


Bisect = Callable[..., int]


def _slice(entries: list[Entry], left: Bisect, low: str, right: Bisect, high: str) -> list[Entry]:
    return entries[left(entries, low, key=_sort_key) : right(entries, high, key=_sort_key)]
