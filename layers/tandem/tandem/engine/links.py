"""Links and their reservations: a record is in one link at most, always (design, section 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from tandem.core.errors import ConditionFailedError
from tandem.core.records import Base, Edit, Edits, Link, LinkState, RecordKey, Seen, Side, Wrote
from tandem.engine.ports import Delete, Item, Put, Table, Update, When
from tandem.engine.rows import row_pk

LINK = "LINK"
RESERVATION = "RESERVATION"
BY_HAND = "linked by a person"
"""The reason of a link that `tandem link` made: nothing is agreed yet, and nobody has told its persons."""
_SHARDS = "0123456789abcdef"


def link_pk(connection: str, id: str) -> str:
    """Partition key of a link; its history lies under the same key in the History table."""
    return f"LINK#{connection}#{id}"


def new_link_id(connection: str, side: Side, id: str, now: datetime) -> str:
    """A link's id, drawn at the intent: the same source at the same moment gives the same id."""
    return hashlib.sha256(f"{connection}/{side}/{id}/{now.isoformat()}".encode()).hexdigest()[:20]


class Links:
    """Links of the State table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, key: RecordKey) -> Link | None:
        """The link (live or tombstone) that reserves this record."""
        return self.of_many([key]).get(key)

    def of_many(self, keys: Sequence[RecordKey]) -> dict[RecordKey, Link]:
        """Links by record, in two batch reads."""
        places = {(row_pk(k.connection, k.side, k.id), RESERVATION): k for k in keys}
        reserved = self._table.get_many(list(places))
        ids = {places[place]: item["link"] for place, item in reserved.items()}
        found = self._table.get_many(list({(link_pk(k.connection, id), LINK) for k, id in ids.items()}))
        links = {pk: self._read(item) for (pk, _), item in found.items()}
        return {
            k: links[link_pk(k.connection, id)] for k, id in ids.items() if link_pk(k.connection, id) in links
        }

    def get(self, connection: str, id: str) -> Link | None:
        """One link by its own id."""
        item = self._table.get(link_pk(connection, id), LINK)
        return self._read(item) if item else None

    def is_reserved(self, connection: str, side: Side, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that some link (live or tombstone) holds."""
        places = {(row_pk(connection, side, id), RESERVATION): id for id in ids}
        return {places[place] for place in self._table.get_many(list(places))}

    def create(self, link: Link, fence: int) -> Link:
        """Reserve both records and store the link, all or nothing; raises ConditionFailedError if one is taken."""
        stored = replace(link, seq=1, fence=fence)
        free = (When("pk", "absent"),)
        pairs = ((Side.CRM, link.crm_id), (Side.BOOKS, link.books_id))
        reservations = [
            Put({"pk": row_pk(link.connection, side, id), "sk": RESERVATION, "link": link.id}, free)
            for side, id in pairs
        ]
        self._table.transact([*reservations, Put(self._item(stored), free)])
        return stored

    def move(self, link: Link, fence: int) -> Link:
        """Store the link on condition of `seq` as read and no higher fence; raises ConditionFailedError."""
        moved = replace(link, seq=link.seq + 1, fence=fence)
        self._table.put(Put(self._item(moved), (When("seq", "eq", link.seq), When("fence", "le", fence))))
        return moved

    def relink(self, link: Link, side: Side, survivor: str, tombstone: Link, fence: int) -> Link:
        """Go on with `survivor` on `side`; the record that was linked there stays reserved, by a tombstone.

        All or nothing; raises ConditionFailedError if the link moved since it was read or the survivor is taken.
        """
        moved = replace(link.with_id(side, survivor), seq=link.seq + 1, fence=fence)
        left = row_pk(link.connection, side, link.id_on(side))
        taken = row_pk(link.connection, side, survivor)
        self._table.transact(
            [
                Put(self._item(moved), (When("seq", "eq", link.seq), When("fence", "le", fence))),
                Put({"pk": taken, "sk": RESERVATION, "link": link.id}, (When("pk", "absent"),)),
                Put(
                    {"pk": left, "sk": RESERVATION, "link": tombstone.id},
                    (When("link", "eq", link.id),),
                ),
                Put(self._item(replace(tombstone, seq=1, fence=fence)), (When("pk", "absent"),)),
            ]
        )
        return moved

    def part(self, tombstone: Link, side: Side, fence: int) -> None:
        """End a link so that its record on `side` may be linked anew; the other one stays reserved.

        All or nothing; raises ConditionFailedError if the link moved since it was read.
        """
        ended = replace(tombstone, state=LinkState.TOMBSTONE, seq=tombstone.seq + 1, fence=fence)
        left = row_pk(ended.connection, side, ended.id_on(side))
        self._table.transact(
            [
                Put(self._item(ended), (When("seq", "eq", tombstone.seq), When("fence", "le", fence))),
                Delete(left, RESERVATION, (When("link", "eq", ended.id),)),
            ]
        )

    def revive(self, link: Link, fence: int) -> Link:
        """A tombstone lives again and has both its records; raises ConditionFailedError if another link has one."""
        moved = replace(link, state=LinkState.LIVE, seq=link.seq + 1, fence=fence)
        pairs = ((Side.CRM, link.crm_id), (Side.BOOKS, link.books_id))
        mine = (When("link", "eq", link.id, or_absent=True),)
        self._table.transact(
            [
                Put(self._item(moved), (When("seq", "eq", link.seq), When("fence", "le", fence))),
                *(
                    Put({"pk": row_pk(link.connection, side, id), "sk": RESERVATION, "link": link.id}, mine)
                    for side, id in pairs
                ),
            ]
        )
        return moved

    def link_over(self, link: Link, former: Mapping[Side, Link]) -> Link:
        """A person links two records: each is free, or reserved by the ended link `former` of its side.

        All or nothing; raises ConditionFailedError if one was linked, or the ended link moved, since they were read.
        """
        ended = {one.id: one for one in former.values()}
        again = ended.pop(link.id, None)
        stored = replace(link, seq=again.seq + 1 if again else 1)
        as_read = When("seq", "eq", again.seq) if again else When("pk", "absent")
        unmoved = [
            Update(link_pk(one.connection, one.id), LINK, add={"seq": 1}, when=_still(one))
            for one in ended.values()
        ]
        self._table.transact(
            [
                Put(self._item(stored), (as_read,)),
                *unmoved,
                *(
                    Put(
                        {
                            "pk": row_pk(link.connection, side, link.id_on(side)),
                            "sk": RESERVATION,
                            "link": link.id,
                        },
                        (When("link", "eq", former[side].id) if side in former else When("pk", "absent"),),
                    )
                    for side in Side
                ),
            ]
        )
        return stored

    def leave_out(self, tombstone: Link, keys: Sequence[RecordKey]) -> None:
        """Reserve records for a tombstone, so that they are never matched, created or written; twice is once."""
        free = (When("pk", "absent"),)
        places = [(row_pk(key.connection, key.side, key.id), RESERVATION) for key in keys]
        for item in [
            self._item(replace(tombstone, seq=1)),
            *({"pk": pk, "sk": sk, "link": tombstone.id} for pk, sk in places),
        ]:
            with suppress(ConditionFailedError):
                self._table.put(Put(item, free))

    def settle(self, link: Link, side: Side, shown: Collection[str]) -> None:
        """Mark the version seen on `side` as settled for the fields shown, nothing else.

        Only if the link is still the one that was read.
        """
        seen = link.seen_on(side)
        if seen is None:
            return
        whole = frozenset(shown) >= seen.values.keys()
        settled = replace(seen, settled=whole, settled_fields=frozenset() if whole else frozenset(shown))
        place, mark = link_pk(link.connection, link.id), {f"seen_{side}": _seen_item(settled)}
        with suppress(ConditionFailedError):
            self._table.update(Update(place, LINK, set=mark, when=(When("seq", "eq", link.seq),)))

    def _item(self, link: Link) -> Item:
        """The row of a link, with the table whose state it is."""
        return {**_item(link), "epoch": self._table.table_id() if link.trusted else ""}

    def _read(self, item: Item) -> Link:
        """A link as it may be trusted: of another table's state the pair alone, nothing agreed, nothing seen."""
        link, epoch = _link(item), item.get("epoch")
        if epoch is None or epoch == self._table.table_id():
            return link
        return replace(link, trusted=False, base={}, held={}, edits={}, seen_crm=None, seen_books=None)

    def ids(self, connection: str, entity: str, state: LinkState) -> list[str]:
        """Ids of all links of one entity and state, by the (lagging) sharded index."""
        found: list[str] = []
        for shard in _SHARDS:
            items = self._table.query(f"{connection}#{entity}#{state}#{shard}", index="links")
            found += [str(item["links_sk"]) for item in items]
        return found


