"""Every kind of wrong mapping, by its name: one fault, in its file, line and field, with facts and fix.

The ids of the table are the kinds that are promised; a kind without a row is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tandem.core.checks.kinds import FILE_KINDS, LIVE_KINDS
from tandem.core.facts import Sample, books_facts
from tandem.core.records import Side
from tests.core.orgs import BOOKS, ON_ONE_SIDE, World, right_world

Spoil = Callable[[World], World | str]
"""Spoils the world, or gives the text of a spoilt file."""

C, P = "customer", "contact_person"


def put(old: str, new: str) -> Spoil:
    """The right file with one place changed."""

    def spoil(world: World) -> str:
        assert world.text.count(old) >= 1, old
        return world.text.replace(old, new, 1)

    return spoil


def of(field: str, entity: str = C, **change: Any) -> Spoil:
    """The right mapping with one field changed."""
    return lambda w: w.field(field, entity, **change)


def unmapped(field: str, entity: str) -> Spoil:
    """The right mapping without a field."""

    def spoil(world: World) -> World:
        del world.mapping["entities"][entity]["fields"][field]
        return world

    return spoil


def sampled(**change: Any) -> Spoil:
    """The newest Contacts show their e-mail so."""
    return lambda w: w.tell(samples={(P, Side.CRM, "email"): Sample(200, **change)})


def crm(name: str, **change: Any) -> Spoil:
    """CRM tells something else of an Account's field."""
    return lambda w: w.spoil(w.crm, "Accounts", name, **change)


def books(name: str, **change: Any) -> Spoil:
    """Books tells something else of a customer's field."""
    return lambda w: w.spoil(w.books, C, name, **change)


def linked(world: World, entity: str, **change: Any) -> World:
    """A field that leads to a linked record, told by CRM in another way."""
    world.field("agent", crm="Agent", books="cf_agent", converter="lookup", args={"entity": entity})
    world.spoil(world.books, C, "cf_agent", kind="lookup")
    return world.spoil(
        world.crm, "Accounts", "Agent", **{"kind": "lookup", "refers_to": "Accounts", **change}
    )


SEGMENT_CRM, SEGMENT_BOOKS = "entities.customer.fields.segment.crm", "entities.customer.fields.segment.books"
GRADE = "entities.customer.fields.grade"
STATE = {"values": {"Gold": "G", "Silver": "G"}}
NOT_THERE: dict[str, Any] = {f"f{n}": {"crm": f"F{n}", "books": f"cf_f{n}"} for n in range(50)}


def many_fields(world: World) -> World:
    """Fifty more."""
    world.mapping["entities"][C]["fields"] |= NOT_THERE
    return world


def individuals(world: World) -> World:
    """A Contact without an Account is a customer, and nobody looks whether it names a Vendor."""
    world.entity(P, without_account="individual_customer", vendor_field="none")
    name = {
        "crm": {"first": "First_Name", "last": "Last_Name"},
        "books": {"first": "first_name", "last": "last_name"},
    }
    display = {"crm": dict(name["crm"]), "books": {"full": "contact_name"}, "direction": "to_books"}
    world.mapping["entities"]["individual"] = {
        "crm_module": "Contacts",
        "crm_stamp": "Books_Customer_ID",
        "books_stamp": "cf_crm_contact_id",
        "fields": {
            "name": {"converter": "person_name"} | name,
            "display": {"converter": "full_name"} | display,
        },
    }
    world.books["individual"] = dict(books_facts("individual", BOOKS))
    world.spoil(world.books, "individual", "cf_crm_contact_id", unique=True)
    world.spoil(world.crm, "Contacts", "Books_Customer_ID", unique=True)
    return world.spoil(world.crm, "Contacts", "Vendor_Name", kind="lookup", refers_to="Vendors")


