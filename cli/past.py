"""Reading the History table: entries of a record, a run, and what they tell of each field; for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tandem.core.records import Link, RecordKey, Side, is_blank
from tandem.engine.links import link_pk
from tandem.engine.ports import Table
from tandem.engine.rows import row_pk

Entry = Mapping[str, Any]

_HIDDEN = ("pk", "sk", "run_pk", "run_sk", "ttl")
_SETTLED_BY = ("conflict", "first link:", "a person took")
"""Rules under which one side's value gave way to the other's."""


def of_record(history: Table, key: RecordKey, link: Link | None) -> list[Entry]:
    """Every entry about a record and its pair, oldest first."""
    places = {row_pk(key.connection, key.side, key.id)}
    if link is not None:
        places |= {row_pk(key.connection, side, link.id_on(side)) for side in Side if link.id_on(side)}
        places.add(link_pk(key.connection, link.id))
    return sorted((e for place in places for e in history.query(place)), key=lambda e: str(e["at"]))


def of_run(history: Table, run: str, connection: str, limit: int) -> list[Entry]:
    """The newest entries of a run, oldest first."""
    keys = [
        (item["pk"], item["sk"]) for item in history.query(run, index="run", limit=limit * 2, descending=True)
    ]
    found: list[Entry] = list(history.get_many(keys).values())
    mine = [entry for entry in found if entry.get("connection") == connection]
    return sorted(mine, key=lambda e: str(e["at"]))[-limit:]


def shown(entry: Entry) -> dict[str, Any]:
    """An entry without the table's own keys, with its id and run."""
    body = {name: value for name, value in entry.items() if name not in _HIDDEN}
    return {"id": entry["sk"], "run": entry.get("run_pk"), **body}


def last_of_fields(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Per field what last happened to it, and the last value that gave way to another."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        for name, what in _touches(entry).items():
            field = found.setdefault(name, {"last": None, "loser": None})
            if field["last"] is None or what["kind"] != "would_write":
                field["last"] = what
            if what["kind"] == "write" and _gave_way(what):
                field["loser"] = {
                    "side": what["side"],
                    "value": what["before"],
                    "at": what["at"],
                    "rule": what["rule"],
                }
    return found


def of_the_link(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """What is told of a field that no entry names, for it was equal when the two were linked."""
    found = [entry for entry in entries if entry.get("kind") == "link"]
    return {**_common(found[-1]), "rule": f"equal at the link ({found[-1].get('rule')})"} if found else None


def _gave_way(what: Mapping[str, Any]) -> bool:
    return str(what["rule"]).startswith(_SETTLED_BY) and not is_blank(what["before"])


def _common(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.get("at"),
        "kind": entry.get("kind"),
        "run": entry.get("run_pk"),
        "cause": entry.get("cause"),
        "edited_by": entry.get("edited_by") or {},
    }


def _touches(entry: Entry) -> dict[str, dict[str, Any]]:
    """Per field of an entry: when, what, by which rule."""
    common = _common(entry)
    if entry.get("kind") in ("write", "unknown", "refused", "not_written"):
        before, rules = entry.get("before") or {}, entry.get("rules") or {}
        return {
            name: {**common, "side": entry.get("side"), "before": before.get(name), "after": after,
                   "rule": rules.get(name, str(entry.get("verb", "")))}
            for name, after in (entry.get("after") or {}).items()
        }  # fmt: skip
    if entry.get("kind") == "held" and entry.get("field"):
        what = {"side": None, "before": None, "after": None, "rule": entry.get("sentence")}
        return {str(entry["field"]): {**common, **what}}
    return {
        str(reason["field"]): {
            **common,
            "side": None,
            "before": None,
            "after": None,
            "rule": reason.get("rule"),
        }
        for reason in entry.get("reasons") or ()
    }


def sentence(entry: Entry) -> str:
    """What an entry says, on one line, without values."""
    kind, verb = str(entry.get("kind", "")), str(entry.get("verb", ""))
    record = str(entry.get("record", "")).split("/", 1)[-1]
    names = ", ".join(entry.get("after") or ())
    if kind in ("write", "unknown", "refused", "not_written"):
        outcome = {
            "write": "",
            "unknown": "outcome unknown: ",
            "refused": "refused: ",
            "not_written": "not written: ",
        }
        target = f" {entry['target']}" if entry.get("target") else ""
        return f"{outcome[kind]}{verb} in {entry.get('side')}{target} ({names}) for {record}"
    if kind == "would_write":
        return f"would {verb} for {record}"
    if kind == "link":
        return f"linked CRM {entry.get('crm_id', '?')} and Books {entry.get('books_id', '?')} ({entry.get('rule', '')})"
    if kind in ("act", "apart"):
        return f"{_act(entry)}{' for ' + record if record else ''}, by {entry.get('by', 'unknown')}"
    said = entry.get("sentence") or entry.get("rule") or ", ".join(_fields(entry)) or ""
    return f"{kind.replace('_', ' ')} {record}: {said}".rstrip(": ")


def _act(entry: Entry) -> str:
    """What a person did, in words: the command with what it changed."""
    words = [str(entry.get("verb", "")), str(entry.get("word") or "")]
    words.append(", ".join(entry.get("after") or ()))
    if cause := entry.get("cause"):
        words.append(f"({cause})")
    if entry.get("kind") == "apart" and entry.get("sentence"):
        words.append(str(entry["sentence"]))
    return " ".join(word for word in words if word)


def _fields(entry: Entry) -> list[str]:
    return [f"{reason['field']}: {reason['rule']}" for reason in entry.get("reasons") or ()]


def editors(entry: Mapping[str, Any]) -> str:
    """Who edited each side before it, where that is known."""
    known = entry.get("edited_by") or {}
    return ", ".join(f"{name} in {'CRM' if side == 'crm' else 'Books'}" for side, name in known.items())


def calls(entry: Entry) -> str:
    """The calls that were made for this record until then."""
    made = entry.get("calls") or {}
    return " + ".join(
        f"{int(count)} {'CRM' if side == 'crm' else 'Books'}" for side, count in made.items()
    ) + (" calls" if made else "")