_AS_THEY_ARE = tuple(
    name
    for name in Link.__slots__
    if name not in ("seen_crm", "seen_books", "base", "edits", "wrote", "trusted")
)


def _item(link: Link) -> Item:
    body = {name: getattr(link, name) for name in _AS_THEY_ARE}
    if link.wrote:
        body["wrote"] = {
            name: [[one.at.isoformat(), one.side.value, one.mark, one.contested] for one in wrote]
            for name, wrote in link.wrote.items()
        }
    body["state"] = link.state.value
    body["persons"] = list(link.persons)
    body["base"] = {name: [base.crm, base.books] for name, base in link.base.items()}
    body["held"] = {name: dict(shown) for name, shown in link.held.items()}
    body["edits"] = {
        name: {side.value: [edit.value, edit.at.isoformat()] for side, edit in sides.items()}
        for name, sides in link.edits.items()
    }
    for side in Side:
        body[f"seen_{side}"] = _seen_item(link.seen_on(side))
    return {
        "pk": link_pk(link.connection, link.id),
        "sk": LINK,
        "links_pk": f"{link.connection}#{link.entity}#{link.state}#{link.id[0]}",
        "links_sk": link.id,
        **body,
    }


def _still(ended: Link) -> tuple[When, ...]:
    """The link is still a tombstone as it was read."""
    return When("seq", "eq", ended.seq), When("state", "eq", LinkState.TOMBSTONE.value)


