"""The tick: wakes only what changed, goes on where it stopped, never runs ahead of its data (P23)."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from typing import Any

import pytest

from tandem.core.canonical import read_record
from tandem.core.errors import TableUnavailableError
from tandem.core.records import Record, RecordKey, RowClass, Side
from tandem.engine.cursors import feed_of
from tandem.engine.governor import accounts
from tandem.engine.ports import Put
from tandem.engine.reconcile import PAGE_ROWS
from tests.system.conftest import ACCOUNT, Pair
from tests.system.sections import ITEMS, india
from tests.system.world import System


async def silent(system: System) -> None:
    """No webhook arrives: what comes, comes with the tick."""
    for product in ("crm", "books"):
        await system.control("POST", "/faults", {"name": "drop_notification", "product": product})


def hinted(system: System) -> set[str]:
    """Ids of the rows that are due."""
    return {key.id for key in system.store.rows.due("main", system.clock.now(), 100)}


async def many(system: System, count: int) -> list[str]:
    """Accounts that exist before Tandem does."""
    accounts = [{**ACCOUNT, "Account_Name": f"Company {number}", "Website": None} for number in range(count)]
    made = await system.control("POST", "/import", {"crm": {"Accounts": accounts}})
    system.clock.advance(2)
    return list(made["crm"]["Accounts"])


async def test_a_tick_wakes_only_what_changed(pair: Pair) -> None:
    """The row with another version; not the echo of our own writes."""
    system = pair.system
    await system.settle(3)
    await silent(system)
    await pair.edit_crm({"Website": "https://silent.example"})
    system.clock.advance(60)
    report = await system.tick()
    assert (hinted(system), report.hinted) == ({pair.account}, 1)
    row = system.store.rows.read(RecordKey("main", Side.CRM, "customer", pair.account))
    assert row is not None
    assert row.cls is RowClass.RECONCILE


async def test_what_is_listed_for_the_first_time_is_backfill(system: System) -> None:
    """It never delays an edit."""
    ids = await many(system, 3)
    await system.tick()
    for id in ids:
        row = system.store.rows.read(RecordKey("main", Side.CRM, "customer", id))
        assert row is not None
        assert row.cls is RowClass.BACKFILL


async def test_a_feed_is_polled_when_its_time_has_come_and_not_before(pair: Pair) -> None:
    """The interval is a setting, or computed from the plan."""
    system = pair.system
    await system.settle(2)
    system.clock.advance(60)
    assert (await system.tick()).polled == 3
    assert (await system.tick()).polled == 0
    system.clock.advance(60)
    assert (await system.tick()).polled == 3


@pytest.mark.parametrize("verb", ["put", "update"])
async def test_a_crash_between_page_and_cursor_reads_the_page_again(pair: Pair, verb: str) -> None:
    """P23: the cursor moves last; a change whose page was read and lost comes with the next tick."""
    system = pair.system
    await system.settle(3)
    await silent(system)
    await pair.edit_crm({"Website": "https://silent.example"})
    system.clock.advance(60)

    def fail(done: str, op: Any) -> None:
        place = op.item["pk"] if done == "put" else getattr(op, "pk", "")
        if done == verb and place.startswith("CUR#" if verb == "put" else "REC#"):
            raise TableUnavailableError("killed")

    before = system.store.cursors.read("main", "crm#customer")
    system.memory.before = fail
    with pytest.raises(TableUnavailableError):
        await system.tick()
    system.memory.before = None
    assert system.store.cursors.read("main", "crm#customer") == before
    await system.tick()
    assert pair.account in hinted(system)


async def test_a_listing_goes_on_where_it_stopped(system: System) -> None:
    """A page of 200 a tick when the function's time is short; no mark before its end, and no record is lost."""
    contacts = [{"contact_name": f"Company {number}"} for number in range(450)]
    made = await system.control("POST", "/import", {"books": {"contacts": contacts}})
    system.clock.advance(2)
    ticks = 0
    while (cursor := system.store.cursors.read("main", "books#customer")).mark is None:
        assert (cursor.next is None) == (ticks == 0)
        await system.ticker.tick(system.clock.now())
        ticks += 1
        assert ticks <= 3
    assert (ticks, cursor.next) == (3, None)
    listed = {str(item["key"]).rsplit("/", 1)[1] for item in system.memory.rows() if item["sk"] == "ROW"}
    assert listed == set(made["books"]["contacts"])


async def test_a_minute_between_polls_means_every_tick(pair: Pair) -> None:
    """A tick comes some seconds early or late; no feed waits for the second next one."""
    system = pair.system
    system.configure(poll_seconds=60)
    await system.run(100)
    for seconds in (60, 57, 63, 58):
        before = system.seq
        assert (await system.tick()).polled == 3
        deleted = [call for call in system.calls(before) if call["path"].endswith("/deleted")]
        assert len(deleted) == 2, "and CRM is asked what was deleted"
        system.clock.advance(seconds)


