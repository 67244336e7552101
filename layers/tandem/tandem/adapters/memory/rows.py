"""What one operation makes of one row; pure, so that a transaction can look before it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tandem.adapters.memory.conditions import check
from tandem.adapters.memory.keys import Key
from tandem.adapters.memory.values import kind, plain
from tandem.engine.ports import Delete, Item, Put, Update

INDEXES = ("due", "waits", "links", "run")
_LONGEST = {"pk": 2048, "sk": 1024}


def key_of(op: Put | Update | Delete) -> Key:
    """The (pk, sk) of the row that an operation is about."""
    return (op.item["pk"], op.item["sk"]) if isinstance(op, Put) else (op.pk, op.sk)


def has_changes(op: Update) -> bool:
    """False for an update that only carries conditions."""
    return bool(op.set or op.add or op.append or op.remove)


def check_op(op: Put | Update | Delete) -> None:
    """Raise what DynamoDB refuses before it looks at the row: bad keys, values, orders, paths."""
    check_key(key_of(op))
    check(op.when)
    if isinstance(op, Put):
        plain(op.item)
    if isinstance(op, Update):
        _check_paths(op)
        plain([op.set, op.add, op.append])
        for changes, wanted in ((op.add, "N"), (op.append, "L")):
            for name, value in changes.items():
                _expect(name, plain(value), wanted)


def result(op: Put | Update | Delete, row: Mapping[str, Any] | None) -> Item | None:
    """The row after `op` (None: no row); raises ValueError for what DynamoDB calls a validation error."""
    if isinstance(op, Delete):
        return None
    made = plain(op.item) if isinstance(op, Put) else _updated(op, row)
    _check_keys(made)
    return dict(made)


def _updated(op: Update, row: Mapping[str, Any] | None) -> Item:
    made: Item = dict(row) if row is not None else {"pk": op.pk, "sk": op.sk}
    made.update(plain(op.set))
    for name, number in op.add.items():
        made[name] = plain(_expect(name, made.get(name, 0), "N") + number)
    for name, more in op.append.items():
        made[name] = _expect(name, made.get(name, []), "L") + plain(more)
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
    for name in (f"{index}_{part}" for index in INDEXES for part in ("pk", "sk")):
        if name in row:
            _check_part(name, row[name], name[-2:])


def check_key(key: tuple[Any, Any]) -> None:
    """Raise ValueError unless both parts are texts of 1 to 2048 (pk) or 1024 (sk) bytes."""
    for part, value in zip(("pk", "sk"), key, strict=True):
        _check_part(part, value, part)


def _check_part(name: str, value: Any, part: str) -> None:
    if not isinstance(value, str) or not 0 < len(value.encode()) <= _LONGEST[part]:
        raise ValueError(f"{name} must be a text of 1 to {_LONGEST[part]} bytes")
