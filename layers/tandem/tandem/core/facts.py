"""What both organisations tell of their fields, in one vocabulary: the ground on which a mapping is checked.

CRM: `GET /settings/fields`, `/settings/layouts`, `/org` (dossier crm §7). Books: `GET /settings/fields`,
`/organizations` (dossier books §1, §5), and a table of its built-in attributes, which it tells nowhere (§2, §3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tandem.core.mapping import EntityMapping
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.records import Record, Side

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One attribute of one side; `None` means that the side does not tell."""

    name: str
    label: str = ""
    kind: str = ""
    """text, long_text, email, url, phone, integer, decimal, money, percent, date, datetime, checkbox, picklist,
    multi_select, lookup, auto (the side fills it), or the side's own word."""
    length: int | None = None
    places: int | None = None
    required: bool = False
    layouts: tuple[str, ...] = ()
    """Layouts that want a value where the field itself does not."""
    read_only: bool = False
    visible: bool = True
    unique: bool | None = None
    choices: tuple[str, ...] | None = None
    refers_to: str = ""
    """The module or entity that a lookup points to."""
    filterable: bool = True
    labels: tuple[str, ...] = ()
    """How a person sees each of the choices, where any differs: records may carry either (dossier crm §7)."""

    def offers(self, value: str) -> bool:
        """Whether it is a choice, by either of its texts; where the side tells none, anything is."""
        return self.choices is None or value in self.choices or value in self.labels

    def beyond(self, table: Iterable[str]) -> list[str]:
        """The choices of which neither text is in a table."""
        known, choices = {"", "-None-", *table}, self.choices or ()
        pairs = zip(choices, self.labels or choices, strict=True)
        return [choice for choice, label in pairs if choice not in known and label not in known]

    def shown(self) -> str:
        """In words for a person: `text of 100, required, unique`."""
        words = [f"{self.kind or 'unknown kind'}{f' of {self.length}' if self.length else ''}"]
        words += [f"{self.places} places"] if self.places is not None else []
        words += [word for word in ("required", "unique", "read_only") if getattr(self, word)]
        return ", ".join(words).replace("_", " ")


Fields = Mapping[str, FieldFacts]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a field shows in the newest records of its entity on one side."""

    size: int
    filled: float
    """Share of the records in which it is not blank."""
    repeated: float = 0.0
    """Share of the filled ones whose value stands in another record too."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Both organisations as far as a mapping leans on them."""

    crm: Mapping[str, Fields]
    """By module."""
    books: Mapping[str, Fields]
    """By entity."""
    has_gst: bool = True
    """The Books organisation is Indian; only those have GST attributes."""
    has_vat: bool = True
    has_currencies: bool = True
    """CRM keeps several currencies (`mc_status`)."""
    samples: Mapping[tuple[str, Side, str], Sample] = field(default_factory=dict)
    """By entity, side and the name of a mapped field."""
    known_before: frozenset[tuple[str, Side, str]] = frozenset()
    """(entity, side, attribute) that the approved mapping uses: they were there once."""


def attributes(mapping: FieldMap) -> set[tuple[str, Side, str]]:
    """(entity, side, attribute) of every mapped field."""
    return {
        (entity.name, side, name)
        for entity in mapping.entities.values()
        for mapped in entity.fields
        for side in Side
        for name in mapped.attributes(side)
    }


def sampled(entity: EntityMapping, records: Sequence[Record]) -> Iterator[tuple[str, Sample]]:
    """What each field shows in these records of one side; a field that none of them shows has no sample."""
    for mapped in entity.fields:
        shown = [(one.side, one.values[mapped.name]) for one in records if mapped.name in one.values]
        if shown:
            found = [mapped.convert.key(side, native) for side, native in shown]
            keys = Counter(key for key in found if key is not None)
            filled = keys.total()
            repeated = sum(count for count in keys.values() if count > 1)
            yield mapped.name, Sample(len(shown), filled / len(shown), repeated / filled if filled else 0.0)


