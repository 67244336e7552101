"""Secrets Manager; no message ever shows a value."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tandem.adapters.aws.failures import code_of, store_errors
from tandem.core.errors import BadInputError
from tandem.engine.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def read_secret(client: SecretsManagerClient, arn: str) -> dict[str, Any]:
    """The secret's JSON object, read now; raises BadInputError when it is empty, missing or not an object."""
    text = _read_text(client, arn)
    if not text.strip():
        raise BadInputError(f"the secret {arn} is empty: put its JSON object there")
    content = _parse(text)
    if not isinstance(content, dict):
        raise BadInputError(f"the secret {arn} is not a JSON object: put one there")
    return content


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # the decoder's error carries the whole text, so it must not be chained


def _read_text(client: SecretsManagerClient, arn: str) -> str:
    with store_errors(f"the secret {arn} could not be read"):
        try:
            return client.get_secret_value(SecretId=arn).get("SecretString", "")
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise BadInputError(f"the secret {arn} does not exist or has no value yet") from error


class Secrets:
    """One secret, kept for `ttl` seconds so that a burst of calls costs one read."""

    def __init__(self, client: SecretsManagerClient, arn: str, clock: Clock, ttl: float = 300) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._ttl = timedelta(seconds=ttl)
        self._kept: tuple[datetime, dict[str, Any]] | None = None

    def read(self, max_age: float | None = None) -> dict[str, Any]:
        """The secret's content, at most `max_age` (default: `ttl`) seconds old; a copy."""
        now = self._clock.now()
        oldest = self._ttl if max_age is None else timedelta(seconds=max_age)
        if self._kept is None or now - self._kept[0] >= oldest:
            self._kept = (now, read_secret(self._client, self._arn))
        return dict(self._kept[1])

    def forget(self) -> None:
        """Read afresh next time, such as after a refusal that a rotation may explain."""
        self._kept = None
