"""Sixty companies and ninety people: who they are and on which side they stand; the same seed gives the same ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count, product
from random import Random

from local.demo.names import COUNTRIES, DIAL, FIRST, HEADS, LAST, PLACES, SEGMENTS, STREETS, TAILS, TITLES
from sandbox.data import valid_gstin

COMPANIES, PEOPLE = 60, 90
_HAS_WEBSITE = 0.7


class Kind(StrEnum):
    """Why a company is in the data; what becomes of it is in the answer key."""

    SAME_TAX = "on both sides with one tax number"
    SAME_EMAIL = "on both sides with one e-mail and a similar name"
    CRM_ONLY = "a customer in CRM only"
    BOOKS_ONLY = "in Books only"
    PROSPECT = "a prospect in CRM"
    SAME_NAME = "on both sides, nothing but the name alike"
    BRANCH = "a branch: its tax number is another branch's too"
    SHARED_MAILBOX = "one mailbox, two companies"
    OTHER_TAX = "one name and e-mail, two tax numbers"
    WRONG_STATE = "tax number and state contradict"
    TWICE_IN_CRM = "twice in CRM, once in Books"


@dataclass(slots=True)
class Person:
    """Somebody, and the sides that know them (`crm`, `books`)."""

    ref: str
    first: str
    last: str
    email: str
    phone: str
    title: str
    sides: tuple[str, ...]
    lacks: dict[str, str] = field(default_factory=dict)
    """Attribute -> the side that does not know it."""
    shares_mailbox: bool = False
    """A colleague of another name is in Books under the same e-mail."""


@dataclass(slots=True)
class Company:
    """A company, and the sides that know it. `crm_name` and `books_name` may differ."""

    ref: str
    kind: Kind
    country: str
    crm_name: str
    books_name: str
    place: tuple[str, str, str, str, str]
    street: str
    phone: str
    website: str
    segment: str
    gstin: str
    books_gstin: str
    people: list[Person] = field(default_factory=list)
    lacks: dict[str, str] = field(default_factory=dict)
    """Attribute -> the side that does not know it."""
    differs: tuple[str, ...] = ()
    """Attributes that the two sides know differently."""
    doubles: int = 1
    """How many times CRM has it."""

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that know the company."""
        return _SIDES[self.kind] or ("crm", "books")

    @property
    def is_registered(self) -> bool:
        """It has a tax number."""
        return bool(self.gstin)


