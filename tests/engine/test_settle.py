"""Unanswered writes: wait, look, then decide, for each kind of intent and each finding (design, section 4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pytest
import yaml

from tandem.adapters.zoho import books as books_module
from tandem.core.errors import StoreError
from tandem.core.records import Base, Link, LinkState, RecordKey, Side
from tandem.engine.links import LINK
from tests.engine.town import PAGE, a_town
from tests.system.conftest import ACCOUNT, CONTACT, Pair
from tests.system.world import System

PUT = {"product": "books", "match": {"method": "PUT"}}
POST = {"product": "books", "match": {"method": "POST"}}
ASHA = {"first_name": "Asha", "last_name": "Rao", "email": CONTACT["Email"]}
CRM_POST = {"product": "crm", "match": {"method": "POST", "module": "Accounts"}}


async def fault(system: System, name: str, where: dict[str, Any]) -> None:
    """One call whose answer never comes."""
    await system.control("POST", "/faults", {"name": name, "count": 1, **where})


async def told(system: System) -> None:
    """Every notification is delivered, one bell is answered."""
    for _ in range(3):
        await system.sandbox.outbox.deliver_due()
        system.clock.advance(1)
    system.bell.take()
    await system.drain()


def settled(system: System) -> list[str]:
    """What the settled intents came to."""
    return [item["kind"] for item in system.history() if item.get("settled")]


async def nobody(pair: Pair) -> None:
    """Nothing happens meanwhile."""


async def a_user_writes_over_it(pair: Pair) -> None:
    """A third value."""
    await pair.edit_books({"website": "https://third.example"})


async def a_user_puts_the_old_value_back(pair: Pair) -> None:
    """What Books showed before our write."""
    await pair.edit_books({"website": "https://acme.example"})


@dataclass(frozen=True)
class Case:
    """A fault on an update, what happens meanwhile, and what the settled intent says."""

    fault: str
    meanwhile: Callable[[Pair], Awaitable[None]]
    kind: str


UPDATES = {
    "the write happened": Case("timeout_after_commit", nobody, "write"),
    "the write did not happen": Case("timeout", nobody, "not_written"),
    "a user put the old value back": Case("timeout_after_commit", a_user_puts_the_old_value_back, "unknown"),
    "a user wrote over it": Case("timeout_after_commit", a_user_writes_over_it, "unknown"),
}


@pytest.mark.parametrize("what", UPDATES)
async def test_an_unanswered_update_is_looked_up_and_told_by_what_the_target_shows(
    pair: Pair, what: str
) -> None:
    """Ours, as before, or neither; exactly one entry of kind write for each write (P24)."""
    case, system = UPDATES[what], pair.system
    await fault(system, case.fault, PUT)
    await pair.edit_crm({"Website": "https://new.example"})
    await told(system)
    [intent] = system.store.intents.all_open("main")
    assert (intent.kind, intent.after) == ("update", {"website": "https://new.example"})
    await case.meanwhile(pair)
    await system.settle(3)
    assert settled(system) == [case.kind]
    assert system.store.intents.all_open("main") == []
    assert (await pair.books())["website"] == (await pair.crm())["Website"]


async def test_of_a_write_that_was_partly_written_over_the_rest_is_agreed(pair: Pair) -> None:
    """At once; what was written over is a conflict for its owner, and the history keeps what lost.

    Nothing counts as seen.
    """
    system, key = pair.system, RecordKey("main", Side.BOOKS, "customer", pair.customer)
    await fault(system, "timeout_after_commit", PUT)
    await pair.edit_crm({"Website": "https://new.example", "Description": "ours"})
    await told(system)
    await pair.edit_books({"notes": "typed"})
    commits: list[Link] = []

    def look(verb: str, operand: Any) -> None:
        if verb == "put" and operand.item["sk"] == LINK and (link := system.store.links.of(key)):
            commits.append(link)

    system.memory.after = look
    await system.settle(3)
    assert settled(system) == ["unknown"]
    first = commits[0]
    assert first.base["website"] == Base("https://new.example", "https://new.example")
    assert first.base["notes"] == Base("First customer", "First customer")
    assert (first.seen_crm, first.seen_books) == (None, None)
    assert ((await pair.crm())["Description"], (await pair.books())["notes"]) == ("ours", "ours")
    replaced = [entry["before"].get("notes") for entry in system.history() if entry["kind"] == "write"]
    assert replaced[-1] == "typed"


async def test_no_hint_shortens_the_wait_of_an_open_intent(pair: Pair) -> None:
    """Its row, its target and its link are left out, whatever comes; other records go on."""
    system = pair.system
    await fault(system, "timeout", PUT)
    await pair.edit_crm({"Website": "https://new.example"})
    await told(system)
    before = system.seq
    await pair.edit_crm({"Website": "https://newer.example"})
    await pair.edit_books({"notes": "n"})
    account = {**ACCOUNT, "Account_Name": "Other", "Website": None}
    await system.control("POST", "/crm/Accounts", account)
    await told(system)
    assert [call["endpoint"] for call in system.writes(before)] == ["POST /books/v3/contacts"]
    await system.settle(3)
    assert (await pair.books())["website"] == "https://newer.example"
    assert (await pair.crm())["Description"] == "n"


@pytest.mark.parametrize(("name", "kind"), [("timeout_after_commit", "write"), ("timeout", "not_written")])
async def test_an_unanswered_create_makes_one_customer(system: System, name: str, kind: str) -> None:
    """Found again by its stamp, or made after it was looked for: never two."""
    await system.settle(2)
    system.write_mode()
    await fault(system, name, POST)
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await told(system)
    [intent] = system.store.intents.all_open("main")
    assert intent.base["website"] == Base(ACCOUNT["Website"], ACCOUNT["Website"])
    await system.run(100)
    assert system.store.intents.all_open("main") == [intent], "not before two minutes have passed"
    await system.settle(4)
    assert settled(system) == [kind]
    [customer] = (await system.export())["books"]["contacts"]
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", account))
    assert link is not None
    assert link.books_id == customer["contact_id"]
    before = system.seq
    await system.settle(3)
    assert system.writes(before) == []


async def test_an_unanswered_create_is_looked_for_below_newer_changes_and_not_among_older_ones(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page shows two customers here, and three were made since; those of an hour ago cannot be it."""
    await a_town(system, 6)
    system.clock.advance(3600)
    monkeypatch.setattr(books_module, "PER_PAGE", 2)
    await fault(system, "timeout_after_commit", POST)
    await system.control("POST", "/crm/Accounts", ACCOUNT)
    await told(system)
    for number in range(3):
        system.clock.advance(1)
        await system.control("POST", "/books/contacts", {"contact_name": f"Typed {number}"})
    system.clock.advance(130)
    before = system.seq
    await system.drain()
    assert settled(system) == ["write"]
    pages = [call for call in system.calls(before) if call["endpoint"] == PAGE]
    assert len(pages) == 3, "two of what is new, and one that shows where it ends"


