"""What AWS hands to a function, as our own values."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from tandem.core.errors import BadInputError
from tandem.core.records import RecordKey, Side
from tandem.engine.ports import Request


def request_of(event: Mapping[str, Any]) -> Request:
    """The webhook in an HTTP API event (payload format 2.0), with raw body and raw query kept as sent."""
    body = event.get("body") or ""
    path = event.get("pathParameters") or {}
    return Request(
        side=path.get("side", ""),
        connection=path.get("connection", ""),
        path_secret=path.get("secret", ""),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(),
        query=tuple(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)),
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
    )


def bell_of(body: str) -> tuple[str, Sequence[RecordKey]]:
    """Group and named rows of a bell; raises BadInputError when the message is not one of ours."""
    try:
        message = json.loads(body)
        keys = [text.split("/") for text in message.get("keys", [])]
        return str(message["group"]), [RecordKey(c, Side(side), entity, id) for c, side, entity, id in keys]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError("a message of the change queue that is no bell") from error
