"""Which kinds of field a converter can carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TEXTS: Final = frozenset({"text", "long_text", "email", "url", "phone", "picklist"})
_LINES: Final = _TEXTS - {"long_text"}
_CARRIED: Final[Mapping[str, frozenset[str]]] = {
    "text": _TEXTS,
    "long_text": frozenset({"text", "long_text"}),
    "email": frozenset({"email", "text"}),
    "phone": frozenset({"phone", "text"}),
    "url": frozenset({"url", "text"}),
    "picklist": frozenset({"picklist", "text"}),
    "multi_select": frozenset({"multi_select", "picklist"}),
    "lookup": frozenset({"lookup", "text"}),
    "checkbox": frozenset({"checkbox"}),
    "active_state": frozenset({"checkbox"}),
    "decimal": frozenset({"decimal", "money", "percent", "integer"}),
    "integer": frozenset({"integer", "decimal"}),
    "money": frozenset({"money", "decimal"}),
    "percent": frozenset({"percent", "decimal"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"datetime"}),
    "person_name": _LINES,
    "full_name": _LINES,
    "address": _TEXTS,
    "country": _LINES,
    "state": _LINES,
    "tax_identity": _LINES,
    "tax_number": _LINES,
}


def carries(converter: str, kind: str, *, writes: bool) -> bool:
    """Whether a converter can carry a field of that kind; what a side fills itself (`auto`) can be read as text."""
    if kind == "auto":
        return not writes and converter in ("text", "decimal", "integer")
    return kind in _CARRIED[converter]
