"""Pure checks of a mapping against the live metadata of both organisations; each finding names its fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rapidfuzz import process

from tandem.core.converters import Picklist
from tandem.core.mapping import EntityMapping, FieldMapping
from tandem.core.records import Side

State = Literal["ok", "warning", "fault"]
Meta = Mapping[str, Mapping[str, Any]]
"""Field metadata by API name."""

UNIQUE_MARKS = ("is_unique", "prevent_duplicates", "is_duplicate_prevented")
"""Keys by which Books' metadata may call a custom field unique (UNCONFIRMED)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    state: State
    sentence: str
    fix: str = ""


_TEXTS = frozenset({"text", "textarea", "email", "phone", "website", "picklist", "autonumber", "bigint"})
CRM_TYPES: Mapping[str, frozenset[str]] = {"checkbox": frozenset({"boolean"})}
"""CRM types that a converter can carry; any other converter carries texts (dossier crm §7)."""

_BOOKS_TEXTS = frozenset({"string", "email", "url", "phone", "multiline", "dropdown", "autonumber"})
BOOKS_TYPES: Mapping[str, frozenset[str]] = {"checkbox": frozenset({"check_box"})}
"""Types of Books custom fields that a converter can carry (dossier books §5)."""

BUILT_IN = frozenset(
    """
    contact_name company_name website notes currency_id payment_terms payment_terms_label contact_number legal_name
    trader_name facebook twitter language_code credit_limit customer_sub_type
    gst_no gst_treatment place_of_contact pan_no vat_reg_no vat_treatment tax_reg_no tax_treatment is_taxable
    tax_id tax_id_value tax_authority_id tax_exemption_id
    salutation first_name last_name email phone mobile designation department skype
    """.split()  # noqa: SIM905 - forty quoted words read worse
)
"""Attributes of a Books contact or person that every organisation has (dossier books §2, §3)."""

_ADDRESS = (
    "address",
    "street2",
    "city",
    "state",
    "state_code",
    "zip",
    "country",
    "phone",
    "fax",
    "attention",
)


def nearest(name: str, names: Sequence[str]) -> str:
    """The nearest known name, as words to append to a fix; empty when none is near."""
    found = process.extractOne(name, names, score_cutoff=70)
    return f" (did you mean {found[0]}?)" if found else ""


# --- CRM ------------------------------------------------------------------------------------------------


def crm_fields(entity: EntityMapping, meta: Meta) -> Iterator[Finding]:
    """Everything that the mapping names in CRM: there, writable, of a fitting type, the stamp unique."""
    area, faults = f"CRM {entity.crm_module}", []
    for name in entity.crm_fields:
        if name not in meta:
            fix = f"create it in CRM, or change the mapping{nearest(name, list(meta))}"
            faults.append(Finding(area, "fault", f"{_role(entity, name)} {name} does not exist", fix))
    for mapped in entity.fields:
        faults += [found for name in mapped.attributes(Side.CRM) if name in meta
                   for found in _crm_field(area, mapped, meta[name])]  # fmt: skip
    faults += list(_crm_stamp(area, entity, meta))
    for name, wanted in entity.create_in_books_when.items():
        faults += list(_missing_values(area, name, wanted, _picks(meta.get(name, {}))))
    yield from faults or [Finding(area, "ok", f"{len(entity.crm_fields)} fields are as the mapping says")]


def _role(entity: EntityMapping, name: str) -> str:
    if name == entity.crm_stamp:
        return "the stamp field"
    used = next((mapped.name for mapped in entity.fields if name in mapped.attributes(Side.CRM)), None)
    return f"{used}:" if used else "field"


def _crm_field(area: str, mapped: FieldMapping, meta: Mapping[str, Any]) -> Iterator[Finding]:
    name, kind = meta.get("api_name"), str(meta.get("data_type", ""))
    if mapped.may_write(Side.CRM) and _is_read_only(meta):
        fix = f"give the field write permission in CRM, or write direction: to_books for {mapped.name}"
        yield Finding(area, "fault", f"{mapped.name}: {name} is read-only", fix)
    if kind and kind not in CRM_TYPES.get(mapped.converter, _TEXTS):
        fix = f"choose another field or converter for {mapped.name}"
        yield Finding(
            area, "fault", f"{mapped.name}: {name} is a {kind}; {mapped.converter} cannot carry it", fix
        )
    if isinstance(mapped.convert, Picklist) and kind == "picklist":
        yield from _missing_values(area, str(name), list(mapped.convert.values), _picks(meta))


def _is_read_only(meta: Mapping[str, Any]) -> bool:
    operations = meta.get("operation_type") or {}
    return bool(meta.get("read_only")) or operations.get("api_update") is False


