"""The one table: what every error code of both products means for us, with a sentence for a person.

`retry` it passes by itself · `wait` quota: never a try · `quarantine` this record is refused ·
`stop` the connection waits for a person. Sources: dossier crm §1-6, books §8-9; a test per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from tandem.core.errors import (
    AlreadyModifiedError,
    DuplicateError,
    ForbiddenError,
    GoneError,
    RateLimitedError,
    RefusedError,
    StopError,
    TandemError,
    TokenRevokedError,
    TransientError,
)

Does = Literal["retry", "wait", "quarantine", "stop"]
Kind = Literal["minute", "day", "in_flight", "token"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one code means: the error to raise and the sentence that a person reads.

    `kind` and `wait` (seconds, where the far side gives no hint) only for quota.
    """

    does: Does
    error: type[TandemError]
    sentence: str
    kind: Kind = "minute"
    wait: float = 0.0


def _refused(sentence: str, error: type[RefusedError] = RefusedError) -> Rule:
    return Rule("quarantine", error, sentence)


def _stop(sentence: str, error: type[StopError] = ForbiddenError) -> Rule:
    return Rule("stop", error, sentence)


def _retry(sentence: str) -> Rule:
    return Rule("retry", TransientError, sentence)


def _quota(kind: Kind, wait: float, sentence: str) -> Rule:
    return Rule("wait", RateLimitedError, sentence, kind, wait)


UNIQUE_FIELD_CODES: frozenset[str] = frozenset()
"""Books codes that say "a unique custom field's value is taken": UNCONFIRMED (dossier books §4), so a setting."""

BOOKS_GONE = frozenset({"2", "1002", "2006"})
"""Codes that, on a call naming one record, say it does not exist (dossier books §9)."""

CRM_STALE_TOKEN = frozenset({"INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE"})
BOOKS_STALE_TOKEN = frozenset({"57", "14"})
"""With HTTP 401: the token may be stale, refresh once (dossier crm §1, books §9)."""

_RECONNECT = "reconnect with `tandem connect` and a new grant code"

CRM: dict[str, Rule] = {
    # the token and what it may do
    "INVALID_TOKEN": _stop(f"Zoho CRM refuses even a fresh access token: {_RECONNECT}"),
    "INVALID_OAUTHTOKEN": _stop(f"Zoho CRM refuses even a fresh access token: {_RECONNECT}"),
    "AUTHENTICATION_FAILURE": _stop(f"Zoho CRM does not accept the login: {_RECONNECT}"),
    "OAUTH_SCOPE_MISMATCH": _stop(
        "the token lacks a scope: reconnect with every scope that `tandem scopes` lists"
    ),
    "NO_PERMISSION": _stop(
        "the CRM user of this connection lacks a permission: an administrator must grant it"
    ),
    "AUTHORIZATION_FAILED": _stop(
        "the CRM user of this connection is not authorised: check the user's profile"
    ),
    "INVALID_MODULE": _stop(
        "CRM does not know a module of the mapping: it was renamed, hidden or mistyped", StopError
    ),
    "MODULE_NOT_SUPPORTED": _stop("a module of the mapping is not open to the API: take it out", StopError),
    "INVALID_URL_PATTERN": _stop(
        "CRM does not know this address: check the base URL of the connection", StopError
    ),
    "INVALID_REQUEST_METHOD": _stop("CRM refuses this method at this address: check the base URL", StopError),
    # quota
    "TOO_MANY_REQUESTS": _quota("in_flight", 5.0, "CRM is asked too much at once"),
    "RATE_LIMIT_EXCEEDED": _quota("in_flight", 5.0, "CRM is asked too much at once"),
    # CRM's own faults
    "INTERNAL_ERROR": _retry("CRM failed inside"),
    "INTERNAL_SERVER_ERROR": _retry("CRM failed inside"),
    # one record
    "ALREADY_MODIFIED": Rule(
        "retry", AlreadyModifiedError, "somebody edited the record meanwhile: it is read again"
    ),
    "DUPLICATE_DATA": _refused("another CRM record holds this value already", DuplicateError),
    "DUPLICATE_LINKING_DATA": _refused("these two CRM records are linked already"),
    "MANDATORY_NOT_FOUND": _refused("CRM demands a value in this field: map it or give it a default"),
    "INVALID_DATA": _refused(
        "CRM does not accept the value of this field: check its type, length and choices"
    ),
    "MULTIPLE_OR_MULTI_ERRORS": _refused("CRM refuses several fields"),
    "DEPENDENT_FIELD_MISSING": _refused("CRM wants this field together with another one"),
    "DEPENDENT_MISMATCH": _refused("the value does not go with the field that it depends on"),
    "DEPENDENT_SERVICE_ERROR": _refused("another Zoho service refused the change within CRM"),
    "EXPECTED_FIELD_MISSING": _refused("CRM misses a field in what was sent"),
    "RECORD_LOCKED": _refused("the CRM record is locked: unlock it, then release"),
    "NOT_APPROVED": _refused("the CRM record waits for approval: approve or reject it, then release"),
    "NOT_REVIEWED": _refused("the CRM record waits for review: review it, then release"),
    "RECORD_IN_BLUEPRINT": _refused("a Blueprint governs this field: only its transition may change it"),
    "CONVERTED_RECORD": _refused("the CRM record was converted and cannot be edited"),
    "NOT_ALLOWED": _refused("CRM does not allow this change of the record"),
    "LIMIT_EXCEEDED": _refused("a limit of CRM stands against this (parameters, records or values)"),
    "LIMIT_REACHED": _refused("a limit of CRM is reached"),
    "FIELD_NOT_AVAILABLE": _refused("CRM does not offer this field: it was renamed or removed"),
    "RESOURCE_NOT_FOUND": _refused("CRM has no such resource"),
    # queries and paging
    "SYNTAX_ERROR": _refused("CRM cannot read the query"),
    "INVALID_QUERY": _refused(
        "CRM refuses the query: a field was renamed or removed, or a value does not suit it"
    ),
    "INVALID_ALIAS": _refused("CRM refuses the query's alias"),
    "DUPLICATE_ALIAS": _refused("CRM refuses the query's alias"),
    "REQUIRED_PARAM_MISSING": _refused("CRM misses a parameter"),
    "EXPECTED_PARAM_MISSING": _refused("CRM misses a parameter"),
    "CRITERIA_LIMIT_EXCEEDED": _refused("too many criteria in one search"),
    "DISCRETE_PAGINATION_LIMIT_EXCEEDED": _refused("more rows than CRM pages through by number"),
    "PAGINATION_LIMIT_EXCEEDED": _refused("more rows than CRM pages through"),
    "PAGE_RANGE_EXCEEDED": _refused("more pages than CRM offers"),
    "TOKEN_BOUND_DATA_MISMATCH": _refused("the page token belongs to another query"),
    "EXPIRED_VALUE": _refused("the page token is older than a day"),
    # notifications and bulk read
    "NOT_SUBSCRIBED": _refused("the notification channel has expired: subscribe anew"),
    "AMBIGUITY_DURING_PROCESSING": _refused("CRM cannot tell what the subscription means"),
    "INVALID_CALLBACK_URL": _refused("CRM cannot call this address"),
}

