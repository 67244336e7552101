"""What one operation makes of one row; pure, so that a transaction can look before it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tandem.adapters.memory.conditions import check
from tandem.adapters.memory.keys import Key
from tandem.adapters.memory.values import kind, plain
from tandem.engine.ports import Delete, Item, Put, Update

INDEXES = ("due", "waits", "links", "run")
_INDEX_KEYS = tuple((f"{index}_{part}", part) for index in INDEXES for part in ("pk", "sk"))
_LONGEST = {"pk": 2048, "sk": 1024}


def key_of(op: Put | Update | Delete) -> Key:
    """The (pk, sk) of the row that an operation is about."""
    return (op.item["pk"], op.item["sk"]) if isinstance(op, Put) else (op.pk, op.sk)


def has_changes(op: Update) -> bool:
    """False for an update that only carries conditions."""
    return bool(op.set or op.add or op.append or op.remove)


def plain_op(op: Put | Update | Delete) -> Put | Update | Delete:
    """The operation with its values as a row holds them, copied from its caller's.

    Raises what DynamoDB refuses before it looks at the row: bad keys, values, orders, paths.
    """
    check_key(key_of(op))
    check(op.when)
    if isinstance(op, Put):
        return Put(plain(op.item), op.when)
    if isinstance(op, Delete):
        return op
    _check_paths(op)
    made = Update(op.pk, op.sk, plain(op.set), plain(op.add), plain(op.append), op.remove, op.when)
    for changes, wanted in ((made.add, "N"), (made.append, "L")):
        for name, value in changes.items():
            _expect(name, value, wanted)
    return made


def result(op: Put | Update | Delete, row: Mapping[str, Any] | None) -> Item | None:
    """The row after a plain `op` (None: no row); raises ValueError for what DynamoDB calls a validation error."""
    if isinstance(op, Delete):
        return None
    made = op.item if isinstance(op, Put) else _updated(op, row)
    _check_keys(made)
    return made


def _updated(op: Update, row: Mapping[str, Any] | None) -> Item:
    made: Item = dict(row) if row is not None else {"pk": op.pk, "sk": op.sk}
    made.update(op.set)
    for name, number in op.add.items():
        made[name] = plain(_expect(name, made.get(name, 0), "N") + number)
    for name, more in op.append.items():
        made[name] = _expect(name, made.get(name, []), "L") + more
    for name in op.remove:
        made.pop(name, None)
    return made


def _expect(name: str, value: Any, wanted: str) -> Any:
    if kind(value) != wanted:
        raise ValueError(f"{name} is of kind {kind(value)}, not {wanted}")
    return value


def _check_paths(op: Update) -> None:
    names = [*op.set, *op.add, *op.append, *op.remove]
    if len(names) != len(set(names)):
        raise ValueError("an attribute is named twice in one update")
    if {"pk", "sk"} & set(names):
        raise ValueError("pk and sk cannot be updated")


def _check_keys(row: Mapping[str, Any]) -> None:
    check_key((row.get("pk"), row.get("sk")))
    for name, part in _INDEX_KEYS:
        if name in row:
            _check_part(name, row[name], part)


def check_key(key: tuple[Any, Any]) -> None:
    """Raise ValueError unless both parts are texts of 1 to 2048 (pk) or 1024 (sk) bytes."""
    pk, sk = key
    _check_part("pk", pk, "pk")
    _check_part("sk", sk, "sk")


def _check_part(name: str, value: Any, part: str) -> None:
    if not isinstance(value, str) or not 0 < _size(value) <= _LONGEST[part]:
        raise ValueError(f"{name} must be a text of 1 to {_LONGEST[part]} bytes")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
