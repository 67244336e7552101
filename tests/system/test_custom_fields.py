"""A custom field of every type that both products have, through the whole system: both ways, blank and cleared."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import pytest
import yaml

from tests.system.conftest import ACCOUNT
from tests.system.world import System

INDIA = yaml.safe_load(resources.files("tandem.presets").joinpath("india.yaml").read_text())
CRM_NAME, BOOKS_NAME = "Extra", "cf_extra"
Build = Callable[["Kind"], Awaitable["Scene"]]


@dataclass(frozen=True)
class Kind:
    """One type of field: how each side calls it, what carries it, and two values as each side shows them."""

    crm: str
    books: str
    converter: str
    first: tuple[Any, Any]
    second: tuple[Any, Any]
    args: dict[str, Any] = field(default_factory=dict)
    crm_spec: dict[str, Any] = field(default_factory=dict)
    books_spec: dict[str, Any] = field(default_factory=dict)
    cleared: tuple[Any, Any] = (None, None)
    """What CRM and Books show once it is blank."""


GRADES: dict[str, Any] = {
    "args": {"values": {"Gold": "G", "Silver": "S"}},
    "crm_spec": {"picklist": ["Gold", "Silver"]},
    "books_spec": {"options": ["G", "S"]},
}
KINDS = {
    "text": Kind("text", "string", "text", ("Ålesund & Søn", "Ålesund & Søn"), ("ZZ-9", "ZZ-9")),
    "several lines": Kind("textarea", "multiline", "long_text", ("one\ntwo", "one\ntwo"), ("three", "three")),
    "e-mail": Kind("email", "email", "email", ("a@acme.example", "a@acme.example"), ("b@acme.example",) * 2,
                   args={"crm_max": 100}),
    "URL": Kind("website", "url", "url", ("https://acme.example/a",) * 2, ("https://acme.example/b",) * 2),
    "phone": Kind("phone", "phone", "phone", ("+91 22 1234 5678",) * 2, ("+91 98765 43210",) * 2),
    "integer": Kind("integer", "number", "integer", (12, 12), (0, 0)),
    "decimal": Kind("double", "decimal", "decimal", (1.25, 1.25), (-3.5, -3.5), args={"places": 2}),
    "currency": Kind("currency", "amount", "money", (1500.5, 1500.5), (0.07, 0.07), args={"currency": "INR"}),
    "percent": Kind("percent", "percent", "percent", (12.5, 12.5), (100.0, 100.0)),
    "date": Kind("date", "date", "date", ("2026-04-01",) * 2, ("2028-02-29",) * 2),
    "datetime with zone": Kind(
        "datetime", "date_time", "datetime", ("2026-04-01T09:30:00+05:30", "2026-04-01 09:30"),
        ("2026-12-31T23:59:00+05:30", "2026-12-31 23:59"), args={"zone": "Asia/Kolkata"}),
    "check box": Kind("boolean", "check_box", "checkbox", (True, True), (False, False), cleared=(False, False)),
    "pick list": Kind("picklist", "dropdown", "picklist", ("Gold", "G"), ("Silver", "S"), **GRADES),
    "several choices": Kind(
        "multiselectpicklist", "multiselect", "multi_select", (["Gold", "Silver"], ["G", "S"]), (["Silver"], ["S"]),
        **GRADES),
}  # fmt: skip


@dataclass
class Scene:
    """A system whose customers have one more field."""

    system: System
    kind: Kind

    async def crm(self) -> Any:
        """What the only Account shows in it."""
        [account] = (await self.system.export())["crm"]["Accounts"]
        return account.get(CRM_NAME)

    async def books(self) -> Any:
        """What the only Books customer shows in it; None where it is left out."""
        [customer] = (await self.system.export())["books"]["contacts"]
        shown = {one["api_name"]: one["value"] for one in customer["custom_fields"]}
        return shown.get(BOOKS_NAME)

    async def edit_crm(self, value: Any) -> None:
        """A user edits the Account; the edit is synced."""
        [account] = (await self.system.export())["crm"]["Accounts"]
        await self.system.control("PATCH", f"/crm/Accounts/{account['id']}", {CRM_NAME: value})
        await self.system.run(12)

    async def edit_books(self, value: Any) -> None:
        """A user edits the Books customer; the edit is synced."""
        [customer] = (await self.system.export())["books"]["contacts"]
        await self.system.control("PATCH", f"/books/contacts/{customer['contact_id']}", custom(value))
        await self.system.run(12)

    async def rests(self) -> None:
        """Nothing is held, and nothing more is written."""
        assert self.system.store.cases.holds("main") == []
        before = self.system.seq
        await self.system.settle(2)
        assert self.system.writes(before) == []
        self.system.judge()


def custom(value: Any) -> dict[str, Any]:
    """A Books body with the custom field."""
    return {"custom_fields": [{"api_name": BOOKS_NAME, "value": value}]}


@pytest.fixture
async def build() -> AsyncIterator[Build]:
    """Builds a system with the field on both sides and in the mapping: listed, in write mode."""
    made: list[System] = []

    async def begin(kind: Kind) -> Scene:
        mapping = copy.deepcopy(INDIA)
        spec = {"crm": CRM_NAME, "books": BOOKS_NAME, "converter": kind.converter, "args": kind.args}
        mapping["entities"]["customer"]["fields"]["extra"] = {**spec, "never_blank": False}
        system = System(mapping=yaml.safe_dump(mapping))
        made.append(system)
        crm = {"product": "crm", "module": "Accounts", "api_name": CRM_NAME, "data_type": kind.crm}
        books = {"product": "books", "api_name": BOOKS_NAME, "data_type": kind.books}
        await system.control("POST", "/fields", {**crm, **kind.crm_spec})
        await system.control("POST", "/fields", {**books, **kind.books_spec})
        await system.subscribe()
        await system.settle(2)
        system.write_mode()
        return Scene(system, kind)

    yield begin
    for system in made:
        await system.http.aclose()
        await system.sandbox.outbox.close()


every_kind = pytest.mark.parametrize("name", KINDS)


@every_kind
async def test_a_value_made_in_crm_travels_and_comes_back_edited(build: Build, name: str) -> None:
    """Created from CRM, edited in Books, edited in CRM; each side shows it in its own form."""
    kind = KINDS[name]
    scene = await build(kind)
    await scene.system.control("POST", "/crm/Accounts", {**ACCOUNT, CRM_NAME: kind.first[0]})
    await scene.system.run(12)
    assert await scene.books() == kind.first[1]
    await scene.edit_books(kind.second[1])
    assert await scene.crm() == kind.second[0]
    await scene.edit_crm(kind.first[0])
    assert await scene.books() == kind.first[1]
    await scene.rests()


@every_kind
async def test_a_value_made_in_books_travels_and_comes_back_edited(build: Build, name: str) -> None:
    """The same from the other side, with the other value first."""
    kind = KINDS[name]
    scene = await build(kind)
    body = {"contact_name": "Acme Ltd", **custom(kind.second[1])}
    await scene.system.control("POST", "/books/contacts", body)
    await scene.system.run(12)
    assert await scene.crm() == kind.second[0]
    await scene.edit_crm(kind.first[0])
    assert await scene.books() == kind.first[1]
    await scene.rests()


@every_kind
@pytest.mark.parametrize("cleared_in", ["crm", "books"])
async def test_a_clear_travels_and_so_does_the_next_value(build: Build, name: str, cleared_in: str) -> None:
    """Cleared on either side, and filled again on the other one."""
    kind = KINDS[name]
    scene = await build(kind)
    await scene.system.control("POST", "/crm/Accounts", {**ACCOUNT, CRM_NAME: kind.first[0]})
    await scene.system.run(12)
    await (scene.edit_crm(None) if cleared_in == "crm" else scene.edit_books(""))
    assert (await scene.crm(), await scene.books()) == kind.cleared
    if cleared_in == "crm":
        await scene.edit_books(kind.first[1])
    else:
        await scene.edit_crm(kind.first[0])
    assert (await scene.crm(), await scene.books()) == kind.first
    await scene.rests()


@every_kind
async def test_a_blank_stays_blank_until_either_side_has_a_value(build: Build, name: str) -> None:
    """A pair made without the field writes nothing for it; zero and false are values."""
    kind = KINDS[name]
    scene = await build(kind)
    await scene.system.control("POST", "/crm/Accounts", ACCOUNT)
    await scene.system.run(12)
    assert await scene.books() in (None, kind.cleared[1])
    await scene.rests()
    await scene.edit_books(kind.second[1])
    assert await scene.crm() == kind.second[0]
    await scene.rests()


@pytest.mark.parametrize("shown", ["list", "text"])
async def test_several_choices_are_read_as_a_list_or_as_a_text(build: Build, shown: str) -> None:
    """Whichever form Books shows; another order of the same choices is no edit."""
    scene = await build(KINDS["several choices"])
    await scene.system.control("PUT", "/switches", {"multiselect_value": shown})
    await scene.system.control("POST", "/crm/Accounts", {**ACCOUNT, CRM_NAME: ["Gold", "Silver"]})
    await scene.system.run(12)
    before = scene.system.seq
    await scene.edit_books(["S", "G"])
    assert scene.system.writes(before) == []
    await scene.edit_books(["S"])
    assert await scene.crm() == ["Silver"]
    await scene.rests()


@pytest.mark.parametrize("kept", ["omitted", "listed"])
async def test_a_blank_is_a_blank_however_books_shows_it(build: Build, kept: str) -> None:
    """Left out of the list, or listed with nothing in it."""
    scene = await build(KINDS["text"])
    await scene.system.control("PUT", "/switches", {"empty_custom_fields": kept})
    await scene.system.control("POST", "/crm/Accounts", {**ACCOUNT, CRM_NAME: "A"})
    await scene.system.run(12)
    await scene.edit_books("")
    assert await scene.crm() is None
    await scene.rests()
