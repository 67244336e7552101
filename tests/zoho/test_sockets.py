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
async def transport_to_server(serve: Serve | None) -> AsyncIterator[Transport]:
    """A transport to a server that behaves so; to a closed port without one."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert serve
        try:
            await serve(reader, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if serve is None:
        server.close()
        await server.wait_closed()
    url = f"http://127.0.0.1:{port}"
    limits = Timeouts(read=0.3, write=0.3)
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
