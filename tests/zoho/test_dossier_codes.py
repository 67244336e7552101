"""No code that Zoho is known to send is without a row: the dossiers and the OpenAPI files are read for them.

Skipped where they do not lie beside the project.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.adapters.zoho import rules

SHARED = Path(os.environ.get("TANDEM_SHARED") or Path(__file__).parents[3] / "shared")
ZOHO = SHARED / "zoho"

pytestmark = pytest.mark.skipif(not ZOHO.is_dir(), reason=f"no dossiers of Zoho at {ZOHO}")

NO_ERRORS = {
    "SUCCESS": "a result that went well",
    "ADDED_SUCCESSFULLY": "a bulk job that was taken",
    "SCHEDULED": "a job that was taken",
    "NO_CONTENT": "HTTP 204",
    "No Content": "HTTP 204",
    "Not Modified": "HTTP 304",
    "0": "a Books answer that went well",
}
REASONS = {"PROCESSING_ERROR": "stands in the details of DEPENDENT_SERVICE_ERROR, never as a code"}
NOT_OURS = {
    "4001": "an invoice in the list of a bulk action",
    "4002": "the same",
    "4003": "the same",
    "4083": "the same",
}
UNEXPLAINED = {"9", "1004", "3073", "36022"}
"""Named by the dossier (books §9) without status or meaning: they go by status, as `test_codes.py` says."""

WORD = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
TOKEN_WORD = re.compile(r'"error":\s*"([^"]+)"|`(missing_org_info)`')
BOOKS_ROW = re.compile(r"^\| ([0-9][0-9, /]*) \|", re.MULTILINE)
BOOKS_WORD = re.compile(
    r'\bcodes? "?(\d{1,6})\b|\*\*(\d{2,6})\*\* (?:daily|per-minute|concurrency)|/(\d{4})\b(?= \()'
)


def in_crm_dossier() -> set[str]:
    """Words in capitals: CRM names every code so."""
    return set(WORD.findall((ZOHO / "crm.md").read_text()))


def in_token_dossier() -> set[str]:
    """What the token endpoint puts into `error`."""
    found = TOKEN_WORD.findall((ZOHO / "crm.md").read_text())
    return {(one or other).lower().replace(" ", "_") for one, other in found}


def in_books_dossier() -> set[str]:
    """The table of codes, and every `code N` before Campaigns, another product."""
    text = (ZOHO / "books.md").read_text().split("\n## 12.")[0]
    rows = {code for row in BOOKS_ROW.findall(text) for code in re.findall(r"\d+", row)}
    return rows | {code for found in BOOKS_WORD.findall(text) for code in found if code}


def in_openapi(folder: str) -> set[str]:
    """Every value that a property named `code` may have, by schema or by example."""
    found: set[str] = set()
    for path in sorted((ZOHO / "openapi" / folder).iterdir()):
        text = path.read_text()
        found |= set(
            _codes(json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader))
        )
    return found


def _codes(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _codes(one)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("code"), str | int):
        yield str(node["code"])
    properties = node.get("properties")
    code = properties.get("code") if isinstance(properties, dict) else None
    if isinstance(code, dict):
        yield from map(str, code.get("enum", ()))
        yield from (str(code[key]) for key in ("const", "example", "default") if key in code)
    for one in node.values():
        yield from _codes(one)


def test_the_dossiers_are_read_at_all() -> None:
    """A pattern that finds nothing would let everything pass."""
    assert {"INVALID_DATA", "ALREADY_MODIFIED", "OAUTH_SCOPE_MISMATCH", "NOT_SUBSCRIBED"} <= in_crm_dossier()
    assert {"2", "14", "43", "44", "45", "57", "1070", "3062", "108004"} | UNEXPLAINED <= in_books_dossier()
    assert {"invalid_code", "invalid_client", "access_denied", "missing_org_info"} <= in_token_dossier()
    assert len(in_openapi("crm")) > 90
    assert "0" in in_openapi("books")


@pytest.mark.parametrize("named", [in_crm_dossier, lambda: in_openapi("crm")], ids=["dossier", "openapi"])
def test_every_crm_code_has_a_row(named: Any) -> None:
    """Or is no error, with the reason."""
    assert sorted(named() - set(rules.CRM) - set(NO_ERRORS) - set(REASONS)) == []


@pytest.mark.parametrize("named", [in_books_dossier, lambda: in_openapi("books")], ids=["dossier", "openapi"])
def test_every_books_code_has_a_row(named: Any) -> None:
    """Or no meaning that anybody knows."""
    assert sorted(named() - set(rules.BOOKS) - set(NO_ERRORS) - set(NOT_OURS) - UNEXPLAINED) == []


def test_every_token_error_has_a_row() -> None:
    """Spelt as `check_token` spells it."""
    assert sorted(in_token_dossier() - set(rules.TOKEN)) == []


def test_no_row_is_invented() -> None:
    """Each stands in a source; the exceptions too."""
    crm, books = in_crm_dossier() | in_openapi("crm"), in_books_dossier() | in_openapi("books")
    assert sorted(set(rules.CRM) - crm) == []
    assert sorted(set(rules.BOOKS) - books) == []
    assert sorted((set(NO_ERRORS) | set(REASONS) | set(NOT_OURS) | UNEXPLAINED) - crm - books) == []
    assert set(NO_ERRORS) >= rules.SUCCESSES