CRM_KINDS: Final[Mapping[str, str]] = {
    "text": "text", "textarea": "long_text", "email": "email", "phone": "phone", "website": "url",
    "picklist": "picklist", "multiselectpicklist": "multi_select", "boolean": "checkbox", "integer": "integer",
    "bigint": "integer", "double": "decimal", "currency": "money", "percent": "percent", "date": "date",
    "datetime": "datetime", "lookup": "lookup", "ownerlookup": "lookup", "userlookup": "lookup",
    "formula": "auto", "rollup_summary": "auto", "autonumber": "auto",
}  # fmt: skip
BOOKS_KINDS: Final[Mapping[str, str]] = {
    "string": "text", "multiline": "long_text", "email": "email", "phone": "phone", "url": "url",
    "dropdown": "picklist", "multiselect": "multi_select", "check_box": "checkbox", "number": "integer",
    "decimal": "decimal", "amount": "money", "percent": "percent", "date": "date", "date_time": "datetime",
    "lookup": "lookup", "autonumber": "auto", "formula": "auto",
}  # fmt: skip
UNIQUE_MARKS: Final = ("is_unique", "prevent_duplicates", "is_duplicate_prevented")
"""How Books' metadata may say that a custom field refuses duplicates: UNCONFIRMED which (dossier books §5)."""
_UNFILTERABLE: Final = frozenset({"long_text", "multi_select", "auto"})
"""COQL takes no multi-line field and no multi-select in `where` (dossier crm §4)."""


def crm_facts(rows: Iterable[Raw], layouts: Iterable[Raw] = ()) -> dict[str, FieldFacts]:
    """Fields of one CRM module out of `fields[]`, with what its `layouts[]` add."""
    found = {fact.name: fact for fact in map(_crm_field, rows)}
    for layout in layouts:
        for section in layout.get("sections") or ():
            for row in section.get("fields") or ():
                fact = found.get(str(row.get("api_name")))
                if fact and row.get("required") is True and not fact.required:
                    name = str(layout.get("name") or layout.get("display_label") or "")
                    found[fact.name] = replace(fact, layouts=(*found[fact.name].layouts, name))
    return found


def _crm_field(row: Raw) -> FieldFacts:
    kind = CRM_KINDS.get(str(row.get("data_type")), str(row.get("data_type") or ""))
    may = row.get("operation_type") or {}
    read_only = bool(row.get("read_only") or row.get("field_read_only")) or may.get("api_update") is False
    lookup = (row.get("lookup") or {}).get("module") or {}
    return FieldFacts(
        name=str(row.get("api_name")),
        label=str(row.get("display_label") or row.get("field_label") or ""),
        kind=kind,
        length=row.get("length") or None,
        places=row.get("decimal_place") if kind in ("decimal", "money", "percent") else None,
        required=row.get("system_mandatory") is True,
        read_only=read_only or kind == "auto",
        visible=row.get("visible") is not False,
        unique=bool(row.get("unique")),
        choices=_choices(row.get("pick_list_values")) if kind in ("picklist", "multi_select") else None,
        labels=_labels(row.get("pick_list_values")) if kind in ("picklist", "multi_select") else (),
        refers_to=str(lookup.get("api_name") or ""),
        filterable=row.get("filterable") is not False and kind not in _UNFILTERABLE,
    )


def books_facts(entity: str, rows: Iterable[Raw]) -> dict[str, FieldFacts]:
    """Attributes of one Books entity: the built-in ones, and the custom fields of `fields[]`."""
    told = {fact.name: fact for fact in map(_books_field, rows)}
    return dict(BUILT_IN[entity]) | {name: fact for name, fact in told.items() if name.startswith("cf_")}


