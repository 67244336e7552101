"""How fast `decide` and the merge are: pairs of 30 fields, beside a plain comparison of the same dictionaries.

Run as a program it measures one share of changed pairs in a process of its own, so that the peak of memory is its
own: `python -m benchmarks.core --pairs 20000 --changed 10` prints one JSON object.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final, TypeVar

from sandbox.data import valid_gstin
from tandem.core.actions import Sync
from tandem.core.decide import Situation, decide
from tandem.core.mapping import EntityMapping, FieldMapping, preset
from tandem.core.records import Base, Link, Record, Side, Value

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[1]
NOW: Final = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
DELAY: Final = timedelta(minutes=10)
SHARES: Final = (0, 10, 100)
"""Percent of the pairs in which two fields changed in CRM and one in Books."""
FIELDS: Final = 30
CHUNK: Final = 500
"""Pairs that are in memory at a time; making them is not timed."""
PASSES: Final = 5
"""Each chunk is decided, and compared, so often; the best pass counts, for other work on the machine only slows."""

_MORE: Final = (
    *(("text", {"crm_max": 255, "books_max": 255}) for _ in range(15)),
    *(("email", {}) for _ in range(2)),
    ("phone", {}),
    ("checkbox", {}),
    *(("picklist", {"values": ["gold", "silver", "bronze"]}) for _ in range(2)),
)
"""Custom fields beside those of the Indian preset, as many as make 30: mostly texts, as in a grown organisation."""


def entity() -> EntityMapping:
    """The customer of the Indian preset with custom fields, 30 in all."""
    customer = preset("india").entities["customer"]
    more = [
        FieldMapping.model_validate(
            {"name": f"more{i}", "crm": f"More_{i}", "books": f"cf_more{i}", "converter": kind, "args": args}
        )
        for i, (kind, args) in enumerate(_MORE[: FIELDS - len(customer.fields)])
    ]
    return customer.model_copy(update={"fields": (*customer.fields, *more)})


def situations(mapping: EntityMapping, count: int, changed: int, seed: int = 1) -> Iterator[Situation]:
    """Linked pairs in step; in `changed` percent of them three fields were edited. Nothing is shared between them."""
    rng = random.Random(seed)  # noqa: S311 - seeded, not secret
    for number in range(count):
        crm = {mapped.name: _value(mapped, rng, number) for mapped in mapping.fields}
        books = {
            mapped.name: mapped.convert.translate(Side.CRM, crm[mapped.name]) for mapped in mapping.fields
        }
        shown = copy.deepcopy((crm, books))
        base = {name: Base(_afresh(shown[0][name]), _afresh(shown[1][name])) for name in crm}
        if number % 100 < changed:
            crm |= {"website": f"https://new{number}.example", "more3": f"edited {number}"}
            books |= {"notes": f"an accountant wrote {number}"}
        link = Link("main", str(number), "customer", str(number), str(number), base=base)
        mine = Record(Side.CRM, "customer", str(number), crm)
        yield Situation(
            Side.CRM, link, crm=mine, books=replace(mine, side=Side.BOOKS, values=books), index_complete=True
        )


@dataclass(frozen=True, slots=True)
class Timed:
    """One chunk: processor seconds of the best pass for deciding and for plain comparison, pairs written, differing."""

    pairs: int
    decided: float
    plain: float
    written: int
    differ: int


def measure(pairs: int, changed: int) -> dict[str, Any]:
    """Decide every pair: medians over chunks of pairs a second, peak and growth of memory of this process in MB."""
    mapping = entity()
    if len(mapping.fields) != FIELDS:
        raise ValueError(f"{len(mapping.fields)} fields, not {FIELDS}")
    source, timed, early = situations(mapping, pairs, changed), list[Timed](), 0
    while sum(one.pairs for one in timed) < pairs:
        timed.append(_time(mapping, list(islice(source, CHUNK))))
        early = early or _peak()
    written, differ = sum(one.written for one in timed), sum(one.differ for one in timed)
    if not written == differ == sum(number % 100 < changed for number in range(pairs)):
        raise ValueError(f"{written} pairs are written and {differ} differ of {pairs}, {changed} % changed")
    speed = median(one.pairs / one.decided for one in timed)
    plain = median(one.pairs / one.plain for one in timed)
    return {
        "changed_percent": changed,
        "pairs": pairs,
        "fields": FIELDS,
        "pairs_per_second": round(speed),
        "plain_pairs_per_second": round(plain),
        "times_plain": round(plain / speed, 1),
        "peak_mb": round(_peak() / 1e6, 1),
        "growth_mb": round((_peak() - early) / 1e6, 1),
    }


def _time(mapping: EntityMapping, chunk: list[Situation]) -> Timed:
    dicts = [_dicts(one) for one in chunk]
    decided, actions = _best(lambda: [decide(one, mapping, DELAY, NOW) for one in chunk])
    plain, edits = _best(
        lambda: [
            _differing(crm, was_crm) + _differing(books, was_books)
            for crm, books, was_crm, was_books in dicts
        ]
    )
    written = sum(isinstance(action, Sync) and not action.is_quiet for action in actions)
    return Timed(len(chunk), decided, plain, written, sum(map(bool, edits)))


def _best(work: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds of the best pass, and what came of the last."""
    seconds = []
    for _ in range(PASSES):
        start = process_time()
        done = work()
        seconds.append(process_time() - start)
    return min(seconds), done


