"""Every kind of fault that can occur in an item's section: file, line, field, what both sides tell, and the fix."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tandem.core.checks.kinds import LIVE_KINDS
from tandem.core.facts import Sample
from tandem.core.records import Side
from tests.core.orgs import ON_ONE_SIDE, World, world_with_items

I = "item"  # noqa: E741 - as short as C and P beside it
AT = "entities.item.fields."
CREATES = {"create_in_books": True}
TO_VENDOR = {"converter": "lookup", "args": {"entity": "vendor"}}
Spoil = Callable[[World], World]


def crm(name: str, **change: object) -> Spoil:
    """CRM tells something else of a Product's field."""
    return lambda w: w.spoil(w.crm, "Products", name, **change)


def books(name: str, **change: object) -> Spoil:
    """Books tells something else of an item's attribute."""
    return lambda w: w.spoil(w.books, I, name, **change)


def of(field: str, **change: object) -> Spoil:
    """An item's field is mapped in another way."""
    return lambda w: w.field(field, I, **change)


def entity(**change: object) -> Spoil:
    """An item's section says something else."""
    return lambda w: w.entity(I, **change)


def sku(side: Side, filled: float, repeated: float = 0.0) -> Spoil:
    """The newest records show their SKU so."""
    return lambda w: w.tell(samples={(I, side, "sku"): Sample(200, filled, repeated)})


def tax(**change: object) -> Spoil:
    """Books' id of a tax, mapped so."""
    return lambda w: w.field("tax", I, crm="Tax", books="tax_id", **change).spoil(
        w.crm, "Products", "Tax", length=50
    )


