"""Who waits for another record's link is woken by it, in whatever order the two happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.adapters.memory.table import MemoryTable
from tandem.core.decide import Situation
from tandem.core.lookup import Lookup
from tandem.core.mapping import load_mapping
from tandem.core.outcomes import Done
from tandem.core.records import Base, Link, LinkState, Record, RecordKey, RowClass, Side
from tandem.engine.links import Links
from tandem.engine.ports import Put
from tandem.engine.referrals import Referrals
from tandem.engine.rows import Rows

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
MAPPING = load_mapping(
    """
entities:
  customer:
    crm_module: Accounts
    crm_stamp: Books_Customer_ID
    fields:
      name: {crm: Account_Name, books: contact_name}
      agent: {crm: Agent, books: cf_agent, converter: lookup, args: {entity: customer}}
"""
)
ENTITY = MAPPING.entities["customer"]
OWN, AGENT = RecordKey("main", Side.CRM, "customer", "1"), RecordKey("main", Side.CRM, "customer", "2")
LINK = Link("main", "l2", "customer", "2", "92")


def waits_for(agent: str | None) -> Situation:
    """An Account that leads to another one."""
    return Situation(Side.CRM, crm=Record(Side.CRM, "customer", "1", {"agent": agent}))


def pending(rows: Rows) -> bool:
    """The waiting record is wanted again."""
    row = rows.read(OWN)
    return row is not None and row.wanted > row.done


class Racing(MemoryTable):
    """Links the agent at the very moment at which somebody notes that he waits for it."""

    def put(self, put: Put) -> None:
        """As ever, and then the race."""
        super().put(put)
        if str(put.item["pk"]).startswith("REFERS#"):
            Links(self).create(LINK, 1)


def over(table: MemoryTable) -> tuple[Referrals, Links, Rows]:
    """The three kinds of row over one table."""
    links, rows = Links(table), Rows(table)
    return Referrals(table, links, rows), links, rows


def other(referrals: Referrals, at: Situation) -> Any:
    """What the agent's id is on the other side, if that is known."""
    knowing = referrals.knowing(ENTITY, OWN, at, NOW)
    lookup = knowing.field("agent").convert
    assert [known for _, known in knowing.lookups] == [lookup]
    assert at.crm is not None
    return None if lookup.awaits(Side.CRM, "2") else lookup.translate(Side.CRM, "2")


def test_a_link_translates_and_nobody_waits() -> None:
    """No row is written for it."""
    referrals, links, _ = over(table := MemoryTable())
    links.create(LINK, 1)
    assert other(referrals, waits_for("2")) == "92"
    assert [row for row in table.rows() if str(row["pk"]).startswith("REFERS#")] == []


@pytest.mark.parametrize("side", Side)
def test_the_link_wakes_who_waits_once(side: Side) -> None:
    """From the row of either of its records; a second time nobody waits any more."""
    referrals, links, rows = over(MemoryTable())
    assert other(referrals, waits_for("2")) is None
    key = replace(AGENT, side=side, id=LINK.id_on(side))
    referrals.wake(key, {"customer"}, RowClass.LIVE, NOW)
    assert not pending(rows)
    links.create(LINK, 1)
    referrals.wake(key, {"customer"}, RowClass.LIVE, NOW)
    row = rows.take(OWN)
    assert row is not None
    rows.finish(row, Done("synced"), NOW)
    referrals.wake(key, {"customer"}, RowClass.LIVE, NOW)
    assert not pending(rows)


def test_one_that_is_linked_as_another_kind_is_told_and_wakes_who_waits() -> None:
    """Who waits then learns that it has no counterpart of the kind, and is woken again should it become one."""
    referrals, links, rows = over(MemoryTable())
    assert other(referrals, waits_for("2")) is None
    link = links.create(replace(LINK, entity="individual"), 1)
    for kind in ("individual", "customer"):
        referrals.wake(replace(AGENT, entity=kind), {"customer"}, RowClass.LIVE, NOW)
        row = rows.take(OWN)
        assert row is not None
        rows.finish(row, Done("synced"), NOW)
        lookup = referrals.knowing(ENTITY, OWN, waits_for("2"), NOW).field("agent").convert
        assert isinstance(lookup, Lookup)
        assert (lookup.awaits(Side.CRM, "2"), lookup.is_apart(Side.CRM, "2")) == (True, True)
    links.move(replace(link, entity="customer"), 1)
    assert other(referrals, waits_for("2")) == "92"


def test_a_link_made_while_the_wait_is_noted_is_seen() -> None:
    """After the note the links are read once more."""
    referrals, _, _ = over(Racing())
    assert other(referrals, waits_for("2")) == "92"


def test_an_ended_link_translates_nothing_and_wakes_nobody() -> None:
    """A tombstone leads nowhere."""
    referrals, links, rows = over(MemoryTable())
    link = links.create(LINK, 1)
    links.move(replace(link, state=LinkState.TOMBSTONE), 1)
    assert other(referrals, waits_for("2")) is None
    referrals.wake(AGENT, {"customer"}, RowClass.LIVE, NOW)
    assert not pending(rows)


def test_what_was_agreed_waits_for_nobody() -> None:
    """A reference that stands as it was agreed is looked up no more."""
    referrals, _, _ = over(table := MemoryTable())
    link = Link("main", "l1", "customer", "1", "91", base={"agent": Base("2", "92")})
    referrals.knowing(ENTITY, OWN, replace(waits_for("2"), link=link), NOW)
    assert table.rows() == []