def _differing(new: Mapping[str, Value], old: Mapping[str, Value]) -> list[str]:
    """The plain comparison: names of the fields that differ on one side."""
    return [name for name, value in new.items() if value != old[name]]


def run(pairs: int, changed: int) -> dict[str, Any]:
    """`measure` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.core", "--pairs", str(pairs), "--changed", str(changed)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _value(mapped: FieldMapping, rng: random.Random, number: int) -> Value:
    match mapped.converter:
        case "address":
            street = f"{rng.randrange(400)} MG Road"
            place = ("Mumbai", "Maharashtra", f"4000{rng.randrange(10, 99)}", "India")
            return dict(zip(("street", "city", "state", "zip", "country"), (street, *place), strict=True))
        case "tax_identity":
            treatment = "Registered Business - Regular"
            return {"number": valid_gstin("27", number), "treatment": treatment, "place": "MH"}
        case "tax_number":
            return valid_gstin("27", number)[2:12]  # its PAN
        case "picklist":
            return rng.choice(["Customer"] if mapped.name == "company_type" else ["gold", "silver", "bronze"])
        case "phone":
            return f"+91 {rng.randrange(7_000_000_000, 9_999_999_999)}"
        case "email":
            return f"p{rng.randrange(10**9)}@company{number}.example"
        case "checkbox":
            return rng.random() < 0.5  # noqa: PLR2004 - a coin
        case _:
            return f"{mapped.name} {rng.randrange(10**9)} of number {number}"


def _afresh(value: Value) -> Value:
    """An equal value that is another object, as read from a table: no comparison may end at identity."""
    return json.loads(json.dumps(value))


Values = Mapping[str, Value]


def _dicts(at: Situation) -> tuple[Values, Values, Values, Values]:
    base = at.link.base if at.link else {}
    crm, books = ({name: one.shown(side) for name, one in base.items()} for side in Side)
    return getattr(at.crm, "values", {}), getattr(at.books, "values", {}), crm, books


def _peak() -> int:
    """The most memory that this process has had, in bytes (Linux counts in kB, macOS in bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main() -> None:
    """One share, printed as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.core", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--changed", type=int, default=0, help="percent of the pairs")
    asked = parser.parse_args()
    print(json.dumps(measure(asked.pairs, asked.changed)))


if __name__ == "__main__":
    main()
