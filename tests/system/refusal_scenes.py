"""Scenes in which the sandbox refuses a write as Zoho does (dossiers crm §2, books §2, 8, 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from sandbox.control import edits
from tests.system.refusals import SITE, made_in_books
from tests.system.street import NOVA, RAVI, Act, Street


def fault(name: str, **more: Any) -> Act:
    """A planted fault."""

    async def act(street: Street) -> None:
        await street.control("POST", "/faults", {"name": name, **more})

    return act


async def no_fault(street: Street) -> None:
    """What was planted is over."""
    await street.control("DELETE", "/faults")


def state(value: str | None, module: str = "Accounts") -> Act:
    """A CRM record is locked, waits for approval, is in a blueprint, ..."""

    async def act(street: Street) -> None:
        id = street.account if module == "Accounts" else street.contact
        await street.control("POST", f"/crm/{module}/{id}/state", {"state": value})

    return act


def field_set(product: str, api_name: str, module: str = "Accounts", **change: Any) -> Act:
    """An administrator changes a field."""

    async def act(street: Street) -> None:
        body = {"product": product, "module": module, "api_name": api_name, "set": change}
        await street.control("PATCH", "/fields", body)

    return act


def switch(**values: Any) -> Act:
    """The organisation is set up so."""

    async def act(street: Street) -> None:
        await street.control("PUT", "/switches", values)

    return act


def both(*acts: Act) -> Act:
    """One after the other."""

    async def act(street: Street) -> None:
        for each in acts:
            await each(street)

    return act


def vendor(name: str) -> Act:
    """A vendor bears the name in Books: names of customers and vendors may clash (dossier books §2)."""

    async def act(street: Street) -> None:
        made = await street.control(
            "POST", "/books/contacts", {"contact_name": name, "contact_type": "vendor"}
        )
        street.notes["vendor"] = made["contact_id"]
        await street.system.settle(1)

    return act


async def renamed_vendor(street: Street) -> None:
    """The name is free again."""
    await street.control("PATCH", f"/books/contacts/{street.notes['vendor']}", {"contact_name": "Old Vendor"})


def account(**values: Any) -> Act:
    """Another Account that is left out of the sync."""

    async def act(street: Street) -> None:
        made = await street.control("POST", "/crm/Accounts", {"Account_Type": "Prospect", **values})
        street.notes["namesake"] = made["id"]
        await street.system.settle(1)

    return act


def beta_is_gold(side: Literal["crm", "books"]) -> Act:
    """A field of the target admits each value once, and Beta holds this one."""

    async def act(street: Street) -> None:
        await field_set(side, "cf_segment" if side == "books" else "Customer_Segment", unique=True)(street)
        await street.control("PATCH", f"/crm/Accounts/{street.other}", {"Customer_Segment": "gold"})
        await street.system.settle(1)

    return act


async def beta_is_silver(street: Street) -> None:
    """The value is free again."""
    await street.control("PATCH", f"/crm/Accounts/{street.other}", {"Customer_Segment": "silver"})
    await street.system.settle(1)


def a_contact(first: str, email: str, *, of: Literal["acme", "beta"] = "acme") -> Act:
    """Another person, in both products."""

    async def act(street: Street) -> None:
        parent = {"id": street.account if of == "acme" else street.other}
        body = {"First_Name": first, "Last_Name": "Das", "Email": email, "Account_Name": parent}
        await street.control("POST", "/crm/Contacts", body)
        await street.system.settle(1)

    return act


UNIQUE_EMAIL = both(
    field_set("crm", "Email", "Contacts", unique=True), a_contact("Bela", "bela@beta.example", of="beta")
)


def refuse(product: Literal["crm", "books"], code: str | int, message: str, value: str = "") -> Act:
    """A refusal that nothing in the sandbox provokes; of the write that holds `value`, else of Acme's records."""

    async def act(street: Street) -> None:
        ids = [value] if value else [street.customer, street.person, street.account, street.contact]
        for id in ids:
            await fault(
                "refuse_record", product=product, code=code, message=message, match={"record_id": id}
            )(street)

    return act


async def acme_is_inactive(street: Street) -> None:
    """An accountant marked the customer inactive some time ago."""
    await street.control("POST", f"/books/contacts/{street.customer}/inactive", {})
    await street.system.settle(1)


async def inactive_namesake(street: Street) -> None:
    """Books has an inactive customer of the name."""
    await made_in_books(street, {"contact_name": NOVA, "status": "inactive"})
    await street.system.settle(1)


async def acme_is_merged(street: Street) -> None:
    """In Books the customer was merged into another, which leaves it inactive (dossier books §2)."""
    await street.control(
        "POST", f"/books/contacts/{street.other_customer}/merge", {"losers": [street.customer]}
    )
    await street.system.settle(1)


async def acme_has_a_site(street: Street) -> None:
    """A value that can be cleared."""
    await street.control("PATCH", f"/crm/Accounts/{street.account}", {"Website": SITE})
    await street.system.settle(1)


async def customer_is_gone(street: Street) -> None:
    """Books tells nobody of a delete."""
    await street.control("DELETE", f"/books/contacts/{street.customer}")


async def account_is_gone(street: Street) -> None:
    """CRM tells of it."""
    await street.control("DELETE", f"/crm/Accounts/{street.account}")


def segment_in_books(value: str) -> dict[str, Any]:
    """A Books customer's segment."""
    return {"custom_fields": [{"api_name": "cf_segment", "value": value}]}


def type_in_books(value: str) -> dict[str, Any]:
    """A Books customer's company type."""
    return {"custom_fields": [{"api_name": "cf_company_type", "value": value}]}


def _races(
    edit: edits.Edit, params: Callable[[Street], dict[str, str]], body: Mapping[str, Any] | None = None
) -> Any:
    """Somebody does this at the screen between our last look and our write."""
    return lambda street: lambda: edit(street.system.sandbox, params(street), dict(body or {}))


def _acme(street: Street) -> dict[str, str]:
    return {"id": street.customer}


CUSTOMER_GOES = _races(edits.books_delete, _acme)
ACCOUNT_GOES = _races(edits.crm_delete, lambda s: {"module": "Accounts", "id": s.account})
CONTACT_GOES = _races(edits.crm_delete, lambda s: {"module": "Contacts", "id": s.contact})
PERSON_GOES = _races(edits.person_delete, lambda s: {"id": s.customer, "pid": s.person})
NAMESAKE_COMES = _races(edits.books_create, lambda _s: {}, {"contact_name": NOVA, "contact_type": "vendor"})
SAME_PERSON_COMES = _races(
    edits.person_create, _acme, {"first_name": "Ravi", "last_name": RAVI, "email": "ravi@acme.example"}
)
COUNTERPART_GOES = _races(edits.books_delete, lambda s: {"id": s.notes["customer"]})
COUNTERPART_GOES_IN_CRM = _races(edits.crm_delete, lambda s: {"module": "Accounts", "id": s.notes["account"]})
