"""The table of a pair, row by row: unlinked, linked, tombstone (design, section 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.actions import (
    Action,
    Create,
    Deactivate,
    LeftOut,
    LinkPair,
    Move,
    Noop,
    Quarantine,
    Release,
    Relink,
    Revive,
    Sync,
    Unlink,
    Wait,
)
from tandem.core.decide import FOR_GOOD, Ended, Parent, Situation, Survivor, decide
from tandem.core.mapping import EntityMapping, preset
from tandem.core.mapping_field import Default
from tandem.core.match import Candidate, HeldMatch, Matched, NoMatch
from tandem.core.records import Base, Gone, Link, LinkState, Record, Side
from tandem.core.sync import sync

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
DELAY = timedelta(minutes=10)
INDIA = preset("india")
CUSTOMER, PERSON = INDIA.entities["customer"], INDIA.entities["contact_person"]
GONE_CRM, GONE_BOOKS = Gone(Side.CRM, "1"), Gone(Side.BOOKS, "7")


def crm(**values: Any) -> Record:
    """An Account in scope."""
    shown = {"name": "Acme", "website": "acme.example", **values}
    return Record(Side.CRM, "customer", "1", shown, scope={"Account_Type": "Customer"}, label="Acme")


def books(*, active: bool = True, body: Any = None, **values: Any) -> Record:
    """Its Books customer."""
    shown = {"name": "Acme", "website": "acme.example", **values}
    return Record(Side.BOOKS, "customer", "7", shown, active=active, body=body or {}, label="Acme")


def link(state: LinkState = LinkState.LIVE, reason: str = "", **given: Any) -> Link:
    """The pair as agreed: both show what `crm()` and `books()` show."""
    base = {name: Base(value, value) for name, value in crm().values.items()}
    return Link("main", "l1", "customer", "1", "7", state=state, reason=reason, base=base, **given)


def at(**given: Any) -> Situation:
    """A situation of the CRM row; the pair is live and in step unless said otherwise."""
    return Situation(**{"side": Side.CRM, "link": link(), "crm": crm(), "books": books(), **given})


def unlinked(own: Record | Gone, **given: Any) -> Situation:
    """A situation of a record without a link."""
    side = {"crm": own} if own.side is Side.CRM else {"books": own}
    return Situation(**{"side": own.side, "match": NoMatch("nothing alike"), **side, **given})


def decided(situation: Situation, *, person: bool = False, now: datetime = NOW) -> Action:
    """What is decided about it."""
    return decide(situation, PERSON if person else CUSTOMER, DELAY, now)


# --- linked -----------------------------------------------------------------------------------------


def test_a_pair_in_step_is_quiet() -> None:
    """Nothing to write, the base stands."""
    action = decided(at())
    assert isinstance(action, Sync)
    assert action.is_quiet
    assert action.holds == ()


def test_a_customer_is_a_business_and_syncs_like_any() -> None:
    """Only what is linked as an individual must look like one."""
    pair = at(crm=crm(website="new.example"), books=replace(books(), scope={"customer_sub_type": "business"}))
    action = decided(pair)
    assert isinstance(action, Sync)
    assert action.writes[Side.BOOKS] == {"website": "new.example"}


def test_a_change_on_each_side_in_different_fields_writes_both() -> None:
    """The merge is per field."""
    action = decided(at(crm=crm(website="new.example"), books=books(name="Acme Ltd")))
    assert isinstance(action, Sync)
    assert action.writes == {Side.CRM: {"name": "Acme Ltd"}, Side.BOOKS: {"website": "new.example"}}


def test_a_doubtful_field_is_held_alone() -> None:
    """The others go on."""
    pair = at(crm=crm(website="new.example", name="x" * 201))
    action = decided(pair)
    assert isinstance(action, Sync)
    assert action.writes[Side.BOOKS] == {"website": "new.example"}
    assert [hold.field for hold in action.holds] == ["name"]


def test_a_field_absent_from_a_read_moves_nothing_and_keeps_its_base() -> None:
    """Unknown is not blank."""
    record = crm()
    action = decided(at(crm=replace(record, values={"name": "Acme"})))
    assert isinstance(action, Sync)
    assert action.is_quiet
    assert action.base["website"] == Base("acme.example", "acme.example")


def test_a_persons_word_on_a_field_reaches_the_merge_of_a_pair() -> None:
    """Linked or about to be: the value taken travels."""
    ours, theirs = crm(website="crm.example"), books(website="books.example")
    taken = Release(take=Side.BOOKS, shown={"website": {"crm": "crm.example", "books": "books.example"}})
    linked = decided(at(crm=ours, books=theirs, release=taken))
    assert isinstance(linked, Sync)
    assert linked.writes[Side.CRM] == {"website": "books.example"}
    found = Matched(Candidate(theirs), "stamp")
    linking = decided(unlinked(ours, match=found, release=taken))
    assert isinstance(linking, LinkPair)
    assert linking.sync.writes[Side.CRM] == {"website": "books.example"}


@pytest.mark.parametrize("missing", ["crm", "books"])
def test_a_side_that_was_not_read_decides_nothing(missing: str) -> None:
    """Never inferred from an absence."""
    assert isinstance(decided(at(**{missing: None})), Noop)


@pytest.mark.parametrize(("crm_side", "expected"), [(crm(), Ended.BOOKS_GONE), (GONE_CRM, Ended.BOTH_GONE)])
def test_books_gone_unlinks_and_crm_stays(crm_side: Any, expected: str) -> None:
    """Nothing is written, nothing re-created (P7)."""
    assert decided(at(crm=crm_side, books=GONE_BOOKS)) == Unlink(expected)


def test_an_inactive_books_customer_goes_on_syncing() -> None:
    """The link stays, CRM stays active."""
    action = decided(at(crm=crm(website="new.example"), books=books(active=False)))
    assert isinstance(action, Sync)
    assert action.writes[Side.BOOKS] == {"website": "new.example"}


# --- a confirmed CRM delete ---------------------------------------------------------------------------


def test_a_delete_waits_from_its_first_confirmed_sight() -> None:
    """A merge survivor or a restore may still come."""
    assert decided(at(crm=GONE_CRM)) == Wait(
        "delete", "a confirmed delete waits for a merge survivor or a restore", NOW + DELAY
    )
    seen = NOW - timedelta(minutes=9)
    action = decided(at(crm=GONE_CRM, gone_since=seen))
    assert isinstance(action, Wait)
    assert action.until == seen + DELAY


def test_a_delete_whose_time_has_come_deactivates() -> None:
    """Deactivated, never deleted."""
    assert isinstance(decided(at(crm=GONE_CRM, gone_since=NOW - DELAY)), Deactivate)


def test_an_edit_beats_a_delete() -> None:
    """P8: what Books shows was edited since the agreement, so it stays, unlinked and reported."""
    pair = at(crm=GONE_CRM, books=books(website="edited.example"), gone_since=NOW - DELAY)
    assert decided(pair) == Unlink(Ended.CRM_DELETED_KEPT)


def test_an_edit_beats_a_delete_before_ledger_ties_are_asked() -> None:
    """There is nothing for a person to approve."""
    edited = books(website="edited.example", body={"has_transaction": True})
    assert isinstance(decided(at(crm=GONE_CRM, books=edited, gone_since=NOW - DELAY)), Unlink)


def test_ledger_ties_quarantine_a_delete() -> None:
    """A person decides over what the ledger hangs on."""
    tied = books(body={"has_transaction": True})
    action = decided(at(crm=GONE_CRM, books=tied, gone_since=NOW - DELAY))
    assert isinstance(action, Quarantine)
    assert action.hold.cause == "deleted with transactions"
    assert action.hold.sentence.endswith("in Books it has transactions")


def test_an_approved_delete_with_ties_deactivates() -> None:
    """A person's word lets the held action through."""
    tied = books(body={"has_transaction": True})
    pair = at(crm=GONE_CRM, books=tied, gone_since=NOW - DELAY, release=Release(approve=True))
    assert isinstance(decided(pair), Deactivate)


