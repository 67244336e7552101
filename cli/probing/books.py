"""What the probe asks of Books, on its throw-away customer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cli.probing import run as running
from cli.probing.ask import Told, UnansweredError
from cli.probing.customer import (
    CITIES,
    EMAILS,
    LAST_NAMES,
    STREET,
    clean_up,
    customs,
    name,
    note_active,
    persons,
    prepare,
    send_upsert,
    stamp,
)
from cli.probing.run import GRAIN, TEXT, Look, Run, form_of
from tandem.adapters.zoho.parse import parse_time
from tandem.core.errors import StopError
from tandem.core.records import Side

PHONES = ("+91 20 5550 0001", "+91 20 5550 0002")
UNSTAMPED = "tandem-probe-nobody"


async def person_edit(run: Run) -> None:
    """Change the second person; read the customer's time."""
    customer = run.books_id()
    rows = [row for row in run.body.get("contact_persons") or () if row.get("last_name") == LAST_NAMES[1]]
    if not rows:
        raise UnansweredError("the throw-away person is not there")
    base, person = run.times[customer], rows[0]
    phone = PHONES[person.get("phone") == PHONES[0]]
    body = {"contact_id": customer, "first_name": "Probe", "last_name": LAST_NAMES[1], "phone": phone}
    told_before = await run.ear.quiet(Side.BOOKS, customer)
    await running.pause(GRAIN)
    edit = {"id": str(person["contact_person_id"])}
    told = await run.ask.send("books.update_person", body={**body, "email": EMAILS[0]}, parts=edit)
    run.found(
        "duplicate_person_email", "refuse" if told.code else "allow", told.code or f"HTTP {told.status}"
    )
    if told.code:
        (await run.ask.send("books.update_person", body=body, parts=edit)).one("contact_person")
    after = run.saw((await run.ask.send("books.get", {"id": customer})).one("contact"))
    run.found("person_edit_moves_customer_time", after > base, "changed a phone, read the customer")
    if run.ear.is_open:
        run.heard_person = await run.ear.heard(Side.BOOKS, customer, told_before)


async def address_edit(run: Run) -> None:
    """Change the city through the address calls."""
    customer = run.books_id()
    address = run.body.get("billing_address") or {}
    if not address.get("address_id"):
        raise UnansweredError("the address has no id")
    base = run.times[customer]
    await running.pause(GRAIN)
    body = {**STREET, "city": _other_city(run)}
    told = await run.ask.send(
        "books.update_address", {"id": customer, "address": str(address["address_id"])}, body=body
    )
    if told.code:
        raise UnansweredError(f"Books refused it: code {told.code}")
    after = run.saw((await run.ask.send("books.get", {"id": customer})).one("contact"))
    run.found("address_edit_moves_customer_time", after > base, "changed a city, read the customer")


def _other_city(run: Run) -> str:
    return CITIES[(run.body.get("billing_address") or {}).get("city") == CITIES[0]]


async def address_part(run: Run) -> None:
    """Send the city alone."""
    customer = run.books_id()
    base, body = run.times[customer], {"billing_address": {"city": _other_city(run)}}
    told_before = await run.ear.quiet(Side.BOOKS, customer)
    await running.pause(GRAIN)
    told = await run.ask.send("books.update", body=body, parts={"id": customer})
    after = run.saw(told.one("contact"))
    run.found("address_put_moves_customer_time", after > base, "changed a city, looked at the answer")
    kept = (run.body.get("billing_address") or {}).get("zip")
    if kept not in ("", None, STREET["zip"]):
        raise UnansweredError("the address came back with a zip code that nobody wrote")
    run.found("partial_billing_address", "merge" if kept else "replace", "sent the city alone")
    await _listen(run, told_before)


async def _listen(run: Run, told_before: int) -> None:
    """Whether the update of the customer is told, and what follows from it for the edit of a person."""
    if run.heard_person:
        run.found("person_edit_fires_webhook", True, "the webhook of the probe's own edit arrived")
    if not await run.ear.heard(Side.BOOKS, run.books_id(), told_before):
        raise UnansweredError("none came: writes by API fire none, or no webhook of Books reaches Tandem")
    run.found("api_edit_fires_webhook", True, "the webhook of the probe's own update arrived")
    if run.heard_person is False:
        run.found("person_edit_fires_webhook", False, "none came, but one of the customer's update did")


