"""What a person did is in the history: who, what, when, and what was shown to them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import CLOUDFORMATION, World
from tests.cli.test_work import account, customer_of, edit, pair, quick

__all__ = ["pair", "quick"]
WHO = "arn:aws:sts::123456789012:user/moto"


def acts(world: World) -> list[dict[str, Any]]:
    """The entries of today that a person caused, oldest first."""
    entries = world.run("history", "--limit", "500", "--json").json["entries"]
    return [entry for entry in entries if entry["kind"] in ("act", "apart")]


def test_connecting_switching_pausing_and_resuming_are_told_with_who(quick: World) -> None:
    """One entry each, with the values before and after; no secret among them."""
    quick.run("mode", "write", "--yes")
    quick.run("pause")
    quick.run("resume")
    quick.connect("--settings", "poll_seconds=7")
    told = acts(quick)
    assert [act["verb"] for act in told] == ["connect", "mode", "pause", "resume", "connect"]
    assert {act["by"] for act in told} == {WHO}
    assert (told[1]["before"], told[1]["after"]) == ({"mode": "observe"}, {"mode": "write"})
    assert told[4]["before"]["settings"]["poll_seconds"] == 1
    assert told[4]["after"]["settings"]["poll_seconds"] == 7
    assert "refresh" not in str(told)
    assert f"mode mode, by {WHO}" in quick.run("history", "--limit", "500").out


def test_a_look_leaves_no_entry(quick: World) -> None:
    """Neither does a command that was refused."""
    before = acts(quick)
    for words in (
        ["mode"],
        ["status"],
        ["quarantine"],
        ["history"],
        ["release", "11111111"],
        ["mode", "write"],
    ):
        quick.run(*words)
    assert acts(quick) == before


def test_a_word_on_a_hold_is_told_with_what_was_shown(quick: World) -> None:
    """Under the record, so that `why` reads it back, with the word and both values."""
    quick.run("mode", "write", "--yes")
    quick.sandbox.control(
        "POST", "/books/contacts", {"contact_name": "Acme Ltd", "gst_no": "", "website": "https://b.example"}
    )
    id = account(quick)
    quick.work()
    [case] = quick.run("quarantine", "--json").json["cases"]
    assert quick.run("release", case["id"], "--approve").code == 0
    [act] = [one for one in acts(quick) if one["verb"] == "release" and id in one["record"]]
    assert (act["by"], act["word"], act["cause"]) == (WHO, "approve", case["cause"])
    assert act["candidates"] == next(m["candidates"] for m in case["members"] if m["id"] == id)
    assert act in quick.run("why", id, "--json").json["history"]


@pytest.mark.parametrize(("days", "keeps"), [("30", True), ("0", False)])
def test_the_retention_of_the_stack_holds_for_acts_too(quick: World, days: str, *, keeps: bool) -> None:
    """`HistoryDays` of the stack; without it they stay."""
    CLOUDFORMATION.parameters = {"HistoryDays": days}
    try:
        quick.run("pause")
    finally:
        CLOUDFORMATION.parameters = {}
    rows = quick.stack.store.history.table.query("CONN#main")
    assert [("ttl" in row) for row in rows if row["verb"] == "pause"] == [keeps]


def test_history_names_editors_and_calls(pair: tuple[World, str, str]) -> None:
    """Of each write, for people."""
    world, account_id, _ = pair
    edit(world, account_id, Website="https://new.example", user="Ben Okri")
    world.work()
    assert customer_of(world)["website"] == "https://new.example"
    out = world.run("history", account_id).out
    assert "Ben Okri in CRM" in out
    assert "Books calls" in out
    assert "Ben Okri in CRM" in " ".join(world.run("why", account_id).out.split())
