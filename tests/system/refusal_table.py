"""The table of `test_refusals.py`: every operation x every refusal, what becomes of it, or why it cannot occur.

A row's edit is typed on the side that the operation reads; `ends` is all that changes on either side afterwards.
"""

from __future__ import annotations

from typing import Any

from tests.system.refusal_scenes import (
    ACCOUNT_GOES,
    CONTACT_GOES,
    COUNTERPART_GOES,
    COUNTERPART_GOES_IN_CRM,
    CUSTOMER_GOES,
    NAMESAKE_COMES,
    PERSON_GOES,
    SAME_PERSON_COMES,
    UNIQUE_EMAIL,
    a_contact,
    account,
    account_is_gone,
    acme_has_a_site,
    acme_is_inactive,
    acme_is_merged,
    beta_is_gold,
    beta_is_silver,
    both,
    customer_is_gone,
    fault,
    field_set,
    inactive_namesake,
    no_fault,
    refuse,
    renamed_vendor,
    segment_in_books,
    state,
    switch,
    type_in_books,
    vendor,
)
from tests.system.refusals import OPERATION, OPERATIONS, SITE, Cannot, Row
from tests.system.street import NOVA, RAVI, Act

# --- why a combination does not occur -----------------------------------------------------------------------------

NO_VALUES = Cannot("a change of status carries no value that could be refused")
NOT_YET = Cannot("a record that is only now made has no state, id or transactions yet")
PERSONS_SHARE_NAMES = Cannot("neither product asks that names of persons be unique")
NAMES_DIFFER = Cannot("a first link writes no name: neither side's is blank, and two different ones are held")
NO_PARENT = Cannot("a customer is a record of its own, without a parent")
NO_APPROVAL = Cannot("Books knows neither approval nor blueprint of a contact")
NEVER_BLANK = Cannot("only what changed is sent, and the fields that Books demands are never sent blank")
ONLY_BLANKS_FILLED = Cannot("a first link sends values, never a blank, to a record that exists")
NO_CHOICES = Cannot("no field of a Books person that is mapped has choices")
NO_CURRENCY = Cannot(
    "`tandem mapping check` takes a currency only as written on create; what a person's word sends stands in "
    "tests/system/test_currency_and_terms.py"
)
IN_CRM_ONLY = Cannot(
    "Books tells no code for a locked contact; one that no table knows is held: see `unknown code`"
)

TABLE: dict[tuple[str, str], Row | Cannot] = {}


def _rows(refusal: str, **rows: Row | Cannot) -> None:
    """The row of each operation, by short name in the order of OPERATIONS."""
    short = (
        "new_in_books",
        "new_in_crm",
        "person_in_books",
        "person_in_crm",
        "to_books",
        "to_crm",
        "person_to_books",
        "person_to_crm",
        "deactivate",
        "link_books",
        "link_crm",
    )
    for name, operation in zip(short, OPERATIONS, strict=True):
        TABLE[operation, refusal] = rows.pop(name)
    assert not rows


def _goes(operation: str, scene: Act) -> Row:
    """It is no refusal: the write goes."""
    return Row(scene=scene, outcome="synced", refused=0, ends=OPERATION[operation].done)


def _stands(cause: str, says: str, value: str, module: str = "Accounts") -> Row:
    """A CRM record in a state; once it has left it, a release writes."""
    operation = "update customer in crm" if module == "Accounts" else "update person in crm"
    return Row(
        scene=state(value, module),
        held=cause,
        says=says,
        undo=state(None, module),
        mended=OPERATION[operation].done,
    )


def _unknown(message: str, value: str = "") -> Row:
    """A refusal of Books by a code that no table knows."""
    return Row(scene=refuse("books", 12345, message, value), held="refused by Books:12345", says=message)


