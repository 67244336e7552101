"""What the table of refusals is made of: its rows, and the operations that may be refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.system.street import NOVA, RAVI, Act, Look, Street

OPERATIONS = (
    "create customer in books",
    "create customer in crm",
    "create person in books",
    "create person in crm",
    "update customer in books",
    "update customer in crm",
    "update person in books",
    "update person in crm",
    "deactivate customer in books",
    "link, filling books",
    "link, filling crm",
)
REFUSALS = (
    "duplicate name",
    "duplicate unique field",
    "inactive",
    "locked",
    "in approval",
    "in blueprint",
    "mandatory missing",
    "too long",
    "bad picklist value",
    "parent missing",
    "no permission",
    "gone",
    "merged",
    "currency fixed by transactions",
    "quota",
    "token",
)


@dataclass(frozen=True, slots=True)
class Cannot:
    """The combination does not occur."""

    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One combination.

    `held`: the cause of the one quarantine entry, `says` a part of its sentence; `outcome`: what the drain counts
    for the record else. `refused`: writes that Zoho refused. `scene`: what stands before the edit; `race`: what
    somebody does between the last look and the write. `later`: minutes until all is at rest.
    `mended`: what a release changes once the scene is undone; None where that is another row's matter.
    """

    edit: Mapping[str, Any] | None = None
    scene: Act | None = None
    race: Callable[[Street], Callable[[], object]] | None = None
    held: str = ""
    says: str = ""
    outcome: str = "held"
    refused: int = 1
    ends: Look = field(default_factory=dict)
    later: int = 3
    undo: Act | None = None
    mended: Look | None = None
    entries: int = 1
    """Quarantine entries of the one case: a doubtful match is asked about from both sides."""
    whole: Literal["", "quota", "stopped"] = ""
    """The whole connection waits for that, the other record too; `says` is then a part of the drain's end."""


# --- what a person does on the reading side, and what it comes to when nothing is refused ---------------------


@dataclass(frozen=True, slots=True)
class Operation:
    """`act` types `edit` on the side that is read; `done` is what the write then changes."""

    target: Literal["crm", "books"]
    act: Callable[[Street, Mapping[str, Any]], Awaitable[Any]]
    edit: Mapping[str, Any]
    done: Look


async def _new_account(street: Street, edit: Mapping[str, Any]) -> None:
    await street.control("POST", "/crm/Accounts", {"Account_Name": NOVA, "Account_Type": "Customer", **edit})


async def _new_customer(street: Street, edit: Mapping[str, Any]) -> None:
    await made_in_books(street, {"contact_name": NOVA, **edit})


async def made_in_books(street: Street, body: dict[str, Any]) -> str:
    """A customer; with `status: inactive` it is marked so before anybody is told."""
    status = body.pop("status", "active")
    id = str((await street.control("POST", "/books/contacts", body))["contact_id"])
    if status == "inactive":
        await street.control("POST", f"/books/contacts/{id}/inactive", {})
    return id


async def _new_contact(street: Street, edit: Mapping[str, Any]) -> None:
    body = {"First_Name": "Ravi", "Last_Name": RAVI, "Email": "ravi@acme.example", **edit}
    await street.control("POST", "/crm/Contacts", {**body, "Account_Name": {"id": street.account}})


async def _new_person(street: Street, edit: Mapping[str, Any]) -> None:
    body = {"first_name": "Ravi", "last_name": RAVI, "email": "ravi@acme.example", **edit}
    await street.control("POST", f"/books/contacts/{street.customer}/persons", body)


async def _edit_account(street: Street, edit: Mapping[str, Any]) -> None:
    await street.control("PATCH", f"/crm/Accounts/{street.account}", dict(edit))


async def _edit_customer(street: Street, edit: Mapping[str, Any]) -> None:
    await street.control("PATCH", f"/books/contacts/{street.customer}", dict(edit))


async def _edit_contact(street: Street, edit: Mapping[str, Any]) -> None:
    await street.control("PATCH", f"/crm/Contacts/{street.contact}", dict(edit))


async def _edit_person(street: Street, edit: Mapping[str, Any]) -> None:
    await street.control("PATCH", f"/books/contacts/{street.customer}/persons/{street.person}", dict(edit))


async def _delete_account(street: Street, edit: Mapping[str, Any]) -> None:
    """Its delete was seen and has waited long enough."""
    del edit
    await street.control("DELETE", f"/crm/Accounts/{street.account}")
    await street.told()
    await street.system.drain()
    street.system.clock.advance(61)


async def _pair_filling_books(street: Street, edit: Mapping[str, Any]) -> None:
    values = dict(edit)
    status = {"status": values.pop("status", "active")}
    body = {"Account_Name": NOVA, **TAXED_IN_CRM, **values}
    street.notes["account"] = (await street.control("POST", "/crm/Accounts", body))["id"]
    await _same_in_books(street, status)


async def _pair_filling_crm(street: Street, edit: Mapping[str, Any]) -> None:
    body = {"Account_Name": NOVA, **TAXED_IN_CRM}
    street.notes["account"] = (await street.control("POST", "/crm/Accounts", body))["id"]
    await _same_in_books(street, edit)


async def _same_in_books(street: Street, values: Mapping[str, Any]) -> None:
    """The same company by its tax number: nobody has linked the two before."""
    street.notes["customer"] = await made_in_books(street, {"contact_name": NOVA, **TAXED_IN_BOOKS, **values})


GSTIN = "27AAPFU0939F1ZV"
TAXED_IN_CRM = {"GSTIN": GSTIN, "GST_Treatment": "Registered Business - Regular", "Place_of_Supply": "MH"}
TAXED_IN_BOOKS = {"gst_no": GSTIN, "gst_treatment": "business_gst", "place_of_contact": "MH"}


SITE, MAIL = "https://typed.example", "typed@acme.example"
OPERATION = {
    "create customer in books": Operation("books", _new_account, {}, {"books Nova Ltd": "new"}),
    "create customer in crm": Operation("crm", _new_customer, {}, {"crm Nova Ltd": "new"}),
    "create person in books": Operation("books", _new_contact, {}, {"books Iyer": "new"}),
    "create person in crm": Operation("crm", _new_person, {}, {"crm Iyer": "new"}),
    "update customer in books": Operation(
        "books", _edit_account, {"Website": SITE}, {"books acme website": SITE}
    ),
    "update customer in crm": Operation("crm", _edit_customer, {"website": SITE}, {"crm acme Website": SITE}),
    "update person in books": Operation("books", _edit_contact, {"Email": MAIL}, {"books asha email": MAIL}),
    "update person in crm": Operation("crm", _edit_person, {"email": MAIL}, {"crm asha Email": MAIL}),
    "deactivate customer in books": Operation(
        "books", _delete_account, {}, {"books acme status": "inactive"}
    ),
    "link, filling books": Operation(
        "books", _pair_filling_books, {"Website": SITE}, {"books Nova Ltd website": SITE}
    ),
    "link, filling crm": Operation(
        "crm", _pair_filling_crm, {"website": SITE}, {"crm Nova Ltd Website": SITE}
    ),
}
