"""The way of every API call: log, faults, token, limits, handler, faults after the commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox import bystander, gatekeeper
from sandbox.accounts.tokens import AccessToken
from sandbox.content import take_content, take_form
from sandbox.faults import Fault, Target
from sandbox.refusals import refuse_record
from sandbox.replies import BooksError, CrmError, Json, Reply, SandboxError
from sandbox.requestlog import Entry
from sandbox.users import User
from sandbox.world import Server, World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SECRET_PARAMS = {"access_token", "refresh_token", "client_secret", "client_id", "code", "token", "authtoken"}


@dataclass(slots=True)
class Call:
    """One call as a handler sees it."""

    world: World
    product: str
    method: str
    path: str
    endpoint: str
    params: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    body: Any
    base_url: str
    malformed: bool = False
    token: AccessToken | None = None
    module: str | None = None
    record_ids: list[str] = field(default_factory=list)
    fault: str | None = None
    committed: bool = False

    @property
    def actor(self) -> User:
        """Return the user that the token acts for."""
        name = self.token.grant.user if self.token else None
        return self.world.users.named(name) if name else self.world.users.all()[0]

    def json_object(self) -> Json:
        """Return the body as an object; raises the product's error for anything else."""
        if self.malformed or not isinstance(self.body, dict):
            if self.product == "books":
                raise BooksError(1038, "JSON is not well formed")
            raise CrmError("INVALID_DATA", "body", {"expected_data_type": "jsonobject", "json_path": "$"})
        return self.body

    def header(self, name: str) -> str | None:
        """Return a request header, or None."""
        return self.headers.get(name.lower())


