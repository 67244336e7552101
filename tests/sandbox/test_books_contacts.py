"""Books contacts, persons and addresses (Books dossier 2, 3, 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Zoho

GSTIN = "27AAPFU0939F1ZV"
ONLY_IN_GET = {
    "billing_address",
    "contact_persons",
    "primary_contact_id",
    "last_modified_by_id",
    "notes",
    "addresses",
}


async def test_a_list_row_omits_what_only_get_one_shows(zoho: Zoho) -> None:
    """Addresses, persons, notes and the last editor cost a GET."""
    contact = await zoho.customer(notes="n")
    row = (await zoho.books("GET", "/contacts")).json()["contacts"][0]
    assert row["contact_id"] == contact["contact_id"]
    assert not ONLY_IN_GET & set(row)
    assert set(contact) >= ONLY_IN_GET


async def test_a_put_changes_only_what_is_sent(zoho: Zoho) -> None:
    """PUT is partial: name, type and addresses stay."""
    contact = await zoho.customer(billing_address={"city": "Pune"})
    zoho.step(7)
    answer = await zoho.books("PUT", f"/contacts/{contact['contact_id']}", {"notes": "x"})
    saved = answer.json()["contact"]
    assert (saved["notes"], saved["contact_name"], saved["billing_address"]["city"]) == ("x", "Acme", "Pune")
    assert saved["last_modified_time"] == "2026-11-23T14:30:07+0530"


@pytest.mark.parametrize(("how", "street"), [("merge", "1 High St"), ("replace", "")])
async def test_a_partial_address_follows_its_switch(zoho: Zoho, how: str, street: str) -> None:
    """partial_billing_address: other keys are kept, or become empty."""
    await zoho.control("PUT", "/switches", {"partial_billing_address": how})
    contact = await zoho.customer(billing_address={"address": "1 High St", "city": "Leeds"})
    answer = await zoho.books(
        "PUT", f"/contacts/{contact['contact_id']}", {"billing_address": {"city": "York"}}
    )
    assert answer.json()["contact"]["billing_address"]["address"] == street


async def test_persons_sent_with_a_put_replace_the_old_ones(zoho: Zoho) -> None:
    """A person left out is gone; one with its id is kept; without the key all stay."""
    persons = [{"first_name": "A", "email": "a@x.example"}, {"first_name": "B"}]
    contact = await zoho.customer(contact_persons=persons)
    path = f"/contacts/{contact['contact_id']}"
    kept = contact["contact_persons"][1]["contact_person_id"]
    assert len((await zoho.books("PUT", path, {"notes": "x"})).json()["contact"]["contact_persons"]) == 2
    body = {"contact_persons": [{"contact_person_id": kept, "first_name": "B2"}, {"first_name": "C"}]}
    saved = (await zoho.books("PUT", path, body)).json()["contact"]
    assert [p["first_name"] for p in saved["contact_persons"]] == ["B2", "C"]
    assert saved["primary_contact_id"] == kept


async def test_the_top_level_person_keys_mirror_the_primary_person(zoho: Zoho) -> None:
    """They cannot be written, and follow whoever is primary."""
    contact = await zoho.customer(
        first_name="Ignored",
        contact_persons=[{"first_name": "A", "email": "a@x.example"}, {"first_name": "B"}],
    )
    assert (contact["first_name"], contact["email"]) == ("A", "a@x.example")
    second = contact["contact_persons"][1]["contact_person_id"]
    assert (await zoho.books("POST", f"/contacts/contactpersons/{second}/primary")).json()["code"] == 0
    row = (await zoho.books("GET", "/contacts")).json()["contacts"][0]
    assert (row["first_name"], row["email"]) == ("B", "")


async def test_a_duplicate_name_is_an_org_preference(zoho: Zoho) -> None:
    """3062 by default, whatever the case and the kind; allowed when the org says so."""
    await zoho.customer()
    answer = await zoho.books("POST", "/contacts", {"contact_name": "ACME", "contact_type": "vendor"})
    assert (answer.status_code, answer.json()["code"]) == (400, 3062)
    await zoho.control("PUT", "/switches", {"books_duplicate_names": "allow"})
    assert (await zoho.books("POST", "/contacts", {"contact_name": "ACME"})).status_code == 201


async def test_a_unique_custom_field_refuses_a_second_holder(zoho: Zoho) -> None:
    """The refusal changes nothing; its code is a switch."""
    await zoho.customer(custom_fields=[{"api_name": "cf_crm_account_id", "value": "9"}])
    await zoho.control("PUT", "/switches", {"unique_field_code": 777})
    body = {"contact_name": "B", "custom_fields": [{"api_name": "cf_crm_account_id", "value": "9"}]}
    answer = await zoho.books("POST", "/contacts", body)
    assert (answer.status_code, answer.json()["code"]) == (400, 777)
    assert len((await zoho.books("GET", "/contacts")).json()["contacts"]) == 1


async def test_custom_fields_are_read_three_ways_and_written_by_name_or_label(zoho: Zoho) -> None:
    """The array, the hash and the top-level key agree; an unknown dropdown value is refused."""
    contact = await zoho.customer(custom_fields=[{"label": "Segment", "value": "Retail"}])
    assert contact["custom_fields"][0]["api_name"] == "cf_segment"
    assert contact["custom_field_hash"]["cf_segment"] == contact["cf_segment"] == "Retail"
    body = {"custom_fields": [{"api_name": "cf_company_type", "value": "Nonsense"}]}
    answer = await zoho.books("PUT", f"/contacts/{contact['contact_id']}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, 4)


async def test_an_upsert_updates_creates_or_finds_nothing(zoho: Zoho) -> None:
    """X-Unique-Identifier headers name a unique field; X-Upsert allows a create."""
    headers = {"X-Unique-Identifier-Key": "cf_crm_account_id", "X-Unique-Identifier-Value": "55"}
    body = {"contact_name": "Up", "contact_type": "customer"}
    missing = await zoho.books("PUT", "/contacts", body, headers=headers)
    assert missing.json()["code"] == 1002
    made = await zoho.books("PUT", "/contacts", body, headers={**headers, "X-Upsert": "true"})
    assert made.status_code == 201
    assert made.json()["contact"]["cf_crm_account_id"] == "55"
    again = await zoho.books(
        "PUT", "/contacts", {**body, "notes": "x"}, headers={**headers, "X-Upsert": "true"}
    )
    assert again.json()["contact"]["contact_id"] == made.json()["contact"]["contact_id"]


@pytest.mark.parametrize(
    "body",
    [
        {"contact_name": ""},
        {},
        {"contact_name": "x" * 201},
        {"contact_name": "B", "gst_no": "27AAPFU0939F1ZX"},
        {"contact_name": "B", "gst_treatment": "business_gst"},
        {"contact_name": "B", "gst_treatment": "nonsense"},
        {"contact_name": "B", "currency_id": "1"},
        {"contact_name": "B", "billing_address": {"city": "x" * 101}},
        {"contact_name": "B", "notes": None},
    ],
)
async def test_a_body_that_breaks_a_rule_is_refused(zoho: Zoho, body: dict[str, Any]) -> None:
    """Names, lengths, tax numbers, currencies and nulls are checked; nothing is stored."""
    answer = await zoho.books("POST", "/contacts", body)
    assert answer.status_code == 400
    assert answer.json()["code"] != 0
    assert (await zoho.books("GET", "/contacts")).json()["contacts"] == []


async def test_a_tax_identity_is_taken_whole(zoho: Zoho) -> None:
    """A valid GSTIN with its treatment is stored and shown in lists too."""
    contact = await zoho.customer(gst_no=GSTIN, gst_treatment="business_gst", place_of_contact="MH")
    row = (await zoho.books("GET", "/contacts")).json()["contacts"][0]
    assert row["gst_no"] == contact["gst_no"] == GSTIN


@pytest.mark.parametrize("moves", [True, False])
async def test_a_person_or_address_edit_moves_the_customers_time_or_not(zoho: Zoho, moves: bool) -> None:
    """Two switches decide what no source settles."""
    switches = {"person_edit_moves_customer_time": moves, "address_edit_moves_customer_time": moves}
    await zoho.control("PUT", "/switches", switches)
    contact = await zoho.customer(contact_persons=[{"first_name": "A"}])
    path = f"/contacts/{contact['contact_id']}"
    person = contact["contact_persons"][0]["contact_person_id"]
    zoho.step(5)
    await zoho.books("PUT", f"/contacts/contactpersons/{person}", {"first_name": "B"})
    address = {"city": "Pune"}
    await zoho.books("PUT", f"{path}/address/{contact['billing_address']['address_id']}", address)
    now = (await zoho.books("GET", path)).json()["contact"]
    assert (now["first_name"], now["billing_address"]["city"]) == ("B", "Pune")
    assert (now["last_modified_time"] != contact["last_modified_time"]) is moves


async def test_persons_have_their_own_endpoints(zoho: Zoho) -> None:
    """Create wants a first name; create answers a list of one; delete promotes the next."""
    contact = await zoho.customer()
    base = {"contact_id": contact["contact_id"]}
    refused = await zoho.books("POST", "/contacts/contactpersons", {**base, "last_name": "X"})
    assert refused.status_code == 400
    first = await zoho.books("POST", "/contacts/contactpersons", {**base, "first_name": "A"})
    second = await zoho.books("POST", "/contacts/contactpersons", {**base, "first_name": "B"})
    assert first.status_code == 201
    one, two = (r.json()["contact_person"][0]["contact_person_id"] for r in (first, second))
    await zoho.books("DELETE", f"/contacts/contactpersons/{one}")
    listed = (await zoho.books("GET", f"/contacts/{contact['contact_id']}/contactpersons")).json()
    assert [(p["contact_person_id"], p["is_primary_contact"]) for p in listed["contact_persons"]] == [
        (two, True)
    ]
    everyone = (await zoho.books("GET", "/contacts/contactpersons")).json()["contact_persons"]
    assert [p["contact_person_id"] for p in everyone] == [two]


async def test_the_version_page_is_sorted_by_time(zoho: Zoho) -> None:
    """sort_column=last_modified_time with sort_order D puts the latest first; unknown parameters are ignored."""
    for name in ("A", "B", "C"):
        await zoho.customer(contact_name=name)
        zoho.step(1)
    params = {"sort_column": "last_modified_time", "sort_order": "D", "per_page": "2", "nonsense": "1"}
    body = (await zoho.books("GET", "/contacts", params=params)).json()
    assert [c["contact_name"] for c in body["contacts"]] == ["C", "B"]
    assert body["page_context"]["has_more_page"] is True
    assert body["page_context"]["applied_filter"] == "Status.All"


@pytest.mark.parametrize(("honoured", "count"), [(False, 2), (True, 1)])
async def test_last_modified_time_filters_or_is_ignored(zoho: Zoho, honoured: bool, count: int) -> None:
    """contacts_lmt_filter: an unsupported parameter is ignored in silence."""
    await zoho.control("PUT", "/switches", {"contacts_lmt_filter": honoured})
    await zoho.customer(contact_name="A")
    zoho.step(10)
    await zoho.customer(contact_name="B")
    params = {"last_modified_time": "2026-11-23T14:30:05+0530"}
    assert len((await zoho.books("GET", "/contacts", params=params)).json()["contacts"]) == count


def _variants(name: str, whole: str, start: str, part: str) -> list[tuple[dict[str, str], list[str]]]:
    pairs = {name: whole, f"{name}_startswith": start, f"{name}_contains": part}
    return [({key: value}, ["Alpha"]) for key, value in pairs.items()]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        *_variants("contact_name", "alpha", "al", "LPH"),
        *_variants("company_name", "alpha ltd", "alpha l", "ltd"),
        *_variants("first_name", "priya", "pri", "iy"),
        *_variants("last_name", "Rao", "ra", "AO"),
        *_variants("address", "12 MG Road", "12 mg", "Pune"),
        *_variants("email", "p@alpha.example", "p@", "alpha.ex"),
        *_variants("phone", "+91 20", "+91", "20"),
        ({"email": "second@alpha.example"}, []),
        ({"filter_by": "Status.All"}, ["Alpha", "Beta", "beta", "Vend"]),
        ({"filter_by": "Status.Active"}, ["Alpha", "beta", "Vend"]),
        ({"filter_by": "Status.Inactive"}, ["Beta"]),
        ({"filter_by": "Status.Duplicate"}, ["Beta", "beta"]),
        ({"filter_by": "Status.PortalEnabled"}, []),
        ({"filter_by": "Status.PortalDisabled"}, ["Alpha", "Beta", "beta", "Vend"]),
        ({"filter_by": "Status.Crm"}, ["Vend"]),
        ({"filter_by": "Invoice.OverDue"}, ["Alpha"]),
        ({"filter_by": "Invoice.Unpaid"}, ["Alpha", "beta"]),
        ({"filter_by": "Status.CreditLimitExceed"}, ["beta"]),
        ({"contact_type": "vendor"}, ["Vend"]),
        ({"contact_type": "customer"}, ["Alpha", "Beta", "beta"]),
        ({"search_text": "noted"}, ["Alpha"]),
        ({"search_text": "alph"}, ["Alpha"]),
        ({"zcrm_vendor_id": "77"}, ["Vend"]),
        ({"zcrm_account_id": "77"}, []),
        ({"zcrm_contact_id": "77"}, []),
        ({"sort_order": "D"}, ["Vend", "beta", "Beta", "Alpha"]),
        ({"sort_column": "email", "sort_order": "D", "per_page": "1"}, ["Alpha"]),
        (
            {"sort_column": "outstanding_receivable_amount", "sort_order": "D", "per_page": "2"},
            ["beta", "Alpha"],
        ),
        ({"sort_column": "created_time", "sort_order": "D", "per_page": "1"}, ["beta"]),
        ({"per_page": "1", "page": "4"}, ["Vend"]),
        (
            {"contact_type": "both", "filter_by": "Status.Odd", "colour": "red"},
            ["Alpha", "Beta", "beta", "Vend"],
        ),
    ],
)
async def test_each_list_parameter_does_what_it_says(
    zoho: Zoho, params: dict[str, str], found: list[str]
) -> None:
    """Those of the dossier; what is not documented, and a value that means nothing, is ignored in silence."""
    await zoho.control("PUT", "/switches", {"books_duplicate_names": "allow"})
    persons = [
        {"first_name": "Priya", "last_name": "Rao", "email": "p@alpha.example", "phone": "+91 20"},
        {"first_name": "Ravi", "email": "second@alpha.example"},
    ]
    rows: list[dict[str, Any]] = [
        {
            "$ref": "alpha",
            "contact_name": "Alpha",
            "company_name": "Alpha Ltd",
            "notes": "Noted",
            "billing_address": {"address": "12 MG Road", "city": "Pune"},
            "contact_persons": persons,
        },
        {"contact_name": "Beta", "status": "inactive"},
        {"$ref": "beta", "contact_name": "beta", "credit_limit": 100, "created_time": "2027-01-01T00:00:00Z"},
        {
            "contact_name": "Vend",
            "contact_type": "vendor",
            "is_linked_with_zohocrm": True,
            "zcrm_vendor_id": "77",
        },
    ]
    line = [{"rate": 50, "quantity": 3}]
    invoices = [
        {
            "customer_id": {"$ref": "alpha"},
            "line_items": [{"rate": 10}],
            "date": "2026-10-01",
            "due_date": "2026-11-01",
        },
        {"customer_id": {"$ref": "beta"}, "line_items": line, "date": "2026-11-23"},
    ]
    made = await zoho.control("POST", "/import", {"books": {"contacts": rows, "invoices": invoices}})
    for invoice in made["books"]["invoices"]:
        await zoho.control("POST", f"/books/invoices/{invoice}/send")
    body = (await zoho.books("GET", "/contacts", params=params)).json()
    assert [c["contact_name"] for c in body["contacts"]] == found


async def test_an_address_changes_places_with_the_billing_or_shipping_one(zoho: Zoho) -> None:
    """Nothing is lost; the customer's time moves by the switch of addresses."""
    contact = await zoho.customer(billing_address={"city": "Pune"}, shipping_address={"city": "Kochi"})
    path = f"/contacts/{contact['contact_id']}"
    made = await zoho.books("POST", f"{path}/address", {"city": "Leeds"})
    one = f"{path}/address/{made.json()['address_info']['address_id']}"
    zoho.step(5)

    async def cities() -> tuple[str, str, list[str]]:
        read = (await zoho.books("GET", path)).json()["contact"]
        assert read["last_modified_time"] == "2026-11-23T14:30:05+0530" or read == contact
        others = [a["city"] for a in read["addresses"]]
        return read["billing_address"]["city"], read["shipping_address"]["city"], others

    assert (await zoho.books("POST", f"{one}/markasbilling")).json()["message"] == "success"
    assert await cities() == ("Leeds", "Kochi", ["Pune"])
    await zoho.books("POST", f"{one}/markasshipping")
    assert await cities() == ("Kochi", "Leeds", ["Pune"])
    await zoho.books("POST", f"{one}/markasshipping")
    assert await cities() == ("Kochi", "Leeds", ["Pune"])
    assert (await zoho.books("POST", f"{path}/address/1/markasbilling")).json()["code"] == 1002


