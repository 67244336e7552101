"""Zoho Books as a SideClient: what is asked, what is never sent, what is made of the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tandem.adapters.zoho.books import NEVER_SENT
from tandem.adapters.zoho.endpoints import Endpoints
from tandem.core.errors import (
    BadInputError,
    DuplicateError,
    GoneError,
    RateLimitedError,
    RefusedError,
    StopError,
    TransientError,
    UnknownOutcomeError,
)
from tandem.core.mapping import Resource
from tandem.core.records import Side
from tandem.engine.ports import SideClient
from tests.zoho.support import CUSTOMERS, NOW, PERSONS, FarSide, RecordingGate, books, reply

CONTACTS = "/books/v3/contacts"
INDIVIDUALS = Resource(Side.BOOKS, "individual", "contacts")
PERSON_PATH = "/books/v3/contacts/contactpersons"
TIME = datetime(2026, 6, 9, 13, 45, 19, tzinfo=UTC)


def contact(id: str = "5", **more: Any) -> httpx.Response:
    """One customer as GET and writes answer it."""
    body = {"contact_id": id, "contact_name": "Acme", "last_modified_time": "2026-06-09T09:45:19-0400"} | more
    return reply(200, {"code": 0, "message": "success", "contact": body})


def listed(*ids: str, more: bool = False) -> httpx.Response:
    """A page of customers."""
    rows = [{"contact_id": one, "last_modified_time": "2026-06-09T09:45:19-0400"} for one in ids]
    return reply(200, {"code": 0, "contacts": rows, "page_context": {"has_more_page": more}})


GONE = reply(404, {"code": 1002, "message": "Contact does not exist."})


def test_the_client_is_a_side_client(far: FarSide) -> None:
    """To the type checker too."""
    client: SideClient = books(far)
    assert client.side is Side.BOOKS


async def test_the_organisation_goes_with_every_call(far: FarSide) -> None:
    """Reads, writes, lists and settings."""
    far.expect("GET", f"{CONTACTS}/5", contact()).expect("PUT", f"{CONTACTS}/5", contact())
    far.expect("POST", CONTACTS, contact()).expect("POST", f"{CONTACTS}/5/active", reply(200, {"code": 0}))
    far.expect("GET", CONTACTS, listed(), listed())
    far.expect(
        "GET", "/books/v3/organizations", reply(200, {"code": 0, "organizations": [{"organization_id": "1"}]})
    )
    far.expect("GET", "/books/v3/settings/fields", reply(200, {"code": 0, "fields": [{"api_name": "cf_x"}]}))
    client = books(far)
    await client.read(CUSTOMERS, ["5"])
    await client.update(CUSTOMERS, "5", {"notes": "x"})
    await client.insert(CUSTOMERS, {"contact_name": "Acme"})
    await client.set_active(CUSTOMERS, "5", active=True)
    await client.changed(CUSTOMERS, since=None, before=None, after=None)
    await client.find(CUSTOMERS, "email", ["a@x.example"])
    assert [org.organization_id for org in await client.organizations()] == ["1"]
    assert await client.fields() == [{"api_name": "cf_x"}]
    assert {request.url.params["organization_id"] for request in far.seen} == {"60001"}


def test_an_organisation_is_an_id(far: FarSide) -> None:
    """It goes into every query."""
    transport = books(far)._transport
    transport.endpoints = Endpoints("a", "b", "c", "x&y", "d", "in")
    with pytest.raises(BadInputError):
        type(books(far))(transport)


class TestRead:
    async def test_one_call_each_and_the_missing_are_absent(self, far: FarSide) -> None:
        """Books has no read of many; one that is gone does not spoil the others."""
        far.expect("GET", f"{CONTACTS}/5", contact("5")).expect("GET", f"{CONTACTS}/6", GONE)
        batch = await books(far).read(CUSTOMERS, ["5", "6", "5"])
        assert list(batch.bodies) == ["5"]
        assert batch.asked_at == NOW

    async def test_quota_in_mid_batch_is_quota(self, far: FarSide) -> None:
        """Never a batch that lacks what was not asked."""
        far.expect("GET", f"{CONTACTS}/5", reply(429, {"code": 44, "message": "x"})).expect(
            "GET", f"{CONTACTS}/6", contact("6")
        )
        with pytest.raises(RateLimitedError):
            await books(far).read(CUSTOMERS, ["5", "6"])

    async def test_a_person_is_read_by_its_own_id(self, far: FarSide) -> None:
        """Without its customer's."""
        body = {"contact_person_id": "9", "contact_id": "5", "first_name": "A"}
        far.expect("GET", f"{PERSON_PATH}/9", reply(200, {"code": 0, "contact_person": body}))
        assert (await books(far).read(PERSONS, ["9"])).bodies == {"9": body}

    async def test_confirm_tells_gone_from_doubtful(self, far: FarSide) -> None:
        """Only Books' own word counts."""
        far.expect("GET", f"{CONTACTS}/5", GONE, reply(400, {"code": "2", "message": "x"}), contact())
        client = books(far)
        assert await client.confirm(CUSTOMERS, "5") is None
        assert await client.confirm(CUSTOMERS, "5") is None
        assert await client.confirm(CUSTOMERS, "5")
        far.expect("GET", f"{CONTACTS}/5", reply(200, {"code": 0, "message": "success"}))
        with pytest.raises(TransientError):
            await client.confirm(CUSTOMERS, "5")
        far.expect("GET", f"{CONTACTS}/5", reply(404, {"code": 5, "message": "Invalid URL Passed"}))
        with pytest.raises(StopError):
            await client.confirm(CUSTOMERS, "5")


