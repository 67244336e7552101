"""Grants and access tokens of the accounts server (CRM dossier 1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sandbox.clock import Clock
from sandbox.limits import Window
from sandbox.replies import Json
from sandbox.users import INTEGRATION_USER

TOKEN_LIFE = 3_600
LIVE_TOKENS = 15
REFRESH_TOKENS = 20
ALL_SCOPES = (
    "ZohoCRM.modules.ALL ZohoCRM.settings.ALL ZohoCRM.coql.READ ZohoCRM.bulk.READ ZohoCRM.notifications.ALL "
    "ZohoCRM.org.READ ZohoCRM.users.READ ZohoSearch.securesearch.READ ZohoBooks.fullaccess.all"
)


@dataclass(slots=True)
class Grant:
    """What a refresh token stands for; scopes and books_orgs None mean all, crm_org None the first."""

    refresh_token: str
    scopes: list[str] | None = None
    books_orgs: list[str] | None = None
    crm_org: str | None = None
    user: str = INTEGRATION_USER
    revoked: bool = False
    minted: Window = field(default_factory=Window)
    live: list[str] = field(default_factory=list)

    @property
    def hint(self) -> str:
        """Return a name for logs that reveals nothing."""
        return hashlib.sha256(self.refresh_token.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One access token."""

    token: str
    grant: Grant
    expires: float


def throttled(word: str) -> Json:
    """Return the answer to too many token requests (HTTP 200)."""
    text = "You have made too many requests continuously. Please try again after some time."
    return {"error_description": text, "error": word, "status": "failure"}


class Accounts:
    """The accounts server's memory."""

    def __init__(
        self,
        clock: Clock,
        seed: int,
        strict: bool,
        throttle: Callable[[], tuple[int | None, float]],
        word: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._rng = Random(f"{seed}:tokens")
        self._strict = strict
        self._throttle = throttle
        self._word = word
        self._grants: dict[str, Grant] = {}
        self._access: dict[str, AccessToken] = {}
        self._spent_codes: set[str] = set()
        self._issued: dict[str, list[str]] = {}
        self.clients: dict[str, str] = {}

    def bind(self, refresh_token: str, values: Json) -> Grant:
        """Make or change a grant, as control asks."""
        grant = self._grants.setdefault(refresh_token, Grant(refresh_token))
        for name in ("scopes", "books_orgs", "crm_org", "user", "revoked"):
            if name in values:
                setattr(grant, name, values[name])
        if grant.revoked:
            self._drop(grant)
        return grant

    def grants(self) -> list[Json]:
        """Return the grants without their secrets."""
        return [
            {
                "hint": g.hint,
                "scopes": g.scopes,
                "books_orgs": g.books_orgs,
                "crm_org": g.crm_org,
                "user": g.user,
                "revoked": g.revoked,
                "live_tokens": len(g.live),
            }
            for g in self._grants.values()
        ]

    def _drop(self, grant: Grant) -> None:
        for token in grant.live:
            self._access.pop(token, None)
        grant.live.clear()

    def _error(self, word: str) -> Json:
        return {"error": word}

    def _client_error(self, params: dict[str, str]) -> str | None:
        client, secret = params.get("client_id", ""), params.get("client_secret", "")
        if not client or (self._strict and client not in self.clients):
            return "invalid_client"
        if client in self.clients and self.clients[client] != secret:
            return "invalid_client_secret"
        return None

    def exchange(self, params: dict[str, str], api_domain: str) -> Json:
        """Trade a grant code for tokens; a code works once."""
        wrong = self._client_error(params)
        code = params.get("code", "")
        if wrong:
            return self._error(wrong)
        if not code.startswith("1000.") or code in self._spent_codes:
            return self._error("invalid_code")
        self._spent_codes.add(code)
        refresh = f"1000.{self._hex(32)}.{self._hex(32)}"
        grant = self.bind(
            refresh, {"scopes": params["scope"].replace(",", " ").split()} if params.get("scope") else {}
        )
        self._retire(params["client_id"], refresh)
        return {**self._mint(grant, api_domain), "refresh_token": refresh}

    def _retire(self, client_id: str, refresh: str) -> None:
        """The 21st refresh token of a client ends the oldest and its access tokens (CRM dossier 1)."""
        issued = self._issued.setdefault(client_id, [])
        issued.append(refresh)
        while len(issued) > REFRESH_TOKENS:
            self.bind(issued.pop(0), {"revoked": True})

    def refresh(self, params: dict[str, str], api_domain: str) -> Json:
        """Mint an access token; errors come with HTTP 200 too."""
        wrong = self._client_error(params)
        refresh = params.get("refresh_token", "")
        if wrong:
            return self._error(wrong)
        grant = self._grants.get(refresh)
        if grant is None and not self._strict and refresh.startswith("1000."):
            grant = self.bind(refresh, {})
        if grant is None or grant.revoked:
            return self._error("invalid_code")
        limit, scale = self._throttle()
        now = self._clock.now()
        if limit is not None and grant.minted.count(now, 600 / scale) >= limit:
            return throttled(self._word())
        grant.minted.add(now)
        return self._mint(grant, api_domain)

    def revoke(self, token: str) -> bool:
        """Revoke a refresh token with its access tokens, or one access token."""
        if token in self._grants:
            self.bind(token, {"revoked": True})
            return True
        return self._access.pop(token, None) is not None

    def revoke_all(self, restore: bool = False) -> None:
        """Revoke every grant that was ever seen, or take that back."""
        for grant in self._grants.values():
            self.bind(grant.refresh_token, {"revoked": not restore})

    def drop_access_tokens(self) -> None:
        """Make every live access token invalid."""
        for grant in self._grants.values():
            self._drop(grant)

    def find(self, token: str) -> AccessToken | None:
        """Return a live access token, or None."""
        found = self._access.get(token)
        return found if found is not None and found.expires > self._clock.now() else None

    def _hex(self, digits: int) -> str:
        return f"{self._rng.getrandbits(digits * 4):0{digits}x}"

    def _mint(self, grant: Grant, api_domain: str) -> Json:
        token = f"1000.{self._hex(32)}.{self._hex(32)}"
        self._access[token] = AccessToken(token, grant, self._clock.now() + TOKEN_LIFE)
        grant.live.append(token)
        while len(grant.live) > LIVE_TOKENS:
            self._access.pop(grant.live.pop(0), None)
        scope = ALL_SCOPES if grant.scopes is None else " ".join(grant.scopes)
        return {
            "access_token": token,
            "scope": scope,
            "api_domain": api_domain,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFE,
        }


def grants_scope(scopes: list[str] | None, need: str) -> bool:
    """Return whether scopes cover a need such as ZohoCRM.modules.Accounts.READ (CRM 1, Books 1)."""
    if scopes is None:
        return True
    wanted = need.lower().split(".")
    operations = {wanted[-1], "all"} | ({"write"} if wanted[-1] in ("create", "update") else set())
    for scope in scopes:
        parts = scope.lower().split(".")
        if parts == ["zohobooks", "fullaccess", "all"] and wanted[0] == "zohobooks":
            return True
        if parts[-1] in operations and parts[:-1] == wanted[: len(parts) - 1]:
            return True
    return False
