"""The one table: what every error code of both products means for us, with a sentence for a person.

`retry` it passes by itself · `wait` quota: never a try · `quarantine` this record is refused ·
`stop` the connection waits for a person. Sources: dossier crm §1-6, books §8-9; a test per row, and one that
reads the dossiers for a code without a row.
"""

from __future__ import annotations

from http import HTTPStatus

from tandem.adapters.zoho.rule import RECONNECT, Rule, quota, refused, retry, stop
from tandem.adapters.zoho.rules_crm import CRM, CRM_ITEM
from tandem.core.errors import (
    AlreadyModifiedError,
    DuplicateError,
    GoneError,
    StopError,
    TokenRevokedError,
)

__all__ = ["CRM", "CRM_ITEM", "Rule", "for_status"]

UNIQUE_FIELD_CODES: frozenset[str] = frozenset()
"""Books codes that say "a unique custom field's value is taken": UNCONFIRMED (dossier books §4), so a setting."""

SUCCESSES = frozenset({"SUCCESS", "ADDED_SUCCESSFULLY"})
"""CRM's codes for a result that is none of an error (dossier crm §2, §6)."""

BOOKS_GONE = frozenset({"2", "1002", "2006"})
"""Codes that, on a call naming one record, say it does not exist (dossier books §9)."""

CRM_STALE_TOKEN = frozenset({"INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE"})
BOOKS_STALE_TOKEN = frozenset({"57", "14"})
"""With HTTP 401: the token may be stale, refresh once (dossier crm §1, books §9)."""

BOOKS: dict[str, Rule] = {
    "2": refused("Books does not accept a value, or the record does not exist"),
    "4": refused("Books does not accept the value of a field"),
    "5": stop("Books does not know this address: check the base URL of the connection", StopError),
    "14": stop(f"Books refuses the access token: {RECONNECT}"),
    "43": quota("minute", 60.0, "Books was asked too often this minute"),
    "44": quota("minute", 60.0, "Books was asked too often this minute"),
    "45": quota("day", 3600.0, "the day's calls of this Books organisation are used up"),
    "57": stop("Books does not authorise this: scope, organisation or data centre is wrong; reconnect"),
    "1000": retry("Books failed inside"),
    "1002": refused("the Books record does not exist"),
    "1038": refused("Books cannot read what was sent"),
    "1070": quota("in_flight", 2.0, "Books has too many calls in process"),
    "2006": refused("the Books record does not exist"),
    "3062": refused("Books has a customer or vendor of this name already", DuplicateError),
    "6041": stop(
        "the user of this connection does not belong to this Books organisation: check organization_id"
    ),
    "9017": stop("the user of this connection belongs to no Books organisation"),
    "108004": refused("Books finds that the accounts do not match"),
}

STATUS: dict[int, Rule] = {
    400: refused("the request was refused"),
    401: stop(f"Zoho does not accept the access token: {RECONNECT}"),
    403: stop("the user of this connection is not allowed to do this"),
    404: refused("there is nothing at this address"),
    405: stop("Zoho refuses this method at this address: check the base URL", StopError),
    412: Rule("retry", AlreadyModifiedError, "somebody edited the record meanwhile: it is read again"),
    413: refused("the request is too large"),
    429: quota("minute", 60.0, "Zoho says: too many requests"),
    500: retry("Zoho failed inside"),
    502: retry("Zoho is out of reach"),
    503: retry("Zoho is out of service for a moment"),
    504: retry("Zoho took too long inside"),
}
"""For an answer whose code is unknown or missing."""

UNEXPLAINED = retry("Zoho calls the request done and names a code that is documented nowhere")
"""HTTP 2xx with an unknown code: no proof of a refusal, so a write is looked up before it is tried again."""

REDIRECTED = stop("Zoho answers from another address: check the base URL of the connection", StopError)

TOKEN: dict[str, Rule] = {
    "invalid_code": stop(
        f"Zoho no longer accepts the refresh token of this connection: {RECONNECT}", TokenRevokedError
    ),
    "invalid_client": stop(
        "Zoho does not know this client id (perhaps in this data centre): check the oauth secret"
    ),
    "invalid_client_secret": stop("the client secret is wrong: check the oauth secret"),
    "missing_org_info": stop("the token request names no organisation: reconnect"),
    "access_denied": quota("token", 600.0, "Zoho grants 10 access tokens in 10 minutes: wait"),
    "general_error": retry("Zoho's token endpoint failed inside"),
}
"""Keyed by `error` in lower case with `_` for blanks: `Access Denied` is `access_denied` (dossier crm §1)."""

GONE = refused("the record does not exist (any more)", GoneError)
TAKEN = refused("another record holds the value of a unique field already", DuplicateError)
DAY_CREDITS = quota("day", 3600.0, "the day's API credits of this CRM organisation are used up")


def for_status(status: int) -> Rule:
    """The rule of an HTTP status, whatever it is; nothing is guessed from a code that has no row."""
    if status in STATUS:
        return STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return STATUS[HTTPStatus.INTERNAL_SERVER_ERROR]
    if status >= HTTPStatus.BAD_REQUEST:
        return STATUS[HTTPStatus.BAD_REQUEST]
    return REDIRECTED if status >= HTTPStatus.MULTIPLE_CHOICES else UNEXPLAINED
