"""What is recorded about a row beside its writes: holds, decisions that withheld a write, hints for other rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tandem.core.actions import FieldReason, Hold, Sync
from tandem.core.decide import Situation
from tandem.core.errors import RefusedError
from tandem.core.merge import CLEAR_NOT_SENT
from tandem.core.outcomes import Done, Outcome
from tandem.core.records import Link, LinkState, Record, RecordKey, RowClass, Side, editors_of
from tandem.engine.cases import hold_key
from tandem.engine.desk import Desk
from tandem.engine.gate import cause
from tandem.engine.rows import Row


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records for one desk."""

    desk: Desk
    raised: list[RecordKey] = field(default_factory=list)
    """Rows hinted by what was just done; the unit goes on with those of its own family."""

    def quarantine(self, row: Row, at: Situation, holds: Sequence[Hold], link: Link | None = None) -> Outcome:
        """The record is held: one durable row per hold, and the row is done."""
        own, link = at.own(), link or at.link
        label = own.label if isinstance(own, Record) else ""
        self.hold_all(row, holds, link, label, editors_of(at.crm, at.books))
        kept = {hold.field for hold in holds}
        if link is None:
            self.desk.store.cases.settle(row.key, kept)
        else:
            self.keep_holds(row, link, kept)
        return Done("held", holds[0].sentence)

    def keep_holds(self, row: Row, link: Link, fields: AbstractSet[str]) -> None:
        """Of a pair only these fields are still held; what was asked before it was linked is asked no more.

        A worker that died after the link may have left such a question, and so may a create that was looked up.
        """
        kept: dict[Side, AbstractSet[str]] = {Side.CRM: fields}
        if row.insists or None in (link.seen_crm, link.seen_books):
            kept[Side.BOOKS] = set()
        for side, those in kept.items():
            key = RecordKey(link.connection, side, link.entity, link.id_on(side))
            self._ask_again(key, self.desk.store.cases.settle(key, those) - {link.id_on(side.other)})

    def hold_all(
        self,
        row: Row,
        holds: Sequence[Hold],
        link: Link | None,
        label: str = "",
        editors: Mapping[str, str] | None = None,
    ) -> None:
        """Keep every hold, and one history entry per different decision; one that comes again is told again."""
        now, store, key = self.desk.clock.now(), self.desk.store, hold_key(row.key, link)
        for hold in holds:
            dropped, since = store.cases.hold(
                key,
                hold,
                now,
                label=label,
                link=link.id if link else None,
                answers=row.cls is RowClass.PERSON,
            )
            if link is None:
                self._ask_again(key, dropped)
            store.history.decided(
                key,
                "held",
                self.desk.run,
                now,
                link=link.id if link else None,
                once=True,
                cause=hold.cause,
                sentence=hold.sentence,
                field=hold.field,
                crm=hold.crm,
                books=hold.books,
                candidates=list(hold.candidates),
                since=since,
                editors=editors,
            )

    def would(
        self,
        row: Row,
        verb: str,
        reasons: Sequence[FieldReason],
        link: str | None = None,
        editors: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        """Observe mode: what would have been written, once per different decision."""
        self.desk.store.history.decided(
            row.key,
            "would_write",
            self.desk.run,
            self.desk.clock.now(),
            link=link,
            reasons=reasons,
            once=True,
            verb=verb,
            editors=editors,
            **more,
        )

    def not_sent(self, row: Row, link: Link, action: Sync, editors: Mapping[str, str]) -> None:
        """A clear that the other side must not get is adopted as what that side shows, and told here."""
        written = {name for values in action.writes.values() for name in values}
        moved = {name for name, base in action.base.items() if base != link.base.get(name)} - written
        if not moved:
            return
        why = [one for one in action.reasons if one.field in moved]
        reasons = [one for one in why if one.rule.startswith(CLEAR_NOT_SENT)]
        if reasons:
            self.desk.store.history.decided(
                row.key,
                "not_sent",
                self.desk.run,
                self.desk.clock.now(),
                link=link.id,
                reasons=reasons,
                once=True,
                editors=editors,
                seq=link.seq,
            )

    def end_holds(self, row: Row, at: Situation, *, is_left_out: bool) -> None:
        """A record that was handled before is gone, or left out, or its link has ended: nothing is asked any more."""
        if at.link is not None and at.link.state is LinkState.TOMBSTONE:
            self.desk.store.cases.settle(row.key, set())
            for side in Side:  # whoever ended the link may have died before it asked them
                key = replace(row.key, side=side, id=at.link.id_on(side))
                self._ask_again(key, self.desk.store.cases.asking(key))
        elif at.link is not None and is_left_out:
            self.set_aside(row, at.link)
        elif at.link is None and (row.done or row.insists):
            self.desk.store.cases.settle(row.key, set())
            self._ask_again(row.key, self.desk.store.cases.asking(row.key))

    def set_aside(self, row: Row, link: Link | None) -> None:
        """Nothing is asked about a record that rests; its pair is no echo when it goes on, and is asked about anew."""
        store, key = self.desk.store, hold_key(row.key, link)
        if not store.cases.holds_of(key):
            return
        if link is not None and link.state is LinkState.LIVE:
            store.links.move(replace(link, seen_crm=None, seen_books=None), self.desk.lease.fence)
        store.cases.settle(key, set())

    def clear_holds(self, link: Link) -> None:
        """Nothing is held any more, neither for the pair nor for either record while it was unlinked."""
        for side in Side:
            key = RecordKey(link.connection, side, link.entity, link.id_on(side))
            named = self.desk.store.cases.settle(key, set())
            if link.state is LinkState.TOMBSTONE:
                named |= set(self.desk.store.cases.asking(key))
            self._ask_again(key, named - {link.id_on(side.other)})

    def _ask_again(self, key: RecordKey, askers: Collection[str]) -> None:
        """Records of the other side that may have been held because of `key` are decided anew, as it is now."""
        rows, now = self.desk.store.rows, self.desk.clock.now()
        for id in sorted(askers):
            row = rows.read(RecordKey(key.connection, key.side.other, key.entity, id))
            if row is not None:
                rows.hint(row.key, cause(), now, parent=row.parent)

    def hint(self, side: Side, entity: str, id: str, parent: str | None) -> None:
        """Another record may be concerned: its row is due now."""
        key = RecordKey(self.desk.connection.id, side, entity, id)
        keep = parent if side is Side.BOOKS else None
        self.desk.store.rows.hint(key, cause(), self.desk.clock.now(), parent=keep)
        self.raised.append(key)

    def net(self) -> datetime:
        """When a waiting row is looked at again at the latest."""
        return self.desk.clock.now() + timedelta(seconds=self.desk.connection.settings.wait_net_seconds)


def refusal(side: Side, error: RefusedError) -> Hold:
    """A business refusal as a hold; equal causes share a case."""
    product = "Books" if side is Side.BOOKS else "CRM"
    field = "" if error.field == "id" else error.field
    cause = f"refused by {product}:{error.code}" + (f":{field}" if field else "")
    where = f"code {error.code}" + (f", field {field}" if field else "")
    said = f". {product} says: {error.details['zoho']}" if error.details.get("zoho") else ""
    return Hold(cause, f"{product} refused the record: {error.message}{_takes(error)} ({where}){said}")


def _takes(error: RefusedError) -> str:
    """What the field would take, where the refusal tells it (dossier crm §2)."""
    most, choices = error.details.get("maximum_length"), error.details.get("supported_values")
    if most:
        return f"; it takes {most} characters at most"
    if isinstance(choices, list) and choices:
        return f"; it takes one of: {', '.join(map(str, choices[:20]))}"
    return ""
