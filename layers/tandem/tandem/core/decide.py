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
    Move,
    Noop,
    Quarantine,
    Release,
    Relink,
    Revive,
    Unlink,
    Wait,
)
from tandem.core.conversion import SIDE_NAMES
from tandem.core.converters import ConversionError
from tandem.core.dealing import is_individual
from tandem.core.entities import INDIVIDUAL
from tandem.core.guards import ledger_ties
from tandem.core.mapping import EntityMapping, FieldMapping
from tandem.core.match import STAMP, VANISHED, HeldMatch, Matched, MatchResult, other_kind
from tandem.core.records import Gone, Link, LinkState, Record, Side, Value, is_blank
from tandem.core.sync import edits_of, sync
from tandem.core.tax_faults import tax_faults


class Parent(StrEnum):
    """Where the parent of a contact_person stands; a customer has `NONE_NEEDED`."""

    NONE_NEEDED = "none needed"
    LINKED = "linked"
    PENDING = "pending"
    LEFT_OUT = "left out"
    MISSING = "missing"
    VENDORS = "a vendor's"
    """The Contact names a Vendor and no Account."""
    MOVED = "moved"
    """The Contact belongs to another Account, and its customer is still there."""
    LEFT = "left"
    """The Contact belongs to another linked Account, and the link of its customer has ended."""
    UNDECIDED = "undecided"
    """The Contact belongs to another Account, for its own is gone: a merge or a delete that is being decided."""


class Ended(StrEnum):
    """Why a link is a tombstone."""

    CRM_DELETED = "crm deleted, books deactivated"
    CRM_DELETED_KEPT = "crm deleted, books kept"
    BOOKS_GONE = "books gone, crm kept"
    BOTH_GONE = "gone on both sides"
    PROBE = "made by `tandem probe`"
    BY_PERSON = "unlinked by a person"
    MERGED = "merged into another record, which has the link now"
    MOVED = "the Contact went to another customer"


FOR_GOOD = (Ended.BOTH_GONE, Ended.PROBE, Ended.BY_PERSON, Ended.MERGED, Ended.MOVED)
"""Such a tombstone does not revive because both its records are readable."""
MOVED_PERSON = "moved person"
NO_INDIVIDUAL = "no longer an individual"
BOTH_LINKED = "merged, both linked"
DELETED, DELETED_TIED = "deleted in CRM", "deleted with transactions"
DELETED_LOST = "deleted, state restored"
DELETES = (DELETED, DELETED_TIED, DELETED_LOST)
"""Holds that `--approve` lets through as a delete."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """The record that a merge probably left of a linked one, what speaks for it, and whom it is linked with."""

    record: Record
    how: str
    linked: str = ""
    """Id of its counterpart; empty while it is free."""
    has_ended: bool = False
    """That link has ended: the survivor is reserved all the same, until a person links it."""


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
    survivor: Survivor | None = None
    """Looked for when a linked customer is gone, or became inactive in Books."""
    left: str = ""
    """Id of the Account that the person's link belongs to."""
    former: Link | None = None
    """The ended link of a Contact that is back at its customer, with the Books person that stayed there."""
    is_replaced: bool = False
    """A person has linked the other record of this ended link with another one since."""

    def own(self) -> Record | Gone | None:
        """The record whose row is handled."""
        return self.crm if self.side is Side.CRM else self.books


def decide(now_at: Situation, entity: EntityMapping, delete_delay: timedelta, now: datetime) -> Action:
    """The table of a pair: what to do about it in the present state of both sides."""
    link, crm, books = now_at.link, now_at.crm, now_at.books
    if link is None:
        return _unlinked(now_at, entity)
    if link.state is LinkState.TOMBSTONE:
        return _tombstone(link, crm, books, is_replaced=now_at.is_replaced)
    if isinstance(crm, Record) and now_at.survivor is not None:
        return _merged(now_at, link, now_at.survivor, entity)
    if isinstance(crm, Record) and now_at.parent in (Parent.LEFT, Parent.UNDECIDED):
        return _moved(now_at, crm)
    if isinstance(books, Gone):
        return Unlink(Ended.BOTH_GONE if isinstance(crm, Gone) else Ended.BOOKS_GONE)
    if books is None or crm is None:
        return Noop("one side was not read")
    if isinstance(crm, Gone):
        return _crm_deleted(now_at, link, books, entity, delete_delay, now)
    if now_at.parent is Parent.LEFT_OUT:
        return LeftOut("its customer is no longer linked")
    if now_at.parent is Parent.MOVED:
        return _moved(now_at, crm)
    if entity.name == INDIVIDUAL and not (is_individual(crm) and is_individual(books)):
        return _no_individual(now_at, crm, books)
    edits = edits_of(entity, link, crm, books, now)
    return sync(entity, crm, books, link.base, link.held, now_at.release, edits, is_lost=not link.trusted)


