"""What a table operation is to a function: time that others use, a chance to be refused, and a moment to type at."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import StoreError
from tandem.engine.ports import Update
from tandem.engine.rows import ROW
from tests.system.simulation.loop import CURRENT, Invocation, VirtualLoop

SECONDS, SLOW_SHARE = (0.002, 0.06), 0.15
"""How long so many of the operations take; the others take no time."""
HEARD_SECONDS = 0.8
"""So long an operation takes at which somebody types: webhook and bell arrive meanwhile."""

Kind = tuple[str, str]
"""A verb of `Table`, and the first part of the partition key that it is about."""


class Tables:
    """Stands before and after every operation of both tables."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        """All is well until something is said."""
        self.loop = loop
        self.rng = Random(f"{seed}:table")
        self.throttled_until = 0.0
        self.kinds: set[Kind] = set()
        """The kinds of operations that a writer has made."""
        self.meanwhile: tuple[Kind, int, Callable[[], object]] | None = None
        """What somebody does at a writer's operation of a kind, after so many of them."""
        self.stall: tuple[Kind, float] | None = None
        """How long the next writer's operation of a kind takes."""
        self.forgotten: set[str] = set()
        """Rows that were once pending without a time at which they are due, whatever healed them later."""

    def before(self, verb: str, operand: Any) -> None:
        """An operation begins: its function waits, and all others do not."""
        run = CURRENT.get()
        if run is None:
            return
        is_slow = self.rng.random() < SLOW_SHARE
        self.loop.go_on(run, run.step() + (self.rng.uniform(*SECONDS) if is_slow else 0.0))
        self._interrupt(run, (verb, _place(operand)))
        if self.loop.time() < self.throttled_until and self.rng.random() < 0.5:
            raise StoreError(f"{verb} was throttled")

    def after(self, _verb: str, _operand: Any) -> None:
        """An operation is done: its function may die before it knows."""
        run = CURRENT.get()
        if run is not None:
            run.step()

    def watch(self, state: MemoryTable) -> None:
        """Stand before and after this table's operations, and look at each row of the to-do list that they change."""

        def after(verb: str, operand: Any) -> None:
            if isinstance(operand, Update) and operand.sk == ROW:
                state.before = state.after = None
                self._look_at_row(state.get(operand.pk, ROW) or {})
                state.before, state.after = self.before, after
            self.after(verb, operand)

        state.before, state.after = self.before, after

    def _look_at_row(self, item: dict[str, Any]) -> None:
        """A pending row always has a due (design, section 2): else nothing would ever take it."""
        if int(item.get("wanted", 0)) > int(item.get("done", 0)) and "due" not in item:
            self.forgotten.add(str(item["key"]))

    def _interrupt(self, run: Invocation, kind: Kind) -> None:
        """Somebody types at the very moment of a certain operation of a writer, and is heard at once."""
        if run.name != "sync_changes":
            return
        self.kinds.add(kind)
        if self.stall is not None and self.stall[0] == kind:
            (_, seconds), self.stall = self.stall, None
            self.loop.go_on(run, seconds)
        if self.meanwhile is None or self.meanwhile[0] != kind:
            return
        _, skip, act = self.meanwhile
        self.meanwhile = (kind, skip - 1, act) if skip else None
        if not skip:
            act()
            self.loop.go_on(run, HEARD_SECONDS)


def _place(operand: Any) -> str:
    """The kind of row that a table operation is about: the first part of its partition key."""
    if isinstance(operand, list | tuple):
        operand = operand[0] if operand else ""
    if isinstance(operand, list | tuple):
        operand = operand[0]
    pk = operand.get("pk", "") if isinstance(operand, dict) else getattr(operand, "pk", operand)
    if hasattr(operand, "item"):
        pk = operand.item["pk"]
    return str(pk).split("#", 1)[0]
