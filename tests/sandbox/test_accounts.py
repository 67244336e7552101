"""The accounts server (CRM dossier 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.conftest import Maker, Zoho

REFRESH = {"grant_type": "refresh_token", "client_id": "c", "client_secret": "s", "refresh_token": "1000.b"}


async def test_refresh_is_read_from_query_form_and_multipart(zoho: Zoho) -> None:
    """Token parameters work in the query, in a form and in a multipart body."""
    for kwargs in (
        {"params": REFRESH},
        {"data": REFRESH},
        {"files": {k: (None, v) for k, v in REFRESH.items()}},
    ):
        body = (await zoho.http.post("/oauth/v2/token", **kwargs)).json()
        assert body["access_token"].startswith("1000.")
        assert body["api_domain"] == "http://sandbox"
        assert body["expires_in"] == 3600
        assert "refresh_token" not in body


async def test_a_wrong_refresh_token_answers_200_with_an_error(zoho: Zoho) -> None:
    """OAuth errors come with HTTP 200."""
    answer = await zoho.http.post("/oauth/v2/token", params={**REFRESH, "refresh_token": "nonsense"})
    assert (answer.status_code, answer.json()) == (200, {"error": "invalid_code"})


async def test_a_grant_code_works_once(zoho: Zoho) -> None:
    """A code gives a refresh token, and then invalid_code."""
    form = {"grant_type": "authorization_code", "client_id": "c", "client_secret": "s", "code": "1000.x"}
    first = (await zoho.http.post("/oauth/v2/token", data=form)).json()
    assert first["refresh_token"].startswith("1000.")
    assert (await zoho.http.post("/oauth/v2/token", data=form)).json() == {"error": "invalid_code"}


async def test_an_access_token_lives_an_hour(zoho: Zoho) -> None:
    """After 3600 s the token is INVALID_TOKEN."""
    zoho.step(3599)
    assert (await zoho.crm("GET", "/org")).status_code == 200
    zoho.step(2)
    answer = await zoho.crm("GET", "/org")
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")


async def test_the_eleventh_refresh_in_ten_minutes_is_denied(zoho: Zoho) -> None:
    """Throttling is 10 per 10 minutes and refresh token, with HTTP 200."""
    await zoho.control("PUT", "/limits", {"tokens_per_ten_minutes": 10})
    for _ in range(10):
        assert "access_token" in await zoho.login("1000.t")
    assert (await zoho.login("1000.t"))["error"] == "Access Denied"
    zoho.step(601)
    assert "access_token" in await zoho.login("1000.t")


async def test_a_revoked_token_stops_refresh_and_calls(zoho: Zoho) -> None:
    """Revocation takes the access tokens along."""
    await zoho.control("PUT", "/tokens", {"refresh_token": "1000.a", "revoked": True})
    assert (await zoho.crm("GET", "/org")).status_code == 401
    assert await zoho.login("1000.a") == {"error": "invalid_code"}


async def test_a_token_without_the_scope_is_refused_by_name(zoho: Zoho) -> None:
    """A missing scope is OAUTH_SCOPE_MISMATCH in CRM and code 57 in Books."""
    scopes = ["ZohoCRM.modules.Accounts.READ", "ZohoBooks.settings.READ"]
    await zoho.control("PUT", "/tokens", {"refresh_token": "1000.few", "scopes": scopes})
    await zoho.login("1000.few")
    assert (await zoho.crm("GET", "/Accounts", params={"fields": "id"})).status_code == 204
    refused = await zoho.crm("GET", "/Contacts", params={"fields": "id"})
    assert (refused.status_code, refused.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")
    books = await zoho.books("GET", "/contacts")
    assert (books.status_code, books.json()["code"]) == (401, 57)


async def test_the_sixteenth_token_kills_the_oldest(zoho: Zoho) -> None:
    """Fifteen access tokens of one refresh token are live at a time."""
    first = zoho.token
    for _ in range(14):
        await zoho.login("1000.a")
    zoho.token = first
    assert (await zoho.crm("GET", "/org")).status_code == 200
    await zoho.login("1000.a")
    zoho.token = first
    assert (await zoho.crm("GET", "/org")).status_code == 401


async def _exchange(zoho: Zoho, number: int) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "client_id": "c",
        "client_secret": "s",
        "code": f"1000.{number}",
    }
    body: dict[str, Any] = (await zoho.http.post("/oauth/v2/token", data=form)).json()
    return body


async def test_the_twenty_first_refresh_token_ends_the_oldest(zoho: Zoho) -> None:
    """And its access tokens, in silence."""
    tokens = [await _exchange(zoho, n) for n in range(20)]
    zoho.token = tokens[0]["access_token"]
    assert (await zoho.crm("GET", "/org")).status_code == 200
    await _exchange(zoho, 20)
    assert (await zoho.crm("GET", "/org")).status_code == 401
    assert await zoho.login(tokens[0]["refresh_token"]) == {"error": "invalid_code"}
    assert "access_token" in await zoho.login(tokens[1]["refresh_token"])


async def test_a_refresh_token_and_an_access_token_can_be_revoked(zoho: Zoho) -> None:
    """Over the accounts server; a token that is none is refused."""
    url = "/oauth/v2/token/revoke"
    assert (await zoho.http.post(url, params={"token": zoho.token})).json() == {"status": "success"}
    assert (await zoho.crm("GET", "/org")).status_code == 401
    await zoho.login()
    assert (await zoho.http.post(url, params={"token": "1000.a"})).status_code == 200
    assert (await zoho.crm("GET", "/org")).status_code == 401
    assert await zoho.login() == {"error": "invalid_code"}
    assert (await zoho.http.post(url, params={"token": "1000.a.b"})).status_code == 400


async def test_a_strict_sandbox_knows_its_clients_and_tokens(make_zoho: Maker) -> None:
    """By default any client and any token that begins with 1000. will do; strictly only those made known."""
    zoho = await make_zoho(strict=True)
    assert await zoho.login("1000.new") == {"error": "invalid_client"}
    await zoho.control("PUT", "/tokens", {"client_id": "c", "client_secret": "s"})
    assert await zoho.login("1000.new") == {"error": "invalid_code"}
    await zoho.control("PUT", "/tokens", {"refresh_token": "1000.new"})
    assert "access_token" in await zoho.login("1000.new")
    await zoho.control("PUT", "/tokens", {"client_id": "c", "client_secret": "other"})
    assert await zoho.login("1000.new") == {"error": "invalid_client_secret"}
