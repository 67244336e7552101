"""The budgets of every flow, as formulas of n, beside what a sync without batches and echoes would spend.

Each flow's row says in words what its functions compute; `python -m benchmarks --help` prints them.
Reads of CRM go 50 a call, its feed 2,000 rows a page, the list of Books 200 a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

Count = Callable[[int], int]

NAIVE: Final = (
    "naive: each record is read once and written once on each side, one by one: for the change a read here and "
    "a write there, for its unrecognised echo a read there and a write back; where nothing changes, the read alone"
)
LIMITED: Final = (
    "A round takes no more rows than calls can be reserved for within the minute, so n changes come in several rounds, "
    "and each reads its own batch and its own version page: some calls more are what waiting for the minute costs."
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a flow of n changes may cost, and what the naive way costs on each side."""

    crm: Count
    books: Count
    says: str
    naive_crm: Count
    naive_books: Count
    derived: bool = False
    """The design has no row for it: the formula follows from its rules."""
    excess: str = ""
    """Why it costs more nevertheless, where it does."""


def _reads(n: int) -> int:
    """CRM reads of n records, 50 a call."""
    return ceil(n / 50)


def _listing(n: int) -> int:
    """Of both CRM modules: the feed's pages and one look at what was deleted."""
    return 2 * ceil(n / 2000) + 2


def _pages(n: int) -> int:
    return ceil(n / 200)


def _bulk(n: int) -> int:
    """Writes of n records and their version pages: 1.15 each, a live edit alone 2."""
    return max(n + 1, ceil(1.15 * n))


def _naive(records: int = 1) -> Count:
    """A read and a write of each of n times `records`."""
    return lambda n: 2 * records * n


def _naive_reads(records: int, writes: int = 0) -> Count:
    return lambda n: (records + writes) * n


_ROUND_TRIP = "CRM 2 ceil(n/50): reads, and the same for the echo"

_ROUNDS: Final = "Above 50: a round has 50 rows, and each round looks once."
_CONTACTS: Final = (
    "Of a single create: the query for the Account's Contacts, whose e-mails may show that Books has the customer "
    "already, and which the commit makes wanted. No call of CRM v8 answers an Account and its Contacts together where "
    "it may have none (COQL joins from the child alone), and the key index knows a Contact only once it was read: one "
    "typed a moment ago is the one that matters, so leaving the query out could make a customer twice. "
    "One query serves 50 Accounts, so from two on the budget is kept. " + _ROUNDS
)

