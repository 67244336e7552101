"""What a run of many seeds came to: the table for people, the last line for machines, the file for both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from tests.system.simulation.calm import LOOK_SECONDS
from tests.system.simulation.run import Outcome
from tests.system.simulation.verdict import ALSO, COUNTERS


def last_line(outcomes: Sequence[Outcome]) -> str:
    """`seeds N events N lost 0 duplicates 0 ...`."""
    counts = Counter(finding.counter for outcome in outcomes for finding in outcome.findings)
    events = sum(outcome.events for outcome in outcomes)
    return f"seeds {len(outcomes)} events {events} " + " ".join(f"{name} {counts[name]}" for name in COUNTERS)


def as_json(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """The whole report; `seconds` of the wall clock."""
    kinds: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for outcome in outcomes:
        kinds += outcome.kinds
        calls += outcome.calls
    quiet = [one for outcome in outcomes for one in outcome.quiet]
    events = sum(outcome.events for outcome in outcomes)
    edits = sum(count for kind, count in kinds.items() if kind.startswith("edit "))
    changes = sum(count for kind, count in kinds.items() if not kind.startswith("fault: "))
    work = sum(outcome.seconds for outcome in outcomes)
    return {
        "seeds": [outcome.seed for outcome in outcomes],
        "events": events,
        "share_of_edits": round(edits / events, 3) if events else 0,
        "kinds": dict(sorted(kinds.items())),
        "calls": dict(calls.most_common()),
        "calls_per_event": round(sum(calls.values()) / events, 2) if events else 0,
        "calls_per_change": round(sum(calls.values()) / changes, 2) if changes else 0,
        "quiet_seconds": _quiet(quiet),
        "lost_in_books_window": sum(outcome.in_window for outcome in outcomes),
        "seconds": round(seconds, 1),
        "events_per_second": round(events / seconds, 1) if seconds else 0,
        "events_per_second_and_core": round(events / work, 1) if work else 0,
        "findings": [
            {"seed": outcome.seed, "counter": finding.counter, "what": finding.sentence}
            for outcome in outcomes
            for finding in outcome.findings
        ],
        "digests": {str(outcome.seed): outcome.digest for outcome in outcomes},
        "last_line": last_line(outcomes),
    }


def _quiet(seconds: Sequence[float]) -> dict[str, float]:
    """Simulated seconds from healing to quiet, and the same in looks."""
    if not seconds:
        return {}
    looks = [round(one / LOOK_SECONDS) for one in seconds]
    return {
        "median": median(seconds),
        "most": max(seconds),
        "looks_median": int(median(looks)),
        "looks_most": max(looks),
    }


def lines(report: dict[str, Any]) -> list[str]:
    """The report for a person, the last line last."""
    text = [f"  {count:>8}  {kind}" for kind, count in report["kinds"].items()]
    quiet = report["quiet_seconds"]
    text += [
        f"user edits: {report['share_of_edits']:.0%} of {report['events']} events",
        f"calls to Zoho: {sum(report['calls'].values())}, {report['calls_per_event']} for each event",
        f"quiet after the faults healed: median {quiet.get('median', 0):.0f} s, most {quiet.get('most', 0):.0f} s",
        f"edits in Books between our look and our write (no lock in Books): {report['lost_in_books_window']}",
        f"speed: {report['events_per_second']} events/s, {report['events_per_second_and_core']} for each core",
    ]
    for finding in report["findings"]:
        text.append(f"FAILED seed {finding['seed']}: {finding['counter']}: {finding['what']}")
    also = Counter(finding["counter"] for finding in report["findings"])
    text.append("also " + " ".join(f"{name} {also[name]}" for name in ALSO))
    return [*text, report["last_line"]]


def markdown(report: dict[str, Any]) -> str:
    """The report as a section of a page: seeds, events by kind, time to quiet, calls for each change, findings."""
    seeds, quiet = report["seeds"], report["quiet_seconds"]
    most = quiet.get("looks_most", 0)
    span = f"{seeds[0]} to {seeds[-1]}" if seeds else "none"
    text = [
        "## The long run",
        "",
        f"Seeds {span} ({len(seeds)}), {report['events']} events, {report['share_of_edits']:.0%} of them edits.",
        "",
        "| event | times |",
        "|---|---|",
        *(f"| {kind} | {count} |" for kind, count in report["kinds"].items()),
        "",
        f"- Calls to Zoho: {sum(report['calls'].values())}, {report['calls_per_change']} for each change by a person.",
        f"- Rounds to quiet: {quiet.get('looks_median', 0)} looks of {LOOK_SECONDS} s (median), {most} at most.",
        f"- Edits overwritten in the window that Books leaves: {report['lost_in_books_window']}.",
        f"- Findings: {len(report['findings'])}.",
        "",
        f"`{report['last_line']}`",
        "",
    ]
    return "\n".join(text)
