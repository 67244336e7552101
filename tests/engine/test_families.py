"""Persons of a Books customer have no feed: whoever reads the customer looks at them too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tandem.core.records import LinkState, RecordKey, RowClass, Side
from tests.system.conftest import Pair


@pytest.mark.parametrize("edit", [{"Description": "n"}, {"Phone": "+91-22-1234-5678"}])
async def test_a_person_edited_in_silence_is_found_by_a_read_for_an_edit_in_crm(
    pair: Pair, edit: dict[str, str]
) -> None:
    """The version that this read settles counts for the persons too: no page would tell of them again.

    The second edit spells a number otherwise, so that nothing is written and no answer shows the persons.
    """
    system = pair.system
    await system.settle(2)
    await system.control("PUT", "/switches", {"person_edit_fires_webhook": False})
    await pair.edit_person({"phone": "+91 22 9999 0000"})
    system.clock.advance(5)
    await pair.edit_crm(edit)
    await system.run(20)
    await system.settle(4)
    assert (await pair.crm("Contacts"))["Phone"] == "+91 22 9999 0000"


async def written_by_us(_pair: Pair) -> None:
    """Its last answer to a write of ours is what is known."""


async def read_later(pair: Pair) -> None:
    """It was read long after its last edit."""
    pair.system.clock.advance(60)
    await read(pair)


async def read_in_the_same_second(pair: Pair) -> None:
    """Somebody edits it, and it is read at once: another edit of this second has the same time."""
    await pair.system.control("POST", "/faults", {"name": "drop_notification", "count": 1})
    await pair.edit_books({"notes": "typed"})
    await read(pair)


async def read(pair: Pair) -> None:
    """The customer is read now."""
    key = RecordKey("main", Side.BOOKS, "customer", pair.customer)
    pair.system.store.rows.hint(key, RowClass.LIVE, pair.system.clock.now())
    await pair.system.drain()


@pytest.mark.parametrize("known", [written_by_us, read_later, read_in_the_same_second])
async def test_a_person_edited_in_silence_is_found_however_its_customer_was_known(
    pair: Pair, known: Callable[[Pair], Awaitable[None]]
) -> None:
    """No notice comes, nothing is written, and the read that settles the customer's version is the last one."""
    system = pair.system
    await system.settle(2)
    await system.control("PUT", "/switches", {"person_edit_fires_webhook": False})
    await known(pair)
    await pair.edit_person({"phone": "+91 22 9999 0000"})
    system.clock.advance(5)
    await pair.edit_crm({"Phone": "+91-22-1234-5678"})
    await system.run(20)
    await system.settle(4)
    assert (await pair.crm("Contacts"))["Phone"] == "+91 22 9999 0000"


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "found by the next read"])
async def test_persons_that_are_gone_in_books_are_noticed_and_none_hides_another(
    pair: Pair, is_told: bool
) -> None:
    """The customer's body is all that tells of them, also of those that Tandem made there itself."""
    system = pair.system
    person = {"First_Name": "Ben", "Last_Name": "Okri", "Email": "ben@acme.example"}
    body = {**person, "Account_Name": {"id": pair.account}}
    other = (await system.control("POST", "/crm/Contacts", body))["id"]
    await system.settle(2)
    await system.control("DELETE", f"/crm/Contacts/{pair.contact}")
    await system.settle(3)
    assert state(pair, pair.contact) is LinkState.TOMBSTONE
    await system.control("PUT", "/switches", {"person_edit_fires_webhook": is_told})
    for shown in (await pair.books())["contact_persons"]:
        await system.control(
            "DELETE", f"/books/contacts/{pair.customer}/persons/{shown['contact_person_id']}"
        )
    if not is_told:
        system.clock.advance(5)
        await pair.edit_books({"notes": "typed"})
    await system.settle(3)
    assert state(pair, other) is LinkState.TOMBSTONE
    assert [one["id"] for one in (await system.export())["crm"]["Contacts"]] == [other]


def state(pair: Pair, contact: str) -> LinkState:
    """Of the link of a Contact."""
    link = pair.system.store.links.of(RecordKey("main", Side.CRM, "contact_person", contact))
    assert link is not None
    return link.state
