"""Who waits for whose link: a lookup leads to a record that is not linked yet (design, section 2, waits).

No wake-up is lost: who waits writes that down and then reads the links once more; who settles a linked record
reads, after its link, who waits. One of the two sees the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from tandem.core.dealing import alike
from tandem.core.decide import Situation
from tandem.core.errors import ConditionFailedError
from tandem.core.mapping import EntityMapping
from tandem.core.match import HeldMatch, Matched
from tandem.core.records import Link, LinkState, Record, RecordKey, RowClass, Side
from tandem.engine.links import Links
from tandem.engine.ports import Delete, Put, Table, When
from tandem.engine.rows import Rows, parse_key

Linked = dict[str, dict[str, str]]
"""Entity -> CRM id -> Books id."""


@dataclass(frozen=True, slots=True)
class Referrals:
    """REFERS rows of the State table: the record that must be linked / the record that waits for it."""

    table: Table
    links: Links
    rows: Rows

    def knowing(self, entity: EntityMapping, own: RecordKey, at: Situation, now: datetime) -> EntityMapping:
        """The mapping of `own` with the links that its lookups lead to; `own` waits for those that there are not."""
        if not entity.lookups:
            return entity
        targets = set(_targets(entity, own.connection, at))
        found = self._live(targets)
        if missing := {key for key in targets if key not in found or found[key].entity != key.entity}:
            for key in missing:
                self.table.put(Put({"pk": _pk(key), "sk": str(own), "at": now.isoformat()}))
            found |= self._live(missing)
        linked: Linked = {}
        for link in found.values():
            linked.setdefault(link.entity, {})[link.crm_id] = link.books_id
        return entity.knowing(linked, {(key.side, key.id): link.entity for key, link in found.items()})

    def _live(self, keys: Iterable[RecordKey]) -> dict[RecordKey, Link]:
        """The live links of records, whatever they are linked as."""
        found = self.links.of_many(list(keys))
        return {key: link for key, link in found.items() if link.state is LinkState.LIVE}

    def wake(self, key: RecordKey, led_to: Collection[str], cls: RowClass, now: datetime) -> None:
        """Hint who waits for this record, if it is linked; as what is theirs to judge.

        `led_to`: the entities that lookups of the mapping lead to.
        """
        kinds = [kind for kind in alike(key.entity) if kind in led_to]
        link = self._live([key]).get(key) if kinds else None
        if link is None:
            return
        for side, kind in product(Side, kinds):
            place = _pk(RecordKey(key.connection, side, kind, link.id_on(side)))
            for item in self.table.query(place):
                self.rows.hint(parse_key(str(item["sk"])), cls, now)
                with suppress(ConditionFailedError):
                    self.table.delete(Delete(place, str(item["sk"]), (When("at", "eq", item["at"]),)))


def _targets(entity: EntityMapping, connection: str, at: Situation) -> Iterator[RecordKey]:
    """The records that the lookups of a situation lead to, where that is not agreed already."""
    base = at.link.base if at.link else {}
    for record in _records(at):
        for field, lookup in entity.lookups:
            value = record.values.get(field.name)
            agreed = base.get(field.name)
            if value is not None and (agreed is None or agreed.shown(record.side) != value):
                yield RecordKey(connection, record.side, lookup.entity, str(value))


def _records(at: Situation) -> Iterator[Record]:
    shown = [at.crm, at.books, at.survivor.record if at.survivor else None]
    if isinstance(at.match, Matched):
        shown.append(at.match.candidate.record)
    elif isinstance(at.match, HeldMatch):
        shown += [candidate.record for candidate in at.match.candidates]
    yield from (record for record in shown if isinstance(record, Record))


def _pk(key: RecordKey) -> str:
    return f"REFERS#{key.connection}#{key.entity}#{key.side}#{key.id}"
