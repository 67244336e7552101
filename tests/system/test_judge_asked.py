"""The rules of the judge for what a person is asked about: persons who come back, proofs that went, tax numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from tests.system.sections import india
from tests.system.simulation import windows
from tests.system.simulation.case import Case
from tests.system.simulation.evidence import Act, Evidence, Restore
from tests.system.simulation.records import records
from tests.system.simulation.taxes import taxes
from tests.system.simulation.verdict import Verdict

MAPPING = yaml.safe_load(india())
RESTORE = Restore(1_000.0, 1_200.0, 1_300.0)


def at(seconds: float) -> str:
    """A moment of a test as a log tells it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def act(verb: str, side: str, value: Any = None, kind: str = "person", token: str = "No2") -> Act:
    """Somebody did something to the person of these tests, who belongs to the customer No1."""
    return Act(1_150.0, verb, "a", side, kind, token, value=value, into="No1" if verb == "create" else "")


CREATED = (replace(act("create", "crm", kind="customer", token="No1"), into=""), act("create", "crm"))


def contact(id: str = "5", **more: Any) -> dict[str, Any]:
    """The person in CRM."""
    return {"id": id, "Last_Name": "Rao No2", "Email": "no2@x.example", "Account_Name": {"id": "1"}, **more}


def person(id: str = "6", **more: Any) -> dict[str, Any]:
    """The person in Books."""
    return {"contact_person_id": id, "last_name": "Rao No2", "email": "no2@x.example", **more}


def case_of(
    contacts: Sequence[Any],
    persons: Sequence[Any],
    *acts: Act,
    history: Sequence[dict[str, Any]] = (),
    calls: Sequence[dict[str, Any]] = (),
    restored: Sequence[Restore] = (),
    account: dict[str, str] | None = None,
    customer: dict[str, Any] | None = None,
) -> Case:
    """A customer on both sides, with these persons; `account`, `customer`: what else the two show."""
    accounts = [{"id": "1", "Account_Name": "No1 Works", **(account or {})}]
    shown = {"contact_id": "9", "contact_name": "No1 Works", "status": "active", "contact_persons": persons}
    shown |= customer or {}
    sides = {"crm": {"Accounts": accounts, "Contacts": contacts}, "books": {"contacts": [shown]}}
    done = [*CREATED, *acts]
    evidence = Evidence({}, {}, [], MAPPING, done, restored=list(restored))
    return Case(evidence, "a", sides, done, list(calls), list(history), Verdict())


def found(case: Case) -> list[str]:
    """The counters that the rule raises."""
    records(case)
    return [finding.counter for finding in case.verdict.findings]


def test_a_person_has_one_counterpart() -> None:
    """Or is found."""
    assert found(case_of([contact()], [person()])) == []
    assert found(case_of([contact()], [])) == ["stuck"]
    assert found(case_of([contact(), contact("7")], [person()])) == ["duplicates"]
    assert found(case_of([contact()], [person(email="other@x.example")])) == ["unequal"]


def test_a_deleted_person_stays_so_and_is_kept_on_the_other_side() -> None:
    """On whichever side; one who was restored is there, and in step again."""
    gone_in_crm, gone_in_books = act("delete", "crm", "5"), act("delete", "books", "6")
    back = act("restore", "crm", "5")
    assert found(case_of([], [person()], gone_in_crm)) == []
    assert found(case_of([contact()], [], gone_in_books)) == []
    assert found(case_of([], [], gone_in_crm, gone_in_books)) == []
    for again in (contact(), contact("7")):
        assert found(case_of([again], [person()], gone_in_crm)) == ["resurrected"]
    for again in (person(), person("8")):
        assert found(case_of([contact()], [again], gone_in_books)) == ["resurrected"]
    assert found(case_of([contact()], [person()], gone_in_crm, back)) == []
    assert found(case_of([], [person()], gone_in_crm, back)) == ["lost"]
    assert found(case_of([contact()], [person(email="o@x.example")], gone_in_crm, back)) == ["unequal"]


def test_where_two_typed_in_one_person_the_other_one_gets_its_counterpart() -> None:
    """But the very record that was deleted is not back."""
    twice, gone = act("create", "books"), act("delete", "crm", "5")
    assert found(case_of([contact("7")], [person()], twice, gone)) == []
    assert found(case_of([contact("5")], [person()], twice, gone)) == ["resurrected"]


