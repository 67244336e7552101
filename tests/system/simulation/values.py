"""No typed value is lost, and none is late: P5, P6."""

from __future__ import annotations

from tests.system.simulation.case import Case
from tests.system.simulation.evidence import (
    Act,
    by_token,
    moment_of,
    plain,
    seconds_of,
    took_effect,
    values_in,
)
from tests.system.simulation.windows import gave_way_unrecorded, in_books_window, was_asked_first

PROMPT = 30.0
"""Seconds that an edit may take to the other side while nothing is at fault."""


def values(case: Case) -> None:
    """Every typed value is there, or gave way to somebody who saw it, or to a decision that holds it."""
    shown = _shown(case)
    seen = {(a.kind, a.token, a.field, plain(a.saw)) for a in case.acts if a.verb == "edit"}
    decided = _decided(case)
    for act in case.acts:
        value = plain(act.value)
        if act.verb != "edit" or not value or _is_ended(case, act):
            continue
        if value in shown.get((act.kind, act.token), set()):
            continue
        if (act.kind, act.token, act.field, value) in seen:
            continue
        if any(plain(act.saw) not in kept for kept in decided.get(value, ())):
            continue
        if gave_way_unrecorded(case, act):
            continue
        if in_books_window(case, act):
            case.verdict.in_window += 1
            continue
        case.verdict.add(
            "lost", f"{case.org} {act.token} {act.field}: {value!r} typed in {act.side} at {act.at:.1f}"
        )


def promptness(case: Case) -> None:
    """While nothing is at fault an edit is on the other side soon: one found by the next poll was missed (P5)."""
    carried = _carried(case)
    for act in case.acts:
        value = plain(act.value)
        is_brisk = any(began <= act.at <= ended for began, ended in case.evidence.brisk)
        if act.verb != "edit" or not value or not is_brisk or _is_ended(case, act):
            continue
        other = "books" if act.side == "crm" else "crm"
        took = carried.get((other, value), act.at) - act.at
        if took > PROMPT and not _is_asked(case, act) and not _was_left_out(case, act):
            case.verdict.add(
                "stuck",
                f"{case.org} {act.token} {act.field}: {took:.0f} s from {act.side}, nothing at fault",
            )


def _is_asked(case: Case, act: Act) -> bool:
    """A person was asked about this very field meanwhile, or before its customer had a counterpart: it waits."""
    asked = [
        str(entry["record"]).rsplit("/", 1)[-1]
        for entry in case.history
        if (entry["kind"], entry.get("field")) == ("held", act.field)
        and act.at <= moment_of(entry) <= act.at + PROMPT
    ]
    if asked and act.token in map(case.names().get, asked):
        return True
    owners = {act.token, case.owners.get(act.token, act.token)}
    return any(was_asked_first(case, token, act.at + PROMPT) for token in owners)


def _was_left_out(case: Case, act: Act) -> bool:
    """Its Account was of another type: it is created, with all that was typed, once it is a customer's again."""
    owner = case.owners.get(act.token, act.token)
    types = [a.value for a in case.acts if (a.verb, a.token) == ("sort", owner) and a.at <= act.at]
    return bool(types) and types[-1] != "Customer"


def _carried(case: Case) -> dict[tuple[str, str], float]:
    """When each value was first written to each product."""
    found: dict[tuple[str, str], float] = {}
    for call in filter(took_effect, case.calls):
        for value in values_in(call.get("request_body")):
            found.setdefault((call["product"], value), seconds_of(call))
    return found


def _is_ended(case: Case, act: Act) -> bool:
    if act.kind != "person":
        return case.is_excused(act.token)
    return bool(case.ends.get(("person", act.token))) or case.is_excused(case.owners[act.token])


def _shown(case: Case) -> dict[tuple[str, str], set[str]]:
    """All values shown at the end; whether both sides show the same is another question."""
    found: dict[tuple[str, str], set[str]] = {}
    persons = [p for c in case.sides["books"]["contacts"] for p in c["contact_persons"]]
    for kind, records, name in (
        ("customer", case.sides["crm"]["Accounts"], "Account_Name"),
        ("person", case.sides["crm"]["Contacts"], "Last_Name"),
        ("customer", case.sides["books"]["contacts"], "contact_name"),
        ("person", persons, "last_name"),
        ("vendor", case.sides["crm"].get("Vendors", ()), "Vendor_Name"),
        ("vendor", case.sides["books"]["contacts"], "contact_name"),
        ("individual", case.sides["crm"]["Contacts"], "Last_Name"),
        ("individual", case.sides["books"]["contacts"], "contact_name"),
        ("item", case.sides["crm"].get("Products", ()), "Product_Name"),
        ("item", case.sides["books"].get("items", ()), "name"),
    ):
        for token, held in by_token(records, name).items():
            found.setdefault((kind, token), set()).update(*(values_in(record) for record in held))
    return found


def _decided(case: Case) -> dict[str, list[set[str]]]:
    """Values that a logged decision gave up or a hold showed, each time with those that it kept instead.

    Who had seen what was kept was not in conflict with it: that edit was the later one. An exception is a write whose
    outcome Tandem says that it does not know: what it wrote may have been seen by everybody but Tandem.
    """
    found: dict[str, list[set[str]]] = {}
    unknown = set().union(*(values_in(e.get("after")) for e in case.history if e["kind"] == "unknown"))

    def add(given_up: set[str], kept: set[str]) -> None:
        for value in given_up:
            found.setdefault(value, []).append(kept - unknown - {""})

    for entry in case.history:
        rules, after = entry.get("rules") or {}, entry.get("after") or {}
        for name, before in (entry.get("before") or {}).items():
            if str(rules.get(name, "")).startswith("conflict"):
                add(values_in(before), values_in(after.get(name)))
        if entry["kind"] == "held":
            add(values_in(entry.get("crm")) | values_in(entry.get("books")), set())
        for reason in entry.get("reasons") or ():
            if reason["rule"] == "held":
                # Held at a first link: a later edit on one side alone settles it like any change.
                add(values_in(reason["crm"]) | values_in(reason["books"]), set())
    return found
