"""What a handler returns and raises; the pipeline turns it into HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class Written(str):
    """JSON text that stands in a body as it is: a value that was written before."""

    __slots__ = ()


def written(value: Any) -> str:
    """Return JSON as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class Reply:
    """An answer before it is written: no body means an empty one (204, 304)."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    media_type: str = "application/json;charset=UTF-8"

    def encoded(self) -> bytes:
        """Return the body as it goes over the wire."""
        if isinstance(self.body, dict) and any(isinstance(part, Written) for part in self.body.values()):
            parts = (f"{written(key)}:{_text(part)}" for key, part in self.body.items())
            return ("{" + ",".join(parts) + "}").encode()
        return written(self.body).encode()

    @property
    def code(self) -> str | None:
        """Return the product's own code, of the first item when there are several."""
        if not isinstance(self.body, dict):
            return None
        if "code" in self.body:
            return str(self.body["code"])
        if "error" in self.body:
            return str(self.body["error"])
        for key in ("data", "watch", "merge"):
            items = self.body.get(key)
            if isinstance(items, list) and items and isinstance(items[0], dict) and "code" in items[0]:
                return next(
                    (str(i["code"]) for i in items if i.get("status") == "error"), str(items[0]["code"])
                )
        return None


def _text(part: Any) -> str:
    return part if isinstance(part, Written) else written(part)


class SandboxError(Exception):
    """Root of what a handler raises to end a call with an error body."""

    def reply(self) -> Reply:
        """Return the error as an answer."""
        raise NotImplementedError


class CrmError(SandboxError):
    """A CRM error; as an item of data[] or as the whole body (CRM dossier 2, error items)."""

    def __init__(self, code: str, message: str, details: Json | None = None, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details: Json = details or {}
        self.status = status

    def item(self) -> Json:
        """Return the object that stands in data[] or alone."""
        return {"code": self.code, "details": self.details, "message": self.message, "status": "error"}

    def reply(self) -> Reply:
        """Return the error as a whole body."""
        return Reply(self.status, self.item())


class InData(CrmError):
    """A refusal of a whole call that CRM draws as the one item of `data`."""

    def reply(self) -> Reply:
        """Return the error as a whole body."""
        return Reply(self.status, {"data": [self.item()]})


class BooksError(SandboxError):
    """A Books error: a number and a sentence (Books dossier 9)."""

    def __init__(
        self, code: int, message: str, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}

    def reply(self) -> Reply:
        """Return the error as a whole body."""
        return Reply(self.status, {"code": self.code, "message": self.message}, dict(self.headers))


class ControlError(SandboxError):
    """A mistake of the caller of the control API."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status

    def reply(self) -> Reply:
        """Return the mistake as a whole body."""
        return Reply(self.status, {"error": self.message})
