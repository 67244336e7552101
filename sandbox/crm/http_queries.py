"""CRM endpoints that read many or touch several records: deleted, search, COQL, merge (CRM dossier 3, 4)."""

from __future__ import annotations

import re
from itertools import islice

from sandbox.crm.http_records import newer_than, scope_of, since_header
from sandbox.crm.paging import SORTS, number_param, sorting_of
from sandbox.crm.params import chosen, searching
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import CrmError, InData, Reply
from sandbox.shapes import is_whole

CEILING = 2_000


def deleted_records(call: Call) -> Reply:
    """GET /{module}/deleted: recycle bin and permanent, the latest first; refusals stand in `data` (CRM dossier 3)."""
    try:
        return _deleted(call)
    except CrmError as error:
        raise InData(error.code, error.message, error.details, error.status) from error


def _deleted(call: Call) -> Reply:
    crm, world = call.world.crm, call.world
    module = crm.store.module(call.params["module"]).api_name
    since = since_header(call, "if-modified-since")
    newer = newer_than(call, since)
    kind = chosen(call, "type", ("all", "recycle", "permanent")) or "all"
    oldest = world.clock.now() - world.switches.permanent_delete_listed_days * 86_400
    entries = [
        e
        for e in crm.store.data[module].deleted.values()
        if newer(e.at)
        and (not e.permanent or e.at >= oldest)
        and (kind == "all" or (kind == "permanent") == e.permanent)
    ]
    entries.sort(key=lambda e: (-e.at, e.record.id))
    page, per_page = number_param(call, "page", 1, 10_000), number_param(call, "per_page", 200, 200)
    if world.switches.deleted_ceiling == "refused" and page > 1 and page * per_page > CEILING:
        text = f"You can only get the first {CEILING} records"
        raise CrmError("DISCRETE_PAGINATION_LIMIT_EXCEEDED", text, {"limit": CEILING})
    if world.switches.deleted_ceiling == "ends":
        entries = entries[:CEILING]
    rows = entries[(page - 1) * per_page : page * per_page]
    if not rows:
        return Reply(304 if since is not None and world.switches.deleted_answers_304 else 204)
    data = [
        {
            "deleted_by": None if e.permanent else crm.render.user(e.by, with_email=False),
            "id": e.record.id,
            "display_name": None if e.permanent else crm.store.display_name(e.record),
            "type": "permanent" if e.permanent else "recycle",
            "created_by": None if e.permanent else crm.render.user(e.record.created_by, with_email=False),
            "deleted_time": crm.render.time(e.at),
        }
        for e in rows
    ]
    more = len(entries) > page * per_page
    return Reply(
        200,
        {
            "data": data,
            "info": {"per_page": per_page, "count": len(rows), "page": page, "more_records": more},
        },
    )


def search_records(call: Call) -> Reply:
    """GET /{module}/search: lags behind, matches loosely, at most 2,000 (CRM dossier 4)."""
    crm = call.world.crm
    module = crm.store.module(call.params["module"])
    sortable = [name for name, field in module.fields.items() if field.json_type != "jsonarray"]
    sort_by, order = sorting_of(call, [*SORTS, *sortable])
    found = crm.queries.search(module, call.query, call.world.clock.now(), sort_by, order == "desc")
    for test in searching(call):
        found = filter(test, found)
    page, per_page = number_param(call, "page", 1, 10_000), number_param(call, "per_page", 200, 200)
    if page * per_page > 2_000:
        raise CrmError("LIMIT_REACHED", "the limit of records is reached", {"limit": "2000"})
    rows = list(islice(found, (page - 1) * per_page, page * per_page + 1))
    more = len(rows) > per_page
    rows = rows[:per_page]
    if not rows:
        return Reply(204)
    names = [n for n in call.query.get("fields", "").split(",") if n]
    return Reply(
        200,
        {
            "data": crm.render.rows(module.api_name, rows, names),
            "info": {
                "per_page": per_page,
                "count": len(rows),
                "page": page,
                "sort_by": sort_by,
                "sort_order": order,
                "more_records": more,
            },
        },
    )


def run_coql(call: Call) -> Reply:
    """POST /coql: 204 when nothing is found."""
    text = call.json_object().get("select_query")
    if not isinstance(text, str):
        raise CrmError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": "select_query"})
    rows, more = call.world.crm.queries.select(text)
    if not rows:
        return Reply(204)
    call.record_ids = [str(row["id"]) for row in rows if "id" in row]
    return Reply(200, {"data": rows, "info": {"count": len(rows), "more_records": more}})


def merge_records(call: Call) -> Reply:
    """POST /{module}/{id}/actions/merge: at most three records in all."""
    store, module = call.world.crm.store, call.params["module"]
    store.module(module)
    specs = call.json_object().get("merge")
    spec = specs[0] if isinstance(specs, list) and specs else None
    data = spec.get("data") if isinstance(spec, dict) else None
    rows = [d for d in data if isinstance(d, dict)] if isinstance(data, list) else []
    losers = [str(d.get("id")) for d in rows if str(d.get("id")) != call.params["id"]]
    if not losers or len(losers) > 2:
        raise CrmError("INVALID_DATA", "invalid data", {"api_name": "data", "maximum_length": 2})
    effects = store.merge(module, call.params["id"], losers, {}, call.actor)
    call.world.crm.announce(effects)
    call.record_ids = [call.params["id"], *losers]
    return Reply(
        200,
        {
            "merge": [
                {
                    "code": "SUCCESS",
                    "details": {"id": call.params["id"]},
                    "message": "record merged successfully",
                    "status": "success",
                }
            ]
        },
    )


def _deleted_cost(call: Call) -> int:
    return call.world.switches.deleted_credits


def _coql_cost(call: Call) -> int:
    text = str(call.body.get("select_query", "")) if isinstance(call.body, dict) else ""
    words = text.lower().split()
    limit = words[words.index("limit") + 1] if "limit" in words[:-1] else "200"
    number = int(limit) if is_whole(limit) else 200
    return 1 if number <= 200 else 2 if number <= 1_000 else 3


def _coql_scopes(call: Call) -> tuple[str, ...]:
    text = str(call.body.get("select_query", "")) if isinstance(call.body, dict) else ""
    module = re.search(r"\bfrom\s+(\w+)", text, re.IGNORECASE)
    return "ZohoCRM.coql.READ", f"ZohoCRM.modules.{module.group(1) if module else 'ALL'}.READ"


def _search_scopes(call: Call) -> tuple[str, ...]:
    return f"ZohoCRM.modules.{call.params['module']}.READ", "ZohoSearch.securesearch.READ"


_M = "/crm/v8/{module}"
ENDPOINTS = [
    Endpoint("crm", "POST", "/crm/v8/coql", run_coql, _coql_scopes, _coql_cost, True),
    Endpoint("crm", "GET", f"{_M}/deleted", deleted_records, scope_of("READ"), _deleted_cost),
    Endpoint("crm", "GET", f"{_M}/search", search_records, _search_scopes, 1, True),
    Endpoint("crm", "POST", f"{_M}/{{id}}/actions/merge", merge_records, scope_of("UPDATE")),
]
