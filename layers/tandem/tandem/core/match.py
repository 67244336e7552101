"""Finding the counterpart of an unlinked record: one, none, or a case for a person (design, matching and creating).

Pure and indifferent to the order of candidates. A wrong link costs more than a question: whatever looks alike
without proof is held, for to create would make the duplicate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from tandem.core.conversion import SIDE_NAMES
from tandem.core.entities import CUSTOMER, INDIVIDUAL, KINDS, PERSON
from tandem.core.keys import similar_name
from tandem.core.records import Record


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of the other side that shares a match key; `reserved` when a link or tombstone holds it.

    `apart`: a person said that the two are not the same. It is then no candidate at all, whatever they share.
    """

    record: Record
    reserved: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """The one counterpart, and the rule that proved it."""

    candidate: Candidate
    rule: str


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Nothing on the other side is this record."""

    reason: str


@dataclass(frozen=True, slots=True)
class HeldMatch:
    """A person decides: `rule` groups the cases, `sentence` says why, `candidates` whom to choose from."""

    rule: str
    sentence: str
    candidates: tuple[Candidate, ...]


MatchResult = Matched | NoMatch | HeldMatch


class _Proof(IntEnum):
    """How strongly a candidate is bound to the record; only the two greatest kinds make a link."""

    NONE = 0
    LOOKS_ALIKE = 1
    PROVEN = 2
    STAMPED = 3


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A candidate with what speaks for it (`rule`) and what forbids to link it (`obstacle`)."""

    candidate: Candidate
    proof: _Proof
    rule: str
    obstacle: tuple[str, str] | None

    def named(self) -> str:
        record = self.candidate.record
        return f"{record.label or 'a record without a name'} ({record.id})"


INACTIVE: Final = "inactive"
STAMP: Final = "stamp"
"""The rule by which one carries the other's id: the two were linked once."""
VANISHED: Final = "counterpart gone"
"""The rule of a hold: the stamp names a record that is not there, and a link may have been lost with the table."""
ANY: Final = ("tax_number", "email", "name")


def match(
    record: Record,
    candidates: Sequence[Candidate],
    match_by: Collection[str] = ANY,
    *,
    state_is_value: bool = False,
    is_lost: bool = False,
) -> MatchResult:
    """The counterpart of `record` among candidates of the other side; a person's are those of its linked customer.

    `match_by`: what counts as proof beside the stamp; the rest only looks alike. `state_is_value`: being inactive
    is a value of the mapping, and no reason against a link. `is_lost`: a link of the record may have been lost with
    the table, so a free person of its name is asked about even where their e-mails differ, and so is a record whose
    stamp names one that is not there: made again, it would come back to whoever deleted it.
    """
    others = [one for one in candidates if one.record.side is record.side.other and not one.apart]
    distinct = {one.record.id: one for one in sorted(others, key=_order)}
    weighed = [_weigh(record, candidate, match_by, state_is_value) for candidate in distinct.values()]
    weighed = [_doubted(record, one) for one in weighed] if is_lost else weighed
    for proof in (_Proof.STAMPED, _Proof.PROVEN):
        found = [one for one in weighed if one.proof is proof]
        if found:
            return _choose(record, found)
    alike = [one for one in weighed if one.proof is _Proof.LOOKS_ALIKE]
    if alike:
        return _held_alike(alike)
    stamp, side = record.keys.stamp, SIDE_NAMES[record.side.other]
    if is_lost and stamp and stamp not in {one.record.id for one in candidates}:
        sentence = (
            f"it was linked with {stamp} of {side}, which is not there any more; --approve makes another"
        )
        return HeldMatch(VANISHED, sentence, ())
    return NoMatch(f"no record of {SIDE_NAMES[record.side.other]} has its stamp, tax number, e-mail or name")


def _order(candidate: Candidate) -> tuple[str, bool]:
    """Of two views of one record the reserved one counts."""
    return candidate.record.id, candidate.reserved


