"""The bell and the dead-letter queue on SQS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tandem.adapters.aws.failures import store_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONGEST_DELAY = 900
_MOST_KEYS = 50
_RECEIVED_AT_ONCE = 10


class SqsBell:
    """The ChangeQueue, a standard queue: the group makes it fair between writer groups, it orders nothing.

    A ring is never de-duplicated: a bell that was swallowed would let a pending row wait for the tick.
    """

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def ring(self, group: str, *, keys: Sequence[str] = (), delay: int = 0) -> None:
        """Send one message for a writer group, with the first 50 keys; `delay` is cut to 0-900 s."""
        with store_errors("the bell was not rung"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps({"group": group, "keys": list(keys[:_MOST_KEYS])}),
                MessageGroupId=group,
                DelaySeconds=max(0, min(delay, _LONGEST_DELAY)),
            )


class SqsDeadLetters:
    """The dead-letter queue; a received letter is hidden for the queue's visibility time.

    `wait`: seconds that an empty queue may hold a call; one is enough for SQS to ask all its servers.
    """

    def __init__(self, client: SQSClient, url: str, *, wait: int = 1) -> None:
        self._client = client
        self._url = url
        self._wait = wait

    def send(self, body: Mapping[str, Any]) -> None:
        """Send one letter."""
        with store_errors("the dead letter was not sent"):
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))

    def receive(self, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` letters as (receipt, raw body), in calls of 10, until a call finds none."""
        letters: list[tuple[str, str]] = []
        while len(letters) < limit:
            found = self._receive_once(min(limit - len(letters), _RECEIVED_AT_ONCE))
            if not found:
                break
            letters.extend(found)
        return letters

    def _receive_once(self, most: int) -> list[tuple[str, str]]:
        with store_errors("the dead letters were not received"):
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=most, WaitTimeSeconds=self._wait
            )
        return [(message["ReceiptHandle"], message["Body"]) for message in answer.get("Messages", [])]

    def delete(self, receipt: str) -> None:
        """Delete one letter."""
        with store_errors("the dead letter was not deleted"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
