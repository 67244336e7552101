"""Vendors and items of a stage, as pairs in step; the mapping needs their sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.stage import NotInStepError, Stage, name_of
from tandem.core.records import LinkState


@dataclass(frozen=True, slots=True)
class Twin:
    """A record on both sides."""

    crm: str
    books: str


@dataclass(frozen=True, slots=True)
class Kind:
    """How an entity is made and edited through the sandbox's control API."""

    entity: str
    module: str
    listed: str
    """Under which key of an import, and at which path, its Books records are."""
    in_crm: Callable[[int], Mapping[str, Any]]
    in_books: Callable[[int], Mapping[str, Any]]
    stamp: str

    def crm_path(self, twin: Twin) -> str:
        """Where a person edits it in CRM."""
        return f"/crm/{self.module}/{twin.crm}"

    def books_path(self, twin: Twin) -> str:
        """Where a person edits it in Books."""
        return f"/books/{self.listed}/{twin.books}"


def _vendor(i: int) -> dict[str, Any]:
    return {
        "Vendor_Name": f"{name_of(i)} Mills",
        "Website": f"https://mill{i}.example",
        "Phone": f"+91 20 4{i:07d}",
        "Street": f"{i + 1} FC Road",
        "City": "Pune",
        "State": "Maharashtra",
        "Zip_Code": "411004",
        "Country": "India",
    }


def _books_vendor(i: int) -> dict[str, Any]:
    crm = _vendor(i)
    address = {"address": "Street", "city": "City", "state": "State", "zip": "Zip_Code", "country": "Country"}
    return {
        "contact_name": crm["Vendor_Name"],
        "contact_type": "vendor",
        "website": crm["Website"],
        "billing_address": {
            **{books: crm[name] for books, name in address.items()},
            "phone": crm["Phone"],
        },
    }


def _product(i: int) -> dict[str, Any]:
    return {
        "Product_Name": f"{name_of(i)} bolt",
        "Product_Code": f"SKU-{i:05d}",
        "Usage_Unit": "Box",
        "Product_Active": True,
        "Unit_Price": 12.5,
        "HSN_SAC": "7318",
    }


def _item(i: int) -> dict[str, Any]:
    crm = _product(i)
    return {
        "name": crm["Product_Name"],
        "sku": crm["Product_Code"],
        "unit": "box",
        "rate": crm["Unit_Price"],
        "hsn_or_sac": crm["HSN_SAC"],
    }


VENDOR: Final = Kind("vendor", "Vendors", "contacts", _vendor, _books_vendor, "cf_crm_vendor_id")
ITEM: Final = Kind("item", "Products", "items", _product, _item, "cf_crm_product_id")


async def linked(stage: Stage, kind: Kind, n: int) -> Sequence[Twin]:
    """Import n records of a kind on both sides, equal and with the stamps, and link them: every version settled."""
    crm = (
        await stage.control("POST", "/import", {"crm": {kind.module: [kind.in_crm(i) for i in range(n)]}})
    )["crm"]
    made = [
        {**kind.in_books(i), "custom_fields": [{"api_name": kind.stamp, "value": crm[kind.module][i]}]}
        for i in range(n)
    ]
    books = (await stage.control("POST", "/import", {"books": {kind.listed: made}}))["books"]
    stage.system.clock.advance(3600)
    await stage.until_linked({kind.entity: n})
    return [Twin(*ids) for ids in zip(crm[kind.module], books[kind.listed], strict=True)]


def check_is_new(stage: Stage, kind: Kind, n: int) -> None:
    """After a flow of creates: n links came of it."""
    found = len(stage.system.store.links.ids("main", kind.entity, LinkState.LIVE))
    if found != n:
        raise NotInStepError(f"{found} of {n} {kind.entity} records are linked")
