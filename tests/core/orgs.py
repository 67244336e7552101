"""A mapping and two organisations that fit each other, to be spoilt in one place."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from tandem.core.checks.finding import Finding
from tandem.core.checks.report import Line, examine
from tandem.core.checks.run import check_mapping
from tandem.core.facts import Facts, FieldFacts, books_facts
from tandem.core.mapping import load_mapping
from tandem.core.records import Side

ON_ONE_SIDE = frozenset(
    {
        *("required_without_value", "required_on_layout", "stamp_not_unique", "stamp_no_text"),
        *("constant_out_of_range", "parent_no_lookup", "parent_circular", "unfilterable"),
    }
)
"""Kinds about a field of one side that is no mapped one: that side's facts are told."""
MAPPING: dict[str, Any] = {
    "region": "IN",
    "entities": {
        "customer": {
            "crm_module": "Accounts",
            "crm_stamp": "Books_Customer_ID",
            "books_stamp": "cf_crm_account_id",
            "create_in_books_when": {"Account_Type": ["Customer"]},
            "fields": {
                "name": {"crm": "Account_Name", "books": "contact_name", "args": {"books_max": 200}},
                "segment": {
                    "crm": "Segment",
                    "books": "cf_segment",
                    "args": {"crm_max": 100, "books_max": 100},
                },
                "credit": {"crm": "Credit", "books": "cf_credit", "converter": "money"},
                "grade": {
                    "crm": "Grade",
                    "books": "cf_grade",
                    "converter": "picklist",
                    "args": {"values": {"Gold": "G", "Silver": "S"}},
                },
                "since": {"crm": "Since", "books": "cf_since", "converter": "date"},
            },
        },
        "contact_person": {
            "crm_module": "Contacts",
            "crm_stamp": "Books_Person_ID",
            "parent_field": "Account_Name",
            "fields": {
                "name": {
                    "converter": "person_name",
                    "crm": {"first": "First_Name", "last": "Last_Name"},
                    "books": {"first": "first_name", "last": "last_name"},
                },
                "email": {"crm": "Email", "books": "email", "converter": "email"},
            },
        },
    },
}
CRM = {
    "Accounts": [
        FieldFacts("Account_Name", "Account Name", "text", 200, required=True),
        FieldFacts("Segment", "Segment", "text", 100),
        FieldFacts("Credit", "Credit", "money", 16, places=2),
        FieldFacts("Grade", "Grade", "picklist", choices=("-None-", "Gold", "Silver")),
        FieldFacts("Since", "Since", "date"),
        FieldFacts("Account_Type", "Type", "picklist", choices=("Customer", "Other")),
        FieldFacts("Books_Customer_ID", "Books ID", "text", 50, unique=True),
        FieldFacts("Owner", "Owner", "lookup"),
    ],
    "Contacts": [
        FieldFacts("First_Name", "First Name", "text", 40),
        FieldFacts("Last_Name", "Last Name", "text", 80, required=True),
        FieldFacts("Email", "Email", "email", 100),
        FieldFacts("Account_Name", "Account", "lookup", refers_to="Accounts"),
        FieldFacts("Books_Person_ID", "Books ID", "text", 50, unique=True),
    ],
}
BOOKS: list[dict[str, Any]] = [
    {"api_name": "cf_segment", "label": "Segment", "data_type": "string", "max_length": 100},
    {"api_name": "cf_credit", "label": "Credit", "data_type": "amount", "decimal_places": 2},
    {
        "api_name": "cf_grade",
        "label": "Grade",
        "data_type": "dropdown",
        "values": [{"name": "G"}, {"name": "S"}],
    },
    {"api_name": "cf_since", "label": "Since", "data_type": "date"},
    {"api_name": "cf_crm_account_id", "label": "CRM ID", "data_type": "string", "is_unique": True},
]


