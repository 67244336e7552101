"""Persons of a Books customer have no feed: whoever reads the customer looks at them too."""

from __future__ import annotations

import pytest

from tests.system.conftest import Pair


@pytest.mark.parametrize("edit", [{"Description": "n"}, {"Phone": "+91-22-1234-5678"}])
async def test_a_person_edited_in_silence_is_found_by_a_read_for_an_edit_in_crm(
    pair: Pair, edit: dict[str, str]
) -> None:
    """The version that this read settles counts for the persons too: no page would tell of them again.

    The second edit spells a number otherwise, so that nothing is written and no answer shows the persons.
    """
    system = pair.system
    await system.settle(2)
    await system.control("PUT", "/switches", {"person_edit_fires_webhook": False})
    await pair.edit_person({"phone": "+91 22 9999 0000"})
    system.clock.advance(5)
    await pair.edit_crm(edit)
    await system.run(20)
    await system.settle(4)
    assert (await pair.crm("Contacts"))["Phone"] == "+91 22 9999 0000"
