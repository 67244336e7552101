"""What every error code of CRM means for us (dossier crm §1-6, and the codes that CRM's OpenAPI adds); pure."""

from __future__ import annotations

from tandem.adapters.zoho.rule import RECONNECT, Rule, quota, refused, retry, stop
from tandem.core.errors import AlreadyModifiedError, DuplicateError, StopError

CRM: dict[str, Rule] = {
    # the token and what it may do
    "INVALID_TOKEN": stop(f"Zoho CRM refuses even a fresh access token: {RECONNECT}"),
    "INVALID_OAUTHTOKEN": stop(f"Zoho CRM refuses even a fresh access token: {RECONNECT}"),
    "AUTHENTICATION_FAILURE": stop(f"Zoho CRM does not accept the login: {RECONNECT}"),
    "OAUTH_SCOPE_MISMATCH": stop(
        "the token lacks a scope: reconnect with every scope that `tandem scopes` lists"
    ),
    "NO_PERMISSION": stop(
        "the CRM user of this connection lacks a permission: an administrator must grant it"
    ),
    "AUTHORIZATION_FAILED": stop(
        "the CRM user of this connection is not authorised: check the user's profile"
    ),
    "INVALID_MODULE": stop(
        "CRM does not know a module of the mapping: it was renamed, hidden or mistyped", StopError
    ),
    "MODULE_NOT_SUPPORTED": stop("a module of the mapping is not open to the API: take it out", StopError),
    "MODULE_NOT_AVAILABLE": stop("CRM does not offer a module of the mapping: take it out", StopError),
    "API_NOT_SUPPORTED": stop("this edition of CRM does not offer the call that Tandem makes", StopError),
    "INVALID_URL_PATTERN": stop(
        "CRM does not know this address: check the base URL of the connection", StopError
    ),
    "INVALID_REQUEST_METHOD": stop("CRM refuses this method at this address: check the base URL", StopError),
    # quota
    "TOO_MANY_REQUESTS": quota("in_flight", 5.0, "CRM is asked too much at once"),
    "RATE_LIMIT_EXCEEDED": quota("in_flight", 5.0, "CRM is asked too much at once"),
    # CRM's own faults
    "INTERNAL_ERROR": retry("CRM failed inside"),
    "INTERNAL_SERVER_ERROR": retry("CRM failed inside"),
    # one record
    "ALREADY_MODIFIED": Rule(
        "retry", AlreadyModifiedError, "somebody edited the record meanwhile: it is read again"
    ),
    "DUPLICATE_DATA": refused("another CRM record holds this value already", DuplicateError),
    "DUPLICATE_LINKING_DATA": refused("these two CRM records are linked already"),
    "MANDATORY_NOT_FOUND": refused("CRM demands a value in this field: map it or give it a default"),
    "INVALID_DATA": refused(
        "CRM does not accept the value of this field: check its type, length and choices"
    ),
    "MULTIPLE_OR_MULTI_ERRORS": refused("CRM refuses several fields"),
    "DEPENDENT_FIELD_MISSING": refused("CRM wants this field together with another one"),
    "DEPENDENT_MISMATCH": refused("the value does not go with the field that it depends on"),
    "DEPENDENT_SERVICE_ERROR": refused("another Zoho service refused the change within CRM"),
    "EXPECTED_FIELD_MISSING": refused("CRM misses a field in what was sent"),
    "RECORD_LOCKED": refused("the CRM record is locked: unlock it, then release"),
    "NOT_APPROVED": refused("the CRM record waits for approval: approve or reject it, then release"),
    "NOT_REVIEWED": refused("the CRM record waits for review: review it, then release"),
    "RECORD_IN_BLUEPRINT": refused("a Blueprint governs this field: only its transition may change it"),
    "CONVERTED_RECORD": refused("the CRM record was converted and cannot be edited"),
    "NOT_ALLOWED": refused("CRM does not allow this change of the record"),
    "LIMIT_EXCEEDED": refused("a limit of CRM stands against this (parameters, records or values)"),
    "LIMIT_REACHED": refused("a limit of CRM is reached"),
    "FIELD_NOT_AVAILABLE": refused("CRM does not offer this field: it was renamed or removed"),
    "RESOURCE_NOT_FOUND": refused("CRM has no such resource"),
    # one record, as CRM's OpenAPI names it beside the codes above
    "ALREADY_USED": refused("the value is in use already"),
    "CANNOT_DELETE": refused("CRM does not let this be deleted"),
    "CANNOT_PERFORM_ACTION": refused("CRM does not allow this change of the record"),
    "CANNOT_PROCESS": refused("CRM cannot carry the change out"),
    "CANNOT_UPDATE": refused("CRM does not let this be changed"),
    "DATA_MISMATCH": refused("two values that belong together do not agree"),
    "EXPECTED_DEPENDENT_FIELD_MISSING": refused("CRM wants this field together with another one"),
    "FILE_SIZE_MORE_THAN_ALLOWED_SIZE": refused("what was sent is larger than CRM takes"),
    "ID_ALREADY_CONVERTED": refused("the CRM record was converted and cannot be edited"),
    "MAPPING_MISMATCH": refused("the value does not go with the field that it depends on"),
    "NOT_FOUND": refused("CRM does not find what the change speaks of"),
    "NOT_SUPPORTED": refused("CRM does not support this for the record"),
    "NO_RECORDS_FOUND": refused("CRM finds no record for this"),
    "PATTERN_NOT_MATCHED": refused("the value does not have the form that CRM demands of this field"),
    "REQUIRED_DATA_NOT_FOUND": refused("CRM demands a value that was not sent"),
    "RESERVED_KEYWORD_NOT_ALLOWED": refused("the value is a word that CRM keeps for itself"),
    "STORAGE_SPACE_EXCEEDED": refused(
        "the storage of this CRM organisation is full: make room, then release"
    ),
    "ALREADY_SCHEDULED": refused("CRM is busy with an earlier request of this kind: release later"),
    # features that the organisation has or has not
    "FEATURE_NOT_ENABLED": refused("a feature of CRM is switched off that this needs"),
    "FEATURE_NOT_SUPPORTED": refused("this edition of CRM lacks a feature that this needs"),
    "NOT_SUPPORTED_FEATURE": refused("this edition of CRM lacks a feature that this needs"),
    "TERRITORY_NOT_ENABLED": refused("territories are switched off in this CRM organisation"),
    "CURRENCIES_NOT_ENABLED": refused("this CRM organisation has one currency only"),
    "ALREADY_ENABLED": refused("this is switched on already in CRM"),
    "ACTIVE_STATE_LIMIT_EXCEEDED": refused("CRM lets no more of these be active"),
    "CANNOT_RESTORE_WITHOUT_PARENT": refused("restore the parent record from CRM's recycle bin first"),
    # requests and criteria
    "INVALID_REQUEST": refused("CRM cannot read the request"),
    "REQUEST_BODY_IS_EMPTY": refused("CRM found nothing in what was sent"),
    "REQUEST_BODY_NOT_READABLE": refused("CRM cannot read what was sent"),
    "REQUEST_BODY_NOT_SUPPORTED": refused("CRM takes no body here"),
    "MEDIA_TYPE_NOT_SUPPORTED": refused("CRM does not take this kind of content"),
    "INVALID_CRITERIA": refused("CRM refuses the criteria"),
    "AMBIGUOUS_CRITERIA": refused("CRM cannot tell what the criteria mean"),
    "AMBIGUOUS_GROUP_IN_CRITERIA": refused("CRM cannot tell what a group of criteria means"),
    "COMPARATOR_AND_ENCRYPTED_VALUE_IN_CRITERIA_NOT_COMPATIBLE": refused(
        "an encrypted field cannot be compared so"
    ),
    "COMPARATOR_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE": refused("the comparison does not go with the value"),
    "CRITERIA_NOT_SUPPORTED": refused("CRM takes no criteria here"),
    "CVID_NOT_SUPPORTED": refused("CRM takes no custom view here"),
    "FIELD_AND_COMPARATOR_IN_CRITERIA_NOT_COMPATIBLE": refused("the field cannot be compared so"),
    "FIELD_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE": refused("the value does not go with the field"),
    "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED": refused("the field cannot be compared so"),
    "FIELD_IN_CRITERIA_NOT_AVAILABLE": refused("CRM does not offer a field of the criteria"),
    "FIELD_IN_CRITERIA_NOT_SUPPORTED": refused("CRM takes no criterion on this field"),
    "FIELD_NOT_SUPPORTED": refused("CRM does not give this field here"),
    "GROUP_OPERATOR_NOT_SUPPORTED": refused("CRM knows only `and` and `or` between criteria"),
    "JOIN_LIMIT_EXCEEDED": refused("too many lookups in one query"),
    "VALUE_IN_CRITERIA_NOT_SUPPORTED": refused("CRM does not take this value in a criterion"),
    "VALUE_LIMIT_EXCEEDED_IN_CRITERIA": refused("too many values in one criterion"),
    "VALUE_TYPE_NOT_SUPPORTED": refused("CRM does not take a value of this type"),
    "PAGE_NOT_SUPPORTED": refused("CRM does not page here"),
    "QUERY_NOT_SUPPORTED": refused("CRM takes no query here"),
    # queries and paging
    "SYNTAX_ERROR": refused("CRM cannot read the query"),
    "INVALID_QUERY": refused(
        "CRM refuses the query: a field was renamed or removed, or a value does not suit it"
    ),
    "INVALID_ALIAS": refused("CRM refuses the query's alias"),
    "DUPLICATE_ALIAS": refused("CRM refuses the query's alias"),
    "REQUIRED_PARAM_MISSING": refused("CRM misses a parameter"),
    "EXPECTED_PARAM_MISSING": refused("CRM misses a parameter"),
    "CRITERIA_LIMIT_EXCEEDED": refused("too many criteria in one search"),
    "DISCRETE_PAGINATION_LIMIT_EXCEEDED": refused("more rows than CRM pages through by number"),
    "PAGINATION_LIMIT_EXCEEDED": refused("more rows than CRM pages through"),
    "PAGE_RANGE_EXCEEDED": refused("more pages than CRM offers"),
    "TOKEN_BOUND_DATA_MISMATCH": refused("the page token belongs to another query"),
    "EXPIRED_VALUE": refused("the page token is older than a day"),
    # notifications and bulk read
    "NOT_SUBSCRIBED": refused("the notification channel has expired: subscribe anew"),
    "AMBIGUITY_DURING_PROCESSING": refused("CRM cannot tell what the subscription means"),
    "INVALID_CALLBACK_URL": refused("CRM cannot call this address"),
    "INVALID_CALLBACK_METHOD": refused("CRM calls back by POST only"),
    "CALLBACK_FAILURE": refused("CRM called the address and it did not answer well"),
    "INVALID_BULK_OPERATION": refused("CRM knows no such bulk operation"),
    "INVALID_SERVICE_NAME": refused("CRM knows no such service"),
    "JOB_NOT_SUPPORTED": refused("CRM does not offer this kind of job"),
}

CRM_ITEM: dict[str, Rule] = {
    "NO_PERMISSION": refused("the CRM user of this connection may not change this record or field"),
    "AUTHORIZATION_FAILED": refused("the CRM user of this connection may not change this record"),
    "INVALID_MODULE": refused("CRM does not know the module of this record"),
    "MODULE_NOT_AVAILABLE": refused("CRM does not offer the module of this record"),
    "MODULE_NOT_SUPPORTED": refused("the module of this record is not open to the API"),
    "API_NOT_SUPPORTED": refused("CRM does not offer this change for the record"),
    "INVALID_REQUEST_METHOD": refused("CRM refuses this kind of change for the record"),
}
"""Codes that stop a connection as the answer to a call, but speak of one record in `data[]`."""
