"""The judge of the whole system: a black box. It knows nothing of Tandem but its mapping file and its promises.

Each finding names a counter of the last line, or one of the `also` counters, and the property that it breaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.system.simulation.evidence import (
    Act,
    Evidence,
    Mapped,
    books_value,
    by_token,
    crm_value,
    fields_of,
    is_write,
    plain,
    token_of,
    took_effect,
    updated_many,
    values_in,
    written_ids,
)

COUNTERS = ("lost", "duplicates", "unequal", "echoes", "resurrected", "stuck", "overruns")
ALSO = ("unrecorded", "crossed", "refused", "crashed")
WINDOW = 30.0
"""Seconds between the last look at a Books record and a write to it: Books has no lock (docs/correctness.md).

What was read more than 10 s ago is read again, and a write takes its 15 s at most; the rest is for slow tables.
"""

PROMPT = 30.0
"""Seconds that an edit may take to the other side while nothing is at fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: its counter and what was seen."""

    counter: str
    sentence: str


@dataclass(slots=True)
class Verdict:
    """Every finding of one seed, and losses within the window that Books leaves."""

    findings: list[Finding] = field(default_factory=list)
    in_window: int = 0

    def add(self, counter: str, sentence: str) -> None:
        """Note a breach."""
        self.findings.append(Finding(counter, sentence))

    def counts(self) -> Counter[str]:
        """How many of each counter."""
        return Counter(finding.counter for finding in self.findings)


def judge(evidence: Evidence) -> Verdict:
    """Judge everything that happened so far; the system must be quiet."""
    verdict = Verdict()
    for org, sides in evidence.sides.items():
        acts = [act for act in evidence.acts if act.org == org]
        history = [entry for entry in evidence.history if entry.get("connection") == org]
        case = _Case(evidence, org, sides, acts, evidence.calls[org], history, verdict)
        case.records()
        case.values()
        case.promptness()
        case.calls_made()
        case.credentials()
        case.writes()
    return verdict


@dataclass(slots=True)
class _Case:
    """One connection before the judge."""

    evidence: Evidence
    org: str
    sides: Mapping[str, Any]
    acts: list[Act]
    calls: list[dict[str, Any]]
    history: list[dict[str, Any]]
    verdict: Verdict
    ends: dict[tuple[str, str], list[Act]] = field(init=False)
    """Deletes, restores and merges by (kind, token)."""
    masters: set[str] = field(default_factory=set)
    """Tokens that others were merged into: they take over values that nobody typed there."""
    owners: dict[str, str] = field(default_factory=dict)
    """The customer that a person was typed in for."""

    def __post_init__(self) -> None:
        self.ends = {}
        for act in self.acts:
            if act.verb in ("delete", "inactivate", "restore", "merge"):
                self.ends.setdefault((act.kind, act.token), []).append(act)
            if act.verb == "create" and act.kind == "person":
                self.owners[act.token] = act.into
            elif act.into:
                self.masters.add(act.into)

    # --- records: P1, P7, P9 -------------------------------------------------------------------------

    def records(self) -> None:
        """Every record has one counterpart, none has two, no deleted one is back."""
        crm = by_token(self.sides["crm"]["Accounts"], "Account_Name")
        books = by_token(self.sides["books"]["contacts"], "contact_name")
        born = {act.token for act in self.acts if act.verb == "create" and act.kind == "customer"}
        for token in sorted(born):
            self._customer(token, crm.get(token, []), books.get(token, []))
        people = by_token(self.sides["crm"]["Contacts"], "Last_Name")
        persons = by_token(
            [{**p, "customer": c} for c in self.sides["books"]["contacts"] for p in c["contact_persons"]],
            "last_name",
        )
        for token in sorted(
            {act.token for act in self.acts if act.verb == "create" and act.kind == "person"}
        ):
            self._person(token, people.get(token, []), persons.get(token, []))

    def _customer(self, token: str, crm: list[Mapping[str, Any]], books: list[Mapping[str, Any]]) -> None:
        made = Counter(
            a.side for a in self.acts if a.verb == "create" and a.kind == "customer" and a.token == token
        )
        ends = self.ends.get(("customer", token), [])
        if len(crm) > 1 or len(books) > 1:
            if not self._is_back_beside_another(ends, crm, books, made):
                self.verdict.add(
                    "duplicates", f"{self.org} {token}: {len(crm)} Accounts, {len(books)} customers"
                )
            return
        if ends:
            self._ended(token, ends, crm, books, made)
            return
        if not crm or not books:
            if token in self.masters and self._is_asked_about(crm):
                return
            where = "CRM" if not crm else "Books"
            self.verdict.add("stuck", f"{self.org} {token}: no counterpart in {where}")
            return
        if books[0]["status"] != "active":
            self.verdict.add("lost", f"{self.org} {token}: deactivated, and nobody deleted it")
        if token not in self.masters:
            self._stamps(token, crm[0], books[0])
        self._equal("customer", token, crm[0], books[0])

    def _is_back_beside_another(
        self,
        ends: list[Act],
        crm: list[Mapping[str, Any]],
        books: list[Mapping[str, Any]],
        made: Mapping[str, int],
    ) -> bool:
        """Two people made the same customer, CRM's was deleted, Books' got its counterpart, and CRM's is restored.

        Nobody but a person can say which of the two Accounts stays, and a person is asked about the restored one.
        """
        both_made = len(made) > 1 and len(crm) == 2 and len(books) == 1
        deleted = {act.value for act in ends if act.side == "crm" and act.verb == "delete"}
        restored = any(act.side == "crm" and act.verb == "restore" for act in ends)
        back = [account for account in crm if account["id"] in deleted]
        return both_made and restored and len(back) == 1 and self._is_asked_about(back)

    def _is_asked_about(self, accounts: list[Mapping[str, Any]]) -> bool:
        """A new Account that took over another's Contacts looks like both: a person is asked, by name."""
        ids = {str(account["id"]) for account in accounts}
        held = (str(entry.get("record")) for entry in self.history if entry["kind"] == "held")
        return any(
            record.startswith(f"{self.org}/crm/customer/") and record.rsplit("/", 1)[1] in ids
            for record in held
        )

    def _ended(
        self,
        token: str,
        ends: list[Act],
        crm: list[Mapping[str, Any]],
        books: list[Mapping[str, Any]],
        made: Mapping[str, int],
    ) -> None:
        """What people deleted stays deleted; what they restored is there."""
        last = {act.side: act for act in ends}
        if "crm" in last:
            wanted = last["crm"].verb == "restore"
            if crm and not wanted and (crm[0]["id"] == last["crm"].value or len(made) < 2):
                self.verdict.add("resurrected", f"{self.org} {token}: deleted in CRM and there again")
            if wanted and not crm:
                self.verdict.add("lost", f"{self.org} {token}: restored in CRM and gone again")
        same = "books" in last and books and books[0]["contact_id"] == last["books"].value
        again = "books" in last and books and books[0]["status"] == "active" and "crm" not in last
        if again and (same or len(made) < 2):
            self.verdict.add("resurrected", f"{self.org} {token}: ended in Books and active again")

    def _person(self, token: str, crm: list[Mapping[str, Any]], books: list[Mapping[str, Any]]) -> None:
        if self._is_excused(self.owners[token]):
            return
        if len(crm) > 1 or len(books) > 1:
            self.verdict.add(
                "duplicates", f"{self.org} person {token}: {len(crm)} in CRM, {len(books)} in Books"
            )
        elif not crm or not books:
            where = "CRM" if not crm else "Books"
            self.verdict.add("stuck", f"{self.org} person {token}: no counterpart in {where}")
        else:
            self._equal("contact_person", token, crm[0], books[0])

    def _stamps(self, token: str, crm: Mapping[str, Any], books: Mapping[str, Any]) -> None:
        spec = self.evidence.mapping["entities"]["customer"]
        [stamp] = books_value(books, [spec["books_stamp"]])
        mirrored = plain(crm.get(spec["crm_stamp"]))
        if stamp not in ("", crm["id"]) or mirrored not in ("", books["contact_id"]):
            self.verdict.add("duplicates", f"{self.org} {token}: stamped with another record's id")

    def _equal(self, entity: str, token: str, crm: Mapping[str, Any], books: Mapping[str, Any]) -> None:
        for mapped in fields_of(self.evidence.mapping, entity):
            if mapped.name == "tax_identity":
                continue
            left, right = crm_value(crm, mapped.crm), books_value(books, mapped.books)
            if left != right and not self._is_held(token, mapped.name, left, right):
                self.verdict.add("unequal", f"{self.org} {token} {mapped.name}: CRM {left}, Books {right}")

    def _is_held(self, token: str, name: str, left: tuple[str, ...], right: tuple[str, ...]) -> bool:
        """Held with both values in the history, and people did type on both sides."""
        sides = {a.side for a in self.acts if a.token == token and a.field == name}
        if len(sides) < 2:
            return False
        for entry in reversed(self.history):
            if entry["kind"] == "held" and entry.get("field") == name:
                crm, books = values_in(entry.get("crm")), values_in(entry.get("books"))
                if set(left) <= crm | {""} and set(right) <= books | {""}:
                    return True
        return False

    # --- values: P6 ----------------------------------------------------------------------------------

    def values(self) -> None:
        """Every typed value is there, or gave way to somebody who saw it, or to a decision that holds it."""
        shown = self._shown()
        seen = {(a.kind, a.token, a.field, plain(a.saw)) for a in self.acts if a.verb == "edit"}
        decided = self._decided()
        for act in self.acts:
            value = plain(act.value)
            if act.verb != "edit" or not value or self._is_ended(act):
                continue
            if value in shown.get((act.kind, act.token), set()):
                continue
            if (act.kind, act.token, act.field, value) in seen or value in decided:
                continue
            if self._in_books_window(act):
                self.verdict.in_window += 1
                continue
            self.verdict.add(
                "lost", f"{self.org} {act.token} {act.field}: {value!r} typed in {act.side} at {act.at:.1f}"
            )

    def promptness(self) -> None:
        """While nothing is at fault an edit is on the other side soon: one found by the next poll was missed (P5)."""
        for act in self.acts:
            value = plain(act.value)
            is_brisk = any(began <= act.at <= ended for began, ended in self.evidence.brisk)
            if act.verb != "edit" or not value or not is_brisk or self._is_ended(act):
                continue
            other = "books" if act.side == "crm" else "crm"
            took = next((_seconds(c) - act.at for c in self.calls if self._carries(c, other, value)), 0.0)
            if took > PROMPT:
                self.verdict.add(
                    "stuck",
                    f"{self.org} {act.token} {act.field}: {took:.0f} s from {act.side}, nothing at fault",
                )

    def _carries(self, call: Mapping[str, Any], product: str, value: str) -> bool:
        return (
            call["product"] == product and took_effect(call) and value in values_in(call.get("request_body"))
        )

    def _is_ended(self, act: Act) -> bool:
        return self._is_excused(self.owners[act.token] if act.kind == "person" else act.token)

    def _shown(self) -> dict[tuple[str, str], set[str]]:
        """All values shown at the end; whether both sides show the same is another question."""
        found: dict[tuple[str, str], set[str]] = {}
        persons = [p for c in self.sides["books"]["contacts"] for p in c["contact_persons"]]
        for kind, records, name in (
            ("customer", self.sides["crm"]["Accounts"], "Account_Name"),
            ("person", self.sides["crm"]["Contacts"], "Last_Name"),
            ("customer", self.sides["books"]["contacts"], "contact_name"),
            ("person", persons, "last_name"),
        ):
            for token, held in by_token(records, name).items():
                found.setdefault((kind, token), set()).update(*(values_in(record) for record in held))
        return found

    def _decided(self) -> set[str]:
        """Values that a logged decision about a conflict gave up, or a hold showed: the history has them."""
        found: set[str] = set()
        for entry in self.history:
            rules = entry.get("rules") or {}
            for name, before in (entry.get("before") or {}).items():
                if str(rules.get(name, "")).startswith("conflict"):
                    found |= values_in(before)
            if entry["kind"] == "held":
                found |= values_in(entry.get("crm")) | values_in(entry.get("books"))
            for reason in entry.get("reasons") or ():
                if reason["rule"] == "held":
                    # Held at a first link: a later edit on one side alone settles it like any change.
                    found |= values_in(reason["crm"]) | values_in(reason["books"])
        return found

    def _in_books_window(self, act: Act) -> bool:
        """Typed in Books between our last look at the record and our write to it, which was seconds later."""
        if act.side != "books":
            return False
        for index, call in enumerate(self.calls):
            if call["product"] != "books" or call["method"] != "PUT" or not took_effect(call):
                continue
            at = _seconds(call)
            if not act.at <= at <= act.at + WINDOW:
                continue
            ids = set(written_ids(call))
            if any(
                _seconds(c) < act.at and at - _seconds(c) <= WINDOW and self._looks_at(c, ids)
                for c in self.calls[:index]
            ) and self._touches(call, act):
                return True
        return False

    def _looks_at(self, call: Mapping[str, Any], ids: set[str]) -> bool:
        if call["product"] != "books":
            return False
        return bool(ids & set(written_ids(call))) or call["endpoint"].endswith("/contacts")

    def _touches(self, call: Mapping[str, Any], act: Act) -> bool:
        """The write carries the field of the edit."""
        body = call.get("request_body") or {}
        keys = {"phone": "billing_address", "segment": "custom_fields", "name": "contact_name"}
        key = keys.get(act.field, act.field)
        return act.kind == "person" or key in body

    # --- calls: P20, P25 ----------------------------------------------------------------------------

    def credentials(self) -> None:
        """No call names another connection's organisation, and none comes with a grant that another one uses.

        A token that the org never gave is refused and has no grant in the log; that shows as `stuck`.
        """
        others = [call for org, calls in self.evidence.calls.items() if org != self.org for call in calls]
        for name in ("token_hint", "org"):
            shared = {call[name] for call in self.calls} & {call[name] for call in others} - {None}
            if shared:
                self.verdict.add("crossed", f"{self.org}: shares {name} with another connection")

    def calls_made(self) -> None:
        """No call beyond a limit, as the org itself judged it."""
        for call in self.calls:
            planted = call["fault"] is not None
            status, code = int(call["status"]), str(call["code"])
            where = f"{self.org} {call['endpoint']} at {call['time']}"
            if not planted and (status == 429 or code in ("44", "45", "43", "1070", "Access Denied")):
                self.verdict.add("overruns", f"{where}: {status} {code}")

    # --- writes: P2, P11, P24 -----------------------------------------------------------------------

    def writes(self) -> None:
        """No write without a cause, without an end, or without its entry."""
        quiet = self.evidence.quiet_since.get(self.org)
        made = [call for call in self.calls if took_effect(call)]
        for call in made:
            if quiet is not None and call["seq"] > quiet:
                self.verdict.add("echoes", f"{self.org} {call['endpoint']} after all had been quiet")
        kinds = Counter(entry["kind"] for entry in self.history)
        count = sum(_records(call) for call in made)
        if not kinds["write"] <= count <= kinds["write"] + kinds["unknown"]:
            self.verdict.add(
                "unrecorded",
                f"{self.org}: {count} writes, {kinds['write']} entries, {kinds['unknown']} unknown",
            )
        self._count_writes(made)

    def _count_writes(self, made: list[dict[str, Any]]) -> None:
        """N edits of a record make at most n writes to its counterpart (P11)."""
        names = self._names()
        causes: Counter[tuple[str, str]] = Counter()
        for act in self.acts:
            causes[act.token, "books" if act.side == "crm" else "crm"] += 1
        for entry in self.history:
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
            if count > causes[place] and not self._is_excused(place[0]):
                self.verdict.add("echoes", f"{self.org} {place}: {count} writes for {causes[place]} causes")

    def _is_excused(self, token: str) -> bool:
        """Its customer was deleted, restored or merged: what became of its values is not judged here."""
        owner = self.owners.get(token, token)
        return bool({token, owner} & self.masters) or any(
            self.ends.get(("customer", t)) for t in (token, owner)
        )

    def _names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for module, name in (("Accounts", "Account_Name"), ("Contacts", "Last_Name")):
            for record in self.sides["crm"][module]:
                found[str(record["id"])] = token_of(record.get(name)) or ""
        for contact in self.sides["books"]["contacts"]:
            found[str(contact["contact_id"])] = token_of(contact["contact_name"]) or ""
            for person in contact["contact_persons"]:
                found[str(person["contact_person_id"])] = token_of(person["last_name"]) or ""
        return found


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


def _seconds(call: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(call["time"]).timestamp()


__all__ = ["ALSO", "COUNTERS", "Evidence", "Finding", "Mapped", "Verdict", "is_write", "judge"]
