"""`docs/mapping.md` names every key and converter, and its examples load."""

from __future__ import annotations

import re
import textwrap

import pytest
import yaml

from cli import reference
from tandem.core.checks.entities import ENTITY_RULES
from tandem.core.checks.fields import FIELD_RULES
from tandem.core.checks.kinds import LIVE_KINDS
from tandem.core.converters import CONVERTERS, Converter
from tandem.core.mapping import EntityMapping, Mapping, load_mapping
from tandem.core.mapping_field import FieldMapping, Strict
from tandem.core.mapping_schema import documented
from tests.docs.pages import PACKAGE, rows, section, text_of

PAGE = "docs/mapping.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", text_of(PAGE), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("title", "model"), [("The file", Mapping), ("An entity", EntityMapping), ("A field", FieldMapping)]
)
def test_every_key_stands(title: str, model: type[Strict]) -> None:
    """And no key that there is not."""
    assert set(rows(section(PAGE, title))) - {"key"} == set(model.model_fields)


@pytest.mark.parametrize("kind", CONVERTERS.values(), ids=lambda kind: kind.name)
def test_every_converter_stands_with_its_loss_and_its_arguments(kind: type[Converter]) -> None:
    """`lossy` as the code declares it."""
    carries, lossy, arguments = rows(section(PAGE, "Converters"))[kind.name]
    assert carries
    assert lossy == ("yes" if kind.lossy else "no")
    assert [name for name in kind.model_fields if f"`{name}`" not in arguments] == []
    assert documented(kind).keys() == kind.model_fields.keys()


def test_no_converter_stands_that_there_is_not() -> None:
    """A converter that was renamed leaves the page."""
    assert set(rows(section(PAGE, "Converters"))) - {"converter"} == set(CONVERTERS)


def test_every_kind_of_finding_has_a_rule_a_row_and_a_case() -> None:
    """A rule says the kinds that it finds in its docstring."""
    told = {
        kind.strip()
        for rule in (*FIELD_RULES, *ENTITY_RULES)
        for kind in (rule.__doc__ or "").split(":")[0].split(",")
    }
    assert told == set(LIVE_KINDS)
    cases = text_of("tests/core/test_checks.py") + text_of("tests/core/test_mapping_kinds.py")
    assert [kind for kind in told if f'"{kind}' not in cases] == []


def test_the_page_and_the_schema_are_what_the_models_say() -> None:
    """`python -m cli.reference` after a change of the models."""
    assert reference.page(text_of(PAGE)) == text_of(PAGE)
    assert reference.schema() == text_of("docs/mapping.schema.json")
    assert set(re.findall(r"<!-- (\w+): generated -->", text_of(PAGE))) == set(reference.PARTS)


def test_the_first_example_is_a_whole_mapping() -> None:
    """It loads as it stands."""
    assert list(load_mapping(BLOCKS[0]).entities) == ["customer"]


def test_the_default_has_at_most_sixty_lines() -> None:
    """What most companies need fits on one screen; so does each preset."""
    for file in (PACKAGE / "presets").glob("*.yaml"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 60, file.name


def test_the_example_of_gst_is_that_of_the_preset() -> None:
    """Word for word, or one of them would grow old; the example says what goes without saying."""
    (given,) = [
        fields for block in BLOCKS if "tax_identity" in (fields := yaml.safe_load(textwrap.dedent(block)))
    ]
    tree = yaml.safe_load((PACKAGE / "presets" / "india.yaml").read_text(encoding="utf-8"))
    preset = tree["entities"]["customer"]["fields"]["tax_identity"]
    said = {"owner": "books", "crm_may": "fill_blank", "conflict": "hold"}
    assert given["tax_identity"] == {**preset, **said}
