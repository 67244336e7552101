"""Two linked customers at rest, and a look at both sides that shows exactly what changed since."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tandem.engine.ports import Put
from tests.system.conftest import ACCOUNT
from tests.system.world import System

ACME, BETA, NOVA = "Acme Ltd", "Beta Ltd", "Nova Ltd"
ASHA, RAVI = "Rao", "Iyer"
"""Last names of a person at Acme, and of one that is only now made."""

Look = dict[str, Any]
Act = Callable[["Street"], Awaitable[None]]

_OURS = {"Books_Customer_ID", "Books_Person_ID", "cf_crm_account_id"}
_CUSTOMER = (
    "contact_name",
    "website",
    "notes",
    "status",
    "gst_no",
    "gst_treatment",
    "cf_company_type",
    "cf_segment",
)
_PERSON = ("first_name", "last_name", "email", "phone", "mobile", "designation")


@dataclass
class Street:
    """The system beside Acme (with a person) and Beta; `notes` keeps what a scene wants to remember."""

    system: System
    account: str
    other: str
    customer: str
    other_customer: str
    contact: str
    person: str
    notes: dict[str, str] = field(default_factory=dict)
    raced: Look = field(default_factory=dict)
    """What a race changed on either side, in the midst of a drain."""

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API."""
        return await self.system.control(method, path, body)

    async def told(self) -> None:
        """Notices arrive, no bell is answered."""
        for _ in range(3):
            await self.system.sandbox.outbox.deliver_due()
            self.system.clock.advance(1)
        self.system.bell.take()

    def race(self, act: Callable[[], object]) -> None:
        """Somebody acts once, after the first intent was stored and before its call."""
        before = len(self.raced)

        def hook(_verb: str, argument: Any) -> None:
            if isinstance(argument, Put) and str(argument.item["pk"]).startswith("INTENT#"):
                self.system.memory.after = lambda _verb, _operand: None
                seen = self.look()
                act()
                self.raced |= changes(seen, self.look())
                assert len(self.raced) > before

        self.system.memory.after = hook

    def look(self) -> Look:
        """Every mapped value of both sides by side, record and field; and that a record is there."""
        found: Look = {}
        known = {self.account: "acme", self.customer: "acme", self.other: "beta", self.other_customer: "beta"}
        known |= {self.contact: "asha", self.person: "asha"}
        for module in ("Accounts", "Contacts"):
            for record in self.system.sandbox.crm.store.data[module].live.values():
                name = record.values["Account_Name" if module == "Accounts" else "Last_Name"]
                name = known.get(record.id, name)
                shown = {k: v for k, v in record.values.items() if k not in _OURS and v not in (None, "")}
                found |= _flat(f"crm {name}", record.id, shown)
        for contact in self.system.sandbox.books.store.contacts.values():
            name = known.get(contact.id, contact.name)
            full = {**contact.values, **contact.custom, "status": contact.status}
            found |= _flat(f"books {name}", contact.id, {k: full[k] for k in _CUSTOMER if full.get(k)})
            for kind, address in (("billing", contact.billing), ("shipping", contact.shipping)):
                shown = {
                    f"{kind}.{k}": v
                    for k, v in address.items()
                    if v and k not in ("address_id", "country_code")
                }
                found |= _flat(f"books {name}", contact.id, shown)
            for person in contact.persons:
                values = person.values
                shown = {k: values[k] for k in _PERSON if values.get(k)}
                name = known.get(person.id, values["last_name"] or values["first_name"])
                found |= _flat(f"books {name}", person.id, shown)
        return found


def _flat(who: str, id: str, values: Mapping[str, Any]) -> Look:
    return {f"{who} #{id}": "there", **{f"{who} #{id} {name}": value for name, value in values.items()}}


def changes(before: Look, after: Look) -> Look:
    """What differs, without ids: of a record that came or went only that."""
    found: Look = {}
    new = {key for key in after.keys() - before.keys() if after[key] == "there"}
    old = {key for key in before.keys() - after.keys() if before[key] == "there"}
    for key in sorted(before.keys() | after.keys()):
        record = key.split(" #")[0] + " #" + key.split(" #")[1].split(" ")[0]
        plain = " ".join(part for part in key.split(" ") if not part.startswith("#"))
        if key in new | old:
            found[plain] = "new" if key in new else "gone"
        elif record not in new | old and before.get(key) != after.get(key):
            found[plain] = after.get(key, "")
    return found


async def a_street(system: System) -> Street:
    """Both customers made in CRM and synced, one with a person; nothing is pending."""
    await system.settle(1)
    system.write_mode()
    made = await system.control(
        "POST",
        "/import",
        {"crm": {"Accounts": [{**ACCOUNT, "Account_Name": name, "Website": None} for name in (ACME, BETA)]}},
    )
    account, other = made["crm"]["Accounts"]
    person = {
        "First_Name": "Asha",
        "Last_Name": ASHA,
        "Email": "asha@acme.example",
        "Mobile": "+91 9000000001",
    }
    contact = (await system.control("POST", "/crm/Contacts", {**person, "Account_Name": {"id": account}}))[
        "id"
    ]
    await system.settle(2)
    found = {c["contact_name"]: c for c in (await system.export())["books"]["contacts"]}
    [synced] = found[ACME]["contact_persons"]
    assert system.store.cases.holds("main") == []
    return Street(
        system,
        account,
        other,
        found[ACME]["contact_id"],
        found[BETA]["contact_id"],
        contact,
        synced["contact_person_id"],
    )
