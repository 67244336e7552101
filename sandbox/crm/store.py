"""The records of the CRM org: live, in the recycle bin, and gone. No HTTP here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.clock import Clock
from sandbox.crm.metadata import CrmField, CrmModule, add_custom_field, standard_modules
from sandbox.crm.records import REFUSALS, CrmRecord, Deleted, Effect, ModuleData, bad_id, full_name
from sandbox.crm.values import accept, mandatory_missing
from sandbox.ids import IdSource
from sandbox.replies import CrmError, Json
from sandbox.switches import Switches
from sandbox.users import User, UserBook


class CrmStore:
    """All modules of one org; every change goes through insert, update, delete, restore, purge or merge."""

    def __init__(
        self, ids: IdSource, clock: Clock, users: UserBook, switches: Callable[[], Switches]
    ) -> None:
        self.ids = ids
        self.clock = clock
        self.users = users
        self._switches = switches
        self.modules: dict[str, CrmModule] = standard_modules(ids)
        self.data: dict[str, ModuleData] = {name: ModuleData() for name in self.modules}
        self.keeps_time: Callable[[str, str], bool] = lambda module, record_id: False

    def module(self, name: str) -> CrmModule:
        """Return a module; raises CrmError INVALID_MODULE."""
        found = self.modules.get(name)
        if found is None or found.hidden:
            raise CrmError(
                "INVALID_MODULE", "the module name given seems to be invalid", {"resource_path_index": 0}
            )
        return found

    def add_field(self, module: str, spec: Json) -> CrmField:
        """Add a custom field as an administrator would."""
        return add_custom_field(self.module(module), self.ids, spec)

    def get(self, module: str, record_id: str) -> CrmRecord | None:
        """Return a live record, or None."""
        return self.data[module].live.get(record_id) if module in self.data else None

    def display_name(self, record: CrmRecord) -> str | None:
        """Return the name that lookups to the record show."""
        if record.module == "Contacts":
            return full_name(record.values)
        name = record.values.get(self.modules[record.module].name_field)
        return None if name is None else str(name)

    def holder_of(self, module: str, name: str, value: Any) -> CrmRecord | None:
        """Return the live record that holds a value in a unique field."""
        found = self.data[module].unique.get((name, str(value).casefold()))
        return None if found is None else self.data[module].live.get(found)

    def insert(
        self,
        module: str,
        payload: Json,
        actor: User,
        index: int | None = None,
        record_id: str | None = None,
        at: int | None = None,
    ) -> Effect:
        """Add a record; raises CrmError as the item's refusal."""
        meta = self.module(module)
        values = self._accepted(meta, payload, index)
        for spec in meta.fields.values():
            if spec.mandatory and values.get(spec.api_name) is None:
                raise mandatory_missing(spec, index)
        self._refuse_duplicates(meta, values, None, index)
        now = int(self.clock.now()) if at is None else at
        owner = values.pop("Owner", None) or actor.crm_id
        record = CrmRecord(
            record_id or self.ids.draw(), module, {}, owner, actor.crm_id, actor.crm_id, now, now
        )
        self._assign(meta, record, {k: v for k, v in values.items() if v is not None})
        self.data[module].live[record.id] = record
        self.data[module].moves.append(record.id)
        return Effect(record, "insert", tuple(name for name, value in values.items() if value is not None))

    def update(
        self,
        module: str,
        record_id: str,
        payload: Json,
        actor: User,
        index: int | None = None,
        unmodified_since: float | None = None,
    ) -> Effect:
        """Change the sent fields of a record; raises CrmError as the item's refusal."""
        meta = self.module(module)
        record = self.get(module, record_id)
        if record is None:
            raise bad_id(record_id, index)
        if unmodified_since is not None and self.is_later(record, unmodified_since):
            raise self._already_modified(record)
        if record.refusal is not None:
            code, text = REFUSALS[record.refusal]
            locked = {"action": "record_locking"} if record.refusal == "locked" else {}
            details = {"api_name": "id", "json_path": f"$.data[{index or 0}].id", **locked}
            raise CrmError(code, text, details)
        values = self._accepted(meta, payload, index)
        self._refuse_duplicates(meta, values, record_id, index)
        changed = tuple(n for n, v in values.items() if self._shown(record, n) != v)
        if changed or self._switches().unchanged_update_moves_time:
            record.owner = values.pop("Owner", None) or record.owner
            self._assign(meta, record, values)
            self.touch(record, actor)
        return Effect(record, "update", changed)

    def is_later(self, record: CrmRecord, moment: float) -> bool:
        """Return whether a record was modified after a moment; whether the same second counts is a switch."""
        same_counts = self._switches().unmodified_since_same_second == "refused"
        return record.modified_time >= moment if same_counts else record.modified_time > moment

    def delete(self, module: str, record_id: str, actor: User) -> Effect:
        """Move a record to the recycle bin."""
        self.module(module)
        record = self.get(module, record_id)
        if record is None:
            raise CrmError("INVALID_DATA", "the id given seems to be invalid", {"id": record_id})
        if record.refusal == "locked":
            raise CrmError(*REFUSALS["locked"], {"id": record_id})
        self._drop(record)
        self.data[module].deleted[record_id] = Deleted(record, actor.crm_id, int(self.clock.now()))
        return Effect(record, "delete", ("Modified_By", "Record_Status__s"))

    def restore(self, module: str, record_id: str, actor: User) -> Effect:
        """Take a record out of the recycle bin under its old id."""
        entry = self.data[self.module(module).api_name].deleted.get(record_id)
        if entry is None or entry.permanent:
            raise CrmError("INVALID_DATA", "the id given seems to be invalid", {"id": record_id})
        self._refuse_duplicates(self.modules[module], entry.record.values, record_id, None)
        del self.data[module].deleted[record_id]
        self.data[module].live[record_id] = entry.record
        self._assign(self.modules[module], entry.record, dict(entry.record.values))
        self.touch(entry.record, actor)
        return Effect(entry.record, "insert")

    def purge(self, module: str, record_id: str, actor: User) -> None:
        """Delete for good, from the bin or at once."""
        if self.get(module, record_id) is not None:
            self.delete(module, record_id, actor)
        entry = self.data[self.module(module).api_name].deleted.get(record_id)
        if entry is None:
            raise CrmError("INVALID_DATA", "the id given seems to be invalid", {"id": record_id})
        self.data[module].deleted[record_id] = Deleted(
            entry.record, entry.by, int(self.clock.now()), permanent=True
        )

    def merge(
        self, module: str, master_id: str, losers: list[str], fields: Json, actor: User
    ) -> list[Effect]:
        """Merge up to two records into a master: their ids are deleted, lookups to them move (CRM dossier 3)."""
        master = self.get(module, master_id)
        if master is None:
            raise bad_id(master_id, None)
        effects = []
        for loser_id in losers:
            loser = self.get(module, loser_id)
            if loser is None or loser_id == master_id:
                raise bad_id(loser_id, None)
            blanks = {n: v for n, v in loser.values.items() if master.values.get(n) is None and v is not None}
            effects.append(self.delete(module, loser_id, actor))
            self._assign(self.modules[module], master, blanks)
            self._move_children(module, loser_id, master_id, actor)
        effect = self.update(module, master_id, fields, actor)
        self.touch(master, actor)
        return [effect, *effects]

    def touch(self, record: CrmRecord, actor: User) -> None:
        """Note the editor and the time of a change."""
        self.data[record.module].moves.append(record.id)
        if self.keeps_time(record.module, record.id):
            return
        record.modified_by = actor.crm_id
        record.modified_time = int(self.clock.now())

    def _move_children(self, module: str, loser_id: str, master_id: str, actor: User) -> None:
        for meta in self.modules.values():
            names = [f.api_name for f in meta.fields.values() if f.lookup == module]
            for record in self.data[meta.api_name].live.values() if names else ():
                for name in names:
                    if record.values.get(name) == loser_id:
                        record.values[name] = master_id
                        self.data[meta.api_name].moves.append(record.id)
                        if self._switches().merge_moves_children_time:
                            self.touch(record, actor)

    def _accepted(self, meta: CrmModule, payload: Json, index: int | None) -> dict[str, Any]:
        switches = self._switches()
        values = {}
        layout = payload.get("Layout")
        if isinstance(layout, dict) and layout.get("id") not in (None, meta.layout_id):
            details = {"api_name": "Layout", "json_path": f"$.data[{index or 0}].Layout"}
            raise CrmError("INVALID_DATA", "the id given seems to be invalid", details)
        for name, value in payload.items():
            spec = meta.fields.get(name)
            if spec is None or spec.read_only or name == "Tag":  # tags are not kept here
                continue
            if value is None and not switches.null_clears:
                continue
            values[name] = accept(spec, value, index, switches, self._exists)
        return values

    def _exists(self, module: str, record_id: str) -> bool:
        if module == "users":
            return self.users.by_crm_id(record_id) is not None
        return self.get(module, record_id) is not None

    def _refuse_duplicates(
        self, meta: CrmModule, values: dict[str, Any], own: str | None, index: int | None
    ) -> None:
        found = []
        for name, value in values.items():
            if value is None or name not in meta.fields or not meta.fields[name].unique:
                continue
            holder = self.holder_of(meta.api_name, name, value)
            if holder is not None and holder.id != own:
                found.append(self._duplicate(meta, name, holder, index))
        if len(found) > 1:
            errors = {"errors": [error.item() for error in found]}
            raise CrmError("MULTIPLE_OR_MULTI_ERRORS", "Multiple errors in the request", errors)
        if found:
            raise found[0]

    def _duplicate(self, meta: CrmModule, name: str, holder: CrmRecord, index: int | None) -> CrmError:
        owner = self.users.by_crm_id(holder.owner)
        details = {
            "api_name": name,
            "json_path": f"$.data[{index or 0}].{name}",
            "id": holder.id,
            "duplicate_record": {
                "id": holder.id,
                "Owner": {"name": owner.name if owner else None, "id": holder.owner},
                "module": {"api_name": meta.api_name, "id": meta.id},
            },
            "more_records": False,
        }
        return CrmError("DUPLICATE_DATA", "duplicate data", details)

    def _already_modified(self, record: CrmRecord) -> CrmError:
        return CrmError(
            "ALREADY_MODIFIED",
            "record updated time has already passed if-unmodified-since time",
            {"record": record},
            412,
        )

    def _shown(self, record: CrmRecord, name: str) -> Any:
        return record.owner if name == "Owner" else record.values.get(name)

    def _assign(self, meta: CrmModule, record: CrmRecord, values: dict[str, Any]) -> None:
        unique = self.data[meta.api_name].unique
        for name, value in values.items():
            if name in meta.fields and meta.fields[name].unique:
                old = record.values.get(name)
                if old is not None and unique.get((name, str(old).casefold())) == record.id:
                    del unique[(name, str(old).casefold())]
                if value is not None:
                    unique[(name, str(value).casefold())] = record.id
            record.values[name] = value

    def _drop(self, record: CrmRecord) -> None:
        data = self.data[record.module]
        del data.live[record.id]
        for key in [k for k, holder in data.unique.items() if holder == record.id]:
            del data.unique[key]
        data.moves.append(record.id)
