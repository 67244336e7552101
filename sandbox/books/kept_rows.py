"""List rows as JSON, kept until something that they show changes: a page of 200 is mostly old."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from sandbox.books.contact import Contact
from sandbox.books.items import Item
from sandbox.replies import Json, Written, written


class Listed(Protocol):
    """A record that stands in lists."""

    @property
    def id(self) -> str:
        """Return its id."""
        ...


R = TypeVar("R", bound=Listed)


class KeptRows(Generic[R]):
    """Writes rows; one that shows the same as when it was written is not written again."""

    def __init__(self, row: Callable[[R], Json], shows: Callable[[R], Any], frame: Callable[[], Any]) -> None:
        """`shows`: all of a record that its row shows, copied; `frame`: what rows show of the org."""
        self._row = row
        self._shows = shows
        self._frame_now = frame
        self._frame: Any = None
        self._kept: dict[str, tuple[Any, str]] = {}

    def written(self, records: Sequence[R]) -> Written:
        """Return a page's rows as a JSON array."""
        frame = self._frame_now()
        if frame != self._frame:
            self._frame = frame
            self._kept.clear()
        return Written("[" + ",".join([self._text(record) for record in records]) + "]")

    def _text(self, record: R) -> str:
        shown, known = self._shows(record), self._kept.get(record.id)
        if known is None or known[0] != shown:
            known = self._kept[record.id] = (shown, written(self._row(record)))
        return known[1]


def shown_of_contact(contact: Contact, owed: float) -> Any:
    """Return all that a contact's row shows of it."""
    primary = contact.primary
    return dict(primary.values) if primary else None, contact.linked_with_crm, owed, *_shown(contact)


def shown_of_item(item: Item) -> Any:
    """Return all that an item's row shows of it."""
    return item.linked_with_crm, *_shown(item)


def _shown(record: Contact | Item) -> tuple[Any, ...]:
    times = record.created_time, record.modified_time
    return dict(record.values), dict(record.custom), record.status, record.source, times
