"""After a change of the mapping: which pairs must be looked at though nobody edited them."""

from __future__ import annotations

from datetime import datetime

from tandem.core.entities import CUSTOMER, PERSON
from tandem.core.mapping import Mapping
from tandem.core.records import LinkState, RecordKey, RowClass, Side
from tandem.core.remap import not_agreed
from tandem.engine.desk import Store


def pairs_to_compare(store: Store, connection: str, old: Mapping, new: Mapping) -> list[RecordKey]:
    """The records of the pairs that have a field without agreed value.

    Where persons are switched on, Books' customers too: Books lists persons nowhere, they come with their customer.
    """
    places = [(name, Side.CRM) for name in sorted(not_agreed(old, new))]
    if PERSON in new.entities and PERSON not in old.entities:
        places.append((CUSTOMER, Side.BOOKS))
    return [
        RecordKey(connection, side, name, link.id_on(side))
        for name, side in places
        for id in store.links.ids(connection, name, LinkState.LIVE)
        if (link := store.links.get(connection, id))
    ]


def compare_anew(store: Store, connection: str, old: Mapping, new: Mapping, now: datetime) -> int:
    """Hint those pairs behind all other work; returns how many."""
    keys = pairs_to_compare(store, connection, old, new)
    for key in keys:
        store.rows.hint(key, RowClass.BACKFILL, now)
    return len(keys)
