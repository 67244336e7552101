"""`docs/operating.md` names every command, setting, parameter, metric, error, alert and cause, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import fixes
from cli.main import app
from tandem.core import errors
from tandem.core.connection import Settings
from tests.docs.pages import PACKAGE, ROOT, rows, section, text_of

PAGE = "docs/operating.md"
NO_HOLDS = {
    "connection stopped",
    "guard",
    "native sync on",
    "channel ended",
    "unreadable letter",
    "state restored",
    "crashed the worker",
}
"""Cases without a record, told among the alerts; and the crash, which becomes a dead letter."""


def template() -> dict[str, Any]:
    """The template with its own tags read as nothing."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=Loader)  # noqa: S506 - a SafeLoader of our own
    return found


def shown(value: object) -> str:
    """A default as the page writes it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "(none)"
    return str(value) if value != "" else "empty"


def test_every_setting_stands_with_its_default() -> None:
    """And no setting that there is not."""
    table = {name: row[0] for name, row in rows(section(PAGE, "Settings")).items() if name != "setting"}
    assert table == {name: shown(info.default) for name, info in Settings.model_fields.items()}


def test_every_stack_parameter_stands_with_its_default() -> None:
    """And none that there is not."""
    table = {n: row[0] for n, row in rows(section(PAGE, "Stack parameters")).items() if n != "parameter"}
    assert table == {name: shown(spec["Default"]) for name, spec in template()["Parameters"].items()}


def metrics() -> Iterator[str]:
    """The names of every metric that a function adds."""
    for file in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_metric":
                yield from (
                    part.value
                    for part in (
                        [node.args[0].body, node.args[0].orelse]
                        if isinstance(node.args[0], ast.IfExp)
                        else [node.args[0]]
                    )
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )


def test_every_metric_stands() -> None:
    """And none that no function adds; at most ten."""
    table = set(rows(section(PAGE, "Metrics and logs"))) - {"metric"}
    assert table == set(metrics())
    assert len(table) <= 10


def test_every_alarm_stands() -> None:
    """By its name in the template."""
    alarms = {n for n, r in template()["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    assert alarms == set(re.findall(r"`(\w+Alarm)`", section(PAGE, "Alerts")))


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda c: c.callback.__name__)
def test_every_command_stands(command: Any) -> None:
    """In the table of commands."""
    assert f"`tandem {command.name or command.callback.__name__}" in section(PAGE, "Commands")


@pytest.mark.parametrize(
    "error", [n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, Exception)]
)
def test_every_error_stands(error: str) -> None:
    """With what becomes of the record."""
    assert f"`{error}`" in section(PAGE, "Errors: what each one leads to")


def test_no_error_stands_that_is_not_raised() -> None:
    """A class that was renamed leaves the page."""
    named = re.findall(r"`(\w+Error)`", section(PAGE, "Errors: what each one leads to"))
    assert [name for name in named if not hasattr(errors, name)] == []


def test_every_cause_of_a_hold_stands() -> None:
    """The command knows a fix for it, the page tells what happened."""
    named = set(re.findall(r"^\| (`[^|]*`) \|", section(PAGE, "Causes of a hold"), re.MULTILINE))
    causes = {cause for cell in named for cause in re.findall(r"`([^`]+)`", cell)}
    assert causes == set(fixes._FIXES) - NO_HOLDS


def test_every_cause_that_the_core_gives_has_a_fix() -> None:
    """The family of each cause that a hold is made with."""
    given = re.compile(r"(?:Hold\(\s*|\.hold\(\s*|cause = )f?\"([\w ]+?)(?:[:{ ]*\{[^\"]*)?\"")
    for folder in ("core", "engine"):
        for file in (PACKAGE / folder).glob("*.py"):
            for cause in given.findall(file.read_text(encoding="utf-8")):
                known = [name for name in fixes._FIXES if name.startswith(cause.strip())]
                assert known, f"{file.name}: {cause}"


def subjects() -> Iterator[str]:
    """The fixed words of every alert's subject, in the order of the code."""
    for file in sorted((PACKAGE / "engine").glob("*.py")):
        for text in re.findall(r"f?\"(Tandem: [^\"]*)\"", Path(file).read_text(encoding="utf-8")):
            yield re.sub(r"\{[^}]*\}", "...", text).strip()


@pytest.mark.parametrize("subject", sorted(set(subjects())))
def test_every_alert_stands(subject: str) -> None:
    """By the words of its subject."""
    start = subject.removesuffix(": ...")
    assert f"| {start}" in section(PAGE, "Alerts")


def test_every_exit_code_stands() -> None:
    """As the command's own help tells them."""
    assert "Exit codes: 0 fine, 1 something needs a person, 2 wrong" in text_of(PAGE)
