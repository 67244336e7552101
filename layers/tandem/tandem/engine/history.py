"""The history: append-only, one entry per remote write, per decision that withheld one, and per act of a person."""

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
from tandem.engine.gate import calls_made
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
    "not_sent",
    "guard",
    "act",
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
                "edited_by": dict(intent.editors),
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
        editors: Mapping[str, str] | None = None,
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
        digest = _digest(body)
        sort = f"{kind}#{digest}" if once else f"{now.isoformat()}#{digest}"
        pk = link_pk(key.connection, link) if link else row_pk(key.connection, key.side, key.id)
        self._append(pk, sort, run, now, body | ({"edited_by": dict(editors)} if editors else {}))

    def acted(
        self,
        connection: str,
        verb: str,
        by: str,
        now: datetime,
        *,
        key: RecordKey | None = None,
        kind: EntryKind = "act",
        **more: Any,
    ) -> None:
        """What a person did, or a guard, to a record or to the connection as a whole; `by`: who."""
        body = {"kind": kind, "verb": verb, "by": by, "connection": connection, **more}
        if key is not None:
            body |= {"record": str(key), "entity": key.entity}
        pk = row_pk(connection, key.side, key.id) if key else f"CONN#{connection}"
        self._append(pk, f"{now.isoformat()}#{_digest(body)}", run_of(now), now, body)

    def _append(self, pk: str, sk: str, run: str, now: datetime, body: Mapping[str, Any]) -> None:
        item: Item = {
            "pk": pk,
            "sk": sk,
            "at": now.isoformat(),
            "run_pk": run,
            "run_sk": f"{now.isoformat()}#{sk}",
        }
        if calls := calls_made():
            item["calls"] = calls
        if self.days:
            item["ttl"] = int((now + timedelta(days=self.days)).timestamp())
        try:
            self.table.put(Put({**item, **body}, (When("pk", "absent"),)))
        except ConditionFailedError:
            return


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:16]


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