_rows(
    "duplicate name",
    new_in_books=Row(race=NAMESAKE_COMES, held="refused by Books:3062", says="this name"),
    new_in_crm=Row(
        scene=both(field_set("crm", "Account_Name", unique=True), account(Account_Name="Nova Ltd")),
        held="match:name only",
        says="looks like Nova Ltd",
        refused=0,
    ),
    person_in_books=PERSONS_SHARE_NAMES,
    person_in_crm=PERSONS_SHARE_NAMES,
    to_books=Row(
        edit={"Account_Name": "Gamma Ltd"},
        scene=vendor("Gamma Ltd"),
        held="refused by Books:3062",
        says="this name",
        undo=renamed_vendor,
        mended={"books acme contact_name": "Gamma Ltd"},
    ),
    to_crm=Row(
        edit={"contact_name": "Gamma Ltd"},
        scene=both(field_set("crm", "Account_Name", unique=True), account(Account_Name="Gamma Ltd")),
        held="refused by CRM:DUPLICATE_DATA:Account_Name",
        says="another CRM record holds this value",
    ),
    person_to_books=PERSONS_SHARE_NAMES,
    person_to_crm=PERSONS_SHARE_NAMES,
    deactivate=NO_VALUES,
    link_books=NAMES_DIFFER,
    link_crm=NAMES_DIFFER,
)
_rows(
    "duplicate unique field",
    new_in_books=Row(
        edit={"Customer_Segment": "gold"},
        scene=beta_is_gold("books"),
        held="refused by Books:4",
        says="already exists for the field Segment",
        undo=beta_is_silver,
        mended={"books Nova Ltd": "new"},
    ),
    new_in_crm=Row(
        edit=segment_in_books("gold"),
        scene=beta_is_gold("crm"),
        held="refused by CRM:DUPLICATE_DATA:Customer_Segment",
        says="field Customer_Segment",
        undo=beta_is_silver,
        mended={"crm Nova Ltd": "new"},
    ),
    person_in_books=Row(
        scene=switch(duplicate_person_email="refuse"),
        race=SAME_PERSON_COMES,
    ),
    person_in_crm=Row(
        edit={"email": "bela@beta.example"},
        scene=UNIQUE_EMAIL,
        held="refused by CRM:DUPLICATE_DATA:Email",
        says="field Email",
        undo=field_set("crm", "Email", "Contacts", unique=False),
        mended={"crm Iyer": "new"},
    ),
    to_books=Row(
        edit={"Customer_Segment": "gold"},
        scene=beta_is_gold("books"),
        held="refused by Books:4",
        says="already exists for the field Segment",
        undo=beta_is_silver,
        mended={"books acme cf_segment": "gold"},
    ),
    to_crm=Row(
        edit=segment_in_books("gold"),
        scene=beta_is_gold("crm"),
        held="refused by CRM:DUPLICATE_DATA:Customer_Segment",
        says="field Customer_Segment",
        undo=beta_is_silver,
        mended={"crm acme Customer_Segment": "gold"},
    ),
    person_to_books=Row(
        edit={"Email": "meera@acme.example"},
        scene=both(a_contact("Meera", "meera@acme.example"), switch(duplicate_person_email="refuse")),
        held="refused by Books:4",
        says="email already exists",
        undo=switch(duplicate_person_email="allow"),
        mended={"books asha email": "meera@acme.example"},
    ),
    person_to_crm=Row(
        edit={"email": "bela@beta.example"},
        scene=UNIQUE_EMAIL,
        held="refused by CRM:DUPLICATE_DATA:Email",
        says="field Email",
        undo=field_set("crm", "Email", "Contacts", unique=False),
        mended={"crm asha Email": "bela@beta.example"},
    ),
    deactivate=NO_VALUES,
    link_books=Row(
        edit={"Customer_Segment": "gold"},
        scene=beta_is_gold("books"),
        held="refused by Books:4",
        says="already exists for the field Segment",
    ),
    link_crm=Row(
        edit=segment_in_books("gold"),
        scene=beta_is_gold("crm"),
        held="refused by CRM:DUPLICATE_DATA:Customer_Segment",
        says="field Customer_Segment",
    ),
)
_rows(
    "inactive",
    new_in_books=Row(scene=inactive_namesake, held="match:name only", says="inactive in Books", refused=0),
    new_in_crm=Row(edit={"status": "inactive"}, outcome="left_out", refused=0),
    person_in_books=Row(scene=acme_is_inactive, outcome="created", refused=0, ends={"books Iyer": "new"}),
    person_in_crm=Row(scene=acme_is_inactive, outcome="created", refused=0, ends={"crm Iyer": "new"}),
    to_books=_goes("update customer in books", acme_is_inactive),
    to_crm=_goes("update customer in crm", acme_is_inactive),
    person_to_books=_goes("update person in books", acme_is_inactive),
    person_to_crm=_goes("update person in crm", acme_is_inactive),
    deactivate=Row(scene=acme_is_inactive, outcome="ended", refused=0),
    link_books=Row(
        edit={"Website": SITE, "status": "inactive"},
        held="match:inactive",
        says="inactive",
        refused=0,
        entries=2,
    ),
    link_crm=Row(
        edit={"website": SITE, "status": "inactive"},
        held="match:inactive",
        says="inactive",
        refused=0,
        entries=2,
    ),
)
for _refusal, _state, _code, _says in (
    ("locked", "locked", "RECORD_LOCKED", "unlock it, then release"),
    ("in approval", "approval", "NOT_APPROVED", "approve or reject it, then release"),
    ("in blueprint", "blueprint", "RECORD_IN_BLUEPRINT", "only its transition may change it"),
):
    _not_in_books = IN_CRM_ONLY if _state == "locked" else NO_APPROVAL
    _rows(
        _refusal,
        new_in_books=NOT_YET,
        new_in_crm=NOT_YET,
        person_in_books=NOT_YET,
        person_in_crm=NOT_YET,
        to_books=_unknown("the contact is locked") if _state == "locked" else NO_APPROVAL,
        to_crm=_stands(f"refused by CRM:{_code}", _says, _state),
        person_to_books=_unknown("the contact is locked") if _state == "locked" else NO_APPROVAL,
        person_to_crm=_stands(f"refused by CRM:{_code}", _says, _state, "Contacts"),
        deactivate=_unknown("the contact is locked") if _state == "locked" else NO_APPROVAL,
        link_books=_unknown("the contact is locked", SITE) if _state == "locked" else NO_APPROVAL,
        link_crm=Row(scene=refuse("crm", _code, "no", SITE), held=f"refused by CRM:{_code}", says=_says),
    )
