"""One token for all workers of an org, over HTTP against the local Zoho: every token call is counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tandem.adapters.memory.table import MemoryTable
from tandem.adapters.zoho.auth import Credentials, ZohoAuth
from tandem.adapters.zoho.endpoints import ENDPOINTS, Product
from tandem.adapters.zoho.parse import now
from tandem.adapters.zoho.tokens import TableTokenStore
from tandem.adapters.zoho.transport import Call, Transport
from tandem.core.errors import RateLimitedError, TokenRevokedError
from tests.zoho.house import Zoho

ORG = Call(ENDPOINTS["crm.org"])
ORGANIZATIONS = Call(ENDPOINTS["books.organizations"])
CALLS: dict[Product, Call] = {"crm": ORG, "books": ORGANIZATIONS}
TEN = 10


class Org(Zoho):
    """A sandbox with its clock at ours, a State table, and as many workers as wanted: each a process of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta(0)
        self.table = MemoryTable()
        self.slept = 0.0

    def now(self) -> datetime:
        return now() + self.ahead

    async def step(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        await super().step(seconds)

    async def sleep(self, seconds: float) -> None:
        """Wait for another worker: no time passes, all others go on."""
        self.slept += seconds
        for _ in range(50):
            await asyncio.sleep(0)

    def worker(
        self, product: Product = "crm", *, org: str = "", refresh_token: str = "1000.refresh"
    ) -> Transport:
        named = org or (self.hosts.crm_org if product == "crm" else self.hosts.organization_id)
        auth = ZohoAuth(
            product=product,
            token_url=self.hosts.token_url(),
            store=TableTokenStore(self.table, "in", product, named, _Clock(self)),
            credentials=lambda: Credentials("an id", "a secret", refresh_token),
            clock=self.now,
            sleep=self.sleep,
        )
        return Transport(
            self.http,
            self.gate,
            product=product,
            endpoints=self.hosts,
            auth=auth,
            clock=self.now,
            sleep=self.sleep,
        )

    async def ends(self, *workers: Transport) -> Counter[str]:
        """How each worker's call ended, all at once."""
        calls = (one.send(CALLS[one.product]) for one in workers)
        found = await asyncio.gather(*calls, return_exceptions=True)
        return Counter(type(one).__name__ for one in found)

    async def counts(self) -> tuple[int, int]:
        """(token calls, calls of the products) so far, as the sandbox's log has them."""
        log = await self.control("GET", "/requests?limit=1")
        by: dict[str, Any] = log["by_product"]
        return by.get("accounts", 0), by.get("crm", 0) + by.get("books", 0)


class _Clock:
    def __init__(self, org: Org) -> None:
        self.now = org.now


@pytest.fixture
async def org() -> AsyncIterator[Org]:
    """One org with an empty State table."""
    house = Org()
    await house.open()
    yield house
    await house.http.aclose()


async def test_ten_workers_at_once_fetch_one_token(org: Org) -> None:
    """One holds the lock, nine wait for what it saves."""
    assert await org.ends(*(org.worker() for _ in range(TEN))) == {"Answer": TEN}
    assert await org.counts() == (1, TEN)


async def test_a_token_serves_all_until_shortly_before_its_end(org: Org) -> None:
    """Five minutes before: the next ten workers fetch one more."""
    await org.ends(org.worker())
    await org.step(3290)
    await org.ends(*(org.worker() for _ in range(TEN)))
    assert await org.counts() == (1, 1 + TEN)
    await org.step(20)
    assert await org.ends(*(org.worker() for _ in range(TEN))) == {"Answer": TEN}
    assert await org.counts() == (2, 1 + 2 * TEN)


@pytest.mark.parametrize("product", ["crm", "books"])
async def test_a_token_that_died_is_refreshed_once_for_all(org: Org, product: Product) -> None:
    """Each worker is refused once, then all go on with the one new token."""
    workers = [org.worker(product) for _ in range(TEN)]
    await org.ends(*workers)
    await org.control("PUT", "/tokens", {"drop_access_tokens": True})
    assert await org.ends(*workers) == {"Answer": TEN}
    assert await org.counts() == (2, 3 * TEN)


async def test_a_missing_scope_never_fetches_a_token(org: Org) -> None:
    """OAUTH_SCOPE_MISMATCH: one call for each worker, no second one, however often it is tried."""
    workers = [org.worker() for _ in range(TEN)]
    await org.ends(*workers)
    await org.fault("scope_mismatch", product="crm", count=3 * TEN)
    for _ in range(3):
        assert await org.ends(*workers) == {"ForbiddenError": TEN}
    assert await org.counts() == (1, 4 * TEN)


async def test_code_57_without_end_fetches_five_tokens_among_all_workers(org: Org) -> None:
    """Half of what Zoho grants, however many workers try it; the engine stops the connection at the first."""
    workers = [org.worker("books") for _ in range(TEN)]
    await org.ends(*workers)
    await org.fault("scope_mismatch", product="books", count=1000)
    for _ in range(3):
        assert await org.ends(*workers) == {"ForbiddenError": TEN}
        assert (await org.counts())[0] == 1 + 5
    await org.control("DELETE", "/faults")
    assert await org.ends(*workers) == {"Answer": TEN}
    assert (await org.counts())[0] == 1 + 5


async def test_code_57_costs_one_worker_one_token(org: Org) -> None:
    """It may be a stale token, so one is fetched; refused as well, it is for a person."""
    worker = org.worker("books")
    await org.ends(worker)
    await org.fault("scope_mismatch", product="books", count=1000)
    assert await org.ends(worker) == {"ForbiddenError": 1}
    assert await org.counts() == (1 + 1, 1 + 2)


async def test_a_revoked_token_is_asked_for_once(org: Org) -> None:
    """One worker hears it, with what to do; the others find the lock taken and come back later."""
    await org.ends(org.worker())
    await org.fault("token_revoked", count=100)
    assert await org.ends(*(org.worker() for _ in range(TEN))) == {
        "TokenRevokedError": 1,
        "RateLimitedError": TEN - 1,
    }
    assert await org.counts() == (2, 1 + TEN)
    await org.step(21)
    with pytest.raises(TokenRevokedError, match="tandem connect"):
        await org.worker().send(ORG)
    assert (await org.counts())[0] == 3


async def test_the_token_endpoint_is_asked_ten_times_in_ten_minutes(org: Org) -> None:
    """Ten orgs of one grant use them up; the eleventh is denied, and until ten minutes later asks no more."""
    await org.control("PUT", "/limits", {"tokens_per_ten_minutes": TEN})
    others = [org.worker(org=str(number)) for number in range(1, TEN + 1)]
    assert await org.ends(*others) == {"Answer": TEN}
    assert (await org.counts())[0] == TEN
    with pytest.raises(RateLimitedError) as caught:
        await org.worker().send(ORG)
    assert caught.value.kind == "token"
    assert 590 < caught.value.retry_after <= 600
    for seconds in (1, 300, 290):
        await org.step(seconds)
        assert await org.ends(*(org.worker() for _ in range(TEN))) == {"RateLimitedError": TEN}
    assert (await org.counts())[0] == TEN + 1
    await org.step(10)
    assert await org.ends(*(org.worker() for _ in range(TEN))) == {"Answer": TEN}
    assert (await org.counts())[0] == TEN + 2


async def test_a_failing_token_endpoint_is_asked_once_a_minute(org: Org) -> None:
    """All workers share the pause."""
    await org.fault("accounts_down", count=100)
    await org.ends(*(org.worker() for _ in range(TEN)))
    await org.step(30)
    await org.ends(*(org.worker() for _ in range(TEN)))
    assert await org.counts() == (1, 0)
    await org.step(31)
    await org.ends(*(org.worker() for _ in range(TEN)))
    assert await org.counts() == (2, 0)


async def test_two_orgs_never_share_a_token(org: Org) -> None:
    """Each has its row, whatever else they share."""
    await org.ends(org.worker(org="1", refresh_token="1000.a"), org.worker(org="2", refresh_token="1000.b"))
    assert await org.counts() == (2, 2)
    rows = [org.table.get(f"TOKEN#in#crm#{name}", "TOKEN") for name in ("1", "2")]
    assert len({row["value"] for row in rows if row}) == len(rows)
    assert await org.ends(org.worker("books")) == {"Answer": 1}
    assert await org.counts() == (3, 3)
