"""Zoho Books v3 as a `SideClient` (dossier books §2, §3, §11).

Books has no lock, no deleted list and no filter by time on contacts; what it lists last modified first is
the only cheap feed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.adapters.zoho.endpoints import ENDPOINTS, check_id
from tandem.adapters.zoho.homes import HOMES, Home
from tandem.adapters.zoho.models import BooksRecord, BooksRows, Organization
from tandem.adapters.zoho.parse import as_id, as_int, as_object, as_rows, now, unblank
from tandem.adapters.zoho.rules import BOOKS
from tandem.adapters.zoho.together import chunks, together
from tandem.adapters.zoho.transport import Answer, Call, Transport
from tandem.core.entities import INDIVIDUAL
from tandem.core.errors import (
    BadInputError,
    GoneError,
    RefusedError,
    TandemError,
    TransientError,
    UnknownOutcomeError,
)
from tandem.core.mapping import Resource
from tandem.core.records import Side
from tandem.engine.ports import Batch, Change, Deletion, FeedPage, Written

PERSONS = "contactpersons"

FILTERS = frozenset(
    {
        "contact_name",
        "company_name",
        "first_name",
        "last_name",
        "address",
        "email",
        "phone",
        "zcrm_account_id",
        "zcrm_contact_id",
        "zcrm_vendor_id",
    }
)
"""Exact filters that Books documents. It ignores any other in silence and answers everything (dossier §2)."""

MISSING = frozenset({"1002", "2006"})
"""Codes that speak of a record that does not exist, and of nothing else (dossier books §9)."""
DOUBTFUL = "2"
"""A record that does not exist, or a value that is refused: which of them is UNCONFIRMED (dossier books §9)."""
NEVER_SENT = frozenset({"opening_balances", "opening_balance_amount", "enable_portal", "contact_persons"})
"""Keys that write accounting, invite people, or replace the whole set of persons (design, section 4)."""

PER_PAGE = 200
SEVERAL = 50
"""Ids in one call that reads several; Books names no limit (dossier books §6)."""
FEW = 3
"""From so many on: what such a call does not show costs a GET each, and the call was for nothing."""
_TYPES = {"customer": "customer", INDIVIDUAL: "customer", "vendor": "vendor"}
_MADE_WITH = frozenset({"contact_persons"})
"""The create of an individual carries its person: there is none yet that it could replace."""


class BooksClient:
    """One Books organisation through one transport.

    A Resource of entity `customer` or `vendor` lists its own kind; any other entity of contacts lists both in one.
    """

    side = Side.BOOKS

    def __init__(self, transport: Transport, *, clock: Callable[[], datetime] = now) -> None:
        self._transport = transport
        self._organization = check_id(transport.endpoints.organization_id)
        self._clock = clock

    async def read(self, resource: Resource, ids: Sequence[str]) -> Batch:
        """Read by id, one call each; an id that Books says does not exist is absent from the batch.

        Several items come in one call. Whether such a row shows all that a GET shows is UNCONFIRMED: who takes
        it looks.
        """
        wanted = chunks(ids, 1)
        bodies: dict[str, Mapping[str, Any]] = {}
        moments: list[datetime] = []
        if (home := _home(resource)).details and len(wanted) >= FEW:
            for found, moment in await together(self._details(home, ids) for ids in chunks(ids, SEVERAL)):
                bodies |= found
                moments.append(moment)
        alone = [one for (one,) in wanted if one not in bodies]
        answers = await together(self._get(_home(resource), one) for one in alone)
        bodies |= {one: body for one, (body, _) in zip(alone, answers, strict=True) if body is not None}
        moments += [moment for _, moment in answers]
        return Batch(bodies, min(moments, default=self._clock()))

    async def confirm(self, resource: Resource, id: str) -> Mapping[str, Any] | None:
        """GET one; None when Books says that it does not exist."""
        return (await self._get(_home(resource), id))[0]

    async def insert(
        self, resource: Resource, body: Mapping[str, Any], *, parent: str | None = None
    ) -> Written:
        """Insert a customer, a vendor, an item, or a person of the customer `parent`."""
        body = _sendable(body, made=resource.entity == INDIVIDUAL)
        if resource.module != PERSONS:
            return await self._write(Call(ENDPOINTS[_home(resource).insert], body=body), _home(resource))
        body["contact_id"] = _parent(parent)
        try:
            return await self._write(Call(ENDPOINTS[_home(resource).insert], body=body), _home(resource))
        except RefusedError as error:
            if not await self._lacks_parent(error, body["contact_id"]):
                raise
            raise GoneError(error.code, "the customer of the person does not exist in Books") from error

    async def update(
        self,
        resource: Resource,
        id: str,
        body: Mapping[str, Any],
        *,
        parent: str | None = None,
        unmodified_since: datetime | None = None,  # noqa: ARG002 - the port's verb
    ) -> Written:
        """Change the given fields; Books has no lock, so `unmodified_since` cannot be sent.

        A `status` goes by a call of its own, alone: no update takes it; so does a `contact_person`.
        """
        body = _sendable(body)
        if "contact_person" in body:
            if len(body) > 1:
                raise BadInputError("Books takes a person by a call of its own, without other fields")
            return await self._update_primary(id, body["contact_person"])
        if "status" in body:
            if len(body) > 1:
                raise BadInputError("Books takes a status by a call of its own, without other fields")
            return await self.set_active(resource, id, active=body["status"] == "active")
        if resource.module == PERSONS:
            body["contact_id"] = _parent(parent)
        return await self._update(_home(resource), id, body)

    async def _update_primary(self, contact: str, person: Mapping[str, Any]) -> Written:
        """Change the primary person of a customer, or make one where there is none; its answer shows no customer."""
        home, known = HOMES[PERSONS], person.get("contact_person_id")
        body = {name: value for name, value in person.items() if name != "contact_person_id"}
        body = unblank({**body, "contact_id": check_id(contact)})
        if known:
            await self._update(home, check_id(known), body)
        else:
            await self._write(Call(ENDPOINTS[home.insert], body=body), home)
        return Written(contact, None)

    async def update_many(
        self,
        resource: Resource,
        changes: Sequence[Change],
        *,
        unmodified_since: datetime | None,
    ) -> Sequence[Written | TandemError]:
        """Not offered: Books updates records one by one."""
        raise NotImplementedError("Books updates one record a call")

    async def set_active(self, resource: Resource, id: str, *, active: bool) -> Written:
        """Mark a customer, vendor or item active or inactive; persons have no such state."""
        if resource.module == PERSONS:
            raise NotImplementedError("Books persons are not marked active or inactive")
        home = _home(resource)
        await self._send(Call(ENDPOINTS[home.active if active else home.inactive], {"id": id}))
        return Written(id, None)

    async def changed(
        self,
        resource: Resource,
        *,
        since: datetime | None,  # noqa: ARG002 - the port's verb
        before: datetime | None,  # noqa: ARG002 - the port's verb
        after: str | None,
    ) -> FeedPage:
        """One page of all rows, last modified first: the caller stops below `since` and drops what it knows.

        Items have no such order: `by_time` says so, and the caller reads to the end.
        `since` and `before` are not sent: a filter by time on contacts is UNCONFIRMED (dossier books §2).
        """
        page = as_int(after) if after else 1
        if page is None or page < 1:
            raise BadInputError(f"{after!r} is no page of a Books listing")
        query = [*_home(resource).order, ("filter_by", "Status.All")]
        rows, answer = await self._list(resource, query, page)
        by_time = _home(resource).by_time
        times = [moment for row in rows if (moment := BooksRecord.of(row).version)]
        return FeedPage(
            rows,
            str(page + 1) if _has_more(answer) else None,
            answer.asked_at,
            by_time,
            min(times, default=None) if by_time else None,
        )

    async def deleted(
        self,
        resource: Resource,  # noqa: ARG002 - the port's verb
        *,
        since: datetime | None,  # noqa: ARG002 - the port's verb
    ) -> Sequence[Deletion]:
        """Books lists no deletions: always empty."""
        return ()

    async def find(self, resource: Resource, field_name: str, values: Sequence[str]) -> Batch:
        """List with a documented filter, one call for each value; the caller compares what comes back."""
        if field_name not in FILTERS:
            raise BadInputError(
                f"Books ignores the filter {field_name!r} in silence; it knows {sorted(FILTERS)}"
            )
        wanted = [value for chunk in chunks(values, 1) for value in chunk if value]
        answers = await together(self._filtered(resource, field_name, value) for value in wanted)
        bodies = {str(as_id(row[_home(resource).id])): row for rows, _ in answers for row in rows}
        return Batch(bodies, min((moment for _, moment in answers), default=self._clock()))

    async def extend_channel(
        self,
        id: str,  # noqa: ARG002 - the port's verb
        events: Sequence[str],  # noqa: ARG002 - the port's verb
        until: datetime,  # noqa: ARG002 - the port's verb
    ) -> datetime | None:
        """Books has webhooks without an end, and no channels."""
        return None

    async def organizations(self) -> Sequence[Organization]:
        """The organisations of the token's user: plan, zone, currency, digits."""
        answer = await self._send(Call(ENDPOINTS["books.organizations"]))
        return Organization.each(_rows(answer, "organizations"))

    async def fields(self, entity: str = "contact") -> Sequence[Mapping[str, Any]]:
        """Field metadata of `contact` or `item`, custom fields among them (dossier books §5)."""
        call = Call(ENDPOINTS["books.fields"], query=[("entity", entity)])
        return _rows(await self._send(call), "fields")

    async def _get(self, home: Home, id: str) -> tuple[Mapping[str, Any] | None, datetime]:
        call = Call(ENDPOINTS[home.get], {"id": id})
        asked_at = self._clock()
        try:
            answer = await self._send(call)
        except GoneError:
            return None, asked_at
        body = as_object((answer.body or {}).get(home.key))
        if not body:
            raise TransientError("books: an answer without the record asked for")
        return body, answer.asked_at

    async def _lacks_parent(self, error: RefusedError, parent: str) -> bool:
        """Whether a person was refused for want of its customer; code 2 may mean a value too, so that is looked up."""
        if error.code in MISSING:
            return True
        return error.code == DOUBTFUL and (await self._get(HOMES["contacts"], parent))[0] is None

    async def _details(self, home: Home, ids: Sequence[str]) -> tuple[dict[str, Mapping[str, Any]], datetime]:
        """Several records by id, as far as Books shows them; none where it refuses the call for one of them."""
        query = [(f"{home.id}s", ",".join(map(check_id, ids)))]
        asked_at = self._clock()
        try:
            answer = await self._send(Call(ENDPOINTS[home.details], query=query))
        except RefusedError:
            return {}, asked_at
        rows = _rows(answer, home.rows)
        found = {id: row for row in rows if (id := as_id(row.get(home.id))) in ids}
        return {id: row for id, row in found.items() if id is not None}, answer.asked_at

    async def _filtered(
        self, resource: Resource, name: str, value: str
    ) -> tuple[list[Mapping[str, Any]], datetime]:
        found: list[Mapping[str, Any]] = []
        page = 1
        while True:
            rows, answer = await self._list(resource, [(name, value), ("filter_by", "Status.All")], page)
            found.extend(rows)
            if not rows or not _has_more(answer):
                return found, answer.asked_at
            page += 1

    async def _list(
        self, resource: Resource, query: list[tuple[str, str]], page: int
    ) -> tuple[list[Mapping[str, Any]], Answer]:
        home = _home(resource)
        if not home.lists:
            raise NotImplementedError(f"Books lists no {resource.module}")
        kind = _TYPES.get(resource.entity)
        own = [("contact_type", kind)] if kind else []
        query = [*query, *own, ("page", str(page)), ("per_page", str(PER_PAGE))]
        answer = await self._send(Call(ENDPOINTS[home.lists], query=query))
        return [row for row in _rows(answer, home.rows) if as_id(row.get(home.id))], answer

    async def _update(self, home: Home, id: str, body: Mapping[str, Any]) -> Written:
        """Update one record; one that is there all the same is not gone, but refused for a value."""
        try:
            return await self._write(Call(ENDPOINTS[home.update], {"id": id}, body=body), home)
        except GoneError as error:
            if error.code != DOUBTFUL or (await self._get(home, id))[0] is None:
                raise
            raise RefusedError(error.code, BOOKS[DOUBTFUL].sentence, error.field, error.details) from error

    async def _write(self, call: Call, home: Home) -> Written:
        answer = await self._send(call)
        body = as_object((answer.body or {}).get(home.key))
        told = BooksRecord.of(body)
        own: str | None = getattr(told, home.id)
        written = own or call.parts.get("id")
        if written is None:
            raise UnknownOutcomeError("books: an insert was answered without an id")
        return Written(written, told.version, body or None)

    async def _send(self, call: Call) -> Answer:
        query = [*call.query, ("organization_id", self._organization)]
        return await self._transport.send(Call(call.endpoint, call.parts, query, call.body, call.headers))


def _home(resource: Resource) -> Home:
    return HOMES[resource.module]


def _sendable(body: Mapping[str, Any], *, made: bool = False) -> dict[str, Any]:
    """A copy that may be sent, blanks as empty texts; refuses keys that Tandem never sends. `made`: an individual."""
    barred = sorted(NEVER_SENT.intersection(body) - (_MADE_WITH if made else frozenset()))
    if barred:
        raise BadInputError(f"Tandem never sends {', '.join(barred)} to Books")
    return unblank(body)


def _parent(parent: str | None) -> str:
    if parent is None:
        raise BadInputError("a Books person needs the id of its customer")
    return check_id(parent)


def _rows(answer: Answer, key: str) -> list[Mapping[str, Any]]:
    """The listed rows; a missing key is an unusable answer, never an empty list (dossier books §6)."""
    if answer.body is None or key not in answer.body:
        raise TransientError(f"books: an answer without {key}")
    return as_rows(answer.body[key])


def _has_more(answer: Answer) -> bool:
    return BooksRows.of(answer.body).page_context.has_more_page