KINDS: dict[str, tuple[Spoil, str, str, str, str]] = {
    "a price that CRM owns": (
        of("price", direction="both"), "owner_contradicts_direction", AT + "price.owner", "price:",
        "direction: to_crm"),
    "a price that only CRM writes": (
        of("price", direction="to_books"), "owner_contradicts_direction", AT + "price.direction",
        "direction: to_books", "direction: to_crm"),
    "an HSN code that CRM owns though Books writes it": (
        of("hsn", owner="crm"), "owner_contradicts_direction", AT + "hsn.owner", "owner: crm", "books"),
    "a tax that CRM owns": (
        tax(), "owner_contradicts_direction", AT + "tax.owner", "tax:", "owner: books"),
    "an account of the ledger that CRM owns": (
        of("grade", books="account_id"), "owner_contradicts_direction", AT + "grade.owner", "grade:", "owner: books"),
    "made in Books, and nothing fills the rate": (
        entity(**CREATES), "required_without_value", "entities.item.fields", "fields:", "constants: books"),
    "made in Books, and nothing fills a custom field that must be": (
        lambda w: w.entity(I, **CREATES, constants={"books": {"rate": 0}})
        .spoil(w.books, I, "cf_origin", required=True),
        "required_without_value", "entities.item.fields", "fields:", "constants: books"),
    "made in CRM, and nothing fills a field that must be": (
        crm("Vendor_Class", required=True), "required_without_value", "entities.item.fields", "fields:",
        "constants: crm"),
    "a constant that its field does not take": (
        lambda w: w.entity(I, **CREATES, constants={"books": {"rate": 0, "cf_origin": "India"}})
        .spoil(w.books, I, "cf_origin", length=2),
        "constant_out_of_range", "entities.item.constants.books.cf_origin", "cf_origin: India", "takes"),
    "a filter for creates that decides nothing": (
        entity(create_in_books_when={"Usage_Unit": ["Box"]}), "policy_contradiction",
        "entities.item.create_in_books_when", "create_in_books_when:", "create_in_books: true"),
    "an SKU that many Products share": (
        sku(Side.CRM, 1.0, 0.3), "match_key_not_unique", AT + "sku", "sku:", "ambiguous"),
    "an SKU that many items share": (
        sku(Side.BOOKS, 1.0, 0.3), "match_key_not_unique", AT + "sku", "sku:", "ambiguous"),
    "an SKU that few records have": (
        sku(Side.BOOKS, 0.1), "match_key_mostly_blank", AT + "sku", "sku:", "fill it"),
    "no SKU mapped": (
        lambda w: w.entity(I, match_by=[]), "match_key_missing", "entities.item.fields", "fields:", "stamp"),
    "matched by a word that items have not": (
        entity(match_by=["tax_number"]), "match_key_not_mapped", "entities.item.match_by", "match_by:", "sku"),
    "matched by what no list of Books shows": (
        lambda w: w.field("account", I, crm="Grade2", books="account_id", direction="to_crm")
        .entity(I, match_by=["account"]), "match_key_not_mapped", "entities.item.match_by", "match_by:", "sku"),
    "an HSN code in an org without GST": (
        lambda w: w.tell(has_gst=False), "tax_fields_without_tax", AT + "hsn.books", "books: hsn_or_sac",
        "take the field out"),
    "a state that another converter carries": (
        of("active", converter="checkbox"), "never_mapped", AT + "active.books", "books: status", "active_state"),
    "the converter of the state on another attribute": (
        of("active", books="is_taxable", owner="books"), "never_mapped", AT + "active.books", "books: is_taxable",
        "status"),
    "a state that is no check box in CRM": (
        crm("Product_Active", kind="picklist"), "type_mismatch", AT + "active.crm", "crm: Product_Active",
        "another converter"),
    "a name longer than Books takes": (
        of("name", args={}), "shorter_on_other_side", AT + "name.books", "books: name", "books_max: 100"),
    "a price of more places than CRM keeps": (
        crm("Unit_Price", places=0), "precision_lost", AT + "price.crm", "crm: Unit_Price", "places: 0"),
    "a unit that Books has and the table has not": (
        crm("Usage_Unit", choices=("Box", "Numbers", "Hours")), "choice_without_counterpart", AT + "unit.args",
        "args:", "values"),
    "stock, which Tandem never writes": (
        of("grade", books="initial_stock"), "never_mapped", AT + "grade.books", "books: initial_stock", "remove"),
    "an address, which an item has not": (
        of("grade", books="billing_address.city"), "never_mapped", AT + "grade.books", "books: billing_address.city",
        "customer, individual or vendor"),
    "a customer's attribute": (
        of("grade", books="contact_name"), "unknown_field", AT + "grade.books", "books: contact_name", "create it"),
    "two fields on one attribute": (
        of("grade", books="sku"), "mapped_twice", AT + "grade.books", "books: sku", "once"),
    "a stamp that Books has for customers alone": (
        lambda w: w.drop(w.books, I, "cf_crm_product_id"), "stamp_missing", "entities.item.books_stamp",
        "books_stamp:", "duplicates are refused"),
    "a stamp that allows duplicates": (
        crm("Books_Item_ID", unique=False), "stamp_not_unique", "entities.item.crm_stamp", "crm_stamp:",
        "duplicate values"),
    "a module of another entity": (
        entity(crm_module="Accounts"), "unknown_value", "entities.item.crm_module", "crm_module: Accounts", "Products"),
    "a module that the token's user may not see": (
        lambda w: w.hide("Products"), "unknown_module", "entities.item.crm_module", "crm_module:", "sees the module"),
    "a parent, which is a person's": (
        entity(parent_field="Vendor_Name"), "policy_contradiction", "entities.item.parent_field", "parent_field:",
        "take it out"),
    "a currency, which items have not": (
        entity(currency_field="Currency"), "policy_contradiction", "entities.item.currency_field", "currency_field:",
        "take it out"),
    "a rule for Contacts": (
        entity(without_account="hold"), "policy_contradiction", "entities.item.without_account", "without_account:",
        "take it out"),
    "a preferred vendor, where vendors are not mapped": (
        lambda w: w.field("maker", I, crm="Vendor_Name", books="vendor_id", **TO_VENDOR)
        .spoil(w.crm, "Products", "Vendor_Name", kind="lookup", refers_to="Vendors"),
        "lookup_to_entity_off", AT + "maker.args", "args:", "switch vendor on"),
    "a preferred vendor carried as a text": (
        lambda w: w.field("maker", I, crm="Vendor_Name", books="vendor_id")
        .spoil(w.crm, "Products", "Vendor_Name", kind="lookup", refers_to="Vendors"),
        "lookup_unmapped", AT + "maker.crm", "crm: Vendor_Name", "converter: lookup"),
}  # fmt: skip


def test_a_right_section_has_no_finding() -> None:
    """Or every finding below would prove nothing; with items made in Books, their rate as a constant is enough."""
    assert world_with_items().found() == []
    assert world_with_items().entity(I, **CREATES, constants={"books": {"rate": 0}}).found() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_section_is_named_with_file_line_field_facts_and_fix(kind: str) -> None:
    """One line of that kind is found, alone, where the file says it."""
    spoil, expected, field, words, fix = KINDS[kind]
    world = spoil(world_with_items())
    [line] = world.lines()
    assert (line.kind, line.file, line.field) == (expected, "my.yaml", field)
    text = world.text.split("\n")
    assert words in text[line.line - 1]
    assert line.line > next(number for number, row in enumerate(text) if row == "  item:")
    assert line.message
    assert fix in line.fix
    if expected in LIVE_KINDS:
        assert set(line.facts) >= world.told_of(field)
    assert not (expected in ON_ONE_SIDE and not line.facts)


def test_what_books_owns_may_still_be_edited_in_crm_where_the_file_says_so() -> None:
    """`owner: books` both ways: a conflict is Books', an edit of CRM alone travels."""
    assert world_with_items().field("price", I, direction="both", owner="books").found() == []


def test_a_finding_of_an_item_carries_the_facts_of_both_sides() -> None:
    """Type and length of both, as `mapping check --json` and the plain lines show them."""
    [line] = world_with_items().field("name", I, args={}).lines()
    assert line.facts["crm"]["length"] == 200
    assert line.facts["books"]["length"] == 100
