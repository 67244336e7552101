"""The page about the sandbox is true and complete."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox import SandboxConfig, create_app
from sandbox.__main__ import parser
from sandbox.faults import CATALOGUE
from sandbox.mishaps import AT_ONCE
from sandbox.switches import Switches

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text()


def test_the_page_names_every_switch_with_its_default() -> None:
    """A switch that is not on the page, or is told of otherwise there, fails."""
    for name, told in Switches().described().items():
        default = str(told["default"]).lower() if isinstance(told["default"], bool) else told["default"]
        assert f"| `{name}` | `{default}` | {told['description']} |" in PAGE


def test_the_page_names_every_fault() -> None:
    """A fault that is not on the page, or is told of otherwise there, fails."""
    told = {name: text for name, (_, text) in CATALOGUE.items()} | {
        n: text for n, (text, _) in AT_ONCE.items()
    }
    assert [name for name, text in told.items() if f"| `{name}` | {text} |" not in PAGE] == []


def test_the_page_names_every_control_path() -> None:
    """The first part of each control path is on the page."""
    paths = {str(getattr(r, "path", "")) for r in create_app(SandboxConfig()).routes}
    heads = {m.group(1) for p in paths if (m := re.match(r"/control(/\w+)", p))}
    assert [head for head in sorted(heads) if f"{head}" not in PAGE] == []


def test_the_page_names_every_option() -> None:
    """And no other."""
    known = {word for word in re.findall(r"--[a-z-]+", parser().format_help()) if word != "--help"}
    section = PAGE[PAGE.index("| option |") : PAGE.index("In process, for tests")]
    assert set(re.findall(r"`(--[a-z-]+)`", section)) == known


def test_every_call_of_the_control_table_is_there() -> None:
    """A path on the page that no route has would send a stranger astray."""
    routes = {
        re.sub(r"\{\w+\}", "{}", str(getattr(r, "path", ""))) for r in create_app(SandboxConfig()).routes
    }
    table = PAGE[PAGE.index("| call |") : PAGE.index("A line of the log")]
    named = re.findall(r"`(?:GET|POST|PUT|PATCH|DELETE) (/[\w/{}]+)", table)
    found = {re.sub(r"\{\w+\}", "{}", f"/control{path}") for path in named}
    assert len(found) > 20
    assert sorted(found - routes) == []


def test_the_sandbox_never_imports_the_product() -> None:
    """It is built apart, or it would only agree with what we believe."""
    for file in (ROOT / "sandbox").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) (tandem|cli|local)\b", file.read_text(), re.MULTILINE), file
