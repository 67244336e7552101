"""What must become of every record of the demo's data. Nothing that is deployed knows this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from local.demo.plan import Company, Kind, Person, Plan

Verdict = Literal["link", "create in books", "create in crm", "hold", "leave out"]

VERDICTS: dict[Kind, Verdict] = {
    Kind.SAME_TAX: "link",
    Kind.SAME_EMAIL: "link",
    Kind.CRM_ONLY: "create in books",
    Kind.BOOKS_ONLY: "create in crm",
    Kind.PROSPECT: "leave out",
    Kind.SAME_NAME: "hold",
    Kind.BRANCH: "hold",
    Kind.SHARED_MAILBOX: "hold",
    Kind.OTHER_TAX: "hold",
    Kind.WRONG_STATE: "hold",
    Kind.TWICE_IN_CRM: "hold",
}
FIELDS = {"street": "billing_address", "name": "name"}
"""The mapped field that an attribute of the plan stands in."""


@dataclass(slots=True)
class AnswerKey:
    """Names of companies and people by what must become of them."""

    customers: dict[str, list[str]] = field(default_factory=dict)
    people: dict[str, list[str]] = field(default_factory=dict)
    held_fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Linked companies of which a field is held, since the two sides know different values."""
    updates: dict[str, int] = field(default_factory=lambda: {"crm": 0, "books": 0})
    """How many linked records get a value that one side lacks."""

    def links(self) -> Iterator[str]:
        """Every name that ends as one pair."""
        for verdicts in (self.customers, self.people):
            for verdict in ("link", "create in books", "create in crm"):
                yield from verdicts.get(verdict, [])

    def count(self, of: str, verdict: str) -> int:
        """How many `customers` or `people` have this verdict."""
        found: dict[str, list[str]] = getattr(self, of)
        return len(found.get(verdict, []))


def answers(plan: Plan) -> AnswerKey:
    """The key of a plan."""
    key = AnswerKey()
    for company in plan.companies:
        verdict = VERDICTS[company.kind]
        key.customers.setdefault(verdict, []).append(company.ref)
        if company.differs:
            key.held_fields[company.ref] = tuple(FIELDS[name] for name in company.differs)
        _count_updates(key, company)
        for person in company.people:
            key.people.setdefault(_person(verdict, person), []).append(person.ref)
            if verdict == "link":
                _count_updates(key, person)
    for person in plan.loners:
        key.people.setdefault("leave out", []).append(person.ref)
    return key


def _person(company: Verdict, person: Person) -> Verdict:
    if company == "link" and person.shares_mailbox:
        return "hold"
    if company == "link":
        return (
            "link"
            if len(person.sides) > 1
            else "create in books"
            if person.sides == ("crm",)
            else "create in crm"
        )
    return "leave out" if company in ("hold", "leave out") else company


def _count_updates(key: AnswerKey, who: Company | Person) -> None:
    for side in sorted(set(who.lacks.values())):
        key.updates[side] += 1
