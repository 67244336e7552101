"""The application: every route of the three products and the control API on one port."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import data
from sandbox.accounts import http as accounts_http
from sandbox.books import http_automation, http_contacts, http_items, http_ledger
from sandbox.books import http_settings as books_settings
from sandbox.config import SandboxConfig
from sandbox.control.http import control_routes, load
from sandbox.crm import bulk, http_org, http_queries, http_records, http_settings, http_watch
from sandbox.pipeline import METHODS, Call, Endpoint, asgi_endpoint
from sandbox.replies import BooksError, CrmError, Reply
from sandbox.world import Server, World


def _no_crm_url(call: Call) -> Reply:
    if any(path.fullmatch(call.path) for path in _crm_paths()):
        raise CrmError("INVALID_REQUEST_METHOD", "The http request method type is not a valid one")
    raise CrmError(
        "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", status=404
    )


@lru_cache(maxsize=1)
def _crm_paths() -> list[re.Pattern[str]]:
    served = [e.template for e in endpoints() if e.product == "crm" and not e.template.endswith(":path}")]
    return [re.compile(re.sub(r"\{\w+\}", "[^/]+", template)) for template in served]


def _no_books_url(call: Call) -> Reply:
    raise BooksError(5, "Invalid URL Passed", 404)


def _fallbacks() -> list[Endpoint]:
    return [
        Endpoint(product, method, f"/{product}/{{rest:path}}", handler)
        for product, handler in (("crm", _no_crm_url), ("books", _no_books_url))
        for method in METHODS
    ]


def _front(request: Request) -> JSONResponse:
    """Tell whoever opens the address in a browser what runs here."""
    return JSONResponse(
        {
            "what": "a local Zoho: nothing here is real",
            "accounts": "/oauth/v2/token",
            "crm": "/crm/v8",
            "books": "/books/v3",
            "yours": ["/control/health", "/control/switches", "/control/faults", "/control/requests"],
            "read": "docs/sandbox.md",
        }
    )


class _TidyPath:
    """Takes a trailing slash or ampersand off the path, as some clients send one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].rstrip("/&") or "/"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


def endpoints() -> list[Endpoint]:
    """Return every endpoint of the three products, the more special paths first."""
    return [
        *accounts_http.ENDPOINTS,
        *http_settings.ENDPOINTS,
        *http_org.ENDPOINTS,
        *http_watch.ENDPOINTS,
        *bulk.ENDPOINTS,
        *http_queries.ENDPOINTS,
        *http_records.ENDPOINTS,
        *http_contacts.ENDPOINTS,
        *books_settings.ENDPOINTS,
        *http_automation.ENDPOINTS,
        *http_items.ENDPOINTS,
        *http_ledger.ENDPOINTS,
        *_fallbacks(),
    ]


def create_app(config: SandboxConfig | None = None) -> Starlette:
    """Build a sandbox; the state of its first orgs is `world_of(app)`.

    Nothing runs in the background unless an ASGI server runs the lifespan: in process, deliver what was
    announced with `await world_of(app).outbox.deliver_due()`.
    """
    server = Server(config or SandboxConfig())
    for world in server.worlds if server.config.size else ():
        load(world, data.generate(world.config.size, world.seed, world.config.country))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        pump = asyncio.create_task(_pump(server))
        yield
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await pump
        await server.close()

    routes = [Route(e.template, asgi_endpoint(server, e), methods=[e.method]) for e in endpoints()]
    app = Starlette(
        routes=[Route("/", _front), *control_routes(server), *routes],
        lifespan=lifespan,
        middleware=[Middleware(_TidyPath)],
    )
    app.state.server = server
    return app


async def _pump(server: Server) -> None:
    """Deliver what is due, also from the outbox that a reset puts in place."""
    while True:
        server.outbox.deliver_in_background()
        await asyncio.sleep(0.02)


def world_of(app: Starlette) -> World:
    """Return the first pair of orgs of a sandbox, with its server."""
    server: Server = app.state.server
    return server.worlds[0]
