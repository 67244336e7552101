"""What becomes of a row: the table of design section 2, written to the row and counted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tandem.core.decide import Parent
from tandem.core.errors import RateLimitedError, RetryError, StopError, TandemError
from tandem.core.outcomes import Done, Failed, Outcome, Waits, next_try
from tandem.core.records import Gone, Mode, Record, RecordKey, RowClass
from tandem.engine.cursors import indexed
from tandem.engine.desk import Desk
from tandem.engine.lease import LeaseLostError, OutOfTimeError
from tandem.engine.ports import DeadLetters
from tandem.engine.rows import GONE, Row
from tandem.engine.situation import Gatherer
from tandem.engine.trace import where
from tandem.engine.writer import NotWritingError

logger = logging.getLogger("tandem.round")


@dataclass(slots=True)
class RoundReport:
    """What a round came to: outcomes by kind, and why the drain should stop, if it should."""

    outcomes: dict[str, int] = field(default_factory=dict)
    stop: str = ""
    """Why the round ends before the rows that it did not come to; so does the drain."""
    exhausted: str = ""
    """Why some rows were not read for want of quota: those that were go on, and the drain ends with this round."""

    def count(self, kind: str) -> None:
        """One more of this kind."""
        self.outcomes[kind] = self.outcomes.get(kind, 0) + 1


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Settles the rows of one round. `own`: what each row's record showed."""

    desk: Desk
    letters: DeadLetters
    gatherer: Gatherer
    own: Mapping[RecordKey, Record | Gone]
    report: RoundReport

    def of_unread(self, row: Row, error: BaseException) -> Outcome:
        """What an error of reading means for the row. Without quota a record that was read may still be written.

        A read that is thrown away is made again a minute later, of a full round's calls as many as half.
        """
        stop = self.report.stop
        outcome = self.of_error(row, error)
        if isinstance(error, RateLimitedError):
            self.report.exhausted, self.report.stop = self.report.stop, stop
        return outcome

    def of_error(self, row: Row, error: BaseException) -> Outcome:
        """The table of design section 2: what an error of one row means for the row and for the drain."""
        now = self.desk.clock.now()
        match error:
            case RateLimitedError():
                self.report.stop = self.report.stop or f"quota: {error}"
                return Waits("quota", now + timedelta(seconds=error.retry_after), str(error))
            case StopError():
                self.desk.store.connections.stop(self.desk.connection.id, error, now)
                self.report.stop = self.report.stop or f"stopped: {error}"
                return Waits(
                    "token",
                    now + timedelta(seconds=self.desk.connection.settings.wait_net_seconds),
                    str(error),
                )
            case NotWritingError():
                self.report.stop = self.report.stop or str(error)
                return Waits("mode", now, str(error))
            case OutOfTimeError():
                self.report.stop = self.report.stop or str(error)
                return Waits("time", now, str(error))
            case LeaseLostError():
                self.report.stop = self.report.stop or str(error)
                return Waits("time", now, str(error))
            case RetryError() | TandemError():
                return Failed(type(error).__name__, str(error))
            case Exception():
                logger.error("a bug on %s: %s at %s", row.key, type(error).__name__, where(error))
                return Failed(type(error).__name__, f"our own fault on this record: {type(error).__name__}")
        raise error

    def settle(self, row: Row, outcome: Outcome) -> None:
        """Write what becomes of a row, and count it."""
        now, rows = self.desk.clock.now(), self.desk.store.rows
        if isinstance(outcome, Done) and outcome.kind == "left_out":
            self.desk.store.history.decided(
                row.key, "left_out", self.desk.run, now, once=True, sentence=outcome.reason
            )
        if isinstance(outcome, Done) and self.desk.mapping.led_to:
            self.desk.store.referrals.wake(row.key, self.desk.mapping.led_to, row.cls, now)
        if not isinstance(outcome, Failed):
            if rows.finish(row, self._with_version(row, outcome), now) and isinstance(outcome, Waits):
                self._look_again(row, outcome, now)
            self.report.count(outcome.kind if isinstance(outcome, Done) else f"waits_{outcome.reason}")
            self.desk.gate.rows_done += isinstance(outcome, Done) and row.cls is RowClass.BACKFILL
            return
        settings = self.desk.connection.settings
        crashed = outcome.error == "CrashedWorker"
        pause = None if crashed else next_try(row.tries + 1, settings.retry_seconds, self.desk.random())
        if pause is not None:
            rows.retry(row, now + timedelta(seconds=pause), now)
            self.report.count("retry")
            return
        letter = {
            "key": str(row.key),
            "error": outcome.error,
            "message": outcome.message,
            "at": now.isoformat(),
        }
        if rows.bury(row, now + timedelta(seconds=settings.wait_net_seconds), now):
            self.letters.send(letter)
        self.report.count("dead_letter")

    def _look_again(self, row: Row, outcome: Waits, now: datetime) -> None:
        """After a wait is written its reason is read again: gone meanwhile means due now."""
        store, connection = self.desk.store, self.desk.connection
        match outcome.reason:
            case "mode":
                gone = store.connections.read(connection.id).effective_mode is Mode.WRITE
            case "index":
                gone = store.connections.is_index_complete(connection.id, indexed(self.desk.mapping))
            case "parent":
                own = self.own[row.key]
                gone = isinstance(own, Record) and self.gatherer.parent(own)[0] is not Parent.PENDING
            case _:
                gone = False
        if gone:
            store.rows.wake(row.key, now)

    def _with_version(self, row: Row, outcome: Done | Waits) -> Done | Waits:
        own = self.own.get(row.key)
        if isinstance(own, Gone):
            return replace(outcome, version=f"{GONE}{self.desk.clock.now().isoformat()}")
        if isinstance(own, Record) and own.version is not None:
            return replace(outcome, version=own.version.isoformat())
        return outcome
