"""The rules for one mapped field; `FIELD_RULES` has all. A docstring begins with the kinds of its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as ReadOnly
from typing import Final

from tandem.core.checks.carries import carries
from tandem.core.checks.finding import Checked, Finding, fields_of
from tandem.core.choices import Picklist
from tandem.core.conversion import SIDE_NAMES
from tandem.core.facts import FieldFacts
from tandem.core.lookup import Lookup
from tandem.core.mapping import EntityMapping
from tandem.core.mapping_faults import nearest
from tandem.core.quantities import Number
from tandem.core.records import Side
from tandem.core.tax import TaxIdentity


def exists(field: Checked) -> Iterator[Finding]:
    """unknown_field, removed_field, renamed_field: every attribute is there, under this name."""
    for side in Side:
        there = fields_of(field.entity, side, field.facts)
        for name in field.mapped.attributes(side):
            if name not in there and _is_told(field.entity, side, name):
                yield _missing(field, side, name, there)


def _is_told(entity: EntityMapping, side: Side, name: str) -> bool:
    """Books tells custom fields of persons nowhere (dossier books §3)."""
    return side is Side.CRM or entity.name != "contact_person" or not name.startswith("cf_")


def _missing(field: Checked, side: Side, name: str, there: ReadOnly[str, FieldFacts]) -> Finding:
    words = name.removeprefix("cf_").replace("_", " ").casefold()
    renamed = next((fact for fact in there.values() if fact.label.casefold() == words), None)
    if renamed:
        message = (
            f"{SIDE_NAMES[side]} has no {name}; the field labelled “{renamed.label}” is {renamed.name} now"
        )
        return field.finding("renamed_field", side, message, f"write {renamed.name}")
    known_before = (field.entity.name, side, name) in field.facts.known_before
    kind = "removed_field" if known_before else "unknown_field"
    why = (
        "it was removed, or hidden from the token's user, since the mapping was approved"
        if known_before
        else "it never was, or the token's user may not see it"
    )
    message = f"{SIDE_NAMES[side]} has no {name}: {why}"
    fix = f"create it in {SIDE_NAMES[side]}, or {nearest(name, sorted(there))}"
    return field.finding(kind, side, message, fix)


_SHOW_IT: Final = "show it to that user, or take the field out"


def visible(field: Checked) -> Iterator[Finding]:
    """hidden_field: the token's user sees it, and Books has not switched it off."""
    for side, fact in field.all_known():
        if not fact.visible:
            message = f"{fact.name} of {SIDE_NAMES[side]} is hidden from the token's user, or switched off"
            yield field.finding("hidden_field", side, message, _SHOW_IT, fact=fact)


def writable(field: Checked) -> Iterator[Finding]:
    """read_only_target, read_only_both_ways: what is to be written can be."""
    for side in field.written:
        for fact in field.known(side).values():
            if fact.read_only:
                both = field.mapped.direction == "both"
                kind = "read_only_both_ways" if both else "read_only_target"
                message = f"{fact.name} is read-only in {SIDE_NAMES[side]}, but direction is {field.mapped.direction}"
                fix = f"write direction: to_{side.other}, or give the token's user the right to edit it"
                yield field.finding(kind, side, message, fix, fact=fact)


def fits(field: Checked) -> Iterator[Finding]:
    """type_mismatch, date_against_datetime, multi_into_single: the converter can carry what stands there."""
    name = field.mapped.converter
    for side in Side:
        for fact in field.known(side).values():
            if fact.kind in ("", "lookup") or carries(name, fact.kind, writes=field.mapped.may_write(side)):
                continue
            shown = f"{fact.name} of {SIDE_NAMES[side]} is {fact.shown()}"
            if {name, fact.kind} == {"date", "datetime"}:
                fix = f"write converter: {fact.kind}, or choose a field of the same kind on both sides"
                message = f"{shown}; the converter is {name}"
                yield field.finding("date_against_datetime", side, message, fix, fact=fact)
            elif name == "picklist" and fact.kind == "multi_select":
                fix = "write converter: multi_select, or choose a field for one choice"
                yield field.finding(
                    "multi_into_single", side, f"{shown}: several choices do not fit into one", fix
                )
            else:
                fix = "choose another converter, or a field of another kind"
                message = f"{shown}; the converter {name} cannot carry it"
                yield field.finding("type_mismatch", side, message, fix, fact=fact)
    if name == "multi_select" and any(
        fact.kind == "picklist" for side in Side for fact in field.known(side).values()
    ):
        yield field.finding(
            "multi_into_single", "converter", "a field for one choice stands on a side: several do not fit into one",
            "choose fields for several choices on both sides",
        )  # fmt: skip


