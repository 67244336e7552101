"""Vendors, items, individuals: each has one counterpart, both show the same, what was deleted stays so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.system.simulation.case import GOODS, Case
from tests.system.simulation.evidence import books_value, by_token, crm_value, fields_of, plain
from tests.system.simulation.records import ended, is_held
from tests.system.simulation.windows import is_asked_whether_one

Rows = Sequence[Mapping[str, Any]]
PLACES = {"vendor": "contacts", "item": "items", "individual": "contacts"}
NAMES = {"vendor": "contact_name", "item": "name", "individual": "contact_name"}
IDS = {"vendor": "contact_id", "item": "item_id", "individual": "contact_id"}


def goods(case: Case) -> None:
    """P1, P7, P9 for what only some seeds have."""
    for kind, (module, name) in GOODS.items():
        born = {act.token for act in case.acts if act.verb == "create" and act.kind == kind}
        crm = by_token(case.sides["crm"].get(module, ()), name)
        books = by_token(case.sides["books"].get(PLACES[kind], ()), NAMES[kind])
        for token in sorted(born):
            _ware(case, kind, token, crm.get(token, []), books.get(token, []))


def _ware(case: Case, kind: str, token: str, crm: Rows, books: Rows) -> None:
    where = f"{case.org} {kind} {token}"
    if token in case.apart and max(len(crm), len(books)) <= 2:
        return
    if len(crm) > 1 or len(books) > 1:
        case.verdict.add("duplicates", f"{where}: {len(crm)} in CRM, {len(books)} in Books")
    elif ends := case.ends.get((kind, token), []):
        shown = {"crm": [str(one["id"]) for one in crm], "books": [str(one[IDS[kind]]) for one in books]}
        ended(case, kind, token, {act.side: act for act in ends}, shown)
    elif not crm or not books:
        case.verdict.add("stuck", f"{where}: no counterpart in {'Books' if crm else 'CRM'}")
    elif not is_asked_whether_one(case, str(crm[0]["id"]), str(books[0][IDS[kind]])):
        _stamps(case, kind, where, crm[0], books[0])
        _equal(case, kind, token, crm[0], books[0])


def _stamps(case: Case, kind: str, where: str, crm: Mapping[str, Any], books: Mapping[str, Any]) -> None:
    spec = case.evidence.mapping["entities"][kind]
    [stamp] = books_value(books, [spec["books_stamp"]])
    if stamp not in ("", crm["id"]) or plain(crm.get(spec["crm_stamp"])) not in ("", books[IDS[kind]]):
        case.verdict.add("duplicates", f"{where}: stamped with another record's id")


def _equal(case: Case, kind: str, token: str, crm: Mapping[str, Any], books: Mapping[str, Any]) -> None:
    for mapped in fields_of(case.evidence.mapping, kind):
        left, right = crm_value(crm, mapped.crm), books_value(books, mapped.books)
        same = _SAME.get(mapped.name, tuple.__eq__)(left, right)
        if not same and not is_held(case, token, mapped.name, left, right):
            case.verdict.add("unequal", f"{case.org} {kind} {token} {mapped.name}: CRM {left}, Books {right}")
    if kind != "item" and books["status"] != "active":
        case.verdict.add("lost", f"{case.org} {kind} {token}: deactivated, and nobody deleted it")


def _is_same_state(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    return (left == ("True",)) == (right == ("active",))


def _is_same_price(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    return float(left[0] or 0) == float(right[0] or 0)


def _is_same_name(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    return " ".join(left) == " ".join(right)


_SAME: dict[str, Callable[[tuple[str, ...], tuple[str, ...]], bool]] = {
    "active": _is_same_state,
    "price": _is_same_price,
    "display": _is_same_name,
}
"""How both forms of a field compare, where they are not the same text."""
