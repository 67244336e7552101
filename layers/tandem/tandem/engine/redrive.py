"""Takes dead letters back into the flow: touches rows only, and deletes the letter last (design, section 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta

from tandem.core.actions import Hold
from tandem.core.errors import BadInputError, ConditionFailedError, TandemError
from tandem.core.records import RecordKey
from tandem.engine.desk import Store
from tandem.engine.history import run_of
from tandem.engine.ports import Clock, DeadLetters
from tandem.engine.rows import parse_key

LETTERS_A_RUN = 100


@dataclass(slots=True)
class RedriveReport:
    """What became of the letters."""

    counts: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str) -> None:
        """One more of this kind."""
        self.counts[kind] = self.counts.get(kind, 0) + 1


@dataclass(frozen=True, slots=True)
class Redriver:
    """Runs redrives. Everything that it needs comes in."""

    store: Store
    letters: DeadLetters
    clock: Clock

    def redrive(self) -> RedriveReport:
        """Handle up to 100 letters; a letter is deleted only after its row or its case is written.

        A letter that cannot be handled stays in the queue and blocks none behind it; the first such error
        is raised at the end, for the alarm.
        """
        report = RedriveReport()
        failed: list[TandemError] = []
        for receipt, body in self.letters.receive(LETTERS_A_RUN):
            try:
                report.count(self._letter(body))
                self.letters.delete(receipt)
            except TandemError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        return report

    def _letter(self, body: str) -> str:
        try:
            letter = json.loads(body)
            key = parse_key(str(letter["key"]))
        except (ValueError, KeyError, TypeError):
            return self._bell_or_unreadable(body)
        row = self.store.rows.read(key)
        if row is None or row.waits_for != "redrive":
            return "dropped"
        try:
            settings = self.store.connections.read(key.connection).settings
        except BadInputError:
            return self._unreadable(body)
        if row.redrives >= len(settings.redrive_seconds):
            self._give_up(key, str(letter.get("message", "")))
            return "given_up"
        due = self.clock.now() + timedelta(seconds=settings.redrive_seconds[row.redrives])
        try:
            self.store.rows.redrive(row, due)
        except ConditionFailedError:
            return "dropped"
        return "redriven"

    def _bell_or_unreadable(self, body: str) -> str:
        """A bell that the queue gave up on carries no news: its rows are in the table, and the tick rings again."""
        try:
            bell = json.loads(body)
        except ValueError:
            return self._unreadable(body)
        if isinstance(bell, dict) and isinstance(bell.get("group"), str):
            return "bell"
        return self._unreadable(body)

    def _unreadable(self, body: str) -> str:
        ids = self.store.connections.ids()
        self.store.cases.alert_once(
            ids[0] if ids else "none",
            "unreadable letter",
            "Tandem: a dead letter cannot be read",
            f"A message of {len(body)} bytes in the dead-letter queue is not one of Tandem's. It was removed; "
            "the table still knows every record that waits.",
            self.clock.now(),
        )
        return "unreadable"

    def _give_up(self, key: RecordKey, message: str) -> None:
        now = self.clock.now()
        hold = Hold("dead letter", f"tried again and again without success; last: {message}")
        _, since = self.store.cases.hold(key, hold, now)
        run, cause, sentence = run_of(now), hold.cause, hold.sentence
        self.store.history.decided(
            key, "held", run, now, once=True, cause=cause, sentence=sentence, since=since
        )
