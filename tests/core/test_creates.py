"""What a create sends: every field for itself, whatever stands before it in the mapping (design, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.actions import Action, Create, Hold, Quarantine
from tandem.core.decide import Situation, decide
from tandem.core.mapping import FieldMapping, preset
from tandem.core.match import NoMatch
from tandem.core.records import Record, Side

CUSTOMER = preset("india").entities["customer"]
CRM, BOOKS = Side.CRM, Side.BOOKS


def field(name: str, **given: Any) -> FieldMapping:
    """A text on both sides, unless said otherwise."""
    return FieldMapping.model_validate({"name": name, "crm": f"Own_{name}", "books": f"cf_{name}", **given})


PARENT = field("parent", converter="lookup", args={"entity": "customer"})
FIELDS = (
    field("plain"),
    field("filled", default={"crm": "none", "books": "none"}),
    field("short", args={"crm_max": 3, "books_max": 3}),
    field("to_books", direction="to_books"),
    field("to_crm", direction="to_crm"),
    PARENT.knowing({"customer": {"1": "7"}}),
    field("state", converter="active_state"),
)


def created(side: Side, shown: dict[str, Any], fields: Sequence[FieldMapping] = FIELDS) -> Action:
    """What is decided about a new record that shows this."""
    own = Record(side, "customer", "1", shown, scope={"Account_Type": "Customer"})
    read: dict[str, Any] = {side.value: own}
    now_at = Situation(side, match=NoMatch(""), **read)
    entity = CUSTOMER.model_copy(update={"fields": tuple(fields)})
    return decide(now_at, entity, timedelta(0), datetime(2026, 11, 23, tzinfo=UTC))


TABLE: dict[str, tuple[Side, dict[str, Any], dict[str, Any]]] = {
    # what it is                               own side, what it shows, what is sent
    "a value":                                 (CRM, {"plain": "a"}, {"plain": "a"}),
    "nothing for a blank":                     (CRM, {"plain": None}, {}),
    "the default for a blank":                 (CRM, {"filled": None}, {"filled": "none"}),
    "no default for what was not read":        (CRM, {}, {}),
    "no default over a value":                 (BOOKS, {"filled": "a"}, {"filled": "a"}),
    "what goes that way":                      (CRM, {"to_books": "a", "to_crm": "a"}, {"to_books": "a"}),
    "what goes this way":                      (BOOKS, {"to_books": "a", "to_crm": "a"}, {"to_crm": "a"}),
    "a reference to a linked record":          (CRM, {"parent": "1"}, {"parent": "7"}),
    "no reference to one that is not linked":  (CRM, {"parent": "2"}, {}),
    "no state to Books, which gives its own":  (CRM, {"state": True}, {}),
    "the state to CRM":                        (BOOKS, {"state": "inactive"}, {"state": False}),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_a_create_sends(case: str) -> None:
    """The whole table of one field."""
    side, shown, sent = TABLE[case]
    action = created(side, shown)
    assert isinstance(action, Create)
    assert (action.side, action.values) == (side.other, sent)


text = st.sampled_from([None, "", "a", "long"])
shown = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("plain", "filled", "short", "to_books", "to_crm"), text),
        "parent": st.sampled_from([None, "1", "7", "9"]),
        "state": st.sampled_from([None, True, "active", "odd"]),
    },
)


@given(st.sampled_from(Side), shown, st.permutations(FIELDS))
def test_no_field_of_a_create_has_a_say_in_another(
    side: Side, shown: dict[str, Any], fields: list[FieldMapping]
) -> None:
    """It is the creates of each field alone put together; the first value that cannot be sent holds it."""
    whole, parts = created(side, shown, fields), [created(side, shown, [one]) for one in fields]
    refused = [part for part in parts if isinstance(part, Quarantine)]
    if refused:
        assert whole == refused[0]
        return
    made = [part for part in parts if isinstance(part, Create)]
    assert isinstance(whole, Create)
    assert whole.values == {name: value for part in made for name, value in part.values.items()}
    assert whole.reasons == tuple(reason for part in made for reason in part.reasons)
    assert whole.awaits == tuple(name for part in made for name in part.awaits)


@given(st.sampled_from(Side), shown)
def test_each_field_of_a_create_tells_what_its_own_side_shows(side: Side, shown: dict[str, Any]) -> None:
    """And which fields wait for the link of what they lead to, which is no value of theirs."""
    action = created(side, shown)
    if isinstance(action, Quarantine):
        return
    assert isinstance(action, Create)
    assert [reason.field for reason in action.reasons] == [f.name for f in FIELDS if f.name in action.values]
    for reason in action.reasons:
        of_the_side = {CRM: reason.crm, BOOKS: reason.books}
        assert of_the_side == {side: shown[reason.field] or None, side.other: None}
    is_linked = shown.get("parent") in (None, "1" if side is CRM else "7")
    assert action.awaits == (() if is_linked else ("parent",))


def test_a_value_that_cannot_be_sent_holds_the_create_with_its_field_and_why() -> None:
    """A case for each field, and the sentence that the converter gives."""
    action = created(CRM, {"plain": "a", "short": "long"})
    sentence = "the text has 4 characters; Books takes 3. Shorten it by hand"
    assert action == Quarantine(Hold("conversion:short", sentence, "short"))
