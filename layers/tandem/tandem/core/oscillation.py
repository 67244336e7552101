"""Oscillation: another automation, or a second person, undoes what we write, and we write again (design, guards). Pure.

A person who types five values one after the other is no fight: each of our writes then stands until the next. A
write is *contested* if the last one of its field went to the other side, or if its target no longer shows what we
wrote there. Three contested writes in a row, or A, B, A and again B, and the field is held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tandem.core.actions import Hold, Release, Sync
from tandem.core.connection import Settings
from tandem.core.mapping import EntityMapping
from tandem.core.records import Base, Link, Record, Side, Value, Wrote

_KEPT = 12
"""Writes of one field that a link remembers; a fight is over long before."""


@dataclass(frozen=True, slots=True)
class Fights:
    """The rule with its threshold, for one entity at one moment."""

    entity: EntityMapping
    settings: Settings
    now: datetime

    def settle(self, action: Sync, link: Link, crm: Record, books: Record, release: Release | None) -> Sync:
        """Hold each field whose next write would be one too many; the other fields go on.

        A person's `--approve` or `--take` lets it through once.
        """
        if not self.settings.oscillation_writes or not link.wrote:
            return action
        holds, writes = list(action.holds), {side: dict(values) for side, values in action.writes.items()}
        for side, target in ((Side.CRM, crm), (Side.BOOKS, books)):
            for name, value in action.writes[side].items():
                is_said = release is not None and (
                    release.approves(_cause(name)) or (release.take is not None and name in release.shown)
                )
                if not is_said and self._is_fight(link, name, side, target.values.get(name), value):
                    del writes[side][name]
                    holds.append(self._hold(name, crm, books))
        if len(holds) == len(action.holds):
            return action
        return replace(action, writes=writes, holds=tuple(holds), base=_kept(action, link, writes))

    def note(
        self, link: Link, side: Side, before: Mapping[str, Value], after: Mapping[str, Value]
    ) -> dict[str, tuple[Wrote, ...]]:
        """What the link remembers of our writes after one more of them."""
        window = timedelta(minutes=self.settings.oscillation_minutes)
        kept = {
            name: tuple(one for one in wrote if self.now - one.at <= window)
            for name, wrote in link.wrote.items()
        }
        for name, value in after.items():
            last = kept.get(name, ())
            one = Wrote(
                self.now, side, self._mark(name, side, value),
                contested=self._is_contested(last, name, side, before.get(name)),
            )  # fmt: skip
            kept[name] = (*last, one)[-_KEPT:]
        return {name: wrote for name, wrote in kept.items() if wrote}

    def _is_fight(self, link: Link, name: str, side: Side, shown: Value, value: Value) -> bool:
        wrote = link.wrote.get(name, ())
        end = wrote[-1].at if wrote and name in link.held else self.now
        recent = [
            one for one in wrote if end - one.at <= timedelta(minutes=self.settings.oscillation_minutes)
        ]
        match [*(one.mark for one in recent[-3:]), self._mark(name, side, value)]:
            case [a, b, c, d] if a == c != b == d:
                return True
        contested = [*(one.contested for one in recent[1:]), self._is_contested(recent, name, side, shown)]
        return _run_at_end(contested) >= self.settings.oscillation_writes

    def _is_contested(self, wrote: Sequence[Wrote], name: str, side: Side, shown: Value) -> bool:
        if not wrote:
            return False
        return wrote[-1].side is not side or wrote[-1].mark != self._mark(name, side, shown)

    def _mark(self, name: str, side: Side, value: Value) -> str:
        key = self.entity.field(name).convert.key(side, value)
        return hashlib.sha256(repr(_in_order(key)).encode()).hexdigest()[:12]

    def _hold(self, name: str, crm: Record, books: Record) -> Hold:
        count, minutes = self.settings.oscillation_writes, self.settings.oscillation_minutes
        sentence = (
            f"{name} was written more than {count} times within {minutes} minutes, and each time changed again: "
            f"another automation or person works against it. Last editor in CRM: {crm.edited_by or 'unknown'}; "
            f"in Books: {books.edited_by or 'unknown'}"
        )
        shown = crm.values.get(name), books.values.get(name)
        return Hold(_cause(name), sentence, name, *shown)


def _cause(name: str) -> str:
    return f"oscillation:{name}"


def _run_at_end(facts: Sequence[bool]) -> int:
    """How many are true, counted from the end."""
    run = 0
    for fact in reversed(facts):
        if not fact:
            return run
        run += 1
    return run


def _kept(action: Sync, link: Link, writes: Mapping[Side, Mapping[str, Value]]) -> dict[str, Base]:
    """A field that is not written after all keeps its old base."""
    stopped = {name for side, values in action.writes.items() for name in values if name not in writes[side]}
    kept = {name: base for name, base in action.base.items() if name not in stopped}
    return kept | {name: link.base[name] for name in stopped if name in link.base}


def _in_order(key: Hashable) -> Hashable:
    return tuple(sorted(map(repr, key))) if isinstance(key, frozenset) else key
