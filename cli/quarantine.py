"""`tandem quarantine` and `tandem release`: cases by cause, and a person's word on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from cli import show
from cli.find import find
from cli.fixes import Word, fix_of, kind_of, settles
from cli.shell import Session, session_of
from tandem.core.connection import Connection
from tandem.core.conversion import SIDE_NAMES
from tandem.core.errors import BadInputError, ConditionFailedError
from tandem.core.match import VANISHED
from tandem.core.records import LinkState, RecordKey, RowClass, Side
from tandem.engine.ports import Item
from tandem.engine.rows import parse_key

EPILOG = """Examples:

  tandem quarantine

  tandem quarantine 1a2b3c4d  (its members with both values)"""

RELEASE_EPILOG = """Examples:

  tandem release 1a2b3c4d  (the cause is mended: decide the whole case afresh)

  tandem release 5500000000123 --take books  (Books is right, if it still shows that)

  tandem release 5500000000123 --approve  (yes, it is the same customer)

  tandem release 5500000000123 --keep-apart  (no, and do not ask again)

  tandem release 9f8e7d6c --approve  (a guard stopped a mass change, and it was meant)"""

_FEW = 5
_KEYS = 50


def quarantine(
    ctx: typer.Context,
    case: Annotated[str | None, typer.Argument(help="A case's id; none: all cases.")] = None,
) -> None:
    """List what is held, one case for each cause, with its fix. Exit code 1 when there is any."""
    session = session_of(ctx)
    connection = session.connection()
    cases = _cases(session, connection)
    if case is not None:
        cases = [one for one in cases if one["id"] == case]
        if not cases:
            raise BadInputError(f"there is no open case “{case}”; `tandem quarantine` lists them")
    payload = {"ok": not cases, "connection": connection.id, "cases": cases}
    show.answer(session, payload, lambda out: _print(out, cases, in_full=case is not None))
    if cases:
        session.attend()


def _cases(session: Session, connection: Connection) -> list[dict[str, Any]]:
    members: dict[str, list[Item]] = {}
    for hold in session.store.cases.holds(connection.id):
        members.setdefault(str(hold["case"]), []).append(hold)
    cases = []
    for item in session.store.cases.cases(connection.id):
        id = str(item["sk"]).removeprefix("CASE#")
        holds = members.get(id, [])
        sentence = holds[0]["sentence"] if holds else item.get("sentence", "")
        cases.append(
            {
                "id": id,
                "cause": item["cause"],
                "count": len(holds),
                "sentence": sentence,
                "fix": fix_of(str(item["cause"]), id),
                "since": item["at"],
                "members": [_member(hold) for hold in holds],
            }
        )
    return sorted(cases, key=lambda one: (-one["count"], str(one["cause"])))


def _member(hold: Item) -> dict[str, Any]:
    key = parse_key(str(hold["record"]))
    names = ("field", "sentence", "crm", "books", "candidates", "label", "at", "link", "word")
    told = {name: hold.get(name) for name in names}
    return {
        "record": f"{key.side}:{key.id}",
        "entity": key.entity,
        "id": key.id,
        "side": key.side.value,
        **told,
    }


def _print(out: Console, cases: Sequence[Mapping[str, Any]], *, in_full: bool) -> None:
    if not cases:
        show.say(out, "Nothing is held.", style="green")
    for case in cases:
        show.say(out, f"{case['id']}  {case['cause']}  ({show.plural(case['count'], 'record')}, "
                      f"since {show.moment(case['since'])})", style="bold")  # fmt: skip
        show.say(out, f"  {case['sentence']}")
        show.say(out, f"  What to do: {case['fix']}")
        members = case["members"] if in_full else case["members"][:_FEW]
        for member in members:
            show.say(out, f"    {member['record']}  {member['entity']}  {member['label']}")
            if in_full and member["field"]:
                show.say(
                    out, f"      CRM {show.value(member['crm'])}  |  Books {show.value(member['books'])}"
                )
            if in_full and member["candidates"]:
                show.say(out, f"      candidates: {', '.join(member['candidates'])}")
        if len(members) < case["count"]:
            show.say(out, f"    … and {case['count'] - len(members)} more: tandem quarantine {case['id']}")


# --- a person's word --------------------------------------------------------------------------------------


def release(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(help="A case's id, or a record (id, crm:ID, books:ID, address).")],
    take: Annotated[Literal["crm", "books"] | None, typer.Option(help="This side is right, once.")] = None,
    approve: Annotated[
        bool,
        typer.Option("--approve", help="Let the held link, move, deactivation or mass change happen, once."),
    ] = False,
    keep_apart: Annotated[
        bool, typer.Option("--keep-apart", help="It is none of the candidates shown; remembered for good.")
    ] = False,
) -> None:
    """Decide held records afresh, now, from the present state of both sides.

    Without a word nothing is overruled: what is still wrong is held again. --take and --approve hold only for the
    values that were shown; a value that changed since is decided like any change.
    """
    session = session_of(ctx)
    if sum((bool(take), approve, keep_apart)) > 1:
        raise BadInputError(
            "give one of --take, --approve and --keep-apart: --take settles a value, --approve a link or a "
            "deactivation, --keep-apart says that a record is none of its candidates"
        )
    connection = session.connection()
    word: Word | None = "take" if take else "approve" if approve else "keep-apart" if keep_apart else None
    holds, closed = _meant(session, connection, id, word)
    _check_word(session, holds, word)
    now, released = session.now(), []
    for hold in holds:
        if take or approve:
            try:
                session.store.cases.release(hold, take=Side(take) if take else None, approve=approve)
            except ConditionFailedError:
                continue  # settled meanwhile
        if keep_apart:
            key, others = parse_key(str(hold["record"])), list(hold["candidates"])
            session.store.apart.keep(key, others, session.now())
        _remember(session, hold, word)
        released.append(str(hold["record"]))
    keys = [parse_key(record) for record in dict.fromkeys(released)]
    for key in keys:
        session.store.rows.hint(key, RowClass.PERSON, now)
    if keys:
        session.stack.ring(connection.group, [str(key) for key in keys[:_KEYS]])
    payload = {
        "ok": True,
        "connection": connection.id,
        "released": [f"{key.side}:{key.id}" for key in keys],
        "closed": closed,
        "word": {"take": take, "approve": approve, "keep_apart": keep_apart},
        "paused": not connection.is_working,
    }
    show.answer(
        session,
        payload,
        lambda out: _print_release(
            out, connection, keys, closed, _said(take, approve=approve, apart=keep_apart)
        ),
    )


def _said(take: str | None, *, approve: bool, apart: bool) -> str:
    if take:
        return f"{SIDE_NAMES[Side(take)]} is right"
    if apart:
        return "kept apart from the candidates shown, for good"
    return "approved" if approve else "decided afresh from the present state"


def _remember(session: Session, hold: Item, word: Word | None) -> None:
    """Tell the history who said what about this hold, and what it showed then."""
    names = ("case", "cause", "field", "crm", "books", "candidates", "link")
    shown = {name: hold[name] for name in names if hold.get(name)}
    key = parse_key(str(hold["record"]))
    if word == "keep-apart":
        shown |= {"kind": "apart", "sentence": f"kept apart from {', '.join(hold['candidates'])}, for good"}
    session.record("release", key, word=word or "decide afresh", **shown)


def _meant(
    session: Session, connection: Connection, id: str, word: Word | None
) -> tuple[list[Item], str | None]:
    """The holds of a case or a record; a case without members is put away (its cause is then named)."""
    cases = {str(item["sk"]).removeprefix("CASE#"): item for item in session.store.cases.cases(connection.id)}
    if id in cases:
        holds = [hold for hold in session.store.cases.holds(connection.id) if hold["case"] == id]
        if holds:
            return holds, None
        return [], _put_away(session, connection, str(cases[id]["cause"]), word)
    found = find(session, connection, id)
    if not found.holds:
        raise BadInputError(
            f"nothing is held for {found.key.side} record {found.key.id}; see `tandem why {id}`"
        )
    return list(found.holds), None


def _put_away(session: Session, connection: Connection, cause: str, word: Word | None) -> str:
    if kind_of(cause) == "guard":
        return _answer_guard(session, connection, cause, word)
    if cause in ("connection stopped", "native sync on", "state restored"):
        raise BadInputError(f"this case ends with its cause. {fix_of(cause)}")
    session.record("release", word="put away", cause=cause)
    session.store.cases.close(connection.id, cause)
    return cause


def _answer_guard(session: Session, connection: Connection, cause: str, word: Word | None) -> str:
    """What a guard stopped goes on: its changes pass once, or everything is decided and counted afresh."""
    if word is not None and not settles(word, cause):
        raise BadInputError(f"--{word} has no effect on “{cause}”. {fix_of(cause)}")
    session.record("release", word=word or "decide afresh", cause=cause)
    session.store.guards.answer(connection, session.store.rows, session.now(), approve=word == "approve")
    session.store.cases.close(connection.id, cause)
    session.stack.ring(connection.group)
    return cause


def _check_word(session: Session, holds: Sequence[Item], word: Word | None) -> None:
    if word is None:
        return
    for hold in holds:
        cause = str(hold["cause"])
        if not settles(word, cause):
            raise BadInputError(f"--{word} has no effect on “{cause}”. {fix_of(cause)}")
        if word != "approve" or kind_of(cause) != "match" or cause == f"match:{VANISHED}":
            continue
        count = len(hold.get("candidates") or ())
        if count != 1:
            raise BadInputError(
                f"--approve needs one candidate; here are {count}: {', '.join(hold.get('candidates') or ['none'])}. "
                "Mend the duplicates in Zoho, then release without a word"
            )
        _check_free(session, parse_key(str(hold["record"])), str(hold["candidates"][0]))


def _check_free(session: Session, key: RecordKey, candidate: str) -> None:
    """Of a candidate that a link holds, or a tombstone, an approval would only be asked for again."""
    side = key.side.other
    link = session.store.links.of(RecordKey(key.connection, side, key.entity, candidate))
    if link is None:
        return
    ids = {key.side: key.id, side: candidate}
    both = f"tandem link {ids[Side.CRM]} {ids[Side.BOOKS]}"
    if link.state is LinkState.LIVE:
        told = f"is linked with {link.id_on(key.side)}: tandem unlink {side}:{candidate}, then {both}"
    else:
        told = f"belonged to a link that has ended ({link.reason}): {both}"
    raise BadInputError(
        f"--approve links only what is free. {SIDE_NAMES[side]} record {candidate} {told}. If they are two: "
        f"tandem release {key.side}:{key.id} --keep-apart"
    )


def _print_release(
    out: Console,
    connection: Connection,
    keys: Sequence[RecordKey],
    closed: str | None,
    said: str,
) -> None:
    if closed and kind_of(closed) == "guard":
        show.say(out, f"The {closed.split(':')[1]} is {said}. The connection works again: tandem status")
        return
    if closed:
        show.say(out, f"The case “{closed}” is put away; if it happens again there is a new alert.")
        return
    show.say(
        out,
        f"{show.plural(len(keys), 'record')} released ({said}). The writer takes them now, before all else.",
    )
    if not connection.is_working:
        show.say(out, "The connection is paused or stopped: they wait until it works again.", style="yellow")
    if connection.effective_mode.value == "observe":
        show.say(out, "It only observes: what would be written is recorded, nothing leaves.", style="yellow")
    if keys:
        show.say(out, f"Then look: tandem why {keys[0].side}:{keys[0].id}")
