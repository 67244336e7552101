"""The probe's throw-away customer in Books: made or taken again, with two persons, and made inactive at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.probing import run as running
from cli.probing.ask import Told, UnansweredError
from cli.probing.run import GRAIN, Run
from tandem.core.facts import UNIQUE_MARKS

EMAILS = ("tandem-probe-one@example.com", "tandem-probe-two@example.com")
"""Of a domain that is kept for examples: nobody is mailed."""
LAST_NAMES = ("One", "Two")
STREET = {"address": "1 Probe Street", "zip": "411001", "country": "India"}
CITIES = ("Pune", "Nashik")


def name(run: Run) -> str:
    """What the customer is called."""
    return f"Tandem probe {run.connection.id} (throw-away, no customer)"


def stamp(run: Run) -> str:
    """The value in the stamp field: no id that CRM could ever give."""
    return f"tandem-probe-{run.connection.id}"


async def prepare(run: Run) -> None:
    """Make the customer, or take the one of an earlier run."""
    await _read_fields(run)
    is_active = "books" in run.kept.making and not run.kept.books and await _find(run)
    if is_active:
        note_active(run, run.kept.books)
    elif run.kept.books:
        told = await run.ask.send("books.active", {"id": run.kept.books})
        if told.code:
            run.kept.active = [id for id in run.kept.active if id != run.kept.books]
            run.kept.books = ""
        else:
            note_active(run, run.kept.books)
    made = {} if run.kept.books else await _make(run)
    if not made.get("last_modified_time") or "contact_persons" not in made:
        made = (await run.ask.send("books.get", {"id": run.kept.books})).one("contact")
    run.saw(made)


async def _read_fields(run: Run) -> None:
    told = await run.ask.send("books.fields", query=[("entity", "contact")])
    told.one("fields")
    meta = {str(row.get("api_name") or row.get("field_name")): row for row in told.rows("fields")}
    run.fields["custom"] = [key for key in meta if key.startswith("cf_")]
    known = run.customer.books_stamp
    run.fields["stamp"] = known if known in meta else ""
    marks = [mark for mark in UNIQUE_MARKS if known in meta and meta[known].get(mark)]
    run.fields["unique"] = bool(marks)
    if marks:
        run.found("unique_field_marked", marks[0], f"the metadata of {known}")
    else:
        run.unknown("unique_field_marked", f"{known} is not marked by any key that is known")


async def _find(run: Run) -> bool:
    """Take what an earlier run made without hearing of it; returns whether it is there and active."""
    told = await run.ask.send("books.list", query=[("contact_name", name(run)), ("filter_by", "Status.All")])
    same = [row for row in told.rows("contacts") if row.get("contact_name") == name(run)]
    run.kept.making.remove("books")
    run.kept.books = str(same[0]["contact_id"]) if same else ""
    run.mark()
    return bool(same) and same[0].get("status") == "active"


async def _make(run: Run) -> Mapping[str, Any]:
    """Make it; returns the customer as the answer shows it."""
    body: dict[str, Any] = {
        "contact_name": name(run),
        "contact_type": "customer",
        "notes": "Made by tandem probe. May be deleted.",
        "billing_address": {**STREET, "city": CITIES[0]},
    }
    if run.fields["stamp"]:
        body["custom_fields"] = [{"api_name": run.fields["stamp"], "value": stamp(run)}]
    if "books" not in run.kept.making:
        run.kept.making.append("books")
    run.mark()
    told = (
        await send_upsert(run, stamp(run), body, create=True)
        if run.fields["unique"]
        else Told(0, code="none")
    )
    if told.code:
        told = await run.ask.send("books.insert", body=body)
    else:
        run.found("upsert_create_status", told.status, f"HTTP {told.status}")
    run.kept.making.remove("books")
    made = told.one("contact")
    run.kept.books = str(made["contact_id"])
    note_active(run, run.kept.books)
    return made


def note_active(run: Run, id: str) -> None:
    """This customer is to be made inactive at the end."""
    if id not in run.kept.active:
        run.kept.active.append(id)
    run.mark()


async def send_upsert(run: Run, value: str, body: Mapping[str, Any], *, create: bool) -> Told:
    """An upsert by the stamp; `create`: it may."""
    headers = {"X-Unique-Identifier-Key": run.fields["stamp"], "X-Unique-Identifier-Value": value}
    if create:
        headers["X-Upsert"] = "true"
    return await run.ask.send("books.upsert", body=body, headers=headers)


async def customs(run: Run) -> None:
    """What the new customer shows of its custom fields."""
    run.books_id()
    if not run.fields["stamp"]:
        raise UnansweredError(f"the field {run.customer.books_stamp} is not there: see `tandem check`")
    shown = {str(row.get("api_name")): row.get("value") for row in run.body.get("custom_fields") or ()}
    written = shown.get(run.fields["stamp"]) == stamp(run)
    run.found("custom_fields_by_api_name", written, f"wrote {run.fields['stamp']} by its api_name")
    blank = [key for key in run.fields["custom"] if shown.get(key) in (None, "")]
    if not blank:
        raise UnansweredError("the organisation has no other custom field")
    listed = any(key in shown for key in blank)
    run.found("empty_custom_fields", "listed" if listed else "omitted", f"looked for {', '.join(blank)}")


async def persons(run: Run) -> None:
    """Add the two persons that are not there yet."""
    customer = run.books_id()
    there = [str(row.get("last_name")) for row in run.body.get("contact_persons") or ()]
    if missing := [last for last in LAST_NAMES if last not in there]:
        for last in missing:
            email = EMAILS[LAST_NAMES.index(last)]
            body = {"contact_id": customer, "first_name": "Probe", "last_name": last, "email": email}
            told = await run.ask.send("books.insert_person", body=body)
            told.one("contact_person")
        shape = "array" if isinstance(told.body.get("contact_person"), list) else "object"
        run.found("person_answer", shape, "added a person")
        run.saw((await run.ask.send("books.get", {"id": customer})).one("contact"))
    rows = run.body.get("contact_persons") or ()
    if not there:
        first = [row.get("last_name") for row in rows if row.get("is_primary_contact")]
        run.found("first_person_is_primary", first == [LAST_NAMES[0]], "added two persons")


async def clean_up(run: Run) -> None:
    """Make everything inactive that the probe made active; nothing is deleted."""
    base = run.times.get(run.kept.books)
    if run.kept.active:
        await running.pause(GRAIN)
    for id in list(run.kept.active):
        told = await run.ask.send("books.inactive", {"id": id})
        if told.code:
            raise UnansweredError(f"Books would not make {id} inactive: code {told.code}")
        run.kept.active.remove(id)
        run.mark()
    if base is None or not run.kept.books:
        raise UnansweredError("there is no throw-away customer in Books")
    after = run.saw((await run.ask.send("books.get", {"id": run.kept.books})).one("contact"))
    run.found("inactive_moves_time", after > base, "marked the customer inactive, read it")
