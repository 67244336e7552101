"""The emulator's process: started in a group of its own, always ended by its id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 60.0
END_SECONDS = 5.0


class EmulatorError(Exception):
    """The emulator did not come up; the message ends with the last lines of its log."""


def free_port(wanted: int | None = None) -> int:
    """`wanted` if nobody listens there, else a port that is free now."""
    for port in (wanted, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EmulatorError("no port is free")


def tail(path: Path, lines: int = 30) -> str:
    """The last lines of a log."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End `process` and all that it started (it leads its own group), first gently; no error if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Emulator:
    """One emulator process with a port, a log and a temporary folder of its own.

    `start` returns when it answers; `stop` ends it with every handler it started; `keep` lets it outlive us.
    """

    def __init__(self, envs: Path, log: Path, port: int | None = None) -> None:
        self._envs = envs
        self._log = log
        self._wanted = port
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary: Path | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        """Where every AWS service answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def group(self) -> int:
        """The process group to end, 0 when nothing runs."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start and wait for its health; a port lost to another program meanwhile is no failure."""
        for attempt in range(3):
            self.port = free_port(self._wanted if attempt == 0 else None)
            self._spawn()
            if self._answers():
                return
            self.stop()
        raise EmulatorError(f"the local AWS did not start; its log ends:\n{tail(self._log)}")

    def stop(self) -> None:
        """End the process group, first gently, and remove the temporary folder. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            end_group(process)
            if process.stdin is not None:
                process.stdin.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def keep(self) -> int:
        """Let it live on after us; returns the process group to end later (`kill -- -GROUP`)."""
        process = self._process
        if process is None or process.stdin is None:
            raise EmulatorError("nothing runs that could be kept")
        process.stdin.write(b"keep")
        process.stdin.close()
        self._process = self._temporary = None
        process.returncode = 0  # it is no longer ours to wait for
        return process.pid

    def _spawn(self) -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="tandem-"))
        self._log.parent.mkdir(parents=True, exist_ok=True)
        launcher = Path(__file__).with_name("launch_emulator.py")
        python = self._envs / "emulator" / "bin" / "python"
        runtime = self._envs / "runtime" / "bin" / "python"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(python), str(launcher), str(runtime)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._temporary,
                env=self._environment(self._temporary),
                start_new_session=True,
            )

    def _environment(self, temporary: Path) -> dict[str, str]:
        # The handlers inherit all of it, so nothing of ours is in it.
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": HOST,
            "AUTH": "true",
            "PERSIST_STATE": "0",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }

    def _answers(self) -> bool:
        process = self._process
        deadline = time.monotonic() + START_SECONDS
        while process is not None and process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):  # noqa: S310 - our own address
                    # Somebody else may have taken the port a moment before: then ours has ended.
                    return process.poll() is None
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        return False
