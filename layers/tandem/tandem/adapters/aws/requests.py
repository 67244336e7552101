"""Each operation as the arguments of its DynamoDB call."""

from __future__ import annotations

from typing import Any

from tandem.adapters.aws.expressions import Expression, has_changes
from tandem.adapters.aws.values import encode, encode_item
from tandem.engine.ports import Delete, Put, Update

Key = tuple[str, str]
Arguments = dict[str, Any]


def key_of(op: Put | Update | Delete) -> Key:
    """The (pk, sk) of the row that an operation is about."""
    return (op.item["pk"], op.item["sk"]) if isinstance(op, Put) else (op.pk, op.sk)


def key_arguments(key: Key) -> Arguments:
    """A row's key in wire form."""
    return {"pk": encode(key[0]), "sk": encode(key[1])}


def write(table: str, op: Put | Update | Delete) -> tuple[str, Arguments]:
    """The kind of a write (Put, Update, Delete, or ConditionCheck for an update without changes) and its arguments.

    A refused condition is asked to answer with the row as it stands.
    """
    expression = Expression()
    arguments: Arguments = {"TableName": table, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if isinstance(op, Put):
        arguments["Item"] = encode_item(op.item)
    else:
        arguments["Key"] = key_arguments((op.pk, op.sk))
    kind = type(op).__name__
    if isinstance(op, Update):
        kind = "Update" if has_changes(op) else "ConditionCheck"
        arguments |= expression.change(op) if has_changes(op) else {}
    return kind, arguments | expression.condition(op.when) | expression.arguments()


def query(
    table: str,
    pk: str,
    index: str | None,
    prefix: str,
    between: tuple[str, str] | None,
    *,
    descending: bool,
) -> Arguments:
    """A query of the table (consistent) or of one index (never consistent)."""
    expression = Expression()
    partition, sort = (f"{index}_pk", f"{index}_sk") if index else ("pk", "sk")
    parts = [f"{expression.name(partition)} = {expression.value(pk)}"]
    if prefix:
        parts.append(f"begins_with({expression.name(sort)}, {expression.value(prefix)})")
    if between:
        parts.append(_range(expression, sort, between))
    where = {"IndexName": index} if index else {"ConsistentRead": True}
    return {
        "TableName": table,
        "KeyConditionExpression": " AND ".join(parts),
        "ScanIndexForward": not descending,
        **where,
        **expression.arguments(),
    }


def _range(expression: Expression, sort: str, between: tuple[str, str]) -> str:
    low, high = between
    if not low:  # DynamoDB refuses an empty text as a bound
        return f"{expression.name(sort)} <= {expression.value(high)}"
    return f"{expression.name(sort)} BETWEEN {expression.value(low)} AND {expression.value(high)}"
