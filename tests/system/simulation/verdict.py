"""What the judge found: each breach by the counter that it raises."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

COUNTERS = ("lost", "duplicates", "unequal", "echoes", "resurrected", "stuck", "overruns")
ALSO = ("unrecorded", "crossed", "refused", "crashed")


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: its counter and what was seen."""

    counter: str
    sentence: str


@dataclass(slots=True)
class Verdict:
    """Every finding of one seed, and losses within the window that Books leaves."""

    findings: list[Finding] = field(default_factory=list)
    in_window: int = 0

    def add(self, counter: str, sentence: str) -> None:
        """Note a breach."""
        self.findings.append(Finding(counter, sentence))

    def counts(self) -> Counter[str]:
        """How many of each counter."""
        return Counter(finding.counter for finding in self.findings)
