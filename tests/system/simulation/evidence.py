"""What the judge may look at: both sides, the request logs, the history, the mapping file, and what people did."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TOKEN = re.compile(r"No(\d+)")


STATES = {"MH": "27", "KA": "29", "TN": "33"}
"""The states in which customers are registered, and how their numbers begin."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person did: when, where, to which token; of an edit what was typed over what."""

    at: float
    verb: str
    org: str
    side: str
    kind: str
    token: str
    field: str = ""
    value: Any = None
    saw: Any = None
    into: str = ""
    """Of a merge the token of the master, of a new person that of its customer, of a moved one that of the other."""


@dataclass(frozen=True, slots=True)
class Restore:
    """The State table was restored: as it was at `saved`, after it was lost at `stopped`; all works again at `up`."""

    saved: float
    stopped: float
    up: float


@dataclass(frozen=True, slots=True)
class Mapped:
    """One field of the mapping file: its parts on both sides."""

    name: str
    crm: tuple[str, ...]
    books: tuple[str, ...]


@dataclass(slots=True)
class Evidence:
    """Everything up to now. `calls` and `acts` are in order of time."""

    sides: Mapping[str, Mapping[str, Any]]
    """By connection: both sides as exported."""
    calls: Mapping[str, list[dict[str, Any]]]
    history: list[dict[str, Any]]
    mapping: Mapping[str, Any]
    acts: list[Act]
    quiet_since: Mapping[str, int] = field(default_factory=dict)
    """By connection: the number of the last call before all had long been quiet."""
    per_minute: int = 10**9
    """Calls to one Books organisation that a connection allows itself in any minute."""
    brisk: list[tuple[float, float]] = field(default_factory=list)
    """From when to when people typed while nothing was at fault and no notice was lost."""
    restored: list[Restore] = field(default_factory=list)


def fields_of(mapping: Mapping[str, Any], entity: str) -> list[Mapped]:
    """The fields of one entity in the mapping file."""
    found = []
    for name, spec in mapping["entities"][entity]["fields"].items():
        crm, books = spec["crm"], spec["books"]
        if isinstance(crm, str):
            found.append(Mapped(name, (crm,), (books,)))
        else:
            keys = {"address": "street"} if "street" in crm else {}
            named = {keys.get(key, key): path for key, path in books.items()}
            parts = [part for part in crm if part in named]
            if not parts:  # a name in parts beside the whole of it
                found.append(Mapped(name, tuple(crm.values()), tuple(books.values())))
                continue
            found.append(Mapped(name, tuple(crm[p] for p in parts), tuple(named[p] for p in parts)))
    return found


def plain(value: Any) -> str:
    """A value as people compare it: blank is blank, entities and Unicode forms are the keeper's own business.

    A whole number is the same with and without its point: a table gives 1.0 back as 1.
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFC", html.unescape(str(value))).strip()


def crm_value(record: Mapping[str, Any], paths: Iterable[str]) -> tuple[str, ...]:
    """A field on CRM's side."""
    return tuple(plain(record.get(path)) for path in paths)


def books_value(record: Mapping[str, Any], paths: Iterable[str]) -> tuple[str, ...]:
    """A field on Books' side."""
    return tuple(plain(_books_part(record, path)) for path in paths)


def _books_part(record: Mapping[str, Any], path: str) -> Any:
    if path.startswith("cf_"):
        customs = record.get("custom_fields") or []
        return next((c.get("value") for c in customs if c.get("api_name") == path), None)
    here: Any = record
    for part in path.split("."):
        here = (here or {}).get(part)
    return here


def token_of(text: Any) -> str | None:
    """The number that every form of a record's name carries."""
    found = TOKEN.search(str(text or ""))
    return found.group(0) if found else None


def by_token(records: Iterable[Mapping[str, Any]], name: str) -> dict[str, list[Mapping[str, Any]]]:
    """Records by the number in their name."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if token := token_of(record.get(name)):
            found.setdefault(token, []).append(record)
    return found


def values_in(value: Any) -> set[str]:
    """Every plain value in a history entry's values, whole or in part."""
    if not isinstance(value, dict | list | tuple):
        return {plain(value)}
    parts = value.values() if isinstance(value, dict) else value
    return set().union(*map(values_in, parts))


def is_write(call: Mapping[str, Any]) -> bool:
    """A call that asked for a change of records."""
    path = str(call["path"])
    return (
        call["method"] in ("POST", "PUT", "PATCH", "DELETE")
        and call["product"] in ("crm", "books")
        and not path.endswith("/coql")
        and "/actions/watch" not in path
    )


def took_effect(call: Mapping[str, Any]) -> bool:
    """A write that was done, whatever its sender was told."""
    return is_write(call) and bool(call["committed"])


def written_ids(call: Mapping[str, Any]) -> list[str]:
    """The records that a write was about; empty for an insert."""
    return [str(id) for id in call.get("record_ids") or []]


def updated_many(call: Mapping[str, Any]) -> list[str] | None:
    """The records that one update of several in CRM changed; None for any other write."""
    return written_ids(call) if call["endpoint"] == "PUT /crm/v8/{module}" else None


def seconds_of(call: Mapping[str, Any]) -> float:
    """When a call was carried out, in epoch seconds."""
    return datetime.fromisoformat(call["time"]).timestamp()


def moment_of(entry: Mapping[str, Any]) -> float:
    """When an entry of the history was made, in epoch seconds."""
    return datetime.fromisoformat(entry["at"]).timestamp()
