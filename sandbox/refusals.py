"""Planted refusals of one record: by its id, as one item of a batch, as a duplicate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sandbox.crm.records import REFUSALS
from sandbox.faults import Fault, Target
from sandbox.replies import BooksError, CrmError, Json, SandboxError
from sandbox.shapes import number_of, object_of

if TYPE_CHECKING:
    from sandbox.pipeline import Call

_NAMES = ("Account_Name", "Last_Name", "Vendor_Name", "Product_Name", "contact_name", "name")
_EMAILS = ("Email", "email")


def refuse_record(call: Call, record_id: str | None, body: Json, index: int = 0, items: int = 1) -> None:
    """Raise the planted refusal of one record, if there is one."""
    if not call.world.faults.listed():
        return
    ids = tuple(filter(None, (record_id,)))
    text = json.dumps(body, ensure_ascii=False)
    target = Target(
        call.product,
        call.method,
        call.endpoint,
        call.path,
        ids,
        call.module,
        text,
        index=index,
        items=items,
        carries=_carries(body),
    )
    fault = call.world.faults.strike("record", target, call.world.clock.now())
    if fault is not None:
        call.fault = fault.name
        raise _refusal(call, fault, body)


def _carries(body: Json) -> frozenset[str]:
    persons = body.get("contact_persons")
    inner = [p for p in persons if isinstance(p, dict)] if isinstance(persons, list) else []
    emails = [part.get(name) for part in (body, *inner) for name in _EMAILS]
    found = {"name"} if any(body.get(name) for name in _NAMES) else set()
    return frozenset(found | ({"email"} if any(emails) else set()))


def _refusal(call: Call, fault: Fault, body: Json) -> SandboxError:
    options, status = fault.options, int(fault.options.get("status", 400))
    kind = fault.name.removeprefix("duplicate_") if fault.name.startswith("duplicate_") else None
    if call.product == "books":
        code, message = {
            "name": (
                3062,
                f'The customer "{body.get("contact_name")}" already exists. Please specify a different name.',
            ),
            "email": (4, "A contact person with this email already exists."),
            None: (4, "Invalid value passed"),
        }[kind]
        return BooksError(number_of(options.get("code"), code), str(options.get("message", message)), status)
    code_text, details = str(options.get("code", "INVALID_DATA")), object_of(options.get("details"))
    message = dict(reversed(REFUSALS.values())).get(code_text, "invalid data")
    if kind is not None:
        names = _NAMES if kind == "name" else _EMAILS
        code_text, message = str(options.get("code", "DUPLICATE_DATA")), "duplicate data"
        details = {"api_name": next(n for n in names if body.get(n)), **details}
    return CrmError(code_text, str(options.get("message", message)), details, status)
