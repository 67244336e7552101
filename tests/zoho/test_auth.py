"""One token for all: minted by one holder, reused to its end, refreshed once, never in a storm."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tandem.adapters.zoho.auth import Credentials, Token, ZohoAuth
from tandem.adapters.zoho.endpoints import ENDPOINTS, Product
from tandem.adapters.zoho.transport import Call, Transport
from tandem.core.errors import ForbiddenError, RateLimitedError, TokenRevokedError, TransientError
from tests.zoho.support import ENDPOINTS as HOSTS
from tests.zoho.support import NOW, FarSide, MemoryTokens, Moments, RecordingGate, reply, transport_to

TOKEN = ("POST", "/oauth/v2/token")
ORG = ("GET", "/crm/v8/org")
WHO = ("GET", "/books/v3/organizations")
UPDATE = ("PUT", "/crm/v8/Accounts/1")
READ = Call(ENDPOINTS["crm.org"])
WRITE = Call(ENDPOINTS["crm.update"], {"module": "Accounts", "id": "1"}, body={})
FINE = {"org": [{"id": "1"}]}
STALE = {"code": "INVALID_TOKEN", "details": {}, "message": "invalid oauth token", "status": "error"}


def minted(value: str, **more: Any) -> httpx.Response:
    """A fresh token as Zoho answers it."""
    return reply(200, {"access_token": value, "expires_in": 3600, "token_type": "Bearer"} | more)


class House:
    """A far side, a clock, a store, and as many callers as wanted."""

    def __init__(self, far: FarSide) -> None:
        self.far = far
        self.clock = Moments()
        self.store = MemoryTokens(self.clock)
        self.asked = 0

    def credentials(self) -> Credentials:
        self.asked += 1
        return Credentials("an id", "a secret", "1000.refresh")

    def caller(self, product: Product = "crm", gate: RecordingGate | None = None) -> Transport:
        auth = ZohoAuth(
            product=product,
            token_url=HOSTS.token_url(),
            store=self.store,
            credentials=self.credentials,
            clock=self.clock,
            sleep=self.sleep,
        )
        return transport_to(self.far, product, auth=auth, clock=self.clock, gate=gate)

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        await asyncio.sleep(0)

    def has(self, value: str, *, age: float = 0, life: float = 3600) -> Token:
        at = self.clock() - timedelta(seconds=age)
        self.store.token = Token(value, at, at + timedelta(seconds=life))
        return self.store.token

    def sent(self) -> list[str]:
        return self.far.signed


@pytest.fixture
def house(far: FarSide) -> House:
    """A house with an empty store."""
    return House(far)


async def test_the_first_call_mints_and_the_next_reuse(house: House) -> None:
    """Also a caller that never minted: the token lies in the store."""
    house.far.expect(*TOKEN, minted("t1")).expect(*ORG, *[reply(200, FINE) for _ in range(3)])
    one = house.caller()
    await one.send(READ)
    await one.send(READ)
    await house.caller().send(READ)
    assert house.sent() == ["mint", *["Zoho-oauthtoken t1"] * 3]
    assert (house.store.saves, house.asked) == (1, 1)


async def test_secrets_go_in_the_body(house: House) -> None:
    """Never in a query, where every log on the way would keep them."""
    house.far.expect(*TOKEN, minted("t1")).expect(*ORG, reply(200, FINE))
    await house.caller().send(READ)
    request = house.far.seen[0]
    assert not request.url.query
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["an id"],
        "client_secret": ["a secret"],
        "refresh_token": ["1000.refresh"],
    }
    assert request.extensions["timeout"]["read"]


@pytest.mark.parametrize(("age", "mints"), [(3299, False), (3300, True), (3601, True)])
async def test_a_token_is_used_until_five_minutes_before_its_end(house: House, age: int, mints: bool) -> None:
    """Then a new one is fetched beforehand."""
    house.has("old", age=age)
    if mints:
        house.far.expect(*TOKEN, minted("new"))
    house.far.expect(*ORG, reply(200, FINE))
    await house.caller().send(READ)
    assert house.sent()[-1] == f"Zoho-oauthtoken {'new' if mints else 'old'}"


async def test_old_answers_give_the_life_in_another_key(house: House) -> None:
    """`expires_in_sec`, while `expires_in` is milliseconds (dossier crm §1)."""
    house.far.expect(*TOKEN, minted("t1", expires_in=3600000, expires_in_sec=3600)).expect(
        *ORG, reply(200, FINE)
    )
    await house.caller().send(READ)
    assert house.store.token
    assert house.store.token.expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("code", ["INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE"])
async def test_a_refused_token_is_refreshed_once(house: House, code: str) -> None:
    """And the call is sent again, also a write: the refusal proves that nothing was done."""
    house.has("old")
    house.far.expect(*UPDATE, reply(401, STALE | {"code": code})).expect(*TOKEN, minted("new"))
    house.far.expect(*UPDATE, reply(200, {"data": []}))
    await house.caller().send(WRITE)
    assert house.sent() == ["Zoho-oauthtoken old", "mint", "Zoho-oauthtoken new"]


@pytest.mark.parametrize("code", [57, "14"])
async def test_books_refusals_are_refreshed_once_too(house: House, code: object) -> None:
    """Code 57 and 14 with HTTP 401; a second one is for a person."""
    house.has("old")
    house.far.expect(*WHO, reply(401, {"code": code})).expect(*TOKEN, minted("new"))
    house.far.expect(*WHO, reply(401, {"code": code}))
    with pytest.raises(ForbiddenError, match=str(code)):
        await house.caller("books").send(Call(ENDPOINTS["books.organizations"]))


@pytest.mark.parametrize("code", ["OAUTH_SCOPE_MISMATCH", "NO_PERMISSION"])
async def test_a_scope_is_never_mended_by_a_refresh(house: House, code: str) -> None:
    """It stops the connection at once."""
    house.has("t")
    house.far.expect(*ORG, reply(401, STALE | {"code": code}))
    with pytest.raises(ForbiddenError):
        await house.caller().send(READ)


async def test_no_refresh_when_the_stored_token_is_newer(house: House) -> None:
    """Another caller has done it already."""
    house.has("old", age=100)
    caller = house.caller()
    house.far.expect(*ORG, reply(200, FINE))
    await caller.send(READ)
    house.has("new")
    house.far.expect(*ORG, reply(401, STALE), reply(200, FINE))
    await caller.send(READ)
    assert house.sent()[1:] == ["Zoho-oauthtoken old", "Zoho-oauthtoken new"]


async def test_a_newer_stored_token_may_be_stale_too(house: House) -> None:
    """Then one is minted, and no second one."""
    house.has("old", age=100)
    caller = house.caller()
    house.far.expect(*ORG, reply(200, FINE))
    await caller.send(READ)
    house.has("new")
    house.far.expect(*ORG, reply(401, STALE), reply(401, STALE)).expect(*TOKEN, minted("newest"))
    house.far.expect(*ORG, reply(401, STALE))
    with pytest.raises(ForbiddenError):
        await caller.send(READ)
    assert house.sent()[1:] == [
        f"Zoho-oauthtoken {t}" if t != "mint" else t for t in ("old", "new", "mint", "newest")
    ]


async def test_a_token_minted_for_the_call_is_not_replaced(house: House) -> None:
    """A fresh one refused is for a person."""
    house.far.expect(*TOKEN, minted("t1")).expect(*ORG, reply(401, STALE))
    with pytest.raises(ForbiddenError):
        await house.caller().send(READ)


async def test_an_older_stored_token_does_not_come_back(house: House) -> None:
    """A store that lags must not undo a refresh."""
    old = house.has("old", age=100)
    caller = house.caller()
    house.far.expect(*ORG, reply(401, STALE)).expect(*TOKEN, minted("new")).expect(*ORG, reply(200, FINE))
    await caller.send(READ)
    house.store.token = old
    house.far.expect(*ORG, reply(401, STALE)).expect(*TOKEN, minted("newest")).expect(*ORG, reply(200, FINE))
    await caller.send(READ)
    assert house.sent()[-1] == "Zoho-oauthtoken newest"


async def test_many_callers_mint_once(house: House) -> None:
    """The others wait for the holder and use what it saves."""

    async def slowly() -> httpx.Response:
        for _ in range(10):
            await asyncio.sleep(0)
        return minted("t1")

    house.far.expect(*TOKEN, lambda _request: slowly()).expect(*ORG, *[reply(200, FINE) for _ in range(8)])
    callers = [house.caller() for _ in range(4)]
    await asyncio.gather(*(caller.send(READ) for caller in callers for _ in range(2)))
    assert house.store.saves == 1
    assert house.sent().count("mint") == 1


async def test_a_holder_that_never_ends_is_not_waited_for(house: House) -> None:
    """About two seconds, then quota: the engine comes back later."""
    house.store.try_lock("another", NOW + timedelta(minutes=1))
    with pytest.raises(RateLimitedError) as caught:
        await house.caller().send(READ)
    assert caught.value.kind == "token"
    assert 1.5 <= sum(house.clock.slept) <= 2.5


async def test_what_the_last_holder_saved_is_used(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have saved between our look and our lock; the lock is freed at once."""
    lock = house.store.try_lock

    def saved_meanwhile(holder: str, until: datetime) -> bool:
        house.has("theirs")
        return lock(holder, until)

    monkeypatch.setattr(house.store, "try_lock", saved_meanwhile)
    house.far.expect(*ORG, reply(200, FINE))
    await house.caller().send(READ)
    assert house.sent() == ["Zoho-oauthtoken theirs"]
    assert house.store.until <= house.clock()


