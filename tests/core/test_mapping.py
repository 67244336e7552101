"""The mapping file: what the presets say, and how every fault is named with line, field and fix."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import BadInputError
from tandem.core.mapping import Mapping, MappingError, Resource, load_mapping, preset
from tandem.core.records import Record, Side
from tandem.core.yamltree import read_tree

GOOD = """\
region: IN
entities:
  customer:
    crm_module: Accounts
    crm_stamp: Books_Customer_ID
    fields:
      name: {crm: Account_Name, books: contact_name}
"""


FIELDS = "fields:\n      name: {crm: Account_Name, books: contact_name}"


def faults(text: str) -> list[str]:
    """The faults of a mapping as `line field: message / fix`, a field of the customer as ….name."""
    with pytest.raises(MappingError) as caught:
        load_mapping(text)
    texts = [f"{fault.line} {fault.field}: {fault.message} / {fault.fix}" for fault in caught.value.faults]
    return [text.replace("entities.customer.fields.", "….") for text in texts]


def field(name: str, text: str) -> str:
    """The good mapping with one more field, on line 8."""
    return f"{GOOD}      {name}: {text}\n"


@pytest.mark.parametrize("name", ["india", "uk", "us", "generic"])
def test_every_preset_loads(name: str) -> None:
    """A preset that does not load would fail the first day."""
    mapping = preset(name)
    assert set(mapping.entities) == {"customer", "contact_person"}
    assert mapping.region == {"india": "IN", "uk": "GB"}.get(name, "US")


def test_the_default_says_what_the_design_says() -> None:
    """Books owns the tax identity, CRM the descriptions; what must not be blanked is not."""
    customer = preset("india").entities["customer"]
    tax = customer.field("tax_identity")
    assert (tax.owner, tax.crm_may, tax.conflict, tax.first_link) == ("books", "fill_blank", "hold", "hold")
    assert {f.name for f in customer.fields if f.owner == "books"} == {"tax_identity", "pan"}
    assert {f.name for f in customer.fields if f.never_blank} == {
        "name", "billing_address", "shipping_address", "tax_identity", "pan",
    }  # fmt: skip
    person = preset("india").entities["contact_person"]
    assert {f.name for f in person.fields if f.never_blank} == {"name", "email"}
    assert customer.field("phone").attributes(Side.BOOKS) == ("billing_address.phone",)
    assert customer.field("phone").args["region"] == "IN"


def test_an_entity_knows_where_it_lives() -> None:
    """Everything that one CRM query must ask for, and the modules of both sides."""
    entities = preset("india").entities
    person = entities["contact_person"]
    assert person.crm_fields == (
        "First_Name", "Last_Name", "Email", "Phone", "Mobile", "Title",
        "Books_Person_ID", "Account_Name", "Billing_Contact",
    )  # fmt: skip
    assert person.resource(Side.CRM) == Resource(
        Side.CRM, "contact_person", "Contacts", person.crm_fields, "Account_Name"
    )
    assert person.resource(Side.BOOKS) == Resource(Side.BOOKS, "contact_person", "contactpersons")
    assert entities["customer"].resource(Side.BOOKS).module == "contacts"
    assert "GSTIN" in entities["customer"].crm_fields
    with pytest.raises(KeyError):
        person.field("nothing")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("Customer", ""),
        ("Prospect", "Account_Type is “Prospect”; only Customer is created in Books"),
        (None, "Account_Type is blank; only Customer is created in Books"),
    ],
)
def test_scope_is_a_sentence(kind: str | None, sentence: str) -> None:
    """What is left out is counted with its reason."""
    account = Record(Side.CRM, "customer", "1", {}, scope={"Account_Type": kind})
    assert preset("india").entities["customer"].outside_scope(account) == sentence


def test_no_scope_rule_lets_everything_in() -> None:
    """Without a rule every Account is a customer."""
    assert load_mapping(GOOD).entities["customer"].outside_scope(Record(Side.CRM, "customer", "1", {})) == ""


def test_the_version_is_of_the_content() -> None:
    """Comments and spelling of the file do not count, a policy does."""
    mapping = load_mapping(GOOD)
    assert load_mapping("# a comment\n" + GOOD.replace("region: IN\n", "")).version == mapping.version
    assert (
        load_mapping(GOOD.replace("contact_name}", "contact_name, conflict: hold}")).version
        != mapping.version
    )
    one = field("x", "{crm: A, books: b, args: {crm_max: 1, books_max: 2}}")
    assert (
        load_mapping(one.replace("crm_max: 1, books_max: 2", "books_max: 2, crm_max: 1")).version
        == load_mapping(one).version
    )
    assert len(mapping.version) == 12


def test_a_key_that_a_later_release_adds_does_not_change_the_version() -> None:
    """Else every connection would stop writing after an upgrade, as after a changed mapping."""

    class Later(Mapping):
        """The model of a later release."""

        new_key: str = "default"

    file = read_tree(GOOD, "mapping.yaml").data
    assert Later.model_validate(file).version == load_mapping(GOOD).version


def test_one_way_fields_are_owned_by_their_source() -> None:
    """The owner follows from the direction."""
    mapped = load_mapping(field("segment", "{crm: Seg, books: cf_seg, direction: to_crm}")).entities[
        "customer"
    ]
    segment = mapped.field("segment")
    assert (segment.owner, segment.may_write(Side.CRM), segment.may_write(Side.BOOKS)) == (
        "books",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1 : the file is empty / begin with the default"),
        ("- a", "1 : must be a table of keys"),
        ("a: [", "1 : bad YAML"),
        ("a: 1\n\tb: 2", "2 : bad YAML"),
        ("a: \x07", "1 : bad YAML"),
        ("\na: 1\nb: \x07", "3 : bad YAML"),
        ("\n\ud800", "2 : the text is not UTF-8 / save the file as UTF-8"),
        ("a: 1\na: 2", "2 a: this key stands here twice / keep one of them"),
        ("a: &x 1", "1 a: anchors and aliases are not read / write the value out"),
        ("a: *x", "1 a: anchors and aliases are not read"),
        (
            "a: !!python/object:os.system 1",
            "1 a: the tag tag:yaml.org,2002:python/object:os.system is not read",
        ),
        ("a: 1\n---\nb: 2", "2 : a second document begins here"),
        ('a: "\\ud800"', "1 a: the text holds half a character"),
        ("? [a]\n: b", "1 : a key must be a text"),
        ("[" * 5000, "1 0.0.0: nested deeper than 20 levels"),
        ("x" * 1_000_001, "1 : the file has more than 1000000 bytes / split or shorten it"),
        ("region: india\nentities: {}", "1 region: must be two capital letters, such as IN"),
        ("entities: {}", "1 entities: must not be empty / add at least one entry"),
        (GOOD + "  deal: {}", "8 entities.deal: unknown entity deal / use customer or contact_person"),
        (
            GOOD.replace("crm_stamp", "crm_stmp"),
            "5 entities.customer.crm_stmp: unknown key crm_stmp / write crm_stamp",
        ),
        (
            GOOD.replace("crm_stamp", "stamp_crm"),
            "3 entities.customer.crm_stamp: crm_stamp is missing / add crm_stamp",
        ),
        (GOOD.replace("      name:", "      title:"), "6 entities.customer.fields: no field is called name"),
        (field("x", "3"), "8 ….x: must be a table of keys"),
        (field("x", "{crm: A}"), "8 ….x.books: books is missing / add books"),
        (field("x", "{crm: A, books: b, ownr: crm}"), "8 ….x.ownr: unknown key ownr / write owner"),
        (field("x", "{crm: A, books: b, zzz: crm}"), "8 ….x.zzz: unknown key zzz / remove it; known"),
        (field("x", "{crm: A, books: b, owner: zoho}"), "8 ….x.owner: “zoho” is not allowed / write one"),
        (field("x", "{crm: A, books: b, never_blank: 7}"), "8 ….x.never_blank: must be true or false"),
        (field("x", "{crm: 'A B', books: b}"), "8 ….x.crm: must be an API name such as Account_Name"),
        (field("x", "{crm: A, books: a.b.c}"), "8 ….x.books: must be an API name such as billing"),
        (
            field("x", "{crm: A, books: b, converter: txt}"),
            "8 ….x.converter: unknown converter txt / write text",
        ),
        (
            field("x", "{crm: A, books: b, args: {max: 3}}"),
            "8 ….x.args.max: text: unknown argument / the arguments of text are: crm_max, books_max",
        ),
        (
            field("x", "{crm: A, books: b, args: {crm_max: big}}"),
            "8 ….x.args.crm_max: text: must be a whole number",
        ),
        (
            field("x", "{crm: A, books: b, args: {crm_max: 0}}"),
            "8 ….x.args.crm_max: text: must be at least 1",
        ),
        (field("x", "{crm: A, books: b, args: 3}"), "8 ….x.args: must be a table of keys"),
        (
            field("x", "{crm: A, books: b, converter: picklist}"),
            "8 ….x.args.values: picklist: this argument is missing",
        ),
        (
            field("x", "{crm: A, books: b, converter: picklist, args: {values: [[a]]}}"),
            "8 ….x.args.values: picklist: must be a table of keys / write key: value lines below it",
        ),
        (
            field("x", "{crm: A, books: b, converter: picklist, args: {values: {a: x, b: x}}}"),
            "picklist: “x” of Books stands for both “a” and “b” of CRM",
        ),
        (
            field("x", "{crm: A, books: b, direction: to_books, owner: books}"),
            "owner: owner books contradicts direction to_books / write crm",
        ),
        (
            field("x", "{crm: Account_Name, books: b}"),
            "8 ….x.crm: Account_Name is already used by the field name",
        ),
        (field("x", "{crm: Books_Customer_ID, books: b}"), "Books_Customer_ID is already used by crm_stamp"),
        (field("x", "{crm: A, books: contact_name}"), "8 ….x.books: contact_name is already used"),
        (field("x", "{crm: A, books: email}"), "email mirrors the primary person / map it on contact_person"),
        (field("x", "{crm: A, books: first_name}"), "first_name mirrors the primary person"),
        (
            field("x", "{crm: A, books: contact_persons}"),
            "contact_persons is never written by Tandem / remove the field",
        ),
        (field("x", "{crm: A, books: tags}"), "tags is never written"),
        (field("x", "{crm: A, books: billing_address}"), "billing_address is an object / map its parts"),
        (field("x", "{crm: A, books: notes.phone}"), "notes.phone is no path of this entity"),
        (
            field("x", "{crm: A, books: b, conflict: newest, direction: to_crm}"),
            "8 ….x.conflict: conflict newest on a one-way field / leave it out: its source wins",
        ),
        (
            field("x", "{crm: A, books: b, drift: put_back}"),
            "8 ….x.drift: drift is for one-way fields / leave it out, or give a direction",
        ),
        (field("x", "{crm: {a: A}, books: b}"), "8 ….x.crm: a: no part of a text / give one API name"),
        (
            field("x", "{crm: {first: A}, books: {first: b, last: c}, converter: person_name}"),
            "8 ….x.crm: part of a set mapped alone: last of person_name is missing",
        ),
        (
            field("x", "{crm: A, books: b, converter: address}"),
            "8 ….x.crm: part of a set mapped alone: city, country, state, street, zip",
        ),
        (
            GOOD.replace("customer:", "contact_person:"),
            "3 entities.contact_person: parent_field is missing / add parent_field: Account_Name",
        ),
        (
            GOOD + "".join(f"      f{n}: {{crm: F{n}, books: cf_f{n}}}\n" for n in range(60)),
            "62 CRM fields; one query reads 46 beside the system fields",
        ),
        (
            GOOD.replace("  customer:\n", "  customer:\n    delete: nothing\n"),
            "4 entities.customer.delete: “nothing” is not allowed / write one of 'deactivate', 'keep' or 'hold'",
        ),
        (
            GOOD.replace("  customer:\n", "  customer:\n    enabled: false\n"),
            "4 entities.customer.enabled: customer is what the other entities rest on: it cannot be off",
        ),
        (
            GOOD.replace("  customer:\n", "  customer:\n    without_account: hold\n"),
            "4 entities.customer.without_account: without_account is for contact_person / write it there",
        ),
        (
            GOOD.replace("  customer:\n", "  customer:\n    without_account: individual_customer\n"),
            "4 entities.customer.without_account: without_account is for contact_person",
        ),
        (
            GOOD.replace("  customer:\n", "  customer:\n    match_by: [emial]\n"),
            "emial is no match key: no field of that name with one value is mapped / write email",
        ),
        (
            GOOD.replace("  customer:\n", "  customer:\n    match_by: [x]\n")
            + "      x: {crm: A, books: notes}\n",
            "4 entities.customer.match_by: x is no match key: no list of Books shows notes / choose a custom field",
        ),
        (
            GOOD.replace("  customer:\n", "  customer:\n    create_in_crm_when: {cf_x: []}\n"),
            "4 entities.customer.create_in_crm_when.cf_x: must not be empty",
        ),
        (
            field(
                "x", "{crm: A, books: b, converter: picklist, args: {values: [Yes]}, default: {books: No}}"
            ),
            "8 ….x.default.books: “No” of Books has no counterpart in CRM",
        ),
        (field("x", "{crm: A, books: b, default: {crm: ''}}"), "8 ….x.default.crm: a default that is blank"),
        (
            field("x", "{crm: A, books: b, direction: to_crm, default: {books: y}}"),
            "8 ….x.default.books: direction to_crm never writes Books / take the default out",
        ),
        (
            GOOD
            + "      tax: {crm: {number: N}, books: {number: gst_no}, converter: tax_identity, default: {crm: x}}\n",
            "8 ….tax.default.crm: a set has no default",
        ),
        (GOOD.replace(FIELDS, "fields: {}"), "6 entities.customer.fields: must not be empty"),
        (
            GOOD.replace(FIELDS, "fields: [{name: name, crm: A, books: b}]"),
            "6 entities.customer.fields: must be a table of keys / write name: {crm: ..., books: ...} below it",
        ),
    ],
)
def test_a_fault_is_named_with_line_field_and_fix(text: str, expected: str) -> None:
    """Never a traceback, never "invalid mapping"."""
    assert any(expected in fault for fault in faults(text)), faults(text)


def test_every_fault_is_named_at_once() -> None:
    """One run of the check is enough to mend the file."""
    text = field("x", "{crm: A, books: b, ownr: crm}") + "      y: {crm: A, books: b, converter: txt}\n"
    assert [fault.split(":")[0] for fault in faults(text)] == [
        "8 ….x.ownr",
        "9 ….y.converter",
    ]


def test_the_message_reads_as_one_line_per_fault() -> None:
    """What a person sees on the terminal."""
    with pytest.raises(BadInputError) as caught:
        load_mapping(field("x", "{crm: A, books: email}"), source="my.yaml")
    assert str(caught.value) == (
        "my.yaml:8: entities.customer.fields.x.books: email mirrors the primary person."
        " Fix: map it on contact_person, or use billing_address.phone"
    )


@pytest.mark.parametrize("name", ["indai", "../india", "", "india.yaml"])
def test_an_unknown_preset_offers_the_nearest(name: str) -> None:
    """Names never become paths."""
    with pytest.raises(BadInputError, match="there is no preset"):
        preset(name)


def test_words_stay_words() -> None:
    """YAML's habit to read Yes, NO and 12:30 as something else would bend a picklist."""
    text = field(
        "x", "{crm: A, books: b, converter: picklist, args: {values: {Yes: NO, On: '1', 12:30: off}}}"
    )
    assert load_mapping(text).entities["customer"].field("x").args["values"] == {
        "Yes": "NO",
        "On": "1",
        "12:30": "off",
    }


