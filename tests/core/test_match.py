"""Matching: a link only by proof, a hold for what looks alike, the same answer in whatever order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.match import Candidate, HeldMatch, Matched, NoMatch, match
from tandem.core.records import MatchKeys, Record, Side


def record(side: Side, id: str = "1", entity: str = "customer", **given: Any) -> Record:
    """A record with match keys; `emails` as a list."""
    own = {name: given.pop(name) for name in ("active", "scope") if name in given}
    keys = MatchKeys(**{**given, "emails": frozenset(given.get("emails", ()))})
    return Record(side, entity, id, {}, keys=keys, label=str(given.get("name", "")), **own)


def books(id: str = "77", *, reserved: bool = False, **given: Any) -> Candidate:
    """A Books customer that shares a key."""
    return Candidate(record(Side.BOOKS, id, **given), reserved)


def crm(**given: Any) -> Record:
    """The Account that looks for its counterpart."""
    return record(Side.CRM, **given)


@pytest.mark.parametrize(
    ("ours", "theirs", "rule"),
    [
        ({}, {"stamp": "1"}, "stamp"),
        ({"stamp": "77"}, {}, "stamp"),
        ({"tax_number": "T", "name": "a"}, {"tax_number": "T", "name": "b"}, "tax number"),
        ({"emails": ["a@b.in"], "name": "acme traders"}, {"emails": ["a@b.in"], "name": "acme trader"},
         "e-mail and similar name"),
    ],
)  # fmt: skip
def test_proof_makes_a_link(ours: dict[str, Any], theirs: dict[str, Any], rule: str) -> None:
    """A stamp, a tax number, or an e-mail together with a similar name (design, matching)."""
    candidate = books(**theirs)
    assert match(crm(**ours), [candidate, books("78", domain="x.in")]) == Matched(candidate, rule)


@pytest.mark.parametrize(
    ("shared", "match_by", "is_proven"),
    [
        ({"tax_number": "T"}, ("tax_number",), True),
        ({"tax_number": "T"}, ("email",), False),
        ({"emails": ["a@b.in"], "name": "acme"}, ("email",), True),
        ({"emails": ["a@b.in"], "name": "acme"}, ("tax_number",), False),
        ({"own": frozenset({("number", "C-17")})}, ("number",), True),
        ({"stamp": "77"}, (), True),
    ],
)
def test_what_is_no_match_key_only_looks_alike(
    shared: dict[str, Any], match_by: tuple[str, ...], is_proven: bool
) -> None:
    """The mapping says what proves; the rest is a question, never a second record."""
    theirs: dict[str, Any] = {name: value for name, value in shared.items() if name != "stamp"}
    found = match(crm(**shared), [books(**theirs)], match_by)
    assert isinstance(found, Matched if is_proven else HeldMatch)


def test_another_value_of_a_match_key_forbids_the_link() -> None:
    """As another tax number does."""

    def keys(number: str) -> Any:
        return {"tax_number": "T", "own": frozenset({("number", number)})}

    found = match(crm(**keys("C-17")), [books(**keys("C-18"))])
    assert isinstance(found, HeldMatch)
    assert found.rule == "other number"


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"name": "acme"}, "name only"),
        ({"name": "acme", "domain": "acme.in", "phones": frozenset({"+91"})}, "name only"),
    ],
)
def test_a_name_alone_is_held(keys: dict[str, Any], rule: str) -> None:
    """To create would make the duplicate, to link might pair strangers."""
    found = match(crm(**keys), [books(**keys)])
    assert isinstance(found, HeldMatch)
    assert found.rule == rule
    assert "acme (77)" in found.sentence


def test_an_email_with_another_name_is_held() -> None:
    """An accountant's address serves many customers."""
    found = match(crm(name="acme", emails=["ca@x.in"]), [books(name="zenith", emails=["ca@x.in"])])
    assert isinstance(found, HeldMatch)
    assert found.rule == "e-mail only"


@pytest.mark.parametrize(
    "keys",
    [
        {"domain": "acme.in"},
        {"phones": frozenset({"+911"})},
        {"domain": "acme.in", "phones": frozenset({"+911"})},
    ],
)
def test_phone_and_domain_alone_do_not_hold(keys: dict[str, Any]) -> None:
    """A switchboard and a group's web site are shared by many."""
    assert isinstance(match(crm(name="acme", **keys), [books(name="zenith", **keys)]), NoMatch)


def test_nothing_in_common_is_no_match() -> None:
    """The reason names the side that was looked at."""
    assert match(crm(name="acme"), []) == NoMatch(
        "no record of Books has its stamp, tax number, e-mail or name"
    )


