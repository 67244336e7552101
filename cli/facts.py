"""What both organisations tell of the fields that a mapping names: some ten calls, all of them reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.zoho import Zoho
from tandem.adapters.zoho.models import Organization
from tandem.core.canonical import read_record
from tandem.core.checks.finding import Finding
from tandem.core.errors import RefusedError, StopError
from tandem.core.facts import Facts, Fields, books_facts, crm_facts
from tandem.core.mapping import EntityMapping
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.records import Side, is_blank

_VAT_FREE = frozenset({"IN", "US", "CA"})
_LONG_AGO = timedelta(days=3650)


async def gather(zoho: Zoho, mapping: FieldMap, organization: Organization) -> Facts:
    """The facts, with a sample of the newest records of each entity; raises what Zoho says."""
    contact = await zoho.books.contact_fields()
    country = organization.country_code
    crm: dict[str, Fields] = {}
    for entity in mapping.entities.values():
        rows = await zoho.crm.fields(entity.crm_module)
        crm[entity.crm_module] = crm_facts(rows, await _layouts(zoho, entity.crm_module) if rows else ())
    return Facts(
        crm=crm,
        books={name: books_facts(name, contact if name == "customer" else ()) for name in mapping.entities},
        has_gst=country in ("", "IN"),
        has_vat=country not in _VAT_FREE,
        has_currencies=(await zoho.crm.org()).mc_status is not False,
        filled=await _filled(zoho, mapping, crm),
    )


async def _layouts(zoho: Zoho, module: str) -> Sequence[Mapping[str, Any]]:
    """Layouts need a scope of their own; without it nothing is known of what they demand."""
    try:
        return await zoho.crm.layouts(module)
    except (RefusedError, StopError):
        return ()


async def _filled(
    zoho: Zoho, mapping: FieldMap, crm: Mapping[str, Fields]
) -> dict[tuple[str, Side, str], float]:
    """How many of the newest records have a value, by entity, side and attribute."""
    found: dict[tuple[str, Side, str], float] = {}
    for entity in mapping.entities.values():
        if set(crm[entity.crm_module]).issuperset(entity.crm_fields):
            page = await zoho.crm.changed(
                entity.resource(Side.CRM), since=datetime.now(UTC) - _LONG_AGO, before=None, after=None
            )
            found |= _shares(mapping, entity, Side.CRM, page.bodies)
    return found


def _shares(
    mapping: FieldMap, entity: EntityMapping, side: Side, bodies: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, Side, str], float]:
    records = [read_record(mapping, entity.name, side, body) for body in bodies]
    return {
        (entity.name, side, field.attributes(side)[0]): sum(
            not is_blank(record.values.get(field.name)) for record in records
        ) / len(records)
        for field in entity.fields
        if records
    }  # fmt: skip


def place(finding: Finding) -> str:
    """Where a finding stands, in short: `customer.segment.crm`."""
    return ".".join(str(part) for part in finding.path if part not in ("entities", "fields"))
