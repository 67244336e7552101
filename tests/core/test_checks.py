"""One mapping, two organisations, one thing wrong at a time: each kind of finding is found, alone, in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tandem.core.checks.carries import carries
from tandem.core.checks.fields import times
from tandem.core.checks.finding import Checked
from tandem.core.converters import CONVERTERS
from tandem.core.facts import FieldFacts, Sample, books_facts, crm_facts, sampled
from tandem.core.mapping import load_mapping
from tandem.core.records import Record, Side
from tests.core.orgs import World, right_world


@pytest.fixture
def world() -> World:
    """Everything right."""
    return right_world()


def test_a_right_mapping_has_no_finding(world: World) -> None:
    """Or every finding below would prove nothing."""
    assert world.found() == []


C, P = "customer", "contact_person"
CASES: dict[str, tuple[Callable[[World], object], str, bool]] = {
    "a CRM field that was removed": (
        lambda w: w.drop(w.crm, "Accounts", "Segment"), "unknown_field segment.crm", True),
    "a Books field that was removed": (
        lambda w: w.drop(w.books, C, "cf_segment"), "unknown_field segment.books", True),
    "a CRM field that was renamed": (
        lambda w: w.drop(w.crm, "Accounts", "Segment").spoil(w.crm, "Accounts", "Segment1", label="Segment"),
        "renamed_field segment.crm", True),
    "a Books field that was renamed": (
        lambda w: w.drop(w.books, C, "cf_segment").spoil(w.books, C, "cf_seg", label="Segment"),
        "renamed_field segment.books", True),
    "hidden from the token's user": (
        lambda w: w.spoil(w.crm, "Accounts", "Segment", visible=False), "hidden_field segment.crm", True),
    "switched off in Books": (
        lambda w: w.spoil(w.books, C, "cf_segment", visible=False), "hidden_field segment.books", True),
    "read-only, and to be written": (
        lambda w: w.field("segment", direction="to_crm").spoil(w.crm, "Accounts", "Segment", read_only=True),
        "read_only_target segment.crm", True),
    "read-only, both ways": (
        lambda w: w.spoil(w.books, C, "cf_segment", read_only=True), "read_only_both_ways segment.books", True),
    "a required field that nothing fills": (
        lambda w: w.spoil(w.crm, "Accounts", "Region", required=True), "required_without_value fields", True),
    "required on the layout only": (
        lambda w: w.spoil(w.crm, "Accounts", "Region", layouts=("Standard",)), "required_on_layout fields", False),
    "another type": (
        lambda w: w.spoil(w.crm, "Accounts", "Credit", kind="text"), "type_mismatch credit.crm", True),
    "a longer CRM field": (
        lambda w: w.field("segment", args={}).spoil(w.crm, "Accounts", "Segment", length=255),
        "shorter_on_other_side segment.books", False),
    "a longer Books field": (
        lambda w: w.field("segment", args={}).spoil(w.books, C, "cf_segment", length=255),
        "shorter_on_other_side segment.crm", False),
    "more places than a side keeps": (
        lambda w: w.spoil(w.books, C, "cf_credit", places=0), "precision_lost credit.books", True),
    "a date against a datetime": (
        lambda w: w.spoil(w.crm, "Accounts", "Since", kind="datetime"), "date_against_datetime since.crm", True),
    "a CRM choice without counterpart": (
        lambda w: w.spoil(w.crm, "Accounts", "Grade", choices=("Gold", "Silver", "Bronze")),
        "choice_without_counterpart grade.args", False),
    "a Books choice without counterpart": (
        lambda w: w.spoil(w.books, C, "cf_grade", choices=("G", "S", "B")),
        "choice_without_counterpart grade.args", False),
    "a choice of the table that is not there": (
        lambda w: w.spoil(w.books, C, "cf_grade", choices=("G",)), "choice_not_there grade.args", False),
    "several choices into one": (
        lambda w: w.spoil(w.crm, "Accounts", "Grade", kind="multi_select"), "multi_into_single grade.crm", True),
    "one choice for several": (
        lambda w: w.field("grade", converter="multi_select").spoil(w.crm, "Accounts", "Grade", kind="multi_select"),
        "multi_into_single grade.converter", True),
    "a lookup": (lambda w: w.field("segment", crm="Owner"), "lookup_unmapped segment.crm", True),
    "lossy in both directions": (
        lambda w: w.field("name", P, converter="full_name", books={"full": "first_name"}),
        "lossy_both_ways name.converter", False),
    "GST without GST": (
        lambda w: w.field("tax", crm="Tax", books="gst_no", args={"books_max": 15}).tell(has_gst=False)
        .spoil(w.crm, "Accounts", "Tax", length=15), "tax_fields_without_tax tax.books", True),
    "VAT without VAT": (
        lambda w: w.field("tax", crm="Tax", books="vat_reg_no").tell(has_vat=False)
        .spoil(w.crm, "Accounts", "Tax", length=12), "tax_fields_without_tax tax.books", True),
    "an unknown module": (lambda w: w.crm.pop("Contacts"), "unknown_module crm_module", True),
    "a stamp that is missing in CRM": (
        lambda w: w.drop(w.crm, "Accounts", "Books_Customer_ID"), "stamp_missing crm_stamp", True),
    "a stamp that is missing in Books": (
        lambda w: w.drop(w.books, C, "cf_crm_account_id"), "stamp_missing books_stamp", True),
    "a stamp that allows duplicates": (
        lambda w: w.spoil(w.books, C, "cf_crm_account_id", unique=False), "stamp_not_unique books_stamp", True),
    "a stamp that is a number": (
        lambda w: w.spoil(w.crm, "Contacts", "Books_Person_ID", kind="integer"), "stamp_no_text crm_stamp", True),
    "a person's parent that is no lookup": (
        lambda w: w.spoil(w.crm, "Contacts", "Account_Name", kind="text"), "parent_no_lookup parent_field", True),
    "a circular parent": (
        lambda w: w.spoil(w.crm, "Contacts", "Account_Name", refers_to="Contacts"),
        "parent_circular parent_field", True),
    "a parent that is not there": (
        lambda w: w.drop(w.crm, "Contacts", "Account_Name"), "unknown_field parent_field", True),
    "a parent that is hidden": (
        lambda w: w.spoil(w.crm, "Contacts", "Account_Name", visible=False), "hidden_field parent_field", True),
    "a stamp that is hidden": (
        lambda w: w.spoil(w.crm, "Contacts", "Books_Person_ID", visible=False), "hidden_field crm_stamp", True),
    "a scope by a hidden field": (
        lambda w: w.spoil(w.crm, "Accounts", "Account_Type", visible=False),
        "hidden_field create_in_books_when.Account_Type", True),
    "a primary person's box that is not there": (
        lambda w: w.entity(P, primary_person_field="Billing"), "unknown_field primary_person_field", True),
    "a primary person's box that is none": (
        lambda w: w.entity(P, primary_person_field="Email"), "type_mismatch primary_person_field", True),
    "an e-mail for matching that is not there": (
        lambda w: w.entity(C, email_field="Emial"), "unknown_field email_field", True),
    "a currency field that is not there": (
        lambda w: w.entity(C, currency_field="Curency"), "unknown_field currency_field", True),
    "a vendor's lookup in an organisation without vendors": (
        lambda w: w.entity(P, without_account="hold"), "unknown_field vendor_field", True),
    "a vendor's lookup that is hidden": (
        lambda w: w.entity(P, without_account="hold")
        .spoil(w.crm, "Contacts", "Vendor_Name", kind="lookup", refers_to="Vendors", visible=False),
        "hidden_field vendor_field", True),
    "a vendor's lookup that is none": (
        lambda w: w.entity(P, vendor_field="Email"), "parent_no_lookup vendor_field", True),
    "a constant that is no choice": (
        lambda w: w.entity(C, constants={"crm": {"Rating": "Best"}})
        .spoil(w.crm, "Accounts", "Rating", kind="picklist", choices=("Good",)),
        "constant_out_of_range constants.crm.Rating", True),
    "a constant that is too long": (
        lambda w: w.entity(C, constants={"books": {"cf_x": "long"}}).spoil(w.books, C, "cf_x", length=3),
        "constant_out_of_range constants.books.cf_x", True),
    "a constant of another kind": (
        lambda w: w.entity(C, constants={"books": {"payment_terms": "soon"}}),
        "constant_out_of_range constants.books.payment_terms", True),
    "a constant of a field that is not there": (
        lambda w: w.entity(C, constants={"crm": {"Ratin": "x"}}), "unknown_field constants.crm.Ratin", True),
    "a default that is too long": (
        lambda w: w.field("segment", args={"crm_max": 100}, default={"crm": "x" * 101})
        .spoil(w.books, C, "cf_segment", length=0),
        "constant_out_of_range segment.default.crm", True),
    "a filter of Books by a field that is not there": (
        lambda w: w.entity(C, create_in_crm_when={"cf_x": ["a"]}),
        "unknown_field create_in_crm_when.cf_x", True),
    "a filter of Books with a choice that is not there": (
        lambda w: w.entity(C, create_in_crm_when={"cf_grade": ["X"]}),
        "choice_not_there create_in_crm_when.cf_grade", True),
    "a match key of one's own that many records share": (
        lambda w: w.entity(C, match_by=["segment"]).tell(samples={(C, Side.CRM, "segment"): Sample(9, 1.0, 0.5)}),
        "match_key_not_unique segment", False),
    "nothing to match a customer by": (
        lambda w: w.entity(C, match_by=["tax_number"]), "match_key_missing fields", False),
    "no match key": (
        lambda w: w.mapping["entities"][P]["fields"].pop("email"), "match_key_missing fields", False),
    "a match key that is mostly blank": (
        lambda w: w.tell(samples={(P, Side.CRM, "email"): Sample(200, 0.2)}), "match_key_mostly_blank email", False),
    "a match key that many records share": (
        lambda w: w.tell(samples={(P, Side.CRM, "email"): Sample(200, 0.9, 0.1)}), "match_key_not_unique email", False),
    "a CRM field that the approved mapping uses": (
        lambda w: w.drop(w.crm, "Accounts", "Segment").tell(known_before={(C, Side.CRM, "Segment")}),
        "removed_field segment.crm", True),
    "Books' id of a currency": (
        lambda w: w.spoil(w.crm, "Accounts", "Currency", length=0)
        .field("currency", crm="Currency", books="currency_id"), "currency_not_allowed currency.books", True),
    "a scope that CRM cannot filter by": (
        lambda w: w.spoil(w.crm, "Accounts", "Account_Type", filterable=False),
        "unfilterable create_in_books_when.Account_Type", True),
    "a scope with a choice that is not there": (
        lambda w: w.spoil(w.crm, "Accounts", "Account_Type", choices=("Other",)),
        "choice_not_there create_in_books_when.Account_Type", True),
    "a scope by a field that is not there": (
        lambda w: w.drop(w.crm, "Accounts", "Account_Type"),
        "unknown_field create_in_books_when.Account_Type", True),
    "several currencies, where CRM keeps one": (
        lambda w: w.entity(C, currency_field="Currency").tell(has_currencies=False),
        "currency_not_allowed currency_field", True),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_fault_is_found_alone_in_its_place_with_a_fix(world: World, name: str) -> None:
    """Nothing else is said about the rest of the mapping."""
    spoil, expected, is_fault = CASES[name]
    spoil(world)
    found = world.found()
    (one,) = found
    place = one.path[3:] if one.path[2] == "fields" and len(one.path) > 3 else one.path[2:]
    assert f"{one.kind} {'.'.join(map(str, place))}" == expected
    assert one.is_fault is is_fault
    assert one.message
    assert one.fix


def test_only_what_could_be_a_stamp_is_offered_for_one(world: World) -> None:
    """A text that refuses duplicates; never an address or a name."""
    world.drop(world.books, C, "cf_crm_account_id")
    assert world.found()[0].fix == "create a text field and tick that duplicates are refused"
    world.spoil(world.books, C, "cf_crm_acount_id", unique=True)
    assert world.found()[0].fix.endswith(", or write cf_crm_acount_id")


def test_newest_wants_times(world: World) -> None:
    """Books tells no time of a contact person: nobody knows which edit was the newest."""
    mapping = load_mapping(world.text)
    person = mapping.entities[P]
    email = person.field("email").model_copy(update={"conflict": "newest"})
    (one,) = times(Checked(person, email, world.facts))
    assert (one.kind, one.path[-1]) == ("newest_without_times", "conflict")


def test_faults_come_first(world: World) -> None:
    """What must be mended stands above what may wait."""
    world.spoil(world.crm, "Accounts", "Region", layouts=("Standard",))
    world.spoil(world.crm, "Accounts", "Segment", read_only=True)
    assert [one.is_fault for one in world.found()] == [True, False]


def test_a_finding_carries_the_facts_of_both_sides(world: World) -> None:
    """For the machine that reads --json, and for the person who asks why."""
    world.spoil(world.books, "customer", "cf_credit", places=0)
    facts = world.found()[0].facts()
    assert (facts["crm"]["places"], facts["books"]["places"]) == (2, 0)


def test_every_converter_says_what_it_carries() -> None:
    """A converter added without a row here would let any field pass, or none."""
    assert {name for name in CONVERTERS if carries(name, "text", writes=True) is not None} == set(CONVERTERS)


def test_a_choice_is_known_by_its_actual_and_by_its_display_value() -> None:
    """Which of them records carry is UNCONFIRMED (dossier crm §7): neither is called missing, nor left over."""
    values = [
        {"actual_value": "Gold", "display_value": "First"},
        {"actual_value": "Tin", "display_value": "Tin"},
    ]
    [fact] = crm_facts([{"api_name": "A", "data_type": "picklist", "pick_list_values": values}], []).values()
    assert (fact.choices, fact.labels) == (("Gold", "Tin"), ("First", "Tin"))
    assert [fact.offers(text) for text in ("Gold", "First", "Tin", "Silver")] == [True, True, True, False]
    assert [fact.beyond(table) for table in ([], ["Gold"], ["First"], ["Gold", "Tin"])] == [
        ["Gold", "Tin"], ["Tin"], ["Tin"], [],
    ]  # fmt: skip


def test_crm_metadata_is_read_as_zoho_tells_it() -> None:
    """Every key that a rule leans on (dossier crm §7)."""
    rows: list[dict[str, Any]] = [
        {
            "api_name": "Grade", "display_label": "Grade", "data_type": "picklist", "length": 120, "visible": True,
            "operation_type": {"api_create": True, "api_update": False}, "unique": {}, "system_mandatory": False,
            "pick_list_values": [{"actual_value": "-None-"}, {"display_value": "Gold"}],
        },
        {"api_name": "Credit", "data_type": "currency", "decimal_place": 2, "unique": {"casesensitive": ""}},
        {"api_name": "Notes", "data_type": "textarea", "filterable": True},
        {"api_name": "Parent", "data_type": "lookup", "lookup": {"module": {"api_name": "Accounts"}}},
        {"api_name": "Sum", "data_type": "formula"},
        {"api_name": "Photo", "field_label": "Picture", "data_type": "profileimage", "system_mandatory": True},
    ]  # fmt: skip
    layouts = [{"name": "Retail", "sections": [{"fields": [{"api_name": "Grade", "required": True}]}]}]
    found = crm_facts(rows, layouts)
    assert found["Grade"] == FieldFacts(
        "Grade",
        "Grade",
        "picklist",
        120,
        layouts=("Retail",),
        read_only=True,
        unique=False,
        choices=("-None-", "Gold"),
    )
    assert (found["Credit"].kind, found["Credit"].places, found["Credit"].unique) == ("money", 2, True)
    assert not found["Notes"].filterable
    assert found["Parent"].refers_to == "Accounts"
    assert found["Sum"].read_only
    assert found["Photo"] == FieldFacts("Photo", "Picture", "profileimage", required=True, unique=False)


def test_books_metadata_is_read_as_zoho_tells_it() -> None:
    """Custom fields by their api name, under either key that tells it; what is built in comes from the dossier."""
    rows: list[dict[str, Any]] = [
        {
            "api_name": "cf_grade", "label": "Grade", "data_type": "dropdown", "is_mandatory": True,
            "values": [{"name": "Gold"}], "prevent_duplicates": True,
        },
        {"field_name": "cf_odd", "field_name_formatted": "Odd one", "data_type": "signature", "is_active": False},
        {"api_name": "notes", "data_type": "number"},
    ]  # fmt: skip
    found = books_facts("customer", rows)
    assert found["cf_grade"] == FieldFacts(
        "cf_grade", "Grade", "picklist", required=True, unique=True, choices=("Gold",)
    )
    assert found["cf_odd"] == FieldFacts("cf_odd", "Odd one", "signature", visible=False, unique=False)
    assert found["notes"].kind == "long_text"


def test_a_field_is_told_in_words() -> None:
    """For a person who reads a finding."""
    field = FieldFacts("A", "A", "multi_select", 5, 2, required=True, read_only=True)
    assert field.shown() == "multi select of 5, 2 places, required, read only"
    assert FieldFacts("A").shown() == "unknown kind"


def test_a_sample_tells_what_is_filled_and_what_is_repeated() -> None:
    """Of five Contacts one has no e-mail, and two of the other four share one; what nobody shows has no sample."""
    person = load_mapping(right_world().text).entities["contact_person"]
    emails = ["a@x.example", "A@x.example", "b@x.example", "c@x.example", None]
    contacts = [
        Record(Side.CRM, "contact_person", str(n), {"email": email}) for n, email in enumerate(emails)
    ]
    assert dict(sampled(person, contacts)) == {"email": Sample(5, 0.8, 0.5)}
