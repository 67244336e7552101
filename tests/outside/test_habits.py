"""Habits of clients that the sandbox must bear, each alone and over plain HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.outside.support import Zoho

TOKEN: dict[str, str] = {
    "grant_type": "refresh_token",
    "client_id": "c",
    "client_secret": "s",
    "refresh_token": "1000.r",
}
IN_MULTIPART = {name: (None, value) for name, value in TOKEN.items()}


@pytest.mark.parametrize(
    "body",
    [{"params": TOKEN}, {"data": TOKEN}, {"files": IN_MULTIPART}],
    ids=["query", "urlencoded", "multipart"],
)
def test_a_token_is_asked_for_in_three_ways(zoho: Zoho, body: dict[str, Any]) -> None:
    """And the answer names the sandbox's own URL as `api_domain`."""
    answer = httpx.post(f"{zoho.url}/oauth/v2/token", **body).json()
    assert answer["access_token"].startswith("1000.")
    assert answer["api_domain"] == zoho.url


@pytest.mark.parametrize("scheme", ["Zoho-oauthtoken", "Bearer"])
@pytest.mark.parametrize(("slash", "ampersand"), [("", ""), ("/", ""), ("", "&"), ("/", "&")])
def test_both_schemes_no_content_type_and_a_loose_end_are_borne(
    zoho: Zoho, scheme: str, slash: str, ampersand: str
) -> None:
    """A JSON body without Content-Type, a path that ends in a slash, a query that ends in `&`."""
    token = httpx.post(f"{zoho.url}/oauth/v2/token", data=TOKEN).json()["access_token"]
    org = f"organization_id={zoho.control('GET', '/health')['books_organization_id']}"
    with httpx.Client(base_url=zoho.url, headers={"Authorization": f"{scheme} {token}"}) as client:
        crm = client.post(
            f"/crm/v8/Accounts{slash}?x=1{ampersand}", content=b'{"data": [{"Account_Name": "Loose"}]}'
        )
        books = client.post(
            f"/books/v3/contacts{slash}?{org}{ampersand}", content=b'{"contact_name": "Loose"}'
        )
    assert (crm.status_code, crm.json()["data"][0]["code"]) == (201, "SUCCESS")
    assert (books.status_code, books.json()["code"]) == (201, 0)
    assert [row["Account_Name"] for row in zoho.held("crm", "Accounts").values()] == ["Loose"]
    assert [row["contact_name"] for row in zoho.held("books", "contacts").values()] == ["Loose"]


@pytest.mark.parametrize("body", [b"", b"   ", b"{}"], ids=["nothing", "blanks", "an empty object"])
def test_an_empty_body_is_refused_and_survived(zoho: Zoho, body: bytes) -> None:
    """A write of nothing answers 400 in each product's own form, and nothing is held."""
    token = httpx.post(f"{zoho.url}/oauth/v2/token", data=TOKEN).json()["access_token"]
    org = f"organization_id={zoho.control('GET', '/health')['books_organization_id']}"
    with httpx.Client(base_url=zoho.url, headers={"Authorization": f"Zoho-oauthtoken {token}"}) as client:
        crm = client.post("/crm/v8/Accounts", content=body)
        books = client.post(f"/books/v3/contacts?{org}", content=body)
    assert (crm.status_code, crm.json()["status"]) == (400, "error")
    assert (books.status_code, books.json()["code"] != 0) == (400, True)
    assert zoho.held("crm", "Accounts") == zoho.held("books", "contacts") == {}
