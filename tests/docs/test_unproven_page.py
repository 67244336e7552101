"""`docs/unproven.md` accounts for every fact that no source settles."""

from __future__ import annotations

import re

from sandbox.faults import CATALOGUE
from sandbox.switches import Switches
from tandem.core.connection import Settings
from tests.docs.pages import text_of

PAGE = text_of("docs/unproven.md")
NOT_LEANED_ON = {
    "if_modified_since_inclusive": "feeds overlap by minutes",
    "search_lag_seconds": "search is never used",
    "lmt_filter_inclusive": "no such filter is sent",
    "unchanged_put_moves_time": "content decides, not time",
    "currency_fixed_by_transactions": "currency is not written",
    "delete_refused_code": "nothing is deleted",
    "upsert_create_status": "no upserts",
    "upsert_not_found_code": "no upserts",
    "last_person_delete": "no person is deleted",
    "primary_person_delete": "no person is deleted",
    "crm_token_code": "both codes are known",
    "module_refusal_in_data": "both forms are read",
    "token_throttle_error": "both words are known",
    "bulk_read_result_days": "no bulk reads",
    "bulk_read_callback": "no bulk reads",
    "bulk_read_queued": "no bulk reads",
    "deleted_credits": "calls are counted, not credits",
    "upsert_needs_create_scope": "no upserts",
    "books_code_as_text": "both forms are read",
    "webhook_needs_rule": "the first day makes a rule with its webhook",
    "zcrm_ids_writable": "never sent",
    "items_default_filter": "every list of items names its filter",
    "items_sort_by_time": "items are listed whole, by name",
    "native_sync_fires_webhook": "the tick finds it, and nothing is written while that sync runs",
    "duplicate_person_email": "persons match within their customer, and two of one e-mail by name",
}
"""Switches of the sandbox that no code of Tandem depends on, each with its reason."""


def test_every_switch_of_the_sandbox_is_accounted_for() -> None:
    """It stands on the page, or the list above says why it need not."""
    named = {name for name in Switches.model_fields if f"`{name}`" in PAGE}
    assert named | set(NOT_LEANED_ON) == set(Switches.model_fields)
    assert named & set(NOT_LEANED_ON) == set()


def test_every_switch_and_fault_on_the_page_exists() -> None:
    """A name that was changed leaves the page."""
    known = {*Switches.model_fields, *CATALOGUE}
    cells = re.findall(r"(?:switch|switches|faults) ((?:`\w+`(?:, )?)+)", PAGE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named
    assert named - known == set()


def test_every_setting_for_an_unconfirmed_fact_stands() -> None:
    """Its description says UNCONFIRMED, so the page says how to settle it."""
    open_facts = [n for n, f in Settings.model_fields.items() if "UNCONFIRMED" in (f.description or "")]
    assert [name for name in [*open_facts, "absent_custom_field"] if f"`{name}`" not in PAGE] == []
