"""Whether a call is sent again, and after how long: one frozen value; pure.

Quota is never waited for here (design, section 5), and a write that may have left us is never repeated: there
is no idempotency key (dossier crm §2, books §11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tandem.adapters.zoho.endpoints import Endpoint

Fault = Literal["", "unsent", "timeout", "cut off", "server", "garbled", "refused"]
"""How one try ended: well; before it left us; without an answer in time; within the connection; with 5xx; with
an answer that cannot be read; with any other answer that says no, quota among them."""

PASSING: frozenset[Fault] = frozenset({"unsent", "cut off", "server", "garbled"})
"""What may be gone a moment later. Not a time-out: its time is used up."""


@dataclass(frozen=True, slots=True)
class Retries:
    """`tries`: sendings in all. Pauses in seconds: `pause` before the second, doubling, at most `most`."""

    tries: int = 2
    pause: float = 0.3
    most: float = 1.0

    def after(
        self, endpoint: Endpoint, fault: Fault, *, tried: int, drawn: float, hint: float | None = None
    ) -> float | None:
        """Seconds until the next try; None: there is none.

        `hint`, what the server asked for (`Retry-After`), comes first: longer than `most` means no try at all,
        the engine comes back later. Else a random half to the whole and a half of the pause; `drawn` is 0 to 1.
        """
        repeatable = fault == "unsent" or endpoint.reads
        if fault not in PASSING or not repeatable or tried >= self.tries:
            return None
        if hint is not None:
            return hint if hint <= self.most else None
        return min(self.most, self.pause * 2.0 ** (tried - 1) * (0.5 + drawn))
