"""The rule of the judge for vendors, items and individuals: what it finds, and what it lets pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.system.sections import NEW_ITEMS, VENDORS, india, with_individuals
from tests.system.simulation.case import Case
from tests.system.simulation.evidence import Act, Evidence, Restore
from tests.system.simulation.goods import goods
from tests.system.simulation.plan import draw
from tests.system.simulation.run import simulate
from tests.system.simulation.verdict import Verdict

MAPPING = yaml.safe_load(with_individuals(india(VENDORS, NEW_ITEMS)))
PRODUCT = {
    "id": "5",
    "Product_Name": "No1 Bolt",
    "Product_Code": "No1",
    "Product_Active": True,
    "Unit_Price": 7.5,
}
ITEM = {
    "item_id": "9",
    "name": "No1 Bolt",
    "sku": "No1",
    "status": "active",
    "rate": 7.5,
    "custom_fields": [],
}
SUPPLIER = {"id": "6", "Vendor_Name": "No2 Mills", "Website": "https://m.example"}
VENDOR = {"contact_id": "8", "contact_name": "No2 Mills", "website": "https://m.example", "status": "active"}


CONTACT = {"id": "7", "First_Name": "Uma", "Last_Name": "Iyer No3", "Tier": "Gold"}
CUSTOMER = {
    "contact_id": "4",
    "contact_name": "Uma Iyer No3",
    "first_name": "Uma",
    "last_name": "Iyer No3",
    "customer_sub_type": "individual",
    "status": "active",
    "custom_fields": [{"api_name": "cf_tier", "value": "Gold"}],
}
"""An individual on both sides."""


def act(verb: str, side: str, kind: str = "item", value: Any = None) -> Act:
    """Somebody did something to the item, the vendor or the individual of these tests."""
    return Act(1.0, verb, "a", side, kind, {"item": "No1", "vendor": "No2"}.get(kind, "No3"), value=value)


def found(
    products: Sequence[Any] = (PRODUCT,),
    items: Sequence[Any] = (ITEM,),
    vendors: Sequence[Any] = (SUPPLIER,),
    contacts: Sequence[Any] = (VENDOR,),
    ends: Sequence[Act] = (),
    history: Sequence[dict[str, Any]] = (),
    restored: Sequence[Restore] = (),
    individuals: tuple[Sequence[Any], Sequence[Any]] = ((CONTACT,), (CUSTOMER,)),
) -> list[str]:
    """The counters that the rule raises; each was made by somebody. `individuals`: in CRM, and in Books."""
    sides = {
        "crm": {"Products": products, "Vendors": vendors, "Contacts": individuals[0]},
        "books": {"items": items, "contacts": [*contacts, *individuals[1]]},
    }
    acts = [*(act("create", "crm", kind) for kind in ("item", "vendor", "individual")), *ends]
    evidence = Evidence({}, {}, [], MAPPING, acts, restored=list(restored))
    case = Case(evidence, "a", sides, acts, [], list(history), Verdict())
    goods(case)
    return [finding.counter for finding in case.verdict.findings]


def test_what_is_in_step_is_found_to_be_so() -> None:
    """With no stamp, or each with the other's id."""
    assert found() == []
    stamped = {"custom_fields": [{"api_name": "cf_crm_product_id", "value": "5"}]}
    assert found(products=[PRODUCT | {"Books_Item_ID": "9"}], items=[ITEM | stamped]) == []


def test_of_a_pair_that_a_restored_table_asks_about_nothing_is_compared() -> None:
    """It does not know the pair: a person says whether the two are one."""
    asked = {"kind": "held", "at": "1970-01-01T00:10:00+00:00", "record": "a/crm/item/5", "candidates": ["9"]}
    apart, restore = PRODUCT | {"Product_Code": "other"}, Restore(100.0, 200.0, 300.0)
    assert found(products=[apart], history=[asked], restored=[restore]) == []
    assert found(products=[apart], history=[asked]) == ["unequal"]
    assert found(products=[apart], history=[asked | {"candidates": ["8"]}], restored=[restore]) == ["unequal"]