class TestWrite:
    async def test_the_reply_is_the_record(self, far: FarSide) -> None:
        """With its new time, in UTC."""
        far.expect("PUT", f"{CONTACTS}/5", contact(notes="x"))
        written = await books(far).update(CUSTOMERS, "5", {"notes": "x"}, unmodified_since=NOW)
        assert (written.id, written.version) == ("5", TIME)
        assert written.body
        assert written.body["notes"] == "x"
        assert far.body() == {"notes": "x"}

    async def test_blanks_go_out_as_empty_texts(self, far: FarSide) -> None:
        """Books refuses null."""
        far.expect("POST", CONTACTS, contact())
        await books(far).insert(
            CUSTOMERS, {"contact_name": "A", "website": None, "billing_address": {"city": None}}
        )
        assert far.body() == {"contact_name": "A", "website": "", "billing_address": {"city": ""}}

    @pytest.mark.parametrize("key", sorted(NEVER_SENT))
    async def test_what_is_never_sent(self, far: FarSide, key: str) -> None:
        """It would replace all persons, write accounting, or invite somebody."""
        client = books(far)
        for call in (
            client.update(CUSTOMERS, "5", {"notes": "x", key: []}),
            client.update(PERSONS, "9", {key: False}, parent="5"),
            client.insert(CUSTOMERS, {"contact_name": "A", key: [{}]}),
            client.insert(PERSONS, {"first_name": "A", key: True}, parent="5"),
        ):
            with pytest.raises(BadInputError, match=key):
                await call
        assert not far.seen

    @pytest.mark.parametrize("as_list", [True, False])
    async def test_persons_have_endpoints_of_their_own(self, far: FarSide, as_list: bool) -> None:
        """With the customer's id; the answer is an object or a list of one."""
        body = {"contact_person_id": "9", "contact_id": "5", "first_name": "A"}
        answer = {"code": 0, "contact_person": [body] if as_list else body}
        far.expect("POST", PERSON_PATH, reply(201, answer)).expect(
            "PUT", f"{PERSON_PATH}/9", reply(200, answer)
        )
        client = books(far)
        inserted = await client.insert(PERSONS, {"first_name": "A"}, parent="5")
        updated = await client.update(PERSONS, "9", {"email": None}, parent="5")
        assert (inserted.id, inserted.version, inserted.body) == ("9", None, body)
        assert updated.id == "9"
        assert far.body(0) == {"first_name": "A", "contact_id": "5"}
        assert far.body(1) == {"email": "", "contact_id": "5"}

    async def test_an_individual_is_made_with_its_person(self, far: FarSide) -> None:
        """There is none yet that the set could replace; an update never carries it."""
        far.expect("POST", CONTACTS, contact())
        await books(far).insert(INDIVIDUALS, {"contact_name": "A", "contact_persons": [{"first_name": "A"}]})
        assert far.body() == {"contact_name": "A", "contact_persons": [{"first_name": "A"}]}
        with pytest.raises(BadInputError, match="contact_persons"):
            await books(far).update(INDIVIDUALS, "5", {"contact_persons": []})

    @pytest.mark.parametrize(("known", "method", "path"), [("9", "PUT", "/9"), (None, "POST", "")])
    async def test_the_primary_person_of_an_individual_has_a_call_of_its_own(
        self, far: FarSide, known: str | None, method: str, path: str
    ) -> None:
        """The one that there is, else a new one; the answer shows no customer."""
        person = {"contact_person_id": known, "email": None}
        answer = {"code": 0, "contact_person": {"contact_person_id": "9", "contact_id": "5"}}
        far.expect(method, f"{PERSON_PATH}{path}", reply(200, answer))
        written = await books(far).update(INDIVIDUALS, "5", {"contact_person": person})
        assert (written.id, written.version, written.body) == ("5", None, None)
        assert far.body() == {"email": "", "contact_id": "5"}

    async def test_a_person_goes_with_nothing_else(self, far: FarSide) -> None:
        """Two calls would have one intent."""
        with pytest.raises(BadInputError, match="call of its own"):
            await books(far).update(
                INDIVIDUALS, "5", {"notes": "x", "contact_person": {"email": "a@b.example"}}
            )
        assert not far.seen

    async def test_a_person_without_its_customer_is_not_sent(self, far: FarSide) -> None:
        """Books demands it."""
        with pytest.raises(BadInputError):
            await books(far).insert(PERSONS, {"first_name": "A"})
        with pytest.raises(BadInputError):
            await books(far).update(PERSONS, "9", {"first_name": "A"})

    async def test_an_insert_without_an_id_is_in_doubt(self, far: FarSide) -> None:
        """It may have happened."""
        far.expect("POST", CONTACTS, reply(201, {"code": 0, "message": "The contact has been added."}))
        with pytest.raises(UnknownOutcomeError):
            await books(far).insert(CUSTOMERS, {"contact_name": "A"})

    async def test_a_taken_name_is_a_duplicate(self, far: FarSide) -> None:
        """Books does not name the holder."""
        far.expect("POST", CONTACTS, reply(400, {"code": 3062, "message": "x"}))
        with pytest.raises(DuplicateError) as caught:
            await books(far).insert(CUSTOMERS, {"contact_name": "A"})
        assert caught.value.existing_id is None

    async def test_a_taken_unique_field_is_a_duplicate_once_its_code_is_known(self, far: FarSide) -> None:
        """The code is a setting of the transport."""
        far.expect("POST", CONTACTS, reply(400, {"code": 4, "message": "x"}))
        with pytest.raises(DuplicateError):
            await books(far, unique_codes=frozenset({"4"})).insert(CUSTOMERS, {"contact_name": "A"})

    async def test_a_write_to_a_missing_record_says_gone(self, far: FarSide) -> None:
        """An insert of a person names no record, so it is refused."""
        far.expect("PUT", f"{CONTACTS}/5", GONE).expect("POST", PERSON_PATH, GONE)
        with pytest.raises(GoneError):
            await books(far).update(CUSTOMERS, "5", {"notes": "x"})
        with pytest.raises(RefusedError):
            await books(far).insert(PERSONS, {"first_name": "A"}, parent="5")

    async def test_code_2_for_a_person_is_looked_up(self, far: FarSide) -> None:
        """It may speak of the customer or of a value: only a customer that is not there makes it gone."""
        refused = reply(400, {"code": 2, "message": "x"})
        far.expect("POST", PERSON_PATH, refused).expect("GET", f"{CONTACTS}/5", refused)
        far.expect("POST", PERSON_PATH, refused).expect("GET", f"{CONTACTS}/5", contact())
        far.expect("POST", PERSON_PATH, reply(400, {"code": 4, "message": "x"}))
        with pytest.raises(GoneError):
            await books(far).insert(PERSONS, {"first_name": "A"}, parent="5")
        for _ in range(2):
            with pytest.raises(RefusedError) as caught:
                await books(far).insert(PERSONS, {"first_name": "A"}, parent="5")
            assert not isinstance(caught.value, GoneError)
        assert [request.method for request in far.seen] == ["POST", "GET", "POST", "GET", "POST"]

    async def test_code_2_for_an_update_is_looked_up(self, far: FarSide) -> None:
        """A record that is there all the same was refused for a value: it is held with Books' words, not gone."""
        refused = reply(400, {"code": 2, "message": "Invalid value"})
        far.expect("PUT", f"{CONTACTS}/5", refused).expect("GET", f"{CONTACTS}/5", refused)
        with pytest.raises(GoneError):
            await books(far).update(CUSTOMERS, "5", {"notes": "x"})
        far.expect("PUT", f"{CONTACTS}/5", refused).expect("GET", f"{CONTACTS}/5", contact())
        with pytest.raises(RefusedError) as caught:
            await books(far).update(CUSTOMERS, "5", {"notes": "x"})
        assert not isinstance(caught.value, GoneError)
        assert caught.value.details == {"zoho": "Invalid value"}
        assert "does not accept a value" in caught.value.message

    @pytest.mark.parametrize(("active", "verb"), [(True, "active"), (False, "inactive")])
    async def test_active_and_inactive(self, far: FarSide, active: bool, verb: str) -> None:
        """The reply holds no record."""
        far.expect("POST", f"{CONTACTS}/5/{verb}", reply(200, {"code": 0, "message": "x"}))
        written = await books(far).set_active(CUSTOMERS, "5", active=active)
        assert (written.id, written.version, written.body) == ("5", None, None)

    async def test_persons_cannot_be_inactive(self, far: FarSide) -> None:
        """Books has no such thing."""
        with pytest.raises(NotImplementedError):
            await books(far).set_active(PERSONS, "9", active=False)