BUDGETS: Final[Mapping[str, Budget]] = {
    "crm edits, fields": Budget(
        lambda n: 2 * _reads(n),
        _bulk,
        f"{_ROUND_TRIP}; Books 1.15 n: version pages and n writes, one alone 2",
        _naive(),
        _naive(),
    ),
    "crm edits, address": Budget(
        lambda n: 2 * _reads(n),
        lambda n: 2 * n,
        f"{_ROUND_TRIP}; Books 2 n: n reads and n writes",
        _naive(),
        _naive(),
    ),
    "crm edits, persons": Budget(
        lambda n: 2 * _reads(n),
        lambda n: 2 * n,
        f"{_ROUND_TRIP}; Books 2 n: n reads and n writes",
        _naive(),
        _naive(),
    ),
    "crm edits, vendors": Budget(
        lambda n: 2 * _reads(n),
        _bulk,
        "as crm edits, fields: the version page shows vendors too",
        _naive(),
        _naive(),
    ),
    "crm edits, items": Budget(
        lambda n: 2 * _reads(n),
        lambda n: _reads(n) + n,
        f"{_ROUND_TRIP}; Books ceil(n/50) + n: items are read 50 a call, and written one by one",
        _naive(),
        _naive(),
        derived=True,
    ),
    "books edits, record told": Budget(
        lambda n: 2 * _reads(n) + n,
        lambda _n: 0,
        "CRM 2 ceil(n/50) + n: reads before and after, n guarded writes; Books 0",
        _naive(),
        _naive(),
    ),
    "books edits, ids only": Budget(
        lambda n: 2 * _reads(n) + n,
        lambda n: n,
        "CRM 2 ceil(n/50) + n: the same; Books n reads",
        _naive(),
        _naive(),
    ),
    "books edits, bulk writes": Budget(
        lambda n: 2 * _reads(n) + ceil(n / 100),
        lambda _n: 0,
        "CRM 2 ceil(n/50) + ceil(n/100): with `crm_bulk_guard: per_item` 100 records a write; Books 0",
        _naive(),
        _naive(),
        excess="CRM takes 100 records a call, but a round has 50 rows, so a call carries 50.",
    ),
    "books edits, vendors": Budget(
        lambda n: 2 * _reads(n) + n,
        lambda _n: 0,
        "as books edits, record told",
        _naive(),
        _naive(),
    ),
    "books edits, items": Budget(
        lambda n: 2 * _reads(n) + n,
        lambda _n: 0,
        "as books edits, record told",
        _naive(),
        _naive(),
    ),
    "create in books, k=0": Budget(
        lambda n: n,
        lambda n: 1 + n,
        "CRM n: 1 read each; Books 1 + n: a shared page, n inserts",
        _naive(),
        _naive(),
        excess=_CONTACTS,
    ),
    "create in books, k=3": Budget(
        lambda n: n,
        lambda n: 1 + 4 * n,
        "CRM n: 1 read each; Books 1 + 4 n: a shared page, n inserts, 3 n inserts of persons",
        _naive(4),
        _naive(4),
        excess=_CONTACTS,
    ),
    "create in books, vendors": Budget(
        lambda n: n,
        lambda n: 1 + n,
        "as create in books, k=0",
        _naive(),
        _naive(),
        excess=_ROUNDS,
    ),
    "create in books, items": Budget(
        lambda n: 2 * _reads(n),
        lambda n: 2 * _reads(n) + n,
        "CRM 2 ceil(n/50): reads before and after; Books 2 ceil(n/50) + n: a look at the list, n inserts, reads after",
        _naive(),
        _naive(),
        derived=True,
    ),
    "create in crm": Budget(
        lambda n: 2 + _reads(n) + n,
        lambda n: n,
        "CRM 2 + ceil(n/50) + n: a look at both modules, n inserts, reads after; Books n reads",
        _naive(),
        _naive(),
        derived=True,
        excess=_ROUNDS,
    ),
    "create in crm, vendors": Budget(
        lambda n: 2 * _reads(n) + n,
        lambda n: n,
        "CRM 2 ceil(n/50) + n: in each round a look at the module and a read after, n inserts; Books n reads",
        _naive(),
        _naive(),
        derived=True,
    ),
    "create in crm, items": Budget(
        lambda n: 2 * _reads(n) + n,
        lambda n: n,
        "as create in crm, vendors",
        _naive(),
        _naive(),
        derived=True,
    ),
    "first link": Budget(
        lambda n: 2 * _reads(n),
        lambda n: 2 * n,
        "CRM 2 ceil(n/50): customers and persons; Books 2 n: n reads, n writes of what was blank",
        _naive_reads(2),
        _naive_reads(2, 1),
    ),
    "quiet tick": Budget(
        _listing,
        lambda _n: 1,
        "CRM 4: a query and a look at deleted records for each of 2 modules; Books 1 page",
        _naive_reads(2),
        _naive_reads(2),
    ),
    "quiet tick, all entities": Budget(
        lambda n: 4 * ceil(n / 2000) + 4,
        lambda n: 1 + _pages(n),
        "CRM 8: the same of 4 modules; Books 1 page for customers and vendors together, ceil(n/200) of items",
        _naive_reads(4),
        _naive_reads(4),
    ),
    "full listing": Budget(
        _listing,
        _pages,
        "CRM 2 ceil(n/2000) + 2: pages of 2 modules, looks at deleted records; Books ceil(n/200)",
        _naive_reads(2),
        _naive_reads(2),
    ),
    "first sync, observe": Budget(
        lambda n: _listing(n) + 2 * _reads(n),
        lambda n: _pages(n) + n,
        "CRM the listing + 2 ceil(n/50): customers and persons; Books the listing + n reads",
        _naive_reads(2),
        _naive_reads(2),
        derived=True,
    ),
}
"""n counts edited, created or linked records: customers, each with one person where it is not created, where the
flow names nothing else."""
