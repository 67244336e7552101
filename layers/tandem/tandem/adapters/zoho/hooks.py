"""What the intake needs to know of Zoho's two kinds of webhook: is it genuine, and whom does it name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tandem.adapters.zoho.parse import dumps
from tandem.adapters.zoho.webhooks import crm_payload, parse_books, parse_crm, verify_books, verify_crm
from tandem.core.connection import Connection
from tandem.core.entities import KINDS

_HEARD = [kind for kind in KINDS.values() if not kind.arrives_as]
CRM_ENTITIES = {kind.crm_module: kind.name for kind in _HEARD}
CONTACT_KINDS = tuple(kind.name for kind in _HEARD if kind.books_module == "contacts")
SIGNATURE_HEADER = "x-zoho-webhook-signature"


class Hook(Protocol):
    """The part of a request that is looked at here."""

    @property
    def body(self) -> bytes:
        """The raw body."""
        ...

    @property
    def query(self) -> Sequence[tuple[str, str]]:
        """The raw query's pairs."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, names in lower case."""
        ...


Named = tuple[str, str, str]
"""(entity, id, the whole record as JSON where it was told)"""


def is_genuine_crm(secrets: Mapping[str, str], hook: Hook) -> bool:
    """CRM signs nothing: the token that we chose must come back (dossier crm §5)."""
    payload: Mapping[str, Any] = crm_payload(hook.body)
    return verify_crm(
        secrets.get("crm_token", ""), str(payload.get("channel_id") or "-"), {"channel_id": "-", **payload}
    )


def is_genuine_books(secrets: Mapping[str, str], hook: Hook) -> bool:
    """Books signs query, form and raw body (dossier books §7)."""
    signature = hook.headers.get(SIGNATURE_HEADER, "")
    kind = hook.headers.get("content-type", "")
    return verify_books(secrets.get("books_secret", ""), list(hook.query), hook.body, kind, signature)


def named_by_crm(connection: Connection, hook: Hook) -> list[Named]:
    """Records named by a CRM notification; none for an unknown module or a channel that is not ours."""
    hints = parse_crm(hook.body)
    return [
        (CRM_ENTITIES[hint.module], hint.id, "")
        for hint in hints
        if hint.module in CRM_ENTITIES and hint.channel_id in connection.crm_channels
    ]


def named_by_books(connection: Connection, hook: Hook) -> list[Named]:  # noqa: ARG001 - one shape for both sides
    """The customer, vendor or item named by a Books webhook (its persons come with it); none for anything else."""
    hint = parse_books(hook.body, hook.headers.get("content-type", ""), list(hook.query))
    if hint.module == "items" and hint.id:
        return [("item", hint.id, dumps(hint.record) if hint.record else "")]
    contact = hint.parent if hint.module == "contactpersons" else hint.id
    if not hint.known or not contact or hint.module not in ("contacts", "contactpersons"):
        return []
    kind = hint.contact_type or "customer"
    if kind not in CONTACT_KINDS:
        return []
    told = dumps(hint.record) if hint.record and hint.module == "contacts" else ""
    return [(kind, contact, told)]