@pytest.mark.parametrize(
    ("candidate", "rule", "words"),
    [
        (books(tax_number="T", name="acme", reserved=True), "reserved", "already belongs to a link"),
        (books(tax_number="T", name="acme", stamp="2"), "other stamp", "names another record"),
        (books(tax_number="T", name="acme", currency="USD"), "other currency", "kept in USD, not in INR"),
        (
            books(tax_number="T", name="acme", scope={"contact_type": "vendor"}),
            "other kind",
            "a vendor in Books",
        ),
        (books(tax_number="T", name="acme", active=False), "inactive", "inactive in Books"),
        (books(emails=["a@b.in"], name="acme", tax_number="U"), "other tax number", "another tax number"),
    ],
)
def test_an_obstacle_holds_with_its_reason(candidate: Candidate, rule: str, words: str) -> None:
    """Proof does not overrule another tax number, currency, kind, stamp, an inactive or a taken record."""
    found = match(crm(tax_number="T", name="acme", emails=["a@b.in"], currency="INR"), [candidate])
    assert isinstance(found, HeldMatch)
    assert found.rule == rule
    assert words in found.sentence
    assert found.candidates == (candidate,)


def test_two_that_could_be_it_are_held_by_name() -> None:
    """The sentence names both, for a person chooses."""
    found = match(
        crm(tax_number="T"), [books("78", tax_number="T", name="b"), books("77", tax_number="T", name="a")]
    )
    assert isinstance(found, HeldMatch)
    assert found.rule == "ambiguous"
    assert "a (77) by tax number, b (78) by tax number" in found.sentence


def test_one_free_of_obstacles_is_the_one() -> None:
    """The loser of a Books merge stays behind inactive with the same number."""
    free = books("77", tax_number="T")
    assert match(crm(tax_number="T"), [books("76", tax_number="T", active=False), free]) == Matched(
        free, "tax number"
    )


def test_a_stamp_outranks_other_proof() -> None:
    """It is our own word about the pair."""
    stamped = books("78", stamp="1")
    assert match(crm(tax_number="T"), [books(tax_number="T"), stamped]) == Matched(stamped, "stamp")


def person(side: Side, id: str, name: str, *emails: str, stamp: str | None = None) -> Record:
    """A person of the linked customer."""
    return record(side, id, "contact_person", name=name, emails=emails, stamp=stamp)


@pytest.mark.parametrize(
    ("ours", "theirs", "rule"),
    [
        (("asha rao", "a@b.in"), ("asha mehta", "a@b.in"), "e-mail"),
        (("asha rao", "a@b.in"), ("", "a@b.in"), "e-mail"),
        (("asha rao",), ("asha rao", "a@b.in"), "name within the customer"),
        (("asha rao",), ("asha rao",), "name within the customer"),
    ],
)
def test_persons_link_within_their_customer(
    ours: tuple[str, ...], theirs: tuple[str, ...], rule: str
) -> None:
    """By e-mail, or by name while no e-mail contradicts."""
    candidate = Candidate(person(Side.BOOKS, "5", *theirs))
    assert match(person(Side.CRM, "8", *ours), [candidate]) == Matched(candidate, rule)


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        ({"tax_number": "T"}, {"tax_number": "T"}, "linked by tax number"),
        ({"name": "asha rao", "emails": ["a@b.in"]}, {"name": "a rao", "emails": ["a@b.in"]}, "linked by e-mail"),
        ({"name": "asha rao", "emails": ["a@b.in"]}, {"name": "ravi shah", "emails": ["a@b.in"]}, "e-mail only"),
        ({"name": "asha rao", "phones": ["1"]}, {"name": "asha rao", "phones": ["1"]}, "phone and similar name"),
        ({"name": "asha rao", "phones": ["1"]}, {"name": "", "phones": ["1"]}, ""),
        ({"name": "", "phones": ["1"]}, {"name": "asha rao", "phones": ["1"]}, ""),
        ({"name": "asha rao", "phones": ["1"]}, {"name": "asha rao", "phones": ["2"]}, "name only"),
        ({"name": "asha rao", "emails": ["a@b.in"]}, {"name": "asha rao", "emails": ["k@b.in"]}, "name only"),
        ({"name": "asha rao", "emails": ["a@b.in"], "phones": ["1"]},
         {"name": "asha rao", "emails": ["k@b.in"], "phones": ["2"]}, ""),
        ({"name": "asha rao"}, {"name": "ravi shah"}, ""),
    ],
)  # fmt: skip
def test_an_individual_is_found_among_all_people(
    ours: dict[str, Any], theirs: dict[str, Any], outcome: str
) -> None:
    """An e-mail proves it unless the names share no word; a name never, for many people have one."""

    def one(side: Side, given: dict[str, Any]) -> Record:
        keys = given | {"phones": frozenset(given.get("phones", ()))}
        return record(side, "8" if side is Side.CRM else "5", "individual", **keys)

    found = match(one(Side.CRM, ours), [Candidate(one(Side.BOOKS, theirs))])
    told = {Matched: "linked by ", HeldMatch: "", NoMatch: ""}[type(found)]
    assert told + ("" if isinstance(found, NoMatch) else found.rule) == outcome


