"""Each contract runs over the adapter in memory and over the real one (on moto)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from tandem.adapters.memory.table import MemoryTable
from tandem.engine.ports import Table
from tests.contracts.aws import create_table, dynamodb_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    """One client for all tests of a module: making one takes longer than a test."""
    with mock_aws():
        yield dynamodb_client()


@pytest.fixture(params=["memory", "aws"])
def table(request: pytest.FixtureRequest) -> Table:
    """An empty table."""
    if request.param == "memory":
        return MemoryTable()
    return create_table(request.getfixturevalue("dynamodb"))
