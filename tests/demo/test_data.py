"""The demo's data and its answer key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.demo.answer_key import VERDICTS, answers
from local.demo.data import build, ids_of
from local.demo.plan import COMPANIES, PEOPLE, Kind, make_plan

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = ("functions", "layers", "cli")
SEEDS = range(40)


def test_the_answer_key_is_named_nowhere_in_what_is_deployed() -> None:
    """Neither its module nor its class: what the demo expects cannot leak into what is judged by it."""
    for folder in DEPLOYED:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".yaml", ".txt", ".md", ".toml", ""):
                text = path.read_text(encoding="utf-8", errors="replace").casefold()
                assert "answer_key" not in text, path
                assert "answerkey" not in text, path
                assert "local.demo" not in text, path


def test_the_same_seed_gives_the_same_data_and_another_seed_others() -> None:
    """Names, ids and times included."""
    one, same, other = (json.dumps(build(make_plan(seed)).body, sort_keys=True) for seed in (7, 7, 8))
    assert one == same
    assert one != other


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_makes_sixty_companies_and_ninety_people(seed: int) -> None:
    """And every one of them has one verdict."""
    plan = make_plan(seed)
    key = answers(plan)
    people = list(plan.people())
    assert (len(plan.companies), len(people)) == (COMPANIES, PEOPLE) == (60, 90)
    for verdicts, named in ((key.customers, plan.companies), (key.people, people)):
        assert sorted(ref for refs in verdicts.values() for ref in refs) == sorted(one.ref for one in named)


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_told_apart_by_chance(seed: int) -> None:
    """Names are unique where Books wants it; a tax number belongs to two companies only where it is meant."""
    plan = make_plan(seed)
    names = [row["contact_name"].casefold() for row in build(plan).body["books"]["contacts"]]
    assert len(set(names)) == len(names)
    numbers = [
        company.gstin for company in plan.companies if company.gstin and company.kind is not Kind.BRANCH
    ]
    assert len(set(numbers)) == len(numbers)
    called = [(person.first, person.last) for person in plan.people()]
    assert len(set(called)) == len(called)


def test_every_kind_of_company_has_a_verdict_and_is_there() -> None:
    """The awkward ones of the issue too: near duplicates, shared mailboxes, one number for two branches."""
    assert set(VERDICTS) == set(Kind) == {company.kind for company in make_plan(1).companies}


def test_the_answer_of_an_import_names_everybody() -> None:
    """Ids come in the order of the rows."""
    records = build(make_plan(1))
    answer = {
        "crm": {"Accounts": [f"a{n}" for n, _ in enumerate(records.accounts)],
                "Contacts": [f"k{n}" for n, _ in enumerate(records.contacts)]},
        "books": {"contacts": [f"b{n}" for n, _ in enumerate(records.customers)],
                  "contact_persons": [[f"b{n}p{m}" for m, _ in enumerate(some)]
                                      for n, some in enumerate(records.persons)]},
    }  # fmt: skip
    ids = ids_of(records, answer)
    assert ids.crm[records.accounts[3]] == "a3"
    assert len(ids.crm) == len(records.accounts) + len(records.contacts)
    assert len(ids.books) == len(records.customers) + sum(map(len, records.persons))
