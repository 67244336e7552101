"""Notification channels and the bodies sent to them (CRM dossier 5)."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.clock import Clock, parse_whole_seconds
from sandbox.crm.records import Effect
from sandbox.crm.render import CrmRenderer
from sandbox.crm.store import CrmStore
from sandbox.replies import CrmError, Json
from sandbox.shapes import is_web_address, is_whole, object_of, objects_of

HOUR, WEEK = 3_600, 7 * 86_400
EVENT_OF = {"insert": "create", "update": "edit", "delete": "delete"}
PAGE_OF_MODULES = ("create", "edit", "delete", "all")
LONGEST_URL, LONGEST_TOKEN, MOST_FIELDS = 255, 50, 10


@dataclass(slots=True)
class Channel:
    """One subscription of one user."""

    channel_id: str
    events: list[str]
    notify_url: str
    token: str | None
    expires: int
    user: str
    related: bool = True
    values: bool = False
    condition: list[Json] = field(default_factory=list)

    def modules(self) -> list[str]:
        """Return the modules it listens to, in order."""
        return list(dict.fromkeys(event.split(".")[0] for event in self.events))


class Channels:
    """The channels of the org; an expired one is silent and unknown to a renewal."""

    def __init__(self, store: CrmStore, renderer: CrmRenderer, clock: Clock) -> None:
        self._store = store
        self._render = renderer
        self._clock = clock
        self._by_id: dict[str, Channel] = {}

    def active(self) -> list[Channel]:
        """Return the channels that have not expired."""
        now = self._clock.now()
        return [c for c in self._by_id.values() if c.expires > now]

    def _find(self, channel_id: str) -> Channel:
        channel = self._by_id.get(channel_id)
        if channel is None or channel.expires <= self._clock.now():
            raise CrmError("NOT_SUBSCRIBED", "Not subscribed for actions-watch of the given channel")
        return channel

    def enable(self, spec: Json, user: str) -> Channel:
        """Make a channel; raises CrmError as the item's refusal."""
        for name in ("channel_id", "events", "notify_url"):
            if not spec.get(name):
                raise CrmError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": name})
        channel = Channel(self._channel_id(spec), [], "", None, 0, user)
        self._apply(channel, spec)
        channel.expires = self._expiry(spec.get("channel_expiry"))
        self._by_id[channel.channel_id] = channel
        return channel

    def replace(self, spec: Json, user: str) -> Channel:
        """Replace a live channel; what is not sent is unset."""
        self._find(self._channel_id(spec))
        return self.enable(spec, user)

    def patch(self, spec: Json) -> Channel:
        """Change or renew a live channel; what is not sent stays."""
        channel = self._find(self._channel_id(spec))
        if spec.get("_delete_events"):
            channel.events = [e for e in channel.events if e not in spec.get("events", [])]
            return channel
        self._apply(channel, spec)
        if "channel_expiry" in spec:
            channel.expires = self._expiry(spec["channel_expiry"])
        return channel

    def disable(self, channel_id: str) -> Channel:
        """End a channel."""
        channel = self._find(channel_id)
        del self._by_id[channel_id]
        return channel

    def _channel_id(self, spec: Json) -> str:
        text = str(spec.get("channel_id", ""))
        if not is_whole(text):
            details = {"expected_data_type": "bigint", "api_name": "channel_id"}
            raise CrmError("INVALID_DATA", "invalid data", details)
        return text

    def _apply(self, channel: Channel, spec: Json) -> None:
        if "events" in spec:
            channel.events = self._events(spec["events"])
        if "notify_url" in spec:
            url = spec["notify_url"]
            if not is_web_address(url):
                raise CrmError("INVALID_DATA", "invalid data", {"api_name": "notify_url"})
            _refuse_longer(url, LONGEST_URL, "notify_url")
            channel.notify_url = url
        if "token" in spec:
            _refuse_longer(str(spec["token"] or ""), LONGEST_TOKEN, "token")
            channel.token = spec["token"]
        channel.related = bool(spec.get("notify_on_related_action", channel.related))
        channel.values = bool(spec.get("return_affected_field_values", channel.values))
        conditions = objects_of(spec.get("notification_condition"))
        for condition in conditions:
            _refuse_longer(_fields(object_of(condition.get("field_selection"))), MOST_FIELDS, "group")
        channel.condition = conditions or channel.condition

    def _events(self, events: Any) -> list[str]:
        if not isinstance(events, list) or len(events) > 50:
            raise CrmError(
                "INVALID_DATA", "invalid data", {"expected_data_type": "jsonarray", "api_name": "events"}
            )
        for event in events:
            module, _, operation = str(event).partition(".")
            if module not in self._store.modules or operation not in PAGE_OF_MODULES:
                raise CrmError("INVALID_DATA", "invalid data", {"api_name": "events", "value": str(event)})
        return [str(event) for event in events]

    def _expiry(self, text: Any) -> int:
        """More than a week, the past, or nothing become one hour (CRM dossier 5)."""
        now = int(self._clock.now())
        if text is None:
            return now + HOUR
        try:
            moment = int(parse_whole_seconds(str(text)))
        except ValueError as error:
            details = {"expected_data_type": "datetime", "api_name": "channel_expiry"}
            raise CrmError("INVALID_DATA", "invalid data", details) from error
        return moment if now < moment <= now + WEEK else now + HOUR

    def described(self, channel: Channel, base_url: str) -> Json:
        """Return a channel as GET actions/watch lists it."""
        return {
            "notify_on_related_action": channel.related,
            "notification_condition": channel.condition or None,
            "return_affected_field_values": channel.values,
            "events": channel.events,
            "channel_id": channel.channel_id,
            "notify_url": channel.notify_url,
            "token": channel.token,
            "channel_expiry": self._render.time(channel.expires),
            "fields": {},
            "resource_uri": f"{base_url}/crm/v8/{channel.modules()[0]}" if channel.events else None,
            "resource_name": channel.modules()[0] if channel.events else None,
            "resource_id": self._store.modules[channel.modules()[0]].id if channel.events else None,
        }

    def receipt(self, channel: Channel, base_url: str) -> Json:
        """Return the events part of a successful enable or update."""
        return {
            "events": [
                {
                    "channel_expiry": self._render.time(channel.expires),
                    "resource_uri": f"{base_url}/crm/v8/{module}",
                    "resource_id": self._store.modules[module].id,
                    "resource_name": module,
                    "channel_id": channel.channel_id,
                }
                for module in channel.modules()
            ]
        }


