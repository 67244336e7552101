"""A finding of a mapping's check, and one mapped field with the facts of both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tandem.core.facts import Facts, FieldFacts
from tandem.core.mapping import EntityMapping
from tandem.core.mapping_field import FieldMapping
from tandem.core.records import Side
from tandem.core.yamltree import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault (it must be mended) or warning (it works, and some records will be held)."""

    kind: str
    path: Path
    message: str
    fix: str
    is_fault: bool = True
    crm: FieldFacts | None = None
    books: FieldFacts | None = None

    def facts(self) -> dict[str, Any]:
        """Both sides' facts as plain data, where they are known."""
        return {side: asdict(fact) for side, fact in (("crm", self.crm), ("books", self.books)) if fact}


@dataclass(frozen=True, slots=True)
class Checked:
    """One mapped field with the facts of its attributes."""

    entity: EntityMapping
    mapped: FieldMapping
    facts: Facts
    off: frozenset[str] = frozenset()
    """The modules of entities that the mapping has switched off."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Entity -> CRM module of those that are on."""

    def known(self, side: Side) -> dict[str, FieldFacts]:
        """The facts of its attributes on a side, of those that exist there."""
        there = fields_of(self.entity, side, self.facts)
        return {name: there[name] for name in self.mapped.attributes(side) if name in there}

    def all_known(self) -> list[tuple[Side, FieldFacts]]:
        """The facts of its attributes on both sides."""
        return [(side, fact) for side in Side for fact in self.known(side).values()]

    def only(self, side: Side) -> FieldFacts | None:
        """The facts of a field with one attribute; None for a set or what is not there."""
        return next(iter(self.known(side).values()), None) if self.mapped.parts(side) is None else None

    @property
    def written(self) -> tuple[Side, ...]:
        """The sides that the field writes."""
        return tuple(side for side in Side if self.mapped.may_write(side))

    def finding(
        self,
        kind: str,
        at: str,
        message: str,
        fix: str,
        *,
        is_fault: bool = True,
        fact: FieldFacts | None = None,
    ) -> Finding:
        """A finding at one key of the field ("" for the field itself), with both sides' facts.

        `fact`: that of the part of a set, on the side `at`.
        """
        path = ("entities", self.entity.name, "fields", self.mapped.name, *([at] if at else []))
        known = {side: self.only(side) or (fact if at == side else None) for side in Side}
        return Finding(kind, path, message, fix, is_fault, known[Side.CRM], known[Side.BOOKS])


def fields_of(entity: EntityMapping, side: Side, facts: Facts) -> Mapping[str, FieldFacts]:
    """What a side tells of an entity's fields; empty if nothing."""
    return facts.crm.get(entity.crm_module, {}) if side is Side.CRM else facts.books.get(entity.name, {})