def test_one_who_moved_to_another_account_may_be_there_twice() -> None:
    """A person is asked about it; approved, the one in Books stays, and the Contact gets another one."""
    moved = act("move", "crm", "5")
    assert found(case_of([contact()], [person(), person("8", email="o@x.example")], moved)) == []


def test_what_differs_of_a_restored_person_is_held() -> None:
    """Nothing that was agreed before is trusted, though one side alone was edited."""
    ends = (act("delete", "crm", "5"), act("restore", "crm", "5"))
    apart = ([contact()], [person(email="o@x.example")])
    held = {"kind": "held", "at": at(2_000.0), "record": "a/crm/contact_person/5", "field": "email"}
    shown = {"crm": "no2@x.example", "books": "o@x.example"}
    assert found(case_of(*apart, *ends, history=[held | shown])) == []
    assert found(case_of(*apart, *ends, history=[held | shown | {"books": "p@x.example"}])) == ["unequal"]
    assert found(case_of(*apart, history=[held | shown])) == ["unequal"]
    of_another = held | shown | {"record": "a/crm/customer/1"}
    assert found(case_of(*apart, *ends, history=[of_another])) == ["unequal"], (
        "a customer bears its person's number"
    )


def test_twins_who_are_asked_about_are_excused_until_they_are_linked() -> None:
    """Each with a tax number of its own; what they show is compared again once a person said that they are one."""
    apart = ([contact()], [person(email="o@x.example")])
    asked = {
        "kind": "held",
        "at": at(1_160.0),
        "record": "a/books/customer/9",
        "cause": "match:other tax number",
    }
    linked = {"kind": "link", "at": at(1_170.0), "crm_id": "1", "books_id": "9"}
    assert found(case_of(*apart, history=[asked])) == []
    assert found(case_of(*apart, history=[linked, asked])) == ["unequal"]
    assert found(case_of(*apart, history=[asked, linked | {"at": at(1_150.0)}])) == []


@pytest.mark.parametrize(("linked", "is_excused"), [(1_100.0, True), (900.0, True), (700.0, False)])
def test_one_whose_pair_a_restored_table_did_not_know_may_be_made_again(
    linked: float, is_excused: bool
) -> None:
    """It was linked since the backup, or an open intent's time before; with the Contact restored, one is asked."""
    ends = (act("delete", "crm", "5"), act("restore", "crm", "5"))
    link: dict[str, Any] = {"kind": "link", "at": at(linked), "crm_id": "5", "books_id": "6"}
    asked: dict[str, Any] = {
        "kind": "held",
        "at": at(2_000.0),
        "record": "a/crm/contact_person/5",
        "candidates": ["6"],
    }
    both = [contact(), contact("7")]
    expected = [] if is_excused else ["duplicates"]
    assert found(case_of(both, [person()], *ends, history=[link, asked], restored=[RESTORE])) == expected
    assert found(case_of(both, [person()], *ends, history=[link], restored=[RESTORE])) == ["duplicates"]
    books = act("delete", "books", "6")
    assert found(case_of(both, [], *ends, books, history=[link], restored=[RESTORE])) == expected
    typed, two = replace(act("edit", "books", "o@x.example"), field="email"), [person(), person("8")]
    assert found(case_of(both, two, *ends, typed, history=[link], restored=[RESTORE])) == expected
    assert found(case_of(both, two, *ends, history=[link, asked], restored=[RESTORE])) == ["duplicates"]
    twice = (act("delete", "crm", "7"), act("restore", "crm", "7"))
    both_linked = [link, link | {"crm_id": "7"}, asked]
    assert (
        found(case_of(both, [person()], *ends, *twice, history=both_linked, restored=[RESTORE])) == expected
    )


def test_the_loser_of_a_merge_may_be_made_again_where_its_pair_is_not_known() -> None:
    """As a deleted one: Books has its customer, and no Account has its stamp."""
    merged = replace(act("merge", "crm", "2", kind="customer", token="No1"), into="No3")
    link = {"kind": "link", "at": at(1_100.0), "crm_id": "2", "books_id": "9"}
    assert found(case_of([contact()], [person()], merged, history=[link], restored=[RESTORE])) == []
    assert found(case_of([contact()], [person()], merged, history=[link])) == ["resurrected"]


