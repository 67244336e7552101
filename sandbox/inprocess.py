"""The sandbox as an httpx transport within one process: the same pipeline, without sockets, Starlette or ASGI.

Several times faster than `httpx.ASGITransport` over the whole application; the control API is not served here.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import httpx
from starlette.routing import compile_path

from sandbox import gatekeeper
from sandbox.app import endpoints
from sandbox.content import take_content
from sandbox.pipeline import Call, Endpoint, handle
from sandbox.replies import Reply
from sandbox.world import Server


class InProcess(httpx.AsyncBaseTransport):
    """Answers calls of the three products for one server."""

    def __init__(self, server: Server) -> None:
        """Match the paths of all endpoints, the more special ones first, as the application does."""
        self._server = server
        self._routes: dict[str, list[tuple[re.Pattern[str], Endpoint]]] = {}
        for endpoint in endpoints():
            pattern, _, _ = compile_path(endpoint.template)
            self._routes.setdefault(endpoint.method, []).append((pattern, endpoint))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one call; a planted hang or broken connection is raised as httpx's error."""
        raw = await request.aread()
        path = request.url.path.rstrip("/&") or "/"
        for pattern, endpoint in self._routes.get(request.method, []):
            if found := pattern.match(path):
                reply = await handle(endpoint, self._call(request, endpoint, path, found, raw))
                return _response(request, reply)
        return httpx.Response(404, request=request)

    def _call(
        self, request: httpx.Request, endpoint: Endpoint, path: str, found: re.Match[str], raw: bytes
    ) -> Call:
        server, product = self._server, endpoint.product
        query = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        token = gatekeeper.token_of(server.accounts, request.headers) if product != "accounts" else None
        world = server.serving(product, query.get("organization_id"), token)
        base_url = world.config.base_url or f"{request.url.scheme}://{request.url.netloc.decode()}"
        call = Call(
            world,
            product,
            request.method,
            path,
            f"{endpoint.method} {endpoint.template}",
            found.groupdict(),
            query,
            {name.lower(): value for name, value in request.headers.items()},
            raw,
            None,
            base_url,
            token=token,
        )
        take_content(call, call.headers.get("content-type", ""))
        return call


def _response(request: httpx.Request, reply: Reply) -> httpx.Response:
    if reply.status == 0:
        raise httpx.ReadError("the connection was closed without an answer", request=request)
    if reply.content is not None:
        return httpx.Response(reply.status, headers=reply.headers, content=reply.content, request=request)
    if reply.body is None:
        return httpx.Response(reply.status, headers=reply.headers, request=request)
    return httpx.Response(
        reply.status,
        headers={**reply.headers, "content-type": reply.media_type},
        content=reply.encoded(),
        request=request,
    )
