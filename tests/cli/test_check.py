"""`tandem check` against a real sandbox: good, and with each thing that goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.findings import Finding, books_fields, crm_fields
from cli.zoho import covers
from tandem.core.errors import TokenRevokedError
from tandem.core.mapping import preset
from tests.cli.conftest import SECRETS, Ran, World

TOKEN = SECRETS["TANDEM_REFRESH_TOKEN"]


def states(ran: Ran) -> dict[str, str]:
    """The worst state by area."""
    worst: dict[str, str] = {}
    for finding in ran.json["findings"]:
        order = ("ok", "warning", "fault")
        worst[finding["area"]] = max(worst.get(finding["area"], "ok"), finding["state"], key=order.index)
    return worst


def finding(ran: Ran, words: str) -> dict[str, Any]:
    """The one finding with these words."""
    [found] = [one for one in ran.json["findings"] if words in one["sentence"]]
    return dict(found)


def test_all_is_well_after_connect(connected: World) -> None:
    """Exit code 0, every area looked at, and no write."""
    ran = connected.run("check", "--json")
    assert ran.code == 0, ran.out
    found = states(ran)
    areas = {"token", "crm org", "books org", "native sync", "notifications", "clock", "scopes"}
    assert areas | {"CRM Accounts", "CRM Contacts", "Books contacts", "Books contactpersons"} == set(found)
    assert "fault" not in found.values()
    assert connected.sandbox.writes() == []
    plain = connected.run("check")
    assert plain.code == 0
    assert "No fault." in plain.out
    assert not [text for text in SECRETS.values() if text in plain.out + ran.out]


def test_missing_field_is_a_fault_with_the_nearest_name(connected: World) -> None:
    """CRM and Books alike."""
    table = connected.stack.store.table
    item = table.get("CONN#main", "MAP#active")
    assert item is not None
    text = item["text"].replace("Customer_Segment", "Customer_Segments").replace("cf_segment", "cf_segmnt")
    made = connected.stack.store.connections.read("main")
    connected.stack.store.connections.save(made, text)
    ran = connected.run("check", "--json")
    assert ran.code == 1
    crm = finding(ran, "Customer_Segments does not exist")
    assert (crm["state"], crm["area"]) == ("fault", "CRM Accounts")
    assert "did you mean Customer_Segment?" in crm["fix"]
    assert "did you mean cf_segment?" in finding(ran, "cf_segmnt does not exist")["fix"]


def test_revoked_token_is_a_fault(connected: World) -> None:
    """One clear fault, whatever access token is still about."""
    connected.sandbox.control("PUT", "/tokens", {"revoke_all": True})
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert states(ran) == {"token": "fault"}
    assert "tandem connect" in ran.json["findings"][0]["fix"]
    assert TOKEN not in ran.out + ran.err


def test_organisation_without_the_token_is_a_fault(connected: World) -> None:
    """The other looks go on."""
    connected.stack.store.connections.set("main", organization_id="987654321")
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert states(ran)["books org"] == "fault"
    assert states(ran)["CRM Accounts"] == "ok"
    assert "Books contacts" not in states(ran)
    assert connected.sandbox.world.books_org_id in finding(ran, "organization_id")["sentence"]


def test_token_of_another_crm_org_is_a_fault(connected: World) -> None:
    """No call may go out with another org's credentials."""
    connected.stack.store.connections.set("main", crm_org="42")
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert "not to 42" in finding(ran, "belongs to CRM org")["sentence"]


def test_missing_scope_is_named(connected: World) -> None:
    """Reads are proven by reading; a write that the token lacks is a fault before it is needed."""
    scopes = ["ZohoCRM.modules.READ", "ZohoCRM.settings.ALL", "ZohoCRM.org.READ", "ZohoCRM.coql.READ",
              "ZohoCRM.notifications.ALL", "ZohoCRM.users.READ", "ZohoBooks.fullaccess.all"]  # fmt: skip
    connected.sandbox.control("PUT", "/tokens", {"refresh_token": TOKEN, "scopes": scopes})
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert "ZohoCRM.modules.Accounts.UPDATE" in finding(ran, "the token lacks")["sentence"]
    assert "tandem scopes" in finding(ran, "the token lacks")["fix"]