def test_an_account_of_another_type_needs_no_counterpart_before_it_has_one() -> None:
    """Nor does its Contact; once it was created or linked, whatever its type, both stay in step."""
    sort = replace(act("sort", "crm", "Partner", kind="customer", token="No1"), field="company_type")
    case = case_of([contact()], [], sort, account={"Account_Type": "Partner"})
    case.sides["books"]["contacts"].clear()
    assert found(case) == []
    for entry in (
        {"kind": "link", "crm_id": "1", "books_id": "9"},
        {"kind": "write", "verb": "create", "record": "a/crm/customer/1", "written_id": "9"},
    ):
        assert found(replace(case, history=[entry | {"at": at(1_000.0)}])) == ["stuck", "stuck"]
        case.verdict.findings.clear()
    refused = {"kind": "not_written", "verb": "create", "record": "a/crm/customer/1", "at": at(1_000.0)}
    assert found(replace(case, history=[refused])) == []
    case.sides["crm"]["Accounts"][0]["Account_Type"] = "Customer"
    assert found(case) == ["stuck", "stuck"]


def test_the_type_of_an_account_is_typed_by_whoever_makes_it() -> None:
    """So it differs from another one that was typed in Books, and a person is asked."""
    custom = [{"api_name": "cf_company_type", "value": "Partner"}]
    sort = replace(act("sort", "books", "Partner", kind="customer", token="No1"), field="company_type")
    held = {"kind": "held", "at": at(1_160.0), "record": "a/crm/customer/1", "field": "company_type"}
    history = [held | {"crm": "Customer", "books": "Partner"}]
    both: dict[str, Any] = {"account": {"Account_Type": "Customer"}, "customer": {"custom_fields": custom}}
    assert found(case_of([contact()], [person()], sort, history=history, **both)) == []
    assert found(case_of([contact()], [person()], sort, **both)) == ["unequal"]
    assert found(case_of([contact()], [person()], history=history, **both)) == ["unequal"]


def test_what_somebody_kept_apart_may_be_two_on_either_side() -> None:
    """And need not show the same; nobody makes three of it."""
    said = act("release", "crm", "keep-apart")
    unlike = [person(), person("8", email="o@x.example")]
    assert found(case_of([contact(), contact("7")], unlike, said)) == []
    assert found(case_of([contact(), contact("7")], unlike)) == ["duplicates"]
    assert found(case_of([contact(), contact("7"), contact("8")], unlike, said)) == ["duplicates"]


def test_a_create_of_a_person_is_known_by_the_name_it_carries() -> None:
    """A person bears no stamp in Books."""
    made = {
        "time": at(1_100.0), "seq": 1, "product": "books", "method": "POST", "status": 201, "committed": True,
        "path": "/books/v3/contacts/contactpersons", "record_ids": ["6"], "fault": None, "endpoint": "",
    }  # fmt: skip
    gone = act("delete", "crm", "5")
    for name, excused in (("Rao No2", {"5"}), ("Rao No3", set[str]())):
        case = case_of([], [], gone, calls=[made | {"request_body": {"last_name": name}}], restored=[RESTORE])
        assert windows.made_again(case) == excused


def test_two_that_an_e_mail_links_are_asked_about_once_the_person_is_gone() -> None:
    """By their name alone nobody is linked; with the person there, or unasked, they are to be in step."""
    held = {"kind": "held", "at": at(2_000.0), "record": "a/crm/customer/1", "cause": "match:name only"}
    first = replace(act("create", "books", token="No1"), into="No1")
    gone = act("delete", "books", "6", token="No1")
    site = {"Website": "https://other.example"}
    assert found(case_of([], [], first, gone, history=[held], account=site)) == []
    assert found(case_of([], [], first, gone, account=site)) == ["unequal", "stuck"]
    assert found(case_of([], [], first, history=[held], account=site))[0] == "unequal"
    assert (
        found(case_of([], [], first, gone, history=[held | {"record": "a/crm/customer/2"}], account=site))[0]
        == "unequal"
    )
    other = held | {"cause": "match:other tax number"}
    assert found(case_of([], [], first, history=[other], account=site)) == []


