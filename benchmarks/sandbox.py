"""How soon the sandbox is ready with invented data, and how long its pages take: a process of its own, over loopback.

Milliseconds of the caller hold HTTP, JSON and whatever else the machine does; those of the sandbox's processor do not,
and are what was promised. Nothing is asserted on either in a test.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Final

import httpx

from benchmarks.pages import Call, Zoho, pages

ROOT: Final = Path(__file__).parents[1]
SIZE: Final = 20_000
"""Invented companies, as the sandbox's `--size` takes them."""
ROUNDS: Final = 15
"""Calls of each page; a third as many come after a write."""
READY_SECONDS: Final = 10
PAGE_MS: Final = 25
"""What was promised of `--size 20000`: ready in, and a page of 200 in."""
_ADDRESS: Final = re.compile(r"on (http://\S+) .*organization_id (\d+)")


def measure(size: int = SIZE, rounds: int = ROUNDS) -> dict[str, Any]:
    """Start it, ask each page some times, the last of them after a write each, and stop it."""
    start = perf_counter()
    with _served(size) as (url, organization), httpx.Client(base_url=url, timeout=60) as http:
        health = http.get("/control/health").json()
        ready, used = perf_counter() - start, health["processor_seconds"]
        zoho = Zoho(http, organization)
        zoho.prepare()
        spent = Spent(http)
        rows = [_timed(what, call, zoho, spent, rounds) for what, call in pages(zoho).items()]
    return {
        "size": size,
        "counts": health["counts"],
        "ready_seconds": round(ready, 2),
        "ready_processor_seconds": round(used, 2),
        "pages": rows,
    }


class Spent:
    """What one call costs its caller and the sandbox's processor, the latter without that of asking for it."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._asking = 0.0
        self._asking = median(self.by(lambda: None)[1] for _ in range(20))

    def by(self, call: Callable[[], object]) -> tuple[float, float]:
        """Return the milliseconds of both."""
        before, start = self._told(), perf_counter()
        call()
        took = perf_counter() - start
        return took * 1_000, max(0.0, (self._told() - before) * 1_000 - self._asking)

    def _told(self) -> float:
        return float(self._http.get("/control/health").json()["processor_seconds"])


@contextmanager
def _served(size: int) -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--size", str(size)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            told = process.stdout.readline() if process.stdout else ""
            found = _ADDRESS.search(told)
            if found is None:
                raise RuntimeError(f"the sandbox did not start: {told!r}")
            yield found[1], found[2]
        finally:
            process.terminate()


def _timed(what: str, call: Call, zoho: Zoho, spent: Spent, rounds: int) -> dict[str, Any]:
    """Milliseconds of a page: for its caller, of the sandbox's processor, and of that after a write."""
    answer = call()
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{what}: {answer.status_code} {answer.text[:200]}")
    times, used = zip(*[spent.by(call) for _ in range(rounds)], strict=True)
    after = []
    for _ in range(max(1, rounds // 3)):
        zoho.write()
        after.append(spent.by(call)[1])
    high = quantiles(times, n=20)[-1] if rounds > 1 else times[0]
    return {
        "what": what,
        "rows": _rows(answer),
        "ms": round(median(times), 1),
        "ms_95": round(high, 1),
        "processor_ms": round(median(used), 1),
        "processor_ms_written": round(median(after), 1),
        "bytes": len(answer.content),
    }


def _rows(answer: httpx.Response) -> int:
    lists = [value for value in answer.json().values() if isinstance(value, list)]
    return len(lists[0]) if lists else 1
