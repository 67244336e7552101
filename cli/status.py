"""`tandem status`: what is linked, what waits and why, and whether everything that should move moves."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, get_args, get_type_hints

import typer
from rich.console import Console

from cli import show
from cli.fixes import fix_of
from cli.shell import Session, session_of
from tandem.core.connection import Connection
from tandem.core.forecast import forecast
from tandem.core.outcomes import Waits
from tandem.core.records import LinkState, Mode, RowClass
from tandem.engine.cases import case_id
from tandem.engine.cursors import indexed
from tandem.engine.governor import accounts
from tandem.engine.guards import cause_of
from tandem.engine.rows import parse_key

EPILOG = """Examples:

  tandem status

  tandem status --json | jq .attention

Exit code 1 when something needs a person: a stop, holds, dead letters, a feed that is not read."""

REASONS: tuple[str, ...] = get_args(get_type_hints(Waits)["reason"])
_SILENT = timedelta(minutes=10)
_AT_ONCE = 8


def status(ctx: typer.Context) -> None:
    """Show links, pending and waiting rows, holds, feeds, the writer, quota and dead letters."""
    session = session_of(ctx)
    connection = session.connection()
    found = look(session, connection)
    show.answer(session, found, lambda out: _print(out, found, session.now()))
    if found["attention"]:
        session.attend()


def look(session: Session, connection: Connection) -> dict[str, Any]:
    """Everything that `status` shows; no call to Zoho."""
    store, now, id = session.store, session.now(), connection.id
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = dict(
            zip(REASONS, pool.map(lambda reason: store.rows.waiting(id, reason), REASONS), strict=True)
        )
        due = pool.submit(store.table.query, id, index="due")
        left_out = pool.submit(store.rows.left_out, id)
        outside = pool.submit(store.outside.count, id)
        holds, cases = pool.submit(store.cases.holds, id), pool.submit(store.cases.cases, id)
        cursors = pool.submit(store.table.query, f"CUR#{id}")
        intents = pool.submit(store.intents.all_open, id)
        entities = _entities(session, connection, pool)
    pending = [(item, parse_key(str(item["due_sk"]).split("#", 2)[2])) for item in due.result()]
    for name, row in entities.items():
        row["pending"] = sum(key.entity == name for _, key in pending)
        row["held"] = len({item["record"] for item in holds.result() if f"/{name}/" in str(item["record"])})
    found: dict[str, Any] = {
        "ok": True,
        "connection": id,
        "group": connection.group,
        "mode": connection.mode.value,
        "effective_mode": connection.effective_mode.value,
        "paused": connection.paused,
        "stopped": connection.stopped.model_dump() if connection.stopped else None,
        "native_sync": connection.native_sync,
        "guard": connection.guard.model_dump() if connection.guard else None,
        "mapping_version": connection.mapping_version,
        "restored": connection.restored or None,
        "entities": entities,
        "pending": {
            "total": len(pending),
            "due": sum(str(item["due_sk"]).split("#", 2)[1] <= now.isoformat() for item, _ in pending),
            "by_class": dict(Counter(str(item["due_sk"]).split("#", 1)[0] for item, _ in pending)),
        },
        "waiting": {reason: len(keys) for reason, keys in waiting.items() if keys},
        "held": {"records": len({i["record"] for i in holds.result()}), "cases": len(cases.result())},
        "left_out": left_out.result(),
        "linked_outside_scope": outside.result(),
        "open_intents": len(intents.result()),
        "index": _index(session, connection),
        "feeds": [_feed(item, now) for item in cursors.result() if "#" in str(item["sk"])],
        "writer": _writer(session, connection, now),
        "quota": {
            name: dict(store.governor.standing(account)) for name, account in accounts(connection).items()
        },
        "backfill": _backfill(session, connection),
        "change_queue": session.stack.depth("ChangeQueue"),
        "dead_letters": session.stack.depth("DeadLetterQueue"),
        "crm_channel": {
            "ids": list(connection.crm_channels),
            "expires": connection.crm_channel_expiry or None,
        },
    }
    found["attention"] = attention(found, now)
    found["ok"] = not found["attention"]
    return found


def _entities(
    session: Session, connection: Connection, pool: ThreadPoolExecutor
) -> dict[str, dict[str, int]]:
    links = session.store.links
    names = list(session.store.connections.mapping(connection).entities)
    jobs = {
        (name, state): pool.submit(links.ids, connection.id, name, state)
        for name in names
        for state in LinkState
    }
    return {
        name: {
            "links": len(jobs[name, LinkState.LIVE].result()),
            "tombstones": len(jobs[name, LinkState.TOMBSTONE].result()),
        }
        for name in names
    }


def _backfill(session: Session, connection: Connection) -> dict[str, Any]:
    """When the rows of backfill will be done, those of every connection on this Books organisation together."""
    store, account = session.store, accounts(connection)["books"]
    everyone = map(store.connections.read, store.connections.ids())
    names = [one.id for one in everyone if accounts(one)["books"].pk == account.pk]
    soon = session.now() + _SILENT
    rows = sum(store.rows.backlog(name, RowClass.BACKFILL, soon) for name in names)
    told = forecast(rows, store.governor.pace(account))
    return {
        "rows": told.rows,
        "calls": told.calls,
        "ends": told.ends.isoformat() if told.ends else None,
        "held_by": told.held_by,
        "give": round(told.give, 2) if told.give is not None else None,
    }


def _feed(item: dict[str, Any], now: datetime) -> dict[str, Any]:
    mark, due = item.get("mark"), item.get("due")
    age = (now - datetime.fromisoformat(mark)).total_seconds() if mark else None
    late = (now - datetime.fromisoformat(due)).total_seconds() if due else None
    return {
        "feed": str(item["sk"]),
        "mark": mark,
        "age_seconds": None if age is None else round(age),
        "listing": item.get("next") is not None,
        "next_poll": due,
        "late_seconds": max(round(late), 0) if late is not None else None,
    }


def _writer(session: Session, connection: Connection, now: datetime) -> dict[str, Any]:
    item = session.store.table.get(f"WRITER#{connection.group}", "LEASE") or {}
    until = str(item.get("until") or "")
    return {
        "held": until > now.isoformat(),
        "until": until or None,
        "fence": int(item.get("fence", 0)),
        "left_for_it": len(item.get("again", [])),
    }


def _index(session: Session, connection: Connection) -> dict[str, bool]:
    """Which listings were read to their end once: before that nothing is created."""
    complete = session.store.connections.is_index_complete
    listed = indexed(session.store.connections.mapping(connection))
    return {f"{entity}#{side}": complete(connection.id, [(entity, side)]) for entity, side in listed}


def attention(found: dict[str, Any], now: datetime) -> list[str]:
    """What needs a person, each with the command that goes on from there."""
    needs = []
    if found["stopped"]:
        needs.append(f"stopped: {found['stopped']['reason']}; mend it, then `tandem check`")
    if found["native_sync"] == "on":
        needs.append("Zoho's own CRM sync is on: only observing; then `tandem mode write --native-sync-off`")
    if found["guard"]:
        cause = cause_of(found["guard"]["guard"])
        fix = fix_of(cause, case_id(found["connection"], cause))
        needs.append(f"a guard stopped all writing: {found['guard']['sentence']}. {fix}")
    if found["restored"]:
        needs.append(
            "the State table was restored or copied: both sides are listed again, then what differs is held; if "
            "another stack works with the same organisations, stop it"
        )
    if found["held"]["records"]:
        needs.append(f"{show.plural(found['held']['records'], 'record')} held: `tandem quarantine`")
    if found["dead_letters"]["waiting"]:
        needs.append(
            f"{show.plural(found['dead_letters']['waiting'], 'dead letter')}; they are tried again by themselves"
        )
    silent = [
        feed["feed"] for feed in found["feeds"] if (feed["late_seconds"] or 0) > _SILENT.total_seconds()
    ]
    if silent and not found["paused"] and not found["stopped"]:
        needs.append(f"not polled although due: {', '.join(silent)}; look at the log of reconcile")
    ends = found["crm_channel"]["expires"]
    if ends and datetime.fromisoformat(ends) < now:
        needs.append(
            "CRM's notifications have expired: `tandem connect` renews them; until then polling finds changes"
        )
    return needs


def _print(out: Console, found: dict[str, Any], now: datetime) -> None:
    word = (
        found["effective_mode"]
        + (", paused" if found["paused"] else "")
        + (", STOPPED" if found["stopped"] else "")
    )
    show.say(out, f"Connection “{found['connection']}” (mapping {found['mapping_version']}): {word}")
    rows = show.table("entity", "links", "tombstones", "pending", "held")
    for name, row in found["entities"].items():
        rows.add_row(name, *(str(row[key]) for key in ("links", "tombstones", "pending", "held")))
    out.print(rows)
    pending = found["pending"]
    show.say(
        out, f"Pending: {pending['total']}, due now {pending['due']}. Open intents: {found['open_intents']}."
    )
    for reason, count in found["waiting"].items():
        show.say(out, f"  {count:>6} wait for {reason}")
    for reason, count in found["left_out"].items():
        show.say(out, f"  {count:>6} left out: {reason}")
    for reason, count in found["linked_outside_scope"].items():
        show.say(out, f"  {count:>6} linked although out of scope by now, and still synced: {reason}")
    _print_feeds(out, found, now)
    _print_flow(out, found, now)
    for sentence in found["attention"]:
        show.say(out, f"! {sentence}", style="yellow")
    if not found["attention"]:
        show.say(out, "Nothing needs attention.", style="green")
    if found["effective_mode"] == Mode.OBSERVE.value:
        show.say(out, "Observing only: `tandem mode` shows what would be written.")


def _print_feeds(out: Console, found: dict[str, Any], now: datetime) -> None:
    rows = show.table("feed", "read up to", "next poll", "")
    for feed in found["feeds"]:
        listing = "listing goes on" if feed["listing"] else ""
        rows.add_row(feed["feed"], show.ago(feed["mark"], now), show.ago(feed["next_poll"], now), listing)
    if found["feeds"]:
        out.print(rows)
    else:
        show.say(out, "No feed was read yet; the tick does it each minute.")


def _print_flow(out: Console, found: dict[str, Any], now: datetime) -> None:
    writer = found["writer"]
    at_work = f"at work until {show.ago(writer['until'], now)}" if writer["held"] else "free"
    show.say(out, f"Writer: {at_work} (fence {writer['fence']}). Bells: {found['change_queue']['waiting']}. "
                  f"Dead letters: {found['dead_letters']['waiting']}.")  # fmt: skip
    for name, quota in found["quota"].items():
        show.say(out, f"Quota {name}: {quota['last_minute']} of {quota['minute_cap']} this minute, "
                      f"{quota['day_used']} today, {quota['day_remaining']} left.")  # fmt: skip
    _print_backfill(out, found["backfill"], now)
    ends = found["crm_channel"]["expires"]
    show.say(out, f"CRM notifications: {'end ' + show.ago(ends, now) if ends else 'expiry unknown'}.")


def _print_backfill(out: Console, told: dict[str, Any], now: datetime) -> None:
    if not told["rows"]:
        return
    rows, calls = show.plural(told["rows"], "row"), show.plural(told["calls"], "call")
    if told["ends"] is None:
        show.say(out, f"Backfill: {rows}, {calls}; not done within a year at this pace.")
        return
    ends = datetime.fromisoformat(told["ends"]).astimezone()
    show.say(out, f"Backfill: {rows}, about {calls}, ends {ends:%A %d %B %H:%M} ({show.ago(told['ends'], now)}"
                  f"{_give(told, now)}); held back by the calls of a {told['held_by']}.")  # fmt: skip


def _give(told: dict[str, Any], now: datetime) -> str:
    """How sure that moment is: as the pace swung so far."""
    if told["give"] is None:
        return ", too early to say how surely"
    minutes = told["give"] * (datetime.fromisoformat(told["ends"]) - now).total_seconds() / 60
    return f", give or take {show.plural(max(round(minutes), 1), 'minute')}"
