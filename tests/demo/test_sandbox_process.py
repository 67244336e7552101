"""The sandbox of the demo as a process: a busy port is no failure, and nothing of it lives on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.demo.sandbox import Sandbox, SandboxError

ROOT = Path(__file__).resolve().parents[2]

ENTER = """
import signal, sys, time
from pathlib import Path
from local.demo.sandbox import Sandbox
signal.signal(signal.SIGINT, signal.default_int_handler)  # a gate that a script put into the background ignores it
with Sandbox(Path(sys.argv[1]), log=Path(sys.argv[2]), seed=1, port=0) as zoho:
    print(zoho.port, flush=True)
    time.sleep(60)
"""


def is_free_soon(port: int) -> bool:
    """Whether nobody listens on `port` within a few seconds."""
    for _ in range(50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return True
        time.sleep(0.1)
    return False


def test_it_serves_on_another_port_when_its_own_is_busy(tmp_path: Path) -> None:
    """And is gone after the block."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with Sandbox(ROOT, log=tmp_path / "requests.jsonl", seed=3, port=taken) as zoho:
            assert zoho.port != taken
            assert zoho.get("health")["seed"] == 3
            with pytest.raises(SandboxError, match="unknown fault"):
                zoho.post("faults", {"name": "rain"})
            port = zoho.port
    assert is_free_soon(port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_its_program(tmp_path: Path, number: signal.Signals) -> None:
    """Interrupted or killed."""
    program = subprocess.Popen(
        [sys.executable, "-c", ENTER, str(ROOT), str(tmp_path / "requests.jsonl")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert program.stdout is not None
    with program.stdout as lines:
        port = int(lines.readline())
        program.send_signal(number)
        program.wait(20)
    assert is_free_soon(port)


def test_what_is_kept_lives_on_until_its_group_is_ended(tmp_path: Path) -> None:
    """`keep` hands the process group over."""
    with Sandbox(ROOT, log=tmp_path / "requests.jsonl", seed=1, port=0) as zoho:
        port, group = zoho.port, zoho.keep()
    try:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) == 0
    finally:
        os.killpg(group, signal.SIGTERM)
    assert is_free_soon(port)
