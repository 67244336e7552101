"""OAuth as an httpx flow over a shared token: one per org, refreshed by one holder, reused to its end.

Zoho grants 10 access tokens in 10 minutes and silently kills the oldest of too many (dossier crm §1), so no
caller ever mints one for itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, Self
from uuid import uuid4

import httpx

from tandem.adapters.zoho.codes import check_token, code_of, is_stale_token
from tandem.adapters.zoho.endpoints import Product
from tandem.adapters.zoho.models import TokenAnswer
from tandem.adapters.zoho.parse import loads, now
from tandem.adapters.zoho.rules import CRM, TOKEN
from tandem.core.errors import ForbiddenError, RateLimitedError, TransientError

logger = logging.getLogger("tandem.zoho")

ATTEMPT = "tandem.attempt"
"""Key in `request.extensions` of the transport's `Attempt`."""

_SPARE = timedelta(minutes=5)
_LOCK = timedelta(seconds=20)
_PATIENCE = 2.0
_LOOK_AGAIN = 0.2
_CALM = timedelta(seconds=60)
_REFUSALS = 5
"""Half of what Zoho grants in the same time."""

_REFUSALS_WITHIN = timedelta(minutes=10)
_TOKEN_TIMEOUT = 10.0
_SENDINGS = 3
"""With the token in hand, with a newer one from the store, with one just minted."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The OAuth secret of one org; never shown."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """The row that all callers of an org share. `value` is empty where only a block is stored.

    `refusals`: how many tokens in a row, this one included, were minted because a young one was refused.
    """

    value: str = field(default="", repr=False)
    minted_at: datetime | None = None
    expires_at: datetime | None = None
    blocked_until: datetime | None = None
    refusals: int = 0


class TokenStore(Protocol):
    """One token row and its lock, per (data centre, product, org). Calls are synchronous."""

    def load(self) -> Token | None:
        """The row as it stands, consistently read; None when there is none."""
        ...

    def try_lock(self, holder: str, until: datetime) -> bool:
        """Take the right to refresh: granted when free, past its end, or held by `holder` already.

        A holder may thus move its own end, also into the past, which frees the lock.
        """
        ...

    def save(self, token: Token, holder: str) -> None:
        """Store a new token and free the lock, if `holder` still has it; otherwise do nothing."""
        ...

    def block(self, until: datetime) -> None:
        """Let nobody mint before `until` (`Token.blocked_until`); the token itself stays."""
        ...


class Attempt:
    """What one try of a call has come to: whether the request itself may have left us.

    `again` is called between a refused answer and the second sending, so that both are counted.
    """

    def __init__(self, again: Callable[[httpx.Response], Awaitable[None]] | None = None) -> None:
        self.sent = False
        self.again = again


class ZohoAuth(httpx.Auth):
    """Signs requests of one product with the shared token, refreshing it when needed.

    A request refused for a stale token is sent again with a newer one: from the store, then one minted for
    it. A minted token that is refused too is Forbidden.
    """

    requires_response_body = True

    def __init__(
        self,
        *,
        product: Product,
        token_url: str,
        store: TokenStore,
        credentials: Callable[[], Credentials],
        connection: str = "",
        clock: Callable[[], datetime] = now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._product = product
        self._url = token_url
        self._store = store
        self._credentials = credentials
        self._connection = connection
        self._clock = clock
        self._sleep = sleep
        self._token: Token | None = None

    def sync_auth_flow(
        self,
        request: httpx.Request,  # noqa: ARG002 - httpx calls it so
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Not offered: the transport is asynchronous."""
        raise RuntimeError("ZohoAuth works with httpx.AsyncClient only")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign and send; mint a token at most once, before the call or after a refusal."""
        attempt: Attempt = request.extensions.get(ATTEMPT) or Attempt()
        refused: Token | None = None
        for _ in range(_SENDINGS):
            holder = uuid4().hex
            token = await self._usable(refused, holder)
            mints = token is None
            if token is None:
                with _FreedUnlessAnswered(self._store, holder, self._clock) as answered:
                    reply = yield self._refresh_request()
                    await reply.aread()
                    answered.set()
                token = self._minted(reply, holder, refused)
            request.headers["Authorization"] = f"Zoho-oauthtoken {token.value}"
            attempt.sent = True
            response = yield request
            await response.aread()
            if not self._is_stale(response):
                return
            attempt.sent = False
            if mints:
                break
            if attempt.again:
                await attempt.again(response)
            refused = token
        raise self._forbidden(response)

    def _is_stale(self, response: httpx.Response) -> bool:
        """Reads the body of a 401 alone: the others may be a megabyte."""
        refused = response.status_code == httpx.codes.UNAUTHORIZED
        return refused and is_stale_token(self._product, response.status_code, loads(response.content))

    async def _usable(self, refused: Token | None, holder: str) -> Token | None:
        """A token to send with, or None when `holder` now has the right to mint one; waits for another's."""
        if refused is None and self._token and self._is_fresh(self._token):
            return self._token
        waited = 0.0
        while True:
            stored = self._store.load()
            if stored and self._is_fresh(stored) and not _is_older(stored, refused):
                self._token = stored
                return stored
            self._mind_block(stored)
            self._mind_refusals(refused, stored)
            if self._store.try_lock(holder, self._clock() + _LOCK):
                return self._after_lock(refused, holder)
            if waited >= _PATIENCE:
                raise RateLimitedError("token", _PATIENCE, "another call is fetching the access token")
            await self._sleep(_LOOK_AGAIN)
            waited += _LOOK_AGAIN

    def _after_lock(self, refused: Token | None, holder: str) -> Token | None:
        """Look once more under the lock: its last holder may just have saved."""
        stored = self._store.load()
        if stored and self._is_fresh(stored) and not _is_older(stored, refused):
            self._store.try_lock(holder, self._clock())
            self._token = stored
            return stored
        return None

    def _is_fresh(self, token: Token) -> bool:
        return (
            bool(token.value) and token.expires_at is not None and token.expires_at - _SPARE > self._clock()
        )

    def _mind_block(self, stored: Token | None) -> None:
        until = stored.blocked_until if stored else None
        left = (until - self._clock()).total_seconds() if until else 0.0
        if left > 0:
            raise RateLimitedError("token", left, TOKEN["access_denied"].sentence)

    def _mind_refusals(self, refused: Token | None, stored: Token | None) -> None:
        """Five in a row, whoever fetched them: it is not the token (code 57 never loops)."""
        if refused is not None and self._in_a_row(stored) >= _REFUSALS:
            raise ForbiddenError(CRM["INVALID_TOKEN"].sentence.replace("CRM", self._product.upper(), 1))

    def _in_a_row(self, stored: Token | None) -> int:
        """A token that lived for ten minutes ends the row."""
        young = stored and stored.minted_at and stored.minted_at > self._clock() - _REFUSALS_WITHIN
        return stored.refusals if stored and young else 0

    def _refresh_request(self) -> httpx.Request:
        """Secrets go in the body, never in a query (dossier crm §1)."""
        known = self._credentials()
        data = {
            "grant_type": "refresh_token",
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "refresh_token": known.refresh_token,
        }
        timeout = httpx.Timeout(_TOKEN_TIMEOUT).as_dict()
        return httpx.Request("POST", self._url, data=data, extensions={"timeout": timeout})

    def _minted(self, reply: httpx.Response, holder: str, refused: Token | None) -> Token:
        body = loads(reply.content)
        logger.info(
            "token",
            extra={
                "connection": self._connection,
                "product": self._product,
                "status": reply.status_code,
            },
        )
        try:
            check_token(reply.status_code, body)
        except RateLimitedError as error:
            self._store.block(self._clock() + timedelta(seconds=error.retry_after))
            raise
        except TransientError:
            self._store.block(self._clock() + _CALM)
            raise
        moment = self._clock()
        told = TokenAnswer.of(body)
        refusals = 0 if refused is None else self._in_a_row(self._store.load()) + 1
        ends = moment + timedelta(seconds=told.life)
        token = Token(told.access_token, moment, ends, refusals=refusals)
        self._store.save(token, holder)
        self._token = token
        return token

    def _forbidden(self, response: httpx.Response) -> ForbiddenError:
        code = code_of(self._product, loads(response.content))
        return ForbiddenError(
            f"Zoho refuses a fresh access token ({code}): check scopes, organisation and data centre"
        )


class _FreedUnlessAnswered:
    """Frees the lock at once when the token request came to nothing; otherwise it ends by itself."""

    def __init__(self, store: TokenStore, holder: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._holder = holder
        self._clock = clock
        self._answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._answered:
            self._store.try_lock(self._holder, self._clock())

    def set(self) -> None:
        """The token endpoint has answered."""
        self._answered = True


def _is_older(stored: Token, refused: Token | None) -> bool:
    """Whether the stored token is the refused one, or was minted before it."""
    if refused is None:
        return False
    if stored.value == refused.value:
        return True
    return bool(stored.minted_at and refused.minted_at and stored.minted_at < refused.minted_at)
