"""The clients under every fault of the local Zoho: sent once, its meaning told, nothing escapes untyped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tandem.core.errors import (
    BadInputError,
    ForbiddenError,
    RateLimitedError,
    RefusedError,
    TandemError,
    TokenRevokedError,
    TransientError,
    UnknownOutcomeError,
)
from tests.zoho.house import Zoho
from tests.zoho.support import ACCOUNTS, CUSTOMERS


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("error_before_commit", UnknownOutcomeError),
            ("error_after_commit", UnknownOutcomeError),
            ("timeout", UnknownOutcomeError),
            ("timeout_after_commit", UnknownOutcomeError),
            ("disconnect", UnknownOutcomeError),
            ("html_error", UnknownOutcomeError),
            ("rate_minute", RateLimitedError),
            ("rate_day", RateLimitedError),
            ("rate_in_flight", RateLimitedError),
            ("scope_mismatch", ForbiddenError),
        ],
    )
    async def test_a_write_under_each_fault(self, zoho: Zoho, fault: str, error: type[TandemError]) -> None:
        """Sent once, and its meaning told, on both sides."""
        account, customer = await zoho.account(), await zoho.customer()
        writes: dict[str, Callable[[], Awaitable[object]]] = {
            "crm": lambda: zoho.crm.update(ACCOUNTS, account, {"Phone": "1"}),
            "books": lambda: zoho.books.update(CUSTOMERS, customer, {"notes": "1"}),
        }
        for product, write in writes.items():
            # Code 57 may mean a stale token too, so that Books is asked twice.
            await zoho.fault(fault, product=product, count=2)
            with pytest.raises(error):
                await write()
            await zoho.control("DELETE", "/faults")

    @pytest.mark.parametrize("fault", ["error_before_commit", "html_error", "crm_down", "disconnect"])
    async def test_a_read_outlives_a_passing_fault(self, zoho: Zoho, fault: str) -> None:
        """Once."""
        account = await zoho.account()
        await zoho.fault(fault, product="crm", count=1)
        assert account in (await zoho.crm.read(ACCOUNTS, [account])).bodies
        await zoho.fault(fault, product="crm", count=2)
        with pytest.raises(TransientError):
            await zoho.crm.read(ACCOUNTS, [account])

    async def test_throttling_on_http_200(self, zoho: Zoho) -> None:
        """Code 43."""
        customer = await zoho.customer()
        await zoho.fault("books_43_on_200")
        with pytest.raises(RateLimitedError):
            await zoho.books.confirm(CUSTOMERS, customer)

    async def test_a_dropped_token_is_refreshed_unseen(self, zoho: Zoho) -> None:
        """On both sides."""
        account, customer = await zoho.account(), await zoho.customer()
        for _ in range(2):
            await zoho.fault("invalid_token")
            assert account in (await zoho.crm.read(ACCOUNTS, [account])).bodies
            await zoho.fault("invalid_token")
            assert await zoho.books.confirm(CUSTOMERS, customer)

    async def test_a_revoked_token_stops(self, zoho: Zoho) -> None:
        """With the sentence how to reconnect."""
        account = await zoho.account()
        await zoho.fault("token_revoked", count=10)
        with pytest.raises(TokenRevokedError, match="reconnect"):
            await zoho.crm.read(ACCOUNTS, [account])

    async def test_a_throttled_token_endpoint_waits(self, zoho: Zoho) -> None:
        """And is left alone."""
        await zoho.fault("token_throttled", count=1)
        for _ in range(3):
            with pytest.raises(RateLimitedError):
                await zoho.crm.org()

    async def test_the_real_limits_are_told_not_run_into_twice(self, zoho: Zoho) -> None:
        """101 calls in a minute: the last is quota, with a time to wait."""
        await zoho.control("PUT", "/limits", {"mode": "real"})
        customer = await zoho.customer()
        for _ in range(99):
            await zoho.books.confirm(CUSTOMERS, customer)
        with pytest.raises(RateLimitedError) as caught:
            await zoho.books.confirm(CUSTOMERS, customer)
        assert caught.value.kind == "minute"
        assert caught.value.retry_after >= 1

    async def test_a_refused_record_is_refused_alone(self, zoho: Zoho) -> None:
        """Whatever code the far side has for it."""
        account = await zoho.account()
        await zoho.fault(
            "refuse_record", product="crm", match={"record_id": account}, code="NOT_ALLOWED", message="no"
        )
        with pytest.raises(RefusedError):
            await zoho.crm.update(ACCOUNTS, account, {"Phone": "1"})


async def test_what_is_not_sent_to_the_sandbox_either(zoho: Zoho) -> None:
    """The client refuses before any call leaves."""
    seen = len(zoho.gate.admitted)
    with pytest.raises(BadInputError):
        await zoho.books.update(CUSTOMERS, "12", {"contact_persons": []})
    assert len(zoho.gate.admitted) == seen
