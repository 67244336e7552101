"""A mapping held against what both organisations really have. Pure: facts come in, findings go out."""

from __future__ import annotations

from tandem.core.checks.entities import ENTITY_RULES
from tandem.core.checks.fields import FIELD_RULES
from tandem.core.checks.finding import Checked, Finding
from tandem.core.facts import Facts
from tandem.core.mapping import Mapping


def check_mapping(mapping: Mapping, facts: Facts) -> list[Finding]:
    """Every finding: faults first, else in the order of the file."""
    found: list[Finding] = []
    off = frozenset(entity.crm_module for entity in mapping.off.values())
    modules = {name: entity.crm_module for name, entity in mapping.entities.items()}
    for entity in mapping.entities.values():
        for rule in ENTITY_RULES:
            found += rule(entity, facts)
        if facts.crm.get(entity.crm_module):
            for mapped in entity.fields:
                for check in FIELD_RULES:
                    found += check(Checked(entity, mapped, facts, off, modules))
    return sorted(found, key=lambda finding: not finding.is_fault)
