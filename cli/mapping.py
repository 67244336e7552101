"""`tandem mapping`: check it against the live organisations, show it, compare it, approve a changed one."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli import connect, show
from cli.credentials import NAMES
from cli.facts import gather
from cli.mode import refuse_while_guarded
from cli.plan import mapping_file
from cli.shell import ATTENTION, Session, session_of
from cli.zoho import reach
from tandem.adapters.zoho.auth import Credentials
from tandem.core.checks.finding import Finding
from tandem.core.checks.report import Line, of_file, of_live
from tandem.core.checks.run import check_mapping
from tandem.core.connection import Connection
from tandem.core.conversion import SIDE_NAMES
from tandem.core.cost import Cost, costs
from tandem.core.errors import BadInputError
from tandem.core.facts import FieldFacts
from tandem.core.mapping import EntityMapping, load_mapping
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.mapping_diff import Difference, differences
from tandem.core.mapping_faults import MappingError
from tandem.core.mapping_schema import file_schema
from tandem.core.records import Mode, RowClass, Side
from tandem.engine.anew import pairs_to_compare
from tandem.engine.gate import RoundGate
from tandem.engine.governor import accounts

app = typer.Typer(no_args_is_help=True, help="Check, show, compare and approve the mapping.")
File = Annotated[Path | None, typer.Argument(help="A mapping file; default: the connection's own.")]
_ACTIVE = "active mapping"
_SIDES = (Side.CRM, Side.BOOKS)
_ARROWS = {"both": "<->", "to_books": "-->", "to_crm": "<--"}


@dataclass(frozen=True, slots=True)
class Text:
    """A mapping's text and where it comes from."""

    source: str
    text: str | bytes


@app.command(
    epilog="""Examples:

  tandem mapping check my.yaml

  tandem mapping check my.yaml --offline  (the file alone, without Zoho)

  tandem mapping check --json | jq '.findings[]'

Exit code 1 when there is a fault, 2 when the file cannot be read. Reads only; about ten calls to Zoho."""
)
def check(
    ctx: typer.Context,
    file: File = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask Zoho: the file alone.")] = False,
) -> None:
    """Hold a mapping against the live fields of both organisations; every fault with file, line, field and fix."""
    session = session_of(ctx)
    given = _given(session, file)
    try:
        mapping = load_mapping(given.text, source=given.source)
    except MappingError as error:
        _answer(session, given, of_file(error.faults), ())
        raise typer.Exit(ATTENTION) from None
    found = [] if offline else asyncio.run(_live(session, mapping))
    lines = of_live(found, given.text, given.source)
    _answer(session, given, lines, costs(mapping))
    if any(line.state == "fault" for line in lines):
        session.attend()


async def _live(session: Session, mapping: FieldMap) -> Sequence[Finding]:
    connection = session.connection()
    secret = session.stack.secret("OAuth").get(connection.id) or {}
    given = Credentials(*(str(secret.get(name, "")) for name in NAMES[:3]))
    gate = RoundGate(session.store.governor, accounts(connection), RowClass.PERSON)
    try:
        async with reach(connection, given, gate) as zoho:
            organization = await connect.organization(zoho, connection)
            approved = approved_mapping(session, connection)
            return check_mapping(mapping, await gather(zoho, mapping, organization, approved))
    finally:
        gate.close()


def _given(session: Session, file: Path | None) -> Text:
    if file is None:
        return Text(_ACTIVE, _stored(session, session.connection(), "MAP#active"))
    return Text(str(file), mapping_file(file))


def approved_mapping(session: Session, connection: Connection) -> FieldMap | None:
    """What a person approved last; None where nobody did, or it cannot be read any more."""
    try:
        return load_mapping(_stored(session, connection, "MAP#approved"))
    except MappingError:
        return None


def _stored(session: Session, connection: Connection, row: str) -> str:
    item = session.store.table.get(f"CONN#{connection.id}", row)
    return str(item["text"]) if item else ""


def _answer(session: Session, given: Text, lines: Sequence[Line], priced: Sequence[Cost]) -> None:
    faults = sum(line.state == "fault" for line in lines)
    payload = {
        "ok": not faults,
        "file": given.source,
        "findings": [line.as_row() for line in lines],
        "cost": [cost.as_row() for cost in priced],
    }

    def people(out: Console) -> None:
        for line in lines:
            show.say(out, f"{line.state}: {line.place}: {line.message}", style=show.STYLES[line.state])
            if line.facts:
                show.say(out, f"    there: {'; '.join(_facts(line))}")
            show.say(out, f"    fix: {line.fix}")
        warnings = len(lines) - faults
        show.say(
            out, f"{show.plural(faults, 'fault')}, {show.plural(warnings, 'warning')} in {given.source}."
        )
        if priced:
            _print_costs(out, priced)

    show.answer(session, payload, people)


def _facts(line: Line) -> Iterator[str]:
    for side, fact in line.facts.items():
        yield f"{SIDE_NAMES[Side(side)]} {fact['name']} ({FieldFacts(**fact).shown()})"


def _print_costs(out: Console, priced: Sequence[Cost]) -> None:
    rows = show.table("what it costs", "CRM calls", "Books calls")
    for cost in priced:
        rows.add_row(cost.flow, cost.crm, cost.books)
    out.print(rows)


@app.command(name="show", epilog="Example:\n\n  tandem mapping show my.yaml")
def show_(ctx: typer.Context, file: File = None) -> None:
    """Show which field corresponds to which, in which direction, and who owns it."""
    session = session_of(ctx)
    given = _given(session, file)
    mapping = load_mapping(given.text, source=given.source)
    payload = {
        "ok": True,
        "file": given.source,
        "version": mapping.version,
        "mapping": mapping.model_dump(mode="json"),
        "off": list(mapping.off),
    }
    show.answer(session, payload, lambda out: _print_mapping(out, given, mapping))