def test_an_approved_delete_waits_no_second_time() -> None:
    """It was held after the delay; a person has looked."""
    pair = at(crm=GONE_CRM, gone_since=NOW, release=Release(approve=True))
    assert isinstance(decided(pair), Deactivate)


def test_an_approval_of_a_hold_without_candidates_counts_whatever_else_was_approved() -> None:
    """Another hold of the record, approved with it, named a candidate."""
    word = Release(approve=True, causes=frozenset({"a", "b"}), candidates=frozenset({"7"}))
    assert word.approves("a")
    assert word.approves("b", "7")
    assert not word.approves("b", "8")
    assert not word.approves("c")


@pytest.mark.parametrize(
    ("policy", "approve", "expected"),
    [
        ("deactivate", False, Deactivate("deleted in CRM, nothing in the ledger hangs on it")),
        ("keep", False, Unlink(Ended.CRM_DELETED_KEPT)),
        ("hold", True, Deactivate("deleted in CRM, nothing in the ledger hangs on it")),
    ],
)
def test_what_a_delete_does_is_the_mappings_word(policy: str, approve: bool, expected: Action) -> None:
    """Inactive, kept, or as a person says."""
    entity = CUSTOMER.model_copy(update={"delete": policy})
    pair = at(crm=GONE_CRM, gone_since=NOW - DELAY, release=Release(approve=approve))
    assert decide(pair, entity, DELAY, NOW) == expected