_rows(
    "mandatory missing",
    new_in_books=Row(
        edit={"GST_Treatment": "Registered Business - Regular"},
        held="tax identity contradicts",
        says="GSTIN",
        refused=0,
    ),
    new_in_crm=Row(
        scene=field_set("crm", "Industry", mandatory=True),
        held="refused by CRM:MANDATORY_NOT_FOUND:Industry",
        says="field Industry",
        undo=field_set("crm", "Industry", mandatory=False),
        mended={"crm Nova Ltd": "new"},
    ),
    person_in_books=Row(edit={"First_Name": None}, outcome="created", refused=0, ends={"books Iyer": "new"}),
    person_in_crm=Row(
        scene=field_set("crm", "Title", "Contacts", mandatory=True),
        held="refused by CRM:MANDATORY_NOT_FOUND:Title",
        says="field Title",
        undo=field_set("crm", "Title", "Contacts", mandatory=False),
        mended={"crm Iyer": "new"},
    ),
    to_books=NEVER_BLANK,
    to_crm=Row(
        edit={"website": ""},
        scene=both(acme_has_a_site, field_set("crm", "Website", mandatory=True)),
        held="refused by CRM:MANDATORY_NOT_FOUND:Website",
        says="field Website",
        undo=field_set("crm", "Website", mandatory=False),
        mended={"crm acme Website": ""},
    ),
    person_to_books=Row(
        edit={"First_Name": None},
        outcome="synced",
        refused=0,
        ends={"books asha first_name": "Rao", "books asha last_name": ""},
    ),
    person_to_crm=Row(
        edit={"mobile": ""},
        scene=field_set("crm", "Mobile", "Contacts", mandatory=True),
        held="refused by CRM:MANDATORY_NOT_FOUND:Mobile",
        says="field Mobile",
        undo=field_set("crm", "Mobile", "Contacts", mandatory=False),
        mended={"crm asha Mobile": ""},
    ),
    deactivate=NO_VALUES,
    link_books=ONLY_BLANKS_FILLED,
    link_crm=ONLY_BLANKS_FILLED,
)
LONG = "a segment that is too long"
SHORT_IN_BOOKS: dict[str, Any] = {
    "scene": field_set("books", "cf_segment", length=10),
    "undo": field_set("books", "cf_segment", length=255),
    "held": "refused by Books:15",
    "says": "less than 11 characters",
}
SHORT_IN_CRM: dict[str, Any] = {
    "scene": field_set("crm", "Customer_Segment", length=10),
    "undo": field_set("crm", "Customer_Segment", length=255),
    "held": "refused by CRM:INVALID_DATA:Customer_Segment",
    "says": "10 characters at most",
}
SHORT_TITLE: dict[str, Any] = {
    "scene": field_set("crm", "Title", "Contacts", length=10),
    "undo": field_set("crm", "Title", "Contacts", length=255),
    "held": "refused by CRM:INVALID_DATA:Title",
    "says": "10 characters at most",
}
_rows(
    "too long",
    new_in_books=Row(edit={"Customer_Segment": LONG}, **SHORT_IN_BOOKS, mended={"books Nova Ltd": "new"}),
    new_in_crm=Row(edit=segment_in_books(LONG), **SHORT_IN_CRM, mended={"crm Nova Ltd": "new"}),
    person_in_books=Row(
        edit={"Title": "t" * 60},
        held="conversion:designation",
        says="Books takes 50",
        refused=0,
    ),
    person_in_crm=Row(edit={"designation": LONG}, **SHORT_TITLE, mended={"crm Iyer": "new"}),
    to_books=Row(edit={"Customer_Segment": LONG}, **SHORT_IN_BOOKS, mended={"books acme cf_segment": LONG}),
    to_crm=Row(edit=segment_in_books(LONG), **SHORT_IN_CRM, mended={"crm acme Customer_Segment": LONG}),
    person_to_books=Row(
        edit={"Title": "t" * 60},
        held="conversion:designation",
        says="Books takes 50",
        refused=0,
    ),
    person_to_crm=Row(edit={"designation": LONG}, **SHORT_TITLE, mended={"crm asha Title": LONG}),
    deactivate=NO_VALUES,
    link_books=Row(
        edit={"Customer_Segment": LONG}, **SHORT_IN_BOOKS, mended={"books Nova Ltd cf_segment": LONG}
    ),
    link_crm=Row(edit=segment_in_books(LONG), **SHORT_IN_CRM, mended={"crm Nova Ltd Customer_Segment": LONG}),
)
FEWER_IN_BOOKS: dict[str, Any] = {
    "undo": field_set("books", "cf_company_type", options=["Customer", "Partner"]),
    "held": "refused by Books:4",
    "says": "Invalid value passed for Company Type",
}
FEWER_IN_CRM: dict[str, Any] = {
    "scene": field_set("crm", "Account_Type", picklist=["Customer"]),
    "undo": field_set("crm", "Account_Type", picklist=["Customer", "Partner"]),
    "held": "refused by CRM:INVALID_DATA:Account_Type",
    "says": "one of: Customer",
}
CHOSEN_TITLE: dict[str, Any] = {
    "scene": field_set("crm", "Title", "Contacts", data_type="picklist", picklist=["Manager"]),
    "undo": field_set("crm", "Title", "Contacts", picklist=["Manager", "Chef"]),
    "held": "refused by CRM:INVALID_DATA:Title",
    "says": "one of: Manager",
}
NO_PARTNERS = field_set("books", "cf_company_type", options=["Customer"])
_rows(
    "bad picklist value",
    new_in_books=Row(
        scene=field_set("books", "cf_company_type", options=["Other"]),
        **FEWER_IN_BOOKS,
        mended={"books Nova Ltd": "new"},
    ),
    new_in_crm=Row(edit=type_in_books("Partner"), **FEWER_IN_CRM, mended={"crm Nova Ltd": "new"}),
    person_in_books=NO_CHOICES,
    person_in_crm=Row(edit={"designation": "Chef"}, **CHOSEN_TITLE, mended={"crm Iyer": "new"}),
    to_books=Row(
        edit={"Account_Type": "Partner"},
        scene=NO_PARTNERS,
        **FEWER_IN_BOOKS,
        mended={"books acme cf_company_type": "Partner"},
    ),
    to_crm=Row(edit=type_in_books("Partner"), **FEWER_IN_CRM, mended={"crm acme Account_Type": "Partner"}),
    person_to_books=NO_CHOICES,
    person_to_crm=Row(edit={"designation": "Chef"}, **CHOSEN_TITLE, mended={"crm asha Title": "Chef"}),
    deactivate=NO_VALUES,
    link_books=Row(
        edit={"Account_Type": "Partner"},
        scene=NO_PARTNERS,
        **FEWER_IN_BOOKS,
        mended={"books Nova Ltd cf_company_type": "Partner"},
    ),
    link_crm=Row(
        edit=type_in_books("Partner"), **FEWER_IN_CRM, mended={"crm Nova Ltd Account_Type": "Partner"}
    ),
)
_rows(
    "parent missing",
    new_in_books=NO_PARENT,
    new_in_crm=NO_PARENT,
    person_in_books=Row(race=CUSTOMER_GOES, outcome="waits_delete", later=4),
    person_in_crm=Row(
        race=ACCOUNT_GOES,
        outcome="waits_delete",
        later=4,
        ends={"books acme status": "inactive"},
    ),
    to_books=NO_PARENT,
    to_crm=NO_PARENT,
    person_to_books=Row(scene=customer_is_gone, outcome="ended", refused=0),
    person_to_crm=Row(
        scene=account_is_gone,
        outcome="noop",
        refused=0,
        ends={"books acme status": "inactive"},
    ),
    deactivate=NO_PARENT,
    link_books=NO_PARENT,
    link_crm=NO_PARENT,
)
NO_SCOPE = Row(
    scene=fault("scope_mismatch", product="books", match={"method": ["PUT", "POST"]}),
    undo=no_fault,
    whole="stopped",
    says="check scopes",
)


