"""Webhooks of the Books org: who is told, what, and how it is signed (Books dossier 7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox.ids import IdSource
from sandbox.replies import BooksError, ControlError, Json
from sandbox.switches import Switches

EVENTS = ("create", "edit", "delete")
ENTITIES = ("contact", "item")
ENVELOPES = ("json", "bare", "form", "ids")


@dataclass(slots=True)
class Webhook:
    """One registered webhook; None means: as the switch says."""

    webhook_id: str
    url: str
    secret: str
    events: tuple[str, ...]
    name: str = "webhook"
    entity: str = "contact"
    encoding: str | None = None
    envelope: str | None = None
    active: bool = True
    spec: Json = field(default_factory=dict)


class Webhooks:
    """The webhooks of the org."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self.hooks: dict[str, Webhook] = {}
        self.workflows: dict[str, Json] = {}

    def register(self, spec: Json) -> Webhook:
        """Add a webhook as control asks; raises ControlError."""
        events = tuple(spec.get("events") or EVENTS)
        url = str(spec.get("url", ""))
        if not url.startswith(("http://", "https://")) or set(events) - set(EVENTS):
            raise ControlError(f"a webhook wants an http url and events out of {EVENTS}")
        if spec.get("envelope") not in (None, *ENVELOPES):
            raise ControlError(f"envelope is one of {ENVELOPES}")
        if spec.get("entity", "contact") not in ENTITIES:
            raise ControlError(f"entity is one of {ENTITIES}")
        if spec.get("encoding") not in (None, "hex", "base64"):
            raise ControlError("encoding is hex or base64")
        hook = Webhook(
            self._ids.draw(),
            url,
            str(spec.get("secret", "")),
            events,
            str(spec.get("webhook_name") or spec.get("name") or "webhook"),
            str(spec.get("entity", "contact")),
            spec.get("encoding"),
            spec.get("envelope"),
            True,
            spec,
        )
        self.hooks[hook.webhook_id] = hook
        return hook

    def from_settings(self, spec: Json) -> Webhook:
        """Add a webhook as POST /settings/webhooks asks; raises BooksError."""
        secret = str(spec.get("secret") or "")
        for wrong, text in (
            (not spec.get("url") or len(str(spec.get("url"))) > 5_000, "url"),
            (not spec.get("webhook_name") or len(str(spec.get("webhook_name"))) > 50, "webhook_name"),
            (bool(secret) and not re.fullmatch(r"[A-Za-z0-9]{12,50}", secret), "secret"),
        ):
            if wrong:
                raise BooksError(4, f"Invalid value passed for {text}")
        events = [e for e in EVENTS if any(e in str(name) for name in spec.get("events") or [])]
        return self.register({**spec, "events": events or list(EVENTS), "encoding": None, "envelope": None})

    def listening(self, entity: str, operation: str) -> list[Webhook]:
        """Return the webhooks that are told of an operation on a contact or an item."""
        hooks = (h for h in self.hooks.values() if h.active and h.entity == entity)
        return [h for h in hooks if operation in h.events]

    def described(self, hook: Webhook) -> Json:
        """Return a webhook as the settings API shows it."""
        return {
            "webhook_id": hook.webhook_id,
            "webhook_name": hook.name,
            "entity": hook.entity,
            "url": hook.url,
            "method": "POST",
            "body_type": hook.spec.get("body_type", "default_payload"),
            "events": list(hook.events),
            "description": hook.spec.get("description", ""),
            "headers": hook.spec.get("headers", []),
            "is_active": hook.active,
            "additional_parameters": hook.spec.get("additional_parameters", []),
            "encoding": hook.encoding,
            "envelope": hook.envelope,
        }


def build(hook: Webhook, record: Json, switches: Switches) -> tuple[bytes, dict[str, str], Any]:
    """Return the content, the headers with the signature, and the payload before it was encoded."""
    envelope = hook.envelope or switches.webhook_envelope
    pairs = parse_qsl(urlsplit(hook.url).query, keep_blank_values=True)
    payload: Json = {hook.entity: record}
    if envelope == "bare":
        payload = record
    elif envelope == "ids":
        payload = {f"{hook.entity}_id": record[f"{hook.entity}_id"]}
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    if envelope == "form":
        content = urlencode({"JSONString": text}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        signed = sign(hook.secret, [*pairs, ("JSONString", text)], b"")
    else:
        content = text.encode()
        headers = {"Content-Type": "application/json"}
        signed = sign(hook.secret, pairs, content)
    if hook.secret:
        encoding = hook.encoding or switches.webhook_signature_encoding
        headers["X-Zoho-Webhook-Signature"] = (
            signed.hex() if encoding == "hex" else base64.b64encode(signed).decode()
        )
    return content, headers, payload


def sign(secret: str, pairs: list[tuple[str, str]], raw_json: bytes) -> bytes:
    """HMAC-SHA256 over the sorted key-value pairs and the raw JSON body (Books dossier 7)."""
    text = "".join(key + value for key, value in sorted(pairs))
    return hmac.new(secret.encode(), text.encode() + raw_json, hashlib.sha256).digest()