def _crm_stamp(area: str, entity: EntityMapping, meta: Meta) -> Iterator[Finding]:
    stamp = meta.get(entity.crm_stamp)
    if stamp is None:
        return
    if not stamp.get("unique"):
        fix = "in CRM: Setup > Modules and Fields, edit the field, tick “Do not allow duplicate values”"
        yield Finding(
            area, "fault", f"the stamp field {entity.crm_stamp} allows duplicates: a retry could double", fix
        )
    if str(stamp.get("data_type")) not in ("text", ""):
        yield Finding(
            area,
            "fault",
            f"the stamp field {entity.crm_stamp} is no text: ids would be cut",
            "use a text field",
        )


def _picks(meta: Mapping[str, Any]) -> list[str] | None:
    rows = meta.get("pick_list_values") or meta.get("values")
    if not rows:
        return None
    return [str(row.get("actual_value") or row.get("display_value") or row.get("name") or "") for row in rows]


def _missing_values(
    area: str, name: str, wanted: Sequence[str], there: list[str] | None
) -> Iterator[Finding]:
    missing = [value for value in wanted if there is not None and value not in there]
    if missing:
        fix = "add the choice there, or take it out of the mapping; until then such a value is held"
        yield Finding(area, "warning", f"{name} has no choice {', '.join(missing)}", fix)


# --- Books ----------------------------------------------------------------------------------------------


def books_fields(entity: EntityMapping, meta: Meta) -> Iterator[Finding]:
    """Everything that the mapping names in Books: custom fields there and fitting, built-in ones known."""
    area, faults = f"Books {entity.resource(Side.BOOKS).module}", []
    count = 0
    for mapped in entity.fields:
        for path in mapped.attributes(Side.BOOKS):
            count += 1
            faults += list(_books_field(area, entity, mapped, path, meta))
    if entity.books_stamp:
        count += 1
        faults += list(_books_stamp(area, entity.books_stamp, meta))
    yield from faults or [Finding(area, "ok", f"{count} fields are as the mapping says")]


def _books_field(
    area: str, entity: EntityMapping, mapped: FieldMapping, path: str, meta: Meta
) -> Iterator[Finding]:
    head, _, part = path.partition(".")
    if path.startswith("cf_"):
        if entity.name == "contact_person":
            return  # Books tells custom fields of persons nowhere (dossier books §3)
        if path not in meta:
            near = nearest(path, [name for name in meta if name.startswith("cf_")])
            fix = f"create it in Books (Settings > Customers and Vendors > Custom Fields), or change the mapping{near}"
            yield Finding(area, "fault", f"{mapped.name}: {path} does not exist", fix)
            return
        yield from _books_type(area, mapped, path, meta[path])
    elif part and part not in _ADDRESS:
        yield Finding(
            area,
            "fault",
            f"{mapped.name}: {head} has no {part}",
            f"change the mapping{nearest(part, _ADDRESS)}",
        )
    elif not part and path not in BUILT_IN and path not in meta:
        fix = f"check the name{nearest(path, sorted(BUILT_IN))}"
        yield Finding(area, "warning", f"{mapped.name}: Tandem does not know {path} of Books", fix)


def _books_type(area: str, mapped: FieldMapping, path: str, meta: Mapping[str, Any]) -> Iterator[Finding]:
    kind = str(meta.get("data_type") or "")
    if kind and kind not in BOOKS_TYPES.get(mapped.converter, _BOOKS_TEXTS):
        fix = f"choose another field or converter for {mapped.name}"
        yield Finding(
            area, "fault", f"{mapped.name}: {path} is a {kind}; {mapped.converter} cannot carry it", fix
        )
    if meta.get("is_active") is False:
        yield Finding(
            area,
            "fault",
            f"{mapped.name}: {path} is switched off",
            "mark the custom field as active in Books",
        )
    if isinstance(mapped.convert, Picklist) and kind == "dropdown":
        yield from _missing_values(area, path, list(mapped.convert.values.values()), _picks(meta))


def _books_stamp(area: str, stamp: str, meta: Meta) -> Iterator[Finding]:
    if stamp not in meta:
        fix = "create a text custom field for customers in Books and tick “Prevent duplicate values”"
        yield Finding(
            area, "fault", f"the stamp field {stamp} does not exist", fix + nearest(stamp, list(meta))
        )
    elif not _is_unique(meta[stamp]):
        fix = "in Books: Settings > Customers and Vendors > Custom Fields, tick “Prevent duplicate values”"
        yield Finding(area, "fault", f"the stamp field {stamp} allows duplicates: a retry could double", fix)


def _is_unique(meta: Mapping[str, Any]) -> bool:
    return any(meta.get(mark) for mark in UNIQUE_MARKS)