class Notifier:
    """Turns effects of writes into bodies for channels."""

    def __init__(
        self,
        store: CrmStore,
        renderer: CrmRenderer,
        channels: Channels,
        clock: Clock,
        insert_has_values: Callable[[], bool],
    ) -> None:
        self._store = store
        self._render = renderer
        self._channels = channels
        self._clock = clock
        self._insert_has_values = insert_has_values

    def bodies(self, effects: list[Effect]) -> list[tuple[Channel, Json]]:
        """Return what each channel is told about effects of one module and operation."""
        if not effects:
            return []
        module, operation = effects[0].record.module, effects[0].operation
        found = []
        for channel in self._channels.active():
            if _listens(channel, module, EVENT_OF[operation]):
                mine = [e for e in effects if _selected(channel, e)]
                if mine:
                    found.append((channel, self._body(channel, module, operation, mine)))
            parents = self._parents(effects) if channel.related else []
            if module == "Contacts" and parents and _listens(channel, "Accounts", "edit"):
                found.append((channel, self._body(channel, "Accounts", "update", parents)))
        return found

    def _parents(self, effects: list[Effect]) -> list[Effect]:
        found: dict[str, Effect] = {}
        for effect in effects:
            parent = self._store.get("Accounts", effect.record.values.get("Account_Name") or "")
            if parent is not None and effect.record.module == "Contacts":
                found[parent.id] = Effect(parent, "update")
        return list(found.values())

    def _body(self, channel: Channel, module: str, operation: str, effects: list[Effect]) -> Json:
        shows = operation != "insert" or self._insert_has_values()
        body: Json = {"server_time": int(self._clock.now() * 1000)}
        if channel.values:
            body["affected_values"] = [
                {"record_id": e.record.id, "values": {n: self._value(e, n) for n in e.changed}}
                for e in effects
                if shows
            ]
        return body | {
            "query_params": dict(parse_qsl(urlsplit(channel.notify_url).query)),
            "module": module,
            "resource_uri": f"https://www.zohoapis.com/crm/v2/{module}",
            "ids": [e.record.id for e in effects],
            "affected_fields": [{e.record.id: list(e.changed)} for e in effects if shows],
            "operation": operation,
            "channel_id": channel.channel_id,
            "token": channel.token,
        }

    def _value(self, effect: Effect, name: str) -> Any:
        return 0 if name == "Record_Status__s" else self._render.value(effect.record, name)


def _refuse_longer(held: Sized, most: int, api_name: str) -> None:
    if len(held) > most:
        raise CrmError("INVALID_DATA", "invalid data", {"maximum_length": most, "api_name": api_name})


def _fields(selection: Json) -> list[Json]:
    """Return the fields that a condition names, in its groups too."""
    inner = [field for part in objects_of(selection.get("group")) for field in _fields(part)]
    return [object_of(selection["field"]), *inner] if "field" in selection else inner


def _listens(channel: Channel, module: str, event: str) -> bool:
    return f"{module}.{event}" in channel.events or f"{module}.all" in channel.events


def _selected(channel: Channel, effect: Effect) -> bool:
    """Apply field selections, which bear on edits only."""
    mine = [
        c for c in channel.condition if object_of(c.get("module")).get("api_name") == effect.record.module
    ]
    if not mine or effect.operation != "update":
        return True
    return all(_meets(object_of(c.get("field_selection")), effect) for c in mine)


def _meets(selection: Json, effect: Effect) -> bool:
    if "field" in selection:
        return object_of(selection["field"]).get("api_name") in effect.changed
    group = [_meets(part, effect) for part in objects_of(selection.get("group"))]
    return any(group) if selection.get("group_operator", "or") == "or" else all(group)