def test_of_a_held_price_numbers_are_compared_and_not_their_text() -> None:
    """A table gives 1.0 back as 1."""
    typed = [replace(act("edit", side), field="price") for side in ("crm", "books")]
    held = {"kind": "held", "at": "1970-01-01T00:10:00+00:00", "field": "price", "crm": 1, "books": 712.5}
    apart: dict[str, Any] = {
        "products": [PRODUCT | {"Unit_Price": 1.0}],
        "items": [ITEM | {"rate": 712.5}],
        "ends": typed,
    }
    assert found(**apart) == ["unequal"]
    assert found(**apart, history=[held]) == []
    assert found(**apart, history=[held | {"books": 713}]) == ["unequal"]


@pytest.mark.parametrize(
    ("change", "counter"),
    [
        ({"Product_Code": "other"}, "unequal"),
        ({"Unit_Price": 8}, "unequal"),
        ({"Product_Active": False}, "unequal"),
        ({"Books_Item_ID": "10"}, "duplicates"),
    ],
    ids=str,
)
def test_a_difference_between_both_is_found(change: dict[str, Any], counter: str) -> None:
    """In a text, a price, the state, and in whom it names."""
    assert found(products=[PRODUCT | change]) == [counter]


def test_what_is_there_twice_or_on_one_side_alone_is_found() -> None:
    """Of items and of vendors."""
    assert found(items=[ITEM, ITEM | {"item_id": "10"}]) == ["duplicates"]
    assert found(vendors=[SUPPLIER, SUPPLIER | {"id": "7"}]) == ["duplicates"]
    assert found(items=[], vendors=[]) == ["stuck", "stuck"]
    assert found(contacts=[VENDOR | {"status": "inactive"}]) == ["lost"]


def test_an_individual_is_one_pair_whose_name_stands_twice_in_books() -> None:
    """In its primary person, and as that of the customer, which follows CRM."""
    assert found(individuals=([CONTACT], [])) == ["stuck"]
    assert found(individuals=([CONTACT], [CUSTOMER, CUSTOMER | {"contact_id": "3"}])) == ["duplicates"]
    for name in ("contact_name", "last_name"):
        assert found(individuals=([CONTACT], [CUSTOMER | {name: "Uma Iyer No3 the second"}])) == ["unequal"]
    assert found(individuals=([CONTACT | {"Tier": "Silver"}], [CUSTOMER])) == ["unequal"]
    assert found(individuals=([CONTACT], [CUSTOMER | {"status": "inactive"}])) == ["lost"]
    gone = act("delete", "crm", "individual", value="7")
    assert found(individuals=([], [CUSTOMER | {"status": "inactive"}]), ends=[gone]) == []
    assert found(individuals=([CONTACT], [CUSTOMER]), ends=[gone]) == ["resurrected"]


def test_what_was_deleted_stays_so_and_what_was_restored_is_there() -> None:
    """The last word of people counts."""
    assert found(products=[], ends=[act("delete", "crm")]) == []
    assert found(ends=[act("delete", "crm")]) == ["resurrected"]
    assert found(ends=[act("delete", "books")]) == ["resurrected"]
    assert found(ends=[act("delete", "crm"), act("restore", "crm")]) == []
    assert found(products=[], ends=[act("delete", "crm"), act("restore", "crm")]) == ["lost"]


def test_some_seeds_have_vendors_and_items_and_their_users_work_on_them() -> None:
    """One of those that the gate runs; the others are as they were before there were such."""
    with_goods = [seed for seed in range(1, 5) if "goods" in draw(seed).traits]
    assert with_goods == [3]
    outcome = simulate(3, 120)
    assert outcome.findings == []
    acts = {tuple(kind.split()[:2]) for kind in outcome.kinds}
    assert ("create", "individual") not in acts
    assert {("create", "item"), ("create", "vendor"), ("edit", "item"), ("edit", "vendor")} <= acts


def test_some_seeds_have_individuals_and_their_users_work_on_them() -> None:
    """Beside the customers that are companies."""
    assert [seed for seed in range(1, 6) if "individuals" in draw(seed).traits] == [4, 5]
    outcome = simulate(4, 120)
    assert outcome.findings == []
    acts = {tuple(kind.split()[:2]) for kind in outcome.kinds}
    assert {("create", "individual"), ("edit", "individual"), ("create", "customer")} <= acts
