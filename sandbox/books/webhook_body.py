"""What a Books webhook sends, and how it is signed (Books dossier 7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.books.webhooks import Webhook
from sandbox.replies import Json
from sandbox.shapes import objects_of
from sandbox.switches import Switches

Pairs = list[tuple[str, str]]
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_PLACEHOLDER = re.compile(r"\$\{(?:\w+\.)?(\w+)\}")


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of a webhook; `payload` is the body before it was encoded."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes
    payload: Any


def build(hook: Webhook, record: Json, switches: Switches) -> Sent:
    """Return the request with its signature over all pairs of query and form, then the raw body."""
    spec = hook.spec
    url = _with_query(hook.url, _pairs(spec.get("query_parameters"), record))
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    content, form, headers, payload = _body(hook, record, switches)
    headers |= dict(_pairs(spec.get("headers"), record))
    if hook.secret:
        signed = sign(hook.secret, [*pairs, *form], b"" if form else content)
        encoding = hook.encoding or switches.webhook_signature_encoding
        text = signed.hex() if encoding == "hex" else base64.b64encode(signed).decode()
        headers["X-Zoho-Webhook-Signature"] = text
    return Sent(str(spec.get("method") or "POST"), url, headers, content, payload)


def _body(hook: Webhook, record: Json, switches: Switches) -> tuple[bytes, Pairs, dict[str, str], Any]:
    kind = hook.spec.get("body_type", "default_payload")
    if kind == "raw":
        text = _filled(str(hook.spec.get("raw_data") or ""), record)
        return text.encode(), [], {"Content-Type": "application/json"}, text
    if kind != "default_payload":
        form = _pairs(hook.spec.get("form_data"), record)
        return urlencode(form).encode(), form, dict(_FORM), dict(form)
    payload = _payload(hook, record, switches)
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    if (hook.envelope or switches.webhook_envelope) == "form":
        form = [("JSONString", text)]
        return urlencode(form).encode(), form, dict(_FORM), payload
    return text.encode(), [], {"Content-Type": "application/json"}, payload


def _payload(hook: Webhook, record: Json, switches: Switches) -> Json:
    envelope = hook.envelope or switches.webhook_envelope
    if envelope == "bare":
        return record
    if envelope == "ids":
        return {f"{hook.entity}_id": record[f"{hook.entity}_id"]}
    return {hook.entity: record}


def _pairs(asked: Any, record: Json) -> Pairs:
    """Read [{param_name, param_value}]; placeholders in the values are filled."""
    named = [
        (p.get("param_name") or p.get("key"), p.get("param_value", p.get("value", "")))
        for p in objects_of(asked)
    ]
    return [(str(name), _filled(str(value), record)) for name, value in named if name]


def _filled(text: str, record: Json) -> str:
    """Replace ${CONTACT.CONTACT_ID} or ${contact_id} by the record's value."""
    return _PLACEHOLDER.sub(lambda found: str(record.get(found[1].lower(), "")), text)


def _with_query(url: str, pairs: Pairs) -> str:
    if not pairs:
        return url
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(pairs))))
    return urlunsplit(parts._replace(query=query))


def sign(secret: str, pairs: Pairs, raw_json: bytes) -> bytes:
    """HMAC-SHA256 over the sorted key-value pairs and the raw JSON body (Books dossier 7)."""
    text = "".join(key + value for key, value in sorted(pairs))
    return hmac.new(secret.encode(), text.encode() + raw_json, hashlib.sha256).digest()
