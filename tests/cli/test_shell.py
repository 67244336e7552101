"""What every command shares: options anywhere, exit codes, no traceback, and the template's own names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, NoRegionError
from typer.testing import CliRunner

from cli import past, show
from cli.aws import Stack, hook_url
from cli.credentials import masked, parse, webhook_entry
from cli.find import named
from cli.fixes import fix_of, settles
from cli.main import app
from cli.shell import explain
from tandem.core.errors import BadInputError, RateLimitedError, StoreError, TokenRevokedError
from tandem.core.records import Side
from tests.cli.conftest import World

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "connect",
    "check",
    "status",
    "why",
    "history",
    "quarantine",
    "release",
    "mode",
    "pause",
    "resume",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """--help needs neither AWS nor Zoho."""
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_help_teaches_the_exit_codes() -> None:
    """In the first thing that one reads."""
    result = CliRunner().invoke(app, ["--help"])
    assert "Exit codes" in result.stdout
    assert all(command in result.stdout for command in COMMANDS)


def test_unknown_option_is_wrong_usage() -> None:
    """Code 2, without a traceback."""
    result = CliRunner().invoke(app, ["status", "--nonsense"])
    assert result.exit_code == 2


def test_global_options_may_follow_the_command(connected: World) -> None:
    """Before or after, with = or without."""
    for args in (
        ["--stack", "tandem", "--json", "status"],
        ["status", "--stack=tandem", "--connection", "main", "--json"],
        ["status", "--region", "eu-central-1", "--json"],
    ):
        ran = connected.run(*args)
        assert ran.code == 0, ran.err
        assert ran.json["connection"] == "main"


def test_environment_names_stack_and_connection(connected: World) -> None:
    """TANDEM_STACK and TANDEM_CONNECTION."""
    assert connected.run("status", TANDEM_STACK="nowhere").code == 2
    ran = connected.run("status", TANDEM_CONNECTION="other")
    assert ran.code == 2
    assert "tandem connect" in ran.err


def test_every_output_is_one_of_the_template() -> None:
    """A renamed output would be found here, not by an operator."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    declared = set(re.findall(r"^  (\w+):$", template.split("\nOutputs:\n", 1)[1], re.MULTILINE))
    source = (ROOT / "cli" / "aws.py").read_text(encoding="utf-8")
    used = set(re.findall(r'output\("(\w+)"\)', source))
    used |= {"StateTableName", "HistoryTableName", "OAuthSecretArn", "WebhookSecretArn", "DeadLetterQueueUrl"}
    assert used <= declared


def test_hooks_go_to_the_local_aws_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its API host names cannot be reached; on AWS the output is right."""
    stack = Stack("tandem")
    stack.__dict__["outputs"] = {"ApiUrl": "https://api.example", "ApiId": "abc"}
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert stack.hooks_url() == "https://api.example"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/")
    assert stack.hooks_url() == "http://127.0.0.1:4566/_aws/execute-api/abc/$default"


def test_secret_of_an_address_can_be_hidden() -> None:
    """What is printed for people names the place only."""
    url = hook_url("https://api.example/", "books", "main", "s3cret_-")
    assert url == "https://api.example/hooks/books/main/s3cret_-"
    assert masked(url) == "https://api.example/hooks/books/main/********"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (BadInputError("mapping.yaml:3: field x"), 2, "mapping.yaml:3"),
        (TokenRevokedError("gone"), 2, "gone"),
        (RateLimitedError("day", 60), 3, "try again"),
        (StoreError("the queue"), 3, "AWS"),
        (NoCredentialsError(), 3, "aws configure"),
        (NoRegionError(), 2, "--region"),
        (EndpointConnectionError(endpoint_url="http://x"), 3, "AWS"),
    ],
)
def test_errors_become_codes_and_sentences(error: Exception, code: int, words: str) -> None:
    """The whole table."""
    found, sentence = explain(error)
    assert found == code
    assert words in sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5500000000123", (list(Side), "5500000000123")),
        ("crm:55", ([Side.CRM], "55")),
        ("books:46", ([Side.BOOKS], "46")),
        ("https://books.zoho.in/app/60001#/contacts/4600000000077", ([Side.BOOKS], "4600000000077")),
        ("https://crm.zoho.in/crm/org60001/tab/Accounts/5500000000123", ([Side.CRM], "5500000000123")),
    ],
)
def test_records_are_named_as_people_do(text: str, expected: tuple[list[Side], str]) -> None:
    """An id, a prefix, an address."""
    assert named(text) == expected


@pytest.mark.parametrize("text", ["Acme Ltd", "crm:", "crm:abc", "", "https://crm.zoho.in/"])
def test_what_names_no_record_is_refused(text: str) -> None:
    """With the forms that do."""
    with pytest.raises(BadInputError, match="books:ID"):
        named(text)


def test_secrets_are_never_in_an_error() -> None:
    """Neither a broken file nor an unknown name shows a value."""
    for text in ('{"client_secret": "hush"', "hush", '{"colour": "hush"}', "colour=hush"):
        with pytest.raises(BadInputError) as caught:
            parse(text, "file")
        assert "hush" not in str(caught.value)


def test_webhook_secrets_are_drawn_once() -> None:
    """What is stored stays."""
    first = webhook_entry({})
    assert webhook_entry(first) == first
    assert webhook_entry({}) != first


@pytest.mark.parametrize(
    ("word", "cause", "effect"),
    [
        ("take", "differs:website", True),
        ("take", "match:email and name", False),
        ("approve", "match:email and name", True),
        ("approve", "deleted with transactions", True),
        ("approve", "refused by Books:4", False),
    ],
)
def test_words_settle_what_they_can(word: str, cause: str, effect: bool) -> None:
    """A word without effect is refused before it is stored."""
    assert settles(word, cause) is effect  # type: ignore[arg-type]
    assert fix_of(cause)


@pytest.mark.parametrize(
    ("native", "shown"),
    [
        (None, "–"),
        ("", "–"),
        (0, "0"),
        (False, "False"),
        ({"street": "1 MG Road", "city": None, "zip": "400001"}, "1 MG Road, 400001"),
        ({"first": None}, "–"),
        (["a", "b"], "a, b"),
        ("two\nlines", "two lines"),
    ],
)
def test_values_fit_on_a_line(native: object, shown: str) -> None:
    """Blank, zero and false are three things."""
    assert show.value(native) == shown


def test_blank_never_counts_as_the_loser() -> None:
    """A value that filled a blank overruled nobody."""
    entry = {
        "at": "2026-11-23T09:00:00+00:00",
        "kind": "write",
        "side": "books",
        "rules": {"phone": "conflict: x"},
    }
    lost = past.last_of_fields([{**entry, "before": {"phone": "1"}, "after": {"phone": "2"}}])
    assert lost["phone"]["loser"]["value"] == "1"
    kept = past.last_of_fields([{**entry, "before": {"phone": None}, "after": {"phone": "2"}}])
    assert kept["phone"]["loser"] is None
