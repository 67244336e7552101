"""The history: append-only, one entry per remote write and per decision that withheld one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tandem.core.actions import FieldReason
from tandem.core.errors import ConditionFailedError
from tandem.core.records import RecordKey
from tandem.engine.intents import Intent
from tandem.engine.links import link_pk
from tandem.engine.ports import Item, Put, Table, When
from tandem.engine.rows import row_pk

EntryKind = Literal[
    "write",
    "not_written",
    "unknown",
    "refused",
    "would_write",
    "link",
    "unlink",
    "held",
    "left_out",
    "agreed",
    "apart",
    "probed",
]


@dataclass(slots=True)
class History:
    """The History table; functions may only put into it."""

    table: Table
    days: int = 0

    def written(self, intent: Intent, kind: EntryKind, now: datetime, **more: Any) -> None:
        """The entry of an intent, under the intent's own id: a second put of it changes nothing."""
        self._append(
            link_pk(intent.connection, intent.link),
            intent.id,
            intent.run,
            now,
            {
                "kind": kind,
                "verb": intent.kind,
                "connection": intent.connection,
                "entity": intent.entity,
                "side": intent.side.value,
                "record": str(intent.source),
                "target": intent.target,
                "before": dict(intent.before),
                "after": dict(intent.after),
                "rules": dict(intent.reasons),
                "cause": intent.cause,
                **more,
            },
        )

    def decided(
        self,
        key: RecordKey,
        kind: EntryKind,
        run: str,
        now: datetime,
        *,
        link: str | None = None,
        reasons: Sequence[FieldReason] = (),
        once: bool = False,
        **more: Any,
    ) -> None:
        """A decision about one record; `once` stores one entry per different decision (its content is its id)."""
        body = {
            "kind": kind,
            "connection": key.connection,
            "entity": key.entity,
            "record": str(key),
            "reasons": [as_item(reason) for reason in reasons],
            **more,
        }
        digest = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:16]
        sort = f"{kind}#{digest}" if once else f"{now.isoformat()}#{digest}"
        pk = link_pk(key.connection, link) if link else row_pk(key.connection, key.side, key.id)
        self._append(pk, sort, run, now, body)

    def _append(self, pk: str, sk: str, run: str, now: datetime, body: Mapping[str, Any]) -> None:
        item: Item = {
            "pk": pk,
            "sk": sk,
            "at": now.isoformat(),
            "run_pk": run,
            "run_sk": f"{now.isoformat()}#{sk}",
        }
        if self.days:
            item["ttl"] = int((now + timedelta(days=self.days)).timestamp())
        try:
            self.table.put(Put({**item, **body}, (When("pk", "absent"),)))
        except ConditionFailedError:
            return


def run_of(now: datetime) -> str:
    """Live work of one day is one run."""
    return f"live-{now.date().isoformat()}"


def as_item(reason: FieldReason) -> dict[str, Any]:
    """A reason as it is stored: the rule with every value that it looked at."""
    return {
        "field": reason.field,
        "rule": reason.rule,
        "crm": reason.crm,
        "books": reason.books,
        "base_crm": reason.base_crm,
        "base_books": reason.base_books,
        "sentence": reason.sentence,
    }
