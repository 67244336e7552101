"""What is kept of the records of a kind between writes: doing it anew for 20,000 would cost more than the page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

MENDED = 500
"""So many moved records are put in their places one by one; beyond it all is made anew."""


class Numbered(Protocol):
    """A record with an id."""

    @property
    def id(self) -> str:
        """Return its id."""
        ...


R = TypeVar("R", bound=Numbered)
V = TypeVar("V")


class _Kept(ABC, Generic[R]):
    """Follows the changes of some records; `moves` has the ids of all that ever changed, in that order."""

    def __init__(self, records: Mapping[str, R]) -> None:
        self._records = records
        self._seen = -1

    def take_in(self, moves: Sequence[str]) -> None:
        """Follow what moved since the last call."""
        if self._seen == len(moves):
            return
        moved = set(moves[self._seen :]) if self._seen >= 0 else set(self._records)
        if self._seen < 0 or len(moved) > MENDED:
            self._make()
        else:
            self._mend(moved)
        self._seen = len(moves)

    @abstractmethod
    def _make(self) -> None: ...

    @abstractmethod
    def _mend(self, moved: Iterable[str]) -> None: ...


class Order(_Kept[R]):
    """The records that belong, ascending by a key that no two share."""

    def __init__(
        self,
        records: Mapping[str, R],
        key: Callable[[R], Any],
        belongs: Callable[[R], bool] = lambda record: True,
    ) -> None:
        super().__init__(records)
        self._key = key
        self._belongs = belongs
        self._places: list[Any] = []
        self._place_of: dict[str, Any] = {}
        self.rows: list[R] = []

    def _make(self) -> None:
        self._place_of = {r.id: self._key(r) for r in self._records.values() if self._belongs(r)}
        ordered = sorted(self._place_of.items(), key=lambda pair: pair[1])
        self._places = [place for _, place in ordered]
        self.rows = [self._records[id] for id, _ in ordered]

    def _mend(self, moved: Iterable[str]) -> None:
        for id in moved:
            if (place := self._place_of.pop(id, None)) is not None:
                at = bisect_left(self._places, place)
                del self._places[at], self.rows[at]
            record = self._records.get(id)
            if record is not None and self._belongs(record):
                place = self._place_of[id] = self._key(record)
                at = bisect_left(self._places, place)
                self._places.insert(at, place)
                self.rows.insert(at, record)


class Values(_Kept[R], Generic[R, V]):
    """What is looked at of each record, by the record's id."""

    def __init__(self, records: Mapping[str, R], read: Callable[[R], V]) -> None:
        super().__init__(records)
        self._read = read
        self.of: dict[str, V] = {}

    def _make(self) -> None:
        self.of = {id: self._read(record) for id, record in self._records.items()}

    def _mend(self, moved: Iterable[str]) -> None:
        for id in moved:
            if (record := self._records.get(id)) is None:
                self.of.pop(id, None)
            else:
                self.of[id] = self._read(record)
