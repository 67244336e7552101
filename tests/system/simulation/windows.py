"""The windows that docs/correctness.md declares: what is lost in one of them is counted, not found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from tests.system.simulation.case import Case
from tests.system.simulation.evidence import (
    STATES,
    Act,
    moment_of,
    seconds_of,
    token_of,
    took_effect,
    values_in,
    written_ids,
)

WINDOW = 30.0
"""Seconds between the last look at a Books record and a write to it: Books has no lock (docs/correctness.md).

What was read more than 10 s ago is read again, and a write takes its 15 s at most; the rest is for slow tables.
"""
LISTING_WINDOW = 20.0
"""The same for a listing, which stands for a read for 5 s."""
CLOCKS = 5.0
"""Seconds by which the clock of a function may be off."""
ON_ITS_WAY = 60.0
"""Seconds from the intent of a create to its arrival in Zoho, at most."""

UNSETTLED = 180.0
"""How long an intent may stay open: a create is looked for after two minutes."""


def in_books_window(case: Case, act: Act) -> bool:
    """Typed in Books after our last look at the record and before our write to it, which was seconds later."""
    if act.side != "books":
        return False
    for index, call in enumerate(case.calls):
        if call["product"] != "books" or call["method"] != "PUT" or not took_effect(call):
            continue
        at = seconds_of(call)
        if (
            act.at <= at <= act.at + WINDOW
            and _touches(case, call, act)
            and _looked(case.calls[:index], call, act.at, _given_up(case, call))
        ):
            return True
    return False


def _given_up(case: Case, write: Mapping[str, Any]) -> float:
    """Until when its sender can have looked: one that got no answer was gone when the write was carried out."""
    at, target = seconds_of(write), _target(write)
    for entry in case.history:
        if entry.get("settled") and str(entry.get("target")) == target:
            began = datetime.fromisoformat(str(entry["sk"]).partition("#")[0]).timestamp()
            if began <= at <= min(moment_of(entry), began + ON_ITS_WAY):
                return began + CLOCKS
    return at


def _looked(
    before: Sequence[Mapping[str, Any]], write: Mapping[str, Any], typed: float, until: float
) -> bool:
    """The last look was before the edit, and was young enough to write on: a read of the record, else a listing."""
    ids = {*written_ids(write), *filter(str.isdigit, str(write["path"]).split("/"))}
    at = seconds_of(write)
    looks = [c for c in before if c["product"] == "books" and c["status"] < HTTPStatus.MULTIPLE_CHOICES]
    looks = [call for call in looks if seconds_of(call) <= until]
    looks = [call for call in looks if call["status"] and at - seconds_of(call) <= WINDOW]
    read = [seconds_of(call) for call in looks if ids & _shown_by(call)]
    listed = [seconds_of(call) for call in looks if call["endpoint"] == "GET /books/v3/contacts"]
    if read and read[-1] >= typed:
        return False
    return bool(read) or any(moment < typed and at - moment <= LISTING_WINDOW for moment in listed)


def _shown_by(call: Mapping[str, Any]) -> set[str]:
    """Whom an answer of Books shows: all that a read is about, and of a write its target alone."""
    return {_target(call)} | (set(written_ids(call)) if call["method"] == "GET" else set())


def _target(call: Mapping[str, Any]) -> str:
    return str(call["path"]).rstrip("/").rsplit("/", 1)[-1]


KEYS = {
    "phone": "billing_address",
    "segment": "custom_fields",
    "name": "contact_name",
    "tax_identity": "gst_no",
    "pan": "pan_no",
}
KEYS_OF = {
    "item": {"grade": "custom_fields"},
    "individual": {"name": "last_name", "tier": "custom_fields"},
}
"""Where a field stands in the body of a write to Books, if not under its own name."""


def _touches(case: Case, call: Mapping[str, Any], act: Act) -> bool:
    """The write carries the field of the edit to the record of the edit; one of a person is a write to that person."""
    names = case.names()
    if act.kind == "person":
        return names.get(_target(call)) == act.token
    body, keys = call.get("request_body") or {}, KEYS_OF.get(act.kind, KEYS)
    written = filter(str.isdigit, str(call["path"]).split("/"))
    return keys.get(act.field, act.field) in body and act.token in map(names.get, written)


def unseen_creates(case: Case) -> set[str]:
    """Ids of what an unanswered create made and a person deleted before Tandem could know it: it is made again.

    In CRM only what was renamed first and shown by no answer, since all else is known among what was deleted.
    Books tells nobody what was deleted there.
    """
    return {str(act.value) for act in _gone(case) if _is_unseen(case, act)}


def _gone(case: Case) -> list[Act]:
    """By which a record went for good; of a merge it is the loser."""
    return [act for act in case.acts if act.verb in ("delete", "merge")]


def _is_unseen(case: Case, act: Act) -> bool:
    id = str(act.value)
    made = next((call for call in case.calls if _made(call, act.side, id)), None)
    if made is None or not any(_looked_in_vain(entry, made, act) for entry in case.history):
        return False
    return act.side == "books" or (_was_renamed(case, made, act) and not _was_shown(case, made, act))


def _made(call: Mapping[str, Any], product: str, id: str) -> bool:
    return (
        call["product"] == product
        and call["method"] == "POST"
        and took_effect(call)
        and id in written_ids(call)
    )


def _looked_in_vain(entry: Mapping[str, Any], made: Mapping[str, Any], act: Act) -> bool:
    """Tandem looked for what this very create had made, once it was deleted, and told that it found nothing."""
    if (entry["kind"], entry.get("verb"), entry.get("side")) != ("not_written", "create", act.side):
        return False
    stamp, intended = str(entry["record"]).rsplit("/", 1)[1], str(entry["sk"]).split("#", 1)[0]
    took = seconds_of(made) - datetime.fromisoformat(intended).timestamp()
    looked = moment_of(entry)
    return _names(made, stamp, act) and -CLOCKS <= took <= ON_ITS_WAY and looked >= act.at - CLOCKS


def _was_renamed(case: Case, made: Mapping[str, Any], act: Act) -> bool:
    return any(
        (a.verb, a.kind, a.side, a.token, a.field) == ("edit", act.kind, "crm", act.token, "name")
        and seconds_of(made) <= a.at <= act.at
        for a in case.acts
    )


def _was_shown(case: Case, made: Mapping[str, Any], act: Act) -> bool:
    return any(
        call["product"] == "crm"
        and call["status"] == HTTPStatus.OK
        and call["seq"] > made["seq"]
        and seconds_of(call) < act.at
        and str(act.value) in written_ids(call)
        for call in case.calls
    )


# --- the second of a version (docs/correctness.md, "A second") --------------------------------------------------


def in_one_second(case: Case, token: str, customer: str) -> bool:
    """A person edited in Books in the second of another edit of its customer, which nobody has read since.

    The customer's time was known already and lists show no persons: its lost webhook is made good by the next edit.
    """
    owner = case.owners[token]
    family = [a for a in case.acts if a.side == "books" and owner in (a.token, case.owners.get(a.token))]
    return any(
        act.token == token
        and act.verb == "edit"
        and any(other is not act and 0 <= act.at - other.at < 1 for other in family)
        and not any(
            call["method"] == "GET" and customer in str(call["path"]) and seconds_of(call) > act.at
            for call in case.calls
        )
        for act in family
    )


# --- a State table that was restored from a backup (P18) ---------------------------------------------------------


def is_of_lost_state(case: Case, entry: Mapping[str, Any]) -> bool:
    """Decided after the table was restored: what both sides had agreed on since the backup is not known there."""
    at = moment_of(entry)
    return any(at >= restore.up - CLOCKS for restore in case.evidence.restored)


def is_asked_whether_one(case: Case, crm: str, books: str) -> bool:
    """A link made since the backup is not known in the restored table: a person is asked whether these are a pair."""
    return any(
        entry["kind"] == "held"
        and is_of_lost_state(case, entry)
        and {str(entry.get("record")).rsplit("/", 1)[-1], *entry.get("candidates", ())} >= {crm, books}
        for entry in case.history
    )


def is_asked_of_twins(case: Case, token: str) -> bool:
    """Two people made the customer, and nothing proves any more that the two are one: a person is asked.

    The person whose e-mail links them was deleted, or each has a tax number of its own. So it is where the person of
    another customer was moved to a new one, which looks like both. Once they are linked nothing is asked any more.
    """
    causes = {"match:other tax number"}
    if case.ends.get(("person", token)):
        causes.add("match:name only")
    if token in case.hosts:
        causes |= {"match:e-mail only", "match:reserved"}
    asked = set()
    for entry in sorted(case.history, key=moment_of):
        if entry["kind"] == "held" and entry.get("cause") in causes:
            asked.add(str(entry["record"]).rsplit("/", 1)[-1])
        elif entry["kind"] == "link":
            asked -= {str(entry.get("crm_id")), str(entry.get("books_id"))}
    return bool(asked) and token in map(case.names().get, asked)


CONTRADICTION = "tax identity contradicts"


def was_asked_first(case: Case, token: str, until: float) -> bool:
    """By then a person was asked whose counterpart it is, or what of it is right, and it had none yet."""
    asked: set[str] = set()
    for entry in sorted(case.history, key=moment_of):
        if moment_of(entry) > until:
            break
        cause, id = str(entry.get("cause")), str(entry.get("record")).rsplit("/", 1)[-1]
        if entry["kind"] == "held" and (cause.startswith("match:") or cause == CONTRADICTION):
            asked.add(id)
        elif entry["kind"] == "link" or (entry["kind"], entry.get("verb")) == ("write", "create"):
            asked -= {id, *(str(entry.get(name)) for name in ("crm_id", "books_id", "written_id"))}
    return bool(asked) and token in map(case.names().get, asked)


def is_contradicting(case: Case, token: str) -> bool:
    """What somebody typed of a tax identity contradicts itself: no counterpart is made, and a person is asked."""
    names = case.names()
    asked = {
        str(entry["record"]).rsplit("/", 1)[-1]
        for entry in case.history
        if (entry["kind"], entry.get("cause")) == ("held", CONTRADICTION)
    }
    typed = [
        (one["id"], one.get("GSTIN"), one.get("GST_Treatment"), one.get("Place_of_Supply"))
        for one in case.sides["crm"]["Accounts"]
    ] + [
        (one["contact_id"], one.get("gst_no"), one.get("gst_treatment"), one.get("place_of_contact"))
        for one in case.sides["books"]["contacts"]
    ]
    wrong = {
        str(id)
        for id, number, treatment, place in typed
        if number and not (treatment and str(number)[:2] == STATES.get(place))
    }
    return token in {names[id] for id in asked & wrong}


def made_again(case: Case) -> set[str]:
    """Ids of what people deleted and Tandem makes again as declared: nothing that it knows tells of the delete."""
    lost = {str(act.value) for act in _gone(case) if _is_of_a_lost_pair(case, act)}
    return unseen_creates(case) | lost


def _is_of_a_lost_pair(case: Case, act: Act) -> bool:
    """The pair was made or linked since the backup, and this one deleted before the table knew the pair again.

    What was made before, and was not told of when the table was lost, was an open intent, which no restore keeps.
    """
    id, other = str(act.value), "books" if act.side == "crm" else "crm"
    made = [c for c in case.calls if _made(c, act.side, id) or _made_of(c, other, act)][:1]
    told = [moment_of(e) for e in case.history if any(e.get("written_id") in written_ids(c) for c in made)]
    linked = [moment_of(entry) for entry in case.history if _links(entry, act)]
    return any(
        any(restore.saved - UNSETTLED <= at <= last for at in [*map(seconds_of, made), *linked])
        or any(seconds_of(call) <= last for call in made if not any(at <= restore.stopped for at in told))
        for restore in case.evidence.restored
        if (last := restore.stopped + ON_ITS_WAY) and not any(restore.up <= at <= act.at for at in linked)
    )


def _made_of(call: Mapping[str, Any], product: str, act: Act) -> bool:
    """The create of this record's counterpart."""
    is_create = call["product"] == product and call["method"] == "POST" and took_effect(call)
    return is_create and _names(call, str(act.value), act)


