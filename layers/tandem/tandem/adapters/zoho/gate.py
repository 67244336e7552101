"""A gate for tools and tests. The governor itself belongs to the engine (design, section 5)."""

from __future__ import annotations


class OpenGate:
    """Admits every call at once and forgets what it is told."""

    async def admit(self, product: str, cost: int = 1) -> None:
        """Return at once."""

    def observe(
        self, product: str, *, status: int, code: str, remaining: int | None, reset: float | None
    ) -> None:
        """Do nothing."""
