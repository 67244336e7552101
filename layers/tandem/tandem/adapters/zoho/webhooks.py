"""What Zoho sends to us: who sent it, and which records it hints at; pure (dossier crm §5, books §7).

Payloads are hints: partial, doubled, reordered, stale. They name records to read, they settle nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from typing import Any, Literal
from urllib.parse import parse_qsl

from tandem.adapters.zoho.endpoints import CRM_WRITABLE, check_id
from tandem.adapters.zoho.models import BooksTold, CrmNotification
from tandem.adapters.zoho.parse import as_id, as_object, loads
from tandem.core.errors import BadInputError

MAX_BODY = 256 * 1024
"""Bytes; the receiver turns larger bodies away before it parses anything."""

Operation = Literal["create", "update", "delete"]
Pairs = Sequence[tuple[str, str]]

_OPERATIONS: dict[str, Operation] = {
    "insert": "create",
    "create": "create",
    "update": "update",
    "edit": "update",
    "delete": "delete",
}
_BOOKS_ENVELOPES = {
    "contact": "contacts",
    "customer": "contacts",
    "vendor": "contacts",
    "contact_person": "contactpersons",
    "contactperson": "contactpersons",
    "item": "items",
}
_CONTACT_IDS = ("contact_id", "customer_id", "vendor_id")
_OTHER_IDS = {"contactpersons": ("contact_person_id", "contactperson_id"), "items": ("item_id",)}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class CrmHint:
    """One record that a CRM notification names; `values` are the affected ones as told, perhaps none."""

    module: str
    id: str
    operation: Operation
    at: datetime | None
    channel_id: str | None
    values: Mapping[str, Any]

    @property
    def known(self) -> bool:
        """Whether Tandem syncs this module at all."""
        return self.module in CRM_WRITABLE


@dataclass(frozen=True, slots=True)
class BooksHint:
    """The record that a Books webhook names. `module` is `contacts`, `contactpersons`, `items`, or what it was.

    `record` is the whole record where the payload holds it with its `last_modified_time`; `parent` is the
    customer of a person.
    """

    module: str
    id: str | None
    record: Mapping[str, Any] | None = None
    contact_type: str | None = None
    person_ids: tuple[str, ...] = ()
    parent: str | None = None

    @property
    def known(self) -> bool:
        """Whether Tandem syncs this kind of record at all."""
        return self.id is not None and self.module in _BOOKS_ENVELOPES.values()


def verify_books(secret: str, query: Pairs, body: bytes, content_type: str, signature: str) -> bool:
    """HMAC-SHA256 over query and form pairs sorted by key, then the raw JSON body; hex or base64.

    Whether Zoho encodes it in hex or base64 is UNCONFIRMED. An empty secret or signature verifies nothing.
    """
    if not secret or not signature:
        return False
    form = _form_pairs(body, content_type)
    pairs = sorted([*query, *(form or [])], key=lambda pair: pair[0])
    text = _bytes("".join(key + value for key, value in pairs))
    digest = hmac.new(secret.encode(), text if form is not None else text + body, hashlib.sha256).digest()
    given = _bytes(signature.strip())
    as_hex = hmac.compare_digest(digest.hex().encode(), given.lower())
    as_base64 = hmac.compare_digest(base64.b64encode(digest), given)
    return as_hex or as_base64


def verify_crm(expected_token: str, channel_id: str, payload: Mapping[str, Any]) -> bool:
    """Token and channel as we chose them, in constant time: CRM signs nothing (dossier crm §5)."""
    if not expected_token or not channel_id:
        return False
    token, channel = payload.get("token"), payload.get("channel_id")
    same_token = hmac.compare_digest(expected_token.encode(), _bytes(str(token or "")))
    same_channel = hmac.compare_digest(channel_id.encode(), _bytes(str(channel or "")))
    return same_token and same_channel


def crm_payload(body: bytes) -> Mapping[str, Any]:
    """The notification as an object; BadInputError when it is none."""
    payload = loads(body)
    if not isinstance(payload, Mapping) or not payload:
        raise BadInputError("a CRM notification is a JSON object; this is not")
    return payload


def parse_crm(body: bytes) -> list[CrmHint]:
    """One hint for each record named; an operation that we do not know counts as an update."""
    notice = CrmNotification.of(crm_payload(body))
    if not notice.module or notice.ids is None:
        raise BadInputError("a CRM notification names a module and ids; this does not")
    operation = _OPERATIONS.get(notice.operation.lower(), "update")
    told = {as_id(row.get("record_id")): as_object(row.get("values")) for row in notice.affected_values}
    return [
        CrmHint(
            notice.module,
            record,
            operation,
            notice.server_time,
            notice.channel_id,
            told.get(record, {}),
        )
        for record in dict.fromkeys(_id(value) for value in notice.ids)
    ]


def parse_books(body: bytes, content_type: str, query: Pairs) -> BooksHint:
    """The hint in any body that Books may send: an envelope, a bare record, `JSONString`, pairs, ids only."""
    payload = _books_payload(body, content_type, query)
    for key, module in _BOOKS_ENVELOPES.items():
        inner = _as_mapping(payload.get(key))
        if inner:
            return _books_hint(module, inner)
    for module, names in _OTHER_IDS.items():
        if any(payload.get(name) for name in names):
            return _books_hint(module, payload)
    foreign = next((key for key, value in payload.items() if isinstance(value, Mapping)), "")
    if any(payload.get(name) for name in _CONTACT_IDS) and not _is_transaction(payload):
        return _books_hint("contacts", payload)
    return BooksHint(foreign or "unknown", None)


def _books_payload(body: bytes, content_type: str, query: Pairs) -> Mapping[str, Any]:
    form = _form_pairs(body, content_type)
    payload = loads(body) if form is None and body.strip() else dict(form or [])
    wrapped = _as_mapping(payload.get("JSONString")) if isinstance(payload, Mapping) else {}
    payload = wrapped or payload
    if not isinstance(payload, Mapping):
        raise BadInputError("a Books webhook is a JSON object or a form; this is neither")
    payload = _as_mapping(payload.get("data")) or payload or dict(query)
    if not payload:
        raise BadInputError("a Books webhook names a record; this is empty")
    return payload


def _books_hint(module: str, record: Mapping[str, Any]) -> BooksHint:
    told = BooksTold.of(record)
    own = {"contactpersons": told.person, "items": told.item_id}.get(module, told.contact)
    if own is None:
        raise BadInputError(f"a Books webhook of {module} without an id")
    if module == "contactpersons":
        return BooksHint(module, check_id(own), parent=told.contact and check_id(told.contact))
    return BooksHint(
        module,
        check_id(own),
        record if told.version else None,
        told.contact_type or None,
        tuple(one.contact_person_id for one in told.contact_persons if one.contact_person_id),
    )


def _is_transaction(payload: Mapping[str, Any]) -> bool:
    """A bare invoice, estimate or payment names its customer, but speaks of itself."""
    others = [key for key in payload if key.endswith("_id") and key not in _CONTACT_IDS]
    return not payload.get("contact_id") and any(
        key.removesuffix("_id") in ("invoice", "estimate", "salesorder", "payment", "creditnote", "bill")
        for key in others
    )


def _form_pairs(body: bytes, content_type: str) -> list[tuple[str, str]] | None:
    """The pairs of a form; None when the body is to be taken as it is."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _FORMS or body.lstrip()[:1] == b"{":
        return None
    if kind == _FORMS[0]:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = message.get_payload() if message.is_multipart() else []
    return [pair for part in parts if (pair := _part(part))]


def _part(part: Any) -> tuple[str, str] | None:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    return (
        (name, content.decode("utf-8", "replace")) if isinstance(name, str) and content is not None else None
    )


def _as_mapping(value: Any) -> Mapping[str, Any]:
    """The object, also where it comes as JSON text within JSON or a form."""
    inner = loads(value) if isinstance(value, str) else value
    return inner if isinstance(inner, Mapping) else {}


def _bytes(text: str) -> bytes:
    """UTF-8 of whatever a stranger sent, lone surrogates included."""
    return text.encode("utf-8", "replace")


def _id(value: Any) -> str:
    return check_id(as_id(value) or "")
