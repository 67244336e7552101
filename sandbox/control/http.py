"""The control API: health, data in and out, faults, clock, switches, limits, tokens, and what was sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from time import process_time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.clock import crm_time
from sandbox.control import setup
from sandbox.control.call import Act, ControlCall
from sandbox.control.edits import EDITS
from sandbox.control.load import export, load
from sandbox.control.words import known_only
from sandbox.pipeline import METHODS
from sandbox.replies import ControlError, Json, SandboxError
from sandbox.world import Server

__all__ = ["control_routes", "load"]


def _route(server: Server, method: str, path: str, act: Act, words: str | None = "") -> Route:
    """Return a route; `words`: the keys of its body, of its query for a GET; None: any body, as it is a record's."""
    known = None if words is None else words.split()

    async def answer(request: Request) -> Response:
        try:
            body, query = _body_of(await request.body()), dict(request.query_params)
            known_only("parameter", query, ["org", *(known or () if method == "GET" else ())])
            if known is not None and method != "GET":
                known_only("key", body, known)
            params = {k: str(v) for k, v in request.path_params.items()}
            result = act(ControlCall(server.named(query.get("org")), params, query, body))
        except SandboxError as error:
            reply = error.reply()
            return JSONResponse(reply.body, max(reply.status, 400))
        except KeyError as error:
            return JSONResponse({"error": f"{error.args[0]} is wanted"}, 400)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            return JSONResponse({"error": f"the body has not the shape that is wanted: {error}"}, 400)
        return Response(json.dumps(result, ensure_ascii=False), 200, media_type="application/json")

    endpoint: Callable[[Request], Awaitable[Response]] = answer
    return Route(f"/control{path}", endpoint, methods=[method])


def _body_of(raw: bytes) -> Json:
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise ControlError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


def no_such_call(call: ControlCall) -> Json:
    """Tell where the calls are listed."""
    raise ControlError(f"no control call /{call.params['rest']} of this method: see docs/sandbox.md", 404)


def health(call: ControlCall) -> Json:
    """Tell what runs here and which ids clients need."""
    world = call.world
    return {
        "status": "ok",
        "now": crm_time(int(world.clock.now()), "UTC"),
        "seed": world.seed,
        **world.org_ids(),
        "orgs": [{**w.org_ids(), "country": w.config.country} for w in world.server.worlds],
        "time_zone": world.config.org.zone,
        "currency": world.config.org.currency,
        "counts": {
            "books contacts": len(world.books.store.contacts),
            "books items": len(world.books.items.by_id),
            **{f"crm {name}": len(d.live) for name, d in world.crm.store.data.items()},
        },
        "limits": world.limits.described(),
        "users": [u.name for u in world.users.all()],
        "last_seq": world.log.last_seq,
        "processor_seconds": process_time(),
    }


def reset(call: ControlCall) -> Json:
    """Empty both orgs; `seed` draws other ids."""
    seed = call.body.get("seed")
    call.world.server.reset(None if seed is None else int(seed))
    return health(call)


def requests(call: ControlCall) -> Json:
    """List calls and count them per endpoint."""
    query = call.query
    return call.world.log.found(
        int(query.get("since_seq", 0)),
        query.get("product"),
        query.get("method"),
        int(query.get("limit", 1_000)),
    )


def deliveries(call: ControlCall) -> Json:
    """List notifications and webhooks with what became of them."""
    rows = [
        d
        for d in call.world.outbox.deliveries
        if d.n > int(call.query.get("since", 0))
        and call.query.get("product") in (None, d.product)
        and call.query.get("state") in (None, d.state)
    ]
    return {
        "total": len(rows),
        "deliveries": [d.described() for d in rows[-int(call.query.get("limit", 1_000)) :]],
    }


def replay(call: ControlCall) -> Json:
    """Send a delivery again, byte for byte."""
    found = call.world.outbox.replay(int(call.params["n"]))
    if found is None:
        raise ControlError(f"no delivery {call.params['n']}", 404)
    return found.described()


