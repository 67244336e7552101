"""Zoho CRM v8 as a `SideClient` (dossier crm §2-5, §7)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.adapters.zoho import coql
from tandem.adapters.zoho.channels import Channel, granted
from tandem.adapters.zoho.codes import check_item
from tandem.adapters.zoho.endpoints import CRM_WRITABLE, ENDPOINTS, check_id, check_module
from tandem.adapters.zoho.models import (
    CrmChannel,
    CrmDeletion,
    CrmDetails,
    CrmOrg,
    CrmOrgs,
    CrmRows,
    CrmUser,
    CrmUsers,
)
from tandem.adapters.zoho.parse import as_id, now, show_time
from tandem.adapters.zoho.together import chunks, together
from tandem.adapters.zoho.transport import Answer, Call, Transport
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

logger = logging.getLogger("tandem.zoho")

IDS_PER_READ = 50
RECORDS_PER_WRITE = 100
_PER_PAGE = "200"
_NOT_SUBSCRIBED = "NOT_SUBSCRIBED"
_BEYOND = (
    "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "PAGINATION_LIMIT_EXCEEDED", "PAGE_RANGE_EXCEEDED", "LIMIT_REACHED",
    "LIMIT_EXCEEDED",
)  # fmt: skip
"""A page that lies beyond what CRM shows of a list."""


class CrmClient:
    """One CRM org through one transport.

    `trigger`: which of CRM's automations our writes start; none by default (design, section 4).
    """

    side = Side.CRM

    def __init__(
        self,
        transport: Transport,
        *,
        trigger: Sequence[str] = (),
        page: int = coql.PAGE,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._transport = transport
        self._trigger = list(trigger)
        self._page = page
        self._clock = clock

    async def read(self, resource: Resource, ids: Sequence[str]) -> Batch:
        """Read by id, 50 a call; an id that is absent from the answer is absent from the batch.

        What waits for an approval is asked for too: CRM leaves it out of lists by default.
        """
        fields = ",".join(coql.columns(resource))
        also = [("fields", fields), ("approved", "both"), ("per_page", _PER_PAGE)]
        calls = [
            Call(
                ENDPOINTS["crm.list"],
                {"module": resource.module},
                [("ids", ",".join(map(check_id, chunk))), *also],
            )
            for chunk in chunks(ids, IDS_PER_READ)
        ]
        return self._batch(resource, await together(self._transport.send(call) for call in calls))

    async def confirm(self, resource: Resource, id: str) -> Mapping[str, Any] | None:
        """GET one; None when CRM says that there is none (204, or an id that it calls invalid)."""
        call = Call(
            ENDPOINTS["crm.get"],
            {"module": resource.module, "id": id},
            [("fields", ",".join(coql.columns(resource)))],
        )
        try:
            answer = await self._transport.send(call)
        except GoneError:
            return None
        if answer.body is None:
            return None
        found = next(iter(CrmRows.of(answer.body).data), {})
        if as_id(found) is None:
            raise TransientError("crm: an answer without the record asked for")
        return coql.as_record(found, _lookups(resource))

    async def insert(
        self, resource: Resource, body: Mapping[str, Any], *, parent: str | None = None
    ) -> Written:
        """Insert one record, linked to `parent` through the resource's lookup."""
        if parent is not None and resource.parent_field:
            body = {**body, resource.parent_field: {"id": check_id(parent)}}
        call = Call(ENDPOINTS["crm.insert"], {"module": _writable(resource)}, body=self._envelope(body))
        return _written(call, await self._transport.send(call))

    async def update(
        self,
        resource: Resource,
        id: str,
        body: Mapping[str, Any],
        *,
        parent: str | None = None,  # noqa: ARG002 - the port's verb
        unmodified_since: datetime | None = None,
    ) -> Written:
        """Change the given fields of one record; `parent` is not touched (a lookup is a field like any)."""
        headers = {} if unmodified_since is None else {"If-Unmodified-Since": show_time(unmodified_since)}
        call = Call(
            ENDPOINTS["crm.update"],
            {"module": _writable(resource), "id": id},
            body=self._envelope(body),
            headers=headers,
        )
        return _written(call, await self._transport.send(call))

    async def update_many(
        self, resource: Resource, changes: Sequence[Change], *, unmodified_since: datetime | None
    ) -> Sequence[Written | TandemError]:
        """Up to 100 records in one call; CRM answers in the order given (dossier crm §2)."""
        if not 0 < len(changes) <= RECORDS_PER_WRITE:
            raise BadInputError(f"an update takes 1 to {RECORDS_PER_WRITE} records, not {len(changes)}")
        headers = {} if unmodified_since is None else {"If-Unmodified-Since": show_time(unmodified_since)}
        data = [{**change.body, "id": check_id(change.id)} for change in changes]
        call = Call(
            ENDPOINTS["crm.update_many"],
            {"module": _writable(resource)},
            body={"data": data, "trigger": self._trigger},
            headers=headers,
        )
        return _written_each(call, await self._transport.send(call), changes)

    async def set_active(self, resource: Resource, id: str, *, active: bool) -> Written:
        """Not offered: CRM records have no such state."""
        raise NotImplementedError("CRM records are not marked active or inactive")

    async def changed(
        self, resource: Resource, *, since: datetime | None, before: datetime | None, after: str | None
    ) -> FeedPage:
        """One COQL page of [since, before), oldest first; `after` is the `next` of the page before."""
        place = coql.Place.parse(after) if after else None
        rows, answer = await self._query(resource, coql.changed(resource, since, before, place, self._page))
        follow = coql.place_of(rows[-1]) if rows and _has_more(answer, len(rows), self._page) else None
        return FeedPage(rows, str(follow) if follow else None, answer.asked_at)

    async def deleted(self, resource: Resource, *, since: datetime | None) -> Sequence[Deletion]:
        """Every page of /deleted, of any type (dossier crm §3).

        Its ceiling is UNCONFIRMED: a page beyond it ends the list, as the same question would be refused again.
        """
        found: list[Deletion] = []
        page = 1
        while True:
            call = Call(
                ENDPOINTS["crm.deleted"],
                {"module": resource.module},
                [("type", "all"), ("page", str(page)), ("per_page", _PER_PAGE)],
                headers={} if since is None else {"If-Modified-Since": show_time(since)},
            )
            try:
                answer = await self._transport.send(call)
            except RefusedError as error:
                if page == 1 or error.code not in _BEYOND:
                    raise
                logger.warning("%s: more was deleted than CRM lists: %d", resource.module, len(found))
                return found
            rows = CrmRows.of(answer.body)
            entries = CrmDeletion.each(rows.data)
            found.extend(_deletion(entry, entry.id, answer.asked_at) for entry in entries if entry.id)
            if not rows.data or not rows.info.more_records:
                return found
            page += 1

    async def find(self, resource: Resource, field_name: str, values: Sequence[str]) -> Batch:
        """Records whose field holds one of the values, 50 values a query; not lagging as search is."""
        wanted = chunks(values, coql.VALUES_PER_IN)
        answers = await together(self._matching(resource, field_name, chunk) for chunk in wanted)
        bodies = {str(row["id"]): row for rows, _ in answers for row in rows}
        return Batch(bodies, min((moment for _, moment in answers), default=self._clock()))

    async def org(self) -> CrmOrg:
        """The organisation: zone, currency, country, type (dossier crm §7)."""
        answer = await self._transport.send(Call(ENDPOINTS["crm.org"]))
        return CrmOrgs.of(answer.body).org

    async def current_user(self) -> CrmUser:
        """The user whose token this is: our own edits bear this id."""
        answer = await self._transport.send(Call(ENDPOINTS["crm.users"], query=[("type", "CurrentUser")]))
        return CrmUsers.of(answer.body).users

    async def fields(self, module: str) -> Sequence[Mapping[str, Any]]:
        """The module's field metadata; empty where CRM has none."""
        call = Call(ENDPOINTS["crm.fields"], query=[("module", check_module(module))])
        return CrmRows.of((await self._transport.send(call)).body).fields

    async def layouts(self, module: str) -> Sequence[Mapping[str, Any]]:
        """The module's layouts with their sections and fields; each may demand more than the module does."""
        call = Call(ENDPOINTS["crm.layouts"], query=[("module", check_module(module))])
        return CrmRows.of((await self._transport.send(call)).body).layouts

    async def watch(self, channel: Channel) -> datetime | None:
        """Subscribe; the end that CRM granted, which may be earlier than asked for."""
        return await self._subscribe("crm.watch", channel.body(self._clock()))

    async def renew(self, channel: Channel) -> datetime | None:
        """Move the channel's end; one that has expired is subscribed anew (dossier crm §5)."""
        try:
            return await self._subscribe("crm.renew", channel.body(self._clock()))
        except RefusedError as error:
            if error.code != _NOT_SUBSCRIBED:
                raise
            return await self.watch(channel)

    async def extend_channel(self, id: str, events: Sequence[str], until: datetime) -> datetime | None:
        """Move a channel's end by PATCH, which keeps its address and token (dossier crm §5): neither is needed."""
        one = {"channel_id": id, "events": list(events), "channel_expiry": show_time(until)}
        return await self._subscribe("crm.renew", {"watch": [one]})

    async def watches(self) -> Sequence[CrmChannel]:
        """Every channel of this user as CRM lists it: expiry is silent, so look."""
        found: list[CrmChannel] = []
        page = 1
        while True:
            query = [("page", str(page)), ("per_page", _PER_PAGE)]
            answer = await self._transport.send(Call(ENDPOINTS["crm.watches"], query=query))
            rows = CrmRows.of(answer.body)
            found.extend(CrmChannel.each(rows.watch))
            if not rows.watch or not rows.info.more_records:
                return found
            page += 1

    async def _matching(
        self, resource: Resource, column: str, values: Sequence[str]
    ) -> tuple[list[dict[str, Any]], datetime]:
        found: list[dict[str, Any]] = []
        after: str | None = None
        moment: datetime | None = None
        while True:
            query = coql.matching(resource, column, values, after, self._page)
            rows, answer = await self._query(resource, query)
            moment = moment or answer.asked_at
            found.extend(rows)
            if not rows or not _has_more(answer, len(rows), self._page):
                return found, moment
            after = str(rows[-1]["id"])

    async def _query(self, resource: Resource, query: str) -> tuple[list[dict[str, Any]], Answer]:
        answer = await self._transport.send(Call(ENDPOINTS["crm.query"], body={"select_query": query}))
        rows = [coql.as_record(row, _lookups(resource)) for row in CrmRows.of(answer.body).data]
        return [row for row in rows if as_id(row)], answer

    async def _subscribe(self, name: str, body: Mapping[str, Any]) -> datetime | None:
        call = Call(ENDPOINTS[name], body=body)
        items = CrmRows.of((await self._transport.send(call)).body).watch
        if not items:
            raise UnknownOutcomeError("crm: a subscription was answered without a result")
        return granted(check_item(call.endpoint, items[0]))

    def _envelope(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": [dict(body)], "trigger": self._trigger}

    def _batch(self, resource: Resource, answers: Sequence[Answer]) -> Batch:
        rows = [row for answer in answers for row in CrmRows.of(answer.body).data]
        bodies = {key: coql.as_record(row, _lookups(resource)) for row in rows if (key := as_id(row))}
        return Batch(bodies, min((answer.asked_at for answer in answers), default=self._clock()))


def _lookups(resource: Resource) -> tuple[str, ...]:
    parent = (resource.parent_field,) if resource.parent_field else ()
    return ("Modified_By", *parent, *resource.lookups)


def _writable(resource: Resource) -> str:
    if resource.module not in CRM_WRITABLE:
        raise BadInputError(
            f"Tandem never writes to {resource.module!r}: only to {', '.join(sorted(CRM_WRITABLE))}"
        )
    return resource.module


def _written(call: Call, answer: Answer) -> Written:
    items = CrmRows.of(answer.body).data
    if not items:
        raise UnknownOutcomeError("crm: a write was answered without a result")
    details = CrmDetails.of(check_item(call.endpoint, items[0]))
    written = details.id or call.parts.get("id")
    if written is None:
        raise UnknownOutcomeError("crm: an insert was answered without an id")
    return Written(written, details.version)


def _written_each(call: Call, answer: Answer, changes: Sequence[Change]) -> Sequence[Written | TandemError]:
    """Each record's end; one refusal for several records speaks of the call as a whole."""
    items = CrmRows.of(answer.body).data
    if len(items) == len(changes):
        return [_end(call, item, change.id) for item, change in zip(items, changes, strict=True)]
    for item in items:
        check_item(call.endpoint, item)
    raise UnknownOutcomeError(f"crm: {len(changes)} updates were answered with {len(items)} results")


def _end(call: Call, item: Mapping[str, Any], id: str) -> Written | TandemError:
    try:
        details = CrmDetails.of(check_item(call.endpoint, item))
    except TandemError as error:
        return error
    if details.id not in (None, id):
        return UnknownOutcomeError("crm: the result of an update names another record")
    return Written(id, details.version)


def _deletion(entry: CrmDeletion, id: str, moment: datetime) -> Deletion:
    return Deletion(id, entry.deleted_time or moment, entry.type == "permanent", entry.display_name)


def _has_more(answer: Answer, rows: int, limit: int) -> bool:
    """Whether another page may follow; a full page is enough of a hint."""
    return CrmRows.of(answer.body).info.more_records or rows >= limit
