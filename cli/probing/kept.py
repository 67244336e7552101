"""What the probe keeps in the State table: its throw-away records, and what it found. No values of anyone's records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tandem.adapters.zoho.rules import BOOKS
from tandem.core.connection import Connection, Settings
from tandem.core.decide import Ended
from tandem.core.records import Link, LinkState, RecordKey, Side
from tandem.engine.desk import Store
from tandem.engine.ports import Put

_SK = "PROBE"
_LINK = "probe"
_NOBODY = "0"
"""Stands in the tombstone for the side on which the probe has no record."""


@dataclass
class Kept:
    """The `PROBE` row of a connection."""

    crm: list[str] = field(default_factory=list)
    books: str = ""
    others: list[str] = field(default_factory=list)
    """Books customers that were made although they should have been refused."""
    making: list[str] = field(default_factory=list)
    """Sides on which a create was sent and not yet answered."""
    active: list[str] = field(default_factory=list)
    """Books customers of the probe that are not inactive yet."""
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    at: str = ""
    by: str = ""

    @property
    def stays(self) -> list[str]:
        """The records that are there, as a person may look for them."""
        books = dict.fromkeys([self.books, *self.others] if self.books else self.others)
        unanswered = [f"a create in {side} that was not answered" for side in self.making]
        return [*(f"CRM Account {id}" for id in self.crm), *(self._named(id) for id in books), *unanswered]

    def _named(self, id: str) -> str:
        return f"Books customer {id} ({'still ACTIVE' if id in self.active else 'inactive'})"


def load(store: Store, connection: str) -> Kept:
    """What was kept, or nothing yet."""
    item = store.table.get(f"CONN#{connection}", _SK) or {}
    return Kept(**{name: value for name, value in item.items() if name not in ("pk", "sk")})


@dataclass
class Keeper:
    """Stores what is kept, and leaves the records out of every sync of their organisations, for good."""

    store: Store
    connection: Connection
    kept: Kept
    _left_out: set[RecordKey] = field(default_factory=set)

    def __call__(self) -> None:
        """Store it now, as often as anything changes."""
        self.store.table.put(Put({"pk": f"CONN#{self.connection.id}", "sk": _SK, **asdict(self.kept)}))
        ids = {
            Side.CRM: self.kept.crm,
            Side.BOOKS: [*filter(None, [self.kept.books]), *self.kept.others],
        }
        keys = {RecordKey("", side, "customer", id) for side, found in ids.items() for id in found}
        if keys <= self._left_out:
            return
        first = {side: next(iter(found), _NOBODY) for side, found in ids.items()}
        for each in self.store.connections.of_group(self.connection.group):
            tombstone = Link(
                each.id,
                _LINK,
                "customer",
                first[Side.CRM],
                first[Side.BOOKS],
                state=LinkState.TOMBSTONE,
                reason=Ended.PROBE,
            )
            self.store.links.leave_out(tombstone, [replace(key, connection=each.id) for key in keys])
        self._left_out |= keys


def changed_settings(settings: Settings, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Settings that the answers change; what is unknown leaves its setting alone."""

    def told(name: str) -> Any:
        return facts.get(name, {}).get("answer")

    wanted: dict[str, Any] = {}
    if isinstance(told("person_edit_moves_customer_time"), bool):
        wanted["books_version_covers_persons"] = told("person_edit_moves_customer_time")
    both = [told("address_edit_moves_customer_time"), told("address_put_moves_customer_time")]
    if False in both:
        wanted["books_version_covers_addresses"] = False
    elif both == [True, True]:
        wanted["books_version_covers_addresses"] = True
    if guard := told("bulk_unmodified_since"):
        wanted["crm_bulk_guard"] = "per_item" if guard == "per_item" else "none"
    code = str(told("unique_field_code") or "")
    if code and code not in BOOKS and code not in settings.books_unique_codes:
        wanted["books_unique_codes"] = (*settings.books_unique_codes, code)
    return {name: value for name, value in wanted.items() if getattr(settings, name) != value}