@pytest.mark.parametrize("entity", [CUSTOMER, PERSON])
def test_a_delete_that_a_person_decides_is_held(entity: EntityMapping) -> None:
    """Nothing is written, and the link stays until then."""
    action = decide(
        at(crm=GONE_CRM, gone_since=NOW - DELAY), entity.model_copy(update={"delete": "hold"}), DELAY, NOW
    )
    assert isinstance(action, Quarantine)
    assert action.hold.cause == "deleted in CRM"


def test_a_persons_delete_that_was_approved_ends_the_link() -> None:
    """Whoever had to go by hand is gone, or may stay."""
    entity = PERSON.model_copy(update={"delete": "hold"})
    for approve, kind in ((True, Unlink), (False, Quarantine)):
        assert type(decide(at(crm=GONE_CRM, release=Release(approve=approve)), entity, DELAY, NOW)) is kind


def test_a_linked_person_whose_customer_has_ended_is_left_out() -> None:
    """Its edit goes nowhere, and the history says so: it is not done in silence."""
    pair = at(crm=crm(website="new.example"), parent=Parent.LEFT_OUT)
    assert decided(pair, person=True) == LeftOut("its customer is no longer linked")


def test_a_persons_delete_is_not_ended_by_the_approval_of_something_else() -> None:
    """A move was approved; until the writer came the Contact was deleted."""
    entity = PERSON.model_copy(update={"delete": "hold"})
    word = Release(approve=True, causes=frozenset({"moved person"}), candidates=frozenset({"5"}))
    assert isinstance(decide(at(crm=GONE_CRM, release=word), entity, DELAY, NOW), Quarantine)


def test_a_contact_without_account_is_held_where_the_mapping_says_so() -> None:
    """And left out where it does not."""
    contact = Record(Side.CRM, "contact_person", "5", {})
    alone = unlinked(contact, parent=Parent.MISSING)
    assert decided(alone, person=True) == LeftOut("a Contact without an Account")
    held = decide(alone, PERSON.model_copy(update={"without_account": "hold"}), DELAY, NOW)
    assert isinstance(held, Quarantine)
    assert held.hold.cause == "no Account"


@pytest.mark.parametrize("policy", ["leave_out", "hold", "individual_customer"])
def test_a_vendors_person_is_left_out_and_never_held(policy: str) -> None:
    """It has no Account that it could be given."""
    contact = Record(Side.CRM, "contact_person", "5", {}, vendor="7")
    entity = PERSON.model_copy(update={"without_account": policy})
    found = decide(unlinked(contact, parent=Parent.VENDORS), entity, DELAY, NOW)
    assert found == LeftOut("a vendor's person")


def test_a_default_stands_in_for_what_is_known_to_be_blank() -> None:
    """Not for what was not read, and not where there is a value."""
    website = CUSTOMER.field("website").model_copy(update={"default": Default(books="none.example")})
    fields = tuple(website if field.name == "website" else field for field in CUSTOMER.fields)
    entity = CUSTOMER.model_copy(update={"fields": fields})

    def made(own: Record) -> Any:
        action = decide(unlinked(own), entity, DELAY, NOW)
        assert isinstance(action, Create)
        return action.values.get("website")

    assert made(crm(website=None)) == "none.example"
    assert made(crm(website="acme.example")) == "acme.example"
    assert made(replace(crm(), values={"name": "Acme"})) is None


def test_a_take_is_no_approval() -> None:
    """`--take` chooses a value, `--approve` an action."""
    tied = books(body={"has_transaction": True})
    pair = at(crm=GONE_CRM, books=tied, gone_since=NOW - DELAY, release=Release(take=Side.CRM))
    assert isinstance(decided(pair), Quarantine)


def test_a_delete_of_what_is_inactive_already_writes_nothing_and_a_restore_leaves_it_inactive() -> None:
    """It was a person who made it inactive: only what Tandem deactivated does Tandem activate again."""
    ended = decided(at(crm=GONE_CRM, books=books(active=False), gone_since=NOW - DELAY))
    assert isinstance(ended, Unlink)
    tomb = link(LinkState.TOMBSTONE, ended.reason)
    revived = decided(at(link=tomb, books=books(active=False)))
    assert isinstance(revived, Revive)
    assert not revived.reactivate


