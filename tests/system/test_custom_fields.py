"""A custom field of every type that both products have, through the whole system: both ways, blank and cleared."""

from __future__ import annotations

import pytest

from tests.system.extra_field import CRM_NAME, KINDS, PLACES, custom, scene_of

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
