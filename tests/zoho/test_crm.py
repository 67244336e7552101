"""Zoho CRM as a SideClient: what is asked, what is made of the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tandem.adapters.zoho import coql
from tandem.adapters.zoho.channels import Channel
from tandem.adapters.zoho.crm import CrmClient
from tandem.core.errors import (
    AlreadyModifiedError,
    BadInputError,
    DuplicateError,
    GoneError,
    RefusedError,
    StopError,
    TransientError,
    UnknownOutcomeError,
)
from tandem.core.records import Side
from tandem.engine.ports import Change, Deletion, SideClient, Written
from tests.zoho.support import ACCOUNTS, CONTACTS, CUSTOMERS, NOW, FarSide, crm, crm_item, reply

COQL = ("POST", "/crm/v8/coql")
INVALID_ID = {
    "code": "INVALID_DATA",
    "details": {},
    "message": "the id given seems to be invalid",
    "status": "error",
}
TIME = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


def rows(*ids: str, more: bool = False, time: str = "2026-11-23T15:30:00+05:30") -> httpx.Response:
    """An answer with records."""
    data = [{"id": one, "Modified_Time": time} for one in ids]
    return reply(200, {"data": data, "info": {"count": len(data), "more_records": more}})


def test_the_client_is_a_side_client(far: FarSide) -> None:
    """To the type checker too."""
    client: SideClient = crm(far)
    assert client.side is Side.CRM


class TestRead:
    async def test_fifty_ids_a_call(self, far: FarSide) -> None:
        """120 ids are three calls; doubles are asked for once; what is not answered is absent."""
        ids = [str(number) for number in range(1, 121)]
        far.expect("GET", "/crm/v8/Contacts", rows("1", "2"), reply(204), rows("120"))
        batch = await crm(far).read(CONTACTS, [*ids, "1"])
        assert sorted(batch.bodies) == ["1", "120", "2"]
        asked = [request.url.params for request in far.seen]
        assert [len(params["ids"].split(",")) for params in asked] == [50, 50, 20]
        wanted = "id,Modified_Time,Created_Time,Modified_By,Account_Name,Last_Name,Email"
        assert {params["fields"] for params in asked} == {wanted}

    async def test_nothing_to_read_is_no_call(self, far: FarSide) -> None:
        """Not even one."""
        batch = await crm(far).read(CONTACTS, [])
        assert (batch.bodies, batch.asked_at) == ({}, NOW)

    async def test_the_earliest_call_dates_the_batch(self, far: FarSide) -> None:
        """A guard built on it must not be too late for any of the records."""
        first, second = rows("1"), rows("51")
        first.headers["Date"] = "Mon, 23 Nov 2026 09:00:05 GMT"
        second.headers["Date"] = "Mon, 23 Nov 2026 09:00:03 GMT"
        far.expect("GET", "/crm/v8/Accounts", first, second)
        batch = await crm(far).read(ACCOUNTS, [str(number) for number in range(1, 52)])
        assert (
            datetime(2026, 11, 23, 9, 0, 2, tzinfo=UTC)
            <= batch.asked_at
            <= datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC)
        )

    async def test_one_failed_call_fails_the_batch(self, far: FarSide) -> None:
        """Half a batch would look like absence."""
        refused = reply(400, {"code": "INVALID_MODULE", "details": {}, "message": "x", "status": "error"})
        far.expect("GET", "/crm/v8/Accounts", refused, rows("51"))
        with pytest.raises(StopError):
            await crm(far).read(ACCOUNTS, [str(number) for number in range(1, 52)])

    async def test_too_many_fields_are_refused_by_name(self, far: FarSide) -> None:
        """Two queries could show two versions of a record, so the mapping must be mended."""
        wide = replace(ACCOUNTS, fields=tuple(f"Field_{number}" for number in range(47)))
        with pytest.raises(BadInputError, match="at most 46 fields"):
            await crm(far).read(wide, ["1"])

    async def test_amounts_are_decimals(self, far: FarSide) -> None:
        """No float."""
        far.expect(
            "GET",
            "/crm/v8/Accounts",
            httpx.Response(200, content=b'{"data":[{"id":"1","Annual_Revenue":10.10}]}'),
        )
        batch = await crm(far).read(ACCOUNTS, ["1"])
        assert str(batch.bodies["1"]["Annual_Revenue"]) == "10.10"


class TestConfirm:
    @pytest.mark.parametrize(
        "answer",
        [
            reply(204),
            reply(400, INVALID_ID),
            reply(400, INVALID_ID | {"details": {"resource_path_index": 1}, "message": "x"}),
        ],
    )
    async def test_gone_only_when_crm_says_so(self, far: FarSide, answer: httpx.Response) -> None:
        """204, or an id that it calls invalid."""
        far.expect("GET", "/crm/v8/Accounts/5", answer)
        assert await crm(far).confirm(ACCOUNTS, "5") is None

    async def test_a_record_is_its_body(self, far: FarSide) -> None:
        """With the mapped and the system fields alone."""
        far.expect("GET", "/crm/v8/Accounts/5", rows("5"))
        found = await crm(far).confirm(ACCOUNTS, "5")
        assert found
        assert found["id"] == "5"
        assert far.seen[0].url.params["fields"].startswith("id,Modified_Time")

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (reply(200, {"data": []}), TransientError),
            (reply(200, {}), TransientError),
            (
                reply(400, {"code": "INVALID_DATA", "details": {"param_name": "fields"}, "status": "error"}),
                RefusedError,
            ),
            (reply(404), RefusedError),
        ],
    )
    async def test_anything_else_is_no_absence(
        self, far: FarSide, answer: httpx.Response, error: Any
    ) -> None:
        """A doubtful answer never counts as a delete."""
        far.expect("GET", "/crm/v8/Accounts/5", answer)
        with pytest.raises(error) as caught:
            await crm(far).confirm(ACCOUNTS, "5")
        assert not isinstance(caught.value, GoneError)


class TestWrite:
    async def test_an_insert_starts_no_automation(self, far: FarSide) -> None:
        """One record, no trigger, and the parent as its lookup."""
        item = crm_item(id="77", Modified_Time="2026-11-23T15:30:00+05:30")
        far.expect("POST", "/crm/v8/Contacts", reply(201, {"data": [item]}))
        written = await crm(far).insert(CONTACTS, {"Last_Name": "Rao", "Score": Decimal("1.50")}, parent="9")
        assert written == Written("77", TIME)
        expected = {"Last_Name": "Rao", "Score": 1.5, "Account_Name": {"id": "9"}}
        assert far.body() == {"data": [expected], "trigger": []}
        assert b"1.50" in far.seen[0].content

    async def test_automations_are_a_setting(self, far: FarSide) -> None:
        """Whoever wants them names them."""
        far.expect("POST", "/crm/v8/Accounts", reply(201, {"data": [crm_item(id="7")]}))
        await crm(far, trigger=["workflow"]).insert(ACCOUNTS, {})
        assert far.body()["trigger"] == ["workflow"]

    async def test_an_update_is_guarded_and_partial(self, far: FarSide) -> None:
        """Only the given keys go out, null clears, and the parent stays as it is."""
        item = crm_item(id="5", Modified_Time="2026-11-23T15:30:00+05:30")
        far.expect("PUT", "/crm/v8/Contacts/5", reply(200, {"data": [item]}))
        moment = datetime(2026, 11, 23, 9, 0, 0, 999, tzinfo=UTC)
        written = await crm(far).update(CONTACTS, "5", {"Email": None}, parent="9", unmodified_since=moment)
        assert written == Written("5", TIME)
        assert far.body() == {"data": [{"Email": None}], "trigger": []}
        assert far.seen[0].headers["if-unmodified-since"] == "2026-11-23T09:00:00+00:00"

    async def test_an_update_without_a_guard_sends_no_header(self, far: FarSide) -> None:
        """The caller decides."""
        far.expect("PUT", "/crm/v8/Accounts/5", reply(200, {"data": [crm_item(id="5")]}))
        await crm(far).update(ACCOUNTS, "5", {})
        assert "if-unmodified-since" not in far.seen[0].headers

    async def test_many_updates_end_one_by_one_in_their_order(self, far: FarSide) -> None:
        """One guard for all; a refused record is an error among the results, not of the call."""
        done = crm_item(id="5", Modified_Time="2026-11-23T15:30:00+05:30")
        data = [done, crm_item("ALREADY_MODIFIED", id="6"), crm_item("DUPLICATE_DATA", id="44")]
        far.expect("PUT", "/crm/v8/Accounts", reply(207, {"data": data}))
        changes = [Change(id, {"Phone": id}) for id in ("5", "6", "7")]
        first, second, third = await crm(far).update_many(ACCOUNTS, changes, unmodified_since=TIME)
        assert first == Written("5", TIME)
        assert isinstance(second, AlreadyModifiedError)
        assert isinstance(third, DuplicateError)
        assert far.body()["data"] == [{"Phone": id, "id": id} for id in ("5", "6", "7")]
        assert far.body()["trigger"] == []
        assert far.seen[0].headers["if-unmodified-since"] == "2026-11-23T10:00:00+00:00"

    async def test_one_refusal_for_several_updates_speaks_of_the_call(self, far: FarSide) -> None:
        """Nothing was written: the caller sends each alone."""
        far.expect("PUT", "/crm/v8/Accounts", reply(412, {"data": [crm_item("ALREADY_MODIFIED", id="6")]}))
        with pytest.raises(AlreadyModifiedError):
            await crm(far).update_many(ACCOUNTS, [Change("5", {}), Change("6", {})], unmodified_since=TIME)

    async def test_results_that_do_not_fit_are_an_unknown_outcome(self, far: FarSide) -> None:
        """Too few of them, or one that names another record."""
        few, other = {"data": [crm_item(id="5")]}, {"data": [crm_item(id="5"), crm_item(id="9")]}
        far.expect("PUT", "/crm/v8/Accounts", reply(200, few), reply(200, other))
        changes = [Change("5", {}), Change("6", {})]
        with pytest.raises(UnknownOutcomeError):
            await crm(far).update_many(ACCOUNTS, changes, unmodified_since=TIME)
        ends = await crm(far).update_many(ACCOUNTS, changes, unmodified_since=TIME)
        assert isinstance(ends[1], UnknownOutcomeError)

    @pytest.mark.parametrize("count", [0, 101])
    async def test_a_hundred_records_a_call(self, far: FarSide, count: int) -> None:
        """More, or none, never leave."""
        changes = [Change(str(number), {}) for number in range(1, count + 1)]
        with pytest.raises(BadInputError):
            await crm(far).update_many(ACCOUNTS, changes, unmodified_since=TIME)

    @pytest.mark.parametrize("status", [412, 200, 202, 207])
    async def test_a_record_edited_meanwhile_is_not_written(self, far: FarSide, status: int) -> None:
        """Whatever the HTTP status, the result counts."""
        item = crm_item("ALREADY_MODIFIED", id="5", Modified_Time="2026-11-23T15:30:00+05:30")
        far.expect("PUT", "/crm/v8/Accounts/5", reply(status, {"data": [item]}))
        with pytest.raises(AlreadyModifiedError):
            await crm(far).update(ACCOUNTS, "5", {}, unmodified_since=TIME)

    @pytest.mark.parametrize("status", [200, 202, 400])
    async def test_a_duplicate_names_the_holder(self, far: FarSide, status: int) -> None:
        """It proposes a link."""
        item = crm_item("DUPLICATE_DATA", api_name="Books_Contact_ID", id="44")
        far.expect("POST", "/crm/v8/Accounts", reply(status, {"data": [item]}))
        with pytest.raises(DuplicateError) as caught:
            await crm(far).insert(ACCOUNTS, {})
        assert caught.value.existing_id == "44"

    @pytest.mark.parametrize(
        "body", [{}, {"data": []}, {"data": [crm_item()]}, {"data": [{"status": "success"}]}]
    )
    async def test_an_insert_without_a_result_is_in_doubt(self, far: FarSide, body: Any) -> None:
        """It may have happened."""
        far.expect("POST", "/crm/v8/Accounts", reply(200, body))
        with pytest.raises(UnknownOutcomeError):
            await crm(far).insert(ACCOUNTS, {})

    @pytest.mark.parametrize("module", ["Invoices", "Quotes", "Sales_Orders", "Deals", "coql"])
    async def test_transactions_are_never_written(self, far: FarSide, module: str) -> None:
        """Nor anything else that is not synced."""
        other = replace(ACCOUNTS, module=module)
        for call in (crm(far).insert(other, {}), crm(far).update(other, "1", {})):
            with pytest.raises(BadInputError):
                await call

    async def test_crm_has_no_inactive_records(self, far: FarSide) -> None:
        """The port says so."""
        with pytest.raises(NotImplementedError):
            await crm(far).set_active(ACCOUNTS, "1", active=False)


class TestChanged:
    @pytest.mark.parametrize(
        ("since", "before", "after", "where"),
        [
            (None, None, None, "Modified_Time >= '1970-01-01T00:00:00+00:00'"),
            (TIME, None, None, "Modified_Time >= '2026-11-23T10:00:00+00:00'"),
            (
                TIME,
                TIME + timedelta(hours=1),
                None,
                "(Modified_Time >= '2026-11-23T10:00:00+00:00' and Modified_Time < '2026-11-23T11:00:00+00:00')",
            ),
            (
                TIME,
                TIME + timedelta(hours=1),
                "2026-11-23T10:30:00+00:00|99",
                (
                    "((Modified_Time >= '2026-11-23T10:30:00+00:00' and Modified_Time < '2026-11-23T11:00:00+00:00')"
                    " and (Modified_Time > '2026-11-23T10:30:00+00:00' or id > 99))"
                ),
            ),
        ],
    )
    async def test_the_feed_is_ascending_and_keyset(
        self, far: FarSide, since: Any, before: Any, after: Any, where: str
    ) -> None:
        """Pairs in nested brackets; `since` inclusive, `before` exclusive."""
        far.expect(*COQL, reply(204))
        page = await crm(far).changed(ACCOUNTS, since=since, before=before, after=after)
        assert (page.bodies, page.next) == ([], None)
        asked = far.body()["select_query"]
        assert asked.startswith(
            "select id, Modified_Time, Created_Time, Modified_By, Account_Name, Phone from Accounts "
        )
        assert asked.endswith(f" where {where} order by Modified_Time asc, id asc limit 2000")

    async def test_a_page_ends_with_the_place_to_go_on(self, far: FarSide) -> None:
        """The last row's time in UTC, and its id."""
        far.expect(*COQL, rows("1", "2", more=True), rows("3"))
        client = crm(far)
        first = await client.changed(ACCOUNTS, since=TIME, before=None, after=None)
        assert first.next == "2026-11-23T10:00:00+00:00|2"
        assert (await client.changed(ACCOUNTS, since=TIME, before=None, after=first.next)).next is None

    async def test_a_full_page_is_followed_even_if_crm_says_it_is_the_last(self, far: FarSide) -> None:
        """One call more is cheaper than a lost record."""
        far.expect(*COQL, rows("1", "2"))
        assert (await crm(far, page=2).changed(ACCOUNTS, since=TIME, before=None, after=None)).next

    @pytest.mark.parametrize("told", ["9", 9, {"id": "9"}, {"id": "9", "name": "Acme"}])
    async def test_a_lookup_always_has_its_id(self, far: FarSide, told: Any) -> None:
        """In whichever shape COQL answers it (UNCONFIRMED)."""
        far.expect(
            *COQL,
            reply(200, {"data": [{"id": "1", "Account_Name": told}, {"id": "2", "Account_Name.id": "9"}]}),
        )
        page = await crm(far).changed(CONTACTS, since=None, before=None, after=None)
        assert [body["Account_Name"]["id"] for body in page.bodies] == ["9", "9"]

    @pytest.mark.parametrize(
        "after",
        ["", "x", "2026-11-23T10:00:00+00:00", "2026-11-23T10:00:00|1", "|1", "2026-11-23T10:00:00Z|x"],
    )
    def test_a_place_is_opaque_but_not_anything(self, after: str) -> None:
        """It goes into a query."""
        with pytest.raises(BadInputError):
            coql.Place.parse(after)


