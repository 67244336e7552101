"""The control API: health, data in and out, faults, clock, switches, limits, tokens, and what was sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.automation import rule
from sandbox.clock import ManualClock, crm_time, parse_time
from sandbox.control.edits import EDITS
from sandbox.control.load import export, load
from sandbox.faults import CATALOGUE
from sandbox.limits import plan_of
from sandbox.replies import ControlError, Json, SandboxError
from sandbox.switches import Switches
from sandbox.world import World

__all__ = ["control_routes", "load"]


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One control call."""

    world: World
    params: dict[str, str]
    query: dict[str, str]
    body: Json


Act = Callable[[ControlCall], Any]


def _route(world: World, method: str, path: str, act: Act) -> Route:
    async def answer(request: Request) -> Response:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw.strip() else {}
            if not isinstance(body, dict):
                raise ControlError("the body must be a JSON object")
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


def _moment(value: Any) -> float:
    return parse_time(value) if isinstance(value, str) else float(value)


def health(call: ControlCall) -> Json:
    """Tell what runs here and which ids clients need."""
    world = call.world
    return {
        "status": "ok",
        "now": crm_time(int(world.clock.now()), "UTC"),
        "seed": world.seed,
        "crm_org_id": world.crm_org_id,
        "books_organization_id": world.books_org_id,
        "time_zone": world.config.org.zone,
        "currency": world.config.org.currency,
        "counts": {
            "books contacts": len(world.books.store.contacts),
            **{f"crm {name}": len(d.live) for name, d in world.crm.store.data.items()},
        },
        "limits": world.limits.described(),
        "users": [u.name for u in world.users.all()],
        "last_seq": world.log.found(0, None, None, 0)["last_seq"],
    }


def reset(call: ControlCall) -> Json:
    """Empty both orgs; `seed` draws other ids."""
    seed = call.body.get("seed")
    call.world.reset(None if seed is None else int(seed))
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


def plant_fault(call: ControlCall) -> Json:
    """Plant a fault by name."""
    values = dict(call.body)
    name = str(values.pop("name", ""))
    if values.get("until") is not None:
        values["until"] = _moment(values["until"])
    fault = call.world.faults.plant(name, values)
    if name == "invalid_token":
        call.world.accounts.drop_access_tokens()
        call.world.faults.clear(fault.id)
    return fault.described()


def list_faults(call: ControlCall) -> Json:
    """List planted faults and the catalogue."""
    return {
        "faults": [f.described() for f in call.world.faults.listed()],
        "catalogue": {name: {"when": when, "does": text} for name, (when, text) in CATALOGUE.items()},
    }


def clear_faults(call: ControlCall) -> Json:
    """Remove one fault by id or name, or all."""
    word = call.params.get("which")
    if word is None:
        return {"removed": call.world.faults.clear()}
    if word.isdigit():
        return {"removed": call.world.faults.clear(fault_id=int(word))}
    return {"removed": call.world.faults.clear(name=word)}


def clock(call: ControlCall) -> Json:
    """Read, set or step the clock."""
    world = call.world
    if "set" in call.body:
        world.clock.set(_moment(call.body["set"]))
    if "step" in call.body:
        world.clock.step(float(call.body["step"]))
    for product, skewed in (("crm", world.crm_clock), ("books", world.books_clock)):
        if product in (call.body.get("skew") or {}):
            skewed.skew = float(call.body["skew"][product])
    return {
        "now": crm_time(int(world.clock.now()), "UTC"),
        "epoch": world.clock.now(),
        "skew": {"crm": world.crm_clock.skew, "books": world.books_clock.skew},
        "stands_still": isinstance(world.clock, ManualClock),
    }


def get_switches(call: ControlCall) -> Json:
    """List the switches with values, defaults, meaning and source."""
    return call.world.switches.described()


def put_switches(call: ControlCall) -> Json:
    """Set switches by name; all or none."""
    try:
        Switches.model_validate({**call.world.switches.model_dump(), **call.body})
        for name, value in call.body.items():
            setattr(call.world.switches, name, value)
    except ValidationError as error:
        raise ControlError(str(error)) from error
    return call.world.switches.model_dump()


def put_limits(call: ControlCall) -> Json:
    """Set `mode` (off, real, scaled) and single numbers."""
    values = dict(call.body)
    plan = call.world.limits
    if "mode" in values:
        mode = values.pop("mode")
        if mode not in ("off", "real", "scaled"):
            raise ControlError("mode is off, real or scaled")
        plan = plan_of(mode, call.world.config.books_plan)
    call.world.limits = plan.changed(values)
    return call.world.limits.described()


def get_limits(call: ControlCall) -> Json:
    """Read limits and what is used up."""
    meter, scale = call.world.meter, call.world.limits.time_scale
    return {
        **call.world.limits.described(),
        "used": {
            "books_day": meter.books_day.today(scale),
            "crm_credits_day": meter.crm_day.today(scale),
            "webhooks_day": meter.webhooks_day.today(scale),
            "books_in_flight": meter.books_flying,
            "books_minute": meter.books_minute.count(call.world.clock.now(), 60 / scale),
        },
    }


def put_tokens(call: ControlCall) -> Json:
    """Bind, revoke or forget tokens and register clients."""
    accounts, body = call.world.accounts, call.body
    if body.get("client_id"):
        accounts.clients[str(body["client_id"])] = str(body.get("client_secret", ""))
    if body.get("refresh_token"):
        accounts.bind(str(body["refresh_token"]), body)
    if body.get("revoke_all"):
        accounts.revoke_all()
    if body.get("restore_all"):
        accounts.revoke_all(restore=True)
    if body.get("drop_access_tokens"):
        accounts.drop_access_tokens()
    return {"grants": accounts.grants(), "clients": list(accounts.clients)}


