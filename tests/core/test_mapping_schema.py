"""The JSON Schema for editors accepts what Tandem reads, and refuses what it refuses."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tandem.core.mapping_schema import file_schema

ROOT = Path(__file__).resolve().parents[2]
PRESETS = resources.files("tandem") / "presets"


def faults(data: Any) -> list[str]:
    """Where the schema finds something."""
    return [error.json_path for error in Draft202012Validator(file_schema()).iter_errors(data)]


def preset_data(name: str) -> Any:
    """A preset as an editor sees it."""
    return yaml.safe_load((PRESETS / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["india", "uk", "us", "generic"])
def test_presets_are_valid(name: str) -> None:
    """No red line in a file that works."""
    Draft202012Validator.check_schema(file_schema())
    assert faults(preset_data(name)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"ownr": "crm"},
        {"owner": "zoho"},
        {"converter": "fone"},
        {"converter": "phone", "args": {"regon": "IN"}},
        {"args": {"values": ["a"]}},
        {"direction": "up"},
        {"crm": 5},
    ],
)
def test_a_slip_is_marked(change: dict[str, Any]) -> None:
    """While it is being written."""
    data = preset_data("india")
    data["entities"]["customer"]["fields"]["segment"] |= change
    assert any(".segment" in path for path in faults(data))


def test_an_unknown_entity_or_key_is_marked() -> None:
    """At every level."""
    data = preset_data("india")
    assert faults({**data, "regon": "IN"})
    assert faults({**data, "entities": {**data["entities"], "supplier": data["entities"]["customer"]}})
    assert faults({"region": "IN"})


def test_an_editor_shows_whose_schema_it_is() -> None:
    """By its title, which stands before everything else but the dialect's."""
    assert file_schema()["title"] == "A mapping of Tandem"


def test_the_published_schema_is_the_present_one() -> None:
    """`tandem mapping schema > docs/mapping.schema.json` after a change of the models."""
    published = json.loads((ROOT / "docs" / "mapping.schema.json").read_text(encoding="utf-8"))
    assert published == file_schema()