class TestFind:
    async def test_fifty_values_a_query(self, far: FarSide) -> None:
        """101 values are three queries; doubles are asked for once."""
        far.expect(*COQL, rows("1"), reply(204), rows("2"))
        values = [f"u{number}@x.example" for number in range(101)]
        batch = await crm(far).find(CONTACTS, "Email", [*values, values[0]])
        assert sorted(batch.bodies) == ["1", "2"]
        assert [far.body(index)["select_query"].count("@") for index in range(3)] == [50, 50, 1]

    async def test_more_rows_than_a_page_are_all_found(self, far: FarSide) -> None:
        """A shared mailbox may stand on thousands of records."""
        far.expect(*COQL, rows("1", "2", more=True), rows("3"))
        batch = await crm(far, page=2).find(CONTACTS, "Email", ["info@x.example"])
        assert sorted(batch.bodies) == ["1", "2", "3"]
        assert "(Email in ('info@x.example') and id > 2) order by id asc" in far.body()["select_query"]

    @pytest.mark.parametrize(
        ("value", "literal"),
        [
            ("O'Brien", r"'O\'Brien'"),
            ("a\\b", r"'a\\b'"),
            ("\\'", r"'\\\''"),
            ("') or id > 0", r"'\') or id > 0'"),
            ("Zoë", "'Zoë'"),
        ],
    )
    def test_values_cannot_leave_their_quotes(self, value: str, literal: str) -> None:
        """Backslash first, then the quote."""
        assert coql.quote(value) == literal

    async def test_a_field_name_is_a_name(self, far: FarSide) -> None:
        """It goes into a query."""
        with pytest.raises(BadInputError):
            await crm(far).find(CONTACTS, "Email in ('x') or id", ["1"])

    @pytest.mark.parametrize("count", [0, 51])
    def test_a_query_takes_one_to_fifty_values(self, count: int) -> None:
        """CRM's own limit."""
        with pytest.raises(BadInputError):
            coql.matching(CONTACTS, "Email", ["x"] * count, None)

    async def test_no_values_are_no_call(self, far: FarSide) -> None:
        """An empty `in` would be refused."""
        assert (await crm(far).find(CONTACTS, "Email", [])).bodies == {}


