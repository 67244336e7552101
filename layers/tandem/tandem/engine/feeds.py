"""The feeds of a tick. Books keeps customers and vendors in one list: a page of it serves both (design, section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from tandem.core.bodies import Body
from tandem.core.conversion import SIDE_NAMES
from tandem.core.entities import KINDS
from tandem.core.errors import RefusedError, StopError
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.mapping import Resource
from tandem.core.records import Side
from tandem.engine.cursors import Cursor, Cursors, feed_of, listings
from tandem.engine.ports import FeedPage, SideClient

TOGETHER: Final = "contacts"
"""The Books module whose list shows records of several entities."""
_MARK: Final = f"{TOGETHER}:"
"""Begins our place in that list, which is no place in the list of one entity."""


def listed_together(mapping: FieldMap) -> tuple[str, ...]:
    """The mapped entities that stand in one list of Books, where they are several."""
    found = [name for name, side in listings(mapping) if side is Side.BOOKS]
    found = [name for name in found if KINDS[name].books_module == TOGETHER]
    return tuple(found) if len(found) > 1 else ()


def newest(mapping: FieldMap, side: Side, entity: str) -> Resource:
    """The list that shows an entity's newest changes: its own, or the one of all that are listed together."""
    own = mapping.entities[entity].resource(side)
    return replace(own, entity=TOGETHER) if _is_shared(mapping, side, entity) else own


def deal(mapping: FieldMap, side: Side, entity: str, bodies: Sequence[Body]) -> Sequence[Body]:
    """The rows of that list which are this entity's; one that does not tell its type is a customer."""
    if not _is_shared(mapping, side, entity):
        return bodies
    own = KINDS[entity].new_in_books["contact_type"]
    return [body for body in bodies if (body.get("contact_type") or "customer") == own]


@dataclass(slots=True)
class Feeds:
    """The feeds of one connection during one tick.

    Once each of those that are listed together has its mark, they are polled together, from one list, and a page
    serves all that are at the same place in it.
    """

    mapping: FieldMap
    clients: Mapping[Side, SideClient]
    cursors: Cursors
    connection: str
    _beside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By entity of Books: those that read the same pages, itself among them."""
    _begun: dict[str, datetime] = field(default_factory=dict)
    _dealt: dict[tuple[str, str | None], FeedPage] = field(default_factory=dict)

    def due(self, now: datetime) -> list[tuple[Side, str, Cursor]]:
        """The feeds whose time has come, or which cost nothing beside one whose time has come."""
        found = {
            place: self.cursors.read(self.connection, feed_of(*place)) for place in listings(self.mapping)
        }
        together = [(entity, Side.BOOKS) for entity in listed_together(self.mapping)]
        is_shared = bool(together) and all(found[place].mark is not None for place in together)
        for place, cursor in found.items():
            is_place_in_it = (cursor.next or "").startswith(_MARK)
            if cursor.next is not None and is_place_in_it != (is_shared and place in together):
                found[place] = replace(cursor, next=None)
        due = {place for place, cursor in found.items() if cursor.is_due(now)}
        if is_shared and any(found[place].next is None for place in due.intersection(together)):
            due.update(place for place in together if found[place].next is None)
        for entity, side in due.intersection(together) if is_shared else ():
            alike = [
                other for other in together if other in due and found[other].next == found[entity, side].next
            ]
            self._beside[entity] = tuple(other for other, _ in alike)
        return [(side, entity, found[entity, side]) for entity, side in found if (entity, side) in due]

    def begun(self, side: Side, entity: str, now: datetime) -> datetime:
        """What changed later is not told by a listing that begins now: its first page may have been read already."""
        return self._begun.get(entity, now) if side is Side.BOOKS else now

    async def page(
        self,
        side: Side,
        entity: str,
        since: datetime | None,
        before: datetime | None,
        cursor: Cursor,
        now: datetime,
    ) -> FeedPage:
        """The next page of a feed."""
        client = self.clients[side]
        if side is Side.CRM or entity not in self._beside:
            resource = self.mapping.entities[entity].resource(side)
            return await client.changed(resource, since=since, before=before, after=cursor.next)
        if (entity, cursor.next) not in self._dealt:
            after = cursor.next.removeprefix(_MARK) if cursor.next else None
            page = await client.changed(
                newest(self.mapping, side, entity), since=since, before=before, after=after
            )
            page = replace(page, next=f"{_MARK}{page.next}" if page.next else None)
            for each in self._beside[entity]:
                self._begun.setdefault(each, now)
                self._dealt[each, cursor.next] = replace(
                    page, bodies=deal(self.mapping, side, each, page.bodies)
                )
        return self._dealt.pop((entity, cursor.next))


def _is_shared(mapping: FieldMap, side: Side, entity: str) -> bool:
    return side is Side.BOOKS and entity in listed_together(mapping)


@contextmanager
def asking(side: Side, what: str) -> Iterator[None]:
    """A list that is refused is read by nobody: what it asks for is the mapping's, so a person mends that.

    Raises StopError: this connection waits, all others are polled.
    """
    try:
        yield
    except RefusedError as error:
        told = str(error.details.get("zoho") or error.message)
        raise StopError(
            f"{SIDE_NAMES[side]} refuses to {what} ({told}): a field of the mapping was renamed, removed or "
            "hidden, or the token's user may not see it; `tandem check` names it"
        ) from error
