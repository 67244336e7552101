"""From an answer to an error: reads code and details, looks the rule up, raises.

Sentences are ours; Zoho's own text may hold values, so it is kept in `details["zoho"]` and out of `str()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tandem.adapters.zoho import rules
from tandem.adapters.zoho.endpoints import Endpoint, Product
from tandem.adapters.zoho.models import CrmDetails, TokenAnswer
from tandem.adapters.zoho.parse import as_int, as_object, as_rows, as_seconds, as_text
from tandem.adapters.zoho.rules import Rule
from tandem.core.errors import (
    DuplicateError,
    RateLimitedError,
    RefusedError,
    TandemError,
    TransientError,
    UnknownOutcomeError,
)

Headers = Mapping[str, str]

_NO_CODE = "NO_CODE"


def code_of(product: Product, body: Any) -> str:
    """The answer's error code as text; empty when all is well (Books: 0, as number or text)."""
    if not isinstance(body, Mapping):
        return ""
    if product == "crm" and body.get("code") is None:
        return next((code for code in map(_item_code, _items(body)) if code), "")
    code = _word(body.get("code"))
    return "" if code in (rules.SUCCESSES if product == "crm" else ("0",)) else code


def is_stale_token(product: Product, status: int, body: Any) -> bool:
    """Whether a refreshed token may help: never for a scope or a permission (dossier crm §1, books §9)."""
    stale = rules.CRM_STALE_TOKEN if product == "crm" else rules.BOOKS_STALE_TOKEN
    return status == HTTPStatus.UNAUTHORIZED and code_of(product, body) in stale


def quota_of(product: Product, headers: Headers) -> tuple[int | None, float | None]:
    """What is left of the day and in how many seconds it begins anew (dossier books §8, crm §8)."""
    if product == "crm":
        return as_int(headers.get("x-api-credits-remaining")), None
    return as_int(headers.get("x-rate-limit-remaining")), as_seconds(headers.get("x-rate-limit-reset"))


def check(
    endpoint: Endpoint,
    status: int,
    body: Any,
    headers: Headers,
    *,
    unique_codes: frozenset[str] = frozenset(),
) -> None:
    """Raise what the answer as a whole says; CRM's per-record results are left to `check_item`."""
    reply = body if isinstance(body, Mapping) else {}
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    results = _items(reply) if endpoint.product == "crm" and not failed else []
    if results and _speaks_of_call(endpoint, status, results[0]):
        reply = results[0]
    elif results:
        if endpoint.reads and status >= HTTPStatus.BAD_REQUEST:
            check_item(endpoint, results[0])
        return
    code = code_of(endpoint.product, reply)
    fine = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.NOT_MODIFIED
    if fine and not code:
        return
    rule = rules.for_status(status) if failed else _rule(endpoint, status, reply, code)
    if code in unique_codes and not endpoint.reads:
        rule = rules.TAKEN
    raise _error(rule, endpoint, code or str(status), reply, headers)