async def test_a_namesake_typed_meanwhile_is_not_what_an_unanswered_create_made(system: System) -> None:
    """A customer is ours by its stamp alone; who bears the name is matched like anybody else."""
    await system.settle(2)
    system.write_mode()
    await fault(system, "timeout", POST)
    await system.control("POST", "/crm/Accounts", ACCOUNT)
    await told(system)
    await system.control("POST", "/books/contacts", {"contact_name": ACCOUNT["Account_Name"]})
    await system.settle(3)
    assert settled(system) == ["not_written"]
    assert {hold["cause"] for hold in system.store.cases.holds("main")} == {"match:name only"}
    assert len((await system.export())["books"]["contacts"]) == 1


async def test_the_persons_of_a_customer_whose_create_was_looked_up_follow_it(system: System) -> None:
    """From either side to the other."""
    await system.settle(2)
    system.write_mode()
    await fault(system, "timeout_after_commit", CRM_POST)
    await system.control("POST", "/books/contacts", {"contact_name": "Acme Ltd", "contact_persons": [ASHA]})
    await told(system)
    [account] = (await system.export())["crm"]["Accounts"]
    ravi = {"First_Name": "Ravi", "Last_Name": "Iyer", "Email": "ravi@acme.example"}
    await system.control("POST", "/crm/Contacts", {**ravi, "Account_Name": {"id": account["id"]}})
    await system.settle(3)
    assert settled(system) == ["write"]
    data, both = await system.export(), [CONTACT["Email"], ravi["Email"]]
    [customer] = data["books"]["contacts"]
    assert sorted(contact["Email"] for contact in data["crm"]["Contacts"]) == both
    assert sorted(person["email"] for person in customer["contact_persons"]) == both


