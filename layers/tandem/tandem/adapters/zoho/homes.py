"""Where each kind of Books record lives: its calls, and the keys of its bodies (dossier books §2, §3, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Home:
    """One Books resource; calls by their names in `ENDPOINTS`, "" for one that it has not."""

    get: str
    insert: str
    update: str
    key: str
    """Under which an answer holds one record."""
    id: str
    """The key of its id, in bodies and in `BooksRecord`."""
    details: str = ""
    """Reads several by id."""
    lists: str = ""
    active: str = ""
    inactive: str = ""
    rows: str = ""
    """Under which a list holds its rows."""
    order: tuple[tuple[str, str], ...] = ()
    """How it is listed as a feed."""
    by_time: bool = True
    """That order is the last modified first: a reader may stop at what it knows."""


HOMES: Final[dict[str, Home]] = {
    "contacts": Home(
        "books.get",
        "books.insert",
        "books.update",
        "contact",
        "contact_id",
        lists="books.list",
        active="books.active",
        inactive="books.inactive",
        rows="contacts",
        order=(("sort_column", "last_modified_time"), ("sort_order", "D")),
    ),
    "contactpersons": Home(
        "books.get_person",
        "books.insert_person",
        "books.update_person",
        "contact_person",
        "contact_person_id",
    ),
    "items": Home(
        "books.get_item",
        "books.insert_item",
        "books.update_item",
        "item",
        "item_id",
        details="books.item_details",
        lists="books.list_items",
        active="books.item_active",
        inactive="books.item_inactive",
        rows="items",
        order=(("sort_column", "name"), ("sort_order", "A")),
        by_time=False,
    ),
}
"""By the module of a Resource. Items are sorted by name, rate or tax, never by time (dossier books §6)."""