def test_a_deleted_contact_is_unlinked_at_once() -> None:
    """Books persons cannot be deactivated: nothing is written, it is reported."""
    pair = replace(link(), entity="contact_person")
    assert decided(at(link=pair, crm=GONE_CRM), person=True) == Unlink(Ended.CRM_DELETED_KEPT)


# --- lost state ---------------------------------------------------------------------------------------


def test_a_delete_is_held_while_the_agreement_is_lost() -> None:
    """Nobody knows whether Books was edited since; a person says so."""
    lost = replace(link(trusted=False), base={})
    pair = at(link=lost, crm=GONE_CRM, gone_since=NOW - DELAY)
    action = decided(pair)
    assert isinstance(action, Quarantine)
    assert action.hold.cause == "deleted, state restored"
    assert action.hold.sentence == (
        "deleted in CRM, and since the table was restored it is not known what both agreed on; "
        "--approve makes the Books customer inactive"
    )
    assert isinstance(decided(replace(pair, release=word("deleted, state restored"))), Deactivate)
    assert decided(replace(pair, books=books(active=False))) == Unlink(Ended.CRM_DELETED_KEPT)


# --- merges -------------------------------------------------------------------------------------------

MASTER = replace(crm(website="group.example"), id="2", label="Acme Group")
TWIN = replace(books(), id="8", label="Acme Limited")


def merged(survivor: Survivor, **given: Any) -> Situation:
    """The linked Account is gone, and was long enough."""
    return at(**{"crm": GONE_CRM, "gone_since": NOW - DELAY, "survivor": survivor, **given})


def word(cause: str, *candidates: str) -> Release:
    """`--approve` on a hold of that cause which showed these candidates."""
    return Release(approve=True, causes=frozenset({cause}), candidates=frozenset(candidates))


def test_a_merge_in_crm_is_held_with_its_survivor() -> None:
    """Never deactivated in silence, also where Books was edited since or has transactions."""
    for customer in (books(), books(website="edited.example"), books(body={"has_transaction": True})):
        action = decided(merged(Survivor(MASTER, "it has the Contacts"), books=customer))
        assert isinstance(action, Quarantine)
        assert (action.hold.cause, action.hold.candidates) == ("merged in CRM", ("2",))
        assert "into Acme Group (2) (it has the Contacts)" in action.hold.sentence


def test_a_merge_is_looked_for_only_after_the_delay() -> None:
    """A restore would explain it."""
    assert isinstance(decided(at(crm=GONE_CRM, gone_since=NOW)), Wait)


def test_an_approved_merge_links_the_survivor_without_a_base() -> None:
    """Equal agrees, different is held."""
    pair = merged(Survivor(MASTER, "stamp"), release=word("merged in CRM", "2"), gone_since=None)
    action = decided(pair)
    assert isinstance(action, Relink)
    assert (action.side, action.survivor) == (Side.CRM, "2")
    assert action.sync.is_quiet
    assert [hold.field for hold in action.sync.holds] == ["website"]


@pytest.mark.parametrize("given", [word("merged in CRM", "3"), word("deleted with transactions"), None])
def test_a_survivor_that_nobody_approved_is_not_linked(given: Release | None) -> None:
    """Another one was shown, another hold was meant, or nothing was said."""
    assert isinstance(decided(merged(Survivor(MASTER, "stamp"), release=given)), Quarantine)


def test_an_approved_merge_whose_survivor_is_gone_waits_like_any_delete() -> None:
    """The word was no word for a delete."""
    pair = at(crm=GONE_CRM, gone_since=NOW, release=word("merged in CRM", "2"))
    assert isinstance(decided(pair), Wait)


def test_a_merge_of_two_linked_customers_names_both() -> None:
    """Whatever was said: only the accountant can merge them."""
    pair = merged(Survivor(MASTER, "stamp", "8"), release=Release(approve=True))
    action = decided(pair)
    assert isinstance(action, Quarantine)
    assert action.hold.cause == "merged, both linked"
    assert "Merge 7 into 8 in Books" in action.hold.sentence


def test_a_survivor_whose_link_has_ended_is_told_as_such() -> None:
    """It has no counterpart to merge with; a person links the two."""
    survivor = Survivor(replace(crm(), id="2"), "the same name", "8", has_ended=True)
    action = decided(at(crm=GONE_CRM, gone_since=NOW - DELAY, survivor=survivor))
    assert isinstance(action, Quarantine)
    assert "whose link with Books 8 has ended" in action.hold.sentence
    assert "`tandem link` the two" in action.hold.sentence


