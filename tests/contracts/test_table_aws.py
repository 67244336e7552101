"""What only DynamoDB does: busy rows, rows left unprocessed, answers without the row, failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from tandem.adapters.aws.table import PAUSES, DynamoTable
from tandem.core.errors import ConditionFailedError, TableUnavailableError
from tandem.engine.ports import Put, Update, When
from tests.contracts.aws import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Act = Callable[[DynamoTable], object]
ITEM = {"pk": "p", "sk": "1"}
ABSENT = Put(ITEM, (When("pk", "absent"),))


def failure(code: str, status: int = 400, **more: Any) -> ClientError:
    """What botocore raises for an answer with this code."""
    answer: Any = {
        "Error": {"Code": code, "Message": "m"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(answer, "Op")


class Faulty:
    """A real client whose calls first meet the planted answers: an error to raise or a function to apply."""

    def __init__(self, inner: Any, *planted: Exception | Callable[..., Any]) -> None:
        self._inner = inner
        self._planted = list(planted)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, verb: str) -> Any:
        def call(**asked: Any) -> Any:
            self.calls.append((verb, asked))
            planted = self._planted.pop(0) if self._planted else None
            if isinstance(planted, Exception):
                raise planted
            real = getattr(self._inner, verb)
            return planted(real, asked) if planted else real(**asked)

        return call


def leave_half(real: Any, asked: dict[str, Any]) -> Any:
    """Process the first half of a batch and hand back the rest, as a throttled table does."""
    ((name, batch),) = asked["RequestItems"].items()
    rows = batch["Keys"] if isinstance(batch, dict) else batch
    half = len(rows) // 2
    wrap = (lambda part: {**batch, "Keys": part}) if isinstance(batch, dict) else (lambda part: part)
    answer = real(RequestItems={name: wrap(rows[:half])})
    return {
        **answer,
        "UnprocessedKeys": {name: wrap(rows[half:])},
        "UnprocessedItems": {name: wrap(rows[half:])},
    }


def rows_of(asked: dict[str, Any]) -> Any:
    """What a batch call asked of its one table."""
    (batch,) = asked["RequestItems"].values()
    return batch


def leave_all(_: Any, asked: dict[str, Any]) -> Any:
    """Process nothing."""
    return {
        "Responses": {},
        "UnprocessedKeys": asked["RequestItems"],
        "UnprocessedItems": asked["RequestItems"],
    }


class Bench:
    """An existing table, reached through planted faults; `slept` are the pauses made."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self.real = dynamodb
        self.table = create_table(dynamodb)
        self.slept: list[float] = []

    def faulty(self, *planted: Exception | Callable[..., Any]) -> tuple[DynamoTable, Faulty]:
        """The adapter over a client with faults, and that client."""
        faulty = Faulty(self.real, *planted)
        return DynamoTable(faulty, self.table.name, sleep=self.slept.append), faulty  # type: ignore[arg-type]


@pytest.fixture
def bench(dynamodb: DynamoDBClient) -> Bench:
    """A fresh table."""
    return Bench(dynamodb)


class TestUnprocessed:
    def test_rows_left_unread_are_asked_for_again(self, bench: Bench) -> None:
        """Only those, and after a pause."""
        rows = [{"pk": "p", "sk": str(n)} for n in range(10)]
        bench.table.put_many(rows)
        table, faulty = bench.faulty(leave_half, leave_half)
        assert list(table.get_many([("p", str(n)) for n in range(10)]).values()) == rows
        asked = [len(rows_of(call)["Keys"]) for _, call in faulty.calls]
        assert asked == [10, 5, 3]
        assert all(rows_of(call)["ConsistentRead"] for _, call in faulty.calls)
        assert len(bench.slept) == 2

    def test_rows_left_unwritten_are_written_again(self, bench: Bench) -> None:
        """Nothing is lost in a busy minute."""
        rows = [{"pk": "p", "sk": str(n)} for n in range(10)]
        table, faulty = bench.faulty(leave_half, leave_half)
        table.put_many(rows)
        assert bench.table.query("p") == rows
        assert [len(rows_of(call)) for _, call in faulty.calls] == [10, 5, 3]

    def test_patience_ends(self, bench: Bench) -> None:
        """A table that processes nothing is out of reach."""
        acts: list[Act] = [lambda table: table.get_many([("p", "1")]), lambda table: table.put_many([ITEM])]
        for act in acts:
            table, _ = bench.faulty(*[leave_all] * 9)
            bench.slept.clear()
            with pytest.raises(TableUnavailableError, match="unprocessed"):
                act(table)
            assert len(bench.slept) == len(PAUSES)

    def test_pauses_grow_with_jitter(self, bench: Bench) -> None:
        """Each is between half and the whole of its value."""
        table, _ = bench.faulty(*[leave_all] * 9)
        with pytest.raises(TableUnavailableError):
            table.put_many([ITEM])
        assert all(full / 2 <= slept <= full for full, slept in zip(PAUSES, bench.slept, strict=True))


