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
from tandem.core.facts import Facts, Fields, Sample, attributes, books_facts, crm_facts, sampled
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.records import Side
from tandem.engine.cursors import listings

_VAT_FREE = frozenset({"IN", "US", "CA"})
_BOOKS_ENTITIES = {"contacts": "contact", "items": "item"}
"""How Books' metadata calls a resource; it tells no custom fields of persons (dossier books §3, §5)."""
_LONG_AGO = timedelta(days=3650)


async def gather(
    zoho: Zoho, mapping: FieldMap, organization: Organization, approved: FieldMap | None = None
) -> Facts:
    """The facts, with a sample of the newest records of each entity; raises what Zoho says.

    What `approved` maps was there once: what is no longer was removed.
    """
    told = {
        module: await zoho.books.fields(entity)
        for module, entity in _BOOKS_ENTITIES.items()
        if any(one.kind.books_module == module for one in mapping.entities.values())
    }
    country = organization.country_code
    crm: dict[str, Fields] = {}
    for entity in mapping.entities.values():
        rows = await zoho.crm.fields(entity.crm_module)
        crm[entity.crm_module] = crm_facts(rows, await _layouts(zoho, entity.crm_module) if rows else ())
    return Facts(
        crm=crm,
        books={
            name: books_facts(name, told.get(entity.kind.books_module, ()))
            for name, entity in mapping.entities.items()
        },
        has_gst=country in ("", "IN"),
        has_vat=country not in _VAT_FREE,
        has_currencies=(await zoho.crm.org()).mc_status is not False,
        samples=await _samples(zoho, mapping, crm),
        known_before=frozenset(attributes(approved)) if approved else frozenset(),
    )


async def _layouts(zoho: Zoho, module: str) -> Sequence[Mapping[str, Any]]:
    """Layouts need a scope of their own; without it nothing is known of what they demand."""
    try:
        return await zoho.crm.layouts(module)
    except (RefusedError, StopError):
        return ()


async def _samples(
    zoho: Zoho, mapping: FieldMap, crm: Mapping[str, Fields]
) -> dict[tuple[str, Side, str], Sample]:
    """What the newest records show, by entity, side and field; Books lists no persons."""
    found: dict[tuple[str, Side, str], Sample] = {}
    for entity in mapping.entities.values():
        for side in Side:
            is_told = set(crm[entity.crm_module]).issuperset(entity.crm_fields) if side is Side.CRM else True
            if is_told and (entity.name, side) in listings(mapping):
                client = zoho.crm if side is Side.CRM else zoho.books
                since = datetime.now(UTC) - _LONG_AGO if side is Side.CRM else None
                page = await client.changed(entity.resource(side), since=since, before=None, after=None)
                records = [read_record(mapping, entity.name, side, body) for body in page.bodies]
                found |= {(entity.name, side, name): sample for name, sample in sampled(entity, records)}
    return found


def place(finding: Finding) -> str:
    """Where a finding stands, in short: `customer.segment.crm`."""
    return ".".join(str(part) for part in finding.path if part not in ("entities", "fields"))
