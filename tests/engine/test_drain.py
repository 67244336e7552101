"""What becomes of a row: the table of design section 2, driven through whole drains."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest

from tandem.core.canonical import read_record
from tandem.core.decide import decide
from tandem.core.errors import TableUnavailableError
from tandem.core.mapping import Mapping
from tandem.core.records import Mode, RecordKey, RowClass, Side
from tandem.engine import handling
from tandem.engine import reader as reader_module
from tandem.engine.gate import RoundGate
from tandem.engine.rows import ROW, Row, row_pk
from tests.engine.town import a_town
from tests.system.conftest import ACCOUNT, Pair
from tests.system.world import System


@dataclass(frozen=True)
class End:
    """How a row stands after one drain."""

    pending: bool = True
    waits_for: str = ""
    tries: int = 0
    due_now: bool = False
    stops: bool = False
    letters: int = 0


def account_key(id: str) -> RecordKey:
    """An Account's key."""
    return RecordKey("main", Side.CRM, "customer", id)


def row(system: System, key: RecordKey) -> Row:
    """A row as it stands."""
    found = system.store.rows.read(key)
    assert found is not None
    return found


async def told(system: System) -> None:
    """Every notification is delivered; no bell is answered."""
    for _ in range(3):
        await system.sandbox.outbox.deliver_due()
        system.clock.advance(1)
    system.bell.take()


async def fault(system: System, name: str, **more: Any) -> None:
    """Plant a fault."""
    await system.control("POST", "/faults", {"name": name, **more})


FAULTS: dict[str, tuple[list[dict[str, Any]], End]] = {
    "no fault": ([], End(pending=False)),
    "blocked minute": ([{"name": "rate_minute", "product": "books"}], End(waits_for="quota", stops=True)),
    "spent day": ([{"name": "rate_day", "product": "books"}], End(waits_for="quota", stops=True)),
    "too many in flight": ([{"name": "rate_in_flight", "product": "books"}], End(waits_for="quota", stops=True)),
    "throttled with 200": ([{"name": "books_43_on_200"}], End(waits_for="quota", stops=True)),
    "blocked CRM": ([{"name": "rate_minute", "product": "crm"}], End(waits_for="quota", stops=True)),
    "revoked token": ([{"name": "token_revoked"}], End(waits_for="token", stops=True)),
    "missing scope": ([{"name": "scope_mismatch", "product": "books"}], End(waits_for="token", stops=True)),
    "Books down": ([{"name": "books_down"}], End(tries=1)),
    "CRM down": ([{"name": "crm_down"}], End(tries=1)),
    "no answer to a read": ([{"name": "timeout", "product": "books"}], End(tries=1)),
    "a page of HTML": ([{"name": "html_error", "product": "books"}], End(tries=1)),
    "broken connection": ([{"name": "disconnect", "product": "books"}], End(tries=1)),
    "no answer to a write": (
        [{"name": "timeout_after_commit", "product": "books", "match": {"method": "PUT"}}], End(tries=1)),
    "5xx after the write": (
        [{"name": "error_after_commit", "product": "books", "match": {"method": "PUT"}}], End(tries=1)),
    "refused by Books": (
        [{"name": "refuse_record", "product": "books", "code": 4, "message": "no", "match": {"method": "PUT"}}],
        End(pending=False)),
}  # fmt: skip


async def after_one_drain(pair: Pair) -> End:
    """Edit in CRM, drain once, and tell how the row stands."""
    system, key = pair.system, account_key(pair.account)
    await pair.edit_crm({"Website": "https://new.example"})
    await told(system)
    report = await system.drain()
    return standing(system, key, stops=bool(report.stop))


def standing(system: System, key: RecordKey, *, stops: bool) -> End:
    """How a row stands."""
    now = row(system, key)
    pending = now.wanted > now.done
    due_now = key in system.store.rows.due("main", system.clock.now(), 100)
    assert not pending or "due" in (system.memory.get(row_pk("main", "crm", key.id), ROW) or {})
    assert now.starts == 0
    return End(pending, now.waits_for, now.tries, due_now, stops, len(system.letters.bodies))


@pytest.mark.parametrize("what", FAULTS)
async def test_what_becomes_of_a_row(pair: Pair, what: str) -> None:
    """Quota and tokens wait and are no try; passing faults are one; a business refusal is done at once."""
    faults, expected = FAULTS[what]
    for one in faults:
        await pair.system.control("POST", "/faults", one)
    assert await after_one_drain(pair) == expected
    await pair.system.control("DELETE", "/faults")