class TestBusyRows:
    @pytest.mark.parametrize(
        "busy",
        [
            failure("TransactionConflictException"),
            failure("TransactionInProgressException"),
            failure(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}],
            ),
            failure("TransactionCanceledException", CancellationReasons=[{"Code": "ThrottlingError"}]),
        ],
    )
    def test_a_busy_row_is_tried_again(self, bench: Bench, busy: ClientError) -> None:
        """Another transaction holds it for milliseconds."""
        table, _ = bench.faulty(busy, busy)
        table.transact([Put(ITEM)])
        assert bench.table.get("p", "1") == ITEM
        assert len(bench.slept) == 2

    def test_patience_with_a_busy_row_ends(self, bench: Bench) -> None:
        """It is a passing fault of the table then."""
        table, _ = bench.faulty(*[failure("TransactionConflictException")] * 9)
        with pytest.raises(TableUnavailableError):
            table.update(Update("p", "1", add={"n": 1}))
        assert len(bench.slept) == len(PAUSES)
        assert bench.table.get("p", "1") is None

    def test_a_false_condition_beside_a_busy_row_is_a_lost_race(self, bench: Bench) -> None:
        """It is not tried again."""
        reasons = [
            {"Code": "TransactionConflict"},
            {"Code": "ConditionalCheckFailed", "Item": {"n": {"N": "1"}}},
        ]
        table, _ = bench.faulty(failure("TransactionCanceledException", CancellationReasons=reasons))
        with pytest.raises(ConditionFailedError) as caught:
            table.transact([Put({"pk": "p", "sk": "2"}), ABSENT])
        assert caught.value.item == {"n": 1}
        assert bench.slept == []


class TestFailures:
    @pytest.mark.parametrize(
        "error",
        [
            failure("ProvisionedThroughputExceededException"),
            failure("ThrottlingException"),
            failure("RequestLimitExceeded"),
            failure("InternalServerError", 500),
            failure("ServiceUnavailable", 503),
            failure("ExpiredTokenException"),
            EndpointConnectionError(endpoint_url="here"),
        ],
    )
    def test_what_time_may_heal_is_an_unavailable_table(self, bench: Bench, error: Exception) -> None:
        """For every verb, without a try of our own: the client has made its own."""
        acts: list[Act] = [
            lambda table: table.get("p", "1"),
            lambda table: table.get_many([("p", "1")]),
            lambda table: table.put(Put(ITEM)),
            lambda table: table.put_many([ITEM]),
            lambda table: table.transact([Put(ITEM)]),
            lambda table: table.query("p"),
            lambda table: table.table_id(),
        ]
        for act in acts:
            table, faulty = bench.faulty(error)
            with pytest.raises(TableUnavailableError):
                act(table)
            assert len(faulty.calls) == 1

    @pytest.mark.parametrize(
        "error",
        [
            failure("ValidationException"),
            failure("TransactionCanceledException", CancellationReasons=[{"Code": "ValidationError"}]),
            ParamValidationError(report="bad"),
        ],
    )
    def test_a_malformed_call_is_our_bug(self, bench: Bench, error: Exception) -> None:
        """Time does not heal it."""
        table, _ = bench.faulty(error)
        with pytest.raises(ValueError, match=r"."):
            table.transact([Put(ITEM)])


class TestRefusals:
    def test_a_refusal_costs_no_second_call(self, bench: Bench) -> None:
        """The row comes with the answer."""
        bench.table.put(Put({**ITEM, "n": 1}))
        table, faulty = bench.faulty()
        with pytest.raises(ConditionFailedError) as caught:
            table.update(Update("p", "1", add={"n": 1}, when=(When("n", "eq", 2),)))
        assert caught.value.item == {**ITEM, "n": 1}
        assert [verb for verb, _ in faulty.calls] == ["update_item"]

    @pytest.mark.parametrize(
        ("bare", "act"),
        [
            (failure("ConditionalCheckFailedException"), lambda table: table.put(ABSENT)),
            (
                failure(
                    "TransactionCanceledException", CancellationReasons=[{"Code": "ConditionalCheckFailed"}]
                ),
                lambda table: table.transact([ABSENT]),
            ),
        ],
    )
    def test_an_answer_without_the_row_is_completed_by_a_read(
        self, bench: Bench, bare: ClientError, act: Act
    ) -> None:
        """Consistently, so that the caller can always decide on it."""
        bench.table.put(Put({**ITEM, "n": 1}))
        table, faulty = bench.faulty(bare)
        with pytest.raises(ConditionFailedError) as caught:
            act(table)
        assert caught.value.item == {**ITEM, "n": 1}
        assert faulty.calls[1][1]["ConsistentRead"] is True

    def test_the_table_id_is_asked_once(self, bench: Bench) -> None:
        """It cannot change under a running function."""
        table, faulty = bench.faulty()
        assert table.table_id() == table.table_id()
        assert len(faulty.calls) == 1

    def test_reads_are_consistent_where_they_can_be(self, bench: Bench) -> None:
        """The table unless told otherwise; an index never."""
        table, faulty = bench.faulty()
        table.get("p", "1")
        table.get("p", "1", consistent=False)
        table.query("p")
        table.query("p", index="due")
        assert [call.get("ConsistentRead") for _, call in faulty.calls] == [True, False, True, None]