def check_item(endpoint: Endpoint, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The details of one successful result; raises what a refused one says (dossier crm §2)."""
    code = _item_code(item)
    if not code:
        details = item.get("details")
        return details if isinstance(details, Mapping) else {}
    if code == _NO_CODE:
        raise UnknownOutcomeError(
            f"{endpoint.product}: a result without a code; whether it was written is unknown"
        )
    nested = _nested(item)
    inner = nested[0] if nested else item
    known = _item_code(inner)
    rule = rules.CRM_ITEM.get(known) or rules.CRM.get(known) or rules.for_status(400)
    if _names_missing_id(endpoint, inner, wrapped=True):
        rule = rules.GONE
    raise _error(rule, endpoint, known or code, inner, {}, others=nested[1:])


def check_token(status: int, body: Any) -> None:
    """Raise what the token endpoint says; HTTP 200 says nothing (dossier crm §1)."""
    told = TokenAnswer.of(body)
    if told.access_token:
        return
    name = told.error.strip().lower().replace(" ", "_")
    rule = rules.TOKEN.get(name)
    if rule is None and status == HTTPStatus.TOO_MANY_REQUESTS:
        rule = rules.TOKEN["access_denied"]
    rule = rule or rules.TOKEN["general_error"]
    if issubclass(rule.error, RateLimitedError):
        raise RateLimitedError(rule.kind, rule.wait, rule.sentence)
    raise rule.error(f"{rule.sentence} ({name if name in rules.TOKEN else status})")


def _items(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Results of a write: objects that carry `code` and `status` (records of a read do not)."""
    rows = as_rows(body.get("data")) or as_rows(body.get("watch"))
    return [row for row in rows if "code" in row and row.get("status") in ("success", "error")]


def _speaks_of_call(endpoint: Endpoint, status: int, item: Mapping[str, Any]) -> bool:
    """Whether a refusal in `data` is that of the call: of a list, or of the module in the address.

    CRM's examples draw it so for writes and for deletions; the recorded answers have it bare (dossier crm §3).
    """
    of_list = endpoint.reads and not endpoint.one
    return status >= HTTPStatus.BAD_REQUEST and (of_list or _place_in_path(item) == 0)


def _place_in_path(item: Mapping[str, Any]) -> int | None:
    """Which part of the address is wrong: 0 the module, 1 the id; None when CRM names none."""
    return as_int(as_object(item.get("details")).get("resource_path_index"))


def _word(code: Any) -> str:
    """A code as text; what is there but cannot be one is none of ours."""
    return "" if code in (None, "") else as_text(code) or _NO_CODE


def _item_code(item: Mapping[str, Any]) -> str:
    code = _word(item.get("code"))
    return "" if code in rules.SUCCESSES else code or _NO_CODE


def _nested(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return CrmDetails.of(item.get("details")).errors


def _rule(endpoint: Endpoint, status: int, body: Mapping[str, Any], code: str) -> Rule:
    crm = endpoint.product == "crm"
    gone = (
        _names_missing_id(endpoint, body, wrapped=False) if crm else endpoint.one and code in rules.BOOKS_GONE
    )
    table = rules.CRM if crm else rules.BOOKS
    return rules.GONE if gone else table.get(code) or rules.for_status(status)


def _names_missing_id(endpoint: Endpoint, item: Mapping[str, Any], *, wrapped: bool) -> bool:
    """Whether INVALID_DATA speaks of the record's own id, not of a lookup's (dossier crm §2)."""
    if not endpoint.one or item.get("code") != "INVALID_DATA":
        return False
    details = CrmDetails.of(item.get("details"))
    if details.json_path:
        return details.json_path in ("$.data[0].id", "$.id")
    if _place_in_path(item) is not None and (not wrapped or "{id}" in endpoint.template):
        return True
    return details.api_name == "id" or "the id given" in as_text(item.get("message")).lower()


def _error(
    rule: Rule,
    endpoint: Endpoint,
    code: str,
    body: Mapping[str, Any],
    headers: Headers,
    others: list[Mapping[str, Any]] | None = None,
) -> TandemError:
    if issubclass(rule.error, RateLimitedError):
        return _quota_error(rule, endpoint, headers)
    if issubclass(rule.error, RefusedError):
        return _refusal(rule.error, rule.sentence, code, body, others or [])
    if issubclass(rule.error, TransientError) and not endpoint.reads:
        return UnknownOutcomeError(f"{rule.sentence} ({code}): whether it was written is unknown")
    return rule.error(f"{rule.sentence} ({code})")


def _quota_error(rule: Rule, endpoint: Endpoint, headers: Headers) -> RateLimitedError:
    remaining, reset = quota_of(endpoint.product, headers)
    if endpoint.product == "crm" and remaining == 0:
        rule = rules.DAY_CREDITS
    hint = as_seconds(headers.get("retry-after"))
    if hint is None and rule.kind == "day":
        hint = reset
    return RateLimitedError(rule.kind, rule.wait if hint is None else hint, rule.sentence)


def _refusal(
    error: type[RefusedError],
    sentence: str,
    code: str,
    body: Mapping[str, Any],
    others: list[Mapping[str, Any]],
) -> RefusedError:
    told = CrmDetails.of(body.get("details"))
    details: dict[str, object] = dict(as_object(body.get("details")))
    if body.get("message"):
        details["zoho"] = body["message"]
    if others:
        details["others"] = [dict(other) for other in others]
    if issubclass(error, DuplicateError):
        return error(code, sentence, told.field, details, told.duplicate_record or told.id)
    return error(code, sentence, told.field, details)
