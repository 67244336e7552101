"""Reading bodies into records, and writing changes into bodies that show them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.canonical import name_of, parse_time, persons_of, read_record, shows_all, write_body
from tandem.core.errors import BadInputError
from tandem.core.mapping import Mapping, preset
from tandem.core.records import Record, Side

INDIA = preset("india")
CUSTOMER = INDIA.entities["customer"]
PERSON = INDIA.entities["contact_person"]

ACCOUNT = {
    "id": "4150868000000002175",
    "Account_Name": "Acme &amp; Sons Pvt. Ltd.",
    "Website": "https://www.acme.in",
    "Phone": "098765 43210",
    **{
        f"{kind}_{part}": ""
        for kind in ("Billing", "Shipping")
        for part in ("Street", "City", "State", "Code")
    },
    "Billing_Country": None,
    "Shipping_Country": None,
    "GSTIN": "27aapfu0939f1zv",
    "GST_Treatment": None,
    "Place_of_Supply": None,
    "Account_Type": "Customer",
    "Customer_Segment": None,
    "Description": "",
    "Books_Customer_ID": "77",
    "Modified_Time": "2023-05-10T01:10:47-07:00",
    "Created_Time": "2023-05-10T01:10:47Z",
    "Modified_By": {"name": "Asha", "id": "9"},
    "$approval_state": "approved",
}
ADDRESS = dict.fromkeys(
    ("attention", "address", "street2", "city", "state", "state_code", "zip", "country"), ""
)
PERSON_BODY = {
    "contact_person_id": "5",
    "first_name": "Asha",
    "last_name": "",
    "email": "Asha@Acme.in",
    "phone": "",
    "mobile": "98765 43210",
    "designation": "",
    "is_primary_contact": True,
    "is_added_in_portal": True,
}
CONTACT: dict[str, Any] = {
    "contact_id": "77",
    "contact_name": "Acme & Sons",
    "contact_type": "customer",
    "status": "active",
    "website": "",
    "notes": "",
    "gst_no": "",
    "gst_treatment": "",
    "place_of_contact": "",
    "email": "info@acme.in",
    "phone": "",
    "mobile": "",
    "currency_code": "INR",
    "billing_address": ADDRESS | {"address_id": "1", "phone": "1", "fax": "2", "attention": "Stores"},
    "shipping_address": ADDRESS | {"address_id": "2", "phone": "", "fax": ""},
    "custom_fields": [{"api_name": "cf_segment", "value": "Gold", "label": "Segment"}],
    "cf_segment": "never read from here",
    "last_modified_time": "2026-06-09T09:45:19-0400",
    "last_modified_by_id": "31",
    "is_linked_with_zohocrm": False,
    "contact_persons": [PERSON_BODY],
}


def crm(**body: Any) -> Record:
    """An Account as read."""
    return read_record(INDIA, "customer", Side.CRM, ACCOUNT | body)


def books(**body: Any) -> Record:
    """A Books customer as read."""
    return read_record(INDIA, "customer", Side.BOOKS, CONTACT | body)


def test_an_account_is_read_whole() -> None:
    """Native values, times in UTC, keys normalised, unknown keys ignored."""
    record = crm()
    assert record.id == "4150868000000002175"
    assert record.values["name"] == "Acme &amp; Sons Pvt. Ltd."
    assert record.values["notes"] is None
    assert record.version == datetime(2023, 5, 10, 8, 10, 47, tzinfo=UTC)
    assert record.created == datetime(2023, 5, 10, 1, 10, 47, tzinfo=UTC)
    assert (record.edited_by, record.label, record.active) == ("Asha", "Acme & Sons Pvt. Ltd.", True)
    assert record.scope == {"Account_Type": "Customer"}
    assert record.keys.stamp == "77"
    assert record.keys.tax_number == "27AAPFU0939F1ZV"
    assert record.keys.name == "acme and sons"
    assert record.keys.domain == "acme.in"
    assert record.keys.phones == {"+919876543210"}


def test_a_books_customer_is_read_whole() -> None:
    """Status, native link, editor, parts, custom fields from the array alone, mirrors as match keys only."""
    record = books(status="inactive", is_linked_with_zohocrm=True)
    assert (record.active, record.natively_linked, record.edited_by) == (False, True, "31")
    assert record.version == datetime(2026, 6, 9, 13, 45, 19, tzinfo=UTC)
    assert record.values["phone"] == "1"
    assert record.values["segment"] == "Gold"
    assert record.values["billing_address"] == dict.fromkeys(
        ("address", "street2", "city", "state", "zip", "country")
    )
    assert record.keys.emails == {"info@acme.in", "asha@acme.in"}
    assert record.keys.currency == "INR"
    assert record.scope == {"contact_type": "customer"}
    assert "email" not in record.values


def test_a_missing_key_is_unknown_and_an_empty_one_blank() -> None:
    """Unknown, blank and a value are three things; a set with an unknown part is unknown whole."""
    body = {key: value for key, value in ACCOUNT.items() if key not in ("Website", "Billing_City")}
    record = read_record(INDIA, "customer", Side.CRM, body)
    assert "website" not in record.values
    assert "billing_address" not in record.values
    assert record.values["notes"] is None


def test_a_list_row_leaves_addresses_and_notes_unknown() -> None:
    """A Books list row carries neither (dossier books §2)."""
    row = {
        key: value
        for key, value in CONTACT.items()
        if key not in ("billing_address", "shipping_address", "notes")
    }
    record = read_record(INDIA, "customer", Side.BOOKS, row)
    assert {"billing_address", "shipping_address", "phone", "notes"}.isdisjoint(record.values)


@pytest.mark.parametrize(("policy", "known"), [("blank", True), ("unknown", False)])
def test_a_custom_field_left_out_is_what_the_setting_says(policy: str, known: bool) -> None:
    """UNCONFIRMED whether Books leaves out blank ones: one setting decides."""
    mapping = INDIA.model_copy(update={"absent_custom_field": policy})
    record = read_record(mapping, "customer", Side.BOOKS, CONTACT)
    assert ("company_type" in record.values) is known
    assert record.values.get("company_type") is None
    no_array = {key: value for key, value in CONTACT.items() if key != "custom_fields"}
    assert "segment" not in read_record(mapping, "customer", Side.BOOKS, no_array).values


def test_a_vanished_column_is_unknown() -> None:
    """It never reads as cleared, and takes no other field with it."""
    record = read_record(INDIA, "customer", Side.BOOKS, CONTACT, vanished={"cf_segment"})
    assert "segment" not in record.values
    assert "company_type" in record.values


@pytest.mark.parametrize("entity", ["customer", "contact_person"])
@pytest.mark.parametrize("side", Side)
def test_a_body_without_id_is_refused(entity: str, side: Side) -> None:
    """The one thing that every body has."""
    with pytest.raises(BadInputError, match="without"):
        read_record(INDIA, entity, side, {"id": "", "contact_id": None, "contact_person_id": True})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    entity=st.sampled_from(["customer", "contact_person"]),
    side=st.sampled_from(Side),
    odd=st.dictionaries(st.sampled_from([*ACCOUNT, *CONTACT, *PERSON_BODY]), json_values, max_size=8),
)
def test_odd_bodies_never_crash_a_read(entity: str, side: Side, odd: dict[str, Any]) -> None:
    """Tolerant parsing: whatever JSON stands in a key, a record or a named fault comes out."""
    try:
        record = read_record(INDIA, entity, side, ACCOUNT | CONTACT | PERSON_BODY | odd)
    except BadInputError:
        return
    assert record.id


def test_ids_are_texts_even_when_sent_as_numbers() -> None:
    """Ids of 17 to 19 digits never pass through a float."""
    assert crm(id=4150868000000002175).id == "4150868000000002175"


def test_persons_stand_in_their_customer() -> None:
    """A contact person knows its parent; its name is one value; portal and primary marks are kept."""
    (person,) = persons_of(INDIA, CONTACT)
    assert (person.id, person.parent, person.version) == ("5", "77", None)
    assert person.values["name"] == {"first": "Asha", "last": None}
    assert person.keys.emails == {"asha@acme.in"}
    assert person.keys.name == "asha"
    assert person.scope == {"is_primary_contact": True, "is_added_in_portal": True}
    assert person.body["is_added_in_portal"] is True
    assert persons_of(INDIA, {"contact_id": "77"}) == []


def test_a_crm_contact_names_its_account() -> None:
    """The parent is the lookup's id; a surname that looks like a legal form stays a name."""
    body = {"id": "8", "Account_Name": {"name": "Acme", "id": "1"}, "First_Name": "Maria", "Last_Name": "Sa"}
    person = read_record(INDIA, "contact_person", Side.CRM, body | {"Billing_Contact": True})
    assert (person.parent, person.keys.name, person.label) == ("1", "maria sa", "Maria Sa")
    assert person.scope == {"Billing_Contact": True}
    assert read_record(INDIA, "contact_person", Side.CRM, body | {"Account_Name": None}).parent is None


