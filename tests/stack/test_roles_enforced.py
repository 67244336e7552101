"""Roles as the local AWS enforces them: each is tried, what it needs and what it must not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import LocalStack

GIVEN_BACK = {"VisibilityTimeout": 0}
KEY = {"pk": {"S": "probe"}, "sk": {"S": "probe"}}

Clients = Callable[[str], Any]
Outputs = dict[str, str]


def query(clients: Clients, outputs: Outputs, index: str) -> None:
    """Ask an index of the State table."""
    clients("dynamodb").query(
        TableName=outputs["StateTableName"],
        IndexName=index,
        KeyConditionExpression=f"{index}_pk = :p",
        ExpressionAttributeValues={":p": {"S": "probe"}},
    )


DEEDS: dict[str, Callable[[Clients, Outputs], Any]] = {
    "get State": lambda c, o: c("dynamodb").get_item(TableName=o["StateTableName"], Key=KEY),
    "put State": lambda c, o: c("dynamodb").put_item(TableName=o["StateTableName"], Item=KEY),
    "update State": lambda c, o: c("dynamodb").update_item(TableName=o["StateTableName"], Key=KEY),
    "delete State": lambda c, o: c("dynamodb").delete_item(TableName=o["StateTableName"], Key=KEY),
    "transact State": lambda c, o: c("dynamodb").transact_write_items(
        TransactItems=[{"Put": {"TableName": o["StateTableName"], "Item": KEY}}]
    ),
    "scan State": lambda c, o: c("dynamodb").scan(TableName=o["StateTableName"]),
    "describe State": lambda c, o: c("dynamodb").describe_table(TableName=o["StateTableName"]),
    "find due": lambda c, o: query(c, o, "due"),
    "find waits": lambda c, o: query(c, o, "waits"),
    "find links": lambda c, o: query(c, o, "links"),
    "put History": lambda c, o: c("dynamodb").put_item(TableName=o["HistoryTableName"], Item=KEY),
    "get History": lambda c, o: c("dynamodb").get_item(TableName=o["HistoryTableName"], Key=KEY),
    "update History": lambda c, o: c("dynamodb").update_item(TableName=o["HistoryTableName"], Key=KEY),
    "delete History": lambda c, o: c("dynamodb").delete_item(TableName=o["HistoryTableName"], Key=KEY),
    "send letter": lambda c, o: c("sqs").send_message(QueueUrl=o["DeadLetterQueueUrl"], MessageBody="{}"),
    "take letter": lambda c, o: c("sqs").receive_message(QueueUrl=o["DeadLetterQueueUrl"], **GIVEN_BACK),
    "take bell": lambda c, o: c("sqs").receive_message(QueueUrl=o["ChangeQueueUrl"], **GIVEN_BACK),
    "read OAuth": lambda c, o: c("secretsmanager").get_secret_value(SecretId=o["OAuthSecretArn"]),
    "write OAuth": lambda c, o: c("secretsmanager").put_secret_value(
        SecretId=o["OAuthSecretArn"], SecretString="{}"
    ),
    "read webhook secret": lambda c, o: c("secretsmanager").get_secret_value(SecretId=o["WebhookSecretArn"]),
    "alert": lambda c, o: c("sns").publish(TopicArn=o["AlertTopicArn"], Message="A probe of the tests."),
}

WRITER = {
    *("get State", "put State", "update State", "delete State", "transact State", "describe State"),
    *("find due", "find waits", "find links", "put History", "read OAuth", "alert"),
}
ALLOWED = {
    "ReceiveWebhook": {"get State", "update State", "read webhook secret"},
    "SyncChanges": {*WRITER, "send letter", "take bell"},
    "Reconcile": WRITER,
    "RetryDeadLetters": {
        *("get State", "put State", "update State", "delete State", "put History", "take letter", "alert"),
        "transact State",  # a transaction of puts needs the right to put and nothing else
    },
}


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_can_do_what_it_needs_and_is_refused_the_rest(stack: LocalStack, function: str) -> None:
    """History can be put and never read or changed; each secret has its readers; nobody scans."""
    name = stack.outputs[f"{function}FunctionName"]
    role = stack.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    clients = acting_as(stack, role)
    done = {deed for deed, act in DEEDS.items() if is_allowed(act, clients, stack.outputs)}
    assert done == ALLOWED[function]


def acting_as(stack: LocalStack, role: str) -> Clients:
    """Clients with the rights of `role`."""
    keys = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")["Credentials"]
    session = boto3.session.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
    )
    return lambda service: session.client(service, endpoint_url=stack.endpoint)  # type: ignore[call-overload]


def is_allowed(act: Callable[[Clients, Outputs], Any], clients: Clients, outputs: Outputs) -> bool:
    """Whether `act` passes; any refusal but one of rights is a fault of the test."""
    try:
        act(clients, outputs)
    except ClientError as error:
        if "not authorized" not in str(error):
            raise
        return False
    return True
