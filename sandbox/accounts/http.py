"""The accounts server's endpoints (CRM dossier 1): errors come with HTTP 200."""

from __future__ import annotations

from sandbox.pipeline import Call, Endpoint
from sandbox.replies import Reply


def token(call: Call) -> Reply:
    """POST /oauth/v2/token: parameters from query, urlencoded or multipart body."""
    accounts, params = call.world.accounts, dict(call.query)
    if isinstance(call.body, dict):
        params |= {k: str(v) for k, v in call.body.items()}
    kind = params.get("grant_type")
    if kind == "refresh_token":
        return Reply(200, accounts.refresh(params, call.base_url))
    if kind == "authorization_code":
        return Reply(200, accounts.exchange(params, call.base_url))
    return Reply(200, {"error": "unsupported_grant_type" if kind else "invalid_request"})


def revoke(call: Call) -> Reply:
    """POST /oauth/v2/token/revoke?token=."""
    if call.world.accounts.revoke(call.query.get("token", "")):
        return Reply(200, {"status": "success"})
    return Reply(400, {"error": "invalid_token"})


def serverinfo(call: Call) -> Reply:
    """GET /oauth/serverinfo: the data centres, all of them here."""
    return Reply(200, {"result": "success", "locations": dict.fromkeys(("us", "eu", "in"), call.base_url)})


ENDPOINTS = [
    Endpoint("accounts", "POST", "/oauth/v2/token", token),
    Endpoint("accounts", "GET", "/oauth/v2/token", token),
    Endpoint("accounts", "POST", "/oauth/v2/token/revoke", revoke),
    Endpoint("accounts", "GET", "/oauth/serverinfo", serverinfo),
]
