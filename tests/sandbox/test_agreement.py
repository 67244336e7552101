"""The sandbox's bodies against Zoho's OpenAPI files and recorded answers, where the shared folder is there."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.app import endpoints
from tests.sandbox.agreement import (
    FIXTURES,
    OPENAPI,
    Operation,
    Tally,
    against_recording,
    against_schema,
    matching,
    recorded,
    schema_of,
)
from tests.sandbox.tour import Tour, walk

if TYPE_CHECKING:
    from tests.sandbox.conftest import Inbox, Maker, Zoho

MISSING_FOLDER = (
    "no OpenAPI files and recorded answers: set TANDEM_SHARED or put the folder beside the project"
)
needs_folder = pytest.mark.skipif(not (FIXTURES.is_dir() and OPENAPI.is_dir()), reason=MISSING_FOLDER)

# Answer and place (patterns) of each difference that is meant, with its reason. The dossiers rank recorded
# traffic above the OpenAPI files, whose schemas list the keys of every edition and of every kind of answer.
ON_PURPOSE = [
    ("organizations.yml *", "$.*fiscal_year_start_month:*", "recorded as text"),
    ("items.yml *", "$.item*.tax_percentage:*", "amounts are numbers in recorded answers"),
    ("invoices.yml *", "$.invoice*.total:*", "amounts are numbers in recorded answers"),
    ("invoices.yml *", "$.invoice*.balance:*", "amounts are numbers in recorded answers"),
    ("invoices.yml *", "$.page_context: array*", "an object in every recorded list"),
    ("users.json *", "$.users[[]].time_zone:*", "recorded as text"),
    ("notifications.json *", "$.watch[[]].channel_id:*", "text in the dossier's captured bodies"),
    ("record.json *", "$.data[[]].details.*: missing", "keys of refusals, shown by a refusal alone"),
    ("record.json GET *", "$.data[[]].*: missing", "fields that were not asked for"),
    ("coql.json *", "$.data[[]].*: missing", "fields that were not asked for"),
    ("coql.json *", "$.info.*: missing", "COQL's info has count and more_records alone (CRM dossier 4)"),
    ("record.json *", "$.info.*: missing", "deleted and search have no page token (CRM dossier 3, 4)"),
    ("record.json *", "$.file: missing", "a key of photos"),
    ("fields.json *", "$.fields[[]].*: missing", "of features not here, and absent from recorded fields"),
    ("fields.json GET *", "$.details.api_name: missing", "absent from the recorded refusal"),
    ("modules.json *", "$.modules[[]].*: missing", "of features not here: views, territories, Zia, layouts"),
    ("org.json *", "$.org[[]].*: missing", "of features not here"),
    ("users.json *", "$.users[[]].*: missing", "absent from recorded users"),
    ("users.json *", "$.info: missing", "one user has no page"),
    ("notifications.json *", "$.watch[[]].*: missing", "absent from the dossier's captured bodies"),
    ("bulk_read.json *", "$.data[[]].*: missing", "shown only when they were asked for"),
    ("contacts.yml *", "$.contact.*: missing", "of other editions, and absent from recorded contacts"),
    ("contacts.yml *", "$.page_context.*: missing", "no activity log is kept"),
    ("organizations.yml *", "$.organization*: missing", "absent from recorded organizations"),
    ("taxes.yml *", "$.tax*[[]].*: missing", "of other editions"),
    ("users.yml *", "$.*: missing", "of features not here"),
    ("items.yml *", "$.item*: missing", "of the Mexican edition, locations and tax rules"),
    ("items.yml *", "$.page_context: missing", "itemdetails is no list of pages"),
    (
        "invoices.yml *",
        "$.invoice*: missing",
        "invoices are simple here: no stock, projects, mail, reminders",
    ),
]
FORMS = [
    (endpoint.method, endpoint.template.replace("{module}", "{module_api_name}"), endpoint.template)
    for endpoint in endpoints()
    if "rest:path" not in endpoint.template
]


def _reason(answer: str, place: str) -> str | None:
    return next((why for a, p, why in ON_PURPOSE if fnmatch(answer, a) and fnmatch(place, p)), None)


def _status(operation: Operation, status: int) -> int | None:
    told = [int(s) for s in operation.spec["responses"] if str(s).isdigit()]
    same = [s for s in told if s == status] or [s for s in told if s < 300 and status < 300 and s != 204]
    return same[0] if same else None


def _compare_documented(tour: Tour, tally: Tally) -> None:
    toured: set[tuple[str, str]] = set()
    for answer in tour.answers.values():
        for operation in matching(answer.method, answer.endpoint):
            status = _status(operation, answer.status)
            schema = None if status is None else schema_of(operation, status)
            if schema is not None:
                toured.add((answer.method, answer.endpoint))
                tally.add(f"{operation.name} {answer.status}", against_schema(schema, answer.body))
    for method, _, template in FORMS:
        documented = [o for o in matching(method, template) if schema_of(o, _status(o, 200) or 0) is not None]
        if documented and (method, template) not in toured:
            tally.skipped.append(f"{method} {template}")


def _compare_recorded(answers: dict[str, Any], tally: Tally) -> None:
    for name, ours in answers.items():
        file, _, part = name.partition(":")
        theirs = recorded(file)
        pair = (theirs[part], ours[part]) if part else (theirs, ours)
        tally.add(f"{name}.json", against_recording(*pair))


async def _tally(make_zoho: Maker) -> Tally:
    tally = Tally()
    _compare_documented(await walk(await make_zoho()), tally)
    zoho = await make_zoho()
    _compare_recorded(await _crm(zoho) | await _books(zoho), tally)
    return tally


def _report(tally: Tally) -> list[str]:
    reasons: dict[str, int] = {}
    for answer, places in tally.differing.items():
        for why in {_reason(answer, place) or "NOT ON PURPOSE" for place in places}:
            reasons[why] = reasons.get(why, 0) + 1
    counts = (len(tally.compared), len(tally.differing), len(tally.skipped))
    compared = "{} compared, {} differing on purpose, {} skipped".format(*counts)
    return [
        f"sandbox against Zoho's OpenAPI files and recorded answers: {compared}",
        *(f"  {count:3} {why}" for why, count in sorted(reasons.items())),
    ]


async def test_bodies_agree_with_what_zoho_documents_and_answers(
    make_zoho: Maker, record_property: Callable[[str, object], None]
) -> None:
    """Each key and type agrees or differs for a reason in the table; what was compared is printed."""
    if not (FIXTURES.is_dir() and OPENAPI.is_dir()):
        every = sum(1 for _ in FORMS)
        record_property("told", [f"sandbox against Zoho's OpenAPI files: 0 compared, {every} skipped"])
        pytest.skip(MISSING_FOLDER)
    tally = await _tally(make_zoho)
    record_property("told", _report(tally))
    wrong = [f"{a}: {p}" for a, places in tally.differing.items() for p in places if _reason(a, p) is None]
    assert wrong == []
    assert tally.skipped == []


@needs_folder
async def test_every_reason_is_still_needed(make_zoho: Maker) -> None:
    """A reason that explains nothing would hide the next mistake."""
    found = [(a, p) for a, places in (await _tally(make_zoho)).differing.items() for p in places]
    first = [
        next((i for i, (x, y, _) in enumerate(ON_PURPOSE) if fnmatch(a, x) and fnmatch(p, y)), -1)
        for a, p in found
    ]
    assert [ON_PURPOSE[i] for i in range(len(ON_PURPOSE)) if i not in first] == []


@needs_folder
@pytest.mark.parametrize(
    ("endpoint", "spoil"),
    [
        ("GET /books/v3/contacts/{id}", lambda b: b["contact"].update(contact_id=7)),
        ("GET /books/v3/contacts/{id}", lambda b: b.pop("contact")),
        ("GET /crm/v8/{module}", lambda b: b["info"].update(more_records="no")),
        ("POST /crm/v8/{module}", lambda b: b["data"][0].pop("code")),
    ],
)
async def test_a_planted_wrong_body_is_seen(
    make_zoho: Maker, endpoint: str, spoil: Callable[[Any], Any]
) -> None:
    """A wrong type and a missing key make a difference that no reason explains."""
    tour = await walk(await make_zoho())
    key = next(k for k in tour.answers if k[0] == endpoint)
    body = copy.deepcopy(tour.answers[key].body)
    spoil(body)
    tour.answers[key].body.clear()
    tour.answers[key].body.update(body)
    tally = Tally()
    _compare_documented(tour, tally)
    assert [p for a, places in tally.differing.items() for p in places if _reason(a, p) is None]


async def _crm(zoho: Zoho) -> dict[str, Any]:
    record = await zoho.account()
    body = {"data": [{"Last_Name": "Rao", "Account_Name": {"id": record}}]}
    person = (await zoho.crm("POST", "/Contacts", body)).json()["data"][0]["details"]["id"]
    lead = {"data": [{"Last_Name": "N"}]}
    every = {"fields": "Account_Name,Phone,Owner,Modified_By,Modified_Time"}
    return {
        "crm_create_account": (await zoho.crm("POST", "/Accounts", {"data": [{"Account_Name": "B"}]})).json(),
        "crm_create_lead_2025": (await zoho.crm("POST", "/Contacts", lead)).json(),
        "crm_get_contacts:info": (await zoho.crm("GET", "/Contacts", params={"fields": "Email"})).json(),
        "crm_get_account": (await zoho.crm("GET", f"/Accounts/{record}")).json(),
        "crm_get_contact": (await zoho.crm("GET", f"/Contacts/{person}")).json(),
        "crm_get_contacts_v6_info": (
            await zoho.crm(
                "GET", "/Contacts", params={"fields": "Full_Name,Assistant,Created_Time,Created_By"}
            )
        ).json(),
        "crm_get_accounts:info": (await zoho.crm("GET", "/Accounts", params=every)).json(),
        "crm_update_account": (
            await zoho.crm("PUT", f"/Accounts/{record}", {"data": [{"Phone": "1"}]})
        ).json(),
        "crm_update_contact_2025": (
            await zoho.crm("PUT", f"/Contacts/{person}", {"data": [{"Phone": "1"}]})
        ).json(),
        "crm_upsert_insert": (
            await zoho.crm("POST", "/Contacts/upsert", {"data": [{"Last_Name": "N"}]})
        ).json(),
        "crm_delete_account": (await zoho.crm("DELETE", f"/Accounts/{record}")).json(),
        "crm_error_invalid_module": (await zoho.crm("GET", "/Nope", params=every)).json(),
        "crm_error_invalid_module_fields": (
            await zoho.crm("GET", "/settings/fields", params={"module": "Nope"})
        ).json(),
        "crm_settings_fields_deals": (
            await zoho.crm("GET", "/settings/fields", params={"module": "Accounts"})
        ).json(),
        "crm_users": (await zoho.crm("GET", "/users")).json(),
    }


async def _books(zoho: Zoho) -> dict[str, Any]:
    made = (await zoho.books("POST", "/contacts", {"contact_name": "A"})).json()
    path = f"/contacts/{made['contact']['contact_id']}"
    by_time = {"sort_column": "last_modified_time", "sort_order": "A"}
    return {
        "books_create_contact": made,
        "books_list_contacts": (await zoho.books("GET", "/contacts")).json(),
        "books_list_contacts_by_mtime": (await zoho.books("GET", "/contacts", params=by_time)).json(),
        "books_get_contact": (await zoho.books("GET", path)).json(),
        "books_update_contact": (await zoho.books("PUT", path, {"notes": "x"})).json(),
        "books_delete_contact": (await zoho.books("DELETE", path)).json(),
        "books_organizations": (await zoho.books("GET", "/organizations")).json(),
        "books_currencies": (await zoho.books("GET", "/settings/currencies")).json(),
        "books_taxes_empty": (await zoho.books("GET", "/settings/taxes")).json(),
    }


@needs_folder
async def test_a_notification_has_the_recorded_keys_and_types(zoho: Zoho, inbox: Inbox) -> None:
    """The body sent to a channel is the recorded one."""
    watch = {
        "channel_id": "1",
        "events": ["Accounts.edit"],
        "notify_url": "http://hooks.example/x",
        "token": "t",
        "return_affected_field_values": True,
    }
    await zoho.crm("POST", "/actions/watch", {"watch": [watch]})
    record = await zoho.account()
    await zoho.control("PATCH", f"/crm/Accounts/{record}", {"Phone": "1"})
    zoho.step(1)
    await zoho.world.outbox.deliver_due()
    theirs, ours = recorded("crm_notification_update"), json.loads(inbox.received[0].content)
    theirs["affected_values"][0]["values"] = theirs["affected_fields"][0] = {}
    assert against_recording(theirs, ours) == []
    assert set(ours) == set(theirs)


@needs_folder
def test_every_recorded_answer_is_compared() -> None:
    """No fixture is forgotten."""
    here = Path(__file__).read_text()
    names = {f.stem for f in FIXTURES.glob("*.json")} - {"headers_recorded"}
    assert [n for n in sorted(names) if f'"{n}"' not in here and f'"{n}:' not in here] == []
