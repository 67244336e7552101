"""Conditions and updates as DynamoDB expressions; every attribute goes by a placeholder (names are often reserved)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tandem.adapters.aws.values import encode
from tandem.engine.ports import Update, When

_SIGNS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ORDERED_TYPES = ("S", "N")


class Expression:
    """Collects the placeholders of one request."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, Any]] = {}

    def name(self, attribute: str) -> str:
        """The placeholder of an attribute, the same for each use."""
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def value(self, value: Any) -> str:
        """A new placeholder for a value."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = encode(value)
        return placeholder

    def arguments(self) -> dict[str, Any]:
        """What a request needs beside its expressions; DynamoDB refuses empty mappings."""
        names = {placeholder: attribute for attribute, placeholder in self._names.items()}
        named = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": self._values}
        return {key: mapping for key, mapping in named.items() if mapping}

    def condition(self, conditions: Sequence[When]) -> dict[str, str]:
        """The `ConditionExpression` that all conditions make together, if there are any."""
        if not conditions:
            return {}
        return {"ConditionExpression": " AND ".join(self._single(when) for when in conditions)}

    def _single(self, when: When) -> str:
        name = self.name(when.attr)
        holds = self._holds(when, name)
        return f"(attribute_not_exists({name}) OR {holds})" if when.or_absent else holds

    def _holds(self, when: When, name: str) -> str:
        """One condition; DynamoDB calls `<>` true of a missing attribute, so presence is always asked for too."""
        if when.op == "exists":
            return f"attribute_exists({name})"
        if when.op == "absent":
            return f"attribute_not_exists({name})"
        present, right = f"attribute_exists({name})", self._right(when)
        if when.other is not None:
            present += f" AND attribute_exists({right})"
        return f"({present} AND {name} {_SIGNS[when.op]} {right})"

    def _right(self, when: When) -> str:
        if when.other is not None:
            return self.name(when.other)
        (tag,) = encode(when.value)
        if when.op not in ("eq", "ne") and tag not in _ORDERED_TYPES:
            raise ValueError(f"{when.attr} {when.op}: a {type(when.value).__name__} has no order")
        return self.value(when.value)

    def change(self, op: Update) -> dict[str, str]:
        """The `UpdateExpression` of all changes together."""
        _check_paths(op)
        clauses = {
            "SET": [*self._set(op.set), *self._append(op.append)],
            "ADD": [f"{self.name(name)} {self.value(number)}" for name, number in op.add.items()],
            "REMOVE": [self.name(name) for name in op.remove],
        }
        return {"UpdateExpression": " ".join(f"{verb} {', '.join(of)}" for verb, of in clauses.items() if of)}

    def _set(self, changes: Mapping[str, Any]) -> list[str]:
        return [f"{self.name(name)} = {self.value(value)}" for name, value in changes.items()]

    def _append(self, changes: Mapping[str, list[Any]]) -> list[str]:
        if not changes:
            return []
        empty = self.value([])
        return [
            f"{self.name(name)} = list_append(if_not_exists({self.name(name)}, {empty}), {self.value(more)})"
            for name, more in changes.items()
        ]


def has_changes(op: Update) -> bool:
    """False for an update that only carries conditions."""
    return bool(op.set or op.add or op.append or op.remove)


def _check_paths(op: Update) -> None:
    names = [*op.set, *op.add, *op.append, *op.remove]
    if len(names) != len(set(names)):
        raise ValueError("an attribute is named twice in one update")
    if {"pk", "sk"} & set(names):
        raise ValueError("pk and sk cannot be updated")