_SIDES: dict[Kind, tuple[str, ...]] = {
    **dict.fromkeys(Kind, ()),
    Kind.CRM_ONLY: ("crm",),
    Kind.BOOKS_ONLY: ("books",),
    Kind.PROSPECT: ("crm",),
    Kind.WRONG_STATE: ("crm",),
}
_MAIN: tuple[tuple[Kind, str, int], ...] = (
    (Kind.SAME_TAX, "IN", 14),
    (Kind.SAME_EMAIL, "GB", 6),
    (Kind.SAME_EMAIL, "US", 6),
    (Kind.CRM_ONLY, "IN", 7),
    (Kind.CRM_ONLY, "GB", 3),
    (Kind.CRM_ONLY, "US", 2),
    (Kind.BOOKS_ONLY, "IN", 5),
    (Kind.BOOKS_ONLY, "GB", 2),
    (Kind.BOOKS_ONLY, "US", 2),
    (Kind.PROSPECT, "IN", 3),
    (Kind.PROSPECT, "GB", 1),
    (Kind.PROSPECT, "US", 1),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everybody."""

    seed: int
    companies: tuple[Company, ...]
    loners: tuple[Person, ...]
    """Contacts without an Account."""

    def people(self) -> Iterator[Person]:
        """Everybody who is a person."""
        for company in self.companies:
            yield from company.people
        yield from self.loners


def make_plan(seed: int) -> Plan:
    """The companies and people of a seed."""
    return _Maker(seed).plan()


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng = Random(f"{seed}:demo")  # noqa: S311 - seeded, not secret
        self.seed = seed
        self.heads = {country: self.rng.sample(names, len(names)) for country, names in HEADS.items()}
        self.companies: list[Company] = []
        self.people = 0
        self.called: set[tuple[str, str]] = set()
        self.numbers = count(self.seed % 500 * 80 + 1)

    def plan(self) -> Plan:
        for kind, country, many in _MAIN:
            for _ in range(many):
                self._company(kind, country)
        self._awkward()
        self._staff()
        loners = tuple(self._person("IN", "no-account.example", ("crm",)) for _ in range(5))
        return Plan(self.seed, tuple(self.companies), loners)

    def _company(self, kind: Kind, country: str, head: str = "") -> Company:
        rng, number = self.rng, len(self.companies) + 1
        head = head or self.heads[country].pop()
        crm_tail, _ = rng.choice(TAILS[country])
        place = rng.choice(PLACES[country])
        slug = "".join(c for c in unicodedata.normalize("NFKD", head).lower() if c.isascii() and c.isalnum())
        registered = country == "IN" and kind not in (Kind.SAME_NAME, Kind.SHARED_MAILBOX)
        made = Company(
            ref=f"c{number:02d}",
            kind=kind,
            country=country,
            crm_name=f"{head} {crm_tail}",
            books_name=f"{head} {crm_tail}",
            place=place,
            street=f"{rng.randint(1, 400)}, {rng.choice(STREETS)}",
            phone=self._phone(country, number),
            website=f"https://www.{slug}.example" if rng.random() < _HAS_WEBSITE else "",
            segment=rng.choice(SEGMENTS),
            gstin=self._gstin(place[3]) if registered else "",
            books_gstin="",
        )
        made.books_gstin = made.gstin
        self.companies.append(made)
        return made

    def _gstin(self, state: str) -> str:
        return valid_gstin(state, next(self.numbers))

    def _phone(self, country: str, number: int) -> str:
        digits = 5 if country == "IN" else 4
        return f"{DIAL[country]}{self.rng.randrange(10**digits):0{digits}}{number:02d}"

    def _awkward(self) -> None:
        """The eight that a person has to look at."""
        acme = self._company(Kind.SAME_NAME, "GB", "Acme")
        acme.crm_name, acme.books_name, acme.website = "Acme Ltd", "Acme Limited", ""
        one = self._company(Kind.BRANCH, "IN", "Godavari")
        two = self._company(Kind.BRANCH, "IN", "Godavari")
        shared = self._gstin("27")
        for branch, city in ((one, "Nashik"), (two, "Nanded")):
            branch.place = (city, "Maharashtra", "MH", "27", "422001")
            branch.crm_name = branch.books_name = f"Godavari Cotton Mills ({city})"
            branch.gstin = branch.books_gstin = shared
        kestrel = self._company(Kind.SHARED_MAILBOX, "GB", "Kestrel")
        osprey = self._company(Kind.SHARED_MAILBOX, "GB", "Osprey")
        kestrel.crm_name, osprey.books_name = "Kestrel Foods Ltd", "Osprey Catering Limited"
        other = self._company(Kind.OTHER_TAX, "IN", "Krishna Valley")
        other.books_gstin = self._gstin(other.place[3])
        wrong = self._company(Kind.WRONG_STATE, "IN", "Wrangler's")
        wrong.place = ("Bengaluru", "Karnataka", "KA", "29", "560001")
        wrong.gstin = wrong.books_gstin = self._gstin("27")
        bright = self._company(Kind.TWICE_IN_CRM, "GB", "Brightwater")
        bright.crm_name = bright.books_name = "Brightwater Ltd"
        bright.doubles = 2
        for company in (kestrel, osprey, other, wrong, bright):
            sides = (
                ("crm",)
                if company in (kestrel, wrong)
                else ("books",)
                if company is osprey
                else ("crm", "books")
            )
            person = self._person(company.country, f"{company.ref}.example", sides)
            if company.kind is Kind.SHARED_MAILBOX:
                person.email = "accounts@shared-office.example"
            company.people.append(person)

    def _staff(self) -> None:
        """People of the others: all links by e-mail need one on both sides."""
        linked = [c for c in self.companies if c.kind in (Kind.SAME_TAX, Kind.SAME_EMAIL)]
        by_email = [c for c in linked if c.kind is Kind.SAME_EMAIL]
        by_tax = [c for c in linked if c.kind is Kind.SAME_TAX]
        self._hire([*by_email, *by_tax[:12]], 24, ("crm", "books"))
        self._hire(by_tax, 10, ("crm",))
        self._hire(by_email, 10, ("books",))
        for kind, many, side in (
            (Kind.CRM_ONLY, 18, "crm"),
            (Kind.BOOKS_ONLY, 12, "books"),
            (Kind.PROSPECT, 6, "crm"),
        ):
            self._hire([c for c in self.companies if c.kind is kind], many, (side,))
        self._odd_people(by_tax)
        self._odd_fields(linked)

    def _hire(self, companies: list[Company], count: int, sides: tuple[str, ...]) -> None:
        for number in range(count):
            company = companies[number % len(companies)]
            company.people.append(self._person(company.country, f"{company.ref}.example", sides))

    def _person(self, country: str, domain: str, sides: tuple[str, ...]) -> Person:
        rng = self.rng
        self.people += 1
        first, last = rng.choice(
            [pair for pair in product(FIRST[country], LAST[country]) if pair not in self.called]
        )
        self.called.add((first, last))
        return Person(
            ref=f"p{self.people:02d}",
            first=first,
            last=last,
            email=f"p{self.people}@{domain}",
            phone=self._phone(country, self.people),
            title=rng.choice(TITLES),
            sides=sides,
        )

    def _odd_people(self, by_tax: list[Company]) -> None:
        """Missing e-mails, a shared mailbox within a company, people with one name."""
        both = [c.people[0] for c in by_tax[:12]]
        for person in both[:3]:
            person.email = ""
        crm_only = next(p for c in by_tax for p in c.people if p.sides == ("crm",) and c.people[0] is not p)
        company = next(c for c in by_tax if crm_only in c.people)
        mailbox = f"accounts@{company.ref}.example"
        company.people[0].email = crm_only.email = mailbox
        crm_only.first, crm_only.last, crm_only.shares_mailbox = "Ishaan", "Bhattacharya", True
        new = [c for c in self.companies if c.kind is Kind.CRM_ONLY]
        new[0].people[0].first, new[0].people[0].last = "", "Prakash"
        old = [c for c in self.companies if c.kind is Kind.BOOKS_ONLY]
        old[0].people[0].first, old[0].people[0].last = "Madhav", ""

    def _odd_fields(self, linked: list[Company]) -> None:
        """What one side does not know yet, and what the two know differently."""
        chosen = self.rng.sample(linked, len(linked))
        for number, company in enumerate(chosen[:12]):
            attribute, side = (
                ("website", "crm"),
                ("segment", "books"),
                ("phone", "books"),
                ("type", "books"),
            )[number % 4]
            company.website = company.website or f"https://www.{company.ref}.example"
            company.lacks[attribute] = side
        for company in chosen[12:14]:
            company.differs = ("street",)
        renamed = [c for c in chosen[14:] if _other_form(c) != c.crm_name]
        for company in renamed[:2]:
            company.books_name, company.differs = _other_form(company), ("name",)
        people = [p for c in linked for p in c.people if p.sides == ("crm", "books")]
        for number, person in enumerate(self.rng.sample(people, 8)):
            person.lacks[("phone", "title")[number % 2]] = ("crm", "books")[number // 2 % 2]


def _other_form(company: Company) -> str:
    """The name as the other side writes it; the same if its ending has one form only."""
    for one, other in TAILS[company.country]:
        if company.crm_name.endswith(f" {one}"):
            return f"{company.crm_name.removesuffix(one)}{other}"
    return company.crm_name


def country_name(company: Company) -> str:
    """The country as people write it."""
    return COUNTRIES[company.country]
