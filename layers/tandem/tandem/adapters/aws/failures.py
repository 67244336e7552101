"""What the AWS client raises, in the words of the error tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from tandem.core.errors import StoreError, TableUnavailableError

CONDITION_FAILED = "ConditionalCheckFailedException"
_INVALID = ("ValidationException", "SerializationException")
_CONFLICTS = ("TransactionConflictException", "TransactionInProgressException")
_CONFLICT_REASONS = (
    "TransactionConflict",
    "ProvisionedThroughputExceeded",
    "ThrottlingError",
    "RequestLimitExceeded",
)


class ContendedError(TableUnavailableError):
    """Another write holds the row for a moment: worth a few tries at once."""


def code_of(error: ClientError) -> str:
    """The error code, such as `ThrottlingException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def first_refused(error: ClientError) -> tuple[int, Any]:
    """Of a cancelled transaction: the place of the first operation refused by its condition, and its row."""
    return next(
        (place, reason.get("Item")) for place, reason in enumerate(_reasons(error)) if _is_refused(reason)
    )


@contextmanager
def table_errors() -> Iterator[None]:
    """Raise ValueError for a malformed call (our bug), TableUnavailableError for all that time may heal.

    A refused condition passes through: only the caller knows whose row it was. After a time-out a
    write may have happened all the same.
    """
    try:
        yield
    except ParamValidationError as error:
        raise ValueError(str(error)) from error
    except BotoCoreError as error:
        raise TableUnavailableError(str(error)) from error
    except ClientError as error:
        if code_of(error) == CONDITION_FAILED or any(map(_is_refused, _reasons(error))):
            raise
        raise _table_error(error) from error


def _reasons(error: ClientError) -> list[Mapping[str, Any]]:
    answer: Mapping[str, Any] = error.response
    return list(answer.get("CancellationReasons", []))


def _is_refused(reason: Mapping[str, Any]) -> bool:
    return bool(reason.get("Code") == "ConditionalCheckFailed")


def _table_error(error: ClientError) -> Exception:
    code, reasons = code_of(error), {str(reason.get("Code")) for reason in _reasons(error)}
    if code in _INVALID or "ValidationError" in reasons:
        return ValueError(str(error))
    if code in _CONFLICTS or reasons & set(_CONFLICT_REASONS):
        return ContendedError(str(error))
    return TableUnavailableError(str(error))


@contextmanager
def store_errors(what: str) -> Iterator[None]:
    """Raise StoreError, naming `what` could not be done, for whatever the client raises."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"{what}: {error}") from error