Handler = Callable[[Call], Reply]
ScopeOf = Callable[[Call], str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and path template with what answers it, what scope it needs and what it costs."""

    product: str
    method: str
    template: str
    handler: Handler
    scope: ScopeOf | str | tuple[str, ...] = ()
    cost: Callable[[Call], int] | int = 1
    heavy: Callable[[Call], bool] | bool = False

    @property
    def writes(self) -> bool:
        """Return whether it can change a record."""
        return (
            self.method != "GET"
            and self.product != "accounts"
            and not self.template.endswith(("/coql", "/bulk/v8/read"))
        )

    def needs(self, call: Call) -> tuple[str, ...]:
        """Return the scopes that the call needs, all of them."""
        found = self.scope(call) if callable(self.scope) else self.scope
        return (found,) if isinstance(found, str) else found

    def weighs(self, call: Call) -> bool:
        """Return whether the call counts among the heavy ones (CRM dossier 8)."""
        return self.heavy(call) if callable(self.heavy) else self.heavy


def asgi_endpoint(server: Server, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that Starlette calls for an endpoint."""

    async def answer(request: Request) -> Response:
        return await _serve(server, endpoint, request)

    return answer


async def _read(server: Server, endpoint: Endpoint, request: Request) -> Call:
    raw = await request.body()
    query = {key: value for key, value in request.query_params.multi_items() if key}
    content_type = request.headers.get("content-type", "")
    token = gatekeeper.token_of(server.accounts, request.headers) if endpoint.product != "accounts" else None
    world = server.serving(endpoint.product, query.get("organization_id"), token)
    base_url = world.config.base_url or f"{request.url.scheme}://{request.url.netloc}"
    call = Call(
        world,
        endpoint.product,
        request.method,
        request.url.path,
        f"{endpoint.method} {endpoint.template}",
        {k: str(v) for k, v in request.path_params.items()},
        query,
        dict(request.headers),
        raw,
        None,
        base_url,
        token=token,
    )
    if "multipart/form-data" in content_type:
        form = await request.form()
        take_form(call, {k: str(v) for k, v in form.items() if isinstance(v, str)})
    else:
        take_content(call, content_type)
    return call


async def _serve(server: Server, endpoint: Endpoint, request: Request) -> Response:
    return _response(await handle(endpoint, await _read(server, endpoint, request)))


async def handle(endpoint: Endpoint, call: Call) -> Reply:
    """Answer one call, whatever brought it, and log it."""
    started, world = time.perf_counter(), call.world
    call.module = call.params.get("module")
    if call.params.get("id"):
        call.record_ids = [call.params["id"]]
    target = Target(
        call.product,
        call.method,
        call.endpoint,
        call.path,
        tuple(call.record_ids),
        call.module,
        call.raw.decode("utf-8", "replace") if world.faults.listed() and len(call.raw) < 1_000_000 else "",
        gatekeeper.org_of(world, call),
    )
    release = gatekeeper.enter(world, call, endpoint.weighs(call))
    try:
        reply = await _answer(world, endpoint, call, target, started)
    finally:
        release()
    _log(world, call, reply, started)
    return reply


async def _answer(world: World, endpoint: Endpoint, call: Call, target: Target, started: float) -> Reply:
    if world.config.latency:
        await asyncio.sleep(world.config.latency)
    early = world.faults.strike("before", target, world.clock.now())
    reply: Reply | None = None
    if early is not None:
        call.fault = early.name
        reply = await _struck_before(world, call, early, started)
    if reply is None:
        finish = bystander.stir(call, endpoint.writes, target)
        reply = _handle(endpoint, call)
        finish()
        done = endpoint.writes and reply.status < 300
        call.committed = done
        late = world.faults.strike("after", target, world.clock.now()) if done else None
        if late is not None:
            call.fault = late.name
            reply = await _struck_after(world, call, late, started)
    if call.product == "books" and world.switches.books_code_as_text and isinstance(reply.body, dict):
        reply.body = {**reply.body, "code": str(reply.body.get("code"))}
    reply.headers.update(gatekeeper.headers(world, call))
    reply.headers["Date"] = gatekeeper.date_header(world, call.product)
    return reply


def _handle(endpoint: Endpoint, call: Call) -> Reply:
    try:
        gatekeeper.authorise(call, endpoint.needs(call))
        cost = endpoint.cost(call) if callable(endpoint.cost) else endpoint.cost
        gatekeeper.spend(call, cost, endpoint.weighs(call))
        if endpoint.product == "books" and endpoint.writes:
            refuse_record(call, None, call.body if isinstance(call.body, dict) else {})
        return endpoint.handler(call)
    except SandboxError as error:
        return error.reply()


async def _hang(world: World, call: Call, seconds: float, started: float) -> Reply:
    if world.config.hang == "raise":
        _log(world, call, Reply(0), started)
        raise httpx.ReadTimeout(f"planted hang in {call.endpoint}")
    await asyncio.sleep(seconds)
    return Reply(504, {"code": "TIMEOUT", "message": "planted hang"})


async def _struck_before(world: World, call: Call, fault: Fault, started: float) -> Reply | None:
    if fault.name == "timeout":
        return await _hang(world, call, float(fault.options.get("seconds", 60)), started)
    if fault.name == "disconnect":
        if world.config.hang == "raise":
            _log(world, call, Reply(0), started)
            raise httpx.ReadError(f"planted disconnect in {call.endpoint}")
        return Reply(0)
    if fault.name == "slow":
        await asyncio.sleep(float(fault.options.get("seconds", 1)))
        return None
    return gatekeeper.planted_answer(call, fault)


async def _struck_after(world: World, call: Call, fault: Fault, started: float) -> Reply:
    if fault.name == "timeout_after_commit" or fault.options.get("hang"):
        return await _hang(world, call, float(fault.options.get("seconds", 60)), started)
    return gatekeeper.server_error(call, int(fault.options.get("status", 500)))


def _log(world: World, call: Call, reply: Reply, started: float) -> None:
    world.log.add(
        Entry(
            datetime.fromtimestamp(world.clock.now(), UTC).isoformat(timespec="milliseconds"),
            world.log.next_seq(),
            call.product,
            call.method,
            call.path,
            call.endpoint,
            {k: v for k, v in call.query.items() if k not in SECRET_PARAMS},
            call.module,
            list(dict.fromkeys(call.record_ids)),
            reply.status,
            reply.code,
            round((time.perf_counter() - started) * 1000, 2),
            call.body if call.product != "accounts" else None,
            call.token.grant.hint if call.token else None,
            gatekeeper.org_of(world, call),
            call.fault,
            call.committed,
        )
    )


class _Broken(Response):
    """Promises a body and closes the connection instead."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


def _response(reply: Reply) -> Response:
    if reply.status == 0:
        return _Broken()
    if reply.content is not None:
        return Response(reply.content, reply.status, reply.headers, reply.media_type)
    if reply.body is None:
        return Response(b"", reply.status, reply.headers)
    return Response(reply.encoded(), reply.status, {**reply.headers, "content-type": reply.media_type})
