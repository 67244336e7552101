"""Parameters of CRM's lists that have a documented form (CRM dossier 2, 3, 4; Zoho's OpenAPI of v8).

What the served modules know is applied. There are no custom views and no territories here, so that no id of
one is right; no record is converted, for leads alone can be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.crm.records import CrmRecord, approval_state
from sandbox.replies import CrmError

if TYPE_CHECKING:
    from sandbox.pipeline import Call

Test = Callable[[CrmRecord], bool]
_BOTH = ("false", "true", "both")
APPROVAL_STATES = (
    "approved", "approval_process_pending", "approval_process_rejected", "review_process_pending",
    "review_process_rejected", "webform_invalid", "webform_invalid_approval", "webform_unapproved",
    "webform_double_optin", "zia_vision_validation", "zia_vision_pending", "zia_vision_rejected",
    "email_parser_waiting", "email_parser_rejected", "merge_pending",
)  # fmt: skip


def chosen(call: Call, name: str, choices: tuple[str, ...]) -> str | None:
    """Return one of a few values, or None when it was not sent; raises CrmError PATTERN_NOT_MATCHED."""
    value = call.query.get(name)
    if value is not None and value not in choices:
        text = "Please check whether the input values are correct"
        raise CrmError("PATTERN_NOT_MATCHED", text, {"param_name": name})
    return value


def ambiguous(*names: str) -> CrmError:
    """Return the refusal of parameters that exclude each other."""
    text = f"You cannot use both {' and '.join(names)}"
    return CrmError(
        "AMBIGUITY_DURING_PROCESSING", text, {"ambiguity_due_to": [{"param_name": n} for n in names]}
    )


def listing(call: Call) -> list[Test]:
    """Return what GET /{module} is narrowed by."""
    if "cvid" in call.query and "sort_by" in call.query:
        raise ambiguous("cvid", "sort_by")
    for name in ("cvid", "territory_id"):
        if name in call.query:
            raise CrmError("INVALID_DATA", "invalid data", {"param_name": name})
    chosen(call, "include_child", ("true", "false"))
    return _states(call)


def searching(call: Call) -> list[Test]:
    """Return what GET /{module}/search is narrowed by, beside what is looked for."""
    state = chosen(call, "approval_state", APPROVAL_STATES)
    tests = _states(call)
    return tests if state is None else [*tests, lambda record: approval_state(record) == state]


def _states(call: Call) -> list[Test]:
    """Return what both words leave over; without them, only what is approved and not converted."""
    tests: list[Test] = []
    if chosen(call, "converted", _BOTH) == "true":
        tests.append(lambda record: False)
    all_by_default = "approval_state" in call.query or not call.world.switches.unapproved_left_out
    approved = chosen(call, "approved", _BOTH) or ("both" if all_by_default else "true")
    waiting = call.world.crm.store.data[call.params["module"]].waiting
    if approved == "false" or (approved == "true" and waiting):
        tests.append(lambda record: (record.id in waiting) is (approved == "false"))
    return tests
