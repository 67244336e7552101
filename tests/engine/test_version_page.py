"""The version page: a write to Books may go without a read only where one listing proves its target unchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.users import DEFAULT_USER
from tandem.adapters.zoho import books as books_module
from tandem.core.records import RowClass
from tests.engine.town import PAGE, READ, WRITE, Town, a_town
from tests.system.world import System


@pytest.fixture
async def town(system: System) -> Town:
    """Four of them."""
    return await a_town(system, 4)


async def test_one_page_saves_the_reads_of_a_batch(town: Town) -> None:
    """Four edits: one page and four writes."""
    await town.edit_crm(Website="https://c{n}.example")
    assert await town.drain() == {PAGE: 1, WRITE: 4}
    assert [(await town.books(n))["website"] for n in range(4)] == [f"https://c{n}.example" for n in range(4)]


async def test_one_target_is_read_since_that_costs_the_same_and_tells_more(town: Town) -> None:
    """A live edit alone: two calls."""
    await town.system.control("PATCH", f"/crm/Accounts/{town.accounts[0]}", {"Website": "https://x.example"})
    await town.told()
    assert await town.drain() == {READ: 1, WRITE: 1}


async def test_a_customer_edited_since_is_read(town: Town) -> None:
    """Its webhook was lost: the page shows another version, the conflict is decided and what gives way is kept."""
    await town.edit_books(2, silently=True, website="https://typed.example")
    town.system.clock.advance(5)
    await town.edit_crm(Website="https://c{n}.example")
    assert await town.drain() == {PAGE: 1, READ: 1, WRITE: 4}
    assert "https://typed.example" in town.replaced()


async def test_a_foreign_edit_in_the_second_of_our_read_is_not_overwritten_unseen(town: Town) -> None:
    """The same version, other content: a version that is not settled proves nothing."""
    await town.edit_books(1, silently=True, website="https://first.example")
    await town.read_now(1)
    await town.edit_books(1, silently=True, website="https://second.example")
    seen = [town.system.store.links.of(town.key(n)) for n in range(4)][1]
    assert seen is not None
    assert seen.seen_books is not None
    assert seen.seen_books.values["website"] == "https://first.example"
    town.system.clock.advance(30)
    await town.edit_crm(Website="https://c{n}.example")
    calls = await town.drain()
    assert calls[READ] == 1
    assert "https://second.example" in town.replaced()


async def test_a_page_settles_only_what_it_shows(town: Town) -> None:
    """Notes are in no list: edited twice in the second of our read, they are read before they are written."""
    await town.edit_books(1, silently=True, notes="first")
    await town.read_now(1)
    await town.edit_books(1, silently=True, notes="second")
    await town.system.settle(2)
    await town.edit_crm(Description="note {n}")
    assert (await town.drain())[READ] == 4, "of the others notes were never read either"
    written = [entry for entry in town.system.history() if entry["kind"] == "write"]
    assert "second" in [entry["before"].get("notes") for entry in written]


async def test_a_page_serves_for_five_seconds(system: System) -> None:
    """Six writes of three seconds each: the third write needs a new page, and the fifth."""
    town = await a_town(system, 6)
    system.configure(in_flight=1)
    await town.edit_crm(Website="https://c{n}.example")
    town.while_writing(lambda _number: system.clock.advance(3))
    assert await town.drain() == {PAGE: 3, WRITE: 6}


async def test_an_edit_after_the_page_is_seen_by_the_next_page(system: System) -> None:
    """A customer whose turn comes later than 5 s after the page was edited meanwhile: it is read."""
    town = await a_town(system, 6)
    system.configure(in_flight=1)
    await town.edit_crm(Website="https://c{n}.example")
    actor = system.sandbox.users.named(DEFAULT_USER)

    def act(number: int) -> None:
        system.clock.advance(3)
        if number == 1:
            for customer in town.customers:
                system.sandbox.books.store.update(customer, {"website": "https://typed.example"}, actor)

    town.while_writing(act)
    calls = await town.drain()
    assert calls[READ] >= 4
    assert town.replaced().count("https://typed.example") == calls[READ]


async def test_what_the_reply_shows_of_others_raises_its_row_and_stores_no_version(town: Town) -> None:
    """Edited between page and write in another field: it is carried to CRM, and our write stands."""
    await town.edit_crm(Website="https://c{n}.example")
    actor = town.system.sandbox.users.named(DEFAULT_USER)

    def act(number: int) -> None:
        if number == 1:
            for customer in town.customers:
                town.system.sandbox.books.store.update(customer, {"notes": "meanwhile"}, actor)

    town.while_writing(act)
    calls = await town.drain()
    town.system.memory.after = None
    assert (calls[PAGE], calls[READ], calls[WRITE]) == (1, 4, 4), "each reply showed it, each was read again"
    await town.system.settle(2)
    for number in range(4):
        assert (await town.account(number))["Description"] == "meanwhile"
        assert (await town.books(number))["website"] == f"https://c{number}.example"


class TestAbsentFromThePage:
    """A page shows 2 customers here; two of the four are not on it."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
        """After all is settled, pages are small."""
        assert town.system.store.rows.pending("main") == 0
        monkeypatch.setattr(books_module, "PER_PAGE", 2)

    async def test_it_reaches_below_the_cursor(self, town: Town) -> None:
        """The feed has told all that is older: no read."""
        await town.edit_crm(Website="https://c{n}.example")
        assert await town.drain() == {PAGE: 1, WRITE: 4}

    async def test_a_pending_row_is_read(self, town: Town) -> None:
        """The feed has told a change that nobody has handled yet."""
        store, now = town.system.store, town.system.clock.now()
        for number in range(4):
            store.rows.hint(town.key(number), RowClass.LIVE, now)
            taken = store.rows.take(town.key(number))
            assert taken is not None
            store.rows.retry(taken, now + timedelta(hours=1), now)
        await town.edit_crm(Website="https://c{n}.example")
        assert await town.drain() == {PAGE: 1, READ: 2, WRITE: 4}

    async def test_it_does_not_reach_the_cursor(self, town: Town) -> None:
        """Our place in the feed is older than the page: what is not on it may have changed untold."""
        cursors = town.system.store.cursors
        cursor = cursors.read("main", "books#customer")
        assert cursor.mark is not None
        assert cursors.move("main", replace(cursor, mark=cursor.mark - timedelta(hours=1)))
        await town.edit_crm(Website="https://c{n}.example")
        assert await town.drain() == {PAGE: 1, READ: 2, WRITE: 4}