def _names(create: Mapping[str, Any], stamp: str, act: Act) -> bool:
    """By its stamp, or by the name of a person, who bears none in Books."""
    body = create.get("request_body") or {}
    return stamp in values_in(body) or (act.kind == "person" and token_of(body.get("last_name")) == act.token)


def _links(entry: Mapping[str, Any], act: Act) -> bool:
    return (entry["kind"], entry.get(f"{act.side}_id")) == ("link", act.value)


def lost_entries(case: Case) -> list[Mapping[str, Any]]:
    """Writes whose intents may have been lost with the table before they came into the history."""
    return [
        call
        for restore in case.evidence.restored
        for call in case.calls
        if took_effect(call)
        and restore.saved - UNSETTLED <= seconds_of(call) <= restore.stopped + ON_ITS_WAY
        and (
            seconds_of(call) >= restore.stopped - UNSETTLED
            or not call["status"]
            or call["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR
        )
    ]


def gave_way_unrecorded(case: Case, act: Act) -> bool:
    """A write over it lost its entry with the table: whether it was decided rightly is not known any more."""
    names = case.names()
    return any(
        call["product"] == act.side
        and seconds_of(call) >= act.at
        and act.token in {names.get(id) for id in written_ids(call)}
        for call in lost_entries(case)
    )


# --- a write whose outcome was looked up (P24) ------------------------------------------------------------------


def typed_alike(case: Case) -> list[Mapping[str, Any]]:
    """Entries of updates that never arrived: their writer died, and somebody typed the very value before the look."""
    return [entry for entry in case.history if _is_looked_up(entry) and _was_typed(case, entry)]


def _is_looked_up(entry: Mapping[str, Any]) -> bool:
    return (entry["kind"], entry.get("verb")) == ("write", "update") and bool(entry.get("settled"))


def _was_typed(case: Case, entry: Mapping[str, Any]) -> bool:
    id, after = str(entry["written_id"]), entry["after"]
    began = datetime.fromisoformat(str(entry["sk"]).partition("#")[0]).timestamp() - CLOCKS
    ended = moment_of(entry) + CLOCKS
    arrived = any(
        took_effect(call) and id in written_ids(call) and began <= seconds_of(call) <= ended
        for call in case.calls
    )
    return not arrived and any(
        (act.side, act.token) == (entry["side"], case.names().get(id))
        and began <= act.at <= ended
        and act.field in after
        and values_in(act.value) == values_in(after[act.field])
        for act in case.acts
    )
