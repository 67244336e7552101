"""The contracts of `Alerts` and `Clock`, and the secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from tandem.adapters.aws.alerts import SnsAlerts, subject_line
from tandem.adapters.aws.clock import SystemClock
from tandem.adapters.aws.secrets import Secrets, read_secret
from tandem.adapters.memory.alerts import MemoryAlerts
from tandem.adapters.memory.clock import ManualClock
from tandem.core.errors import BadInputError, StoreError
from tandem.engine.ports import Alerts, Clock
from tests.contracts.aws import client

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def aws() -> Iterator[None]:
    """Moto, afresh."""
    with mock_aws():
        yield


@pytest.fixture(params=["memory", "aws"])
def alerts(request: pytest.FixtureRequest) -> tuple[Alerts, Callable[[], list[tuple[str, str]]]]:
    """Alerts, and what a reader got of them."""
    if request.param == "memory":
        memory = MemoryAlerts()
        return memory, lambda: memory.sent
    request.getfixturevalue("aws")
    sns, sqs = client("sns"), client("sqs")
    topic, url = sns.create_topic(Name="alerts")["TopicArn"], sqs.create_queue(QueueName="reader")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return SnsAlerts(sns, topic), lambda: read_alerts(sqs, url)


def read_alerts(sqs: Any, url: str) -> list[tuple[str, str]]:
    """Subject and message of what the subscribed queue got."""
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    notes = [json.loads(message["Body"]) for message in found]
    return [(note["Subject"], note["Message"]) for note in notes]


class TestAlertsContract:
    def test_an_alert_reaches_its_reader(self, alerts: tuple[Alerts, Any]) -> None:
        """Subject and message, as written."""
        alerts[0].send("Tandem stopped: the CRM token was revoked", "What happened: …\nWhat to do: …")
        assert alerts[1]() == [
            ("Tandem stopped: the CRM token was revoked", "What happened: …\nWhat to do: …")
        ]


class TestSnsAlerts:
    @pytest.mark.parametrize(
        ("subject", "line"),
        [
            ("Müller & Söhne: café", "Muller & Sohne: cafe"),
            ("two\nlines\r\n\tand tabs ", "two lines and tabs"),
            ("日本", "??"),
            ("a\x00b\x7f", "a b"),
            ("", "Tandem"),
            ("x" * 200, "x" * 99),
        ],
    )
    def test_a_subject_is_made_fit(self, subject: str, line: str) -> None:
        """One line of printable ASCII under 100 characters, or SNS refuses the whole alert."""
        assert subject_line(subject) == line

    @given(st.text())
    def test_any_subject_is_made_fit(self, subject: str) -> None:
        """Whatever a customer is called."""
        line = subject_line(subject)
        assert 0 < len(line) < 100
        assert line.isascii()
        assert line.isprintable()
        assert line == line.strip()

    @pytest.mark.usefixtures("aws")
    def test_an_alert_is_never_refused_for_its_size(self) -> None:
        """A long message is cut between two characters, an empty one repeats the subject."""
        sns = client("sns")
        with Stubber(sns) as stub:
            for message, sent in (("é" * 200_000, "é" * 125_000), ("", "title")):
                stub.add_response("publish", {}, {"TopicArn": "t", "Subject": "title", "Message": sent})
                SnsAlerts(sns, "t").send("title", message)

    @pytest.mark.usefixtures("aws")
    def test_a_failing_topic_is_a_store_error(self) -> None:
        """It names what was not done."""
        with pytest.raises(StoreError, match="the alert was not sent"):
            SnsAlerts(client("sns"), "arn:aws:sns:eu-central-1:123456789012:nowhere").send("a", "b")


class TestClockContract:
    @pytest.mark.parametrize("clock", [SystemClock(), ManualClock(START)])
    def test_now_is_aware_and_in_utc(self, clock: Clock) -> None:
        """Never a local or a naive time, and never one that runs back by itself."""
        assert clock.now().tzinfo is UTC
        assert clock.now() <= clock.now()

    def test_the_system_clock_shows_the_time(self) -> None:
        """Within a minute of what the machine says."""
        assert abs(SystemClock().now().timestamp() - time.time()) < 60

    def test_a_manual_clock_moves_when_told(self) -> None:
        """From any zone, by any number of seconds."""
        clock = ManualClock(datetime(2026, 11, 23, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))))
        assert clock.now() == START
        assert clock.advance(90.5) == clock.now() == START + timedelta(seconds=90.5)


@pytest.fixture
def manager(aws: None) -> SecretsManagerClient:
    """Secrets Manager on moto."""
    manager: SecretsManagerClient = client("secretsmanager")
    return manager


class TestSecrets:
    def test_a_secret_is_its_json_object(self, manager: SecretsManagerClient) -> None:
        """Read by its ARN."""
        arn = manager.create_secret(Name="oauth", SecretString='{"client_id": "made up"}')["ARN"]
        assert read_secret(manager, arn) == {"client_id": "made up"}

    @pytest.mark.parametrize("text", [" ", "{hush", "[]", '"hush"', "null"])
    def test_a_wrong_secret_says_so_without_its_value(self, manager: SecretsManagerClient, text: str) -> None:
        """Neither in the message nor in an error chained to it."""
        arn = manager.create_secret(Name="oauth", SecretString=text)["ARN"]
        with pytest.raises(BadInputError, match="oauth") as caught:
            read_secret(manager, arn)
        assert "hush" not in str(caught.value)
        assert caught.value.__context__ is None

    def test_a_secret_without_a_value_says_so(self, manager: SecretsManagerClient) -> None:
        """As the template leaves it, or binary, or not there at all."""
        manager.create_secret(Name="empty")
        manager.create_secret(Name="binary", SecretBinary=b"{}")
        for name in ("empty", "binary", "nowhere"):
            with pytest.raises(BadInputError, match=name):
                read_secret(manager, name)

    def test_an_unreachable_secret_is_a_store_error(self, manager: SecretsManagerClient) -> None:
        """Nobody mends that by another input."""
        with Stubber(manager) as stub:
            stub.add_client_error("get_secret_value", "InternalServiceError", http_status_code=500)
            with pytest.raises(StoreError, match="could not be read"):
                read_secret(manager, "oauth")

    def test_a_secret_is_kept_for_its_time(self, manager: SecretsManagerClient) -> None:
        """A rotation shows after at most `ttl` seconds, or at once when forgotten."""
        manager.create_secret(Name="oauth", SecretString='{"n": 1}')
        clock = ManualClock(START)
        secrets = Secrets(manager, "oauth", clock, ttl=300)
        assert secrets.read() == {"n": 1}
        secrets.read()["n"] = 99
        manager.put_secret_value(SecretId="oauth", SecretString='{"n": 2}')
        clock.advance(299)
        assert secrets.read() == {"n": 1}
        clock.advance(1)
        assert secrets.read() == {"n": 2}
        manager.put_secret_value(SecretId="oauth", SecretString='{"n": 3}')
        secrets.forget()
        assert secrets.read() == {"n": 3}
