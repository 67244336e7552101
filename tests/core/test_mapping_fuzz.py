"""Whatever stands in a mapping file, the check names faults with file, line and fix; never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tandem.core.checks.kinds import FILE_KINDS, LIVE_KINDS
from tandem.core.checks.report import Line, examine
from tandem.core.mapping import EntityMapping, Mapping, load_mapping
from tandem.core.mapping_diff import differences
from tandem.core.mapping_field import FieldMapping
from tests.core.orgs import MAPPING, right_world

PRESET = (resources.files("tandem") / "presets" / "india.yaml").read_bytes()
FACTS = right_world().facts
KEYS = sorted(
    {*Mapping.model_fields, *EntityMapping.model_fields, *FieldMapping.model_fields, "crm", "books", "places"}
)
WORDS = [
    "customer",
    "contact_person",
    "Account_Name",
    "contact_name",
    "cf_x",
    "billing_address.phone",
    "picklist",
    "hold",
]
MARKS = [
    *(
        b":",
        b"-",
        b"{",
        b"}",
        b"[",
        b"]",
        b"&a ",
        b"*a",
        b"!!int ",
        b"|",
        b">",
        b"? ",
        b"\t",
        b"\n",
        b"---\n",
        b"'",
    ),
    *(
        b'"',
        b"#",
        b"\xff",
        b"\x00",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"%YAML 9.9\n",
        b"<<: ",
        b"\\ud800",
        b"@",
        b"`",
    ),
]

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(WORDS)
shapes = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)


def check(given_file: bytes) -> list[Line]:
    """What is said of a file, each line as a person needs it."""
    lines = examine(given_file, "my.yaml", FACTS)
    for line in lines:
        assert line.file == "my.yaml"
        assert 1 <= line.line <= given_file.count(b"\n") + given_file.count(b"\r") + 1, line
        assert line.message
        assert line.fix
        assert line.kind in {*FILE_KINDS, *LIVE_KINDS}
        assert "Traceback" not in line.message
    return lines


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a tree below its root."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xfe\xff\x00a")
@example(b"[" * 100_000)
@example(b"a: " * 1000)
@example(b"x" * 1_000_001)
def test_any_bytes_are_a_fault_with_its_line(file: bytes) -> None:
    """Nothing that short is a mapping."""
    assert check(file)


@settings(max_examples=200)
@given(st.data())
def test_a_preset_with_any_bytes_in_any_place_is_read_or_named(data: st.DataObject) -> None:
    """A slip of the hand in a good file: a mark too many, a line lost, a word doubled."""
    file = bytearray(PRESET)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(file)))
        end = data.draw(st.integers(start, min(len(file), start + 40)))
        file[start:end] = data.draw(
            st.sampled_from(MARKS) | st.binary(max_size=6) | st.just(bytes(file[start:end]) * 2)
        )
    check(bytes(file))


POLICIES: dict[str, list[Any]] = {
    "direction": ["both", "to_books", "to_crm"],
    "conflict": ["owner", "newest", "hold"],
    "first_link": ["hold", "crm", "books"],
    "owner": ["crm", "books"],
    "drift": ["report", "put_back"],
    "never_blank": [True, False],
    "never_blank_crm": [True, False],
    "crm_may": ["edit", "fill_blank"],
    "default": [{"books": "x"}, {"crm": "x"}, {}],
    "crm": ["Segment", "Tier"],
    "args": [{}, {"crm_max": 9}],
    "delete": ["deactivate", "keep", "hold"],
    "match_by": [["email"], ["tax_number", "email"], ["segment"]],
    "create_in_crm_when": [{}, {"cf_x": ["a"]}],
    "currency_field": ["Currency"],
    "constants": [{"books": {"cf_y": "1"}}],
    "region": ["IN", "US"],
    "absent_custom_field": ["blank", "unknown"],
}
CHANGES = [(key, value) for key, values in POLICIES.items() for value in values]


def changed(changes: list[tuple[str, Any]]) -> str:
    """The right mapping with other values of some keys."""
    tree = copy.deepcopy(MAPPING)
    customer = tree["entities"]["customer"]
    for key, value in changes:
        if key in Mapping.model_fields:
            tree[key] = value
        elif key in EntityMapping.model_fields:
            customer[key] = value
        else:
            customer["fields"]["segment"][key] = value
    return json.dumps(tree)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]}: {change[1]}")
def test_no_change_of_a_mapping_goes_unseen(change: tuple[str, Any]) -> None:
    """`mapping diff` tells of every change that has another version, and of nothing else."""
    assert_seen(changed([change]))


@given(st.lists(st.sampled_from(CHANGES), min_size=2, max_size=4))
def test_no_changes_of_a_mapping_hide_each_other(changes: list[tuple[str, Any]]) -> None:
    """Several at once."""
    assert_seen(changed(changes))


def assert_seen(text: str) -> None:
    """Compare the diff with the versions, where the mapping loads at all."""
    if not examine(text, "my.yaml"):
        old, new = load_mapping(json.dumps(MAPPING)), load_mapping(text)
        assert bool(differences(old, new)) == (old.version != new.version)


@settings(max_examples=200)
@given(place=st.sampled_from(list(places(MAPPING))), odd=shapes, key=st.sampled_from([None, *KEYS]))
@example(place=("entities", "customer", "fields", "grade", "args", "values"), odd=[[]], key=None)
def test_any_shape_in_any_place_is_read_or_named(place: tuple[Any, ...], odd: Any, key: str | None) -> None:
    """In the place of what stands there, or as a key beside it."""
    tree = copy.deepcopy(MAPPING)
    *above, last = place
    holder: Any = tree
    for part in above:
        holder = holder[part]
    if key is not None and isinstance(holder, dict):
        holder[key] = odd
    else:
        holder[last] = odd
    check(json.dumps(tree).encode())
