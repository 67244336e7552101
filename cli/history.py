"""`tandem history`: what was written, withheld and decided, for a record or a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import past, show
from cli.find import find
from cli.shell import session_of
from tandem.core.errors import BadInputError
from tandem.engine.history import run_of

EPILOG = """Examples:

  tandem history 5500000000123

  tandem history --run live-2026-11-23 --limit 200

  tandem history  (today's run)"""

MOST = 10_000


def history(
    ctx: typer.Context,
    record: Annotated[
        str | None, typer.Argument(help="An id, crm:ID, books:ID or address; none: a run.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="A run such as live-2026-11-23; default: today's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="The newest so many entries.")] = 50,
) -> None:
    """List entries, oldest first, each write with the values before and after."""
    session = session_of(ctx)
    if record and run:
        raise BadInputError("give a record or --run, not both")
    connection, table = session.connection(), session.store.history.table
    if record:
        found = find(session, connection, record)
        entries = past.of_record(table, found.key, found.link)[-limit:]
    else:
        entries = past.of_run(table, run or run_of(session.now()), connection.id, limit)
    payload: dict[str, Any] = {
        "ok": True,
        "connection": connection.id,
        "run": None if record else run or run_of(session.now()),
        "entries": [past.shown(entry) for entry in entries],
    }
    show.answer(session, payload, lambda out: _print(out, entries))


def _print(out: Console, entries: Sequence[past.Entry]) -> None:
    if not entries:
        show.say(out, "No entry.")
    for entry in entries:
        told = ", ".join(part for part in (past.editors(entry), past.calls(entry)) if part)
        show.say(
            out, f"{show.moment(str(entry['at']))}  {past.sentence(entry)}" + (f"  [{told}]" if told else "")
        )
        after = entry.get("after") or {}
        if entry.get("kind") == "would_write":
            continue
        for name, value in after.items():
            before = show.value((entry.get("before") or {}).get(name))
            rule = (entry.get("rules") or {}).get(name, "")
            show.say(out, f"    {name}: {before} -> {show.value(value)}  ({rule})")
