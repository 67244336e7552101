"""`tandem link` and `tandem unlink`: a person says which two records are one customer, or that a pair is none any more.

The rows are moved here in one transaction, on condition of what was shown; the writer then compares the pair.
Nothing is written in Zoho by these commands themselves.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import show
from cli.find import Found, find
from cli.shell import Session, session_of
from tandem.core.connection import Connection
from tandem.core.decide import Ended
from tandem.core.entities import CUSTOMER, INDIVIDUAL
from tandem.core.errors import BadInputError, ConditionFailedError
from tandem.core.records import Link, LinkState, RecordKey, RowClass, Side
from tandem.engine.history import run_of
from tandem.engine.links import BY_HAND, new_link_id

LINK_EPILOG = """Examples:

  tandem link 5500000000123 4600000000077 --dry-run  (what would change?)

  tandem link 5500000000123 4600000000077  (asks first; --yes for scripts)

Both may be ids or addresses out of the browser: first CRM's, then Books'."""

UNLINK_EPILOG = """Examples:

  tandem unlink 5500000000123 --dry-run

  tandem unlink books:4600000000077  (asks first; --yes for scripts)

Both records stay as they are and are neither matched nor created again, until `tandem link` names one of them."""

DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def link(
    ctx: typer.Context,
    crm: Annotated[str, typer.Argument(help="The record in CRM: its id or address.")],
    books: Annotated[str, typer.Argument(help="The record in Books: its id or address.")],
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Link two records that are one: equal values agree, a blank takes the other's value, different ones are held.

    Frees both from links that have ended. A record in a living link is refused: `tandem unlink` it first.
    """
    session = session_of(ctx)
    connection = session.connection()
    ours, theirs = _one(session, connection, Side.CRM, crm), _one(session, connection, Side.BOOKS, books)
    made = _planned(session, ours, theirs)
    former = {
        side: found.link for side, found in ((Side.CRM, ours), (Side.BOOKS, theirs)) if found.link is not None
    }
    told = f"link CRM {made.crm_id} with Books {made.books_id} ({made.entity})"
    if not dry_run:
        _confirm(session, f"{told[0].upper()}{told[1:]}?", yes=yes)
        _carry_out(session, connection, made, former)
    ended = sorted({one.reason for one in former.values()})
    _answer(session, connection, "link", made, told, dry_run=dry_run, more={"replaces": ended})


