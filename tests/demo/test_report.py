"""What the demo leaves behind: its summary, and the log that it counts from."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest
from rich.console import Console

from local.demo.answer_key import answers
from local.demo.cloud import Cloud
from local.demo.command import Command
from local.demo.plan import make_plan
from local.demo.report import percentile, summary
from local.demo.requests import RequestLog, calls
from local.demo.runner import Runner, Step
from local.demo.sandbox import Sandbox
from local.demo.show import Screen
from local.demo.stage import CheckError, Stage
from local.stack import LocalStack

ROOT = Path(__file__).resolve().parents[2]


def line(
    seq: int, product: str, method: str, path: str, ids: tuple[str, ...] = (), body: object = None
) -> str:
    """One line of the sandbox's log."""
    return json.dumps({
        "time": f"2026-11-23T09:00:{seq:02}.250+00:00", "seq": seq, "product": product, "method": method, "path": path,
        "endpoint": f"{method} {path}", "query": {}, "record_ids": list(ids), "status": 200, "request_body": body,
    })  # fmt: skip


LINES = (
    line(1, "accounts", "POST", "/oauth/v2/token"),
    line(
        2,
        "crm",
        "POST",
        "/crm/v8/coql",
        body={"select_query": "select id from Accounts where Modified_Time >= '2026'"},
    ),
    line(3, "crm", "PUT", "/crm/v8/Accounts/11", ("11",)),
    line(4, "books", "GET", "/books/v3/contacts/22", ("22",)),
    line(5, "books", "PUT", "/books/v3/contacts/contactpersons/33", ("22", "33")),
)


@pytest.fixture
def log(tmp_path: Path) -> RequestLog:
    """A log of five calls."""
    path = tmp_path / "requests.jsonl"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return RequestLog(path)


@pytest.fixture
def stage(log: RequestLog, tmp_path: Path) -> Stage:
    """A stage on which nothing runs."""
    plan = make_plan(1)
    sandbox = Sandbox(ROOT, log=log.path, seed=1)
    return Stage(
        plan,
        answers(plan),
        sandbox,
        Cloud(LocalStack(ROOT, tmp_path)),
        Command({}),
        log,
        lambda _kind, _text: None,
    )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner that prints nowhere."""
    return Runner(Screen(Console(file=io.StringIO())), tmp_path / "errors.log")


def test_a_write_is_what_would_change_a_record(log: RequestLog) -> None:
    """A query by POST and a token are none."""
    assert [request.seq for request in log.writes()] == [3, 5]
    assert [request.seq for request in log.all() if request.is_feed] == [2]
    assert calls(log.all()) == {"crm": 2, "books": 2}


def test_a_write_of_a_person_is_none_of_its_customer(log: RequestLog) -> None:
    """Though the sandbox names both."""
    assert log.write_of("22", 0) is None
    assert (found := log.write_of("33", 0)) is not None
    assert found.seq == 5
    assert found.at % 1 == pytest.approx(0.25)


def test_the_log_is_read_as_it_grows(log: RequestLog) -> None:
    """A line that is not finished yet waits for its end."""
    assert log.last == 5
    with log.path.open("a", encoding="utf-8") as file:
        text = line(6, "crm", "GET", "/crm/v8/Accounts")
        file.write(text[:30])
        file.flush()
        assert log.last == 5
        file.write(text[30:] + "\n")
    assert log.last == 6


def test_the_summary_has_its_shape(runner: Runner, stage: Stage) -> None:
    """Exactly as issue 2 names it; milliseconds are whole numbers."""
    stage.latency = {"crm_to_books": [0.1, 0.2, 0.3], "books_to_crm": [0.5]}
    stage.changes = 4
    runner.run(stage, [Step("one", "one", lambda _: None)])
    told = summary(runner, stage)
    assert list(told) == ["ok", "steps", "latency_ms", "calls", "changes"]
    assert told["ok"] is True
    assert [set(step) for step in told["steps"]] == [{"name", "ok", "seconds"}]
    assert told["latency_ms"] == {
        "crm_to_books": {"p50": 200, "p99": 300},
        "books_to_crm": {"p50": 500, "p99": 500},
    }
    assert (told["calls"], told["changes"]) == ({"crm": 2, "books": 2}, 4)
    json.dumps(told)


def test_a_demo_that_did_not_start_is_not_ok(runner: Runner) -> None:
    """Its figures are null."""
    told = summary(runner, None)
    assert told["ok"] is False
    assert told["latency_ms"]["crm_to_books"] == {"p50": None, "p99": None}


def test_a_step_fails_by_a_check_or_an_error_and_the_next_one_runs(runner: Runner, stage: Stage) -> None:
    """Nothing is swallowed."""

    def checks(here: Stage) -> None:
        here.check(False, "the sky is green")
        here.check(True, "grass is")

    def raises(_: Stage) -> None:
        raise CheckError("never came")

    runner.run(stage, [Step("a", "a", checks), Step("b", "b", raises), Step("c", "c", lambda _: None)])
    assert [(result.name, result.ok) for result in runner.results] == [
        ("a", False),
        ("b", False),
        ("c", True),
    ]
    assert runner.results[0].failures == ("the sky is green",)
    assert not runner.ok


def test_waiting_ends_with_what_did_not_come(stage: Stage) -> None:
    """After its patience, by name."""
    started = time.monotonic()
    with pytest.raises(CheckError, match="the bus: not within 0 s"):
        stage.wait("the bus", lambda: None, patience=0.1)
    assert time.monotonic() - started < 5
    assert stage.wait("a number", lambda: 7) == 7


def test_a_percentile_is_a_value_that_was_seen() -> None:
    """The smallest that the share does not exceed."""
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([3.0], 0.99)) == (50, 99, 3)