async def test_an_unanswered_create_is_looked_up_where_the_mapping_has_no_persons(system: System) -> None:
    """Those that Books shows in the customer are nobody's concern then."""
    mapping = yaml.safe_load(resources.files("tandem.presets").joinpath("india.yaml").read_text())
    del mapping["entities"]["contact_person"]
    connections = system.store.connections
    connections.save(connections.read("main"), yaml.safe_dump(mapping))
    await system.settle(2)
    system.write_mode()
    await fault(system, "timeout_after_commit", CRM_POST)
    await system.control("POST", "/books/contacts", {"contact_name": "Acme Ltd", "contact_persons": [ASHA]})
    await told(system)
    await system.settle(3)
    assert settled(system) == ["write"]
    data = await system.export()
    assert len(data["crm"]["Accounts"]) == 1
    assert data["crm"].get("Contacts", []) == []


@pytest.mark.parametrize(("name", "kind"), [("timeout_after_commit", "write"), ("timeout", "not_written")])
async def test_an_unanswered_deactivation_is_known_by_the_status(pair: Pair, name: str, kind: str) -> None:
    """Done once, and the link is a tombstone that a restore revives."""
    system = pair.system
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(1)
    await fault(system, name, POST)
    await system.settle(5)
    assert settled(system) == [kind]
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", pair.account))
    assert link is not None
    assert link.state is LinkState.TOMBSTONE
    assert (await pair.books())["status"] == "inactive"
    await system.control("POST", f"/crm/Accounts/{pair.account}/restore")
    await system.settle(4)
    assert (await pair.books())["status"] == "active"


@pytest.mark.parametrize(("name", "kind"), [("timeout_after_commit", "write"), ("timeout", "not_written")])
async def test_an_unanswered_reactivation_is_known_by_the_status(pair: Pair, name: str, kind: str) -> None:
    """The link lives again once, and goes on syncing."""
    system = pair.system
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(4)
    await fault(system, name, POST)
    await system.control("POST", f"/crm/Accounts/{pair.account}/restore")
    await system.settle(5)
    assert settled(system) == [kind]
    assert (await pair.books())["status"] == "active"
    await pair.edit_crm({"Website": "https://again.example"})
    await system.settle(2)
    assert (await pair.books())["website"] == "https://again.example"


async def test_a_target_gone_meanwhile_settles_as_unknown_and_ends_the_link(pair: Pair) -> None:
    """What the write came to cannot be known any more; CRM stays."""
    system = pair.system
    await fault(system, "timeout_after_commit", PUT)
    await pair.edit_crm({"Website": "https://new.example"})
    await told(system)
    await system.control("DELETE", f"/books/contacts/{pair.customer}")
    await system.settle(4)
    assert settled(system) == ["unknown"]
    assert (await pair.crm())["Website"] == "https://new.example"
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", pair.account))
    assert link is not None
    assert link.state is LinkState.TOMBSTONE


