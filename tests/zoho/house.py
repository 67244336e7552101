"""A sandbox in process and our clients to it: only its app and its control API are used."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx

from sandbox import SandboxConfig, create_app
from tandem.adapters.zoho.auth import Credentials, ZohoAuth
from tandem.adapters.zoho.books import BooksClient
from tandem.adapters.zoho.crm import CrmClient
from tandem.adapters.zoho.endpoints import Endpoints, Product
from tandem.adapters.zoho.parse import now, parse_time
from tandem.adapters.zoho.retries import Retries
from tandem.adapters.zoho.transport import Transport
from tests.zoho.support import ACCOUNTS, CUSTOMERS, MemoryTokens, RecordingGate

BASE = "http://zoho.test"


class Zoho:
    """One sandbox in process, and our clients to it."""

    def __init__(self, **config: Any) -> None:
        app = create_app(SandboxConfig(hang="raise", **config))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)
        self.gate = RecordingGate()
        self.tokens = MemoryTokens(now)
        self.crm: CrmClient
        self.books: BooksClient

    async def open(self) -> None:
        told = await self.control("GET", "/health")
        hosts = Endpoints(BASE, BASE, BASE, told["books_organization_id"], told["crm_org_id"], "in")
        self.crm = CrmClient(self.transport("crm", hosts))
        self.books = BooksClient(self.transport("books", hosts))
        self.hosts = hosts

    def transport(self, product: Product, hosts: Endpoints, **options: Any) -> Transport:
        auth = ZohoAuth(
            product=product,
            token_url=hosts.token_url(),
            store=self.tokens,
            credentials=lambda: Credentials("an id", "a secret", "1000.refresh"),
            clock=now,
        )
        quick = Retries(pause=0.0)
        return Transport(
            self.http, self.gate, product=product, endpoints=hosts, auth=auth, retries=quick, **options
        )

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, f"/control{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def fault(self, name: str, **values: Any) -> None:
        await self.control("POST", "/faults", {"name": name, "count": 1, **values})

    async def switch(self, **values: Any) -> None:
        await self.control("PUT", "/switches", values)

    async def step(self, seconds: float) -> None:
        await self.control("POST", "/clock", {"step": seconds})

    async def time(self) -> datetime:
        found = parse_time((await self.control("GET", "/clock"))["now"])
        assert found
        return found

    async def account(self, **values: Any) -> str:
        return (await self.crm.insert(ACCOUNTS, {"Account_Name": "Deccan Trading", **values})).id

    async def customer(self, name: str = "Deccan Trading", **values: Any) -> str:
        return (
            await self.books.insert(CUSTOMERS, {"contact_name": name, "contact_type": "customer", **values})
        ).id