@dataclass
class World:
    """A mapping and what both organisations tell, to be spoilt in one place."""

    mapping: dict[str, Any]
    crm: dict[str, dict[str, FieldFacts]]
    books: dict[str, dict[str, FieldFacts]]
    more: dict[str, Any]

    def spoil(self, side: Mapping[str, dict[str, FieldFacts]], where: str, name: str, **change: Any) -> World:
        """Change a fact."""
        side[where][name] = replace(side[where].get(name, FieldFacts(name, name, "text")), **change)
        return self

    def field(self, name: str, entity: str = "customer", **change: Any) -> World:
        """Change a field of the mapping."""
        fields = self.mapping["entities"][entity]["fields"]
        fields[name] = {**fields.get(name, {}), **change}
        return self

    def entity(self, name: str, **change: Any) -> World:
        """Change an entity of the mapping."""
        self.mapping["entities"][name].update(change)
        return self

    def hide(self, module: str) -> World:
        """CRM shows nothing of a module."""
        self.crm.pop(module)
        return self

    def tell(self, **change: Any) -> World:
        """Change what the organisations are."""
        self.more.update(change)
        return self

    def drop(self, side: Mapping[str, dict[str, FieldFacts]], where: str, name: str) -> World:
        """Take a fact away."""
        side[where].pop(name)
        return self

    @property
    def text(self) -> str:
        """The mapping as a file."""
        return yaml.safe_dump(self.mapping, sort_keys=False)

    @property
    def facts(self) -> Facts:
        """What both organisations tell."""
        return Facts(self.crm, self.books, **self.more)

    def found(self) -> list[Finding]:
        """What the check says."""
        return check_mapping(load_mapping(self.text), self.facts)

    def told_of(self, place: str) -> set[str]:
        """The sides whose metadata knows a mapped field's attribute; `place`: `entities.item.fields.sku.books`.

        Of a set, which has several, a finding tells the part that it is about.
        """
        _, entity, keyword, name, *_ = [*place.split("."), "", ""]
        mapping = load_mapping(self.text)
        mapped = mapping.entities[entity].find(name) if keyword == "fields" else None
        if mapped is None or mapped.parts(Side.CRM) is not None:
            return set()
        crm = self.crm.get(mapping.entities[entity].crm_module, {})
        known = {"crm": crm, "books": self.books.get(entity, {})}
        return {side.value for side in Side if mapped.attributes(side)[0] in known[side.value]}

    def lines(self, text: str | None = None) -> list[Line]:
        """What a person reads about the file."""
        return examine(self.text if text is None else text, "my.yaml", self.facts)


ITEM: dict[str, Any] = {
    "crm_module": "Products",
    "crm_stamp": "Books_Item_ID",
    "books_stamp": "cf_crm_product_id",
    "fields": {
        "name": {"crm": "Product_Name", "books": "name", "args": {"books_max": 100}},
        "sku": {"crm": "Product_Code", "books": "sku", "args": {"crm_max": 40, "books_max": 100}},
        "unit": {
            "crm": "Usage_Unit",
            "books": "unit",
            "converter": "picklist",
            "args": {"values": {"Box": "box", "Numbers": "pcs"}},
        },
        "active": {"crm": "Product_Active", "books": "status", "converter": "active_state"},
        "price": {"crm": "Unit_Price", "books": "rate", "converter": "money", "direction": "to_crm"},
        "hsn": {"crm": "HSN_SAC", "books": "hsn_or_sac", "args": {"books_max": 50}, "direction": "to_crm"},
        "grade": {"crm": "Grade", "books": "cf_grade", "args": {"crm_max": 100}},
    },
}
PRODUCTS = [
    FieldFacts("Product_Name", "Product Name", "text", 200, required=True),
    FieldFacts("Product_Code", "Product Code", "text", 40),
    FieldFacts("Usage_Unit", "Usage Unit", "picklist", choices=("-None-", "Box", "Numbers")),
    FieldFacts("Product_Active", "Active", "checkbox"),
    FieldFacts("Unit_Price", "Unit Price", "money", 16, places=2),
    FieldFacts("HSN_SAC", "HSN/SAC", "text", 50),
    FieldFacts("Grade", "Grade", "text", 100),
    FieldFacts("Books_Item_ID", "Books ID", "text", 50, unique=True),
]
BOOKS_ITEMS: list[dict[str, Any]] = [
    {"api_name": "cf_grade", "label": "Grade", "data_type": "string", "max_length": 100},
    {"api_name": "cf_crm_product_id", "label": "CRM ID", "data_type": "string", "is_unique": True},
]


def world_with_items() -> World:
    """Everything right, items too."""
    world = right_world()
    world.mapping["entities"]["item"] = copy.deepcopy(ITEM)
    world.crm["Products"] = {fact.name: fact for fact in PRODUCTS}
    world.books["item"] = dict(books_facts("item", BOOKS_ITEMS))
    return world


def right_world() -> World:
    """Everything right."""
    return World(
        copy.deepcopy(MAPPING),
        {module: {fact.name: fact for fact in facts} for module, facts in CRM.items()},
        {name: dict(books_facts(name, BOOKS)) for name in ("customer", "contact_person")},
        {},
    )