def _merged(now_at: Situation, link: Link, survivor: Survivor, entity: EntityMapping) -> Action:
    """One of the pair was probably merged into another record: a person decides; nobody is deactivated for it."""
    side, other = survivor.record.side, survivor.record.side.other
    product, kept = SIDE_NAMES[side], link.id_on(other)
    told = f"{product} {link.id_on(side)} was probably merged into {_named(survivor.record)} ({survivor.how})"
    if survivor.linked:
        counterpart = f"{SIDE_NAMES[other]} {survivor.linked}"
        merge = f"which is linked with {counterpart}. Merge {kept} into {survivor.linked} in {SIDE_NAMES[other]} too"
        ended = f"whose link with {counterpart} has ended. Is it so? `tandem unlink` {kept}, then `tandem link` the two"
        sentence = f"{told}, {ended if survivor.has_ended else merge}"
        return Quarantine(Hold(BOTH_LINKED, sentence, candidates=(survivor.record.id,)))
    cause = f"merged in {product}"
    record = survivor.record
    if now_at.release is None or not now_at.release.approves(cause, record.id):
        sentence = f"{told}; --approve links {SIDE_NAMES[other]} {kept} with it"
        return Quarantine(Hold(cause, sentence, candidates=(record.id,)))
    crm, books = (record, now_at.books) if side is Side.CRM else (now_at.crm, record)
    if not isinstance(crm, Record) or not isinstance(books, Record):
        return Noop("one side was not read")
    return Relink(side, record.id, f"{cause}, approved by a person", sync(entity, crm, books, {}, {}))


def _named(record: Record) -> str:
    return f"{record.label or 'a record without a name'} ({record.id})"


def _moved(now_at: Situation, crm: Record) -> Action:
    """The Contact belongs to another Account than its link's customer."""
    if now_at.parent is Parent.UNDECIDED:
        return Noop("its customer is gone in CRM: what becomes of that is decided first")
    if now_at.parent is Parent.LEFT:
        return Move("it follows its Account, for its former customer has ended")
    if now_at.release is not None and now_at.release.approves(MOVED_PERSON, crm.parent or ""):
        return Move("approved by a person")
    old, new = now_at.left or "its former customer", crm.parent or "no Account"
    sentence = (
        f"the Contact went from Account {old} to {new}; Books cannot move a person. --approve ends this link: the "
        "person stays at the old customer in Books, and is matched or made at the new one"
    )
    return Quarantine(Hold(MOVED_PERSON, sentence, candidates=(crm.parent,) if crm.parent else ()))


def _no_individual(now_at: Situation, crm: Record, books: Record) -> Action:
    """The Contact has an Account, or Books' customer is a business: nothing travels until a person has decided.

    Without an Account the Contact would be made a second customer, so that its end cannot be approved.
    """
    account = crm.parent
    if account and now_at.release is not None and now_at.release.approves(NO_INDIVIDUAL, account):
        return Move("approved by a person")
    end = (
        f"--approve ends this link: Books customer {books.id} stays as it is, and the Contact goes on as a person of "
        f"Account {account}"
    )
    if account is None:
        told = f"customer {books.id} is a business in Books now. Mark it as an individual again"
        later = "or give the Contact its Account in CRM; then this link can be ended"
        return Quarantine(Hold(NO_INDIVIDUAL, f"{told}, {later}"))
    told = f"the Contact has an Account now, and is Books customer {books.id} of its own"
    sentence = f"{told}. Take the Account out of the Contact again; or {end}. "
    then = f"If that customer is to be the Account's, `tandem link {account} {books.id}` after it"
    return Quarantine(Hold(NO_INDIVIDUAL, sentence + then, candidates=(account,)))


def _tombstone(
    link: Link, crm: Record | Gone | None, books: Record | Gone | None, *, is_replaced: bool
) -> Action:
    for_good = link.reason in FOR_GOOD
    if isinstance(crm, Record) and isinstance(books, Record) and not for_good:
        if is_replaced:
            return LeftOut("its former counterpart is linked with another record")
        reactivate = link.reason == Ended.CRM_DELETED and not books.active
        return Revive("readable again on both sides", reactivate)
    return Noop(f"tombstone: {link.reason}")