class TestDeleted:
    async def test_every_page_is_read(self, far: FarSide) -> None:
        """Of any type; a permanent entry has no names."""
        one = {"id": "1", "deleted_time": "2026-11-23T15:30:00+05:30", "type": "recycle"}
        two = {"id": 2, "deleted_time": "2026-11-23T15:30:00+05:30", "type": "permanent", "deleted_by": None}
        pages = [
            reply(200, {"data": [row], "info": {"more_records": more}})
            for row, more in ((one, True), (two, False))
        ]
        far.expect("GET", "/crm/v8/Accounts/deleted", *pages)
        found = await crm(far).deleted(ACCOUNTS, since=TIME)
        assert found == [Deletion("1", TIME, permanent=False), Deletion("2", TIME, permanent=True)]
        assert [request.url.params["page"] for request in far.seen] == ["1", "2"]
        assert {request.headers["if-modified-since"] for request in far.seen} == {"2026-11-23T10:00:00+00:00"}

    @pytest.mark.parametrize("status", [204, 304])
    async def test_nothing_deleted_is_an_empty_answer(self, far: FarSide, status: int) -> None:
        """Which of the two is UNCONFIRMED."""
        far.expect("GET", "/crm/v8/Accounts/deleted", reply(status))
        assert await crm(far).deleted(ACCOUNTS, since=None) == []
        assert "if-modified-since" not in far.seen[0].headers


