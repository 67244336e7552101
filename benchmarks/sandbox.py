"""How soon the sandbox is ready with invented data, and how long its pages take: a process of its own, over loopback.

The times are those of a caller on the same machine, HTTP and JSON included; nothing is asserted on them in a test.
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

ROOT: Final = Path(__file__).parents[1]
SIZE: Final = 20_000
"""Invented companies, as the sandbox's `--size` takes them."""
ROUNDS: Final = 40
READY_SECONDS: Final = 10
PAGE_MS: Final = 25
"""What was promised of `--size 20000`: ready in, and a page of 200 in."""
_ADDRESS: Final = re.compile(r"on (http://\S+) .*organization_id (\d+)")

Call = Callable[[], httpx.Response]


def measure(size: int = SIZE, rounds: int = ROUNDS) -> dict[str, Any]:
    """Start it, ask each page some times, and stop it; milliseconds, the median and the 95th percentile."""
    start = perf_counter()
    with _served(size) as (url, organization), httpx.Client(base_url=url, timeout=60) as http:
        counts = http.get("/control/health").json()["counts"]
        ready = perf_counter() - start
        pages = [_timed(what, call, rounds) for what, call in _calls(http, organization).items()]
    return {"size": size, "counts": counts, "ready_seconds": round(ready, 2), "pages": pages}


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


def _timed(what: str, call: Call, rounds: int) -> dict[str, Any]:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        answer = call()
        times.append((perf_counter() - start) * 1_000)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{what}: {answer.status_code} {answer.text[:200]}")
    high = quantiles(times, n=20)[-1] if rounds > 1 else times[0]
    return {
        "what": what,
        "rows": _rows(answer),
        "ms": round(median(times), 1),
        "ms_95": round(high, 1),
        "bytes": len(answer.content),
    }


def _rows(answer: httpx.Response) -> int:
    lists = [value for value in answer.json().values() if isinstance(value, list)]
    return len(lists[0]) if lists else 1


def _calls(http: httpx.Client, organization: str) -> dict[str, Call]:
    form = {"grant_type": "refresh_token", "client_id": "c", "client_secret": "s", "refresh_token": "1000.a"}
    access = http.post("/oauth/v2/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Zoho-oauthtoken {access}"}
    fields = {
        "fields": "Account_Name,Phone,Website,Billing_Street,Billing_City,Owner,Modified_Time,Modified_By"
    }
    newest = {"sort_column": "last_modified_time", "sort_order": "D"}

    def crm(path: str, **params: Any) -> httpx.Response:
        return http.get(f"/crm/v8/{path}", params=params, headers=headers)

    def books(path: str, **params: Any) -> httpx.Response:
        return http.get(
            f"/books/v3/{path}", params={"organization_id": organization, **params}, headers=headers
        )

    def coql(limit: int) -> httpx.Response:
        columns = fields["fields"].replace("Owner,", "")
        where = "where id is not null order by Modified_Time asc, id asc"
        text = f"select {columns} from Accounts {where} limit {limit}"  # noqa: S608 - COQL, of our own words
        return http.post("/crm/v8/coql", json={"select_query": text}, headers=headers)

    def after_a_write() -> httpx.Response:
        http.patch(f"/control/books/contacts/{contact}", json={"notes": "x"}).raise_for_status()
        return books("contacts", **newest)

    contact = books("contacts", per_page=1).json()["contacts"][0]["contact_id"]
    account = crm("Accounts", **fields, per_page=1).json()["data"][0]["id"]
    token = _late_token(lambda **where: crm("Accounts", **fields, **where))
    return {
        "CRM Accounts, first page": lambda: crm("Accounts", **fields, per_page=200),
        "CRM Accounts, a page by token": lambda: crm("Accounts", **fields, **token),
        "CRM Products, first page": lambda: crm("Products", fields="Product_Name,Vendor_Name,Unit_Price"),
        "CRM one Account": lambda: crm(f"Accounts/{account}"),
        "COQL, 200 rows": lambda: coql(200),
        "COQL, 2,000 rows": lambda: coql(2_000),
        "Books contacts, first page": lambda: books("contacts"),
        "Books contacts, newest first": lambda: books("contacts", **newest),
        "Books contacts, page 50": lambda: books("contacts", page=50),
        "Books contacts, newest after a write": after_a_write,
        "Books one contact": lambda: books(f"contacts/{contact}"),
        "Books items, first page": lambda: books("items"),
    }


def _late_token(accounts: Callable[..., httpx.Response]) -> dict[str, Any]:
    """The token after the last page that a number reaches, or after the first; none where there is one page."""
    for page in (10, 1):
        answer = accounts(per_page=200, page=page)
        following = answer.json()["info"]["next_page_token"] if answer.content else None
        if following is not None:
            return {"per_page": 200, "page_token": following}
    return {"per_page": 200}