@pytest.mark.parametrize(
    ("hours", "sharers", "seconds"), [(1, 1, None), (1, 2, None), (12.4, 1, 60), (1, 60, 3600)]
)
async def test_polls_take_a_tenth_of_the_calls_that_are_left_of_the_day(
    pair: Pair, hours: float, sharers: int, seconds: int | None
) -> None:
    """All connections on one Books organisation together; each minute at most, each hour at least."""
    system = pair.system
    await system.settle(2)
    connections = system.store.connections
    text = resources.files("tandem.presets").joinpath("india.yaml").read_text()
    mine = connections.read("main")
    others = [{"id": f"beside{n}"} for n in range(sharers - 1)]
    for update in [*others, {"id": "elsewhere", "organization_id": "7"}]:
        connections.save(mine.model_copy(update={**update, "paused": True}), text)
    system.configure(poll_seconds=0)
    system.clock.advance(hours * 3600)
    left, rest = system.store.governor.day(accounts(connections.read("main"))["books"])
    await system.tick()
    due = system.store.cursors.read("main", "crm#customer").due
    assert due is not None
    expected = seconds or rest / (left / 10 / sharers)
    assert (due - system.clock.now()).total_seconds() == pytest.approx(expected - 30, abs=1)


async def test_a_rate_limit_stops_a_poll_and_loses_nothing(pair: Pair) -> None:
    """The tick goes on with the bells; the feed is read at the next one."""
    system = pair.system
    await system.settle(3)
    await silent(system)
    await pair.edit_crm({"Website": "https://silent.example"})
    system.clock.advance(60)
    await system.control("POST", "/faults", {"name": "rate_minute", "product": "crm", "count": 1})
    report = await system.tick()
    assert report.waits
    await system.control("DELETE", "/faults")
    await system.settle(4)
    assert (await pair.books())["website"] == "https://silent.example"


async def test_bells_are_rung_within_the_minute_for_what_becomes_due(system: System) -> None:
    """At 0, 15, 30 and 45 s, only while rows are due by then; a quiet tick rings none."""
    await system.settle(2)
    system.bell.take()
    assert (await system.tick()).rung == 0
    key = RecordKey("main", Side.CRM, "customer", "1")
    system.store.rows.hint(key, RowClass.LIVE, system.clock.now() + timedelta(seconds=20))
    report = await system.tick()
    assert report.rung == 2
    assert [ring.delay for ring in system.bell.rung[-2:]] == [30, 45]


async def test_a_delete_is_only_a_hint_of_the_tick(pair: Pair) -> None:
    """The writer confirms it by a GET before anything happens."""
    system = pair.system
    await system.settle(3)
    await silent(system)
    await system.control("DELETE", f"/crm/Accounts/{pair.account}")
    system.clock.advance(60)
    await system.tick()
    assert pair.account in hinted(system)
    assert (await pair.books())["status"] == "active"


async def test_a_field_that_crm_no_longer_lists_stops_the_connection_and_not_the_tick(pair: Pair) -> None:
    """It is told what to do, other connections are polled, and it goes on once the field is there again."""
    system = pair.system
    field = {"product": "crm", "module": "Accounts", "api_name": "Customer_Segment"}
    await system.control("DELETE", "/fields", field)
    system.clock.advance(60)
    await system.tick()
    stopped = system.store.connections.read("main").stopped
    assert stopped is not None
    assert "CRM refuses to list what customer asks for" in stopped.reason
    assert "Customer_Segment" in stopped.reason
    assert "`tandem check`" in stopped.reason
    await system.control("POST", "/fields", {**field, "data_type": "text"})
    await pair.edit_crm({"Website": "https://back.example"})
    system.clock.advance(system.store.connections.read("main").settings.stopped_seconds)
    await system.settle(3)
    assert system.store.connections.read("main").stopped is None
    assert (await pair.books())["website"] == "https://back.example"


REFUSALS = {
    "what was deleted": ({"endpoint": "/deleted"}, 0, "CRM refuses to list what was deleted of customer"),
    "what was restored": ({"endpoint": "GET /crm/v8/{module}"}, 2, "CRM refuses to say what was restored of"),
}
"""A call beside the feeds, how many like it come before it in a tick, and what is said."""


