"""The sandbox answers in process."""

import httpx

from sandbox import SandboxConfig, create_app


async def test_health_names_both_orgs() -> None:
    """Health tells the ids that clients need."""
    transport = httpx.ASGITransport(create_app(SandboxConfig(seed=7)))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        body = (await client.get("/control/health")).json()
    assert body["status"] == "ok" and body["books_organization_id"].isdigit() and body["crm_org_id"].isdigit()
