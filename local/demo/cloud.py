"""The local AWS as the demo uses it: invokes, looks into queues and rows, hears alerts. Never decides anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from local.stack import LocalStack

CONNECTION = "main"


@dataclass(slots=True)
class Cloud:
    """One deployed stack."""

    stack: LocalStack
    _alerts: str = ""
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of one AWS service."""
        if service not in self._clients:
            self._clients[service] = self.stack.client(service)
        return self._clients[service]

    def invoke(self, function: str) -> dict[str, Any]:
        """Call a deployed function now, by its output's name; raises when it failed."""
        name = self.stack.outputs[f"{function}FunctionName"]
        answer = self.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        payload = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            raise RuntimeError(f"{function} failed: {payload}")
        return dict(payload or {})

    def tick(self) -> dict[str, Any]:
        """The minute's tick, now."""
        return self.invoke("Reconcile")

    def subscribe(self) -> None:
        """Hear the alerts from now on, over a queue of our own."""
        sqs, topic = self.client("sqs"), self.stack.outputs["AlertTopicArn"]
        self._alerts = sqs.create_queue(QueueName="demo-alerts")["QueueUrl"]
        names = ["QueueArn"]
        arn = sqs.get_queue_attributes(QueueUrl=self._alerts, AttributeNames=names)["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._alerts, Attributes={"Policy": policy})
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def alerts(self) -> list[dict[str, str]]:
        """The alerts that came since the last look: subject and message."""
        sqs, found = self.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self._alerts, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                found.append({"subject": body.get("Subject") or "", "message": body.get("Message") or ""})
                sqs.delete_message(QueueUrl=self._alerts, ReceiptHandle=message["ReceiptHandle"])
        return found

    def depth(self, queue: str) -> int:
        """Messages of a queue, those in work included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.outputs[f"{queue}Url"], AttributeNames=names
        )
        return sum(int(answer["Attributes"][name]) for name in names)

    def due(self, within: float = 0) -> list[str]:
        """Records that are pending and due by now, or within some seconds."""
        until = (datetime.now(UTC) + timedelta(seconds=within)).isoformat()
        rows = self._query("due", CONNECTION)
        found = (row["due_sk"]["S"].split("#", 2) for row in rows)
        return [key for _, due, key in found if due <= until]

    def forget_cursors(self) -> int:
        """Delete our place in every feed, as if none had ever been read."""
        rows = self.client("dynamodb").query(
            TableName=self.stack.outputs["StateTableName"],
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": f"CUR#{CONNECTION}"}},
        )["Items"]
        for row in rows:
            key = {"pk": row["pk"], "sk": row["sk"]}
            self.client("dynamodb").delete_item(TableName=self.stack.outputs["StateTableName"], Key=key)
        return len(rows)

    def schedules(self) -> list[str]:
        """The expressions of the deployed schedules."""
        found = self.client("scheduler").list_schedules()["Schedules"]
        return [
            self.client("scheduler").get_schedule(Name=one["Name"])["ScheduleExpression"] for one in found
        ]

    def _query(self, index: str, value: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client("dynamodb").query(
            TableName=self.stack.outputs["StateTableName"],
            IndexName=index,
            KeyConditionExpression=f"{index}_pk = :p",
            ExpressionAttributeValues={":p": {"S": value}},
        )["Items"]
        return items
