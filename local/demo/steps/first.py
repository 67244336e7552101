"""The first sync: observed, then written, and compared with the answer key."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import Any

from local.demo.requests import by_endpoint
from local.demo.stage import Stage

Json = dict[str, Any]

LONG, BUSY = 90.0, 8.0
"""A first sync takes its time; a tick by hand in between would only list both sides again."""


def observe(stage: Stage) -> None:
    """Everything is read and decided, nothing is written."""
    stage.tick()
    stage.settle(LONG, stuck=BUSY)
    told, key = stage.tandem("mode")["collected"], stage.key
    would = {f"{one['verb']} {one['entity']} in {one['side']}": one["count"] for one in told["would_by"]}
    stage.info(f"tandem mode would write: {_words(would)}; held {told['held']}, left out {told['left_out']}")
    stage.equal(
        told["links"],
        {"customer": key.count("customers", "link"), "contact_person": key.count("people", "link")},
        "what is the same customer or person is recognised",
    )
    stage.equal(
        would.get("create customer in books", 0),
        key.count("customers", "create in books"),
        "it would create in Books what only CRM has",
    )
    stage.equal(
        would.get("create customer in crm", 0),
        key.count("customers", "create in crm"),
        "it would create in CRM what only Books has",
    )
    stage.check(told["held"] > 0 and told["left_out"] > 0, "ambiguous ones would be held, prospects left out")
    writes = stage.log.writes()
    stage.equal([str(write) for write in writes], [], "no POST, PUT or DELETE left (request log)")


def write(stage: Stage) -> None:
    """A person switches to write: all of it happens, once."""
    before = stage.log.last
    stage.tandem("mode", "write", "--yes")
    stage.settle(LONG, stuck=BUSY)
    stage.tick()
    stage.settle(LONG, stuck=BUSY)
    writes = stage.log.writes(before)
    stage.info("; ".join(f"{count} {endpoint}" for endpoint, count in by_endpoint(writes)))
    _created(stage, writes)
    after = stage.zoho.export()
    learn(stage, after)
    _no_duplicate(stage, after)
    _linked_equal(stage, after)
    _held(stage, after)
    stage.facts["first writes"] = len(writes)


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {verb}" for verb, count in counts.items()) or "nothing"


def _created(stage: Stage, writes: list[Any]) -> None:
    made = Counter(
        (write.product, _kind(write.endpoint, write.path)) for write in writes if write.method == "POST"
    )
    key = stage.key
    for verdict, product in (("create in books", "books"), ("create in crm", "crm")):
        for of, kind in (("customers", "customer"), ("people", "person")):
            stage.equal(
                made[product, kind],
                key.count(of, verdict),
                f"{kind}: as many inserts in {product} as the key says",
            )
    updated = {
        side: len({w.path for w in writes if w.product == side and w.method == "PUT"})
        for side in ("crm", "books")
    }
    stage.equal(
        updated, key.updates, "linked ones: only blanks are filled, in as many records as the key says"
    )
    refused = [str(write) for write in writes if write.status >= HTTPStatus.BAD_REQUEST]
    stage.equal(refused, [], "no write was refused")


def _kind(endpoint: str, path: str) -> str:
    return "person" if "contactpersons" in endpoint or path.endswith("/Contacts") else "customer"


def learn(stage: Stage, after: Json) -> None:
    """The ids of what the sync created: found by their own content, not by the stamp that Tandem sets."""
    ids, plan = stage.ids, stage.plan
    accounts = {row["Account_Name"]: row["id"] for row in after["crm"]["Accounts"]}
    customers = {row["contact_name"]: row for row in after["books"]["contacts"]}
    for company in plan.companies:
        if company.ref in stage.key.customers["create in books"] and company.crm_name in customers:
            ids.books[company.ref] = customers[company.crm_name]["contact_id"]
        if company.ref in stage.key.customers["create in crm"] and company.books_name in accounts:
            ids.crm[company.ref] = accounts[company.books_name]
    contacts = {row["Email"]: row["id"] for row in after["crm"]["Contacts"] if row["Email"]}
    persons = {
        p["email"]: p["contact_person_id"]
        for row in customers.values()
        for p in row["contact_persons"]
        if p["email"]
    }
    for person in plan.people():
        shared = sum(person.email == other.email for other in plan.people()) > 1
        if not person.email or shared:
            continue
        if person.email in contacts:
            ids.crm.setdefault(person.ref, contacts[person.email])
        if person.email in persons:
            ids.books.setdefault(person.ref, persons[person.email])


def _no_duplicate(stage: Stage, after: Json) -> None:
    crm, books, key = after["crm"], after["books"], stage.key
    customers = {
        verdict: key.count("customers", verdict) for verdict in ("link", "create in books", "create in crm")
    }
    held_crm = sum(
        company.doubles
        for company in stage.plan.companies
        if company.ref in key.customers["hold"] and company.ref in stage.ids.crm
    )
    held_books = sum(
        company.ref in stage.ids.books
        for company in stage.plan.companies
        if company.ref in key.customers["hold"]
    )
    synced = sum(customers.values())
    stage.equal(
        len(crm["Accounts"]),
        synced + held_crm + key.count("customers", "leave out"),
        "as many Accounts as there are companies: no duplicate in CRM",
    )
    stage.equal(
        len(books["contacts"]),
        synced + held_books,
        "as many customers as there are companies: no duplicate in Books",
    )
    prospects = {c.crm_name for c in stage.plan.companies if c.ref in key.customers["leave out"]}
    stage.equal(
        [c["contact_name"] for c in books["contacts"] if c["contact_name"] in prospects],
        [],
        "prospects stay out of Books",
    )
    people = sum(len(row["contact_persons"]) for row in books["contacts"])
    expected = sum(key.count("people", verdict) for verdict in ("link", "create in books", "create in crm"))
    lone = sum(
        "books" in person.sides
        for c in stage.plan.companies
        if c.ref in key.customers["hold"]
        for person in c.people
    )
    stage.equal(people, expected + lone, "every person of a synced customer is in Books once")


def _linked_equal(stage: Stage, after: Json) -> None:
    """Field by field, from both sides' own data, except what is to be held."""
    wrong = []
    accounts = {row["id"]: row for row in after["crm"]["Accounts"]}
    customers = {row["contact_id"]: row for row in after["books"]["contacts"]}
    for verdict in ("link", "create in books", "create in crm"):
        for ref in stage.key.customers[verdict]:
            crm, books = stage.ids.crm.get(ref), stage.ids.books.get(ref)
            if crm is None or books is None:
                wrong.append(f"{ref}: missing on one side")
                continue
            held = stage.key.held_fields.get(ref, ())
            wrong += [
                f"{ref}: {name}" for name in differences(accounts[crm], customers[books]) if name not in held
            ]
    stage.equal(
        wrong, [], "both sides show the same name, address, phone, website, type, segment and tax identity"
    )


