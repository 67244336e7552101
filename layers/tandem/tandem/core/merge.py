"""The three-way merge of one field (design, section 3, "Per field", "First link", "Blank is a value").

*Changed on a side* means: differs from what that side itself showed at the last agreement. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.core.actions import AWAITED, OF_ANOTHER_KIND, FieldReason, Hold, Release
from tandem.core.conversion import SIDE_NAMES, ConversionError
from tandem.core.lookup import Lookup
from tandem.core.mapping import FieldMapping
from tandem.core.records import Base, Edit, Side, Value, is_blank

CLEAR_NOT_SENT: Final = "a clear is not sent to"
"""How the rule begins by which a clear stays where it was made."""


class _Unknown:
    """The field was not readable, or not in a partial read: it moves nothing."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one field: at most one write, a new base unless it keeps the old one, or a hold."""

    reason: FieldReason
    to: Side | None = None
    value: Value = None
    base: Base | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """What is known about one field: both present values, the base, and what a hold showed."""

    field: FieldMapping
    crm: Value
    books: Value
    base: Base | None = None
    held: Mapping[str, Value] | None = None
    edits: Mapping[Side, Edit] | None = None
    """When each side's present value was first seen, where that is known."""
    is_lost: bool = False
    """What both sides agreed on was lost with the table: a blank may be a clear that was synced."""

    def on(self, side: Side) -> Value:
        """The present native value on `side`."""
        return self.crm if side is Side.CRM else self.books

    def reason(self, rule: str, sentence: str = "") -> FieldReason:
        """The reason with every value that was looked at."""
        base = self.base or Base(None, None)
        crm, books = (None if v is UNKNOWN else v for v in (self.crm, self.books))
        return FieldReason(self.field.name, rule, crm, books, base.crm, base.books, sentence)

    def keep(self, rule: str) -> Merged:
        """No write; the old base stays."""
        return Merged(self.reason(rule))

    def hold(self, cause: str, sentence: str) -> Merged:
        """No write; a person decides."""
        hold = Hold(cause, sentence, self.field.name, self.crm, self.books)
        return Merged(self.reason("held", sentence), hold=hold)

    def leave_to_books(self) -> Merged:
        """No write: CRM only fills what is blank in Books."""
        name = self.field.name
        sentence = f"{name} is owned by Books; CRM may only fill it while it is blank"
        return self.hold(f"owned by Books:{name}", sentence)

    def wait(self, side: Side) -> Merged:
        """No write until the record that `side` leads to is linked as what the field names."""
        lookup, value = self.field.convert, self.on(side)
        if not isinstance(lookup, Lookup):
            raise TypeError(f"{self.field.name} leads to no other record")
        cause = OF_ANOTHER_KIND if lookup.is_apart(side, value) else AWAITED
        return self.hold(f"{cause}{self.field.name}", lookup.why(side, value))

    def carry(self, source: Side, rule: str, sentence: str = "", *, by_person: bool = False) -> Merged:
        """Bring `source`'s value to the other side, if direction, blank rule and converter allow."""
        field, target, value = self.field, source.other, self.on(source)
        if not field.may_write(target):
            return self._stop(source, by_person=by_person)
        if field.keeps(target) and is_blank(value):
            stopped = f"{CLEAR_NOT_SENT} {SIDE_NAMES[target]}"
            return Merged(self.reason(stopped), base=Base(self.crm, self.books))
        if field.written == "on_create" and not by_person and not is_blank(self.on(target)):
            return self.hold(
                f"fixed:{field.name}",
                f"{field.name} is written on create only: {differ(self)}. Change it by hand on one side, or --take one",
            )
        fills = by_person or target is Side.CRM or is_blank(self.books)
        if field.crm_may == "fill_blank" and not fills:
            return self.leave_to_books()
        try:
            native = field.convert.translate(source, value)
        except ConversionError as error:
            if field.convert.awaits(source, value):
                return self.wait(source)
            return self.hold(f"conversion:{field.name}", str(error))
        base = Base(value, native) if source is Side.CRM else Base(native, value)
        return Merged(self.reason(rule, sentence), to=target, value=native, base=base)

    def _stop(self, source: Side, *, by_person: bool) -> Merged:
        """The value of a side that is only written: it goes nowhere (P12). After an agreement it is drift."""
        name = self.field.name
        if by_person:
            left = Base(self.crm, self.books)
            return Merged(self.reason(f"one-way: a person left {source}'s own value of {name}"), base=left)
        if self.base is None and self.held is not None:
            return self.hold(f"differs:{name}", differ(self))
        if self.base is None:
            return self.keep(f"one-way: {name} is never written in {source.other}")
        if self.field.drift == "put_back":
            return self.carry(source.other, f"drift: {name} is put back in {source}")
        return self.hold(
            f"drift:{name}",
            f"{name} goes from {source.other} to {source} only, and was edited there: {differ(self)}",
        )