async def list_after_write(run: Run) -> None:
    """Write a text with an accent; list the customers at once, newest first."""
    customer = run.books_id()
    base = run.times[customer]
    await running.pause(GRAIN)
    written = run.saw(
        (await run.ask.send("books.update", body={"notes": TEXT}, parts={"id": customer})).one("contact")
    )
    query = [("sort_column", "last_modified_time"), ("sort_order", "D"), ("contact_type", "customer")]
    told = await run.ask.send("books.list", query=[*query, ("filter_by", "Status.All"), ("per_page", "200")])
    run.found("books_text_form", form_of(TEXT, run.body.get("notes")), "wrote a note")
    told.one("contacts")
    run.found("books_code_as_text", isinstance(told.body.get("code"), str), "the code of a list")
    times = {
        str(row.get("contact_id")): parse_time(row.get("last_modified_time")) for row in told.rows("contacts")
    }
    order = [moment for moment in times.values() if moment is not None]
    sorted_so = order == sorted(order, reverse=True)
    if len(set(order)) > 1:
        run.found("newest_first", sorted_so, f"the first {len(order)} customers")
    else:
        run.unknown("newest_first", "there are too few customers to tell")
    shown = times.get(customer)
    if written <= base or (shown is None and not sorted_so):
        raise UnansweredError("the update moved no time, or the list does not begin with the newest")
    run.lists_lag = shown is None or shown < written
    run.found("list_lag_seconds", run.lists_lag, "listed the customers at once after an update")


async def unchanged(run: Run) -> None:
    """Write the name that is there; count the persons."""
    customer = run.books_id()
    base = run.times[customer]
    await running.pause(GRAIN)
    told = await run.ask.send("books.update", body={"contact_name": name(run)}, parts={"id": customer})
    after = run.saw(told.one("contact"))
    run.found("unchanged_put_moves_time", after > base, "wrote the name again")
    if "contact_persons" not in run.body:
        raise UnansweredError("the answer shows no persons")
    left = len(run.body["contact_persons"])
    run.found("put_without_persons_keeps", left == len(LAST_NAMES), f"{left} of 2 persons are left")


async def nulls(run: Run) -> None:
    """Clear the note with null."""
    customer = run.books_id()
    told = await run.ask.send("books.update", body={"notes": None}, parts={"id": customer})
    if told.code:
        run.found("null_on_write", "refuse", f"code {told.code}")
        return
    run.saw(told.one("contact"))
    run.found("null_on_write", "ignore" if run.body.get("notes") else "clear", "null as a note")


async def gst(run: Run) -> None:
    """A registered business without its number."""
    customer = run.books_id()
    if "gst_treatment" not in run.body:
        raise UnansweredError("the organisation has no GST")
    told = await run.ask.send("books.update", body={"gst_treatment": "business_gst"}, parts={"id": customer})
    if not told.code:
        run.saw(told.one("contact"))
    run.found(
        "gst_number_required", bool(told.code), f"code {told.code}" if told.code else f"HTTP {told.status}"
    )


async def unique(run: Run) -> None:
    """Insert a second customer with the same stamp; it should be refused."""
    run.books_id()
    if not run.fields["unique"]:
        raise UnansweredError(
            f"{run.customer.books_stamp} is not marked unique: a second customer would be made"
        )
    stamped = [{"api_name": run.fields["stamp"], "value": stamp(run)}]
    body = {"contact_name": f"{name(run)} twin", "contact_type": "customer", "custom_fields": stamped}
    told = await run.ask.send("books.insert", body=body)
    if told.code:
        run.found("unique_field_code", told.code, f"HTTP {told.status}")
        return
    _note_other(run, told)
    raise UnansweredError("Books took a second customer with the same stamp: the field allows duplicates")


def _note_other(run: Run, told: Told) -> None:
    """A customer was made that should have been refused: it becomes inactive with the first."""
    id = str(told.one("contact")["contact_id"])
    if id != run.kept.books:
        run.kept.others = [*dict.fromkeys([*run.kept.others, id])]
        note_active(run, id)


