"""Quarantine: a durable row per hold, one case per cause, one alert per new case."""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tandem.core.actions import Hold, Release
from tandem.core.errors import ConditionFailedError
from tandem.core.records import Link, RecordKey, Side, Value
from tandem.engine.ports import Alerts, Delete, Item, Put, Table, Update, When


def case_id(connection: str, cause: str) -> str:
    """A short id that a person can type; the same cause gives the same case."""
    return hashlib.sha256(f"{connection}/{cause}".encode()).hexdigest()[:8]


@dataclass(slots=True)
class Cases:
    """Holds and cases of the State table."""

    table: Table
    alerts: Alerts

    def hold(
        self,
        key: RecordKey,
        hold: Hold,
        now: datetime,
        *,
        label: str = "",
        link: str | None = None,
        answers: bool = True,
    ) -> tuple[set[str], str]:
        """Keep a hold (replacing the one of the same record and field); alerts when its case is new.

        Returns the ids of the candidates that the replaced one named and this one does not, and since when the same
        is held with the same values.

        `answers`: a person's word on it has been heard. Else it stands, where the same is held with the same values.
        """
        case = case_id(key.connection, hold.cause)
        pk = _pk(key.connection)
        member: Item = {
            "pk": pk,
            "sk": f"HOLD#{key}#{hold.field}",
            "record": str(key),
            "case": case,
            "cause": hold.cause,
            "sentence": hold.sentence,
            "field": hold.field,
            "crm": hold.crm,
            "books": hold.books,
            "candidates": list(hold.candidates),
            "label": label,
            "link": link,
            "at": now.isoformat(),
            "since": now.isoformat(),
        }
        before = self.table.get(pk, member["sk"])
        if before is not None and _is_same(before, member):
            member["since"] = before.get("since", before["at"])
            if before.get("word") and not answers:
                member["word"] = before["word"]
        self.table.put(Put(member))
        for id in hold.candidates if link is None else ():
            self.table.put(Put({"pk": _asked(key.connection, key.side.other, id), "sk": str(key)}))
        dropped = _candidates(before) - set(hold.candidates)
        if before is not None and before["case"] != case:
            self._close_if_empty(key.connection, before["case"])
        try:
            self.table.put(
                Put(
                    {
                        "pk": pk,
                        "sk": f"CASE#{case}",
                        "cause": hold.cause,
                        "at": now.isoformat(),
                        "connection": key.connection,
                    },
                    (When("pk", "absent"),),
                )
            )
        except ConditionFailedError:
            return dropped, member["since"]
        self.alerts.send(
            f"Tandem: held in {key.connection}: {hold.cause}",
            f"{hold.sentence}\n\nRecord: {key}\nNothing was written for it; all other records go on. "
            f"Mend the cause, then: tandem release {case}\nSee also: tandem quarantine, tandem why {key.id}",
        )
        return dropped, member["since"]

    def alert_once(self, connection: str, cause: str, subject: str, message: str, now: datetime) -> None:
        """A case without a record (a stopped connection, a guard): one alert until it is closed."""
        item: Item = {
            "pk": _pk(connection),
            "sk": f"CASE#{case_id(connection, cause)}",
            "cause": cause,
            "sentence": message,
            "at": now.isoformat(),
            "connection": connection,
        }
        try:
            self.table.put(Put(item, (When("pk", "absent"),)))
        except ConditionFailedError:
            return
        self.alerts.send(subject, message)

    def close(self, connection: str, cause: str) -> None:
        """The cause is gone: the next time it alerts again."""
        self.table.delete(Delete(_pk(connection), f"CASE#{case_id(connection, cause)}"))

    def holds_of(self, key: RecordKey) -> list[Item]:
        """Every hold of one record."""
        return self.table.query(_pk(key.connection), prefix=f"HOLD#{key}#")

    def asking(self, key: RecordKey) -> list[str]:
        """The ids of the unlinked records whose question named this one, once: their next hold says it anew."""
        asked = self.table.query(_asked(key.connection, key.side, key.id))
        for item in asked:
            self.table.delete(Delete(item["pk"], item["sk"]))
        return [str(item["sk"]).rsplit("/", 1)[-1] for item in asked]

    def settle(self, key: RecordKey, keep: AbstractSet[str]) -> set[str]:
        """Drop the holds of a record whose fields are not in `keep`, and cases without members.

        Returns the ids of the candidates that they named.
        """
        dropped = set[str]()
        for item in self.holds_of(key):
            if item["field"] not in keep:
                self.table.delete(Delete(item["pk"], item["sk"]))
                self._close_if_empty(key.connection, item["case"])
                dropped |= _candidates(item)
        return dropped

    def _close_if_empty(self, connection: str, case: str) -> None:
        if not any(item["case"] == case for item in self.holds(connection)):
            self.table.delete(Delete(_pk(connection), f"CASE#{case}"))

    def holds(self, connection: str) -> list[Item]:
        """Every hold of a connection."""
        return self.table.query(_pk(connection), prefix="HOLD#")

    def cases(self, connection: str) -> list[Item]:
        """Every open case of a connection."""
        return self.table.query(_pk(connection), prefix="CASE#")

    def release(self, hold: Item, *, take: Side | None, approve: bool) -> None:
        """Leave a person's word on a hold; the caller then hints the record with class `person`."""
        word: dict[str, Any] = {"take": take.value if take else None, "approve": approve}
        self.table.update(Update(hold["pk"], hold["sk"], set={"word": word}, when=(When("pk", "exists"),)))

    def word_on(self, key: RecordKey) -> Release | None:
        """A person's word on the holds of a record, with what was shown to them."""
        items = [item for item in self.holds_of(key) if item.get("word")]
        if not items:
            return None
        takes = {item["word"]["take"] for item in items if item["word"]["take"]}
        shown: dict[str, dict[str, Value]] = {
            item["field"]: {"crm": item["crm"], "books": item["books"]} for item in items
        }
        take = Side(takes.pop()) if len(takes) == 1 else None
        approved = [item for item in items if item["word"]["approve"]]
        return Release(
            take,
            bool(approved),
            shown,
            frozenset(str(item["cause"]) for item in approved),
            frozenset(id for item in approved for id in item.get("candidates") or ()),
        )


def _is_same(before: Item, member: Item) -> bool:
    return all(before.get(name) == member[name] for name in ("cause", "crm", "books", "candidates"))


def _candidates(hold: Item | None) -> set[str]:
    return set(map(str, hold.get("candidates") or ())) if hold else set()


def hold_key(key: RecordKey, link: Link | None) -> RecordKey:
    """A pair's holds lie under its CRM record, whichever side's row met them."""
    return RecordKey(key.connection, Side.CRM, key.entity, link.crm_id) if link else key


def _asked(connection: str, side: Side, id: str) -> str:
    return f"ASKS#{connection}#{side}#{id}"


def _pk(connection: str) -> str:
    return f"CASE#{connection}"