def _print_mapping(out: Console, given: Text, mapping: FieldMap) -> None:
    show.say(out, f"{given.source}: version {mapping.version}, home country {mapping.region}.")
    for entity in mapping.entities.values():
        rows = show.table(entity.name, "CRM", "", "Books", "converter", "owner", "conflict", "first link")
        for field in entity.fields:
            sides = [", ".join(dict.fromkeys(names)) for names in map(field.attributes, _SIDES)]
            rows.add_row(
                field.name, sides[0], _ARROWS[field.direction], sides[1], field.converter, field.owner, field.conflict,
                field.first_link,
            )  # fmt: skip
        out.print()
        out.print(rows)
        for sentence in _policies(entity):
            show.say(out, f"  {sentence}")
    for name in mapping.off:
        show.say(out, f"{name} is off: its records are left alone.")


def _policies(entity: EntityMapping) -> Iterator[str]:
    """What the keys of an entity do, in sentences."""
    for side in _SIDES:
        product = SIDE_NAMES[side]
        if wanted := entity.create_when(side):
            when = " and ".join(
                f"{name} is {' or '.join(map(str, values))}" for name, values in wanted.items()
            )
            yield f"Created in {product} only when {when}."
        if constants := entity.constants.of(side):
            given = ", ".join(f"{name}: {value}" for name, value in constants.items())
            yield f"A create in {product} also writes {given}."
        for field in entity.fields:
            if (value := field.default.on(side)) is not None:
                yield f"A create in {product} writes {value} for {field.name} where the other side is blank."
    yield f"Belong together, beside the stamp, by {', '.join(entity.match_by) or 'nothing else'}."
    yield f"Deleted in CRM: {entity.delete}."
    if entity.name == "contact_person":
        yield f"Without an Account: {entity.without_account.replace('_', ' ')}."


@app.command(
    epilog="""Examples:

  tandem mapping diff my.yaml  (what would change if it became the active one)

  tandem mapping diff  (what changed since a person approved the mapping)

Exit code 1 when there is a difference."""
)
def diff(ctx: typer.Context, file: File = None) -> None:
    """Tell what a changed mapping means, field by field."""
    session = session_of(ctx)
    connection = session.connection()
    active = Text(_ACTIVE, _stored(session, connection, "MAP#active"))
    approved = Text("approved mapping", _stored(session, connection, "MAP#approved") or active.text)
    old, new = (active, _given(session, file)) if file else (approved, active)
    found = _differences(old, new)
    maps = (load_mapping(one.text, source=one.source) for one in (old, new))
    anew = len(pairs_to_compare(session.store, connection.id, *maps))
    payload = {
        "ok": not found,
        "from": old.source,
        "to": new.source,
        "differences": [one.as_row() for one in found],
        "compared_anew": anew,
    }

    def people(out: Console) -> None:
        _print_differences(out, old, new, found)
        if anew:
            calls = f"{anew} calls to Books, 1 to CRM for each 50, after all other work"
            show.say(out, f"{show.plural(anew, 'pair')} to compare anew: {calls}.")

    show.answer(session, payload, people)
    if found:
        session.attend()


def _differences(old: Text, new: Text) -> Sequence[Difference]:
    return differences(load_mapping(old.text, source=old.source), load_mapping(new.text, source=new.source))


def _print_differences(out: Console, old: Text, new: Text, found: Sequence[Difference]) -> None:
    for one in found:
        show.say(out, f"{one.place}: {one.change}")
        show.say(out, f"    {one.meaning}")
    show.say(out, f"{show.plural(len(found), 'difference')} from {old.source} to {new.source}.")


@app.command(epilog="Examples:\n\n  tandem mapping approve\n\n  tandem mapping approve --yes  (in a script)")
def approve(
    ctx: typer.Context, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Let the connection write again with its changed mapping; shows the difference and asks first."""
    session = session_of(ctx)
    connection = session.connection()
    active = Text(_ACTIVE, _stored(session, connection, "MAP#active"))
    approved = Text("approved mapping", _stored(session, connection, "MAP#approved") or active.text)
    found = _differences(approved, active)
    if connection.native_sync == "on":
        raise BadInputError("Zoho's own CRM sync is on; first: tandem mode write --native-sync-off")
    refuse_while_guarded(connection)
    if not yes:
        if session.json or not sys.stdin.isatty():
            raise BadInputError("approving asks first; in a script add --yes")
        _print_differences(show.console(), approved, active, found)
        typer.confirm("Write with this mapping from now on?", abort=True)
    session.record("mapping approve", mapping_version=connection.mapping_version)
    woken = session.store.connections.approve(connection.id, session.store.rows, session.now())
    session.stack.ring(connection.group)
    payload = {"ok": True, "connection": connection.id, "mode": Mode.WRITE.value, "woken": woken,
               "differences": [one.as_row() for one in found]}  # fmt: skip
    sentence = f"Approved: mode write. {show.plural(woken, 'row')} woken; `tandem status` shows them go."
    show.answer(session, payload, lambda out: show.say(out, sentence))


@app.command(epilog="Example:\n\n  tandem mapping schema > tandem.schema.json")
def schema() -> None:
    """Print the JSON Schema of the mapping file, for editors that complete and check while you write."""
    print(json.dumps(file_schema(), indent=2, ensure_ascii=False))