def test_of_a_tax_identity_number_and_place_are_compared() -> None:
    """Unless what one person typed is held: CRM's over that of Books, or half of it."""
    crm, books = {"GSTIN": "27A", "Place_of_Supply": "MH"}, {"gst_no": "27A", "place_of_contact": "MH"}
    assert found(case_of([contact()], [person()], account=crm, customer=books)) == []
    assert found(
        case_of([contact()], [person()], account=crm, customer=books | {"place_of_contact": "KA"})
    ) == ["unequal"]
    other = {"gst_no": "29B", "place_of_contact": "KA"}
    held = {"kind": "held", "at": at(9.0), "record": "a/crm/customer/1", "field": "tax_identity"}
    shown = {"crm": {"number": "27A", "place": "MH"}, "books": {"number": "29B", "place": "KA"}}
    for cause in ("tax identity contradicts", "owned by Books:tax_identity", "differs:tax_identity"):
        told = held | shown | {"cause": cause}
        assert found(case_of([contact()], [person()], history=[told], account=crm, customer=other)) == []
        assert found(
            case_of([contact()], [person()], history=[told | {"books": {}}], account=crm, customer=other)
        ) == ["unequal"]
    told = held | shown | {"cause": "conflict:tax_identity"}
    assert found(case_of([contact()], [person()], history=[told], account=crm, customer=other)) == ["unequal"]


def test_of_a_tax_identity_that_contradicts_itself_no_counterpart_is_made() -> None:
    """A person is asked about it; its persons wait."""
    held = {"kind": "held", "at": at(9.0), "record": "a/crm/customer/1", "cause": "tax identity contradicts"}
    for account, history, counters in (
        ({"GSTIN": "27A"}, [held], []),
        ({"GSTIN": "27A"}, [], ["stuck", "stuck"]),
        ({"GSTIN": "27A", "GST_Treatment": "x", "Place_of_Supply": "KA"}, [held], []),
        ({"GSTIN": "27A", "GST_Treatment": "x", "Place_of_Supply": "MH"}, [held], ["stuck", "stuck"]),
        ({"GSTIN": "27A"}, [held | {"record": "a/crm/customer/2"}], ["stuck", "stuck"]),
    ):
        case = case_of([contact()], [], history=history, account=account)
        case.sides["books"]["contacts"] = []
        assert found(case) == counters


def test_what_contradicts_itself_is_not_written_to_books_and_crm_never_over_what_stands_there() -> None:
    """A write of both products' own defaults has no number; what a person took is that person's word."""
    body = {"gst_no": "27A", "gst_treatment": "business_gst", "place_of_contact": "MH"}
    call = {"product": "books", "method": "PUT", "path": "/books/v3/contacts/9", "committed": True}
    write = {
        "kind": "write", "side": "books", "verb": "update", "before": {}, "after": {"tax_identity": {"number": "27A"}},
        "rules": {"tax_identity": "changed in CRM only"},
    }  # fmt: skip
    over = write | {"before": {"tax_identity": {"number": "29B"}}}
    scenes: list[tuple[dict[str, str], dict[str, Any], list[str]]] = [
        ({}, write, []),
        ({"gst_no": "", "place_of_contact": ""}, write, []),
        ({"place_of_contact": "KA"}, write, ["unequal"]),
        ({"gst_treatment": ""}, write, ["unequal"]),
        ({}, over, ["lost"]),
        ({}, over | {"rules": {"tax_identity": "a person took crm"}}, []),
        ({}, over | {"after": {"notes": "n"}}, []),
    ]
    for changes, entry, counters in scenes:
        case = case_of([], [], calls=[call | {"request_body": body | changes}], history=[entry])
        taxes(case)
        assert [finding.counter for finding in case.verdict.findings] == counters


def test_a_new_customer_that_another_ones_person_was_moved_to_is_asked_about() -> None:
    """By that person's e-mail it looks like the other one; its persons wait with it."""
    moved = replace(act("move", "crm", "7", token="No3"), into="No1")
    owner = Act(1.0, "create", "a", "crm", "person", "No3", into="No4")
    held = {"kind": "held", "at": at(9.0), "record": "a/crm/customer/1", "cause": "match:e-mail only"}
    for acts, history, counters in (
        ([owner, moved], [held], []),
        ([owner, moved], [], ["stuck", "stuck"]),
        ([owner], [held], ["stuck", "stuck", "stuck"]),
    ):
        case = case_of([contact()], [], *acts, history=history)
        case.sides["books"]["contacts"] = []
        assert found(case) == counters
