"""CRM records as JSON (CRM dossier 2 system fields, 9 lookups)."""

from __future__ import annotations

from typing import Any

from sandbox.clock import crm_time, parse_whole_seconds
from sandbox.crm.records import CrmRecord, full_name
from sandbox.crm.store import CrmStore
from sandbox.replies import Json


class CrmRenderer:
    """Writes records, owners and write results in the org's zone."""

    def __init__(self, store: CrmStore, zone: str, currency_symbol: str) -> None:
        self._store = store
        self.zone = zone
        self._symbol = currency_symbol

    def time(self, moment: float) -> str:
        """Return a moment in the org's zone."""
        return crm_time(int(moment), self.zone)

    def user(self, user_id: str, with_email: bool = True) -> Json:
        """Return a user as Owner, Created_By and Modified_By show one."""
        user = self._store.users.by_crm_id(user_id)
        body: Json = {"name": user.name if user else None, "id": user_id}
        if with_email:
            body["email"] = user.email if user else None
        return body

    def value(self, record: CrmRecord, name: str) -> Any:
        """Return the JSON value of one field; None for a field that is unset or unknown."""
        system = self._system(record, name)
        if system is not None:
            return system
        spec = self._store.modules[record.module].fields.get(name)
        value = record.values.get(name)
        if spec is None:
            return None
        if spec.data_type == "boolean":
            return bool(value)
        if spec.data_type == "userlookup" and value is not None:
            return self.user(value, with_email=False)
        if spec.data_type == "datetime" and value is not None:
            return self.time(parse_whole_seconds(value))
        if spec.lookup is not None and value is not None:
            target = self._store.get(spec.lookup, value)
            return None if target is None else {"name": self._store.display_name(target), "id": value}
        return value

    def _system(self, record: CrmRecord, name: str) -> Any:
        if name == "id":
            return record.id
        if name == "Modified_Time":
            return self.time(record.modified_time)
        if name == "Created_Time":
            return self.time(record.created_time)
        if name == "Owner":
            return self.user(record.owner)
        if name == "Modified_By":
            return self.user(record.modified_by)
        if name == "Created_By":
            return self.user(record.created_by)
        if name == "Last_Activity_Time":
            return self.time(record.modified_time)
        if name == "Full_Name" and record.module == "Contacts":
            return full_name(record.values)
        if name == "Locked__s":
            return record.refusal == "locked"
        return [] if name == "Tag" else None

    def row(self, record: CrmRecord, names: list[str]) -> Json:
        """Return the asked fields and the id, as a list row."""
        known = self._store.modules[record.module].fields
        row = {name: self.value(record, name) for name in names if name in known}
        row["id"] = record.id
        return row

    def full(self, record: CrmRecord) -> Json:
        """Return every field, as GET one does."""
        module = self._store.modules[record.module]
        body: Json = {name: self.value(record, name) for name in module.fields}
        body["id"] = record.id
        no_action = {"approve": False, "reject": False, "resubmit": False}
        locked = record.refusal is not None
        body.update(
            {
                "$currency_symbol": self._symbol,
                "$field_states": None,
                "$state": "save",
                "$process_flow": False,
                "$locked_for_me": locked,
                "$approved": record.refusal != "approval",
                "$approval": {"delegate": False, "takeover": False, **no_action},
                "$editable": True,
                "$zia_owner_assignment": "owner_recommendation_unavailable",
                "$is_duplicate": False,
                "$review_process": no_action,
                "$review": None,
                "$orchestration": False,
                "$in_merge": False,
                "$layout_id": {
                    "display_label": module.layout_name,
                    "name": module.layout_name,
                    "id": module.layout_id,
                },
                "$approval_state": "approved",
                "$has_more": {},
                "nearby_distance__s": None,
                **_compound_parts(record.module),
            }
        )
        return body

    def details(self, record: CrmRecord) -> Json:
        """Return the details of a successful write."""
        return {
            "Modified_Time": self.time(record.modified_time),
            "Modified_By": self.user(record.modified_by, with_email=False),
            "Created_Time": self.time(record.created_time),
            "id": record.id,
            "Created_By": self.user(record.created_by, with_email=False),
            "$approval_state": "approved",
        }


_PARTS = {"Accounts": ("Billing_", "Shipping_"), "Contacts": ("Mailing_", "Other_")}


def _compound_parts(module: str) -> Json:
    """Return the parts of compound addresses that the sandbox has no values for (CRM dossier 10)."""
    parts: Json = {}
    for prefix in _PARTS.get(module, ()):
        parts |= {
            f"{prefix}Address": "",
            f"{prefix}Coordinates": "",
            f"{prefix}Latitude": None,
            f"{prefix}Longitude": None,
            f"{prefix}Flat_House_No_Building_Apartment_Name": None,
        }
    if module == "Contacts":
        parts |= {"Unsubscribed_Mode": None, "Unsubscribed_Time": None}
    return parts
