"""The sandbox as a process on a port."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.__main__ import _listen, main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A sandbox process on a port of its choice: its URL, as it tells it, and its log."""
    log = tmp_path / "requests.jsonl"
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--log", str(log), "--size", "5"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.readline().split()
    yield told[2], log
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_answers_do_not_wait_for_an_acknowledgement() -> None:
    """Asyncio switches Nagle's algorithm off for sockets that are named as TCP."""
    with _listen("127.0.0.1", 0) as listener:
        assert (listener.proto, listener.getsockname()[1] > 0) == (socket.IPPROTO_TCP, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--plan", "Gold"], "invalid choice: 'Gold'"),
        (["--clock", "noon"], "'noon' is neither real nor a moment with a zone"),
        (["--clock", "2026-11-23T09:00:00"], "neither real nor a moment with a zone"),
        (["--size", "-1"], "'-1' is no whole number from 0 to 100000"),
        (["--size", "100001"], "'100001' is no whole number from 0 to 100000"),
        (["--orgs", "0"], "'0' is no whole number from 1 on"),
        (["--port", "70000"], "cannot listen on 127.0.0.1:70000"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never by a traceback, and never taken in silence."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert told in capsys.readouterr().err.splitlines()[-1]


def test_a_port_in_use_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """By the address that was asked for."""
    with _listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit, match="2"):
            main(["--port", port])
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err.splitlines()[-1]


class Receiver(HTTPServer):
    """Keeps the bodies that are posted to it, on loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.bodies: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"

    async def first(self) -> Any:
        """Return the first body, which may take a while."""
        for _ in range(100):
            if self.bodies:
                break
            await asyncio.sleep(0.05)
        return json.loads(self.bodies.pop(0))


class _Keep(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Keep the body."""
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where a served sandbox sends to."""
    made = Receiver()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


async def test_a_served_sandbox_answers_logs_and_delivers(
    served: tuple[str, Path], receiver: Receiver
) -> None:
    """Over a port, webhooks and the callback of a bulk read go out by themselves."""
    url, log = served
    async with httpx.AsyncClient(base_url=url) as client:
        await client.post("/control/webhooks/books", json={"url": receiver.url, "secret": "x" * 16})
        await client.post("/control/books/contacts", json={"contact_name": "Delivered"})
        assert (await receiver.first())["contact"]["contact_name"] == "Delivered"
        form = {
            "grant_type": "refresh_token",
            "client_id": "c",
            "client_secret": "s",
            "refresh_token": "1000.a",
        }
        token = (await client.post("/oauth/v2/token", data=form)).json()
        client.headers["Authorization"] = f"Zoho-oauthtoken {token['access_token']}"
        answer = await client.get("/crm/v8/Accounts", params={"fields": "Account_Name"})
        callback = {"url": receiver.url, "method": "post"}
        job = {"callback": callback, "query": {"module": {"api_name": "Accounts"}}}
        made = (await client.post("/crm/bulk/v8/read", json=job)).json()["data"][0]["details"]["id"]
        await client.post("/control/clock", json={"step": 2})
        told = await receiver.first()
    assert (told["job_id"], told["state"]) == (made, "COMPLETED")
    assert token["api_domain"] == url
    assert answer.status_code == 200
    assert [json.loads(line)["product"] for line in log.read_text().splitlines()] == [
        "accounts",
        "crm",
        "crm",
    ]


async def test_a_planted_disconnect_breaks_the_connection(served: tuple[str, Path]) -> None:
    """The client sees a protocol error, not an answer."""
    async with httpx.AsyncClient(base_url=served[0]) as client:
        await client.post("/control/faults", json={"name": "disconnect", "product": "books", "count": 1})
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/books/v3/contacts")