def test_a_merged_pair_ends_once_its_books_customer_is_inactive() -> None:
    """The accountant has merged there too."""
    pair = merged(Survivor(MASTER, "stamp", "8"), books=books(active=False))
    assert decided(pair) == Unlink(Ended.CRM_DELETED_KEPT)


@pytest.mark.parametrize("loser", [books(active=False), GONE_BOOKS])
def test_a_merge_in_books_is_held_and_approved_goes_on_with_the_survivor(loser: Any) -> None:
    """Inactive or gone with another record under its keys."""
    pair = at(books=loser, survivor=Survivor(TWIN, "e-mail and similar name"))
    held_action = decided(pair)
    assert isinstance(held_action, Quarantine)
    assert (held_action.hold.cause, held_action.hold.candidates) == ("merged in Books", ("8",))
    action = decided(replace(pair, release=word("merged in Books", "8")))
    assert isinstance(action, Relink)
    assert (action.side, action.survivor) == (Side.BOOKS, "8")


# --- tombstones ---------------------------------------------------------------------------------------


def tomb(reason: str) -> Link:
    """A link that ended."""
    return link(LinkState.TOMBSTONE, reason)


@pytest.mark.parametrize(("active", "reactivate"), [(False, True), (True, False)])
def test_a_restored_record_revives_its_link(active: bool, reactivate: bool) -> None:
    """Books becomes active again if our delete made it inactive."""
    action = decided(at(link=tomb(Ended.CRM_DELETED), books=books(active=active)))
    assert isinstance(action, Revive)
    assert action.reactivate is reactivate


def test_a_restored_record_whose_counterpart_is_linked_with_another_is_left_out() -> None:
    """P9: what a person has linked since is not taken back."""
    ended = link(LinkState.TOMBSTONE, Ended.CRM_DELETED)
    action = decided(at(link=ended, books=books(active=False), is_replaced=True))
    assert action == LeftOut("its former counterpart is linked with another record")


def test_a_kept_customer_is_not_activated_by_a_restore() -> None:
    """An accountant may have made it inactive meanwhile."""
    action = decided(at(link=tomb(Ended.CRM_DELETED_KEPT), books=books(active=False)))
    assert isinstance(action, Revive)
    assert not action.reactivate


@pytest.mark.parametrize("sides", [{"crm": GONE_CRM}, {"books": GONE_BOOKS}, {"crm": None}, {"books": None}])
@pytest.mark.parametrize("reason", list(Ended))
def test_a_tombstone_stays_while_a_side_is_not_readable(sides: Any, reason: str) -> None:
    """P7: no resurrection, and no second create."""
    assert isinstance(decided(at(link=tomb(reason), **sides)), Noop)


@pytest.mark.parametrize("reason", FOR_GOOD)
def test_what_ended_for_good_stays_ended(reason: str) -> None:
    """Gone on both sides, or a probe's throw-away record: a person links it, if at all."""
    assert isinstance(decided(at(link=tomb(reason))), Noop)


def test_revive_trusts_no_old_base() -> None:
    """With no base, different values are held and nothing is overwritten unread."""
    result = sync(CUSTOMER, crm(website="crm.example"), books(website="books.example"), {}, {})
    assert result.is_quiet
    assert [hold.field for hold in result.holds] == ["website"]


# --- unlinked -----------------------------------------------------------------------------------------


def test_a_record_gone_before_it_was_linked_is_nothing() -> None:
    """Created and deleted between two looks."""
    assert isinstance(decided(unlinked(GONE_CRM)), Noop)


def test_a_new_account_in_scope_is_created_in_books() -> None:
    """With every value that has one, and a reason for each."""
    action = decided(unlinked(crm(notes=None)))
    assert isinstance(action, Create)
    assert action.side is Side.BOOKS
    assert action.values == {"name": "Acme", "website": "acme.example"}
    assert [reason.crm for reason in action.reasons] == ["Acme", "acme.example"]


def test_a_new_books_customer_is_created_in_crm() -> None:
    """The way back."""
    action = decided(unlinked(books()))
    assert isinstance(action, Create)
    assert action.side is Side.CRM


@pytest.mark.parametrize("kind", ["Prospect", None])
def test_an_account_out_of_scope_is_left_out_with_its_reason(kind: str | None) -> None:
    """Counted, not held."""
    record = replace(crm(), scope={"Account_Type": kind})
    action = decided(unlinked(record))
    assert isinstance(action, LeftOut)
    assert "only Customer is created in Books" in action.reason


