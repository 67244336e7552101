"""Bulk read: a job that ends after a while, its callback, and its zipped CSV (CRM dossier 6)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from sandbox.crm import coql
from sandbox.crm.records import CrmRecord
from sandbox.faults import Target
from sandbox.gatekeeper import crm_limit
from sandbox.pipeline import Call, Endpoint
from sandbox.replies import CrmError, Json, Reply
from sandbox.shapes import is_web_address, number_of, object_of, objects_of, texts_of

PER_PAGE = 200_000
JOB_SECONDS = 2.0
DAY = 86_400.0
_OPERATORS = {
    "equal": "=",
    "not_equal": "!=",
    "in": "in",
    "not_in": "not in",
    "less_than": "<",
    "less_equal": "<=",
    "greater_than": ">",
    "greater_equal": ">=",
    "between": "between",
    "not_between": "not between",
    "contains": "like",
    "not_contains": "not like",
    "starts_with": "like",
    "ends_with": "like",
}
_OF_NEW = ("id", "operation", "state", "created_by", "created_time")
_PATTERNS = {"contains": "%{}%", "not_contains": "%{}%", "starts_with": "{}%", "ends_with": "%{}"}


@dataclass(slots=True)
class BulkJob:
    """One job with the rows as they were when it was created."""

    id: str
    module: str
    fields: list[str]
    rows: list[list[str]]
    page: int
    more: bool
    created: float
    user: str
    query: Json
    fails: bool = False

    def state(self, now: float, is_queued: bool) -> str:
        """ADDED, IN PROGRESS, then COMPLETED or FAILURE; `is_queued`: QUEUED before it is in progress."""
        share = (now - self.created) / JOB_SECONDS
        if share >= 1:
            return "FAILURE" if self.fails else "COMPLETED"
        if share > 1 / 2:
            return "IN PROGRESS"
        return "QUEUED" if is_queued and share > 1 / 4 else "ADDED"


def _condition(spec: Any) -> coql.Condition | None:
    if not isinstance(spec, dict) or not spec:
        return None
    if "group" in spec:
        parts = [c for c in map(_condition, objects_of(spec["group"])) if c is not None]
        word = str(spec.get("group_operator", "and")).lower()
        if not parts:
            return None
        joined = parts[0]
        for part in parts[1:]:
            joined = coql.Both(word, joined, part)
        return joined
    name, comparator = object_of(spec.get("field")).get("api_name"), spec.get("comparator")
    if not isinstance(comparator, str) or comparator not in _OPERATORS or not isinstance(name, str):
        raise CrmError("INVALID_DATA", "invalid data", {"api_name": "comparator"})
    value = spec.get("value")
    if comparator in _PATTERNS:
        value = _PATTERNS[comparator].format(value)
    if value == "${EMPTY}":
        return coql.Compare(name, "is null" if comparator == "equal" else "is not null", None)
    return coql.Compare(name, _OPERATORS[comparator], _compared(comparator, value))


def _compared(comparator: str, value: Any) -> Any:
    """Return what a column is compared with; raises CrmError for another shape."""
    values = value if isinstance(value, list) else [value]
    is_pair = len(values) == 2 or not comparator.endswith("between")
    wants_list = comparator in ("in", "not_in", "between", "not_between")
    nested = any(isinstance(one, list | dict) for one in values)
    if wants_list != isinstance(value, list) or nested or not is_pair:
        raise CrmError("INVALID_DATA", "invalid data", {"api_name": "value"})
    return tuple(values) if wants_list else value


def _cell(call: Call, record: CrmRecord, name: str) -> str:
    """Lookups are bare ids, booleans words, empty means null."""
    value = record.id if name in ("id", "Id") else call.world.crm.render.value(record, name)
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value)


def _callback_url(callback: Any) -> str | None:
    """Return where the end of a job is to be told, None for nowhere; raises CrmError."""
    if callback is None:
        return None
    method, url = object_of(callback).get("method"), object_of(callback).get("url")
    if method != "post":
        supported = {"supported_callback_methods": ["post"]}
        raise CrmError("INVALID_CALLBACK_METHOD", "the callback method is not supported", supported)
    if not is_web_address(url):
        raise CrmError("INVALID_CALLBACK_URL", "the callback url is not valid")
    return str(url)


def _call_back(call: Call, job: BulkJob, url: str) -> None:
    """Queue the callback for the moment at which the job is done.

    What it carries stands in no source beyond "the job's details": the switch has both readings.
    """
    details = _details(call, job, job.state(job.created + JOB_SECONDS, is_queued=False))
    is_bare = call.world.switches.bulk_read_callback == "job"
    body = {"job_id": details.pop("id"), **details} if is_bare else {"data": [details]}
    call.world.outbox.put(
        "crm",
        url,
        {"Content-Type": "application/json;charset=UTF-8"},
        json.dumps(body, ensure_ascii=False).encode(),
        body,
        [job.id],
        "read",
        f"bulk read {job.id}",
        after=JOB_SECONDS,
    )


def create_job(call: Call) -> Reply:
    """POST /crm/bulk/v8/read: the rows are taken now, the job is done later."""
    query, url = call.json_object().get("query"), _callback_url(call.json_object().get("callback"))
    if not isinstance(query, dict):
        raise CrmError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": "query"})
    jobs = call.world.bulk_jobs
    page = max(1, number_of(query.get("page"), 1))
    if query.get("page_token"):
        old = jobs.get(str(query["page_token"]))
        if old is None or call.world.clock.now() >= old.created + DAY:
            raise CrmError("INVALID_DATA", "invalid data", {"api_name": "page_token"})
        query, page = old.query, old.page + 1
    if query.get("cvid"):
        raise CrmError("CVID_NOT_SUPPORTED", "the custom view is not supported")
    crm, name = call.world.crm, object_of(query.get("module")).get("api_name")
    module = crm.store.modules.get(str(name))
    if module is None:
        raise CrmError("INVALID_DATA", "the module name given seems to be invalid", {"api_name": "module"})
    listed = query.get("fields")
    asked = [*texts_of(listed), *(str(f.get("api_name")) for f in objects_of(listed))] or list(module.fields)
    unknown = [f for f in asked if f not in module.fields and f not in ("id", "Id")]
    if unknown:
        raise CrmError("FIELD_NOT_AVAILABLE", "field not available", {"api_name": unknown[0]})
    names = ["Id", *(f for f in asked if f.lower() != "id")]
    test = coql.compile_where(_condition(query.get("criteria")), crm.queries.reading(module.api_name))
    found = [r for r in crm.queries.ordered(module.api_name, "id", descending=False) if test(r)]
    chosen = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    rows = [[_cell(call, r, n) for n in names] for r in chosen]
    job = BulkJob(
        crm.store.ids.draw(),
        module.api_name,
        names,
        rows,
        page,
        len(found) > page * PER_PAGE,
        call.world.clock.now(),
        call.actor.crm_id,
        query,
    )
    target = Target("crm", "POST", call.endpoint, call.path, (job.id,), job.module)
    if call.world.faults.strike("job", target, job.created) is not None:
        job.fails, job.rows, job.more = True, [], False
    jobs[job.id] = job
    if url is not None:
        _call_back(call, job, url)
    call.record_ids = [job.id]
    details = _details(call, job, "ADDED")
    item = {
        "status": "success",
        "code": "ADDED_SUCCESSFULLY",
        "message": "Added successfully.",
        "details": {name: details[name] for name in _OF_NEW},
    }
    return Reply(201, {"data": [item], "info": {}})


def _job(call: Call) -> BulkJob:
    job = call.world.bulk_jobs.get(call.params["id"])
    if job is None:
        raise CrmError("RESOURCE_NOT_FOUND", "The requested resource doesn't exist.", status=404)
    return job


def _state(call: Call, job: BulkJob) -> str:
    return job.state(call.world.clock.now(), call.world.switches.bulk_read_queued)


def _is_over(call: Call, job: BulkJob) -> bool:
    kept = call.world.switches.bulk_read_result_days * DAY
    return call.world.clock.now() >= job.created + JOB_SECONDS + kept


def _details(call: Call, job: BulkJob, state: str) -> Json:
    crm = call.world.crm
    told: Json = {
        "id": job.id,
        "operation": "read",
        "state": state,
        "query": {
            "module": {"id": crm.store.modules[job.module].id, "api_name": job.module},
            "page": job.page,
            "fields": job.fields,
        },
        "file_type": "csv",
        "created_by": crm.render.user(job.user, with_email=False),
        "created_time": crm.render.time(job.created),
    }
    if state in ("COMPLETED", "FAILURE"):
        told["result"] = {
            "page": job.page,
            "count": len(job.rows),
            "download_url": f"/crm/bulk/v8/read/{job.id}/result",
            "per_page": PER_PAGE,
            "more_records": job.more,
            "next_page_token": job.id if job.more else None,
        }
    return told


def job_status(call: Call) -> Reply:
    """GET /crm/bulk/v8/read/{id}: the job in its state, with its result once it has ended."""
    job = _job(call)
    return Reply(200, {"data": [_details(call, job, _state(call, job))]})


def _count_download(call: Call) -> None:
    plan, meter, now = call.world.limits, call.world.meter, call.world.clock.now()
    most = plan.crm_downloads_per_minute
    if most is not None and meter.crm_downloads.count(now, 60 / plan.time_scale) >= most:
        raise crm_limit(call)
    meter.crm_downloads.add(now)


def job_result(call: Call) -> Reply:
    """GET /crm/bulk/v8/read/{id}/result: a ZIP with one CSV, until it is thrown away."""
    job = _job(call)
    if _state(call, job) != "COMPLETED" or _is_over(call, job):
        raise CrmError("RESOURCE_NOT_FOUND", "The requested resource doesn't exist.", status=404)
    _count_download(call)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(job.fields)
    writer.writerows(job.rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{job.id}.csv", text.getvalue())
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{job.id}.zip"}
    return Reply(200, headers=headers, content=packed.getvalue(), media_type="application/zip")


ENDPOINTS = [
    Endpoint(
        "crm",
        "POST",
        "/crm/bulk/v8/read",
        create_job,
        ("ZohoCRM.bulk.READ", "ZohoCRM.modules.ALL.READ"),
        50,
        heavy=True,
    ),
    Endpoint("crm", "GET", "/crm/bulk/v8/read/{id}", job_status, "ZohoCRM.bulk.READ"),
    Endpoint("crm", "GET", "/crm/bulk/v8/read/{id}/result", job_result, "ZohoCRM.bulk.READ"),
]
