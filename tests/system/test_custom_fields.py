"""A custom field of every type that both products have, through the whole system: both ways, blank and cleared."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.core.records import RecordKey, Side
from tests.system.conftest import ACCOUNT
from tests.system.extra_field import CRM_NAME, KINDS, PLACES, Kind, Scene, custom, scene_of

every_kind = pytest.mark.parametrize("name", KINDS)
every_other = pytest.mark.parametrize("entity", [name for name in PLACES if name != "customer"])


@every_kind
async def test_a_value_made_in_crm_travels_and_comes_back_edited(name: str) -> None:
    """Created from CRM, edited in Books, edited in CRM; each side shows it in its own form."""
    kind = KINDS[name]
    async with scene_of(kind) as scene:
        await scene.make_crm(**{CRM_NAME: kind.first[0]})
        assert await scene.books() == kind.first[1]
        await scene.edit_books(kind.second[1])
        assert await scene.crm() == kind.second[0]
        await scene.edit_crm(kind.first[0])
        assert await scene.books() == kind.first[1]
        await scene.rests()


@every_kind
async def test_a_value_made_in_books_travels_and_comes_back_edited(name: str) -> None:
    """The same from the other side, with the other value first."""
    kind = KINDS[name]
    async with scene_of(kind) as scene:
        await scene.make_books(**custom(kind.second[1]))
        assert await scene.crm() == kind.second[0]
        await scene.edit_crm(kind.first[0])
        assert await scene.books() == kind.first[1]
        await scene.rests()


@every_kind
@pytest.mark.parametrize("cleared_in", ["crm", "books"])
async def test_a_clear_travels_and_so_does_the_next_value(name: str, cleared_in: str) -> None:
    """Cleared on either side, and filled again on the other one."""
    kind = KINDS[name]
    async with scene_of(kind) as scene:
        await scene.make_crm(**{CRM_NAME: kind.first[0]})
        await (scene.edit_crm(None) if cleared_in == "crm" else scene.edit_books(""))
        assert (await scene.crm(), await scene.books()) == kind.cleared
        await (scene.edit_books(kind.first[1]) if cleared_in == "crm" else scene.edit_crm(kind.first[0]))
        assert (await scene.crm(), await scene.books()) == kind.first
        await scene.rests()


@every_kind
async def test_a_blank_stays_blank_until_either_side_has_a_value(name: str) -> None:
    """A pair made without the field writes nothing for it; zero and false are values."""
    kind = KINDS[name]
    async with scene_of(kind) as scene:
        await scene.make_crm()
        assert await scene.books() in (None, kind.cleared[1])
        await scene.rests()
        await scene.edit_books(kind.second[1])
        assert await scene.crm() == kind.second[0]
        await scene.rests()


@every_other
@every_kind
async def test_another_entity_made_in_crm_is_no_different(name: str, entity: str) -> None:
    """Made in CRM, edited in Books, cleared in CRM, filled in Books."""
    kind = KINDS[name]
    async with scene_of(kind, entity) as scene:
        await scene.make_crm(**{CRM_NAME: kind.first[0]})
        assert await scene.books() == kind.first[1]
        await scene.edit_books(kind.second[1])
        assert await scene.crm() == kind.second[0]
        await scene.edit_crm(None)
        assert (await scene.crm(), await scene.books()) == kind.cleared
        await scene.edit_books(kind.first[1])
        assert await scene.crm() == kind.first[0]
        await scene.rests()


@every_other
@every_kind
async def test_another_entity_made_in_books_is_no_different(name: str, entity: str) -> None:
    """Made in Books, edited in CRM, cleared in Books, filled in CRM."""
    kind = KINDS[name]
    async with scene_of(kind, entity) as scene:
        await scene.make_books(**custom(kind.second[1]))
        assert await scene.crm() == kind.second[0]
        await scene.edit_crm(kind.first[0])
        assert await scene.books() == kind.first[1]
        await scene.edit_books("")
        assert (await scene.crm(), await scene.books()) == kind.cleared
        await scene.edit_crm(kind.second[0])
        assert await scene.books() == kind.second[1]
        await scene.rests()


@pytest.mark.parametrize("shown", ["list", "text"])
async def test_several_choices_are_read_as_a_list_or_as_a_text(shown: str) -> None:
    """Whichever form Books shows; another order of the same choices is no edit."""
    async with scene_of(KINDS["several choices"]) as scene:
        await scene.system.control("PUT", "/switches", {"multiselect_value": shown})
        await scene.make_crm(**{CRM_NAME: ["Gold", "Silver"]})
        before = scene.system.seq
        await scene.edit_books(["S", "G"])
        assert scene.system.writes(before) == []
        await scene.edit_books(["S"])
        assert await scene.crm() == ["Silver"]
        await scene.rests()


@pytest.mark.parametrize("carried", ["display", "actual"])
async def test_a_relabelled_choice_is_held_or_goes_on(carried: str) -> None:
    """Where records carry the new label, the mapping does not know it: both sides keep what they have."""
    is_new = carried == "display"
    async with scene_of(KINDS["pick list"]) as scene:
        await scene.system.control("PUT", "/switches", {"relabelled_picklist_value": carried})
        await scene.make_crm(**{CRM_NAME: "Gold"})
        label = {"name": "picklist_value_renamed", "field": CRM_NAME, "value": "Gold", "to": "First"}
        await scene.system.control("POST", "/faults", {**label, "product": "crm"})
        id, before = (await scene.crm_record())["id"], scene.system.seq
        await scene.system.control("PATCH", f"/crm/Accounts/{id}", {"Description": "new"})
        await scene.system.run(12)
        assert (await scene.crm(), await scene.books()) == ("First" if is_new else "Gold", "G")
        assert [call["product"] for call in scene.system.writes(before)] == ["books"]
        holds = scene.system.store.cases.holds("main")
        assert [hold["cause"] for hold in holds] == (["conversion:extra"] if is_new else [])
        await scene.edit_crm("Silver")
        assert await scene.books() == "S"
        await scene.edit_books("G")
        assert (await scene.crm(), await scene.books()) == ("Silver" if is_new else "Gold", "G")
        holds = scene.system.store.cases.holds("main")
        assert [hold["cause"] for hold in holds] == (["refused by CRM:INVALID_DATA:Extra"] if is_new else [])


@pytest.mark.parametrize("entity", PLACES)
@pytest.mark.parametrize("kept", ["omitted", "listed"])
async def test_a_blank_is_a_blank_however_books_shows_it(kept: str, entity: str) -> None:
    """Left out of the list, or listed with nothing in it."""
    async with scene_of(KINDS["text"], entity) as scene:
        await scene.system.control("PUT", "/switches", {"empty_custom_fields": kept})
        await scene.make_crm(**{CRM_NAME: "A"})
        await scene.edit_books("")
        assert await scene.crm() is None
        await scene.rests()


async def customer(scene: Scene, name: str) -> tuple[str, str]:
    """A customer that both sides have: the ids of its Account and in Books."""
    body = {**ACCOUNT, "Account_Name": name, "Website": f"https://{name.casefold()}.example"}
    made = await scene.system.control("POST", "/crm/Accounts", body)
    await scene.system.run(12)
    link = scene.system.store.links.of(RecordKey("main", Side.CRM, "customer", made["id"]))
    assert link is not None
    return link.crm_id, link.books_id


@every_other
@pytest.mark.parametrize("made_in", ["crm", "books"])
@pytest.mark.parametrize("kept", ["lookup", "string"])
async def test_a_lookup_of_another_entity_leads_to_a_customer(kept: str, made_in: str, entity: str) -> None:
    """Made on one side, changed on the other, cleared, and set again; each side shows the id of its own record."""
    shown: dict[str, Any] = {"crm_spec": {"lookup": "Accounts"}, "books_spec": {"lookup": "contact"}}
    kind = Kind("lookup", kept, "lookup", ("", ""), ("", ""), args={"entity": "customer"}, **shown)
    async with scene_of(kind, entity) as scene:
        first, second = await customer(scene, "First"), await customer(scene, "Second")

        async def both() -> tuple[str | None, str | None]:
            there = await scene.crm()
            return there and there["id"], await scene.books()

        if made_in == "crm":
            await scene.make_crm(**{CRM_NAME: {"id": first[0]}})
        else:
            await scene.make_books(**custom(first[1]))
        assert await both() == first
        await (scene.edit_books(second[1]) if made_in == "crm" else scene.edit_crm({"id": second[0]}))
        assert await both() == second
        await (scene.edit_crm(None) if made_in == "crm" else scene.edit_books(""))
        assert await both() == (None, None)
        await (scene.edit_books(first[1]) if made_in == "crm" else scene.edit_crm({"id": first[0]}))
        assert await both() == first
        await scene.rests()