def test_an_inactive_books_customer_is_not_created_in_crm() -> None:
    """Scope of the other direction."""
    assert decided(unlinked(books(active=False))) == LeftOut("inactive in Books")


def test_scope_does_not_keep_a_match_from_linking() -> None:
    """Scope is about creating: what belongs together is linked."""
    record = replace(crm(), scope={"Account_Type": "Prospect"})
    found = Matched(Candidate(books()), "tax number")
    assert isinstance(decided(unlinked(record, match=found)), LinkPair)


def test_a_contradicting_tax_identity_is_not_created() -> None:
    """It would stand on an invoice."""
    tax = {"number": None, "treatment": "Registered Business - Regular", "place": "MH"}
    action = decided(unlinked(crm(tax_identity=tax)))
    assert isinstance(action, Quarantine)
    assert action.hold.field == "tax_identity"


def test_a_value_without_a_form_on_the_other_side_holds_the_create() -> None:
    """Nothing is cut."""
    action = decided(unlinked(crm(company_type="Charity")))
    assert isinstance(action, Quarantine)
    assert action.hold.cause == "conversion:company_type"


@pytest.mark.parametrize("given", [{"index_complete": False}, {"match": None}])
def test_nothing_is_matched_or_created_before_both_sides_were_listed(given: Any) -> None:
    """A record not yet seen might be the counterpart."""
    action = decided(unlinked(crm(), **given))
    assert isinstance(action, Wait)
    assert action.waits_for == "index"


def test_a_match_links_and_syncs_without_a_base() -> None:
    """Equal agrees, blank yields, different is held: the rules of the first link."""
    found = Matched(Candidate(books(website="books.example", notes="n")), "tax number")
    action = decided(unlinked(crm(notes=None), match=found))
    assert isinstance(action, LinkPair)
    assert (action.counterpart, action.rule) == ("7", "tax number")
    assert action.sync.writes == {Side.CRM: {"notes": "n"}, Side.BOOKS: {}}
    assert [hold.field for hold in action.sync.holds] == ["website"]


def test_a_link_from_the_books_side_is_the_same_link() -> None:
    """Whichever row comes first."""
    found = Matched(Candidate(crm(website="crm.example", notes="n")), "tax number")
    action = decided(unlinked(books(notes=None), match=found))
    assert isinstance(action, LinkPair)
    assert action.counterpart == "1"
    assert action.sync.writes == {Side.CRM: {}, Side.BOOKS: {"notes": "n"}}


@pytest.mark.parametrize("shown", [(None, "n"), ("n", None), ("n", "m")])
def test_where_the_agreement_was_lost_whatever_differs_is_held(shown: tuple[str | None, str | None]) -> None:
    """A blank may be a clear that was synced: of a link out of a restored table, and of one found by its stamp."""
    left, right = crm(website=None, notes=shown[0]), books(website=None, notes=shown[1])
    lost = replace(link(trusted=False), base={})
    linked = decided(Situation(Side.CRM, lost, left, right))
    found = decided(unlinked(left, match=Matched(Candidate(right), "stamp")))
    assert isinstance(found, LinkPair)
    for action in (linked, found.sync):
        assert isinstance(action, Sync)
        assert action.writes == {Side.CRM: {}, Side.BOOKS: {}}
        assert [hold.cause for hold in action.holds] == ["differs:notes"]
        assert "notes" not in action.base


def test_where_the_counterpart_is_gone_and_its_link_lost_a_person_says_whether_another_is_made() -> None:
    """Nothing is made by itself; approved, it is created like any other."""
    gone = HeldMatch("counterpart gone", "it was linked", ())
    asked = decided(unlinked(crm(), match=gone))
    assert isinstance(asked, Quarantine)
    assert (asked.hold.cause, asked.hold.candidates) == ("match:counterpart gone", ())
    assert isinstance(decided(unlinked(crm(), match=gone, release=Release(approve=True))), Create)
    assert isinstance(decided(unlinked(books(active=False), match=gone)), LeftOut)


def held(*candidates: Candidate) -> HeldMatch:
    """A doubtful match."""
    return HeldMatch("name only", "looks alike", candidates)


def test_a_doubtful_match_is_held_with_its_candidates() -> None:
    """P10: to create would make the duplicate."""
    action = decided(unlinked(crm(), match=held(Candidate(books()))))
    assert isinstance(action, Quarantine)
    assert (action.hold.cause, action.hold.candidates) == ("match:name only", ("7",))


def test_an_approved_match_links() -> None:
    """One free candidate and a person's word."""
    action = decided(unlinked(crm(), match=held(Candidate(books())), release=Release(approve=True)))
    assert isinstance(action, LinkPair)
    assert action.rule == "approved by a person"


