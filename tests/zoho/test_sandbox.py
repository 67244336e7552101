"""The clients against the local Zoho over HTTP, which somebody else wrote: only its app and control API are used."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.crm import http_queries
from tandem.adapters.zoho import crm
from tandem.adapters.zoho.books import BooksClient
from tandem.adapters.zoho.channels import Channel
from tandem.adapters.zoho.crm import CrmClient
from tandem.adapters.zoho.parse import now, parse_time
from tandem.core.errors import (
    AlreadyModifiedError,
    DuplicateError,
    GoneError,
    RefusedError,
    StopError,
)
from tandem.engine.ports import Change
from tests.zoho.house import Zoho
from tests.zoho.support import ACCOUNTS, CONTACTS, CUSTOMERS, PERSONS


class TestCrm:
    async def test_a_records_whole_life(self, zoho: Zoho) -> None:
        """Inserted, read, changed, listed, found, deleted."""
        written = await zoho.crm.insert(ACCOUNTS, {"Account_Name": "O'Brien \\ Söhne", "Phone": "+91 1"})
        assert written.version
        body = (await zoho.crm.read(ACCOUNTS, [written.id])).bodies[written.id]
        assert (body["Account_Name"], body["Phone"]) == ("O'Brien \\ Söhne", "+91 1")
        assert parse_time(body["Modified_Time"]) == written.version
        assert body["Modified_By"]["id"] == (await zoho.crm.current_user()).id
        await zoho.step(2)
        changed = await zoho.crm.update(ACCOUNTS, written.id, {"Phone": None})
        assert changed.version
        assert changed.version > written.version
        confirmed = await zoho.crm.confirm(ACCOUNTS, written.id)
        assert confirmed
        assert (confirmed["Account_Name"], confirmed["Phone"]) == ("O'Brien \\ Söhne", None)
        found = await zoho.crm.find(ACCOUNTS, "Account_Name", ["O'Brien \\ Söhne", "nobody"])
        assert list(found.bodies) == [written.id]
        await zoho.control("DELETE", f"/crm/Accounts/{written.id}")
        assert await zoho.crm.confirm(ACCOUNTS, written.id) is None
        assert (await zoho.crm.read(ACCOUNTS, [written.id])).bodies == {}
        deleted = await zoho.crm.deleted(ACCOUNTS, since=changed.version - timedelta(minutes=1))
        assert [(entry.id, entry.permanent) for entry in deleted] == [(written.id, False)]

    async def test_a_person_hangs_on_its_account(self, zoho: Zoho) -> None:
        """By the lookup's id, in every kind of read."""
        for has_name in (True, False):
            await zoho.switch(coql_lookup_has_name=has_name)
            account = await zoho.account()
            person = (
                await zoho.crm.insert(CONTACTS, {"Last_Name": "Rao", "Email": "r@x.example"}, parent=account)
            ).id
            bodies = [
                (await zoho.crm.read(CONTACTS, [person])).bodies[person],
                await zoho.crm.confirm(CONTACTS, person),
                (await zoho.crm.find(CONTACTS, "id", [person])).bodies[person],
                (await zoho.crm.changed(CONTACTS, since=None, before=None, after=None)).bodies[-1],
            ]
            assert [body["Account_Name"]["id"] for body in bodies if body] == [account] * 4

    @pytest.mark.parametrize("state", ["approval", "review", "locked"])
    async def test_what_waits_for_a_person_is_read_all_the_same(self, zoho: Zoho, state: str) -> None:
        """Lists leave out what is not approved unless it is asked for: it would look as if it were gone."""
        account = await zoho.account()
        await zoho.control("POST", f"/crm/Accounts/{account}/state", {"state": state})
        assert list((await zoho.crm.read(ACCOUNTS, [account])).bodies) == [account]

    @pytest.mark.parametrize("in_data", [True, False])
    async def test_a_module_that_is_gone_stops_in_either_form(self, zoho: Zoho, in_data: bool) -> None:
        """Writes of one and of several, reads, and the list of deletions, which has it in `data` always."""
        await zoho.switch(module_refusal_in_data=in_data)
        account = await zoho.account()
        await zoho.control("POST", "/faults", {"name": "module_removed", "module": "Accounts"})
        changes = [Change(account, {"Phone": "1"})]
        for call in (
            zoho.crm.insert(ACCOUNTS, {"Account_Name": "A"}),
            zoho.crm.update(ACCOUNTS, account, {"Phone": "1"}),
            zoho.crm.update_many(ACCOUNTS, changes, unmodified_since=None),
            zoho.crm.read(ACCOUNTS, [account]),
            zoho.crm.deleted(ACCOUNTS, since=None),
        ):
            with pytest.raises(StopError):
                await call

    @pytest.mark.parametrize(("answer", "count"), [("none", 3), ("ends", 2), ("refused", 2)])
    async def test_deletions_are_listed_as_far_as_crm_lists_them(
        self, zoho: Zoho, monkeypatch: pytest.MonkeyPatch, answer: str, count: int
    ) -> None:
        """A page that is refused beyond the ceiling ends the list; what comes before it counts."""
        monkeypatch.setattr(http_queries, "CEILING", 2)
        monkeypatch.setattr(crm, "_PER_PAGE", "1")
        await zoho.switch(deleted_ceiling=answer)
        for _ in range(3):
            await zoho.control("DELETE", f"/crm/Accounts/{await zoho.account()}")
        assert len(await zoho.crm.deleted(ACCOUNTS, since=None)) == count

    @pytest.mark.parametrize("bulk", ["per_item", "whole"])
    async def test_the_guard_holds(self, zoho: Zoho, bulk: str) -> None:
        """An edit after the read is never overwritten; the same second is on our side."""
        await zoho.switch(bulk_unmodified_since=bulk)
        account = await zoho.account()
        await zoho.step(5)
        batch = await zoho.crm.read(ACCOUNTS, [account])
        await zoho.step(5)
        await zoho.control("PATCH", f"/crm/Accounts/{account}", {"Phone": "1"})
        with pytest.raises(AlreadyModifiedError):
            await zoho.crm.update(ACCOUNTS, account, {"Phone": "2"}, unmodified_since=batch.asked_at)
        await zoho.step(5)
        batch = await zoho.crm.read(ACCOUNTS, [account])
        assert batch.bodies[account]["Phone"] == "1"
        await zoho.crm.update(ACCOUNTS, account, {"Phone": "2"}, unmodified_since=batch.asked_at)

    async def test_reads_are_dated_by_the_servers_clock(self, zoho: Zoho) -> None:
        """Also when it is another than ours."""
        account = await zoho.account()
        await zoho.step(3600)
        before = await zoho.time()
        batch = await zoho.crm.read(ACCOUNTS, [account])
        assert before - timedelta(seconds=2) <= batch.asked_at <= await zoho.time()

    async def test_the_feed_pages_without_loss(self, zoho: Zoho) -> None:
        """Equal times, small pages, an upper bound."""
        ids = []
        for turn in range(9):
            ids.append(await zoho.account(Account_Name=f"A{turn}"))
            if turn % 4 == 3:
                await zoho.step(1)
        await zoho.step(2)
        before = await zoho.time()
        await zoho.step(2)
        await zoho.account(Account_Name="late")
        client = CrmClient(zoho.transport("crm", zoho.hosts), page=2)
        seen: list[str] = []
        after: str | None = None
        while True:
            page = await client.changed(ACCOUNTS, since=None, before=before, after=after)
            seen.extend(body["id"] for body in page.bodies)
            after = page.next
            if after is None:
                break
        assert sorted(seen) == sorted(ids)
        assert len(seen) == len(ids)

    async def test_a_duplicate_names_its_holder(self, zoho: Zoho) -> None:
        """A unique field refuses the second insert and says who has it."""
        field = {"product": "crm", "module": "Accounts", "api_name": "Books_Contact_ID", "unique": True}
        await zoho.control("POST", "/fields", field)
        first = await zoho.account(Books_Contact_ID="99")
        with pytest.raises(DuplicateError) as caught:
            await zoho.account(Books_Contact_ID="99")
        assert caught.value.existing_id == first

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            ("locked", "RECORD_LOCKED"),
            ("approval", "NOT_APPROVED"),
            ("review", "NOT_REVIEWED"),
            ("blueprint", "RECORD_IN_BLUEPRINT"),
        ],
    )
    async def test_a_record_that_may_not_be_edited(self, zoho: Zoho, state: str, code: str) -> None:
        """Each refusal has its name."""
        account = await zoho.account()
        answer = await zoho.http.post(f"/control/crm/Accounts/{account}/state", json={"state": state})
        if answer.status_code != 200:
            pytest.skip(f"the sandbox has no state {state}: {answer.text}")
        with pytest.raises(RefusedError) as caught:
            await zoho.crm.update(ACCOUNTS, account, {"Phone": "1", "Account_Name": "x"})
        assert caught.value.code == code

    async def test_a_missing_record_is_gone(self, zoho: Zoho) -> None:
        """To a write as to a read, under either answer to an id that is none."""
        account = await zoho.account()
        await zoho.control("DELETE", f"/crm/Accounts/{account}")
        with pytest.raises(GoneError):
            await zoho.crm.update(ACCOUNTS, account, {"Phone": "1"})
        for answer in ("204", "400"):
            await zoho.switch(malformed_id_answer=answer)
            assert await zoho.crm.confirm(ACCOUNTS, "12") is None

    async def test_mandatory_fields_are_named(self, zoho: Zoho) -> None:
        """The field is in the error."""
        with pytest.raises(RefusedError) as caught:
            await zoho.crm.insert(CONTACTS, {"Email": "a@x.example"})
        assert (caught.value.code, caught.value.field) == ("MANDATORY_NOT_FOUND", "Last_Name")

    async def test_a_module_or_field_that_is_not_there(self, zoho: Zoho) -> None:
        """A mapping's fault, never an empty answer."""
        with pytest.raises(StopError):
            await zoho.crm.read(replace(ACCOUNTS, module="Acounts"), ["1"])
        with pytest.raises(RefusedError):
            await zoho.crm.changed(
                replace(ACCOUNTS, fields=("No_Such",)), since=None, before=None, after=None
            )

    @pytest.mark.parametrize("answers_304", [True, False])
    async def test_nothing_deleted(self, zoho: Zoho, answers_304: bool) -> None:
        """Under both answers."""
        await zoho.switch(deleted_answers_304=answers_304)
        assert list(await zoho.crm.deleted(ACCOUNTS, since=await zoho.time())) == []

    async def test_many_deletions_are_read_to_the_last_page(self, zoho: Zoho) -> None:
        """More than 200."""
        ids = [await zoho.account(Account_Name=f"A{turn}") for turn in range(205)]
        for one in ids:
            await zoho.control("DELETE", f"/crm/Accounts/{one}", {"permanent": one == ids[0]})
        deleted = await zoho.crm.deleted(ACCOUNTS, since=None)
        assert {entry.id for entry in deleted} == set(ids)
        assert [entry.id for entry in deleted if entry.permanent] == [ids[0]]

    async def test_org_user_and_fields(self, zoho: Zoho) -> None:
        """What a connection is set up with."""
        assert (await zoho.crm.org()).time_zone == "Asia/Kolkata"
        assert (await zoho.crm.current_user()).id
        names = {field["api_name"] for field in await zoho.crm.fields("Accounts")}
        assert {"Account_Name", "Phone", "Billing_City"} <= names

    async def test_a_channel_lives_is_renewed_and_comes_back(self, zoho: Zoho) -> None:
        """Granted as asked; once expired, renewing subscribes anew."""
        moment = now()
        channel = Channel(
            "1001", ("Accounts.all",), "https://hook.example/x", "t0ken", moment + timedelta(days=6)
        )
        granted = await zoho.crm.watch(channel)
        assert granted == channel.expires.replace(microsecond=0)
        later = replace(channel, expires=moment + timedelta(days=6, hours=20))
        assert await zoho.crm.renew(later) == later.expires.replace(microsecond=0)
        extended = await zoho.crm.extend_channel("1001", channel.events, later.expires)
        assert extended == later.expires.replace(microsecond=0)
        assert [row.channel_id for row in await zoho.crm.watches()] == ["1001"]
        await zoho.control("POST", "/webhooks/crm/expire", {})
        assert list(await zoho.crm.watches()) == []
        assert await zoho.crm.renew(later) == later.expires.replace(microsecond=0)

    async def test_amounts_survive(self, zoho: Zoho) -> None:
        """To the last digit."""
        revenue = replace(ACCOUNTS, fields=("Annual_Revenue",))
        account = await zoho.account(Annual_Revenue=Decimal("1234.10"))
        body = (await zoho.crm.read(revenue, [account])).bodies[account]
        assert body["Annual_Revenue"] == Decimal("1234.1")
        assert not isinstance(body["Annual_Revenue"], float)


