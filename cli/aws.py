"""The deployed stack: its outputs, and what they name. The same on AWS and on the local AWS (AWS_ENDPOINT_URL)."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tandem.adapters.aws.alerts import SnsAlerts
from tandem.adapters.aws.clock import SystemClock
from tandem.adapters.aws.queues import SqsBell
from tandem.adapters.aws.secrets import read_secret
from tandem.adapters.aws.table import DynamoTable
from tandem.core.errors import BadInputError
from tandem.engine.desk import Store

_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass
class Stack:
    """One CloudFormation stack by its name. Nothing is read before it is asked for."""

    name: str
    region: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """A client of one AWS service in the stack's region."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=self.region, config=_CONFIG)  # type: ignore[call-overload]
        return self._clients[service]

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        try:
            answer = self.client("cloudformation").describe_stacks(StackName=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            where = self.client("cloudformation").meta.region_name
            raise BadInputError(
                f"there is no stack “{self.name}” in {where}: deploy it with `sam deploy --guided`, or name yours "
                "with --stack and --region"
            ) from error
        found: Mapping[str, Any] = answer["Stacks"][0]
        return found

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by key."""
        return {item["OutputKey"]: item["OutputValue"] for item in self._described.get("Outputs", [])}

    def output(self, key: str) -> str:
        """One output; raises BadInputError when the stack is not Tandem's."""
        try:
            return self.outputs[key]
        except KeyError:
            raise BadInputError(
                f"stack “{self.name}” has no output {key}: it is not Tandem, or an older one; deploy it again"
            ) from None

    @cached_property
    def store(self) -> Store:
        """Every row of both tables, with the stack's alerts."""
        dynamodb = self.client("dynamodb")
        state, history = (
            DynamoTable(dynamodb, self.output(f"{kind}TableName")) for kind in ("State", "History")
        )
        alerts = SnsAlerts(self.client("sns"), self.output("AlertTopicArn"))
        return Store.over(state, history, alerts, SystemClock(), history_days=self.history_days)

    @property
    def history_days(self) -> int:
        """How long history is kept, as the stack was told; 0 (for ever) where a stack does not say."""
        told = {one["ParameterKey"]: one["ParameterValue"] for one in self._described.get("Parameters", [])}
        return int(told.get("HistoryDays", 0))

    @cached_property
    def caller(self) -> str:
        """Who runs the command: the ARN that AWS knows, else the user of this computer."""
        try:
            return str(self.client("sts").get_caller_identity()["Arn"])
        except (ClientError, BotoCoreError):
            return getpass.getuser()

    def ring(self, group: str, keys: list[str] | None = None) -> None:
        """Wake the writer of a group."""
        SqsBell(self.client("sqs"), self.output("ChangeQueueUrl")).ring(group, keys=keys or [])

    def depth(self, queue: str) -> dict[str, int]:
        """About how many messages of a queue wait and are in work."""
        names = {"waiting": "ApproximateNumberOfMessages", "in_work": "ApproximateNumberOfMessagesNotVisible",
                 "delayed": "ApproximateNumberOfMessagesDelayed"}  # fmt: skip
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.output(f"{queue}Url"), AttributeNames=list(names.values())
        )
        return {word: int(answer["Attributes"].get(name, 0)) for word, name in names.items()}

    def secret(self, kind: str) -> dict[str, Any]:
        """The content of a secret (`OAuth` or `Webhook`), by connection."""
        return read_secret(self.client("secretsmanager"), self.output(f"{kind}SecretArn"))

    def keep_secret(self, kind: str, connection: str, entry: Mapping[str, str]) -> bool:
        """Store one connection's entry beside those of others; False if it is there already."""
        content = self.secret(kind)
        if content.get(connection) == dict(entry):
            return False
        text = json.dumps({**content, connection: dict(entry)})
        self.client("secretsmanager").put_secret_value(
            SecretId=self.output(f"{kind}SecretArn"), SecretString=text
        )
        return True

    def hooks_url(self) -> str:
        """Where webhooks arrive: the stack's API, or its stand-in on a local AWS."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        if urlsplit(endpoint).hostname in _LOOPBACK:
            return f"{endpoint.rstrip('/')}/_aws/execute-api/{self.output('ApiId')}/$default"
        return self.output("ApiUrl")


def hook_url(base: str, side: str, connection: str, secret: str) -> str:
    """The address of one webhook."""
    return "/".join(
        [base.rstrip("/"), "hooks", *(quote(part, safe="") for part in (side, connection, secret))]
    )
