"""`tandem why`: where a record stands, and for every field both values, the base, the last rule and the loser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import past, show
from cli.find import Found, find
from cli.fixes import fix_of
from cli.shell import session_of
from tandem.core.connection import Connection
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.records import LinkState, Side
from tandem.engine.ports import Item

EPILOG = """Examples:

  tandem why 5500000000123

  tandem why books:4600000000077

  tandem why https://crm.zoho.in/crm/org60001/tab/Accounts/5500000000123"""

_WAITS = {
    "quota": "quota: Zoho grants no more calls just now",
    "pause": "the connection is paused: `tandem resume`",
    "token": "the connection is stopped: mend it, then `tandem check`",
    "parent": "its customer, which is not linked yet",
    "index": "the first complete listing of both sides; before it nothing is created",
    "mode": "the mode: it only observes; `tandem mode write` lets it go on",
    "delete": "a confirmed delete to stand for some minutes (a merge or a restore may explain it)",
    "time": "time: the worker goes on with it at its next run",
    "intent": "the outcome of a write that was not answered",
    "redrive": "its next redrive: its tries are used up (an outage, or a fault of ours)",
}


def why(
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(help="An id, crm:ID, books:ID, or the address in the browser.")],
) -> None:
    """Explain a record: where it stands, and why each field has the value that it has.

    Values are those last seen; nothing is asked of Zoho.
    """
    session = session_of(ctx)
    connection = session.connection()
    found = find(session, connection, record)
    mapping = session.store.connections.mapping(connection)
    entries = past.of_record(session.store.history.table, found.key, found.link)
    told = tell(connection, mapping, found, entries)
    show.answer(session, told, lambda out: _print(out, told))
    if told["state"] in ("held", "stuck"):
        session.attend()


def tell(
    connection: Connection, mapping: FieldMap, found: Found, entries: list[past.Entry]
) -> dict[str, Any]:
    """Everything that `why` shows."""
    state, sentence = standing(connection, found)
    link = found.link
    return {
        "ok": state not in ("held", "stuck"),
        "connection": connection.id,
        "record": {"side": found.key.side.value, "entity": found.key.entity, "id": found.key.id},
        "state": state,
        "sentence": sentence,
        "link": None if link is None else {
            "id": link.id, "state": link.state.value, "crm_id": link.crm_id, "books_id": link.books_id,
            "parent": link.parent, "reason": link.reason, "seq": link.seq, "mapping_version": link.mapping_version,
        },
        "rows": {side.value: _row(item) for side, item in found.rows.items()},
        "holds": [_hold(item, _name(found)) for item in found.holds],
        "fields": _fields(mapping, found, past.last_of_fields(entries), past.of_the_link(entries)),
        "history": [past.shown(entry) for entry in entries],
    }  # fmt: skip


def standing(connection: Connection, found: Found) -> tuple[str, str]:
    """A word and a sentence: linked, tombstone, held, waiting, left_out, pending, stuck or unlinked."""
    link, row = found.link, found.row
    if found.holds:
        return (
            "held",
            f"Held: {found.holds[0]['sentence']}. {fix_of(str(found.holds[0]['cause']), _name(found))}",
        )
    if link is not None and link.state is LinkState.TOMBSTONE:
        return (
            "tombstone",
            f"Unlinked and remembered: {link.reason}. It is neither matched nor created again.",
        )
    if row is not None and row.wanted > row.done:
        waits = row.waits_for.split("#")[0]
        if waits:
            word = "stuck" if waits == "redrive" else "waiting"
            return word, f"Waits for {_WAITS.get(waits, waits)}."
        if not connection.is_working:
            return "waiting", "Pending; the connection is paused or stopped."
        tried = f" after {show.plural(row.tries, 'failed try')}" if row.tries else ""
        return "pending", f"Pending{tried}; the next run of the writer takes it."
    if found.parent is not None and found.parent.state is LinkState.TOMBSTONE:
        return (
            "left_out",
            f"Linked, but its customer is no longer linked ({found.parent.reason}): nothing goes across any more.",
        )
    if link is not None:
        return "linked", f"Linked ({link.reason}); nothing is pending."
    item = found.rows.get(found.key.side, {})
    if str(item.get("waits_pk", "")).endswith("#left_out"):
        return "left_out", f"Left out: {str(item.get('waits_sk', '')).rsplit('#', 1)[0]}."
    return "unlinked", "Seen and settled without a counterpart; any change makes it decided afresh."


