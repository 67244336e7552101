"""Every example of `docs/mapping.md`, and every preset, against the metadata of a sandbox: it loads and fits."""

from __future__ import annotations

import copy
import re
import textwrap
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tandem.core.mapping_schema import file_schema
from tests.cli.conftest import SandboxServer, World
from tests.docs.pages import text_of
from tests.system.extra_field import KINDS

BLOCKS = re.findall(r"^```yaml\n(.*?)^```", text_of("docs/mapping.md"), re.MULTILINE | re.DOTALL)
PRESETS = resources.files("tandem") / "presets"
OWN_FIELDS: list[dict[str, Any]] = [
    {"api_name": "Payment_Days", "data_type": "integer"},
    {"api_name": "Manager_Name", "length": 100},
    {"api_name": "Currency", "data_type": "picklist", "picklist": ["INR", "USD"]},
    {"api_name": "Agent", "data_type": "lookup", "lookup": "Accounts"},
    {"product": "books", "api_name": "cf_agent", "label": "Agent", "data_type": "lookup"},
    {"api_name": "Customer_Number", "length": 100},
    {"product": "books", "api_name": "cf_industry", "label": "Industry", "data_type": "dropdown",
     "options": ["Factory", "Shop", "IT"]},
    {"product": "books", "api_name": "cf_account_manager", "label": "Account manager"},
    {"product": "books", "api_name": "cf_customer_number", "label": "Customer number"},
    {"module": "Contacts", "api_name": "Tier", "length": 100},
    {"module": "Contacts", "api_name": "Books_Customer_ID", "length": 50, "unique": True},
    {"product": "books", "api_name": "cf_tier", "label": "Tier"},
    {"product": "books", "api_name": "cf_crm_contact_id", "label": "CRM Contact ID", "unique": True},
    {"product": "books", "api_name": "cf_in_crm", "label": "In CRM", "data_type": "check_box"},
]  # fmt: skip
"""What a user creates first."""


def whole(block: str) -> dict[str, Any]:
    """An example as a whole mapping: fields and entities stand in the Indian preset."""
    given: dict[str, Any] = yaml.safe_load(textwrap.dedent(block))
    if "entities" in given:
        return given
    tree: dict[str, Any] = yaml.safe_load((PRESETS / "india.yaml").read_text(encoding="utf-8"))
    is_entity = all("crm_module" in spec for spec in given.values())
    (tree["entities"] if is_entity else tree["entities"]["customer"]["fields"]).update(given)
    return tree


def faults(world: World, path: Path) -> list[dict[str, Any]]:
    """What `tandem mapping check` calls a fault."""
    ran = world.run("mapping", "check", str(path), "--json")
    assert "findings" in ran.json, ran.err
    return [row for row in ran.json["findings"] if row["state"] == "fault"]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_fits_the_sandbox(connected: World, tmp_path: Path, number: int) -> None:
    """With the fields of one's own created first."""
    for spec in OWN_FIELDS:
        connected.sandbox.control("POST", "/fields", {"product": "crm", "module": "Accounts", **spec})
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(whole(BLOCKS[number])), encoding="utf-8")
    assert faults(connected, path) == []


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_editor_finds_no_fault_in_an_example(number: int) -> None:
    """The published schema takes what the loader takes."""
    found = Draft202012Validator(file_schema()).iter_errors(whole(BLOCKS[number]))
    assert [error.json_path for error in found] == []


def test_an_example_without_its_fields_does_not_fit(connected: World, tmp_path: Path) -> None:
    """Or the test above would prove nothing."""
    (block,) = [block for block in BLOCKS if "cf_account_manager" in block]
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(whole(block)), encoding="utf-8")
    assert [row["kind"] for row in faults(connected, path)] == ["unknown_field", "unknown_field"]
    assert "cf_account_manager" in faults(connected, path)[1]["message"]


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[SandboxServer]:
    """A sandbox of another country where a test names one."""
    server = SandboxServer(country=getattr(request, "param", "IN"))
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("sandbox", "preset", "own"),
    [
        ("IN", "india", []),
        ("GB", "uk", ["VAT_Number", "VAT_Treatment"]),
        ("US", "us", ["Tax_ID"]),
        ("US", "generic", []),
    ],
    indirect=["sandbox"],
)
def test_a_preset_fits_an_organisation_of_its_country(
    world: World, sandbox: SandboxServer, preset: str, own: list[str]
) -> None:
    """With the tax fields of CRM created first."""
    for name in own:
        sandbox.control("POST", "/fields", {"product": "crm", "module": "Accounts", "api_name": name})
    assert world.connect("--preset", preset).code == 0
    assert [
        row for row in world.run("mapping", "check", "--json").json["findings"] if row["state"] == "fault"
    ] == []


def test_a_field_of_every_type_fits_the_sandbox(connected: World, tmp_path: Path) -> None:
    """As `tests/system/test_custom_fields.py` carries them: the check knows each type on both sides."""
    fields = {}
    for number, kind in enumerate(KINDS.values()):
        crm, books = f"Extra_{number}", f"cf_extra_{number}"
        place = {"product": "crm", "module": "Accounts"}
        made = [
            {**place, "api_name": crm, "data_type": kind.crm, **kind.crm_spec},
            {"product": "books", "api_name": books, "data_type": kind.books, **kind.books_spec},
        ]
        for spec in made:
            connected.sandbox.control("POST", "/fields", spec)
        fields[f"extra_{number}"] = {
            "crm": crm,
            "books": books,
            "converter": kind.converter,
            "args": copy.deepcopy(kind.args),
        }
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(whole(yaml.safe_dump(fields))), encoding="utf-8")
    assert faults(connected, path) == []
