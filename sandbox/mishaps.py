"""Faults that happen at once to an org: to its records, its setup, its clocks, its channels.

Each is named, and what it strikes is told or drawn by a seed; what can be taken back is, when the fault is cleared.
"""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import available_timezones

from sandbox import bystander
from sandbox.automation import rule
from sandbox.clock import SkewedClock
from sandbox.control import edits
from sandbox.control.words import known_only
from sandbox.faults import Fault, check_words, options_of
from sandbox.replies import ControlError, Json
from sandbox.scene import Scene, Undo, set_back
from sandbox.schema_changes import SCHEMA_CHANGES
from sandbox.world import World


def happen(world: World, name: str, values: Json) -> Fault:
    """Do a mishap and list it among the faults; raises ControlError for what is not there."""
    text, strike = AT_ONCE[name]
    known_only(f"option of {name}", values, ("product", "module", "seed", *options_of(text)))
    check_words(name, values)
    undo = strike(Scene(world, values, world.faults.chance(values)))
    return world.faults.note(name, values, undo)


def _record(act: Callable[[Scene, str], None]) -> Callable[[Scene], Undo]:
    def strike(scene: Scene) -> Undo:
        among = bystander.ids_of(scene.world, scene.product, scene.kind)
        record_id = scene.values["record_id"] = str(scene.drawn("record_id", among))
        act(scene, record_id)
        return None

    return strike


def _delete(scene: Scene, record_id: str) -> None:
    bystander.delete(scene.world, scene.product, scene.kind, record_id)


def _purge(scene: Scene, record_id: str) -> None:
    where = {"module": scene.kind, "id": record_id}
    edits.crm_delete(scene.world, where, {"permanent": True})


def _inactivate(scene: Scene, record_id: str) -> None:
    mark = edits.item_status if scene.kind == "items" else edits.books_status
    mark("inactive")(scene.world, {"id": record_id}, {})


def _merge(scene: Scene, record_id: str) -> None:
    others = [i for i in bystander.ids_of(scene.world, scene.product, scene.kind) if i != record_id]
    loser = scene.values["loser"] = str(scene.drawn("loser", others))
    if scene.product == "crm":
        edits.crm_merge(scene.world, {"module": scene.kind, "id": record_id}, {"losers": [loser]})
    else:
        edits.books_merge(scene.world, {"id": record_id}, {"losers": [loser]})


def _restore(scene: Scene) -> Undo:
    entries = scene.world.crm.store.data[scene.module().api_name].deleted.values()
    among = [e.record.id for e in entries if not e.permanent]
    record_id = scene.values["record_id"] = str(scene.drawn("record_id", among))
    edits.crm_restore(scene.world, {"module": scene.kind, "id": record_id}, {})
    return None


def _books_inactivate(scene: Scene) -> Undo:
    scene.values["product"] = "books"
    return _record(_inactivate)(scene)


def _expire(scene: Scene) -> Undo:
    wanted = scene.values.get("channel_id")
    gone = [c for c in scene.world.crm.channels.active() if wanted in (None, c.channel_id)]
    before = [c.expires for c in gone]
    for channel in gone:
        channel.expires = int(scene.world.crm_clock.now()) - 1

    def undo() -> None:
        for channel, expires in zip(gone, before, strict=True):
            channel.expires = expires

    return undo


def _clock(scene: Scene) -> SkewedClock:
    return scene.world.crm_clock if scene.product == "crm" else scene.world.books_clock


def _skew(scene: Scene) -> Undo:
    return set_back(
        _clock(scene), skew=float(scene.values.setdefault("seconds", scene.rng.choice((-90, -2, 2, 90))))
    )


def _stop(scene: Scene) -> Undo:
    return set_back(_clock(scene), stopped=float(int(_clock(scene).now())))


def _zone(scene: Scene) -> Undo:
    zones = ["Asia/Kolkata", "Europe/London", "America/New_York", "Pacific/Chatham"]
    zone = scene.values["zone"] = str(scene.drawn("zone", zones))
    if zone not in available_timezones():
        raise ControlError(f"no zone is called {zone!r}")
    world = scene.world
    if scene.product == "crm":
        return set_back(world.crm.render, zone=zone)
    contacts, items = (set_back(r, zone=zone) for r in (world.books.render, world.books.item_render))

    def undo() -> None:
        contacts()
        items()

    return undo


def _form(scene: Scene) -> Undo:
    form = scene.values["form"] = str(scene.drawn("form", ["nfc", "html"]))
    return set_back(scene.world.switches, **{f"{scene.product}_text_form": form})


def _lag(scene: Scene) -> Undo:
    seconds = float(scene.values.setdefault("seconds", 60))
    return set_back(scene.world.switches, search_lag_seconds=seconds)


def _automation(scene: Scene) -> Undo:
    made = rule({"change": "upper", "field": _text_field(scene), **scene.values})
    rules = scene.world.crm.automations if made.product == "crm" else scene.world.books.automations
    rules.append(made)
    return lambda: rules.remove(made) if made in rules else None


def _text_field(scene: Scene) -> str:
    if scene.product == "crm":
        return scene.module().name_field if scene.kind != "Contacts" else "Last_Name"
    return "name" if scene.kind == "items" else "contact_name"


AT_ONCE: dict[str, tuple[str, Callable[[Scene], Undo]]] = {
    "channel_expired": ("CRM channels expire in silence; all, or `channel_id`.", _expire),
    "record_merged": ("`loser` is merged into `record_id`.", _record(_merge)),
    "record_restored": ("A CRM record (`record_id`) comes back from the bin.", _restore),
    "record_inactivated": (
        "A Books contact or item (`module` items, `record_id`) is marked inactive.",
        _books_inactivate,
    ),
    "record_deleted": ("A record (`record_id`) is deleted.", _record(_delete)),
    "record_purged": ("A CRM record (`record_id`) is deleted for good.", _record(_purge)),
    **SCHEMA_CHANGES,
    "clock_skewed": ("A product's clock goes `seconds` before or after.", _skew),
    "times_equal": ("A product's clock stands still: all that is written has the same second.", _stop),
    "other_zone": ("A product writes its times in another `zone`.", _zone),
    "text_form": ("A product keeps text in another `form`: nfc or html.", _form),
    "search_lag": ("CRM search finds a record `seconds` after its edit (default 60).", _lag),
    "automation": (
        "A rule rewrites a value after each write: `module`, `field`, `change`, `operand`.",
        _automation,
    ),
}
