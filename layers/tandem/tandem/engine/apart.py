"""Pairs that a person keeps apart: never linked, never held for each other again (design, section 3, matching)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tandem.core.records import RecordKey
from tandem.engine.ports import Put, Table


@dataclass(frozen=True, slots=True)
class Apart:
    """APART rows of the State table. They have no TTL: a person's word stands until a person takes it back."""

    table: Table

    def keep(self, key: RecordKey, others: Iterable[str], now: datetime) -> None:
        """Record `key` is none of the records `others` of the other side; saying it twice is saying it once."""
        for other in others:
            self.table.put(Put({"pk": _pk(key), "sk": _sk(key, other), "at": now.isoformat()}))

    def of(self, key: RecordKey, others: Iterable[str]) -> set[str]:
        """Those of `others` that record `key` is kept apart from."""
        places = {(_pk(key), _sk(key, other)): other for other in others}
        return {places[place] for place in self.table.get_many(list(places))} if places else set()


def _pk(key: RecordKey) -> str:
    return f"APART#{key.connection}"


def _sk(key: RecordKey, other: str) -> str:
    """The same row from whichever side the pair is looked at."""
    crm, books = (key.id, other) if key.side.value == "crm" else (other, key.id)
    return f"{key.entity}#{crm}#{books}"