async def test_a_dead_holder_is_replaced(house: House) -> None:
    """Its lock ends by itself."""
    house.store.try_lock("dead", NOW - timedelta(seconds=1))
    house.far.expect(*TOKEN, minted("t1")).expect(*ORG, reply(200, FINE))
    await house.caller().send(READ)


async def test_a_failed_refresh_frees_the_lock(house: House) -> None:
    """Nothing was sent, so a write is not in doubt, and the next call tries at once."""
    house.far.expect(*TOKEN, httpx.ReadError("x"))
    with pytest.raises(TransientError):
        await house.caller().send(WRITE)
    assert house.store.until <= house.clock()
    house.far.expect(*TOKEN, minted("t1")).expect(*UPDATE, reply(200, {"data": []}))
    await house.caller().send(WRITE)


async def test_a_revoked_token_says_how_to_reconnect(house: House) -> None:
    """HTTP 200 notwithstanding."""
    house.far.expect(*TOKEN, reply(200, {"error": "invalid_code"}))
    with pytest.raises(TokenRevokedError, match="reconnect"):
        await house.caller().send(READ)


async def test_a_throttled_token_endpoint_is_left_alone_by_all(house: House) -> None:
    """The block is stored: until it ends nobody asks, but a token that still lives is used."""
    told = {
        "error": "Access Denied",
        "error_description": "too many requests continuously",
        "status": "failure",
    }
    house.far.expect(*TOKEN, reply(200, told))
    for waits in (600, 500):
        with pytest.raises(RateLimitedError) as caught:
            await house.caller().send(READ)
        assert (caught.value.kind, caught.value.retry_after) == ("token", waits)
        house.clock.step(100)
    house.store.token = replace(house.has("t"), blocked_until=house.clock() + timedelta(seconds=400))
    house.far.expect(*ORG, reply(200, FINE))
    await house.caller().send(READ)
    house.clock.step(3600)
    house.far.expect(*TOKEN, minted("t2")).expect(*ORG, reply(200, FINE))
    await house.caller().send(READ)


