"""A Books customer and its persons: they have no feed of their own and come with it."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.core.bodies import Body
from tandem.core.entities import CUSTOMER, PERSON
from tandem.core.records import Gone, Link, LinkState, Record, RecordKey, Side
from tandem.engine.desk import Desk
from tandem.engine.gate import cause
from tandem.engine.reader import Reader


def person_ids(link: Link, books: Record) -> tuple[str, ...]:
    """The ids of the persons that a Books customer shows; as before where it shows none at all."""
    persons = books.body.get("contact_persons")
    if link.entity != CUSTOMER or persons is None:
        return link.persons
    return tuple(sorted(str(person["contact_person_id"]) for person in persons))


@dataclass(frozen=True, slots=True)
class Families:
    """Finds persons that somebody changed, in what a Books customer shows."""

    desk: Desk
    reader: Reader

    def hint_changed(self, body: Body, link: Link) -> dict[RecordKey, Link | None]:
        """Hint the persons that differ from what was seen of them; returns their keys with their links."""
        if link.entity != CUSTOMER or link.state is not LinkState.LIVE:
            return {}
        if PERSON not in self.desk.mapping.entities:
            return {}
        if "contact_persons" not in body or self.reader.looked_through.get(link.books_id) is body:
            return {}
        self.reader.looked_through[link.books_id] = body
        connection, store = self.desk.connection.id, self.desk.store
        persons = {person.id: person for person in self.reader.persons_in(body)}
        gone = [id for id in link.persons if id not in persons]
        keys = {id: RecordKey(connection, Side.BOOKS, PERSON, id) for id in [*persons, *gone]}
        links = store.links.of_many(list(keys.values())) if keys else {}
        hinted: dict[RecordKey, Link | None] = {}
        for id, key in keys.items():
            known = links.get(key)
            seen = known.seen_books if known else None
            if known and known.state is LinkState.TOMBSTONE and id in gone:
                continue
            if seen is None or id in gone or persons[id].values != seen.values:
                store.rows.hint(key, cause(), self.desk.clock.now(), parent=link.books_id)
                hinted[key] = known
        return hinted

    async def links(
        self, customer: Link, crm: Record | Gone | None, books: Record | Gone | None
    ) -> list[Link]:
        """The links, live and ended, of a customer's persons, as far as either of its two records shows them."""
        if customer.entity != CUSTOMER or PERSON not in self.desk.mapping.entities:
            return []
        shown = self.reader.persons_in(books.body) if isinstance(books, Record) else []
        ids = {Side.BOOKS: {*customer.persons, *(person.id for person in shown)}, Side.CRM: set[str]()}
        if isinstance(crm, Record):
            ids[Side.CRM] = {person.id for person in await self.reader.crm_persons(crm.id)}
        keys = [RecordKey(customer.connection, side, PERSON, id) for side in Side for id in sorted(ids[side])]
        found = self.desk.store.links.of_many(keys) if keys else {}
        return list({link.id: link for link in found.values() if link.parent == customer.id}.values())
