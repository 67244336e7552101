"""Records in canonical form: an API body read into native values, and native values written into an API body.

A mapped key that is absent from the body is unknown, "" and null are blank (design, "Blank is a value").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as ReadOnly
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from tandem.core.bodies import Body, write_body
from tandem.core.conversion import plain
from tandem.core.converters import Email, Phone, TaxIdentity, Url
from tandem.core.errors import BadInputError
from tandem.core.keys import fold_name, fold_person, normal_email, normal_phone, web_domain
from tandem.core.mapping import EntityMapping, FieldMapping, Mapping
from tandem.core.records import MatchKeys, Record, Side, Value, is_blank, utc

__all__ = ["folded", "name_of", "parse_time", "persons_of", "read_record", "shows_all", "write_body"]

_BOOKS_SCOPE: Final = (
    "contact_type", "customer_sub_type", "is_primary_contact", "is_added_in_portal", "portal_status",
)  # fmt: skip


class _Absent:
    """Not in the body: unknown."""


_ABSENT: Final = _Absent()


def read_record(
    mapping: Mapping,
    entity: str,
    side: Side,
    body: Body,
    *,
    emails: Iterable[str] = (),
    vanished: Collection[str] = (),
) -> Record:
    """The record in an API body; raises BadInputError if the body has no id.

    `emails` adds match keys that stand elsewhere (the Contacts of an Account); `vanished` names attributes that
    the metadata of `side` no longer knows: their fields are unknown, whatever the body shows.
    """
    described, gone = mapping.entities[entity], frozenset(vanished)
    values = {
        field.name: value
        for field in described.fields
        if (not gone or gone.isdisjoint(field.attributes(side)))
        and not isinstance(value := _field_value(mapping, field, side, body), _Absent)
    }
    name = name_of(values)
    return Record(
        side=side,
        entity=entity,
        id=_id(described, side, body),
        values=values,
        version=parse_time(body.get("Modified_Time" if side is Side.CRM else "last_modified_time")),
        active=_is_active(described, side, body, values),
        parent=_parent(described, side, body),
        vendor=_pointed(body, described.vendor_lookup) if side is Side.CRM else None,
        keys=_keys(mapping, described, side, body, values, name, emails),
        scope=_scope(mapping, described, side, body),
        created=parse_time(body.get("Created_Time" if side is Side.CRM else "created_time")),
        edited_by=_editor(side, body),
        natively_linked=side is Side.BOOKS and body.get("is_linked_with_zohocrm") is True,
        label=name or "",
        body=body,
    )


def shows_all(entity: EntityMapping, record: Record) -> bool:
    """Whether a record's body told all that the mapping names: nothing of it is unknown, nor its version."""
    named = {*entity.names, *entity.create_when(record.side.other)}
    stamp = entity.books_stamp if record.side is Side.BOOKS else entity.crm_stamp
    has_stamp = (
        stamp is None or not stamp.startswith("cf_") or isinstance(record.body.get("custom_fields"), list)
    )
    return record.version is not None and has_stamp and named <= {*record.values, *record.scope}


def persons_of(mapping: Mapping, contact: Body) -> list[Record]:
    """The contact persons within a Books customer's body; none if the body does not hold them."""
    shared = {key: contact[key] for key in ("contact_id", "is_linked_with_zohocrm") if key in contact}
    entries = _entries(contact.get("contact_persons"))
    return [read_record(mapping, "contact_person", Side.BOOKS, {**entry, **shared}) for entry in entries]


def name_of(values: ReadOnly[str, Value]) -> str | None:
    """The display name in the field `name`: a text, or first and last name in one."""
    name = values.get("name")
    if isinstance(name, ReadOnly):
        name = " ".join(plain(part) for part in (name.get("first"), name.get("last")) if not is_blank(part))
    return plain(name) or None if not is_blank(name) else None


