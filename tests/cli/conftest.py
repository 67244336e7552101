"""The real commands over moto's AWS and a sandbox that answers on a loopback port."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import httpx
import pytest
import uvicorn
from botocore.exceptions import ClientError
from moto import mock_aws
from typer.testing import CliRunner

from cli.aws import Stack
from cli.main import app
from sandbox import SandboxConfig, create_app, world_of
from sandbox.config import Country
from tandem.adapters.aws.clock import SystemClock
from tandem.adapters.aws.queues import SqsDeadLetters
from tandem.bootstrap import zoho_clients
from tandem.engine.drain import Drainer
from tandem.engine.reconcile import Ticker

REGION = "eu-central-1"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Calls on the loopback are plain HTTP: without it each client would load all certificates of the world."""
INDEXES = ("due", "waits", "links", "run")
SECRETS = {
    "TANDEM_CLIENT_ID": "1000.CLIENT",
    "TANDEM_CLIENT_SECRET": "client-secret-of-the-tests",
    "TANDEM_REFRESH_TOKEN": "1000.refresh-token-of-the-tests",
}


def with_items(folder: Path) -> Path:
    """The Indian preset as a file of one's own, with items on."""
    preset = (resources.files("tandem") / "presets" / "india.yaml").read_text(encoding="utf-8")
    off = next(line for line in preset.splitlines(keepends=True) if line.strip().startswith("enabled: false"))
    path = folder / "items.yaml"
    path.write_text(preset.replace(off, ""), encoding="utf-8")
    return path


@dataclass
class Ran:
    """What one run of the command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The answer of --json."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class SandboxServer:
    """One sandbox served from a thread."""

    def __init__(self, country: Country = "IN") -> None:
        self.app = create_app(SandboxConfig(country=country))
        self.world = world_of(self.app)
        config = uvicorn.Config(self.app, port=0, log_level="error", ws="none", loop="asyncio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Do as a user or an administrator of Zoho would."""
        reply = httpx.request(method, f"{self.url}/control{path}", json=body, trust_env=False, verify=PLAIN)
        assert reply.status_code < 300, reply.text
        return reply.json()

    def writes(self) -> list[str]:
        """Every call that may have changed a record."""
        calls = self.control("GET", "/requests?limit=100000")["requests"]
        return [
            f"{call['method']} {call['path']}"
            for call in calls
            if call["method"] != "GET"
            and not any(word in call["path"] for word in ("/oauth/", "/coql", "/watch"))
        ]

    def end(self) -> None:
        """Let the server end, which it does within a tenth of a second, and its thread with it."""
        self._server.should_exit = True

    def stop(self) -> None:
        """End the server and its thread."""
        self.end()
        self._thread.join(10)


@dataclass
class World:
    """One stack, one sandbox, and the command between them."""

    sandbox: SandboxServer
    stack: Stack
    env: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    ahead: timedelta = timedelta()

    def run(self, *args: str, given: str | None = None, **env: str) -> Ran:
        """Run the command as an operator would."""
        result = CliRunner().invoke(
            app, list(args), input=given, env={**self.env, **env}, catch_exceptions=False
        )
        return Ran(result.exit_code, result.stdout, result.stderr)

    def connect(self, *more: str, **env: str) -> Ran:
        """Connect to the sandbox."""
        url = self.sandbox.url
        places = [f"--{name}-url={url}" for name in ("accounts", "crm", "books")]
        org = self.sandbox.world.books_org_id
        return self.run(
            "connect", "--preset", "india", *places, "--organization-id", org, "--json", *more, **env
        )

    def work(self) -> None:
        """Let the functions run: a tick that polls every feed, then drains.

        A feed is read up to the second before the present one, and each is due a second after its last poll: both
        Zohos and the functions are some seconds ahead of the machine, and more with each run.
        """
        self.ahead += timedelta(seconds=1.1)
        self.sandbox.world.clock.step(1.1)
        asyncio.run(self._work())

    async def _work(self) -> None:
        store, clock = self.stack.store, _Ahead(self.ahead)
        bell = _Silent()
        async with httpx.AsyncClient(trust_env=False, verify=PLAIN) as http:
            clients = zoho_clients(http, store.table, _Secret(self.stack), clock)
            letters = SqsDeadLetters(
                self.stack.client("sqs"), self.stack.output("DeadLetterQueueUrl"), wait=0
            )
            drainer = Drainer(store, clients, letters, clock, lambda: f"t{time.monotonic_ns()}", lambda: 0.5)
            deadline = clock.now() + timedelta(seconds=120)
            await Ticker(store, clients, bell, clock).tick(deadline)
            for _ in range(2):
                await drainer.drain("main", [], deadline)

    def bells(self) -> list[dict[str, Any]]:
        """Take the messages that the command put into the queue."""
        sqs, url = self.stack.client("sqs"), self.stack.output("ChangeQueueUrl")
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