def test_expired_notifications_are_a_fault_until_connect(connected: World) -> None:
    """CRM ends a channel in silence; connecting again brings it back under its own id."""
    connected.sandbox.control("POST", "/webhooks/crm/expire", {})
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert states(ran)["notifications"] == "fault"
    assert connected.run("connect").code == 0
    assert connected.run("check").code == 0


def test_native_sync_is_a_fault(connected: World) -> None:
    """Two syncs on one record would loop; a person's word settles it."""
    connected.stack.store.connections.set("main", native_sync="on")
    assert states(connected.run("check", "--json"))["native sync"] == "fault"
    connected.stack.store.connections.set("main", native_sync="off_confirmed")
    assert connected.run("check").code == 0


def test_working_connection_is_resumed(connected: World) -> None:
    """After the cause is mended, `check` is all it takes; before, it changes nothing."""
    store = connected.stack.store
    store.connections.stop(
        "main", TokenRevokedError("the refresh token is no longer accepted"), datetime.now(UTC)
    )
    connected.sandbox.control("PUT", "/tokens", {"revoke_all": True})
    assert connected.run("check").code == 1
    assert store.connections.read("main").stopped is not None
    assert connected.run("status").code == 1
    connected.sandbox.control("PUT", "/tokens", {"restore_all": True})
    connected.bells()
    ran = connected.run("check", "--json")
    assert ran.code == 0, ran.out
    assert ran.json["resumed"] is True
    assert store.connections.read("main").stopped is None
    assert connected.bells() == [{"group": "main", "keys": []}]


@pytest.mark.parametrize(("fault", "area"), [("books_down", "books org"), ("accounts_down", "token")])
def test_zoho_down_is_out_of_reach(connected: World, fault: str, area: str) -> None:
    """Not a fault of the connection; a stopped one is not resumed on half an answer."""
    store = connected.stack.store
    store.connections.stop("main", TokenRevokedError("no longer accepted"), datetime.now(UTC))
    connected.sandbox.control("POST", "/faults", {"name": fault})
    ran = connected.run("check", "--json")
    assert ran.code == 3
    assert states(ran)[area] == "warning"
    assert store.connections.read("main").stopped is not None


def test_spent_quota_is_out_of_reach(connected: World) -> None:
    """The governor's word counts for the operator too."""
    connected.sandbox.control("POST", "/faults", {"name": "rate_day", "product": "books"})
    ran = connected.run("check", "--json")
    assert ran.code == 3
    assert states(ran)["CRM Accounts"] == "ok"


def test_no_connection_and_no_stack(world: World) -> None:
    """Wrong input, with the command that helps."""
    ran = world.run("check")
    assert ran.code == 2
    assert "tandem connect" in ran.err
    other = world.run("--stack", "nowhere", "status")
    assert other.code == 2
    assert "sam deploy" in other.err
    assert "Traceback" not in other.err


# --- the pure checks ---------------------------------------------------------------------------------------