@pytest.mark.parametrize("seen", [False, True])
async def test_what_is_deleted_before_the_look_is_not_made_again(system: System, seen: bool) -> None:
    """P7 and P19: as if the answer had come. The delete then goes its way; nobody gets the record back."""
    await system.settle(2)
    system.write_mode()
    await fault(system, "timeout_after_commit", CRM_POST)
    customer = {"contact_name": "Meera Textiles", "website": "https://meera.example"}
    made = await system.control("POST", "/books/contacts", customer)
    await told(system)
    [account] = (await system.export())["crm"]["Accounts"]
    if seen:
        await told(system)
    await system.control("DELETE", f"/crm/Accounts/{account['id']}")
    await system.settle(8)
    assert settled(system) == ["write"]
    data = await system.export()
    assert data["crm"]["Accounts"] == []
    assert [c["status"] for c in data["books"]["contacts"]] == ["inactive"]
    link = system.store.links.of(RecordKey("main", Side.BOOKS, "customer", made["contact_id"]))
    assert link is not None
    assert (link.state, link.crm_id) == (LinkState.TOMBSTONE, account["id"])


async def test_what_was_found_before_the_writer_died_is_not_made_again(system: System) -> None:
    """P7 and P19: found once, it is known, though Books tells nobody of its delete and the link was not stored yet."""
    await system.settle(2)
    system.write_mode()
    await fault(system, "timeout_after_commit", POST)
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await told(system)

    def dies(_verb: str, op: Any) -> None:
        if op.item["kind"] == "write":
            system.past.after = None
            raise StoreError("no answer")

    system.past.after = dies
    with pytest.raises(StoreError, match="no answer"):
        await system.settle(8)
    [customer] = (await system.export())["books"]["contacts"]
    await system.control("DELETE", f"/books/contacts/{customer['contact_id']}")
    await system.settle(8)
    data = await system.export()
    assert data["books"]["contacts"] == []
    assert settled(system) == ["write"]
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", account))
    assert link is not None
    assert (link.state, link.books_id) == (LinkState.TOMBSTONE, customer["contact_id"])


class DiedError(BaseException):
    """The writer is no more."""


async def writer_dies(system: System) -> None:
    """Its write is in the history, and the link has not moved yet."""

    def dies(verb: str, op: Any) -> None:
        if verb == "put" and op.item["kind"] == "write":
            system.past.after = None
            raise DiedError

    system.past.after = dies
    with pytest.raises(DiedError):
        await system.settle(3)


@pytest.mark.parametrize("fails", ["", "timeout_after_commit"])
async def test_a_write_known_to_have_happened_stays_known_though_its_writer_died(
    pair: Pair, fails: str
) -> None:
    """An edit that its author made over what they saw is later than the write, and no conflict with it."""
    system = pair.system
    if fails:
        await fault(system, fails, {"product": "books", "match": {"method": "PUT"}})
    await pair.edit_crm({"Website": "https://ours.example"})
    if fails:
        await told(system)
        system.clock.advance(30)
    await writer_dies(system)
    assert (await pair.books())["website"] == "https://ours.example"
    await pair.edit_books({"website": "https://later.example"})
    await system.settle(3)
    assert (await pair.crm())["Website"] == "https://later.example"
    assert (await pair.books())["website"] == "https://later.example"
    assert settled(system) in ([], ["write"])
    system.judge()


async def test_what_an_open_create_made_is_left_alone_though_its_source_is_gone(system: System) -> None:
    """P7: its stamp names a deleted Account, so nothing matches; it is settled, never taken for a new customer."""
    await system.settle(2)
    system.write_mode()
    await fault(system, "timeout_after_commit", POST)
    account = (await system.control("POST", "/crm/Accounts", ACCOUNT))["id"]
    await told(system)
    await system.control("DELETE", f"/crm/Accounts/{account}")
    [customer] = (await system.export())["books"]["contacts"]
    await system.control("PATCH", f"/books/contacts/{customer['contact_id']}", {"notes": "n"})
    await told(system)
    assert (await system.export())["crm"]["Accounts"] == []
    await system.settle(8)
    assert settled(system) == ["write"]
    assert (await system.export())["crm"]["Accounts"] == []
    link = system.store.links.of(RecordKey("main", Side.CRM, "customer", account))
    assert link is not None
    assert link.state is LinkState.TOMBSTONE