class TestChanged:
    @pytest.mark.parametrize(
        ("entity", "kind"), [("customer", "customer"), ("vendor", "vendor"), ("both", None)]
    )
    async def test_last_modified_first(self, far: FarSide, entity: str, kind: str | None) -> None:
        """200 a page, of one kind or of both; no filter by time, which Books may ignore in silence."""
        far.expect("GET", CONTACTS, listed("5", "6", more=True), listed("7"))
        client, resource = books(far), Resource(Side.BOOKS, entity, "contacts")
        first = await client.changed(resource, since=NOW, before=NOW, after=None)
        second = await client.changed(resource, since=NOW, before=NOW, after=first.next)
        assert ([body["contact_id"] for body in first.bodies], first.next) == (["5", "6"], "2")
        assert ([body["contact_id"] for body in second.bodies], second.next) == (["7"], None)
        params = dict(far.seen[1].url.params)
        assert params.pop("contact_type", None) == kind
        assert params == {
            "sort_column": "last_modified_time",
            "sort_order": "D",
            "filter_by": "Status.All",
            "page": "2",
            "per_page": "200",
            "organization_id": "60001",
        }

    async def test_a_missing_list_is_no_empty_list(self, far: FarSide) -> None:
        """A wrong guess of the key would look like an empty side."""
        far.expect("GET", CONTACTS, reply(200, {"code": 0, "message": "success"}))
        with pytest.raises(TransientError):
            await books(far).changed(CUSTOMERS, since=None, before=None, after=None)

    @pytest.mark.parametrize("after", ["0", "-1", "x"])
    async def test_a_page_is_a_number(self, far: FarSide, after: str) -> None:
        """From 1."""
        with pytest.raises(BadInputError):
            await books(far).changed(CUSTOMERS, since=None, before=None, after=after)

    async def test_persons_have_no_feed(self, far: FarSide) -> None:
        """They come with their customer."""
        with pytest.raises(NotImplementedError):
            await books(far).changed(PERSONS, since=None, before=None, after=None)

    async def test_books_has_no_channels(self, far: FarSide) -> None:
        """Its webhooks have no end."""
        assert await books(far).extend_channel("1", [], NOW) is None

    async def test_books_lists_no_deletions(self, far: FarSide) -> None:
        """Without a call."""
        assert list(await books(far).deleted(CUSTOMERS, since=None)) == []


