"""Contacts in one order, mended as they move: sorting 20,000 after each write would cost more than the page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.books.contact import Contact

MENDED = 500
"""So many moved contacts are put in their places one by one; beyond it all are sorted anew."""


class Order:
    """The contacts that belong, ascending by a key that no two share."""

    def __init__(
        self,
        contacts: Mapping[str, Contact],
        key: Callable[[Contact], Any],
        belongs: Callable[[Contact], bool],
    ) -> None:
        self._contacts = contacts
        self._key = key
        self._belongs = belongs
        self._seen = -1
        self._places: list[Any] = []
        self._place_of: dict[str, Any] = {}
        self.rows: list[Contact] = []

    def take_in(self, moves: list[str]) -> None:
        """Follow what moved since the last call; `moves` has the ids of all that ever did."""
        moved = set(moves[self._seen :]) if self._seen >= 0 else set(self._contacts)
        if self._seen < 0 or len(moved) > MENDED:
            self._sort()
        else:
            self._mend(moved)
        self._seen = len(moves)

    def _sort(self) -> None:
        self._place_of = {c.id: self._key(c) for c in self._contacts.values() if self._belongs(c)}
        ordered = sorted(self._place_of.items(), key=lambda pair: pair[1])
        self._places = [place for _, place in ordered]
        self.rows = [self._contacts[id] for id, _ in ordered]

    def _mend(self, moved: Iterable[str]) -> None:
        for id in moved:
            if (place := self._place_of.pop(id, None)) is not None:
                at = bisect_left(self._places, place)
                del self._places[at], self.rows[at]
            contact = self._contacts.get(id)
            if contact is not None and self._belongs(contact):
                place = self._place_of[id] = self._key(contact)
                at = bisect_left(self._places, place)
                self._places.insert(at, place)
                self.rows.insert(at, contact)