@pytest.mark.parametrize("name", REFUSALS)
async def test_what_crm_refuses_beside_the_lists_stops_that_connection_alone(pair: Pair, name: str) -> None:
    """It has its sentence and its alert; the tick polls the others, and goes on with it once CRM answers."""
    system, connections = pair.system, pair.system.store.connections
    match, skip, sentence = REFUSALS[name]
    await pair.system.control("DELETE", f"/crm/Accounts/{pair.account}")
    await system.settle(3)
    main = connections.read("main")
    other = main.model_copy(update={"id": "other", "group": "other", "crm_channels": ()})
    connections.save(other, resources.files("tandem.presets").joinpath("india.yaml").read_text())
    refusal = {
        "product": "crm",
        "status": 400,
        "code": "INVALID_QUERY",
        "count": 1,
        "skip": skip,
        "match": match,
    }
    await system.control("POST", "/faults", {"name": "error_before_commit", **refusal})
    system.clock.advance(60 if int(system.clock.now().timestamp()) // 60 % 2 else 120)  # main is polled first
    report = await system.tick()
    stopped = connections.read("main").stopped
    assert stopped is not None
    assert stopped.reason.startswith(sentence)
    assert "`tandem check`" in stopped.reason
    assert [subject for subject, _ in system.alerts.sent] == ["Tandem: main is stopped"]
    assert connections.read("other").stopped is None
    assert report.polled == 6, "three feeds of each"
    system.clock.advance(main.settings.stopped_seconds)
    await system.settle(1)
    assert connections.read("main").stopped is None


async def test_a_mapping_that_this_release_cannot_read_stops_its_connection_alone(pair: Pair) -> None:
    """An earlier release may have taken what this one refuses."""
    system, connections = pair.system, pair.system.store.connections
    text = resources.files("tandem.presets").joinpath("india.yaml").read_text()
    other = connections.read("main").model_copy(update={"id": "other", "group": "other", "crm_channels": ()})
    connections.save(other, text.replace("region: IN", "region: US"))
    for row in [
        dict(row) for row in system.memory.rows() if (row["pk"], row["sk"]) == ("CONN#other", "MAP#active")
    ]:
        system.memory.put(Put({**row, "text": "region: ZZ"}))
    connections._mappings.clear()  # another container
    system.clock.advance(60)
    report = await system.tick()
    stopped = connections.read("other").stopped
    assert stopped is not None
    assert stopped.reason.startswith("the mapping cannot be read")
    assert "“ZZ” is no country" in stopped.reason
    assert report.polled == 3
    assert connections.read("main").stopped is None


async def test_a_bell_finds_such_a_mapping_too_and_the_others_of_its_group_go_on(pair: Pair) -> None:
    """Before any tick: the connection is stopped with one alert, its neighbour's edit travels, the lease is free."""
    system, connections = pair.system, pair.system.store.connections
    other = connections.read("main").model_copy(update={"id": "a", "crm_channels": ()})
    text = resources.files("tandem.presets").joinpath("india.yaml").read_text()
    connections.save(other, text.replace("region: IN", "region: US"))
    [row] = [dict(row) for row in system.memory.rows() if (row["pk"], row["sk"]) == ("CONN#a", "MAP#active")]
    system.memory.put(Put({**row, "text": "region: ZZ"}))
    connections._mappings.clear()
    await pair.edit_crm({"Website": "https://new.example"})
    await system.run(10)
    stopped = connections.read("a").stopped
    assert stopped is not None
    assert stopped.reason.startswith("the mapping cannot be read")
    assert [subject for subject, _ in system.alerts.sent] == ["Tandem: a is stopped"]
    assert (await pair.books())["website"] == "https://new.example"
    assert system.store.leases.acquire("main", "somebody", [], system.clock.now() + timedelta(seconds=60))


@pytest.mark.parametrize("side", list(Side))
async def test_a_row_that_our_code_cannot_read_is_hinted_and_stops_no_feed(
    pair: Pair, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own row fails, by itself; what stands beside it on the page comes as ever."""
    system = pair.system
    await system.settle(2)
    await silent(system)
    other = await system.control(
        "POST", "/crm/Accounts", {**ACCOUNT, "Account_Name": "Beside", "Website": None}
    )
    listed = {"contact_name": "Beside it", "website": "https://beside.example"}
    beside = {
        Side.CRM: other["id"],
        Side.BOOKS: (await system.control("POST", "/books/contacts", listed))["contact_id"],
    }
    broken = {Side.CRM: pair.account, Side.BOOKS: pair.customer}[side]
    await pair.edit_crm({"Description": "a form that we do not know"})
    await pair.edit_books({"website": "https://unknown.example"})

    def read(mapping: Any, entity: str, of: Side, body: Any) -> Record:
        if broken in (body.get("id"), body.get("contact_id")):
            raise ValueError("a form that we do not know")
        return read_record(mapping, entity, of, body)

    monkeypatch.setattr("tandem.engine.reconcile.read_record", read)
    system.clock.advance(60)
    await system.tick()
    assert {broken, *beside.values()} <= hinted(system)
    cursor = system.store.cursors.read("main", feed_of("customer", side))
    assert cursor.next is None
    assert cursor.due is not None
    assert cursor.due > system.clock.now()


async def test_a_list_without_an_order_is_read_whole_and_as_much_more_rarely() -> None:
    """Three pages of items: every third minute; what one listing counted does not count in the next."""
    system = System(mapping=india(ITEMS), settings={"poll_seconds": 60, "empty_side_percent": 0})
    items = [
        {"name": f"Bolt {number}", "sku": f"B-{number}", "rate": 1} for number in range(2 * PAGE_ROWS + 1)
    ]
    await system.control("POST", "/import", {"books": {"items": items}})
    for _ in range(2):
        system.clock.advance(300)
        await system.tick()
        due = {
            entity: system.store.cursors.read("main", feed_of(entity, Side.BOOKS)).due
            for entity in ("customer", "item")
        }
        now = system.clock.now()
        assert due == {"customer": now + timedelta(seconds=30), "item": now + timedelta(seconds=150)}
    await system.http.aclose()
    await system.sandbox.outbox.close()