class TestFind:
    async def test_one_call_for_each_value_to_its_last_page(self, far: FarSide) -> None:
        """Blank values are not asked for: they would match everything."""
        far.expect("GET", CONTACTS, listed("5", more=True), listed("6"))
        batch = await books(far).find(CUSTOMERS, "contact_name", ["Acme & Sons", "", "Acme & Sons"])
        assert sorted(batch.bodies) == ["5", "6"]
        assert far.seen[0].url.params["contact_name"] == "Acme & Sons"

    @pytest.mark.parametrize("name", ["last_modified_time", "cf_crm_id", "gst_no", "organization_id"])
    async def test_an_undocumented_filter_is_refused(self, far: FarSide, name: str) -> None:
        """Books would ignore it and answer every customer."""
        with pytest.raises(BadInputError):
            await books(far).find(CUSTOMERS, name, ["x"])


async def test_the_gate_hears_of_the_day(far: FarSide) -> None:
    """From the headers of every answer."""
    gate = RecordingGate()
    answer = contact()
    answer.headers.update(
        {"X-Rate-Limit-Limit": "1000", "X-Rate-Limit-Remaining": "641", "X-Rate-Limit-Reset": "37301"}
    )
    far.expect("GET", f"{CONTACTS}/5", answer)
    await books(far, gate=gate).confirm(CUSTOMERS, "5")
    assert gate.told == [{"product": "books", "status": 200, "code": "", "remaining": 641, "reset": 37301.0}]
