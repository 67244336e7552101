"""What goes wrong, by seed: at Zoho, on the way, in our functions, in our tables, and by our own operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tandem.core.records import Mode
from tests.system.simulation.functions import Functions
from tests.system.simulation.org import HIDDEN_OF, Network, Org

PLANTED: tuple[dict[str, Any], ...] = (
    {"name": "error_before_commit", "count": 1},
    {"name": "error_after_commit", "count": 1},
    {"name": "error_after_commit", "count": 2, "product": "books"},
    {"name": "timeout_after_commit", "count": 1},
    {
        "name": "timeout_after_commit",
        "count": 1,
        "product": "crm",
        "match": {"method": "POST", "module": "Accounts"},
    },
    {
        "name": "error_after_commit",
        "count": 1,
        "product": "books",
        "match": {"method": "POST", "endpoint": "/contacts"},
    },
    {"name": "timeout", "count": 1},
    {"name": "disconnect", "count": 1},
    {"name": "html_error", "count": 2},
    {"name": "books_down", "count": 6},
    {"name": "crm_down", "count": 6},
    {"name": "accounts_down", "count": 2},
    {"name": "rate_minute", "count": 1, "product": "books"},
    {"name": "rate_in_flight", "count": 1, "product": "books"},
    {"name": "rate_in_flight", "count": 1, "product": "crm"},
    {"name": "books_43_on_200", "count": 1, "product": "books"},
    {"name": "invalid_token"},
    {"name": "token_throttled", "count": 1},
    {"name": "token_revoked", "count": 2},
    {"name": "wrong_data_centre", "count": 1},
    {"name": "drop_notification", "count": 3},
    {"name": "duplicate_notification", "count": 3, "copies": 3},
    {"name": "delay_notification", "count": 3, "seconds": 90},
    {"name": "reorder_notifications", "count": 6, "seconds": 20},
)
RARE = {"token_throttled", "token_revoked", "wrong_data_centre"}
"""They stop a connection for minutes: struck a tenth as often as the others."""
AGAIN_SECONDS = 30.0
HIDDEN_SECONDS = 300.0
"""Longer than a delete waits: what is only not seen must not pass for deleted, however long."""


@dataclass(slots=True)
class Faults:
    """Strikes at random, and heals all at once."""

    orgs: dict[str, Org]
    functions: Functions
    network: Network
    rng: Random
    _undo: list[Callable[[], object]] = field(default_factory=list)

    def strike(self) -> str:
        """One fault; returns its name."""
        own = (
            self._late,
            self._late,
            self._throttle,
            self._doom,
            self._doom,
            self._slow,
            self._slow,
            self._replay,
            self._observe,
            self._pause,
            self._remap,
            self._silence,
            self._hide,
            self._hide,
        )
        if self.rng.random() < 0.6:
            return self._plant()
        return self.rng.choice(own)()

    def heal(self) -> None:
        """All that was broken works again."""
        for org in self.orgs.values():
            org.world.faults.clear()
        for undo in self._undo:
            undo()
        self._undo.clear()
        self.network.hidden.clear()
        self.network.late = self.functions.doomed_runs = self.functions.slow_runs = 0
        self.functions.tables.throttled_until = 0.0

    def _org(self) -> tuple[str, Org]:
        return self.rng.choice(list(self.orgs.items()))

    def _plant(self) -> str:
        _, org = self._org()
        values = dict(self.rng.choice(PLANTED))
        if values["name"] in RARE and self.rng.random() < 0.9:
            values = dict(PLANTED[0])
        name = str(values.pop("name"))
        if name == "invalid_token":
            org.world.accounts.drop_access_tokens()
        else:
            org.world.faults.plant(name, values)
        return name

    def _late(self) -> str:
        self.network.late += 1
        return "write arrives late"

    def _throttle(self) -> str:
        self.functions.tables.throttled_until = self.functions.loop.time() + self.rng.choice((1.0, 5.0))
        return "table throttled"

    def _doom(self) -> str:
        self.functions.doomed_runs += 1
        return "function dies"

    def _slow(self) -> str:
        self.functions.slow_runs += 1
        return "function stands still"

    def _replay(self) -> str:
        _, org = self._org()
        sent = len(org.world.outbox.deliveries)
        if sent:
            org.world.outbox.replay(self.rng.randint(max(1, sent - 40), sent))
        return "old payload again"

    def _observe(self) -> str:
        name, _ = self._org()
        self.functions.set_mode(name, Mode.OBSERVE)
        self._later(lambda: self.functions.set_mode(name, Mode.WRITE))
        return "mode observe for a while"

    def _pause(self) -> str:
        name, _ = self._org()
        self.functions.pause(name, paused=True)
        self._later(lambda: self.functions.pause(name, paused=False))
        return "paused for a while"

    def _remap(self) -> str:
        name, _ = self._org()
        self.functions.change_mapping(name, f"{self.functions.plan.mapping}# {self.rng.random()}\n")
        return "mapping changed"

    def _silence(self) -> str:
        _, org = self._org()
        for channel in org.world.crm.channels.active():
            old, channel.expires = channel.expires, 0
            self._later(lambda c=channel, e=old: setattr(c, "expires", e))  # type: ignore[misc]
        return "channel expired in silence"

    def _hide(self) -> str:
        name, _ = self._org()
        self.network.hidden[name] = self.rng.randrange(HIDDEN_OF)
        self._later(lambda: self.network.hidden.pop(name, None), HIDDEN_SECONDS)
        return "records hidden from queries"

    def _later(self, undo: Callable[[], object], seconds: float = AGAIN_SECONDS) -> None:
        """Mended after a while, or when all heals: an undo done twice does no harm."""
        self._undo.append(undo)
        self.functions.loop.call_later(seconds * self.rng.random(), undo)
