"""Workflow rules of an org that rewrite a value after each write, as another automation would (fights with us)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.replies import ControlError, Json

WORKFLOW_USER = "Workflow Rule"
_CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "set": lambda value, operand: operand,
    "upper": lambda value, operand: str(value).upper() if value else value,
    "prefix": lambda value, operand: (
        value if not value or str(value).startswith(operand) else f"{operand}{value}"
    ),
}


@dataclass(frozen=True, slots=True)
class Automation:
    """One rule: after a write of the module, the field becomes what the change makes of it."""

    product: str
    module: str
    field: str
    change: str
    operand: Any = None

    def described(self) -> Json:
        """Return the rule as JSON."""
        return {
            "product": self.product,
            "module": self.module,
            "field": self.field,
            "change": self.change,
            "operand": self.operand,
        }

    def rewritten(self, value: Any) -> Any:
        """Return what the rule makes of a value."""
        return _CHANGES[self.change](value, self.operand)


def rule(spec: Json) -> Automation:
    """Read a rule: {product, module, field, change: set | upper | prefix, operand}."""
    if spec.get("change") not in _CHANGES or not spec.get("field"):
        raise ControlError(f"a rule wants a field and a change out of {sorted(_CHANGES)}")
    product = str(spec.get("product", "crm"))
    module = str(spec.get("module") or ("Accounts" if product == "crm" else "contacts"))
    return Automation(product, module, str(spec["field"]), str(spec["change"]), spec.get("operand"))