class TestWhatAVersionCovers:
    """Addresses: proven or not, with the organisation to match."""

    async def silent_city(self, town: Town, number: int, city: str) -> None:
        """A person edits the city by the address endpoint; no webhook comes."""
        world = town.system.sandbox
        contact = world.books.store.get(town.customers[number])
        actor = world.users.named(DEFAULT_USER)
        world.books.store.addresses.put(contact.id, contact.billing["address_id"], {"city": city}, actor)

    async def read_once(self, town: Town) -> None:
        """Every customer is read, long after its last edit."""
        town.system.clock.advance(60)
        for number in range(4):
            town.system.store.rows.hint(town.key(number), RowClass.LIVE, town.system.clock.now())
        await town.system.drain()

    async def test_unproven_it_is_read_each_time(self, town: Town) -> None:
        """An edit of an address that moves no version is found before it is overwritten."""
        await town.system.control("PUT", "/switches", {"address_edit_moves_customer_time": False})
        await self.read_once(town)
        await self.silent_city(town, 1, "Thane")
        await town.edit_crm(Billing_City="Pune {n}")
        assert await town.drain() == {READ: 4, WRITE: 4}
        cities = [(entry.get("before") or {}).get("billing_address") for entry in town.system.history()]
        assert "Thane" in [address["city"] for address in cities if address]

    async def test_proven_a_page_is_enough_and_the_rest_of_the_address_stays(self, town: Town) -> None:
        """The address goes whole, with what no mapping knows of it."""
        town.system.configure(books_version_covers_addresses=True)
        for number in range(4):
            address = {**(await town.books(number))["billing_address"], "attention": "Front desk"}
            await town.edit_books(number, billing_address=address)
        await town.system.settle(2)
        await self.read_once(town)
        await town.edit_crm(Billing_City="Pune {n}")
        assert await town.drain() == {PAGE: 1, WRITE: 4}
        for number in range(4):
            address = (await town.books(number))["billing_address"]
            assert (address["city"], address["attention"]) == (f"Pune {number}", "Front desk")

    async def test_proven_an_edited_one_is_read(self, town: Town) -> None:
        """Its version moved: the page tells, though no list shows an address."""
        town.system.configure(books_version_covers_addresses=True)
        await self.read_once(town)
        await self.silent_city(town, 1, "Thane")
        town.system.clock.advance(5)
        await town.edit_crm(Billing_City="Pune {n}")
        assert await town.drain() == {PAGE: 1, READ: 1, WRITE: 4}
