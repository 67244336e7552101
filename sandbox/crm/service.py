"""CRM as users and API calls act on it: a write, then its notifications."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import groupby

from sandbox.automation import WORKFLOW_USER, Automation
from sandbox.clock import Clock
from sandbox.config import OrgFacts
from sandbox.crm.query import CrmQueries
from sandbox.crm.records import Effect
from sandbox.crm.render import CrmRenderer
from sandbox.crm.store import CrmStore
from sandbox.crm.watch import Channels, Notifier
from sandbox.outbox import Outbox
from sandbox.switches import Switches


class CrmService:
    """The CRM org with its readers, channels and notifications."""

    def __init__(
        self, store: CrmStore, clock: Clock, outbox: Outbox, switches: Callable[[], Switches], org: OrgFacts
    ) -> None:
        self.store = store
        self.render = CrmRenderer(store, org.zone, org.currency)
        self.queries = CrmQueries(store, self.render, switches)
        self.channels = Channels(store, self.render, clock)
        self._notifier = Notifier(
            store, self.render, self.channels, clock, lambda: switches().insert_notification_has_values
        )
        self.automations: list[Automation] = []
        self._outbox = outbox
        self._switches = switches

    def automate(self, effects: Iterable[Effect]) -> list[Effect]:
        """Let the org's rules rewrite values after a write; return what they did."""
        actor = self.store.users.named(WORKFLOW_USER)
        done = []
        for effect in effects:
            for rule in self.automations:
                if effect.operation == "delete" or rule.module != effect.record.module:
                    continue
                old = effect.record.values.get(rule.field)
                new = rule.rewritten(old)
                if new != old:
                    done.append(self.store.update(rule.module, effect.record.id, {rule.field: new}, actor))
        return done

    def announce(self, effects: Iterable[Effect]) -> None:
        """Queue the notifications of one call's effects."""
        kept = [e for e in effects if self._tells(e)]
        if self._switches().bulk_notification == "single":
            batches = [[e] for e in kept]
        else:
            batches = [list(g) for _, g in groupby(kept, key=lambda e: (e.record.module, e.operation))]
        for batch in batches:
            for channel, body in self._notifier.bodies(batch):
                content = json.dumps(body, ensure_ascii=False).encode()
                self._outbox.put(
                    "crm",
                    channel.notify_url,
                    {"Content-Type": "application/json;charset=UTF-8"},
                    content,
                    body,
                    body["ids"],
                    body["operation"],
                    f"channel {channel.channel_id}",
                )

    def _tells(self, effect: Effect) -> bool:
        return (
            effect.operation != "update"
            or bool(effect.changed)
            or self._switches().unchanged_update_moves_time
        )
