"""A sandbox in process, and a small caller with a token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from sandbox import SandboxConfig, create_app, world_of
from sandbox.clock import ManualClock, parse_time
from sandbox.world import World

START = parse_time("2026-11-23T09:00:00Z")


class Zoho:
    """Calls one sandbox in process as a client with a token would."""

    def __init__(self, config: SandboxConfig) -> None:
        self.clock = config.clock
        self.app = create_app(config)
        self.world: World = world_of(self.app)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://sandbox")
        self.token = ""

    async def login(self, refresh_token: str = "1000.a") -> dict[str, Any]:
        """Refresh and keep the access token."""
        params = {"grant_type": "refresh_token", "client_id": "c", "client_secret": "s"}
        answer = await self.http.post("/oauth/v2/token", data={**params, "refresh_token": refresh_token})
        body: dict[str, Any] = answer.json()
        self.token = body.get("access_token", self.token)
        return body

    async def crm(self, method: str, path: str, body: Any = None, **kwargs: Any) -> httpx.Response:
        """Call CRM."""
        return await self._call(method, f"/crm/v8{path}", body, kwargs)

    async def books(self, method: str, path: str, body: Any = None, **kwargs: Any) -> httpx.Response:
        """Call Books with the org's id."""
        kwargs["params"] = {"organization_id": self.world.books_org_id, **kwargs.get("params", {})}
        return await self._call(method, f"/books/v3{path}", body, kwargs)

    async def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call the control API and return its answer."""
        answer = await self.http.request(method, f"/control{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def _call(self, method: str, path: str, body: Any, kwargs: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Zoho-oauthtoken {self.token}", **kwargs.pop("headers", {})}
        if body is not None:
            kwargs["json"] = body
        return await self.http.request(method, path, headers=headers, **kwargs)

    async def account(self, **values: Any) -> str:
        """Add an Account through the API and return its id."""
        answer = await self.crm("POST", "/Accounts", {"data": [{"Account_Name": "Acme", **values}]})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"][0]["details"]["id"])

    async def customer(self, **values: Any) -> dict[str, Any]:
        """Add a Books customer through the API and return it."""
        answer = await self.books("POST", "/contacts", {"contact_name": "Acme", **values})
        assert answer.status_code == 201, answer.text
        contact: dict[str, Any] = answer.json()["contact"]
        return contact

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self.world.clock.step(seconds)


class Inbox:
    """Keeps what the sandbox sends out."""

    def __init__(self) -> None:
        self.received: list[httpx.Request] = []
        self.status = 200

    def transport(self) -> httpx.MockTransport:
        """Return the transport that receives."""
        return httpx.MockTransport(self._take)

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request)
        return httpx.Response(self.status)


@pytest.fixture
def inbox() -> Inbox:
    """Where notifications and webhooks arrive."""
    return Inbox()


Maker = Callable[..., Awaitable[Zoho]]


@pytest.fixture
async def make_zoho(inbox: Inbox) -> AsyncIterator[Maker]:
    """Makes sandboxes with a clock that stands still, logged in, with the given settings."""
    made: list[Zoho] = []

    async def make(**settings: Any) -> Zoho:
        config = SandboxConfig(clock=ManualClock(START), outbound=inbox.transport(), hang="raise", **settings)
        zoho = Zoho(config)
        made.append(zoho)
        await zoho.login()
        return zoho

    yield make
    for zoho in made:
        await zoho.http.aclose()
        await zoho.world.close()


@pytest.fixture
async def zoho(make_zoho: Maker) -> Zoho:
    """A fresh sandbox as it comes."""
    return await make_zoho()
