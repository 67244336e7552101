"""Quarantine: one alert per new case, a person's word, an end (design, section 3, words)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.core.actions import Hold, Release
from tandem.core.errors import ConditionFailedError
from tandem.core.records import Link, RecordKey, Side
from tandem.engine.cases import Cases, hold_key
from tandem.engine.desk import Store

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
ONE, TWO = (RecordKey("main", Side.CRM, "customer", id) for id in "12")
HOLD = Hold("differs:website", "website differs: CRM has “a”, Books has “b”", "website", "a", "b")


@pytest.fixture
def cases(store: Store) -> Cases:
    """Holds and cases."""
    return store.cases


def causes(cases: Cases) -> set[str]:
    """What the open cases are about."""
    return {item["cause"] for item in cases.cases("main")}


def test_many_holds_of_one_cause_are_one_case_and_one_alert(cases: Cases, alerts: MemoryAlerts) -> None:
    """Nobody reads the ninetieth mail."""
    for id in range(90):
        cases.hold(RecordKey("main", Side.CRM, "customer", str(id)), HOLD, NOW)
    assert len(cases.holds("main")) == 90
    assert causes(cases) == {"differs:website"}
    assert len(alerts.sent) == 1


def test_an_alert_says_what_and_what_to_do(cases: Cases, alerts: MemoryAlerts) -> None:
    """In plain words, with the command."""
    cases.hold(ONE, HOLD, NOW, label="Acme")
    [(subject, message)] = alerts.sent
    assert subject == "Tandem: held in main: differs:website"
    assert HOLD.sentence in message
    assert f"tandem release {cases.holds('main')[0]['case']}" in message


def test_a_repeated_hold_alerts_no_more(cases: Cases, alerts: MemoryAlerts) -> None:
    """The same record is met again at each of its changes."""
    cases.hold(ONE, HOLD, NOW)
    cases.hold(ONE, HOLD, NOW)
    assert (len(cases.holds("main")), len(alerts.sent)) == (1, 1)


def test_a_case_ends_with_its_last_hold(cases: Cases, alerts: MemoryAlerts) -> None:
    """And alerts again when its cause comes back."""
    cases.hold(ONE, HOLD, NOW)
    cases.hold(TWO, HOLD, NOW)
    cases.settle(ONE, set())
    assert causes(cases) == {"differs:website"}
    cases.settle(TWO, set())
    assert (causes(cases), cases.holds("main")) == (set(), [])
    cases.hold(ONE, HOLD, NOW)
    assert len(alerts.sent) == 2


def test_a_case_ends_when_its_last_hold_changes_its_cause(cases: Cases, alerts: MemoryAlerts) -> None:
    """The hold of one field is replaced; a case without members would swallow the next alert of its cause."""
    cases.hold(ONE, HOLD, NOW)
    cases.hold(ONE, Hold("conversion:website", "too long", "website"), NOW)
    assert causes(cases) == {"conversion:website"}
    cases.hold(TWO, HOLD, NOW)
    assert len(alerts.sent) == 3


def test_settling_keeps_the_fields_that_are_still_held(cases: Cases) -> None:
    """The others are done."""
    cases.hold(ONE, HOLD, NOW)
    cases.hold(ONE, Hold("differs:name", "name differs", "name"), NOW)
    cases.settle(ONE, {"name"})
    assert [item["field"] for item in cases.holds_of(ONE)] == ["name"]
    assert causes(cases) == {"differs:name"}


def test_a_case_without_a_record_alerts_once_until_closed(cases: Cases, alerts: MemoryAlerts) -> None:
    """A stopped connection, a guard."""
    for _ in range(10):
        cases.alert_once("main", "connection stopped", "stopped", "mend it", NOW)
    assert alerts.sent == [("stopped", "mend it")]
    cases.close("main", "connection stopped")
    cases.alert_once("main", "connection stopped", "stopped", "mend it", NOW)
    assert len(alerts.sent) == 2


# --- a person's word ------------------------------------------------------------------------------------


def test_a_word_carries_what_was_shown(cases: Cases) -> None:
    """It counts only while those values stand."""
    cases.hold(ONE, HOLD, NOW)
    assert cases.word_on(ONE) is None
    cases.release(cases.holds_of(ONE)[0], take=Side.BOOKS, approve=False)
    assert cases.word_on(ONE) == Release(Side.BOOKS, False, {"website": {"crm": "a", "books": "b"}})
    assert cases.word_on(TWO) is None


def test_a_word_is_said_once(cases: Cases) -> None:
    """A hold that is made anew asks anew."""
    cases.hold(ONE, HOLD, NOW)
    cases.release(cases.holds_of(ONE)[0], take=None, approve=True)
    cases.hold(ONE, HOLD, NOW)
    assert cases.word_on(ONE) is None


def test_a_word_on_a_hold_that_is_gone_is_refused(cases: Cases) -> None:
    """Somebody settled it meanwhile."""
    cases.hold(ONE, HOLD, NOW)
    [hold] = cases.holds_of(ONE)
    cases.settle(ONE, set())
    with pytest.raises(ConditionFailedError):
        cases.release(hold, take=Side.CRM, approve=False)


def test_a_pairs_holds_lie_under_its_crm_record(cases: Cases) -> None:
    """Whichever side's row met them."""
    pair = Link("main", "l1", "customer", "1", "7")
    assert hold_key(RecordKey("main", Side.BOOKS, "customer", "7"), pair) == ONE
    assert hold_key(TWO, None) == TWO


