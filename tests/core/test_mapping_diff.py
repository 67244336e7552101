"""What a changed mapping means: each key has its sentence, and equal mappings have none."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tandem.core import mapping_diff
from tandem.core.mapping import EntityMapping, Mapping, load_mapping, preset
from tandem.core.mapping_diff import differences
from tandem.core.mapping_field import FieldMapping

BASE = """
entities:
  customer:
    crm_module: Accounts
    crm_stamp: Stamp
    fields:
      name: {crm: Account_Name, books: contact_name}
      segment: {crm: Segment, books: cf_segment}
"""


def changed(*path: str, to: Any) -> Mapping:
    """BASE with one value changed."""
    tree = yaml.safe_load(BASE)
    here = tree
    for part in path[:-1]:
        here = here.setdefault(part, {})
    if to is None:
        del here[path[-1]]
    else:
        here[path[-1]] = to
    return load_mapping(yaml.safe_dump(tree))


FIELD = ("entities", "customer", "fields", "segment")


@pytest.mark.parametrize(
    ("path", "to", "place", "change"),
    [
        (("region",), "GB", "mapping.region", "IN -> GB"),
        (("entities", "customer", "crm_stamp"), "Other", "customer.crm_stamp", "Stamp -> Other"),
        ((*FIELD, "owner"), "books", "customer.segment.owner", "crm -> books"),
        ((*FIELD, "args"), {"crm_max": 9}, "customer.segment.args", "{} -> {crm_max: 9}"),
        (FIELD, None, "customer.segment", "removed"),
        (
            ("entities", "customer", "fields", "notes"),
            {"crm": "Description", "books": "notes"},
            "customer.notes",
            "added: Description and notes, both, owner crm",
        ),
    ],
)
def test_one_change_is_one_difference_with_its_meaning(
    path: tuple[str, ...], to: Any, place: str, change: str
) -> None:
    """In the place where a person finds it in the file."""
    (found,) = differences(load_mapping(BASE), changed(*path, to=to))
    assert (found.place, found.change) == (place, change)
    assert found.meaning


def test_an_entity_comes_and_goes() -> None:
    """As a whole, not field by field."""
    small, whole = load_mapping(BASE), preset("india")
    assert [(one.place, one.change) for one in differences(small, whole)][0:1]
    assert ("contact_person", "added") in [(one.place, one.change) for one in differences(small, whole)]
    assert ("contact_person", "removed") in [(one.place, one.change) for one in differences(whole, small)]


def test_equal_mappings_have_no_difference() -> None:
    """However they are written."""
    assert differences(load_mapping(BASE), load_mapping(BASE.replace("{crm: Segment, books: cf_segment}", """
        crm: Segment
        books: cf_segment
        owner: crm"""))) == []  # fmt: skip


@pytest.mark.parametrize(
    ("model", "meanings", "apart"),
    [
        (FieldMapping, mapping_diff._FIELD_KEYS, {"name"}),
        (EntityMapping, mapping_diff._ENTITY_KEYS, {"name", "fields", "enabled"}),
        (Mapping, mapping_diff._MAPPING_KEYS, {"entities"}),
    ],
)
def test_every_key_has_a_meaning(model: Any, meanings: dict[str, str], apart: set[str]) -> None:
    """A key without one would change a mapping unseen."""
    assert set(meanings) == set(model.model_fields) - apart
