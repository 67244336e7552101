"""Words of a caller of the control API that nobody knows: told with the nearest that is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from sandbox.replies import ControlError


def known_only(what: str, given: Iterable[object], known: Collection[str]) -> None:
    """Raise ControlError for the first word that is not known, since what is ignored in silence misleads."""
    for word in map(str, given):
        if word not in known:
            near = get_close_matches(word, known, 1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(set(known))) or 'none'}"
            )
            raise ControlError(f"unknown {what} {word!r}; {hint}")