def _row(item: Item) -> dict[str, Any]:
    names = ("wanted", "done", "cls", "due", "tries", "starts", "redrives", "parent", "gone_since")
    told = {name: item[name] for name in names if name in item}
    return told | {"waits_for": str(item.get("waits_pk", "#")).split("#", 1)[1]}


def _name(found: Found) -> str:
    return f"{found.key.side}:{found.key.id}"


def _hold(item: Item, name: str) -> dict[str, Any]:
    names = ("case", "cause", "sentence", "field", "crm", "books", "candidates", "at", "label", "word")
    return {name: item.get(name) for name in names} | {"fix": fix_of(str(item["cause"]), name)}


def _fields(
    mapping: FieldMap, found: Found, last: Mapping[str, Any], linked: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    link = found.link
    if link is None:
        return []
    seen = {side: getattr(link.seen_on(side), "values", {}) for side in Side}
    told = []
    for mapped in mapping.entities[link.entity].fields:
        base, name = link.base.get(mapped.name), mapped.name
        told.append(
            {
                "field": name,
                "crm": seen[Side.CRM].get(name),
                "books": seen[Side.BOOKS].get(name),
                "base": None if base is None else {"crm": base.crm, "books": base.books},
                "held": dict(link.held[name]) if name in link.held else None,
                "owner": mapped.owner,
                "direction": mapped.direction,
                **last.get(name, {"last": linked if base is not None else None, "loser": None}),
            }
        )
    return told


def _print(out: Console, told: Mapping[str, Any]) -> None:
    record, link = told["record"], told["link"]
    show.say(out, f"{record['side']} {record['entity']} {record['id']}: {told['state'].upper()}")
    show.say(out, told["sentence"])
    if link:
        show.say(out, f"CRM {link['crm_id']} = Books {link['books_id']} (link {link['id']})")
    for hold in told["holds"]:
        where = f"{hold['field']}: " if hold["field"] else ""
        show.say(out, f"! {where}{hold['sentence']} (case {hold['case']})", style="yellow")
        show.say(out, f"  {hold['fix']}")
        if hold["candidates"]:
            show.say(out, f"  candidates: {', '.join(hold['candidates'])}")
    if told["fields"]:
        _print_fields(out, told)
    else:
        _print_past(out, told)


def _print_fields(out: Console, told: Mapping[str, Any]) -> None:
    rows = show.table("field", "CRM", "Books", "agreed", "last rule", "when (UTC)", "because of")
    for field in told["fields"]:
        last, base = field["last"] or {}, field["base"]
        agreed = "–" if base is None else "both" if _same(base, field) else show.value(base["crm"])
        at = show.moment(str(last["at"])) if last else ""
        rows.add_row(field["field"], show.value(field["crm"]), show.value(field["books"]), agreed,
                     str(last.get("rule") or ""), at, _because(last))  # fmt: skip
    out.print(rows)
    for field in told["fields"]:
        if loser := field["loser"]:
            show.say(out, f"{field['field']}: {loser['side']} lost “{show.value(loser['value'])}” at "
                          f"{show.moment(str(loser['at']))} ({loser['rule']})")  # fmt: skip


def _because(last: Mapping[str, Any]) -> str:
    """Whose row it was, and who edited each side."""
    return "; ".join(part for part in (str(last.get("cause") or ""), past.editors(last)) if part)


def _same(base: Mapping[str, Any], field: Mapping[str, Any]) -> bool:
    return bool(base["crm"] == field["crm"] and base["books"] == field["books"])


def _print_past(out: Console, told: Mapping[str, Any]) -> None:
    for entry in told["history"][-10:]:
        show.say(out, f"  {show.moment(str(entry['at']))}  {past.sentence(entry)}")
