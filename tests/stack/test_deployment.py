"""The template on the local AWS, and the local AWS itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from local import LocalStack

ROOT = Path(__file__).resolve().parents[2]

ENTER = """
import signal, sys, time
from pathlib import Path
from local import LocalStack
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests behind it has it ignored
with LocalStack(Path(sys.argv[1]), Path(sys.argv[2])) as stack:
    print(stack.endpoint.rsplit(":", 1)[1], flush=True)
    time.sleep(60)
"""


def test_an_update_leaves_what_is_in_the_secrets(stack: LocalStack) -> None:
    """The template names them empty; the operator's values stay through every later deployment."""
    secrets = stack.client("secretsmanager")
    arn = stack.outputs["WebhookSecretArn"]
    before = secrets.get_secret_value(SecretId=arn)["SecretString"]
    secrets.put_secret_value(SecretId=arn, SecretString='{"probe": "kept"}')
    try:
        outputs = stack.deploy({"LogLevel": "DEBUG", "AlertEmail": "someone@example.com"})
        assert outputs["WebhookSecretArn"] == arn
        assert secrets.get_secret_value(SecretId=arn)["SecretString"] == '{"probe": "kept"}'
    finally:
        secrets.put_secret_value(SecretId=arn, SecretString=before)


def test_an_alert_address_is_subscribed(stack: LocalStack) -> None:
    """Given at an update, it is there."""
    stack.deploy({"AlertEmail": "someone@example.com"})
    found = stack.client("sns").list_subscriptions_by_topic(TopicArn=stack.outputs["AlertTopicArn"])
    assert [item["Endpoint"] for item in found["Subscriptions"]] == ["someone@example.com"]


def test_the_bell_reaches_the_worker(stack: LocalStack) -> None:
    """A message is consumed: the event source is enabled and polls."""
    sqs, queue = stack.client("sqs"), stack.outputs["ChangeQueueUrl"]
    (source,) = stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert (source["State"], source["BatchSize"], source["ScalingConfig"]) == (
        "Enabled",
        1,
        {"MaximumConcurrency": 5},
    )
    sqs.send_message(QueueUrl=queue, MessageBody='{"group": "nobody"}')
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        if left["ApproximateNumberOfMessages"] == "0":
            return
        time.sleep(0.2)
    raise AssertionError(left)


def test_a_busy_port_is_no_failure(tmp_path: Path) -> None:
    """Another one is taken."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with LocalStack(ROOT, tmp_path, port=port) as local:
            assert local.endpoint != f"http://127.0.0.1:{port}"
            assert local.client("sts").get_caller_identity()["Arn"].endswith(":root")


def test_nothing_of_it_lives_on_when_its_program_ends(tmp_path: Path) -> None:
    """Ended, interrupted or killed: the port is free again and no folder is left."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        temporary = tmp_path / number.name
        temporary.mkdir()
        program = subprocess.Popen(
            [sys.executable, "-c", ENTER, str(ROOT), str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert program.stdout is not None
        with program.stdout as lines:
            port = int(lines.readline())
            program.send_signal(number)
            program.wait(60)
        assert is_free_soon(port), number.name
        assert not list(temporary.iterdir()), number.name


def test_what_is_kept_lives_on_until_its_group_is_ended(tmp_path: Path) -> None:
    """`keep` hands the process group over; ending that ends everything."""
    with LocalStack(ROOT, tmp_path) as local:
        port = int(local.endpoint.rsplit(":", 1)[1])
        group = local.keep()
    try:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) == 0
    finally:
        os.killpg(group, signal.SIGTERM)
    assert is_free_soon(port)


def is_free_soon(port: int) -> bool:
    """Whether nobody listens on `port` within a few seconds."""
    for _ in range(50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return True
        time.sleep(0.1)
    return False