def test_two_people_of_one_name_stay_two() -> None:
    """Their e-mails differ: Books takes both."""
    ours, theirs = (
        person(Side.CRM, "8", "amit kumar", "a@b.in"),
        person(Side.BOOKS, "5", "amit kumar", "k@b.in"),
    )
    assert isinstance(match(ours, [Candidate(theirs)]), NoMatch)


def test_two_people_of_one_name_are_asked_about_where_links_were_lost() -> None:
    """They may have been one before a backup was restored; who belongs to somebody else is not asked about."""
    ours, theirs = (
        person(Side.CRM, "8", "amit kumar", "a@b.in"),
        person(Side.BOOKS, "5", "amit kumar", "k@b.in"),
    )
    held = match(ours, [Candidate(theirs)], is_lost=True)
    assert isinstance(held, HeldMatch)
    assert (held.rule, held.candidates) == ("name, another e-mail", (Candidate(theirs),))
    assert isinstance(match(ours, [Candidate(theirs, reserved=True)], is_lost=True), NoMatch)
    other = person(Side.BOOKS, "5", "asha rao", "k@b.in")
    assert isinstance(match(ours, [Candidate(other)], is_lost=True), NoMatch)


def test_a_stamp_that_names_nobody_is_asked_about_where_links_were_lost() -> None:
    """It was linked once: made again, its counterpart would come back to whoever deleted it."""
    ours = Record(Side.BOOKS, "customer", "7", {}, keys=MatchKeys(stamp="41", name="acme"))
    held = match(ours, [], is_lost=True)
    assert isinstance(held, HeldMatch)
    assert (held.rule, held.candidates) == ("counterpart gone", ())
    assert isinstance(match(ours, []), NoMatch)
    assert isinstance(match(replace(ours, keys=MatchKeys(name="acme")), [], is_lost=True), NoMatch)
    apart = Candidate(Record(Side.CRM, "customer", "41", {}), apart=True)
    assert isinstance(match(ours, [apart], is_lost=True), NoMatch)


def test_a_shared_mailbox_pairs_people_by_name() -> None:
    """info@ is many people's e-mail."""
    asha, ravi = (
        Candidate(person(Side.BOOKS, own, name, "info@b.in")) for own, name in (("5", "asha"), ("6", "ravi"))
    )
    assert match(person(Side.CRM, "8", "ravi", "info@b.in"), [asha, ravi]) == Matched(ravi, "e-mail")
    found = match(person(Side.CRM, "9", "mina", "info@b.in"), [asha, ravi])
    assert isinstance(found, HeldMatch)
    assert found.rule == "e-mail only"


def test_a_taken_person_is_held() -> None:
    """A doubled Contact in CRM does not become a second person in Books."""
    found = match(
        person(Side.CRM, "8", "asha", "a@b.in"), [Candidate(person(Side.BOOKS, "5", "asha", "a@b.in"), True)]
    )
    assert isinstance(found, HeldMatch)
    assert found.rule == "reserved"


few = st.sampled_from
candidates = st.lists(
    st.builds(
        lambda own, reserved, **keys: books(own, reserved=reserved, **keys),
        few(["77", "78", "79"]),
        st.booleans(),
        stamp=few([None, "1", "2"]),
        tax_number=few([None, "T", "U"]),
        emails=few([[], ["a@b.in"], ["c@d.in"]]),
        name=few([None, "acme", "acme traders", "zenith"]),
        active=st.booleans(),
    ),
    unique_by=lambda candidate: candidate.record.id,
    max_size=3,
)


