"""What a fault that happens at once strikes, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.crm.metadata import CrmModule
from sandbox.replies import ControlError, Json
from sandbox.world import World

Undo = Callable[[], None] | None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a mishap strikes: the org, what was told, and the chance for what was not."""

    world: World
    values: Json
    rng: Random

    @property
    def product(self) -> str:
        """Return the product, CRM unless told."""
        return str(self.values.get("product") or "crm")

    @property
    def kind(self) -> str:
        """Return the CRM module, or contacts or items of Books."""
        return str(self.values.get("module") or ("Accounts" if self.product == "crm" else "contacts"))

    def drawn(self, name: str, among: list[Any]) -> Any:
        """Return what was told under a name, else one of a list; raises ControlError when it is empty."""
        if self.values.get(name) is not None:
            return self.values[name]
        if not among:
            raise ControlError(f"nothing to strike: tell {name}, or make a record of {self.kind} first")
        return self.rng.choice(among)

    def module(self) -> CrmModule:
        """Return the CRM module."""
        return self.world.crm.store.module(self.kind)


def set_back(what: Any, **values: Any) -> Callable[[], None]:
    """Set attributes; return what sets them back."""
    before = {name: getattr(what, name) for name in values}
    _set(what, values)
    return lambda: _set(what, before)


def _set(what: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(what, name, value)