def long_enough(field: Checked) -> Iterator[Finding]:
    """shorter_on_other_side: a longer value will be held, never cut."""
    one, other = field.only(Side.CRM), field.only(Side.BOOKS)
    if not (one and other and one.length and other.length) or field.mapped.converter in _OF_FIXED_LENGTH:
        return
    if not {one.kind, other.kind} <= _MEASURED:
        return  # digits and ids are counted in other ways
    for source, target, side in ((one, other, Side.BOOKS), (other, one, Side.CRM)):
        told = getattr(field.mapped.convert, f"{side}_max", None)
        if source.length and target.length and source.length > target.length and field.mapped.may_write(side):
            if told is not None and told <= target.length:
                continue
            message = (
                f"{source.name} takes {source.length} characters, {target.name} of {SIDE_NAMES[side]} takes "
            )
            message += str(target.length)
            fix = "lengthen the field"
            if f"{side}_max" in type(field.mapped.convert).model_fields:
                fix = f"write args: {{{side}_max: {target.length}}} (longer values are then held), or {fix}"
            yield field.finding("shorter_on_other_side", side, message, fix, is_fault=False)


_OF_FIXED_LENGTH: Final = frozenset(
    {"picklist", "multi_select", "checkbox", "date", "datetime", "integer", "tax_number"}
)
_MEASURED: Final = frozenset({"text", "long_text", "email", "url", "phone", "picklist", ""})
"""Kinds of field whose length is that of a text."""


def precise(field: Checked) -> Iterator[Finding]:
    """precision_lost: both sides keep the digits that the converter lets through."""
    convert = field.mapped.convert
    if not isinstance(convert, Number):
        return
    for side in field.written:
        fact = field.only(side)
        if fact and fact.places is not None and convert.places > fact.places:
            message = (
                f"{fact.name} of {SIDE_NAMES[side]} keeps {fact.places} places, the mapping {convert.places}"
            )
            fix = f"write args: {{places: {fact.places}}}; a value with more is then held"
            yield field.finding("precision_lost", side, message, fix)


def choices(field: Checked) -> Iterator[Finding]:
    """choice_without_counterpart, choice_not_there: the table covers what both sides offer, and nothing else."""
    convert = field.mapped.convert
    if not isinstance(convert, Picklist):
        return
    for side, table in ((Side.CRM, list(convert.values)), (Side.BOOKS, list(convert.values.values()))):
        fact = field.only(side)
        if fact is None or fact.choices is None:
            continue
        if unknown := [value for value in table if not fact.offers(value)]:
            message = f"{fact.name} of {SIDE_NAMES[side]} has no choice {', '.join(unknown)}"
            fix = "add the choice there, or take it out of the mapping; until then such a value is held"
            yield field.finding("choice_not_there", "args", message, fix, is_fault=False)
        left = fact.beyond(table)
        if left and field.mapped.may_write(side.other):
            message = f"{', '.join(left)} of {fact.name} ({SIDE_NAMES[side]}) has no counterpart"
            fix = "add it to args: {values: ...}; until then a record with that value is held"
            yield field.finding("choice_without_counterpart", "args", message, fix, is_fault=False)


def lookups(field: Checked) -> Iterator[Finding]:
    """lookup_unmapped, lookup_to_entity_off: an id of one side means nothing on the other."""
    if isinstance(field.mapped.convert, Lookup):
        yield from _linked_lookup(field, field.mapped.convert.entity)
        return
    for side in Side:
        for fact in field.known(side).values():
            if fact.kind == "lookup" and fact.refers_to in field.off:
                message = f"{fact.name} of {SIDE_NAMES[side]} leads to {fact.refers_to}, which is off in the mapping"
                fix = "write enabled: true there, or map a text of it instead"
                yield field.finding("lookup_to_entity_off", side, message, fix, fact=fact)
            elif fact.kind == "lookup":
                to = f" to {fact.refers_to}" if fact.refers_to else ""
                message = f"{fact.name} of {SIDE_NAMES[side]} is a lookup{to}, which no entity of the mapping carries"
                fix = "write converter: lookup if it leads to what an entity of the mapping carries, else map a text; "
                fix += "the parent of a person is parent_field"
                yield field.finding("lookup_unmapped", side, message, fix, fact=fact)


