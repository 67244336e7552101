"""The sandbox as a process on a port, whose clock stands."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outside.support import NOW, PYTHON, ROOT, Zoho


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """The URL of a sandbox process, whose clock stands still."""
    assert PYTHON.exists(), (
        "run `make build/envs/outside/.ok` first: the outside clients have an environment of their own"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--clock", NOW]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def zoho(served: str, tmp_path: Path) -> Iterator[Zoho]:
    """An empty sandbox at NOW and an empty folder for the client."""
    made = Zoho(served, tmp_path)
    made.control("POST", "/reset")
    made.control("POST", "/clock", {"set": NOW})
    yield made
    made.close()