def test_emails_from_elsewhere_become_keys() -> None:
    """An Account has no e-mail; its Contacts lend theirs."""
    record = read_record(INDIA, "customer", Side.CRM, ACCOUNT, emails=["Asha@Acme.in", ""])
    assert record.keys.emails == {"asha@acme.in"}


def test_an_accounts_own_e_mail_is_a_key_where_the_mapping_names_it() -> None:
    """It is there for matching alone."""
    entity = CUSTOMER.model_copy(update={"email_field": "Office_Email"})
    mapping = INDIA.model_copy(update={"entities": {**INDIA.entities, "customer": entity}})
    shown = read_record(mapping, "customer", Side.CRM, ACCOUNT | {"Office_Email": "Office@Acme.in"})
    assert shown.keys.emails == {"office@acme.in"}
    assert read_record(mapping, "customer", Side.CRM, ACCOUNT).keys.emails == frozenset()


def test_a_body_without_its_custom_fields_does_not_show_the_stamp() -> None:
    """What was read without it must be read whole before anything rests on it."""
    name = tuple(field for field in CUSTOMER.fields if field.name == "name")
    entity = CUSTOMER.model_copy(update={"fields": name})
    assert shows_all(entity, books())
    assert not shows_all(entity, books(custom_fields=None))


def test_numbers_come_exact() -> None:
    """A float in JSON becomes the decimal that was written."""
    assert crm(Customer_Segment=0.1).values["segment"] == Decimal("0.1")