def differences(account: Json, customer: Json) -> list[str]:
    """The fields in which a pair is not the same."""
    billing = customer["billing_address"]
    custom = {one["api_name"]: one["value"] for one in customer["custom_fields"]}
    pairs = {
        "name": (account["Account_Name"], customer["contact_name"]),
        "phone": (account["Phone"], billing["phone"]),
        "website": (account["Website"], customer["website"]),
        "segment": (account["Customer_Segment"], custom.get("cf_segment")),
        "company_type": (account["Account_Type"], custom.get("cf_company_type")),
        "billing_address": (
            [account[f"Billing_{part}"] or "" for part in ("Street", "City", "State", "Code", "Country")],
            [billing[part] for part in ("address", "city", "state", "zip", "country")],
        ),
        "tax_identity": (account["GSTIN"], customer["gst_no"]),
    }
    return [name for name, (left, right) in pairs.items() if (left or "") != (right or "")]


def _held(stage: Stage, after: Json) -> None:
    """Each with a sentence; nothing of them was written."""
    found = stage.tandem("quarantine")
    members = [member for case in found["cases"] for member in case["members"]]
    records = {member["id"] for member in members if not member["field"] or member["field"] == "tax_identity"}
    names = {**stage.ids.names("crm"), **stage.ids.names("books")}
    expected = {
        id
        for company in stage.plan.companies
        if company.ref in stage.key.customers["hold"]
        for name in (company.ref, company.ref + "b")
        for id in (stage.ids.crm.get(name), stage.ids.books.get(name))
        if id
    } | {stage.ids.crm[name] for name in stage.key.people.get("hold", [])}
    stage.equal(
        sorted(names.get(i, i) for i in expected ^ records),
        [],
        f"{len(expected)} ambiguous or contradicting records are held",
    )
    fields = {
        (names.get(m["id"], m["id"]), m["field"]) for m in members if m["field"] and m["id"] not in expected
    }
    stage.equal(
        sorted(fields),
        sorted((ref, f) for ref, held in stage.key.held_fields.items() for f in held),
        "of linked pairs only the field that differs is held",
    )
    stage.check(all(member["sentence"] for member in members), "each hold has its sentence")
    for case in found["cases"][:4]:
        stage.info(f"{case['cause']}: {case['sentence'][:150]}")
    del after
