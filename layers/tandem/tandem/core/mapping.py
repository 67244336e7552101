"""The mapping: which fields of which records correspond, who owns them, and what a conflict does. Data, not code.

One YAML file per connection; every fault is named with file, line, field and fix (design, section 7).
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from importlib import resources
from typing import Any, Final, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from tandem.core.conversion import Region, is_country
from tandem.core.entities import INDIVIDUAL, KINDS, PERSON
from tandem.core.errors import BadInputError
from tandem.core.mapping_entity import MOST_FIELDS, EntityMapping, Resource, renamed
from tandem.core.mapping_faults import AllFound, Found, MappingError, explain, nearest
from tandem.core.mapping_field import FieldMapping, Strict, with_region
from tandem.core.mapping_individual import SHARED, faults_of_individual
from tandem.core.records import Value
from tandem.core.yamltree import YamlFault, read_tree

__all__ = ["EntityMapping", "FieldMapping", "Mapping", "MappingError", "Resource", "load_mapping", "preset"]

ENTITIES: Final = tuple(KINDS)


class Mapping(Strict):
    """The whole mapping of one connection."""

    region: Region = "IN"
    """Home country, two letters: how phone numbers and states without a country are read."""
    absent_custom_field: Literal["blank", "unknown"] = "blank"
    """What it means when Books leaves a custom field out of `custom_fields`: `blank`, or `unknown` for an organisation
    that lists all ([unproven](unproven.md))."""
    entities: dict[str, EntityMapping] = Field(min_length=1)
    """What is synced, by name."""

    _off: dict[str, EntityMapping] = PrivateAttr(default_factory=dict)

    @property
    def off(self) -> dict[str, EntityMapping]:
        """The entities of the file that are switched off: known to the check, and to nothing else."""
        return self._off

    @model_validator(mode="after")
    def _rests_on_customers(self) -> Self:
        customer = self.entities.get("customer")
        if customer is not None and not customer.enabled:
            fix = (
                "take enabled: false out; create_in_books_when and create_in_crm_when narrow what is created"
            )
            message = "customer is what the other entities rest on: it cannot be off"
            raise AllFound([Found(message, fix, ("entities", "customer", "enabled"), "policy_contradiction")])
        return self

    @model_validator(mode="after")
    def _share_contacts(self) -> Self:
        """`individual` and `contact_person` are read together."""
        on = {name: entity for name, entity in self.entities.items() if entity.enabled}
        if faults := list(faults_of_individual(on, MOST_FIELDS)):
            raise AllFound(faults)
        if INDIVIDUAL in on:
            for one, other in ((INDIVIDUAL, PERSON), (PERSON, INDIVIDUAL)):
                on[one]._beside = on[other].crm_fields  # noqa: SLF001 - its own kind
                on[one]._lookups_beside = on[other].crm_lookups  # noqa: SLF001
        return self

    @model_validator(mode="before")
    @classmethod
    def _hand_down(cls, given: Any) -> Any:
        """Entities learn their name, converters that need one the region."""
        entities = given.get("entities") if isinstance(given, dict) else None
        if not isinstance(entities, dict):
            return given
        if unknown := [name for name in entities if name not in ENTITIES]:
            fix = f"use {' or '.join(ENTITIES)}"
            raise AllFound(
                [
                    Found(f"unknown entity {name}", fix, ("entities", name), "unknown_entity")
                    for name in unknown
                ]
            )
        if faults := [*renamed(entities, ("entities",))]:
            raise AllFound(faults)
        region = found if is_country(found := given.get("region")) else "IN"  # a fault of its own, told once
        made = {name: _entity(name, spec, region) for name, spec in entities.items()}
        if isinstance(own := made.get(INDIVIDUAL), dict) and isinstance(person := made.get(PERSON), dict):
            made[INDIVIDUAL] = {key: person.get(key) for key in SHARED} | own
        return given | {"entities": made}

    @cached_property
    def led_to(self) -> frozenset[str]:
        """The entities that lookups of the mapping lead to."""
        return frozenset(lookup.entity for entity in self.entities.values() for _, lookup in entity.lookups)

    @cached_property
    def version(self) -> str:
        """Twelve hex digits of the canonical JSON: equal for equal content, however it is written.

        Defaults do not count: a release that knows one more key does not change every mapping.
        """
        said = self.model_dump(mode="json", exclude_defaults=True)
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _entity(name: str, spec: Any, region: Value) -> Any:
    if not isinstance(spec, dict):
        return spec
    fields = spec.get("fields")
    if isinstance(fields, dict):
        fields = {key: with_region(field, region) for key, field in fields.items()}
    return {"name": name} | spec | ({"fields": fields} if fields is not None else {})


_KNOWN: Final = {
    "field": tuple(name for name in FieldMapping.model_fields if name != "name"),
    "entity": tuple(name for name in EntityMapping.model_fields if name != "name"),
    "mapping": tuple(Mapping.model_fields),
}


def load_mapping(text: str | bytes, *, source: str = "mapping.yaml") -> Mapping:
    """The mapping in a YAML text or file, without the entities that are off.

    Raises MappingError (a BadInputError) with every fault found, also in what is off.
    """
    try:
        tree = read_tree(text, source)
    except YamlFault as error:
        raise MappingError([error.fault]) from None
    try:
        whole = Mapping.model_validate(tree.data)
    except ValidationError as error:
        raise MappingError(explain(error, tree, source, _KNOWN)) from None
    on = {name: entity for name, entity in whole.entities.items() if entity.enabled}
    mapping = whole.model_copy(update={"entities": on})
    mapping._off = {name: entity for name, entity in whole.entities.items() if not entity.enabled}  # noqa: SLF001
    return mapping


def preset(name: str) -> Mapping:
    """A mapping that comes with Tandem: india, uk, us or generic; raises BadInputError for any other name."""
    folder = resources.files("tandem") / "presets"
    names = sorted(
        file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")
    )
    if name not in names:
        raise BadInputError(f"there is no preset “{name}”; {nearest(name, names)}")
    return load_mapping((folder / f"{name}.yaml").read_text(encoding="utf-8"), source=f"{name}.yaml")