class TestBooks:
    async def test_a_customers_whole_life(self, zoho: Zoho) -> None:
        """Inserted, read, changed, listed, found, inactive, gone."""
        written = await zoho.books.insert(
            CUSTOMERS,
            {"contact_name": "Deccan & Sons", "contact_type": "customer", "website": None,
             "billing_address": {"address": "1 MG Road", "city": "Pune", "country": "India"}},
        )  # fmt: skip
        assert written.version
        assert written.body
        assert written.body["billing_address"]["city"] == "Pune"
        await zoho.step(2)
        changed = await zoho.books.update(CUSTOMERS, written.id, {"notes": "regular"})
        assert changed.version
        assert changed.version > written.version
        body = (await zoho.books.read(CUSTOMERS, [written.id])).bodies[written.id]
        assert (body["notes"], body["contact_name"], body["contact_persons"]) == (
            "regular",
            "Deccan & Sons",
            [],
        )
        assert parse_time(body["last_modified_time"]) == changed.version
        assert list((await zoho.books.find(CUSTOMERS, "contact_name", ["Deccan & Sons"])).bodies) == [
            written.id
        ]
        page = await zoho.books.changed(CUSTOMERS, since=None, before=None, after=None)
        assert [row["contact_id"] for row in page.bodies] == [written.id]
        for active, status in ((False, "inactive"), (True, "active")):
            await zoho.books.set_active(CUSTOMERS, written.id, active=active)
            found = await zoho.books.confirm(CUSTOMERS, written.id)
            assert found
            assert found["status"] == status
        await zoho.control("DELETE", f"/books/contacts/{written.id}")
        assert await zoho.books.confirm(CUSTOMERS, written.id) is None

    @pytest.mark.parametrize("shape", ["array", "object"])
    async def test_persons_have_endpoints_of_their_own(self, zoho: Zoho, shape: str) -> None:
        """Whichever shape the answer has; an ordinary write leaves them alone."""
        await zoho.switch(person_answer=shape)
        customer = await zoho.customer()
        person = await zoho.books.insert(
            PERSONS, {"first_name": "Asha", "email": "a@x.example"}, parent=customer
        )
        await zoho.books.update(PERSONS, person.id, {"first_name": "Asha", "phone": "1"}, parent=customer)
        await zoho.books.update(CUSTOMERS, customer, {"notes": "x"})
        body = (await zoho.books.read(CUSTOMERS, [customer])).bodies[customer]
        assert [row["contact_person_id"] for row in body["contact_persons"]] == [person.id]
        assert body["contact_persons"][0]["phone"] == "1"
        alone = await zoho.books.confirm(PERSONS, person.id)
        assert alone
        assert alone["email"] == "a@x.example"

    @pytest.mark.parametrize("code", [1002, 2])
    @pytest.mark.parametrize("status", [400, 404])
    async def test_a_missing_record_is_gone(self, zoho: Zoho, status: int, code: int) -> None:
        """With either status and either code; a person's customer too."""
        await zoho.switch(missing_contact_status=status, missing_contact_code=code)
        assert await zoho.books.confirm(CUSTOMERS, "12") is None
        assert (await zoho.books.read(CUSTOMERS, ["12"])).bodies == {}
        with pytest.raises(GoneError):
            await zoho.books.update(CUSTOMERS, "12", {"notes": "x"})
        with pytest.raises(GoneError):
            await zoho.books.set_active(CUSTOMERS, "12", active=False)
        with pytest.raises(GoneError):
            await zoho.books.insert(PERSONS, {"first_name": "Asha"}, parent="12")

    async def test_a_taken_name_is_a_duplicate(self, zoho: Zoho) -> None:
        """Code 3062."""
        await zoho.switch(books_duplicate_names="refuse")
        await zoho.customer("Acme")
        with pytest.raises(DuplicateError):
            await zoho.customer("Acme")

    async def test_a_taken_stamp_is_a_duplicate_once_its_code_is_known(self, zoho: Zoho) -> None:
        """The setting that a probe fills."""
        await zoho.switch(unique_field_code=120)
        field = {"product": "books", "api_name": "cf_crm_id", "label": "CRM id", "unique": True}
        await zoho.control("POST", "/fields", field)
        stamp = {"custom_fields": [{"api_name": "cf_crm_id", "value": "77"}]}
        await zoho.customer("First", **stamp)
        with pytest.raises(RefusedError) as caught:
            await zoho.customer("Second", **stamp)
        assert not isinstance(caught.value, DuplicateError)
        told = BooksClient(zoho.transport("books", zoho.hosts, unique_codes=frozenset({caught.value.code})))
        with pytest.raises(DuplicateError):
            await told.insert(CUSTOMERS, {"contact_name": "Third", **stamp})

    async def test_the_feed_is_newest_first_over_pages(self, zoho: Zoho) -> None:
        """200 a page, customers apart from vendors, inactive ones included."""
        ids = []
        for turn in range(203):
            ids.append(await zoho.customer(f"C{turn}"))
            if turn % 50 == 0:
                await zoho.step(1)
        await zoho.books.insert(
            replace(CUSTOMERS, entity="vendor"), {"contact_name": "V", "contact_type": "vendor"}
        )
        await zoho.books.set_active(CUSTOMERS, ids[0], active=False)
        first = await zoho.books.changed(CUSTOMERS, since=None, before=None, after=None)
        second = await zoho.books.changed(CUSTOMERS, since=None, before=None, after=first.next)
        rows = [*first.bodies, *second.bodies]
        assert (len(first.bodies), second.next) == (200, None)
        assert {row["contact_id"] for row in rows} == set(ids)
        times = [parse_time(row["last_modified_time"]) for row in rows]
        assert times == sorted(times, key=lambda moment: moment or now(), reverse=True)

    async def test_settings(self, zoho: Zoho) -> None:
        """Read only."""
        assert [org.organization_id for org in await zoho.books.organizations()] == [
            zoho.hosts.organization_id
        ]
        await zoho.control(
            "POST", "/fields", {"product": "books", "api_name": "cf_crm_id", "label": "CRM id"}
        )
        assert "cf_crm_id" in {field["api_name"] for field in await zoho.books.fields()}

    async def test_the_gate_hears_of_the_day(self, zoho: Zoho) -> None:
        """In every answer of Books."""
        await zoho.control("PUT", "/limits", {"mode": "real"})
        await zoho.customer()
        told = [row for row in zoho.gate.told if row["product"] == "books"]
        assert told[-1]["remaining"] is not None
        assert 0 < told[-1]["reset"] <= 86_400

    async def test_another_organisation_stops(self, zoho: Zoho) -> None:
        """With either status."""
        for status in (400, 401):
            await zoho.switch(wrong_org_status=status)
            wrong = BooksClient(zoho.transport("books", replace(zoho.hosts, organization_id="1")))
            with pytest.raises(StopError):
                await wrong.confirm(CUSTOMERS, "12")
