"""API bodies for writing: exactly what must be sent to make a side show a change, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from typing import Any, Final

from tandem.core.errors import BadInputError
from tandem.core.mapping import EntityMapping, Mapping
from tandem.core.records import Record, Side, Value, is_blank
from tandem.core.regions import country_code, state_code

WRITABLE_ADDRESS: Final = (
    "attention", "address", "street2", "city", "state", "state_code", "zip", "country", "phone", "fax",
)  # fmt: skip
"""The keys of a Books address that a write may carry (dossier books §2)."""

Body = ReadOnly[str, Any]


def write_body(
    mapping: Mapping,
    entity: str,
    side: Side,
    changes: ReadOnly[str, Value],
    *,
    current: Record | None = None,
    stamp: str | None = None,
    parent: str | None = None,
) -> dict[str, Any]:
    """The API body that makes `side` show `changes` (field -> native value of that side).

    `current` is the record as freshly read, None for a create; `stamp` the other side's id; `parent` the id of
    the parent on `side`. Raises BadInputError if a Books address must be sent whole and was not read.
    """
    described = mapping.entities[entity]
    attributes = dict(_attributes(described, side, changes))
    if stamp and (name := described.crm_stamp if side is Side.CRM else described.books_stamp):
        attributes[name] = stamp
    if current is None:
        attributes = described.constants.of(side) | attributes
        attributes = {name: value for name, value in attributes.items() if not is_blank(value)}
    if side is Side.CRM:
        return attributes | _crm_parent(described, current, parent)
    body = _books_frame(described, current, parent) | _books_body(mapping, attributes, current)
    return _with_primary(described, body, current)


def with_kept(entity: EntityMapping, body: Body, current: Record) -> Body:
    """An update that carries what Books wants of every one, as `current` was read; a state goes by itself.

    Books has no lock: what was edited since the read would be undone, so `current` is to be fresh.
    """
    if "status" in body:
        return body
    shown = {name: current.body[name] for name in entity.kind.kept_in_books if name in current.body}
    return shown | dict(body)


def _attributes(
    entity: EntityMapping, side: Side, changes: ReadOnly[str, Value]
) -> Iterator[tuple[str, Value]]:
    for name, value in changes.items():
        field = entity.field(name)
        parts = field.parts(side)
        if parts is None:
            yield field.attributes(side)[0], field.convert.write(side, value)
        else:
            yield from ((path, (value or {}).get(part)) for part, path in parts.items())


def _crm_parent(entity: EntityMapping, current: Record | None, parent: str | None) -> dict[str, Any]:
    if current is None and parent and entity.parent_field:
        return {entity.parent_field: {"id": parent}}
    return {}


def _books_frame(entity: EntityMapping, current: Record | None, parent: str | None) -> dict[str, Any]:
    """What Books wants beside the change: the kind of a new contact; a person's contact and first name."""
    if not entity.is_person:
        return {} if current else dict(entity.kind.new_in_books)
    frame: dict[str, Any] = {"contact_id": parent or (current.parent if current else None)}
    if current and not is_blank(first := (current.values.get("name") or {}).get("first")):
        frame["first_name"] = first
    return frame


def _with_primary(entity: EntityMapping, body: dict[str, Any], current: Record | None) -> dict[str, Any]:
    """What is the primary person's own goes with a create, and by the person's calls (`contact_person`) later."""
    person = {name: value for name, value in body.items() if name in entity.kind.of_primary}
    if not person:
        return body
    contact = {name: value for name, value in body.items() if name not in person}
    if current is None:
        return contact | {"contact_persons": [person | {"is_primary_contact": True}]}
    shown = current.body
    frame = {"contact_person_id": shown.get("primary_contact_id"), "first_name": shown.get("first_name")}
    known = {name: value for name, value in frame.items() if not is_blank(value)}
    return contact | {"contact_person": known | person}


def _books_body(mapping: Mapping, attributes: ReadOnly[str, Value], current: Record | None) -> dict[str, Any]:
    body: dict[str, Any] = {}
    custom: list[dict[str, Any]] = []
    addresses: dict[str, dict[str, Any]] = {}
    for path, value in attributes.items():
        head, dot, leaf = path.partition(".")
        shown = "" if value is None else value
        if path.startswith("cf_"):
            custom.append({"api_name": path, "value": shown})
        elif dot:
            addresses.setdefault(head, {})[leaf] = shown
        else:
            body[path] = shown
    for head, change in addresses.items():
        body[head] = _whole_address(mapping, head, change, current)
    return body | ({"custom_fields": custom} if custom else {})


def _whole_address(mapping: Mapping, head: str, change: Body, current: Record | None) -> dict[str, Any]:
    """The address as Books shows it with the change laid over it; its state code follows its state."""
    before: Body = {}
    if current is not None:
        if head not in current.body:
            raise BadInputError(f"{head} of Books {current.id} is sent whole and was not read")
        before = current.body[head] or {}
    whole = {key: before[key] for key in WRITABLE_ADDRESS if key in before} | dict(change)
    if "state" in change and change["state"] != before.get("state"):
        country = str(whole.get("country") or "")
        home = country_code(country) if country else mapping.region
        code = state_code(str(change["state"]), home) if home else None
        whole.pop("state_code", None)
        whole |= {"state_code": code} if code else {}
    return whole