def test_a_character_in_two_halves_is_one() -> None:
    """JSON is YAML, and writes what is beyond 16 bits as two escapes."""
    text = field("x", '{crm: A, books: b, converter: picklist, args: {values: ["\\ud83d\\ude00"]}}')
    assert load_mapping(text).entities["customer"].field("x").args["values"] == ["\U0001f600"]


def test_what_is_off_is_not_in_the_mapping_and_still_checked() -> None:
    """Whoever switches an entity off keeps its text, and learns of a fault in it at once."""
    off = (
        GOOD
        + """\
  contact_person:
    enabled: false
    crm_module: Contacts
    crm_stamp: Books_Person_ID
    parent_field: Account_Name
    fields:
      name: {crm: {first: First_Name, last: Last_Name}, books: {first: first_name, last: last_name},
             converter: person_name}
"""
    )
    assert list(load_mapping(off).entities) == ["customer"]
    assert load_mapping(off).version == load_mapping(GOOD).version
    assert list(load_mapping(off.replace("enabled: false", "enabled: true")).entities) == [
        "customer",
        "contact_person",
    ]
    assert faults(off.replace("crm_module: Contacts", "crm_modul: Contacts"))


@pytest.mark.parametrize(
    ("shown", "wanted", "is_in"),
    [(True, True, True), ("True", True, True), (False, True, False), (3, 3, True)],
)
def test_a_filter_takes_check_boxes_and_numbers(shown: Any, wanted: Any, is_in: bool) -> None:
    """Books shows a check box as a text, CRM as true or false."""
    text = GOOD.replace(
        "  customer:\n", f"  customer:\n    create_in_crm_when: {{cf_x: [{json.dumps(wanted)}]}}\n"
    )
    record = Record(Side.BOOKS, "customer", "1", {}, scope={"cf_x": shown})
    assert (load_mapping(text).entities["customer"].outside_scope(record) == "") is is_in


