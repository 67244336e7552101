"""The template as plain data: a short tag `!X` becomes `{"Fn::X": ...}` (`Ref` and `Condition` keep their names)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


class CloudFormationLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def short_tag(loader: CloudFormationLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    """`!GetAtt A.B` -> {"Fn::GetAtt": "A.B"}."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


CloudFormationLoader.add_multi_constructor("!", short_tag)


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml as data."""
    loaded = yaml.load((ROOT / "template.yaml").read_text(), Loader=CloudFormationLoader)  # noqa: S506 - safe, by its base
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The template's resources by logical id."""
    found: dict[str, dict[str, Any]] = template["Resources"]
    return found
