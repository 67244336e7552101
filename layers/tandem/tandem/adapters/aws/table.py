"""`Table` on DynamoDB."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from botocore.exceptions import ClientError

from tandem.adapters.aws import requests
from tandem.adapters.aws.expressions import has_changes
from tandem.adapters.aws.failures import ContendedError, first_refused, table_errors
from tandem.adapters.aws.requests import Arguments, Key, key_arguments, key_of
from tandem.adapters.aws.values import decode_item, encode_item
from tandem.core.errors import ConditionFailedError, TableUnavailableError
from tandem.engine.ports import Delete, Item, Put, Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_READS, _WRITES, _TRANSACTION = 100, 25, 100
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds, each cut by up to half, before another try at rows that were busy or left unprocessed."""

_T = TypeVar("_T")


class DynamoTable:
    """One table by its name, over a client that the caller made (its time-outs and retries hold).

    A write that timed out raises `TableUnavailableError` and may have happened all the same. A malformed
    operation (a bad key, a number added to a text) is our bug and raises ValueError or TypeError.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        *,
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self.name = name
        self._pauses = pauses
        self._sleep = sleep
        self._table_id = ""

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
        """One row, or None."""
        with table_errors():
            key = key_arguments((pk, sk))
            answer = self._client.get_item(TableName=self.name, Key=key, ConsistentRead=consistent)
        return decode_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """Many rows by (pk, sk) in calls of 100, consistently read; a key named twice is read once."""
        found: dict[Key, Item] = {}
        for chunk in _chunks(dict.fromkeys(keys), _READS):
            asked = [key_arguments(key) for key in chunk]
            for row in self._read_chunk(asked):
                found[row["pk"], row["sk"]] = row
        return {key: found[key] for key in keys if key in found}

    def put(self, op: Put) -> None:
        """Put one row."""
        self._write(self._client.put_item, op)

    def update(self, op: Update) -> Item:
        """Update one row and return it as it then stands."""
        if not has_changes(op):
            raise ValueError("an update must change something; only a transaction takes a mere check")
        answer = self._write(self._client.update_item, op, ReturnValues="ALL_NEW")
        return decode_item(answer["Attributes"])

    def delete(self, op: Delete) -> None:
        """Delete one row."""
        self._write(self._client.delete_item, op)

    def transact(self, ops: Sequence[Put | Update | Delete]) -> None:
        """All or none of up to 100 operations on distinct rows.

        An `Update` that changes nothing only checks its conditions. The error of a refused condition
        carries the first row that was not as expected.
        """
        _check_transaction(ops)
        if not ops:
            return
        asked: Any = [dict([requests.write(self.name, op)]) for op in ops]
        try:
            self._patiently(lambda: self._client.transact_write_items(TransactItems=asked))
        except ClientError as error:
            refused, row = first_refused(error)
            self._refuse(key_of(ops[refused]), row, error)

    def put_many(self, items: Sequence[Item]) -> None:
        """Unconditional puts in calls of 25; of two items with one key the later stays."""
        latest = {(item["pk"], item["sk"]): encode_item(item) for item in items}
        for chunk in _chunks(latest.values(), _WRITES):
            self._write_chunk([{"PutRequest": {"Item": item}} for item in chunk])

    def query(
        self,
        pk: str,
        *,
        index: Literal["due", "waits", "links", "run"] | None = None,
        prefix: str = "",
        between: tuple[str, str] | None = None,
        limit: int | None = None,
        descending: bool = False,
    ) -> list[Item]:
        """Rows of one partition in sort-key order; the table is read consistently, an index cannot be."""
        if prefix and between:
            raise ValueError("a query takes a prefix or a range, not both")
        if limit == 0 or (between and (between[0] > between[1] or not between[1])):
            return []
        asked = requests.query(self.name, pk, index, prefix, between, descending=descending)
        return list(islice(self._pages(asked, limit), limit))

    def table_id(self) -> str:
        """The table's own id (DescribeTable TableId), asked once."""
        if not self._table_id:
            with table_errors():
                self._table_id = self._client.describe_table(TableName=self.name)["Table"]["TableId"]
        return self._table_id

    def _write(self, verb: Callable[..., Any], op: Put | Update | Delete, **more: str) -> dict[str, Any]:
        _, arguments = requests.write(self.name, op)
        try:
            answer: dict[str, Any] = self._patiently(lambda: verb(**arguments, **more))
        except ClientError as error:
            self._refuse(key_of(op), error.response.get("Item"), error)
        return answer

    def _refuse(self, key: Key, wire: Any, cause: ClientError) -> NoReturn:
        """Raise for a false condition, with the row as it stands (read again where the answer lacks it)."""
        error = ConditionFailedError(f"{key[0]} / {key[1]} is not as expected")
        error.item = decode_item(wire) if wire else self.get(*key)
        raise error from cause

    def _patiently(self, attempt: Callable[[], _T]) -> _T:
        for pause in self._pauses:
            try:
                with table_errors():
                    return attempt()
            except ContendedError:
                self._pause(pause)
        with table_errors():
            return attempt()

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret

    def _read_chunk(self, keys: list[Arguments]) -> Iterator[Item]:
        asked: Any = {"Keys": keys, "ConsistentRead": True}
        pauses = iter(self._pauses)
        while asked:
            with table_errors():
                answer = self._client.batch_get_item(RequestItems={self.name: asked})
            yield from map(decode_item, answer["Responses"].get(self.name, []))
            left: Any = answer.get("UnprocessedKeys", {}).get(self.name)
            self._await_progress(pauses, left and left["Keys"], asked["Keys"])
            asked = left

    def _write_chunk(self, asked: Any) -> None:
        pauses = iter(self._pauses)
        while asked:
            with table_errors():
                answer = self._client.batch_write_item(RequestItems={self.name: asked})
            left: Any = answer.get("UnprocessedItems", {}).get(self.name, [])
            self._await_progress(pauses, left, asked)
            asked = left

    def _await_progress(self, pauses: Iterator[float], left: Any, asked: Any) -> None:
        if not left:
            return
        pause = next(pauses, None)
        if pause is None:
            raise TableUnavailableError(f"{len(left)} of {len(asked)} rows were left unprocessed")
        self._pause(pause)

    def _pages(self, asked: Arguments, limit: int | None) -> Iterator[Item]:
        more: Arguments = {} if limit is None else {"Limit": limit}
        while True:
            with table_errors():
                page = self._client.query(**asked, **more)
            yield from map(decode_item, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            more["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _check_transaction(ops: Sequence[Put | Update | Delete]) -> None:
    if len(ops) > _TRANSACTION or len({key_of(op) for op in ops}) < len(ops):
        raise ValueError(f"a transaction has up to {_TRANSACTION} operations on distinct rows")
    if any(isinstance(op, Update) and not has_changes(op) and not op.when for op in ops):
        raise ValueError("an update in a transaction must change or check something")


def _chunks(whole: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(whole)
    while chunk := list(islice(rest, size)):
        yield chunk
