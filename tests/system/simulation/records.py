"""Every record has one counterpart, none has two, and no deleted one is back: P1, P7, P9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.system.simulation.case import Case
from tests.system.simulation.evidence import (
    Act,
    books_value,
    by_token,
    crm_value,
    fields_of,
    plain,
    values_in,
)
from tests.system.simulation.windows import (
    CONTRADICTION,
    in_one_second,
    is_asked_of_twins,
    is_asked_whether_one,
    is_contradicting,
    is_of_lost_state,
    made_again,
)

AT_BIRTH = ("create", "company_type")
"""Whoever makes an Account says of which type it is."""
OF_ONE = (CONTRADICTION, "owned by Books:tax_identity", "differs:tax_identity")
"""Holds of a field that one person alone typed in: half an identity, and one of CRM over that of Books."""


def records(case: Case) -> None:
    """Every record has one counterpart, none has two, no deleted one is back."""
    crm = by_token(case.sides["crm"]["Accounts"], "Account_Name")
    # A Contact without an Account is a customer of its own, where the mapping says so: `goods` looks at these.
    firms = [one for one in case.sides["books"]["contacts"] if one.get("customer_sub_type") != "individual"]
    books = by_token(firms, "contact_name")
    born = {act.token for act in case.acts if act.verb == "create" and act.kind == "customer"}
    for token in sorted(born):
        _customer(case, token, crm.get(token, []), books.get(token, []))
    people = by_token(case.sides["crm"]["Contacts"], "Last_Name")
    persons = by_token(
        [{**p, "customer": c} for c in case.sides["books"]["contacts"] for p in c["contact_persons"]],
        "last_name",
    )
    for token in sorted({act.token for act in case.acts if act.verb == "create" and act.kind == "person"}):
        _person(case, token, people.get(token, []), persons.get(token, []))


def _customer(case: Case, token: str, crm: list[Mapping[str, Any]], books: list[Mapping[str, Any]]) -> None:
    ends = case.ends.get(("customer", token), [])
    if token in case.apart and max(len(crm), len(books)) <= 2:
        return
    if len(crm) > 1 or len(books) > 1:
        if not _is_back_beside_another(case, token, ends, crm, books):
            case.verdict.add("duplicates", f"{case.org} {token}: {len(crm)} Accounts, {len(books)} customers")
    elif ends:
        last = {act.side: act for act in ends}
        if "crm" in last:
            last.pop("books", None)  # what ended in both may be taken out of CRM's bin
        active = [str(one["contact_id"]) for one in books if one["status"] == "active"]
        ended(case, "customer", token, last, {"crm": [str(one["id"]) for one in crm], "books": active})
    elif crm and books:
        _pair(case, token, crm[0], books[0])
    elif not (
        (token in case.masters and case.is_asked_about(crm))
        or is_contradicting(case, token)
        or is_asked_of_twins(case, token)
        or (crm and case.is_left_out(token))
    ):
        where = "Books" if crm else "CRM"
        case.verdict.add("stuck", f"{case.org} {token}: no counterpart in {where}")


def _pair(case: Case, token: str, crm: Mapping[str, Any], books: Mapping[str, Any]) -> None:
    if books["status"] != "active":
        case.verdict.add("lost", f"{case.org} {token}: deactivated, and nobody deleted it")
    if token not in case.masters:
        _stamps(case, token, crm, books)
    elif is_asked_whether_one(case, str(crm["id"]), str(books["contact_id"])):
        # Merged into one whose link was lost with the table: its stamp is the merged one's.
        return
    if not is_asked_of_twins(case, token):
        _equal(case, "customer", token, crm, books)


def _is_back_beside_another(
    case: Case, token: str, ends: list[Act], crm: list[Mapping[str, Any]], books: list[Mapping[str, Any]]
) -> bool:
    """Two people made the same customer, CRM's was deleted, Books' got its counterpart, and CRM's is restored.

    So it is with one that was made once, where a table was restored that did not know the pair.

    Nobody but a person can say which of the two Accounts stays, and a person is asked about the restored one.
    """
    deleted = {act.value for act in ends if act.side == "crm" and act.verb == "delete"}
    is_made_again = bool(deleted & made_again(case))
    is_twice = len(case.makers("customer", token)) > 1 or is_made_again
    both_made = is_twice and len(crm) == 2 and len(books) == 1
    restored = any(act.side == "crm" and act.verb == "restore" for act in ends)
    back = [account for account in crm if account["id"] in deleted]
    return both_made and restored and len(back) == 1 and case.is_asked_about(back)


def ended(case: Case, kind: str, token: str, last: Mapping[str, Act], shown: Mapping[str, list[str]]) -> None:
    """What people deleted, merged or made inactive stays so, and what they restored is there.

    `last`: the last such act on each side; `shown`: the ids of what is there. Two who typed in the same one made two
    records: with one deleted, the other one gets its counterpart.
    """
    excused = made_again(case)
    makers = case.makers(kind, token)
    for side, act in last.items():
        ids, where = shown[side], f"{case.org} {kind} {token}"
        if act.verb == "restore" and not ids:
            case.verdict.add("lost", f"{where}: restored in {side} and gone again")
        is_made_again = bool(ids) and len(makers) < 2 and act.value not in excused
        if act.verb != "restore" and (act.value in ids or is_made_again):
            case.verdict.add("resurrected", f"{where}: {act.verb} in {side}, and there again")


def _person(case: Case, token: str, crm: list[Mapping[str, Any]], books: list[Mapping[str, Any]]) -> None:
    owner = case.owners[token]
    if case.is_excused(owner) or is_asked_of_twins(case, owner) or is_contradicting(case, owner):
        return
    ends = case.ends.get(("person", token), [])
    if any(act.verb == "move" for act in ends):
        return  # a person is asked, and may make two of one
    if {token, owner} & case.apart and max(len(crm), len(books)) <= 2:
        return
    if len(crm) > 1 or len(books) > 1:
        if not _is_person_back(case, token, crm, books):
            case.verdict.add(
                "duplicates", f"{case.org} person {token}: {len(crm)} in CRM, {len(books)} in Books"
            )
    elif ends and not (ends[-1].verb == "restore" and crm and books):
        shown = {"crm": [str(one["id"]) for one in crm], "books": [one["contact_person_id"] for one in books]}
        ended(case, "person", token, {act.side: act for act in ends}, shown)
    elif not books and case.is_left_out(owner):
        return
    elif not crm or not books:
        where = "CRM" if not crm else "Books"
        case.verdict.add("stuck", f"{case.org} person {token}: no counterpart in {where}")
    elif not (
        is_asked_whether_one(case, str(crm[0]["id"]), str(books[0]["contact_person_id"]))
        or in_one_second(case, token, str(books[0]["customer"]["contact_id"]))
    ):
        _equal(case, "contact_person", token, crm[0], books[0])


def _is_person_back(
    case: Case, token: str, crm: list[Mapping[str, Any]], books: list[Mapping[str, Any]]
) -> bool:
    """A Contact whose pair a restored table did not know was made again, then somebody restored it: one is asked.

    Nobody, where the person in Books was deleted as well, or where one of the e-mails was edited since: then either
    Contact is a person of its own.
    """
    ends = case.ends.get(("person", token), [])
    deleted = {act.value for act in ends if (act.side, act.verb) == ("crm", "delete")}
    back = [contact for contact in crm if contact["id"] in deleted & made_again(case)]
    if len(crm) != 2 or not back:
        return False
    if any((act.kind, act.token, act.field) == ("person", token, "email") for act in case.acts):
        return len(books) <= len(crm)
    is_free = any((act.side, act.verb) == ("books", "delete") for act in ends)
    return len(books) < len(crm) and (is_free or case.is_asked_about(back, "contact_person"))


def _stamps(case: Case, token: str, crm: Mapping[str, Any], books: Mapping[str, Any]) -> None:
    spec = case.evidence.mapping["entities"]["customer"]
    [stamp] = books_value(books, [spec["books_stamp"]])
    mirrored = plain(crm.get(spec["crm_stamp"]))
    if stamp not in ("", crm["id"]) or mirrored not in ("", books["contact_id"]):
        case.verdict.add("duplicates", f"{case.org} {token}: stamped with another record's id")


def _equal(case: Case, entity: str, token: str, crm: Mapping[str, Any], books: Mapping[str, Any]) -> None:
    for mapped in fields_of(case.evidence.mapping, entity):
        left, right = crm_value(crm, mapped.crm), books_value(books, mapped.books)
        if mapped.name == "tax_identity":
            # Number and place; without a number each product has defaults of its own.
            left, right = (left[::2], right[::2]) if left[0] else (left[:1], right[:1])
        if left != right and not is_held(case, token, mapped.name, left, right):
            case.verdict.add("unequal", f"{case.org} {token} {mapped.name}: CRM {left}, Books {right}")


def is_held(case: Case, token: str, name: str, left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Held with both values in the history, and people did type on both sides, or what was agreed is lost.

    A record that another was merged into took over values that nobody typed there, and a restored pair trusts nothing
    that was agreed before; of a tax identity also what one person typed may be held.
    """
    typed = [a for a in case.acts if a.token == token and (a.field == name or (a.verb, name) == AT_BIRTH)]
    sides = {act.side for act in typed if act.field or act.side == "crm"}
    is_of_two, came_back = len(sides) > 1 or token in case.masters, bool(case.ends.get(("person", token)))
    for entry in reversed(case.history):
        if (entry["kind"], entry.get("field")) != ("held", name):
            continue
        is_of_them = came_back and "/contact_person/" in str(entry.get("record"))
        is_asked = is_of_two or is_of_them or entry.get("cause") in OF_ONE or is_of_lost_state(case, entry)
        crm, books = values_in(entry.get("crm")), values_in(entry.get("books"))
        if is_asked and set(left) <= crm | {""} and set(right) <= books | {""}:
            return True
    return False