async def upsert(run: Run) -> None:
    """An upsert that may not create, for a stamp that nobody has."""
    run.books_id()
    if not run.fields["unique"]:
        raise UnansweredError(f"{run.customer.books_stamp} is not marked unique")
    body = {"contact_name": f"{name(run)} nobody", "contact_type": "customer"}
    told = await send_upsert(run, UNSTAMPED, body, create=False)
    if told.code:
        run.found("upsert_not_found_code", told.code, f"HTTP {told.status}")
        return
    _note_other(run, told)
    raise UnansweredError("Books created although it was not asked to")


async def filters(run: Run) -> None:
    """List from tomorrow on, then from the customer's own second on."""
    customer = run.books_id()
    rows = await _since(run, datetime.now(UTC) + timedelta(days=1))
    run.found("contacts_lmt_filter", not rows, "listed from tomorrow on")
    if rows:
        raise UnansweredError("contacts are not filtered by time")
    if run.lists_lag:
        raise UnansweredError("lists lag behind: what one leaves out proves nothing")
    found = customer in await _since(run, run.times[customer])
    run.found("lmt_filter_inclusive", found, "listed from the customer's own time on")


async def _since(run: Run, moment: datetime) -> list[str]:
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
    query = [
        ("last_modified_time", text),
        ("contact_type", "customer"),
        ("sort_column", "last_modified_time"),
    ]
    told = await run.ask.send("books.list", query=[*query, ("sort_order", "D"), ("per_page", "200")])
    if told.code or "contacts" not in told.body:
        raise UnansweredError(f"Books refused the filter: code {told.code}")
    return [str(row.get("contact_id")) for row in told.rows("contacts")]


async def errors(run: Run) -> None:
    """A contact and an organisation that are not there."""
    customer = run.books_id()
    told = await run.ask.send("books.get", {"id": customer[:-6] + "000000"})
    if told.code:
        run.found("missing_contact_code", told.code, f"HTTP {told.status}")
        run.found("missing_contact_status", told.status, f"HTTP {told.status}, code {told.code}")
    try:
        told = await run.ask.send("books.get", {"id": customer}, organization="1")
    except StopError:
        told = Told(run.ask.status, code="refused")
    if not told.code:
        raise UnansweredError("Books answered for an organisation that is not ours")
    run.found("wrong_org_status", run.ask.status, f"HTTP {run.ask.status}")


LOOKS = (
    Look(
        "Books: one throw-away customer", ("unique_field_marked", "upsert_create_status"), prepare, first=True
    ),
    Look("Books: two persons", ("person_answer", "first_person_is_primary"), persons),
    Look("Books: custom fields", ("custom_fields_by_api_name", "empty_custom_fields"), customs),
    Look(
        "Books: an edit of a person",
        ("duplicate_person_email", "person_edit_moves_customer_time"),
        person_edit,
    ),
    Look("Books: an edit of an address", ("address_edit_moves_customer_time",), address_edit),
    Look(
        "Books: an address in part",
        (
            "address_put_moves_customer_time",
            "partial_billing_address",
            "api_edit_fires_webhook",
            "person_edit_fires_webhook",
        ),
        address_part,
    ),
    Look(
        "Books: a list right after a write",
        ("books_text_form", "list_lag_seconds", "newest_first", "books_code_as_text"),
        list_after_write,
    ),
    Look(
        "Books: an update that changes nothing",
        ("unchanged_put_moves_time", "put_without_persons_keeps"),
        unchanged,
    ),
    Look("Books: null", ("null_on_write",), nulls),
    Look("Books: a tax number that is missing", ("gst_number_required",), gst),
    Look("Books: a stamp that is taken", ("unique_field_code",), unique),
    Look("Books: an upsert that finds nothing", ("upsert_not_found_code",), upsert),
    Look("Books: a filter by time", ("contacts_lmt_filter", "lmt_filter_inclusive"), filters),
    Look("Books: errors", ("missing_contact_code", "missing_contact_status", "wrong_org_status"), errors),
)
CLEAN_UP = Look("Books: the customer becomes inactive", ("inactive_moves_time",), clean_up)
