"""The template, built and deployed once for all tests on the stack (`pytest -m stack`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import LocalStack
from local.demo.answer_key import AnswerKey
from local.demo.cloud import CONNECTION, Cloud
from local.demo.command import Command
from local.demo.plan import Plan
from local.demo.requests import RequestLog
from local.demo.sandbox import Sandbox
from local.demo.setup import PARAMETERS, SECRETS, SETTINGS
from local.demo.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PAIR = {
    "crm": {
        "Accounts": [{"$ref": "pair", "Account_Name": "Rann Textiles LLP", "Account_Type": "Customer"}],
        "Contacts": [{"Last_Name": "Vaghela", "Email": "v@rann.example", "Account_Name": {"$ref": "pair"}}],
    },
    "books": {
        "contacts": [
            {
                "contact_name": "Rann Textiles LLP",
                "contact_persons": [{"first_name": "Vaghela", "email": "v@rann.example"}],
                "custom_fields": [{"api_name": "cf_company_type", "value": "Customer"}],
            }
        ]
    },
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in this folder needs the stack, and the first one also waits for its deployment."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The deployed template on a local AWS of its own; its outputs are in `stack.outputs`."""
    with LocalStack(ROOT) as local:
        local.build()
        local.deploy({"AlertEmail": ""})
        yield local


@pytest.fixture(scope="session")
def world(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stack connected to a sandbox in which one customer is on both sides, in write mode and at rest."""
    stack.deploy(PARAMETERS)
    log = tmp_path_factory.mktemp("world") / "requests.jsonl"
    with Sandbox(ROOT, log=log, seed=1, port=0) as zoho:
        made = Stage(
            Plan(1, (), ()),
            AnswerKey(),
            zoho,
            Cloud(stack),
            Command(stack.session_env()),
            RequestLog(log),
            print,
        )
        answer = zoho.post("import", PAIR)
        made.ids.crm["pair"], made.ids.books["pair"] = (
            answer["crm"]["Accounts"][0],
            answer["books"]["contacts"][0],
        )
        words = [f"--{name}-url={zoho.url}" for name in ("accounts", "crm", "books")]
        words += [f"--settings={name}={value}" for name, value in SETTINGS.items()]
        words += ["--organization-id", zoho.get("health")["books_organization_id"], "--preset", "india"]
        made.hooks = made.tandem(
            "connect", "--connection", CONNECTION, "--secrets-file", "-", *words, given=json.dumps(SECRETS)
        )
        hook = made.hooks["webhook_books"]
        zoho.post(
            "webhooks/books", {"url": hook["url"], "secret": hook["secret"], "events": ["create", "edit"]}
        )
        made.tandem("mode", "write", "--yes")
        made.tick()
        made.settle()
        yield made
