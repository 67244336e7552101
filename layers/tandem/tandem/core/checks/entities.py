"""The rules for an entity as a whole; `ENTITY_RULES` has all. A docstring begins with the kinds of its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tandem.core.checks.finding import Checked, Finding, fields_of
from tandem.core.conversion import SIDE_NAMES
from tandem.core.converters import Email, TaxIdentity
from tandem.core.facts import Facts, FieldFacts
from tandem.core.mapping import EntityMapping
from tandem.core.mapping_faults import nearest
from tandem.core.mapping_field import FieldMapping
from tandem.core.records import Side
from tandem.core.yamltree import Path

MOSTLY_BLANK: Final = 0.5
"""A match key that stands in fewer than this share of the records links few of them."""
OFTEN_REPEATED: Final = 0.02
"""A match key whose value stands in more than one record this often is no key; a few doubles are people's slips."""
_DO_NOT_ALLOW: Final = {
    Side.CRM: "in CRM: Setup > Modules and Fields, edit the field, tick “Do not allow duplicate values”",
    Side.BOOKS: "in Books: Settings > the module > Custom Fields, tick “Prevent duplicate values”",
}


def module(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """unknown_module: CRM shows the module's fields."""
    if not facts.crm.get(entity.crm_module):
        yield Finding(
            "unknown_module", _at(entity, "crm_module"), f"CRM shows no fields of {entity.crm_module}",
            "check the name, and that the token's user sees the module",
        )  # fmt: skip


def stamps(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """stamp_missing, stamp_not_unique, stamp_no_text: the field that makes a second insert impossible."""
    for side, name in ((Side.CRM, entity.crm_stamp), (Side.BOOKS, entity.books_stamp)):
        there = fields_of(entity, side, facts)
        if name is None or not there:
            continue
        path, shown = _at(entity, f"{side}_stamp"), f"the stamp field {name} of {SIDE_NAMES[side]}"
        fact = there.get(name)
        if fact is None:
            fit = sorted(one.name for one in there.values() if one.unique and one.kind == "text")
            fix = "create a text field and tick that duplicates are refused" + (
                f", or {nearest(name, fit)}" if fit else ""
            )
            yield Finding("stamp_missing", path, f"{shown} does not exist", fix)
            continue
        if fact.unique is False:
            fix = _DO_NOT_ALLOW[side]
            message = f"{shown} allows duplicates: a retry could double"
            yield _about(side, fact, "stamp_not_unique", path, message, fix)
        if fact.kind not in ("text", ""):
            fix = "use a text field: an id has up to 19 digits, a number is cut"
            yield _about(side, fact, "stamp_no_text", path, f"{shown} is {fact.shown()}", fix)


def required(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """required_without_value, required_on_layout: a create carries what the other side demands."""
    for side in Side:
        if side is Side.BOOKS and not entity.create_in_books:
            continue
        covered = _written(entity, side)
        for fact in fields_of(entity, side, facts).values():
            if fact.name in covered or fact.read_only:
                continue
            fix = f"map it, or give it a value under constants: {side}"
            if fact.required:
                message = f"{SIDE_NAMES[side]} demands {fact.name}, and nothing fills it"
                yield _about(side, fact, "required_without_value", _at(entity, "fields"), message, fix)
            elif fact.layouts:
                message = f"the layout {' and '.join(fact.layouts)} of CRM demands {fact.name}, and nothing fills it"
                path = _at(entity, "fields")
                yield _about(side, fact, "required_on_layout", path, message, fix, is_fault=False)


def _written(entity: EntityMapping, side: Side) -> set[str | None]:
    mapped = {name for field in entity.fields if field.may_write(side) for name in field.attributes(side)}
    own = {entity.crm_stamp, entity.parent_field} if side is Side.CRM else {entity.books_stamp}
    return mapped | own | set(entity.constants.of(side))


def constants(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """unknown_field, constant_out_of_range: a value written on create is one that the side takes."""
    for side in Side:
        there = fields_of(entity, side, facts)
        for field in entity.fields:
            value, fact = field.default.on(side), there.get(field.attributes(side)[0])
            if value is not None and fact is not None and (problem := _out_of_range(value, fact)):
                path = (*_at(entity, "fields"), field.name, "default", side.value)
                fix = f"write a value that {fact.name} takes ({fact.shown()})"
                yield _about(side, fact, "constant_out_of_range", path, f"“{value}” {problem}", fix)
        for name, value in entity.constants.of(side).items():
            fact, path = there.get(name), (*_at(entity, "constants"), side.value, name)
            if fact is None:
                if there:
                    fix = nearest(name, sorted(there))
                    yield Finding("unknown_field", path, f"{SIDE_NAMES[side]} has no {name}", fix)
                continue
            if problem := _out_of_range(value, fact):
                fix = f"write a value that {fact.name} takes ({fact.shown()})"
                yield _about(side, fact, "constant_out_of_range", path, f"“{value}” {problem}", fix)


def _out_of_range(value: object, fact: FieldFacts) -> str:
    if fact.read_only:
        return f"cannot be written: {fact.name} is read-only"
    if not fact.offers(str(value)):
        return f"is no choice of {fact.name}: {', '.join((fact.choices or ())[:10])}"
    if fact.length and len(str(value)) > fact.length:
        return f"has {len(str(value))} characters, {fact.name} takes {fact.length}"
    if fact.kind == "integer" and not isinstance(value, int):
        return f"is no whole number, as {fact.name} wants"
    if fact.kind == "checkbox" and not isinstance(value, bool):
        return f"is neither true nor false, as {fact.name} wants"
    return ""


def keys(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """match_key_missing, match_key_mostly_blank, match_key_not_unique: records find their counterpart by something."""
    found = [field for field in entity.fields if _is_match_key(entity, field)]
    by_persons = entity.name == "customer" and "email" in entity.match_by and "contact_person" in facts.books
    if not found and not by_persons:
        yield Finding(
            "match_key_missing", _at(entity, "fields"), "no field of match_by is mapped: existing records find no "
            "counterpart", "map one of them, or link the existing records by their stamp",
            is_fault=False,
        )  # fmt: skip
    for field in found:
        checked = Checked(entity, field, facts)
        for side in Side:
            sample = facts.samples.get((entity.name, side, field.name))
            if sample is None:
                continue
            of_side = f"of the {sample.size} newest records of {SIDE_NAMES[side]}"
            if sample.filled < MOSTLY_BLANK:
                message = f"{field.name} is filled in {sample.filled:.0%} {of_side}"
                fix = "fill it before the first sync, or expect many held records"
                yield checked.finding("match_key_mostly_blank", "", message, fix, is_fault=False)
            if sample.repeated > OFTEN_REPEATED:
                message = f"{field.name} has the same value in several {of_side} ({sample.repeated:.0%})"
                fix = "give each record its own value, or expect them to be held as ambiguous"
                yield checked.finding("match_key_not_unique", "", message, fix, is_fault=False)


def _is_match_key(entity: EntityMapping, field: FieldMapping) -> bool:
    convert = field.convert
    word = "tax_number" if isinstance(convert, TaxIdentity) else "email" if isinstance(convert, Email) else ""
    return word in entity.match_by or field in entity.own_keys


def scope(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """unknown_field, hidden_field, unfilterable, choice_not_there: what decides on a create can be asked for."""
    for side in Side:
        yield from _scope(entity, side, fields_of(entity, side, facts))


def _scope(entity: EntityMapping, side: Side, there: Mapping[str, FieldFacts]) -> Iterator[Finding]:
    for name, wanted in entity.create_when(side.other).items():
        fact, path = there.get(name), (*_at(entity, f"create_in_{side.other}_when"), name)
        if fact is None:
            if there:
                message = f"{SIDE_NAMES[side]} has no {name}"
                yield Finding("unknown_field", path, message, nearest(name, sorted(there)))
            continue
        if not fact.visible:
            message = f"{name} of {SIDE_NAMES[side]} is hidden from the token's user, or switched off"
            fix = "show it to that user, or decide by another field"
            yield _about(side, fact, "hidden_field", path, message, fix)
        if side is Side.CRM and not fact.filterable:
            message = f"{name} is {fact.shown()}, which CRM cannot filter by"
            fix = "choose a pick list, a check box or a short text"
            yield Finding("unfilterable", path, message, fix, crm=fact)
        missing = [text for text in map(str, wanted) if not fact.offers(text)]
        if missing:
            message, fix = f"{name} has no choice {', '.join(missing)}", "write one of its choices"
            yield _about(side, fact, "choice_not_there", path, message, fix)


def parents(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """unknown_field, parent_no_lookup, parent_circular: a person's lookup leads to its Account."""
    there = fields_of(entity, Side.CRM, facts)
    name, path = entity.parent_field, _at(entity, "parent_field")
    if name is None or not there:
        return
    fact = there.get(name)
    if fact is None:
        yield Finding("unknown_field", path, f"CRM has no {name}", nearest(name, sorted(there)))
    elif fact.kind != "lookup":
        yield Finding(
            "parent_no_lookup", path, f"{name} is {fact.shown()}", "choose the lookup to Accounts", crm=fact
        )
    elif fact.refers_to == entity.crm_module:
        message = f"{name} leads to {fact.refers_to} itself: a record would be its own parent's parent"
        yield Finding("parent_circular", path, message, "choose the lookup to Accounts", crm=fact)


def beside(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """unknown_field, hidden_field, type_mismatch: what is read beside the mapped fields is there, and of its kind."""
    there = fields_of(entity, Side.CRM, facts)
    for key, kinds in _READ_BESIDE.items():
        name, path = getattr(entity, key), _at(entity, key)
        fact = there.get(name or "")
        if name is None or not there or (key == "currency_field" and not facts.has_currencies):
            continue
        if fact is None and kinds:
            yield Finding("unknown_field", path, f"CRM has no {name}", nearest(name, sorted(there)))
        elif fact is not None and not fact.visible:
            message = f"{name} of CRM is hidden from the token's user"
            yield Finding("hidden_field", path, message, "show it to that user, or name another", crm=fact)
        elif fact is not None and kinds and fact.kind not in kinds:
            fix = f"choose a field of the kind {' or '.join(kinds)}"
            yield Finding("type_mismatch", path, f"{name} is {fact.shown()}", fix, crm=fact)


_READ_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "crm_stamp": (),
    "parent_field": (),
    "primary_person_field": ("checkbox",),
    "email_field": ("email", "text"),
    "currency_field": ("picklist", "text"),
}
"""Keys of an entity that name a CRM field, and its kinds; none where a rule of their own looks at the field itself."""


def vendors(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """unknown_field, hidden_field, parent_no_lookup, vendors_unseen: whose person a Contact is can be told."""
    there = fields_of(entity, Side.CRM, facts)
    if not entity.is_person or not there:
        return
    name, path = entity.vendor_lookup, _at(entity, "vendor_field")
    if name is None:
        yield from _unseen(entity, path, there)
        return
    fact, none = there.get(name), "or write vendor_field: none where Contacts name no Vendors"
    if fact is None:
        message = f"CRM has no {name}: it never was, or the token's user may not see it"
        yield Finding("unknown_field", path, message, f"show it to that user, {none}")
    elif not fact.visible:
        message = f"{name} of CRM is hidden from the token's user"
        yield Finding("hidden_field", path, message, f"show it to that user, {none}", crm=fact)
    elif fact.kind != "lookup":
        fix = f"choose the lookup to Vendors, {none}"
        yield Finding("parent_no_lookup", path, f"{name} is {fact.shown()}", fix, crm=fact)


def _unseen(entity: EntityMapping, path: Path, there: Mapping[str, FieldFacts]) -> Iterator[Finding]:
    found = next((fact for fact in there.values() if fact.refers_to == "Vendors" and fact.visible), None)
    if entity.without_account == "individual_customer" and found is not None:
        message = f"a Contact that names a Vendor in {found.name} and no Account becomes a customer"
        fix = f"write vendor_field: {found.name}, or take the line out"
        yield Finding("vendors_unseen", path, message, fix, is_fault=False, crm=found)


def currency(entity: EntityMapping, facts: Facts) -> Iterator[Finding]:
    """currency_not_allowed: CRM keeps a currency for each record only where that is switched on."""
    if entity.currency_field and not facts.has_currencies:
        yield Finding(
            "currency_not_allowed", _at(entity, "currency_field"), "CRM keeps one currency only",
            "take currency_field out, or switch several currencies on in CRM",
        )  # fmt: skip


def _about(
    side: Side, fact: FieldFacts, kind: str, path: Path, message: str, fix: str, *, is_fault: bool = True
) -> Finding:
    crm, books = (fact, None) if side is Side.CRM else (None, fact)
    return Finding(kind, path, message, fix, is_fault, crm, books)


def _at(entity: EntityMapping, key: str) -> Path:
    return ("entities", entity.name, key)


ENTITY_RULES: Final[tuple[Callable[[EntityMapping, Facts], Iterator[Finding]], ...]] = (
    module, stamps, parents, beside, vendors, required, constants, keys, scope, currency,
)  # fmt: skip
