"""CRM actions/watch endpoints (CRM dossier 5)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.crm.paging import number_param
from sandbox.crm.watch import Channel
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import CrmError, Json, Reply

SUBSCRIBED = "Successfully subscribed for actions-watch of the given module"
UNSUBSCRIBED = "Successfully unsubscribed for actions-watch of the given channel"


def _each(call: Call, act: Callable[[Json], Channel], ok: int) -> Reply:
    return _all(call, call.json_object().get("watch"), act, ok)


def _all(call: Call, items: object, act: Callable[[Json], Channel], ok: int) -> Reply:
    if not isinstance(items, list) or not items:
        raise CrmError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": "watch"})
    if not all(isinstance(item, dict) for item in items):
        raise CrmError(
            "INVALID_DATA", "invalid data", {"expected_data_type": "jsonobject", "api_name": "watch"}
        )
    if len(items) > 50:
        raise CrmError("LIMIT_EXCEEDED", "more channels than allowed", {"limit": 50})
    results, failed = [], 0
    for item in items:
        try:
            channel = act(item)
            details = call.world.crm.channels.receipt(channel, call.base_url)
            results.append(
                {"code": "SUCCESS", "details": details, "message": SUBSCRIBED, "status": "success"}
            )
        except CrmError as error:
            failed += 1
            results.append(error.item())
    status = ok if not failed else 400 if failed == len(items) else 207
    return Reply(status, {"watch": results})


def enable(call: Call) -> Reply:
    """POST: subscribe; no or a far expiry becomes one hour."""
    return _each(call, lambda item: call.world.crm.channels.enable(item, call.actor.crm_id), 201)


def replace(call: Call) -> Reply:
    """PUT: replace live channels."""
    return _each(call, lambda item: call.world.crm.channels.replace(item, call.actor.crm_id), 200)


def patch(call: Call) -> Reply:
    """PATCH: change or renew live channels; the documents do not agree on the body."""
    if call.world.switches.watch_patch_body == "list":
        return _each(call, call.world.crm.channels.patch, 200)
    body = call.json_object()
    for name in ("events", "notify_url"):
        if not body.get(name):
            raise CrmError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": name})
    return _all(call, [body], call.world.crm.channels.patch, 200)


def listed(call: Call) -> Reply:
    """GET: the calling user's live channels, 204 when there are none."""
    channels = [c for c in call.world.crm.channels.active() if c.user == call.actor.crm_id]
    if "channel_id" in call.query:
        channels = [c for c in channels if c.channel_id == call.query["channel_id"]]
    if "module" in call.query:
        channels = [c for c in channels if call.query["module"] in c.modules()]
    page, per_page = number_param(call, "page", 1, 10_000), number_param(call, "per_page", 200, 200)
    rows = channels[(page - 1) * per_page : page * per_page]
    if not rows:
        return Reply(204)
    info = {
        "per_page": per_page,
        "count": len(rows),
        "page": page,
        "more_records": len(channels) > page * per_page,
    }
    return Reply(
        200, {"watch": [call.world.crm.channels.described(c, call.base_url) for c in rows], "info": info}
    )


def disable(call: Call) -> Reply:
    """DELETE ?channel_ids=."""
    ids = [i for i in call.query.get("channel_ids", "").split(",") if i]
    if not ids:
        raise CrmError("EXPECTED_PARAM_MISSING", "expected parameter missing", {"param_name": "channel_ids"})
    results, failed = [], 0
    for channel_id in ids:
        try:
            channel = call.world.crm.channels.disable(channel_id)
            results.append(
                {
                    "code": "SUCCESS",
                    "details": {
                        "resource_uri": f"{call.base_url}/crm/v8/{channel.modules()[0]}"
                        if channel.events
                        else None,
                        "resource_id": None,
                        "channel_id": channel_id,
                    },
                    "message": UNSUBSCRIBED,
                    "status": "success",
                }
            )
        except CrmError as error:
            failed += 1
            results.append(error.item())
    return Reply(200 if not failed else 400 if failed == len(ids) else 207, {"watch": results})


_W = "/crm/v8/actions/watch"
ENDPOINTS = [
    Endpoint("crm", "POST", _W, enable, "ZohoCRM.notifications.CREATE"),
    Endpoint("crm", "PUT", _W, replace, "ZohoCRM.notifications.UPDATE"),
    Endpoint("crm", "PATCH", _W, patch, "ZohoCRM.notifications.UPDATE"),
    Endpoint("crm", "GET", _W, listed, "ZohoCRM.notifications.READ"),
    Endpoint("crm", "DELETE", _W, disable, "ZohoCRM.notifications.DELETE"),
]
