"""`individual`: what its section must hold, what a record is, what is sent of its primary person, when it is held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tandem.core.actions import Hold, Move, Quarantine, Release, Sync, Unlink
from tandem.core.canonical import read_record, write_body
from tandem.core.dealing import dealt, kind_of
from tandem.core.decide import Ended, Situation, decide
from tandem.core.mapping import MappingError, load_mapping
from tandem.core.match import Candidate, HeldMatch, Matched, NoMatch, match
from tandem.core.records import Gone, Link, MatchKeys, Record, Side
from tests.system.individuals import INDIA, MAPPING
from tests.system.sections import VENDORS

MAP = load_mapping(MAPPING)
ENTITY = MAP.entities["individual"]
NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
CONTACT = {
    "id": "1",
    "Last_Name": "Iyer",
    "First_Name": "Rama",
    "Email": "rama@iyer.example",
    "Account_Name": None,
}
CUSTOMER = {
    "contact_id": "2",
    "contact_name": "Rama Iyer",
    "customer_sub_type": "individual",
    "contact_type": "customer",
    "first_name": "Rama",
    "last_name": "Iyer",
    "email": "rama@iyer.example",
    "primary_contact_id": "9",
    "status": "active",
}


def crm(entity: str = "contact_person", **changes: object) -> Record:
    """A Contact as read."""
    return read_record(MAP, entity, Side.CRM, CONTACT | changes)


def books(entity: str = "customer", **changes: object) -> Record:
    """A Books customer as read."""
    return read_record(MAP, entity, Side.BOOKS, CUSTOMER | changes)


MANY = "".join(f"      f{n}: {{crm: F{n}, books: cf_f{n}}}\n" for n in range(30))
OWN = "entities.individual"


@pytest.mark.parametrize(
    ("text", "expected", "kind", "at"),
    [
        (MAPPING.split("  individual:")[0], "the entity individual is not mapped or off", "missing_key",
         "entities.contact_person.without_account"),
        (MAPPING.replace("individual_customer", "hold"), "individual is mapped, but no Contact becomes one",
         "policy_contradiction", OWN),
        (MAPPING.replace("    books_stamp: cf_crm_contact_id\n", ""), "books_stamp is missing", "missing_key", OWN),
        (MAPPING.replace("cf_crm_contact_id", "cf_crm_account_id"),
         "cf_crm_account_id is the books_stamp of customer", "mapped_twice", f"{OWN}.books_stamp"),
        (MAPPING + VENDORS.replace("cf_crm_vendor_id", "cf_crm_contact_id"),
         "cf_crm_contact_id is the books_stamp of vendor already", "mapped_twice", f"{OWN}.books_stamp"),
        (MAPPING.replace(
            "Books_Customer_ID\n    books_stamp: cf_crm_contact_id", "Books_Person_ID\n    books_stamp: cf_x"),
         "Books_Person_ID is the crm_stamp of contact_person already", "mapped_twice", f"{OWN}.crm_stamp"),
        (MAPPING + MANY, "CRM fields; they are read together", "too_many_fields", f"{OWN}.fields"),
        (MAPPING.replace("books: cf_tier}", "books: company_name}"), "company_name is never written by Tandem",
         "never_mapped", f"{OWN}.fields.tier.books"),
        (MAPPING.replace("books: cf_tier}", "books: customer_sub_type}"), "customer_sub_type is never written",
         "never_mapped", f"{OWN}.fields.tier.books"),
        (MAPPING.replace("{full: contact_name}", "{full: email}"), "email is already used by the field display",
         "mapped_twice", f"{OWN}.fields.email.books"),
        (MAPPING.replace("last: last_name}}\n      display", "last: contact_name}}\n      display"),
         "name is partly the primary person's, partly the customer's", "policy_contradiction",
         f"{OWN}.fields.name.books"),
        (MAPPING.replace("direction: to_books\n        drift: put_back", "conflict: owner"),
         "First_Name is already used by the field name", "mapped_twice", f"{OWN}.fields.display.crm"),
    ],
)  # fmt: skip
def test_its_section_is_checked(text: str, expected: str, kind: str, at: str) -> None:
    """With the option, the stamps, and what the two entities of one module name."""
    with pytest.raises(MappingError) as caught:
        load_mapping(text)
    faults = caught.value.faults
    found = [(fault.kind, fault.field) for fault in faults if expected in fault.message]
    assert (kind, at) in found, faults


def test_both_entities_of_contacts_are_read_at_once() -> None:
    """One field list and one lookup serve both."""
    person, own = (MAP.entities[name].resource(Side.CRM) for name in ("contact_person", "individual"))
    assert set(person.fields) == set(own.fields) >= {"Books_Person_ID", "Books_Customer_ID", "Tier", "Title"}
    assert person.parent_field == own.parent_field == "Account_Name"


def test_what_a_record_is_it_shows() -> None:
    """A Contact by its Account, a Books customer by its kind; without the option both are what they always were."""
    assert kind_of(MAP, crm()) == "individual"
    assert kind_of(MAP, crm(Account_Name={"id": "5"})) == "contact_person"
    assert kind_of(MAP, crm("individual", Account_Name={"id": "5"})) == "contact_person"
    assert kind_of(MAP, books()) == "individual"
    assert kind_of(MAP, books(customer_sub_type="business")) == "customer"
    plain = load_mapping(INDIA)
    assert kind_of(plain, read_record(plain, "contact_person", Side.CRM, CONTACT)) == "contact_person"


def test_a_contact_of_a_vendor_is_a_person_of_nobodys_customer() -> None:
    """However CRM writes the lookup; at an Account the Vendor says nothing, and where nobody asks neither."""
    supplier = {"id": "8", "name": "Deccan Paper"}
    assert kind_of(MAP, crm(Vendor_Name=supplier)) == "contact_person"
    assert kind_of(MAP, crm("individual", Vendor_Name="8")) == "contact_person"
    assert [crm(Vendor_Name=shown).vendor for shown in (supplier, "8", None)] == ["8", "8", None]
    plain = load_mapping(MAPPING.replace("    parent_field:", "    vendor_field: none\n    parent_field:", 1))
    record = read_record(plain, "individual", Side.CRM, CONTACT | {"Vendor_Name": supplier})
    assert kind_of(plain, record) == "individual"


@pytest.mark.parametrize(
    ("policy", "more", "expected"),
    [
        ("leave_out", "", None),
        ("leave_out", "vendor_field: Supplier", "Supplier"),
        ("hold", "", "Vendor_Name"),
        ("hold", "vendor_field: none", None),
    ],
)
def test_the_lookup_to_a_vendor_is_read_where_it_decides(
    policy: str, more: str, expected: str | None
) -> None:
    """With the other columns of a Contact."""
    text = INDIA.replace(
        "    parent_field:", f"    without_account: {policy}\n    {more}\n    parent_field:", 1
    )
    entity = load_mapping(text).entities["contact_person"]
    resource = entity.resource(Side.CRM)
    assert (entity.vendor_lookup, resource.lookups) == (expected, (expected,) if expected else ())
    assert {"Vendor_Name", "Supplier"}.intersection(resource.fields) == ({expected} if expected else set())


def test_a_link_says_more_than_what_a_record_shows() -> None:
    """A customer linked with an Account stays one, whatever its kind; a linked individual stays one at an Account."""
    link = Link("main", "L", "customer", "1", "2")
    assert dealt(MAP, books(), link).entity == "customer"
    assert (
        dealt(MAP, crm(Account_Name={"id": "5"}), replace(link, entity="individual")).entity == "individual"
    )


def test_a_create_carries_the_person_and_the_kind() -> None:
    """One call."""
    values = {
        "name": {"first": "Rama", "last": "Iyer"},
        "display": {"full": "Rama Iyer"},
        "email": "r@i.example",
    }
    body = write_body(MAP, "individual", Side.BOOKS, values, stamp="1")
    assert body == {
        "contact_type": "customer",
        "customer_sub_type": "individual",
        "contact_name": "Rama Iyer",
        "custom_fields": [{"api_name": "cf_crm_contact_id", "value": "1"}],
        "contact_persons": [
            {"first_name": "Rama", "last_name": "Iyer", "email": "r@i.example", "is_primary_contact": True}
        ],
    }


def test_an_update_goes_by_the_calls_that_books_has() -> None:
    """The person's first, so that the answer of the customer's shows the whole."""
    assert ENTITY.calls(["display", "email", "name", "tier"]) == [["email", "name"], ["display", "tier"]]
    now = books("individual")
    assert write_body(MAP, "individual", Side.BOOKS, {"email": None}, current=now) == {
        "contact_person": {"contact_person_id": "9", "first_name": "Rama", "email": ""}
    }
    alone = books("individual", primary_contact_id="", first_name="")
    assert write_body(MAP, "individual", Side.BOOKS, {"email": "a@b.example"}, current=alone) == {
        "contact_person": {"email": "a@b.example"}
    }
    assert write_body(MAP, "individual", Side.BOOKS, {"tier": "Gold"}, current=now) == {
        "custom_fields": [{"api_name": "cf_tier", "value": "Gold"}]
    }


def keyed(side: Side, entity: str = "individual", id: str = "7", **keys: Any) -> Record:
    """A record by its match keys."""
    told = MatchKeys(
        emails=frozenset(keys.get("emails", ())),
        phones=frozenset(keys.get("phones", ())),
        name=str(keys["name"]),
    )
    return Record(side, entity, id, {}, keys=told, label=str(keys["name"]))


@pytest.mark.parametrize(
    ("theirs", "rule"),
    [
        ({"emails": ["a@x.example"], "name": "rama iyer"}, "e-mail"),
        ({"emails": ["a@x.example"], "name": "r iyer"}, "e-mail"),
        ({"emails": ["a@x.example"], "name": "gopal menon"}, "held e-mail only"),
        ({"name": "rama iyer"}, "held name only"),
        ({"emails": ["b@x.example"], "name": "rama iyer"}, "held name only"),
        ({"emails": ["b@x.example"], "phones": ["2"], "name": "rama iyer"}, ""),
        ({"phones": ["1"], "name": "rama iyer"}, "held phone and similar name"),
        ({"emails": ["b@x.example"], "name": "gopal menon"}, ""),
    ],
)
def test_people_are_matched_by_email(theirs: dict[str, Any], rule: str) -> None:
    """A name is shared by many."""
    own = keyed(Side.CRM, id="1", emails=["a@x.example"], phones=["1"], name="rama iyer")
    found = match(own, [Candidate(keyed(Side.BOOKS, **theirs))], ENTITY.match_by)
    told = {Matched: "", HeldMatch: "held ", NoMatch: ""}[type(found)]
    assert told + getattr(found, "rule", "") == rule


@pytest.mark.parametrize("entity", ["customer", "contact_person"])
def test_one_of_another_kind_is_never_linked(entity: str) -> None:
    """Not by a person's word either; it is held."""
    own = keyed(Side.BOOKS, id="1", emails=["a@x.example"], name="rama iyer")
    found = match(
        own, [Candidate(keyed(Side.CRM, entity, emails=["a@x.example"], name="rama iyer"))], ENTITY.match_by
    )
    assert isinstance(found, HeldMatch)
    assert found.rule == "other kind"
    at = Situation(Side.BOOKS, books=own, match=found, release=Release(approve=True))
    assert isinstance(decide(at, ENTITY, timedelta(0), NOW), Quarantine)