def crm_meta(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Metadata that fits the India preset's Accounts, with changes."""
    entity = preset("india").entities["customer"]
    meta: dict[str, dict[str, Any]] = {
        name: {"api_name": name, "data_type": "text", "unique": {}, "operation_type": {"api_update": True}}
        for name in entity.crm_fields
    }
    meta["Books_Customer_ID"]["unique"] = {"casesensitive": ""}
    for name, change in changes.items():
        meta[name] |= change
    return meta


def crm_faults(**changes: dict[str, Any]) -> list[Finding]:
    """What is found with these changes."""
    entity = preset("india").entities["customer"]
    return [found for found in crm_fields(entity, crm_meta(**changes)) if found.state != "ok"]


def test_fitting_metadata_has_no_fault() -> None:
    """The line between fine and faulty."""
    assert crm_faults() == []


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("Books_Customer_ID", {"unique": {}}, "allows duplicates"),
        ("Books_Customer_ID", {"data_type": "integer"}, "ids would be cut"),
        ("Website", {"read_only": True}, "is read-only"),
        ("Website", {"operation_type": {"api_update": False}}, "is read-only"),
        ("Customer_Segment", {"data_type": "boolean"}, "cannot carry it"),
        (
            "Account_Type",
            {"data_type": "picklist", "pick_list_values": [{"actual_value": "Customer"}]},
            "has no choice",
        ),
    ],
)
def test_crm_field_that_does_not_fit(field: str, change: dict[str, Any], words: str) -> None:
    """Each with a fix."""
    found = crm_faults(**{field: change})
    assert found
    assert all(words in one.sentence and one.fix for one in found)


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("cf_crm_account_id", {"is_unique": False}, "allows duplicates"),
        ("cf_segment", {"data_type": "check_box"}, "cannot carry it"),
        ("cf_segment", {"is_active": False}, "switched off"),
        ("cf_company_type", {"data_type": "dropdown", "values": [{"name": "Customer"}]}, "has no choice"),
    ],
)
def test_books_field_that_does_not_fit(field: str, change: dict[str, Any], words: str) -> None:
    """Each with a fix."""
    names = ("cf_crm_account_id", "cf_segment", "cf_company_type")
    meta: dict[str, dict[str, Any]] = {name: {"data_type": "string", "is_unique": True} for name in names}
    entity = preset("india").entities["customer"]
    assert [found.state for found in books_fields(entity, meta)] == ["ok"]
    meta[field] = meta[field] | change
    found = list(books_fields(entity, meta))
    assert found
    assert all(words in one.sentence and one.fix for one in found)


@pytest.mark.parametrize("name", ["india", "uk", "us", "generic"])
def test_presets_name_only_known_books_attributes(name: str) -> None:
    """A preset never warns about a built-in attribute."""
    mapping = preset(name)
    paths = [entity.books_stamp for entity in mapping.entities.values()] + [
        path
        for entity in mapping.entities.values()
        for field in entity.fields
        for path in field.attributes("books")  # type: ignore[arg-type]
    ]
    meta = {path: {"is_unique": True} for path in paths if path and path.startswith("cf_")}
    for entity in mapping.entities.values():
        assert [found.sentence for found in books_fields(entity, meta) if found.state != "ok"] == []


@pytest.mark.parametrize(
    ("granted", "need", "covered"),
    [
        ("ZohoCRM.modules.ALL", "ZohoCRM.modules.Accounts.READ", True),
        ("ZohoCRM.modules.accounts.READ", "ZohoCRM.modules.Accounts.READ", True),
        ("ZohoCRM.modules.Accounts.READ", "ZohoCRM.modules.Accounts.UPDATE", False),
        ("ZohoCRM.modules.Accounts.WRITE", "ZohoCRM.modules.Accounts.UPDATE", True),
        ("ZohoCRM.modules.Accounts.WRITE", "ZohoCRM.modules.Accounts.READ", False),
        ("ZohoCRM.modules.Contacts.ALL", "ZohoCRM.modules.Accounts.READ", False),
        ("ZohoBooks.fullaccess.all", "ZohoBooks.contacts.CREATE", True),
        ("ZohoBooks.fullaccess.all", "ZohoCRM.org.READ", False),
        ("ZohoBooks.contacts.ALL", "ZohoBooks.contacts.CREATE", True),
    ],
)
def test_scope_covers(granted: str, need: str, covered: bool) -> None:
    """As Zoho reads them."""
    assert covers([granted], need) is covered
