"""Echoes: hints caused by our own writes, and pages that show what is known, are done without a look across."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tandem.core.canonical import parse_time
from tandem.core.dealing import is_individual
from tandem.core.entities import CUSTOMER, INDIVIDUAL, PERSON
from tandem.core.errors import StoreError
from tandem.core.outcomes import Done
from tandem.core.records import (
    Gone,
    Link,
    LinkState,
    Record,
    RecordKey,
    Seen,
    Side,
    is_settled,
)
from tandem.engine.desk import Desk
from tandem.engine.families import person_ids
from tandem.engine.reader import Reader
from tandem.engine.row_outcomes import Outcomes
from tandem.engine.rows import Row


@dataclass(frozen=True, slots=True)
class Echoes:
    """Settles the echoes of one round (design, section 3, "Echo")."""

    desk: Desk
    reader: Reader
    links: Mapping[RecordKey, Link]
    outcomes: Outcomes

    def is_as_shown(self, row: Row) -> bool:
        """What raised this row is the version whose content is settled, or tells of older ones: a read is saved."""
        link = self.links.get(row.key)
        seen = link.seen_on(row.key.side) if link and link.state is LinkState.LIVE else None
        if seen is None or seen.version is None or row.insists:
            return False
        if seen.settled and row.shown == seen.version.isoformat():
            reason = "the version shown is the settled one"
        elif row.told and all(_is_older(text, seen.version) for text in row.told):
            reason = "what was told is older than what was seen"
        else:
            return False
        self.outcomes.settle(row, Done("echo", reason, row.shown))
        return True

    def is_echo(self, row: Row, own: Record | Gone) -> bool:
        """Every mapped field equals what was last seen on that side: done without a look at the other side."""
        link = self.links.get(row.key)
        if link is None or link.state is not LinkState.LIVE or isinstance(own, Gone):
            return False
        seen = link.seen_on(row.key.side)
        if (
            row.insists
            or seen is None
            or own.values != seen.values
            or own.active != seen.active
            or self._moved(own, link)
        ):
            return False
        try:
            self._note(link, self._with_version(row, link, own, seen), own)
        except StoreError as error:
            self.outcomes.settle(row, self.outcomes.of_error(row, error))
            return True
        self.outcomes.settle(row, Done("echo", "every mapped field is as last seen"))
        return True

    def _moved(self, own: Record, link: Link) -> bool:
        if own.entity == INDIVIDUAL:
            return not is_individual(own)
        if own.entity != PERSON or own.side is not Side.CRM or link.parent is None:
            return False
        parent = self.desk.store.links.get(link.connection, link.parent)
        return parent is not None and parent.crm_id != own.parent

    def _note(self, link: Link, noted: Link, own: Record) -> None:
        """Keep what is known now; what decides about the scope need not be a mapped field."""
        if own.entity in (CUSTOMER, INDIVIDUAL) and own.side is Side.CRM:
            reason = self.desk.entity(own.entity).outside_scope(own)
            noted = replace(noted, in_scope=not reason)
            self.desk.store.outside.note(link, noted, reason)
        if own.side is Side.BOOKS:
            noted = replace(noted, persons=person_ids(link, own))
        if noted != link:
            self.desk.store.links.move(noted, self.desk.lease.fence)

    def _with_version(self, row: Row, link: Link, own: Record, seen: Seen) -> Link:
        settled = is_settled(own.version, self.reader.asked_for(own))
        if seen.version == own.version and (seen.settled or not settled):
            return link
        fields = seen.settled_fields if seen.version == own.version and not settled else frozenset()
        noted = replace(seen, version=own.version, settled=settled, settled_fields=fields)
        noted = replace(noted, addresses=self.reader.addresses_of(own) or seen.addresses)
        return link.with_seen(row.key.side, noted)


def _is_older(text: str, version: datetime) -> bool:
    told = parse_time(json.loads(text).get("last_modified_time"))
    return told is not None and told < version