def _crm_deleted(
    now_at: Situation, link: Link, books: Record, entity: EntityMapping, delay: timedelta, now: datetime
) -> Action:
    due = (now_at.gone_since or now) + delay
    if entity.is_person:
        return _person_deleted(now_at, entity)
    approved = now_at.release is not None and any(map(now_at.release.approves, DELETES))
    if now < due and not approved and now_at.survivor is None:  # it was held after the delay: no second one
        return Wait("delete", "a confirmed delete waits for a merge survivor or a restore", due)
    if not books.active or (entity.name == INDIVIDUAL and not is_individual(books)):
        return Unlink(Ended.CRM_DELETED_KEPT)
    if now_at.survivor is not None:
        return _merged(now_at, link, now_at.survivor, entity)
    if not link.trusted and not approved:
        sentence = "deleted in CRM, and since the table was restored it is not known what both agreed on"
        return Quarantine(Hold(DELETED_LOST, f"{sentence}; --approve makes the Books {entity.name} inactive"))
    if any(link.base[name].books != value for name, value in books.values.items() if name in link.base):
        return Unlink(Ended.CRM_DELETED_KEPT)
    if entity.delete == "keep":
        return Unlink(Ended.CRM_DELETED_KEPT)
    if entity.delete == "hold" and not approved:
        return Quarantine(Hold(DELETED, f"deleted in CRM; --approve makes the Books {entity.name} inactive"))
    if (ties := ledger_ties(books)) and not approved:
        return Quarantine(Hold(DELETED_TIED, f"deleted in CRM, but in Books it has {ties}"))
    return Deactivate("deleted in CRM, nothing in the ledger hangs on it")


def _person_deleted(now_at: Situation, entity: EntityMapping) -> Action:
    """Books cannot make a person inactive, so it stays there; who wants to remove it by hand is told."""
    approved = now_at.release is not None and now_at.release.approves(DELETED)
    if entity.delete == "hold" and not approved:
        sentence = (
            "deleted in CRM; remove the person in Books by hand if it must go, then --approve ends the link"
        )
        return Quarantine(Hold(DELETED, sentence))
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
    if now_at.parent is Parent.VENDORS:
        return LeftOut("a vendor's person")
    if now_at.parent is Parent.LEFT_OUT:
        return LeftOut("its customer is left out")
    if now_at.parent is Parent.PENDING:
        return Wait("parent", "its customer is not linked yet")
    if not now_at.index_complete or now_at.match is None:
        return Wait("index", "both sides have not been listed once completely")
    if now_at.former is not None:
        return Revive("back at its customer", reactivate=False)
    return _matched(now_at, record, now_at.match, entity)


def _matched(now_at: Situation, record: Record, found: MatchResult, entity: EntityMapping) -> Action:
    if isinstance(found, HeldMatch):
        cause, ids = f"match:{found.rule}", tuple(c.record.id for c in found.candidates)
        approved = now_at.release is not None and now_at.release.approves(cause, *ids[:1])
        if found.rule == VANISHED and (approved or not isinstance(_create(record, entity), Create)):
            return _create(record, entity)
        only = found.candidates[0] if len(found.candidates) == 1 else None
        if not approved or only is None or only.reserved or other_kind(record, only.record):
            return Quarantine(Hold(cause, found.sentence, candidates=ids))
        found = Matched(only, "approved by a person")
    if isinstance(found, Matched):
        other = found.candidate.record
        crm, books = (record, other) if record.side is Side.CRM else (other, record)
        # Who carries the other's id was linked with it once.
        is_lost = found.rule == STAMP
        return LinkPair(
            other.id, found.rule, sync(entity, crm, books, {}, {}, now_at.release, is_lost=is_lost)
        )
    return _create(record, entity)


def _create(record: Record, entity: EntityMapping) -> Action:
    if outside := entity.outside_scope(record):
        return LeftOut(outside)
    if not record.active:
        return LeftOut(f"inactive in {SIDE_NAMES[record.side]}")
    if fault := tax_faults(entity, record):
        return Quarantine(Hold("tax identity contradicts", fault, "tax_identity"))
    values: dict[str, Value] = {}
    reasons, awaits = [], list[str]()
    for mapped in entity.fields:
        native, default = record.values.get(mapped.name), mapped.default.on(record.side.other)
        if not entity.creates_with(mapped, record.side.other) or _is_active_anyway(mapped, record):
            continue
        if is_blank(native):
            if default is not None and mapped.name in record.values:
                values[mapped.name] = default
                reasons.append(FieldReason(mapped.name, f"blank in {record.side}: created with the default"))
            continue
        if mapped.convert.awaits(record.side, native):
            awaits.append(mapped.name)
            continue
        try:
            values[mapped.name] = mapped.convert.translate(record.side, native)
        except ConversionError as error:
            return Quarantine(Hold(f"conversion:{mapped.name}", str(error), mapped.name))
        shown = {record.side.value: native}
        reasons.append(
            FieldReason(mapped.name, "created from the other side", shown.get("crm"), shown.get("books"))
        )
    return Create(record.side.other, values, tuple(reasons), tuple(awaits))


def _is_active_anyway(mapped: FieldMapping, record: Record) -> bool:
    """Books makes every record active, and takes its state by a call of its own."""
    return record.side is Side.CRM and mapped.convert.alone
