"""The AWS resources of the template, made in moto's memory."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import boto3

from tandem.adapters.aws.table import DynamoTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_numbers = count(1)
INDEXES = ("due", "waits", "links", "run")


def client(service: str) -> Any:
    """A client that could reach nothing real."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def dynamodb_client() -> DynamoDBClient:
    """A client of DynamoDB on moto."""
    dynamodb: DynamoDBClient = client("dynamodb")
    dynamodb.meta.events.register("after-call.dynamodb.DescribeTable", _add_table_id)
    return dynamodb


def create_table(dynamodb: DynamoDBClient) -> DynamoTable:
    """A new table with the keys and indexes of the template, and the adapter over it, which never sleeps."""
    name = f"State-{next(_numbers)}"
    names = ["pk", "sk", *(f"{index}_{part}" for index in INDEXES for part in ("pk", "sk"))]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_key_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": _key_schema(f"{index}_pk", f"{index}_sk"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in INDEXES
        ],
    )
    return DynamoTable(dynamodb, name, sleep=lambda _: None)


def _add_table_id(parsed: dict[str, Any], **_: Any) -> None:
    """Moto leaves out the TableId that DynamoDB always gives."""
    table = parsed.get("Table", {})
    table.setdefault("TableId", f"{table.get('TableArn')}/{table.get('CreationDateTime')}")


def _key_schema(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
