"""Entities that come in the feeds of others: how far each was told, for it may be switched on later than its host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tandem.core.dealing import guests
from tandem.core.mapping import Mapping
from tandem.core.records import Side
from tandem.engine.cursors import Cursor, Cursors, feed_of, listings

ANEW: Final = "anew"
"""In place of a page: the host's listing goes back for this guest, so that what was handled before is looked at."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The guests of one connection's feeds. Each has a cursor of its own, which no call of Zoho follows."""

    mapping: Mapping
    cursors: Cursors
    connection: str

    def rewind(self) -> None:
        """Before the feeds are polled: a host that is further than a guest goes back to where the guest was told."""
        for entity, side in listings(self.mapping):
            for guest in self._guests(side, entity):
                host = self.cursors.read(self.connection, feed_of(entity, side))
                if host.next is None and host.mark != guest.mark:
                    self.cursors.move(self.connection, replace(guest, next=ANEW))
                    self.cursors.move(self.connection, replace(host, mark=guest.mark, due=None))

    def begin(self, side: Side, entity: str, rising: datetime) -> None:
        """A listing of the host begins, with its guests."""
        for guest in self._guests(side, entity):
            self.cursors.move(self.connection, replace(guest, rising=rising))

    def end(self, side: Side, entity: str, rising: datetime | None) -> list[str]:
        """A listing of the host has ended; returns the guests that were in it from its beginning."""
        there = [one for one in self._guests(side, entity) if one.rising == rising]
        for guest in there:
            self.cursors.move(self.connection, replace(guest, mark=rising, rising=None, next=None))
        return [guest.feed.partition("#")[2] for guest in there]

    def anew(self, side: Side, entity: str) -> frozenset[str]:
        """The guests for which the host's listing went back."""
        return frozenset(one.feed.partition("#")[2] for one in self._guests(side, entity) if one.next == ANEW)

    def _guests(self, side: Side, entity: str) -> Iterator[Cursor]:
        for name in guests(self.mapping, side, entity):
            yield self.cursors.read(self.connection, feed_of(name, side))