@pytest.mark.parametrize("text", [None, "", "yesterday", 7, "2023-05-10T01:10:47"])
def test_a_time_without_zone_is_no_time(text: Any) -> None:
    """An unknown version never counts."""
    assert parse_time(text) is None


def test_a_name_is_a_text_or_two() -> None:
    """What people see."""
    assert name_of({"name": {"first": None, "last": "Sharma"}}) == "Sharma"
    assert name_of({}) is None
    assert name_of({"name": "  "}) is None


# --- writing ----------------------------------------------------------------------------------------


def test_a_clear_is_null_in_crm_and_empty_in_books() -> None:
    """Books may refuse null (UNCONFIRMED), CRM clears by it."""
    assert write_body(INDIA, "customer", Side.CRM, {"website": None}, current=crm()) == {"Website": None}
    assert write_body(INDIA, "customer", Side.BOOKS, {"website": None, "segment": None}, current=books()) == {
        "website": "",
        "custom_fields": [{"api_name": "cf_segment", "value": ""}],
    }


def test_a_phone_alone_sends_the_whole_billing_address() -> None:
    """Every writable key as read, the change laid over it, nothing that Books derives."""
    body = write_body(INDIA, "customer", Side.BOOKS, {"phone": "2"}, current=books())
    assert body == {"billing_address": ADDRESS | {"attention": "Stores", "phone": "2", "fax": "2"}}


def test_the_state_code_follows_the_state() -> None:
    """An old code beside a new state would contradict it."""
    home = {
        "address": "1 Rd",
        "street2": None,
        "city": "Panaji",
        "state": "Goa",
        "zip": None,
        "country": "India",
    }
    sent = write_body(INDIA, "customer", Side.BOOKS, {"billing_address": home}, current=books())[
        "billing_address"
    ]
    assert (sent["state"], sent["state_code"], sent["attention"], sent["zip"]) == ("Goa", "GA", "Stores", "")
    abroad = home | {"state": "Bavaria", "country": "Germany"}
    sent = write_body(INDIA, "customer", Side.BOOKS, {"billing_address": abroad}, current=books())[
        "billing_address"
    ]
    assert "state_code" not in sent


