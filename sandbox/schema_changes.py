"""What an administrator changes under a client: fields, pick lists, layouts, modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.books.items import Items
from sandbox.books.metadata import BooksField
from sandbox.books.store import BooksStore
from sandbox.crm.metadata import CrmField
from sandbox.crm.records import ModuleData
from sandbox.replies import ControlError
from sandbox.scene import Scene, Undo, set_back


def _fields(scene: Scene) -> dict[str, Any]:
    if scene.product == "crm":
        return scene.module().fields
    entity = "item" if scene.kind == "items" else "contact"
    return scene.world.books.store.setup.fields_of(entity)


def _field(scene: Scene, kind: Callable[[Any], bool] = lambda spec: True) -> CrmField | BooksField:
    fields = _fields(scene)
    among = [n for n, s in fields.items() if kind(s) and getattr(s, "custom", True)]
    name = scene.values["field"] = str(scene.drawn("field", among))
    if name not in fields:
        raise ControlError(f"no field {name!r} in {scene.kind}", 404)
    found: CrmField | BooksField = fields[name]
    return found


def _put(scene: Scene, old: str, new: CrmField | BooksField | None) -> Undo:
    """Put a field in the place of another, in the same order; what records hold goes with it."""
    fields = _fields(scene)
    before, name = dict(fields), old if new is None else new.api_name
    after = {name if n == old else n: new if n == old else spec for n, spec in before.items()}
    _swap(scene, {n: spec for n, spec in after.items() if spec is not None}, old, name)
    return lambda: _swap(scene, before, name, old)


def _swap(scene: Scene, to: dict[str, Any], old: str, new: str) -> None:
    fields = _fields(scene)
    fields.clear()
    fields.update(to)
    if old != new:
        _holder(scene).rename_values(old, new)


def _holder(scene: Scene) -> ModuleData | BooksStore | Items:
    if scene.product == "crm":
        return scene.world.crm.store.data[scene.kind]
    return scene.world.books.items if scene.kind == "items" else scene.world.books.store


def _remove_field(scene: Scene) -> Undo:
    return _put(scene, _field(scene).api_name, None)


def _rename_field(scene: Scene) -> Undo:
    spec = _field(scene)
    name = str(scene.values.setdefault("to", f"{spec.api_name}_2"))
    return _put(scene, spec.api_name, replace(spec, api_name=name))


def _require_field(scene: Scene) -> Undo:
    name, fields = scene.values.get("field"), _fields(scene)
    before = dict(fields)
    if name is not None and name not in fields:
        _add_field(scene, str(name))
    spec = _field(scene)
    fields[spec.api_name] = replace(spec, mandatory=True)
    return lambda: _swap(scene, before, spec.api_name, spec.api_name)


def _add_field(scene: Scene, name: str) -> None:
    if scene.product == "crm":
        scene.world.crm.store.add_field(scene.kind, {"api_name": name})
    else:
        entity = "item" if scene.kind == "items" else "contact"
        scene.world.books.store.setup.add_field({"api_name": name, "entity": entity})


def _shorten_field(scene: Scene) -> Undo:
    spec = _field(scene, lambda s: s.data_type in ("text", "string"))
    length = int(scene.values.setdefault("length", 5))
    return _put(scene, spec.api_name, replace(spec, length=length))


def _choices(spec: CrmField | BooksField) -> tuple[str, ...]:
    return spec.picklist if isinstance(spec, CrmField) else spec.options


def _change_value(scene: Scene) -> tuple[CrmField | BooksField, tuple[str, ...], str]:
    spec = _field(scene, lambda s: bool(_choices(s)))
    value = scene.values["value"] = str(scene.drawn("value", list(_choices(spec))))
    return spec, _choices(spec), value


def _with_choices(spec: CrmField | BooksField, values: tuple[str, ...]) -> CrmField | BooksField:
    return replace(spec, picklist=values) if isinstance(spec, CrmField) else replace(spec, options=values)


def _remove_value(scene: Scene) -> Undo:
    spec, held, value = _change_value(scene)
    return _put(scene, spec.api_name, _with_choices(spec, tuple(v for v in held if v != value)))


def _rename_value(scene: Scene) -> Undo:
    spec, held, value = _change_value(scene)
    to = str(scene.values.setdefault("to", f"{value} (new)"))
    if isinstance(spec, CrmField):
        carried = to if scene.world.switches.relabelled_picklist_value == "display" else value
        spec = spec.relabelled(value, to, carried)
        if carried == value:
            return _put(scene, spec.api_name, spec)
    undo = _put(scene, spec.api_name, _with_choices(spec, tuple(to if v == value else v for v in held)))
    _holder(scene).change_values(spec.api_name, value, to)

    def back() -> None:
        _holder(scene).change_values(spec.api_name, to, value)
        if undo is not None:
            undo()

    return back


def _rename_layout(scene: Scene) -> Undo:
    return set_back(scene.module(), layout_name=str(scene.values.setdefault("to", "Renamed")))


def _remove_layout(scene: Scene) -> Undo:
    other = {"layout_id": scene.world.crm.store.ids.draw(), "layout_name": "Custom"}
    return set_back(scene.module(), **other)


def _rename_module(scene: Scene) -> Undo:
    name = str(scene.values.setdefault("to", f"{scene.kind} 2"))
    return set_back(scene.module(), plural=name, singular=name)


def _remove_module(scene: Scene) -> Undo:
    return set_back(scene.module(), hidden=True)


SCHEMA_CHANGES: dict[str, tuple[str, Callable[[Scene], Undo]]] = {
    "field_removed": ("A `field` is removed.", _remove_field),
    "field_renamed": ("The api name of a `field` becomes `to`, its values go with it.", _rename_field),
    "field_required": (
        "A `field` must have a value from now on; one that is not there is added.",
        _require_field,
    ),
    "field_shortened": ("A text `field` takes `length` characters (default 5).", _shorten_field),
    "picklist_value_removed": ("A `value` of a pick list `field` is removed.", _remove_value),
    "picklist_value_renamed": (
        "A `value` of a pick list `field` is shown as `to`; in records as the switch says.",
        _rename_value,
    ),
    "layout_renamed": ("The layout of a CRM module is called `to`.", _rename_layout),
    "layout_removed": ("The layout of a CRM module gives way to another with another id.", _remove_layout),
    "module_renamed": ("The labels of a CRM module become `to`; its api name stays.", _rename_module),
    "module_removed": ("A CRM module is hidden: INVALID_MODULE.", _remove_module),
}