@pytest.mark.parametrize("what", [name for name, (_, end) in FAULTS.items() if end.pending])
async def test_what_was_put_off_comes_in_the_end(pair: Pair, what: str) -> None:
    """P5, P19: the fault ends, nobody helps, and the edit arrives with exactly one write."""
    system = pair.system
    system.configure(stopped_seconds=120)
    faults, _ = FAULTS[what]
    for one in faults:
        await system.control("POST", "/faults", one)
    before = system.seq
    await after_one_drain(pair)
    await system.control("DELETE", "/faults")
    system.clock.advance(86_400 if "day" in what else 1)
    await system.settle(6)
    assert (await pair.books())["website"] == "https://new.example"
    assert row(system, account_key(pair.account)).wanted == row(system, account_key(pair.account)).done
    assert len([w for w in system.writes(before) if w["committed"]]) == 1
    assert system.judge_history() == []


# --- waits that are not faults ------------------------------------------------------------------------


async def test_observe_waits_for_the_mode_and_write_wakes_it(pair: Pair) -> None:
    """Nothing leaves, nothing is forgotten."""
    system = pair.system
    system.store.connections.set_mode("main", Mode.OBSERVE)
    before = system.seq
    assert await after_one_drain(pair) == End(waits_for="mode")
    assert system.writes(before) == []
    system.write_mode()
    await system.run(5)
    assert (await pair.books())["website"] == "https://new.example"


async def test_a_paused_connection_takes_nothing(pair: Pair) -> None:
    """Its rows stay due for the day when it goes on."""
    pair.system.store.connections.set("main", paused=True)
    before = pair.system.seq
    assert await after_one_drain(pair) == End(due_now=True)
    assert pair.system.calls(before)[1:] == []


async def test_too_little_time_takes_nothing(pair: Pair) -> None:
    """A round that could not write is not begun."""
    system = pair.system
    await pair.edit_crm({"Website": "https://new.example"})
    await told(system)
    report = await system.drainer.drain("main", [], system.clock.now() + timedelta(seconds=30))
    assert report.stop == "the function's time is nearly over"
    assert standing(system, account_key(pair.account), stops=True) == End(due_now=True, stops=True)