def test_an_address_that_was_not_read_is_never_sent() -> None:
    """A guess would blank what is there."""
    row = read_record(INDIA, "customer", Side.BOOKS, {"contact_id": "77"})
    with pytest.raises(BadInputError, match="billing_address"):
        write_body(INDIA, "customer", Side.BOOKS, {"phone": "2"}, current=row)


def test_a_create_carries_kind_stamp_and_parent_and_no_blanks() -> None:
    """An insert with the other side's id; persons name their customer."""
    changes = {"name": "Acme", "website": None, "segment": "Gold"}
    assert write_body(INDIA, "customer", Side.BOOKS, changes, stamp="1") == {
        "contact_type": "customer",
        "contact_name": "Acme",
        "custom_fields": [
            {"api_name": "cf_segment", "value": "Gold"},
            {"api_name": "cf_crm_account_id", "value": "1"},
        ],
    }
    person = {"name": {"first": "Asha", "last": None}, "email": "a@b.in"}
    assert write_body(INDIA, "contact_person", Side.BOOKS, person, stamp="8", parent="77") == {
        "contact_id": "77",
        "first_name": "Asha",
        "email": "a@b.in",
    }
    contact = {"name": {"first": None, "last": "Asha"}}
    assert write_body(INDIA, "contact_person", Side.CRM, contact, stamp="5", parent="1") == {
        "Last_Name": "Asha",
        "Books_Person_ID": "5",
        "Account_Name": {"id": "1"},
    }


def test_a_person_update_names_its_customer_and_first_name() -> None:
    """Books asks for both on every PUT (dossier books §3)."""
    (person,) = persons_of(INDIA, CONTACT)
    body = write_body(INDIA, "contact_person", Side.BOOKS, {"mobile": "3"}, current=person)
    assert body == {"contact_id": "77", "first_name": "Asha", "mobile": "3"}


def merged(side: Side, before: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What the product shows after a write."""
    custom = {entry["api_name"]: entry for entry in before.get("custom_fields", [])}
    custom |= {entry["api_name"]: entry for entry in body.get("custom_fields", [])}
    shown = before | body
    return shown | {"custom_fields": list(custom.values())} if side is Side.BOOKS else shown


texts = st.none() | st.text(min_size=1, max_size=20)


@st.composite
def changes(draw: st.DrawFn, mapping: Mapping, entity: str, side: Side) -> dict[str, Any]:
    """Some fields of an entity with native values of one side."""
    found = {}
    for field in draw(st.lists(st.sampled_from(mapping.entities[entity].fields), unique_by=lambda f: f.name)):
        parts = field.parts(side)
        found[field.name] = {part: draw(texts) for part in parts} if parts else draw(texts)
    return found


@pytest.mark.parametrize("entity", ["customer", "contact_person"])
@pytest.mark.parametrize("side", Side)
@given(data=st.data())
def test_what_was_written_is_what_is_read(entity: str, side: Side, data: st.DataObject) -> None:
    """The round trip: a body merged into the record shows exactly the changes, and no other field moves."""
    bodies: dict[tuple[str, Side], dict[str, Any]] = {
        ("customer", Side.CRM): ACCOUNT,
        ("customer", Side.BOOKS): CONTACT,
        ("contact_person", Side.CRM): {"id": "8", **dict.fromkeys(PERSON.crm_fields)},
        ("contact_person", Side.BOOKS): PERSON_BODY | {"contact_id": "77"},
    }
    before = bodies[entity, side]
    current = read_record(INDIA, entity, side, before)
    wanted = data.draw(changes(INDIA, entity, side))
    body = write_body(INDIA, entity, side, wanted, current=current)
    after = read_record(INDIA, entity, side, merged(side, before, body))
    assert after.values == {**current.values, **wanted}
    assert {"contact_persons", "opening_balances", "email"}.isdisjoint(body) or entity == "contact_person"
