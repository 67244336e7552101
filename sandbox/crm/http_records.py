"""CRM record endpoints (CRM dossier 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.clock import parse_time
from sandbox.crm.paging import number_param
from sandbox.crm.store import CrmRecord, Effect
from sandbox.gatekeeper import refuse_record
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import CrmError, Json, Reply

ADDED, UPDATED, DELETED = "record added", "record updated", "record deleted"


def _since(call: Call, header: str) -> float | None:
    text = call.header(header)
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise CrmError(
            "INVALID_DATA", "invalid data", {"api_name": header, "expected_data_type": "datetime"}
        ) from error


def _newer(call: Call, moment: int, since: float | None) -> bool:
    if since is None:
        return True
    return moment >= since if call.world.switches.if_modified_since_inclusive else moment > since


def list_records(call: Call) -> Reply:
    """GET /{module}: fields are mandatory, pages of up to 200, 304 or 204 when there is nothing."""
    module = call.world.crm.store.module(call.params["module"])
    names = [n.strip() for n in call.query.get("fields", "").split(",") if n.strip()]
    if not names:
        raise CrmError(
            "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "fields"}
        )
    if len(names) > 50:
        raise CrmError("LIMIT_EXCEEDED", "more fields than allowed", {"limit": 50, "param_name": "fields"})
    since = _since(call, "if-modified-since")
    page = call.world.page_tokens.page(
        call, module.api_name, _wanted(call), lambda r: _newer(call, r.modified_time, since)
    )
    if not page.rows:
        return Reply(304 if since is not None else 204)
    render = call.world.crm.render
    call.record_ids = [r.id for r in page.rows] if "ids" in call.query else []
    return Reply(200, {"data": [render.row(r, names) for r in page.rows], "info": page.info(render)})


def _wanted(call: Call) -> set[str] | None:
    return set(call.query["ids"].split(",")) if call.query.get("ids") else None


def get_record(call: Call) -> Reply:
    """GET /{module}/{id}: everything, or the asked fields; 204 when it is not there."""
    crm = call.world.crm
    crm.store.module(call.params["module"])
    record_id = call.params["id"]
    if not record_id.isdigit() and call.world.switches.malformed_id_answer == "400":
        raise CrmError("INVALID_DATA", "the id given seems to be invalid", {"resource_path_index": 1})
    record = crm.store.get(call.params["module"], record_id)
    since = _since(call, "if-modified-since")
    if record is None:
        return Reply(204)
    if not _newer(call, record.modified_time, since):
        return Reply(304)
    names = [n for n in call.query.get("fields", "").split(",") if n]
    body = crm.render.row(record, names) if names else crm.render.full(record)
    return Reply(200, {"data": [body]})


def _items(call: Call) -> list[Json]:
    items = call.json_object().get("data")
    if items is None:
        raise CrmError(
            "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "data", "json_path": "$.data"}
        )
    if not isinstance(items, list) or not all(isinstance(i, dict) for i in items) or not items:
        raise CrmError(
            "INVALID_DATA", "invalid data", {"expected_data_type": "jsonarray", "api_name": "data"}
        )
    if len(items) > 100:
        raise CrmError("LIMIT_EXCEEDED", "more records than allowed", {"limit": 100})
    return items


def _each(call: Call, items: list[Json], write: Callable[[int, Json], tuple[Effect, Json]], ok: int) -> Reply:
    """Write item by item; 207 when mixed, 400 or 412 when all fail."""
    results, effects, statuses = [], [], []
    for index, item in enumerate(items):
        try:
            refuse_record(call, item.get("id"), item)
            effect, result = write(index, item)
            effects.append(effect)
            call.record_ids.append(effect.record.id)
            statuses.append(200)
        except CrmError as error:
            result = _refusal(call, error)
            statuses.append(error.status)
        results.append(result)
    _announce(call, effects)
    return Reply(_overall(statuses, ok), {"data": results})


def _overall(statuses: list[int], ok: int) -> int:
    failed = [s for s in statuses if s != 200]
    if not failed:
        return ok
    if len(failed) < len(statuses):
        return 207
    return 412 if set(failed) == {412} else 400


def _refusal(call: Call, error: CrmError) -> Json:
    item = error.item()
    record = error.details.get("record")
    if isinstance(record, CrmRecord):
        call.record_ids.append(record.id)
        details = call.world.crm.render.details(record)
        details.pop("$approval_state")
        item["details"] = details
    return item


def _announce(call: Call, effects: list[Effect]) -> None:
    quiet = isinstance(call.body, dict) and call.body.get("trigger") == []
    if not quiet:
        effects = [*effects, *call.world.crm.automate(effects)]
    if not (quiet and call.world.switches.trigger_suppresses_notifications):
        call.world.crm.announce(effects)


def _success(call: Call, effect: Effect, message: str) -> Json:
    details = call.world.crm.render.details(effect.record)
    if message == DELETED:
        details = {"id": effect.record.id}
    return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}


def insert_records(call: Call) -> Reply:
    """POST /{module}: up to 100 records, answers in input order."""
    store, module = call.world.crm.store, call.params["module"]
    store.module(module)

    def write(index: int, item: Json) -> tuple[Effect, Json]:
        effect = store.insert(module, item, call.actor, index)
        return effect, _success(call, effect, ADDED)

    return _each(call, _items(call), write, 201)


def update_records(call: Call) -> Reply:
    """PUT /{module} and PUT /{module}/{id}: only the sent keys change; If-Unmodified-Since guards."""
    store, module = call.world.crm.store, call.params["module"]
    store.module(module)
    since = _since(call, "if-unmodified-since")
    items = _items(call)
    if "id" in call.params:
        items = [{**items[0], "id": call.params["id"]}]
        call.record_ids = []
    if call.world.switches.bulk_unmodified_since == "whole" and since is not None:
        _refuse_whole(call, module, items, since)

    def write(index: int, item: Json) -> tuple[Effect, Json]:
        if not item.get("id"):
            details = {"api_name": "id", "json_path": f"$.data[{index}].id"}
            raise CrmError("MANDATORY_NOT_FOUND", "required field not found", details)
        effect = store.update(module, str(item["id"]), item, call.actor, index, since)
        return effect, _success(call, effect, UPDATED)

    return _each(call, items, write, 200)


def _refuse_whole(call: Call, module: str, items: list[Json], since: float) -> None:
    store = call.world.crm.store
    for item in items:
        record = store.get(module, str(item.get("id")))
        if record is not None and record.modified_time > since:
            error = CrmError(
                "ALREADY_MODIFIED",
                "record updated time has already passed if-unmodified-since time",
                {"record": record},
                412,
            )
            raise _Whole(_refusal(call, error))


class _Whole(CrmError):
    """A refusal of the whole call that is drawn as one item."""

    def __init__(self, item: Json) -> None:
        super().__init__(item["code"], item["message"], item["details"], 412)

    def reply(self) -> Reply:
        return Reply(412, {"data": [self.item()]})


def upsert_records(call: Call) -> Reply:
    """POST /{module}/upsert: matches by duplicate_check_fields, else system and unique fields."""
    crm, module = call.world.crm, call.params["module"]
    meta = crm.store.module(module)
    since = _since(call, "if-unmodified-since")
    named = call.json_object().get("duplicate_check_fields") or []
    unique = [f.api_name for f in meta.fields.values() if f.unique]
    names = list(named) or [meta.duplicate_field, *unique]

    def write(index: int, item: Json) -> tuple[Effect, Json]:
        found = crm.store.get(module, str(item["id"])) if item.get("id") else None
        field = None
        for name in () if found else names:
            found = _holder(call, module, name, item.get(name))
            if found is not None:
                field = name
                break
        if found is None:
            effect = crm.store.insert(module, item, call.actor, index)
            done = _success(call, effect, ADDED)
            return effect, {"code": done["code"], "duplicate_field": None, "action": "insert", **done}
        effect = crm.store.update(module, found.id, item, call.actor, index, since)
        done = _success(call, effect, UPDATED)
        return effect, {"code": done["code"], "duplicate_field": field, "action": "update", **done}

    return _each(call, _items(call), write, 200)


def _holder(call: Call, module: str, name: str, value: Any) -> CrmRecord | None:
    store = call.world.crm.store
    spec = store.modules[module].fields.get(name)
    if value is None or spec is None:
        return None
    if spec.unique:
        return store.holder_of(module, name, value)
    folded = str(value).casefold()
    return next(
        (r for r in store.data[module].live.values() if str(r.values.get(name) or "").casefold() == folded),
        None,
    )


def delete_records(call: Call) -> Reply:
    """DELETE /{module}/{id} or ?ids=: into the recycle bin."""
    store, module = call.world.crm.store, call.params["module"]
    store.module(module)
    ids = (
        [call.params["id"]] if "id" in call.params else [i for i in call.query.get("ids", "").split(",") if i]
    )
    if not ids:
        raise CrmError(
            "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "ids"}
        )
    if len(ids) > 100:
        raise CrmError("LIMIT_EXCEEDED", "more records than allowed", {"limit": 100})
    call.record_ids = []

    def write(index: int, item: Json) -> tuple[Effect, Json]:
        effect = store.delete(module, item["id"], call.actor)
        return effect, _success(call, effect, DELETED)

    return _each(call, [{"id": i} for i in ids], write, 200)


def deleted_records(call: Call) -> Reply:
    """GET /{module}/deleted: recycle bin and permanent, the latest first (CRM dossier 3)."""
    crm, world = call.world.crm, call.world
    module = crm.store.module(call.params["module"]).api_name
    since = _since(call, "if-modified-since")
    kind = call.query.get("type", "all")
    oldest = world.clock.now() - world.switches.permanent_delete_listed_days * 86_400
    entries = [
        e
        for e in crm.store.data[module].deleted.values()
        if _newer(call, e.at, since)
        and (not e.permanent or e.at >= oldest)
        and (kind == "all" or (kind == "permanent") == e.permanent)
    ]
    entries.sort(key=lambda e: (-e.at, e.record.id))
    page, per_page = number_param(call, "page", 1, 10_000), number_param(call, "per_page", 200, 200)
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
    found = crm.queries.search(module.api_name, call.query, call.world.clock.now())
    page, per_page = number_param(call, "page", 1, 10_000), number_param(call, "per_page", 200, 200)
    if page * per_page > 2_000:
        raise CrmError("LIMIT_REACHED", "the limit of records is reached", {"limit": "2000"})
    rows = found[(page - 1) * per_page : page * per_page]
    if not rows:
        return Reply(204)
    names = [n for n in call.query.get("fields", "").split(",") if n]
    data = [crm.render.row(r, names) if names else crm.render.full(r) for r in rows]
    return Reply(
        200,
        {
            "data": data,
            "info": {
                "per_page": per_page,
                "count": len(rows),
                "page": page,
                "sort_by": "id",
                "sort_order": "desc",
                "more_records": len(found) > page * per_page,
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
    return Reply(200, {"data": rows, "info": {"count": len(rows), "more_records": more}})


def merge_records(call: Call) -> Reply:
    """POST /{module}/{id}/actions/merge: at most three records in all."""
    store, module = call.world.crm.store, call.params["module"]
    store.module(module)
    specs = call.json_object().get("merge") or []
    data = specs[0].get("data", []) if specs and isinstance(specs[0], dict) else []
    losers = [str(d["id"]) for d in data if str(d.get("id")) != call.params["id"]]
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


def _scope(operation: str) -> Callable[[Call], str]:
    return lambda call: f"ZohoCRM.modules.{call.params.get('module', 'ALL')}.{operation}"


def _tens(call: Call) -> int:
    items = call.body.get("data") if isinstance(call.body, dict) else None
    return (len(items) + 9) // 10 if isinstance(items, list) and items else 1


def _many(call: Call) -> bool:
    items = call.body.get("data") if isinstance(call.body, dict) else None
    return isinstance(items, list) and len(items) > 10


def _coql_cost(call: Call) -> int:
    text = str(call.body.get("select_query", "")) if isinstance(call.body, dict) else ""
    words = text.lower().split()
    limit = words[words.index("limit") + 1] if "limit" in words[:-1] else "200"
    number = int(limit) if limit.isdigit() else 200
    return 1 if number <= 200 else 2 if number <= 1_000 else 3


_M = "/crm/v8/{module}"
ENDPOINTS = [
    Endpoint("crm", "POST", "/crm/v8/coql", run_coql, "ZohoCRM.coql.READ", _coql_cost, True),
    Endpoint("crm", "GET", _M, list_records, _scope("READ")),
    Endpoint("crm", "POST", _M, insert_records, _scope("CREATE"), _tens, _many),
    Endpoint("crm", "PUT", _M, update_records, _scope("UPDATE"), _tens, _many),
    Endpoint("crm", "DELETE", _M, delete_records, _scope("DELETE")),
    Endpoint("crm", "POST", f"{_M}/upsert", upsert_records, _scope("UPDATE"), _tens, _many),
    Endpoint("crm", "GET", f"{_M}/deleted", deleted_records, _scope("READ"), 2),
    Endpoint("crm", "GET", f"{_M}/search", search_records, _scope("READ"), 1, True),
    Endpoint("crm", "POST", f"{_M}/{{id}}/actions/merge", merge_records, _scope("UPDATE")),
    Endpoint("crm", "GET", f"{_M}/{{id}}", get_record, _scope("READ")),
    Endpoint("crm", "PUT", f"{_M}/{{id}}", update_records, _scope("UPDATE")),
    Endpoint("crm", "DELETE", f"{_M}/{{id}}", delete_records, _scope("DELETE")),
]