@pytest.mark.parametrize("change", ["mode", "pause", "mapping"])
async def test_a_change_of_mode_or_mapping_in_mid_drain_ends_it_before_the_next_intent(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Read anew before each intent: no write is made under a rule that no longer holds."""
    system = pair.system
    values: dict[str, dict[str, Any]] = {
        "mode": {"mode": "observe"},
        "pause": {"paused": True},
        "mapping": {"mapping_version": "x"},
    }

    def changed_while_deciding(*args: Any) -> Any:
        system.store.connections.set("main", **values[change])
        return decide(*args)

    monkeypatch.setattr(handling, "decide", changed_while_deciding)
    before = system.seq
    end = await after_one_drain(pair)
    assert end == End(waits_for="mode" if change == "mode" else "", due_now=True, stops=True)
    assert system.writes(before) == []
    assert system.store.intents.all_open("main") == []


# --- quota ----------------------------------------------------------------------------------------------


async def three_more(system: System) -> list[RecordKey]:
    """Three more Accounts, told but not handled."""
    ids = []
    for number in range(3):
        account = {**ACCOUNT, "Account_Name": f"Other {number}", "Website": f"https://o{number}.example"}
        ids.append((await system.control("POST", "/crm/Accounts", account))["id"])
    await told(system)
    return [account_key(id) for id in ids]


async def test_a_quota_stop_counts_no_try_and_no_start_of_any_row(pair: Pair) -> None:
    """The rows of the round that were not started are as they were."""
    system = pair.system
    keys = await three_more(system)
    await fault(system, "rate_minute", product="books")
    report = await system.drain()
    assert report.stop.startswith("quota")
    for key in keys:
        now = row(system, key)
        assert (now.tries, now.starts, now.wanted - now.done) == (0, 0, 1)
    assert system.letters.bodies == []


async def test_what_was_read_before_the_quota_ended_goes_on(pair: Pair) -> None:
    """It may need no call more of that product; read again a minute later it would cost one twice."""
    system = pair.system
    for number in range(4):
        await system.control("POST", "/books/contacts", {"contact_name": f"Other {number}"})
    await told(system)
    await fault(system, "rate_minute", product="books", skip=2, match={"method": "GET"})
    before = system.seq
    report = await system.drain()
    assert report.stop.startswith("quota")
    assert report.outcomes == {"created": 2, "waits_quota": 2}
    await system.control("DELETE", "/faults")
    await system.settle(3)
    answered = [call for call in system.calls(before) if call["status"] == HTTPStatus.OK]
    read = [call["path"] for call in answered if call["path"].startswith("/books/v3/contacts/")]
    assert (len(read), len({*read})) == (4, 4)


async def test_a_person_whose_write_has_no_answer_yet_is_not_taken_with_its_customer(pair: Pair) -> None:
    """Its customer's record shows that it was edited; what became of our write to it comes first."""
    system = pair.system
    where = {"product": "books", "match": {"method": "PUT"}, "count": 1}
    await fault(system, "timeout_after_commit", **where)
    await pair.edit_crm({"Title": "CFO"}, "Contacts")
    await told(system)
    await system.drain()
    [intent] = system.store.intents.all_open("main")
    assert intent.entity == "contact_person"
    before = system.seq
    await pair.edit_books({"notes": "typed in Books"})
    await pair.edit_person({"mobile": "+91 98200 00001"})
    await told(system)
    await system.drain()
    assert [call["path"] for call in system.writes(before)] == [f"/crm/v8/Accounts/{pair.account}"]
    await system.settle(4)
    contact = await pair.crm("Contacts")
    assert (contact["Title"], contact["Mobile"]) == ("CFO", "+91 98200 00001")
    assert system.store.intents.all_open("main") == []


# --- a token that is gone -------------------------------------------------------------------------------


async def test_a_revoked_token_is_one_alert_and_no_storm_and_heals_without_help(pair: Pair) -> None:
    """Over ten ticks hardly a call leaves; once the token works again the rows go on by themselves."""
    system = pair.system
    system.configure(stopped_seconds=1800)
    await fault(system, "token_revoked")
    sent = len(system.alerts.sent)
    await pair.edit_crm({"Website": "https://new.example"})
    await system.run(5)
    before = system.seq
    for number in range(10):
        await pair.edit_crm({"Description": f"edit {number}"})
        await system.settle(1)
    api = [call for call in system.calls(before) if call["path"].startswith(("/crm", "/books", "/oauth"))]
    assert api == [], "a stopped connection is left alone"
    assert len(system.alerts.sent) == sent + 1
    assert "tandem connect" in str(system.alerts.sent[-1])
    assert system.letters.bodies == []
    await system.control("DELETE", "/faults")
    await system.settle(32)
    assert (await pair.books())["website"] == "https://new.example"
    assert (await pair.books())["notes"] == "edit 9"
    assert system.store.connections.read("main").stopped is None
    assert system.store.rows.pending("main") == 0


# --- our own bugs ---------------------------------------------------------------------------------------


def poison(monkeypatch: pytest.MonkeyPatch, where: str, id: str, error: Callable[[], Exception]) -> None:
    """Our code fails on one record, wherever it is met."""
    if where == "deciding":

        def decided(at: Any, *rest: Any) -> Any:
            if id in (at.crm and at.crm.id, at.books and at.books.id):
                raise error()
            return decide(at, *rest)

        monkeypatch.setattr(handling, "decide", decided)
        return

    def read(mapping: Mapping, entity: str, side: Side, body: Any, **more: Any) -> Any:
        if body.get("id") == id:
            raise error()
        return read_record(mapping, entity, side, body, **more)

    monkeypatch.setattr(reader_module, "read_record", read)


@pytest.mark.parametrize("error", [ZeroDivisionError, lambda: TypeError("x")], ids=["zero", "type"])
@pytest.mark.parametrize("where", ["deciding", "reading"])
async def test_a_poisoned_record_delays_nobody_and_becomes_a_dead_letter(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, where: str, error: Callable[[], Exception]
) -> None:
    """P21: the others of its round are created at once; it has its tries, then a letter that names no value."""
    system = pair.system
    system.configure(retry_seconds=(2, 4))
    poison(monkeypatch, where, pair.account, error)
    await pair.edit_crm({"Website": "https://poison.example"})
    keys = await three_more(system)
    report = await system.drain()
    assert all(row(system, key).done for key in keys), report
    assert (await pair.books())["website"] == "https://acme.example"
    await system.settle(2)
    assert {json.loads(body)["key"] for body in system.letters.bodies} == {str(account_key(pair.account))}
    assert "poison.example" not in "".join(system.letters.bodies)
    assert row(system, account_key(pair.account)).waits_for == "redrive"


async def test_tries_are_used_up_one_by_one_then_a_letter_is_sent(pair: Pair) -> None:
    """5 s, 30 s, ... as a setting; the letter names the record and the error."""
    system, key = pair.system, account_key(pair.account)
    system.configure(retry_seconds=(5, 30))
    await fault(system, "books_down")
    assert (await after_one_drain(pair)).tries == 1
    await system.drain()
    assert row(system, key).tries == 1, "not before its time"
    system.clock.advance(7)
    await system.drain()
    assert (row(system, key).tries, system.letters.bodies) == (2, [])
    system.clock.advance(37)
    await system.drain()
    assert row(system, key).waits_for == "redrive"
    [letter] = [json.loads(body) for body in system.letters.bodies]
    assert (letter["key"], letter["error"]) == (str(key), "TransientError")


def crash(system: System, key: RecordKey, times: int) -> None:
    """The worker died that often while it handled this row."""
    for _ in range(times):
        assert system.store.rows.take(key) is not None


async def test_a_row_that_crashed_the_worker_three_times_is_not_handled_again(pair: Pair) -> None:
    """It is dead-lettered as what it is; the row beside it is handled as ever."""
    system, key = pair.system, account_key(pair.account)
    await pair.edit_crm({"Website": "https://new.example"})
    [other, *_] = await three_more(system)
    crash(system, key, 3)
    await system.drain()
    [letter] = [json.loads(body) for body in system.letters.bodies]
    assert letter["message"] == f"{key} crashed the worker 3 times"
    assert row(system, key).waits_for == "redrive"
    assert (await pair.books())["website"] == "https://acme.example"
    assert row(system, other).done == 1


async def test_a_row_that_crashed_the_worker_twice_goes_alone_after_the_others(pair: Pair) -> None:
    """So that it takes nobody with it."""
    system, key = pair.system, account_key(pair.account)
    await pair.edit_crm({"Website": "https://new.example"})
    others = await three_more(system)
    crash(system, key, 2)
    report = await system.drain()
    assert report.rounds >= 2
    assert all(row(system, other).done for other in others)
    assert (await pair.books())["website"] == "https://new.example"
    assert row(system, key).starts == 0


async def test_a_table_out_of_reach_fails_the_message_and_leaves_no_call_in_flight(pair: Pair) -> None:
    """The bell is returned as failed; nothing of the drain goes on behind its back."""
    system = pair.system
    await pair.edit_crm({"Website": "https://new.example"})
    await three_more(system)
    updates = 0

    def fail(verb: str, op: Any) -> None:
        nonlocal updates
        updates += verb == "update" and op.sk == ROW
        if updates > 6:
            raise TableUnavailableError("throttled")

    system.memory.before = fail
    with pytest.raises(TableUnavailableError):
        await system.drain()
    system.memory.before = None
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
    await system.settle(5)
    assert (await pair.books())["website"] == "https://new.example"
    assert system.store.rows.pending("main") == 0
    assert system.judge_history() == []


# --- rounds -------------------------------------------------------------------------------------------


async def test_a_bell_that_finds_a_holder_leaves_its_keys_and_makes_no_call(pair: Pair) -> None:
    """One writer per group."""
    system = pair.system
    lease = system.store.leases.acquire("main", "somebody", [], system.clock.now() + timedelta(seconds=60))
    assert lease is not None
    before, key = system.seq, account_key(pair.account)
    report = await system.drain([key])
    assert (report.taken, system.calls(before)) == (False, [])
    assert lease.again() == [key]


async def test_named_rows_need_no_index(pair: Pair) -> None:
    """The due index lags; the bell knows better."""
    system = pair.system
    system.memory.index_lag = 10_000
    await pair.edit_crm({"Website": "https://new.example"})
    await told(system)
    await system.drain([account_key(pair.account)])
    assert (await pair.books())["website"] == "https://new.example"


async def test_a_round_of_slow_reads_keeps_its_lease(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty reads of 3 s outlast the lease: it is kept with each call, so the round ends instead of starting anew."""
    town = await a_town(system, 20)
    for number in range(20):
        await town.edit_books(number, silently=True, notes=f"note {number}")
        system.store.rows.hint(town.key(number), RowClass.LIVE, system.clock.now())
    admit = RoundGate.admit

    async def slowly(gate: RoundGate, product: str, cost: int = 1) -> None:
        await admit(gate, product, cost)
        system.clock.advance(3 if product == "books" else 0)

    monkeypatch.setattr(RoundGate, "admit", slowly)
    report = await system.drain()
    assert report.stop == ""
    assert [(await town.account(n))["Description"] for n in range(20)] == [f"note {n}" for n in range(20)]
