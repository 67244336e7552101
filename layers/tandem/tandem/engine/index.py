"""Index rows of match keys, since Books has no filter for most of them (design, section 3, matching)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tandem.core.entities import CUSTOMER
from tandem.core.keys import key_rows, lookups
from tandem.core.records import MatchKeys, Record, RecordKey, Side
from tandem.engine.ports import Item, Table

_FINDING = frozenset({"stamp", "tax", "email", "name", "own"})
_SCORING = frozenset({"phone", "domain"})
"""They hold only together with a similar name; shared by many (a group's switchboard) they tell nothing."""
_FEW = 3


@dataclass(slots=True)
class MatchIndex:
    """KEY rows of the State table: which record of which side showed a key. They only find; records prove."""

    table: Table

    def add(self, entries: Iterable[tuple[RecordKey, MatchKeys]]) -> None:
        """Put the key rows of many records in batches."""
        rows: dict[tuple[str, str], Item] = {}
        for key, keys in entries:
            for kind, digest in key_rows(keys):
                pk, sk = _pk(key.connection, key.entity, kind, digest), f"{key.side}#{key.id}"
                rows[pk, sk] = {"pk": pk, "sk": sk}
        self.table.put_many(list(rows.values()))

    def add_records(self, connection: str, records: Iterable[Record]) -> None:
        """Keys of records as read; a Contact's e-mails count for its Account too."""
        entries: list[tuple[RecordKey, MatchKeys]] = []
        for record in records:
            entries.append((RecordKey(connection, record.side, record.entity, record.id), record.keys))
            if record.entity != CUSTOMER and record.parent and record.keys.emails:
                account = RecordKey(connection, record.side, CUSTOMER, record.parent)
                entries.append((account, MatchKeys(emails=record.keys.emails)))
        self.add(entries)

    def find(self, connection: str, entity: str, side: Side, record: Record) -> list[str]:
        """Ids on `side` that once showed a key by which `record` could match, in a stable order."""
        found = {record.keys.stamp} if record.keys.stamp else set()
        for kind, digest in lookups(record):
            items = self.table.query(_pk(connection, entity, kind, digest), prefix=f"{side}#")
            ids = {str(item["sk"]).split("#", 1)[1] for item in items}
            if kind in _FINDING or (kind in _SCORING and len(ids) <= _FEW):
                found |= ids
        return sorted(found)

    def ids(self, connection: str, entity: str, side: Side, keys: MatchKeys) -> set[str]:
        """Ids on `side` that once showed one of these keys."""
        places = [_pk(connection, entity, kind, digest) for kind, digest in key_rows(keys)]
        items = (item for place in places for item in self.table.query(place, prefix=f"{side}#"))
        return {str(item["sk"]).split("#", 1)[1] for item in items}


def _pk(connection: str, entity: str, kind: str, digest: str) -> str:
    return f"KEY#{connection}#{entity}#{kind}#{digest}"
