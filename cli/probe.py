"""`tandem probe`: settle on the live organisations what no page of Zoho tells, with one throw-away customer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import show
from cli.credentials import NAMES
from cli.probing import books, crm, customer
from cli.probing.ask import MOST_CALLS, Ask, Budget
from cli.probing.facts import FACTS
from cli.probing.hear import Ear
from cli.probing.kept import Keeper, Kept, changed_settings, load
from cli.probing.run import Look, Run, take
from cli.shell import ATTENTION, OUT_OF_REACH, Session, session_of
from cli.zoho import reach
from tandem.adapters.zoho.auth import Credentials
from tandem.core.connection import Connection, Settings
from tandem.core.errors import BadInputError, StoreError
from tandem.core.records import Mode, RecordKey, RowClass, Side
from tandem.engine.gate import RoundGate
from tandem.engine.governor import accounts
from tandem.engine.history import run_of

EPILOG = """Examples:

  tandem probe  (shows what it will make, asks, then asks Zoho)

  tandem probe --yes --json

  tandem probe --show  (what was found, without a call)

Exit code 1: something of it stays active, 3: Zoho was out of reach half-way. A second run takes the same records."""


def probe(
    ctx: typer.Context,
    show_only: Annotated[bool, typer.Option("--show", help="Print what was found; no call.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Settle what is not confirmed about Zoho, with one throw-away customer and at most 40 calls.

    Only while nothing is written: the connection observes or is paused. What is found becomes settings; what cannot be
    told stays unknown with the reason, and its setting as it is. The customer in Books is made inactive at the end,
    nothing is deleted: the two Accounts in CRM stay until you delete them. Tandem leaves all of them out of every sync.
    """
    session = session_of(ctx)
    connection = session.connection()
    kept = load(session.store, connection.id)
    keep = Keeper(session.store, connection, kept)
    if show_only:
        show.answer(session, _payload(connection, kept), lambda out: _print_facts(out, kept))
        return
    _refuse_while_writing(session, connection)
    _confirm(session, connection, kept, yes=yes)
    run, calls = _measure(session, connection, kept, keep)
    changes = changed_settings(connection.settings, kept.facts)
    before = {name: getattr(connection.settings, name) for name in changes}
    if changes and _wanted(session, before, changes, yes=yes):
        _store_settings(session, connection, changes)
    else:
        changes = {}
    _remember(session, connection, kept, before, changes)
    keep()
    payload = _payload(connection, kept) | {"calls": calls, "changed": changes, "halted": run.halted}
    payload["ok"] = not (run.halted or kept.active)
    show.answer(session, payload, lambda out: _print_end(out, kept, calls, changes, run.halted))
    if run.halted:
        raise typer.Exit(OUT_OF_REACH)
    if kept.active:
        raise typer.Exit(ATTENTION)


def at_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def _refuse_while_writing(session: Session, connection: Connection) -> None:
    """The writer must not meet the records before they are marked; connections that share an org share a writer."""
    for each in session.store.connections.of_group(connection.group):
        if each.effective_mode is Mode.WRITE and not each.paused:
            raise BadInputError(
                f"connection “{each.id}” is writing: the probe's customer must not be synced. First: "
                f"tandem pause --connection {each.id}  (then probe, then tandem resume)"
            )


def _confirm(session: Session, connection: Connection, kept: Kept, *, yes: bool) -> None:
    if yes:
        return
    if session.json or not at_terminal():
        raise BadInputError("the probe makes records in Zoho, so it asks first; in a script add --yes")
    _print_plan(show.console(), session, connection, kept)
    typer.confirm("Make them, and ask Zoho now?", abort=True)


def _measure(
    session: Session, connection: Connection, kept: Kept, keep: Keeper
) -> tuple[Run, Mapping[str, int]]:
    """Take every look; whatever happens, what was found and made so far is kept."""
    gate = RoundGate(session.store.governor, accounts(connection), RowClass.PERSON)
    budget = Budget(gate)
    out = show.console()

    def tell(look: Look) -> None:
        if not session.json:
            answers = ", ".join(_shown(kept, name) for name in look.facts) or "done"
            show.say(out, f"  {budget.total:>2} calls  {look.title}: {answers}")

    async def measure() -> Run:
        secret = session.stack.secret("OAuth").get(connection.id) or {}
        given = Credentials(*(str(secret.get(name, "")) for name in NAMES[:3]))
        async with reach(connection, given, budget) as zoho:
            entity = session.store.connections.mapping(connection).entities["customer"]
            ask = Ask(zoho, connection.organization_id)
            run = Run(ask, connection, entity, kept, _ear(session, connection), keep)
            await take(run, (*crm.LOOKS, *books.LOOKS), tell)
            halted, run.halted, budget.limit = run.halted, "", MOST_CALLS
            await take(run, (books.CLEAN_UP,), tell)
            run.halted = halted or run.halted or run.missed
            return run

    try:
        return asyncio.run(measure()), budget.used
    except KeyboardInterrupt:
        keep()
        typer.echo(f"tandem: interrupted. {_what_stays(kept)}", err=True)
        raise typer.Exit(ATTENTION) from None
    except StoreError as error:
        raise StoreError(f"{error}. {_what_stays(kept)}") from error
    finally:
        gate.close()


