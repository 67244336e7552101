"""The transport over real sockets: what httpx makes of servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from tandem.adapters.zoho.endpoints import ENDPOINTS, Endpoints
from tandem.adapters.zoho.gate import OpenGate
from tandem.adapters.zoho.retries import Retries
from tandem.adapters.zoho.transport import Call, Timeouts, Transport
from tandem.core.errors import TransientError, UnknownOutcomeError

READ = Call(ENDPOINTS["books.list"])
WRITE = Call(ENDPOINTS["books.insert"], body={"contact_name": "Acme"})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def hears_and_hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The request arrives; no answer."""
    await reader.read(65536)
    writer.close()


async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer begins and ends in its middle."""
    await reader.read(65536)
    writer.write(HEAD + b'{"code": 0')
    writer.close()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte now and then: no single wait is long, the whole never ends."""
    await reader.read(65536)
    writer.write(HEAD)
    while not writer.is_closing() and not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """No HTTP at all."""
    await reader.read(65536)
    writer.write(b"220 mail.example ESMTP\r\n")
    writer.close()


async def zips_badly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body that is not what its header says."""
    await reader.read(65536)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")
    writer.close()


@asynccontextmanager
async def transport_to_server(serve: Serve | None, limit: float = 0.3) -> AsyncIterator[Transport]:
    """A transport to a server that behaves so; to a closed port without one."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert serve
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if serve is None:
        server.close()
        await server.wait_closed()
    url = f"http://127.0.0.1:{port}"
    limits = Timeouts(read=limit, write=limit)
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Transport(
            http,
            OpenGate(),
            product="books",
            endpoints=Endpoints(url, url, url, "1", "2", "in"),
            auth=None,
            timeouts=limits,
            retries=Retries(pause=0.0),
        )
    server.close()


@pytest.mark.parametrize("serve", [hears_and_hangs_up, breaks_off, drips, talks_nonsense, zips_badly])
async def test_a_write_without_an_answer_is_in_doubt(serve: Serve) -> None:
    """However the answer fails; within the limit of the call."""
    async with transport_to_server(serve) as transport, asyncio.timeout(2):
        with pytest.raises(UnknownOutcomeError):
            await transport.send(WRITE)
        with pytest.raises(TransientError):
            await transport.send(READ)


async def test_a_closed_door_wrote_nothing() -> None:
    """So it may be tried again at once."""
    async with transport_to_server(None) as transport:
        for call in (WRITE, READ):
            with pytest.raises(TransientError):
                await transport.send(call)


class Pool:
    """A server that keeps connections open, and may hang up between two calls, unasked."""

    def __init__(self, *, hangs_up: bool = False) -> None:
        self.hangs_up = hangs_up
        self.connections = 0
        self.requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower()[:15] == b"content-length:"), 0
            )
            await reader.readexactly(length)
            self.requests += 1
            body = b'{"code":0,"contacts":[],"contact":{"contact_id":"1"}}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
            if self.hangs_up:
                return


async def test_calls_share_a_connection() -> None:
    """One handshake for all that come one after the other, and never more connections than calls in flight."""
    pool = Pool()
    async with transport_to_server(pool, limit=60) as transport:
        for call in (READ, WRITE) * 5:
            await transport.send(call)
        assert (pool.connections, pool.requests) == (1, 10)
        await asyncio.gather(*(transport.send(READ) for _ in range(40)))
    assert pool.connections <= 5
    assert pool.requests == 50


async def test_a_connection_that_died_while_idle_puts_no_write_in_doubt() -> None:
    """A frozen function wakes up to connections that Zoho has closed: they are noticed before anything is sent."""
    pool = Pool(hangs_up=True)
    async with transport_to_server(pool, limit=60) as transport:
        for _ in range(5):
            await transport.send(WRITE)
            for _ in range(20):
                await asyncio.sleep(0)
    assert (pool.connections, pool.requests) == (5, 5)