def linked(own: Record, other: Record, **more: object) -> object:
    """What is decided about a linked pair."""
    link = Link("main", "L", "individual", "1", "2")
    return decide(Situation(Side.CRM, link=link, crm=own, books=other, **more), ENTITY, timedelta(0), NOW)  # type: ignore[arg-type]


def test_a_linked_one_that_gets_a_vendor_goes_on() -> None:
    """As one that leaves a filter does: it is a customer with its invoices; unlinked it would not become one."""
    own = crm("individual", Vendor_Name={"id": "8"})
    assert isinstance(linked(own, books("individual")), Sync)
    assert ENTITY.outside_scope(own) == "it names a Vendor and no Account"


def test_one_with_an_account_is_held_until_a_person_ends_the_link() -> None:
    """The sentence names both ways out; an approval of another Account does not count."""
    own, other = crm("individual", Account_Name={"id": "5"}), books("individual")
    action = linked(own, other)
    assert isinstance(action, Quarantine)
    assert action.hold.cause == "no longer an individual"
    for part in ("Take the Account out", "--approve ends this link", "tandem link 5 2"):
        assert part in action.hold.sentence
    word = Release(approve=True, causes=frozenset({"no longer an individual"}), candidates=frozenset({"5"}))
    assert isinstance(linked(own, other, release=word), Move)
    assert isinstance(linked(own, other, release=replace(word, candidates=frozenset({"6"}))), Quarantine)


def test_a_business_without_an_account_is_held_whatever_a_person_says() -> None:
    """Its Contact would be made a second customer."""
    word = Release(approve=True)
    action = linked(crm("individual"), books("individual", customer_sub_type="business"), release=word)
    assert isinstance(action, Quarantine)
    assert isinstance(action.hold, Hold)
    assert "Mark it as an individual again" in action.hold.sentence


def test_a_business_is_not_made_inactive_for_its_contact() -> None:
    """It is more than that Contact now."""
    action = linked(Gone(Side.CRM, "1"), books("individual", customer_sub_type="business"), gone_since=NOW)  # type: ignore[arg-type]
    assert action == Unlink(Ended.CRM_DELETED_KEPT)