@pytest.mark.parametrize(
    "candidates",
    [(Candidate(books(), reserved=True),), (Candidate(books()), Candidate(replace(books(), id="8")))],
)
def test_an_approval_chooses_neither_among_several_nor_a_reserved_one(candidates: Any) -> None:
    """P9: it stays held."""
    action = decided(unlinked(crm(), match=held(*candidates), release=Release(approve=True)))
    assert isinstance(action, Quarantine)


def test_an_approval_counts_for_the_candidate_and_the_cause_that_were_shown() -> None:
    """The one shown was renamed meanwhile, and another one looks alike: nobody has seen that one, or that reason."""
    situation = unlinked(crm(), match=held(Candidate(books())))
    for shown, cause, kind in (
        ("7", "match:name only", LinkPair),
        ("8", "match:name only", Quarantine),
        ("7", "match:other tax number", Quarantine),
    ):
        word = Release(approve=True, causes=frozenset({cause}), candidates=frozenset({shown}))
        assert type(decided(replace(situation, release=word))) is kind


# --- parents ------------------------------------------------------------------------------------------

ASHA = Record(Side.CRM, "contact_person", "2", {"name": {"first": "Asha", "last": "Rao"}}, parent="1")


@pytest.mark.parametrize(
    ("parent", "kind"),
    [
        (Parent.MISSING, LeftOut),
        (Parent.LEFT_OUT, LeftOut),
        (Parent.PENDING, Wait),
        (Parent.LINKED, Create),
    ],
)
def test_a_contact_goes_with_its_account(parent: Parent, kind: type) -> None:
    """Left out with it, waits for it, created within it."""
    assert type(decided(unlinked(ASHA, parent=parent), person=True)) is kind


def test_a_waiting_contact_is_woken_by_its_parent_not_by_time() -> None:
    """No moment of its own: the default net."""
    action = decided(unlinked(ASHA, parent=Parent.PENDING), person=True)
    assert isinstance(action, Wait)
    assert (action.waits_for, action.until) == ("parent", None)


def moved(parent: Parent = Parent.MOVED, **given: Any) -> Situation:
    """A linked Contact that belongs to another Account than its link's customer."""
    pair = replace(link(), entity="contact_person")
    contact = replace(ASHA, parent="5")
    return at(**{"link": pair, "crm": contact, "books": books(), "parent": parent, "left": "1", **given})


def test_a_moved_contact_is_held() -> None:
    """Books cannot move a person; both customers are named."""
    action = decided(moved(), person=True)
    assert isinstance(action, Quarantine)
    assert action.hold.cause == "moved person"
    assert action.hold.candidates == ("5",)
    assert "from Account 1 to 5" in action.hold.sentence


def test_a_contact_that_belongs_to_no_account_any_more_is_held_and_may_go_too() -> None:
    """No Account is named that could be another when the person says yes."""
    pair = moved(crm=replace(ASHA, parent=None))
    action = decided(pair, person=True)
    assert isinstance(action, Quarantine)
    assert action.hold.candidates == ()
    assert isinstance(decided(replace(pair, release=word("moved person", "4")), person=True), Move)


def test_an_approved_move_ends_the_link_of_the_contact() -> None:
    """It is decided afresh at its new customer."""
    assert isinstance(decided(moved(release=word("moved person", "5")), person=True), Move)


def test_an_approval_of_a_move_holds_only_for_the_account_shown() -> None:
    """It moved on since."""
    assert isinstance(decided(moved(release=word("moved person", "4")), person=True), Quarantine)


def test_a_contact_follows_its_account_when_its_former_customer_has_ended() -> None:
    """Nobody is asked: there is nothing that it could stay with."""
    for customer in (books(), GONE_BOOKS):
        assert isinstance(decided(moved(Parent.LEFT, books=customer), person=True), Move)


def test_a_contact_of_a_merged_account_waits_for_the_decision_about_it() -> None:
    """One question for the customer, none for each of its persons."""
    for customer in (books(), GONE_BOOKS):
        assert isinstance(decided(moved(Parent.UNDECIDED, books=customer), person=True), Noop)


def test_a_moved_contact_whose_person_is_gone_in_books_is_unlinked() -> None:
    """Nothing is made again (P7)."""
    assert decided(moved(books=GONE_BOOKS), person=True) == Unlink(Ended.BOOKS_GONE)


