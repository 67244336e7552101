"""What Tandem can call at all, and what it asks leave for: a test of absence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tandem.adapters import zoho
from tandem.adapters.zoho.endpoints import (
    ENDPOINTS,
    SCOPES,
    Endpoints,
    check_column,
    check_id,
    check_module,
    scopes,
)
from tandem.core.errors import BadInputError

BARRED = re.compile(
    r"mail|invite|portal|sms|merge|delete|remind|statement|opening|payment|void|sent|approve|convert"
    r"|estimate|salesorder|bill|journal|creditnote|upsert"
)


def test_no_endpoint_mails_invites_deletes_or_writes_a_transaction() -> None:
    """No DELETE at all; the barred words occur in reads alone (`/deleted` lists)."""
    for name, endpoint in ENDPOINTS.items():
        assert endpoint.method in ("GET", "POST", "PUT", "PATCH"), name
        assert endpoint.method == "GET" or not BARRED.search(endpoint.template.lower()), name


def test_writes_are_these_and_no_others() -> None:
    """Whoever adds a write changes this list on purpose."""
    writes = {f"{e.method} {e.template}" for e in ENDPOINTS.values() if not e.reads}
    assert writes == {
        "POST /crm/v8/{module}",
        "PUT /crm/v8/{module}/{id}",
        "PUT /crm/v8/{module}",
        "POST /crm/v8/actions/watch",
        "PATCH /crm/v8/actions/watch",
        "POST /books/v3/contacts",
        "PUT /books/v3/contacts/{id}",
        "POST /books/v3/contacts/{id}/active",
        "POST /books/v3/contacts/{id}/inactive",
        "POST /books/v3/contacts/contactpersons",
        "PUT /books/v3/contacts/contactpersons/{id}",
        "POST /books/v3/items",
        "PUT /books/v3/items/{id}",
        "POST /books/v3/items/{id}/active",
        "POST /books/v3/items/{id}/inactive",
    }


def test_only_the_table_holds_paths() -> None:
    """No other module of the clients spells out an address."""
    assert zoho.__file__
    for file in Path(zoho.__file__).parent.glob("*.py"):
        if file.name != "endpoints.py":
            code = re.sub(r'""".*?"""', "", file.read_text(), flags=re.DOTALL)
            assert not re.search(r"/crm/v8|/books/v3|https?://", code), file.name


def test_scopes_are_the_least() -> None:
    """Neither deletion nor everything, nor any module that Tandem does not sync."""
    assert len(set(SCOPES)) == len(SCOPES)
    assert not [scope for scope in SCOPES if scope.upper().endswith((".DELETE", ".ALL", ".WRITE"))]
    written = [scope for scope in SCOPES if scope.endswith((".CREATE", ".UPDATE"))]
    assert {scope.rsplit(".", 1)[0] for scope in written} == {
        "ZohoCRM.modules.Accounts",
        "ZohoCRM.modules.Contacts",
        "ZohoCRM.modules.Products",
        "ZohoCRM.modules.Vendors",
        "ZohoCRM.notifications",
        "ZohoBooks.contacts",
        "ZohoBooks.settings",
    }


def test_scopes_follow_the_mapping() -> None:
    """Vendors and items ask for theirs alone; Books' settings are only read where no item is mapped."""
    least = set(scopes(["customer", "contact_person"]))
    verbs = ("READ", "CREATE", "UPDATE")
    assert set(scopes(["customer", "contact_person", "vendor"])) - least == {
        f"ZohoCRM.modules.Vendors.{verb}" for verb in verbs
    }
    assert set(scopes(["customer", "contact_person", "item"])) - least == {
        *(f"ZohoCRM.modules.Products.{verb}" for verb in verbs),
        *("ZohoBooks.settings.CREATE", "ZohoBooks.settings.UPDATE"),
    }
    assert {scope for scope in least if "settings" in scope} == {
        *("ZohoBooks.settings.READ", "ZohoCRM.settings.fields.READ", "ZohoCRM.settings.layouts.READ"),
    }


@pytest.mark.parametrize("id", ["", "1/delete", "12?x=1", "../9", "a1", "1 2", "1" * 26, "１２"])
def test_what_is_no_id_never_enters_a_path(id: str) -> None:
    """Ids are digits."""
    with pytest.raises(BadInputError):
        check_id(id)
    with pytest.raises(BadInputError):
        ENDPOINTS["books.get"].path(id=id)


@pytest.mark.parametrize("name", ["", "Accounts/1", "coql where", "1x", "a-b", "Accounts'"])
def test_what_is_no_name_never_enters_a_path_or_query(name: str) -> None:
    """Names are letters, digits and underscores."""
    with pytest.raises(BadInputError):
        check_module(name)
    with pytest.raises(BadInputError):
        check_column(name)


def test_every_base_url_is_a_setting() -> None:
    """Roots may end in a slash; paths are added by the table."""
    endpoints = Endpoints("http://a:1/", "http://c:2/", "http://b:3", "1", "2", "eu")
    assert endpoints.token_url() == "http://a:1/oauth/v2/token"
    assert (
        endpoints.root("crm") + ENDPOINTS["crm.get"].path(module="Accounts", id="5")
        == "http://c:2/crm/v8/Accounts/5"
    )
    assert (
        endpoints.root("books") + ENDPOINTS["books.organizations"].path()
        == "http://b:3/books/v3/organizations"
    )
