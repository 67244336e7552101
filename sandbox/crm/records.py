"""What the CRM org holds, and how it refuses to change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.replies import CrmError

Operation = Literal["insert", "update", "delete"]


@dataclass(slots=True)
class CrmRecord:
    """One record; lookups and owner are stored as bare ids."""

    id: str
    module: str
    values: dict[str, Any]
    owner: str
    created_by: str
    modified_by: str
    created_time: int
    modified_time: int
    refusal: str | None = None
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self.number = int(self.id)


@dataclass(frozen=True, slots=True)
class Deleted:
    """An entry of GET /{module}/deleted (CRM dossier 3)."""

    record: CrmRecord
    by: str
    at: int
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What a write did to one record; the changed fields are for notifications."""

    record: CrmRecord
    operation: Operation
    changed: tuple[str, ...] = ()


@dataclass(slots=True)
class ModuleData:
    """The rows of one module."""

    live: dict[str, CrmRecord] = field(default_factory=dict)
    deleted: dict[str, Deleted] = field(default_factory=dict)
    unique: dict[tuple[str, str], str] = field(default_factory=dict)
    moves: list[str] = field(default_factory=list)
    """The ids in the order of their changes; what is kept of a list follows it."""
    waiting: set[str] = field(default_factory=set)
    """The ids of those that are not approved: few, so that a list need not look at every record."""

    def refuse(self, record: CrmRecord, refusal: str | None) -> None:
        """Set why a record is not to be changed."""
        record.refusal = refusal
        if approval_state(record) == "approved":
            self.waiting.discard(record.id)
        else:
            self.waiting.add(record.id)

    def rename_values(self, old: str, new: str) -> None:
        """Move what live records hold in one field to another name."""
        for record in self.live.values():
            if old in record.values:
                record.values[new] = record.values.pop(old)
                self.moves.append(record.id)
        self.unique = {(new if n == old else n, v): holder for (n, v), holder in self.unique.items()}

    def change_values(self, name: str, old: str, new: str) -> None:
        """Replace one value of a field in every live record; no time moves."""
        for record in self.live.values():
            if record.values.get(name) == old:
                record.values[name] = new
                self.moves.append(record.id)


REFUSALS: dict[str, tuple[str, str]] = {
    "locked": ("RECORD_LOCKED", "Sorry, you cannot perform this operation as the record is locked."),
    "approval": ("NOT_APPROVED", "the record is waiting for approval"),
    "review": ("NOT_REVIEWED", "the record is waiting for review"),
    "blueprint": ("RECORD_IN_BLUEPRINT", "the record is in a blueprint"),
    "merging": ("RECORD_LOCKED", "the record under merge is locked"),
    "permission": ("NO_PERMISSION", "Permission denied"),
}


def approval_state(record: CrmRecord) -> str:
    """Return where a record stands between those who approve and review it, as `approval_state` names it."""
    waits = {"approval": "approval_process_pending", "review": "review_process_pending"}
    return waits.get(record.refusal or "", "approved")


def bad_id(record_id: str, index: int | None) -> CrmError:
    """Return the refusal for an id that no live record has."""
    details = {"id": record_id, "api_name": "id", "json_path": f"$.data[{index or 0}].id"}
    return CrmError("INVALID_DATA", "the id given seems to be invalid", details)


def full_name(values: dict[str, Any]) -> str:
    """Return Full_Name as CRM computes it."""
    return " ".join(str(part) for part in (values.get("First_Name"), values.get("Last_Name")) if part)
