"""Whoever answers what Tandem asks: `tandem release`, with the words that settle a hold, or with none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from cli.fixes import kind_of, settles
from tandem.core.errors import StoreError
from tandem.core.records import RecordKey, RowClass, Side
from tandem.engine.rows import parse_key
from tests.system.simulation.functions import Functions
from tests.system.simulation.users import Write, token_in


@dataclass(frozen=True, slots=True)
class Operators:
    """They see what is held and what its sentence says, and nothing else; `write` takes each act down."""

    functions: Functions
    orgs: Sequence[str]
    rng: Random
    write: Write

    def act(self) -> int:
        """Answer one hold, if any; how many events that was."""
        org, cases = self.rng.choice(self.orgs), self.functions.store.cases
        try:
            holds = cases.holds(org)
            return self._answer(org, self.rng.choice(holds)) if holds else 0
        except StoreError:
            return 0  # the command said so, and its user has other things to do

    def _answer(self, org: str, hold: dict[str, Any]) -> int:
        store, now = self.functions.store, self.functions.clock.now()
        key, word = parse_key(str(hold["record"])), self.rng.choice(self._words(hold))
        if word == "keep-apart":
            store.apart.keep(key, list(hold["candidates"]), now)
        elif word:
            take = Side(word) if word in set(Side) else None
            store.cases.release(hold, take=take, approve=word == "approve")
        store.history.acted(org, "release", "operator", now, key=key, word=word or "decide afresh")
        store.rows.hint(key, RowClass.PERSON, now)
        kind = "person" if key.entity == "contact_person" else key.entity
        self.write("release", org, key.side.value, kind, token_in(hold["label"]) or "", value=word)
        return 1

    def _words(self, hold: dict[str, Any]) -> list[str]:
        """What may be said of it; a link only where both have the same number in their names, and both are free."""
        cause, words = str(hold["cause"]), [""]
        if settles("take", cause) and hold["field"] != "name":  # by which the judge knows a record
            words += [side.value for side in Side]
        if settles("approve", cause) and (kind_of(cause) != "match" or self._is_one(hold)):
            words.append("approve")
        if settles("keep-apart", cause):
            words.append("keep-apart")
        return words

    def _is_one(self, hold: dict[str, Any]) -> bool:
        candidates = hold["candidates"]
        if len(candidates) != 1 or token_in(hold["label"]) != token_in(hold["sentence"]):
            return False
        key = parse_key(str(hold["record"]))
        other = RecordKey(key.connection, key.side.other, key.entity, str(candidates[0]))
        return self.functions.store.links.of(other) is None