CRM_ITEM: dict[str, Rule] = {
    "NO_PERMISSION": _refused("the CRM user of this connection may not change this record or field"),
    "AUTHORIZATION_FAILED": _refused("the CRM user of this connection may not change this record"),
    "INVALID_MODULE": _refused("CRM does not know the module of this record"),
    "INVALID_REQUEST_METHOD": _refused("CRM refuses this kind of change for the record"),
}
"""Codes that stop a connection as the answer to a call, but speak of one record in `data[]`."""

BOOKS: dict[str, Rule] = {
    "2": _refused("Books does not accept a value, or the record does not exist"),
    "4": _refused("Books does not accept the value of a field"),
    "5": _stop("Books does not know this address: check the base URL of the connection", StopError),
    "14": _stop(f"Books refuses the access token: {_RECONNECT}"),
    "43": _quota("minute", 60.0, "Books was asked too often this minute"),
    "44": _quota("minute", 60.0, "Books was asked too often this minute"),
    "45": _quota("day", 3600.0, "the day's calls of this Books organisation are used up"),
    "57": _stop("Books does not authorise this: scope, organisation or data centre is wrong; reconnect"),
    "1000": _retry("Books failed inside"),
    "1002": _refused("the Books record does not exist"),
    "1038": _refused("Books cannot read what was sent"),
    "1070": _quota("in_flight", 2.0, "Books has too many calls in process"),
    "2006": _refused("the Books record does not exist"),
    "3062": _refused("Books has a customer or vendor of this name already", DuplicateError),
    "6041": _stop(
        "the user of this connection does not belong to this Books organisation: check organization_id"
    ),
    "9017": _stop("the user of this connection belongs to no Books organisation"),
    "108004": _refused("Books finds that the accounts do not match"),
}

STATUS: dict[int, Rule] = {
    400: _refused("the request was refused"),
    401: _stop(f"Zoho does not accept the access token: {_RECONNECT}"),
    403: _stop("the user of this connection is not allowed to do this"),
    404: _refused("there is nothing at this address"),
    405: _stop("Zoho refuses this method at this address: check the base URL", StopError),
    412: Rule("retry", AlreadyModifiedError, "somebody edited the record meanwhile: it is read again"),
    413: _refused("the request is too large"),
    429: _quota("minute", 60.0, "Zoho says: too many requests"),
    500: _retry("Zoho failed inside"),
    502: _retry("Zoho is out of reach"),
    503: _retry("Zoho is out of service for a moment"),
    504: _retry("Zoho took too long inside"),
}
"""For an answer whose code is unknown or missing."""

REDIRECTED = _stop("Zoho answers from another address: check the base URL of the connection", StopError)

TOKEN: dict[str, Rule] = {
    "invalid_code": _stop(
        f"Zoho no longer accepts the refresh token of this connection: {_RECONNECT}", TokenRevokedError
    ),
    "invalid_client": _stop(
        "Zoho does not know this client id (perhaps in this data centre): check the oauth secret"
    ),
    "invalid_client_secret": _stop("the client secret is wrong: check the oauth secret"),
    "missing_org_info": _stop("the token request names no organisation: reconnect"),
    "access_denied": _quota("token", 600.0, "Zoho grants 10 access tokens in 10 minutes: wait"),
    "general_error": _retry("Zoho's token endpoint failed inside"),
}
"""Keyed by `error` in lower case with `_` for blanks: `Access Denied` is `access_denied` (dossier crm §1)."""

GONE = _refused("the record does not exist (any more)", GoneError)
TAKEN = _refused("another record holds the value of a unique field already", DuplicateError)
DAY_CREDITS = _quota("day", 3600.0, "the day's API credits of this CRM organisation are used up")


def for_status(status: int) -> Rule:
    """The rule of an HTTP status, whatever it is."""
    if status in STATUS:
        return STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return STATUS[HTTPStatus.INTERNAL_SERVER_ERROR]
    return STATUS[HTTPStatus.BAD_REQUEST] if status >= HTTPStatus.BAD_REQUEST else REDIRECTED