def _forbidden(value: str = "") -> Row:
    scene = refuse("crm", "NO_PERMISSION", "Permission denied", value)
    return Row(
        scene=scene, held="refused by CRM:NO_PERMISSION", says="may not change this record", undo=no_fault
    )


_rows(
    "no permission",
    new_in_books=NO_SCOPE,
    new_in_crm=_forbidden(NOVA),
    person_in_books=NO_SCOPE,
    person_in_crm=_forbidden(RAVI),
    to_books=NO_SCOPE,
    to_crm=_stands("refused by CRM:NO_PERMISSION", "may not change this record", "permission"),
    person_to_books=NO_SCOPE,
    person_to_crm=_stands(
        "refused by CRM:NO_PERMISSION", "may not change this record", "permission", "Contacts"
    ),
    deactivate=NO_SCOPE,
    link_books=NO_SCOPE,
    link_crm=_forbidden(SITE),
)
_rows(
    "gone",
    new_in_books=NOT_YET,
    new_in_crm=NOT_YET,
    person_in_books=NOT_YET,
    person_in_crm=NOT_YET,
    to_books=Row(race=CUSTOMER_GOES, outcome="retry"),
    to_crm=Row(race=ACCOUNT_GOES, outcome="retry"),
    person_to_books=Row(race=PERSON_GOES, outcome="retry"),
    person_to_crm=Row(race=CONTACT_GOES, outcome="retry"),
    deactivate=Row(race=CUSTOMER_GOES, outcome="retry"),
    link_books=Row(race=COUNTERPART_GOES, outcome="retry"),
    link_crm=Row(race=COUNTERPART_GOES_IN_CRM, outcome="retry", ends={"books Nova Ltd status": "inactive"}),
)
MERGED_IS_INACTIVE = Cannot("a merge in Books leaves the loser inactive: see `inactive`")
UNDER_MERGE = "the record under merge is locked"
_rows(
    "merged",
    new_in_books=NOT_YET,
    new_in_crm=NOT_YET,
    person_in_books=MERGED_IS_INACTIVE,
    person_in_crm=MERGED_IS_INACTIVE,
    to_books=_goes("update customer in books", acme_is_merged),
    to_crm=_stands("refused by CRM:RECORD_LOCKED", UNDER_MERGE, "merging"),
    person_to_books=_goes("update person in books", acme_is_merged),
    person_to_crm=_stands("refused by CRM:RECORD_LOCKED", UNDER_MERGE, "merging", "Contacts"),
    deactivate=Row(scene=acme_is_merged, outcome="ended", refused=0),
    link_books=MERGED_IS_INACTIVE,
    link_crm=Row(
        scene=refuse("crm", "RECORD_LOCKED", UNDER_MERGE, SITE),
        held="refused by CRM:RECORD_LOCKED",
        says=UNDER_MERGE,
    ),
)
for _operation in OPERATIONS:
    TABLE[_operation, "currency fixed by transactions"] = NO_CURRENCY
    _target = OPERATION[_operation].target
    _kind = "rate_in_flight" if _target == "crm" or "person" in _operation else "rate_minute"
    _match = {"endpoint": "{module}"} if _target == "crm" else {"method": ["PUT", "POST"]}
    TABLE[_operation, "quota"] = Row(
        scene=fault(_kind, product=_target, match=_match),
        undo=no_fault,
        whole="quota",
        says="too ",
    )
    TABLE[_operation, "token"] = Row(
        scene=fault("token_revoked"),
        undo=no_fault,
        whole="stopped",
        says="refresh token",
    )
