"""A CRM notification channel: what is sent to subscribe, what was granted; pure (dossier crm §5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tandem.adapters.zoho.models import CrmDetails
from tandem.adapters.zoho.parse import show_time
from tandem.core.errors import BadInputError

LONGEST = timedelta(days=7)
"""Beyond it Zoho silently grants one hour."""

_TOKEN_LENGTH = 50
_URL_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Channel:
    """One subscription: `events` as `Accounts.create`, `Accounts.edit`, `Accounts.delete`."""

    id: str
    events: tuple[str, ...]
    notify_url: str = field(repr=False)
    token: str = field(repr=False)
    expires: datetime

    def body(self, now: datetime) -> dict[str, Any]:
        """The request body; refuses what Zoho would quietly change or cut."""
        if self.expires > now + LONGEST:
            raise BadInputError("a CRM channel lives 7 days at most: a later end is silently made one hour")
        if not 0 < len(self.token) <= _TOKEN_LENGTH:
            raise BadInputError(f"a channel's token has 1 to {_TOKEN_LENGTH} characters")
        if len(self.notify_url) > _URL_LENGTH:
            raise BadInputError(f"a channel's address has at most {_URL_LENGTH} characters")
        return {
            "watch": [
                {
                    "channel_id": self.id,
                    "events": list(self.events),
                    "notify_url": self.notify_url,
                    "token": self.token,
                    "channel_expiry": show_time(self.expires),
                    "notify_on_related_action": False,
                    "return_affected_field_values": True,
                }
            ]
        }


def granted(details: Mapping[str, Any]) -> datetime | None:
    """The earliest end among the granted events: believe this, not what was asked for."""
    ends = [event.channel_expiry for event in CrmDetails.of(details).events]
    return min((end for end in ends if end), default=None)
