"""The rule of the judge for vendors and items: what it finds, and what it lets pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.system.sections import NEW_ITEMS, VENDORS, india
from tests.system.simulation.case import Case
from tests.system.simulation.evidence import Act, Evidence, Restore
from tests.system.simulation.goods import goods
from tests.system.simulation.plan import draw
from tests.system.simulation.run import simulate
from tests.system.simulation.verdict import Verdict

MAPPING = yaml.safe_load(india(VENDORS, NEW_ITEMS))
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


def act(verb: str, side: str, kind: str = "item", value: Any = None) -> Act:
    """Somebody did something to the item or the vendor of these tests."""
    return Act(1.0, verb, "a", side, kind, "No1" if kind == "item" else "No2", value=value)


def found(
    products: Sequence[Any] = (PRODUCT,),
    items: Sequence[Any] = (ITEM,),
    vendors: Sequence[Any] = (SUPPLIER,),
    contacts: Sequence[Any] = (VENDOR,),
    ends: Sequence[Act] = (),
    history: Sequence[dict[str, Any]] = (),
    restored: Sequence[Restore] = (),
) -> list[str]:
    """The counters that the rule raises; both were made by somebody."""
    sides = {
        "crm": {"Products": products, "Vendors": vendors},
        "books": {"items": items, "contacts": contacts},
    }
    acts = [act("create", "crm"), act("create", "crm", "vendor"), *ends]
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
    assert {("create", "item"), ("create", "vendor"), ("edit", "item"), ("edit", "vendor")} <= acts
