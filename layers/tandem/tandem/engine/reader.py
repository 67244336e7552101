"""Reads records of both sides for one round: CRM in batches, a Books customer together with its persons."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tandem.core.bodies import WRITABLE_ADDRESS
from tandem.core.canonical import parse_time, persons_of, read_record, shows_all
from tandem.core.dealing import dealt
from tandem.core.entities import CUSTOMER, PERSON
from tandem.core.records import Gone, Link, LinkState, Record, Side, is_blank
from tandem.engine.desk import Desk
from tandem.engine.rows import Row
from tandem.engine.tellings import newest_told
from tandem.engine.trace import where

logger = logging.getLogger("tandem.reader")

READ_LASTS = timedelta(seconds=10)
"""A Books record read longer ago is read again before a write: Books has no lock, and a round may take a minute."""


@dataclass(slots=True)
class Reader:
    """A round's view of both sides. What a write answers replaces what was read before it."""

    desk: Desk
    looked: dict[tuple[Side, str], datetime] = field(default_factory=dict)
    """When the other side's newest changes were last looked at, before a create."""
    looked_through: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The body of each Books customer whose persons were compared with what was seen of them."""
    told: set[str] = field(default_factory=set)
    """Books customers taken from a webhook's payload, not from a read of ours."""
    _crm_asked_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Server time when a CRM record was read, by module and id."""
    _crm: dict[tuple[str, str], Mapping[str, Any] | None] = field(default_factory=dict)
    """By module and id. Bodies, not records: one that our code cannot read fails only the row that asks for it."""
    _contacts: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    _contacts_asked_at: dict[str, datetime] = field(default_factory=dict)
    """Server time when a Books customer was read; one told or answered to a write has none."""
    _contacts_taken_at: dict[str, datetime] = field(default_factory=dict)
    """Our clock when a Books customer was asked for, or its whole body answered to a write."""
    _children: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    async def load_crm(self, entity: str, ids: Iterable[str]) -> None:
        """Read CRM records not read yet, 50 a call; one that is not listed is confirmed by its own GET."""
        wanted = sorted({id for id in ids if self._place(entity, id) not in self._crm})
        if not wanted:
            return
        client, resource = self.desk.clients[Side.CRM], self.desk.entity(entity).resource(Side.CRM)
        batch = await client.read(resource, wanted)
        missing = [id for id in wanted if id not in batch.bodies]
        looked = await asyncio.gather(*(client.confirm(resource, id) for id in missing))
        confirmed = {id: body for id, body in zip(missing, looked, strict=True) if body is not None}
        bodies = {**batch.bodies, **confirmed}
        for id in wanted:
            self._crm_asked_at[self._place(entity, id)] = batch.asked_at
            self._crm[self._place(entity, id)] = bodies.get(id)

    def _place(self, entity: str, id: str) -> tuple[str, str]:
        """Entities of one module are read together."""
        return self.desk.entity(entity).crm_module, id

    async def crm(self, entity: str, id: str) -> Record | Gone:
        """One CRM record."""
        await self.load_crm(entity, [id])
        body = self._crm[self._place(entity, id)]
        return Gone(Side.CRM, id) if body is None else self._record(entity, Side.CRM, body)

    async def contact(self, id: str, entity: str = CUSTOMER) -> Mapping[str, Any] | None:
        """A Books customer's, vendor's or item's whole body by its own GET; None when it is gone."""
        if id not in self._contacts:
            client, taken_at = self.desk.clients[Side.BOOKS], self.desk.clock.now()
            batch = await client.read(self.desk.entity(entity).resource(Side.BOOKS), [id])
            self._contacts[id] = batch.bodies.get(id)
            self._contacts_asked_at[id] = batch.asked_at
            self._contacts_taken_at[id] = taken_at
        return self._contacts[id]

    async def load_books(self, entity: str, ids: Iterable[str]) -> None:
        """Read Books records of a kind that comes several a call; one that is not shown whole is read alone later."""
        described = self.desk.entity(entity)
        wanted = sorted({id for id in ids if id not in self._contacts})
        if not wanted or not described.kind.reads_many:
            return
        taken_at = self.desk.clock.now()
        batch = await self.desk.clients[Side.BOOKS].read(described.resource(Side.BOOKS), wanted)
        for id in wanted:
            body = batch.bodies.get(id)
            record = self.try_record(entity, Side.BOOKS, body) if body is not None else None
            if body is None or (record is not None and shows_all(described, record)):
                self._contacts[id] = body
                self._contacts_asked_at[id] = batch.asked_at
                self._contacts_taken_at[id] = taken_at

    def has_contact(self, id: str) -> bool:
        """A Books customer was read, told, or answered to a write already."""
        return id in self._contacts

    def knows_gone(self, id: str) -> bool:
        """A Books customer was asked for in this round and was not there."""
        return id in self._contacts and self._contacts[id] is None

    def asked_for(self, record: Record) -> datetime | None:
        """Server time when a record was read; None for one that was not read by us."""
        if record.side is Side.CRM:
            return self._crm_asked_at.get(self._place(record.entity, record.id))
        return self._contacts_asked_at.get(record.parent or "" if record.entity == PERSON else record.id)

    async def books(self, entity: str, id: str, parent: str | None) -> Record | Gone:
        """One Books record; a person is read with its customer.

        A webhook's payload names the time of the customer alone: whether its persons are older than our last
        write to them cannot be told, so a person is never taken from one.
        """
        if entity == PERSON and parent in self.told:
            self._drop(parent)
        body = await (self.contact(parent or "") if entity == PERSON else self.contact(id, entity))
        if body is None:
            return Gone(Side.BOOKS, id)
        if entity != PERSON:
            return self._record(entity, Side.BOOKS, body)
        return next((p for p in self.persons_in(body) if p.id == id), Gone(Side.BOOKS, id))

    def persons_in(self, body: Mapping[str, Any]) -> list[Record]:
        """The persons in a Books customer's body; its version is theirs where it is known to cover them."""
        persons = persons_of(self.desk.mapping, body)
        if not self.desk.connection.settings.books_version_covers_persons:
            return persons
        return [replace(person, version=parse_time(body.get("last_modified_time"))) for person in persons]

    def addresses_of(self, record: Record) -> dict[str, Any]:
        """What a Books address must be written back with, where a later write may go without a read."""
        covered = self.desk.connection.settings.books_version_covers_addresses
        if record.side is Side.CRM or record.entity == PERSON or not covered:
            return {}
        return {
            head: {key: record.body[head][key] for key in WRITABLE_ADDRESS if key in record.body[head]}
            for head in ("billing_address", "shipping_address")
            if isinstance(record.body.get(head), Mapping)
        }

    async def persons(self, contact: str) -> list[Record]:
        """The persons of a Books customer."""
        body = await self.contact(contact)
        return self.persons_in(body) if body is not None else []

    async def load_crm_persons(self, accounts: Iterable[str]) -> None:
        """The Contacts of several Accounts, one COQL for 50 of them."""
        wanted = sorted({id for id in accounts if id not in self._children})
        if not wanted:
            return
        if PERSON not in self.desk.mapping.entities:
            self._children |= {id: [] for id in wanted}
            return
        resource = self.desk.entity(PERSON).resource(Side.CRM)
        batch = await self.desk.clients[Side.CRM].find(resource, f"{resource.parent_field}.id", wanted)
        for id in wanted:
            self._children[id] = []
        for body in batch.bodies.values():
            parent = str((body.get(resource.parent_field or "") or {}).get("id"))
            if parent in self._children:
                self._children[parent].append(body)
            place = self._place(PERSON, str(body["id"]))
            self._crm.setdefault(place, body)
            self._crm_asked_at.setdefault(place, batch.asked_at)

    async def crm_persons(self, account: str) -> list[Record]:
        """The Contacts of one Account."""
        await self.load_crm_persons([account])
        return [self._record(PERSON, Side.CRM, body) for body in self._children[account]]

    async def with_emails(self, record: Record) -> Record:
        """An Account has no e-mail of its own: those of its Contacts count. Any other record is itself."""
        if record.entity != CUSTOMER or record.side is Side.BOOKS:
            return record
        persons = await self.crm_persons(record.id)
        emails = frozenset().union(record.keys.emails, *(person.keys.emails for person in persons))
        return replace(record, keys=replace(record.keys, emails=emails))

    def adopt_told(self, row: Row, link: Link | None) -> None:
        """Take a Books customer from the webhooks that told it, if it is newer than what was seen and clears nothing.

        An absent key is unknown and a clear is confirmed by a read (design, section 5).
        """
        seen = link.seen_books if link and link.state is LinkState.LIVE else None
        if not row.told or seen is None or seen.version is None or row.key.id in self._contacts:
            return
        bodies = [json.loads(text, parse_float=Decimal) for text in row.told]
        told = [self._record(row.key.entity, Side.BOOKS, body) for body in bodies]
        record = newest_told(told, self._mapped_persons)
        if record is None:
            return
        older = record.version is None or record.version < seen.version
        other = record.version == seen.version and record.values != seen.values
        clears = any(is_blank(record.values.get(n)) and not is_blank(v) for n, v in seen.values.items())
        if older or other or clears or (row.key.entity == CUSTOMER and "contact_persons" not in record.body):
            return
        self._contacts[row.key.id] = record.body
        self.told.add(row.key.id)

    def _mapped_persons(self, body: Mapping[str, Any]) -> list[Record]:
        return self.persons_in(body) if PERSON in self.desk.mapping.entities else []

    def doubt(self, id: str) -> bool:
        """Before a write to a Books customer known by hearsay, or from long ago: true if it must be read first."""
        taken_at = self._contacts_taken_at.get(id)
        is_old = taken_at is not None and self.desk.clock.now() - taken_at > READ_LASTS
        if id not in self.told and not is_old:
            return False
        self._drop(id)
        return True

    def expect_no_persons(self, side: Side, entity: str, id: str) -> None:
        """An Account that was made just now has no Contacts yet."""
        if side is Side.CRM and entity == CUSTOMER:
            self._children.setdefault(id, [])

    def adopt_contact(self, id: str, body: Mapping[str, Any]) -> None:
        """A Books reply that carries the whole customer is its newest read."""
        self._drop(id)
        self._contacts[id] = body
        self._contacts_taken_at[id] = self.desk.clock.now()

    def adopt_person(self, contact: str, body: Mapping[str, Any]) -> None:
        """A Books reply that carries one person replaces it in what was read of its customer."""
        known = self._contacts.get(contact)
        if known is None:
            return
        persons = {str(p.get("contact_person_id")): p for p in known.get("contact_persons") or []}
        id = str(body.get("contact_person_id"))
        persons[id] = {**persons.get(id, {}), **body}
        self._contacts_asked_at.pop(contact, None)
        self._contacts[contact] = {**known, "contact_persons": list(persons.values())}

    def forget(self, entity: str, side: Side, id: str, parent: str | None) -> None:
        """After a write whose reply does not carry the content: the next use reads again."""
        if side is Side.CRM:
            self._crm.pop(self._place(entity, id), None)
        else:
            self._drop(parent or "" if entity == PERSON else id)

    def _drop(self, contact: str) -> None:
        self.told.discard(contact)
        self._contacts.pop(contact, None)
        self._contacts_asked_at.pop(contact, None)
        self._contacts_taken_at.pop(contact, None)

    def try_record(self, entity: str, side: Side, body: Mapping[str, Any]) -> Record | None:
        """A row of a page; None for one that our code cannot read: its own row fails, not the page (P21)."""
        try:
            return self._record(entity, side, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this row's
            logger.error("a %s of %s cannot be read: %s", entity, side, where(error))  # noqa: TRY400
            return None

    def dealt(self, record: Record, link: Link | None = None) -> Record:
        """The record as what it is: as its link's entity, or as what it shows."""
        return dealt(self.desk.mapping, record, link)

    def try_dealt(self, entity: str, side: Side, body: Mapping[str, Any]) -> Record | None:
        """The same, as what the record is."""
        record = self.try_record(entity, side, body)
        try:
            return self.dealt(record) if record is not None else None
        except Exception as error:  # noqa: BLE001 - as above
            logger.error("a %s of %s cannot be read: %s", entity, side, where(error))  # noqa: TRY400
            return None

    def _record(self, entity: str, side: Side, body: Mapping[str, Any]) -> Record:
        return read_record(self.desk.mapping, entity, side, body)