KINDS: dict[str, tuple[Spoil, str, str, str]] = {
    "bad YAML": (put("region: IN", "region: ["), "bad_yaml", "", "customer:"),
    "unknown key": (put("crm_stamp:", "crm_stmp:"), "unknown_key", "entities.customer.crm_stmp", "crm_stmp:"),
    "wrong type": (of("segment", args=5), "wrong_type", "entities.customer.fields.segment.args", "args: 5"),
    "unknown entity": (
        put("  contact_person:", "  deal: {}\n  contact_person:"), "unknown_entity", "entities.deal", "deal: {}"),
    "unknown CRM field": (of("segment", crm="Segmnt"), "unknown_field", SEGMENT_CRM, "crm: Segmnt"),
    "renamed CRM field": (
        lambda w: w.drop(w.crm, "Accounts", "Segment").spoil(w.crm, "Accounts", "Segment1", label="Segment"),
        "renamed_field", SEGMENT_CRM, "crm: Segment"),
    "removed CRM field": (
        lambda w: w.drop(w.crm, "Accounts", "Segment").tell(known_before={(C, Side.CRM, "Segment")}),
        "removed_field", SEGMENT_CRM, "crm: Segment"),
    "unknown Books field": (of("segment", books="cf_segmnt"), "unknown_field", SEGMENT_BOOKS, "books: cf_segmnt"),
    "renamed Books field": (
        lambda w: w.drop(w.books, C, "cf_segment").spoil(w.books, C, "cf_seg", label="Segment"),
        "renamed_field", SEGMENT_BOOKS, "books: cf_segment"),
    "removed Books field": (
        lambda w: w.drop(w.books, C, "cf_segment").tell(known_before={(C, Side.BOOKS, "cf_segment")}),
        "removed_field", SEGMENT_BOOKS, "books: cf_segment"),
    "hidden from the token's user": (crm("Segment", visible=False), "hidden_field", SEGMENT_CRM, "crm: Segment"),
    "read-only target": (
        lambda w: w.field("segment", direction="to_crm").spoil(w.crm, "Accounts", "Segment", read_only=True),
        "read_only_target", SEGMENT_CRM, "crm: Segment"),
    "read-only when the direction needs both": (
        books("cf_segment", read_only=True), "read_only_both_ways", SEGMENT_BOOKS, "books: cf_segment"),
    "missing required field without default": (
        crm("Region", required=True), "required_without_value", "entities.customer.fields", "fields:"),
    "required on the layout only": (
        crm("Region", layouts=("Standard",)), "required_on_layout", "entities.customer.fields", "fields:"),
    "type mismatch": (
        crm("Credit", kind="text"), "type_mismatch", "entities.customer.fields.credit.crm", "crm: Credit"),
    "length shorter on the other side": (
        lambda w: w.field("segment", args={}).spoil(w.crm, "Accounts", "Segment", length=255),
        "shorter_on_other_side", SEGMENT_BOOKS, "books: cf_segment"),
    "precision lost": (
        books("cf_credit", places=0), "precision_lost", "entities.customer.fields.credit.books", "books: cf_credit"),
    "date against datetime": (
        crm("Since", kind="datetime"), "date_against_datetime", "entities.customer.fields.since.crm", "crm: Since"),
    "picklist value without counterpart in Books": (
        crm("Grade", choices=("Gold", "Silver", "Bronze")), "choice_without_counterpart", f"{GRADE}.args", "args:"),
    "picklist value without counterpart in CRM": (
        books("cf_grade", choices=("G", "S", "B")), "choice_without_counterpart", f"{GRADE}.args", "args:"),
    "picklist table with a value that is not there": (
        books("cf_grade", choices=("G",)), "choice_not_there", f"{GRADE}.args", "args:"),
    "duplicate target in a picklist table": (
        of("grade", args=STATE), "duplicate_choice", f"{GRADE}.args.values", "values:"),
    "multi-select into single": (
        crm("Grade", kind="multi_select"), "multi_into_single", f"{GRADE}.crm", "crm: Grade"),
    "lookup to an entity that is off": (
        lambda w: w.entity(P, enabled=False).spoil(w.crm, "Accounts", "Segment", kind="lookup", refers_to="Contacts"),
        "lookup_to_entity_off", SEGMENT_CRM, "crm: Segment"),
    "lookup of the mapping to an entity that it has not": (
        lambda w: linked(w, "vendor"), "lookup_to_entity_off", "entities.customer.fields.agent.args", "args:"),
    "lookup of the mapping to another module": (
        lambda w: linked(w, "customer", refers_to="Vendors"), "lookup_unmapped",
        "entities.customer.fields.agent.crm", "crm: Agent"),
    "lookup of the mapping on a field that is none": (
        lambda w: linked(w, "customer", kind="text"), "type_mismatch",
        "entities.customer.fields.agent.crm", "crm: Agent"),
    "lookup of the mapping without a target": (
        of("segment", converter="lookup", args={}), "bad_arguments",
        "entities.customer.fields.segment.args.entity", "args:"),
    "lookup to no entity": (of("segment", crm="Owner"), "lookup_unmapped", SEGMENT_CRM, "crm: Owner"),
    "two fields on one remote attribute": (
        of("grade", books="cf_segment"), "mapped_twice", f"{GRADE}.books", "books: cf_segment"),
    "two fields on one attribute, beside one that a constant stands in for": (
        lambda w: w.entity(C, constants={"books": {"cf_one": "x"}}).field(
            "both", converter="person_name", direction="to_crm",
            crm={"first": "One", "last": "Two"}, books={"first": "cf_one", "last": "cf_segment"}),
        "mapped_twice", "entities.customer.fields.both.books", "books:"),
    "a mirror of the primary person mapped": (
        of("segment", books="email"), "mirror_mapped", SEGMENT_BOOKS, "books: email"),
    "part of a set mapped alone": (
        of("name", P, crm={"first": "First_Name"}), "set_incomplete",
        "entities.contact_person.fields.name.crm", "crm:"),
    "match key not unique": (
        sampled(filled=1.0, repeated=0.2), "match_key_not_unique", "entities.contact_person.fields.email", "email:"),
    "match key not mapped": (
        unmapped("email", P), "match_key_missing", "entities.contact_person.fields", "fields:"),
    "match key that is no field": (
        lambda w: w.entity(C, match_by=["emial"]), "match_key_not_mapped", "entities.customer.match_by", "match_by:"),
    "match key blank for most records": (
        sampled(filled=0.1), "match_key_mostly_blank", "entities.contact_person.fields.email", "email:"),
    "unique stamp field missing": (
        lambda w: w.drop(w.books, C, "cf_crm_account_id"),
        "stamp_missing", "entities.customer.books_stamp", "books_stamp:"),
    "unique stamp field not unique": (
        crm("Books_Customer_ID", unique=False), "stamp_not_unique", "entities.customer.crm_stamp", "crm_stamp:"),
    "owner contradicts direction": (
        of("segment", direction="to_books", owner="books"), "owner_contradicts_direction",
        "entities.customer.fields.segment.owner", "owner: books"),
    "newest on a field without times": (
        of("email", P, conflict="newest"), "newest_without_times",
        "entities.contact_person.fields.email.conflict", "conflict: newest"),
    "converter unknown": (
        of("segment", converter="txt"), "unknown_converter",
        "entities.customer.fields.segment.converter", "converter: txt"),
    "converter with bad arguments": (
        of("segment", args={"max": 3}), "bad_arguments", "entities.customer.fields.segment.args.max", "max: 3"),
    "converter lossy in both directions": (
        of("name", P, converter="full_name", books={"full": "first_name"}), "lossy_both_ways",
        "entities.contact_person.fields.name.converter", "converter: full_name"),
    "constant out of range": (
        lambda w: w.entity(C, constants={"books": {"payment_terms": "soon"}}), "constant_out_of_range",
        "entities.customer.constants.books.payment_terms", "payment_terms: soon"),
    "default that the converter does not take": (
        of("grade", default={"books": "Bronze"}), "bad_default", f"{GRADE}.default.books", "books: Bronze"),
    "policy without meaning": (
        lambda w: w.entity(C, enabled=False), "policy_contradiction", "entities.customer.enabled", "enabled: false"),
    "drift of a field that goes both ways": (
        of("segment", drift="put_back"), "policy_contradiction",
        "entities.customer.fields.segment.drift", "drift: put_back"),
    "no field called name": (unmapped("name", C), "missing_key", "entities.customer.fields", "fields:"),
    "a name inside its own section": (
        put("      segment:\n", "      segment:\n        name: grade\n"), "unknown_key",
        "entities.customer.fields.segment.name", "name: grade"),
    "missing key": (
        lambda w: w.entity(C, create_in_books_when={"Account_Type": []}), "missing_key",
        "entities.customer.create_in_books_when.Account_Type", "Account_Type: []"),
    "value that is not allowed": (
        of("segment", owner="zoho"), "unknown_value", "entities.customer.fields.segment.owner", "owner: zoho"),
    "attribute that Tandem never writes": (
        of("segment", books="tags"), "never_mapped", SEGMENT_BOOKS, "books: tags"),
    "constant that Tandem never writes": (
        lambda w: w.entity(C, constants={"books": {"tags": "x"}}), "never_mapped",
        "entities.customer.constants.books.tags", "tags: x"),
    "module that CRM does not show": (
        lambda w: w.hide("Contacts"), "unknown_module",
        "entities.contact_person.crm_module", "crm_module:"),
    "stamp that is no text": (
        crm("Books_Customer_ID", kind="integer"), "stamp_no_text", "entities.customer.crm_stamp", "crm_stamp:"),
    "parent that is no lookup": (
        lambda w: w.spoil(w.crm, "Contacts", "Account_Name", kind="text"), "parent_no_lookup",
        "entities.contact_person.parent_field", "parent_field:"),
    "vendors that nobody looks at": (
        individuals, "vendors_unseen", "entities.contact_person.vendor_field", "vendor_field: none"),
    "GST fields in an org without GST": (
        lambda w: w.field("segment", books="gst_no").tell(has_gst=False), "tax_fields_without_tax",
        SEGMENT_BOOKS, "books: gst_no"),
    "VAT fields in an org without VAT": (
        lambda w: w.field("segment", books="vat_treatment").tell(has_vat=False), "tax_fields_without_tax",
        SEGMENT_BOOKS, "books: vat_treatment"),
    "currency field not allowed": (
        lambda w: w.entity(C, currency_field="Currency").tell(has_currencies=False), "currency_not_allowed",
        "entities.customer.currency_field", "currency_field:"),
    "currency of Books that each edit would write": (
        of("segment", books="currency_id"), "currency_not_allowed", SEGMENT_BOOKS, "books: currency_id"),
    "over 50 fields per query": (many_fields, "too_many_fields", "entities.customer.fields", "fields:"),
    "filter on a field that cannot be filtered": (
        crm("Account_Type", filterable=False), "unfilterable",
        "entities.customer.create_in_books_when.Account_Type", "Account_Type:"),
    "circular parent": (
        lambda w: w.spoil(w.crm, "Contacts", "Account_Name", refers_to="Contacts"), "parent_circular",
        "entities.contact_person.parent_field", "parent_field:"),
    "over 100 faults": (
        put("    crm_module: Accounts\n", "    crm_module: Accounts\n" + "".join(f"    k{n}: 1\n" for n in range(200))),
        "more_faults", "", "k99: 1"),
    "file over 1 MB": (lambda w: w.text + "#" * 1_000_000, "file_too_large", "", "region: IN"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_mapping_is_named_with_file_line_field_facts_and_fix(kind: str) -> None:
    """One line of that kind is found, where the file says it."""
    spoil, expected, field, words = KINDS[kind]
    world = right_world()
    spoilt = spoil(world)
    text = spoilt if isinstance(spoilt, str) else spoilt.text
    (line,) = [one for one in world.lines(text) if one.kind == expected]
    assert (line.file, line.field) == ("my.yaml", field)
    assert words in text.split("\n")[line.line - 1]
    assert line.message
    assert line.fix
    if expected in LIVE_KINDS and not isinstance(spoilt, str):
        assert set(line.facts) >= spoilt.told_of(field)
    assert not (expected in ON_ONE_SIDE and not line.facts)


@pytest.mark.parametrize(
    ("kind", "nearest"),
    [
        ("unknown CRM field", "Segment"), ("unknown Books field", "cf_segment"), ("unknown key", "crm_stamp"),
        ("converter unknown", "text"), ("match key that is no field", "email"), ("renamed CRM field", "Segment1"),
        ("renamed Books field", "cf_seg"),
    ],
)  # fmt: skip
def test_the_fix_offers_the_nearest_name(kind: str, nearest: str) -> None:
    """What the person probably meant, on either side."""
    spoil, expected, _, _ = KINDS[kind]
    world = right_world()
    spoilt = spoil(world)
    [line] = [
        one for one in world.lines(spoilt if isinstance(spoilt, str) else spoilt.text) if one.kind == expected
    ]
    assert re.search(rf"\b{nearest}\b", line.fix), line.fix


def test_a_currency_written_on_create_only_has_no_finding() -> None:
    """A table of CRM's codes and Books' ids."""
    table = {"values": {"INR": "460000000000097", "USD": "460000000000099"}}
    world = right_world().field(
        "currency", crm="Currency", books="currency_id", converter="picklist", args=table
    )
    world.spoil(world.crm, "Accounts", "Currency", kind="picklist", choices=("INR", "USD"))
    assert world.field("currency", written="on_create").found() == []
    assert [one.kind for one in world.field("currency", written="always").found()] == ["currency_not_allowed"]


def test_whose_person_a_contact_is_can_be_told() -> None:
    """With the default lookup, or one of a person's own; `parent_field` is none, and both entities say the same."""
    world = individuals(right_world())
    for name in (None, "Vendor_Name"):
        world.entity(P, vendor_field=name)
        assert [one for one in world.found() if one.path[-1] == "vendor_field"] == []
    for entity, name, expected in (
        (P, "Account_Name", "mapped_twice"),
        ("individual", "X", "policy_contradiction"),
    ):
        spoilt = individuals(right_world()).entity(entity, vendor_field=name)
        assert expected in {line.kind for line in spoilt.lines()}


def test_only_lengths_of_texts_are_compared() -> None:
    """An id of a lookup fits whatever CRM tells of the field's length; no argument is offered that there is not."""
    world = linked(right_world(), "customer", length=120)
    assert world.spoil(world.books, C, "cf_agent", kind="text", length=255).found() == []
    state = right_world().field("segment", converter="state", args={})
    [line] = state.spoil(state.crm, "Accounts", "Segment", length=255).lines()
    assert (line.kind, line.fix) == ("shorter_on_other_side", "lengthen the field")


def test_a_right_lookup_has_no_finding() -> None:
    """To a module of the mapping; Books keeps it in a lookup field or a text."""
    assert linked(right_world(), "customer").found() == []
    assert (
        linked(right_world(), "customer").spoil(right_world().books, C, "cf_agent", kind="text").found() == []
    )


def test_every_kind_has_a_row() -> None:
    """And a kind of the file is none of the live ones."""
    assert set(FILE_KINDS).isdisjoint(LIVE_KINDS)
    assert {expected for _, expected, _, _ in KINDS.values()} == {*FILE_KINDS, *LIVE_KINDS}