def unlink(
    ctx: typer.Context,
    record: Annotated[
        str, typer.Argument(help="Either record of the pair: id, crm:ID, books:ID or address.")
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """End a link: both records stay as they are, and nothing goes from one to the other any more."""
    session = session_of(ctx)
    connection = session.connection()
    found = find(session, connection, record)
    if found.link is None or found.link.state is not LinkState.LIVE:
        raise BadInputError(
            f"{found.key.side} record {found.key.id} is in no living link; see `tandem why {record}`"
        )
    told = f"unlink CRM {found.link.crm_id} from Books {found.link.books_id} ({found.link.entity})"
    if not dry_run:
        _confirm(session, f"{told[0].upper()}{told[1:]}?", yes=yes)
        _end(session, found.link)
    _answer(session, connection, "unlink", found.link, told, dry_run=dry_run, more={})


def _one(session: Session, connection: Connection, side: Side, text: str) -> Found:
    found = find(session, connection, text if "://" in text or ":" in text else f"{side}:{text}")
    if found.key.side is not side:
        raise BadInputError(f"“{text}” is a record of {found.key.side}: give first CRM's, then Books'")
    if found.link is not None and found.link.state is LinkState.LIVE:
        raise BadInputError(
            f"{side} record {found.key.id} is linked with {found.link.id_on(side.other)}: tandem unlink "
            f"{side}:{found.key.id} first"
        )
    blocked = {place for intent in session.store.intents.all_open(connection.id) for place in intent.blocks()}
    if str(found.key) in blocked:
        raise BadInputError(
            f"a write for {side} record {found.key.id} is under way: try again in some minutes"
        )
    return found


def _planned(session: Session, crm: Found, books: Found) -> Link:
    """The link to be; the ended one of these very two, if there is one."""
    an_accounts = (crm.key.entity, books.key.entity) == (CUSTOMER, INDIVIDUAL)  # whatever its kind in Books
    if crm.key.entity != books.key.entity and not an_accounts:
        raise BadInputError(f"a {crm.key.entity} cannot be linked with a {books.key.entity}")
    if crm.link is not None and books.link is not None and crm.link.id == books.link.id:
        return crm.link
    parent = _parent(session, books) if crm.key.entity == "contact_person" else None
    key = crm.key
    return Link(
        connection=key.connection,
        id=new_link_id(key.connection, key.side, key.id, session.now()),
        entity=key.entity,
        crm_id=key.id,
        books_id=books.key.id,
        parent=parent,
        stamp_taken=crm.link is not None,  # the Books record of that link may keep the stamp, which is unique
    )


def _parent(session: Session, person: Found) -> str:
    """The link of the customer that a Books person belongs to."""
    row, connection = person.row, person.key.connection
    parent = (
        session.store.links.of(RecordKey(connection, Side.BOOKS, "customer", str(row.parent)))
        if row
        else None
    )
    if parent is None or parent.state is not LinkState.LIVE:
        raise BadInputError(f"the customer of Books person {person.key.id} is not linked: link that first")
    return parent.id


def _confirm(session: Session, question: str, *, yes: bool) -> None:
    if yes:
        return
    if session.json or not sys.stdin.isatty():
        raise BadInputError("this asks first; in a script add --yes, or look with --dry-run")
    typer.confirm(question, abort=True)


def _carry_out(session: Session, connection: Connection, made: Link, former: dict[Side, Link]) -> None:
    now, store = session.now(), session.store
    fresh = replace(
        made,
        state=LinkState.LIVE,
        base={},
        held={},
        edits={},
        seen_crm=None,
        seen_books=None,
        mapping_version=connection.mapping_version,
        reason=BY_HAND,
    )
    try:
        store.links.link_over(fresh, former)
    except ConditionFailedError:
        raise BadInputError("one of the two was linked meanwhile: look again with `tandem why`") from None
    keys = [RecordKey(made.connection, side, made.entity, made.id_on(side)) for side in Side]
    for key in keys:
        store.cases.settle(key, set())
    store.history.decided(
        keys[0],
        "link",
        run_of(now),
        now,
        link=made.id,
        rule=BY_HAND,
        crm_id=made.crm_id,
        books_id=made.books_id,
    )
    for key in keys:
        store.rows.hint(key, RowClass.PERSON, now)
    session.stack.ring(connection.group, [str(key) for key in keys])


def _end(session: Session, link: Link) -> None:
    now, store = session.now(), session.store
    key = RecordKey(link.connection, Side.CRM, link.entity, link.crm_id)
    try:
        store.links.move(
            replace(link, state=LinkState.TOMBSTONE, reason=Ended.BY_PERSON, held={}), link.fence
        )
    except ConditionFailedError:
        raise BadInputError("the pair changed meanwhile: look again with `tandem why`") from None
    store.outside.clear(link)
    for side in Side:
        store.cases.settle(RecordKey(link.connection, side, link.entity, link.id_on(side)), set())
    store.history.decided(key, "unlink", run_of(now), now, link=link.id, sentence=Ended.BY_PERSON)


def _answer(
    session: Session,
    connection: Connection,
    verb: str,
    link: Link,
    told: str,
    *,
    dry_run: bool,
    more: dict[str, Any],
) -> None:
    payload = {
        "ok": True,
        "connection": connection.id,
        "verb": verb,
        "dry_run": dry_run,
        "entity": link.entity,
        "crm_id": link.crm_id,
        "books_id": link.books_id,
        "link": link.id,
        **more,
    }

    def people(out: Console) -> None:
        show.say(out, f"Would {told}; nothing was changed." if dry_run else f"Done: {told}.")
        for reason in more.get("replaces", []):
            show.say(out, f"  it takes the place of a link that ended: {reason}")
        if not dry_run and verb == "link":
            show.say(out, f"The writer compares them now. Then look: tandem why crm:{link.crm_id}")

    show.answer(session, payload, people)
