"""A served sandbox and the outside programs that run against it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
DRIVERS = Path(__file__).parent / "drivers"
PYTHON = ROOT / "build/envs/outside/bin/python"
NODE_HOME = ROOT / "build/envs/node"
NOW = "2026-11-23T09:00:00+00:00"


class Zoho:
    """A sandbox on a port whose clock stands, and outside programs that know only its URL."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._http = httpx.Client(base_url=f"{url}/control", transport=httpx.HTTPTransport(retries=8))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API and return its answer."""
        answer = self._http.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def held(self, product: str, kind: str) -> dict[str, dict[str, Any]]:
        """What the sandbox holds now, by the first of `id`, `contact_id`, `item_id`, `invoice_id` that a row has."""
        names = ("id", "contact_id", "item_id", "invoice_id")
        own = {"contacts": "contact_id", "items": "item_id", "invoices": "invoice_id"}.get(kind, names[0])
        return {row[own]: row for row in self.control("GET", "/export")[product][kind]}

    def calls(self, product: str) -> list[tuple[str, int]]:
        """The calls that came, as (endpoint, status)."""
        found = self.control("GET", f"/requests?product={product}&limit=1000")["requests"]
        return [(call["endpoint"], call["status"]) for call in found]

    def run(self, driver: Path, scenario: str, given: Any = None) -> Any:
        """What a driver saw, as JSON. It has nothing of ours on its path; a driver that fails fails the test."""
        start = [str(PYTHON), "-I"] if driver.suffix == ".py" else ["node"]
        home = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "SDK_HOME": str(NODE_HOME)}
        done = subprocess.run(
            [*start, str(driver), scenario, self.url, str(self.folder), json.dumps(given or {})],
            cwd=self.folder,
            env=home,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def close(self) -> None:
        """Close the connection to the control API."""
        self._http.close()
