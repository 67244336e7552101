"""The contracts of `Bell` and `DeadLetters`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from tandem.adapters.aws.queues import SqsBell, SqsDeadLetters
from tandem.adapters.memory.clock import ManualClock
from tandem.adapters.memory.queues import MemoryBell, MemoryDeadLetters
from tandem.core.errors import StoreError
from tandem.engine.ports import Bell, DeadLetters
from tests.contracts.aws import client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

Bodies = Callable[[], list[Any]]


@pytest.fixture(scope="module")
def sqs() -> Iterator[SQSClient]:
    """A client of SQS on moto."""
    with mock_aws():
        yield client("sqs")


@pytest.fixture
def url(sqs: SQSClient, request: pytest.FixtureRequest) -> Iterator[str]:
    """A standard queue."""
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture(params=["memory", "aws"])
def bell(request: pytest.FixtureRequest) -> tuple[Bell, Bodies]:
    """A bell, and how to receive what it rang."""
    if request.param == "memory":
        memory = MemoryBell(ManualClock(datetime(2026, 11, 23, tzinfo=UTC)))
        return memory, lambda: [json.loads(ring.body) for ring in memory.take()]
    sqs, url = request.getfixturevalue("sqs"), request.getfixturevalue("url")
    return SqsBell(sqs, url), lambda: [json.loads(message["Body"]) for message in receive(sqs, url)]


def receive(sqs: SQSClient, url: str) -> list[Any]:
    """Up to ten messages."""
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
    return list(answer.get("Messages", []))


class TestBellContract:
    def test_a_ring_names_its_group_and_keys(self, bell: tuple[Bell, Bodies]) -> None:
        """The body is what `sync_changes` parses."""
        bell[0].ring("g", keys=("c/crm/customer/1", "c/books/customer/2"))
        assert bell[1]() == [{"group": "g", "keys": ["c/crm/customer/1", "c/books/customer/2"]}]

    def test_a_ring_needs_no_keys(self, bell: tuple[Bell, Bodies]) -> None:
        """The tick only wakes."""
        bell[0].ring("g")
        assert bell[1]() == [{"group": "g", "keys": []}]

    def test_equal_rings_are_two_messages(self, bell: tuple[Bell, Bodies]) -> None:
        """Nothing is de-duplicated: the rows coalesce, not the messages."""
        bell[0].ring("g")
        bell[0].ring("g")
        assert len(bell[1]()) == 2

    def test_a_delayed_ring_is_not_there_yet(self, bell: tuple[Bell, Bodies]) -> None:
        """As long as the delay runs."""
        bell[0].ring("g", delay=15)
        assert bell[1]() == []

    def test_at_most_fifty_keys_travel(self, bell: tuple[Bell, Bodies]) -> None:
        """Keys only save a look at the index; the rows are pending all the same."""
        bell[0].ring("g", keys=[str(n) for n in range(60)])
        assert bell[1]()[0]["keys"] == [str(n) for n in range(50)]


class TestBells:
    def test_the_bell_in_memory_follows_its_clock(self) -> None:
        """A ring is handed out once, when its delay is over; `rung` keeps all."""
        clock = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
        bell = MemoryBell(clock)
        bell.ring("g", delay=15)
        bell.ring("h", delay=9999)
        clock.advance(15)
        assert [ring.group for ring in bell.take()] == ["g"]
        assert bell.take() == []
        clock.advance(885)
        assert [ring.group for ring in bell.take()] == ["h"]
        assert [ring.delay for ring in bell.rung] == [15, 900]

    def test_the_group_makes_a_standard_queue_fair(self, sqs: SQSClient) -> None:
        """`MessageGroupId` is sent and a de-duplication id never; the delay is cut to what SQS takes."""
        with Stubber(sqs) as stub:
            for delay, sent in ((-1, 0), (45, 45), (9999, 900)):
                expected = {"QueueUrl": "u", "MessageBody": ANY, "MessageGroupId": "g", "DelaySeconds": sent}
                stub.add_response("send_message", {}, expected)
                SqsBell(sqs, "u").ring("g", delay=delay)
            stub.assert_no_pending_responses()

    def test_a_failing_queue_is_a_store_error(self, sqs: SQSClient) -> None:
        """It names what was not done."""
        with pytest.raises(StoreError, match="the bell was not rung"):
            SqsBell(sqs, "https://sqs.eu-central-1.amazonaws.com/123456789012/nowhere").ring("g")


@pytest.fixture(params=["memory", "aws"])
def letters(request: pytest.FixtureRequest) -> tuple[DeadLetters, Callable[[str], object]]:
    """A dead-letter queue, and how a message that another queue gave up on gets there."""
    if request.param == "memory":
        memory = MemoryDeadLetters()
        return memory, memory.send_raw
    sqs, url = request.getfixturevalue("sqs"), request.getfixturevalue("url")
    return SqsDeadLetters(sqs, url, wait=0), lambda body: sqs.send_message(QueueUrl=url, MessageBody=body)


class TestDeadLettersContract:
    def test_a_letter_comes_back_as_json(self, letters: tuple[DeadLetters, Any]) -> None:
        """Row key, class and sentence."""
        letter = {"row": "c/crm/customer/1", "error": "TransientError", "says": "502 – später"}
        letters[0].send(letter)
        ((_, body),) = letters[0].receive(10)
        assert json.loads(body) == letter

    def test_an_unreadable_letter_comes_as_it_is(self, letters: tuple[DeadLetters, Any]) -> None:
        """The caller opens a case for it; the adapter never chokes on it."""
        letters[1]("{not json")
        assert [body for _, body in letters[0].receive(1)] == ["{not json"]

    def test_a_received_letter_is_hidden(self, letters: tuple[DeadLetters, Any]) -> None:
        """Nobody else takes it meanwhile."""
        letters[0].send({"n": 1})
        assert len(letters[0].receive(10)) == 1
        assert letters[0].receive(10) == []

    def test_a_deleted_letter_is_gone(self, letters: tuple[DeadLetters, Any]) -> None:
        """By its receipt, and only that one."""
        letters[0].send({"n": 1})
        letters[0].send({"n": 2})
        first, second = letters[0].receive(10)
        letters[0].delete(first[0])
        assert first != second
        assert letters[0].receive(10) == []

    def test_a_limit_beyond_one_call_is_kept(self, letters: tuple[DeadLetters, Any]) -> None:
        """SQS gives ten a call; the limit is the caller's."""
        for n in range(25):
            letters[0].send({"n": n})
        taken = [*letters[0].receive(13), *letters[0].receive(0), *letters[0].receive(99)]
        assert sorted(json.loads(body)["n"] for _, body in taken) == list(range(25))
        assert len({receipt for receipt, _ in taken}) == 25

    def test_an_empty_queue_has_no_letters(self, letters: tuple[DeadLetters, Any]) -> None:
        """Nothing is waited for."""
        assert letters[0].receive(10) == []


class TestMemoryDeadLetters:
    def test_a_letter_not_deleted_is_shown_again(self) -> None:
        """When its visibility time is over."""
        letters = MemoryDeadLetters()
        letters.send({"n": 1})
        letters.send({"n": 2})
        letters.delete(letters.receive(1)[0][0])
        letters.receive(1)
        letters.show_again()
        assert [body for _, body in letters.receive(10)] == letters.bodies == ['{"n": 2}']
