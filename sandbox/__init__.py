"""A local Zoho: accounts server, CRM v8 and Books v3 over HTTP, for tests, demos and trials.

`create_app(config)` gives a Starlette application for httpx.ASGITransport or any ASGI server;
`python -m sandbox --help` serves it on a port.
"""

from sandbox.app import create_app, world_of
from sandbox.config import SandboxConfig

__all__ = ["SandboxConfig", "create_app", "world_of"]