def merge_field(pair: Pair, release: Release | None = None) -> Merged:
    """The whole table of one field, top row first."""
    field, crm, books, base = pair.field, pair.crm, pair.books, pair.base
    if crm is UNKNOWN or books is UNKNOWN:
        return pair.keep("unknown on one side")
    if field.convert.key(Side.CRM, crm) == field.convert.key(Side.BOOKS, books):
        return Merged(pair.reason("equal"), base=Base(crm, books))
    if taken := _taken(pair, release):
        return pair.carry(taken, f"a person took {taken}", by_person=True)
    if side := _awaiting(pair):
        return pair.wait(side)
    if pair.held is not None and field.crm_may == "fill_blank" and not is_blank(books):
        as_agreed = base is not None and not has_changed(field, Side.BOOKS, books, base.books)
        return pair.leave_to_books() if as_agreed else pair.hold(f"differs:{field.name}", differ(pair))
    if base is None and pair.held is None:
        return pair.hold(f"differs:{field.name}", differ(pair)) if pair.is_lost else _first_link(pair)
    before = base or Base(pair.held["crm"], pair.held["books"])  # type: ignore[index]
    changed_crm = has_changed(field, Side.CRM, crm, before.crm)
    changed_books = has_changed(field, Side.BOOKS, books, before.books)
    if changed_crm and changed_books:
        return _conflict(pair)
    if changed_crm:
        return pair.carry(Side.CRM, "changed in CRM only")
    if changed_books:
        return pair.carry(Side.BOOKS, "changed in Books only")
    if base is None:
        return pair.hold(f"differs:{field.name}", differ(pair))
    return pair.keep("unchanged since the last agreement")


def _awaiting(pair: Pair) -> Side | None:
    """The side whose value is news and leads to a record that is not linked yet."""
    for side in Side:
        now, base = pair.on(side), pair.base
        is_news = base is None or has_changed(pair.field, side, now, base.shown(side))
        if is_news and pair.field.convert.awaits(side, pair.on(side)):
            return side
    return None


def _first_link(pair: Pair) -> Merged:
    if is_blank(pair.crm):
        return pair.carry(Side.BOOKS, "first link: blank yields to value")
    if is_blank(pair.books):
        return pair.carry(Side.CRM, "first link: blank yields to value")
    if pair.field.first_link == "hold":
        return pair.hold(f"differs:{pair.field.name}", differ(pair))
    winner = Side(pair.field.first_link)
    return pair.carry(winner, f"first link: {winner} wins")


def has_changed(field: FieldMapping, side: Side, now: Value, before: Value) -> bool:
    """Whether a side shows another value, not another form of it: a product may keep what we wrote in its own form.

    Such forms are entities, Unicode, outer white space, and those of a blank (null, "", a set of blank parts).
    """
    if now == before:
        return False
    if is_blank(now) or is_blank(before):
        return is_blank(now) is not is_blank(before)
    if isinstance(now, Mapping) is not isinstance(before, Mapping):  # the mapping was changed since
        return True
    return field.convert.key(side, now) != field.convert.key(side, before)


def _conflict(pair: Pair) -> Merged:
    if pair.field.conflict == "hold":
        return pair.hold(f"conflict:{pair.field.name}", differ(pair))
    winner, why, sentence = _winner(pair)
    if pair.field.keeps(winner.other) and is_blank(pair.on(winner)):
        kept = SIDE_NAMES[winner.other]
        return pair.carry(winner.other, f"conflict: a clear is not sent to {kept}, so its new value travels")
    return pair.carry(winner, f"conflict: changed on both sides, {why}", sentence)


def _winner(pair: Pair) -> tuple[Side, str, str]:
    """Whose value stands when both sides changed it, why in a few words, and with the times that were compared."""
    owner, name = Side(pair.field.owner), pair.field.name
    if pair.field.conflict != "newest":
        return owner, f"{owner} owns {name}", ""
    edits = pair.edits or {}
    crm, books = (edits.get(side) for side in Side)
    if crm is None or books is None:
        missing = " and ".join(str(side) for side in Side if side not in edits)
        return owner, f"the time of {missing} is not known, {owner} owns {name}", ""
    times = f"crm at {crm.at.isoformat()}, books at {books.at.isoformat()}"
    if crm.at == books.at:
        return owner, f"in the same second, {owner} owns {name}", times
    newest = Side.CRM if crm.at > books.at else Side.BOOKS
    return newest, f"{newest} changed {name} last", times


def _taken(pair: Pair, release: Release | None) -> Side | None:
    """The side a person chose, if the values are still those shown to them."""
    if release is None or release.take is None:
        return None
    shown = release.shown.get(pair.field.name)
    still = shown is not None and shown.get("crm") == pair.crm and shown.get("books") == pair.books
    return release.take if still else None


def differ(pair: Pair) -> str:
    """Both values in words."""
    return f"{pair.field.name} differs: CRM has {_text(pair.crm)}, Books has {_text(pair.books)}"


def _text(value: Value) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(str(part) for part in value.values() if not is_blank(part)) + ")"
    return "nothing" if is_blank(value) else f"“{value}”"
