"""`decide`: one pure function with the whole table of a pair on one screen (design, section 3).

No I/O, no clock of its own; a conflict or a hold is a result with a reason, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tandem.core.actions import (
    Action,
    Create,
    Deactivate,
    FieldReason,
    Hold,
    LeftOut,
    LinkPair,
    Noop,
    Quarantine,
    Release,
    Revive,
    Unlink,
    Wait,
)
from tandem.core.converters import ConversionError, tax_faults
from tandem.core.guards import ledger_ties
from tandem.core.mapping import EntityMapping
from tandem.core.match import HeldMatch, Matched, MatchResult
from tandem.core.records import Gone, Link, LinkState, Record, Side, Value, is_blank
from tandem.core.sync import edits_of, sync


class Parent(StrEnum):
    """Where the parent of a contact_person stands; a customer has `NONE_NEEDED`."""

    NONE_NEEDED = "none needed"
    LINKED = "linked"
    PENDING = "pending"
    LEFT_OUT = "left out"
    MISSING = "missing"
    MOVED = "moved"


class Ended(StrEnum):
    """Why a link is a tombstone."""

    CRM_DELETED = "crm deleted, books deactivated"
    CRM_DELETED_KEPT = "crm deleted, books kept"
    BOOKS_GONE = "books gone, crm kept"
    BOTH_GONE = "gone on both sides"
    PROBE = "made by `tandem probe`"


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a decision looks at, as read just now."""

    side: Side
    link: Link | None = None
    crm: Record | Gone | None = None
    books: Record | Gone | None = None
    match: MatchResult | None = None
    parent: Parent = Parent.NONE_NEEDED
    index_complete: bool = True
    gone_since: datetime | None = None
    release: Release | None = None

    def own(self) -> Record | Gone | None:
        """The record whose row is handled."""
        return self.crm if self.side is Side.CRM else self.books


def decide(now_at: Situation, entity: EntityMapping, delete_delay: timedelta, now: datetime) -> Action:
    """The table of a pair: what to do about it in the present state of both sides."""
    link, crm, books = now_at.link, now_at.crm, now_at.books
    if link is None:
        return _unlinked(now_at, entity)
    if link.state is LinkState.TOMBSTONE:
        return _tombstone(link, crm, books)
    if isinstance(books, Gone):
        return Unlink(Ended.BOTH_GONE if isinstance(crm, Gone) else Ended.BOOKS_GONE)
    if books is None or crm is None:
        return Noop("one side was not read")
    if isinstance(crm, Gone):
        return _crm_deleted(now_at, link, books, entity, delete_delay, now)
    if now_at.parent is Parent.LEFT_OUT:
        return Noop("its customer is no longer linked")
    if now_at.parent is Parent.MOVED:
        return Quarantine(
            Hold("moved person", "the Contact now belongs to another Account; Books cannot move a person")
        )
    return sync(
        entity, crm, books, link.base, link.held, now_at.release, edits_of(entity, link, crm, books, now)
    )


def _tombstone(link: Link, crm: Record | Gone | None, books: Record | Gone | None) -> Action:
    for_good = link.reason in (Ended.BOTH_GONE, Ended.PROBE)
    if isinstance(crm, Record) and isinstance(books, Record) and not for_good:
        reactivate = link.reason == Ended.CRM_DELETED and not books.active
        return Revive("readable again on both sides", reactivate)
    return Noop(f"tombstone: {link.reason}")