def forge(call: ControlCall) -> Json:
    """Send any body to any url, as an attacker or a confused sender would."""
    body = call.body
    content = body.get("content")
    raw = content.encode() if isinstance(content, str) else json.dumps(body.get("body") or {}).encode()
    made = call.world.outbox.put(
        str(body.get("product", "crm")),
        str(body["url"]),
        {"Content-Type": "application/json", **dict(body.get("headers") or {})},
        raw,
        body.get("body"),
        list(body.get("record_ids") or []),
        "forged",
        "control",
    )
    return {"deliveries": [d.described() for d in made]}


_TOKENS = (
    "refresh_token scopes crm_org books_orgs user revoked revoke_all restore_all drop_access_tokens "
    "client_id client_secret"
)
_FIELD = (
    "product module entity api_name data_type label length unique mandatory read_only lookup picklist "
    "options external"
)
_TABLE: list[tuple[str, str, Act, str]] = [
    ("GET", "/health", health, ""),
    ("POST", "/reset", reset, "seed"),
    ("POST", "/orgs", setup.add_orgs, "country size refresh_token"),
    (
        "POST",
        "/import",
        lambda c: load(c.world, c.body),
        "crm books now crm_org_id books_organization_id crm_deleted",
    ),
    ("GET", "/export", lambda c: export(c.world), ""),
    ("GET", "/requests", requests, "since_seq product method limit"),
    ("GET", "/deliveries", deliveries, "since product state limit"),
    ("POST", "/deliveries", forge, "url body content headers product record_ids"),
    ("POST", "/deliveries/{n}/replay", replay, ""),
    ("POST", "/faults/draw", setup.draw_faults, "seed number product names"),
    ("GET", "/faults", setup.list_faults, ""),
    ("DELETE", "/faults", setup.clear_faults, ""),
    ("DELETE", "/faults/{which}", setup.clear_faults, ""),
    ("GET", "/clock", setup.clock, ""),
    ("POST", "/clock", setup.clock, "set step skew"),
    ("GET", "/switches", setup.get_switches, ""),
    ("GET", "/limits", setup.get_limits, ""),
    ("PUT", "/tokens", setup.put_tokens, _TOKENS),
    ("GET", "/tokens", setup.put_tokens, ""),
    ("POST", "/fields", setup.add_field, _FIELD),
    ("PATCH", "/fields", setup.change_field, "product module entity api_name set"),
    ("DELETE", "/fields", setup.remove_field, "product module entity api_name"),
    ("POST", "/automations", setup.add_automation, "product module field change operand"),
    ("DELETE", "/automations", setup.clear_automations, ""),
    ("GET", "/webhooks", setup.list_webhooks, ""),
    ("DELETE", "/webhooks/books/{id}", setup.remove_webhook, ""),
    ("POST", "/webhooks/crm/expire", setup.expire_channels, "channel_id"),
]
"""Each call with the words that it knows; another is refused, since what is ignored in silence misleads."""

_FREE: list[tuple[str, str, Act]] = [
    ("POST", "/faults", setup.plant_fault),
    ("PUT", "/switches", setup.put_switches),
    ("PUT", "/limits", setup.put_limits),
    ("POST", "/webhooks/books", setup.register_webhook),
]
"""Calls that look at the words of their body themselves, or keep them all."""


def control_routes(server: Server) -> list[Route]:
    """Return the routes of the control API."""
    edits = [
        _route(server, method, path, lambda c, a=act: a(c.world, c.params, c.body), None)  # type: ignore[misc]
        for method, path, act in EDITS
    ]
    return [
        *(_route(server, method, path, act, words) for method, path, act, words in _TABLE),
        *(_route(server, method, path, act, None) for method, path, act in _FREE),
        *edits,
        *(_route(server, method, "/{rest:path}", no_such_call, None) for method in METHODS),
    ]