def _books_field(row: Raw) -> FieldFacts:
    kind = BOOKS_KINDS.get(str(row.get("data_type")), str(row.get("data_type") or ""))
    return FieldFacts(
        name=str(row.get("api_name") or row.get("field_name") or ""),
        label=str(row.get("label") or row.get("field_name_formatted") or ""),
        kind=kind,
        length=row.get("max_length") or row.get("length") or None,
        places=row.get("decimal_places"),
        required=row.get("is_mandatory") is True,
        read_only=row.get("is_read_only") is True or kind == "auto",
        visible=row.get("is_active") is not False,
        unique=any(row.get(name) for name in UNIQUE_MARKS),
        choices=_choices(row.get("values")) if kind in ("picklist", "multi_select") else None,
    )


def _choices(rows: Any, *shown_first: str) -> tuple[str, ...] | None:
    if not rows:
        return None
    names = (*shown_first, "actual_value", "display_value", "name")
    return tuple(next((str(row[name]) for name in names if row.get(name)), "") for row in rows)


def _labels(rows: Any) -> tuple[str, ...]:
    """What a pick list shows, where that differs from what it keeps."""
    labels = _choices(rows, "display_value") or ()
    return () if labels == _choices(rows) else labels


def _built(kind: str, **lengths: int) -> dict[str, FieldFacts]:
    return {name: FieldFacts(name, kind=kind, length=length or None) for name, length in lengths.items()}


_ADDRESS_PARTS: Final = {
    "attention": 100, "address": 500, "street2": 255, "city": 100, "state": 100, "state_code": 100, "zip": 50,
    "country": 100, "phone": 50, "fax": 50,
}  # fmt: skip
_ADDRESSES: Final = {
    f"{head}.{part}": FieldFacts(f"{head}.{part}", kind="text", length=length)
    for head in ("billing_address", "shipping_address")
    for part, length in _ADDRESS_PARTS.items()
}
_CONTACT: Final[Mapping[str, FieldFacts]] = {
    **_built(
        "text", contact_name=200, company_name=200, contact_number=200, legal_name=200, trader_name=200, facebook=100,
        twitter=100, language_code=0, payment_terms_label=200, currency_id=0, customer_sub_type=0, gst_no=15,
        gst_treatment=0, place_of_contact=0, pan_no=0, vat_reg_no=12, vat_treatment=0, tax_reg_no=0, tax_treatment=0,
        tax_id=0, tax_id_value=0, tax_authority_id=0, tax_exemption_id=0,
    ),
    **_built("url", website=0),
    **_built("long_text", notes=0),
    **_built("integer", payment_terms=0),
    **_built("money", credit_limit=0),
    **_built("checkbox", is_taxable=0),
    **_ADDRESSES,
}  # fmt: skip
_PERSON: Final = {
    **_built("text", salutation=25, first_name=100, last_name=100, designation=50, department=50, skype=50),
    **_built("email", email=100),
    **_built("phone", phone=50, mobile=50),
}
_REQUIRED_NAME: Final = {"contact_name": replace(_CONTACT["contact_name"], required=True)}
BUILT_IN: Final[Mapping[str, Fields]] = {
    "customer": {**_CONTACT, **_REQUIRED_NAME},
    "vendor": {**_CONTACT, **_REQUIRED_NAME},
    "item": {
        **_built(
            "text",
            sku=100,
            unit=100,
            hsn_or_sac=50,
            tax_id=50,
            purchase_tax_id=50,
            account_id=50,
            purchase_account_id=50,
            vendor_id=50,
            tax_exemption_id=50,
            product_type=50,
            item_type=50,
        ),
        **_built("long_text", description=2000, purchase_description=2000),
        **_built("money", purchase_rate=0),
        **_built("checkbox", is_taxable=0),
        "name": FieldFacts("name", kind="text", length=100, required=True),
        "rate": FieldFacts("rate", kind="money", required=True),
        "status": FieldFacts("status", kind="checkbox"),
    },
    "individual": {**_CONTACT, **_REQUIRED_NAME, **_PERSON},
    "contact_person": _PERSON,
}
"""Attributes that every Books organisation has, with their lengths (dossier books §2, §3)."""
