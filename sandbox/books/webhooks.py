"""Webhooks of the Books org: who is told of what (Books dossier 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.books.workflows import EVENTS, Workflows, events_of
from sandbox.ids import IdSource
from sandbox.replies import BooksError, ControlError, Json
from sandbox.shapes import is_web_address
from sandbox.switches import Switches

ENTITIES = ("contact", "item")
METHODS = ("POST", "PUT", "DELETE")
BODY_TYPES = ("default_payload", "raw", "form_data", "x_www_form_urlencoded")
ENVELOPES = ("json", "bare", "form", "ids")


@dataclass(slots=True)
class Webhook:
    """One registered webhook; None means: as the switch says."""

    webhook_id: str
    url: str
    secret: str
    events: tuple[str, ...]
    name: str = "webhook"
    entity: str = "contact"
    encoding: str | None = None
    envelope: str | None = None
    active: bool = True
    spec: Json = field(default_factory=dict)
    needs_rule: bool = False


class Webhooks:
    """The webhooks of the org, and the rules that fire those made through the settings API."""

    def __init__(self, ids: IdSource, workflows: Workflows, switches: Callable[[], Switches]) -> None:
        self._ids = ids
        self._workflows = workflows
        self._switches = switches
        self.hooks: dict[str, Webhook] = {}

    def register(self, spec: Json) -> Webhook:
        """Add a webhook as control asks; raises ControlError."""
        events = tuple(spec.get("events") or EVENTS)
        url = str(spec.get("url", ""))
        if not is_web_address(url) or set(events) - set(EVENTS):
            raise ControlError(f"a webhook wants an http url and events out of {EVENTS}")
        if spec.get("envelope") not in (None, *ENVELOPES):
            raise ControlError(f"envelope is one of {ENVELOPES}")
        if spec.get("entity", "contact") not in ENTITIES:
            raise ControlError(f"entity is one of {ENTITIES}")
        if spec.get("encoding") not in (None, "hex", "base64"):
            raise ControlError("encoding is hex or base64")
        hook = Webhook(
            self._ids.draw(),
            url,
            str(spec.get("secret", "")),
            events,
            str(spec.get("webhook_name") or spec.get("name") or "webhook"),
            str(spec.get("entity", "contact")),
            spec.get("encoding"),
            spec.get("envelope"),
            True,
            spec,
        )
        self.hooks[hook.webhook_id] = hook
        return hook

    def from_settings(self, spec: Json) -> Webhook:
        """Add a webhook as POST /settings/webhooks asks; raises BooksError."""
        _check(spec)
        events = [e for e in EVENTS if e in events_of(spec.get("events"))]
        made = self.register(
            {
                **spec,
                "events": events or list(EVENTS),
                "encoding": None,
                "envelope": None,
                "entity": "contact",
            }
            | ({"entity": spec["entity"]} if spec.get("entity") in ENTITIES else {})
        )
        made.needs_rule = True
        return made

    def change(self, webhook_id: str, spec: Json) -> Webhook:
        """Change what is sent of a webhook; raises BooksError."""
        hook = self.get(webhook_id)
        merged = {**hook.spec, **spec}
        _check(merged)
        events = tuple(e for e in EVENTS if e in events_of(merged.get("events")))
        hook.url, hook.secret = str(merged["url"]), str(merged.get("secret") or "")
        hook.name, hook.events, hook.spec = str(merged["webhook_name"]), events or EVENTS, merged
        return hook

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook; raises BooksError 1002."""
        found = self.hooks.get(webhook_id)
        if found is None:
            raise BooksError(1002, "Webhook does not exist.", 404)
        return found

    def listening(self, entity: str, operation: str) -> list[Webhook]:
        """Return the webhooks that are told of an operation on a contact or an item."""
        return [
            h
            for h in self.hooks.values()
            if h.active and h.entity == entity and self._fires(h, entity, operation)
        ]

    def _fires(self, hook: Webhook, entity: str, operation: str) -> bool:
        if hook.needs_rule and self._switches().webhook_needs_rule:
            return self._workflows.fires(hook.webhook_id, entity, operation)
        return operation in hook.events

    def described(self, hook: Webhook) -> Json:
        """Return a webhook as the settings API shows it; the secret is never shown."""
        asked = (
            "description",
            "headers",
            "additional_parameters",
            "entity_parameters",
            "query_parameters",
            "form_data",
            "raw_data",
            "retry_policy_id",
        )
        return {
            "webhook_id": hook.webhook_id,
            "webhook_name": hook.name,
            "entity": hook.entity,
            "url": hook.url,
            "method": hook.spec.get("method", "POST"),
            "body_type": hook.spec.get("body_type", "default_payload"),
            "events": list(hook.events),
            "is_active": hook.active,
            **{name: hook.spec.get(name, _BLANK.get(name, [])) for name in asked},
            "encoding": hook.encoding,
            "envelope": hook.envelope,
        }


_BLANK = {"description": "", "raw_data": "", "retry_policy_id": ""}
_LENGTHS = {"url": 5_000, "webhook_name": 50, "description": 100, "raw_data": 100_000}


def _check(spec: Json) -> None:
    secret = str(spec.get("secret") or "")
    wrong = [name for name, most in _LENGTHS.items() if len(str(spec.get(name) or "")) > most]
    wrong += [] if is_web_address(spec.get("url")) else ["url"]
    wrong += [] if spec.get("webhook_name") else ["webhook_name"]
    if secret and not re.fullmatch(r"[A-Za-z0-9]{12,50}", secret):
        wrong.append("secret")
    if spec.get("method", "POST") not in METHODS:
        wrong.append("method")
    if spec.get("body_type", "default_payload") not in BODY_TYPES:
        wrong.append("body_type")
    if wrong:
        raise BooksError(4, f"Invalid value passed for {wrong[0]}")