@given(candidates, st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(found: list[Candidate], random: Any) -> None:
    """The index promises no order."""
    ours = crm(tax_number="T", emails=["a@b.in"], name="acme")
    shuffled = random.sample(found, len(found))
    assert match(ours, found) == match(ours, shuffled)


@given(candidates)
def test_what_is_linked_is_free_and_proven(found: list[Candidate]) -> None:
    """Never a taken, inactive or otherwise stamped record; never by a name alone."""
    result = match(crm(tax_number="T", emails=["a@b.in"], name="acme"), found)
    if isinstance(result, Matched):
        theirs = result.candidate.record
        assert not result.candidate.reserved
        assert theirs.active
        assert theirs.keys.tax_number in (None, "T")
        assert theirs.keys.stamp in (None, "1")
        assert theirs.keys.stamp == "1" or theirs.keys.tax_number == "T" or "a@b.in" in theirs.keys.emails


def test_records_of_the_own_side_are_no_candidates() -> None:
    """Two Accounts with one tax number are a case for their owner, not a pair."""
    assert isinstance(match(crm(tax_number="T"), [Candidate(crm(id="2", tax_number="T"))]), NoMatch)


def test_of_two_views_of_one_record_the_reserved_one_counts() -> None:
    """A record found by two keys is one candidate, and taken if either view says so."""
    free, taken = books(tax_number="T"), books(tax_number="T", reserved=True)
    for views in ([free, taken], [taken, free]):
        found = match(crm(tax_number="T"), views)
        assert isinstance(found, HeldMatch)
        assert (found.rule, found.candidates) == ("reserved", (taken,))


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"phones": frozenset({"+911"})}, "phone and similar name"),
        ({"domain": "acme.in"}, "domain and similar name"),
    ],
)
def test_a_similar_name_with_a_weak_key_is_held(keys: dict[str, Any], rule: str) -> None:
    """Two weak signs are a question, not a proof."""
    found = match(crm(name="acme traders", **keys), [books(name="acme trader", **keys)])
    assert isinstance(found, HeldMatch)
    assert found.rule == rule
    other: dict[str, Any] = {"phones": frozenset({"+922"}), "domain": "else.in"}
    assert isinstance(match(crm(name="acme traders", **keys), [books(name="acme trader", **other)]), NoMatch)


def test_what_a_person_keeps_apart_is_no_candidate() -> None:
    """Whatever the two share, a stamp included."""
    keys: dict[str, Any] = {"tax_number": "T", "emails": ["a@b.in"], "name": "acme"}
    apart = Candidate(books(**keys, stamp="1").record, apart=True)
    assert isinstance(match(crm(**keys), [apart]), NoMatch)
    free = books("78", **keys)
    assert match(crm(**keys), [apart, free]) == Matched(free, "tax number")


keys_of = st.fixed_dictionaries(
    {},
    optional={
        "stamp": few([None, "1", "77"]),
        "tax_number": few([None, "T", "U"]),
        "emails": few([[], ["a@b.in"], ["c@d.in"]]),
        "phones": few([frozenset(), frozenset({"+911"})]),
        "domain": few([None, "acme.in"]),
        "name": few([None, "acme", "acme traders", "acme trader", "zenith"]),
        "currency": few([None, "INR", "USD"]),
        "active": st.booleans(),
    },
)


@given(keys_of, keys_of, few(["customer", "contact_person"]))
def test_a_pair_matches_alike_from_both_ends(ours: Any, theirs: Any, entity: str) -> None:
    """Whichever record's row comes first, the answer and its rule are the same."""
    left = record(Side.CRM, "1", entity, **{**ours, "active": True})
    right = record(Side.BOOKS, "77", entity, **theirs)
    there, back = match(left, [Candidate(right)]), match(right, [Candidate(left)])
    assert type(there) is type(back)
    assert isinstance(there, NoMatch) or there.rule == back.rule  # type: ignore[union-attr]


@given(
    st.lists(keys_of, min_size=2, max_size=3),
    st.lists(keys_of, min_size=1, max_size=2),
    st.randoms(use_true_random=False),
)
def test_two_records_of_one_side_never_reserve_one_counterpart(ours: Any, theirs: Any, random: Any) -> None:
    """P9: handled one after the other, in whatever order, each record is in one link at most."""
    rows = [record(Side.CRM, str(n + 1), **{**keys, "active": True}) for n, keys in enumerate(ours)]
    others = [record(Side.BOOKS, str(n + 77), **keys) for n, keys in enumerate(theirs)]
    taken: list[str] = []
    for row in random.sample(rows, len(rows)):
        found = match(row, [Candidate(other, other.id in taken) for other in others])
        if isinstance(found, Matched):
            taken.append(found.candidate.record.id)
    assert len(taken) == len(set(taken))