async def test_a_person_edited_before_its_unanswered_create_is_looked_up_is_not_made_again(
    pair: Pair,
) -> None:
    """A Books person bears no stamp, and with another e-mail it matches nobody: it waits for the look."""
    system = pair.system
    await fault(
        system,
        "timeout_after_commit",
        {"product": "books", "match": {"method": "POST", "endpoint": "contactpersons"}},
    )
    contact = {"First_Name": "Ravi", "Last_Name": "Iyer", "Email": "ravi@acme.example"}
    await system.control("POST", "/crm/Contacts", {**contact, "Account_Name": {"id": pair.account}})
    await told(system)
    person = (await pair.books())["contact_persons"][-1]["contact_person_id"]
    path = f"/books/contacts/{pair.customer}/persons/{person}"
    await system.control("PATCH", path, {"email": "typed@acme.example"})
    await system.settle(5)
    assert len((await pair.books())["contact_persons"]) == 2
    contacts = (await system.export())["crm"]["Contacts"]
    assert sorted(each["Email"] for each in contacts) == ["asha@acme.example", "typed@acme.example"]
    system.judge()


@pytest.mark.parametrize(
    ("typed", "kind", "persons"),
    [
        ({"first_name": "Ravindra", "last_name": "Ayer"}, "write", 2),
        ({"first_name": "Ravindra", "last_name": "Ayer", "email": "typed@acme.example"}, "unknown", 3),
    ],
    ids=["renamed", "renamed with another e-mail"],
)
async def test_a_renamed_person_is_known_by_its_email_and_else_nobody_claims_that_it_was_not_made(
    pair: Pair, typed: dict[str, str], kind: str, persons: int
) -> None:
    """Before the look: who shows neither name nor e-mail may be ours or somebody else's, and the history says so."""
    system = pair.system
    await fault(system, "timeout_after_commit", {"product": "books", "match": {"endpoint": "contactpersons"}})
    contact = {"First_Name": "Ravi", "Last_Name": "Iyer", "Email": "ravi@acme.example"}
    await system.control("POST", "/crm/Contacts", {**contact, "Account_Name": {"id": pair.account}})
    await told(system)
    person = (await pair.books())["contact_persons"][-1]["contact_person_id"]
    await system.control("PATCH", f"/books/contacts/{pair.customer}/persons/{person}", typed)
    await system.settle(5)
    assert settled(system) == [kind]
    assert len((await pair.books())["contact_persons"]) == persons
    assert len((await system.export())["crm"]["Contacts"]) == persons
    system.judge()


async def test_a_person_whose_customer_is_gone_settles_as_unknown(pair: Pair) -> None:
    """Whether it was made cannot be known any more, and the history does not claim that it was not."""
    system = pair.system
    await fault(system, "error_after_commit", {"product": "books", "match": {"method": "POST"}})
    person = {"First_Name": "Uma", "Last_Name": "Sen", "Account_Name": {"id": pair.account}}
    await system.control("POST", "/crm/Contacts", person)
    await told(system)
    assert [intent.kind for intent in system.store.intents.all_open("main")] == ["create"]
    await system.control("DELETE", f"/books/contacts/{pair.customer}")
    await system.settle(4)
    assert settled(system) == ["unknown"]


async def test_a_link_with_an_open_intent_is_left_alone_by_what_its_customer_raises(pair: Pair) -> None:
    """The Contact's row made the unanswered write; the Books person, found changed with its customer, waits too."""
    system = pair.system
    await system.control("PUT", "/switches", {"person_edit_fires_webhook": False})
    await fault(system, "timeout", {"product": "crm", "match": {"method": "PUT", "module": "Contacts"}})
    await pair.edit_person({"mobile": "+91 90000 00001"})
    await pair.edit_crm({"Title": "Director"}, "Contacts")
    await told(system)
    [intent] = system.store.intents.all_open("main")
    assert (intent.source.side, intent.side) == (Side.CRM, Side.CRM)
    before = system.seq
    await pair.edit_books({"notes": "n"})
    await told(system)
    assert system.store.intents.all_open("main") == [intent]
    assert [call["endpoint"] for call in system.writes(before)] == ["PUT /crm/v8/{module}/{id}"]
    await system.settle(3)
    assert (await pair.crm("Contacts"))["Mobile"] == "+91 90000 00001"
    assert system.judge_history() == []
