"""Dead letters come back: rows first, the letter last (design, section 2)."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import resources

import pytest

from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.queues import MemoryDeadLetters
from tandem.adapters.memory.table import MemoryTable
from tandem.core.actions import Hold
from tandem.core.connection import Connection, Settings
from tandem.core.errors import TableUnavailableError
from tandem.core.outcomes import Done
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.desk import Store
from tandem.engine.redrive import Redriver
from tandem.engine.rows import row_pk
from tests.system.conftest import Pair

KEY = RecordKey("main", Side.CRM, "customer", "1")
PAUSES = Settings().redrive_seconds
LETTER = {"key": str(KEY), "error": "TransientError", "message": "books is out of reach", "at": ""}


@pytest.fixture
def redriver(store: Store, letters: MemoryDeadLetters, clock: ManualClock) -> Redriver:
    """A redriver of one connection."""
    text = resources.files("tandem.presets").joinpath("india.yaml").read_text()
    store.connections.save(
        Connection(id="main", group="main", organization_id="6", accounts_url="", crm_url="", books_url=""),
        text,
    )
    return Redriver(store, letters, clock)


def bury(store: Store, clock: ManualClock) -> None:
    """Its tries are used up."""
    row = store.rows.take(KEY)
    assert row is not None
    store.rows.bury(row, clock.now() + timedelta(days=1), clock.now())


def buried(store: Store, letters: MemoryDeadLetters, clock: ManualClock) -> None:
    """A row whose tries are used up, with its letter."""
    store.rows.hint(KEY, RowClass.LIVE, clock.now())
    bury(store, clock)
    letters.send(LETTER)


def test_a_letter_brings_its_row_back_after_a_growing_delay_and_the_fourth_time_a_case(
    redriver: Redriver, store: Store, letters: MemoryDeadLetters, clock: ManualClock, alerts: MemoryAlerts
) -> None:
    """A quarter of an hour, an hour, four hours; then a person is asked, once, and nothing is forgotten."""
    buried(store, letters, clock)
    for pause in PAUSES:
        assert redriver.redrive().counts == {"redriven": 1}
        assert letters.bodies == []
        assert store.rows.due("main", clock.now() + timedelta(seconds=pause - 1), 10) == []
        clock.advance(pause)
        assert store.rows.due("main", clock.now(), 10) == [KEY]
        bury(store, clock)
        letters.send(LETTER)
    assert redriver.redrive().counts == {"given_up": 1}
    assert letters.bodies == []
    assert len(alerts.sent) == 1
    assert "books is out of reach" in store.cases.holds("main")[0]["sentence"]
    told = [
        (one["kind"], one["cause"]) for one in store.history.table.query(row_pk("main", Side.CRM, KEY.id))
    ]
    assert told == [("held", "dead letter")]
    assert store.rows.pending("main") == 1, "the row still waits under its daily net"


@pytest.mark.parametrize("why", ["never hinted", "hinted anew", "done", "redriven already"])
def test_a_letter_whose_row_waits_no_more_is_dropped(
    redriver: Redriver, store: Store, letters: MemoryDeadLetters, clock: ManualClock, why: str
) -> None:
    """A newer hint has it, or nothing is left to do: the row is not touched."""
    if why == "never hinted":
        letters.send(LETTER)
    else:
        buried(store, letters, clock)
    row = store.rows.read(KEY)
    match why:
        case "hinted anew":
            store.rows.hint(KEY, RowClass.LIVE, clock.now())
        case "done":
            assert row is not None
            store.rows.finish(row, Done("synced"), clock.now())
        case "redriven already":
            assert row is not None
            store.rows.redrive(row, clock.now())
        case _:
            pass
    before = store.rows.read(KEY)
    assert redriver.redrive().counts == {"dropped": 1}
    assert letters.bodies == []
    assert store.rows.read(KEY) == before


@pytest.mark.parametrize(
    "body",
    ["", "not json", "[]", "7", '"text"', "null", "{}", '{"key": 5}', '{"key": null}', '{"key": "a/b"}',
     '{"key": "main/attic/customer/1"}'],
)  # fmt: skip
def test_an_unreadable_letter_opens_a_case_and_stops_no_other(
    redriver: Redriver,
    store: Store,
    letters: MemoryDeadLetters,
    clock: ManualClock,
    alerts: MemoryAlerts,
    body: str,
) -> None:
    """One alert however many come; the letters behind it are handled in the same run."""
    letters.send_raw(body)
    letters.send_raw(body)
    buried(store, letters, clock)
    assert redriver.redrive().counts == {"unreadable": 2, "redriven": 1}
    assert letters.bodies == []
    assert len(alerts.sent) == 1


def test_a_letter_of_a_connection_that_is_gone_opens_a_case(
    redriver: Redriver, store: Store, letters: MemoryDeadLetters, clock: ManualClock, alerts: MemoryAlerts
) -> None:
    """Its row cannot be handled by anybody."""
    key = RecordKey("gone", Side.CRM, "customer", "1")
    store.rows.hint(key, RowClass.LIVE, clock.now())
    row = store.rows.take(key)
    assert row is not None
    store.rows.bury(row, clock.now(), clock.now())
    letters.send({**LETTER, "key": str(key)})
    assert redriver.redrive().counts == {"unreadable": 1}
    assert len(alerts.sent) == 1


def test_a_bell_that_the_queue_gave_up_on_is_no_case(
    redriver: Redriver, letters: MemoryDeadLetters, alerts: MemoryAlerts
) -> None:
    """It carries no news: its rows are in the table, and the tick rings again."""
    letters.send_raw(json.dumps({"group": "main", "keys": [str(KEY)]}))
    assert redriver.redrive().counts == {"bell": 1}
    assert (letters.bodies, alerts.sent) == ([], [])


def test_the_letter_goes_last(
    redriver: Redriver, store: Store, letters: MemoryDeadLetters, clock: ManualClock, table: MemoryTable
) -> None:
    """A crash between row and letter handles it twice, never not at all; the second time it is dropped."""
    buried(store, letters, clock)

    def fail(verb: str, _: object) -> None:
        if verb == "update":
            raise TableUnavailableError("throttled")

    table.before = fail
    with pytest.raises(TableUnavailableError):
        redriver.redrive()
    assert len(letters.bodies) == 1
    table.before, table.after = None, fail
    letters.show_again()
    with pytest.raises(TableUnavailableError):
        redriver.redrive()
    table.after = None
    letters.show_again()
    assert redriver.redrive().counts == {"dropped": 1}
    row = store.rows.read(KEY)
    assert row is not None
    assert row.redrives == 1


def test_a_letter_that_cannot_be_handled_stays_and_blocks_none_behind_it(
    redriver: Redriver, store: Store, letters: MemoryDeadLetters, clock: ManualClock, table: MemoryTable
) -> None:
    """Its error is raised at the end, so that the alarm sees it, and the next run takes it."""
    other = RecordKey("main", Side.CRM, "customer", "2")
    store.rows.hint(other, RowClass.LIVE, clock.now())
    row = store.rows.take(other)
    assert row is not None
    store.rows.bury(row, clock.now() + timedelta(days=1), clock.now())
    letters.send({**LETTER, "key": str(other)})
    buried(store, letters, clock)

    def fail(verb: str, operand: object) -> None:
        if verb == "update" and str(other) in repr(operand):
            raise TableUnavailableError("throttled")

    table.before = fail
    with pytest.raises(TableUnavailableError):
        redriver.redrive()
    assert len(letters.bodies) == 1
    first, second = store.rows.read(other), store.rows.read(KEY)
    assert first is not None
    assert second is not None
    assert (first.waits_for, second.waits_for) == ("redrive", "")
    table.before = None
    letters.show_again()
    assert redriver.redrive().counts == {"redriven": 1}


@pytest.mark.parametrize("state", ["linked", "left out"])
async def test_a_case_of_a_dead_letter_ends_once_the_record_is_handled(pair: Pair, state: str) -> None:
    """Of a pair's Books record, whose other holds lie under its Account, and of one that was never handled before."""
    system = pair.system
    key = RecordKey("main", Side.BOOKS, "customer", pair.customer)
    if state == "left out":
        await system.control("POST", "/faults", {"name": "drop_notification", "count": 1})
        made = await system.control(
            "POST", "/crm/Accounts", {"Account_Name": "Zeta", "Account_Type": "Prospect"}
        )
        key = RecordKey("main", Side.CRM, "customer", str(made["id"]))
    hold = Hold("dead letter", "tried again and again without success; last: an outage")
    system.store.cases.hold(key, hold, system.clock.now())
    await system.release(system.store.cases.holds_of(key)[0])
    await system.run(5)
    assert system.store.cases.holds("main") == []
    assert system.store.cases.cases("main") == []
