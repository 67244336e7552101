"""One run of the probe: its looks one after the other, what each found, and what is kept of it."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from cli.probing.ask import Ask, UnansweredError
from cli.probing.kept import Kept
from tandem.adapters.zoho.parse import parse_time
from tandem.core.connection import Connection
from tandem.core.errors import RateLimitedError, RetryError, StoreError, TandemError, TokenRevokedError
from tandem.core.mapping import EntityMapping

if TYPE_CHECKING:
    from cli.probing.hear import Ear

GRAIN = 2.0
"""Seconds between two writes whose times are compared: both products' grain is one second."""
TEXT = "Jose\u0301 & <Co>"
"""An accent of its own, an ampersand and brackets."""

pause: Callable[[float], Awaitable[None]] = asyncio.sleep
"""Waits so many seconds; tests step the sandbox's clock instead."""


@dataclass
class Run:
    """What the looks share."""

    ask: Ask
    connection: Connection
    customer: EntityMapping
    kept: Kept
    ear: Ear
    mark: Callable[[], None]
    """Store what is kept, and leave the records made so far out of every sync."""
    halted: str = ""
    """Why the looks that are left cannot be taken."""
    failures: int = 0
    """Looks without an answer from Zoho since the last one with an answer."""
    missed: str = ""
    """Why the records of one side could not be made or read: that side was not asked."""
    times: dict[str, datetime] = field(default_factory=dict)
    """The modified time of each record of the probe, as last told."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The Books customer as last read."""
    lists_lag: bool = False
    """Whether a list of Books was seen to lag behind a write."""
    heard_person: bool | None = None
    """Whether the edit of a person was told; None: not listened."""
    fields: dict[str, Any] = field(default_factory=dict)
    """What the metadata said: names of CRM fields to try, of custom fields of Books."""
    _settled: set[str] = field(default_factory=set)

    def found(self, name: str, answer: Any, evidence: str) -> None:
        """A fact is answered."""
        self._settled.add(name)
        self.kept.facts[name] = {"answer": answer, "evidence": evidence, "at": _now()}

    def unknown(self, name: str, reason: str) -> None:
        """A fact stays open, for the first reason given; an answer of an earlier run stands."""
        if name in self._settled:
            return
        self._settled.add(name)
        if self.kept.facts.get(name, {}).get("answer") is None:
            self.kept.facts[name] = {"answer": None, "evidence": reason, "at": _now()}

    def saw(self, contact: Mapping[str, Any]) -> datetime:
        """The Books customer as shown; returns its time."""
        self.body = contact
        return self.saw_time(self.kept.books, contact.get("last_modified_time"))

    def saw_time(self, id: str, told: object) -> datetime:
        """A record's time; raises UnansweredError without one."""
        moment = told if isinstance(told, datetime) else parse_time(told)
        if moment is None:
            raise UnansweredError("an answer without a modified time")
        self.times[id] = moment
        return moment

    def books_id(self) -> str:
        """The throw-away customer; raises UnansweredError when there is none."""
        if not self.kept.books or not self.body:
            raise UnansweredError("there is no throw-away customer in Books")
        return self.kept.books

    def accounts(self) -> tuple[str, str]:
        """Both throw-away Accounts; raises UnansweredError when there are none."""
        if len(self.kept.crm) != len(("first", "second")) or not self.times:
            raise UnansweredError("there are no throw-away Accounts in CRM")
        return self.kept.crm[0], self.kept.crm[1]


@dataclass(frozen=True, slots=True)
class Look:
    """One step: what it does, and the facts that it may answer."""

    title: str
    facts: tuple[str, ...]
    do: Callable[[Run], Awaitable[None]]
    first: bool = False
    """It makes the records that all others of its side need."""


async def take(run: Run, looks: Sequence[Look], tell: Callable[[Look], None]) -> None:
    """Take every look; what one cannot tell is unknown with the reason, and the next go on unless Zoho is gone."""
    for look in looks:
        reason = run.halted or await _take(run, look)
        for name in look.facts:
            run.unknown(name, reason or "Zoho did not tell")
        run.mark()
        tell(look)


async def _take(run: Run, look: Look) -> str:
    try:
        await look.do(run)
    except (RateLimitedError, TokenRevokedError, StoreError) as error:
        run.halted = str(error)
        return run.halted
    except RetryError as error:
        run.failures += 1
        run.halted = str(error) if run.failures > 1 else ""
        run.missed = str(error) if look.first else run.missed
        return str(error)
    except TandemError as error:
        return str(error)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return f"Zoho's answer has a shape that nobody foresaw ({type(error).__name__})"
    run.failures = 0
    return ""


def form_of(sent: str, kept: object) -> str:
    """How a text was kept: `as_sent`, `nfc`, `html`; raises UnansweredError for anything else."""
    forms = {"as_sent": sent, "nfc": unicodedata.normalize("NFC", sent), "html": escape(sent, quote=False)}
    for name, text in forms.items():
        if kept == text:
            return name
    raise UnansweredError("the text came back in a form that nobody foresaw")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