def _linked_lookup(field: Checked, entity: str) -> Iterator[Finding]:
    """A CRM lookup to the module of an entity that is on; what Books keeps is an id."""
    if entity not in field.modules:
        message = f"the lookup leads to {entity}, which the mapping does not sync"
        yield field.finding(
            "lookup_to_entity_off", "args", message, f"switch {entity} on, or take the field out"
        )
        return
    fact, module = field.only(Side.CRM), field.modules[entity]
    if fact and fact.kind and fact.kind != "lookup":
        message = f"{fact.name} of CRM is {fact.shown()}; the converter lookup needs a lookup to {module}"
        yield field.finding(
            "type_mismatch", "crm", message, "choose a lookup, or another converter", fact=fact
        )
    elif fact and fact.refers_to and fact.refers_to != module:
        message = f"{fact.name} of CRM leads to {fact.refers_to}, not to {module} as {entity} does"
        yield field.finding("lookup_unmapped", "crm", message, f"choose a lookup to {module}", fact=fact)


def times(field: Checked) -> Iterator[Finding]:
    """newest_without_times: `newest` needs to know when each side changed."""
    of_primary = field.entity.kind.of_primary.intersection(field.mapped.attributes(Side.BOOKS))
    of_person = field.entity.is_person or bool(of_primary)
    if field.mapped.conflict == "newest" and of_person:
        yield field.finding(
            "newest_without_times", "conflict",
            "Books tells no time of a contact person, so nobody knows which edit was the newest",
            "write conflict: owner or hold",
        )  # fmt: skip


def ways(field: Checked) -> Iterator[Finding]:
    """lossy_both_ways: what comes back is a guess."""
    if field.mapped.direction == "both" and field.mapped.convert.loses == frozenset(Side):
        yield field.finding(
            "lossy_both_ways", "converter",
            f"{field.mapped.converter} loses something in both directions: what comes back is a guess",
            "write direction: to_books or to_crm",
            is_fault=False,
        )  # fmt: skip


def taxes(field: Checked) -> Iterator[Finding]:
    """tax_fields_without_tax: the Books organisation has the tax that the mapping names."""
    convert, facts = field.mapped.convert, field.facts
    names = set(field.mapped.attributes(Side.BOOKS))
    gst = bool(names & {"gst_no", "gst_treatment", "place_of_contact", "hsn_or_sac"})
    if isinstance(convert, TaxIdentity):
        gst = gst or convert.scheme == "gstin"
    if gst and not facts.has_gst:
        yield field.finding(
            "tax_fields_without_tax", "books", "the Books organisation is in a country without GST attributes",
            "choose the preset of that country, or take the field out",
        )  # fmt: skip
    elif names & {"vat_reg_no", "vat_treatment"} and not facts.has_vat:
        yield field.finding(
            "tax_fields_without_tax", "books", "the Books organisation is in a country without VAT attributes",
            "choose the preset of that country, or take the field out",
        )  # fmt: skip


def currencies(field: Checked) -> Iterator[Finding]:
    """currency_not_allowed: Books knows currencies by ids of its own, fixed once there are transactions."""
    is_fixed = field.mapped.written == "on_create" and isinstance(field.mapped.convert, Picklist)
    for name in field.mapped.attributes(Side.BOOKS):
        if name == "currency_code" or (name == "currency_id" and not is_fixed):
            yield field.finding(
                "currency_not_allowed", "books", f"{name} of Books cannot be changed once there are transactions",
                "map currency_id with converter: picklist, args: {values: {code of CRM: id of Books}} and written: "
                "on_create; or take it out: currency_field of the entity keeps other currencies apart",
            )  # fmt: skip


FIELD_RULES: Final[tuple[Callable[[Checked], Iterator[Finding]], ...]] = (
    exists, visible, writable, fits, long_enough, precise, choices, lookups, times, ways, taxes, currencies,
)  # fmt: skip
