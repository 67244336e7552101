"""The judge of the whole system: a black box. It knows nothing of Tandem but its mapping file and its promises.

Each finding names a counter of the last line, or one of the `also` counters, and the property that it breaks.
"""

from __future__ import annotations

from tests.system.simulation.calls import calls_made, credentials, pace, writes
from tests.system.simulation.case import Case
from tests.system.simulation.evidence import Evidence
from tests.system.simulation.goods import goods
from tests.system.simulation.records import records
from tests.system.simulation.taxes import taxes
from tests.system.simulation.values import promptness, values
from tests.system.simulation.verdict import Verdict

RULES = (records, goods, taxes, values, promptness, calls_made, pace, credentials, writes)


def judge(evidence: Evidence) -> Verdict:
    """Judge everything that happened so far; the system must be quiet."""
    verdict = Verdict()
    for org, sides in evidence.sides.items():
        acts = [act for act in evidence.acts if act.org == org]
        history = [entry for entry in evidence.history if entry.get("connection") == org]
        case = Case(evidence, org, sides, acts, evidence.calls[org], history, verdict)
        for rule in RULES:
            rule(case)
    return verdict
