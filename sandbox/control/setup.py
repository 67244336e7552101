"""Setting the scene: faults, clock, switches, limits, tokens, fields, rules, webhooks."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, cast

from pydantic import ValidationError

from sandbox.automation import rule
from sandbox.clock import ManualClock, crm_time
from sandbox.config import LARGEST, ORGS
from sandbox.control.call import ControlCall, moment_of
from sandbox.control.load import load
from sandbox.control.words import known_only
from sandbox.data import generate
from sandbox.faults import CATALOGUE
from sandbox.limits import plan_of
from sandbox.mishaps import AT_ONCE, happen
from sandbox.replies import ControlError, Json
from sandbox.switches import Switches


def plant_fault(call: ControlCall) -> Json:
    """Plant a fault by name: one that strikes calls, or one that happens at once."""
    values = dict(call.body)
    name = str(values.pop("name", ""))
    if values.get("until") is not None:
        values["until"] = moment_of(values["until"])
    known_only("fault", (name,), (*CATALOGUE, *AT_ONCE))
    if name in AT_ONCE:
        return happen(call.world, name, values).described()
    fault = call.world.faults.plant(name, values)
    if name == "invalid_token":
        call.world.accounts.drop_access_tokens()
        call.world.faults.clear(fault.id)
    return fault.described()


def draw_faults(call: ControlCall) -> Json:
    """Plant faults drawn by a seed: {seed, number, product, names}; the same orgs and seed draw the same."""
    rng = Random(f"{call.body.get('seed', 1)}:draw")
    names = list(call.body.get("names") or sorted(CATALOGUE))
    known_only("fault that strikes calls", names, CATALOGUE)
    planted = []
    for _ in range(int(call.body.get("number", 5))):
        name = rng.choice(names)
        drawn = {
            "count": rng.randint(1, 3),
            "probability": rng.choice((1.0, 0.5, 0.1)),
            "skip": rng.randint(0, 5),
            "seed": rng.randrange(10**9),
        }
        if call.body.get("product"):
            drawn["product"] = call.body["product"]
        planted.append(call.world.faults.plant(name, drawn).described())
    return {"faults": planted}


def list_faults(call: ControlCall) -> Json:
    """List planted faults, the catalogue of those that strike calls, and of those that happen at once."""
    return {
        "faults": [f.described() for f in call.world.faults.listed()],
        "catalogue": {name: {"when": when, "does": text} for name, (when, text) in CATALOGUE.items()},
        "at_once": {name: text for name, (text, _) in AT_ONCE.items()},
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
        world.clock.set(moment_of(call.body["set"]))
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
    known_only("switch", call.body, Switches.model_fields)
    try:
        Switches.model_validate({**call.world.switches.model_dump(), **call.body})
    except ValidationError as error:
        [first, *_] = error.errors()
        raise ControlError(f"switch {first['loc'][0]}: {first['msg']}") from error
    for name, value in call.body.items():
        setattr(call.world.switches, name, value)
    if "list_lag_seconds" in call.body:
        for world in call.world.server.worlds:
            world.books.store.lagging.begin()
            world.books.items.lagging.begin()
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
    known_only("limit", values, plan.described())
    call.world.server.limits = plan.changed(values)
    return call.world.limits.described()


def get_limits(call: ControlCall) -> Json:
    """Read limits and what is used up."""
    meter, scale = call.world.meter, call.world.limits.time_scale
    now = call.world.clock.now()
    return {
        **call.world.limits.described(),
        "used": {
            "books_day": meter.books_day.today(scale),
            "crm_credits_24_hours": meter.crm_credits.used(now, 86_400 / scale),
            "webhooks_day": meter.webhooks_day.today(scale),
            "books_in_flight": meter.books_flying,
            "books_minute": meter.books_minute.count(now, 60 / scale),
        },
    }


def put_tokens(call: ControlCall) -> Json:
    """Bind, revoke or forget tokens and register clients."""
    accounts, body = call.world.accounts, call.body
    if body.get("client_id"):
        accounts.clients[str(body["client_id"])] = str(body.get("client_secret", ""))
    if body.get("refresh_token"):
        for org in (body.get("crm_org"), *(body.get("books_orgs") or ())):
            call.world.server.named(org)
        accounts.bind(str(body["refresh_token"]), body)
    if body.get("revoke_all"):
        accounts.revoke_all()
    if body.get("restore_all"):
        accounts.revoke_all(restore=True)
    if body.get("drop_access_tokens"):
        accounts.drop_access_tokens()
    return {"grants": accounts.grants(), "clients": list(accounts.clients)}


def add_orgs(call: ControlCall) -> Json:
    """Add a CRM org and a Books org: {country, size, refresh_token}; the token then sees these two alone."""
    country, size = call.body.get("country", "IN"), call.body.get("size", 0)
    token = call.body.get("refresh_token")
    if country not in ORGS:
        raise ControlError(f"country is one of {sorted(ORGS)}")
    if type(size) is not int or not 0 <= size <= LARGEST:
        raise ControlError(f"size is a whole number from 0 to {LARGEST}, not {size!r}")
    world = call.world.server.add(country)
    if size:
        load(world, generate(size, world.seed, country))
    if token:
        orgs = {"crm_org": world.crm_org_id, "books_orgs": [world.books_org_id]}
        world.accounts.bind(str(token), orgs)
    return world.org_ids()


def add_field(call: ControlCall) -> Json:
    """Add a custom field: {product: crm, module, api_name, ...} or {product: books, entity, api_name: cf_..., ...}."""
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
        entity = str(call.body.get("entity") or "contact")
        return cast("dict[str, Any]", call.world.books.store.setup.fields_of(entity))
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
