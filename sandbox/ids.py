"""Seeded record ids: digits in a string, growing, as Zoho hands them out (CRM dossier 2, Books dossier 1)."""

from __future__ import annotations

from random import Random

NUMBER_DIGITS = 12


class IdSource:
    """Draws ids that begin with the org's prefix; the same seed draws the same ids."""

    def __init__(self, seed: int, product: str, prefix_digits: int) -> None:
        self._rng = Random(f"{seed}:{product}:ids")
        self._prefix = str(self._rng.randrange(10 ** (prefix_digits - 1), 9 * 10 ** (prefix_digits - 1)))
        self._number = 86_000

    def apart(self, name: str) -> IdSource:
        """Return a source of lower ids of the same org: what it draws moves none of the ids drawn here."""
        other = IdSource(0, name, 1)
        other._prefix, other._number = self._prefix, 40_000
        return other

    def take(self, record_id: object) -> None:
        """An id was given from outside: whatever is drawn later comes after it."""
        text = str(record_id)
        number = text.removeprefix(self._prefix)
        if text != number and len(number) == NUMBER_DIGITS and number.isdigit():
            self._number = max(self._number, int(number))

    def draw(self) -> str:
        """Return the next id."""
        self._number += self._rng.randint(1, 9)
        return f"{self._prefix}{self._number:0{NUMBER_DIGITS}d}"
