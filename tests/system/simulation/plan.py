"""What a seed draws before anything runs: the answers to every open fact about Zoho, settings, and how bad it gets."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from sandbox.switches import Switches
from tests.system.sections import NEW_ITEMS, VENDORS, india, with_individuals

TIGHT: dict[str, tuple[Any, ...]] = {
    "search_lag_seconds": (0.0, 3.0, 20.0),
    "list_lag_seconds": (0.0, 3.0),
    "coql_in_limit": (50, 100),
    "permanent_delete_listed_days": (60, 30),
    "bulk_read_result_days": (1, 7),
    "delivery_attempts": (1, 3),
    "unique_field_code": (4, 120101),
    "delete_refused_code": (4, 1040),
    "upsert_not_found_code": (1002, 4),
    "block_seconds_after_44": (30, 60),
    # A question mark instead is not survived: it is read as an edit in CRM, and blots out the emoji in Books.
    "crm_emoji": ("kept", "refused"),
}
"""Switches of which some values are drawn: the numbers, and what has an answer too many."""

TRAITS = {
    "goods": 0.25,
    "individuals": 0.25,
    "leavers": 0.5,
    "operators": 0.5,
    "accountants": 0.5,
    "clerks": 0.5,
    "emoji": 0.5,
}
"""What only a part of the seeds has, each drawn by a chance of its own: one that is added moves no other draw.

`goods`: vendors and items are in the mapping, and people work on them; `individuals`: so are Contacts that are
customers of their own. `leavers`: persons are deleted, restored and
moved. `operators`: somebody answers what is held. `accountants`: tax numbers are typed. `clerks`: company types
change, and customers are merged in Books. `emoji`: they are typed, where CRM keeps them; what it refuses is held with
all else that was typed there (`tests/system/test_odd_characters.py`).
"""
SHARES = {
    "goods": 0.4,
    "individuals": 0.25,
    "leavers": 0.1,
    "accountants": 0.08,
    "clerks": 0.08,
    "operators": 0.1,
}
"""Acts of such a seed that are theirs, asked in this order; of the operators where anything is held."""

FIXED: dict[str, tuple[Any, str]] = {
    "null_clears": (
        True,
        "a clear is written as null to CRM; where that does nothing, `tandem probe` says so",
    ),
    "custom_fields_by_api_name": (
        True,
        "all custom fields are written so; where not, `tandem probe` says so",
    ),
    "address_put_moves_customer_time": (
        True,
        "the rolling deep read that would find such an edit is not built",
    ),
    "put_without_persons_keeps": (
        True,
        "no PUT of ours carries persons; where that deletes them, Tandem must not write",
    ),
    "person_edit_moves_customer_time": (
        True,
        "the rolling deep read that would find such an edit is not built",
    ),
}
"""Switches that are not drawn: the answer taken, and why the other one is not survived."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The draw of one seed."""

    seed: int
    switches: dict[str, Any]
    settings: dict[str, Any]
    one_group: bool
    workers: int
    lag: tuple[int, ...]
    skew: float
    zoho_skew: tuple[float, float]
    latency: tuple[float, float]
    deaths: float
    slows: float
    doubles: float
    day_ends: bool
    traits: frozenset[str]
    """Of `TRAITS`."""

    @property
    def mapping(self) -> str:
        """The text of the mapping of both connections."""
        text = india(VENDORS, NEW_ITEMS) if "goods" in self.traits else india()
        return with_individuals(text) if "individuals" in self.traits else text

    def described(self) -> dict[str, Any]:
        """For the log."""
        return {
            "switches": self.switches,
            "one_group": self.one_group,
            "traits": sorted(self.traits),
            "workers": self.workers,
            "lag": self.lag,
            "zoho_skew": self.zoho_skew,
        }


@cache
def choices(name: str) -> tuple[Any, ...]:
    """Every answer that a switch can take."""
    if name in FIXED:
        return (FIXED[name][0],)
    if name in TIGHT:
        return TIGHT[name]
    annotation = typing.get_type_hints(Switches)[name]
    return (True, False) if annotation is bool else typing.get_args(annotation)


def _switches(seed: int, rng: Random) -> dict[str, Any]:
    """A switch added after the first ones is drawn by a chance of its own: it moves no other draw of a seed."""
    names = list(Switches.model_fields)
    first = set(names[: names.index("api_edit_fires_webhook") + 1])
    drawn = {n: (rng if n in first else Random(f"{seed}:{n}")).choice(choices(n)) for n in names}
    if "allow" in (drawn["books_duplicate_names"], drawn["books_duplicate_item_names"]):
        drawn["list_lag_seconds"] = (
            0.0  # made on both sides at once: neither a lagging list nor the name tells
        )
    return drawn


def _traits(seed: int, switches: dict[str, Any]) -> frozenset[str]:
    drawn = {name for name, share in TRAITS.items() if Random(f"{seed}:{name}").random() < share}
    return frozenset(drawn if switches["crm_emoji"] == "kept" else drawn - {"emoji"})


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    rng = Random(f"{seed}:plan")
    switches = _switches(seed, rng)
    return Plan(
        seed=seed,
        switches=switches,
        settings={
            "delete_delay_seconds": rng.choice((60, 120)),
            "poll_seconds": 60,
            "tombstone_seconds": rng.choice((60, 300)),
            "retry_seconds": (5, 30, 60),
            "redrive_seconds": (60, 120, 240, 480, 600),
            "stopped_seconds": 120,
            "books_per_day": 200_000,
            "crm_per_day": 2_000_000,
            "books_per_minute": Random(f"{seed}:minute").choice((80, 80, 30)),
            "in_flight": rng.choice((1, 3, 5)),
            "books_items_whole": not switches["item_put_partial"],
            "crm_bulk_guard": Random(f"{seed}:bulk").choice(("none", "per_item")),
        },
        one_group=rng.random() < 0.4,
        workers=rng.choice((2, 3)),
        lag=rng.choice(((0,), (0, 0, 5), (0, 10, 60))),
        skew=rng.choice((0.0, 0.5, 2.0)),
        zoho_skew=(rng.choice((0.0, 0.0, 0.9, -1.7)), rng.choice((0.0, 0.0, -0.9, 1.7))),
        latency=rng.choice(((0.02, 0.1), (0.05, 0.4), (0.1, 1.5))),
        deaths=rng.choice((0.0, 0.03, 0.1)),
        slows=rng.choice((0.0, 0.02, 0.05)),
        doubles=rng.choice((0.0, 0.05, 0.2)),
        day_ends=rng.random() < 0.05,
        traits=_traits(seed, switches),
    )
