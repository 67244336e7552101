"""What our calls show: quotas, credentials, and for each write its cause and its entry: P2, P11, P20, P24, P25."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.system.simulation.case import Case
from tests.system.simulation.evidence import seconds_of, took_effect, updated_many
from tests.system.simulation.windows import lost_entries, typed_alike, unseen_creates

MINUTE = 60.0 - 15.0
"""Calls counted in a minute: the clocks of functions differ, and a call may be slow to arrive."""


def credentials(case: Case) -> None:
    """No call names another connection's organisation, and none comes with a grant that another one uses.

    A token that the org never gave is refused and has no grant in the log; that shows as `stuck`.
    """
    others = [call for org, calls in case.evidence.calls.items() if org != case.org for call in calls]
    for name in ("token_hint", "org"):
        shared = {call[name] for call in case.calls} & {call[name] for call in others} - {None}
        if shared:
            case.verdict.add("crossed", f"{case.org}: shares {name} with another connection")


def calls_made(case: Case) -> None:
    """No call beyond a limit, as the org itself judged it."""
    for call in case.calls:
        planted = call["fault"] is not None
        status, code = int(call["status"]), str(call["code"])
        where = f"{case.org} {call['endpoint']} at {call['time']}"
        if not planted and (
            status == 429 or code in ("44", "45", "43", "1070", "Access Denied", "access_denied")
        ):
            case.verdict.add("overruns", f"{where}: {status} {code}")


def pace(case: Case) -> None:
    """No more calls to Books in any minute than the connection allows itself, however they fall on the clock."""
    times = [seconds_of(call) for call in case.calls if call["product"] == "books"]
    most = case.evidence.per_minute
    for first, last in zip(times, times[most:], strict=False):
        if last - first < MINUTE:
            case.verdict.add("overruns", f"{case.org}: {most + 1} calls to Books in {last - first:.0f} s")
            return


def writes(case: Case) -> None:
    """No write without a cause, without an end, or without its entry."""
    quiet = case.evidence.quiet_since.get(case.org)
    made = [call for call in case.calls if took_effect(call)]
    for call in made:
        if quiet is not None and call["seq"] > quiet:
            case.verdict.add("echoes", f"{case.org} {call['endpoint']} after all had been quiet")
    kinds = Counter(entry["kind"] for entry in case.history)
    count = sum(_records(call) for call in made)
    lost = sum(map(_records, lost_entries(case)))
    excused = kinds["unknown"] + len(unseen_creates(case)) + lost
    if not kinds["write"] - len(typed_alike(case)) <= count <= kinds["write"] + excused:
        case.verdict.add(
            "unrecorded",
            f"{case.org}: {count} writes, {kinds['write']} entries, {kinds['unknown']} unknown",
        )
    _count_writes(case, made)


def _count_writes(case: Case, made: list[dict[str, Any]]) -> None:
    """N edits of a record make at most n writes to its counterpart (P11)."""
    names = case.names()
    causes: Counter[tuple[str, str]] = Counter()
    for act in case.acts:
        causes[act.token, "books" if act.side == "crm" else "crm"] += 1
        if act.verb == "release":
            causes[act.token, act.side] += 1
        if (act.kind, act.field) == ("individual", "name"):
            causes[act.token, "books"] += 1  # its display name, by a call of its own
    for entry in case.history:
        rules = (entry.get("rules") or {}).values()
        if any(str(rule).startswith("conflict") for rule in rules) or entry["kind"] == "unknown":
            token = names.get(str(entry.get("target")))
            if token:
                causes[token, str(entry.get("side"))] += 1
    done: Counter[tuple[str, str]] = Counter()
    for call in made:
        for id in _targets(call):
            if token := names.get(id):
                done[token, call["product"]] += 1
    for place, count in sorted(done.items()):
        if count > causes[place] and not case.is_excused(place[0]):
            case.verdict.add("echoes", f"{case.org} {place}: {count} writes for {causes[place]} causes")


def _records(call: Mapping[str, Any]) -> int:
    """How many records a write changed: one, but for an update of several."""
    several = updated_many(call)
    return 1 if several is None else len(several)


def _targets(call: Mapping[str, Any]) -> list[str]:
    """Whom an update wrote to: of a person's write the person, not its customer."""
    if (several := updated_many(call)) is not None:
        return several
    last = str(call["path"]).rstrip("/").rsplit("/", 1)[-1]
    return [last] if last.isdigit() and call["method"] == "PUT" else []