def parse_time(text: Any) -> datetime | None:
    """A moment in UTC from either product's format, with or without colon in the offset; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return utc(moment) if moment.tzinfo else None


def _is_active(entity: EntityMapping, side: Side, body: Body, values: ReadOnly[str, Value]) -> bool:
    """Books says it of every record; CRM only where the mapping names the check box."""
    if side is Side.BOOKS:
        return body.get("status") in (None, "", "active")
    state = entity.state
    return state is None or state.convert.key(side, values.get(state.name)) is not False


def _id(entity: EntityMapping, side: Side, body: Body) -> str:
    key = "id" if side is Side.CRM else entity.kind.books_id
    found = _text(body.get(key))
    if found is None:
        raise BadInputError(f"a {side} body of a {entity.name} without {key}")
    return found


def _text(value: Any) -> str | None:
    """An id or a key as text; ids are strings even where a sender made them numbers."""
    return plain(value) or None if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _parent(entity: EntityMapping, side: Side, body: Body) -> str | None:
    if entity.parent_field is None:
        return None
    if side is Side.BOOKS:
        return _text(body.get("contact_id")) if entity.is_person else None
    return _pointed(body, entity.parent_field)


def _pointed(body: Body, name: str | None) -> str | None:
    """The id that a lookup of CRM leads to."""
    lookup = body.get(name) if name else None
    return _text(lookup.get("id") if isinstance(lookup, ReadOnly) else lookup)


def _scope(mapping: Mapping, entity: EntityMapping, side: Side, body: Body) -> dict[str, Value]:
    crm = [*entity.create_in_books_when, *filter(None, [entity.primary_person_field])]
    names = crm if side is Side.CRM else [*_BOOKS_SCOPE, *entity.create_in_crm_when]
    shown = {name: _attribute(mapping, side, body, name) for name in names}
    return {name: value for name, value in shown.items() if not isinstance(value, _Absent)}


def _editor(side: Side, body: Body) -> str | None:
    if side is Side.BOOKS:
        return _text(body.get("last_modified_by_id"))
    editor = body.get("Modified_By")
    return _text(editor.get("name")) if isinstance(editor, ReadOnly) else None


# --- values -----------------------------------------------------------------------------------------


def _field_value(mapping: Mapping, field: FieldMapping, side: Side, body: Body) -> Value | _Absent:
    """The native value of a field; a set with an unknown part is unknown, for it travels whole."""
    given = field.crm if side is Side.CRM else field.books
    if isinstance(given, str):
        shown = _attribute(mapping, side, body, given)
        return shown if isinstance(shown, _Absent) else field.convert.read(side, shown)
    found = {part: _attribute(mapping, side, body, path) for part, path in given.items()}
    return _ABSENT if any(isinstance(value, _Absent) for value in found.values()) else found


def _attribute(mapping: Mapping, side: Side, body: Body, path: str) -> Value | _Absent:
    if side is Side.CRM:
        return _native(body.get(path, _ABSENT))
    if path.startswith("cf_"):
        return _custom(mapping, body, path)
    head, dot, leaf = path.partition(".")
    found = body.get(head, _ABSENT)
    return _native(_leaf(found, leaf) if dot else found)


def _leaf(found: Any, leaf: str) -> Value | _Absent:
    """A key of an object; all keys of an empty object are blank, one missing from a filled object is unknown."""
    if not isinstance(found, _Absent) and is_blank(found):
        return None
    return found.get(leaf, _ABSENT) if isinstance(found, ReadOnly) else _ABSENT


def _entries(found: Any) -> list[Body]:
    """The objects of a list; nothing of what is no list."""
    return [entry for entry in found if isinstance(entry, ReadOnly)] if isinstance(found, list) else []


def _custom(mapping: Mapping, body: Body, api_name: str) -> Value | _Absent:
    """Only the array is read: the same values stand in two more places (dossier books §5)."""
    entries = body.get("custom_fields")
    if not isinstance(entries, list):
        return _ABSENT
    found = (e.get("value") for e in entries if isinstance(e, ReadOnly) and e.get("api_name") == api_name)
    return _native(next(found, None if mapping.absent_custom_field == "blank" else _ABSENT))


def _native(value: Value) -> Value:
    if isinstance(value, float):
        return Decimal(str(value))
    return None if value == "" else value


# --- match keys -------------------------------------------------------------------------------------


def _keys(
    mapping: Mapping,
    entity: EntityMapping,
    side: Side,
    body: Body,
    values: ReadOnly[str, Value],
    name: str | None,
    emails: Iterable[str],
) -> MatchKeys:
    stamp = entity.crm_stamp if side is Side.CRM else entity.books_stamp
    return MatchKeys(
        stamp=_text(_attribute(mapping, side, body, stamp)) if stamp else None,
        tax_number=next((number for _, number in _tax_numbers(entity, values) if number), None),
        emails=frozenset(
            filter(None, map(normal_email, [*emails, *_texts(entity, side, body, values, Email)]))
        ),
        phones=frozenset(
            normal_phone(plain(phone), mapping.region) for phone in _texts(entity, side, body, values, Phone)
        ),
        domain=next(filter(None, map(web_domain, _mapped(entity, values, Url))), None),
        name=folded(entity, name),
        currency=_text(body.get(entity.currency_field or "" if side is Side.CRM else "currency_code")),
        own=frozenset(_own_keys(entity, side, values)),
    )


def _own_keys(entity: EntityMapping, side: Side, values: ReadOnly[str, Value]) -> Iterator[tuple[str, str]]:
    for field in entity.own_keys:
        key = field.convert.key(side, values.get(field.name))
        if key is not None:
            yield field.name, key if isinstance(key, str) else repr(key)


def folded(entity: EntityMapping, name: str | None) -> str | None:
    """The name as match keys compare it; None where nothing of it is left."""
    fold = fold_name if entity.kind.is_company else fold_person
    return fold(name or "") or None


def _tax_numbers(entity: EntityMapping, values: ReadOnly[str, Value]) -> Iterator[tuple[str, str]]:
    for field in entity.fields:
        if isinstance(field.convert, TaxIdentity):
            yield field.name, field.convert.number(values.get(field.name))


def _mapped(entity: EntityMapping, values: ReadOnly[str, Value], kind: type) -> Iterator[str]:
    """The values of the fields of one kind of converter."""
    for field in entity.fields:
        if isinstance(field.convert, kind) and not is_blank(value := values.get(field.name)):
            yield str(value)


def _texts(
    entity: EntityMapping, side: Side, body: Body, values: ReadOnly[str, Value], kind: type[Email | Phone]
) -> Iterator[str]:
    """Mapped values, CRM's e-mail that is there for matching, and what a Books contact and its persons show."""
    yield from _mapped(entity, values, kind)
    if side is Side.CRM and kind is Email and entity.email_field:
        yield str(body.get(entity.email_field) or "")
    if side is Side.CRM or entity.is_person:
        return
    names = ("email",) if kind is Email else ("phone", "mobile")
    for holder in (body, *_entries(body.get("contact_persons"))):
        yield from (str(holder[name]) for name in names if not is_blank(holder.get(name)))
