"""The tax identity in the ledger: nothing that contradicts itself is written there, nor CRM's over what stands."""

from __future__ import annotations

from tests.system.simulation.case import Case
from tests.system.simulation.evidence import STATES, plain, took_effect


def taxes(case: Case) -> None:
    """What Tandem wrote of it to Books, by the calls and by the history."""
    for call in case.calls:
        body = call.get("request_body")
        if call["product"] != "books" or not took_effect(call) or not isinstance(body, dict):
            continue
        number, place = plain(body.get("gst_no")), plain(body.get("place_of_contact"))
        if number and (number[:2] != STATES.get(place) or not body.get("gst_treatment")):
            case.verdict.add("unequal", f"{case.org}: {number} written to Books beside {place or 'no place'}")
    for entry in case.history:
        if (entry["kind"], entry.get("side"), entry.get("verb")) != ("write", "books", "update"):
            continue
        before, after = (entry[name].get("tax_identity") or {} for name in ("before", "after"))
        if after and plain(before.get("number")) and "a person took" not in entry["rules"]["tax_identity"]:
            case.verdict.add("lost", f"{case.org}: {before['number']} of Books written over by CRM's")