yaml_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["crm", "books", "address"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["crm", "books", "args", "fields", "name", "converter", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.text(max_size=200))
def test_any_text_loads_or_names_its_faults(text: str) -> None:
    """No text of a person ends in a traceback."""
    with pytest.raises(MappingError):
        load_mapping(text)


@given(
    where=st.sampled_from(["entities", "customer", "fields", "name", "crm", "converter", "args"]),
    odd=yaml_like,
)
def test_any_shape_loads_or_names_its_faults(where: str, odd: Any) -> None:
    """Nor does any shape of data in any place."""
    spec: dict[str, Any] = {"crm": "Account_Name", "books": "contact_name", "converter": "text", "args": {}}
    customer: dict[str, Any] = {"crm_module": "Accounts", "crm_stamp": "S", "fields": {"name": spec}}
    root: dict[str, Any] = {"entities": {"customer": customer}}
    holder = {"entities": root, "customer": root["entities"], "fields": customer, "name": customer["fields"]}
    holder.get(where, spec)[where] = odd
    try:
        mapping = load_mapping(json.dumps(root))
    except MappingError as error:
        mapping = None
        named = error.faults
    assert mapping or named


SMALL = """region: IN
entities:
  customer:
    crm_module: Accounts
    crm_stamp: Books_Customer_ID
    fields:
      name: {crm: Account_Name, books: contact_name}
      more: {crm: More, books: cf_more}
"""


@pytest.mark.parametrize(
    ("text", "field", "message", "fix"),
    [
        ("", "", "the file is empty", "begin with the default"),
        ("- a\n", "", "must be a table of keys", "write key: value"),
        (SMALL.replace("region: IN", "region: ZZ"), "region", "“ZZ” is no country", "ISO 3166"),
        (SMALL.replace("region: IN", "region: UK"), "region", "“UK” is no country; write GB", "ISO 3166"),
        (SMALL.replace("    fields:\n", "    name: vendor\n    fields:\n"), "entities.customer.name",
         "unknown key name", "it is called customer"),
        (SMALL.replace("more: {", "more: {name: other, "), "entities.customer.fields.more.name",
         "unknown key name", "it is called more"),
        (SMALL.split("      name:", maxsplit=1)[0], "entities.customer.fields", "must be a table of keys",
         "crm: ..., books: ..."),
        (SMALL.replace("    fields:\n", "    match_by: email\n    fields:\n"), "entities.customer.match_by",
         "must be a list", "write a list"),
        (SMALL.replace("    fields:\n", "    constants: {books: {cf_x: }}\n    fields:\n"),
         "entities.customer.constants.books.cf_x", "must be a text, or a whole number, or true or false", "quotes"),
        (SMALL.replace("cf_more}", "cf_more, converter: picklist, args: {values: {a: 1}}}"),
         "entities.customer.fields.more.args.values.a", "picklist: must be a text", "in quotes"),
        (SMALL.replace("cf_more}", "cf_more, converter: decimal, args: {places: -1}}"),
         "entities.customer.fields.more.args.places", "decimal: must be at least 0", "the arguments of decimal"),
        (SMALL.replace("cf_more}", "cf_more, converter: money, args: {currency: inr}}"),
         "entities.customer.fields.more.args.currency", "must be three capital letters", "the arguments of money"),
        (SMALL.replace("cf_more}", "cf_more, converter: lookup, args: {entity: individual}}"),
         "entities.customer.fields.more.args.entity", "“individual” is not allowed; write one of 'customer'", "lookup"),
        (SMALL.replace("cf_more}", "cf_more, converter: phone, args: {region: ZZ}}"),
         "entities.customer.fields.more.args.region", "phone: “ZZ” is no country", "the arguments of phone"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_fault_in_words_of_the_file(text: str, field: str, message: str, fix: str) -> None:
    """Not in those of the library that reads it, and once."""
    with pytest.raises(MappingError) as caught:
        load_mapping(text)
    (fault,) = caught.value.faults
    assert fault.field == field
    assert message in fault.message
    assert fix in fault.fix