def add_field(call: ControlCall) -> Json:
    """Add a custom field: {product: crm, module, api_name, ...} or {product: books, api_name: cf_..., ...}."""
    body = call.body
    if body.get("product", "crm") == "books":
        made = call.world.books.store.setup.add_field(body)
        return {"product": "books", "api_name": made.api_name, "customfield_id": made.customfield_id}
    spec = call.world.crm.store.add_field(str(body.get("module", "Accounts")), body)
    return {"product": "crm", "api_name": spec.api_name, "id": spec.id}


def change_field(call: ControlCall) -> Json:
    """Change a field's metadata: {product, module, api_name, set: {length, mandatory, unique, picklist, ...}}.

    `set.api_name` renames it; records keep what they hold under the old name.
    """
    fields, changes = _fields(call), dict(call.body.get("set") or {})
    name = str(call.body.get("api_name"))
    if name not in fields:
        raise ControlError(f"no field {name!r}", 404)
    for key in ("picklist", "options"):
        if key in changes:
            changes[key] = tuple(changes[key])
    made = replace(fields[name], **changes)
    del fields[name]
    fields[made.api_name] = made
    return {"api_name": made.api_name}


def remove_field(call: ControlCall) -> Json:
    """Remove a field: {product, module, api_name}; its values are no longer shown or taken."""
    name = str(call.body.get("api_name"))
    if _fields(call).pop(name, None) is None:
        raise ControlError(f"no field {name!r}", 404)
    return {"removed": name}


def _fields(call: ControlCall) -> dict[str, Any]:
    if call.body.get("product", "crm") == "books":
        return cast("dict[str, Any]", call.world.books.store.setup.fields)
    module = call.world.crm.store.module(str(call.body.get("module", "Accounts")))
    return cast("dict[str, Any]", module.fields)


def add_automation(call: ControlCall) -> Json:
    """Add a rule that rewrites a value after each write: {product, module, field, change, operand}."""
    made = rule(call.body)
    where = call.world.crm.automations if made.product == "crm" else call.world.books.automations
    where.append(made)
    return made.described()


def clear_automations(call: ControlCall) -> Json:
    """Remove every rule."""
    call.world.crm.automations.clear()
    call.world.books.automations.clear()
    return {"automations": []}


def list_webhooks(call: ControlCall) -> Json:
    """List Books webhooks and CRM channels."""
    hooks = call.world.books.webhooks
    channels = [call.world.crm.channels.described(c, "") for c in call.world.crm.channels.active()]
    return {"webhooks": [hooks.described(h) for h in hooks.hooks.values()], "channels": channels}


def register_webhook(call: ControlCall) -> Json:
    """Register a Books webhook: {url, secret, events, encoding, envelope}."""
    hooks = call.world.books.webhooks
    return hooks.described(hooks.register(call.body))


def remove_webhook(call: ControlCall) -> Json:
    """Remove a Books webhook."""
    found = call.world.books.webhooks.hooks.pop(call.params["id"], None)
    return {"removed": found is not None}


def expire_channels(call: ControlCall) -> Json:
    """Let CRM channels expire in silence; all, or {channel_id}."""
    wanted = call.body.get("channel_id")
    gone = [c for c in call.world.crm.channels.active() if wanted in (None, c.channel_id)]
    for channel in gone:
        channel.expires = int(call.world.clock.now()) - 1
    return {"expired": [c.channel_id for c in gone]}


_TABLE: list[tuple[str, str, Act]] = [
    ("GET", "/health", health),
    ("POST", "/reset", reset),
    ("POST", "/import", lambda c: load(c.world, c.body)),
    ("GET", "/export", lambda c: export(c.world)),
    ("GET", "/requests", requests),
    ("GET", "/deliveries", deliveries),
    ("POST", "/deliveries", forge),
    ("POST", "/deliveries/{n}/replay", replay),
    ("POST", "/faults", plant_fault),
    ("GET", "/faults", list_faults),
    ("DELETE", "/faults", clear_faults),
    ("DELETE", "/faults/{which}", clear_faults),
    ("GET", "/clock", clock),
    ("POST", "/clock", clock),
    ("GET", "/switches", get_switches),
    ("PUT", "/switches", put_switches),
    ("GET", "/limits", get_limits),
    ("PUT", "/limits", put_limits),
    ("PUT", "/tokens", put_tokens),
    ("GET", "/tokens", put_tokens),
    ("POST", "/fields", add_field),
    ("PATCH", "/fields", change_field),
    ("DELETE", "/fields", remove_field),
    ("POST", "/automations", add_automation),
    ("DELETE", "/automations", clear_automations),
    ("GET", "/webhooks", list_webhooks),
    ("POST", "/webhooks/books", register_webhook),
    ("DELETE", "/webhooks/books/{id}", remove_webhook),
    ("POST", "/webhooks/crm/expire", expire_channels),
]


def control_routes(world: World) -> list[Route]:
    """Return the routes of the control API."""
    edits = [
        _route(world, method, path, lambda c, a=act: a(c.world, c.params, c.body))  # type: ignore[misc]
        for method, path, act in EDITS
    ]
    return [*(_route(world, method, path, act) for method, path, act in _TABLE), *edits]