@dataclass
class _Ahead(SystemClock):
    by: timedelta

    def now(self) -> datetime:
        return super().now() + self.by


class _Silent:
    def ring(self, group: str, *, keys: Any = (), delay: int = 0) -> None:
        """Nobody listens."""


@dataclass
class _Secret:
    stack: Stack

    def read(self) -> dict[str, Any]:
        return self.stack.secret("OAuth")


class CloudFormation:
    """Stacks and their outputs; moto's own needs packages that nothing else here needs."""

    meta = SimpleNamespace(region_name=REGION)

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, str]] = {}
        self.parameters: dict[str, str] = {}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """The answer of AWS, or its error for an unknown stack."""
        if StackName not in self.stacks:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.stacks[StackName].items()]
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": outputs, "Parameters": given}]}


CLOUDFORMATION = CloudFormation()
_made: dict[str, Any] = {}
"""AWS clients, kept between tests: making one takes longer than a test."""


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An empty sandbox."""
    server = SandboxServer()
    yield server
    server.end()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """An AWS account in memory, with nothing of the user's own in reach; makes clients."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "TANDEM_STACK", "TANDEM_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    real = boto3.client

    def client(service: str, **more: Any) -> Any:
        if service == "cloudformation":
            return CLOUDFORMATION
        if service not in _made:
            _made[service] = real(service, region_name=REGION)  # type: ignore[call-overload]
            if service == "dynamodb":
                _made[service].meta.events.register("after-call.dynamodb.DescribeTable", _add_table_id)
        return _made[service]

    monkeypatch.setattr(boto3, "client", client)
    with mock_aws():
        yield lambda service: client(service, region_name=REGION)


@pytest.fixture
def stack(aws: Callable[[str], Any]) -> Stack:
    """What the template makes, as far as the command looks at it."""
    for table in ("state", "history"):
        _create_table(aws("dynamodb"), table)
    queue = aws("sqs").create_queue
    secret = aws("secretsmanager").create_secret
    outputs = {
        "StateTableName": "state",
        "HistoryTableName": "history",
        "ChangeQueueUrl": queue(QueueName="changes")["QueueUrl"],
        "DeadLetterQueueUrl": queue(QueueName="letters")["QueueUrl"],
        "AlertTopicArn": aws("sns").create_topic(Name="alerts")["TopicArn"],
        "OAuthSecretArn": secret(Name="oauth", SecretString="{}")["ARN"],
        "WebhookSecretArn": secret(Name="webhook", SecretString="{}")["ARN"],
        "ApiUrl": "https://api.example",
        "ApiId": "api",
    }
    CLOUDFORMATION.stacks["tandem"] = outputs
    return Stack("tandem")


@pytest.fixture
def world(stack: Stack, sandbox: SandboxServer) -> World:
    """A stack and a sandbox that do not know each other yet."""
    return World(sandbox, stack)


@pytest.fixture
def connected(world: World) -> World:
    """The same, connected, observing."""
    ran = world.connect()
    assert ran.code == 0, ran.err + ran.out
    return world


def _create_table(dynamodb: Any, name: str) -> None:
    names = ["pk", "sk", *(f"{index}_{part}" for index in INDEXES for part in ("pk", "sk"))]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_key_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": _key_schema(f"{index}_pk", f"{index}_sk"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in INDEXES
        ],
    )


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _add_table_id(parsed: dict[str, Any], **_: Any) -> None:
    """Moto leaves out the TableId that DynamoDB always gives."""
    table = parsed.get("Table", {})
    table.setdefault("TableId", f"{table.get('TableArn')}/{table.get('CreationDateTime')}")
