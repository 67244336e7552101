"""CRM record endpoints (CRM dossier 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import le, lt
from typing import Any

from sandbox.clock import parse_time
from sandbox.crm.metadata import CrmModule
from sandbox.crm.params import listing
from sandbox.crm.records import CrmRecord, Effect
from sandbox.pipeline import Call, Endpoint
from sandbox.refusals import refuse_record
from sandbox.replies import CrmError, InData, Json, Reply
from sandbox.shapes import texts_of

ADDED, UPDATED, DELETED = "record added", "record updated", "record deleted"


def since_header(call: Call, header: str) -> float | None:
    """Return the moment in a header, or None; raises CrmError for one that cannot be read."""
    text = call.header(header)
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise CrmError(
            "INVALID_DATA", "invalid data", {"api_name": header, "expected_data_type": "datetime"}
        ) from error


def newer_than(call: Call, since: float | None) -> Callable[[int], bool]:
    """Return what judges whether a moment is after another; whether the same second counts is a switch."""
    if since is None:
        return lambda moment: True
    return partial(le if call.world.switches.if_modified_since_inclusive else lt, since)


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
    since = since_header(call, "if-modified-since")
    newer, tests = newer_than(call, since), listing(call)
    if since is not None:
        tests.append(lambda record: newer(record.modified_time))
    page = call.world.page_tokens.page(call, module.api_name, _wanted(call), tests)
    if not page.rows:
        return Reply(304 if since is not None else 204)
    render = call.world.crm.render
    call.record_ids = [r.id for r in page.rows] if "ids" in call.query else []
    return Reply(200, {"data": render.rows(module.api_name, page.rows, names), "info": page.info(render)})


def _wanted(call: Call) -> set[str] | None:
    return set(call.query["ids"].split(",")) if call.query.get("ids") else None


def _named(call: Call) -> str:
    """Return the id of the record that the path names, by its id or, with X-EXTERNAL, by an external field."""
    store, module, value = call.world.crm.store, call.params["module"], call.params["id"]
    fields = store.module(module).fields
    for name in (call.header("x-external") or "").split(","):
        field = fields.get(name.strip().removeprefix(f"{module}."))
        if field is not None and field.external:
            live = store.data[module].live.values()
            return next((r.id for r in live if r.values.get(field.api_name) == value), value)
    return value


def get_record(call: Call) -> Reply:
    """GET /{module}/{id}: everything, or the asked fields; 204 when it is not there."""
    crm = call.world.crm
    record_id = _named(call)
    call.record_ids = [record_id]
    if not record_id.isdigit() and call.world.switches.malformed_id_answer == "400":
        raise CrmError("INVALID_DATA", "the id given seems to be invalid", {"resource_path_index": 1})
    record = crm.store.get(call.params["module"], record_id)
    since = since_header(call, "if-modified-since")
    if record is None:
        return Reply(204)
    if not newer_than(call, since)(record.modified_time):
        return Reply(304)
    names = [n for n in call.query.get("fields", "").split(",") if n]
    return Reply(200, {"data": crm.render.rows(record.module, [record], names)})


def _written_module(call: Call) -> CrmModule:
    """Return the module that is written to; how it is refused is a switch."""
    try:
        return call.world.crm.store.module(call.params["module"])
    except CrmError as error:
        if not call.world.switches.module_refusal_in_data:
            raise
        raise InData(error.code, error.message, error.details) from error


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
        text = "count of records in your request exceeds the limit"
        raise InData("LIMIT_EXCEEDED", text, {"maximum_length": 100, "api_name": "data"})
    return items


def _each(call: Call, items: list[Json], write: Callable[[int, Json], tuple[Effect, Json]], ok: int) -> Reply:
    """Write item by item; 207 when mixed, 400 or 412 when all fail."""
    results, effects, statuses = [], [], []
    for index, item in enumerate(items):
        try:
            refuse_record(call, item.get("id"), item, index, len(items))
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
        if "id" in call.params:  # of several records the log names those that were written
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
    _written_module(call)

    def write(index: int, item: Json) -> tuple[Effect, Json]:
        effect = store.insert(module, item, call.actor, index)
        return effect, _success(call, effect, ADDED)

    return _each(call, _items(call), write, 201)


def update_records(call: Call) -> Reply:
    """PUT /{module} and PUT /{module}/{id}: only the sent keys change; If-Unmodified-Since guards."""
    store, module = call.world.crm.store, call.params["module"]
    _written_module(call)
    since = since_header(call, "if-unmodified-since")
    items = _items(call)
    if "id" in call.params:
        items = [{**items[0], "id": _named(call)}]
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
        if record is not None and store.is_later(record, since):
            error = CrmError(
                "ALREADY_MODIFIED",
                "record updated time has already passed if-unmodified-since time",
                {"record": record},
                412,
            )
            drawn = _refusal(call, error)
            raise InData(drawn["code"], drawn["message"], drawn["details"], 412)


def upsert_records(call: Call) -> Reply:
    """POST /{module}/upsert: matches by duplicate_check_fields, else system and unique fields."""
    crm, module = call.world.crm, call.params["module"]
    meta = _written_module(call)
    since = since_header(call, "if-unmodified-since")
    named = texts_of(call.json_object().get("duplicate_check_fields"))
    unique = [f.api_name for f in meta.fields.values() if f.unique]
    names = named or [meta.duplicate_field, *unique]

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
    ids = [_named(call)] if "id" in call.params else [i for i in call.query.get("ids", "").split(",") if i]
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


def scope_of(operation: str) -> Callable[[Call], str]:
    """Return what names the scope of an operation on the call's module."""
    return lambda call: f"ZohoCRM.modules.{call.params.get('module', 'ALL')}.{operation}"


def _tens(call: Call) -> int:
    items = call.body.get("data") if isinstance(call.body, dict) else None
    return (len(items) + 9) // 10 if isinstance(items, list) and items else 1


def _many(call: Call) -> bool:
    items = call.body.get("data") if isinstance(call.body, dict) else None
    return isinstance(items, list) and len(items) > 10


_M = "/crm/v8/{module}"


ENDPOINTS = [
    Endpoint("crm", "GET", _M, list_records, scope_of("READ")),
    Endpoint("crm", "POST", _M, insert_records, scope_of("CREATE"), _tens, _many),
    Endpoint("crm", "PUT", _M, update_records, scope_of("UPDATE"), _tens, _many),
    Endpoint("crm", "DELETE", _M, delete_records, scope_of("DELETE")),
    Endpoint("crm", "POST", f"{_M}/upsert", upsert_records, scope_of("UPDATE"), _tens, _many),
    Endpoint("crm", "GET", f"{_M}/{{id}}", get_record, scope_of("READ")),
    Endpoint("crm", "PUT", f"{_M}/{{id}}", update_records, scope_of("UPDATE")),
    Endpoint("crm", "DELETE", f"{_M}/{{id}}", delete_records, scope_of("DELETE")),
]
