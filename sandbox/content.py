"""The body of a call, in each of the ways in which clients send one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from sandbox.pipeline import Call


def take_content(call: Call, content_type: str) -> None:
    """Read the body of a call, or the JSON that its query carries."""
    if call.raw.strip():
        _take_body(call, call.raw, content_type)
    elif "JSONString" in call.query:
        _take_body(call, call.query["JSONString"].encode(), "")


def take_form(call: Call, form: dict[str, str]) -> None:
    """Read a form: its JSONString is the body, else its pairs stand beside the query's."""
    if "JSONString" in form:
        _take_body(call, form["JSONString"].encode(), "")
    else:
        call.query.update({k: v for k, v in form.items() if k not in call.query})


def _take_body(call: Call, raw: bytes, content_type: str) -> None:
    text = raw.decode("utf-8", "replace")
    looks_json = text.lstrip()[:1] in ("{", "[")
    if "x-www-form-urlencoded" in content_type and not looks_json:
        take_form(call, dict(parse_qsl(text, keep_blank_values=True)))
        return
    try:
        call.body = json.loads(text)
    except ValueError:
        if "=" in text and not looks_json:
            take_form(call, dict(parse_qsl(text, keep_blank_values=True)))
        else:
            call.malformed = True