class TestSettings:
    async def test_org_user_and_fields(self, far: FarSide) -> None:
        """As CRM describes them."""
        far.expect("GET", "/crm/v8/org", reply(200, {"org": [{"id": "1", "time_zone": "Asia/Kolkata"}]}))
        far.expect("GET", "/crm/v8/users", reply(200, {"users": [{"id": "7"}]}))
        far.expect(
            "GET", "/crm/v8/settings/fields", reply(200, {"fields": [{"api_name": "Phone"}]}), reply(204)
        )
        client = crm(far)
        assert (await client.org()).time_zone == "Asia/Kolkata"
        assert (await client.current_user()).id == "7"
        assert far.seen[1].url.params["type"] == "CurrentUser"
        assert [field["api_name"] for field in await client.fields("Accounts")] == ["Phone"]
        assert await client.fields("Accounts") == []


CHANNEL = Channel(
    "1001", ("Accounts.create", "Accounts.edit"), "https://hook.example/x", "t" * 50, NOW + timedelta(days=7)
)
GRANTED: dict[str, Any] = {
    "events": [{"channel_expiry": "2026-11-23T18:30:00+05:30"}, {"channel_expiry": "2026-11-30T12:00:00Z"}]
}


class TestWatch:
    async def test_what_was_granted_counts(self, far: FarSide) -> None:
        """Zoho silently shortens a week to an hour: the earliest end is told."""
        far.expect("POST", "/crm/v8/actions/watch", reply(201, {"watch": [crm_item(**GRANTED)]}))
        assert await crm(far).watch(CHANNEL) == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
        assert far.body() == {
            "watch": [
                {
                    "channel_id": "1001",
                    "events": ["Accounts.create", "Accounts.edit"],
                    "notify_url": "https://hook.example/x",
                    "token": "t" * 50,
                    "channel_expiry": "2026-11-30T12:00:00+00:00",
                    "notify_on_related_action": False,
                    "return_affected_field_values": True,
                }
            ]
        }

    async def test_an_expired_channel_is_subscribed_anew(self, far: FarSide) -> None:
        """NOT_SUBSCRIBED is how CRM says that it has ended."""
        far.expect("PATCH", "/crm/v8/actions/watch", reply(400, {"watch": [crm_item("NOT_SUBSCRIBED")]}))
        far.expect("POST", "/crm/v8/actions/watch", reply(201, {"watch": [crm_item(**GRANTED)]}))
        assert await crm(far).renew(CHANNEL)

    async def test_any_other_refusal_is_told(self, far: FarSide) -> None:
        """Also within HTTP 202, and an answer without a result."""
        far.expect(
            "PATCH",
            "/crm/v8/actions/watch",
            reply(202, {"watch": [crm_item("INVALID_DATA")]}),
            reply(200, {}),
        )
        with pytest.raises(RefusedError):
            await crm(far).renew(CHANNEL)
        with pytest.raises(UnknownOutcomeError):
            await crm(far).renew(CHANNEL)

    async def test_an_end_is_moved_without_address_and_token(self, far: FarSide) -> None:
        """PATCH keeps what is not named; a dead channel is refused, for it cannot be made anew without them."""
        far.expect("PATCH", "/crm/v8/actions/watch", reply(200, {"watch": [crm_item(**GRANTED)]}))
        far.expect("PATCH", "/crm/v8/actions/watch", reply(400, {"watch": [crm_item("NOT_SUBSCRIBED")]}))
        until = NOW + timedelta(days=6)
        granted = await crm(far).extend_channel("1001", ["Accounts.all"], until)
        assert granted == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
        expected = {
            "channel_id": "1001",
            "events": ["Accounts.all"],
            "channel_expiry": "2026-11-29T12:00:00+00:00",
        }
        assert far.body() == {"watch": [expected]}
        with pytest.raises(RefusedError):
            await crm(far).extend_channel("1001", ["Accounts.all"], until)

    @pytest.mark.parametrize(
        "channel",
        [
            replace(CHANNEL, expires=NOW + timedelta(days=8)),
            replace(CHANNEL, token="t" * 51),
            replace(CHANNEL, token=""),
            replace(CHANNEL, notify_url="https://x.example/" + "x" * 250),
        ],
    )
    async def test_what_zoho_would_cut_is_refused(self, far: FarSide, channel: Channel) -> None:
        """Nothing leaves."""
        with pytest.raises(BadInputError):
            await crm(far).watch(channel)

    async def test_channels_are_listed_to_the_last_page(self, far: FarSide) -> None:
        """Expiry is silent."""
        pages = [
            reply(200, {"watch": [{"channel_id": "1"}], "info": {"more_records": more}})
            for more in (True, False)
        ]
        far.expect("GET", "/crm/v8/actions/watch", *pages, reply(204))
        assert len(await crm(far).watches()) == 2
        assert await crm(far).watches() == []

    def test_secrets_of_a_channel_are_not_shown(self) -> None:
        """Its address and token let anyone ring the bell."""
        assert "ttt" not in repr(CHANNEL)
        assert "hook" not in repr(CHANNEL)


async def test_a_books_resource_is_not_for_crm(far: FarSide) -> None:
    """A module of the other product cannot be written."""
    client: CrmClient = crm(far)
    with pytest.raises(BadInputError):
        await client.insert(CUSTOMERS, {})