def _choose(record: Record, found: list[_Weighed]) -> Matched | HeldMatch:
    free = [one for one in found if one.obstacle is None]
    if len(free) > 1 and record.entity == PERSON:
        free = [one for one in free if one.candidate.record.keys.name == record.keys.name] or free
    if len(free) == 1:
        return Matched(free[0].candidate, free[0].rule)
    if free:
        names = ", ".join(f"{one.named()} by {one.rule}" for one in free)
        return HeldMatch("ambiguous", f"{len(free)} records could be its counterpart: {names}", _all(free))
    reasons = "; ".join(
        f"{one.named()} matches by {one.rule}, but {one.obstacle[1]}" for one in found if one.obstacle
    )
    rules = sorted({one.obstacle[0] for one in found if one.obstacle})
    return HeldMatch(rules[0], reasons, _all(found))


def _held_alike(alike: list[_Weighed]) -> HeldMatch:
    names = ", ".join(f"{one.named()} by {one.rule}" for one in alike)
    notes = "".join(f"; {one.named()}: {one.obstacle[1]}" for one in alike if one.obstacle)
    rules = sorted({one.rule for one in alike})
    return HeldMatch(rules[0], f"looks like {names}{notes}; link it or keep them apart", _all(alike))


def _all(weighed: list[_Weighed]) -> tuple[Candidate, ...]:
    return tuple(one.candidate for one in weighed)


def _weigh(record: Record, candidate: Candidate, match_by: Collection[str], state_is_value: bool) -> _Weighed:
    other = candidate.record
    strongest = _stamp(record, other) or _own(record, other)
    if strongest is None:
        kind = _HOW.get(record.entity, _company)
        proof, rule, word = kind(record, other)
        strongest = (_Proof.LOOKS_ALIKE if word and word not in match_by else proof, rule)
    proof, rule = strongest
    obstacles = (one for one in _obstacles(record, candidate) if one[0] != INACTIVE or not state_is_value)
    return _Weighed(candidate, proof, rule, next(obstacles, None))


def _doubted(record: Record, one: _Weighed) -> _Weighed:
    """A namesake in Books carries no stamp, so one linked before may have another e-mail by now."""
    name, theirs = record.keys.name, one.candidate.record.keys.name
    is_namesake = record.entity == "contact_person" and bool(name) and name == theirs
    if one.proof is _Proof.NONE and is_namesake and not one.candidate.reserved:
        return replace(one, proof=_Proof.LOOKS_ALIKE, rule="name, another e-mail")
    return one


def _stamp(record: Record, other: Record) -> tuple[_Proof, str] | None:
    stamped = record.keys.stamp == other.id or other.keys.stamp == record.id
    return (_Proof.STAMPED, STAMP) if stamped else None


def _own(record: Record, other: Record) -> tuple[_Proof, str] | None:
    """The same value in a field that the mapping calls a match key."""
    same = sorted(field for field, _ in record.keys.own & other.keys.own)
    return (_Proof.PROVEN, same[0]) if same else None


def _company(record: Record, other: Record) -> tuple[_Proof, str, str]:
    """How strongly, by which rule, and the word of the mapping that makes it a proof.

    A tax number, or an e-mail together with a similar name, is proof.

    Alike: an equal name, an e-mail with another name, or a similar name with the same phone or web domain.
    """
    ours, theirs = record.keys, other.keys
    if ours.tax_number and ours.tax_number == theirs.tax_number:
        return _Proof.PROVEN, "tax number", "tax_number"
    same_email = not ours.emails.isdisjoint(theirs.emails)
    is_similar = similar_name(ours.name or "", theirs.name or "")
    if same_email and is_similar:
        return _Proof.PROVEN, "e-mail and similar name", "email"
    if ours.name and ours.name == theirs.name:
        return _Proof.LOOKS_ALIKE, "name only", ""
    if is_similar and not ours.phones.isdisjoint(theirs.phones):
        return _Proof.LOOKS_ALIKE, "phone and similar name", ""
    if is_similar and ours.domain and ours.domain == theirs.domain:
        return _Proof.LOOKS_ALIKE, "domain and similar name", ""
    return (_Proof.LOOKS_ALIKE, "e-mail only", "") if same_email else (_Proof.NONE, "", "")