def _seen_item(seen: Seen | None) -> Any:
    if seen is None:
        return None
    version = seen.version.isoformat() if seen.version else None
    item: Item = {
        "values": dict(seen.values),
        "version": version,
        "settled": seen.settled,
        "active": seen.active,
    }
    if seen.settled_fields and not seen.settled:
        item["settled_fields"] = sorted(seen.settled_fields)
    if seen.addresses:
        item["addresses"] = {head: dict(address) for head, address in seen.addresses.items()}
    return item


def _edits(item: Any) -> Edits:
    return {
        name: {Side(side): Edit(value, datetime.fromisoformat(at)) for side, (value, at) in sides.items()}
        for name, sides in item.items()
    }


def _seen(item: Any) -> Seen | None:
    if item is None:
        return None
    version = datetime.fromisoformat(item["version"]) if item["version"] else None
    return Seen(
        item["values"],
        version,
        bool(item["settled"]),
        bool(item["active"]),
        frozenset(item.get("settled_fields", ())),
        item.get("addresses", {}),
    )


def _link(item: Item) -> Link:
    return Link(
        connection=item["connection"],
        id=item["id"],
        entity=item["entity"],
        crm_id=item["crm_id"],
        books_id=item["books_id"],
        parent=item.get("parent"),
        state=LinkState(item["state"]),
        base={name: Base(crm, books) for name, (crm, books) in item["base"].items()},
        seen_crm=_seen(item.get("seen_crm")),
        seen_books=_seen(item.get("seen_books")),
        held=item.get("held", {}),
        edits=_edits(item.get("edits", {})),
        seq=int(item["seq"]),
        fence=int(item["fence"]),
        mapping_version=item["mapping_version"],
        reason=item.get("reason", ""),
        persons=tuple(item.get("persons", ())),
        in_scope=bool(item.get("in_scope", False)),
        stamp_taken=bool(item.get("stamp_taken", False)),
        wrote={
            name: tuple(Wrote(datetime.fromisoformat(at), Side(side), *rest) for at, side, *rest in wrote)
            for name, wrote in item.get("wrote", {}).items()
        },
    )