def _crm_deleted(
    now_at: Situation, link: Link, books: Record, entity: EntityMapping, delay: timedelta, now: datetime
) -> Action:
    due = (now_at.gone_since or now) + delay
    if entity.name != "customer":
        return _person_deleted(now_at, entity)
    approved = now_at.release is not None and now_at.release.approve
    if now < due and not approved:  # it was held after the delay: no second one
        return Wait("delete", "a confirmed delete waits for a merge survivor or a restore", due)
    if any(link.base[name].books != value for name, value in books.values.items() if name in link.base):
        return Unlink(Ended.CRM_DELETED_KEPT)
    if not books.active:
        return Unlink(Ended.CRM_DELETED_KEPT)
    if entity.delete == "keep":
        return Unlink(Ended.CRM_DELETED_KEPT)
    if entity.delete == "hold" and not approved:
        return Quarantine(
            Hold("deleted in CRM", "deleted in CRM; --approve makes the Books customer inactive")
        )
    if (ties := ledger_ties(books)) and not approved:
        return Quarantine(Hold("deleted with transactions", f"deleted in CRM, but in Books it has {ties}"))
    return Deactivate("deleted in CRM, nothing in the ledger hangs on it")


def _person_deleted(now_at: Situation, entity: EntityMapping) -> Action:
    """Books cannot make a person inactive, so it stays there; who wants to remove it by hand is told."""
    approved = now_at.release is not None and now_at.release.approve
    if entity.delete == "hold" and not approved:
        sentence = (
            "deleted in CRM; remove the person in Books by hand if it must go, then --approve ends the link"
        )
        return Quarantine(Hold("deleted in CRM", sentence))
    return Unlink(Ended.CRM_DELETED_KEPT)


def _unlinked(now_at: Situation, entity: EntityMapping) -> Action:
    record = now_at.own()
    if not isinstance(record, Record):
        return Noop("gone before it was linked")
    if now_at.parent is Parent.MISSING:
        if entity.without_account == "hold":
            return Quarantine(
                Hold("no Account", "a Contact without an Account; give it the one it belongs to")
            )
        return LeftOut("a Contact without an Account")
    if now_at.parent is Parent.LEFT_OUT:
        return LeftOut("its customer is left out")
    if now_at.parent is Parent.PENDING:
        return Wait("parent", "its customer is not linked yet")
    if not now_at.index_complete or now_at.match is None:
        return Wait("index", "both sides have not been listed once completely")
    found = now_at.match
    if isinstance(found, HeldMatch):
        approved = now_at.release is not None and now_at.release.approve
        if not (approved and len(found.candidates) == 1 and not found.candidates[0].reserved):
            ids = tuple(c.record.id for c in found.candidates)
            return Quarantine(Hold(f"match:{found.rule}", found.sentence, candidates=ids))
        found = Matched(found.candidates[0], "approved by a person")
    if isinstance(found, Matched):
        other = found.candidate.record
        crm, books = (record, other) if record.side is Side.CRM else (other, record)
        return LinkPair(other.id, found.rule, sync(entity, crm, books, {}, {}, now_at.release))
    return _create(record, entity)


def _create(record: Record, entity: EntityMapping) -> Action:
    if outside := entity.outside_scope(record):
        return LeftOut(outside)
    if record.side is Side.BOOKS and not record.active:
        return LeftOut("inactive in Books")
    if fault := tax_faults(entity, record):
        return Quarantine(Hold("tax identity contradicts", fault, "tax_identity"))
    values: dict[str, Value] = {}
    reasons = []
    for mapped in entity.fields:
        native, default = record.values.get(mapped.name), mapped.default.on(record.side.other)
        if not mapped.may_write(record.side.other):
            continue
        if is_blank(native):
            if default is not None and mapped.name in record.values:
                values[mapped.name] = default
                reasons.append(FieldReason(mapped.name, f"blank in {record.side}: created with the default"))
            continue
        try:
            values[mapped.name] = mapped.convert.translate(record.side, native)
        except ConversionError as error:
            return Quarantine(Hold(f"conversion:{mapped.name}", str(error), mapped.name))
        shown = {record.side.value: native}
        reasons.append(
            FieldReason(mapped.name, "created from the other side", shown.get("crm"), shown.get("books"))
        )
    return Create(record.side.other, values, tuple(reasons))