def test_a_word_stands_until_it_is_heard(cases: Cases) -> None:
    """The other row of a pair meets the same hold in between; another value, or an answer, ends it."""
    hold = Hold("conflict:website", "differs", "website", "a", "b")
    cases.hold(ONE, hold, NOW)
    [item] = cases.holds_of(ONE)
    cases.release(item, take=Side.CRM, approve=False)
    cases.hold(ONE, hold, NOW, answers=False)
    assert cases.word_on(ONE) is not None
    cases.hold(ONE, replace(hold, crm="c"), NOW, answers=False)
    assert cases.word_on(ONE) is None
    [item] = cases.holds_of(ONE)
    cases.release(item, take=Side.CRM, approve=False)
    cases.hold(ONE, replace(hold, crm="c"), NOW)
    assert cases.word_on(ONE) is None


ASKED = Hold("match:name only", "looks like Acme (7) or Acme Ltd (8) by name only", candidates=("7", "8"))


def test_since_when_the_same_is_held_is_kept_however_often_it_is_met(cases: Cases) -> None:
    """Another value begins anew."""
    times = [NOW + timedelta(minutes=minute) for minute in range(4)]
    assert [cases.hold(ONE, HOLD, time)[1] for time in times[:3]] == [NOW.isoformat()] * 3
    assert cases.holds("main")[0]["since"] == NOW.isoformat()
    assert cases.hold(ONE, replace(HOLD, crm="c"), times[3])[1] == times[3].isoformat()


def test_a_record_knows_once_who_asked_about_it(cases: Cases) -> None:
    """The next hold of those says it anew; a pair asks about nobody."""
    candidate = RecordKey("main", Side.BOOKS, "customer", "7")
    cases.hold(ONE, ASKED, NOW)
    cases.hold(TWO, ASKED, NOW)
    assert sorted(cases.asking(candidate)) == ["1", "2"]
    assert cases.asking(candidate) == []
    cases.hold(ONE, ASKED, NOW, link="L")
    assert cases.asking(candidate) == []


def test_settling_and_replacing_tell_whom_was_asked_about(cases: Cases) -> None:
    """Of every hold that went; of a replaced one those that are named no more."""
    assert cases.hold(ONE, ASKED, NOW)[0] == set()
    assert cases.hold(ONE, replace(ASKED, candidates=("8", "9")), NOW)[0] == {"7"}
    cases.hold(ONE, replace(ASKED, field="email", candidates=("5",)), NOW)
    assert cases.settle(ONE, set()) == {"5", "8", "9"}


def test_an_approval_is_of_its_causes_and_candidates(cases: Cases) -> None:
    """What was shown, and nothing that came later."""
    cases.hold(ONE, ASKED, NOW)
    cases.release(cases.holds("main")[0], take=None, approve=True)
    word = cases.word_on(ONE)
    assert word is not None
    assert (set(word.causes), set(word.candidates)) == ({"match:name only"}, {"7", "8"})


def test_a_case_tells_whose_it_is_what_about_and_since_when(cases: Cases) -> None:
    """Of a hold, and of what stops a connection, which has its sentence too."""
    cases.hold(ONE, HOLD, NOW)
    cases.alert_once("main", "connection stopped", "subject", "in words", NOW)
    told = {
        item["cause"]: (item["connection"], item["at"], item.get("sentence")) for item in cases.cases("main")
    }
    assert told == {
        "differs:website": ("main", NOW.isoformat(), None),
        "connection stopped": ("main", NOW.isoformat(), "in words"),
    }
    assert cases.holds("main")[0]["label"] == ""