def test_a_contact_that_is_back_has_its_old_link_again() -> None:
    """Its person stayed there; nothing is matched or made."""
    old = replace(link(LinkState.TOMBSTONE, Ended.MOVED), entity="contact_person")
    action = decided(unlinked(ASHA, parent=Parent.LINKED, former=old), person=True)
    assert isinstance(action, Revive)
    assert not action.reactivate


# --- guards within a pair -----------------------------------------------------------------------------


def person(email: str, **body: Any) -> Record:
    """A Books person."""
    name = {"first": "Asha", "last": "Rao"}
    return Record(Side.BOOKS, "contact_person", "9", {"name": name, "email": email}, body=body)


def test_a_changed_email_of_a_portal_user_is_held() -> None:
    """They sign in with it; a change made in Books itself travels."""
    base = {"email": Base("old@a.in", "old@a.in")}
    new = replace(ASHA, values={**ASHA.values, "email": "new@a.in"})
    old = replace(ASHA, values={**ASHA.values, "email": "old@a.in"})
    towards_books = sync(PERSON, new, person("old@a.in", is_added_in_portal=True), base, {})
    assert [hold.cause for hold in towards_books.holds] == ["portal user"]
    assert "email" not in towards_books.writes[Side.BOOKS]
    towards_crm = sync(PERSON, old, person("new@a.in", is_added_in_portal=True), base, {})
    assert towards_crm.writes[Side.CRM] == {"email": "new@a.in"}


def test_a_contradicting_tax_identity_does_not_leave_its_side() -> None:
    """Either way; the field alone is held."""
    nobody = dict.fromkeys(("number", "treatment", "place"))
    wrong = {"number": "27AAAAA0000A1Z0", "treatment": "Registered Business - Regular", "place": "MH"}
    result = sync(
        CUSTOMER, crm(tax_identity=wrong, notes="n"), books(tax_identity=nobody, notes=None), {}, {}
    )
    assert [hold.field for hold in result.holds] == ["tax_identity"]
    assert result.writes[Side.BOOKS] == {"notes": "n"}


# --- laws ---------------------------------------------------------------------------------------------

text = st.sampled_from([None, "a", "b", "c"])
shown = st.fixed_dictionaries(
    {"name": st.sampled_from(["A", "B"])}, optional={"website": text, "notes": text}
)
agreed = st.dictionaries(st.sampled_from(["name", "website", "notes"]), st.builds(Base, text, text))
releases = st.none() | st.builds(
    Release,
    take=st.none() | st.sampled_from(Side),
    approve=st.booleans(),
    shown=st.just({"notes": {"crm": "a", "books": "b"}}),
)


@given(shown, shown, agreed, releases)
def test_no_field_is_written_on_both_sides(ours: Any, theirs: Any, base: Any, release: Any) -> None:
    """A value moves one way."""
    left = Record(Side.CRM, "customer", "1", ours)
    result = sync(CUSTOMER, left, Record(Side.BOOKS, "customer", "7", theirs), base, {}, release)
    assert not set(result.writes[Side.CRM]) & set(result.writes[Side.BOOKS])


@given(shown, shown, agreed, releases)
def test_a_second_decision_on_what_was_written_is_quiet(
    ours: Any, theirs: Any, base: Any, release: Any
) -> None:
    """P2 for a whole pair: apply the writes and the base, and nothing is left to do."""
    first = sync(
        CUSTOMER, Record(Side.CRM, "customer", "1", ours), Record(Side.BOOKS, "customer", "7", theirs),
        base, {}, release,
    )  # fmt: skip
    left = Record(Side.CRM, "customer", "1", {**ours, **first.writes[Side.CRM]})
    right = Record(Side.BOOKS, "customer", "7", {**theirs, **first.writes[Side.BOOKS]})
    kept = {hold.field: {"crm": hold.crm, "books": hold.books} for hold in first.holds}
    second = sync(CUSTOMER, left, right, first.base, kept)
    assert second.is_quiet
    assert {hold.field for hold in second.holds} == {hold.field for hold in first.holds}


@given(shown, shown, agreed)
def test_the_same_pair_gives_the_same_action_in_any_order(ours: Any, theirs: Any, base: Any) -> None:
    """P3: the order in which fields were read or agreed does not count."""

    def turned(values: Any) -> Any:
        return dict(reversed(values.items()))

    assert sync(
        CUSTOMER,
        Record(Side.CRM, "customer", "1", ours),
        Record(Side.BOOKS, "customer", "7", theirs),
        base,
        {},
    ) == sync(
        CUSTOMER,
        Record(Side.CRM, "customer", "1", turned(ours)),
        Record(Side.BOOKS, "customer", "7", turned(theirs)),
        turned(base),
        {},
    )
