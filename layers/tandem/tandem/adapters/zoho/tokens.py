"""The shared access token as a row of the State table (design, section 6: TOKEN#dc#product#org)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tandem.adapters.zoho.auth import Token
from tandem.core.errors import ConditionFailedError
from tandem.engine.ports import Clock, Table, Update, When


@dataclass(frozen=True, slots=True)
class TableTokenStore:
    """One token row and its lock; see `TokenStore` for what each call promises."""

    table: Table
    dc: str
    product: str
    org: str
    clock: Clock

    @property
    def _pk(self) -> str:
        return f"TOKEN#{self.dc}#{self.product}#{self.org}"

    def load(self) -> Token | None:
        """The row as it stands, consistently read."""
        item = self.table.get(self._pk, "TOKEN")
        if item is None or not (item.get("value") or item.get("blocked_until")):
            return None
        minted, expires, blocked = (
            _moment(item.get(n)) for n in ("minted_at", "expires_at", "blocked_until")
        )
        return Token(str(item.get("value", "")), minted, expires, blocked, int(item.get("refusals", 0)))

    def try_lock(self, holder: str, until: datetime) -> bool:
        """Take the right to refresh: free, past its end, or ours already."""
        now = self.clock.now().isoformat()
        for when in (When("lock_until", "lt", now, or_absent=True), When("holder", "eq", holder)):
            try:
                values = {"holder": holder, "lock_until": until.astimezone(UTC).isoformat()}
                self.table.update(Update(self._pk, "TOKEN", set=values, when=(when,)))
                return True
            except ConditionFailedError:
                continue
        return False

    def save(self, token: Token, holder: str) -> None:
        """Store a new token and free the lock, if `holder` still has it."""
        values = {
            "value": token.value,
            "minted_at": token.minted_at.isoformat() if token.minted_at else None,
            "expires_at": token.expires_at.isoformat() if token.expires_at else None,
            "refusals": token.refusals,
            "lock_until": "",
        }
        try:
            self.table.update(
                Update(
                    self._pk,
                    "TOKEN",
                    set=values,
                    remove=("blocked_until",),
                    when=(When("holder", "eq", holder),),
                )
            )
        except ConditionFailedError:
            return

    def block(self, until: datetime) -> None:
        """Let nobody mint before `until`; the token itself stays."""
        self.table.update(Update(self._pk, "TOKEN", set={"blocked_until": until.astimezone(UTC).isoformat()}))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