@pytest.mark.parametrize("answer", [reply(500), reply(200, {"error": "general_error"}), reply(502, None)])
async def test_a_failing_token_endpoint_gets_a_minute(house: House, answer: httpx.Response) -> None:
    """Ten tries would use up ten minutes."""
    house.far.expect(*TOKEN, answer)
    with pytest.raises(TransientError):
        await house.caller().send(WRITE)
    with pytest.raises(RateLimitedError):
        await house.caller().send(WRITE)


async def test_refusals_without_end_stop_refreshing(house: House) -> None:
    """A wrong scope that looks like a stale token costs five tokens, not ten in ten minutes."""
    caller = house.caller("books")
    house.has("t0")
    who = Call(ENDPOINTS["books.organizations"])
    for turn in range(1, 6):
        house.far.expect(*WHO, reply(401, {"code": 57})).expect(*TOKEN, minted(f"t{turn}"))
        house.far.expect(*WHO, reply(401, {"code": 57}))
        with pytest.raises(ForbiddenError):
            await caller.send(who)
        house.clock.step(1)
    house.far.expect(*WHO, reply(401, {"code": 57}))
    with pytest.raises(ForbiddenError):
        await caller.send(who)
    assert house.sent().count("mint") == 5


async def test_both_sendings_pass_the_gate(house: House) -> None:
    """A refused call was a call."""
    gate = RecordingGate()
    house.has("old")
    house.far.expect(*ORG, reply(401, STALE)).expect(*TOKEN, minted("new")).expect(*ORG, reply(200, FINE))
    await house.caller(gate=gate).send(READ)
    assert gate.admitted == ["crm", "crm"]
    assert [(told["status"], told["code"]) for told in gate.told] == [(401, "INVALID_TOKEN"), (200, "")]


def test_secrets_are_never_shown() -> None:
    """Neither the token nor the credentials appear in a repr."""
    shown = repr(Token("hidden")) + repr(Credentials("hidden", "hidden", "hidden"))
    assert "hidden" not in shown


def test_the_flow_is_asynchronous_only() -> None:
    """A synchronous client would block the loop."""
    house = House(FarSide())
    auth = ZohoAuth(product="crm", token_url="http://x", store=house.store, credentials=house.credentials)
    with pytest.raises(RuntimeError):
        auth.sync_auth_flow(httpx.Request("GET", "http://x"))