async def test_a_missing_contact_is_1002_and_a_wrong_org_6041(zoho: Zoho) -> None:
    """Unknown ids and other orgs have their codes; an absent organization_id is refused."""
    assert (await zoho.books("GET", "/contacts/1")).json()["code"] == 1002
    wrong = await zoho.books("GET", "/contacts", params={"organization_id": "1"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, 6041)
    absent = await zoho.books("GET", "/contacts", params={"organization_id": ""})
    assert absent.status_code == 400
    assert (await zoho.books("GET", "/organizations", params={"organization_id": ""})).status_code == 200


async def test_a_merge_leaves_the_loser_inactive_with_its_invoices_moved(zoho: Zoho) -> None:
    """Books merges look like an update to inactive."""
    master, loser = await zoho.customer(), await zoho.customer(contact_name="Acme 2")
    invoice = {"customer_id": loser["contact_id"], "line_items": [{"name": "x", "rate": 10, "quantity": 2}]}
    made = (await zoho.books("POST", "/invoices", invoice)).json()["invoice"]
    await zoho.control(
        "POST", f"/books/contacts/{master['contact_id']}/merge", {"losers": [loser["contact_id"]]}
    )
    after = (await zoho.books("GET", f"/contacts/{loser['contact_id']}")).json()["contact"]
    assert (after["status"], after["has_transaction"]) == ("inactive", False)
    moved = (await zoho.books("GET", f"/invoices/{made['invoice_id']}")).json()["invoice"]
    assert moved["customer_id"] == master["contact_id"]


async def test_a_contact_with_transactions_cannot_be_deleted(zoho: Zoho) -> None:
    """Delete is refused; without transactions it is final."""
    contact = await zoho.customer()
    invoice = {"customer_id": contact["contact_id"], "line_items": [{"rate": 10}]}
    await zoho.books("POST", "/invoices", invoice)
    assert (await zoho.books("DELETE", f"/contacts/{contact['contact_id']}")).status_code == 400
    other = await zoho.customer(contact_name="B")
    gone = await zoho.books("DELETE", f"/contacts/{other['contact_id']}")
    assert gone.json() == {"code": 0, "message": "The customer has been deleted."}


async def test_an_invoice_copies_the_address_and_leaves_the_customers_time(zoho: Zoho) -> None:
    """A later address edit is not on an old invoice; transactions do not move last_modified_time."""
    contact = await zoho.customer(billing_address={"city": "Pune", "zip": "411001"})
    path = f"/contacts/{contact['contact_id']}"
    zoho.step(9)
    body = {"customer_id": contact["contact_id"], "line_items": [{"rate": 10.5, "quantity": 2}]}
    invoice = await zoho.control("POST", "/books/invoices", body)
    await zoho.control("POST", f"/books/invoices/{invoice['invoice_id']}/send")
    now = (await zoho.books("GET", path)).json()["contact"]
    assert now["outstanding_receivable_amount"] == 21.0
    assert now["last_modified_time"] == contact["last_modified_time"]
    await zoho.books("PUT", path, {"billing_address": {"city": "Leeds"}})
    kept = (await zoho.books("GET", f"/invoices/{invoice['invoice_id']}")).json()["invoice"]
    assert (kept["billing_address"]["city"], kept["status"], kept["total"]) == ("Pune", "sent", 21.0)
    row = (await zoho.books("GET", "/invoices")).json()["invoices"][0]
    assert row["billing_address"]["zipcode"] == "411001"
    assert "line_items" not in row


async def test_a_body_may_come_as_a_form(zoho: Zoho) -> None:
    """The legacy JSONString form still works; JSON that does not parse is 1038."""
    url = f"/books/v3/contacts?organization_id={zoho.world.books_org_id}"
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    form = await zoho.http.post(url, data={"JSONString": '{"contact_name": "F"}'}, headers=headers)
    assert form.status_code == 201
    broken = await zoho.http.post(url, content=b'{"contact_name":', headers=headers)
    assert (broken.status_code, broken.json()["code"]) == (400, 1038)


@pytest.mark.parametrize(("fixed", "status"), [(True, 400), (False, 200)])
async def test_the_currency_is_fixed_by_transactions(zoho: Zoho, fixed: bool, status: int) -> None:
    """currency_fixed_by_transactions: an invoice fixes the customer's currency."""
    await zoho.control("PUT", "/switches", {"currency_fixed_by_transactions": fixed})
    contact = await zoho.customer()
    await zoho.books("POST", "/invoices", {"customer_id": contact["contact_id"], "line_items": [{"rate": 1}]})
    currencies = (await zoho.books("GET", "/settings/currencies")).json()["currencies"]
    other = next(c["currency_id"] for c in currencies if c["currency_code"] == "USD")
    answer = await zoho.books("PUT", f"/contacts/{contact['contact_id']}", {"currency_id": other})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "name"),
    [
        *(
            ("/contacts", name)
            for name in ("contact_name", "email_contains", "address_startswith", "search_text")
        ),
        *(("/items", name) for name in ("name", "name_contains", "description", "tax_name", "search_text")),
    ],
)
async def test_a_text_to_look_for_has_a_hundred_characters_at_most(zoho: Zoho, path: str, name: str) -> None:
    """As documented; what is longer is refused as it is in a body, not answered with nothing."""
    assert (await zoho.books("GET", path, params={name: "x" * 100})).status_code == 200
    answer = await zoho.books("GET", path, params={name: "x" * 101})
    assert (answer.status_code, answer.json()["code"]) == (400, 15)
    assert name in answer.json()["message"]


async def test_days_of_payment_are_a_number_and_a_bulk_delete_names_its_contacts(zoho: Zoho) -> None:
    """Nothing is stored and nothing is deleted otherwise."""
    refused = await zoho.books("POST", "/contacts", {"contact_name": "A", "payment_terms": "Net 30"})
    assert (refused.status_code, refused.json()["code"]) == (400, 4)
    assert (await zoho.customer(payment_terms=30))["payment_terms"] == 30
    nobody = await zoho.books("DELETE", "/contacts")
    assert (nobody.status_code, nobody.json()["code"]) == (400, 4)
