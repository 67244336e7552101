"""The control API: health, data in and out, faults, clock, switches, limits, tokens, and what was sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.clock import crm_time
from sandbox.control import setup
from sandbox.control.call import Act, ControlCall
from sandbox.control.edits import EDITS
from sandbox.control.load import export, load
from sandbox.replies import ControlError, Json, SandboxError
from sandbox.world import Server

__all__ = ["control_routes", "load"]


def _route(server: Server, method: str, path: str, act: Act) -> Route:
    async def answer(request: Request) -> Response:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw.strip() else {}
            if not isinstance(body, dict):
                raise ControlError("the body must be a JSON object")
            world = server.named(request.query_params.get("org"))
            params = {k: str(v) for k, v in request.path_params.items()}
            result = act(ControlCall(world, params, dict(request.query_params), body))
        except SandboxError as error:
            reply = error.reply()
            return JSONResponse(reply.body, max(reply.status, 400))
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return Response(json.dumps(result, ensure_ascii=False), 200, media_type="application/json")

    endpoint: Callable[[Request], Awaitable[Response]] = answer
    return Route(f"/control{path}", endpoint, methods=[method])


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
        "last_seq": world.log.found(0, None, None, 0)["last_seq"],
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


_TABLE: list[tuple[str, str, Act]] = [
    ("GET", "/health", health),
    ("POST", "/reset", reset),
    ("POST", "/orgs", setup.add_orgs),
    ("POST", "/import", lambda c: load(c.world, c.body)),
    ("GET", "/export", lambda c: export(c.world)),
    ("GET", "/requests", requests),
    ("GET", "/deliveries", deliveries),
    ("POST", "/deliveries", forge),
    ("POST", "/deliveries/{n}/replay", replay),
    ("POST", "/faults", setup.plant_fault),
    ("POST", "/faults/draw", setup.draw_faults),
    ("GET", "/faults", setup.list_faults),
    ("DELETE", "/faults", setup.clear_faults),
    ("DELETE", "/faults/{which}", setup.clear_faults),
    ("GET", "/clock", setup.clock),
    ("POST", "/clock", setup.clock),
    ("GET", "/switches", setup.get_switches),
    ("PUT", "/switches", setup.put_switches),
    ("GET", "/limits", setup.get_limits),
    ("PUT", "/limits", setup.put_limits),
    ("PUT", "/tokens", setup.put_tokens),
    ("GET", "/tokens", setup.put_tokens),
    ("POST", "/fields", setup.add_field),
    ("PATCH", "/fields", setup.change_field),
    ("DELETE", "/fields", setup.remove_field),
    ("POST", "/automations", setup.add_automation),
    ("DELETE", "/automations", setup.clear_automations),
    ("GET", "/webhooks", setup.list_webhooks),
    ("POST", "/webhooks/books", setup.register_webhook),
    ("DELETE", "/webhooks/books/{id}", setup.remove_webhook),
    ("POST", "/webhooks/crm/expire", setup.expire_channels),
]


def control_routes(server: Server) -> list[Route]:
    """Return the routes of the control API."""
    edits = [
        _route(server, method, path, lambda c, a=act: a(c.world, c.params, c.body))  # type: ignore[misc]
        for method, path, act in EDITS
    ]
    return [*(_route(server, method, path, act) for method, path, act in _TABLE), *edits]
