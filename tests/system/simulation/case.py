"""One connection before the judge: its evidence, and what people did that changes what may be expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.system.simulation.evidence import Act, Evidence, token_of
from tests.system.simulation.verdict import Verdict

GOODS = {
    "vendor": ("Vendors", "Vendor_Name"),
    "item": ("Products", "Product_Name"),
    "individual": ("Contacts", "Last_Name"),
}
"""The kinds that only some seeds have: module and name in CRM."""


@dataclass(slots=True)
class Case:
    """One connection before the judge."""

    evidence: Evidence
    org: str
    sides: Mapping[str, Any]
    acts: list[Act]
    calls: list[dict[str, Any]]
    history: list[dict[str, Any]]
    verdict: Verdict
    ends: dict[tuple[str, str], list[Act]] = field(init=False)
    """Deletes, restores, merges and moves by (kind, token)."""
    masters: set[str] = field(default_factory=set)
    """Tokens that others were merged into: they take over values that nobody typed there."""
    hosts: set[str] = field(default_factory=set)
    """Tokens of customers that persons of others were moved to."""
    apart: set[str] = field(default_factory=set)
    """Tokens of records that somebody said are not what they look like: each may be two on either side."""
    owners: dict[str, str] = field(default_factory=dict)
    """The customer that a person was typed in for."""

    def __post_init__(self) -> None:
        self.ends = {}
        for act in self.acts:
            if act.verb in ("delete", "inactivate", "restore", "merge", "move"):
                self.ends.setdefault((act.kind, act.token), []).append(act)
            if (act.verb, act.value) == ("release", "keep-apart"):
                self.apart.add(act.token)
            if act.verb == "create" and act.kind == "person":
                self.owners[act.token] = act.into
            elif act.verb == "move":
                self.hosts.add(act.into)
            elif act.into:
                self.masters.add(act.into)

    def is_excused(self, token: str) -> bool:
        """Its customer was deleted, restored or merged: what became of its values is not judged here."""
        owner = self.owners.get(token, token)
        return bool({token, owner} & self.masters) or any(
            self.ends.get((kind, t)) for t in (token, owner) for kind in ("customer", *GOODS)
        )

    def makers(self, kind: str, token: str) -> set[str]:
        """The sides on which people typed it in: where both did, there may have been two."""
        return {a.side for a in self.acts if (a.verb, a.kind, a.token) == ("create", kind, token)}

    def is_left_out(self, token: str) -> bool:
        """Its Account is not one that is created in Books, for somebody gave it another type, and it never was."""
        accounts = [a for a in self.sides["crm"]["Accounts"] if token_of(a["Account_Name"]) == token]
        sorts = [act for act in self.acts if (act.verb, act.token) == ("sort", token)]
        made = {str(entry.get(key)) for entry in self.history for key in ("crm_id", "written_id")}
        created = [e for e in self.history if (e["kind"], e.get("verb")) == ("write", "create")]
        made |= {str(entry["record"]).rsplit("/", 1)[-1] for entry in created}
        return bool(sorts) and all(
            account["Account_Type"] != "Customer" and account["id"] not in made for account in accounts
        )

    def is_asked_about(self, shown: list[Mapping[str, Any]], entity: str = "customer") -> bool:
        """A new Account that took over another's Contacts looks like both: a person is asked, by name."""
        ids = {str(record["id"]) for record in shown}
        held = (str(entry.get("record")) for entry in self.history if entry["kind"] == "held")
        return any(
            record.startswith(f"{self.org}/crm/{entity}/") and record.rsplit("/", 1)[1] in ids
            for record in held
        )

    def names(self) -> dict[str, str]:
        """The token of every record that is there, by its id."""
        found: dict[str, str] = {}
        for module, name in (("Accounts", "Account_Name"), ("Contacts", "Last_Name"), *GOODS.values()):
            for record in self.sides["crm"].get(module, ()):
                found[str(record["id"])] = token_of(record.get(name)) or ""
        for contact in self.sides["books"]["contacts"]:
            found[str(contact["contact_id"])] = token_of(contact["contact_name"]) or ""
            for person in contact["contact_persons"]:
                found[str(person["contact_person_id"])] = token_of(person["last_name"]) or ""
        for item in self.sides["books"].get("items", ()):
            found[str(item["item_id"])] = token_of(item["name"]) or ""
        return found
