"""CRM records as JSON (CRM dossier 2 system fields, 9 lookups)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sandbox.clock import crm_time, parse_whole_seconds
from sandbox.crm.metadata import CrmField
from sandbox.crm.records import CrmRecord, approval_state, full_name
from sandbox.crm.store import CrmStore
from sandbox.replies import Json


class CrmRenderer:
    """Writes records, owners and write results in the org's zone."""

    def __init__(self, store: CrmStore, zone: str, currency_symbol: str) -> None:
        self._store = store
        self.zone = zone
        self._symbol = currency_symbol
        self._system: dict[str, Callable[[CrmRecord], Any]] = {
            "id": lambda record: record.id,
            "Modified_Time": lambda record: self.time(record.modified_time),
            "Created_Time": lambda record: self.time(record.created_time),
            "Owner": lambda record: self.user(record.owner),
            "Modified_By": lambda record: self.user(record.modified_by),
            "Created_By": lambda record: self.user(record.created_by),
            "Last_Activity_Time": lambda record: self.time(record.modified_time),
            "Full_Name": lambda record: full_name(record.values) if record.module == "Contacts" else None,
            "Locked__s": lambda record: record.refusal == "locked",
            "Tag": lambda record: [],
        }

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
        system = self._system.get(name)
        if system is not None and (found := system(record)) is not None:
            return found
        spec = self._store.modules[record.module].fields.get(name)
        return None if spec is None else self._shown(record, spec)

    def shower(self, module: str, name: str) -> Callable[[CrmRecord], Any]:
        """Return what shows one field of a module's records."""
        spec = self._store.modules[module].fields.get(name)
        if name in self._system or spec is None or not _is_plain(spec):
            return lambda record: self.value(record, name)
        return lambda record: record.values.get(name)

    def _shown(self, record: CrmRecord, spec: CrmField) -> Any:
        value, kind = record.values.get(spec.api_name), spec.data_type
        if kind == "boolean":
            return bool(value)
        if value is None:
            return None
        if kind == "userlookup":
            return self.user(value, with_email=False)
        if kind == "datetime":
            return self.time(parse_whole_seconds(value))
        if spec.lookup is not None:
            target = self._store.get(spec.lookup, value)
            return None if target is None else {"name": self._store.display_name(target), "id": value}
        return value

    def rows(self, module: str, records: Iterable[CrmRecord], names: Sequence[str]) -> list[Json]:
        """Return the asked fields of some records and their ids; all there is to show when none is asked."""
        write = self._writer(module, names or self._store.modules[module].fields)
        if names:
            return [write(record) for record in records]
        return [{**write(record), **self._beside(record)} for record in records]

    def full(self, record: CrmRecord) -> Json:
        """Return every field, as GET one does."""
        return self.rows(record.module, [record], ())[0]

    def _writer(self, module: str, names: Iterable[str]) -> Callable[[CrmRecord], Json]:
        """Return what writes the known ones of some fields; what is shown as it is stored goes at once."""
        fields = self._store.modules[module].fields
        known = [name for name in names if name in fields]
        others = [name for name in known if name in self._system or not _is_plain(fields[name])]

        def write(record: CrmRecord) -> Json:
            row: Json = dict(zip(known, map(record.values.get, known), strict=True))
            for name in others:
                row[name] = self.value(record, name)
            row["id"] = record.id
            return row

        return write

    def _beside(self, record: CrmRecord) -> Json:
        """Return what stands beside the fields of a whole record."""
        module = self._store.modules[record.module]
        no_action = {"approve": False, "reject": False, "resubmit": False}
        locked = record.refusal is not None
        return {
            "$currency_symbol": self._symbol,
            "$field_states": None,
            "$state": "save",
            "$process_flow": False,
            "$locked_for_me": locked,
            "$approved": approval_state(record) == "approved",
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
            "$approval_state": approval_state(record),
            "$has_more": {},
            "nearby_distance__s": None,
            **_compound_parts(record.module),
        }

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


def _is_plain(spec: CrmField) -> bool:
    return spec.lookup is None and spec.data_type not in ("boolean", "datetime", "userlookup")


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