def _ear(session: Session, connection: Connection) -> Ear:
    group = session.store.connections.of_group(connection.group)
    return Ear(session.store.rows, connection.id, all(each.paused for each in group))


def _wanted(session: Session, before: Mapping[str, Any], changes: Mapping[str, Any], *, yes: bool) -> bool:
    if not session.json:
        _print_changes(show.console(), before, changes)
    return yes or typer.confirm("Write these settings?", default=True)


def _store_settings(session: Session, connection: Connection, changes: Mapping[str, Any]) -> None:
    """Into the connection as it is now: another setting may have been changed meanwhile."""
    present = session.store.connections.read(connection.id).settings
    settings = Settings.model_validate({**present.model_dump(), **changes})
    session.store.connections.set(connection.id, settings=settings.model_dump(mode="json"))


def _remember(
    session: Session,
    connection: Connection,
    kept: Kept,
    before: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> None:
    """Who probed, when, with which settings before and after."""
    now = datetime.now(UTC)
    kept.at, kept.by = now.isoformat(timespec="seconds"), session.stack.caller
    key = RecordKey(connection.id, Side.BOOKS, "customer", kept.books or "none")
    answered = sum(fact["answer"] is not None for fact in kept.facts.values())
    session.store.history.decided(
        key,
        "probed",
        run_of(now),
        now,
        sentence=f"{answered} facts answered, by {kept.by}",
        by=kept.by,
        before={name: before[name] for name in changes},
        after=dict(changes),
        rules=dict.fromkeys(changes, "tandem probe"),
    )


def _payload(connection: Connection, kept: Kept) -> dict[str, Any]:
    return {
        "ok": not kept.active,
        "connection": connection.id,
        "at": kept.at,
        "by": kept.by,
        "facts": {name: kept.facts[name] for name in FACTS if name in kept.facts},
        "stays": kept.stays,
        "active": kept.active,
    }


def _print_plan(out: Console, session: Session, connection: Connection, kept: Kept) -> None:
    module = session.store.connections.mapping(connection).entities["customer"].crm_module
    show.say(
        out, f"Probe of connection “{connection.id}”: at most {MOST_CALLS} calls, CRM and Books together."
    )
    if kept.stays:
        show.say(out, "It takes the records of an earlier run:")
        _print_stays(out, kept)
    else:
        show.say(
            out, f"It makes in CRM ({connection.crm_org}) two records of {module}, which start no automation:"
        )
        for text in (f"Tandem probe {connection.id}, Account 1 and Account 2 (please delete)",):
            show.say(out, f"    {text}")
        show.say(out, f"It makes in Books ({connection.organization_id}) one customer with two persons:")
        show.say(
            out,
            f"    Tandem probe {connection.id} (throw-away, no customer); {' and '.join(customer.EMAILS)}",
        )
    show.say(
        out,
        "It changes these records alone. At the end the customer is inactive; nothing is deleted, nobody is",
    )
    show.say(out, "mailed, no transaction is made. Tandem leaves the records out of every sync, for good.")
    show.say(
        out,
        "One insert of a second customer is meant to be refused; if Books takes it, it becomes inactive too.",
    )


def _shown(kept: Kept, name: str) -> str:
    fact = kept.facts.get(name, {})
    answer = fact.get("answer")
    return f"{name} unknown ({fact.get('evidence', '')})" if answer is None else f"{name} {_word(answer)}"


def _word(answer: Any) -> str:
    return {True: "yes", False: "no"}.get(answer, str(answer)) if isinstance(answer, bool) else str(answer)


def _print_facts(out: Console, kept: Kept) -> None:
    if not kept.facts:
        show.say(out, "Nothing was probed yet.")
        return
    rows = show.table("fact", "answer", "by", "when")
    for name in FACTS:
        if fact := kept.facts.get(name):
            answer = "unknown" if fact["answer"] is None else _word(fact["answer"])
            rows.add_row(name, answer, fact["evidence"], show.moment(fact["at"]))
    out.print(rows)
    _print_stays(out, kept)


def _print_changes(out: Console, before: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    show.say(out, "Settings that the answers change:")
    for name, value in changes.items():
        show.say(out, f"    {name}: {before[name]} -> {value}")


def _print_stays(out: Console, kept: Kept) -> None:
    for record in kept.stays:
        show.say(out, f"    {record}")


def _what_stays(kept: Kept) -> str:
    there = "; ".join(kept.stays) or "nothing"
    return f"What stays: {there}. Run `tandem probe` again: it takes the same records and cleans up"


def _print_end(
    out: Console, kept: Kept, calls: Mapping[str, int], changes: Mapping[str, Any], halted: str
) -> None:
    known = [fact for fact in kept.facts.values() if fact["answer"] is not None]
    show.say(
        out,
        f"{len(known)} facts answered, {len(kept.facts) - len(known)} unknown; {calls['crm']} calls to CRM, "
        f"{calls['books']} to Books. Settings changed: {', '.join(changes) or 'none'}.",
    )
    if kept.stays:
        show.say(out, "These records stay. Delete them by hand whenever you like; Tandem leaves them out:")
        _print_stays(out, kept)
    if halted:
        show.say(out, f"Half-way: {halted}. Run `tandem probe` again.", style="yellow")
    elif kept.active:
        show.say(
            out, "A customer is still active: run `tandem probe` again, or mark it inactive.", style="yellow"
        )