def _person(record: Record, other: Record) -> tuple[_Proof, str, str]:
    """Within one customer an e-mail is proof unless the names share no word; so is a name unless e-mails differ."""
    ours, theirs = record.keys, other.keys
    if not ours.emails.isdisjoint(theirs.emails):
        words = set((ours.name or "").split()), set((theirs.name or "").split())
        if not all(words) or words[0] & words[1]:
            return _Proof.PROVEN, "e-mail", "email"
        return _Proof.LOOKS_ALIKE, "e-mail only", ""
    same_name = bool(ours.name) and ours.name == theirs.name
    if same_name and not (ours.emails and theirs.emails):
        return _Proof.PROVEN, "name within the customer", "name"
    return _Proof.NONE, "", ""


def _individual(record: Record, other: Record) -> tuple[_Proof, str, str]:
    """A person who is a customer, found among all: an e-mail is proof unless the names share no word, a name never.

    Many people have one name: it looks alike unless e-mails and phones both differ.
    """
    ours, theirs = record.keys, other.keys
    if ours.tax_number and ours.tax_number == theirs.tax_number:
        return _Proof.PROVEN, "tax number", "tax_number"
    if not ours.emails.isdisjoint(theirs.emails):
        return _person(record, other)
    same_name = bool(ours.name) and ours.name == theirs.name
    both_shown = bool(ours.emails and theirs.emails and ours.phones and theirs.phones)
    if similar_name(ours.name or "", theirs.name or "") and not ours.phones.isdisjoint(theirs.phones):
        return _Proof.LOOKS_ALIKE, "phone and similar name", ""
    if same_name and not both_shown and other.entity != PERSON:
        return _Proof.LOOKS_ALIKE, "name only", ""
    return _Proof.NONE, "", ""


_HOW: Final = {PERSON: _person, INDIVIDUAL: _individual}
_KINDS_IN: Final = {
    ("crm", CUSTOMER): "an Account in CRM",
    ("crm", PERSON): "a Contact of an Account in CRM",
    ("books", CUSTOMER): "no individual in Books",
    ("books", INDIVIDUAL): "an individual in Books",
}


def _obstacles(record: Record, candidate: Candidate) -> Iterator[tuple[str, str]]:
    """What forbids a link, the gravest first."""
    ours, theirs = record.keys, candidate.record.keys
    books = record.scope if record.side.value == "books" else candidate.record.scope
    if candidate.reserved:
        yield "reserved", "it already belongs to a link"
    if kind := other_kind(record, candidate.record):
        yield "other kind", f"it is {kind}"
    if _differ(ours.stamp, candidate.record.id) or _differ(theirs.stamp, record.id):
        yield "other stamp", "a stamp names another record"
    if _differ(ours.tax_number, theirs.tax_number):
        yield "other tax number", "it has another tax number"
    for field, value in sorted(ours.own):
        if any(name == field and shown != value for name, shown in theirs.own):
            yield f"other {field}", f"it has another {field}"
    if _differ(ours.currency, theirs.currency):
        yield "other currency", f"it is kept in {theirs.currency}, not in {ours.currency}"
    if books.get("contact_type") not in (None, KINDS[record.entity].new_in_books.get("contact_type")):
        yield "other kind", f"it is a {books['contact_type']} in Books"
    if not (record.active and candidate.record.active):
        yield INACTIVE, "it is inactive in Books"


def other_kind(record: Record, other: Record) -> str:
    """What the other record is, where it is of another entity: such two are never linked."""
    if record.entity == other.entity:
        return ""
    if other.vendor is not None and other.parent is None:
        return "a Contact of a Vendor in CRM"
    return _KINDS_IN.get((other.side.value, other.entity), other.entity)


def _differ(a: str | None, b: str | None) -> bool:
    return bool(a) and bool(b) and a != b
