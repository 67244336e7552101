"""`tandem mode`, `pause`, `resume`: what a connection may do, switched by a person only."""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from cli import show
from cli.fixes import fix_of
from cli.shell import Session, session_of
from tandem.core.connection import Connection
from tandem.core.errors import BadInputError
from tandem.core.records import LinkState, Mode
from tandem.engine.cases import case_id
from tandem.engine.guards import cause_of
from tandem.engine.links import link_pk
from tandem.engine.rows import row_pk

EPILOG = """Examples:

  tandem mode  (what is it, and what would it write?)

  tandem mode write  (asks first; --yes for scripts)

  tandem mode write --native-sync-off  (you have switched Zoho's own sync off)

  tandem mode observe  (stop writing; decisions are still recorded)"""

_AT_ONCE = 8


def mode(
    ctx: typer.Context,
    word: Annotated[
        Literal["observe", "write"] | None, typer.Argument(help="observe or write; none: show.")
    ] = None,
    native_sync_off: Annotated[
        bool, typer.Option("--native-sync-off", help="You have switched off Zoho's own CRM sync in Books.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Show or switch what the connection may do: observe (decide and record only) or write.

    Switching to write first shows what observing has collected. Rows that waited for it are woken.
    """
    session = session_of(ctx)
    connection = session.connection()
    collected = {} if word == "observe" else would(session, connection)
    payload: dict[str, Any] = {"ok": True, "connection": connection.id, "was": connection.mode.value}
    if word is None:
        payload |= {
            "mode": connection.mode.value,
            "effective": connection.effective_mode.value,
            "collected": collected,
        }
        show.answer(session, payload, lambda out: _print(out, connection, collected))
        return
    if native_sync_off:
        session.store.connections.set(connection.id, native_sync="off_confirmed")
        session.store.cases.close(connection.id, "native sync on")
    elif connection.native_sync == "on" and word == "write":
        raise BadInputError(
            "Zoho's own CRM sync was seen in Books, and two syncs on one record would loop. Switch it off in Books "
            "(Settings > Integrations > Zoho CRM), then: tandem mode write --native-sync-off"
        )
    if word == "write":
        refuse_while_guarded(connection)
        _refuse_unapproved(session, connection)
    if word == "write" and connection.mode is Mode.OBSERVE and not yes:
        _confirm(session, connection, collected)
    connections, woken = session.store.connections, 0
    session.record(
        "mode",
        before={"mode": connection.mode.value},
        after={"mode": word},
        native_sync_off=native_sync_off,
        collected=collected,
    )
    if word == "write":
        woken = connections.approve(connection.id, session.store.rows, session.now())
        session.stack.ring(connection.group)
    else:
        connections.set_mode(connection.id, Mode(word))
    payload |= {"mode": word, "effective": word, "collected": collected, "woken": woken}
    show.answer(session, payload, lambda out: _print_switch(out, word, woken))


def _refuse_unapproved(session: Session, connection: Connection) -> None:
    """A mapping that was changed since a person approved one is approved by its own command, which shows the change."""
    read = session.store.table.get
    active, approved = (read(f"CONN#{connection.id}", row) for row in ("MAP#active", "MAP#approved"))
    if active and approved and active["version"] != approved["version"] and connection.mode is Mode.OBSERVE:
        raise BadInputError(
            "the mapping was changed and nobody has approved it: see `tandem mapping diff`, then "
            "`tandem mapping approve`"
        )


def refuse_while_guarded(connection: Connection) -> None:
    """What a guard stopped goes on by `release` alone: its case says what happened."""
    if connection.guard is None:
        return
    cause = cause_of(connection.guard.guard)
    fix = fix_of(cause, case_id(connection.id, cause))
    raise BadInputError(f"a guard stopped it: {connection.guard.sentence}. {fix}")


def pause(ctx: typer.Context) -> None:
    """Let the connection rest: changes are still noted and wait, nothing is read or written."""
    _set_paused(session_of(ctx), paused=True)


def resume(ctx: typer.Context) -> None:
    """Let a paused connection work again; what waited is synced at once."""
    _set_paused(session_of(ctx), paused=False)


def _set_paused(session: Session, *, paused: bool) -> None:
    connection = session.connection()
    session.record("pause" if paused else "resume")
    session.store.connections.set(connection.id, paused=paused)
    pending = session.store.rows.pending(connection.id)
    if not paused:
        session.store.rows.wake_all(connection.id, "pause", session.now())
        session.stack.ring(connection.group)
    payload = {"ok": True, "connection": connection.id, "paused": paused, "pending": pending}
    rows = show.plural(pending, "row")
    sentence = (
        f"Paused; {rows} wait, and so will every new change." if paused else f"Resumed; {rows} are pending."
    )
    if connection.stopped and not paused:
        sentence += (
            f" It is still stopped ({connection.stopped.reason}); after mending that run `tandem check`."
        )
    show.answer(session, payload, lambda out: show.say(out, sentence))


def would(session: Session, connection: Connection) -> dict[str, Any]:
    """What observing has collected: links made, and the writes that wait, by side and verb."""
    store = session.store
    keys = store.rows.waiting(connection.id, "mode")
    links = store.links.of_many(keys)
    places = [
        link_pk(connection.id, links[key].id) if key in links else row_pk(connection.id, key.side, key.id)
        for key in keys
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        last = list(pool.map(lambda place: _last_would(session, place), dict.fromkeys(places)))
    entities = store.connections.mapping(connection).entities
    live = {name: len(store.links.ids(connection.id, name, LinkState.LIVE)) for name in entities}
    decisions = Counter((verb, side, entity) for verb, side, entity, _ in last if verb)
    verbs = Counter(verb for verb, _, _, _ in last if verb)
    fields = Counter(name for _, _, _, names in last for name in names)
    return {
        "links": live,
        "would": dict(verbs),
        "would_by": [
            {"verb": verb, "side": side, "entity": entity, "count": count}
            for (verb, side, entity), count in sorted(decisions.items())
        ],
        "fields": dict(fields.most_common()),
        "waiting": len(keys),
        "held": len({item["record"] for item in store.cases.holds(connection.id)}),
        "left_out": sum(store.rows.left_out(connection.id).values()),
    }


def _last_would(session: Session, place: str) -> tuple[str, str, str, list[str]]:
    """Verb, side, entity and fields of the newest decision that was not written."""
    entries = session.store.history.table.query(place, prefix="would_write#")
    if not entries:
        return "", "", "", []
    entry = max(entries, key=lambda item: str(item["at"]))
    verb, after = str(entry.get("verb", "")), entry.get("after") or {}
    if side := entry.get("side"):
        return verb, str(side), str(entry.get("entity", "")), []
    sides = [name for name in ("crm", "books") if after.get(name)]
    names = [name for side in sides for name in after[side]]
    return verb, "+".join(sides) or "books", str(entry.get("entity", "")), names


def _confirm(session: Session, connection: Connection, collected: dict[str, Any]) -> None:
    if session.json or not sys.stdin.isatty():
        raise BadInputError("switching to write asks first; in a script add --yes")
    _print(show.console(), connection, collected)
    typer.confirm("Write this now, and every change from now on?", abort=True)


def _print(out: Console, connection: Connection, collected: dict[str, Any]) -> None:
    effective = connection.effective_mode
    why = " (Zoho's own CRM sync is on)" if connection.native_sync == "on" else ""
    why = f" (a guard stopped it: {connection.guard.sentence})" if connection.guard else why
    show.say(out, f"Connection “{connection.id}”: mode {effective}{why}.")
    for entity, count in collected["links"].items():
        show.say(out, f"  linked           {count:>6}  {entity}")
    for row in collected["would_by"]:
        show.say(out, f"  would {row['verb']:<10} {row['count']:>6}  {row['entity']} in {row['side']}")
    if collected["fields"]:
        named = ", ".join(f"{name} {count}" for name, count in collected["fields"].items())
        show.say(out, f"  fields that would be written: {named}")
    show.say(out, f"  held             {collected['held']:>6}  tandem quarantine")
    show.say(out, f"  left out         {collected['left_out']:>6}  tandem status")


def _print_switch(out: Console, word: str, woken: int) -> None:
    if word == "write":
        show.say(out, f"Mode: write. {show.plural(woken, 'row')} woken; `tandem status` shows them go.")
    else:
        show.say(out, "Mode: observe. Nothing is written from now on; `tandem mode` shows what would be.")
