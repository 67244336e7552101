"""The plan as both orgs hold it before Tandem: the body of the sandbox's import, and who got which id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local.demo.plan import Company, Kind, Person, Plan, country_name

Json = dict[str, Any]


@dataclass(slots=True)
class Records:
    """What is imported, with a name for each row in the order of the answer."""

    body: Json
    accounts: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    persons: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids by name: a company's `c01` (its double `c01b`), a person's `p01`."""

    crm: dict[str, str]
    books: dict[str, str]

    def names(self, side: str) -> dict[str, str]:
        """Names by id."""
        return {id: name for name, id in (self.crm if side == "crm" else self.books).items()}


def build(plan: Plan) -> Records:
    """The import body of a plan."""
    made = Records({"crm": {"Accounts": [], "Contacts": []}, "books": {"contacts": []}})
    crm, books = made.body["crm"], made.body["books"]
    for company in plan.companies:
        if _in_crm(company):
            for copy in range(company.doubles):
                ref = company.ref + "b" * copy
                made.accounts.append(ref)
                crm["Accounts"].append({"$ref": ref, **account(company, copy)})
                for person in company.people:
                    if "crm" in person.sides:
                        made.contacts.append(person.ref + "b" * copy)
                        crm["Contacts"].append({**contact(person), "Account_Name": {"$ref": ref}})
        if _in_books(company):
            made.customers.append(company.ref)
            people = [person for person in company.people if "books" in person.sides]
            made.persons.append([person.ref for person in people])
            books["contacts"].append(customer(company, people))
    for person in plan.loners:
        made.contacts.append(person.ref)
        crm["Contacts"].append(contact(person))
    return made


def ids_of(records: Records, answer: Json) -> Ids:
    """Who got which id, from the import's answer."""
    crm = dict(zip(records.accounts, answer["crm"]["Accounts"], strict=True))
    crm |= dict(zip(records.contacts, answer["crm"]["Contacts"], strict=True))
    books = dict(zip(records.customers, answer["books"]["contacts"], strict=True))
    for names, ids in zip(records.persons, answer["books"]["contact_persons"], strict=True):
        books |= dict(zip(names, ids, strict=True))
    return Ids(crm, books)


def _in_crm(company: Company) -> bool:
    return "crm" in company.sides and not company.crm_name.startswith("Osprey")


def _in_books(company: Company) -> bool:
    return "books" in company.sides and not company.books_name.startswith("Kestrel")


def account(company: Company, copy: int = 0) -> Json:
    """The company as a CRM Account."""
    city, state, place, _, code = company.place
    known: Json = {
        "Account_Name": company.crm_name.replace(" Ltd", " Limited") if copy else company.crm_name,
        "Account_Type": "Prospect" if company.kind is Kind.PROSPECT else "Customer",
        "Phone": company.phone,
        "Website": company.website or None,
        "Customer_Segment": company.segment,
        "Billing_Street": company.street,
        "Billing_City": city,
        "Billing_State": state,
        "Billing_Code": code,
        "Billing_Country": country_name(company),
    }
    if company.is_registered:
        known |= {
            "GSTIN": company.gstin,
            "GST_Treatment": "Registered Business - Regular",
            "Place_of_Supply": place,
        }
    names = {"website": "Website", "segment": "Customer_Segment", "phone": "Phone"}
    for attribute, side in company.lacks.items():
        if side == "crm":
            known[names[attribute]] = None
    return known


def customer(company: Company, people: list[Person]) -> Json:
    """The company as a Books customer."""
    city, state, place, _, code = company.place
    street = f"Plot {company.street}" if "street" in company.differs else company.street
    lacks = {attribute for attribute, side in company.lacks.items() if side == "books"}
    custom = {} if "segment" in lacks else {"cf_segment": company.segment}
    if "type" not in lacks:
        custom["cf_company_type"] = "Customer"
    known: Json = {
        "contact_name": company.books_name,
        "company_name": company.books_name,
        "website": company.website,
        "billing_address": {
            "address": street,
            "city": city,
            "state": state,
            "zip": code,
            "country": country_name(company),
            "phone": "" if "phone" in lacks else company.phone,
        },
        "custom_fields": [{"api_name": name, "value": value} for name, value in custom.items()],
        "contact_persons": [books_person(person) for person in people],
    }
    if company.books_gstin:
        known |= {"gst_no": company.books_gstin, "gst_treatment": "business_gst", "place_of_contact": place}
    return known


def contact(person: Person) -> Json:
    """The person as a CRM Contact."""
    known: Json = {
        "First_Name": person.first or None,
        "Last_Name": person.last,
        "Email": person.email or None,
        "Phone": None if person.lacks.get("phone") == "crm" else person.phone,
        "Title": None if person.lacks.get("title") == "crm" else person.title,
    }
    return known


def books_person(person: Person) -> Json:
    """The person as a contact person of Books."""
    return {
        "first_name": person.first,
        "last_name": person.last,
        "email": person.email,
        "phone": "" if person.lacks.get("phone") == "books" else person.phone,
        "designation": "" if person.lacks.get("title") == "books" else person.title,
    }
