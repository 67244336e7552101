"""The local Zoho: its process, and its control API by which the demo edits as users would and reads both sides."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from local.emulator import HOST, end_group, free_port, tail

Json = dict[str, Any]

PORT = 18080
START_SECONDS = 30.0


class SandboxError(Exception):
    """The sandbox did not start, or refused what the demo asked of it."""


class Sandbox:
    """One sandbox that lives as long as the `with` block; a busy port is no failure.

    with Sandbox(root, log=Path("build/requests.jsonl"), seed=1) as zoho:
        zoho.edit("crm/Accounts/123", {"Phone": "+44 113 496 0000"})
    """

    def __init__(self, root: Path, *, log: Path, seed: int, port: int = PORT) -> None:
        self.root, self.log, self.seed = root, log, seed
        self._wanted = port
        self._output = log.with_name("sandbox.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(timeout=30)
        self.port = 0

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._stop()
        self._http.close()

    @property
    def url(self) -> str:
        """Where everything of it answers."""
        return f"http://{HOST}:{self.port}"

    def keep(self) -> int:
        """Let it live on after the block; returns its process group (`kill -- -GROUP` ends it)."""
        process = self._process
        if process is None or process.stdin is None:
            raise SandboxError("nothing runs that could be kept")
        process.stdin.write(b"keep")
        process.stdin.close()
        self._process = None
        process.returncode = 0  # it is no longer ours to wait for
        return process.pid

    # --- control -----------------------------------------------------------------------------------------

    def get(self, path: str, **query: str | int) -> Json:
        """Read something under /control."""
        return self._call("GET", path, None, query)

    def post(self, path: str, body: Json | None = None) -> Json:
        """Add or do something under /control."""
        return self._call("POST", path, body, {})

    def edit(self, path: str, body: Json) -> Json:
        """Change a record as a user would; answers the record."""
        return self._call("PATCH", path, body, {})

    def put(self, path: str, body: Json) -> Json:
        """Set limits, switches or tokens."""
        return self._call("PUT", path, body, {})

    def delete(self, path: str) -> Json:
        """Remove something."""
        return self._call("DELETE", path, None, {})

    def account(self, id: str) -> Json | None:
        """A CRM Account as it stands."""
        return self.row("crm", "Accounts", id)

    def contact(self, id: str) -> Json | None:
        """A CRM Contact as it stands."""
        return self.row("crm", "Contacts", id)

    def customer(self, id: str) -> Json | None:
        """A Books customer as it stands, with its persons."""
        return self.row("books", "contacts", id)

    def person(self, id: str) -> Json | None:
        """A Books contact person as it stands."""
        people = (p for c in self.export()["books"]["contacts"] for p in c["contact_persons"])
        return next((p for p in people if p["contact_person_id"] == id), None)

    def row(self, side: str, kind: str, id: str) -> Json | None:
        """One row of the export, None when it is not there."""
        name = "id" if side == "crm" else "contact_id"
        rows: list[Json] = self.export()[side][kind]
        return next((row for row in rows if row[name] == id), None)

    def export(self) -> Json:
        """Everything both orgs hold."""
        return self.get("export")

    def _call(self, method: str, path: str, body: Json | None, query: dict[str, str | int]) -> Json:
        answer = self._http.request(method, f"{self.url}/control/{path}", json=body, params=query)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise SandboxError(f"{method} /control/{path}: {answer.text[:300]}")
        found: Json = answer.json()
        return found

    # --- process -----------------------------------------------------------------------------------------

    def _start(self) -> None:
        """A port lost to another program meanwhile is no failure."""
        for attempt in range(3):
            self.port = free_port(self._wanted if attempt == 0 else None)
            self._spawn()
            if self._answers():
                return
            self._stop()
        raise SandboxError(f"the sandbox did not start; its output ends:\n{tail(self._output)}")

    def _spawn(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "local.demo.launch_sandbox", "--port", str(self.port)),
                    *("--log", str(self.log), "--seed", str(self.seed), "--limits", "real"),
                ],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.root,
                start_new_session=True,
            )

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end_group(process)
            if process.stdin is not None:
                process.stdin.close()

    def _answers(self) -> bool:
        process, deadline = self._process, time.monotonic() + START_SECONDS
        while process is not None and process.poll() is None and time.monotonic() < deadline:
            try:
                if self._http.get(f"{self.url}/control/health", timeout=2).status_code == httpx.codes.OK:
                    # Somebody else may have taken the port a moment before: then ours has ended.
                    return process.poll() is None
            except httpx.HTTPError:
                time.sleep(0.05)
        return False
